/* cache_file.h: the SQLite file behind the cache. One thread at a time. */
#ifndef RT_CACHE_FILE_H
#define RT_CACHE_FILE_H

#include "rt/cache.h"

typedef enum cache_result {
    CACHE_FOUND,   /* or done */
    CACHE_MISSING, /* no such entry, or no file yet */
    CACHE_DAMAGED, /* the file is not what was written */
    CACHE_REFUSED  /* by the file system, or by another process for too long */
} cache_result;

typedef struct cache_file cache_file;

/* Touches no file yet. NULL when out of host memory. */
cache_file *cache_file_create(base_env *env, const char *directory);
void cache_file_destroy(cache_file **file);
const char *cache_file_path(const cache_file *file);
/* Why the last call did not do what it should. */
const char *cache_file_reason(const cache_file *file);

/* The value is the caller's. `used_out`: when it was last noted to be used. */
cache_result cache_file_read(cache_file *file, const rt_cache_key *key, void **value_out, size_t *size_out,
                             int64_t *used_out);

/* A transaction: begin, some of the others while they give CACHE_FOUND, end with the last result. */
cache_result cache_file_begin(cache_file *file);
cache_result cache_file_write(cache_file *file, const rt_cache_entry *entry, int64_t now);
cache_result cache_file_note_use(cache_file *file, const rt_cache_key *key, int64_t now);
/* Drops what was not used for longest until the values hold at most `limit` bytes. */
cache_result cache_file_trim(cache_file *file, uint64_t limit);
cache_result cache_file_end(cache_file *file, cache_result result);

/* Makes a damaged file an empty one. */
cache_result cache_file_empty(cache_file *file);

#endif
