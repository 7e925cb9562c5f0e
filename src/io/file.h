/* file.h: files as a whole: read into memory, mapped, or replaced in one step. Every message about a file starts
 * "failed to read KIND "PATH": " or "failed to write ...", so that a caller gives only the rule that was broken. */
#ifndef IO_FILE_H
#define IO_FILE_H

#include "base/base.h"
#include "rt/context.h"

#include <stdio.h>

/* Numbers in safetensors and npy files are little endian and are used as they lie. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "io expects a little-endian host"
#endif

/* ---- Reading ------------------------------------------------------------------------------------------------------ */
typedef struct io_file {
    base_env *env;
    const char *kind; /* for messages: "image", "labels" */
    const char *path; /* the caller's */
    uint8_t *data;    /* NULL: nothing loaded */
    size_t size;
} io_file;

/* Reads all of a regular file with 1 to `limit` bytes. After success `data` is the caller's, to be freed with base_free;
 * after failure there is none. */
clade_status io_file_read(io_file *file, uint64_t limit);
/* As io_file_read, but maps the file instead, read only; `data` is freed with io_unmap. */
clade_status io_file_map(io_file *file);
/* As io_file_map, for a file that somebody else names: `path` counts from `folder`, below which it must lie. Neither ".." nor
 * links are followed. */
clade_status io_file_map_below(io_file *file, const char *folder);
/* Takes a part of a mapped file out of this process's memory until it is read again. */
void io_give_back(const void *data, size_t size);
void io_unmap(uint8_t *data, size_t size);

/* Fails with "failed to read KIND "PATH": RULE". */
clade_status io_refuse(const io_file *file, clade_status status, const char *rule, ...) BASE_PRINTF(3, 4);

/* ---- Writing ------------------------------------------------------------------------------------------------------
 * The file is written under a temporary name beside its target. io_writer_commit puts it in the target's place, in one
 * step; io_writer_abandon removes it, and does nothing after a commit. Until then the target is as it was. */
typedef struct io_writer {
    base_env *env;
    const char *kind, *path; /* as in io_file */
    char *target;            /* where `path` leads, symbolic links followed */
    char *temporary;
    FILE *stream;
} io_writer;

/* Refuses targets that are there but no regular files. On failure nothing is left open. */
clade_status io_writer_open(io_writer *writer);
clade_status io_write(io_writer *writer, const void *data, size_t size);
clade_status io_writer_commit(io_writer *writer);
void io_writer_abandon(io_writer *writer);
/* Fails with "failed to write KIND "PATH": RULE". */
clade_status io_writer_refuse(const io_writer *writer, clade_status status, const char *rule, ...) BASE_PRINTF(3, 4);
/* Rounds values of the tensor `name` to `type`, to nearest, ties to even. Infinity may be stored, but a number must not become
 * it: that is refused with CLADE_ERROR_UNSUPPORTED. */
clade_status io_narrow(const io_writer *writer, const char *name, clade_type type, const float *values, size_t count,
                       void *narrowed_out);

/* ---- What the readers share --------------------------------------------------------------------------------------- */
/* Deflate's longest match, 258 bytes, takes at least 2 bits (RFC 1951): a short file cannot hold many bytes. */
#define IO_DEFLATE_MAX_RATIO 1032

/* The environment of a context that may be NULL. */
static inline base_env *io_env(const clade_context *context) { return context ? context_env(context) : NULL; }

#endif
