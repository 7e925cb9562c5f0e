/* gemm.c: matrix products by CLBlast.
 *
 * CLBlast keeps its tuning database and its compiled programs once for the whole process, and the first calls that fill them race
 * (CLBlast#486; ASan sees the database freed under a reader). So those calls are made here, under one lock, while a plan is
 * compiled: for each way through CLBlast (transposed operands, direct or indirect kernel) one real product. Runs then find
 * everything there and take no lock. What is compiled is cleared when the last context that used it closes: a static
 * destructor would release it when the driver may have gone already. */
#include "rt/objects.h"

#include <clblast_c.h>

#include <limits.h>

/* The guard of what CLBlast has only once. */
static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t library_users;

/* Products up to this edge warm the direct kernel; the indirect one is chosen by size and so is warmed at full size. */
enum { WARM_EDGE = 64 };

void rt_gemm_library_close(rt_context *context) {
    if (!context->gemm_used) return;
    pthread_mutex_lock(&library_lock);
    if (--library_users == 0) CLBlastClearCache();
    pthread_mutex_unlock(&library_lock);
}

static CLBlastTranspose transpose(bool yes) { return yes ? CLBlastTransposeYes : CLBlastTransposeNo; }

/* CLBlast casts sizes and offsets to int. */
static bool fits(int64_t value) { return value >= 1 && value <= INT_MAX; }

static clade_status check(rt_context *context, const rt_gemm *gemm) {
    if (!context->device.has_gemm)
        return base_fail(context->env, CLADE_ERROR_UNSUPPORTED,
                         "failed to multiply matrices by CLBlast: it does not work on \"%s\"", context->device.name);
    if (fits(gemm->m) && fits(gemm->n) && fits(gemm->k) && fits(gemm->lead_a) && fits(gemm->lead_b) &&
        fits(gemm->lead_c) && gemm->lead_a >= (gemm->transpose_a ? gemm->m : gemm->k) &&
        gemm->lead_b >= (gemm->transpose_b ? gemm->k : gemm->n) && gemm->lead_c >= gemm->n)
        return CLADE_OK;
    return base_fail(
        context->env, CLADE_ERROR_UNSUPPORTED,
        "failed to multiply matrices of %lld x %lld x %lld, rows %lld, %lld and %lld apart: sizes must be 1 to %d, "
        "and rows no closer than they are long",
        (long long)gemm->m, (long long)gemm->n, (long long)gemm->k, (long long)gemm->lead_a, (long long)gemm->lead_b,
        (long long)gemm->lead_c, INT_MAX);
}

static clade_status fail(base_env *env, rt_stage stage, CLBlastStatusCode code, const char *call, const rt_gemm *gemm) {
    return rt_fail(env, stage, (cl_int)code, call, "multiply matrices of %lld x %lld x %lld", (long long)gemm->m,
                   (long long)gemm->n, (long long)gemm->k);
}

/* Enough for operands at any offset: CLBlast copies an operand that does not begin its memory, and an offset of 1 stands for all.
 * The lock is held. */
static clade_status ask_workspace(rt_context *context, const rt_gemm *gemm, size_t *bytes_out) {
    *bytes_out = 0;
    const CLBlastStatusCode code =
        CLBlastSGemmTempBufferSize(CLBlastLayoutRowMajor, transpose(gemm->transpose_a), transpose(gemm->transpose_b),
                                   (size_t)gemm->m, (size_t)gemm->n, (size_t)gemm->k, 1, (size_t)gemm->lead_a, 1,
                                   (size_t)gemm->lead_b, 1, (size_t)gemm->lead_c, &context->queue, bytes_out);
    if (code == CLBlastSuccess) return CLADE_OK;
    return fail(context->env, RT_SETTING_UP, code, "CLBlastSGemmTempBufferSize", gemm);
}

static CLBlastStatusCode multiply(cl_command_queue queue, const rt_gemm *gemm, cl_mem a, uint64_t offset_a, cl_mem b,
                                  uint64_t offset_b, cl_mem c, uint64_t offset_c, cl_mem workspace, cl_event *event) {
    return CLBlastSgemmWithTempBuffer(CLBlastLayoutRowMajor, transpose(gemm->transpose_a), transpose(gemm->transpose_b),
                                      (size_t)gemm->m, (size_t)gemm->n, (size_t)gemm->k, 1.0f, a, (size_t)offset_a,
                                      (size_t)gemm->lead_a, b, (size_t)offset_b, (size_t)gemm->lead_b, 0.0f, c,
                                      (size_t)offset_c, (size_t)gemm->lead_c, &queue, event, workspace);
}

/* ---- Warming ---------------------------------------------------------------------------------------------------- */

/* Memory for a warming product, cleared: what a driver leaves there may be slow to multiply. */
static clade_status make_cleared(rt_queue *queue, uint64_t bytes, const char *what, rt_buffer **buffer_out) {
    FORWARD(rt_buffer_create(queue->context, bytes, what, buffer_out));
    const float zero = 0.0f;
    const cl_int code = clEnqueueFillBuffer(queue->handle, rt_buffer_handle(*buffer_out), &zero, sizeof zero, 0,
                                            (size_t)bytes, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        return rt_fail(queue->context->env, RT_SETTING_UP, code, "clEnqueueFillBuffer", "clear %s", what);
    return rt_queue_order(queue);
}

static clade_status run_once(rt_context *context, const rt_gemm *gemm, size_t workspace) {
    rt_queue *queue = NULL;
    rt_buffer *a = NULL, *b = NULL, *c = NULL, *temporary = NULL;
    clade_status status = rt_queue_create(context, NULL, &queue);
    const uint64_t size = sizeof(float);
    const uint64_t rows_a = (uint64_t)(gemm->transpose_a ? gemm->k : gemm->m);
    const uint64_t rows_b = (uint64_t)(gemm->transpose_b ? gemm->n : gemm->k);
    if (status == CLADE_OK) status = make_cleared(queue, rows_a * (uint64_t)gemm->lead_a * size, "warming CLBlast", &a);
    if (status == CLADE_OK) status = make_cleared(queue, rows_b * (uint64_t)gemm->lead_b * size, "warming CLBlast", &b);
    if (status == CLADE_OK)
        status = make_cleared(queue, (uint64_t)gemm->m * (uint64_t)gemm->lead_c * size, "warming CLBlast", &c);
    if (status == CLADE_OK && workspace > 0) status = make_cleared(queue, workspace, "warming CLBlast", &temporary);
    if (status == CLADE_OK) {
        const CLBlastStatusCode code =
            multiply(queue->handle, gemm, rt_buffer_handle(a), 0, rt_buffer_handle(b), 0, rt_buffer_handle(c), 0,
                     temporary ? rt_buffer_handle(temporary) : NULL, NULL);
        if (code != CLBlastSuccess)
            status = fail(context->env, RT_SETTING_UP, code, "CLBlastSgemmWithTempBuffer", gemm);
    }
    if (queue) {
        const clade_status finished = rt_queue_finish(queue);
        if (status == CLADE_OK) status = finished;
    }
    rt_buffer_destroy(&temporary);
    rt_buffer_destroy(&c);
    rt_buffer_destroy(&b);
    rt_buffer_destroy(&a);
    rt_queue_destroy(&queue);
    return status;
}

/* One product of the kind that `gemm` is, unless this context has made one. The lock is held. */
static clade_status warm(rt_context *context, const rt_gemm *gemm, size_t workspace) {
    const bool indirect = workspace > 0;
    const uint32_t way = 1u << ((gemm->transpose_a ? 1u : 0u) + (gemm->transpose_b ? 2u : 0u) + (indirect ? 4u : 0u));
    rt_gemm dense = *gemm;
    if (!indirect) {
        dense.m = base_min(dense.m, WARM_EDGE);
        dense.n = base_min(dense.n, WARM_EDGE);
        dense.k = base_min(dense.k, WARM_EDGE);
    }
    dense.lead_a = dense.transpose_a ? dense.m : dense.k;
    dense.lead_b = dense.transpose_b ? dense.k : dense.n;
    dense.lead_c = dense.n;
    if (context->gemm_warmed & way) return CLADE_OK;
    if (!context->gemm_used) library_users++;
    context->gemm_used = true;
    FORWARD(run_once(context, &dense, workspace));
    context->gemm_warmed |= way;
    return CLADE_OK;
}

clade_status rt_gemm_workspace(rt_context *context, const rt_gemm *gemm, uint64_t *bytes_out) {
    size_t bytes = 0;
    *bytes_out = 0;
    FORWARD(check(context, gemm));
    pthread_mutex_lock(&library_lock);
    clade_status status = ask_workspace(context, gemm, &bytes);
    if (status == CLADE_OK) status = warm(context, gemm, bytes);
    pthread_mutex_unlock(&library_lock);
    if (status == CLADE_OK) *bytes_out = bytes;
    return status;
}

/* ---- Running ---------------------------------------------------------------------------------------------------- */

/* CLBlast takes no offset into the workspace, so a part of one is made a memory object, once a queue. */
static clade_status find_region(rt_queue *queue, cl_mem parent, uint64_t offset, cl_mem *memory_out) {
    for (size_t i = 0; i < queue->region_count; i++) {
        const rt_region *region = &queue->regions[i];
        if (region->parent == parent && region->offset == offset) {
            *memory_out = region->memory;
            return CLADE_OK;
        }
    }
    base_env *env = queue->context->env;
    size_t size = 0;
    cl_int code = clGetMemObjectInfo(parent, CL_MEM_SIZE, sizeof size, &size, NULL);
    if (code != CL_SUCCESS || offset >= size)
        return base_fail(env, CLADE_ERROR_SHAPE,
                         "failed to use a workspace of %zu bytes from byte %llu on: it ends there", size,
                         (unsigned long long)offset);
    if (!base_grow(env, &queue->regions, sizeof *queue->regions, queue->region_count, &queue->region_capacity))
        return base_fail_memory(env, sizeof *queue->regions, "a workspace");
    const cl_buffer_region part = {(size_t)offset, size - (size_t)offset};
    const cl_mem memory = clCreateSubBuffer(parent, 0, CL_BUFFER_CREATE_TYPE_REGION, &part, &code);
    if (code != CL_SUCCESS)
        return rt_fail(env, RT_RUNNING, code, "clCreateSubBuffer", "use a workspace from byte %llu on",
                       (unsigned long long)offset);
    queue->regions[queue->region_count++] = (rt_region){.memory = memory, .parent = parent, .offset = offset};
    *memory_out = memory;
    return CLADE_OK;
}

clade_status rt_gemm_run(rt_queue *queue, const rt_gemm *gemm, void *a, uint64_t offset_a, void *b, uint64_t offset_b,
                         void *c, uint64_t offset_c, void *workspace, uint64_t workspace_offset_bytes) {
    cl_mem temporary = workspace;
    FORWARD(check(queue->context, gemm));
    if (offset_a > INT_MAX || offset_b > INT_MAX || offset_c > INT_MAX)
        return base_fail(queue->context->env, CLADE_ERROR_UNSUPPORTED,
                         "failed to multiply matrices at the offsets %llu, %llu and %llu: CLBlast counts up to %d",
                         (unsigned long long)offset_a, (unsigned long long)offset_b, (unsigned long long)offset_c,
                         INT_MAX);
    if (workspace && workspace_offset_bytes > 0)
        FORWARD(find_region(queue, workspace, workspace_offset_bytes, &temporary));
    cl_event *event = NULL;
    FORWARD(rt_queue_next_event(queue, true, &event));
    const CLBlastStatusCode code =
        multiply(queue->handle, gemm, a, offset_a, b, offset_b, c, offset_c, temporary, event);
    if (code == CLBlastSuccess) return rt_queue_order(queue);
    return fail(queue->context->env, RT_RUNNING, code, "CLBlastSgemmWithTempBuffer", gemm);
}
