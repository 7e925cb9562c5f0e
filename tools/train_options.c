/* train_options.c: from the words of the command line to settings of the library. */
#include "train.h"

#include <string.h>
#include <unistd.h>

enum { DEFAULT_BATCH = 128, DEFAULT_EPOCHS = 10 };

/* Finds a word among names that a function gives by number; false after a message with all of them. */
static bool find_name(const char *word, const char *(*name_of)(int), const char *what, tool_console *console,
                      int *found_out) {
    char all[256] = "";
    for (int i = 0; name_of(i); i++) {
        if (strcmp(name_of(i), word) == 0) {
            *found_out = i;
            return true;
        }
        strncat(all, i ? ", " : "", sizeof all - strlen(all) - 1);
        strncat(all, name_of(i), sizeof all - strlen(all) - 1);
    }
    return console_fail(console, "'%s' is no %s: there are %s", word, what, all);
}

static const char *optimizer_name(int i) { return clade_optimizer_name((clade_optimizer_kind)i); }
static const char *schedule_name(int i) { return clade_schedule_name((clade_schedule_kind)i); }
static const char *initializer_name(int i) { return clade_initializer_name((clade_initializer)i); }

bool train_read(const tool_options *options, tool_console *console, train_plan *plan_out) {
    int optimizer = CLADE_OPTIMIZER_SGD, schedule = CLADE_SCHEDULE_CONSTANT,
        initializer = CLADE_INITIALIZER_XAVIER_UNIFORM;
    if (options->optimizer && !find_name(options->optimizer, optimizer_name, "optimiser", console, &optimizer))
        return false;
    if (options->schedule && !find_name(options->schedule, schedule_name, "schedule", console, &schedule)) return false;
    if (options->initializer &&
        !find_name(options->initializer, initializer_name, "initialiser", console, &initializer))
        return false;
    train_plan plan = {.batch = (int32_t)(options->batch ? options->batch : DEFAULT_BATCH),
                       .epochs = options->epochs ? options->epochs : DEFAULT_EPOCHS};
    plan.initializer = (clade_initializer_settings){.kind = (clade_initializer)initializer, .seed = options->seed};
    plan.schedule = (clade_schedule){.kind = (clade_schedule_kind)schedule, .rate = (float)options->rate};
    plan.trainer = (clade_trainer_settings){.batch = plan.batch,
                                            .label_smoothing = (float)options->label_smoothing,
                                            .seed = options->seed,
                                            .memory_limit = options->memory_limit,
                                            .disabled_passes = options->disabled_passes,
                                            .channel_block = (int32_t)options->block,
                                            .kernels = options->kernels};
    plan.trainer.optimizer = (clade_optimizer_settings){.kind = (clade_optimizer_kind)optimizer,
                                                        .momentum = (float)options->momentum,
                                                        .weight_decay = (float)options->weight_decay,
                                                        .clip_norm = (float)options->clip_norm,
                                                        .average = (float)options->average};
    plan.loader = (clade_loader_settings){.batch = plan.batch,
                                          .drop_last = true,
                                          .shuffle = true,
                                          .seed = options->seed,
                                          .flip = options->flip ? 0.5f : 0.0f,
                                          .crop = options->crop_padding ? CLADE_CROP_RANDOM : CLADE_CROP_CENTRE,
                                          .padding = (int32_t)options->crop_padding};
    *plan_out = plan;
    return true;
}

/* ---- Data ------------------------------------------------------------------------------------------------------------------------ */

/* Where Debian's package dataset-fashion-mnist has its files. */
#define FOLDER "/usr/share/datasets/fashion-mnist/"

bool train_open_data(const tool_network *network, bool is_test, size_t classes, const clade_dataset *like,
                     clade_dataset **set_out) {
    const tool_options *options = network->options;
    const char *folder = is_test ? options->test_data : options->data;
    const char *names[256];
    clade_dataset_settings settings = {.channels = network->model->preprocess.channels,
                                       .damaged = options->skip_damaged ? CLADE_DAMAGED_SKIP : CLADE_DAMAGED_REFUSE};
    clade_dataset_info info = {0};
    if (like && folder && clade_dataset_describe(like, &info) == CLADE_OK && info.classes <= 256) {
        for (int32_t i = 0; i < info.classes; i++) names[i] = clade_dataset_class_name(like, i);
        settings.class_names = names;
        settings.classes = info.classes;
    }
    if (!folder && access(FOLDER "train-images-idx3-ubyte.gz", R_OK) != 0)
        return console_fail(
            network->console,
            "failed to find Fashion-MNIST in %s: install Debian's dataset-fashion-mnist, or give --data", FOLDER);
    const clade_status status = folder ? clade_dataset_open_folder(network->context, folder, &settings, set_out)
                                : is_test
                                    ? clade_dataset_read_idx(network->context, FOLDER "t10k-images-idx3-ubyte.gz",
                                                             FOLDER "t10k-labels-idx1-ubyte.gz", NULL, set_out)
                                    : clade_dataset_read_idx(network->context, FOLDER "train-images-idx3-ubyte.gz",
                                                             FOLDER "train-labels-idx1-ubyte.gz", NULL, set_out);
    if (status != CLADE_OK || clade_dataset_describe(*set_out, &info) != CLADE_OK) return network_fail(network);
    if ((size_t)info.classes > classes)
        return console_fail(network->console, "failed to use %s: it has %d classes, the model %zu",
                            folder ? folder : "Fashion-MNIST", info.classes, classes);
    return true;
}
