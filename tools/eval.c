/* eval.c: `clade eval`: how often a classifier is right on a data set. */
#include "command.h"
#include "clock.h"
#include "json.h"
#include "predictor.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

/* Where Debian's package dataset-fashion-mnist puts the test set. */
#define FASHION_MNIST  "/usr/share/datasets/fashion-mnist/"
#define DEFAULT_IMAGES FASHION_MNIST "t10k-images-idx3-ubyte.gz"
#define DEFAULT_LABELS FASHION_MNIST "t10k-labels-idx1-ubyte.gz"

enum { DEFAULT_BATCH = 16 };

typedef struct data_set {
    clade_array images; /* [count, height, width] */
    clade_array labels; /* [count] */
    size_t count;       /* how many of them to use */
} data_set;

typedef struct eval_score {
    size_t correct;
    double loss; /* summed cross-entropy */
} eval_score;

static bool read_files(const tool_network *network, const tool_options *options, data_set *data) {
    const char *images = options->images ? options->images : DEFAULT_IMAGES;
    const char *labels = options->labels ? options->labels : DEFAULT_LABELS;
    if (!options->images && access(images, R_OK) != 0)
        return console_fail(network->console,
                            "failed to find %s: install Debian's dataset-fashion-mnist, or give --images and --labels",
                            images);
    if (clade_idx_read(network->context, images, &data->images) != CLADE_OK ||
        clade_idx_read(network->context, labels, &data->labels) != CLADE_OK)
        return network_fail(network);
    if (data->images.shape.rank != 3)
        return console_fail(network->console, "failed to use %s as images: it has %d dimensions, not 3", images,
                            (int)data->images.shape.rank);
    if (data->labels.shape.rank != 1)
        return console_fail(network->console, "failed to use %s as labels: it has %d dimensions, not 1", labels,
                            (int)data->labels.shape.rank);
    if (data->images.shape.dims[0] != data->labels.shape.dims[0])
        return console_fail(network->console, "failed to use %s with %s: %lld images and %lld labels", images, labels,
                            (long long)data->images.shape.dims[0], (long long)data->labels.shape.dims[0]);
    data->count = (size_t)data->images.shape.dims[0];
    if (options->limit && options->limit < data->count) data->count = (size_t)options->limit;
    return true;
}

static bool check_labels(const tool_predictor *predictor, const data_set *data) {
    const uint8_t *labels = data->labels.data;
    for (size_t i = 0; i < data->count; i++)
        if (labels[i] >= predictor->classes)
            return console_fail(predictor->network->console,
                                "failed to use the label of image %zu: class %u of a model with %zu classes", i,
                                labels[i], predictor->classes);
    return true;
}

/* Image `index` as [height, width, 1]; a view of the data set. */
static clade_array image_at(const data_set *data, size_t index) {
    const int64_t height = data->images.shape.dims[1], width = data->images.shape.dims[2];
    return (clade_array){.type = CLADE_UINT8,
                         .shape = {.rank = 3, .dims = {height, width, 1}},
                         .data = (uint8_t *)data->images.data + index * (size_t)(height * width)};
}

static void add_score(eval_score *score, const float *logits, size_t classes, size_t label) {
    size_t best = 0;
    for (size_t i = 1; i < classes; i++)
        if (logits[i] > logits[best]) best = i;
    score->correct += best == label;
    score->loss += predictor_log_sum(logits, classes) - logits[label];
}

static bool evaluate(tool_predictor *predictor, const data_set *data, eval_score *score_out) {
    eval_score score = {0};
    const uint8_t *labels = data->labels.data;
    for (size_t first = 0; first < data->count; first += predictor->batch) {
        const size_t left = data->count - first;
        const size_t count = left < predictor->batch ? left : predictor->batch;
        for (size_t i = 0; i < count; i++) {
            const clade_array image = image_at(data, first + i);
            if (!predictor_place(predictor, i, &image)) return false;
        }
        if (!predictor_run(predictor, count)) return false;
        for (size_t i = 0; i < count; i++)
            add_score(&score, predictor->logits + i * predictor->classes, predictor->classes, labels[first + i]);
        console_progress(predictor->network->console, "evaluating", first + count, data->count);
    }
    console_clear(predictor->network->console);
    *score_out = score;
    return true;
}

static void print_text(const char *model, const eval_score *score, size_t count, double seconds) {
    printf("model     %s\n", model);
    printf("correct   %zu/%zu\n", score->correct, count);
    printf("accuracy  %.2f %%\n", 100 * (double)score->correct / (double)count);
    printf("loss      %.6f\n", score->loss / (double)count);
    printf("images/s  %.1f\n", (double)count / seconds);
}

static void print_json(const char *model, const eval_score *score, size_t count, double seconds) {
    json_writer json = {.file = stdout};
    json_open(&json, NULL, '{');
    json_text(&json, "model", model);
    json_integer(&json, "correct", (int64_t)score->correct);
    json_integer(&json, "images", (int64_t)count);
    json_number(&json, "accuracy", (double)score->correct / (double)count);
    json_number(&json, "loss", score->loss / (double)count);
    json_number(&json, "images_per_second", (double)count / seconds);
    json_close(&json, '}');
    putchar('\n');
}

static int eval_run(const tool_options *options, tool_console *console) {
    const char *model = options->arguments[0];
    tool_network network = {0};
    tool_predictor predictor = {0};
    data_set data = {0};
    eval_score score = {0};
    bool good = predictor_open(&predictor, &network, options, console, model) && read_files(&network, options, &data) &&
                check_labels(&predictor, &data) && predictor_start(&predictor, network_batch(&network, DEFAULT_BATCH));
    const double start = clock_seconds();
    good = good && evaluate(&predictor, &data, &score);
    const double seconds = clock_seconds() - start;
    if (good) (options->json ? print_json : print_text)(model, &score, data.count, seconds);
    clade_array_clear(network.context, &data.images);
    clade_array_clear(network.context, &data.labels);
    predictor_close(&predictor);
    network_close(&network);
    return good ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_eval = {
    .name = "eval",
    .bit = COMMAND_EVAL,
    .arguments = "MODEL",
    .summary = "measure a classifier's accuracy on a data set",
    .description = "Classifies the images of a data set in IDX format and prints how many were\n"
                   "right, the mean cross-entropy, and images a second, preprocessing included.\n"
                   "The data set is the test set of Debian's package dataset-fashion-mnist\n"
                   "unless --images and --labels name another. Without -w, the weights that come\n"
                   "with the project are used. Images go through the network 16 at a time unless\n"
                   "--batch says otherwise.",
    .least = 1,
    .most = 1,
    .run = eval_run,
};
