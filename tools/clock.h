/* clock.h: time for measurements. */
#ifndef TOOLS_CLOCK_H
#define TOOLS_CLOCK_H

#include <stddef.h>
#include <time.h>

/* Seconds since some fixed moment; never goes backwards. */
static inline double clock_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The median of at least one time; sorts them, the shortest first. */
double clock_median(double *times, size_t count);

#endif
