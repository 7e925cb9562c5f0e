/* dataset.h: a set of images as its loaders see it: somewhere in memory, or in files. */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "base/base.h"
#include "rt/context.h"

#include <clade/data.h>

#include <stdatomic.h>

struct clade_dataset {
    atomic_uint holds;
    clade_context *context;
    clade_dataset_info info;
    int32_t *labels;   /* [count] */
    char **names;      /* [classes] */
    clade_array owned; /* what `pixels` are in, where they are the set's own */

    /* One of three: */
    const uint8_t *pixels; /* [count, height, width, channels] */
    const float *values;   /* [count, channels, height, width] */
    char **paths;          /* [count] */
};

/* The most images and classes that a set may have: numbers of both are int32_t. */
#define DATASET_MAX_COUNT ((int64_t)INT32_MAX)
enum { DATASET_MAX_CLASSES = 1 << 20 };

/* ---- For those who make sets (dataset_memory.c, dataset_folder.c) --------------------------------------------------------- */

/* An empty set that holds the context. Refuses settings that make no sense. */
clade_status dataset_create(clade_context *context, const clade_dataset_settings *settings,
                            clade_dataset **dataset_out);
/* Names the classes: as the settings do, else by their numbers. info.classes is known. */
clade_status dataset_name_classes(clade_dataset *dataset, const clade_dataset_settings *settings);
/* Refuses classes without images, unless the settings allow them. `what` names the set: "data set "PATH"". */
clade_status dataset_check_classes(const clade_dataset *dataset, const clade_dataset_settings *settings,
                                   const char *what);

/* ---- For loaders ------------------------------------------------------------------------------------------------------ */

clade_dataset *dataset_hold(clade_dataset *dataset);

/* An image where it lies, or decoded. */
typedef struct dataset_image {
    const uint8_t *pixels; /* [height, width, channels], or NULL */
    const float *values;   /* [channels, height, width], or NULL */
    int64_t height, width;
    clade_array decoded; /* of a file; cleared with dataset_give_back */
} dataset_image;

clade_status dataset_take(const clade_dataset *dataset, int64_t index, dataset_image *image_out);
void dataset_give_back(const clade_dataset *dataset, dataset_image *image);

#endif
