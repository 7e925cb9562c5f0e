/* case.c: see case.h. */
#include "onnx/case.h"
#include "onnx/carry.h"
#include "onnx/tensor.h"

#include "base/base.h"

#include <clade/onnx.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PORTS = 16, PATH_SIZE = 512 };

#define RELATIVE 1e-3
#define ABSOLUTE 1e-7

typedef struct test_case {
    clade_context *context;
    const char *folder;
    Onnx__ModelProto *model;
    tensor inputs[MOST_PORTS], outputs[MOST_PORTS];
    size_t input_count, output_count;
    bool constant[MOST_PORTS];
    bool carried;        /* see carry.h */
    uint8_t *model_file; /* the changed model then */
    size_t model_size;
    case_result result;
} test_case;

static bool end(test_case *job, case_outcome outcome, const char *format, ...) BASE_PRINTF(3, 4);
static bool end(test_case *job, case_outcome outcome, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(job->result.reason, sizeof job->result.reason, format, arguments);
    va_end(arguments);
    job->result.outcome = outcome;
    return false;
}

/* Of "failed to read ONNX model "PATH": 1 of its 1 nodes are not supported: OP-9 "node": REASON; ..." the first reason, else what
 * stands behind the path. */
static bool end_with_message(test_case *job, clade_status status) {
    char message[2048] = "";
    clade_context_message(job->context, message, sizeof message);
    if (status != CLADE_ERROR_UNSUPPORTED) return end(job, CASE_FAILED, "%s", message);
    char *reason = strstr(message, "\": "), *list = strstr(message, "not supported: ");
    if (list) reason = strstr(list, "\": ");
    if (!reason) return end(job, CASE_UNSUPPORTED, "%s", message);
    reason += strlen("\": ");
    reason[strcspn(reason, ";")] = '\0';
    return end(job, CASE_UNSUPPORTED, "%s", reason);
}

/* ---- Reading the case ----------------------------------------------------------------------------------------------- */
static size_t read_ports(test_case *job, const char *kind, size_t count, tensor *ports) {
    char path[PATH_SIZE];
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/test_data_set_0/%s_%zu.pb", job->folder, kind, i);
        if (!tensor_read(path, &ports[i])) return i;
    }
    return count;
}

static void name_op(test_case *job) {
    const Onnx__GraphProto *graph = job->model->graph;
    const char *op = graph->n_node == 1 ? graph->node[0]->op_type : "several";
    snprintf(job->result.op, sizeof job->result.op, "%s", op);
}

static bool read_case(test_case *job) {
    char path[PATH_SIZE];
    size_t size = 0;
    snprintf(path, sizeof path, "%s/model.onnx", job->folder);
    uint8_t *file = tensor_load(path, &size);
    job->model = file ? onnx__model_proto__unpack(NULL, size, file) : NULL;
    free(file);
    if (!job->model || !job->model->graph) return end(job, CASE_FAILED, "there is no model");
    name_op(job);
    const Onnx__GraphProto *graph = job->model->graph;
    if (graph->n_input >= MOST_PORTS || graph->n_output > MOST_PORTS)
        return end(job, CASE_UNSUPPORTED, "more than %d inputs or outputs", MOST_PORTS - 1);
    for (size_t i = 0; i < graph->n_input; i++)
        if (!graph->input[i]->type || graph->input[i]->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
            return end(job, CASE_UNSUPPORTED, "its input is no tensor");
    job->input_count = read_ports(job, "input", graph->n_input, job->inputs);
    job->output_count = read_ports(job, "output", graph->n_output, job->outputs);
    for (size_t i = 0; i < job->input_count; i++) {
        if (job->inputs[i].is_real && job->inputs[i].count == 0)
            return end(job, CASE_UNSUPPORTED, "its input has no elements");
        if (job->inputs[i].proto->data_type != graph->input[i]->type->tensor_type->elem_type)
            return end(job, CASE_UNSUPPORTED, "its data are of another type than its input");
    }
    return true;
}

/* ---- Importing ------------------------------------------------------------------------------------------------------ */
static clade_status import(test_case *job, clade_graph **graph_out) {
    clade_onnx_constant constants[MOST_PORTS];
    clade_onnx_load_settings settings = clade_onnx_load_defaults();
    settings.constants = constants;
    /* what the model leaves open is as in the case's data */
    if (job->input_count > 0 && job->inputs[0].proto->n_dims > 0) settings.batch = job->inputs[0].proto->dims[0];
    for (size_t i = 0; i < job->input_count; i++) {
        const char *name = job->model->graph->input[i]->name;
        if (job->constant[i])
            constants[settings.constant_count++] =
                (clade_onnx_constant){.name = name, .tensor = job->inputs[i].file, .size = job->inputs[i].size};
    }
    if (job->carried)
        return clade_onnx_load_memory(job->context, job->model_file, job->model_size, &settings, graph_out);
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/model.onnx", job->folder);
    return clade_onnx_load(job->context, path, &settings, graph_out);
}

static bool says(test_case *job, const char *text) {
    char message[2048] = "";
    clade_context_message(job->context, message, sizeof message);
    return strstr(message, text) != NULL;
}

/* Reads the model again, its outputs added to an input that is zero. */
static clade_status import_carried(test_case *job, clade_graph **graph_out) {
    carry_outputs(job->model);
    for (size_t i = job->input_count; i < MOST_PORTS; i++) job->constant[i] = false; /* initializers, and the new one */
    job->input_count = job->model->graph->n_input;
    job->inputs[job->input_count - 1] = carry_zero();
    job->carried = true;
    job->model_size = onnx__model_proto__get_packed_size(job->model);
    job->model_file = malloc(job->model_size);
    if (!job->model_file) abort();
    onnx__model_proto__pack(job->model, job->model_file);
    return import(job, graph_out);
}

/* Integers are shapes, axes and the like, which Clade takes as constants. Of the others all are data, or if that is refused only
 * the first, the rest being weights. */
static bool import_somehow(test_case *job, clade_graph **graph_out) {
    for (size_t i = 0; i < job->input_count; i++) job->constant[i] = !job->inputs[i].is_real;
    clade_status status = import(job, graph_out);
    if (status == CLADE_OK) return true;
    for (size_t i = 1; i < job->input_count; i++) job->constant[i] = true;
    if (status == CLADE_ERROR_UNSUPPORTED && job->input_count > 1) status = import(job, graph_out);
    if (status == CLADE_ERROR_UNSUPPORTED && says(job, "is a constant")) status = import_carried(job, graph_out);
    return status == CLADE_OK || end_with_message(job, status);
}

/* ---- Running -------------------------------------------------------------------------------------------------------- */
static bool compare(test_case *job, size_t index, const float *found) {
    const tensor *expected = &job->outputs[index];
    for (size_t i = 0; i < expected->count; i++) {
        const double wanted = expected->values[i], got = found[i];
        if (wanted == got || (isnan(wanted) && isnan(got))) continue;
        if (!(fabs(got - wanted) <= ABSOLUTE + RELATIVE * fabs(wanted)))
            return end(job, CASE_FAILED, "element %zu of output %zu is %g instead of %g", i, index, got, wanted);
    }
    return true;
}

static bool find_port(const Onnx__GraphProto *model, const char *name, bool input, size_t *index_out) {
    Onnx__ValueInfoProto **ports = input ? model->input : model->output;
    const size_t count = input ? model->n_input : model->n_output;
    for (*index_out = 0; *index_out < count; ++*index_out)
        if (strcmp(ports[*index_out]->name, name) == 0) return true;
    return false;
}

/* A number without dimensions is [1] for Clade. What is carried may be that of [1]. */
static bool has_shape(const tensor *expected, const clade_shape *found) {
    const Onnx__TensorProto *proto = expected->proto;
    if (proto->n_dims == 0) return found->rank == 1 && found->dims[0] == 1;
    if (proto->n_dims != (size_t)found->rank) return false;
    for (int32_t i = 0; i < found->rank; i++)
        if (proto->dims[i] != found->dims[i]) return false;
    return true;
}

/* Binds what the graph asks for to what the case has. */
static bool bind(test_case *job, const clade_graph *graph, bool input, clade_buffer *buffers, size_t *count_out) {
    *count_out = input ? clade_graph_input_count(graph) : clade_graph_output_count(graph);
    for (size_t i = 0; i < *count_out; i++) {
        clade_tensor port;
        clade_tensor_info info;
        const char *name = NULL;
        size_t index = 0;
        const clade_status found =
            input ? clade_graph_input_at(graph, i, &port) : clade_graph_output_at(graph, i, &port, &name);
        if (found != CLADE_OK || clade_graph_tensor(graph, port, &info) != CLADE_OK)
            return end(job, CASE_FAILED, "a port of the graph cannot be described");
        if (!name) name = info.name;
        if (!find_port(job->model->graph, name, input, &index))
            return end(job, CASE_FAILED, "the graph has a port \"%s\", which the model lacks", name);
        const tensor *at = input ? &job->inputs[index] : &job->outputs[index];
        if (index >= (input ? job->input_count : job->output_count) ||
            !(at->is_real || (job->carried && at->is_number)))
            return end(job, CASE_UNSUPPORTED, "port \"%s\" holds no real numbers", name);
        if (!has_shape(at, &info.shape)) return end(job, CASE_FAILED, "port \"%s\" has another shape", name);
        const size_t size = at->count * sizeof(float);
        buffers[i] = (clade_buffer){name, input ? at->values : calloc(at->count, sizeof(float)), size};
    }
    return true;
}

static bool run_session(test_case *job, clade_session *session, const clade_graph *graph) {
    clade_buffer inputs[MOST_PORTS], outputs[MOST_PORTS] = {{0}};
    size_t input_count = 0, output_count = 0;
    bool good = bind(job, graph, true, inputs, &input_count) && bind(job, graph, false, outputs, &output_count);
    if (good) {
        const clade_status status = clade_run(session, inputs, input_count, outputs, output_count);
        good = status == CLADE_OK || end_with_message(job, status);
    }
    if (good && output_count != job->model->graph->n_output)
        good = end(job, CASE_FAILED, "the graph has %zu outputs, the model %zu", output_count,
                   job->model->graph->n_output);
    for (size_t i = 0; i < MOST_PORTS; i++) {
        size_t index = 0;
        if (good && i < output_count && find_port(job->model->graph, outputs[i].name, false, &index))
            good = compare(job, index, outputs[i].data);
        free(outputs[i].data);
    }
    return good;
}

/* Generic kernels take sizes as arguments, so that few programs serve all cases; the others are held against them
 * elsewhere (tests/ops). */
static bool run_graph(test_case *job, const clade_graph *graph) {
    clade_plan *plan = NULL;
    clade_session *session = NULL;
    clade_plan_settings settings = clade_plan_defaults();
    settings.disabled_passes = CLADE_PASS_NETWORK;
    settings.channel_block = 1;
    settings.kernels = "conv2d=generic,linear=generic";
    clade_status status = clade_plan_create(graph, &settings, &plan);
    if (status == CLADE_OK) status = clade_session_create(plan, &session);
    const bool good =
        status == CLADE_OK ? run_session(job, session, clade_plan_graph(plan)) : end_with_message(job, status);
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    return good;
}

case_result case_run(clade_context *context, const char *folder) {
    test_case job = {.context = context, .folder = folder, .result = {.outcome = CASE_PASSED}};
    clade_graph *graph = NULL;
    if (read_case(&job) && import_somehow(&job, &graph)) run_graph(&job, graph);
    clade_graph_destroy(&graph);
    free(job.model_file);
    for (size_t i = 0; i < MOST_PORTS; i++) {
        tensor_clear(&job.inputs[i]);
        tensor_clear(&job.outputs[i]);
    }
    if (job.model) onnx__model_proto__free_unpacked(job.model, NULL);
    return job.result;
}
