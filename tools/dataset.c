/* dataset.c: opens sets of images. */
#include "dataset.h"
#include "data.h"

#include <unistd.h>

/* Where Debian's package dataset-fashion-mnist puts the test set. */
#define FASHION_MNIST  "/usr/share/datasets/fashion-mnist/"
#define DEFAULT_IMAGES FASHION_MNIST "t10k-images-idx3-ubyte.gz"
#define DEFAULT_LABELS FASHION_MNIST "t10k-labels-idx1-ubyte.gz"

/* The names of the classes, where there are some: of --labels for a folder, of the weights that come with the project for files. */
static bool read_names(const tool_network *network, clade_labels *names_out) {
    char shipped[DATA_PATH_SIZE];
    const tool_options *options = network->options;
    const char *file = options->data ? options->labels : NULL;
    if (!options->data && network->shipped && data_find("fashion_mnist.labels.txt", shipped, sizeof shipped))
        file = shipped;
    return !file || clade_labels_read(network->context, file, names_out) == CLADE_OK || network_fail(network);
}

static clade_status open_set(const tool_network *network, const clade_dataset_settings *settings,
                             clade_dataset **set_out) {
    const tool_options *options = network->options;
    if (options->data) return clade_dataset_open_folder(network->context, options->data, settings, set_out);
    return clade_dataset_read_idx(network->context, options->images ? options->images : DEFAULT_IMAGES,
                                  options->labels ? options->labels : DEFAULT_LABELS, settings, set_out);
}

static bool open_named(tool_dataset *dataset, const tool_network *network, size_t classes, const clade_labels *names) {
    const tool_options *options = network->options;
    clade_dataset_settings settings = {.channels = network->model->preprocess.channels,
                                       .damaged = options->skip_damaged ? CLADE_DAMAGED_SKIP : CLADE_DAMAGED_REFUSE};
    if (!options->data) { /* files do not say how many classes there are */
        settings.classes = (int32_t)classes;
        settings.empty_classes = true;
    }
    if (names->count > 0 && (options->data || names->count == classes)) {
        settings.classes = (int32_t)names->count;
        settings.class_names = (const char *const *)names->names;
    }
    if (open_set(network, &settings, &dataset->set) != CLADE_OK ||
        clade_dataset_describe(dataset->set, &dataset->info) != CLADE_OK)
        return network_fail(network);
    if ((size_t)dataset->info.classes > classes)
        return console_fail(network->console, "failed to use folder %s: it has %d classes, the model %zu",
                            options->data, dataset->info.classes, classes);
    return true;
}

bool dataset_open(tool_dataset *dataset, const tool_network *network, size_t classes) {
    clade_labels names = {0};
    const tool_options *options = network->options;
    *dataset = (tool_dataset){0};
    if (!options->data && !options->images && access(DEFAULT_IMAGES, R_OK) != 0)
        return console_fail(
            network->console,
            "failed to find %s: install Debian's dataset-fashion-mnist, or give --data, or --images and --labels",
            DEFAULT_IMAGES);
    const bool good = read_names(network, &names) && open_named(dataset, network, classes, &names);
    clade_labels_clear(network->context, &names);
    return good;
}

void dataset_close(tool_dataset *dataset) { clade_dataset_destroy(&dataset->set); }
