/* build.h: from a kernel's text, or a binary of an earlier build, to a cl_program. */
#ifndef RT_BUILD_H
#define RT_BUILD_H

#include "rt/objects.h"

/* What to build: common.cl, then `prelude`, then `text`; with parts it is linked with them. */
typedef struct rt_build {
    const char *name; /* for messages */
    const char *common, *prelude, *text;
    const char *options;          /* complete */
    const struct rt_build *parts; /* without parts of their own */
    size_t part_count;
} rt_build;

/* A hash over everything that a binary depends on. */
rt_cache_key rt_build_key(const rt_context *context, const rt_build *build);

/* On failure the log and the numbered source go to the log callback. */
clade_status rt_build_source(rt_context *context, const rt_build *build, cl_program *program_out);

/* NULL when the driver refuses the binary: then it is time to build from source. */
cl_program rt_build_binary(rt_context *context, const rt_build *build, const void *binary, size_t size);

/* The program's binary, the caller's, freed with base_free; false when the driver does not give it. */
bool rt_build_extract(rt_context *context, cl_program program, void **binary_out, size_t *size_out);

#endif
