/* test_labels.c: names of classes from text files. */
#include "io/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static clade_status read_labels(support *test, const char *path) {
    clade_labels labels;
    const clade_status status = clade_labels_read(test->context, path, &labels);
    if (status != CLADE_OK) assert_true(labels.count == 0 && labels.names == NULL);
    clade_labels_clear(test->context, &labels);
    return status;
}

static void check(support *test, const char *text, size_t count, const char *const *names) {
    clade_labels labels;
    support_store(test->path, text, strlen(text));
    assert_ok(test, clade_labels_read(test->context, test->path, &labels));
    assert_int_equal(labels.count, count);
    for (size_t i = 0; i < count; i++) assert_string_equal(labels.names[i], names[i]);
    clade_labels_clear(test->context, &labels);
    assert_true(labels.count == 0 && labels.names == NULL);
}

#define NAMES(...)                                                                                                     \
    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]) { __VA_ARGS__ }

static void splits_at_either_line_end(void **state) {
    support *test = *state;
    check(test, "cat\ndog\n", NAMES("cat", "dog"));
    check(test, "cat\r\ndog\r\n", NAMES("cat", "dog"));
    check(test, "cat\ndog", NAMES("cat", "dog"));
    check(test, "cat\r\ndog", NAMES("cat", "dog"));
    check(test, "one", NAMES("one"));
    check(test, "a\rb\n", NAMES("a\rb"));
}

/* The number of a class is the number of its line, so empty lines count. */
static void keeps_empty_lines(void **state) {
    support *test = *state;
    check(test, "\n", NAMES(""));
    check(test, "a\n\nc\n", NAMES("a", "", "c"));
    check(test, "\r\n\r\nc", NAMES("", "", "c"));
    check(test, "a\n\n", NAMES("a", ""));
}

static void keeps_utf8_and_drops_a_byte_order_mark(void **state) {
    support *test = *state;
    check(test, "\xef\xbb\xbfM\xc3\xb6we, Vogel\n\xe7\x8c\xab\n", NAMES("M\xc3\xb6we, Vogel", "\xe7\x8c\xab"));
}

static void refuses_what_is_no_text(void **state) {
    support *test = *state;
    support_store(test->path, "a\0b\n", 4);
    assert_failure(test, read_labels(test, test->path), CLADE_ERROR_FORMAT, "failed to read labels", test->path,
                   "zero byte");
    support_store(test->path, "", 0);
    assert_failure(test, read_labels(test, test->path), CLADE_ERROR_FORMAT, "empty");
    support_store(test->path, "\xef\xbb\xbf", 3);
    assert_failure(test, read_labels(test, test->path), CLADE_ERROR_FORMAT, "empty");
    assert_failure(test, read_labels(test, "/nonexistent/labels.txt"), CLADE_ERROR_NOT_FOUND,
                   "/nonexistent/labels.txt");
    assert_failure(test, read_labels(test, "/"), CLADE_ERROR_IO, "not a regular file");
    assert_failure(test, read_labels(test, NULL), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
}

static void caps_bytes_and_lines(void **state) {
    support *test = *state;
    const size_t size = ((size_t)16 << 20) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    support_store(test->path, text, size);
    assert_failure(test, read_labels(test, test->path), CLADE_ERROR_FORMAT, "16777217 bytes, at most 16777216");
    support_store(test->path, text, size - 1);
    assert_ok(test, read_labels(test, test->path));
    memset(text, '\n', size);
    support_store(test->path, text, (1 << 20) + 1);
    assert_failure(test, read_labels(test, test->path), CLADE_ERROR_FORMAT, "1048577 lines, at most 1048576");
    support_store(test->path, text, 1 << 20);
    assert_ok(test, read_labels(test, test->path));
    free(text);
}

static void survives_damage(void **state) {
    support *test = *state;
    static const char text[] = "\xef\xbb\xbf"
                               "first\r\nsecond\n\nfourth";
    char path[160];
    snprintf(path, sizeof path, "%s/labels.txt", test->folder);
    support_store(path, text, strlen(text));
    support_survive_flips(test, path, read_labels, 1000, 2);
    support_survive_no_memory(test, path, read_labels);
}

static void reads_the_labels_of_the_weights(void **state) {
    support *test = *state;
    clade_labels labels;
    assert_ok(test, clade_labels_read(test->context, PROJECT_SOURCE "/weights/fashion_mnist.labels.txt", &labels));
    assert_int_equal(labels.count, 10);
    assert_string_equal(labels.names[0], "T-shirt/top");
    assert_string_equal(labels.names[9], "Ankle boot");
    clade_labels_clear(test->context, &labels);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(splits_at_either_line_end),
        SUPPORT_TEST(keeps_empty_lines),
        SUPPORT_TEST(keeps_utf8_and_drops_a_byte_order_mark),
        SUPPORT_TEST(refuses_what_is_no_text),
        SUPPORT_TEST(caps_bytes_and_lines),
        SUPPORT_TEST(survives_damage),
        SUPPORT_TEST(reads_the_labels_of_the_weights),
    };
    return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
