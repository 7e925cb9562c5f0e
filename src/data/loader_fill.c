/* loader_fill.c: which images make a batch, and how they get into it. */
#include "data/augment.h"
#include "data/loader.h"
#include "data/random.h"

#include <string.h>

/* ---- Which ones --------------------------------------------------------------------------------------------------------- */

/* Every order is equally likely (Fisher and Yates; Knuth, The Art of Computer Programming 2, algorithm 3.4.2P). */
static void shuffle(int32_t *order, int64_t count, uint64_t seed, int64_t epoch) {
    random_stream random = random_begin(seed, RANDOM_SHUFFLE, epoch, 0);
    for (int64_t i = count - 1; i > 0; i--) {
        const int64_t other = random_index(&random, i + 1);
        const int32_t image = order[i];
        order[i] = order[other];
        order[other] = image;
    }
}

static void order_epoch(clade_loader *loader, int64_t epoch) {
    if (loader->ordered == epoch || (loader->ordered >= 0 && !loader->settings.shuffle)) return;
    const int64_t count = loader->dataset->info.count;
    for (int64_t i = 0; i < count; i++) loader->order[i] = (int32_t)i;
    if (loader->settings.shuffle) shuffle(loader->order, count, loader->settings.seed, epoch);
    loader->ordered = epoch;
}

/* The batch is order[first .. end); rank r of n has what lies between shares r and r + 1 of n of it. */
void loader_assign(clade_loader *loader, loader_slot *slot) {
    const clade_loader_settings *settings = &loader->settings;
    order_epoch(loader, loader->epoch);
    const int64_t first = loader->number * settings->batch;
    const int64_t total = base_min(loader->dataset->info.count - first, settings->batch);
    const int64_t begin = total * settings->rank / settings->ranks,
                  end = total * (settings->rank + 1) / settings->ranks;
    for (int32_t i = 0; i < loader->info.batch; i++) {
        const int32_t index = begin + i < end ? loader->order[first + begin + i] : -1;
        slot->indices[i] = index;
        slot->labels[i] = index >= 0 ? loader->dataset->labels[index] : -1;
    }
    slot->batch = (clade_batch){.images = slot->images,
                                .labels = slot->labels,
                                .indices = slot->indices,
                                .count = (int32_t)(end - begin),
                                .total = (int32_t)total,
                                .epoch = loader->epoch,
                                .number = loader->number,
                                .last = loader->number == loader->info.batches - 1};
    loader->epoch += slot->batch.last;
    loader->number = slot->batch.last ? 0 : loader->number + 1;
}

/* ---- How they get there ------------------------------------------------------------------------------------------------- */

/* A window of floats, as preprocess_place takes one of pixels. */
static void place_floats(const dataset_image *image, int32_t channels, const clade_preprocess *how,
                         const preprocess_window *window, float *values) {
    const int64_t top = base_max(-window->top, 0), bottom = base_min(image->height - window->top, how->height);
    const int64_t left = base_max(-window->left, 0), right = base_min(image->width - window->left, how->width);
    memset(values, 0, (size_t)channels * (size_t)how->height * (size_t)how->width * sizeof *values);
    for (int64_t c = 0; left < right && c < channels; c++)
        for (int64_t y = top; y < bottom; y++)
            memcpy(values + (c * how->height + y) * how->width + left,
                   image->values + (c * image->height + window->top + y) * image->width + window->left + left,
                   (size_t)(right - left) * sizeof *values);
    preprocess_finish(how, channels, window->mirrored, values);
}

static clade_status place(const clade_loader *loader, const dataset_image *image, int64_t epoch, int32_t index,
                          float *values) {
    const clade_preprocess *how = &loader->settings.preprocess;
    const int32_t channels = loader->dataset->info.channels;
    preprocess_image part = {.pixels = image->pixels,
                             .height = image->height,
                             .width = image->width,
                             .channels = channels,
                             .pitch = image->width * channels};
    preprocess_window window;
    FORWARD(augment_choose(loader->env, &loader->settings, epoch, index, &part, &window));
    if (image->pixels) return preprocess_place(loader->env, &part, how, &window, values);
    place_floats(image, channels, how, &window, values);
    return CLADE_OK;
}

clade_status loader_fill(const clade_loader *loader, loader_slot *slot) {
    const clade_loader_info *info = &loader->info;
    const size_t size = (size_t)info->channels * (size_t)info->height * (size_t)info->width;
    for (int32_t i = 0; i < slot->batch.count && !atomic_load(&loader->hurry); i++) {
        dataset_image image;
        FORWARD(dataset_take(loader->dataset, slot->indices[i], &image));
        const clade_status status =
            place(loader, &image, slot->batch.epoch, slot->indices[i], slot->images + (size_t)i * size);
        dataset_give_back(loader->dataset, &image);
        FORWARD(status);
    }
    memset(slot->images + (size_t)slot->batch.count * size, 0,
           (size_t)(info->batch - slot->batch.count) * size * sizeof *slot->images);
    return CLADE_OK;
}
