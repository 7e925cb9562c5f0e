/* dataset_folder.c: sets of image files, in a folder for each class. */
#include "data/dataset.h"
#include "data/listing.h"

#include <clade/io.h>

#include <string.h>

/* A set on its way. Arrays that the set owns grow here. */
typedef struct opening {
    clade_dataset *dataset;
    const clade_dataset_settings *settings;
    base_env *env;
    const char *folder;
    listing folders; /* that are in it */
    size_t path_capacity, label_capacity;
} opening;

/* ---- Classes ------------------------------------------------------------------------------------------------------------ */

static bool is_class(const clade_dataset_settings *settings, const char *name) {
    for (int32_t i = 0; i < settings->classes; i++)
        if (strcmp(settings->class_names[i], name) == 0) return true;
    return false;
}

/* The sub folders must be the classes that are expected, where the caller has said what he expects. */
static clade_status check_folders(const opening *job) {
    const clade_dataset_settings *settings = job->settings;
    const listing *folders = &job->folders;
    if (folders->count == 0)
        return base_fail(job->env, CLADE_ERROR_FORMAT,
                         "failed to use folder \"%s\": it has no sub folders, and each class must be one", job->folder);
    if (folders->count > (settings->classes ? (size_t)settings->classes : DATASET_MAX_CLASSES))
        return base_fail(job->env, CLADE_ERROR_FORMAT,
                         "failed to use folder \"%s\": it has %zu sub folders for %d classes", job->folder,
                         folders->count, settings->classes ? settings->classes : DATASET_MAX_CLASSES);
    for (size_t i = 0; settings->class_names && i < folders->count; i++)
        if (!is_class(settings, folders->names[i]))
            return base_fail(job->env, CLADE_ERROR_FORMAT,
                             "failed to use folder \"%s\": its sub folder \"%s\" is none of the %d classes",
                             job->folder, folders->names[i], settings->classes);
    if (!settings->class_names && settings->classes && folders->count < (size_t)settings->classes)
        return base_fail(job->env, CLADE_ERROR_FORMAT,
                         "failed to use folder \"%s\": it has %zu sub folders for %d classes", job->folder,
                         folders->count, settings->classes);
    return CLADE_OK;
}

static clade_status find_classes(opening *job) {
    clade_dataset_settings named = *job->settings;
    FORWARD(listing_read(job->env, job->folder, LISTING_FOLDERS, &job->folders));
    FORWARD(check_folders(job));
    job->dataset->info.classes = named.classes ? named.classes : (int32_t)job->folders.count;
    if (!named.class_names) named.class_names = (const char *const *)job->folders.names;
    return dataset_name_classes(job->dataset, &named);
}

/* ---- Files -------------------------------------------------------------------------------------------------------------- */

static clade_status add_file(opening *job, const char *folder, const char *name, int32_t label) {
    clade_dataset *dataset = job->dataset;
    const size_t count = (size_t)dataset->info.count;
    if (dataset->info.count == DATASET_MAX_COUNT)
        return base_fail(job->env, CLADE_ERROR_FORMAT, "failed to use folder \"%s\": it has more than %lld images",
                         job->folder, (long long)DATASET_MAX_COUNT);
    char *path = base_grow(job->env, &dataset->paths, sizeof *dataset->paths, count, &job->path_capacity) &&
                         base_grow(job->env, &dataset->labels, sizeof *dataset->labels, count, &job->label_capacity)
                     ? base_format(job->env, "%s/%s", folder, name)
                     : NULL;
    if (!path)
        return base_fail(job->env, CLADE_ERROR_OUT_OF_MEMORY,
                         "failed to list the images of folder \"%s\": out of host memory", job->folder);
    dataset->paths[count] = path;
    dataset->labels[count] = label;
    dataset->info.count++;
    return CLADE_OK;
}

static bool has_folder(const opening *job, const char *name) {
    for (size_t i = 0; i < job->folders.count; i++)
        if (strcmp(job->folders.names[i], name) == 0) return true;
    return false;
}

static clade_status add_class(opening *job, int32_t label) {
    if (job->settings->empty_classes && !has_folder(job, job->dataset->names[label])) return CLADE_OK;
    listing files = {0};
    char *folder = base_format(job->env, "%s/%s", job->folder, job->dataset->names[label]);
    if (!folder)
        return base_fail(job->env, CLADE_ERROR_OUT_OF_MEMORY,
                         "failed to name the folder of a class: out of host memory");
    clade_status status = listing_read(job->env, folder, LISTING_FILES, &files);
    for (size_t i = 0; status == CLADE_OK && i < files.count; i++)
        status = add_file(job, folder, files.names[i], label);
    listing_clear(&files);
    base_free(job->env, folder);
    return status;
}

/* ---- Trying each image -------------------------------------------------------------------------------------------------- */

/* How many could not be read, and what the reader said to the first of them. */
typedef struct damage {
    int64_t count;
    char first[1024];
    clade_status status;
} damage;

/* 0, once there were two sizes, is no image's. */
static void note_size(clade_dataset_info *info, const clade_array *image, bool first) {
    const int32_t height = (int32_t)image->shape.dims[0], width = (int32_t)image->shape.dims[1];
    info->height = first || info->height == height ? height : 0;
    info->width = first || info->width == width ? width : 0;
}

/* Decodes every image and keeps those that do. */
static clade_status try_images(opening *job, damage *damage_out) {
    clade_dataset *dataset = job->dataset;
    const int64_t count = dataset->info.count;
    int64_t kept = 0;
    clade_status status = CLADE_OK;
    for (int64_t i = 0; i < count; i++) {
        clade_array image = {0};
        if (status == CLADE_OK)
            status = clade_image_read(dataset->context, dataset->paths[i], dataset->info.channels, &image);
        const bool damaged = status != CLADE_OK && status != CLADE_ERROR_OUT_OF_MEMORY;
        if (status == CLADE_OK) note_size(&dataset->info, &image, kept == 0);
        if (damaged) {
            if (damage_out->count++ == 0) {
                damage_out->status = status;
                base_message(job->env, damage_out->first, sizeof damage_out->first);
            }
            base_free(job->env, dataset->paths[i]);
            status = CLADE_OK;
        } else {
            dataset->paths[kept] = dataset->paths[i];
            dataset->labels[kept++] = dataset->labels[i];
        }
        clade_array_clear(dataset->context, &image);
    }
    dataset->info.count = kept;
    return status;
}

static clade_status check_images(opening *job) {
    damage found = {0};
    const int64_t count = job->dataset->info.count;
    FORWARD(try_images(job, &found));
    if (found.count == 0) return CLADE_OK;
    if (job->settings->damaged == CLADE_DAMAGED_REFUSE)
        return base_fail(job->env, found.status,
                         "failed to use folder \"%s\": %lld of its %lld images cannot be read, the first: %s",
                         job->folder, (long long)found.count, (long long)count, found.first);
    job->dataset->info.skipped = found.count;
    base_log(job->env, CLADE_LOG_WARNING, "folder \"%s\": %lld of its %lld images are left out, the first: %s",
             job->folder, (long long)found.count, (long long)count, found.first);
    return CLADE_OK;
}

/* ---- Opening ------------------------------------------------------------------------------------------------------------ */

static clade_status fill(opening *job) {
    clade_dataset *dataset = job->dataset;
    dataset->info.channels = job->settings->channels ? job->settings->channels : 3;
    FORWARD(find_classes(job));
    for (int32_t label = 0; label < dataset->info.classes; label++) FORWARD(add_class(job, label));
    if (job->settings->damaged != CLADE_DAMAGED_LATER) FORWARD(check_images(job));
    if (dataset->info.count == 0)
        return base_fail(job->env, CLADE_ERROR_FORMAT, "failed to use folder \"%s\": there are no images in it",
                         job->folder);
    char *what = base_format(job->env, "folder \"%s\"", job->folder);
    if (!what) return base_fail(job->env, CLADE_ERROR_OUT_OF_MEMORY, "failed to name a folder: out of host memory");
    const clade_status status = dataset_check_classes(dataset, job->settings, what);
    base_free(job->env, what);
    return status;
}

clade_status clade_dataset_open_folder(clade_context *context, const char *folder,
                                       const clade_dataset_settings *settings, clade_dataset **dataset_out) {
    if (dataset_out) *dataset_out = NULL;
    RETURN_IF(!context, CLADE_ERROR_INVALID_ARGUMENT);
    if (!folder || !dataset_out)
        return base_fail(context_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to open a folder of images: folder and dataset_out must not be NULL");
    const clade_dataset_settings standard = {0};
    opening job = {.env = context_env(context), .folder = folder, .settings = settings ? settings : &standard};
    FORWARD(dataset_create(context, job.settings, &job.dataset));
    const clade_status status = fill(&job);
    listing_clear(&job.folders);
    if (status != CLADE_OK) clade_dataset_destroy(&job.dataset);
    *dataset_out = job.dataset;
    return status;
}
