/* onnx_view.c: Reshape, Flatten, Squeeze, Unsqueeze, Expand and Transpose of tensors and of constants. For both, an operator says
 * what shape it asks for; for constants the elements then stay where they are. */
#include "io/onnx.h"

#include <string.h>

/* ---- The shapes asked for ----------------------------------------------------------------------------------------- */

/* A dimension that is left to be found: -1 of a Reshape is this, and the open batch is CLADE_BATCH. */
enum { REST = -2 };

/* Fills in the rest, where there is one. With an open batch in front, the batch is it, or it is in one image. */
static clade_status fill_rest(onnx_import *job, const onnx_node *node, const clade_shape *from, clade_shape *to) {
    const bool open = from->rank > 0 && from->dims[0] == CLADE_BATCH;
    uint64_t total = 1, known = 1;
    int32_t rest = -1;
    for (int32_t i = open ? 1 : 0; i < from->rank; i++) total *= (uint64_t)from->dims[i];
    for (int32_t i = 0; i < to->rank; i++) {
        if (to->dims[i] == CLADE_BATCH) continue;
        if (to->dims[i] == REST && rest >= 0) return onnx_wrong(job, node, "its shape has more than one -1");
        if (to->dims[i] == REST)
            rest = i;
        else if (!base_multiply(known, (uint64_t)to->dims[i], &known))
            return onnx_wrong(job, node, "its shape is too large");
    }
    if (open && rest == 0 && known == total) {
        to->dims[0] = CLADE_BATCH;
        return CLADE_OK;
    }
    if (rest >= 0 && (known == 0 || total % known != 0))
        return onnx_wrong(job, node, "its shape does not go with %llu elements", (unsigned long long)total);
    if (rest >= 0) to->dims[rest] = (int64_t)(total / known);
    if (open && (to->rank == 0 || to->dims[0] != CLADE_BATCH))
        return onnx_unsupported(job, node, "its shape gives up the batch, which is open: set one");
    return CLADE_OK;
}

static clade_status reshape_shape(onnx_import *job, const onnx_node *node, const clade_shape *from,
                                  clade_shape *shape_out) {
    const onnx_constant *wanted = NULL;
    int64_t allow_zero = 0;
    FORWARD(onnx_attribute_int(job, node, "allowzero", 0, &allow_zero));
    FORWARD(onnx_input_constant(job, node, 1, &wanted));
    if (!wanted->integer || wanted->count > CLADE_MAX_RANK)
        return onnx_unsupported(job, node, "its shape must be a list of up to %d integers", CLADE_MAX_RANK);
    *shape_out = (clade_shape){.rank = (int32_t)wanted->count};
    for (int32_t i = 0; i < shape_out->rank; i++) {
        int64_t dim = wanted->integers[i];
        if (wanted->open >> i & 1)
            dim = CLADE_BATCH;
        else if (dim == -1)
            dim = REST;
        else if (dim == 0 && !allow_zero && i < from->rank)
            dim = from->dims[i];
        else if (dim < 0)
            return onnx_wrong(job, node, "its shape has a dimension of %lld", (long long)dim);
        if (dim == CLADE_BATCH && i > 0) return onnx_unsupported(job, node, "it moves the batch, which is open");
        shape_out->dims[i] = dim;
    }
    return fill_rest(job, node, from, shape_out);
}

static clade_status flatten_shape(onnx_import *job, const onnx_node *node, const clade_shape *from,
                                  clade_shape *shape_out) {
    int64_t axis = 0;
    FORWARD(onnx_attribute_int(job, node, "axis", 1, &axis));
    if (axis < -from->rank || axis > from->rank)
        return onnx_wrong(job, node, "its axis %lld is none of rank %d", (long long)axis, from->rank);
    if (axis < 0) axis += from->rank;
    if (from->rank > 0 && from->dims[0] == CLADE_BATCH && axis != 1)
        return onnx_unsupported(job, node, "its axis is %lld, and the batch is open: set one", (long long)axis);
    *shape_out = (clade_shape){2, {1, 1}};
    for (int32_t i = 0; i < from->rank; i++) shape_out->dims[i < axis ? 0 : 1] *= from->dims[i];
    return CLADE_OK;
}

/* The axes of a Squeeze or Unsqueeze as flags, counted in a tensor of `rank`. */
static clade_status read_axes(onnx_import *job, const onnx_node *node, const onnx_integers *axes, int32_t rank,
                              bool flags_out[2 * CLADE_MAX_RANK]) {
    for (size_t i = 0; i < axes->count; i++) {
        int32_t axis = 0;
        FORWARD(onnx_axis(job, node, axes->at[i], rank, &axis));
        if (flags_out[axis]) return onnx_wrong(job, node, "its axis %d stands twice", axis);
        flags_out[axis] = true;
    }
    return CLADE_OK;
}

static clade_status squeeze_shape(onnx_import *job, const onnx_node *node, const clade_shape *from,
                                  clade_shape *shape_out) {
    const bool squeeze = strcmp(node->proto->op_type, "Squeeze") == 0;
    onnx_integers axes;
    bool named = false, flags[2 * CLADE_MAX_RANK] = {false};
    FORWARD(onnx_list(job, node, "axes", 1, 13, &axes, &named));
    if (!named && !squeeze) return onnx_wrong(job, node, "it has no axes");
    const int32_t rank = squeeze ? from->rank : from->rank + (int32_t)axes.count;
    if (rank > CLADE_MAX_RANK) return onnx_unsupported(job, node, "its result has rank %d", rank);
    FORWARD(read_axes(job, node, &axes, rank, flags));
    *shape_out = (clade_shape){.rank = 0};
    for (int32_t i = 0, next = 0; i < rank; i++) {
        const bool flag = squeeze && !named ? from->dims[i] == 1 : flags[i];
        if (squeeze && flag && from->dims[i] != 1)
            return onnx_wrong(job, node, "dimension %d, which goes, is not 1", i);
        if (!squeeze)
            shape_out->dims[shape_out->rank++] = flag ? 1 : from->dims[next++];
        else if (!flag)
            shape_out->dims[shape_out->rank++] = from->dims[i];
    }
    return CLADE_OK;
}

/* ---- Views -------------------------------------------------------------------------------------------------------- */
typedef clade_status shape_function(onnx_import *job, const onnx_node *node, const clade_shape *from,
                                    clade_shape *shape_out);

static clade_status build_view(onnx_import *job, const onnx_node *node, shape_function *shape_of) {
    clade_tensor tensor;
    clade_shape shape;
    const char *name = NULL;
    FORWARD(onnx_input_tensor(job, node, 0, &tensor));
    const clade_shape from = onnx_tensor_shape(job, tensor);
    FORWARD(shape_of(job, node, &from, &shape));
    if (shape.rank == 0) return onnx_unsupported(job, node, "its result has no dimensions");
    FORWARD(onnx_name(job, node, &name));
    FORWARD(onnx_reshape(job, node, tensor, shape, name, &tensor));
    onnx_set_tensor(job, node, 0, tensor);
    return CLADE_OK;
}

static clade_status fold_view(onnx_import *job, const onnx_node *node, shape_function *shape_of) {
    const onnx_constant *from = NULL;
    FORWARD(onnx_input_constant(job, node, 0, &from));
    onnx_constant to = *from;
    FORWARD(shape_of(job, node, &from->shape, &to.shape));
    size_t count = 0;
    if (!onnx_count(&to.shape, &count) || count != from->count)
        return onnx_wrong(job, node, "%zu elements do not fill its shape", from->count);
    onnx_set_constant(job, node, 0, &to);
    return CLADE_OK;
}

clade_status onnx_build_reshape(onnx_import *job, const onnx_node *node) {
    return build_view(job, node, reshape_shape);
}
clade_status onnx_fold_reshape(onnx_import *job, const onnx_node *node) { return fold_view(job, node, reshape_shape); }
clade_status onnx_build_flatten(onnx_import *job, const onnx_node *node) {
    return build_view(job, node, flatten_shape);
}
clade_status onnx_fold_flatten(onnx_import *job, const onnx_node *node) { return fold_view(job, node, flatten_shape); }
clade_status onnx_build_squeeze(onnx_import *job, const onnx_node *node) {
    return build_view(job, node, squeeze_shape);
}
clade_status onnx_fold_squeeze(onnx_import *job, const onnx_node *node) { return fold_view(job, node, squeeze_shape); }

/* ---- Transpose ---------------------------------------------------------------------------------------------------- */
static clade_status read_order(onnx_import *job, const onnx_node *node, int32_t rank,
                               int32_t order_out[CLADE_MAX_RANK]) {
    onnx_integers found;
    bool seen[CLADE_MAX_RANK] = {false};
    FORWARD(onnx_attribute_ints(job, node, "perm", &found));
    if (found.count != 0 && found.count != (size_t)rank)
        return onnx_wrong(job, node, "its perm has %zu numbers for rank %d", found.count, rank);
    for (int32_t i = 0; i < rank; i++) {
        const int64_t from = found.count ? found.at[i] : rank - 1 - i;
        if (from < 0 || from >= rank || seen[from]) return onnx_wrong(job, node, "its perm is no permutation");
        seen[from] = true;
        order_out[i] = (int32_t)from;
    }
    return CLADE_OK;
}

/* Nothing is moved yet: see onnx_put_off.c. */
clade_status onnx_build_transpose(onnx_import *job, const onnx_node *node) {
    const onnx_value *from = onnx_input(job, node, 0);
    onnx_value *to = onnx_output(job, node, 0);
    const clade_shape seen = onnx_shape(job, from);
    int32_t order[CLADE_MAX_RANK] = {0};
    FORWARD(read_order(job, node, seen.rank, order));
    onnx_set_same(job, node, from);
    to->plain = (clade_tensor){-1};
    to->transposed = false;
    for (int32_t i = 0; i < seen.rank; i++) {
        to->order[i] = from->transposed ? from->order[order[i]] : order[i];
        to->transposed = to->transposed || to->order[i] != i;
    }
    return CLADE_OK;
}

typedef struct transposition {
    const clade_shape *from, *to;
    const int32_t *order;
} transposition;

/* Where element `i` of a transposed constant comes from. */
static size_t source_of(const void *user, size_t i) {
    const transposition *t = user;
    size_t source = 0;
    for (int32_t d = t->to->rank - 1; d >= 0; d--) {
        size_t stride = 1;
        for (int32_t k = t->order[d] + 1; k < t->from->rank; k++) stride *= (size_t)t->from->dims[k];
        source += i % (size_t)t->to->dims[d] * stride;
        i /= (size_t)t->to->dims[d];
    }
    return source;
}

clade_status onnx_fold_transpose(onnx_import *job, const onnx_node *node) {
    const onnx_constant *from = NULL;
    FORWARD(onnx_input_constant(job, node, 0, &from));
    int32_t order[CLADE_MAX_RANK] = {0};
    FORWARD(read_order(job, node, from->shape.rank, order));
    clade_shape shape = from->shape;
    for (int32_t i = 0; i < shape.rank; i++) shape.dims[i] = from->shape.dims[order[i]];
    const transposition t = {&from->shape, &shape, order};
    return onnx_move(job, node, from, &shape, source_of, &t);
}

/* ---- Expand ------------------------------------------------------------------------------------------------------- */

/* x and zeros of the dimensions that are repeated, which are few. */
clade_status onnx_build_expand(onnx_import *job, const onnx_node *node) {
    const onnx_value *value = onnx_input(job, node, 0);
    const onnx_constant *wanted = NULL;
    const clade_shape seen = onnx_shape(job, value);
    onnx_constant zeros = {.type = CLADE_FLOAT32};
    clade_binary_settings settings = {.kind = CLADE_ADD};
    clade_tensor tensor;
    bool repeats = false;
    FORWARD(onnx_input_constant(job, node, 1, &wanted));
    if (!wanted->integer || wanted->count > CLADE_MAX_RANK)
        return onnx_unsupported(job, node, "its shape must be a list of up to %d integers", CLADE_MAX_RANK);
    zeros.shape.rank = (int32_t)wanted->count;
    for (int32_t i = 0; i < zeros.shape.rank; i++) {
        const int32_t own = i + seen.rank - zeros.shape.rank;
        const int64_t have = own < 0 ? 1 : seen.dims[own];
        const bool batch = wanted->open >> i & 1;
        if (batch ? have != CLADE_BATCH : wanted->integers[i] != 1 && wanted->integers[i] != have && have != 1)
            return onnx_unsupported(job, node, "it makes dimension %d of another size, or of the open batch", own);
        zeros.shape.dims[i] = batch || have != 1 ? 1 : wanted->integers[i];
        repeats = repeats || own < 0 || zeros.shape.dims[i] != 1;
    }
    if (!repeats) return onnx_build_identity(job, node);
    if (!onnx_count(&zeros.shape, &zeros.count) || zeros.count == 0)
        return onnx_unsupported(job, node, "its result is empty or too large");
    FORWARD(onnx_input_tensor(job, node, 0, &tensor));
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_add_binary_constant(job, node, settings, tensor, &zeros, &tensor));
    onnx_set_tensor(job, node, 0, tensor);
    return CLADE_OK;
}
