/* preprocess.c: an image as a network wants it: what torchvision's evaluation transform makes of it, that is
 *
 *   Resize(shorter side) -> CenterCrop -> ToTensor (pixel / 255) -> Normalize((value - mean) / deviation)
 *
 * or the same with another window than the centre's, for training. Only the pixels that the window leaves are resized, so a long
 * thin image costs no more than another. */
#include "io/preprocess.h"
#include "io/array.h"
#include "io/resample.h"

#include <clade/io.h>

#include <math.h>
#include <string.h>

static clade_status refuse(base_env *env, clade_status status, const char *rule) {
    return base_fail(env, status, "failed to preprocess an image: %s", rule);
}

clade_status preprocess_check(base_env *env, const clade_preprocess *how) {
    uint64_t bytes = 0;
    if (how->channels != 1 && how->channels != 3)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to preprocess an image to %d channels: 1 or 3 are possible", how->channels);
    const clade_shape wanted = {.rank = 3, .dims = {how->channels, how->height, how->width}};
    if (!io_array_bytes(CLADE_FLOAT32, &wanted, &bytes) || how->resize < 0)
        return base_fail(
            env, CLADE_ERROR_SHAPE,
            "failed to preprocess an image to %d x %d, resized to %d: sizes are at least 1, resize at least 0",
            how->height, how->width, how->resize);
    for (int32_t c = 0; c < how->channels; c++)
        if (!isfinite(how->mean[c]) || !isfinite(how->deviation[c]))
            return refuse(env, CLADE_ERROR_INVALID_ARGUMENT, "mean and deviation must be finite");
    for (size_t i = 0; i < BASE_COUNT(how->reserved); i++)
        if (how->reserved[i] != 0) return refuse(env, CLADE_ERROR_INVALID_ARGUMENT, "reserved fields must be zero");
    return CLADE_OK;
}

/* ---- The window ------------------------------------------------------------------------------------------------- */

clade_status preprocess_resize(base_env *env, const clade_preprocess *how, int64_t height, int64_t width,
                               preprocess_window *window_out) {
    *window_out = (preprocess_window){.resized_height = how->height, .resized_width = how->width};
    if (how->resize == 0) return CLADE_OK;
    const int64_t shorter = base_min(height, width);
    if (base_max(height, width) > INT64_MAX / how->resize)
        return refuse(env, CLADE_ERROR_SHAPE, "its resized size overflows");
    window_out->resized_height =
        height * how->resize / shorter; /* the longer side keeps the proportions, rounded down */
    window_out->resized_width = width * how->resize / shorter;
    return CLADE_OK;
}

/* Half of a difference, halves to even: Python's round(), by which torchvision places the crop. */
static int64_t half_to_even(int64_t difference) {
    const int64_t half = difference / 2;
    return half + (difference % 2 != 0 && half % 2 != 0 ? 1 : 0);
}

/* Where the centre begins on one axis: before the image, where that is the shorter one. */
static int64_t centre(int64_t resized, int64_t wanted) {
    return resized >= wanted ? half_to_even(resized - wanted) : -((wanted - resized) / 2);
}

void preprocess_centre(const clade_preprocess *how, preprocess_window *window) {
    window->top = centre(window->resized_height, how->height);
    window->left = centre(window->resized_width, how->width);
}

/* ---- The values ------------------------------------------------------------------------------------------------- */

/* The part of one axis that lies in the image; returns how many zeros are in front of it. */
static int64_t visible(int64_t source, int64_t resized, int64_t start, int64_t wanted, resample_axis *axis) {
    const int64_t first = base_max(start, 0), end = base_min(start + wanted, resized);
    *axis = (resample_axis){.source = source, .resized = resized, .first = first, .count = end - first};
    return first - start;
}

/* What resampling comes to where the size stays. */
static void copy_pixels(const resample_job *job) {
    for (int64_t y = 0; y < job->rows.count; y++) {
        const uint8_t *row = job->image + (job->rows.first + y) * job->pitch + job->columns.first * job->channels;
        for (int64_t c = 0; c < job->channels; c++) {
            float *values = job->values + c * job->plane + y * job->stride;
            for (int64_t x = 0; x < job->columns.count; x++) values[x] = (float)row[x * job->channels + c] / 255;
        }
    }
}

static clade_status resample(base_env *env, const clade_preprocess *how, const resample_job *job) {
    if (job->rows.source == job->rows.resized && job->columns.source == job->columns.resized) {
        copy_pixels(job);
        return CLADE_OK;
    }
    return how->no_antialias ? resample_plain(env, job) : resample_antialiased(env, job);
}

static void mirror(float *row, int64_t width) {
    for (int64_t left = 0, right = width - 1; left < right; left++, right--) {
        const float value = row[left];
        row[left] = row[right];
        row[right] = value;
    }
}

void preprocess_finish(const clade_preprocess *how, int32_t channels, bool mirrored, float *values) {
    const int64_t plane = (int64_t)how->height * how->width;
    for (int32_t c = channels; c < how->channels; c++)
        memcpy(values + c * plane, values, (size_t)plane * sizeof *values);
    for (int32_t c = 0; c < how->channels; c++, values += plane) {
        const float mean = how->mean[c], deviation = how->deviation[c] != 0 ? how->deviation[c] : 1;
        for (int64_t i = 0; i < plane; i++) values[i] = (values[i] - mean) / deviation;
        for (int64_t y = 0; mirrored && y < how->height; y++) mirror(values + y * how->width, how->width);
    }
}

clade_status preprocess_place(base_env *env, const preprocess_image *image, const clade_preprocess *how,
                              const preprocess_window *window, float *values) {
    resample_job job = {.image = image->pixels,
                        .pitch = image->pitch,
                        .channels = image->channels,
                        .plane = (int64_t)how->height * how->width,
                        .stride = how->width};
    const int64_t above = visible(image->height, window->resized_height, window->top, how->height, &job.rows);
    const int64_t before = visible(image->width, window->resized_width, window->left, how->width, &job.columns);
    if (job.rows.count < how->height || job.columns.count < how->width) /* the zeros around are pixels, too */
        memset(values, 0, (size_t)(job.channels * job.plane) * sizeof *values);
    if (job.rows.count > 0 && job.columns.count > 0) {
        job.values = values + above * job.stride + before;
        FORWARD(resample(env, how, &job));
    }
    preprocess_finish(how, image->channels, window->mirrored, values);
    return CLADE_OK;
}

/* ---- The public call -------------------------------------------------------------------------------------------- */

clade_status clade_image_preprocess(clade_context *context, const clade_array *image, const clade_preprocess *how,
                                    float *values_out) {
    if (!context || !image || !image->data || !how || !values_out)
        return refuse(io_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                      "context, image, its data, how and values_out must not be NULL");
    base_env *env = context_env(context);
    FORWARD(preprocess_check(env, how));
    uint64_t bytes = 0;
    char text[BASE_SHAPE_TEXT];
    if (image->type != CLADE_UINT8 || image->shape.rank != 3 || !io_array_bytes(image->type, &image->shape, &bytes) ||
        image->shape.dims[2] != how->channels)
        return base_fail(env, CLADE_ERROR_SHAPE,
                         "failed to preprocess an image of %s %s: uint8 [height, width, %d] is expected",
                         base_type_name(image->type), base_shape_text(&image->shape, text, sizeof text), how->channels);

    const preprocess_image whole = {.pixels = image->data,
                                    .height = image->shape.dims[0],
                                    .width = image->shape.dims[1],
                                    .channels = how->channels,
                                    .pitch = image->shape.dims[1] * how->channels};
    preprocess_window window;
    FORWARD(preprocess_resize(env, how, whole.height, whole.width, &window));
    preprocess_centre(how, &window);
    return preprocess_place(env, &whole, how, &window, values_out);
}
