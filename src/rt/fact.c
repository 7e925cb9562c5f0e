/* fact.c: short texts about a device that outlive the process: measured speeds, verdicts on kernels, tuned choices.
 *
 *   read:   in memory? -> in the cache on disk? -> among those shipped with the library (tuning/rows.txt)?
 *   write:  into memory and the cache
 *
 * On disk a fact is an entry like a program's binary, under a hash of its name, the device, its driver and the library. Those
 * shipped are for a device whatever its driver: they were true for the library's kernels, and any doubt costs time only. */
#include "rt/fact.h"

#include "rt/sources.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

/* Changes when what is on disk should no longer be found. */
static const char format[] = "clade fact 1";

struct rt_kept_fact {
    char *name, *text;
};

clade_status rt_fact_table_open(rt_context *context) {
    if (pthread_mutex_init(&context->facts.lock, NULL) != 0)
        return base_fail(context->env, CLADE_ERROR_OUT_OF_MEMORY,
                         "failed to make the table of facts: no locks are left");
    context->facts.open = true;
    return CLADE_OK;
}

void rt_fact_table_close(rt_context *context) {
    rt_fact_table *table = &context->facts;
    if (!table->open) return;
    for (size_t i = 0; i < table->count; i++) {
        base_free(context->env, table->kept[i].name);
        base_free(context->env, table->kept[i].text);
    }
    base_free(context->env, table->kept);
    pthread_mutex_destroy(&table->lock);
    table->open = false;
}

uint64_t rt_source_hash(const char *source) {
    const char *common = rt_source_text("common.cl"), *text = rt_source_text(source);
    const XXH64_hash_t seed = common ? XXH3_64bits(common, strlen(common)) : 0;
    return text ? XXH3_64bits_withSeed(text, strlen(text), seed) : seed;
}

/* ---- In memory: the lock is held ------------------------------------------------------------------------------------ */

static rt_kept_fact *find_kept(const rt_fact_table *table, const char *name) {
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->kept[i].name, name) == 0) return &table->kept[i];
    return NULL;
}

/* Out of memory here only means to look on disk again. */
static void keep(rt_context *context, const rt_fact *fact) {
    rt_fact_table *table = &context->facts;
    char *text = base_copy_string(context->env, fact->text);
    rt_kept_fact *kept = find_kept(table, fact->name);
    if (kept && text) {
        base_free(context->env, kept->text);
        kept->text = text;
        return;
    }
    char *name = base_copy_string(context->env, fact->name);
    if (kept || !text || !name ||
        !base_grow(context->env, &table->kept, sizeof *table->kept, table->count, &table->capacity)) {
        base_free(context->env, text);
        base_free(context->env, name);
        return;
    }
    table->kept[table->count++] = (rt_kept_fact){.name = name, .text = text};
}

/* ---- On disk -------------------------------------------------------------------------------------------------------- */

static rt_cache_key key_of(const rt_context *context, const char *name) {
    const rt_device *device = &context->device;
    char units[16];
    snprintf(units, sizeof units, "%u", (unsigned)device->compute_units);
    const char *parts[] = {format,           name,
                           clade_version(),  rt_source_text("digest"), /* other kernels are to be measured anew */
                           device->platform, context->platform_version,
                           device->name,     device->driver,
                           device->version,  units};
    XXH3_state_t *state = XXH3_createState();
    rt_cache_key key = {{0}};
    if (!state) return key;
    XXH3_128bits_reset(state);
    for (size_t i = 0; i < BASE_COUNT(parts); i++) XXH3_128bits_update(state, parts[i], strlen(parts[i]) + 1);
    XXH128_canonical_t all;
    XXH128_canonicalFromHash(&all, XXH3_128bits_digest(state));
    XXH3_freeState(state);
    memcpy(key.bytes, all.digest, sizeof key.bytes);
    return key;
}

static bool read_stored(rt_context *context, const char *name, char *text, size_t size) {
    if (!context->cache) return false;
    const rt_cache_key key = key_of(context, name);
    void *value = NULL;
    size_t length = 0;
    if (!rt_cache_read(context->cache, &key, &value, &length)) return false;
    const bool fits = length < size;
    if (fits) {
        memcpy(text, value, length);
        text[length] = '\0';
    }
    base_free(context->env, value);
    return fits;
}

/* ---- Shipped: "device PLATFORM; NAME; UNITS" lines, each followed by its "NAME: TEXT" lines --------------------------- */

static size_t line_length(const char *line) { return strcspn(line, "\n"); }

static bool is_line(const char *line, const char *text) {
    return line_length(line) == strlen(text) && strncmp(line, text, strlen(text)) == 0;
}

void rt_fact_device(const rt_context *context, char *text, size_t size) {
    snprintf(text, size, "device %s; %s; %u", context->device.platform, context->device.name,
             (unsigned)context->device.compute_units);
}

static bool read_shipped(const rt_context *context, const char *name, char *text, size_t size) {
    char device[RT_FACT_DEVICE_SIZE];
    rt_fact_device(context, device, sizeof device);
    const size_t length = strlen(name);
    bool ours = false;
    for (const char *line = rt_source_text("rows.txt"); line && *line;) {
        if (strncmp(line, "device ", 7) == 0) ours = is_line(line, device);
        if (ours && strncmp(line, name, length) == 0 && strncmp(line + length, ": ", 2) == 0) {
            const char *value = line + length + 2;
            snprintf(text, size, "%.*s", (int)line_length(value), value);
            return true;
        }
        line += line_length(line);
        line += *line == '\n';
    }
    return false;
}

/* ---- All three -------------------------------------------------------------------------------------------------------- */

bool rt_fact_read(rt_context *context, const char *name, char *text, size_t size) {
    pthread_mutex_lock(&context->facts.lock);
    const rt_kept_fact *kept = find_kept(&context->facts, name);
    if (kept) snprintf(text, size, "%s", kept->text);
    pthread_mutex_unlock(&context->facts.lock);
    if (kept || !(read_stored(context, name, text, size) || read_shipped(context, name, text, size)))
        return kept != NULL;
    pthread_mutex_lock(&context->facts.lock);
    keep(context, &(rt_fact){.name = name, .text = text});
    pthread_mutex_unlock(&context->facts.lock);
    return true;
}

void rt_facts_write(rt_context *context, const rt_fact *facts, size_t count) {
    pthread_mutex_lock(&context->facts.lock);
    for (size_t i = 0; i < count; i++) keep(context, &facts[i]);
    pthread_mutex_unlock(&context->facts.lock);
    rt_cache_entry *entries = context->cache ? base_allocate_zero(context->env, count, sizeof *entries) : NULL;
    if (!entries) return;
    for (size_t i = 0; i < count; i++)
        entries[i] = (rt_cache_entry){
            .key = key_of(context, facts[i].name), .value = facts[i].text, .size = strlen(facts[i].text)};
    rt_cache_write(context->cache, entries, count);
    base_free(context->env, entries);
}
