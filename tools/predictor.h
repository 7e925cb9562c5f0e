/* predictor.h: a classifier at work: images in, logits out, a batch at a time. Shared by `classify` and `eval`. */
#ifndef TOOLS_PREDICTOR_H
#define TOOLS_PREDICTOR_H

#include "network.h"

typedef struct tool_predictor {
    tool_network *network;
    size_t batch;
    size_t classes;
    size_t image_size; /* floats */
    float *images;     /* [batch, image_size] */
    float *logits;     /* [batch, classes] */
} tool_predictor;

/* Opens the device, builds the model and loads its weights. False after a message; close the network and the predictor in
 * either case. */
bool predictor_open(tool_predictor *predictor, tool_network *network, const tool_options *options,
                    tool_console *console, const char *model);
/* Compiles for `batch` images a run. Comes last, so that wrong files are found before the wait. */
bool predictor_start(tool_predictor *predictor, uint64_t batch);
void predictor_close(tool_predictor *predictor);

/* Puts an image ([height, width, channels]) at `index` of the batch, as the model wants it. */
bool predictor_place(tool_predictor *predictor, size_t index, const clade_array *image);
/* Runs the batch. Only the first `count` places need to hold images. */
bool predictor_run(tool_predictor *predictor, size_t count);
/* Runs a batch that lies elsewhere, [batch, image_size]. */
bool predictor_run_on(tool_predictor *predictor, const float *images);

/* log(sum of exp(logit)) in double precision, without overflow: log-softmax is the logit less this. */
double predictor_log_sum(const float *logits, size_t count);

#endif
