/* onnx_skeleton.c: walks the wire format (https://protobuf.dev/programming-guides/encoding) once, checks every length, and
 * copies what is wanted. */
#include "io/onnx_skeleton.h"

#include <string.h>

enum { LENGTH_BYTES = 5, WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* What a skeleton may have, and what unpacking it may take: at least so much, and more for larger ones. */
static const size_t max_skeleton = (size_t)1 << 28, least_budget = (size_t)64 << 20, budget_a_byte = 16;

/* ---- What is kept ------------------------------------------------------------------------------------------------- */
enum { TENSOR_FLOATS = 4, TENSOR_RAW = 9, TENSOR_DOUBLES = 10 };

typedef struct kept_fields {
    const ProtobufCMessageDescriptor *type;
    uint8_t fields[12]; /* ended by 0 */
} kept_fields;

static const kept_fields kept[] = {
    {&onnx__model_proto__descriptor, {1, 7, 8}},         /* ir_version, graph, opset_import */
    {&onnx__operator_set_id_proto__descriptor, {1, 2}},  /* domain, version */
    {&onnx__graph_proto__descriptor, {1, 5, 11, 12}},    /* node, initializer, input, output */
    {&onnx__node_proto__descriptor, {1, 2, 3, 4, 5, 7}}, /* input, output, name, op_type, attribute, domain */
    {&onnx__attribute_proto__descriptor,
     {1, 2, 3, 4, 5, 7, 8, 9, 20}}, /* name, f, i, s, t, floats, ints, strings, type */
    /* dims, data_type, name, external_data, data_location, and the elements as raw_data and by types */
    {&onnx__tensor_proto__descriptor, {1, 2, 8, 13, 14, TENSOR_RAW, TENSOR_FLOATS, TENSOR_DOUBLES, 5, 7, 11}},
    {&onnx__string_string_entry_proto__descriptor, {1, 2}},     /* key, value */
    {&onnx__value_info_proto__descriptor, {1, 2}},              /* name, type */
    {&onnx__type_proto__descriptor, {1}},                       /* tensor_type */
    {&onnx__type_proto__tensor__descriptor, {1, 2}},            /* elem_type, shape */
    {&onnx__tensor_shape_proto__descriptor, {1}},               /* dim */
    {&onnx__tensor_shape_proto__dimension__descriptor, {1, 2}}, /* dim_value, dim_param */
};

static const uint8_t *kept_of(const ProtobufCMessageDescriptor *type) {
    for (size_t i = 0; i < BASE_COUNT(kept); i++)
        if (kept[i].type == type) return kept[i].fields;
    return NULL;
}

/* ---- Walking ------------------------------------------------------------------------------------------------------ */
typedef struct walk {
    const io_file *file;
    const uint8_t *data; /* offsets count from here */
    uint8_t *out;
    size_t length, capacity;
} walk;

/* Where a field is. */
typedef struct field_place {
    uint32_t number, wire;
    const uint8_t *begin;           /* of its tag */
    const uint8_t *content, *after; /* what follows the tag and, if there is one, the length */
} field_place;

static clade_status refuse(const walk *w, const uint8_t *at, const char *rule) {
    return io_refuse(w->file, CLADE_ERROR_FORMAT, "%s at byte %zu: it is damaged or no ONNX file", rule,
                     (size_t)(at - w->data));
}

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *value_out) {
    *value_out = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        const uint8_t byte = *(*at)++;
        *value_out |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}

/* Finds the field that begins at `at`. */
static clade_status read_field(const walk *w, const uint8_t *at, const uint8_t *end, field_place *place_out) {
    uint64_t tag = 0, size = 0;
    *place_out = (field_place){.begin = at};
    if (!read_varint(&at, end, &tag) || tag >> 3 == 0 || tag >> 32 != 0)
        return refuse(w, place_out->begin, "there is no field");
    place_out->number = (uint32_t)(tag >> 3);
    place_out->wire = (uint32_t)(tag & 7);
    place_out->content = at;
    switch (place_out->wire) {
    case WIRE_VARINT:
        if (!read_varint(&at, end, &size)) return refuse(w, place_out->begin, "a number does not end");
        place_out->after = at;
        return CLADE_OK;
    case WIRE_64:
        size = 8;
        break;
    case WIRE_32:
        size = 4;
        break;
    case WIRE_BYTES:
        if (!read_varint(&at, end, &size)) return refuse(w, place_out->begin, "a length does not end");
        place_out->content = at;
        break;
    default:
        return refuse(w, place_out->begin, "there is a field of an unknown kind");
    }
    if (size > (size_t)(end - at)) return refuse(w, place_out->begin, "a field ends behind its message");
    place_out->after = at + size;
    return CLADE_OK;
}

static clade_status append(walk *w, const void *data, size_t size) {
    if (size > w->capacity - w->length) {
        const size_t wanted = 2 * (w->length + size) + 256;
        if (wanted > max_skeleton)
            return io_refuse(w->file, CLADE_ERROR_FORMAT, "it takes more than %zu bytes without its weights",
                             max_skeleton / 2);
        uint8_t *grown = base_allocate(w->file->env, wanted);
        if (!grown) return base_fail_memory(w->file->env, wanted, "an ONNX model");
        if (w->out) memcpy(grown, w->out, w->length);
        base_free(w->file->env, w->out);
        w->out = grown;
        w->capacity = wanted;
    }
    memcpy(w->out + w->length, data, size);
    w->length += size;
    return CLADE_OK;
}

/* The tag of a field of bytes, and room for its length. */
static clade_status open_bytes(walk *w, uint32_t number, size_t *place_out) {
    static const uint8_t room[LENGTH_BYTES] = {0};
    const uint8_t tag = (uint8_t)(number << 3 | WIRE_BYTES); /* all that is kept has numbers below 16 or is copied */
    FORWARD(append(w, &tag, 1));
    *place_out = w->length;
    return append(w, room, sizeof room);
}

/* Lengths take five bytes, however small: they are known only when their messages are there. */
static void close_bytes(walk *w, size_t place) {
    size_t size = w->length - place - LENGTH_BYTES;
    for (int i = 0; i < LENGTH_BYTES; i++, size >>= 7)
        w->out[place + i] = (uint8_t)((size & 0x7f) | (i + 1 < LENGTH_BYTES ? 0x80 : 0));
}

static clade_status append_elements(walk *w, const field_place *field) {
    size_t place = 0;
    const onnx_elements elements = {(uint64_t)(field->content - w->data), (uint64_t)(field->after - field->content)};
    FORWARD(open_bytes(w, TENSOR_RAW, &place));
    FORWARD(append(w, &elements, sizeof elements));
    close_bytes(w, place);
    return CLADE_OK;
}

/* Floats and doubles lie in a packed field as they do in raw_data. */
static bool are_elements(const ProtobufCMessageDescriptor *type, const field_place *field) {
    return type == &onnx__tensor_proto__descriptor && field->wire == WIRE_BYTES &&
           (field->number == TENSOR_RAW || field->number == TENSOR_FLOATS || field->number == TENSOR_DOUBLES);
}

static clade_status copy_message(walk *w, const ProtobufCMessageDescriptor *type, const uint8_t *at,
                                 const uint8_t *end) {
    const uint8_t *fields = kept_of(type);
    while (at < end) {
        field_place field;
        FORWARD(read_field(w, at, end, &field));
        at = field.after;
        if (field.number > UINT8_MAX || !strchr((const char *)fields, (int)field.number)) continue;
        if (are_elements(type, &field)) {
            FORWARD(append_elements(w, &field));
            continue;
        }
        const ProtobufCFieldDescriptor *described = protobuf_c_message_descriptor_get_field(type, field.number);
        if (described->type != PROTOBUF_C_TYPE_MESSAGE) {
            FORWARD(append(w, field.begin, (size_t)(field.after - field.begin)));
            continue;
        }
        size_t place = 0;
        if (field.wire != WIRE_BYTES) return refuse(w, field.begin, "a message is none");
        FORWARD(open_bytes(w, field.number, &place));
        FORWARD(copy_message(w, described->descriptor, field.content, field.after));
        close_bytes(w, place);
    }
    return CLADE_OK;
}

/* ---- Unpacking ---------------------------------------------------------------------------------------------------- */
typedef struct budget {
    base_env *env;
    size_t left;
    bool spent, out_of_memory;
} budget;

static void *spend(void *data, size_t size) {
    budget *b = data;
    b->spent = b->spent || size > b->left;
    if (b->spent) return NULL;
    b->left -= size;
    void *memory = base_allocate(b->env, size);
    b->out_of_memory = b->out_of_memory || !memory;
    return memory;
}

static void give_back(void *data, void *memory) { base_free(((budget *)data)->env, memory); }

clade_status onnx_unpack(const io_file *file, const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t size,
                         ProtobufCMessage **message_out) {
    walk w = {.file = file, .data = data};
    *message_out = NULL;
    clade_status status = copy_message(&w, type, data, data + size);
    if (status == CLADE_OK) {
        budget b = {.env = file->env, .left = least_budget + budget_a_byte * w.length};
        ProtobufCAllocator allocator = {spend, give_back, &b};
        *message_out = protobuf_c_message_unpack(type, &allocator, w.length, w.out);
        if (b.out_of_memory)
            status = base_fail_memory(file->env, w.length, "an ONNX model");
        else if (b.spent)
            status = io_refuse(file, CLADE_ERROR_FORMAT, "it has too many parts for its size");
        else if (!*message_out)
            status = io_refuse(file, CLADE_ERROR_FORMAT, "a field has another type than ONNX gives it");
    }
    base_free(file->env, w.out);
    return status;
}

void onnx_unpacked_free(base_env *env, ProtobufCMessage *message) {
    budget b = {.env = env};
    ProtobufCAllocator allocator = {spend, give_back, &b};
    if (message) protobuf_c_message_free_unpacked(message, &allocator);
}
