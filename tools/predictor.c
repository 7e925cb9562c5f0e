/* predictor.c: a classifier at work. */
#include "predictor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool predictor_open(tool_predictor *predictor, tool_network *network, const tool_options *options,
                    tool_console *console, const char *model) {
    *predictor = (tool_predictor){.network = network};
    if (!network_open(network, options, console, NULL) || !network_build(network, model) ||
        !network_load(network, options->weights))
        return false;

    const char *name = NULL;
    clade_shape image, logits;
    if (!network_input(network, 0, &name, &image) || !network_output(network, 0, &name, &logits)) return false;
    predictor->image_size = network_image_size(&image);
    predictor->classes = network_image_size(&logits);
    return true;
}

bool predictor_start(tool_predictor *predictor, uint64_t batch) {
    predictor->batch = (size_t)batch;
    predictor->images = calloc(predictor->batch, predictor->image_size * sizeof(float));
    predictor->logits = calloc(predictor->batch, predictor->classes * sizeof(float));
    if (!predictor->images || !predictor->logits)
        return console_fail(predictor->network->console, "failed to make room for %zu images: out of host memory",
                            predictor->batch);
    return network_compile(predictor->network, batch) && network_start(predictor->network);
}

void predictor_close(tool_predictor *predictor) {
    free(predictor->images);
    free(predictor->logits);
    *predictor = (tool_predictor){0};
}

bool predictor_place(tool_predictor *predictor, size_t index, const clade_array *image) {
    const tool_network *network = predictor->network;
    float *place = predictor->images + index * predictor->image_size;
    if (clade_image_preprocess(network->context, image, &network->model->preprocess, place) != CLADE_OK)
        return network_fail(network);
    return true;
}

bool predictor_run_on(tool_predictor *predictor, const float *images) {
    const clade_buffer input = {.data = (float *)images, /* a run only reads it */
                                .size = predictor->batch * predictor->image_size * sizeof(float)};
    const clade_buffer output = {.data = predictor->logits,
                                 .size = predictor->batch * predictor->classes * sizeof(float)};
    if (clade_run(predictor->network->session, &input, 1, &output, 1) != CLADE_OK)
        return network_fail(predictor->network);
    return true;
}

bool predictor_run(tool_predictor *predictor, size_t count) {
    memset(predictor->images + count * predictor->image_size, 0,
           (predictor->batch - count) * predictor->image_size * sizeof(float));
    return predictor_run_on(predictor, predictor->images);
}

double predictor_log_sum(const float *logits, size_t count) {
    double largest = logits[0], sum = 0;
    for (size_t i = 1; i < count; i++) largest = fmax(largest, logits[i]);
    for (size_t i = 0; i < count; i++) sum += exp(logits[i] - largest);
    return largest + log(sum);
}
