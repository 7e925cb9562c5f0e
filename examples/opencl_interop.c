/* opencl_interop.c: Clade in the middle of a program that has its own OpenCL context, queue, buffers and kernels.
 *
 *   bytes --own kernel--> pixels --Clade--> logits --own kernel--> class
 *              |  event     ^  event  |       ^   event  |
 *              '------------'         '-------'----------'
 *
 * Clade works on the program's cl_mems in place and on its queue. Events chain the three; the host copies nothing in between
 * and waits once, at the end.
 *
 *     example_opencl_interop weights/lenet.f16.safetensors examples/images/bag.png */
#include "example.h"

#include <clade/io.h>
#include <clade/models.h>
#include <clade/opencl.h>

enum { PIXELS = 28 * 28, CLASSES = 10 };

static const char source[] = "__kernel void widen(__global const uchar *bytes, __global float *pixels) {\n"
                             "    size_t i = get_global_id(0);\n"
                             "    pixels[i] = bytes[i] / 255.0f;\n"
                             "}\n"
                             "__kernel void choose(__global const float *logits, int count, __global int *best) {\n"
                             "    int b = 0;\n"
                             "    for (int i = 1; i < count; i++)\n"
                             "        if (logits[i] > logits[b]) b = i;\n"
                             "    *best = b;\n"
                             "}\n";

static void check_cl(cl_int code, const char *what) {
    if (code == CL_SUCCESS) return;
    fprintf(stderr, "%s failed: OpenCL error %d\n", what, (int)code);
    exit(1);
}

/* ---- The program's own OpenCL, as it would be without Clade ------------------------------------------------------------- */

typedef struct own {
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    cl_program program;
    cl_kernel widen, choose;
    cl_mem bytes, pixels, logits, best;
} own;

static own open_own(void) {
    own o = {0};
    cl_int code;
    cl_platform_id platforms[8];
    cl_uint count = 0;
    check_cl(clGetPlatformIDs(8, platforms, &count), "clGetPlatformIDs");
    code = CL_DEVICE_NOT_FOUND; /* some platforms have no device */
    for (cl_uint i = 0; i < count && i < 8 && code != CL_SUCCESS; i++)
        code = clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &o.device, NULL);
    check_cl(code, "clGetDeviceIDs");
    o.context = clCreateContext(NULL, 1, &o.device, NULL, NULL, &code);
    check_cl(code, "clCreateContext");
    o.queue = clCreateCommandQueue(o.context, o.device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, &code);
    if (code == CL_INVALID_QUEUE_PROPERTIES) o.queue = clCreateCommandQueue(o.context, o.device, 0, &code);
    check_cl(code, "clCreateCommandQueue");

    const char *text = source;
    o.program = clCreateProgramWithSource(o.context, 1, &text, NULL, &code);
    check_cl(code, "clCreateProgramWithSource");
    check_cl(clBuildProgram(o.program, 1, &o.device, "", NULL, NULL), "clBuildProgram");
    o.widen = clCreateKernel(o.program, "widen", &code);
    check_cl(code, "clCreateKernel");
    o.choose = clCreateKernel(o.program, "choose", &code);
    check_cl(code, "clCreateKernel");

    const struct {
        cl_mem *memory;
        size_t size;
    } buffers[] = {{&o.bytes, PIXELS},
                   {&o.pixels, PIXELS * sizeof(float)},
                   {&o.logits, CLASSES * sizeof(float)},
                   {&o.best, sizeof(cl_int)}};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++) {
        *buffers[i].memory = clCreateBuffer(o.context, CL_MEM_READ_WRITE, buffers[i].size, NULL, &code);
        check_cl(code, "clCreateBuffer");
    }
    const cl_int classes = CLASSES;
    check_cl(clSetKernelArg(o.widen, 0, sizeof(cl_mem), &o.bytes), "clSetKernelArg");
    check_cl(clSetKernelArg(o.widen, 1, sizeof(cl_mem), &o.pixels), "clSetKernelArg");
    check_cl(clSetKernelArg(o.choose, 0, sizeof(cl_mem), &o.logits), "clSetKernelArg");
    check_cl(clSetKernelArg(o.choose, 1, sizeof classes, &classes), "clSetKernelArg");
    check_cl(clSetKernelArg(o.choose, 2, sizeof(cl_mem), &o.best), "clSetKernelArg");
    return o;
}

static void close_own(own *o) {
    clReleaseMemObject(o->bytes);
    clReleaseMemObject(o->pixels);
    clReleaseMemObject(o->logits);
    clReleaseMemObject(o->best);
    clReleaseKernel(o->widen);
    clReleaseKernel(o->choose);
    clReleaseProgram(o->program);
    clReleaseCommandQueue(o->queue);
    clReleaseContext(o->context);
}

/* ---- Clade between the two kernels ---------------------------------------------------------------------------------------- */

static cl_int classify(clade_context *context, clade_session *session, own *o, const clade_array *image) {
    const clade_opencl_buffer input = {"input", o->pixels, 0}, output = {"output", o->logits, 0};
    const size_t pixels = PIXELS, one = 1;
    cl_event written, widened, recognised, chosen;
    cl_int best = -1;
    check_cl(clEnqueueWriteBuffer(o->queue, o->bytes, CL_FALSE, 0, PIXELS, image->data, 0, NULL, &written), "write");
    check_cl(clEnqueueNDRangeKernel(o->queue, o->widen, 1, NULL, &pixels, NULL, 1, &written, &widened), "widen");
    check(context, clade_enqueue(session, &input, 1, &output, 1, 1, &widened, &recognised));
    check_cl(clEnqueueNDRangeKernel(o->queue, o->choose, 1, NULL, &one, NULL, 1, &recognised, &chosen), "choose");
    check_cl(clEnqueueReadBuffer(o->queue, o->best, CL_TRUE, 0, sizeof best, &best, 1, &chosen, NULL), "read");
    clReleaseEvent(written);
    clReleaseEvent(widened);
    clReleaseEvent(recognised);
    clReleaseEvent(chosen);
    return best;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s WEIGHTS IMAGE\n", argv[0]);
        return 2;
    }
    own o = open_own();
    clade_context *context = NULL;
    char message[512];
    const clade_opencl_objects objects = {.context = o.context, .device = o.device, .queue = o.queue};
    const clade_context_settings settings = {.message = message, .message_size = sizeof message};
    if (clade_context_create_opencl(&objects, &settings, &context) != CLADE_OK) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }

    clade_graph *graph = NULL;
    clade_plan *plan = NULL;
    clade_session *session = NULL;
    clade_array image = {0};
    check(context, clade_model_create(context, "lenet", NULL, &graph));
    check(context, clade_weights_load(graph, argv[1], NULL));
    check(context, clade_plan_create(graph, NULL, &plan));
    check(context, clade_session_create_opencl(plan, o.queue, &session));
    check(context, clade_image_read(context, argv[2], 1, &image));
    if (image.shape.dims[0] * image.shape.dims[1] != PIXELS) {
        fprintf(stderr, "%s is not a 28x28 image\n", argv[2]);
        return 1;
    }
    printf("class %d\n", (int)classify(context, session, &o, &image));

    clade_array_clear(context, &image);
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    clade_graph_destroy(&graph);
    clade_context_destroy(&context);
    close_own(&o);
    return 0;
}
