/* profile.h: what `clade profile` measures, and the forms in which it is told. */
#ifndef TOOLS_PROFILE_H
#define TOOLS_PROFILE_H

#include "measure.h"

typedef struct profile_step {
    clade_node_info node; /* of the graph as compiled */
    clade_step_info step;
    clade_shape output;
    double fastest, median; /* milliseconds */
    double gflop;           /* a multiply-add counted as two, whatever the kernel does; 0 where there is none */
    uint64_t bytes;         /* inputs, output and weights, each once: the least that could be moved */
} profile_step;

/* Something the host did, in seconds of clock_seconds. */
typedef struct profile_phase {
    const char *name;
    double begin, end;
} profile_phase;

enum { PROFILE_PHASES = 4 };

typedef struct profile_report {
    const char *model;
    clade_device_info device;
    clade_plan_memory memory;
    size_t count;
    profile_step *steps;
    double steps_fastest, steps_median; /* milliseconds, sums over the steps */
    tool_times times;                   /* of whole runs */

    /* when all this was, for a trace */
    profile_phase phases[PROFILE_PHASES];
    size_t phase_count;
    profile_phase *runs;    /* one a run, without names */
    clade_step_span *spans; /* count a run */
} profile_report;

/* Notes that what began at `begin` has ended. */
void profile_add_phase(profile_report *report, const char *name, double begin);
/* Runs the session, which takes times, and fills in the report; its times.batch and times.runs say how often. False after a message;
 * profile_free in either case. */
bool profile_measure(const tool_network *network, const tool_buffers *buffers, profile_report *report);
void profile_free(profile_report *report);

double profile_rate(const profile_step *step); /* GFLOP/s, 0 where there is no work to count */
double profile_share(const profile_report *report, const profile_step *step); /* of the time of all steps */

/* The report as a JSON object. */
void profile_write_json(json_writer *json, const tool_network *network, const profile_report *report);
/* Every run of every step as Chrome's and Perfetto's trace events. */
void profile_write_trace(FILE *file, const tool_network *network, const profile_report *report);
/* A page that holds all it needs. */
void profile_write_page(FILE *file, const tool_network *network, const profile_report *report);

#endif
