/* cache.c: the cache's rules: checksums, size, age, faults. Its statements are in cache_file.c.
 *
 * A fault is looked at in one place, `handle`: a damaged file is emptied, once; anything else ends the cache's use of that
 * kind (reading or writing) for this process, with one warning. */
#include "rt/cache.h"

#include "rt/cache_file.h"

#include <pthread.h>
#include <time.h>

/* The use of an entry is noted only when the last note is older: starting a program should not write. */
enum { SECONDS_BETWEEN_NOTES = 24 * 60 * 60 };

struct rt_cache {
    base_env *env;
    uint64_t limit;
    pthread_mutex_t lock; /* guards what follows */
    cache_file *file;
    bool warned, emptied;
    bool reads, writes; /* what is still tried */
    rt_cache_key *used; /* read, and not noted on disk for a day */
    size_t used_count, used_capacity;
};

rt_cache *rt_cache_open(base_env *env, const char *directory, uint64_t limit) {
    rt_cache *cache = base_allocate_zero(env, 1, sizeof *cache);
    if (!cache) return NULL;
    cache->env = env;
    cache->limit = limit;
    cache->reads = cache->writes = true;
    cache->file = cache_file_create(env, directory);
    if (!cache->file || pthread_mutex_init(&cache->lock, NULL) != 0) {
        cache_file_destroy(&cache->file);
        base_free(env, cache);
        return NULL;
    }
    return cache;
}

/* True: the file was damaged, is empty now, and may be tried again. `tried` is what failed. The lock is held. */
static bool handle(rt_cache *cache, cache_result result, bool *tried) {
    if (result == CACHE_FOUND || result == CACHE_MISSING) return false;
    const bool damaged = result == CACHE_DAMAGED && !cache->emptied;
    if (!cache->warned)
        base_log(cache->env, CLADE_LOG_WARNING, "failed to %s the kernel cache \"%s\": %s; %s",
                 tried == &cache->reads ? "read" : "write", cache_file_path(cache->file),
                 cache_file_reason(cache->file),
                 damaged ? "it is begun anew" : "kernels are built from source where it is needed");
    cache->warned = true;
    if (damaged) {
        cache->emptied = true;
        if (cache_file_empty(cache->file) == CACHE_FOUND) return true;
    }
    *tried = false;
    return false;
}

static void remember_use(rt_cache *cache, const rt_cache_key *key) {
    if (!base_grow(cache->env, &cache->used, sizeof *cache->used, cache->used_count, &cache->used_capacity)) return;
    cache->used[cache->used_count++] = *key;
}

bool rt_cache_read(rt_cache *cache, const rt_cache_key *key, void **value_out, size_t *size_out) {
    *value_out = NULL;
    *size_out = 0;
    int64_t used = 0;
    cache_result result = CACHE_MISSING;
    pthread_mutex_lock(&cache->lock);
    if (cache->reads) result = cache_file_read(cache->file, key, value_out, size_out, &used);
    if (result == CACHE_FOUND && (int64_t)time(NULL) - used > SECONDS_BETWEEN_NOTES) remember_use(cache, key);
    handle(cache, result, &cache->reads);
    pthread_mutex_unlock(&cache->lock);
    return result == CACHE_FOUND;
}

/* One transaction. The lock is held. */
static cache_result write_all(rt_cache *cache, const rt_cache_entry *entries, size_t count) {
    const int64_t now = (int64_t)time(NULL);
    cache_result result = cache_file_begin(cache->file);
    for (size_t i = 0; result == CACHE_FOUND && i < cache->used_count; i++)
        result = cache_file_note_use(cache->file, &cache->used[i], now);
    for (size_t i = 0; result == CACHE_FOUND && i < count; i++)
        if (entries[i].size <= cache->limit / 4) result = cache_file_write(cache->file, &entries[i], now);
    if (result == CACHE_FOUND) result = cache_file_trim(cache->file, cache->limit);
    return cache_file_end(cache->file, result);
}

void rt_cache_write(rt_cache *cache, const rt_cache_entry *entries, size_t count) {
    pthread_mutex_lock(&cache->lock);
    const bool needed = count > 0 || cache->used_count > 0;
    if (needed && cache->writes && handle(cache, write_all(cache, entries, count), &cache->writes))
        handle(cache, write_all(cache, entries, count), &cache->writes);
    cache->used_count = 0;
    pthread_mutex_unlock(&cache->lock);
}

void rt_cache_close(rt_cache **cache) {
    if (!cache || !*cache) return;
    rt_cache *gone = *cache;
    *cache = NULL;
    rt_cache_write(gone, NULL, 0);
    cache_file_destroy(&gone->file);
    base_free(gone->env, gone->used);
    pthread_mutex_destroy(&gone->lock);
    base_free(gone->env, gone);
}
