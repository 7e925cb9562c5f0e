/**
 * @file opencl.h
 * @brief Clade between the caller's own OpenCL objects.
 *
 * Everything here takes and gives plain OpenCL handles. Clade retains what it keeps and releases it again;
 * the caller's own holds are never touched.
 */
#ifndef CLADE_OPENCL_H
#define CLADE_OPENCL_H

#ifndef CL_TARGET_OPENCL_VERSION
/** Clade needs no more of OpenCL than 1.2; a program that needs more defines this first. */
#define CL_TARGET_OPENCL_VERSION 120
#endif
#ifdef __APPLE__
#include <OpenCL/cl.h>
#else
#include <CL/cl.h>
#endif

#include <clade/clade.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The caller's OpenCL objects. */
typedef struct clade_opencl_objects {
    cl_context context;     /**< Required. Retained. */
    cl_device_id device;    /**< Required; a device of `context`. */
    cl_command_queue queue; /**< Used for uploads, and by sessions that are given no other. NULL: one is made.
                                 Retained. */
    void *reserved[4];      /**< NULL. */
} clade_opencl_objects;

/** Makes a context around the caller's OpenCL objects.
 *  @param settings  `device` must be NULL; NULL: the defaults.
 *  @return as @ref clade_context_create; CLADE_ERROR_INVALID_ARGUMENT when the objects do not belong together. */
CLADE_API clade_status clade_context_create_opencl(const clade_opencl_objects *objects,
                                                   const clade_context_settings *settings, clade_context **context_out);

/** Gives the OpenCL objects a context works with, without retaining them. */
CLADE_API clade_status clade_context_opencl(const clade_context *context, clade_opencl_objects *objects_out);

/** Makes a session that puts its work on the caller's queue, in order or out of order.
 *  @param queue  of the context's cl_context and device. Retained. */
CLADE_API clade_status clade_session_create_opencl(clade_plan *plan, cl_command_queue queue,
                                                   clade_session **session_out);

/** A named tensor in device memory: dense float32 in NCHW order. */
typedef struct clade_opencl_buffer {
    const char *name; /**< Of the input or output. NULL: the one with the same index. */
    cl_mem memory;    /**< Of the context's cl_context. Used in place, without a copy; read for inputs, written for
                           outputs. */
    size_t offset;    /**< Bytes from its start; a multiple of 4. */
} clade_opencl_buffer;

/** Puts one run of the network on the session's queue and returns without waiting for the device.
 *
 *  The memory bound here must stay valid until the run is over. Runs of one session follow each other; the next one may
 *  be enqueued before the last is done.
 *  @param inputs  every input of the graph, each once.
 *  @param outputs  every output of the graph, each once.
 *  @param wait_count  events in `wait_list`, which the run waits for; 0 with NULL for none.
 *  @param[out] event_out  completes with the run; the caller's, to be released. May be NULL.
 *  @return CLADE_ERROR_NOT_FOUND, CLADE_ERROR_SHAPE (a buffer too small), CLADE_ERROR_BUSY, CLADE_ERROR_OPENCL,
 *          CLADE_ERROR_DEVICE_LOST. */
CLADE_API clade_status clade_enqueue(clade_session *session, const clade_opencl_buffer *inputs, size_t input_count,
                                     const clade_opencl_buffer *outputs, size_t output_count, cl_uint wait_count,
                                     const cl_event *wait_list, cl_event *event_out);

#ifdef __cplusplus
}
#endif

#endif
