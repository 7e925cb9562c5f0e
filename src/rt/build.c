/* build.c: from a kernel's text, or a binary of an earlier build, to a cl_program. */
#include "rt/build.h"

#include "rt/device.h"

#include <string.h>
#include <xxhash.h>

/* Changes when the same key should no longer find what was stored. */
static const char format[] = "clade program 2";

/* A hash of hashes: each text is brought to a fixed length first, so that none can slide into the next. */
static void add_hash(XXH128_canonical_t *all, const char *text) {
    XXH128_canonical_t pair[2] = {*all};
    XXH128_canonicalFromHash(&pair[1], XXH3_128bits(text, strlen(text)));
    XXH128_canonicalFromHash(all, XXH3_128bits(pair, sizeof pair));
}

static void add_build(XXH128_canonical_t *all, const rt_build *build) {
    add_hash(all, build->common);
    add_hash(all, build->prelude);
    add_hash(all, build->text);
    add_hash(all, build->options);
}

rt_cache_key rt_build_key(const rt_context *context, const rt_build *build) {
    const rt_device *device = &context->device;
    const char *place[] = {device->platform, context->platform_version, device->name, device->version, device->driver};
    XXH128_canonical_t all = {{0}};
    add_hash(&all, format);
    for (size_t i = 0; i < BASE_COUNT(place); i++) add_hash(&all, place[i]);
    add_build(&all, build);
    for (size_t i = 0; i < build->part_count; i++) add_build(&all, &build->parts[i]);
    rt_cache_key key;
    memcpy(key.bytes, all.digest, sizeof key.bytes);
    return key;
}

/* ---- When it fails ---------------------------------------------------------------------------------------------- */

/* Adds `source` with a number in front of each line; returns the number of its last line. */
static int add_numbered(base_text *text, const char *source, int number) {
    while (*source) {
        const size_t length = strcspn(source, "\n");
        base_text_add(text, "%5d | %.*s\n", ++number, (int)length, source);
        source += length + (source[length] == '\n');
    }
    return number;
}

/* The driver's log, base_free'd by the caller; NULL when there is none. */
static char *read_log(rt_context *context, cl_program program) {
    size_t size = 0;
    if (clGetProgramBuildInfo(program, context->device_id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size) != CL_SUCCESS)
        return NULL;
    char *log = base_allocate_zero(context->env, size + 1, 1);
    if (log && clGetProgramBuildInfo(program, context->device_id, CL_PROGRAM_BUILD_LOG, size, log, NULL) != CL_SUCCESS)
        log[0] = '\0';
    return log;
}

static void log_failure(rt_context *context, const rt_build *build, const char *log) {
    if (!base_logs(context->env, CLADE_LOG_ERROR)) return;
    base_text source = {.env = context->env};
    const int common = add_numbered(&source, build->common, 0);
    const int prelude = add_numbered(&source, build->prelude, common);
    add_numbered(&source, build->text, prelude);
    base_log(context->env, CLADE_LOG_ERROR, "build log of %s with \"%s\":\n%s", build->name, build->options, log);
    base_log(context->env, CLADE_LOG_ERROR, "source of %s, behind common.cl:\n%s", build->name,
             source.data ? source.data : "");
    base_text_free(&source);
}

static clade_status fail_build(rt_context *context, const rt_build *build, cl_program program, cl_int code) {
    char *log = read_log(context, program);
    log_failure(context, build, log ? log : "");
    base_free(context->env, log);
    /* Bad options and the compiler's own faults are failed builds, too. */
    const clade_status status = rt_error_status(RT_SETTING_UP, code);
    return base_fail(context->env, status == CLADE_ERROR_OPENCL ? CLADE_ERROR_BUILD : status,
                     "failed to build %s with \"%s\": clBuildProgram gave %s (%d); the log callback has the build log",
                     build->name, build->options, rt_error_name(code), (int)code);
}

/* ---- Building --------------------------------------------------------------------------------------------------- */

static void lock_compiler(rt_context *context) {
    if (context->device.quirks & RT_QUIRK_SERIAL_BUILDS) pthread_mutex_lock(&context->table.compiler);
}

static void unlock_compiler(rt_context *context) {
    if (context->device.quirks & RT_QUIRK_SERIAL_BUILDS) pthread_mutex_unlock(&context->table.compiler);
}

static cl_int build_program(rt_context *context, const rt_build *build, cl_program program) {
    lock_compiler(context);
    const cl_int code = clBuildProgram(program, 1, &context->device_id, build->options, NULL, NULL);
    unlock_compiler(context);
    return code;
}

static cl_int compile_program(rt_context *context, const rt_build *build, cl_program program) {
    lock_compiler(context);
    const cl_int code = clCompileProgram(program, 1, &context->device_id, build->options, 0, NULL, NULL, NULL, NULL);
    unlock_compiler(context);
    return code;
}

/* The program of a build's own source, brought as far as `step` brings it. */
static clade_status make_program(rt_context *context, const rt_build *build,
                                 cl_int (*step)(rt_context *, const rt_build *, cl_program), cl_program *program_out) {
    *program_out = NULL;
    const char *texts[] = {build->common, build->prelude, build->text};
    cl_int code = CL_SUCCESS;
    cl_program program = clCreateProgramWithSource(context->context, 3, texts, NULL, &code);
    if (code != CL_SUCCESS)
        return rt_fail(context->env, RT_SETTING_UP, code, "clCreateProgramWithSource", "build %s", build->name);
    base_log(context->env, CLADE_LOG_DEBUG, "building %s with \"%s\"", build->name, build->options);
    code = step(context, build, program);
    if (code != CL_SUCCESS) {
        const clade_status status = fail_build(context, build, program, code);
        clReleaseProgram(program);
        return status;
    }
    *program_out = program;
    return CLADE_OK;
}

static clade_status link_programs(rt_context *context, const rt_build *build, const cl_program *objects,
                                  cl_program *program_out) {
    cl_int code = CL_SUCCESS;
    lock_compiler(context);
    cl_program program = clLinkProgram(context->context, 1, &context->device_id, "", (cl_uint)build->part_count + 1,
                                       objects, NULL, NULL, &code);
    unlock_compiler(context);
    if (code == CL_SUCCESS) {
        *program_out = program;
        return CLADE_OK;
    }
    const clade_status status =
        program ? fail_build(context, build, program, code)
                : rt_fail(context->env, RT_SETTING_UP, code, "clLinkProgram", "link %s", build->name);
    if (program) clReleaseProgram(program);
    return status;
}

static clade_status compile_and_link(rt_context *context, const rt_build *build, cl_program *program_out) {
    cl_program *objects = base_allocate_zero(context->env, build->part_count + 1, sizeof(cl_program));
    if (!objects)
        return base_fail_memory(context->env, (build->part_count + 1) * sizeof(cl_program), "the parts of a program");
    clade_status status = make_program(context, build, compile_program, &objects[build->part_count]);
    for (size_t i = 0; status == CLADE_OK && i < build->part_count; i++)
        status = make_program(context, &build->parts[i], compile_program, &objects[i]);
    if (status == CLADE_OK) status = link_programs(context, build, objects, program_out);
    for (size_t i = 0; i <= build->part_count; i++)
        if (objects[i]) clReleaseProgram(objects[i]);
    base_free(context->env, objects);
    return status;
}

clade_status rt_build_source(rt_context *context, const rt_build *build, cl_program *program_out) {
    *program_out = NULL;
    return build->part_count > 0 ? compile_and_link(context, build, program_out)
                                 : make_program(context, build, build_program, program_out);
}

cl_program rt_build_binary(rt_context *context, const rt_build *build, const void *binary, size_t size) {
    const unsigned char *bytes = binary;
    cl_int code = CL_SUCCESS, accepted = CL_SUCCESS;
    cl_program program =
        clCreateProgramWithBinary(context->context, 1, &context->device_id, &size, &bytes, &accepted, &code);
    if (code == CL_SUCCESS && accepted == CL_SUCCESS && build_program(context, build, program) == CL_SUCCESS) {
        base_log(context->env, CLADE_LOG_DEBUG, "took %s with \"%s\" from the cache", build->name, build->options);
        return program;
    }
    if (program) clReleaseProgram(program);
    base_log(context->env, CLADE_LOG_DEBUG, "the driver refused the cached binary of %s", build->name);
    return NULL;
}

bool rt_build_extract(rt_context *context, cl_program program, void **binary_out, size_t *size_out) {
    *binary_out = NULL;
    *size_out = 0;
    cl_uint count = 0;
    if (clGetProgramInfo(program, CL_PROGRAM_NUM_DEVICES, sizeof count, &count, NULL) != CL_SUCCESS || count == 0)
        return false;
    /* A caller's context may have several devices: only ours was built for. */
    cl_device_id *devices = base_allocate_zero(context->env, count, sizeof(cl_device_id));
    size_t *sizes = base_allocate_zero(context->env, count, sizeof *sizes);
    unsigned char **binaries = base_allocate_zero(context->env, count, sizeof *binaries);
    bool done =
        devices && sizes && binaries &&
        clGetProgramInfo(program, CL_PROGRAM_DEVICES, count * sizeof(cl_device_id), devices, NULL) == CL_SUCCESS &&
        clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, count * sizeof *sizes, sizes, NULL) == CL_SUCCESS;
    cl_uint ours = 0;
    while (done && ours < count && !rt_stands_for(devices[ours], context->device_id)) ours++;
    done = done && ours < count && sizes[ours] > 0;
    if (done) done = (binaries[ours] = base_allocate(context->env, sizes[ours])) != NULL;
    if (done)
        done = clGetProgramInfo(program, CL_PROGRAM_BINARIES, count * sizeof *binaries, binaries, NULL) == CL_SUCCESS;
    if (done) {
        *binary_out = binaries[ours];
        *size_out = sizes[ours];
    } else if (binaries && ours < count) {
        base_free(context->env, binaries[ours]);
    }
    base_free(context->env, binaries);
    base_free(context->env, sizes);
    base_free(context->env, devices);
    return done;
}
