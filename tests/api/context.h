/* context.h: the context of a test program, opened and closed with the group of its tests. */
#ifndef API_CONTEXT_H
#define API_CONTEXT_H

#include "api/network.h"

static clade_context *context;

static int open_context(void **state) {
    (void)state;
    context = network_context();
    return 0;
}

static int close_context(void **state) {
    (void)state;
    clade_context_destroy(&context);
    return 0;
}

#endif
