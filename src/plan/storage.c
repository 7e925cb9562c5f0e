/* storage.c: where each tensor lies, as blocks of memory that tensors share.
 *
 *   a slice of another tensor         a part of that tensor's block, with its batch stride: what is made right where a concat's
 *                                     result has it, or is read where a merged convolution left it
 *   a flatten, reshape or reorder     the block of its input, when the elements lie there in the right order already
 *   an elementwise result             the block of its input, when nobody reads the input any more
 *   anything else                     a block of its own
 *
 * A block that holds a graph input or output is not in the arena: callers bind memory to it. Graph inputs are never written;
 * a graph output is never written over. */
#include "plan/plan.h"

typedef struct maker {
    const clade_graph *graph;
    plan_storage *storage;
    int32_t *last_use; /* of a tensor and all its slices: the last node that reads it */
    bool in_place;
} maker;

int64_t plan_image_elements(const graph_tensor *tensor) {
    int64_t elements = 1;
    for (int32_t i = 1; i < tensor->shape.rank; i++)
        elements *= i == 1 ? base_round_up(tensor->shape.dims[1], tensor->block) : tensor->shape.dims[i];
    return elements;
}

void plan_storage_free(plan_storage *storage) {
    base_free(storage->env, storage->blocks);
    base_free(storage->env, storage->locations);
    *storage = (plan_storage){.env = storage->env};
}

static void use_until(maker *m, clade_tensor tensor, int32_t node) {
    for (; graph_is_tensor(tensor); tensor = graph_tensor_of(m->graph, tensor)->parent)
        if (m->last_use[tensor.id] < node) m->last_use[tensor.id] = node;
}

static void find_last_uses(maker *m) {
    const clade_graph *graph = m->graph;
    for (size_t i = 0; i < graph->tensor_count; i++) m->last_use[i] = -1;
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        use_until(m, node->output, (int32_t)i); /* also of results that nobody reads */
        for (size_t k = 0; k < node->input_count; k++) use_until(m, node->inputs[k], (int32_t)i);
    }
    for (size_t i = 0; i < graph->output_count; i++) use_until(m, graph->outputs[i].tensor, (int32_t)graph->node_count);
}

static clade_status add_block(maker *m, clade_tensor tensor, plan_place place, int32_t index, int32_t first) {
    plan_storage *storage = m->storage;
    const graph_tensor *t = graph_tensor_of(m->graph, tensor);
    if (!base_grow(storage->env, &storage->blocks, sizeof *storage->blocks, storage->block_count,
                   &storage->block_capacity))
        return base_fail_memory(storage->env, 2 * storage->block_capacity * sizeof *storage->blocks, "a plan's blocks");
    const int64_t image = plan_image_elements(t);
    storage->locations[tensor.id] = (plan_location){.block = (int32_t)storage->block_count, .batch_stride = image};
    storage->blocks[storage->block_count++] =
        (plan_block){.place = place,
                     .index = index,
                     .bytes = (uint64_t)(t->shape.dims[0] * image) * sizeof(float),
                     .first = first,
                     .last = m->last_use[tensor.id]};
    return CLADE_OK;
}

static plan_block *block_of(const maker *m, clade_tensor tensor) {
    return &m->storage->blocks[m->storage->locations[tensor.id].block];
}

/* ---- Sharing ------------------------------------------------------------------------------------------------------------- */

/* True when the input's elements lie one image behind the other without gaps. */
static bool is_dense(const maker *m, clade_tensor tensor) {
    const graph_tensor *t = graph_tensor_of(m->graph, tensor);
    return t->shape.dims[0] == 1 || m->storage->locations[tensor.id].batch_stride == plan_image_elements(t);
}

static bool has_plane_of_one(const graph_tensor *t) {
    int64_t plane = 1;
    for (int32_t i = 2; i < t->shape.rank; i++) plane *= t->shape.dims[i];
    return plane == 1;
}

/* True when a node only gives its input another shape or layout, and the memory needs no change. A reorder needs none when there
 * is one pixel and no padding lane, or when it keeps the block: it then is a copy for a slice or an output to lie elsewhere, which
 * place_result() has made sure of already. */
static bool is_view(const maker *m, const graph_node *node) {
    const graph_tensor *in = graph_tensor_of(m->graph, node->inputs[0]);
    const graph_tensor *out = graph_tensor_of(m->graph, node->output);
    switch (node->op) {
    case GRAPH_OP_flatten:
    case GRAPH_OP_reshape:
        return in->block == 1 && out->block == 1 && is_dense(m, node->inputs[0]);
    case GRAPH_OP_reorder: {
        const int32_t widest = in->block > out->block ? in->block : out->block;
        return is_dense(m, node->inputs[0]) &&
               (in->block == out->block || (has_plane_of_one(in) && in->shape.dims[1] % widest == 0));
    }
    default:
        return false;
    }
}

/* A graph output needs a block of its own size that holds no graph input and no other output. */
static bool may_become_output(const maker *m, clade_tensor input, clade_tensor output) {
    const plan_location *at = &m->storage->locations[input.id];
    const plan_block *block = block_of(m, input);
    const graph_tensor *t = graph_tensor_of(m->graph, output);
    const uint64_t bytes = (uint64_t)(t->shape.dims[0] * plan_image_elements(t)) * sizeof(float);
    return block->place == PLAN_ARENA && at->offset == 0 && block->bytes == bytes;
}

static bool works_in_place(const graph_node *node) {
    switch (node->op) {
    case GRAPH_OP_activation:
    case GRAPH_OP_scale:
    case GRAPH_OP_binary:
    case GRAPH_OP_activation_gradient:
    case GRAPH_OP_norm_gradient:
    case GRAPH_OP_dropout_training:
        return true;
    default:
        return false;
    }
}

/* True when the node may write over its input, whose block then dies with this node but for the result. */
static bool can_overwrite(const maker *m, const graph_node *node, int32_t index) {
    if (!m->in_place || !works_in_place(node)) return false;
    const graph_tensor *in = graph_tensor_of(m->graph, node->inputs[0]);
    const graph_tensor *out = graph_tensor_of(m->graph, node->output);
    const plan_block *block = block_of(m, node->inputs[0]);
    if (block->place != PLAN_ARENA || block->last != index) return false;
    if (in->block != out->block || !base_shape_equal(&in->shape, &out->shape)) return false;
    if (node->op == GRAPH_OP_binary && node->input_count == 2 &&
        !base_shape_equal(graph_shape_of(m->graph, node->inputs[1]), &out->shape))
        return false;
    return is_dense(m, node->inputs[0]);
}

static void share(maker *m, const graph_node *node, bool aliased) {
    plan_location location = m->storage->locations[node->inputs[0].id];
    location.batch_stride = plan_image_elements(graph_tensor_of(m->graph, node->output));
    location.aliased = aliased;
    m->storage->locations[node->output.id] = location;
    plan_block *block = block_of(m, node->output);
    if (block->last < m->last_use[node->output.id]) block->last = m->last_use[node->output.id];
}

/* Turns the block of an output, once its tensor is placed, into memory that callers bind. */
static clade_status claim_output(maker *m, int32_t index) {
    const clade_tensor tensor = m->graph->outputs[index].tensor;
    const graph_tensor *t = graph_tensor_of(m->graph, tensor);
    if (m->storage->locations[tensor.id].block < 0 || t->block != 1 || !may_become_output(m, tensor, tensor))
        return base_fail(m->storage->env, CLADE_ERROR_INTERNAL,
                         "failed to place output \"%s\": tensor \"%s\" has no memory of its own in NCHW",
                         m->graph->outputs[index].name, t->name);
    plan_block *block = block_of(m, tensor);
    block->place = PLAN_OUTPUT;
    block->index = index;
    return CLADE_OK;
}

/* Outputs are claimed as soon as they are placed, so that nothing later shares their memory. */
static clade_status claim_outputs(maker *m, clade_tensor tensor) {
    for (size_t i = 0; i < m->graph->output_count; i++)
        if (m->graph->outputs[i].tensor.id == tensor.id) FORWARD(claim_output(m, (int32_t)i));
    return CLADE_OK;
}

/* ---- Placing ------------------------------------------------------------------------------------------------------------- */

/* Puts `tensor` into its parent's memory, which gets its block when its first slice is met. `node` makes or reads the slice. */
static clade_status place_slice(maker *m, clade_tensor tensor, int32_t node) {
    const graph_tensor *t = graph_tensor_of(m->graph, tensor);
    plan_location *parent = &m->storage->locations[t->parent.id];
    if (parent->block < 0) {
        if (graph_is_tensor(graph_tensor_of(m->graph, t->parent)->parent))
            FORWARD(place_slice(m, t->parent, node));
        else {
            FORWARD(add_block(m, t->parent, PLAN_ARENA, 0, node));
            FORWARD(claim_outputs(m, t->parent)); /* a concat's result has no producer at which it would be claimed */
        }
    }
    int64_t plane = 1;
    for (int32_t i = 2; i < t->shape.rank; i++) plane *= t->shape.dims[i];
    m->storage->locations[tensor.id] = (plan_location){
        .block = parent->block,
        .offset = parent->offset + t->parent_channel * plane, /* a multiple of the block in blocked layouts */
        .batch_stride = parent->batch_stride,
    };
    return CLADE_OK;
}

static clade_status place_result(maker *m, const graph_node *node, int32_t index) {
    const bool is_output = graph_is_output(m->graph, node->output);
    if (graph_is_tensor(graph_tensor_of(m->graph, node->output)->parent)) return place_slice(m, node->output, index);
    const bool fits = !is_output || may_become_output(m, node->inputs[0], node->output);
    if (fits && is_view(m, node))
        share(m, node, true);
    else if (fits && can_overwrite(m, node, index))
        share(m, node, false);
    else
        FORWARD(add_block(m, node->output, PLAN_ARENA, 0, index));
    return CLADE_OK;
}

static clade_status place_all(maker *m) {
    const clade_graph *graph = m->graph;
    for (size_t i = 0; i < graph->input_count; i++) FORWARD(add_block(m, graph->inputs[i], PLAN_INPUT, (int32_t)i, -1));
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        for (size_t k = 0; k < node->input_count; k++) /* slices that no node has as its output */
            if (m->storage->locations[node->inputs[k].id].block < 0)
                FORWARD(place_slice(m, node->inputs[k], (int32_t)i));
        FORWARD(place_result(m, node, (int32_t)i));
        FORWARD(claim_outputs(m, node->output));
    }
    return CLADE_OK;
}

clade_status plan_storage_make(const clade_graph *graph, bool in_place, plan_storage *storage_out) {
    *storage_out = (plan_storage){.env = graph->env};
    maker m = {.graph = graph, .storage = storage_out, .in_place = in_place};
    m.last_use = base_allocate_zero(graph->env, graph->tensor_count, sizeof *m.last_use);
    storage_out->locations = base_allocate_zero(graph->env, graph->tensor_count, sizeof *storage_out->locations);
    clade_status status = CLADE_OK;
    if (!m.last_use || !storage_out->locations) {
        status = base_fail_memory(graph->env, graph->tensor_count * sizeof(plan_location), "a plan's locations");
        goto done;
    }
    for (size_t i = 0; i < graph->tensor_count; i++) storage_out->locations[i].block = -1;
    find_last_uses(&m);
    status = place_all(&m);
done:
    base_free(graph->env, m.last_use);
    if (status != CLADE_OK) plan_storage_free(storage_out);
    return status;
}
