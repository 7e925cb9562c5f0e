/* fixture.h: a loader under test with the set that it reads: pictures in memory. */
#ifndef TESTS_DATASET_FIXTURE_H
#define TESTS_DATASET_FIXTURE_H

#include "dataset/pictures.h"

typedef struct fixture {
    support *test;
    uint8_t *pixels; /* picture_array */
    int count, height, width, channels;
    clade_dataset *set; /* labels are the image's number modulo 7 */
} fixture;

void fixture_open(fixture *data, support *test, int count, int height, int width, int channels);
void fixture_close(fixture *data);

/* A loader of it; asserts success. */
clade_loader *fixture_loader(const fixture *data, const clade_loader_settings *settings);
/* The next batch; asserts success. */
clade_batch fixture_next(const fixture *data, clade_loader *loader);
/* What clade_image_preprocess makes of an image; the caller frees. */
float *fixture_prepare(const fixture *data, int index, const clade_preprocess *how);

#endif
