/* fixture.c: see fixture.h. */
#include "dataset/fixture.h"

#include <stdlib.h>

void fixture_open(fixture *data, support *test, int count, int height, int width, int channels) {
    int32_t *labels = malloc((size_t)count * sizeof *labels);
    assert_non_null(labels);
    for (int i = 0; i < count; i++) labels[i] = i % 7;
    *data = (fixture){.test = test,
                      .pixels = picture_array(count, height, width, channels),
                      .count = count,
                      .height = height,
                      .width = width,
                      .channels = channels};
    const clade_array images = {
        .type = CLADE_UINT8, .shape = {.rank = 4, .dims = {count, height, width, channels}}, .data = data->pixels};
    const clade_dataset_settings settings = {.classes = 7, .empty_classes = true};
    assert_ok(test, clade_dataset_wrap(test->context, &images, labels, &settings, &data->set));
    free(labels);
}

void fixture_close(fixture *data) {
    clade_dataset_destroy(&data->set);
    free(data->pixels);
}

clade_loader *fixture_loader(const fixture *data, const clade_loader_settings *settings) {
    clade_loader *loader = NULL;
    assert_ok(data->test, clade_loader_create(data->set, settings, &loader));
    return loader;
}

clade_batch fixture_next(const fixture *data, clade_loader *loader) {
    clade_batch batch;
    assert_ok(data->test, clade_loader_next(loader, &batch));
    return batch;
}

float *fixture_prepare(const fixture *data, int index, const clade_preprocess *how) {
    const int size = data->height * data->width * data->channels;
    const clade_array image = {.type = CLADE_UINT8,
                               .shape = {.rank = 3, .dims = {data->height, data->width, data->channels}},
                               .data = data->pixels + index * size};
    float *values = malloc((size_t)how->channels * (size_t)how->height * (size_t)how->width * sizeof *values);
    assert_non_null(values);
    assert_ok(data->test, clade_image_preprocess(data->test->context, &image, how, values));
    return values;
}
