/* example.h: what the examples do when a call fails: say why, and give up. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <clade/clade.h>

#include <stdio.h>
#include <stdlib.h>

/* Ends the program with the context's message unless the call succeeded. */
static inline void check(const clade_context *context, clade_status status) {
    if (status == CLADE_OK) return;
    char message[512];
    clade_context_message(context, message, sizeof message);
    fprintf(stderr, "%s: %s\n", clade_status_name(status), message);
    exit(1);
}

/* A context on the device that the environment's CLADE_DEVICE names, or the best there is. A creation that fails leaves no
 * context to ask, so the message comes through the settings. */
static inline clade_context *open_context(void) {
    char message[512] = "";
    const clade_context_settings settings = {.message = message, .message_size = sizeof message};
    clade_context *context = NULL;
    const clade_status status = clade_context_create(&settings, &context);
    if (status == CLADE_OK) return context;
    fprintf(stderr, "%s: %s\n", clade_status_name(status), message);
    exit(1);
}

/* malloc that does not fail. */
static inline void *allocate(size_t size) {
    void *memory = malloc(size);
    if (memory) return memory;
    fprintf(stderr, "out of memory\n");
    exit(1);
}

/* Which of `count` values is the largest. */
static inline size_t largest(const float *values, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (values[i] > values[best]) best = i;
    return best;
}

#endif
