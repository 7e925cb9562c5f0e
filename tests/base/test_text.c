/* Strings, text that grows, growing arrays, and all of them when memory runs out. */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Counts what is out, and gives nothing once `left` has run down; negative: never. */
typedef struct counting {
    int64_t left;
    int64_t out;
} counting;

static void *counting_allocate(void *user, size_t size) {
    counting *counts = user;
    assert_true(size > 0);
    if (counts->left == 0) return NULL;
    if (counts->left > 0) counts->left--;
    counts->out++;
    return malloc(size);
}

static void counting_deallocate(void *user, void *memory) {
    counting *counts = user;
    assert_non_null(memory);
    counts->out--;
    free(memory);
}

static base_env *make_env(counting *counts) {
    *counts = (counting){.left = -1};
    const clade_allocator allocator = {counting_allocate, counting_deallocate, counts};
    base_env *env = base_env_create(&allocator, NULL, NULL, CLADE_LOG_QUIET);
    assert_non_null(env);
    return env;
}

static void end_env(counting *counts, base_env *env) {
    base_env_destroy(&env);
    assert_null(env);
    assert_int_equal(counts->out, 0);
}

static void strings_are_copied_and_formatted(void **state) {
    (void)state;
    counting counts;
    base_env *env = make_env(&counts);
    char *copy = base_copy_string(env, "inception");
    char *text = base_format(env, "%s %d", copy, 4);
    assert_string_equal(copy, "inception");
    assert_string_equal(text, "inception 4");
    base_free(env, copy);
    base_free(env, text);
    base_free(env, NULL);
    char *empty = base_copy_string(env, "");
    assert_string_equal(empty, "");
    base_free(env, empty);
    counts.left = 0;
    assert_null(base_copy_string(env, "x"));
    assert_null(base_format(env, "x"));
    end_env(&counts, env);
}

static void text_grows_past_any_first_size(void **state) {
    (void)state;
    counting counts;
    base_env *env = make_env(&counts);
    base_text text = {.env = env};
    for (int i = 0; i < 1000; i++) base_text_add(&text, "%04d,", i);
    assert_false(text.failed);
    assert_int_equal(text.length, 5000);
    assert_int_equal(strlen(text.data), 5000);
    assert_memory_equal(text.data, "0000,0001,", 10);
    assert_string_equal(text.data + 4990, "0998,0999,");
    base_text_free(&text);
    assert_null(text.data);
    end_env(&counts, env);
}

/* Whatever the allocation that fails, the text says so at the end, and stays a string. */
static void text_remembers_that_memory_ran_out(void **state) {
    (void)state;
    for (int64_t allowed = 0; allowed < 3; allowed++) {
        counting counts;
        base_env *env = make_env(&counts);
        base_text text = {.env = env};
        counts.left = allowed;
        for (int i = 0; i < 1000; i++) base_text_add(&text, "%04d,", i);
        assert_true(text.failed);
        if (text.data) assert_int_equal(strlen(text.data), text.length);
        counts.left = -1;
        const size_t length = text.length;
        base_text_add(&text, "more");
        assert_true(text.failed && text.length == length); /* no gap in the middle */
        base_text_free(&text);
        end_env(&counts, env);
    }
}

static void arrays_grow_and_keep_their_elements(void **state) {
    (void)state;
    counting counts;
    base_env *env = make_env(&counts);
    uint64_t *items = NULL;
    size_t capacity = 0;
    for (size_t count = 0; count < 1000; count++) {
        assert_true(base_grow(env, &items, sizeof *items, count, &capacity));
        assert_true(capacity > count);
        items[count] = count * count;
    }
    for (size_t i = 0; i < 1000; i++) assert_true(items[i] == i * i);
    counts.left = 0;
    const size_t before = capacity;
    uint64_t *const same = items;
    assert_false(base_grow(env, &items, sizeof *items, capacity, &capacity));
    assert_true(items == same && capacity == before);
    size_t huge = SIZE_MAX / 16 + 1;
    counts.left = -1;
    assert_false(base_grow(env, &items, 16, huge, &huge)); /* the product overflows */
    base_free(env, items);
    end_env(&counts, env);
}

static void cleared_memory_is_checked_and_zero(void **state) {
    (void)state;
    counting counts;
    base_env *env = make_env(&counts);
    assert_null(base_allocate_zero(env, SIZE_MAX / 2, 3));
    unsigned char *bytes = base_allocate_zero(env, 100, 3);
    for (int i = 0; i < 300; i++) assert_int_equal(bytes[i], 0);
    base_free(env, bytes);
    void *nothing = base_allocate(env, 0); /* the caller's allocator never sees a size of 0: counting_allocate */
    assert_non_null(nothing);
    base_free(env, nothing);
    end_env(&counts, env);
}

/* Test vectors of the authors: http://www.isthe.com/chongo/src/fnv/test_fnv.c */
static void hashes_are_fnv_1a(void **state) {
    (void)state;
    assert_true(base_hash("") == UINT64_C(0xcbf29ce484222325));
    assert_true(base_hash("a") == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(base_hash("foobar") == UINT64_C(0x85944171f73967e8));
}

static void every_status_has_a_name(void **state) {
    (void)state;
    assert_string_equal(clade_status_name(CLADE_OK), "OK");
    assert_string_equal(clade_status_name(CLADE_ERROR_DEVICE_LOST), "DEVICE_LOST");
    assert_string_equal(clade_status_name(CLADE_ERROR_NUMERIC), "NUMERIC");
    assert_string_equal(clade_status_name((clade_status)12345), "UNKNOWN");
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", CLADE_VERSION_MAJOR, CLADE_VERSION_MINOR, CLADE_VERSION_PATCH);
    assert_string_equal(clade_version(), version);
}

/* The table of RFC 3629, section 4, from both sides of each border. */
static void characters_are_those_of_utf8(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"a", 1},
        {"\x7f", 1},
        {"\xc2\x80", 2},
        {"\xdf\xbf", 2},
        {"\xe0\xa0\x80", 3},
        {"\xed\x9f\xbf", 3},
        {"\xef\xbf\xbf", 3},
        {"\xf0\x90\x80\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\x80", 0},             /* goes on with what never began */
        {"\xc1\xbf", 0},         /* overlong */
        {"\xe0\x9f\xbf", 0},     /* overlong */
        {"\xf0\x8f\xbf\xbf", 0}, /* overlong */
        {"\xed\xa0\x80", 0},     /* a surrogate */
        {"\xf4\x90\x80\x80", 0}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", 0},
        {"\xc3", 0}, /* the text ends first */
        {"\xe2\x82", 0},
        {"\xf0\x9f\x98", 0},
    };
    for (size_t i = 0; i < BASE_COUNT(cases); i++) assert_int_equal(base_utf8_length(cases[i].text), cases[i].length);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_copied_and_formatted),
        cmocka_unit_test(text_grows_past_any_first_size),
        cmocka_unit_test(text_remembers_that_memory_ran_out),
        cmocka_unit_test(arrays_grow_and_keep_their_elements),
        cmocka_unit_test(cleared_memory_is_checked_and_zero),
        cmocka_unit_test(characters_are_those_of_utf8),
        cmocka_unit_test(hashes_are_fnv_1a),
        cmocka_unit_test(every_status_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
