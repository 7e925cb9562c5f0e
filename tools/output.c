/* output.c: written under a temporary name, then renamed, so that a failure leaves an older file as it was. */
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* mkstemp makes files that only the owner may read; a result gets the access any new file would. */
static bool open_access(int descriptor) {
    const mode_t mask = umask(0);
    umask(mask);
    return fchmod(descriptor, 0666 & ~mask) == 0;
}

bool output_open(output_file *output, const char *path, tool_console *console) {
    static const char suffix[] = ".XXXXXX";
    const size_t length = strlen(path);
    *output = (output_file){.path = path, .temporary = malloc(length + sizeof suffix)};
    if (!output->temporary) return console_fail(console, "failed to write %s: out of host memory", path);
    memcpy(output->temporary, path, length);
    memcpy(output->temporary + length, suffix, sizeof suffix);
    const int descriptor = mkstemp(output->temporary);
    if (descriptor < 0) {
        console_fail(console, "failed to create a file beside %s: %s", path, strerror(errno));
        free(output->temporary);
        output->temporary = NULL;
        return false;
    }
    if (!open_access(descriptor) || !(output->stream = fdopen(descriptor, "wb"))) {
        console_fail(console, "failed to open %s: %s", output->temporary, strerror(errno));
        close(descriptor);
        output_abandon(output);
        return false;
    }
    return true;
}

bool output_commit(output_file *output, tool_console *console) {
    FILE *stream = output->stream;
    output->stream = NULL;
    bool good = !ferror(stream);
    good = fclose(stream) == 0 && good;
    good = good && rename(output->temporary, output->path) == 0;
    if (!good) {
        console_fail(console, "failed to write %s: %s", output->path, strerror(errno));
        output_abandon(output);
        return false;
    }
    free(output->temporary);
    output->temporary = NULL;
    return true;
}

void output_abandon(output_file *output) {
    if (output->stream) fclose(output->stream);
    if (output->temporary) unlink(output->temporary);
    free(output->temporary);
    *output = (output_file){0};
}
