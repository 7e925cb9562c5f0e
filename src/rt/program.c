/* program.c: the programs of a context: each is built once, whoever asks first, and found again by source and options.
 *
 *   asked for -> in the table?  built: one more hold
 *                               being built: wait for the thread that does it
 *                not there:     enter it, then without the lock: from the cache on disk, else from source
 *
 * The table holds each program itself, so that a second plan finds what the first has built. A failed build leaves the table:
 * each thread that waited for it tries itself and gets a message of its own. */
#include "rt/build.h"
#include "rt/sources.h"

#include <stdio.h>
#include <string.h>

/* ---- The table -------------------------------------------------------------------------------------------------- */

clade_status rt_program_table_open(rt_context *context) {
    rt_program_table *table = &context->table;
    if (pthread_mutex_init(&table->lock, NULL) != 0) goto error;
    if (pthread_cond_init(&table->built, NULL) != 0) goto error_built;
    if (pthread_mutex_init(&table->compiler, NULL) != 0) goto error_compiler;
    table->open = true;
    return CLADE_OK;
error_compiler:
    pthread_cond_destroy(&table->built);
error_built:
    pthread_mutex_destroy(&table->lock);
error:
    return base_fail(context->env, CLADE_ERROR_OUT_OF_MEMORY,
                     "failed to make the table of programs: no locks are left");
}

static void destroy_program(rt_program *program) {
    if (program->handle) clReleaseProgram(program->handle);
    base_free(program->context->env, program);
}

void rt_program_table_close(rt_context *context) {
    rt_program_table *table = &context->table;
    if (!table->open) return;
    for (size_t i = 0; i < table->count; i++) rt_program_release(&table->programs[i]);
    base_free(context->env, table->programs);
    pthread_mutex_destroy(&table->compiler);
    pthread_cond_destroy(&table->built);
    pthread_mutex_destroy(&table->lock);
    table->open = false;
}

void rt_program_hold(rt_program *program) {
    pthread_mutex_lock(&program->context->table.lock);
    program->holds++;
    pthread_mutex_unlock(&program->context->table.lock);
}

void rt_program_release(rt_program **program) {
    if (!program || !*program) return;
    rt_program *gone = *program;
    *program = NULL;
    pthread_mutex_lock(&gone->context->table.lock);
    const uint32_t left = --gone->holds;
    pthread_mutex_unlock(&gone->context->table.lock);
    if (left == 0) destroy_program(gone);
}

/* The lock is held. */
static rt_program *find_program(const rt_program_table *table, const rt_cache_key *key) {
    for (size_t i = 0; i < table->count; i++)
        if (memcmp(&table->programs[i]->key, key, sizeof *key) == 0) return table->programs[i];
    return NULL;
}

/* A program that is being built, with a hold for the caller and one for the table. The lock is held. */
static rt_program *enter_program(rt_context *context, const rt_build *build, const rt_cache_key *key) {
    rt_program_table *table = &context->table;
    rt_program *program = base_allocate_zero(context->env, 1, sizeof *program);
    if (!program ||
        !base_grow(context->env, &table->programs, sizeof *table->programs, table->count, &table->capacity)) {
        base_free(context->env, program);
        return NULL;
    }
    *program = (rt_program){.context = context, .key = *key, .holds = 2, .being_built = true};
    snprintf(program->name, sizeof program->name, "%s", build->name);
    table->programs[table->count++] = program;
    return program;
}

/* Takes a program whose build failed, which nobody else holds, out of the table. The lock is held. */
static void drop_program(rt_program_table *table, rt_program *program) {
    size_t i = 0;
    while (table->programs[i] != program) i++;
    table->programs[i] = table->programs[--table->count];
    destroy_program(program);
}

/* ---- Getting one ------------------------------------------------------------------------------------------------ */

/* Without the lock. `*stored_out`: it came from the cache. */
static clade_status make_program(rt_context *context, const rt_build *build, const rt_cache_key *key,
                                 cl_program *handle_out, bool *stored_out) {
    void *binary = NULL;
    size_t size = 0;
    *handle_out = NULL;
    const bool reads = context->cache && !(context->device.quirks & RT_QUIRK_NO_BINARIES);
    if (reads && rt_cache_read(context->cache, key, &binary, &size)) {
        *handle_out = rt_build_binary(context, build, binary, size);
        base_free(context->env, binary);
    }
    *stored_out = *handle_out != NULL;
    return *handle_out ? CLADE_OK : rt_build_source(context, build, handle_out);
}

static clade_status get_program(rt_context *context, const rt_build *build, rt_program **program_out) {
    rt_program_table *table = &context->table;
    const rt_cache_key key = rt_build_key(context, build);
    rt_program *program = NULL;
    pthread_mutex_lock(&table->lock);
    while ((program = find_program(table, &key)) && program->being_built)
        pthread_cond_wait(&table->built, &table->lock);
    if (program) {
        program->holds++;
        pthread_mutex_unlock(&table->lock);
        *program_out = program;
        return CLADE_OK;
    }
    program = enter_program(context, build, &key);
    pthread_mutex_unlock(&table->lock);
    if (!program) return base_fail_memory(context->env, sizeof *program, build->name);

    bool stored = false;
    cl_program handle = NULL;
    const clade_status status = make_program(context, build, &key, &handle, &stored);
    pthread_mutex_lock(&table->lock);
    program->handle = handle;
    program->stored = stored;
    program->being_built = false;
    if (status != CLADE_OK) drop_program(table, program);
    pthread_cond_broadcast(&table->built);
    pthread_mutex_unlock(&table->lock);
    if (status == CLADE_OK) *program_out = program;
    return status;
}

clade_status rt_program_get_text(rt_context *context, const char *name, const char *text, const char *options,
                                 rt_program **program_out) {
    *program_out = NULL;
    char *all = base_format(context->env, "-cl-std=CL1.2 %s", options);
    if (!all) return base_fail_memory(context->env, strlen(options), "the options of a program");
    const rt_build build = {
        .name = name, .common = rt_source_text("common.cl"), .prelude = "", .text = text, .options = all};
    const clade_status status = get_program(context, &build, program_out);
    base_free(context->env, all);
    return status;
}

clade_status rt_program_get(rt_context *context, const char *source, const char *options, rt_program **program_out) {
    *program_out = NULL;
    const char *text = rt_source_text(source);
    if (!text) return base_fail(context->env, CLADE_ERROR_INTERNAL, "failed to build %s: cl/ has no such file", source);
    return rt_program_get_text(context, source, text, options, program_out);
}

/* ---- Linking several --------------------------------------------------------------------------------------------- */

static clade_status describe_part(rt_context *context, const rt_part *part, size_t index, rt_build *build_out) {
    build_out->name = part->source;
    build_out->common = rt_source_text("common.cl");
    build_out->prelude = "";
    build_out->text = rt_source_text(part->source);
    if (!build_out->text)
        return base_fail(context->env, CLADE_ERROR_INTERNAL, "failed to build %s: cl/ has no such file", part->source);
    build_out->options =
        base_format(context->env, "-cl-std=CL1.2 %s -D PART -D %s=part_%zu", part->options, part->entry, index);
    return build_out->options ? CLADE_OK : base_fail_memory(context->env, strlen(part->options), "a part's options");
}

clade_status rt_program_link(rt_context *context, const char *source, const char *prelude, const rt_part *parts,
                             size_t part_count, rt_program **program_out) {
    *program_out = NULL;
    rt_build *builds = base_allocate_zero(context->env, part_count, sizeof *builds);
    if (!builds) return base_fail_memory(context->env, part_count * sizeof *builds, "the parts of a program");
    const rt_build whole = {.name = source,
                            .common = rt_source_text("common.cl"),
                            .prelude = prelude,
                            .text = rt_source_text(source),
                            .options = "-cl-std=CL1.2 -D PART",
                            .parts = builds,
                            .part_count = part_count};
    clade_status status = CLADE_OK;
    for (size_t i = 0; status == CLADE_OK && i < part_count; i++)
        status = describe_part(context, &parts[i], i, &builds[i]);
    if (status == CLADE_OK) status = get_program(context, &whole, program_out);
    for (size_t i = 0; i < part_count; i++) base_free(context->env, (char *)builds[i].options);
    base_free(context->env, builds);
    return status;
}

/* ---- Storing binaries ------------------------------------------------------------------------------------------- */

/* A program that did not run yet waits for the next call: PoCL compiles a kernel for its group size at the first launch. Measured with
 * PoCL 3.1 and 20 small programs: where nothing is compiled yet their first launches take 620 ms; in a second process that has
 * binaries stored after launches, but not PoCL's own cache, they take 1 ms. */

/* Holds up to `room` programs that the cache has not been given yet. */
static size_t take_unstored(rt_program_table *table, rt_program **programs, size_t room) {
    size_t count = 0;
    pthread_mutex_lock(&table->lock);
    for (size_t i = 0; i < table->count && count < room; i++) {
        rt_program *program = table->programs[i];
        if (program->being_built || program->stored || !atomic_load(&program->ran)) continue;
        program->stored = true;
        program->holds++;
        programs[count++] = program;
    }
    pthread_mutex_unlock(&table->lock);
    return count;
}

void rt_programs_store(rt_context *context) {
    enum { AT_ONCE = 32 }; /* bounds the memory that binaries take here */
    rt_program *programs[AT_ONCE];
    if (!context->cache || (context->device.quirks & RT_QUIRK_NO_BINARIES)) return;
    for (size_t count = AT_ONCE; count == AT_ONCE;) {
        rt_cache_entry entries[AT_ONCE];
        void *binaries[AT_ONCE];
        size_t ready = 0;
        count = take_unstored(&context->table, programs, AT_ONCE);
        for (size_t i = 0; i < count; i++) {
            rt_cache_entry *entry = &entries[ready];
            *entry = (rt_cache_entry){.key = programs[i]->key};
            if (!rt_build_extract(context, programs[i]->handle, &binaries[ready], &entry->size)) continue;
            entry->value = binaries[ready++];
        }
        rt_cache_write(context->cache, entries, ready);
        for (size_t i = 0; i < ready; i++) base_free(context->env, binaries[i]);
        for (size_t i = 0; i < count; i++) rt_program_release(&programs[i]);
    }
}
