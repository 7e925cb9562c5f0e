/* dataset.c: what all sets of images have in common: classes, labels, life. */
#include "data/dataset.h"

#include <clade/io.h>

#include <string.h>

/* ---- Making one --------------------------------------------------------------------------------------------------------- */

static clade_status check_settings(base_env *env, const clade_dataset_settings *settings) {
    if (settings->classes < 0 || settings->classes > DATASET_MAX_CLASSES)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to make a data set of %d classes: 0 to %d are possible", settings->classes,
                         DATASET_MAX_CLASSES);
    if (settings->channels != 0 && settings->channels != 1 && settings->channels != 3)
        return base_fail(
            env, CLADE_ERROR_INVALID_ARGUMENT,
            "failed to make a data set of images with %d channels: 1 (grey), 3 (RGB) or 0 (3) are possible",
            settings->channels);
    if ((int)settings->damaged < CLADE_DAMAGED_REFUSE || settings->damaged > CLADE_DAMAGED_LATER)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to make a data set with damaged %d: %d to %d are possible", (int)settings->damaged,
                         CLADE_DAMAGED_REFUSE, CLADE_DAMAGED_LATER);
    if (settings->class_names && settings->classes == 0)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to make a data set with class_names: classes must say how many there are");
    for (int32_t i = 0; settings->class_names && i < settings->classes; i++)
        if (!settings->class_names[i])
            return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to make a data set with class_names[%d] NULL: each class has a name", i);
    for (size_t i = 0; i < BASE_COUNT(settings->reserved); i++)
        if (settings->reserved[i] != 0)
            return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to make a data set with reserved[%zu] %llu: it must be 0", i,
                             (unsigned long long)settings->reserved[i]);
    return CLADE_OK;
}

clade_status dataset_create(clade_context *context, const clade_dataset_settings *settings,
                            clade_dataset **dataset_out) {
    base_env *env = context_env(context);
    *dataset_out = NULL;
    FORWARD(check_settings(env, settings));
    clade_dataset *dataset = base_allocate_zero(env, 1, sizeof *dataset);
    if (!dataset) return base_fail_memory(env, sizeof *dataset, "a data set");
    atomic_init(&dataset->holds, 1);
    dataset->context = context_hold(context);
    *dataset_out = dataset;
    return CLADE_OK;
}

clade_status dataset_name_classes(clade_dataset *dataset, const clade_dataset_settings *settings) {
    base_env *env = context_env(dataset->context);
    const int32_t classes = dataset->info.classes;
    dataset->names = base_allocate_zero(env, (size_t)classes, sizeof *dataset->names);
    if (!dataset->names) return base_fail_memory(env, (size_t)classes * sizeof *dataset->names, "the names of classes");
    for (int32_t i = 0; i < classes; i++) {
        dataset->names[i] =
            settings->class_names ? base_copy_string(env, settings->class_names[i]) : base_format(env, "%d", i);
        if (!dataset->names[i])
            return base_fail(env, CLADE_ERROR_OUT_OF_MEMORY, "failed to name class %d: out of host memory", i);
    }
    return CLADE_OK;
}

clade_status dataset_check_classes(const clade_dataset *dataset, const clade_dataset_settings *settings,
                                   const char *what) {
    base_env *env = context_env(dataset->context);
    if (settings->empty_classes) return CLADE_OK;
    const int32_t classes = dataset->info.classes;
    bool *seen = base_allocate_zero(env, (size_t)classes, sizeof *seen);
    if (!seen) return base_fail_memory(env, (size_t)classes, "a list of classes");
    for (int64_t i = 0; i < dataset->info.count; i++) seen[dataset->labels[i]] = true;
    int32_t empty = 0, first = 0;
    for (int32_t i = classes - 1; i >= 0; i--)
        if (!seen[i]) {
            empty++;
            first = i;
        }
    base_free(env, seen);
    if (empty == 0) return CLADE_OK;
    return base_fail(
        env, CLADE_ERROR_FORMAT,
        "failed to use %s: class %d, \"%s\", has no images, one of %d such classes of %d: each must have some, unless "
        "the settings allow empty_classes",
        what, first, dataset->names[first], empty, classes);
}

/* ---- Life --------------------------------------------------------------------------------------------------------------- */

clade_dataset *dataset_hold(clade_dataset *dataset) {
    atomic_fetch_add(&dataset->holds, 1);
    return dataset;
}

static void free_texts(base_env *env, char **texts, int64_t count) {
    for (int64_t i = 0; texts && i < count; i++) base_free(env, texts[i]);
    base_free(env, texts);
}

void clade_dataset_destroy(clade_dataset **dataset) {
    if (!dataset || !*dataset) return;
    clade_dataset *gone = *dataset;
    *dataset = NULL;
    if (atomic_fetch_sub(&gone->holds, 1) > 1) return;
    clade_context *context = gone->context;
    base_env *env = context_env(context);
    free_texts(env, gone->names, gone->info.classes);
    free_texts(env, gone->paths, gone->info.count);
    base_free(env, gone->labels);
    clade_array_clear(context, &gone->owned);
    base_free(env, gone);
    context_release(context);
}

/* ---- Looking at one ----------------------------------------------------------------------------------------------------- */

clade_status clade_dataset_describe(const clade_dataset *dataset, clade_dataset_info *info_out) {
    RETURN_IF(!dataset, CLADE_ERROR_INVALID_ARGUMENT);
    if (!info_out)
        return base_fail(context_env(dataset->context), CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to describe a data set: info_out must not be NULL");
    *info_out = dataset->info;
    return CLADE_OK;
}

const int32_t *clade_dataset_labels(const clade_dataset *dataset) { return dataset ? dataset->labels : NULL; }

const char *clade_dataset_class_name(const clade_dataset *dataset, int32_t index) {
    return dataset && index >= 0 && index < dataset->info.classes ? dataset->names[index] : NULL;
}

const char *clade_dataset_path(const clade_dataset *dataset, int64_t index) {
    return dataset && dataset->paths && index >= 0 && index < dataset->info.count ? dataset->paths[index] : NULL;
}

clade_status dataset_take(const clade_dataset *dataset, int64_t index, dataset_image *image_out) {
    const clade_dataset_info *info = &dataset->info;
    *image_out = (dataset_image){.height = info->height, .width = info->width};
    if (dataset->paths) {
        FORWARD(clade_image_read(dataset->context, dataset->paths[index], info->channels, &image_out->decoded));
        image_out->pixels = image_out->decoded.data;
        image_out->height = image_out->decoded.shape.dims[0];
        image_out->width = image_out->decoded.shape.dims[1];
        return CLADE_OK;
    }
    const int64_t size = (int64_t)info->channels * info->height * info->width;
    if (dataset->pixels)
        image_out->pixels = dataset->pixels + index * size;
    else
        image_out->values = dataset->values + index * size;
    return CLADE_OK;
}

void dataset_give_back(const clade_dataset *dataset, dataset_image *image) {
    clade_array_clear(dataset->context, &image->decoded);
}

/* A copy, of what was decoded for it as of what lies in memory. */
static clade_status copy_image(const clade_dataset *dataset, const dataset_image *image, clade_array *image_out) {
    const clade_dataset_info *info = &dataset->info;
    const clade_type type = image->values ? CLADE_FLOAT32 : CLADE_UINT8;
    const size_t size = (size_t)(info->channels * image->height * image->width) * base_type_size(type);
    void *data = base_allocate(context_env(dataset->context), size);
    if (!data) return base_fail_memory(context_env(dataset->context), size, "an image");
    memcpy(data, image->values ? (const void *)image->values : image->pixels, size);
    *image_out = (clade_array){
        .type = type, .shape = {.rank = 3, .dims = {image->height, image->width, info->channels}}, .data = data};
    if (image->values)
        image_out->shape = (clade_shape){.rank = 3, .dims = {info->channels, image->height, image->width}};
    return CLADE_OK;
}

clade_status clade_dataset_image(const clade_dataset *dataset, int64_t index, clade_array *image_out) {
    if (image_out) *image_out = (clade_array){0};
    RETURN_IF(!dataset, CLADE_ERROR_INVALID_ARGUMENT);
    base_env *env = context_env(dataset->context);
    if (!image_out)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT, "failed to read image %lld: image_out must not be NULL",
                         (long long)index);
    if (index < 0 || index >= dataset->info.count)
        return base_fail(env, CLADE_ERROR_NOT_FOUND, "failed to read image %lld: the data set has %lld",
                         (long long)index, (long long)dataset->info.count);
    dataset_image image;
    FORWARD(dataset_take(dataset, index, &image));
    const clade_status status = copy_image(dataset, &image, image_out);
    dataset_give_back(dataset, &image);
    return status;
}
