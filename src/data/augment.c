/* augment.c: chooses windows of images: centres, random crops, random crops of random size. */
#include "data/augment.h"
#include "data/random.h"

#include <math.h>

/* torchvision's RandomResizedCrop: proportions from 3/4 to 4/3, and how often it tries before it takes the centre. */
#define MOST_STRETCHED (4.0 / 3)
enum { TRIES = 10 };

/* A part of an image. */
typedef struct box {
    int64_t top, left, height, width;
} box;

static void narrow(preprocess_image *image, box part) {
    image->pixels += part.top * image->pitch + part.left * image->channels;
    image->height = part.height;
    image->width = part.width;
}

/* The largest part in the centre whose proportions are allowed. */
static box centre_box(const preprocess_image *image) {
    box part = {.height = image->height, .width = image->width};
    if ((double)image->width > (double)image->height * MOST_STRETCHED)
        part.width = llround((double)image->height * MOST_STRETCHED);
    else if ((double)image->height > (double)image->width * MOST_STRETCHED)
        part.height = llround((double)image->width * MOST_STRETCHED);
    part.top = (image->height - part.height) / 2;
    part.left = (image->width - part.width) / 2;
    return part;
}

/* Any area from the least share of the image's on, any proportions (evenly by their logarithm), anywhere. */
static box random_box(const preprocess_image *image, double least_area, random_stream *random) {
    const double area = (double)image->height * (double)image->width, stretch = log(MOST_STRETCHED);
    for (int i = 0; i < TRIES; i++) {
        const double wanted = area * random_between(random, least_area, 1);
        const double proportions = exp(random_between(random, -stretch, stretch));
        box part = {.height = llround(sqrt(wanted / proportions)), .width = llround(sqrt(wanted * proportions))};
        if (part.height < 1 || part.height > image->height || part.width < 1 || part.width > image->width) continue;
        part.top = random_index(random, image->height - part.height + 1);
        part.left = random_index(random, image->width - part.width + 1);
        return part;
    }
    return centre_box(image);
}

/* Where the window begins on one axis of an image with zeros around; `start`, in the centre, where there is no choice. */
static int64_t random_start(int64_t resized, int64_t wanted, int64_t padding, int64_t start, random_stream *random) {
    const int64_t free = resized + 2 * padding - wanted;
    return free > 0 ? random_index(random, free + 1) - padding : start;
}

clade_status augment_choose(base_env *env, const clade_loader_settings *settings, int64_t epoch, int32_t index,
                            preprocess_image *image, preprocess_window *window_out) {
    const clade_preprocess *how = &settings->preprocess;
    random_stream random = random_begin(settings->seed, RANDOM_AUGMENT, epoch, (uint32_t)index);
    const bool mirrored = random_between(&random, 0, 1) < (double)settings->flip;
    if (settings->crop == CLADE_CROP_RESIZED) {
        narrow(image, random_box(image, (double)settings->least_area, &random));
        *window_out = (preprocess_window){.resized_height = how->height, .resized_width = how->width};
    } else {
        FORWARD(preprocess_resize(env, how, image->height, image->width, window_out));
        preprocess_centre(how, window_out);
    }
    if (settings->crop == CLADE_CROP_RANDOM) {
        const int64_t padding = settings->padding;
        window_out->top = random_start(window_out->resized_height, how->height, padding, window_out->top, &random);
        window_out->left = random_start(window_out->resized_width, how->width, padding, window_out->left, &random);
    }
    window_out->mirrored = mirrored;
    return CLADE_OK;
}
