/* onnx_fold.c: operators on constants that make or move elements: Constant, ConstantOfShape, Range, Shape, Cast, Gather, Concat, Slice,
 * Expand. Exporters compute shapes with them; the open batch travels along as what it is. */
#include "io/onnx.h"

#include <string.h>

/* ---- Makers ------------------------------------------------------------------------------------------------------- */
static clade_status make_integers(onnx_import *job, const onnx_node *node, const int64_t *values, size_t count,
                                  int32_t rank) {
    const clade_shape shape = {rank, {(int64_t)count}};
    onnx_constant made;
    FORWARD(onnx_new_integers(job, &shape, &made));
    memcpy(made.integers, values, count * sizeof *values);
    onnx_set_constant(job, node, 0, &made);
    return CLADE_OK;
}

static clade_status make_reals(onnx_import *job, const onnx_node *node, const float *from, size_t count, int32_t rank) {
    const clade_shape shape = {rank, {(int64_t)count}};
    onnx_constant made;
    float *values = NULL;
    FORWARD(onnx_new_reals(job, &shape, &made, &values));
    memcpy(values, from, count * sizeof *values);
    onnx_set_constant(job, node, 0, &made);
    return CLADE_OK;
}

clade_status onnx_fold_constant(onnx_import *job, const onnx_node *node) {
    if (node->proto->n_attribute != 1) return onnx_wrong(job, node, "it must have one attribute");
    const Onnx__AttributeProto *a = node->proto->attribute[0];
    if (a->t) {
        onnx_constant made;
        FORWARD(onnx_read_tensor(job, a->t, onnx_node_name(node), job->file->data, &made));
        onnx_set_constant(job, node, 0, &made);
        return CLADE_OK;
    }
    if (strcmp(a->name, "value_int") == 0 && a->has_i) return make_integers(job, node, &a->i, 1, 0);
    if (strcmp(a->name, "value_ints") == 0) return make_integers(job, node, a->ints, a->n_ints, 1);
    if (strcmp(a->name, "value_float") == 0 && a->has_f) return make_reals(job, node, &a->f, 1, 0);
    if (strcmp(a->name, "value_floats") == 0) return make_reals(job, node, a->floats, a->n_floats, 1);
    return onnx_wrong(job, node, "its attribute %s has no value", a->name);
}

/* Reals of one value take no memory, however many they are. */
clade_status onnx_fold_constant_of_shape(onnx_import *job, const onnx_node *node) {
    const Onnx__AttributeProto *a = onnx_attribute(node, "value");
    const onnx_constant *shape = NULL;
    onnx_constant value = {.type = CLADE_FLOAT32, .count = 1}, made = {.type = CLADE_FLOAT32};
    FORWARD(onnx_input_constant(job, node, 0, &shape));
    if (shape->open) return onnx_unsupported(job, node, "its shape has the batch, which is open: set one");
    if (!shape->integer || shape->count > CLADE_MAX_RANK)
        return onnx_unsupported(job, node, "its shape must be a list of up to %d integers", CLADE_MAX_RANK);
    if (a && !a->t) return onnx_wrong(job, node, "its value is no tensor");
    if (a) FORWARD(onnx_read_tensor(job, a->t, onnx_node_name(node), job->file->data, &value));
    if (value.count != 1) return onnx_wrong(job, node, "its value must have one element");
    made.shape.rank = (int32_t)shape->count;
    for (size_t i = 0; i < shape->count; i++) made.shape.dims[i] = shape->integers[i];
    if (!onnx_count(&made.shape, &made.count)) return onnx_wrong(job, node, "its shape is negative or too large");
    if (value.integer) {
        FORWARD(onnx_new_integers(job, &made.shape, &made));
        for (size_t i = 0; i < made.count; i++) made.integers[i] = value.integers[0];
    } else {
        made.fill = (float)onnx_element(&value, 0);
    }
    onnx_set_constant(job, node, 0, &made);
    return CLADE_OK;
}

clade_status onnx_fold_range(onnx_import *job, const onnx_node *node) {
    int64_t at[3];
    for (size_t i = 0; i < 3; i++) {
        const onnx_constant *constant = NULL;
        FORWARD(onnx_input_constant(job, node, i, &constant));
        if (!constant->integer || constant->open || constant->count != 1)
            return onnx_unsupported(job, node, "its inputs must be integers");
        at[i] = constant->integers[0];
        if (at[i] < INT32_MIN || at[i] > INT32_MAX) return onnx_unsupported(job, node, "its inputs are too large");
    }
    if (at[2] == 0) return onnx_wrong(job, node, "its step is 0");
    const int64_t distance = at[2] > 0 ? at[1] - at[0] : at[0] - at[1], step = at[2] > 0 ? at[2] : -at[2];
    const clade_shape shape = {1, {distance > 0 ? base_divide_up(distance, step) : 0}};
    onnx_constant made;
    FORWARD(onnx_new_integers(job, &shape, &made));
    for (size_t i = 0; i < made.count; i++) made.integers[i] = at[0] + (int64_t)i * at[2];
    onnx_set_constant(job, node, 0, &made);
    return CLADE_OK;
}

/* ---- Shapes ------------------------------------------------------------------------------------------------------- */
clade_status onnx_shape_of(onnx_import *job, const onnx_node *node) {
    const clade_shape shape = onnx_shape(job, onnx_input(job, node, 0));
    const bool size = strcmp(node->proto->op_type, "Size") == 0;
    int64_t start = 0, end = shape.rank, total = 1;
    FORWARD(onnx_attribute_int(job, node, "start", 0, &start));
    FORWARD(onnx_attribute_int(job, node, "end", shape.rank, &end));
    if (size) {
        for (int32_t i = 0; i < shape.rank; i++) total *= shape.dims[i];
        return total < 0 ? onnx_unsupported(job, node, "it depends on the batch, which is open: set one")
                         : make_integers(job, node, &total, 1, 0);
    }
    start = base_max(0, base_min(shape.rank, start < 0 ? start + shape.rank : start));
    end = base_max(start, base_min(shape.rank, end < 0 ? end + shape.rank : end));
    const clade_shape list = {1, {end - start}};
    onnx_constant made;
    FORWARD(onnx_new_integers(job, &list, &made));
    for (size_t i = 0; i < made.count; i++) {
        made.integers[i] = shape.dims[(size_t)start + i];
        if (made.integers[i] == CLADE_BATCH) made.open |= (uint64_t)1 << i;
    }
    onnx_set_constant(job, node, 0, &made);
    return CLADE_OK;
}

clade_status onnx_fold_cast(onnx_import *job, const onnx_node *node) {
    const onnx_constant *from = NULL;
    onnx_constant made;
    int64_t to = 0;
    FORWARD(onnx_attribute_int(job, node, "to", 0, &to));
    FORWARD(onnx_input_constant(job, node, 0, &from));
    if (from->integer && onnx_is_real(to)) {
        float *values = NULL;
        if (from->open) return onnx_unsupported(job, node, "it depends on the batch, which is open: set one");
        FORWARD(onnx_new_reals(job, &from->shape, &made, &values));
        for (size_t i = 0; i < from->count; i++) values[i] = (float)from->integers[i];
    } else if (!from->integer && !onnx_is_real(to)) {
        FORWARD(onnx_new_integers(job, &from->shape, &made));
        for (size_t i = 0; i < from->count; i++) {
            const double value = onnx_element(from, i);
            if (!(value > -9e18 && value < 9e18)) return onnx_unsupported(job, node, "%g is no integer", value);
            made.integers[i] = to == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL ? value != 0 : (int64_t)value;
        }
    } else {
        made = *from;
    }
    onnx_set_constant(job, node, 0, &made);
    return CLADE_OK;
}

/* ---- Movers ------------------------------------------------------------------------------------------------------- */
typedef struct picking {
    const onnx_constant *indices;
    size_t size, inner; /* of the axis; elements behind it */
} picking;

static size_t picked(const void *user, size_t i) {
    const picking *p = user;
    const size_t inner = i % p->inner, index = i / p->inner % p->indices->count,
                 outer = i / p->inner / p->indices->count;
    const int64_t wanted = p->indices->integers[index];
    return (outer * p->size + (size_t)(wanted < 0 ? wanted + (int64_t)p->size : wanted)) * p->inner + inner;
}

clade_status onnx_fold_gather(onnx_import *job, const onnx_node *node) {
    const onnx_constant *from = NULL, *indices = NULL;
    int64_t wanted = 0;
    int32_t axis = 0;
    FORWARD(onnx_input_constant(job, node, 0, &from));
    FORWARD(onnx_input_constant(job, node, 1, &indices));
    FORWARD(onnx_attribute_int(job, node, "axis", 0, &wanted));
    FORWARD(onnx_axis(job, node, wanted, from->shape.rank, &axis));
    const int64_t size = from->shape.dims[axis];
    if (!indices->integer || indices->open || from->shape.rank - 1 + indices->shape.rank > CLADE_MAX_RANK)
        return onnx_unsupported(job, node, "its indices must be integers, its result of rank %d at most",
                                CLADE_MAX_RANK);
    for (size_t i = 0; i < indices->count; i++)
        if (indices->integers[i] < -size || indices->integers[i] >= size)
            return onnx_wrong(job, node, "its index %lld is not in dimension %d", (long long)indices->integers[i],
                              axis);
    clade_shape shape = {.rank = 0};
    picking p = {.indices = indices, .size = (size_t)size, .inner = 1};
    for (int32_t i = 0; i < axis; i++) shape.dims[shape.rank++] = from->shape.dims[i];
    for (int32_t i = 0; i < indices->shape.rank; i++) shape.dims[shape.rank++] = indices->shape.dims[i];
    for (int32_t i = axis + 1; i < from->shape.rank; i++) {
        shape.dims[shape.rank++] = from->shape.dims[i];
        p.inner *= (size_t)from->shape.dims[i];
    }
    return onnx_move(job, node, from, &shape, picked, &p);
}

typedef struct slicing {
    const clade_shape *from, *to;
    const onnx_range *ranges;
} slicing;

static size_t sliced(const void *user, size_t i) {
    const slicing *s = user;
    size_t source = 0, stride = 1;
    for (int32_t d = s->to->rank - 1; d >= 0; d--) {
        const size_t at = i % (size_t)s->to->dims[d];
        i /= (size_t)s->to->dims[d];
        source += (size_t)(s->ranges[d].start + (int64_t)at * s->ranges[d].step) * stride;
        stride *= (size_t)s->from->dims[d];
    }
    return source;
}

clade_status onnx_fold_slice(onnx_import *job, const onnx_node *node) {
    const onnx_constant *from = NULL;
    onnx_range ranges[CLADE_MAX_RANK];
    FORWARD(onnx_input_constant(job, node, 0, &from));
    FORWARD(onnx_read_ranges(job, node, &from->shape, ranges));
    clade_shape shape = from->shape;
    for (int32_t i = 0; i < shape.rank; i++) shape.dims[i] = ranges[i].count;
    const slicing s = {&from->shape, &shape, ranges};
    return onnx_move(job, node, from, &shape, sliced, &s);
}

/* Element `i` of a shape as an element of one that is broadcast to it. */
size_t onnx_broadcast_source(const clade_shape *from, const clade_shape *to, size_t i) {
    size_t source = 0, stride = 1;
    for (int32_t d = to->rank - 1; d >= 0; d--) {
        const size_t at = i % (size_t)to->dims[d];
        const int32_t own = d - (to->rank - from->rank);
        i /= (size_t)to->dims[d];
        if (own < 0) continue;
        source += from->dims[own] == 1 ? 0 : at * stride;
        stride *= (size_t)from->dims[own];
    }
    return source;
}

bool onnx_broadcast(const clade_shape *a, const clade_shape *b, clade_shape *shape_out) {
    *shape_out = (clade_shape){.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int32_t d = 0; d < shape_out->rank; d++) {
        const int32_t in_a = d - (shape_out->rank - a->rank), in_b = d - (shape_out->rank - b->rank);
        const int64_t from_a = in_a < 0 ? 1 : a->dims[in_a], from_b = in_b < 0 ? 1 : b->dims[in_b];
        if (from_a != from_b && from_a != 1 && from_b != 1) return false;
        shape_out->dims[d] = from_a == 1 ? from_b : from_a;
    }
    return true;
}

typedef struct expansion {
    const clade_shape *from, *to;
} expansion;

static size_t expanded(const void *user, size_t i) {
    const expansion *e = user;
    return onnx_broadcast_source(e->from, e->to, i);
}

clade_status onnx_fold_expand(onnx_import *job, const onnx_node *node) {
    const onnx_constant *from = NULL, *wanted = NULL;
    clade_shape asked, shape;
    FORWARD(onnx_input_constant(job, node, 0, &from));
    FORWARD(onnx_input_constant(job, node, 1, &wanted));
    if (!wanted->integer || wanted->open || wanted->count > CLADE_MAX_RANK)
        return onnx_unsupported(job, node, "its shape must be a list of up to %d integers", CLADE_MAX_RANK);
    asked = (clade_shape){.rank = (int32_t)wanted->count};
    for (size_t i = 0; i < wanted->count; i++) asked.dims[i] = wanted->integers[i];
    if (!onnx_broadcast(&from->shape, &asked, &shape)) return onnx_wrong(job, node, "its shapes do not go together");
    const expansion e = {&from->shape, &shape};
    return onnx_move(job, node, from, &shape, expanded, &e);
}

/* ---- Concat ------------------------------------------------------------------------------------------------------- */
static clade_status joined_shape(onnx_import *job, const onnx_node *node, int32_t *axis_out, clade_shape *shape_out,
                                 bool *integer_out) {
    int64_t wanted = 0;
    const onnx_constant *part = NULL;
    FORWARD(onnx_attribute_int(job, node, "axis", 1, &wanted));
    for (size_t i = 0; i < node->proto->n_input; i++) {
        FORWARD(onnx_input_constant(job, node, i, &part));
        if (i == 0) {
            *shape_out = part->shape;
            *integer_out = part->integer;
            FORWARD(onnx_axis(job, node, wanted, part->shape.rank, axis_out));
            continue;
        }
        bool fits = part->integer == *integer_out && part->shape.rank == shape_out->rank;
        for (int32_t d = 0; fits && d < shape_out->rank; d++)
            fits = d == *axis_out || part->shape.dims[d] == shape_out->dims[d];
        if (!fits || shape_out->dims[*axis_out] > INT32_MAX)
            return onnx_wrong(job, node, "its inputs do not fit together");
        shape_out->dims[*axis_out] += part->shape.dims[*axis_out];
    }
    return CLADE_OK;
}

clade_status onnx_fold_concat(onnx_import *job, const onnx_node *node) {
    clade_shape shape;
    bool integer = false;
    int32_t axis = 0;
    onnx_constant made;
    float *values = NULL;
    FORWARD(joined_shape(job, node, &axis, &shape, &integer));
    FORWARD(integer ? onnx_new_integers(job, &shape, &made) : onnx_new_reals(job, &shape, &made, &values));
    size_t inner = 1, before = 0;
    for (int32_t d = axis + 1; d < shape.rank; d++) inner *= (size_t)shape.dims[d];
    const size_t run = (size_t)shape.dims[axis] * inner;
    for (size_t k = 0; k < node->proto->n_input; k++) {
        const onnx_constant *part = NULL;
        FORWARD(onnx_input_constant(job, node, k, &part));
        const size_t length = (size_t)part->shape.dims[axis] * inner;
        for (size_t i = 0; i < part->count; i++) {
            const size_t to = i / length * run + before + i % length;
            if (!integer) {
                values[to] = (float)onnx_element(part, i);
                continue;
            }
            const bool open = i < ONNX_OPEN_BITS && part->open >> i & 1;
            if (open && to >= ONNX_OPEN_BITS)
                return onnx_unsupported(job, node, "its open batch stands too far behind");
            made.integers[to] = part->integers[i];
            if (open) made.open |= (uint64_t)1 << to;
        }
        before += length;
    }
    onnx_set_constant(job, node, 0, &made);
    return CLADE_OK;
}
