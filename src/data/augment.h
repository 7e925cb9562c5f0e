/* augment.h: which part of an image a loader takes in an epoch, and whether mirrored. */
#ifndef DATA_AUGMENT_H
#define DATA_AUGMENT_H

#include "io/preprocess.h"

#include <clade/data.h>

/* Narrows `image` to the part that is resized and says what becomes of it. Follows from seed, epoch and index alone. */
clade_status augment_choose(base_env *env, const clade_loader_settings *settings, int64_t epoch, int32_t index,
                            preprocess_image *image, preprocess_window *window_out);

#endif
