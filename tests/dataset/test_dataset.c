/* test_dataset.c: sets of images from IDX files, folders and memory: what they say of themselves, and what they refuse. */
#include "dataset/pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FASHION_MNIST "/usr/share/datasets/fashion-mnist/"

static clade_dataset_info describe(support *test, const clade_dataset *set) {
    clade_dataset_info info;
    assert_ok(test, clade_dataset_describe(set, &info));
    return info;
}

/* ---- IDX ---------------------------------------------------------------------------------------------------------------- */

static void store_idx(const support *test, const char *name, int rank, const int *dims, const uint8_t *data) {
    uint8_t file[4096] = {0, 0, 8, (uint8_t)rank};
    size_t size = 4, count = 1;
    for (int i = 0; i < rank; i++, size += 4) {
        file[size + 3] = (uint8_t)dims[i];
        count *= (size_t)dims[i];
    }
    memcpy(file + size, data, count);
    picture_store_bytes(test, name, file, size + count);
}

/* Three grey images of 4 x 5 with these labels. */
static void store_pair(const support *test, const uint8_t *labels, int label_count) {
    uint8_t *pixels = picture_array(3, 4, 5, 1);
    store_idx(test, "images", 3, (int[]){3, 4, 5}, pixels);
    store_idx(test, "labels", 1, &label_count, labels);
    free(pixels);
}

static clade_status read_pair(support *test, const clade_dataset_settings *settings, clade_dataset **set) {
    return clade_dataset_read_idx(test->context, picture_path(test, "images"), picture_path(test, "labels"), settings,
                                  set);
}

static void reads_idx_files(void **state) {
    support *test = *state;
    clade_dataset *set = NULL;
    clade_array image;
    store_pair(test, (const uint8_t[]){1, 0, 2}, 3);
    assert_ok(test, read_pair(test, NULL, &set));
    const clade_dataset_info info = describe(test, set);
    assert_int_equal(info.count, 3);
    assert_int_equal(info.classes, 3);
    assert_int_equal(info.channels, 1);
    assert_int_equal(info.height, 4);
    assert_int_equal(info.width, 5);
    assert_int_equal(info.skipped, 0);
    assert_memory_equal(clade_dataset_labels(set), ((const int32_t[]){1, 0, 2}), 3 * sizeof(int32_t));
    assert_string_equal(clade_dataset_class_name(set, 2), "2");
    assert_null(clade_dataset_class_name(set, 3));
    assert_null(clade_dataset_class_name(set, -1));
    assert_null(clade_dataset_path(set, 0));
    assert_ok(test, clade_dataset_image(set, 2, &image));
    assert_int_equal(image.shape.rank, 3);
    assert_int_equal(image.shape.dims[0], 4);
    assert_int_equal(image.shape.dims[1], 5);
    assert_int_equal(image.shape.dims[2], 1);
    for (int i = 0; i < 20; i++) assert_int_equal(((uint8_t *)image.data)[i], picture_sample(2, i / 5, i % 5, 0));
    clade_array_clear(test->context, &image);
    assert_failure(test, clade_dataset_image(set, 3, &image), CLADE_ERROR_NOT_FOUND, "image 3", "has 3");
    assert_null(image.data);
    clade_dataset_destroy(&set);
    assert_null(set);
}

static void reads_fashion_mnist(void **state) {
    support *test = *state;
    const char *images = FASHION_MNIST "t10k-images-idx3-ubyte.gz", *labels = FASHION_MNIST "t10k-labels-idx1-ubyte.gz";
    clade_dataset *set = NULL;
    clade_array array;
    if (access(images, R_OK) != 0) skip();
    assert_ok(test, clade_dataset_read_idx(test->context, images, labels, NULL, &set));
    const clade_dataset_info info = describe(test, set);
    assert_int_equal(info.count, 10000);
    assert_int_equal(info.classes, 10);
    int counts[10] = {0};
    for (int i = 0; i < 10000; i++) counts[clade_dataset_labels(set)[i]]++;
    for (int i = 0; i < 10; i++) assert_int_equal(counts[i], 1000);
    clade_array all;
    assert_ok(test, clade_idx_read(test->context, images, &all));
    assert_ok(test, clade_dataset_image(set, 9999, &array));
    assert_memory_equal(array.data, (uint8_t *)all.data + 9999 * 784, 784);
    clade_array_clear(test->context, &array);
    clade_array_clear(test->context, &all);
    clade_dataset_destroy(&set);
}

static void refuses_labels_that_do_not_fit(void **state) {
    support *test = *state;
    clade_dataset *set = NULL;
    store_pair(test, (const uint8_t[]){1, 7, 9}, 3);
    assert_failure(test, read_pair(test, &(clade_dataset_settings){.classes = 7}, &set), CLADE_ERROR_FORMAT,
                   "image 1 is 7", "2 of 3 labels", "0 to 6", test->folder);
    assert_null(set);
    assert_failure(test, read_pair(test, NULL, &set), CLADE_ERROR_FORMAT, "class 0, \"0\", has no images",
                   "7 such classes of 10", "empty_classes");
    assert_ok(test, read_pair(test, &(clade_dataset_settings){.classes = 1000, .empty_classes = true}, &set));
    assert_int_equal(describe(test, set).classes, 1000);
    clade_dataset_destroy(&set);
    store_pair(test, (const uint8_t[]){0, 1}, 2);
    assert_failure(test, read_pair(test, NULL, &set), CLADE_ERROR_SHAPE, "3 images and 2 labels");
    store_idx(test, "labels", 2, (int[]){3, 1}, (const uint8_t[]){0, 1, 0});
    assert_failure(test, read_pair(test, NULL, &set), CLADE_ERROR_SHAPE, "labels of shape [3, 1]");
    store_pair(test, (const uint8_t[]){0, 1, 0}, 3);
    store_idx(test, "images", 1, (int[]){3}, (const uint8_t[]){0, 1, 0});
    assert_failure(test, read_pair(test, NULL, &set), CLADE_ERROR_SHAPE, "images of shape [3]");
    picture_store_bytes(test, "images", "\0\0\x08\3\0\0\0\3\0\0\0\4\0\0\0\5abc", 19);
    assert_failure(test, read_pair(test, NULL, &set), CLADE_ERROR_FORMAT, "truncated", picture_path(test, "images"));
    assert_failure(
        test,
        clade_dataset_read_idx(test->context, picture_path(test, "none"), picture_path(test, "labels"), NULL, &set),
        CLADE_ERROR_NOT_FOUND, "none");
}

static void names_classes(void **state) {
    support *test = *state;
    clade_dataset *set = NULL;
    static const char *const names[] = {"shirt", "shoe"};
    static const char *const hole[] = {"shirt", NULL};
    store_pair(test, (const uint8_t[]){1, 0, 1}, 3);
    assert_ok(test, read_pair(test, &(clade_dataset_settings){.classes = 2, .class_names = names}, &set));
    assert_string_equal(clade_dataset_class_name(set, 1), "shoe");
    clade_dataset_destroy(&set);
    assert_failure(test, read_pair(test, &(clade_dataset_settings){.class_names = names}, &set),
                   CLADE_ERROR_INVALID_ARGUMENT, "class_names");
    assert_failure(test, read_pair(test, &(clade_dataset_settings){.classes = 2, .class_names = hole}, &set),
                   CLADE_ERROR_INVALID_ARGUMENT, "class_names[1]");
}

static void refuses_bad_settings(void **state) {
    support *test = *state;
    clade_dataset *set = NULL;
    static const clade_dataset_settings bad[] = {{.classes = -1},  {.classes = INT32_MAX}, {.channels = 2},
                                                 {.channels = -1}, {.damaged = 3},         {.reserved[5] = 1}};
    store_pair(test, (const uint8_t[]){1, 0, 1}, 3);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_failure(test, read_pair(test, &bad[i], &set), CLADE_ERROR_INVALID_ARGUMENT, "failed to make a data set");
        assert_null(set);
    }
    assert_int_equal(clade_dataset_read_idx(NULL, "a", "b", NULL, &set), CLADE_ERROR_INVALID_ARGUMENT);
    assert_failure(test, clade_dataset_read_idx(test->context, NULL, "b", NULL, &set), CLADE_ERROR_INVALID_ARGUMENT,
                   "NULL");
    assert_failure(test, clade_dataset_open_folder(test->context, NULL, NULL, &set), CLADE_ERROR_INVALID_ARGUMENT,
                   "NULL");
    assert_int_equal(clade_dataset_describe(NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_null(clade_dataset_labels(NULL));
    assert_null(clade_dataset_class_name(NULL, 0));
    clade_dataset_destroy(NULL);
    clade_dataset_destroy(&set);
}

/* ---- Folders ------------------------------------------------------------------------------------------------------------ */

static clade_status open_folder(support *test, const clade_dataset_settings *settings, clade_dataset **set) {
    return clade_dataset_open_folder(test->context, test->folder, settings, set);
}

/* Two classes, made in an order that is not theirs; what is not to be seen beside them. */
static void store_folder(const support *test) {
    picture_store(test, "dog/b.png", 3, 6, 8, 3);
    picture_store(test, "dog/a.png", 2, 6, 8, 3);
    picture_store(test, "cat/10.png", 0, 6, 8, 3);
    picture_store(test, "cat/9.png", 1, 6, 8, 1);
    picture_store_bytes(test, "cat/.hidden", "x", 1);
    picture_store_bytes(test, ".thumbnails/x", "x", 1);
    picture_store_bytes(test, "README", "x", 1);
}

static void opens_folders(void **state) {
    support *test = *state;
    clade_dataset *set = NULL;
    clade_array image;
    store_folder(test);
    assert_ok(test, open_folder(test, NULL, &set));
    const clade_dataset_info info = describe(test, set);
    assert_int_equal(info.count, 4);
    assert_int_equal(info.classes, 2);
    assert_int_equal(info.channels, 3);
    assert_int_equal(info.height, 6);
    assert_int_equal(info.width, 8);
    assert_string_equal(clade_dataset_class_name(set, 0), "cat");
    assert_string_equal(clade_dataset_class_name(set, 1), "dog");
    static const char *const names[] = {"cat/10.png", "cat/9.png", "dog/a.png", "dog/b.png"};
    for (int i = 0; i < 4; i++) {
        assert_string_equal(clade_dataset_path(set, i), picture_path(test, names[i]));
        assert_int_equal(clade_dataset_labels(set)[i], i / 2);
        assert_ok(test, clade_dataset_image(set, i, &image));
        assert_int_equal(image.shape.dims[2], 3);
        for (int k = 0; k < 6 * 8 * 3; k++) /* the second is grey */
            assert_int_equal(((uint8_t *)image.data)[k], picture_sample(i, k / 24, k / 3 % 8, i == 1 ? 0 : k % 3));
        clade_array_clear(test->context, &image);
    }
    clade_dataset_destroy(&set);

    picture_store(test, "dog/c.png", 3, 6, 9, 3);
    assert_ok(test, open_folder(test, &(clade_dataset_settings){.channels = 1}, &set));
    assert_int_equal(describe(test, set).channels, 1);
    assert_int_equal(describe(test, set).height, 6);
    assert_int_equal(describe(test, set).width, 0); /* they differ */
    clade_dataset_destroy(&set);
    assert_ok(test, open_folder(test, &(clade_dataset_settings){.damaged = CLADE_DAMAGED_LATER}, &set));
    assert_int_equal(describe(test, set).height, 0); /* nobody has looked */
    clade_dataset_destroy(&set);
}

static void takes_the_order_of_classes_that_is_given(void **state) {
    support *test = *state;
    clade_dataset *set = NULL;
    static const char *const names[] = {"dog", "bird", "cat"};
    clade_dataset_settings settings = {.classes = 3, .class_names = names};
    store_folder(test);
    assert_failure(test, open_folder(test, &settings, &set), CLADE_ERROR_NOT_FOUND, "bird");
    settings.empty_classes = true;
    assert_ok(test, open_folder(test, &settings, &set));
    assert_int_equal(describe(test, set).classes, 3);
    assert_memory_equal(clade_dataset_labels(set), ((const int32_t[]){0, 0, 2, 2}), 4 * sizeof(int32_t));
    clade_dataset_destroy(&set);
    picture_store(test, "fish/a.png", 2, 6, 8, 3);
    assert_failure(test, open_folder(test, &settings, &set), CLADE_ERROR_FORMAT, "\"fish\" is none of the 3 classes");
    assert_failure(test, open_folder(test, &(clade_dataset_settings){.classes = 2}, &set), CLADE_ERROR_FORMAT,
                   "3 sub folders for 2 classes");
    assert_failure(test, open_folder(test, &(clade_dataset_settings){.classes = 4}, &set), CLADE_ERROR_FORMAT,
                   "3 sub folders for 4 classes");
}

static void refuses_folders_that_are_no_data_set(void **state) {
    support *test = *state;
    clade_dataset *set = NULL;
    assert_failure(test, open_folder(test, NULL, &set), CLADE_ERROR_FORMAT, "no sub folders", test->folder);
    picture_make_folder(test, "cat");
    assert_failure(test, open_folder(test, NULL, &set), CLADE_ERROR_FORMAT, "no images in it");
    picture_store(test, "dog/a.png", 0, 4, 4, 1);
    assert_failure(test, open_folder(test, NULL, &set), CLADE_ERROR_FORMAT, "class 0, \"cat\", has no images",
                   test->folder);
    assert_ok(test, open_folder(test, &(clade_dataset_settings){.empty_classes = true}, &set));
    clade_dataset_destroy(&set);
    picture_make_folder(test, "cat/siamese");
    assert_failure(test, open_folder(test, NULL, &set), CLADE_ERROR_FORMAT, "\"siamese\" in it is not a file");
    assert_failure(test, clade_dataset_open_folder(test->context, picture_path(test, "none"), NULL, &set),
                   CLADE_ERROR_NOT_FOUND, "none");
    assert_failure(test, clade_dataset_open_folder(test->context, picture_path(test, "dog/a.png"), NULL, &set),
                   CLADE_ERROR_NOT_FOUND, "a.png");
    assert_int_equal(symlink("nowhere", picture_path(test, "link")), 0);
    assert_failure(test, open_folder(test, NULL, &set), CLADE_ERROR_NOT_FOUND, "/link");
    assert_null(set);
}

static void finds_damaged_images(void **state) {
    support *test = *state;
    clade_dataset *set = NULL;
    clade_array image;
    store_folder(test);
    picture_store_bytes(test, "cat/Thumbs.db", "not an image", 12);
    picture_store_bytes(test, "dog/empty.jpg", "", 0);
    picture_store_bytes(test, "dog/cut.png", "\x89PNG\r\n\x1a\n\0\0", 10);
    assert_failure(test, open_folder(test, NULL, &set), CLADE_ERROR_FORMAT, "3 of its 7 images cannot be read",
                   "cat/Thumbs.db", "neither a JPEG nor a PNG");
    assert_null(set);
    assert_ok(test, open_folder(test, &(clade_dataset_settings){.damaged = CLADE_DAMAGED_SKIP}, &set));
    assert_int_equal(describe(test, set).count, 4);
    assert_int_equal(describe(test, set).skipped, 3);
    assert_string_equal(clade_dataset_path(set, 3), picture_path(test, "dog/b.png"));
    assert_memory_equal(clade_dataset_labels(set), ((const int32_t[]){0, 0, 1, 1}), 4 * sizeof(int32_t));
    clade_dataset_destroy(&set);
    assert_ok(test, open_folder(test, &(clade_dataset_settings){.damaged = CLADE_DAMAGED_LATER}, &set));
    assert_int_equal(describe(test, set).count, 7);
    assert_failure(test, clade_dataset_image(set, 2, &image), CLADE_ERROR_FORMAT, "cat/Thumbs.db");
    clade_dataset_destroy(&set);
    /* a class of which nothing is left */
    picture_store_bytes(test, "fox/a.png", "x", 1);
    assert_failure(test, open_folder(test, &(clade_dataset_settings){.damaged = CLADE_DAMAGED_SKIP}, &set),
                   CLADE_ERROR_FORMAT, "\"fox\", has no images");
}

/* ---- Memory ------------------------------------------------------------------------------------------------------------- */

static void uses_arrays_where_they_lie(void **state) {
    support *test = *state;
    clade_dataset *set = NULL;
    clade_array image;
    float values[2 * 3 * 2 * 2];
    const int32_t labels[] = {1, 0};
    for (int i = 0; i < 24; i++) values[i] = (float)i - 7.5f;
    clade_array images = {.type = CLADE_FLOAT32, .shape = {.rank = 4, .dims = {2, 3, 2, 2}}, .data = values};
    assert_ok(test, clade_dataset_wrap(test->context, &images, labels, NULL, &set));
    assert_int_equal(describe(test, set).channels, 3);
    assert_int_equal(describe(test, set).height, 2);
    values[12] = 42; /* no copy was made */
    assert_ok(test, clade_dataset_image(set, 1, &image));
    assert_int_equal(image.type, CLADE_FLOAT32);
    assert_int_equal(image.shape.dims[0], 3);
    assert_memory_equal(image.data, values + 12, 12 * sizeof(float));
    clade_array_clear(test->context, &image);
    clade_dataset_destroy(&set);

    static const struct {
        clade_type type;
        clade_shape shape;
        clade_status status;
        const char *word;
    } bad[] = {
        {CLADE_FLOAT16, {.rank = 4, .dims = {2, 3, 2, 2}}, CLADE_ERROR_UNSUPPORTED, "uint8 and float32"},
        {CLADE_FLOAT32, {.rank = 3, .dims = {2, 2, 2}}, CLADE_ERROR_SHAPE, "[count, channels, height, width]"},
        {CLADE_FLOAT32, {.rank = 4, .dims = {2, 2, 2, 2}}, CLADE_ERROR_SHAPE, "2 channels"},
        {CLADE_UINT8, {.rank = 4, .dims = {2, 2, 2, 4}}, CLADE_ERROR_SHAPE, "4 channels"},
        {CLADE_UINT8, {.rank = 3, .dims = {0, 2, 2}}, CLADE_ERROR_SHAPE, "at least one image"},
        {CLADE_UINT8, {.rank = 2, .dims = {2, 2}}, CLADE_ERROR_SHAPE, "[count, height, width]"},
        {CLADE_UINT8, {.rank = 3, .dims = {(int64_t)1 << 31, 2, 2}}, CLADE_ERROR_SHAPE, "may pass"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        images.type = bad[i].type;
        images.shape = bad[i].shape;
        assert_failure(test, clade_dataset_wrap(test->context, &images, labels, NULL, &set), bad[i].status,
                       bad[i].word);
        assert_null(set);
    }
    images = (clade_array){.type = CLADE_UINT8, .shape = {.rank = 3, .dims = {2, 2, 2}}, .data = values};
    const int32_t negative[] = {0, -5}, huge[] = {0, INT32_MAX};
    assert_failure(test, clade_dataset_wrap(test->context, &images, negative, NULL, &set), CLADE_ERROR_FORMAT,
                   "image 1 is -5");
    assert_failure(test, clade_dataset_wrap(test->context, &images, huge, NULL, &set), CLADE_ERROR_FORMAT,
                   "image 1 is 2147483647");
    assert_failure(test, clade_dataset_wrap(test->context, &images, NULL, NULL, &set), CLADE_ERROR_INVALID_ARGUMENT,
                   "NULL");
    images.data = NULL;
    assert_failure(test, clade_dataset_wrap(test->context, &images, labels, NULL, &set), CLADE_ERROR_INVALID_ARGUMENT,
                   "NULL");
}

/* A set lives as long as its caller, its context may go before. */
static void outlives_its_context(void **state) {
    support *test = *state;
    clade_dataset *set = NULL;
    store_pair(test, (const uint8_t[]){1, 0, 2}, 3);
    assert_ok(test, read_pair(test, NULL, &set));
    clade_context_destroy(&test->context);
    assert_int_equal(clade_dataset_labels(set)[2], 2);
    clade_dataset_destroy(&set);
}

static clade_status try_pair(support *test, const char *path) {
    clade_dataset *set = NULL;
    (void)path;
    const clade_status status = read_pair(test, NULL, &set);
    if (status != CLADE_OK) assert_null(set);
    clade_dataset_destroy(&set);
    return status;
}

static clade_status try_folder(support *test, const char *path) {
    clade_dataset *set = NULL;
    clade_array image = {0};
    (void)path;
    clade_status status = open_folder(test, &(clade_dataset_settings){.damaged = CLADE_DAMAGED_SKIP}, &set);
    if (status == CLADE_OK) status = clade_dataset_image(set, 0, &image);
    clade_array_clear(test->context, &image);
    clade_dataset_destroy(&set);
    return status;
}

static void survives_no_memory(void **state) {
    support *test = *state;
    store_pair(test, (const uint8_t[]){1, 0, 2}, 3);
    support_survive_no_memory(test, "pair", try_pair);
    store_folder(test);
    picture_store_bytes(test, "cat/Thumbs.db", "not an image", 12);
    support_survive_no_memory(test, "folder", try_folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(reads_idx_files),
        SUPPORT_TEST(reads_fashion_mnist),
        SUPPORT_TEST(refuses_labels_that_do_not_fit),
        SUPPORT_TEST(names_classes),
        SUPPORT_TEST(refuses_bad_settings),
        SUPPORT_TEST(opens_folders),
        SUPPORT_TEST(takes_the_order_of_classes_that_is_given),
        SUPPORT_TEST(refuses_folders_that_are_no_data_set),
        SUPPORT_TEST(finds_damaged_images),
        SUPPORT_TEST(uses_arrays_where_they_lie),
        SUPPORT_TEST(outlives_its_context),
        SUPPORT_TEST(survives_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
