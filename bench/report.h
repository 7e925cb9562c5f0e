/* report.h: what bench_conv2d found, as a table for people or as JSON. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "layers.h"

typedef struct report report;

/* All layers one after the other, in seconds. */
typedef struct report_chain {
    double best, median;
} report_chain;

report *report_begin(bool json, const char *candidate, int64_t batch, size_t rounds);
/* A table is printed at once; `chain` is NULL where there was none. */
void report_add(report *to, const char *model, const layers *list, const report_chain *chain);
/* Prints the JSON. */
void report_end(report *to);

#endif
