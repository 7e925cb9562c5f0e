/* loader.c: what loaders cost: processor time for each image, threads and all.
 *
 *     bench_loader [SECONDS]        1
 *
 * Reads the training set of Debian's package dataset-fashion-mnist and goes through it in shuffled batches of 128, so many seconds
 * of processor time in each way. Prints a line for each: what is done, microseconds of one core for an image, and images a second
 * of one core. */
#include "runner.h"

#include <clade/data.h>

#include <stdio.h>
#include <stdlib.h>

#define FASHION_MNIST "/usr/share/datasets/fashion-mnist/"

enum { BATCH = 128, WARM = 16 };

static const struct {
    const char *name;
    clade_loader_settings settings;
} kinds[] = {
    {"28 x 28", {.preprocess = {.mean = {0.5f}, .deviation = {0.5f}}}},
    {"28 x 28, flipped, cropped from 36 x 36", {.flip = 0.5f, .crop = CLADE_CROP_RANDOM, .padding = 4}},
    {"96 x 96", {.preprocess = {.height = 96, .width = 96}}},
    {"96 x 96, plain bilinear", {.preprocess = {.height = 96, .width = 96, .no_antialias = true}}},
    {"96 x 96, resized crops, flipped",
     {.flip = 0.5f, .crop = CLADE_CROP_RESIZED, .preprocess = {.height = 96, .width = 96}}},
    {"96 x 96, RGB", {.preprocess = {.channels = 3, .height = 96, .width = 96}}},
    {"224 x 224, RGB", {.preprocess = {.channels = 3, .height = 224, .width = 224}}},
};

/* Over many batches: which of them the thread prepared between two calls is not known. */
static void measure(const runner *r, clade_dataset *set, const char *name, clade_loader_settings settings,
                    double seconds) {
    clade_loader *loader = NULL;
    clade_batch batch;
    int64_t images = 0;
    settings.batch = BATCH;
    settings.shuffle = settings.drop_last = true;
    runner_check(r, clade_loader_create(set, &settings, &loader));
    for (int i = 0; i < WARM; i++) runner_check(r, clade_loader_next(loader, &batch));
    const double start = runner_cpu_now();
    double now = start;
    while (now < start + seconds) {
        runner_check(r, clade_loader_next(loader, &batch));
        images += BATCH;
        now = runner_cpu_now();
    }
    clade_loader_destroy(&loader);
    const double each = (now - start) / (double)images;
    printf("%-40s  %7.2f us  %9.0f images/s\n", name, 1e6 * each, 1 / each);
}

int main(int count, char **words) {
    runner r;
    clade_dataset *set = NULL;
    const double seconds = count > 1 ? atof(words[1]) : 1;
    runner_open(&r);
    runner_check(&r, clade_dataset_read_idx(r.context, FASHION_MNIST "train-images-idx3-ubyte.gz",
                                            FASHION_MNIST "train-labels-idx1-ubyte.gz", NULL, &set));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        measure(&r, set, kinds[i].name, kinds[i].settings, seconds);
    clade_dataset_destroy(&set);
    runner_close(&r);
    return 0;
}
