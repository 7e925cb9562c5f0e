/* preprocess.c: an image as a network wants it: what torchvision's evaluation transform makes of it, that is
 *
 *   Resize(shorter side) -> CenterCrop -> ToTensor (pixel / 255) -> Normalize((value - mean) / deviation)
 *
 * Only the pixels that the crop leaves are resized, so a long thin image costs no more than another. */
#include "io/array.h"
#include "io/resample.h"

#include <clade/io.h>

#include <math.h>

static clade_status refuse(base_env *env, clade_status status, const char *rule) {
    return base_fail(env, status, "failed to preprocess an image: %s", rule);
}

static clade_status check(base_env *env, const clade_array *image, const clade_preprocess *how) {
    uint64_t bytes = 0;
    char text[BASE_SHAPE_TEXT];
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
    if (image->type != CLADE_UINT8 || image->shape.rank != 3 || !io_array_bytes(image->type, &image->shape, &bytes) ||
        image->shape.dims[2] != how->channels)
        return base_fail(env, CLADE_ERROR_SHAPE,
                         "failed to preprocess an image of %s %s: uint8 [height, width, %d] is expected",
                         base_type_name(image->type), base_shape_text(&image->shape, text, sizeof text), how->channels);
    return CLADE_OK;
}

/* Half of a difference, halves to even: Python's round(), by which torchvision places the crop. */
static int64_t half_to_even(int64_t difference) {
    const int64_t half = difference / 2;
    return half + (difference % 2 != 0 && half % 2 != 0 ? 1 : 0);
}

/* Where the crop lies on one axis: `axis` gets the resized pixels inside it; the return value is how many zeros are in
 * front of them, which happens when the crop is longer than the resized image. */
static int64_t crop(int64_t source, int64_t resized, int64_t wanted, resample_axis *axis) {
    const int64_t count = base_min(resized, wanted);
    *axis =
        (resample_axis){.source = source, .resized = resized, .first = half_to_even(resized - count), .count = count};
    return (wanted - count) / 2;
}

/* Mean and deviation, over all of the output: the zeros around a short image are pixels too. */
static void normalise(const clade_preprocess *how, const resample_job *job, int64_t above, int64_t before,
                      float *values) {
    for (int32_t c = 0; c < how->channels; c++) {
        const float mean = how->mean[c], deviation = how->deviation[c] != 0 ? how->deviation[c] : 1;
        for (int64_t y = 0; y < how->height; y++)
            for (int64_t x = 0; x < how->width; x++) {
                const bool inside =
                    y >= above && y < above + job->rows.count && x >= before && x < before + job->columns.count;
                float *value = &values[c * job->plane + y * job->stride + x];
                *value = ((inside ? *value : 0) - mean) / deviation;
            }
    }
}

clade_status clade_image_preprocess(clade_context *context, const clade_array *image, const clade_preprocess *how,
                                    float *values_out) {
    if (!context || !image || !image->data || !how || !values_out)
        return refuse(io_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                      "context, image, its data, how and values_out must not be NULL");
    base_env *env = context_env(context);
    FORWARD(check(env, image, how));

    const int64_t height = image->shape.dims[0], width = image->shape.dims[1];
    int64_t resized_height = how->height, resized_width = how->width;
    if (how->resize != 0) { /* the longer side keeps the proportions, rounded down */
        const int64_t shorter = base_min(height, width);
        if (base_max(height, width) > INT64_MAX / how->resize)
            return refuse(env, CLADE_ERROR_SHAPE, "its resized size overflows");
        resized_height = height * how->resize / shorter;
        resized_width = width * how->resize / shorter;
    }

    resample_job job = {.image = image->data,
                        .channels = how->channels,
                        .plane = (int64_t)how->height * how->width,
                        .stride = how->width};
    const int64_t above = crop(height, resized_height, how->height, &job.rows);
    const int64_t before = crop(width, resized_width, how->width, &job.columns);
    job.values = values_out + above * job.stride + before;
    FORWARD(how->no_antialias ? resample_plain(env, &job) : resample_antialiased(env, &job));
    normalise(how, &job, above, before, values_out);
    return CLADE_OK;
}
