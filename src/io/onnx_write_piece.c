/* onnx_write_piece.c: single nodes, tensors and ports of an ONNX graph, counted or written. */
#include "io/onnx_write.h"

#include <string.h>

/* protobuf-c's structs have no const, although packing changes nothing. */
static char *text(const char *words) { return (char *)(uintptr_t)words; }

/* ---- Bytes -------------------------------------------------------------------------------------------------------- */
typedef struct sink {
    ProtobufCBuffer base;
    io_writer *file;
    clade_status status;
} sink;

static void append(ProtobufCBuffer *buffer, size_t size, const uint8_t *data) {
    sink *to = (sink *)buffer;
    if (to->status == CLADE_OK) to->status = io_write(to->file, data, size);
}

static clade_status write_message(onnx_writer *writer, const ProtobufCMessage *message) {
    sink to = {.base.append = append, .file = &writer->file};
    protobuf_c_message_pack_to_buffer(message, &to.base);
    return to.status;
}

static clade_status put(onnx_writer *writer, const Onnx__GraphProto *piece) {
    if (writer->failed)
        return io_writer_refuse(&writer->file, CLADE_ERROR_OUT_OF_MEMORY, "there is no host memory for a name");
    if (!writer->counting) return write_message(writer, &piece->base);
    if (!base_add(writer->size, protobuf_c_message_get_packed_size(&piece->base), &writer->size))
        return io_writer_refuse(&writer->file, CLADE_ERROR_UNSUPPORTED, "its size overflows");
    return CLADE_OK;
}

/* ---- Nodes -------------------------------------------------------------------------------------------------------- */
static Onnx__AttributeProto *add_attribute(onnx_new_node *node, const char *name,
                                           Onnx__AttributeProto__AttributeType type) {
    Onnx__AttributeProto *attribute = &node->attributes[node->attribute_count++];
    *attribute = (Onnx__AttributeProto)ONNX__ATTRIBUTE_PROTO__INIT;
    attribute->name = text(name);
    attribute->has_type = true;
    attribute->type = type;
    return attribute;
}

void onnx_add_integer(onnx_new_node *node, const char *name, int64_t value) {
    Onnx__AttributeProto *attribute = add_attribute(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    attribute->has_i = true;
    attribute->i = value;
}

void onnx_add_float(onnx_new_node *node, const char *name, float value) {
    Onnx__AttributeProto *attribute = add_attribute(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    attribute->has_f = true;
    attribute->f = value;
}

void onnx_add_integers(onnx_new_node *node, const char *name, const int32_t *values, size_t count) {
    int64_t *integers = node->integers[node->attribute_count];
    Onnx__AttributeProto *attribute = add_attribute(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    for (size_t i = 0; i < count; i++) integers[i] = values[i];
    attribute->n_ints = count;
    attribute->ints = integers;
}

clade_status onnx_put_node(onnx_writer *writer, const onnx_new_node *node) {
    Onnx__AttributeProto *attributes[ONNX_MOST_ATTRIBUTES];
    for (size_t i = 0; i < node->attribute_count; i++)
        attributes[i] = (Onnx__AttributeProto *)(uintptr_t)&node->attributes[i];
    char *output = text(node->output);

    Onnx__NodeProto proto = ONNX__NODE_PROTO__INIT, *only = &proto;
    proto.op_type = text(node->op);
    proto.name = text(node->name);
    proto.n_input = node->input_count;
    proto.input = (char **)(uintptr_t)node->inputs;
    proto.n_output = 1;
    proto.output = &output;
    proto.n_attribute = node->attribute_count;
    proto.attribute = attributes;

    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    piece.n_node = 1;
    piece.node = &only;
    return put(writer, &piece);
}

/* ---- Tensors ------------------------------------------------------------------------------------------------------ */
/* While counting, only the size of the data matters, and `data` may be NULL. */
static clade_status put_tensor(onnx_writer *writer, const char *name, int32_t type, const int64_t *dims, size_t rank,
                               const void *data, size_t size) {
    Onnx__TensorProto proto = ONNX__TENSOR_PROTO__INIT, *only = &proto;
    proto.name = text(name);
    proto.n_dims = rank;
    proto.dims = (int64_t *)(uintptr_t)dims;
    proto.has_data_type = true;
    proto.data_type = type;
    proto.has_raw_data = true;
    proto.raw_data = (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)data};

    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    piece.n_initializer = 1;
    piece.initializer = &only;
    return put(writer, &piece);
}

clade_status onnx_put_integers(onnx_writer *writer, const char *name, const int64_t *values, size_t count) {
    const int64_t length = (int64_t)count;
    return put_tensor(writer, name, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, &length, 1, values, count * sizeof *values);
}

clade_status onnx_put_scalar(onnx_writer *writer, const char *name, float value) {
    return put_tensor(writer, name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, NULL, 0, &value, sizeof value);
}

clade_status onnx_put_repeated(onnx_writer *writer, const char *name, float value, int64_t count) {
    float *values = base_allocate_zero(writer->file.env, (size_t)count, sizeof *values);
    if (!values) return base_fail_memory(writer->file.env, (size_t)count * sizeof *values, "a constant");
    for (int64_t i = 0; i < count; i++) values[i] = value;
    const clade_status status = put_tensor(writer, name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, &count, 1, values,
                                           (size_t)count * sizeof *values);
    base_free(writer->file.env, values);
    return status;
}

/* ---- Parameters --------------------------------------------------------------------------------------------------- */
static int32_t type_number(clade_type type) {
    return type == CLADE_FLOAT16    ? ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16
           : type == CLADE_BFLOAT16 ? ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16
                                    : ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
}

/* A piece at a time, so that nothing is written over what is still to be read. */
static clade_status narrow_in_place(const onnx_writer *writer, const char *name, float *values, size_t count) {
    const size_t size = base_type_size(writer->type);
    float narrowed[1024];
    for (size_t done = 0; done < count;) {
        const size_t piece = (size_t)base_min((int64_t)(count - done), (int64_t)BASE_COUNT(narrowed));
        FORWARD(io_narrow(&writer->file, name, writer->type, values + done, piece, narrowed));
        memcpy((uint8_t *)values + done * size, narrowed, piece * size);
        done += piece;
    }
    return CLADE_OK;
}

static clade_status put_values(onnx_writer *writer, const char *stored, const char *name, const clade_shape *as,
                               size_t count) {
    float *values = base_allocate_zero(writer->file.env, count, sizeof *values);
    if (!values) return base_fail_memory(writer->file.env, count * sizeof *values, "the values of a parameter");
    clade_status status = clade_graph_get_parameter(writer->graph, name, values);
    if (status == CLADE_OK) status = narrow_in_place(writer, name, values, count);
    if (status == CLADE_OK)
        status = put_tensor(writer, stored, type_number(writer->type), as->dims, (size_t)as->rank, values,
                            count * base_type_size(writer->type));
    base_free(writer->file.env, values);
    return status;
}

/* What nodes read keeps the parameter's name; what is stored gets one of its own. */
static clade_status put_cast(onnx_writer *writer, const char *stored, const char *name) {
    onnx_new_node cast = {.op = "Cast", .name = name, .inputs = &stored, .input_count = 1, .output = name};
    onnx_add_integer(&cast, "to", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    return onnx_put_node(writer, &cast);
}

clade_status onnx_put_parameter(onnx_writer *writer, const clade_tensor_info *parameter, const clade_shape *as) {
    int64_t count = 0;
    (void)base_shape_elements(&parameter->shape, &count); /* the graph has checked it */
    const bool cast = writer->type != CLADE_FLOAT32;
    const char *stored = cast ? onnx_make_name(writer, parameter->name, "stored") : parameter->name;
    if (writer->counting)
        FORWARD(put_tensor(writer, stored, type_number(writer->type), as->dims, (size_t)as->rank, NULL,
                           (size_t)count * base_type_size(writer->type)));
    else
        FORWARD(put_values(writer, stored, parameter->name, as, (size_t)count));
    return cast ? put_cast(writer, stored, parameter->name) : CLADE_OK;
}

/* ---- The model ---------------------------------------------------------------------------------------------------- */
clade_status onnx_put_port(onnx_writer *writer, bool is_input, const char *name, const clade_shape *shape) {
    Onnx__TensorShapeProto__Dimension dims[CLADE_MAX_RANK], *each[CLADE_MAX_RANK];
    for (int32_t i = 0; i < shape->rank; i++) {
        dims[i] = (Onnx__TensorShapeProto__Dimension)ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT;
        each[i] = &dims[i];
        if (shape->dims[i] == CLADE_BATCH) {
            dims[i].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dims[i].dim_param = text("N");
        } else {
            dims[i].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dims[i].dim_value = shape->dims[i];
        }
    }
    Onnx__TensorShapeProto sizes = ONNX__TENSOR_SHAPE_PROTO__INIT;
    sizes.n_dim = (size_t)shape->rank;
    sizes.dim = each;
    Onnx__TypeProto__Tensor tensor = ONNX__TYPE_PROTO__TENSOR__INIT;
    tensor.has_elem_type = true;
    tensor.elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    tensor.shape = &sizes;
    Onnx__TypeProto type = ONNX__TYPE_PROTO__INIT;
    type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type.tensor_type = &tensor;
    Onnx__ValueInfoProto value = ONNX__VALUE_INFO_PROTO__INIT, *only = &value;
    value.name = text(name);
    value.type = &type;

    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    piece.n_input = is_input ? 1 : 0;
    piece.n_output = is_input ? 0 : 1;
    piece.input = piece.output = &only;
    return put(writer, &piece);
}

clade_status onnx_put_graph_name(onnx_writer *writer, const char *name) {
    Onnx__GraphProto piece = ONNX__GRAPH_PROTO__INIT;
    piece.name = text(name);
    return put(writer, &piece);
}

/* Seven bits a byte, the lowest first; the eighth says that more follow. */
static size_t encode_varint(uint64_t value, uint8_t bytes[10]) {
    size_t length = 0;
    for (; value > 0x7f; value >>= 7) bytes[length++] = (uint8_t)(value | 0x80);
    bytes[length++] = (uint8_t)value;
    return length;
}

clade_status onnx_put_header(onnx_writer *writer, uint64_t size) {
    enum { IR_VERSION = 8, OPERATOR_SET = 17, LENGTH_FOLLOWS = 2 /* protobuf's wire type of messages */ };
    Onnx__OperatorSetIdProto operators = ONNX__OPERATOR_SET_ID_PROTO__INIT, *only = &operators;
    operators.domain = text("");
    operators.has_version = true;
    operators.version = OPERATOR_SET;
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    model.has_ir_version = true;
    model.ir_version = IR_VERSION;
    model.producer_name = text("clade");
    model.producer_version = text(clade_version());
    model.n_opset_import = 1;
    model.opset_import = &only;
    FORWARD(write_message(writer, &model.base));

    const ProtobufCFieldDescriptor *graph =
        protobuf_c_message_descriptor_get_field_by_name(&onnx__model_proto__descriptor, "graph");
    uint8_t bytes[10];
    FORWARD(io_write(&writer->file, bytes, encode_varint((uint64_t)graph->id << 3 | LENGTH_FOLLOWS, bytes)));
    return io_write(&writer->file, bytes, encode_varint(size, bytes));
}
