/* test_idx.c: IDX data sets, small ones written by Python (tests/data/make/make_datasets.py) and Fashion-MNIST itself. */
#include "io/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define FASHION_MNIST "/usr/share/datasets/fashion-mnist/"

static clade_status read_idx(support *test, const char *path) {
    clade_array array;
    const clade_status status = clade_idx_read(test->context, path, &array);
    if (status != CLADE_OK) assert_null(array.data);
    clade_array_clear(test->context, &array);
    return status;
}

static void check_images(support *test, const char *path) {
    clade_array array;
    assert_ok(test, clade_idx_read(test->context, path, &array));
    assert_int_equal(array.type, CLADE_UINT8);
    assert_int_equal(array.shape.rank, 3);
    assert_int_equal(array.shape.dims[0], 3);
    assert_int_equal(array.shape.dims[1], 4);
    assert_int_equal(array.shape.dims[2], 5);
    for (int i = 0; i < 60; i++) assert_int_equal(((uint8_t *)array.data)[i], 7 * i % 256);
    clade_array_clear(test->context, &array);
}

static void reads_plain_and_compressed_files(void **state) {
    support *test = *state;
    static const uint8_t expected[6] = {9, 2, 1, 1, 6, 0};
    clade_array labels;
    check_images(test, DATA("idx/images.idx"));
    check_images(test, DATA("idx/images.idx.gz"));
    check_images(test, DATA("idx/members.idx.gz")); /* a gzip file may have several members */
    assert_ok(test, clade_idx_read(test->context, DATA("idx/labels.idx"), &labels));
    assert_int_equal(labels.shape.rank, 1);
    assert_int_equal(labels.shape.dims[0], 6);
    assert_memory_equal(labels.data, expected, 6);
    clade_array_clear(test->context, &labels);
}

static void survives_damage(void **state) {
    support *test = *state;
    static const char *const files[] = {DATA("idx/images.idx"), DATA("idx/images.idx.gz"), DATA("idx/members.idx.gz"),
                                        DATA("idx/labels.idx")};
    for (size_t i = 0; i < 4; i++) {
        support_refuse_truncations(test, files[i], read_idx);
        support_survive_flips(test, files[i], read_idx, 300, 2);
        support_survive_no_memory(test, files[i], read_idx);
    }
}

/* The contents: plain, then compressed by zlib. */
static void check_refused(support *test, const void *contents, size_t size, clade_status status, const char *word) {
    support_store(test->path, contents, size);
    assert_failure(test, read_idx(test, test->path), status, "failed to read data set", test->path, word);
    gzFile packed = gzopen(test->path, "wb");
    assert_non_null(packed);
    assert_int_equal(gzwrite(packed, contents, (unsigned)size), size);
    assert_int_equal(gzclose(packed), Z_OK);
    assert_failure(test, read_idx(test, test->path), status, "failed to read data set", test->path, word);
}

static void refuses_hostile_files(void **state) {
    support *test = *state;
    static const struct {
        const char *contents;
        size_t size;
        clade_status status;
        const char *word;
    } cases[] = {
        {"\0\0\x08\1\0\0\0\2ab!", 11, CLADE_ERROR_FORMAT, "goes on after its last element"},
        {"\0\0\x08\1\0\0\0\3ab", 10, CLADE_ERROR_FORMAT, "truncated"},
        {"\0\0\x08\1\0\0\0\0", 8, CLADE_ERROR_FORMAT, "no element"},
        {"\0\0\x08\2\0\0\0\2\0\0\0\0ab", 14, CLADE_ERROR_FORMAT, "[2, 0] has no element"},
        {"\0\0\x08\0a", 5, CLADE_ERROR_FORMAT, "0 dimensions"},
        {"\0\0\x08\5\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1a", 25, CLADE_ERROR_FORMAT, "5 dimensions"},
        {"\0\0\x0d\1\0\0\0\1abcd", 12, CLADE_ERROR_UNSUPPORTED, "0x0d"},
        {"\0\1\x08\1\0\0\0\1a", 9, CLADE_ERROR_FORMAT, "not in the IDX format"},
        {"PNG and more", 12, CLADE_ERROR_FORMAT, "not in the IDX format"},
        {"\0\0\x08\1\x80\0\0\1ab", 10, CLADE_ERROR_FORMAT, "more than 2147483648"},
        {"\0\0\x08\4\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff!", 21, CLADE_ERROR_FORMAT,
         "more than"},
        {"\0\0\x08\1\x7f\xff\xff\xff!", 9, CLADE_ERROR_FORMAT, "cannot hold"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(test, cases[i].contents, cases[i].size, cases[i].status, cases[i].word);
}

static void refuses_data_behind_the_compressed_stream(void **state) {
    support *test = *state;
    size_t size = 0;
    uint8_t *data = support_load(DATA("idx/images.idx.gz"), &size);
    data[size] = 0;
    support_store(test->path, data, size + 1);
    assert_failure(test, read_idx(test, test->path), CLADE_ERROR_FORMAT, "goes on after its last element");
    data[size - 5] ^= 1; /* in the checksum */
    support_store(test->path, data, size);
    assert_failure(test, read_idx(test, test->path), CLADE_ERROR_FORMAT, "damaged", "incorrect data check");
    free(data);
}

/* The largest count that the file's size allows is inflated; memory for more is never taken. */
static void does_not_inflate_bombs(void **state) {
    support *test = *state;
    enum { ZEROS = 4 << 20 };
    uint8_t header[8] = {0, 0, 8, 1, 0, 0, 0, 5};
    uint8_t *zeros = calloc(1, ZEROS);
    gzFile packed = gzopen(test->path, "wb9");
    assert_non_null(zeros);
    assert_non_null(packed);
    assert_int_equal(gzwrite(packed, header, sizeof header), sizeof header);
    assert_int_equal(gzwrite(packed, zeros, ZEROS), ZEROS);
    assert_int_equal(gzclose(packed), Z_OK);
    free(zeros);
    assert_failure(test, read_idx(test, test->path), CLADE_ERROR_FORMAT, "goes on after its last element");
}

/* A file that holds all that it announces may still be a bomb: refused by its header, before anything is inflated. */
static void refuses_what_is_too_small_for_its_contents(void **state) {
    support *test = *state;
    enum { PIECE = 1 << 20, PIECES = 65 };
    const uint8_t header[8] = {0, 0, 8, 1, PIECES >> 4, (PIECES & 15) << 4, 0, 0}; /* 65 MiB */
    uint8_t *zeros = calloc(1, PIECE);
    gzFile packed = gzopen(test->path, "wb9");
    assert_non_null(zeros);
    assert_non_null(packed);
    assert_int_equal(gzwrite(packed, header, sizeof header), sizeof header);
    for (int i = 0; i < PIECES; i++) assert_int_equal(gzwrite(packed, zeros, PIECE), PIECE);
    assert_int_equal(gzclose(packed), Z_OK);
    free(zeros);
    assert_failure(test, read_idx(test, test->path), CLADE_ERROR_UNSUPPORTED, "for each of its");
}

static void reads_fashion_mnist(void **state) {
    support *test = *state;
    if (access(FASHION_MNIST, R_OK) != 0) skip(); /* Debian's dataset-fashion-mnist */
    static const uint8_t first_labels[] = {9, 2, 1, 1, 6, 1, 4, 6, 5, 7, 4, 5, 7, 3, 4, 1};
    clade_array images, labels;
    assert_ok(test, clade_idx_read(test->context, FASHION_MNIST "t10k-images-idx3-ubyte.gz", &images));
    assert_ok(test, clade_idx_read(test->context, FASHION_MNIST "t10k-labels-idx1-ubyte.gz", &labels));
    assert_int_equal(images.shape.rank, 3);
    assert_int_equal(images.shape.dims[0], 10000);
    assert_int_equal(images.shape.dims[1], 28);
    assert_int_equal(images.shape.dims[2], 28);
    assert_int_equal(labels.shape.rank, 1);
    assert_int_equal(labels.shape.dims[0], 10000);
    assert_memory_equal(labels.data, first_labels, sizeof first_labels);
    clade_array_clear(test->context, &images);
    clade_array_clear(test->context, &labels);
}

static void refuses_null(void **state) {
    support *test = *state;
    clade_array array;
    assert_failure(test, clade_idx_read(test->context, NULL, &array), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_failure(test, clade_idx_read(test->context, test->path, NULL), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_int_equal(clade_idx_read(NULL, test->path, &array), CLADE_ERROR_INVALID_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(reads_plain_and_compressed_files),
        SUPPORT_TEST(survives_damage),
        SUPPORT_TEST(refuses_hostile_files),
        SUPPORT_TEST(refuses_data_behind_the_compressed_stream),
        SUPPORT_TEST(does_not_inflate_bombs),
        SUPPORT_TEST(refuses_what_is_too_small_for_its_contents),
        SUPPORT_TEST(reads_fashion_mnist),
        SUPPORT_TEST(refuses_null),
    };
    return cmocka_run_group_tests_name("idx", tests, NULL, NULL);
}
