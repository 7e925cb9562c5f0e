/* run.c: `clade run`: a network between .npy files.
 *
 * Each input and output of the graph becomes a `port`: its tensor, the file it is bound to and its elements. */
#include "command.h"
#include "format.h"
#include "network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct run_port {
    const char *name;
    const char *file;  /* an output that is not wanted has none */
    clade_array array; /* data from clade_npy_read for inputs read from files, else `own` */
    float *own;
    bool was_read;
} run_port;

typedef struct run_job {
    tool_network network;
    run_port *inputs, *outputs;
    size_t input_count, output_count;
} run_job;

static size_t array_bytes(const clade_array *array) {
    return (size_t)array->shape.dims[0] * network_image_size(&array->shape) * sizeof(float);
}

/* Says which names there are: "failed to bind output 'x': the network has 'output'". */
static bool fail_unknown(const run_job *job, const char *what, const char *name, const run_port *ports, size_t count) {
    char names[CONSOLE_MESSAGE_SIZE] = "";
    for (size_t i = 0, length = 0; i < count && length < sizeof names; i++)
        length += (size_t)snprintf(names + length, sizeof names - length, "%s'%s'", i ? ", " : "", ports[i].name);
    return console_fail(job->network.console, "failed to bind %s '%s': the network has %s", what, name, names);
}

static bool bind_files(const run_job *job, const char *what, const tool_bindings *bindings, run_port *ports,
                       size_t count) {
    for (size_t i = 0; i < bindings->count; i++) {
        size_t found = 0;
        while (found < count && strcmp(ports[found].name, bindings->items[i].name) != 0) found++;
        if (found == count) return fail_unknown(job, what, bindings->items[i].name, ports, count);
        if (ports[found].file)
            return console_fail(job->network.console, "failed to bind %s '%s' to %s: it is bound to %s already", what,
                                ports[found].name, bindings->items[i].value, ports[found].file);
        ports[found].file = bindings->items[i].value;
    }
    return true;
}

/* Lists the ports of the graph and binds them as the command line says. */
static bool make_ports(run_job *job) {
    const tool_network *network = &job->network;
    job->input_count = clade_graph_input_count(network->graph);
    job->output_count = clade_graph_output_count(network->graph);
    job->inputs = calloc(job->input_count, sizeof *job->inputs);
    job->outputs = calloc(job->output_count, sizeof *job->outputs);
    if (!job->inputs || !job->outputs) return console_fail(network->console, "out of host memory");
    for (size_t i = 0; i < job->input_count; i++)
        if (!network_input(network, i, &job->inputs[i].name, &job->inputs[i].array.shape)) return false;
    for (size_t i = 0; i < job->output_count; i++)
        if (!network_output(network, i, &job->outputs[i].name, &job->outputs[i].array.shape)) return false;

    if (!bind_files(job, "input", &network->options->inputs, job->inputs, job->input_count)) return false;
    if (!bind_files(job, "output", &network->options->outputs, job->outputs, job->output_count)) return false;
    for (size_t i = 0; i < job->input_count; i++)
        if (!job->inputs[i].file)
            return console_fail(network->console, "failed to run %s: input '%s' is given no file", network->model->name,
                                job->inputs[i].name);
    return true;
}

static bool is_random(const run_port *input) { return strcmp(input->file, "random") == 0; }

/* Reads the file of an input and checks that the network takes it, whatever its batch. */
static bool read_input(const run_job *job, run_port *input) {
    const clade_shape wanted = input->array.shape;
    input->array = (clade_array){0};
    if (clade_npy_read(job->network.context, input->file, &input->array) != CLADE_OK)
        return network_fail(&job->network);
    input->was_read = true;

    const clade_shape *found = &input->array.shape;
    bool fits = found->rank == wanted.rank;
    for (int32_t i = 0; fits && i < wanted.rank; i++)
        fits = wanted.dims[i] == found->dims[i] || wanted.dims[i] == CLADE_BATCH;
    char wanted_text[FORMAT_SIZE], found_text[FORMAT_SIZE];
    if (!fits)
        return console_fail(job->network.console, "failed to use %s as input '%s': expected shape %s, found %s",
                            input->file, input->name, format_shape(&wanted, wanted_text),
                            format_shape(found, found_text));
    if (input->array.type != CLADE_FLOAT32)
        return console_fail(job->network.console, "failed to use %s as input '%s': expected float32 elements",
                            input->file, input->name);
    return true;
}

/* Gives an array that no file fills its memory, for `batch` images where it is open how many. */
static bool make_array(const run_job *job, run_port *port, uint64_t batch) {
    if (port->array.shape.dims[0] == CLADE_BATCH) port->array.shape.dims[0] = (int64_t)batch;
    port->own = calloc((size_t)port->array.shape.dims[0], network_image_size(&port->array.shape) * sizeof(float));
    port->array.data = port->own;
    if (!port->own)
        return console_fail(job->network.console, "failed to make room for '%s': out of host memory", port->name);
    return true;
}

/* Fills the inputs and finds the batch they have in common: that of the files, else that of --batch, else 1. */
static bool fill_inputs(run_job *job, uint64_t *batch_out) {
    const run_port *first = NULL; /* read from a file */
    uint64_t batch = job->network.options->batch;
    for (size_t i = 0; i < job->input_count; i++) {
        run_port *input = &job->inputs[i];
        const bool fixed = input->array.shape.dims[0] != CLADE_BATCH;
        if (is_random(input)) continue;
        if (!read_input(job, input)) return false;
        if (fixed) continue;
        const uint64_t found = (uint64_t)input->array.shape.dims[0];
        if (batch && batch != found)
            return console_fail(job->network.console, "failed to use %s as input '%s': it holds %llu images, %s %llu",
                                input->file, input->name, (unsigned long long)found,
                                first ? first->file : "but --batch is", (unsigned long long)batch);
        batch = found;
        first = input;
    }
    if (!batch) batch = 1;
    for (size_t i = 0; i < job->input_count; i++) {
        run_port *input = &job->inputs[i];
        if (!is_random(input)) continue;
        if (!make_array(job, input, batch)) return false;
        clade_fill_input(input->name, input->own, array_bytes(&input->array) / sizeof(float));
    }
    *batch_out = batch;
    return true;
}

static bool run_network(run_job *job, uint64_t batch) {
    clade_buffer *inputs = calloc(job->input_count, sizeof *inputs);
    clade_buffer *outputs = calloc(job->output_count, sizeof *outputs);
    bool good = inputs && outputs;
    if (!good) console_fail(job->network.console, "out of host memory");
    for (size_t i = 0; good && i < job->input_count; i++) {
        const run_port *input = &job->inputs[i];
        inputs[i] = (clade_buffer){input->name, input->array.data, array_bytes(&input->array)};
    }
    size_t wanted = 0;
    for (size_t i = 0; good && i < job->output_count; i++) {
        run_port *output = &job->outputs[i];
        if (!output->file) continue;
        good = make_array(job, output, batch);
        outputs[wanted++] = (clade_buffer){output->name, output->own, array_bytes(&output->array)};
    }
    if (good && clade_run(job->network.session, inputs, job->input_count, outputs, wanted) != CLADE_OK)
        good = network_fail(&job->network);
    free(inputs);
    free(outputs);
    return good;
}

static bool write_outputs(const run_job *job) {
    for (size_t i = 0; i < job->output_count; i++) {
        const run_port *output = &job->outputs[i];
        if (output->file && clade_npy_write(job->network.context, output->file, &output->array) != CLADE_OK)
            return network_fail(&job->network);
    }
    return true;
}

static void close_job(run_job *job) {
    for (size_t i = 0; job->inputs && i < job->input_count; i++) {
        if (job->inputs[i].was_read) clade_array_clear(job->network.context, &job->inputs[i].array);
        free(job->inputs[i].own);
    }
    for (size_t i = 0; job->outputs && i < job->output_count; i++) free(job->outputs[i].own);
    free(job->inputs);
    free(job->outputs);
    network_close(&job->network);
}

static int run_run(const tool_options *options, tool_console *console) {
    if (options->inputs.count == 0) return command_misuse(&command_run, console, "there is no -i NAME=FILE");
    if (options->outputs.count == 0) return command_misuse(&command_run, console, "there is no -o NAME=FILE");
    run_job job = {0};
    uint64_t batch = 0;
    const bool good = network_open(&job.network, options, console, NULL) &&
                      network_build(&job.network, options->arguments[0]) && make_ports(&job) &&
                      fill_inputs(&job, &batch) && network_load(&job.network, options->weights) &&
                      network_compile(&job.network, batch) && network_start(&job.network) && run_network(&job, batch) &&
                      write_outputs(&job);
    close_job(&job);
    return good ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_run = {
    .name = "run",
    .bit = COMMAND_RUN,
    .arguments = "MODEL -i NAME=FILE... -o NAME=FILE...",
    .summary = "run a network on .npy files",
    .description = "Runs a network once. Inputs come from float32 .npy files of shape [N, C, H,\n"
                   "W], whose N is the batch, or are filled with reproducible numbers\n"
                   "('random'); outputs are written as float32 .npy files. The models of the zoo\n"
                   "have one input, 'input', and one output, 'output': the logits, before any\n"
                   "softmax. Without -w, the weights that come with the project are used.",
    .least = 1,
    .most = 1,
    .run = run_run,
};
