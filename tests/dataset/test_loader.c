/* test_loader.c: batches: which images they have, in which order, what the threads do with failures, and what is refused. */
#include "dataset/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Which images ------------------------------------------------------------------------------------------------------- */

/* In the set's order, prepared as clade_image_preprocess does it, bit for bit; behind them zeros and -1. */
static void gives_all_images_in_order(void **state) {
    static const clade_preprocess hows[] = {
        {.channels = 1, .height = 6, .width = 5, .mean = {0.25f}, .deviation = {0.5f}}, /* as they are */
        {.channels = 1, .height = 9, .width = 11, .mean = {0.25f}, .deviation = {0.5f}},
        {.channels = 1, .height = 9, .width = 11, .no_antialias = true},
        {.channels = 1, .height = 4, .width = 4, .resize = 8, .mean = {0.5f}},
        {.channels = 1, .height = 8, .width = 9, .resize = 5}, /* larger than what it is cut from */
    };
    fixture data;
    fixture_open(&data, *state, 11, 6, 5, 1);
    for (size_t k = 0; k < sizeof hows / sizeof *hows; k++) {
        clade_loader *loader = fixture_loader(&data, &(clade_loader_settings){.batch = 4, .preprocess = hows[k]});
        const size_t size = (size_t)hows[k].height * (size_t)hows[k].width;
        for (int number = 0; number < 6; number++) { /* two epochs */
            const clade_batch batch = fixture_next(&data, loader);
            assert_int_equal(batch.epoch, number / 3);
            assert_int_equal(batch.number, number % 3);
            assert_int_equal(batch.last, number % 3 == 2);
            assert_int_equal(batch.count, batch.last ? 3 : 4);
            assert_int_equal(batch.total, batch.count);
            for (int i = 0; i < 4; i++) {
                const int index = i < batch.count ? number % 3 * 4 + i : -1;
                assert_int_equal(batch.indices[i], index);
                assert_int_equal(batch.labels[i], index < 0 ? -1 : index % 7);
                float *expected = index < 0 ? calloc(size, sizeof(float)) : fixture_prepare(&data, index, &hows[k]);
                assert_memory_equal(batch.images + (size_t)i * size, expected, size * sizeof(float));
                free(expected);
            }
        }
        clade_loader_destroy(&loader);
        assert_null(loader);
    }
    fixture_close(&data);
}

static void describes_itself(void **state) {
    fixture data;
    clade_loader_info info;
    fixture_open(&data, *state, 11, 6, 5, 3);
    clade_loader *loader =
        fixture_loader(&data, &(clade_loader_settings){.batch = 4, .ranks = 2, .preprocess.width = 8});
    assert_ok(data.test, clade_loader_describe(loader, &info));
    assert_int_equal(info.batches, 3);
    assert_int_equal(info.batch, 2);
    assert_int_equal(info.channels, 3);
    assert_int_equal(info.height, 6);
    assert_int_equal(info.width, 8);
    fixture_next(&data, loader);
    assert_ok(data.test, clade_loader_describe(loader, &info));
    assert_true(info.waited >= 0);
    clade_loader_destroy(&loader);
    loader = fixture_loader(&data, &(clade_loader_settings){.batch = 4, .drop_last = true});
    assert_ok(data.test, clade_loader_describe(loader, &info));
    assert_int_equal(info.batches, 2);
    for (int number = 0; number < 5; number++) {
        const clade_batch batch = fixture_next(&data, loader);
        assert_int_equal(batch.count, 4);
        assert_int_equal(batch.epoch, number / 2);
        assert_int_equal(batch.last, number % 2);
    }
    clade_loader_destroy(&loader);
    fixture_close(&data);
}

/* The images of an epoch, in the order in which they come. */
static void read_epoch(const fixture *data, uint64_t seed, int64_t epoch, int32_t *order) {
    clade_loader *loader = fixture_loader(data, &(clade_loader_settings){.batch = 8, .shuffle = true, .seed = seed});
    assert_ok(data->test, clade_loader_seek(loader, epoch, 0));
    for (int count = 0; count < data->count;) {
        const clade_batch batch = fixture_next(data, loader);
        assert_int_equal(batch.epoch, epoch);
        memcpy(order + count, batch.indices, (size_t)batch.count * sizeof *order);
        count += batch.count;
    }
    clade_loader_destroy(&loader);
}

/* Each epoch has each image once; another epoch or seed has them in another order, and the same ones in the same. */
static void shuffles(void **state) {
    enum { COUNT = 50, ORDERS = 4 };
    static const uint64_t seeds[ORDERS] = {1, 1, 2, (uint64_t)1 << 32 | 1};
    static const int64_t epochs[ORDERS] = {0, 1, 0, 0};
    int32_t orders[ORDERS][COUNT], again[COUNT];
    fixture data;
    fixture_open(&data, *state, COUNT, 2, 2, 1);
    for (int k = 0; k < ORDERS; k++) {
        bool seen[COUNT] = {false};
        read_epoch(&data, seeds[k], epochs[k], orders[k]);
        read_epoch(&data, seeds[k], epochs[k], again);
        assert_memory_equal(orders[k], again, sizeof again);
        for (int i = 0; i < COUNT; i++) {
            assert_false(seen[orders[k][i]]);
            seen[orders[k][i]] = true;
        }
        for (int other = 0; other < k; other++) assert_memory_not_equal(orders[k], orders[other], sizeof again);
    }
    fixture_close(&data);
}

/* Every image comes to every place equally often: chi-squared over 6 x 6 with 25 degrees of freedom, whose 0.999999 quantile is
 * 75.5; and neighbours stay neighbours no more often than by chance (1 in 6 of pairs; 5 pairs an epoch). */
static void shuffles_evenly(void **state) {
    enum { COUNT = 6, EPOCHS = 6000 };
    int counts[COUNT][COUNT] = {{0}}, neighbours = 0;
    fixture data;
    fixture_open(&data, *state, COUNT, 1, 1, 1);
    clade_loader *loader = fixture_loader(&data, &(clade_loader_settings){.batch = COUNT, .shuffle = true, .seed = 5});
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        const clade_batch batch = fixture_next(&data, loader);
        for (int i = 0; i < COUNT; i++) counts[batch.indices[i]][i]++;
        for (int i = 1; i < COUNT; i++) neighbours += batch.indices[i] == batch.indices[i - 1] + 1;
    }
    double chi_squared = 0;
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < COUNT; k++) chi_squared += pow(counts[i][k] - EPOCHS / 6.0, 2) / (EPOCHS / 6.0);
    assert_true(chi_squared < 75.5);
    assert_true(fabs(neighbours - 5 * EPOCHS / 6.0) < 5 * sqrt(5 * EPOCHS / 6.0));
    clade_loader_destroy(&loader);
    fixture_close(&data);
}

/* ---- The same numbers, however they come -------------------------------------------------------------------------------- */

static const clade_loader_settings everything = {
    .batch = 6,
    .shuffle = true,
    .seed = 77,
    .crop = CLADE_CROP_RESIZED,
    .flip = 0.5f,
    .preprocess = {.channels = 3, .height = 7, .width = 6, .mean = {0.5f, 0.25f, 0}}};

/* Batches [first, first + count) from the start, in one array with their labels as floats; the caller frees. */
static float *read_batches(const fixture *data, const clade_loader_settings *settings, int64_t epoch, int64_t number,
                           int count, size_t *size_out) {
    const size_t image = 3 * 7 * 6, row = image + 1;
    float *values = calloc((size_t)count * (size_t)settings->batch * row, sizeof *values), *next = values;
    clade_loader *loader = fixture_loader(data, settings);
    assert_non_null(values);
    if (epoch != 0 || number != 0) assert_ok(data->test, clade_loader_seek(loader, epoch, number));
    for (int k = 0; k < count; k++) {
        const clade_batch batch = fixture_next(data, loader);
        for (int i = 0; i < batch.count; i++, next += row) {
            memcpy(next, batch.images + (size_t)i * image, image * sizeof *next);
            next[image] = (float)batch.labels[i];
        }
    }
    clade_loader_destroy(&loader);
    *size_out = (size_t)(next - values);
    return values;
}

static void threads_change_nothing(void **state) {
    fixture data;
    size_t size, other_size;
    fixture_open(&data, *state, 20, 9, 8, 1);
    float *expected = read_batches(&data, &everything, 0, 0, 12, &size);
    for (int threads = 1; threads <= 5; threads += 2) {
        clade_loader_settings settings = everything;
        settings.threads = threads;
        settings.ahead = 7 - threads;
        float *found = read_batches(&data, &settings, 0, 0, 12, &other_size);
        assert_int_equal(size, other_size);
        assert_memory_equal(found, expected, size * sizeof *expected);
        free(found);
    }
    free(expected);
    fixture_close(&data);
}

/* 4 batches an epoch, of 6, 6, 6 and 2 images. */
static void goes_on_where_it_is_told(void **state) {
    fixture data;
    size_t size, rest_size;
    fixture_open(&data, *state, 20, 9, 8, 1);
    float *all = read_batches(&data, &everything, 0, 0, 12, &size);
    float *rest = read_batches(&data, &everything, 1, 2, 6, &rest_size);
    const size_t row = 3 * 7 * 6 + 1;
    assert_int_equal(rest_size, (60 - 20 - 12) * row);
    assert_memory_equal(rest, all + (20 + 12) * row, rest_size * sizeof *rest);
    free(rest);
    rest = read_batches(&data, &everything, 0, 4, 4, &rest_size); /* behind the last is the next epoch */
    assert_int_equal(rest_size, 20 * row);
    assert_memory_equal(rest, all + 20 * row, rest_size * sizeof *rest);
    free(rest);
    free(all);

    clade_loader *loader = fixture_loader(&data, &everything);
    for (int round = 0; round < 50; round++) { /* back and forth, with threads at work */
        const int64_t epoch = round % 3, number = round % 4;
        for (int i = 0; i < round % 5; i++) fixture_next(&data, loader);
        assert_ok(data.test, clade_loader_seek(loader, epoch, number));
        const clade_batch batch = fixture_next(&data, loader);
        assert_int_equal(batch.epoch, epoch);
        assert_int_equal(batch.number, number);
    }
    assert_failure(data.test, clade_loader_seek(loader, 0, 5), CLADE_ERROR_INVALID_ARGUMENT, "batch 5", "0 to 4");
    assert_failure(data.test, clade_loader_seek(loader, -1, 0), CLADE_ERROR_INVALID_ARGUMENT, "epoch -1");
    assert_failure(data.test, clade_loader_seek(loader, 0, -1), CLADE_ERROR_INVALID_ARGUMENT, "batch -1");
    clade_loader_destroy(&loader);
    fixture_close(&data);
}

/* Ranks together see what one process sees: 3 ranks, a last batch of 2 images, of which one rank gets none. */
static void ranks_share_each_batch(void **state) {
    enum { RANKS = 3 };
    fixture data;
    const size_t image = 3 * 7 * 6;
    fixture_open(&data, *state, 20, 9, 8, 1);
    clade_loader *whole = fixture_loader(&data, &everything), *parts[RANKS];
    for (int rank = 0; rank < RANKS; rank++) {
        clade_loader_settings settings = everything;
        settings.rank = rank;
        settings.ranks = RANKS;
        parts[rank] = fixture_loader(&data, &settings);
    }
    for (int k = 0; k < 8; k++) {
        const clade_batch all = fixture_next(&data, whole);
        int32_t count = 0;
        for (int rank = 0; rank < RANKS; rank++) {
            const clade_batch part = fixture_next(&data, parts[rank]);
            assert_int_equal(part.total, all.count);
            assert_true(part.count <= 2 && (all.count < 6 || part.count == 2));
            assert_memory_equal(part.images, all.images + (size_t)count * image,
                                (size_t)part.count * image * sizeof(float));
            assert_memory_equal(part.labels, all.labels + count, (size_t)part.count * sizeof(int32_t));
            assert_memory_equal(part.indices, all.indices + count, (size_t)part.count * sizeof(int32_t));
            for (int32_t i = part.count; i < 2; i++) assert_int_equal(part.labels[i], -1);
            count += part.count;
        }
        assert_int_equal(count, all.count);
    }
    for (int rank = 0; rank < RANKS; rank++) clade_loader_destroy(&parts[rank]);
    clade_loader_destroy(&whole);
    fixture_close(&data);
}

/* ---- Threads ------------------------------------------------------------------------------------------------------------ */

static void fails_where_an_image_is_damaged(void **state) {
    support *test = *state;
    clade_dataset *set = NULL;
    clade_loader *loader = NULL;
    clade_batch batch;
    for (int i = 0; i < 6; i++) {
        char name[32];
        snprintf(name, sizeof name, "cat/%d.png", i);
        picture_store(test, name, i, 4, 4, 3);
    }
    picture_store_bytes(test, "cat/3.png", "not an image", 12);
    const clade_dataset_settings later = {.damaged = CLADE_DAMAGED_LATER};
    const clade_loader_settings settings = {
        .batch = 2, .threads = 3, .ahead = 5, .preprocess = {.height = 4, .width = 4}};
    assert_ok(test, clade_dataset_open_folder(test->context, test->folder, &later, &set));
    assert_ok(test, clade_loader_create(set, &settings, &loader));
    clade_dataset_destroy(&set); /* the loader keeps it */
    assert_ok(test, clade_loader_next(loader, &batch));
    for (int i = 0; i < 3; i++) {
        assert_failure(test, clade_loader_next(loader, &batch), CLADE_ERROR_FORMAT, "batch 1 of epoch 0", "cat/3.png",
                       "neither a JPEG nor a PNG");
        assert_null(batch.images);
        assert_int_equal(batch.count, 0);
    }
    assert_ok(test, clade_loader_seek(loader, 0, 2));
    assert_ok(test, clade_loader_next(loader, &batch));
    assert_int_equal(batch.indices[1], 5);
    assert_ok(test, clade_loader_next(loader, &batch));
    assert_int_equal(batch.epoch, 1);
    picture_store(test, "cat/3.png", 3, 4, 4, 3); /* mended: a seek tries again */
    assert_ok(test, clade_loader_seek(loader, 0, 1));
    assert_ok(test, clade_loader_next(loader, &batch));
    clade_loader_destroy(&loader);
}

static void stops_at_any_time(void **state) {
    fixture data;
    fixture_open(&data, *state, 64, 16, 16, 1);
    for (int round = 0; round < 40; round++) {
        const clade_loader_settings settings = {.batch = 16,
                                                .shuffle = true,
                                                .threads = 1 + round % 4,
                                                .ahead = 1 + round % 3,
                                                .preprocess = {.height = 64, .width = 64}};
        clade_loader *loader = fixture_loader(&data, &settings);
        for (int i = 0; i < round % 6; i++) fixture_next(&data, loader);
        clade_loader_destroy(&loader);
    }
    clade_loader_destroy(NULL);
    fixture_close(&data);
}

/* ---- What is refused ---------------------------------------------------------------------------------------------------- */

static void refuses_bad_settings(void **state) {
    static const struct {
        clade_loader_settings settings;
        clade_status status;
        const char *word;
    } cases[] = {
        {{.batch = -1}, CLADE_ERROR_INVALID_ARGUMENT, "batches of -1"},
        {{.batch = 5, .ranks = 2}, CLADE_ERROR_INVALID_ARGUMENT, "multiple"},
        {{.rank = 1}, CLADE_ERROR_INVALID_ARGUMENT, "rank 1 of 0"},
        {{.rank = 2, .ranks = 2}, CLADE_ERROR_INVALID_ARGUMENT, "rank 2 of 2"},
        {{.rank = -1, .ranks = 2}, CLADE_ERROR_INVALID_ARGUMENT, "rank -1"},
        {{.crop = 3}, CLADE_ERROR_INVALID_ARGUMENT, "crop 3"},
        {{.padding = 2}, CLADE_ERROR_INVALID_ARGUMENT, "padding of 2"},
        {{.padding = -2, .crop = CLADE_CROP_RANDOM}, CLADE_ERROR_INVALID_ARGUMENT, "padding of -2"},
        {{.flip = 1.5f}, CLADE_ERROR_INVALID_ARGUMENT, "flip 1.5"},
        {{.flip = NAN}, CLADE_ERROR_INVALID_ARGUMENT, "flip"},
        {{.least_area = -1}, CLADE_ERROR_INVALID_ARGUMENT, "least_area -1"},
        {{.threads = 257}, CLADE_ERROR_INVALID_ARGUMENT, "257 threads"},
        {{.ahead = -1}, CLADE_ERROR_INVALID_ARGUMENT, "-1 batches ahead"},
        {{.reserved[7] = 1}, CLADE_ERROR_INVALID_ARGUMENT, "reserved[7]"},
        {{.batch = 6, .drop_last = true}, CLADE_ERROR_INVALID_ARGUMENT, "the data set has 5"},
        {{.preprocess = {.channels = 1}}, CLADE_ERROR_UNSUPPORTED, "not RGB grey"},
        {{.preprocess = {.channels = 2}}, CLADE_ERROR_INVALID_ARGUMENT, "2 channels"},
        {{.preprocess = {.height = -3}}, CLADE_ERROR_SHAPE, "-3"},
        {{.preprocess = {.mean = {NAN}}}, CLADE_ERROR_INVALID_ARGUMENT, "finite"},
        {{.batch = INT32_MAX, .preprocess = {.height = INT32_MAX, .width = 1 << 20}},
         CLADE_ERROR_SHAPE,
         "too many values"},
    };
    fixture data;
    clade_loader *loader = NULL;
    fixture_open(&data, *state, 5, 4, 4, 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_failure(data.test, clade_loader_create(data.set, &cases[i].settings, &loader), cases[i].status,
                       cases[i].word);
        assert_null(loader);
    }
    clade_batch batch;
    assert_int_equal(clade_loader_create(NULL, NULL, &loader), CLADE_ERROR_INVALID_ARGUMENT);
    assert_failure(data.test, clade_loader_create(data.set, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_int_equal(clade_loader_next(NULL, &batch), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_loader_seek(NULL, 0, 0), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_loader_describe(NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    loader = fixture_loader(&data, NULL);
    assert_failure(data.test, clade_loader_next(loader, NULL), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_failure(data.test, clade_loader_describe(loader, NULL), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_int_equal(fixture_next(&data, loader).count, 1);
    clade_loader_destroy(&loader);
    fixture_close(&data);
}

static void asks_for_a_size_where_there_is_none(void **state) {
    support *test = *state;
    clade_dataset *set = NULL;
    clade_loader *loader = NULL;
    clade_batch batch;
    picture_store(test, "cat/a.png", 0, 4, 6, 3);
    picture_store(test, "cat/b.png", 1, 5, 6, 3);
    assert_ok(test, clade_dataset_open_folder(test->context, test->folder, NULL, &set));
    assert_failure(test, clade_loader_create(set, NULL, &loader), CLADE_ERROR_SHAPE, "height and width");
    assert_ok(test, clade_loader_create(set, &(clade_loader_settings){.batch = 2, .preprocess.height = 4}, &loader));
    assert_ok(test, clade_loader_next(loader, &batch));
    for (int i = 0; i < 3 * 4 * 6; i++)
        assert_float_equal(batch.images[i], picture_sample(0, i / 6 % 4, i % 6, i / 24) / 255.0f, 1e-6f);
    clade_loader_destroy(&loader);
    clade_dataset_destroy(&set);
}

static clade_status try_epoch(support *test, const char *path) {
    clade_dataset *set = NULL;
    clade_loader *loader = NULL;
    clade_batch batch;
    (void)path;
    const clade_loader_settings settings = {
        .batch = 2, .shuffle = true, .threads = 2, .preprocess = {.height = 5, .width = 3}};
    clade_status status = clade_dataset_open_folder(test->context, test->folder, NULL, &set);
    if (status == CLADE_OK) status = clade_loader_create(set, &settings, &loader);
    for (int i = 0; status == CLADE_OK && i < 3; i++) status = clade_loader_next(loader, &batch);
    if (status != CLADE_OK && loader) assert_null(batch.images);
    clade_loader_destroy(&loader);
    clade_dataset_destroy(&set);
    return status;
}

/* The place for the last message of a thread stays with the context: a thread that failed before leaves one behind. */
static void survives_no_memory(void **state) {
    support *test = *state;
    picture_store(test, "cat/a.png", 0, 4, 6, 3);
    picture_store(test, "dog/b.png", 1, 5, 6, 3);
    picture_store(test, "dog/c.png", 2, 5, 6, 3);
    long live = 0;
    clade_status status = CLADE_ERROR_OUT_OF_MEMORY;
    for (int allowed = 0; status != CLADE_OK; allowed++) {
        test->countdown = allowed;
        live = test->live;
        status = try_epoch(test, NULL);
        test->countdown = -1;
        assert_true(status == CLADE_OK || status == CLADE_ERROR_OUT_OF_MEMORY);
        assert_true(test->live <= live + 2);
        assert_in_range(allowed, 0, 10000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(gives_all_images_in_order),
        SUPPORT_TEST(describes_itself),
        SUPPORT_TEST(shuffles),
        SUPPORT_TEST(shuffles_evenly),
        SUPPORT_TEST(threads_change_nothing),
        SUPPORT_TEST(goes_on_where_it_is_told),
        SUPPORT_TEST(ranks_share_each_batch),
        SUPPORT_TEST(fails_where_an_image_is_damaged),
        SUPPORT_TEST(stops_at_any_time),
        SUPPORT_TEST(refuses_bad_settings),
        SUPPORT_TEST(asks_for_a_size_where_there_is_none),
        SUPPORT_TEST(survives_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
