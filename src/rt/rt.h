/* rt.h: the run time. The only room that speaks OpenCL; this header hides it from the rooms above.
 *
 *   rt_device    facts about the device (plain numbers, what ops decides by), quirks
 *   rt_context   device + upload queue + program cache; safe from many threads
 *   rt_queue     a command queue; one thread at a time
 *   rt_buffer    device memory
 *   rt_program   a built source with its options; shared; cached in memory and on disk
 *   rt_kernel    a kernel object with its arguments; belongs to one session
 *
 * Failures go to the env with the name of the OpenCL call and of its error code. */
#ifndef RT_RT_H
#define RT_RT_H

#include "base/base.h"

/* ---- Device facts --------------------------------------------------------------------------------------------------- */
/* Flags that quirks.c sets by platform, device and driver version, each with its evidence there. */
typedef enum rt_quirk {
    RT_QUIRK_HOST_ALLOCATION = 1 << 0, /* create buffers with CL_MEM_ALLOC_HOST_PTR (pocl#1155) */
    RT_QUIRK_SERIAL_BUILDS = 1 << 1,   /* build one program at a time */
    RT_QUIRK_NO_BINARIES = 1 << 2,     /* neither read nor store program binaries */
    RT_QUIRK_NO_LIBRARY_GEMM = 1 << 3, /* keep CLBlast away */
    RT_QUIRK_FINISH_BY_EVENT = 1 << 4, /* wait for a marker's event, as clFinish does not wait for all */
    RT_QUIRK_GROUPS_SHARE = 1 << 5     /* what a group writes before an atomic operation, others read after theirs */
} rt_quirk;

/* How fast a device is, measured by rt_speed_measure. Zeros: not known. */
typedef struct rt_speed {
    double peak;      /* floating-point operations a second, a product and a sum counting as two: of all units */
    double unit_peak; /* the same of one unit by itself */
    double bandwidth; /* bytes a second that all units together read and write in memory behind every cache */
    double launch;    /* seconds from a launch without work to the end of the wait for it */
} rt_speed;

typedef struct rt_device {
    clade_device_type type;
    char platform[128], name[128], vendor[128], driver[128], version[128], selector[160];
    uint32_t compute_units, clock_mhz;
    uint32_t float_width; /* native vector width in floats, 1, 2, 4, 8 or 16 */
    uint32_t alignment;   /* bytes to which buffers and sub-allocations are aligned: at least 64 */
    uint64_t global_memory, largest_allocation, local_memory, global_cache;
    uint64_t max_work_group; /* work-items in a group */
    uint64_t max_work_items[3];
    bool has_float16;
    bool has_gemm;   /* CLBlast was built in and is fit for this device */
    uint32_t quirks; /* rt_quirk bits */
    rt_speed speed;  /* as it was known when the context was opened */
} rt_device;

/* ---- Context ---------------------------------------------------------------------------------------------------------- */
typedef struct rt_context rt_context;
typedef struct rt_queue rt_queue;
typedef struct rt_buffer rt_buffer;
typedef struct rt_program rt_program;
typedef struct rt_kernel rt_kernel;

/* `units` limits the device to so many compute units, see rt_take_part; 0: all. `cache_directory` is resolved already; NULL: no
 * cache. env outlives the context. */
clade_status rt_context_open(base_env *env, const char *selector, uint64_t units, const char *cache_directory,
                             rt_context **context_out);
/* Around the caller's cl_context, cl_device_id and cl_command_queue (or NULL), passed as void *. */
clade_status rt_context_wrap(base_env *env, void *cl_context_handle, void *cl_device_handle, void *cl_queue_handle,
                             const char *cache_directory, rt_context **context_out);
void rt_context_close(rt_context **context);
const rt_device *rt_context_device(const rt_context *context);
/* The raw handles, not retained: cl_context, cl_device_id, and the queue for uploads. */
void rt_context_handles(const rt_context *context, void **context_out, void **device_out, void **queue_out);
/* Walks all devices; see clade_devices. */
clade_status rt_devices(base_env *env, bool (*visit)(void *user, const rt_device *device), void *user);

/* ---- Facts: short texts about the device, kept in the cache on disk ----------------------------------------------------- */
typedef struct rt_fact {
    const char *name, *text;
} rt_fact;
/* From this process, the cache, or those shipped with the library. False when there is none, or none that fits. */
bool rt_fact_read(rt_context *context, const char *name, char *text, size_t size);
/* In one transaction; replaces facts of the same name. Without a cache they live as long as the context. Never fails. */
void rt_facts_write(rt_context *context, const rt_fact *facts, size_t count);
/* The line by which shipped facts (tuning/rows.txt) say whose they are. */
enum { RT_FACT_DEVICE_SIZE = 320 };
void rt_fact_device(const rt_context *context, char *text, size_t size);
/* A hash of a file in cl/ with what stands before it: facts about a kernel are about its text. */
uint64_t rt_source_hash(const char *source);

/* Measures the device in about 0.2 s, and keeps the result as a fact: contexts opened from now on know it. */
clade_status rt_speed_measure(rt_context *context, rt_speed *speed_out);
/* A kernel for rt_speed_copy, the caller's. */
clade_status rt_speed_stream(rt_context *context, rt_kernel **kernel_out);
/* Copies a buffer to another of its size, or to itself, by all units, but for a few elements at its end: what it reads and writes is in
 * the caches then, and nothing else as far as they go. */
clade_status rt_speed_copy(rt_queue *queue, rt_kernel *stream, const rt_buffer *from, const rt_buffer *to);

/* ---- Queue ------------------------------------------------------------------------------------------------------------ */
/* With a handle the caller's queue, retained, checked to belong to the context; without one the queue that the context was
 * wrapped around, else a fresh in-order one. When a caller's queue is out-of-order every command is followed by a barrier, so that
 * the order holds all the same. */
clade_status rt_queue_create(rt_context *context, void *cl_queue_handle, rt_queue **queue_out);
void rt_queue_destroy(rt_queue **queue);
/* A fresh in-order queue that takes the time of each kernel and matrix product. */
clade_status rt_queue_create_profiled(rt_context *context, rt_queue **queue_out);
/* When kernel or product `index` ran on the device, in seconds from the moment at which the first one was put on the queue. They are
 * counted since the times were last forgotten; the queue must be finished. */
typedef struct rt_span {
    double begin, end;
} rt_span;
clade_status rt_queue_span(const rt_queue *queue, size_t index, rt_span *span_out);
void rt_queue_forget_times(rt_queue *queue);
/* The queue waits for events (array of cl_event). */
clade_status rt_queue_wait_for(rt_queue *queue, uint32_t count, const void *cl_events);
/* Flushes the queue; gives an event that completes with all that was enqueued so far: a cl_event, the caller's. */
clade_status rt_queue_mark(rt_queue *queue, void **cl_event_out);
clade_status rt_queue_flush(rt_queue *queue);
/* Blocks until all is done. CLADE_ERROR_DEVICE_LOST when the device failed. */
clade_status rt_queue_finish(rt_queue *queue);

/* ---- Buffers ---------------------------------------------------------------------------------------------------------- */
/* Refuses sizes above the device's limits with CLADE_ERROR_OUT_OF_DEVICE_MEMORY; `what` names the buffer in messages. */
clade_status rt_buffer_create(rt_context *context, uint64_t size, const char *what, rt_buffer **buffer_out);
/* Around a cl_mem of the caller, retained until destroyed. Checks context, offset (a multiple of 4) and size (bytes from offset
 * on). rt_write and rt_read count from `offset`; rt_buffer_handle is the whole cl_mem. */
clade_status rt_buffer_wrap(rt_context *context, void *cl_mem_handle, uint64_t offset, uint64_t size, const char *what,
                            rt_buffer **buffer_out);
/* Checks that a cl_mem of the caller is a buffer of this context with `size` bytes from `offset`, a multiple of 4, on. */
clade_status rt_memory_check(rt_context *context, void *cl_mem_handle, uint64_t offset, uint64_t size,
                             const char *what);
void rt_buffer_destroy(rt_buffer **buffer);
uint64_t rt_buffer_size(const rt_buffer *buffer);
void *rt_buffer_handle(const rt_buffer *buffer); /* cl_mem */
/* Non-blocking: `data` must stay until the queue has passed it. */
clade_status rt_write(rt_queue *queue, rt_buffer *buffer, uint64_t offset, const void *data, uint64_t size);
clade_status rt_read(rt_queue *queue, rt_buffer *buffer, uint64_t offset, void *data, uint64_t size);
/* Host memory that stands for a part of a buffer until rt_unmap, which puts it there: the buffer's own where host and device share
 * theirs. What it holds at first is undefined. On the context's own queue; safe from many threads, each with its own part. */
clade_status rt_map(rt_context *context, rt_buffer *buffer, uint64_t offset, uint64_t size, void **data_out);
clade_status rt_unmap(rt_context *context, rt_buffer *buffer, void *data);
/* Blocking upload on the context's own queue; safe from many threads. */
clade_status rt_upload(rt_context *context, rt_buffer *buffer, uint64_t offset, const void *data, uint64_t size);
/* The same of `size` zeros at the start of the buffer; `what` names them in messages. */
clade_status rt_upload_zeros(rt_context *context, rt_buffer *buffer, uint64_t size, const char *what);

/* ---- Programs ---------------------------------------------------------------------------------------------------------- */
/* `source` names a file of cl/ ("conv2d_direct.cl"), which is preceded by common.cl; options are -D only. Comes from memory,
 * from the cache, or is built; the same source and options give the same program, with one more hold. On a build failure the
 * log and the numbered source go to the log callback, and the message names source and options. */
clade_status rt_program_get(rt_context *context, const char *source, const char *options, rt_program **program_out);
void rt_program_release(rt_program **program);
/* A kernel of a file of cl/, as a function that another program calls. */
typedef struct rt_part {
    const char *source, *options, *entry;
} rt_part;
/* A program of several: `source` of cl/, preceded by common.cl and `prelude`, linked with `parts`, which it calls part_0,
 * part_1, ... */
clade_status rt_program_link(rt_context *context, const char *source, const char *prelude, const rt_part *parts,
                             size_t part_count, rt_program **program_out);
/* Stores in the cache on disk the binaries of the programs of which a kernel ran: some drivers compile a kernel at its first launch,
 * and only then is it in the binary. Takes tens of milliseconds for each new program, nothing when there is none. To be called
 * when the commands are finished and time does not press, as when a session goes; rt_context_close does it, too. Never fails. */
void rt_programs_store(rt_context *context);

/* ---- Kernels ----------------------------------------------------------------------------------------------------------- */
clade_status rt_kernel_create(rt_program *program, const char *name, rt_kernel **kernel_out);
void rt_kernel_destroy(rt_kernel **kernel);
/* Most work-items a group of this kernel may have on this device. */
uint64_t rt_kernel_max_work_group(const rt_kernel *kernel);
/* A cl_mem given raw: the handle of the buffer. */
clade_status rt_kernel_set_memory(rt_kernel *kernel, uint32_t index, void *cl_mem_handle);
/* int, uint, long, float, or a vector of them. */
clade_status rt_kernel_set_value(rt_kernel *kernel, uint32_t index, const void *value, size_t size);
clade_status rt_kernel_set_local(rt_kernel *kernel, uint32_t index, size_t size);
clade_status rt_enqueue(rt_queue *queue, rt_kernel *kernel, uint32_t dimensions, const size_t *global,
                        const size_t *local);

/* ---- Matrix products by CLBlast ------------------------------------------------------------------------------------------ */
/* C[m, n] = A[m, k] B[k, n], float32, row-major; A or B may be stored transposed. Offsets and leading dimensions count
 * elements. `workspace` holds rt_gemm_workspace bytes. */
typedef struct rt_gemm {
    bool transpose_a, transpose_b;
    int64_t m, n, k;
    int64_t lead_a, lead_b, lead_c;
} rt_gemm;
/* Bytes of workspace a product needs, whatever its offsets; also compiles and warms CLBlast for this device (slow the first time),
 * so it must have been called before a run of the same shape. */
clade_status rt_gemm_workspace(rt_context *context, const rt_gemm *gemm, uint64_t *bytes_out);
/* Offsets are in elements but for the workspace's, a multiple of the device's alignment; memories are cl_mem handles. */
clade_status rt_gemm_run(rt_queue *queue, const rt_gemm *gemm, void *a, uint64_t offset_a, void *b, uint64_t offset_b,
                         void *c, uint64_t offset_c, void *workspace, uint64_t workspace_offset_bytes);

#endif
