/**
 * @file data.h
 * @brief Data for training and evaluation: sets of images with classes, and batches of them prepared on threads.
 *
 * A program that goes through a set needs four of these calls:
 *
 * @code{.c}
 * clade_dataset *set = NULL;
 * clade_loader *loader = NULL;
 * clade_batch batch;
 * clade_dataset_read_idx(context, "train-images.gz", "train-labels.gz", NULL, &set);
 * clade_loader_create(set, &(clade_loader_settings){.batch = 128, .shuffle = true, .flip = 0.5f}, &loader);
 * while (clade_loader_next(loader, &batch) == CLADE_OK && batch.epoch < 10) train_on(batch.images, batch.labels, batch.count);
 * clade_loader_destroy(&loader);
 * clade_dataset_destroy(&set);
 * @endcode
 *
 * Conventions, besides those of clade.h and io.h:
 *
 *  - Images are numbered from 0 in the order of the set, classes from 0 to their number less 1.
 *  - What a loader gives follows from the set, the settings, the epoch and the number of the batch alone: not from what was
 *    loaded before, nor from the number of threads. A run that goes on from a checkpoint sees the same numbers, to the bit.
 *  - Random numbers are Philox4x32-10's (Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, 2011), keyed by the seed and
 *    counted by epoch and image.
 *  - A loader's threads call the context's log and allocator.
 */
#ifndef CLADE_DATA_H
#define CLADE_DATA_H

#include <clade/clade.h>
#include <clade/models.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Data sets ------------------------------------------------------------------------------------- */

/** Images, each with its class. Never changes, and may be shared by threads. */
typedef struct clade_dataset clade_dataset;

/** What becomes of images in a folder that cannot be read or decoded. */
typedef enum clade_damaged {
    /** All images are decoded once when the folder is opened. Opening fails if one cannot be; the message has the first and how
     *  many there are. */
    CLADE_DAMAGED_REFUSE = 0,
    /** All images are decoded once, too, but such ones are left out: each is named in the log, and clade_dataset_info counts them. */
    CLADE_DAMAGED_SKIP = 1,
    /** For folders too large to be decoded twice: opening lists the files only. A loader that comes upon such an image fails and
     *  names it. */
    CLADE_DAMAGED_LATER = 2
} clade_damaged;

/** What to expect of a data set. */
typedef struct clade_dataset_settings {
    /** How many classes there are; a label must be less. 0: of a folder its sub folders, else one more than the largest label. */
    int32_t classes;
    /** Their names, `classes` of them; copied. A folder must then have these sub folders and no others, and it is their order
     *  that counts: so a test set gets the numbers of the set that was trained on. NULL: a folder's sub folders in the order of
     *  their bytes, else "0", "1", .... */
    const char *const *class_names;
    bool empty_classes;    /**< There may be classes without images; else they are an error. */
    int32_t channels;      /**< Of a folder's images: 1, grey, or 3, RGB, whatever the files have. 0: 3. */
    clade_damaged damaged; /**< Of a folder. */
    uint64_t reserved[6];  /**< Zero. */
} clade_dataset_settings;

/** What a data set is. */
typedef struct clade_dataset_info {
    int64_t count;        /**< Images. */
    int32_t classes;      /**< Classes. */
    int32_t channels;     /**< Of each image. */
    int32_t height;       /**< Of each image; 0 where they differ, or nobody has looked (CLADE_DAMAGED_LATER). */
    int32_t width;        /**< Likewise. */
    int64_t skipped;      /**< Images that were left out by CLADE_DAMAGED_SKIP. */
    uint64_t reserved[4]; /**< Zero. */
} clade_dataset_info;

/** Reads a set from two files in IDX format, compressed by gzip or not: MNIST, Fashion-MNIST (Debian's package
 *  dataset-fashion-mnist), and their like. The images are kept in memory, a byte a pixel.
 *  @param images  [count, height, width] grey or [count, height, width, 3] RGB.
 *  @param labels  [count].
 *  @param settings  NULL: the defaults.
 *  @param[out] dataset_out  the caller's, to be freed with @ref clade_dataset_destroy.
 *  @return CLADE_ERROR_SHAPE (images of another rank, as many labels as there are not images), CLADE_ERROR_FORMAT (a label out of
 *          range, a class without images), and what @ref clade_idx_read gives. */
CLADE_API clade_status clade_dataset_read_idx(clade_context *context, const char *images, const char *labels,
                                              const clade_dataset_settings *settings, clade_dataset **dataset_out);

/** Opens a folder with a sub folder for each class, named like it, with the class's images: JPEG and PNG files of any size.
 *  Images are ordered by class, within it by the bytes of their names. What begins with a dot is passed over, and so are files
 *  beside the sub folders; sub folders of a class are refused. Links are followed. Files are read when they are needed and must
 *  not change.
 *  @param settings  NULL: the defaults.
 *  @param[out] dataset_out  the caller's, to be freed with @ref clade_dataset_destroy.
 *  @return CLADE_ERROR_NOT_FOUND (no folder, a class that has none), CLADE_ERROR_IO (a folder that cannot be read),
 *          CLADE_ERROR_FORMAT (no sub folders, more of them than classes, a class without images, images that do not decode). */
CLADE_API clade_status clade_dataset_open_folder(clade_context *context, const char *folder,
                                                 const clade_dataset_settings *settings, clade_dataset **dataset_out);

/** Makes a set of images in the caller's memory, which must stay as it is until the set and its loaders have been destroyed.
 *  @param images  CLADE_UINT8 [count, height, width] or [count, height, width, channels]: pixels; or
 *                 CLADE_FLOAT32 [count, channels, height, width]: values as the network wants them, but for
 *                 mean and deviation; they cannot be resized. 1 or 3 channels.
 *  @param labels  one for each image; copied.
 *  @param settings  NULL: the defaults.
 *  @param[out] dataset_out  the caller's, to be freed with @ref clade_dataset_destroy.
 *  @return CLADE_ERROR_SHAPE, CLADE_ERROR_UNSUPPORTED (another type), CLADE_ERROR_FORMAT (a label out of range, a class without
 *          images), CLADE_ERROR_INVALID_ARGUMENT, CLADE_ERROR_OUT_OF_MEMORY. */
CLADE_API clade_status clade_dataset_wrap(clade_context *context, const clade_array *images, const int32_t *labels,
                                          const clade_dataset_settings *settings, clade_dataset **dataset_out);

/** Gives up the caller's hold on a set. It goes when its loaders have gone. */
CLADE_API void clade_dataset_destroy(clade_dataset **dataset);

/** Describes a set. */
CLADE_API clade_status clade_dataset_describe(const clade_dataset *dataset, clade_dataset_info *info_out);

/** @return the class of each image, as many as the set has; they live as long as the set. NULL for NULL. */
CLADE_API const int32_t *clade_dataset_labels(const clade_dataset *dataset);

/** @return the name of a class, which lives as long as the set. NULL where there is no such class. */
CLADE_API const char *clade_dataset_class_name(const clade_dataset *dataset, int32_t index);

/** @return the path of a folder's image, which lives as long as the set. NULL where there is no such image, or no file of it. */
CLADE_API const char *clade_dataset_path(const clade_dataset *dataset, int64_t index);

/** Gives a copy of one image, without any preparation.
 *  @param[out] image_out  CLADE_UINT8 [height, width, channels], or CLADE_FLOAT32 [channels, height, width] where the set has
 *                         floats. The caller's, to be freed with @ref clade_array_clear.
 *  @return CLADE_ERROR_NOT_FOUND (no such image), and what @ref clade_image_read gives. */
CLADE_API clade_status clade_dataset_image(const clade_dataset *dataset, int64_t index, clade_array *image_out);

/* --- Loaders --------------------------------------------------------------------------------------- */

/** Batches of a set, prepared ahead on threads. One thread at a time. */
typedef struct clade_loader clade_loader;

/** Which part of an image becomes the network's input. */
typedef enum clade_crop {
    /** The centre of the resized image, as @ref clade_image_preprocess takes it. */
    CLADE_CROP_CENTRE = 0,
    /** Any window of the resized image with `padding` zeros put around it. (Where clade_preprocess::resize is 0 the resized image
     *  is as large as the window, and only the padding leaves a choice.) */
    CLADE_CROP_RANDOM = 1,
    /** A window of random size and proportions, resized to the input: Inception's training crops (arXiv:1409.4842, section 6), as
     *  torchvision's RandomResizedCrop chooses them. */
    CLADE_CROP_RESIZED = 2
} clade_crop;

/** How to load a set. */
typedef struct clade_loader_settings {
    int32_t batch;    /**< Images a step, over all ranks; a multiple of `ranks`. 0: 1 for each rank. */
    bool drop_last;   /**< An epoch ends with its last whole batch; else with what is left of the set. */
    bool shuffle;     /**< Each epoch in an order of its own; else in the order of the set. */
    uint64_t seed;    /**< Of all random numbers. */
    int32_t rank;     /**< Which part of each batch this loader gives: its own 1 / `ranks`. */
    int32_t ranks;    /**< How many loaders share each batch, one a process as a rule; 0: 1. */
    clade_crop crop;  /**< Which part of the image. */
    int32_t padding;  /**< For CLADE_CROP_RANDOM: zeros on each side. */
    float least_area; /**< For CLADE_CROP_RESIZED: the smallest part of the image's area. 0: 0.08. */
    float flip;       /**< Probability that left and right are swapped, 0 to 1. */
    /** Size and channels of the network's input (0: the set's), resizing, mean and deviation, as a model of the zoo gives them
     *  (clade_model_info::preprocess). Grey images become RGB where 3 channels are asked for. */
    clade_preprocess preprocess;
    int32_t threads;      /**< How many prepare batches, at most 256. 0: 1. */
    int32_t ahead;        /**< Batches that may wait for the caller, at most 1024. 0: 1 more than threads. */
    uint64_t reserved[8]; /**< Zero. */
} clade_loader_settings;

/** What a loader gives. */
typedef struct clade_loader_info {
    int64_t batches;  /**< In an epoch. */
    int32_t batch;    /**< Images of this rank in a whole batch: for how many there is room in clade_batch::images. */
    int32_t channels; /**< Of each image. */
    int32_t height;   /**< Of each image. */
    int32_t width;    /**< Of each image. */
    double waited;    /**< Seconds that the caller has waited in @ref clade_loader_next so far. */
    uint64_t reserved[4]; /**< Zero. */
} clade_loader_info;

/** A batch. The arrays are the loader's, and stay as they are until its next call. */
typedef struct clade_batch {
    const float *images;    /**< [batch, channels, height, width]: `count` images, then zeros. */
    const int32_t *labels;  /**< [batch]: the class of each image, then -1. */
    const int32_t *indices; /**< [batch]: each image's number in the set, then -1. */
    int32_t count;  /**< Images of this rank; fewer than there is room for, even none, only in an epoch's last batch. */
    int32_t total;  /**< Images of all ranks. */
    int64_t epoch;  /**< Which epoch, from 0. */
    int64_t number; /**< Which batch of the epoch, from 0. */
    bool last;      /**< The epoch ends with it. */
} clade_batch;

/** Makes a loader, which stands before the first batch of epoch 0 and begins to work.
 *  @param settings  NULL: the defaults.
 *  @param[out] loader_out  the caller's, to be freed with @ref clade_loader_destroy. It keeps the set.
 *  @return CLADE_ERROR_INVALID_ARGUMENT (also fewer images than a batch, with `drop_last`), CLADE_ERROR_SHAPE (no size asked for
 *          where the images' differ, or one out of range), CLADE_ERROR_UNSUPPORTED (floats to be resized, RGB to become grey),
 *          CLADE_ERROR_OUT_OF_MEMORY (also when the system refuses a thread). */
CLADE_API clade_status clade_loader_create(clade_dataset *dataset, const clade_loader_settings *settings,
                                           clade_loader **loader_out);

/** Stops the threads, whatever they are at, and frees a loader and its batches. */
CLADE_API void clade_loader_destroy(clade_loader **loader);

/** Describes a loader. */
CLADE_API clade_status clade_loader_describe(const clade_loader *loader, clade_loader_info *info_out);

/** Gives the next batch, and waits for it if need be. Behind the last batch of an epoch comes the first of the next, without end.
 *  @param[out] batch_out  cleared on failure.
 *  @return what reading an image gives, and CLADE_ERROR_OUT_OF_MEMORY; the message has the file, and the loader stays where it is:
 *          it fails again until @ref clade_loader_seek. */
CLADE_API clade_status clade_loader_next(clade_loader *loader, clade_batch *batch_out);

/** Goes to any batch, which the next call then gives.
 *  @param epoch  from 0; there is no last.
 *  @param number  the batch, from 0; the number of batches in an epoch goes to the epoch behind it.
 *  @return CLADE_ERROR_INVALID_ARGUMENT. */
CLADE_API clade_status clade_loader_seek(clade_loader *loader, int64_t epoch, int64_t number);

#ifdef __cplusplus
}
#endif

#endif
