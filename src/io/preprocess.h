/* preprocess.h: any window of an image as a network wants it; clade_image_preprocess is the one in the centre.
 *
 *   image --(resize)--> resized_height x resized_width --(window, zeros around)--> how->height x how->width
 *         --(value - mean) / deviation--> values, mirrored or not */
#ifndef IO_PREPROCESS_H
#define IO_PREPROCESS_H

#include "base/base.h"

#include <clade/models.h>

/* Pixels of 8 bits a sample, or a part of such an image. */
typedef struct preprocess_image {
    const uint8_t *pixels;
    int64_t height, width;
    int32_t channels; /* as many as `how` has, or 1, which then counts for each of them */
    int64_t pitch;    /* bytes from one row to the next */
} preprocess_image;

typedef struct preprocess_window {
    int64_t resized_height, resized_width; /* what the image is resized to first */
    int64_t top, left;                     /* where in that the window begins; it may reach beyond any side */
    bool mirrored;                         /* left and right swapped */
} preprocess_window;

/* Refuses what no image can be made into. */
clade_status preprocess_check(base_env *env, const clade_preprocess *how);

/* What an image of this size is resized to. */
clade_status preprocess_resize(base_env *env, const clade_preprocess *how, int64_t height, int64_t width,
                               preprocess_window *window_out);
/* Moves a window to the centre, where torchvision's CenterCrop takes it. */
void preprocess_centre(const clade_preprocess *how, preprocess_window *window);

/* Writes how->channels x height x width values. */
clade_status preprocess_place(base_env *env, const preprocess_image *image, const clade_preprocess *how,
                              const preprocess_window *window, float *values);
/* The last step alone: `channels` planes of values, as many as `how` has or 1, which is copied, get mean, deviation and the mirror. */
void preprocess_finish(const clade_preprocess *how, int32_t channels, bool mirrored, float *values);

#endif
