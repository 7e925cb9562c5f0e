/* writer.c: replaces a file in one step: write beside it, flush to the disk, rename. */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Temporary names tried before giving up: others may be writing the same file. */
enum { NAME_ATTEMPTS = 100 };

clade_status io_writer_refuse(const io_writer *writer, clade_status status, const char *rule, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, rule);
    vsnprintf(text, sizeof text, rule, arguments);
    va_end(arguments);
    return base_fail(writer->env, status, "failed to write %s \"%s\": %s", writer->kind, writer->path, text);
}

static clade_status refuse_by_system(const io_writer *writer, int error) {
    return io_writer_refuse(writer, CLADE_ERROR_IO, "%s", strerror(error));
}

static void clear(io_writer *writer) {
    if (writer->stream) fclose(writer->stream);
    base_free(writer->env, writer->temporary);
    base_free(writer->env, writer->target);
    writer->stream = NULL;
    writer->temporary = writer->target = NULL;
}

/* A rename puts a file in the place of whatever bears the name: of a link instead of the file it leads to, even of a
 * device. So links are followed here, and anything but a regular file is refused. */
static clade_status find_target(io_writer *writer) {
    struct stat facts;
    char *resolved = NULL;
    if (stat(writer->path, &facts) == 0) {
        if (!S_ISREG(facts.st_mode)) return io_writer_refuse(writer, CLADE_ERROR_IO, "it is not a regular file");
        resolved = realpath(writer->path, NULL);
        if (!resolved) return refuse_by_system(writer, errno);
    }
    const char *target = resolved ? resolved : writer->path;
    writer->target = base_copy_string(writer->env, target);
    const clade_status status =
        writer->target ? CLADE_OK : base_fail_memory(writer->env, strlen(target) + 1, "a file name");
    free(resolved);
    return status;
}

/* O_EXCL rather than mkstemp: the file gets the permissions that the process's umask leaves, like any new file. */
static clade_status create_temporary(io_writer *writer, int *descriptor_out) {
    for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
        writer->temporary = base_format(writer->env, "%s.%ld-%d.tmp", writer->target, (long)getpid(), attempt);
        if (!writer->temporary) return base_fail_memory(writer->env, strlen(writer->target) + 1, "a file name");
        *descriptor_out = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (*descriptor_out >= 0) return CLADE_OK;
        const int error = errno;
        base_free(writer->env, writer->temporary);
        writer->temporary = NULL;
        if (error != EEXIST) return refuse_by_system(writer, error);
    }
    return io_writer_refuse(writer, CLADE_ERROR_IO, "all its temporary names are taken");
}

clade_status io_writer_open(io_writer *writer) {
    int descriptor = -1;
    writer->stream = NULL;
    writer->target = writer->temporary = NULL;

    clade_status status = find_target(writer);
    if (status != CLADE_OK) goto error;
    status = create_temporary(writer, &descriptor);
    if (status != CLADE_OK) goto error;
    writer->stream = fdopen(descriptor, "wb");
    if (!writer->stream) {
        status = refuse_by_system(writer, errno);
        close(descriptor);
        goto error;
    }
    return CLADE_OK;

error:
    io_writer_abandon(writer);
    return status;
}

clade_status io_write(io_writer *writer, const void *data, size_t size) {
    if (fwrite(data, 1, size, writer->stream) != size) return refuse_by_system(writer, errno);
    return CLADE_OK;
}

clade_status io_writer_commit(io_writer *writer) {
    int error = 0;
    if (fflush(writer->stream) != 0 || fsync(fileno(writer->stream)) != 0) error = errno;
    if (fclose(writer->stream) != 0 && error == 0) error = errno;
    writer->stream = NULL;
    if (error == 0 && rename(writer->temporary, writer->target) != 0) error = errno;
    if (error != 0) {
        io_writer_abandon(writer);
        return refuse_by_system(writer, error);
    }
    clear(writer);
    return CLADE_OK;
}

void io_writer_abandon(io_writer *writer) {
    if (writer->temporary) unlink(writer->temporary);
    clear(writer);
}
