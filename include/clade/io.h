/**
 * @file io.h
 * @brief Files: weights (safetensors), arrays (npy), images, labels, data sets (IDX).
 *
 * A program that classifies a picture needs four of these calls: @ref clade_weights_load after the network is built,
 * @ref clade_image_read and @ref clade_image_preprocess for the picture, @ref clade_labels_read for the answer.
 *
 * Conventions, besides those of clade.h:
 *
 *  - Files are untrusted: every count, shape and offset is checked before memory is taken, and each reader says what the
 *    most is that it accepts. What a file is goes by its contents, not by its name.
 *  - Paths name regular files; pipes, devices and folders are refused.
 *  - A file is written under a temporary name beside its target, flushed to the disk and then renamed: after a failure the
 *    old file is as it was, and no other reader ever sees half of one. Symbolic links are followed.
 *  - Files must not change while they are read. A file of weights is mapped, so it must not be overwritten or shortened
 *    while a graph uses it (the system ends a process that reads past the end of a mapped file). Replacing it by a new
 *    file of its name, as these calls do, is safe.
 *  - Errors of all readers: CLADE_ERROR_NOT_FOUND (no such file), CLADE_ERROR_IO (the system refuses), CLADE_ERROR_FORMAT
 *    (truncated, damaged, inconsistent, above a limit, or another format), CLADE_ERROR_UNSUPPORTED (a valid file of a
 *    kind that Clade does not read), CLADE_ERROR_OUT_OF_MEMORY, CLADE_ERROR_INVALID_ARGUMENT. Errors of all writers:
 *    CLADE_ERROR_IO, CLADE_ERROR_OUT_OF_MEMORY, CLADE_ERROR_INVALID_ARGUMENT.
 *  - Structs that these calls fill are empty after a failure; clearing them then, or twice, does nothing.
 */
#ifndef CLADE_IO_H
#define CLADE_IO_H

#include <clade/clade.h>
#include <clade/models.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Arrays ---------------------------------------------------------------------------------------- */

/** Frees the data of an array that one of these calls filled, with the context's allocator, and clears the struct.
 *  @param context  the one that the array was read with. NULL: nothing happens.
 *  @param array  NULL: nothing happens. */
CLADE_API void clade_array_clear(clade_context *context, clade_array *array);

/** Reads an array in NumPy's format (numpy.lib.format, versions 1 to 3; float64, float32, float16, uint8; C order, little
 *  endian; one to CLADE_MAX_RANK dimensions of at least 1; a number without dimensions is read as [1]).
 *  @param[out] array_out  in the file's type, float64 as float32. The caller's, to be freed with @ref clade_array_clear.
 *  @return CLADE_ERROR_UNSUPPORTED for other element types, big endian and Fortran order; see above. */
CLADE_API clade_status clade_npy_read(clade_context *context, const char *path, clade_array *array_out);

/** Writes an array in NumPy's format, version 1. Bfloat16, which NumPy lacks, is widened to float32.
 *  @return CLADE_ERROR_SHAPE for a shape without elements; see above. */
CLADE_API clade_status clade_npy_write(clade_context *context, const char *path, const clade_array *array);

/* --- Weights --------------------------------------------------------------------------------------- */

/** How to load weights. */
typedef struct clade_weights_settings {
    bool partial;         /**< Parameters that the file lacks keep what they have; else they are an error. */
    bool strict;          /**< Tensors that the graph lacks are an error, but for PyTorch's `num_batches_tracked`; else
                               they are skipped, whatever their type. */
    uint64_t reserved[4]; /**< Zero. */
} clade_weights_settings;

/** Gives a graph's parameters the tensors of the same name in a safetensors file
 *  (https://huggingface.co/docs/safetensors), stored as F32, F16 or BF16. A checkpoint of torchvision, timm or
 *  facenet-pytorch loads into the zoo's model by name. The file is mapped, not copied, and stays mapped as long as the graph
 *  and the plans made from it; each part of it is in memory only while it is read. Headers up to 100 MB are accepted,
 *  which is the format's limit, and up to 2^21 values in them: some 200,000 tensors.
 *  @param settings  NULL: the defaults.
 *  @return CLADE_ERROR_MISSING_WEIGHTS (the first names and how many), CLADE_ERROR_SHAPE (which, expected, found),
 *          CLADE_ERROR_UNSUPPORTED (a parameter's tensor of another type), CLADE_ERROR_NOT_FOUND (no file; with `strict`
 *          also what is left over); see above. All this is checked first, so that the graph is unchanged after these. Only
 *          CLADE_ERROR_OUT_OF_MEMORY may leave some parameters with their new values and others with their old ones. */
CLADE_API clade_status clade_weights_load(clade_graph *graph, const char *path, const clade_weights_settings *settings);

/** Writes all parameters of a graph to a safetensors file, in the graph's order: the same graph gives the same bytes.
 *  @param type  how to store them: CLADE_FLOAT32, CLADE_FLOAT16 or CLADE_BFLOAT16, rounded to nearest, ties to even.
 *  @return CLADE_ERROR_MISSING_WEIGHTS (a parameter without values), CLADE_ERROR_UNSUPPORTED (a number too large for
 *          `type`, which would become infinite); see above. */
CLADE_API clade_status clade_weights_save(const clade_graph *graph, const char *path, clade_type type);

/** Writes a safetensors file anew with its floating-point tensors (F64, F32, F16, BF16) stored as another type, whatever network they
 *  belong to. Tensors of other types stay as they are, and so do names, shapes and metadata. Wide elements come first;
 *  else the order is the file's.
 *  @param source  may be the target, too.
 *  @param type  as for @ref clade_weights_save.
 *  @return CLADE_ERROR_UNSUPPORTED (a number too large for `type`, which would become infinite); see above. */
CLADE_API clade_status clade_weights_convert(clade_context *context, const char *source, const char *target,
                                             clade_type type);

/* --- Images ---------------------------------------------------------------------------------------- */

/** Reads a JPEG or PNG file, of up to 2^27 pixels and 2^30 bytes.
 *
 *  Samples are taken as they are stored, as Pillow takes them: neither gamma nor colour profiles nor a rotation noted
 *  in the file (Exif) are applied, 16-bit samples give their upper byte, transparency is dropped. RGB becomes grey by
 *  ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B.
 *  @param channels  1: grey, 3: RGB, whatever the file has.
 *  @param[out] image_out  CLADE_UINT8 [height, width, channels], the top row first. The caller's, to be freed with
 *                         @ref clade_array_clear.
 *  @return CLADE_ERROR_UNSUPPORTED for CMYK; see above. */
CLADE_API clade_status clade_image_read(clade_context *context, const char *path, int32_t channels,
                                        clade_array *image_out);

/** Turns an image into a network's input as torchvision's evaluation transform does with PIL images, pixel for pixel:
 *  Resize (the shorter side to `resize`, antialiased bilinear, rounded to 8 bits), CenterCrop (with zeros around a smaller
 *  image), ToTensor (pixel / 255), Normalize ((value - mean) / deviation). With `no_antialias` the resizing is PyTorch's
 *  interpolate(mode="bilinear", align_corners=False) of pixel / 255, in float.
 *  @param image  CLADE_UINT8 [height, width, channels] with the channels of `how`, 1 or 3.
 *  @param how  e.g. clade_model_info::preprocess.
 *  @param[out] values_out  `channels * height * width` floats of `how`, [C, H, W]: one image of a batch. Left alone on
 *                          failure.
 *  @return CLADE_ERROR_SHAPE, CLADE_ERROR_INVALID_ARGUMENT, CLADE_ERROR_OUT_OF_MEMORY. */
CLADE_API clade_status clade_image_preprocess(clade_context *context, const clade_array *image,
                                              const clade_preprocess *how, float *values_out);

/* --- Labels ---------------------------------------------------------------------------------------- */

/** Names of classes, one a line of a text file: line i, from 0, is class i. */
typedef struct clade_labels {
    size_t count; /**< Lines; an empty line is an empty name, a newline at the end of the file starts no line. */
    char **names; /**< Each terminated, without its line end. */
} clade_labels;

/** Reads labels: UTF-8 text, one name a line, either line end, up to 2^20 lines and 16 MiB.
 *  @param[out] labels_out  the caller's, to be freed with @ref clade_labels_clear. */
CLADE_API clade_status clade_labels_read(clade_context *context, const char *path, clade_labels *labels_out);

/** Frees labels, with the allocator of the context that they were read with, and clears the struct. NULL for either: nothing
 *  happens. */
CLADE_API void clade_labels_clear(clade_context *context, clade_labels *labels);

/* --- Data sets ------------------------------------------------------------------------------------- */

/** Reads an IDX file of unsigned bytes (the format of MNIST and Fashion-MNIST, http://yann.lecun.com/exdb/mnist/), compressed
 *  by gzip or not, of 1 to 4 dimensions and up to 2^31 bytes.
 *  @param[out] array_out  CLADE_UINT8, e.g. [count] labels or [count, height, width] images. The caller's, to be freed with
 *                         @ref clade_array_clear.
 *  @return CLADE_ERROR_UNSUPPORTED for other element types; see above. */
CLADE_API clade_status clade_idx_read(clade_context *context, const char *path, clade_array *array_out);

#ifdef __cplusplus
}
#endif

#endif
