/**
 * @file io.h
 * @brief Files: weights (safetensors), arrays (npy), images, labels, data sets (IDX).
 *
 * Files are untrusted: every count, shape and offset is checked before memory is taken. A file is written under a
 * temporary name beside its target and then renamed, so that a failure leaves the old one as it was.
 * Errors of all readers: CLADE_ERROR_NOT_FOUND (no such file), CLADE_ERROR_IO, CLADE_ERROR_FORMAT, CLADE_ERROR_OUT_OF_MEMORY.
 */
#ifndef CLADE_IO_H
#define CLADE_IO_H

#include <clade/clade.h>
#include <clade/models.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Arrays ---------------------------------------------------------------------------------------- */

/** Frees the data of an array that one of these calls filled, with the context's allocator, and clears it. */
CLADE_API void clade_array_clear(clade_context *context, clade_array *array);

/** Reads an array in NumPy's format (versions 1 to 3; float64, float32, float16, uint8; C order, little endian).
 *  @param[out] array_out  float64 comes as float32. Freed with @ref clade_array_clear. */
CLADE_API clade_status clade_npy_read(clade_context *context, const char *path, clade_array *array_out);

/** Writes an array in NumPy's format, version 1; bfloat16 is widened to float32. */
CLADE_API clade_status clade_npy_write(clade_context *context, const char *path, const clade_array *array);

/* --- Weights --------------------------------------------------------------------------------------- */

/** How to load weights. */
typedef struct clade_weights_settings {
    bool partial;         /**< Parameters that the file lacks keep what they have; else they are an error. */
    bool strict;          /**< Tensors that the graph lacks are an error; else they are skipped. */
    uint64_t reserved[4]; /**< Zero. */
} clade_weights_settings;

/** Gives a graph's parameters the tensors of the same name in a safetensors file. The file is mapped, not copied, and stays
 *  mapped as long as the graph.
 *  @param settings  NULL: the defaults.
 *  @return CLADE_ERROR_MISSING_WEIGHTS (which), CLADE_ERROR_SHAPE (which, expected, found); then the graph is unchanged. */
CLADE_API clade_status clade_weights_load(clade_graph *graph, const char *path, const clade_weights_settings *settings);

/** Writes all parameters of a graph to a safetensors file. @param type  how to store them: not CLADE_UINT8. */
CLADE_API clade_status clade_weights_save(const clade_graph *graph, const char *path, clade_type type);

/* --- Images ---------------------------------------------------------------------------------------- */

/** Reads a JPEG or PNG file. @param channels  1: grey, 3: RGB; transparency is dropped.
 *  @param[out] image_out  CLADE_UINT8 [height, width, channels]. Freed with @ref clade_array_clear. */
CLADE_API clade_status clade_image_read(clade_context *context, const char *path, int32_t channels,
                                        clade_array *image_out);

/** Turns an image into a network's input as torchvision's evaluation transform does: resize, crop, scale, normalise.
 *  @param image  CLADE_UINT8 [height, width, channels] with the channels of `how`.
 *  @param[out] values_out  `channels * height * width` floats of `how`. */
CLADE_API clade_status clade_image_preprocess(clade_context *context, const clade_array *image,
                                              const clade_preprocess *how, float *values_out);

/* --- Labels ---------------------------------------------------------------------------------------- */

/** Names of classes, one a line of a text file. */
typedef struct clade_labels {
    size_t count; /**< How many classes. */
    char **names; /**< Name of each class. */
} clade_labels;

/** Reads labels: UTF-8 text, one name a line, either line end. Freed with @ref clade_labels_clear. */
CLADE_API clade_status clade_labels_read(clade_context *context, const char *path, clade_labels *labels_out);
/** Frees labels and clears the struct. */
CLADE_API void clade_labels_clear(clade_context *context, clade_labels *labels);

/* --- Data sets ------------------------------------------------------------------------------------- */

/** Reads an IDX file of unsigned bytes (the format of MNIST and Fashion-MNIST), compressed by gzip or not.
 *  @param[out] array_out  CLADE_UINT8: [count] labels or [count, height, width] images. Freed with @ref clade_array_clear. */
CLADE_API clade_status clade_idx_read(clade_context *context, const char *path, clade_array *array_out);

#ifdef __cplusplus
}
#endif

#endif
