/* eval.c: `clade eval`: how often a classifier is right on a data set. */
#include "command.h"
#include "clock.h"
#include "confusion.h"
#include "dataset.h"
#include "predictor.h"

#include <stdio.h>

enum { DEFAULT_BATCH = 16 };

typedef struct eval_job {
    const tool_options *options;
    const char *model;
    tool_network network;
    tool_predictor predictor;
    tool_dataset data;
    size_t count; /* images to use */
    size_t correct;
    double loss; /* summed cross-entropy */
    tool_confusion confusion;
    double seconds;
} eval_job;

static void add_score(eval_job *job, const float *logits, size_t label) {
    const size_t classes = job->predictor.classes;
    size_t best = 0;
    for (size_t i = 1; i < classes; i++)
        if (logits[i] > logits[best]) best = i;
    job->correct += best == label;
    job->loss += predictor_log_sum(logits, classes) - (double)logits[label];
    confusion_add(&job->confusion, label, best);
}

static bool evaluate_batches(eval_job *job, clade_loader *loader) {
    tool_predictor *predictor = &job->predictor;
    for (size_t done = 0; done < job->count;) {
        clade_batch batch;
        if (clade_loader_next(loader, &batch) != CLADE_OK) return network_fail(&job->network);
        if (!predictor_run_on(predictor, batch.images)) return false;
        for (int32_t i = 0; i < batch.count && done < job->count; i++, done++)
            add_score(job, predictor->logits + (size_t)i * predictor->classes, (size_t)batch.labels[i]);
        console_progress(job->network.console, "evaluating", done, job->count);
    }
    console_clear(job->network.console);
    return true;
}

static bool evaluate(eval_job *job) {
    const clade_loader_settings settings = {.batch = (int32_t)job->predictor.batch,
                                            .preprocess = job->network.model->preprocess};
    clade_loader *loader = NULL;
    const double start = clock_seconds();
    if (clade_loader_create(job->data.set, &settings, &loader) != CLADE_OK) return network_fail(&job->network);
    const bool good = evaluate_batches(job, loader);
    clade_loader_destroy(&loader);
    job->seconds = clock_seconds() - start;
    return good;
}

/* ---- What comes out ----------------------------------------------------------------------------------------------------- */

static void print_text(const eval_job *job) {
    const double count = (double)job->count;
    printf("model     %s\n", job->model);
    if (job->data.info.skipped) printf("skipped   %lld\n", (long long)job->data.info.skipped);
    printf("correct   %zu/%zu\n", job->correct, job->count);
    printf("accuracy  %.2f %%\n", 100 * (double)job->correct / count);
    printf("loss      %.6f\n", job->loss / count);
    printf("images/s  %.1f\n", count / job->seconds);
    if (!job->options->confusion) return;
    putchar('\n');
    confusion_print(&job->confusion, job->data.set);
}

static void print_json(const eval_job *job) {
    const double count = (double)job->count;
    json_writer json = {.file = stdout};
    json_open(&json, NULL, '{');
    json_text(&json, "model", job->model);
    json_integer(&json, "correct", (int64_t)job->correct);
    json_integer(&json, "images", (int64_t)job->count);
    json_integer(&json, "skipped", job->data.info.skipped);
    json_number(&json, "accuracy", (double)job->correct / count);
    json_number(&json, "loss", job->loss / count);
    json_number(&json, "images_per_second", count / job->seconds);
    if (job->options->confusion) confusion_print_json(&job->confusion, &json, "confusion");
    json_close(&json, '}');
    putchar('\n');
}

/* ---- The command -------------------------------------------------------------------------------------------------------- */

static bool prepare(eval_job *job, tool_console *console) {
    if (!predictor_open(&job->predictor, &job->network, job->options, console, job->model) ||
        !dataset_open(&job->data, &job->network, job->predictor.classes) ||
        !confusion_open(&job->confusion, job->predictor.classes, console))
        return false;
    const uint64_t count = (uint64_t)job->data.info.count, limit = job->options->limit;
    job->count = (size_t)(limit && limit < count ? limit : count);
    return predictor_start(&job->predictor, network_batch(&job->network, DEFAULT_BATCH));
}

static int eval_run(const tool_options *options, tool_console *console) {
    eval_job job = {.options = options, .model = options->arguments[0]};
    if (options->data && options->images)
        return command_misuse(&command_eval, console, "--data and --images both name a data set");
    bool good = prepare(&job, console) && evaluate(&job);
    if (good) (options->json ? print_json : print_text)(&job);
    if (good && options->csv) good = confusion_write(&job.confusion, job.data.set, options->csv, console);
    confusion_close(&job.confusion);
    dataset_close(&job.data);
    predictor_close(&job.predictor);
    network_close(&job.network);
    return good ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_eval = {
    .name = "eval",
    .bit = COMMAND_EVAL,
    .arguments = "MODEL",
    .summary = "measure a classifier's accuracy on a data set",
    .description = "Classifies the images of a data set and prints how many were right, the mean\n"
                   "cross-entropy, and images a second, preprocessing included. The data set is\n"
                   "the test set of Debian's package dataset-fashion-mnist unless --data names a\n"
                   "folder with a sub folder of JPEG and PNG files for each class, or --images\n"
                   "and --labels name files in IDX format. Without -w, the weights that come\n"
                   "with the project are used. Images go through the network 16 at a time unless\n"
                   "--batch says otherwise.",
    .least = 1,
    .most = 1,
    .run = eval_run,
};
