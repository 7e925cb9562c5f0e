/* fixture.h: contexts and small networks for the tests of choosing and tuning. */
#ifndef TESTS_PLAN_FIXTURE_H
#define TESTS_PLAN_FIXTURE_H

#include "plan/choose.h"

typedef struct fixture {
    clade_context *context;
    clade_graph *graph;
    int warnings;
    char warning[512]; /* the last one */
} fixture;

/* A context with a cache in `directory` ("": none), and a network of two 3x3 convolutions: "wide" with many pixels and few
 * channels, "deep" with few pixels and many channels. */
void fixture_open(fixture *f, const char *directory);
void fixture_close(fixture *f);
clade_plan *fixture_plan(const fixture *f, const clade_plan_settings *settings);
/* The step of the convolution called `name`. */
const plan_step *fixture_step(const clade_plan *plan, const char *name);
/* The network's output for its golden input. */
enum { FIXTURE_CLASSES = 10 };
void fixture_run(clade_plan *plan, float output[FIXTURE_CLASSES]);
/* Keeps a fact. */
void fixture_write(const fixture *f, const char *name, const char *text);

#endif
