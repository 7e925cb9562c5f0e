/* The cache on disk by itself: no device. */
#include "support.h"

#include "rt/cache.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rt_cache_key key_of(int number) {
    rt_cache_key key = {{0}};
    memcpy(key.bytes, &number, sizeof number);
    return key;
}

/* Value `number` is `size` bytes of a pattern of its own. */
static void write_value(rt_cache *cache, int number, size_t size) {
    unsigned char *value = malloc(size);
    for (size_t i = 0; i < size; i++) value[i] = (unsigned char)((size_t)number * 31 + i);
    rt_cache_write(cache, &(rt_cache_entry){.key = key_of(number), .value = value, .size = size}, 1);
    free(value);
}

static bool has_value(support_folder *f, rt_cache *cache, int number, size_t size) {
    const rt_cache_key key = key_of(number);
    void *value = f;
    size_t found = 1;
    const bool has = rt_cache_read(cache, &key, &value, &found);
    if (!has) {
        assert_null(value);
        return false;
    }
    assert_int_equal(found, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(((unsigned char *)value)[i], (unsigned char)((size_t)number * 31 + i));
    base_free(f->env, value);
    return true;
}

static void execute(support_folder *f, const char *statement) {
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(f->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, statement, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

static void values_come_back(void **state) {
    support_folder *f = *state;
    rt_cache *cache = rt_cache_open(f->env, f->directory, 1 << 20);
    assert_false(has_value(f, cache, 1, 100));
    write_value(cache, 1, 100);
    write_value(cache, 2, 100000);
    assert_true(has_value(f, cache, 1, 100));
    write_value(cache, 1, 50); /* replaced */
    rt_cache_close(&cache);
    assert_null(cache);
    cache = rt_cache_open(f->env, f->directory, 1 << 20);
    assert_true(has_value(f, cache, 1, 50));
    assert_true(has_value(f, cache, 2, 100000));
    assert_false(has_value(f, cache, 3, 1));
    rt_cache_close(&cache);
    rt_cache_close(&cache);
    assert_int_equal(f->log.length, 0);
}

static void reading_makes_no_file(void **state) {
    support_folder *f = *state;
    rt_cache *cache = rt_cache_open(f->env, f->directory, 1 << 20);
    has_value(f, cache, 1, 1);
    rt_cache_close(&cache);
    assert_null(fopen(f->path, "r"));
    assert_int_equal(f->log.length, 0);
}

/* Entries used long ago go first; those read count as used, even in a run time that only reads. */
static void the_size_is_bounded_and_the_longest_unused_go_first(void **state) {
    support_folder *f = *state;
    rt_cache *cache = rt_cache_open(f->env, f->directory, 5000);
    for (int i = 0; i < 5; i++) write_value(cache, i, 1000);
    rt_cache_close(&cache);
    execute(f, "UPDATE entries SET used = used - 1000000");
    cache = rt_cache_open(f->env, f->directory, 5000);
    assert_true(has_value(f, cache, 1, 1000));
    assert_true(has_value(f, cache, 3, 1000));
    rt_cache_close(&cache); /* notes the two uses */
    cache = rt_cache_open(f->env, f->directory, 5000);
    for (int i = 5; i < 8; i++) write_value(cache, i, 1000);
    const bool expected[] = {false, true, false, true, false, true, true, true};
    for (int i = 0; i < 8; i++) assert_true(has_value(f, cache, i, 1000) == expected[i]);
    write_value(cache, 9, 4000); /* would push out nearly all others */
    assert_false(has_value(f, cache, 9, 4000));
    assert_true(has_value(f, cache, 7, 1000));
    rt_cache_close(&cache);
}

static void a_file_of_another_layout_is_begun_anew(void **state) {
    support_folder *f = *state;
    execute(f, "CREATE TABLE entries(something TEXT); PRAGMA user_version = 77");
    rt_cache *cache = rt_cache_open(f->env, f->directory, 1 << 20);
    assert_false(has_value(f, cache, 1, 10));
    write_value(cache, 1, 10);
    assert_true(has_value(f, cache, 1, 10));
    rt_cache_close(&cache);
    assert_int_equal(f->log.count[CLADE_LOG_WARNING], 0);
}

static void a_wrong_checksum_is_no_value(void **state) {
    support_folder *f = *state;
    rt_cache *cache = rt_cache_open(f->env, f->directory, 1 << 20);
    write_value(cache, 1, 10);
    rt_cache_close(&cache);
    execute(f, "UPDATE entries SET checksum = checksum + 1");
    cache = rt_cache_open(f->env, f->directory, 1 << 20);
    assert_false(has_value(f, cache, 1, 10));
    assert_int_equal(f->log.count[CLADE_LOG_WARNING], 1);
    write_value(cache, 1, 10);
    assert_true(has_value(f, cache, 1, 10));
    rt_cache_close(&cache);
    assert_int_equal(f->log.count[CLADE_LOG_WARNING], 1);
}

/* Another process holds the lock for longer than one waits. */
static void a_locked_file_is_left_alone(void **state) {
    support_folder *f = *state;
    rt_cache *cache = rt_cache_open(f->env, f->directory, 1 << 20);
    write_value(cache, 1, 10);
    rt_cache_close(&cache);
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    cache = rt_cache_open(f->env, f->directory, 1 << 20);
    assert_false(has_value(f, cache, 1, 10));
    write_value(cache, 2, 10);
    assert_int_equal(f->log.count[CLADE_LOG_WARNING], 1);
    rt_cache_close(&cache);
    sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(other);
    cache = rt_cache_open(f->env, f->directory, 1 << 20);
    assert_true(has_value(f, cache, 1, 10));
    rt_cache_close(&cache);
}

typedef struct user {
    pthread_t thread;
    support_folder *f;
    rt_cache *cache;
    int number;
} user;

static void *use(void *argument) {
    user *self = argument;
    for (int i = 0; i < 20; i++) {
        write_value(self->cache, self->number, 2000);
        if (!has_value(self->f, self->cache, self->number, 2000)) self->number = -1;
    }
    return NULL;
}

static void threads_share_one_cache(void **state) {
    support_folder *f = *state;
    enum { THREADS = 4 };
    user users[THREADS];
    rt_cache *cache = rt_cache_open(f->env, f->directory, 1 << 20);
    for (int i = 0; i < THREADS; i++) {
        users[i] = (user){.f = f, .cache = cache, .number = i};
        assert_int_equal(pthread_create(&users[i].thread, NULL, use, &users[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(users[i].thread, NULL);
        assert_int_equal(users[i].number, i);
    }
    rt_cache_close(&cache);
    assert_int_equal(f->log.length, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, support_folder_open, support_folder_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(values_come_back),
        TEST(reading_makes_no_file),
        TEST(the_size_is_bounded_and_the_longest_unused_go_first),
        TEST(a_file_of_another_layout_is_begun_anew),
        TEST(a_wrong_checksum_is_no_value),
        TEST(a_locked_file_is_left_alone),
        TEST(threads_share_one_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
