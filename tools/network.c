/* network.c: the steps from the command line to a network that runs. */
#include "network.h"

#include "data.h"
#include "onnx_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool network_fail(const tool_network *network) { return console_fail_library(network->console, network->context); }

/* What -q and -v say, else what $CLADE_LOG says. */
static bool choose_log_level(const tool_options *options, tool_console *console, clade_log_level *level_out) {
    static const char *const names[] = {"quiet", "error", "warning", "info", "debug"}; /* by clade_log_level */
    const char *wanted = getenv("CLADE_LOG");
    size_t level = CLADE_LOG_WARNING;
    if (options->quiet) {
        level = CLADE_LOG_ERROR;
    } else if (options->verbosity > 0) {
        level = options->verbosity == 1 ? CLADE_LOG_INFO : CLADE_LOG_DEBUG;
    } else if (wanted && *wanted) {
        level = 0;
        while (level < sizeof names / sizeof names[0] && strcmp(names[level], wanted) != 0) level++;
        if (level == sizeof names / sizeof names[0])
            return console_fail(console, "failed to use CLADE_LOG=%s: it must be quiet, error, warning, info or debug",
                                wanted);
    }
    *level_out = (clade_log_level)level;
    return true;
}

bool network_open(tool_network *network, const tool_options *options, tool_console *console, const char *device) {
    char message[CONSOLE_MESSAGE_SIZE] = "";
    *network = (tool_network){.options = options, .console = console};
    clade_context_settings settings = clade_context_defaults();
    settings.device = device ? device : options->device;
    settings.threads = options->threads;
    settings.cache_directory = options->cache;
    settings.log = console_log;
    settings.log_user = console;
    if (!choose_log_level(options, console, &settings.log_level)) return false;
    settings.message = message;
    settings.message_size = sizeof message;
    if (clade_context_create(&settings, &network->context) != CLADE_OK) return console_fail(console, "%s", message);
    return true;
}

/* A model file does not say how it wants its images: as torchvision's classifiers do, whose input is 7/8 of what the shorter side is
 * resized to; grey ones as pixels / 255. */
static clade_preprocess assumed_preprocess(const clade_shape *input) {
    clade_preprocess how = {.channels = 0};
    if (input->rank != 4) return how;
    how = (clade_preprocess){
        .channels = (int32_t)input->dims[1], .height = (int32_t)input->dims[2], .width = (int32_t)input->dims[3]};
    if (how.channels == 3) {
        static const float mean[3] = {0.485f, 0.456f, 0.406f}, deviation[3] = {0.229f, 0.224f, 0.225f};
        memcpy(how.mean, mean, sizeof mean);
        memcpy(how.deviation, deviation, sizeof deviation);
        how.resize = (how.height < how.width ? how.height : how.width) / 7 * 8;
    }
    return how;
}

static bool read_file(tool_network *network, const char *file) {
    const char *name = NULL;
    clade_shape input, output;
    if (!onnx_file_read(network->context, file, network->options, network->console, &network->graph)) return false;
    if (clade_graph_input_count(network->graph) == 0) return true;
    if (!network_input(network, 0, &name, &input) || !network_output(network, 0, &name, &output)) return false;
    network->chosen.info.preprocess = assumed_preprocess(&input);
    network->chosen.info.classes = (int32_t)network_image_size(&output);
    return true;
}

/* The number of images that a model file fixes; 0: it takes any. */
static uint64_t fixed_batch(const tool_network *network) {
    const char *name = NULL;
    clade_shape shape = {.rank = 0};
    if (clade_graph_input_count(network->graph) == 0 || !network_input(network, 0, &name, &shape)) return 0;
    return shape.dims[0] == CLADE_BATCH ? 0 : (uint64_t)shape.dims[0];
}

static bool check_batch(const tool_network *network) {
    const uint64_t fixed = fixed_batch(network), asked = network->options->batch;
    if (!asked || !fixed || asked == fixed) return true;
    return console_fail(network->console,
                        "failed to use --batch %llu with %s: the file is made for %llu images a run; export it with an "
                        "open batch (dynamic axis) for others",
                        (unsigned long long)asked, network->model->name, (unsigned long long)fixed);
}

/* What is for files only. */
static bool refuse_file_options(const tool_network *network) {
    const tool_options *options = network->options;
    if (!options->external_data && options->shapes.count == 0) return true;
    return console_fail(network->console, "failed to use %s with %s: that is for ONNX files%s",
                        options->external_data ? "--external-data" : "--shape", network->model->name,
                        options->external_data ? "" : "; a model of the zoo takes settings, such as MODEL:size=96");
}

bool network_build(tool_network *network, const char *model) {
    if (!model_read(model, network->console, &network->chosen)) return false;
    network->model = &network->chosen.info;
    if (model_is_file(model)) return read_file(network, model) && check_batch(network);
    if (!refuse_file_options(network)) return false;
    if (model_create(network->context, &network->chosen, &network->graph) != CLADE_OK) return network_fail(network);
    return true;
}

uint64_t network_batch(const tool_network *network, uint64_t otherwise) {
    const uint64_t fixed = fixed_batch(network), asked = network->options->batch;
    return asked ? asked : fixed ? fixed : otherwise;
}

bool network_load(tool_network *network, const char *weights) {
    if (weights && strcmp(weights, "random") == 0) {
        if (clade_graph_fill_parameters(network->graph) != CLADE_OK) return network_fail(network);
        return true;
    }
    char shipped[DATA_PATH_SIZE];
    if (!weights && model_is_file(network->model->name)) return true;
    if (!weights) {
        char name[DATA_PATH_SIZE];
        snprintf(name, sizeof name, "%s.f16.safetensors", network->chosen.base);
        if (!data_find(name, shipped, sizeof shipped))
            return console_fail(network->console,
                                "failed to find weights for %s: no %s comes with this installation; name a safetensors "
                                "file with -w, or give -w random",
                                network->model->name, name);
        weights = shipped;
        network->shipped = true;
    }
    if (clade_weights_load(network->graph, weights, NULL) != CLADE_OK) return network_fail(network);
    return true;
}

clade_plan_settings network_settings(const tool_network *network, uint64_t batch) {
    const tool_options *options = network->options;
    clade_plan_settings settings = clade_plan_defaults();
    settings.batch = (int64_t)batch;
    settings.memory_limit = options->memory_limit;
    settings.disabled_passes = options->disabled_passes;
    settings.channel_block = (int32_t)options->block;
    settings.kernels = options->kernels;
    settings.weights = options->weight_type;
    return settings;
}

static bool make_plan(tool_network *network, uint64_t batch, bool dry_run) {
    clade_plan_settings settings = network_settings(network, batch);
    settings.dry_run = dry_run;
    if (clade_plan_create(network->graph, &settings, &network->plan) != CLADE_OK) return network_fail(network);
    return true;
}

bool network_compile(tool_network *network, uint64_t batch) {
    console_progress(network->console, "compiling", 0, 0);
    const bool good = make_plan(network, batch, false);
    console_clear(network->console);
    return good;
}

bool network_plan(tool_network *network, uint64_t batch) { return make_plan(network, batch, true); }

bool network_start(tool_network *network) {
    if (clade_session_create(network->plan, &network->session) != CLADE_OK) return network_fail(network);
    return true;
}

void network_close(tool_network *network) {
    clade_session_destroy(&network->session);
    clade_plan_destroy(&network->plan);
    clade_graph_destroy(&network->graph);
    clade_context_destroy(&network->context);
}

static bool describe(const tool_network *network, clade_tensor tensor, clade_tensor_info *info_out) {
    if (clade_graph_tensor(network->graph, tensor, info_out) != CLADE_OK) return network_fail(network);
    return true;
}

bool network_input(const tool_network *network, size_t index, const char **name_out, clade_shape *shape_out) {
    clade_tensor tensor;
    clade_tensor_info info;
    if (clade_graph_input_at(network->graph, index, &tensor) != CLADE_OK) return network_fail(network);
    if (!describe(network, tensor, &info)) return false;
    *name_out = info.name;
    *shape_out = info.shape;
    return true;
}

bool network_output(const tool_network *network, size_t index, const char **name_out, clade_shape *shape_out) {
    clade_tensor tensor;
    clade_tensor_info info;
    if (clade_graph_output_at(network->graph, index, &tensor, name_out) != CLADE_OK) return network_fail(network);
    if (!describe(network, tensor, &info)) return false;
    *shape_out = info.shape;
    return true;
}

size_t network_image_size(const clade_shape *shape) {
    size_t size = 1;
    for (int32_t i = 1; i < shape->rank; i++) size *= (size_t)shape->dims[i];
    return size;
}
