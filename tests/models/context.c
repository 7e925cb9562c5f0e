#include "models/context.h"

#include <clade/clade.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static int open_device(const char *device, void **state) {
    clade_context *context = NULL;
    char message[512];
    const clade_context_settings settings = {.device = device, .message = message, .message_size = sizeof message};
    if (clade_context_create(&settings, &context) != CLADE_OK) fail_msg("%s", message);
    *state = context;
    return 0;
}

int context_open(void **state) { return open_device(NULL, state); }

int context_open_without_device(void **state) { return open_device("none", state); }

int context_close(void **state) {
    clade_context *context = *state;
    clade_context_destroy(&context);
    return 0;
}
