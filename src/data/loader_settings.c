/* loader_settings.c: what a loader may be asked for. */
#include "data/loader.h"
#include "io/preprocess.h"

#include <math.h>

enum { MOST_THREADS = 256, MOST_AHEAD = 1024 };

static clade_status check_numbers(base_env *env, const clade_loader_settings *settings) {
    if (settings->ranks < 0 || settings->rank < 0 || settings->rank >= base_max(settings->ranks, 1))
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to make a loader for rank %d of %d: ranks count from 0", settings->rank,
                         settings->ranks);
    if (settings->batch < 0 || settings->batch % base_max(settings->ranks, 1) != 0)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to make a loader of batches of %d for %d ranks: it must be a multiple of them",
                         settings->batch, settings->ranks);
    if ((int)settings->crop < CLADE_CROP_CENTRE || settings->crop > CLADE_CROP_RESIZED)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to make a loader with crop %d: %d to %d are possible", (int)settings->crop,
                         CLADE_CROP_CENTRE, CLADE_CROP_RESIZED);
    if (settings->padding < 0 || (settings->padding > 0 && settings->crop != CLADE_CROP_RANDOM))
        return base_fail(
            env, CLADE_ERROR_INVALID_ARGUMENT,
            "failed to make a loader with a padding of %d: it must be at least 0, and 0 without random crops",
            settings->padding);
    if (!(settings->flip >= 0 && settings->flip <= 1) || !(settings->least_area >= 0 && settings->least_area <= 1))
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to make a loader with flip %g and least_area %g: both must be 0 to 1",
                         (double)settings->flip, (double)settings->least_area);
    if (settings->threads < 0 || settings->threads > MOST_THREADS || settings->ahead < 0 ||
        settings->ahead > MOST_AHEAD)
        return base_fail(
            env, CLADE_ERROR_INVALID_ARGUMENT,
            "failed to make a loader with %d threads that work %d batches ahead: 0 to %d and 0 to %d are possible",
            settings->threads, settings->ahead, MOST_THREADS, MOST_AHEAD);
    for (size_t i = 0; i < BASE_COUNT(settings->reserved); i++)
        if (settings->reserved[i] != 0)
            return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to make a loader with reserved[%zu] %llu: it must be 0", i,
                             (unsigned long long)settings->reserved[i]);
    return CLADE_OK;
}

static void fill_in(const clade_dataset_info *set, clade_loader_settings *settings) {
    clade_preprocess *how = &settings->preprocess;
    if (settings->ranks == 0) settings->ranks = 1;
    if (settings->batch == 0) settings->batch = settings->ranks;
    if (settings->least_area == 0) settings->least_area = 0.08f;
    if (settings->threads == 0) settings->threads = 1;
    if (settings->ahead == 0) settings->ahead = settings->threads + 1;
    if (how->channels == 0) how->channels = set->channels;
    if (how->height == 0) how->height = set->height;
    if (how->width == 0) how->width = set->width;
}

/* Floats are no pixels: what resizes them would have to round. */
static clade_status check_floats(const clade_dataset *dataset, const clade_loader_settings *settings) {
    base_env *env = context_env(dataset->context);
    preprocess_window window;
    FORWARD(preprocess_resize(env, &settings->preprocess, dataset->info.height, dataset->info.width, &window));
    if (settings->crop != CLADE_CROP_RESIZED && window.resized_height == dataset->info.height &&
        window.resized_width == dataset->info.width)
        return CLADE_OK;
    return base_fail(env, CLADE_ERROR_UNSUPPORTED,
                     "failed to make a loader of %d x %d images from %d x %d floats: only pixels are resized",
                     settings->preprocess.height, settings->preprocess.width, dataset->info.height,
                     dataset->info.width);
}

static clade_status check_images(const clade_dataset *dataset, const clade_loader_settings *settings) {
    base_env *env = context_env(dataset->context);
    const clade_preprocess *how = &settings->preprocess;
    if (how->height == 0 || how->width == 0)
        return base_fail(env, CLADE_ERROR_SHAPE,
                         "failed to make a loader of a data set whose images are not known to be of one size: "
                         "preprocess must have height and width");
    FORWARD(preprocess_check(env, how));
    if (how->channels < dataset->info.channels)
        return base_fail(env, CLADE_ERROR_UNSUPPORTED,
                         "failed to make a loader of images with %d channels from a data set with %d: grey becomes "
                         "RGB, not RGB grey",
                         how->channels, dataset->info.channels);
    return dataset->values ? check_floats(dataset, settings) : CLADE_OK;
}

clade_status loader_settle(const clade_dataset *dataset, const clade_loader_settings *given,
                           clade_loader_settings *settings_out, clade_loader_info *info_out) {
    base_env *env = context_env(dataset->context);
    const clade_loader_settings standard = {0};
    *settings_out = given ? *given : standard;
    FORWARD(check_numbers(env, settings_out));
    fill_in(&dataset->info, settings_out);
    FORWARD(check_images(dataset, settings_out));

    const int64_t count = dataset->info.count, batch = settings_out->batch;
    const clade_preprocess *how = &settings_out->preprocess;
    *info_out = (clade_loader_info){.batches = settings_out->drop_last ? count / batch : base_divide_up(count, batch),
                                    .batch = (int32_t)(batch / settings_out->ranks),
                                    .channels = how->channels,
                                    .height = how->height,
                                    .width = how->width};
    if (info_out->batches > 0) return CLADE_OK;
    return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                     "failed to make a loader of whole batches of %lld images: the data set has %lld", (long long)batch,
                     (long long)count);
}
