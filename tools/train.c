/* train.c: `clade train`: a network learns a data set, epoch by epoch. */
#include "train.h"
#include "clock.h"
#include "command.h"
#include "output.h"
#include "predictor.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEST_BATCH = 100, EXIT_INTERRUPTED = 130 };

/* Loss and accuracy over so many images. */
typedef struct train_score {
    double loss; /* summed */
    size_t correct, count;
} train_score;

typedef struct train_job {
    const tool_options *options;
    train_plan plan;
    tool_network network;
    size_t classes, image_size;
    clade_dataset *data, *test;
    clade_loader *loader;
    clade_trainer *trainer;
    int64_t batches; /* of an epoch */
    output_file log;
    train_score learnt, tested;
    double seconds; /* of the epoch's steps */
} train_job;

/* ---- Ctrl-C: the step is finished and the weights are written; a second time it ends the program ---------------------------------------- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number) {
    interrupted = 1;
    signal(number, SIG_DFL);
}

/* ---- Preparation ----------------------------------------------------------------------------------------------------------------------- */

static bool open_network(train_job *job, tool_console *console) {
    tool_network *network = &job->network;
    const char *name = NULL;
    clade_shape image, logits;
    if (!network_open(network, job->options, console, NULL) || !network_build(network, job->options->arguments[0]))
        return false;
    if (job->options->weights
            ? !network_load(network, job->options->weights)
            : clade_graph_initialize(network->graph, &job->plan.initializer) != CLADE_OK && !network_fail(network))
        return false;
    if (!network_input(network, 0, &name, &image) || !network_output(network, 0, &name, &logits)) return false;
    job->image_size = network_image_size(&image);
    job->classes = network_image_size(&logits);
    return true;
}

static bool open_data(train_job *job) {
    const tool_network *network = &job->network;
    clade_loader_info info;
    if (!train_open_data(network, false, job->classes, NULL, &job->data)) return false;
    if ((!job->options->data || job->options->test_data) &&
        !train_open_data(network, true, job->classes, job->data, &job->test))
        return false;
    job->plan.loader.preprocess = network->model->preprocess;
    if (clade_loader_create(job->data, &job->plan.loader, &job->loader) != CLADE_OK ||
        clade_loader_describe(job->loader, &info) != CLADE_OK)
        return network_fail(network);
    job->batches = info.batches;
    if (job->options->limit && (int64_t)job->options->limit / job->plan.batch < job->batches)
        job->batches = (int64_t)job->options->limit / job->plan.batch;
    if (job->batches < 1)
        return console_fail(network->console,
                            "failed to train on fewer images than the batch of %d: give a smaller --batch",
                            job->plan.batch);
    job->plan.schedule.steps = job->plan.epochs * (uint64_t)job->batches;
    return true;
}

static bool prepare(train_job *job, tool_console *console) {
    if (!open_network(job, console) || !open_data(job)) return false;
    if (job->options->log && !output_open(&job->log, job->options->log, console)) return false;
    if (job->log.stream)
        fputs("epoch,step,learning_rate,train_loss,train_accuracy,test_loss,test_accuracy,images_per_second\n",
              job->log.stream);
    if (clade_trainer_create(job->network.graph, &job->plan.trainer, &job->trainer) != CLADE_OK)
        return network_fail(&job->network);
    return true;
}

/* ---- An epoch ---------------------------------------------------------------------------------------------------------------------------- */

static void show_progress(train_job *job, uint64_t epoch, int64_t done) {
    char doing[96];
    const double images = (double)job->learnt.count;
    snprintf(doing, sizeof doing, "epoch %" PRIu64 "/%" PRIu64 ": loss %.4f, %.2f %%, %.0f images/s", epoch + 1,
             job->plan.epochs, job->learnt.loss / images, 100 * (double)job->learnt.correct / images,
             images / job->seconds);
    console_progress(job->network.console, doing, (uint64_t)done, (uint64_t)job->batches);
}

static bool learn(train_job *job, uint64_t epoch) {
    const double start = clock_seconds();
    job->learnt = (train_score){0};
    if (clade_loader_seek(job->loader, (int64_t)epoch, 0) != CLADE_OK) return network_fail(&job->network);
    for (int64_t i = 0; i < job->batches && !interrupted; i++) {
        clade_batch batch;
        clade_step_result result;
        if (clade_loader_next(job->loader, &batch) != CLADE_OK) return network_fail(&job->network);
        const clade_buffer images = {.data = (float *)batch.images, /* a step only reads them */
                                     .size = (size_t)job->plan.batch * job->image_size * sizeof(float)};
        const float rate = clade_learning_rate(&job->plan.schedule, clade_trainer_steps(job->trainer));
        if (clade_trainer_step(job->trainer, &images, 1, batch.labels, rate, &result) != CLADE_OK)
            return network_fail(&job->network);
        job->learnt.loss += result.main_loss * job->plan.batch;
        job->learnt.correct += result.correct;
        job->learnt.count += (size_t)job->plan.batch;
        job->seconds = clock_seconds() - start;
        show_progress(job, epoch, i + 1);
    }
    console_clear(job->network.console);
    return true;
}

/* With the weights as they are to be written. */
static bool test_batches(train_job *job, tool_predictor *predictor, clade_loader *loader) {
    for (bool last = false; !last;) {
        clade_batch batch;
        if (clade_loader_next(loader, &batch) != CLADE_OK) return network_fail(&job->network);
        if (!predictor_run_on(predictor, batch.images)) return false;
        for (int32_t i = 0; i < batch.count; i++) {
            const float *logits = predictor->logits + (size_t)i * job->classes;
            size_t best = 0;
            for (size_t c = 1; c < job->classes; c++)
                if (logits[c] > logits[best]) best = c;
            job->tested.correct += best == (size_t)batch.labels[i];
            job->tested.loss += predictor_log_sum(logits, job->classes) - (double)logits[batch.labels[i]];
        }
        job->tested.count += (size_t)batch.count;
        last = batch.last;
    }
    return true;
}

static bool test(train_job *job) {
    tool_network *network = &job->network;
    const clade_loader_settings settings = {.batch = TEST_BATCH, .preprocess = network->model->preprocess};
    tool_predictor predictor = {.network = network, .image_size = job->image_size, .classes = job->classes};
    clade_loader *loader = NULL;
    job->tested = (train_score){0};
    if (!job->test) return true;
    if (clade_loader_create(job->test, &settings, &loader) != CLADE_OK) return network_fail(network);
    const bool good = predictor_start(&predictor, TEST_BATCH) && test_batches(job, &predictor, loader);
    predictor_close(&predictor);
    clade_session_destroy(&network->session);
    clade_plan_destroy(&network->plan);
    clade_loader_destroy(&loader);
    return good;
}

/* ---- What comes out ------------------------------------------------------------------------------------------------------------------------ */

static bool save(train_job *job) {
    const bool averaged = job->options->average > 0;
    if (clade_trainer_steps(job->trainer) == 0) return true;
    if (clade_trainer_export(job->trainer, job->network.graph, averaged) != CLADE_OK)
        return network_fail(&job->network);
    if (job->options->output && clade_weights_save(job->network.graph, job->options->output, CLADE_FLOAT32) != CLADE_OK)
        return network_fail(&job->network);
    return true;
}

static double mean_loss(const train_score *score) { return score->loss / (double)score->count; }
static double accuracy(const train_score *score) { return (double)score->correct / (double)score->count; }

static void report(train_job *job, uint64_t epoch) {
    const uint64_t steps = clade_trainer_steps(job->trainer);
    const double rate = (double)clade_learning_rate(&job->plan.schedule, steps - 1),
                 speed = (double)job->learnt.count / job->seconds;
    printf("epoch %3" PRIu64 "/%" PRIu64 "  loss %.4f  accuracy %5.2f %%", epoch + 1, job->plan.epochs,
           mean_loss(&job->learnt), 100 * accuracy(&job->learnt));
    if (job->test) printf("  test loss %.4f  accuracy %5.2f %%", mean_loss(&job->tested), 100 * accuracy(&job->tested));
    printf("  rate %g  %.0f images/s\n", rate, speed);
    fflush(stdout);
    if (!job->log.stream) return;
    fprintf(job->log.stream, "%" PRIu64 ",%" PRIu64 ",%g,%.6f,%.6f,", epoch + 1, steps, rate, mean_loss(&job->learnt),
            accuracy(&job->learnt));
    if (job->test)
        fprintf(job->log.stream, "%.6f,%.6f,%.1f\n", mean_loss(&job->tested), accuracy(&job->tested), speed);
    else
        fprintf(job->log.stream, ",,%.1f\n", speed);
}

/* ---- The command ----------------------------------------------------------------------------------------------------------------------------- */

static bool train(train_job *job) {
    for (uint64_t epoch = 0; epoch < job->plan.epochs && !interrupted; epoch++) {
        if (!learn(job, epoch) || !save(job)) return false;
        if (interrupted || job->learnt.count == 0) break;
        if (!test(job)) return false;
        report(job, epoch);
    }
    if (interrupted)
        console_warn(job->network.console, "interrupted after step %" PRIu64 "%s%s", clade_trainer_steps(job->trainer),
                     job->options->output ? "; the weights are in " : "",
                     job->options->output ? job->options->output : "");
    return !job->log.stream || output_commit(&job->log, job->network.console);
}

static int train_run(const tool_options *options, tool_console *console) {
    train_job job = {.options = options};
    if (!train_read(options, console, &job.plan)) return EXIT_MISUSE;
    interrupted = 0;
    signal(SIGINT, on_interrupt);
    const bool good = prepare(&job, console) && train(&job);
    output_abandon(&job.log);
    clade_trainer_destroy(&job.trainer);
    clade_loader_destroy(&job.loader);
    clade_dataset_destroy(&job.data);
    clade_dataset_destroy(&job.test);
    network_close(&job.network);
    signal(SIGINT, SIG_DFL);
    return !good ? EXIT_FAILED : interrupted ? EXIT_INTERRUPTED : EXIT_DONE;
}

const tool_command command_train = {
    .name = "train",
    .bit = COMMAND_TRAIN,
    .arguments = "MODEL",
    .summary = "let a network learn a data set",
    .description = "Trains a network for some epochs and prints after each one the loss and the\n"
                   "accuracy on what it learns from and on the test set, then writes its weights\n"
                   "to the file of -o. The data set is Debian's package dataset-fashion-mnist\n"
                   "unless --data names a folder with a sub folder of JPEG and PNG files for each\n"
                   "class, and --test-data one for the test set. Ctrl-C finishes the step and\n"
                   "writes the weights.",
    .least = 1,
    .most = 1,
    .run = train_run,
};
