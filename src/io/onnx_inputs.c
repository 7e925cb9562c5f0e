/* onnx_inputs.c: the inputs of a model: their types, and shapes with open dimensions. */
#include "io/onnx.h"

#include <string.h>

static const clade_shape *asked_shape(const onnx_import *job, const char *name) {
    for (size_t i = 0; i < job->settings->shape_count; i++)
        if (strcmp(job->settings->shapes[i].input, name) == 0) return &job->settings->shapes[i].shape;
    return NULL;
}

/* A dimension of the file; 0 when it is open, be it by a name, by nothing, or by a number that is no size. */
static int64_t file_dimension(const Onnx__TensorShapeProto__Dimension *dim) {
    const bool number = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    return number && dim->dim_value > 0 ? dim->dim_value : 0;
}

static const char *dimension_name(const Onnx__TensorShapeProto__Dimension *dim) {
    const bool named = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    return named && dim->dim_param ? dim->dim_param : "";
}

/* What the settings say about dimension i, where the file has `found`; 0: nothing. */
static int64_t choose(const onnx_import *job, const clade_shape *asked, int32_t i, int64_t found) {
    if (asked) return asked->dims[i];
    if (found > 0) return found;
    if (i > 0) return 0;
    return job->settings->batch > 0 ? job->settings->batch : CLADE_BATCH;
}

static clade_status input_shape(const onnx_import *job, const Onnx__ValueInfoProto *input, clade_shape *shape_out) {
    const clade_shape *asked = asked_shape(job, input->name);
    const Onnx__TensorShapeProto *found = input->type->tensor_type->shape;
    if (!found && !asked)
        return io_refuse(job->file, CLADE_ERROR_SHAPE, "its input \"%.200s\" has no shape: give one", input->name);
    if (!found) {
        *shape_out = *asked;
        return CLADE_OK;
    }
    if (found->n_dim < 1 || found->n_dim > CLADE_MAX_RANK || (asked && (size_t)asked->rank != found->n_dim))
        return io_refuse(job->file, asked ? CLADE_ERROR_SHAPE : CLADE_ERROR_UNSUPPORTED,
                         "its input \"%.200s\" has %zu dimensions, %d were expected at %s", input->name, found->n_dim,
                         asked ? asked->rank : CLADE_MAX_RANK, asked ? "it" : "most");
    *shape_out = (clade_shape){.rank = (int32_t)found->n_dim};
    for (int32_t i = 0; i < shape_out->rank; i++) {
        const int64_t in_file = file_dimension(found->dim[i]), chosen = choose(job, asked, i, in_file);
        if (chosen == 0)
            return io_refuse(job->file, CLADE_ERROR_SHAPE,
                             "dimension %d of its input \"%.200s\" is open (\"%.100s\"): give the input's shape", i,
                             input->name, dimension_name(found->dim[i]));
        if (in_file > 0 && chosen != in_file)
            return io_refuse(job->file, CLADE_ERROR_SHAPE,
                             "dimension %d of its input \"%.200s\" is %lld, %lld was asked for", i, input->name,
                             (long long)in_file, (long long)chosen);
        shape_out->dims[i] = chosen;
    }
    return CLADE_OK;
}

static clade_status add_input(onnx_import *job, const Onnx__ValueInfoProto *input, onnx_value *value) {
    const Onnx__TypeProto *type = input->type;
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ||
        !onnx_is_real(type->tensor_type->elem_type)) {
        if (!value->needed) return CLADE_OK;
        return io_refuse(
            job->file, CLADE_ERROR_UNSUPPORTED,
            "its input \"%.200s\" is no tensor of floating point numbers: it can only be given as a constant",
            input->name);
    }
    clade_shape shape;
    FORWARD(input_shape(job, input, &shape));
    FORWARD(clade_graph_input(job->graph, input->name, shape, &value->tensor));
    value->state = ONNX_TENSOR;
    value->named = true;
    return CLADE_OK;
}

clade_status onnx_add_inputs(onnx_import *job) {
    for (size_t i = 0; i < job->model->n_input; i++) {
        const Onnx__ValueInfoProto *input = job->model->input[i];
        onnx_value *value = input->name ? onnx_find_value(job, input->name) : NULL;
        if (!value || value->initializer) continue; /* an initializer is a constant, also where it is called an input */
        FORWARD(add_input(job, input, value));
    }
    return CLADE_OK;
}
