/* cache.h: values by key on disk: device binaries of programs and facts about devices, one SQLite file for all processes of a user.
 *
 * Nothing here fails: what cannot be read is not there, what cannot be written is left out, and the first fault gives one warning.
 * Safe from many threads and many processes. The file is opened at the first use and made at the first write. */
#ifndef RT_CACHE_H
#define RT_CACHE_H

#include "base/base.h"

typedef struct rt_cache rt_cache;

/* 128 bits of a hash over everything that the value depends on. */
typedef struct rt_cache_key {
    unsigned char bytes[16];
} rt_cache_key;

typedef struct rt_cache_entry {
    rt_cache_key key;
    const void *value;
    size_t size;
} rt_cache_entry;

/* Holds at most `limit` bytes of values; those not used for longest go first. NULL when out of host memory. */
rt_cache *rt_cache_open(base_env *env, const char *directory, uint64_t limit);
/* Notes on disk what was read. */
void rt_cache_close(rt_cache **cache);

/* True: `*value_out` is the caller's, freed with base_free. */
bool rt_cache_read(rt_cache *cache, const rt_cache_key *key, void **value_out, size_t *size_out);
/* In one transaction; replaces entries of the same key. */
void rt_cache_write(rt_cache *cache, const rt_cache_entry *entries, size_t count);

#endif
