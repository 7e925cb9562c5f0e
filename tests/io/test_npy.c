/* test_npy.c: arrays in NumPy's format, against files that NumPy wrote (tests/data/make/make_arrays.py). */
#include "io/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static clade_status read_npy(support *test, const char *path) {
    clade_array array;
    const clade_status status = clade_npy_read(test->context, path, &array);
    if (status != CLADE_OK) assert_null(array.data);
    clade_array_clear(test->context, &array);
    return status;
}

static clade_status write_npy(support *test, const char *path) {
    static const uint16_t halves[6] = {0x3c00, 0, 0x8000, 0x7c00, 1, 0x3555};
    const clade_array array = {CLADE_FLOAT16, {2, {2, 3}}, (void *)(uintptr_t)halves};
    return clade_npy_write(test->context, path, &array);
}

static void assert_shape(const clade_array *array, clade_shape expected) {
    assert_int_equal(array->shape.rank, expected.rank);
    for (int32_t i = 0; i < expected.rank; i++) assert_int_equal(array->shape.dims[i], expected.dims[i]);
}

/* Element i of the float files is (i - 3) / 4. */
static void check_floats(support *test, const char *path, clade_shape shape, int count) {
    clade_array array;
    assert_ok(test, clade_npy_read(test->context, path, &array));
    assert_int_equal(array.type, CLADE_FLOAT32);
    assert_shape(&array, shape);
    for (int i = 0; i < count; i++) assert_true(((float *)array.data)[i] == (float)(i - 3) / 4);
    clade_array_clear(test->context, &array);
    assert_null(array.data);
}

static void reads_what_numpy_wrote(void **state) {
    support *test = *state;
    check_floats(test, DATA("npy/float32.npy"), (clade_shape){3, {2, 3, 4}}, 24);
    check_floats(test, DATA("npy/float64.npy"), (clade_shape){2, {5, 2}}, 10);
    check_floats(test, DATA("npy/version2.npy"), (clade_shape){2, {2, 3}}, 6);
    check_floats(test, DATA("npy/version3.npy"), (clade_shape){2, {2, 3}}, 6);
    check_floats(test, DATA("npy/rank6.npy"), (clade_shape){6, {1, 2, 1, 3, 1, 2}}, 12);
    check_floats(test, DATA("npy/scalar.npy"), (clade_shape){1, {1}}, 1); /* a number on its own is [1] */
}

static void reads_float16_and_uint8_as_stored(void **state) {
    support *test = *state;
    static const uint16_t halves[7] = {0xba00, 0xb800, 0xb400, 0, 0x3400, 0x3800, 0x3a00}; /* -0.75 to 0.75 */
    clade_array array;
    assert_ok(test, clade_npy_read(test->context, DATA("npy/float16.npy"), &array));
    assert_int_equal(array.type, CLADE_FLOAT16);
    assert_memory_equal(array.data, halves, sizeof halves);
    clade_array_clear(test->context, &array);

    assert_ok(test, clade_npy_read(test->context, DATA("npy/uint8.npy"), &array));
    assert_int_equal(array.type, CLADE_UINT8);
    assert_shape(&array, (clade_shape){3, {1, 3, 4}});
    for (int i = 0; i < 12; i++) assert_int_equal(((uint8_t *)array.data)[i], i);
    clade_array_clear(test->context, &array);
}

static void refuses_what_it_cannot_hold(void **state) {
    support *test = *state;
    static const struct {
        const char *path;
        clade_status status;
        const char *word;
    } cases[] = {
        {DATA("npy/fortran.npy"), CLADE_ERROR_UNSUPPORTED, "Fortran order"},
        {DATA("npy/big_endian.npy"), CLADE_ERROR_UNSUPPORTED, "big endian"},
        {DATA("npy/int32.npy"), CLADE_ERROR_UNSUPPORTED, "<i4"},
        {DATA("npy/complex64.npy"), CLADE_ERROR_UNSUPPORTED, "<c8"},
        {DATA("npy/structured.npy"), CLADE_ERROR_FORMAT, "simple type"},
        {DATA("npy/empty.npy"), CLADE_ERROR_FORMAT, "no elements"},
        {DATA("npy/rank7.npy"), CLADE_ERROR_FORMAT, "more than 6 dimensions"},
        {DATA("npy/absent.npy"), CLADE_ERROR_NOT_FOUND, "No such file"},
        {DATA("npy"), CLADE_ERROR_IO, "not a regular file"},
        {DATA("idx/images.idx"), CLADE_ERROR_FORMAT, "not in NumPy's format"},
        {"/dev/zero", CLADE_ERROR_IO, "not a regular file"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_failure(test, read_npy(test, cases[i].path), cases[i].status, "failed to read array", cases[i].path,
                       cases[i].word);
}

/* A version 1 file with this dictionary and 24 bytes of data. */
static clade_status read_header(support *test, const char *dictionary) {
    uint8_t file[512] = "\x93NUMPY\x01";
    const size_t length = strlen(dictionary);
    file[8] = (uint8_t)length;
    memcpy(file + 10, dictionary, length);
    support_store(test->path, file, 10 + length + 24);
    return read_npy(test, test->path);
}

static void reads_any_spelling_of_the_header(void **state) {
    support *test = *state;
    static const char *const valid[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }  \n",
        "{'shape':(6,),'descr':'=f4','fortran_order':False}",
        "{\"fortran_order\": False, \"shape\": (1, 6,), \"descr\": \"f4\"}",
        "  {\n'descr': '<f8', 'fortran_order': False, 'shape': (3,)}\n",
        "{'descr': 'u1', 'fortran_order': False, 'shape': (24,)}",
        "{'descr': '>u1', 'fortran_order': False, 'shape': (24,)}",
    };
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) assert_ok(test, read_header(test, valid[i]));
}

static void refuses_hostile_headers(void **state) {
    support *test = *state;
    static const struct {
        const char *dictionary, *word;
    } hostile[] = {
        {"", "no dictionary"},
        {"{", "no dictionary"},
        {"{}", "lacks descr"},
        {"{'descr': '<f4', 'fortran_order': False}", "lacks shape"},
        {"{'descr': '<f4', 'shape': (6,)}", "lacks fortran_order"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'shape': (6,)}", "shape twice"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'evil': 1}", "evil that is none"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}", "neither True nor False"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (6)}", "no tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': [6]}", "no tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': 6}", "no tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", "comma"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-6,)}", "no valid number"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "no valid number"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "no valid number"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "too large"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904,)}", "too large"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 6)}", "no elements"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (7,)}", "needs 28 bytes, it has 24"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (5,)}", "needs 20 bytes, it has 24"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} exec", "after the dictionary"},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (6,)}", "no dictionary"},
        {"{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (6,)}", "simple type"},
        {"{'descr': '<f4", "simple type"},
        {"{'descr': '', 'fortran_order': False, 'shape': (6,)}", "its elements are ,"},
    };
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        const clade_status status = read_header(test, hostile[i].dictionary);
        assert_true(status == CLADE_ERROR_FORMAT || status == CLADE_ERROR_UNSUPPORTED);
        assert_failure(test, status, status, hostile[i].word);
    }
}

static void survives_damage(void **state) {
    support *test = *state;
    static const char *const files[] = {DATA("npy/float32.npy"), DATA("npy/float64.npy"), DATA("npy/version2.npy")};
    for (size_t i = 0; i < 3; i++) {
        support_refuse_truncations(test, files[i], read_npy);
        support_survive_flips(test, files[i], read_npy, 300, 3);
        support_survive_no_memory(test, files[i], read_npy);
    }
}

/* Reading gives what was written, and NumPy's own reader sees the header it expects: version 1, data at 64 bytes. */
static void round_trips(void **state) {
    support *test = *state;
    static float floats[] = {0, -0.0f, 1.5f, 3.4e38f, 1e-40f, -7};
    static uint8_t bytes[] = {0, 1, 127, 128, 254, 255};
    const clade_shape shapes[] = {{1, {6}}, {2, {2, 3}}, {4, {1, 3, 1, 2}}, {6, {1, 1, 6, 1, 1, 1}}};
    for (size_t i = 0; i < 4; i++)
        for (int wide = 0; wide < 2; wide++) {
            const clade_array written = {wide ? CLADE_FLOAT32 : CLADE_UINT8, shapes[i], wide ? (void *)floats : bytes};
            clade_array read;
            size_t size = 0;
            assert_ok(test, clade_npy_write(test->context, test->path, &written));
            assert_ok(test, clade_npy_read(test->context, test->path, &read));
            assert_int_equal(read.type, written.type);
            assert_shape(&read, shapes[i]);
            assert_memory_equal(read.data, written.data, wide ? sizeof floats : sizeof bytes);
            clade_array_clear(test->context, &read);

            uint8_t *file = support_load(test->path, &size);
            assert_memory_equal(file, "\x93NUMPY\x01\x00", 8);
            assert_int_equal((10 + file[8] + 256 * file[9]) % 64, 0);
            assert_int_equal(file[10 + file[8] + 256 * file[9] - 1], '\n');
            free(file);
        }
}

static void writes_the_bytes_that_numpy_writes(void **state) {
    support *test = *state;
    static const char *const files[] = {DATA("npy/float32.npy"), DATA("npy/float16.npy"), DATA("npy/uint8.npy")};
    for (size_t i = 0; i < 3; i++) {
        clade_array array;
        size_t expected_size = 0, size = 0;
        assert_ok(test, clade_npy_read(test->context, files[i], &array));
        assert_ok(test, clade_npy_write(test->context, test->path, &array));
        clade_array_clear(test->context, &array);
        uint8_t *expected = support_load(files[i], &expected_size), *found = support_load(test->path, &size);
        assert_int_equal(size, expected_size);
        assert_memory_equal(found, expected, size);
        free(found);
        free(expected);
    }
}

static void widens_bfloat16(void **state) {
    support *test = *state;
    enum { COUNT = 3000 }; /* more than a piece */
    static uint16_t values[COUNT];
    clade_array array = {CLADE_BFLOAT16, {1, {COUNT}}, values};
    for (int i = 0; i < COUNT; i++) values[i] = (uint16_t)(0x3f80 + i);
    assert_ok(test, clade_npy_write(test->context, test->path, &array));
    assert_ok(test, clade_npy_read(test->context, test->path, &array));
    assert_int_equal(array.type, CLADE_FLOAT32);
    for (int i = 0; i < COUNT; i++) {
        uint32_t bits;
        memcpy(&bits, (float *)array.data + i, sizeof bits);
        assert_int_equal(bits, (uint32_t)(0x3f80 + i) << 16);
    }
    clade_array_clear(test->context, &array);
}

static void refuses_to_write_nonsense(void **state) {
    support *test = *state;
    float value = 1;
    clade_array array = {CLADE_FLOAT32, {1, {0}}, &value};
    assert_failure(test, clade_npy_write(test->context, test->path, &array), CLADE_ERROR_SHAPE, "[0]");
    array.shape = (clade_shape){2, {INT64_MAX, 2}};
    assert_failure(test, clade_npy_write(test->context, test->path, &array), CLADE_ERROR_SHAPE, "too many");
    array = (clade_array){(clade_type)77, {1, {1}}, &value};
    assert_failure(test, clade_npy_write(test->context, test->path, &array), CLADE_ERROR_SHAPE, "unknown type");
    array = (clade_array){CLADE_FLOAT32, {1, {1}}, NULL};
    assert_failure(test, clade_npy_write(test->context, test->path, &array), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_int_equal(clade_npy_write(NULL, test->path, &array), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_npy_read(NULL, test->path, &array), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(support_count_files(test), 0);
    support_survive_no_memory(test, test->path, write_npy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(reads_what_numpy_wrote),
        SUPPORT_TEST(reads_float16_and_uint8_as_stored),
        SUPPORT_TEST(refuses_what_it_cannot_hold),
        SUPPORT_TEST(reads_any_spelling_of_the_header),
        SUPPORT_TEST(refuses_hostile_headers),
        SUPPORT_TEST(survives_damage),
        SUPPORT_TEST(round_trips),
        SUPPORT_TEST(writes_the_bytes_that_numpy_writes),
        SUPPORT_TEST(widens_bfloat16),
        SUPPORT_TEST(refuses_to_write_nonsense),
    };
    return cmocka_run_group_tests_name("npy", tests, NULL, NULL);
}
