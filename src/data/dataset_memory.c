/* dataset_memory.c: sets whose images lie in memory: read from IDX files, or the caller's. */
#include "data/dataset.h"

#include <clade/io.h>

#include <string.h>

/* Where the settings do not say: one more than the largest label. */
static int32_t count_classes(const int32_t *labels, int64_t count) {
    int32_t largest = 0;
    for (int64_t i = 0; i < count; i++)
        if (labels[i] > largest) largest = labels[i];
    return largest < DATASET_MAX_CLASSES ? largest + 1 : DATASET_MAX_CLASSES;
}

static clade_status check_range(const clade_dataset *dataset, const char *what) {
    int64_t wrong = 0, first = 0;
    for (int64_t i = dataset->info.count - 1; i >= 0; i--)
        if (dataset->labels[i] < 0 || dataset->labels[i] >= dataset->info.classes) {
            wrong++;
            first = i;
        }
    if (wrong == 0) return CLADE_OK;
    return base_fail(context_env(dataset->context), CLADE_ERROR_FORMAT,
                     "failed to use %s: the label of image %lld is %d, and %lld of %lld labels are out of range: they "
                     "must be 0 to %d",
                     what, (long long)first, dataset->labels[first], (long long)wrong, (long long)dataset->info.count,
                     dataset->info.classes - 1);
}

/* What is left to do once the labels are there. */
static clade_status finish(clade_dataset *dataset, const clade_dataset_settings *settings, const char *what) {
    dataset->info.classes = settings->classes ? settings->classes : count_classes(dataset->labels, dataset->info.count);
    FORWARD(check_range(dataset, what));
    FORWARD(dataset_name_classes(dataset, settings));
    return dataset_check_classes(dataset, settings, what);
}

static clade_status take_label_memory(clade_dataset *dataset) {
    const size_t size = (size_t)dataset->info.count * sizeof *dataset->labels;
    dataset->labels = base_allocate(context_env(dataset->context), size);
    return dataset->labels ? CLADE_OK : base_fail_memory(context_env(dataset->context), size, "labels");
}

/* Pixels of [count, height, width] or [count, height, width, channels]; floats of [count, channels, height, width]. */
static clade_status describe(clade_dataset *dataset, const clade_array *images, const char *what) {
    const int64_t *dims = images->shape.dims;
    const bool pixels = images->type == CLADE_UINT8, grey = pixels && images->shape.rank == 3;
    const int64_t channels = grey ? 1 : dims[pixels ? 3 : 1], height = dims[pixels ? 1 : 2],
                  width = dims[pixels ? 2 : 3];
    int64_t elements = 0;
    char text[BASE_SHAPE_TEXT];
    base_env *env = context_env(dataset->context);
    base_shape_text(&images->shape, text, sizeof text);
    if (!(grey || images->shape.rank == 4) || !base_shape_elements(&images->shape, &elements))
        return base_fail(env, CLADE_ERROR_SHAPE,
                         "failed to use %s with images of shape %s: %s is expected, of at least one image", what, text,
                         pixels ? "[count, height, width] or [count, height, width, channels]"
                                : "[count, channels, height, width]");
    if (channels != 1 && channels != 3)
        return base_fail(env, CLADE_ERROR_SHAPE,
                         "failed to use %s with images of shape %s: they have %lld channels, not 1 or 3", what, text,
                         (long long)channels);
    if (dims[0] > DATASET_MAX_COUNT || height > INT32_MAX || width > INT32_MAX)
        return base_fail(env, CLADE_ERROR_SHAPE, "failed to use %s with images of shape %s: no dimension may pass %d",
                         what, text, INT32_MAX);
    dataset->info.count = dims[0];
    dataset->info.channels = (int32_t)channels;
    dataset->info.height = (int32_t)height;
    dataset->info.width = (int32_t)width;
    if (pixels)
        dataset->pixels = images->data;
    else
        dataset->values = images->data;
    return CLADE_OK;
}

/* ---- IDX ---------------------------------------------------------------------------------------------------------------- */

static clade_status take_idx_labels(clade_dataset *dataset, const clade_array *labels, const char *what) {
    base_env *env = context_env(dataset->context);
    char text[BASE_SHAPE_TEXT];
    if (labels->shape.rank != 1)
        return base_fail(env, CLADE_ERROR_SHAPE, "failed to use %s with labels of shape %s: [count] is expected", what,
                         base_shape_text(&labels->shape, text, sizeof text));
    if (labels->shape.dims[0] != dataset->info.count)
        return base_fail(env, CLADE_ERROR_SHAPE, "failed to use %s: it has %lld images and %lld labels", what,
                         (long long)dataset->info.count, (long long)labels->shape.dims[0]);
    FORWARD(take_label_memory(dataset));
    const uint8_t *from = labels->data;
    for (int64_t i = 0; i < dataset->info.count; i++) dataset->labels[i] = from[i];
    return CLADE_OK;
}

static clade_status fill_from_idx(clade_dataset *dataset, const char *images, const char *labels,
                                  const clade_dataset_settings *settings) {
    base_env *env = context_env(dataset->context);
    clade_array label_bytes = {0};
    char *what = base_format(env, "data set \"%s\" with \"%s\"", images, labels);
    clade_status status =
        what ? CLADE_OK : base_fail(env, CLADE_ERROR_OUT_OF_MEMORY, "failed to name a data set: out of host memory");
    if (status == CLADE_OK) status = clade_idx_read(dataset->context, labels, &label_bytes);
    if (status == CLADE_OK) status = clade_idx_read(dataset->context, images, &dataset->owned);
    if (status == CLADE_OK) status = describe(dataset, &dataset->owned, what);
    if (status == CLADE_OK) status = take_idx_labels(dataset, &label_bytes, what);
    if (status == CLADE_OK) status = finish(dataset, settings, what);
    clade_array_clear(dataset->context, &label_bytes);
    base_free(env, what);
    return status;
}

clade_status clade_dataset_read_idx(clade_context *context, const char *images, const char *labels,
                                    const clade_dataset_settings *settings, clade_dataset **dataset_out) {
    if (dataset_out) *dataset_out = NULL;
    RETURN_IF(!context, CLADE_ERROR_INVALID_ARGUMENT);
    if (!images || !labels || !dataset_out)
        return base_fail(context_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to read a data set: images, labels and dataset_out must not be NULL");
    const clade_dataset_settings standard = {0};
    if (!settings) settings = &standard;
    clade_dataset *dataset = NULL;
    FORWARD(dataset_create(context, settings, &dataset));
    const clade_status status = fill_from_idx(dataset, images, labels, settings);
    if (status != CLADE_OK) clade_dataset_destroy(&dataset);
    *dataset_out = dataset;
    return status;
}

/* ---- The caller's ------------------------------------------------------------------------------------------------------- */

static clade_status fill_from_arrays(clade_dataset *dataset, const clade_array *images, const int32_t *labels,
                                     const clade_dataset_settings *settings) {
    static const char what[] = "a data set in memory";
    if (images->type != CLADE_UINT8 && images->type != CLADE_FLOAT32)
        return base_fail(context_env(dataset->context), CLADE_ERROR_UNSUPPORTED,
                         "failed to use %s with images of %s: uint8 and float32 are possible", what,
                         base_type_name(images->type));
    FORWARD(describe(dataset, images, what));
    FORWARD(take_label_memory(dataset));
    memcpy(dataset->labels, labels, (size_t)dataset->info.count * sizeof *labels);
    return finish(dataset, settings, what);
}

clade_status clade_dataset_wrap(clade_context *context, const clade_array *images, const int32_t *labels,
                                const clade_dataset_settings *settings, clade_dataset **dataset_out) {
    if (dataset_out) *dataset_out = NULL;
    RETURN_IF(!context, CLADE_ERROR_INVALID_ARGUMENT);
    if (!images || !images->data || !labels || !dataset_out)
        return base_fail(
            context_env(context), CLADE_ERROR_INVALID_ARGUMENT,
            "failed to use a data set in memory: images, their data, labels and dataset_out must not be NULL");
    const clade_dataset_settings standard = {0};
    if (!settings) settings = &standard;
    clade_dataset *dataset = NULL;
    FORWARD(dataset_create(context, settings, &dataset));
    const clade_status status = fill_from_arrays(dataset, images, labels, settings);
    if (status != CLADE_OK) clade_dataset_destroy(&dataset);
    *dataset_out = dataset;
    return status;
}
