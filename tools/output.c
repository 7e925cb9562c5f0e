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

/* A rename puts a file in the place of whatever bears the name, be it a link or a device. So links are followed, and only
 * regular files replaced. */
static bool find_target(output_file *output, const char *path, tool_console *console) {
    struct stat facts;
    const bool exists = stat(path, &facts) == 0;
    if (exists && !S_ISREG(facts.st_mode))
        return console_fail(console, "failed to write %s: it is no regular file", path);
    output->path = exists ? realpath(path, NULL) : strdup(path);
    return output->path || console_fail(console, "failed to write %s: %s", path, strerror(errno));
}

bool output_open(output_file *output, const char *path, tool_console *console) {
    static const char suffix[] = ".XXXXXX";
    *output = (output_file){0};
    if (!find_target(output, path, console)) return false;
    const size_t length = strlen(output->path);
    char *temporary = malloc(length + sizeof suffix);
    if (!temporary) {
        output_abandon(output);
        return console_fail(console, "failed to write %s: out of host memory", path);
    }
    memcpy(temporary, output->path, length);
    memcpy(temporary + length, suffix, sizeof suffix);
    const int descriptor = mkstemp(temporary);
    if (descriptor < 0) {
        console_fail(console, "failed to create a file beside %s: %s", path, strerror(errno));
        free(temporary);
        output_abandon(output);
        return false;
    }
    output->temporary = temporary;
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
    if (good) {
        free(output->temporary);
        output->temporary = NULL; /* it bears the other name now */
    } else {
        console_fail(console, "failed to write %s: %s", output->path, strerror(errno));
    }
    output_abandon(output);
    return good;
}

void output_abandon(output_file *output) {
    if (output->stream) fclose(output->stream);
    if (output->temporary) unlink(output->temporary);
    free(output->temporary);
    free(output->path);
    *output = (output_file){0};
}
