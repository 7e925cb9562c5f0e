/* pictures.h: small data sets for the tests, written where they are needed. */
#ifndef TESTS_DATASET_PICTURES_H
#define TESTS_DATASET_PICTURES_H

#include "io/support.h"

#include <clade/data.h>

/* Sample (y, x, c) of the picture with this seed; any two pictures differ in most of them. */
uint8_t picture_sample(int seed, int y, int x, int c);

/* Writes FOLDER/NAME (NAME may begin with a sub folder, which is made) as a PNG file of 1 or 3 channels. */
void picture_store(const support *test, const char *name, int seed, int height, int width, int channels);
/* Writes FOLDER/NAME with any contents. */
void picture_store_bytes(const support *test, const char *name, const void *data, size_t size);
/* Makes FOLDER/NAME. */
void picture_make_folder(const support *test, const char *name);

/* Pictures with seeds 0, 1, ... in memory, [count, height, width, channels]; the caller frees. */
uint8_t *picture_array(int count, int height, int width, int channels);

/* FOLDER/NAME in a buffer that the next call but three uses again. */
const char *picture_path(const support *test, const char *name);

#endif
