/* resample.h: part of an image at another size.
 *
 *   source pixels of one axis   0 .............................. source
 *   the resized axis            0 ........ first ... first + count ........ resized
 *                                          `------ what is computed */
#ifndef IO_RESAMPLE_H
#define IO_RESAMPLE_H

#include "base/base.h"

typedef struct resample_axis {
    int64_t source, resized; /* lengths in pixels */
    int64_t first, count;    /* the part of the resized axis that is wanted; count at least 1 */
} resample_axis;

typedef struct resample_job {
    const uint8_t *image; /* rows->source x columns->source x channels */
    int64_t pitch;        /* bytes from one row of the image to the next */
    int32_t channels;
    resample_axis rows, columns;
    float *values; /* receives 0 to 1: pixel (y, x) of channel c goes to values[c * plane + y * stride + x] */
    int64_t plane, stride;
} resample_job;

/* As Pillow's Image.resize(..., BILINEAR): a triangle filter as wide as the reduction, each pass rounded to 8 bits. */
clade_status resample_antialiased(base_env *env, const resample_job *job);
/* As PyTorch's interpolate(..., mode="bilinear", align_corners=False) of float pixels: the two nearest in each direction. */
clade_status resample_plain(base_env *env, const resample_job *job);

#endif
