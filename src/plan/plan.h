/* plan.h: from a compiled graph to something a session can run.
 *
 *   graph --passes--> compiled graph --storage--> where each tensor lies --lower--> problems --ops--> recipes = steps
 *                                                        \--memory--> arena offsets       \--weights--> constants on the device
 *
 * A plan never changes once it has been made. */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "graph/graph.h"
#include "ops/ops.h"
#include "rt/context.h"

#include <stdatomic.h>

/* ---- Storage: where tensors lie ------------------------------------------------------------------------------------------ */

typedef enum plan_place {
    PLAN_ARENA,   /* the session's arena */
    PLAN_INPUT,   /* memory bound to graph input `index` */
    PLAN_OUTPUT,  /* memory bound to graph output `index` */
    PLAN_WEIGHTS, /* the plan's weights, piece `index` */
    PLAN_NOWHERE  /* an operand that a step does not have */
} plan_place;

/* Memory that one or more tensors share: a tensor with its slices, aliases and in-place successors. */
typedef struct plan_block {
    plan_place place;
    int32_t index; /* of the graph input or output */
    uint64_t bytes;
    int32_t first, last; /* nodes between which it holds something of use */
    uint64_t offset;     /* bytes from the start of the arena */
} plan_block;

typedef struct plan_location {
    int32_t block;        /* index into plan_storage::blocks, or -1 */
    int64_t offset;       /* elements from the start of the block */
    int64_t batch_stride; /* elements from one image to the next */
    bool aliased;         /* the tensor is its producer's input, seen otherwise: nothing to do for that node */
} plan_location;

typedef struct plan_storage {
    base_env *env;
    plan_block *blocks;
    size_t block_count, block_capacity;
    plan_location *locations; /* one a tensor */
} plan_storage;

/* Gives every activation a location. The graph must be compiled; its inputs and outputs become the blocks that callers bind. */
clade_status plan_storage_make(const clade_graph *graph, bool in_place, plan_storage *storage_out);
void plan_storage_free(plan_storage *storage);
/* Elements of one image of a tensor as it lies in memory, padding lanes included. */
int64_t plan_image_elements(const graph_tensor *tensor);

/* ---- Steps ---------------------------------------------------------------------------------------------------------------- */

/* Where a step finds an operand. */
typedef struct plan_operand {
    plan_place place;
    int32_t index;   /* of the graph input or output, or of the piece of weights */
    uint64_t offset; /* elements from its start */
} plan_operand;

typedef struct plan_step {
    size_t node;
    ops_problem problem;
    ops_recipe recipe;
    plan_operand inputs[OPS_MAX_INPUTS], output, workspace;
    uint64_t gemm_workspace; /* bytes for matrix products, behind recipe.workspace */
    plan_operand constants[OPS_MAX_CONSTANTS];
    rt_program *programs[OPS_MAX_LAUNCHES];
} plan_step;

/* ---- Launches (launch.c) --------------------------------------------------------------------------------------------------- */

/* The kernel of a launch that is no matrix product, and the group size that it allows. `program`: NULL to get it here. */
clade_status plan_kernel_create(rt_context *rt, const ops_launch *launch, rt_program *program, size_t local[3],
                                rt_kernel **kernel_out);
/* True for an argument that is a pointer and an offset: of kind input, output, constant or workspace. */
bool plan_is_memory(const ops_argument *argument);
/* Elements from where such an argument's operand begins. */
uint64_t plan_argument_offset(const ops_argument *argument);
/* Where an operand of one of those kinds lies, `more` elements on. */
plan_operand plan_operand_of(const plan_step *step, ops_argument_kind kind, int32_t index, uint64_t more);
plan_operand plan_argument_operand(const plan_step *step, const ops_argument *argument);
/* Set a pointer and its offset, or an argument of another kind; `*position` goes on behind it. */
clade_status plan_set_memory(rt_kernel *kernel, uint32_t *position, void *memory, uint64_t offset);
clade_status plan_set_value(rt_kernel *kernel, uint32_t *position, const ops_argument *argument);

/* A problem to solve for a node, with the tensors it works on. */
typedef struct plan_task {
    ops_problem problem;
    clade_tensor inputs[OPS_MAX_INPUTS]; /* a negative id: none */
    clade_tensor output;
} plan_task;

/* The problem of a node; for a concat, that of copying input `part`. */
clade_status plan_lower(const clade_graph *graph, const plan_storage *storage, size_t node, size_t part,
                        plan_task *task_out);
/* How many problems a node has: 0 when its result is an alias. */
size_t plan_part_count(const clade_graph *graph, const plan_storage *storage, size_t node);

/* ---- Network: many launches as one (cl/network.cl) ------------------------------------------------------------------------- */

typedef struct plan_network {
    size_t first, count;    /* the steps it does; a count of 0: there is none */
    plan_operand *memories; /* offset 0: what the kernel gets pointers to */
    size_t memory_count;
    uint64_t scratch;    /* bytes of local memory */
    uint64_t counters;   /* bytes of zeros that a session keeps for it */
    rt_program *program; /* kernel "network": table, counters, scratch, memories */
    rt_buffer *table;
} plan_network;

/* Finds the longest run of steps that can be one launch on this device; a count of 0 when there is none of two or more. */
void plan_network_find(struct clade_plan *plan);
/* The same, and builds its program and uploads its table. Leaves a count of
 * 0 when there is none. */
clade_status plan_network_make(struct clade_plan *plan);
void plan_network_free(struct clade_plan *plan);

/* ---- Plan ------------------------------------------------------------------------------------------------------------------- */

/* An input or output as callers see it. */
typedef struct plan_port {
    char *name;
    uint64_t bytes;
} plan_port;

struct clade_plan {
    atomic_int references;
    clade_context *context; /* held */
    base_env *env;
    clade_graph *graph; /* compiled, without values */
    bool dry;
    plan_step *steps;
    size_t step_count;
    rt_buffer **weights; /* in pieces, none larger than the device allows unless one constant is */
    size_t weight_count;
    plan_network network;
    plan_port *inputs, *outputs;
    size_t input_count, output_count;
    clade_plan_memory memory;
};

/* True when the network does this step. */
static inline bool plan_in_network(const clade_plan *plan, size_t step) {
    return step >= plan->network.first && step - plan->network.first < plan->network.count;
}

/* clade_plan_create without a first run, for who binds memory of its own and runs it there. */
clade_status plan_create_untried(const clade_graph *graph, const clade_plan_settings *settings, clade_plan **plan_out);
clade_plan *plan_hold(clade_plan *plan);
void plan_release(clade_plan *plan); /* NULL is fine */

/* Gives every constant of every step its place, and counts the bytes of all. */
clade_status plan_place_weights(clade_plan *plan);
/* Packs and uploads the constants of every step; plan->graph still has its values. */
clade_status plan_upload_weights(clade_plan *plan);

/* ---- Session ------------------------------------------------------------------------------------------------------------------ */

/* Memory bound to an input or output for a run: a cl_mem and elements from its start. */
typedef struct session_binding {
    void *memory;
    uint64_t offset;
} session_binding;

/* A kernel argument that depends on what is bound. */
typedef struct session_patch {
    uint32_t argument; /* the pointer's; the offset's is the next */
    plan_operand operand;
} session_patch;

typedef struct session_launch {
    const plan_step *step;    /* NULL for the network */
    const ops_launch *launch; /* likewise */
    rt_kernel *kernel;        /* NULL for matrix products */
    uint32_t dimensions;
    size_t global[3], local[3];
    session_patch patches[OPS_MAX_ARGUMENTS]; /* a kernel may take one operand more than once */
    size_t patch_count;
} session_launch;

struct clade_session {
    clade_plan *plan; /* held */
    base_env *env;
    rt_context *rt;
    rt_queue *queue;
    rt_buffer *arena;    /* NULL when the plan needs none */
    rt_buffer *counters; /* NULL when the plan has no network */
    session_launch *launches;
    size_t launch_count;
    session_binding *bindings; /* inputs, then outputs */
    rt_buffer **staging;       /* for clade_run: inputs, then outputs; made at its first call */
    atomic_flag busy;
    bool lost;
    bool profiled; /* the queue takes the times of the launches of the last run */
    double called; /* base_seconds when the session was entered last, */
    double lead;   /* and seconds from then until the last run put its first launch on the queue */
};

typedef struct session_settings {
    void *cl_queue_handle; /* the caller's, or NULL */
    bool profiled;         /* with a queue of its own that takes times */
} session_settings;
clade_status session_create(clade_plan *plan, session_settings settings, clade_session **session_out);
/* CLADE_ERROR_BUSY or CLADE_ERROR_DEVICE_LOST; else the caller owns the session until session_leave. */
clade_status session_enter(clade_session *session, const char *verb);
/* Gives `status` back, and marks the session lost when it says so. */
clade_status session_leave(clade_session *session, clade_status status);
/* Index of the port called `name`, or number `position` when name is NULL. */
clade_status session_find_port(const clade_session *session, bool is_output, const char *name, size_t position,
                               size_t *port_out);
/* Enqueues every launch with what is in session->bindings. */
clade_status session_enqueue(clade_session *session);
/* The same of `count` launches from `first` on. */
clade_status session_enqueue_launches(clade_session *session, size_t first, size_t count);
/* Makes the staging buffers and runs once, so that no later run compiles anything. */
clade_status session_warm_up(clade_session *session);

#endif
