/* support.c: see support.h. */
#define _GNU_SOURCE
#include "io/support.h"
#include "shared/random.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *allocate(void *user, size_t size) {
    support *test = user;
    pthread_mutex_lock(&test->lock);
    void *memory = test->countdown != 0 ? malloc(size) : NULL;
    if (memory) test->live++;
    if (test->countdown > 0) test->countdown--;
    pthread_mutex_unlock(&test->lock);
    return memory;
}

static void deallocate(void *user, void *memory) {
    support *test = user;
    pthread_mutex_lock(&test->lock);
    test->live--;
    pthread_mutex_unlock(&test->lock);
    free(memory);
}

int support_setup(void **state) {
    support *test = calloc(1, sizeof *test);
    const clade_allocator allocator = {allocate, deallocate, test};
    clade_context_settings settings = clade_context_defaults();
    if (!test || pthread_mutex_init(&test->lock, NULL) != 0) return -1;
    *state = test;
    test->countdown = -1;
    settings.device = "none";
    settings.cache_directory = "";
    settings.allocator = &allocator;
    snprintf(test->folder, sizeof test->folder, "/tmp/clade_test_io_XXXXXX");
    if (!mkdtemp(test->folder)) return -1;
    snprintf(test->path, sizeof test->path, "%s/file", test->folder);
    if (clade_context_create(&settings, &test->context) != CLADE_OK) return -1;
    /* The place for this thread's message is taken with the first failure; not in the middle of a count. */
    clade_array array;
    return clade_npy_read(test->context, NULL, &array) == CLADE_ERROR_INVALID_ARGUMENT ? 0 : -1;
}

static void remove_folder(const char *folder) {
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (remove(path) != 0) remove_folder(path);
    }
    if (listing) closedir(listing);
    rmdir(folder);
}

int support_teardown(void **state) {
    support *test = *state;
    clade_context_destroy(&test->context);
    const long live = test->live;
    remove_folder(test->folder);
    pthread_mutex_destroy(&test->lock);
    free(test);
    if (live != 0) fprintf(stderr, "%ld blocks were not freed\n", live);
    return live == 0 ? 0 : -1;
}

void support_check_failure(support *test, const char *call, clade_status found, clade_status expected,
                           const char *const *words) {
    char message[1024];
    clade_context_message(test->context, message, sizeof message);
    if (found != expected)
        fail_msg("%s: %s instead of %s: %s", call, clade_status_name(found), clade_status_name(expected), message);
    for (; *words; words++)
        if (!strstr(message, *words)) fail_msg("%s: \"%s\" does not say \"%s\"", call, message, *words);
}

void support_check_ok(support *test, const char *call, clade_status status) {
    char message[1024];
    clade_context_message(test->context, message, sizeof message);
    if (status != CLADE_OK) fail_msg("%s: %s: %s", call, clade_status_name(status), message);
}

uint8_t *support_load(const char *path, size_t *size_out) {
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s cannot be opened", path);
    fseek(file, 0, SEEK_END);
    *size_out = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*size_out + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *size_out, file), *size_out);
    fclose(file);
    return data;
}

void support_store(const char *path, const void *data, size_t size) {
    remove(path); /* ext4 flushes a file that is cut to nothing and written again, a new one it does not */
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

size_t support_count_files(const support *test) {
    size_t count = 0;
    DIR *listing = opendir(test->folder);
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));) count += entry->d_name[0] != '.';
    closedir(listing);
    return count;
}

void support_refuse_truncations(support *test, const char *path, support_reader read) {
    size_t size = 0;
    uint8_t *data = support_load(path, &size);
    assert_ok(test, read(test, path));
    const long live = test->live;
    for (size_t length = 0; length < size; length++) {
        support_store(test->path, data, length);
        if (read(test, test->path) == CLADE_OK) fail_msg("%s is accepted with %zu of %zu bytes", path, length, size);
        assert_int_equal(test->live, live);
    }
    free(data);
}

void support_survive_flips(support *test, const char *path, support_reader read, int rounds, int flips) {
    size_t size = 0;
    uint8_t *data = support_load(path, &size), *damaged = malloc(size);
    uint64_t state = size;
    const long live = test->live;
    assert_non_null(damaged);
    for (int round = 0; round < rounds; round++) {
        memcpy(damaged, data, size);
        for (int flip = 0; flip < flips; flip++) {
            const uint64_t bit = random_bits(&state) % (8 * size);
            damaged[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        support_store(test->path, damaged, size);
        const clade_status status = read(test, test->path);
        if (status == CLADE_ERROR_INTERNAL || status == CLADE_ERROR_IO || status == CLADE_ERROR_INVALID_ARGUMENT)
            fail_msg("%s, damaged, gives %s", path, clade_status_name(status));
        assert_int_equal(test->live, live);
    }
    free(damaged);
    free(data);
}

void support_survive_no_memory(support *test, const char *path, support_reader call) {
    const long live = test->live;
    clade_status status = CLADE_ERROR_OUT_OF_MEMORY;
    int survived = 0;
    while (status != CLADE_OK) {
        test->countdown = survived;
        status = call(test, path);
        test->countdown = -1;
        if (status != CLADE_OK) {
            if (status != CLADE_ERROR_OUT_OF_MEMORY)
                fail_msg("%s: allocation %d fails as %s", path, survived, clade_status_name(status));
            survived++;
        }
        assert_int_equal(test->live, live);
    }
    assert_in_range(survived, 1, 10000);
}

void support_expect_same_bytes(support *test, support_reader write) {
    size_t size = 0, again_size = 0;
    assert_ok(test, write(test, test->path));
    uint8_t *file = support_load(test->path, &size);
    assert_ok(test, write(test, test->path));
    uint8_t *again = support_load(test->path, &again_size);
    assert_int_equal(size, again_size);
    assert_memory_equal(file, again, size);
    assert_int_equal(support_count_files(test), 1);
    free(again);
    free(file);
}
