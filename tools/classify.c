/* classify.c: `clade classify`: says what images show.
 *
 * Images go through the network in batches. One that cannot be read costs a message and the exit code, not the others' answers. */
#include "command.h"
#include "data.h"
#include "json.h"
#include "predictor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_MODEL "googlenet_d2l"

enum { DEFAULT_TOP = 5 };

typedef struct classify_job {
    const tool_options *options;
    tool_console *console;
    tool_network network;
    tool_predictor predictor;
    clade_labels labels; /* none: classes go by number */
    const char **files;  /* of the images in the batch */
    size_t filled;
    size_t *order; /* classes from likely to unlikely, of one image */
    size_t top;
    json_writer json;
} classify_job;

/* With shipped weights come the labels they were trained on; other weights need -l. */
static bool read_labels(classify_job *job) {
    char shipped[DATA_PATH_SIZE];
    const char *file = job->options->labels;
    if (!file && job->network.shipped && data_find("fashion_mnist.labels.txt", shipped, sizeof shipped)) file = shipped;
    if (!file) return true;
    if (clade_labels_read(job->network.context, file, &job->labels) != CLADE_OK) return network_fail(&job->network);
    if (job->labels.count != job->predictor.classes)
        return console_fail(job->console, "failed to use the labels in %s: it has %zu names for %zu classes", file,
                            job->labels.count, job->predictor.classes);
    return true;
}

/* Puts the `top` largest logits first; equal ones stay in the order of their classes. */
static void sort_top(const classify_job *job, const float *logits) {
    size_t *order = job->order;
    for (size_t i = 0; i < job->predictor.classes; i++) order[i] = i;
    for (size_t i = 0; i < job->top; i++) {
        size_t best = i;
        for (size_t j = i + 1; j < job->predictor.classes; j++)
            if (logits[order[j]] > logits[order[best]] ||
                (logits[order[j]] == logits[order[best]] && order[j] < order[best]))
                best = j;
        const size_t chosen = order[best];
        order[best] = order[i];
        order[i] = chosen;
    }
}

static void print_text(const classify_job *job, const char *file, const float *logits, double log_sum) {
    printf("%s\n", file);
    for (size_t i = 0; i < job->top; i++) {
        const size_t chosen = job->order[i];
        printf("  %6.2f %%  ", 100 * exp(logits[chosen] - log_sum));
        if (job->labels.count)
            printf("%s\n", job->labels.names[chosen]);
        else
            printf("class %zu\n", chosen);
    }
}

static void print_json(classify_job *job, const char *file, const float *logits, double log_sum) {
    json_writer *json = &job->json;
    json_open(json, NULL, '{');
    json_text(json, "file", file);
    json_open(json, "top", '[');
    for (size_t i = 0; i < job->top; i++) {
        const size_t chosen = job->order[i];
        json_open(json, NULL, '{');
        json_integer(json, "class", (int64_t)chosen);
        json_text(json, "label", job->labels.count ? job->labels.names[chosen] : NULL);
        json_number(json, "probability", exp(logits[chosen] - log_sum));
        json_number(json, "logit", logits[chosen]);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

/* Runs what is in the batch, prints it and empties the batch. */
static bool flush(classify_job *job) {
    const size_t count = job->filled;
    job->filled = 0;
    if (count == 0) return true;
    if (!predictor_run(&job->predictor, count)) return false;
    console_clear(job->console); /* standard output may be the same terminal */
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        const float *logits = job->predictor.logits + i * job->predictor.classes;
        const double log_sum = predictor_log_sum(logits, job->predictor.classes);
        if (!isfinite(log_sum)) {
            good = console_fail(job->console, "failed to classify %s: the network's outputs are not finite numbers",
                                job->files[i]);
            continue;
        }
        sort_top(job, logits);
        if (job->options->json)
            print_json(job, job->files[i], logits, log_sum);
        else
            print_text(job, job->files[i], logits, log_sum);
    }
    return good;
}

static bool add_image(classify_job *job, const char *file) {
    clade_array image = {0};
    if (clade_image_read(job->network.context, file, job->network.model->preprocess.channels, &image) != CLADE_OK)
        return network_fail(&job->network);
    const bool good = predictor_place(&job->predictor, job->filled, &image);
    clade_array_clear(job->network.context, &image);
    if (good) job->files[job->filled++] = file;
    return good;
}

static bool open_job(classify_job *job, const char *model) {
    if (!predictor_open(&job->predictor, &job->network, job->options, job->console, model)) return false;
    if (!read_labels(job)) return false;
    if (!predictor_start(&job->predictor, network_batch(&job->network, 1))) return false;
    const size_t top = job->options->top ? (size_t)job->options->top : DEFAULT_TOP;
    job->top = top < job->predictor.classes ? top : job->predictor.classes;
    job->files = calloc(job->predictor.batch, sizeof *job->files);
    job->order = calloc(job->predictor.classes, sizeof *job->order);
    if (!job->files || !job->order) return console_fail(job->console, "out of host memory");
    return true;
}

static bool classify_all(classify_job *job, char *const *files, size_t count) {
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        if (!add_image(job, files[i])) good = false;
        if (job->filled == job->predictor.batch && !flush(job)) good = false;
        if (count > 1) console_progress(job->console, "classifying", i + 1, count);
    }
    return flush(job) && good;
}

/* The first argument may be a model. A bare word that is no file is taken for one, so that a misspelt model is reported as
 * such; "./lenet" is a file whatever it is called. */
static bool is_model(const char *word) {
    if (model_is_known(word)) return true;
    return !strpbrk(word, "./") && access(word, F_OK) != 0;
}

static int classify_run(const tool_options *options, tool_console *console) {
    char **images = options->arguments;
    size_t count = options->argument_count;
    const char *model = DEFAULT_MODEL;
    if (is_model(images[0])) {
        model = *images++;
        count--;
    }
    if (count == 0) return command_misuse(&command_classify, console, "there is no image to classify");

    classify_job job = {.options = options, .console = console, .json = {.file = stdout}};
    bool good = open_job(&job, model);
    if (good) {
        if (options->json) json_open(&job.json, NULL, '[');
        good = classify_all(&job, images, count);
        if (options->json) {
            json_close(&job.json, ']');
            putchar('\n');
        }
    }
    clade_labels_clear(job.network.context, &job.labels);
    free(job.files);
    free(job.order);
    predictor_close(&job.predictor);
    network_close(&job.network);
    return good ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_classify = {
    .name = "classify",
    .bit = COMMAND_CLASSIFY,
    .arguments = "[MODEL] IMAGE...",
    .summary = "say what images show",
    .description = "Prints the likeliest classes of each JPEG or PNG image, with their\n"
                   "probabilities. Without MODEL it is " DEFAULT_MODEL ". Without -w, the\n"
                   "weights that come with the project are used, and without -l their labels.\n"
                   "With --batch, that many images go through the network at once.",
    .least = 1,
    .most = SIZE_MAX,
    .run = classify_run,
};
