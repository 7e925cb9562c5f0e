/**
 * @file clade.h
 * @brief Clade: branching convolutional networks on any OpenCL device.
 *
 * The way through this header, which is also the way of a program:
 *
 *  1. @ref clade_context_create opens a device.
 *  2. @ref clade_graph_create and the `clade_graph_*` calls describe a network; shapes are inferred and
 *     checked as each node is added. `models.h` has ready networks, `io.h` loads weights and images.
 *  3. @ref clade_plan_create compiles the graph for the device: it chooses kernels, plans memory and
 *     uploads the weights. A plan never changes and may be shared by threads.
 *  4. @ref clade_session_create makes the mutable part, one for each thread that runs the plan.
 *  5. @ref clade_run runs it on host memory; `opencl.h` runs it on the caller's own `cl_mem` and events.
 *
 * Conventions that hold for every call:
 *
 *  - A call returns a @ref clade_status; results come back through trailing `*_out` parameters, which are set
 *    to NULL (or left alone, where they are not pointers) when the call fails.
 *  - After a failure @ref clade_context_message gives the reason in one sentence:
 *    *failed to VERB THING with VALUES: RULE*.
 *  - A settings struct filled with zeros asks for the defaults; each field says what zero means, and the
 *    `*_defaults()` functions spell the defaults out. `reserved` fields must be zero. NULL stands for
 *    all defaults where nothing is required.
 *  - `destroy` takes the address of the caller's pointer, accepts NULL and leaves NULL. A child keeps
 *    its parent alive, so objects may be destroyed in any order.
 *  - Tensors are float32 and dense in the order [N, C, H, W] wherever they cross this interface.
 *  - Names are copied; they may be freed after the call.
 */
#ifndef CLADE_CLADE_H
#define CLADE_CLADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** @def CLADE_API
 *  What stands before every function that the library exports. Define CLADE_STATIC before the headers where they describe
 *  a static Clade on Windows. */
#if defined(CLADE_STATIC)
#define CLADE_API
#elif defined(_WIN32)
#define CLADE_API __declspec(dllimport)
#else
#define CLADE_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------------
 * Version
 * --------------------------------------------------------------------------------------------------- */

#define CLADE_VERSION_MAJOR 0 /**< Changes when programs have to be rewritten. */
#define CLADE_VERSION_MINOR 1 /**< Changes when something is added. */
#define CLADE_VERSION_PATCH 0 /**< Changes when something is mended. */

/** @return the version of the library in use, as "MAJOR.MINOR.PATCH"; a static string. */
CLADE_API const char *clade_version(void);

/* ------------------------------------------------------------------------------------------------------
 * Status and messages
 * --------------------------------------------------------------------------------------------------- */

/** What became of a call. The numbers are stable; the gaps leave room. */
typedef enum clade_status {
    CLADE_OK = 0,

    CLADE_ERROR_INVALID_ARGUMENT = 10, /**< A NULL, an enum out of range, a non-zero reserved field. */
    CLADE_ERROR_SHAPE = 11,            /**< A size of zero, an overflow, ranks or channels that do not match. */
    CLADE_ERROR_NOT_FOUND = 12,        /**< A name (model, tensor, parameter, file) that does not exist. */
    CLADE_ERROR_DUPLICATE = 13,        /**< A name that is taken already. */
    CLADE_ERROR_MISSING_WEIGHTS = 14,  /**< Parameters of the graph that were given no value. */
    CLADE_ERROR_BUSY = 15,             /**< A session that is running on another thread. */
    CLADE_ERROR_UNSUPPORTED = 16,      /**< A valid request that this version or device cannot meet. */

    CLADE_ERROR_OUT_OF_MEMORY = 30,        /**< Host memory. */
    CLADE_ERROR_OUT_OF_DEVICE_MEMORY = 31, /**< Device memory, or a limit on one allocation. */
    CLADE_ERROR_MEMORY_LIMIT = 32,         /**< The plan does not fit the budget that the caller set. */

    CLADE_ERROR_IO = 50,     /**< The operating system refused to open, read or write a file. */
    CLADE_ERROR_FORMAT = 51, /**< A file that is truncated, inconsistent or of another format. */

    CLADE_ERROR_NO_DEVICE = 70,   /**< No OpenCL platform, no device, or not the one asked for. */
    CLADE_ERROR_OPENCL = 71,      /**< An OpenCL call failed; the message names the call and the code. */
    CLADE_ERROR_BUILD = 72,       /**< A kernel did not build; the log callback has the log and the source. */
    CLADE_ERROR_DEVICE_LOST = 73, /**< The device failed in a run; the session can only be destroyed. */

    CLADE_ERROR_NUMERIC = 80, /**< A computation came to no finite number: training that diverges. */

    CLADE_ERROR_INTERNAL = 90 /**< A defect of Clade. */
} clade_status;

/** @return the name of a status without its prefix, e.g. "SHAPE"; a static string, never NULL. */
CLADE_API const char *clade_status_name(clade_status status);

/** How much a message matters. */
typedef enum clade_log_level {
    CLADE_LOG_QUIET = 0,   /**< As a threshold: nothing. */
    CLADE_LOG_ERROR = 1,   /**< A call failed. Build logs come at this level too. */
    CLADE_LOG_WARNING = 2, /**< The call goes on, but not as the user may expect (an unusable cache, ...). */
    CLADE_LOG_INFO = 3,    /**< What was chosen: device, candidates, bytes. */
    CLADE_LOG_DEBUG = 4    /**< Every build, every cache hit. */
} clade_log_level;

/** Receives messages of the library, one call a message, without a newline at the end. May be called from
 *  any thread that calls the library; must not call the library back. */
typedef void (*clade_log_callback)(void *user, clade_log_level level, const char *message);

/** Host memory. Both functions may be called from any thread. */
typedef struct clade_allocator {
    /** @return `size` bytes (never 0) aligned as by malloc, or NULL. */
    void *(*allocate)(void *user, size_t size);
    /** Frees what `allocate` returned; never NULL. */
    void (*deallocate)(void *user, void *memory);
    void *user; /**< Passed to both. */
} clade_allocator;

/* ------------------------------------------------------------------------------------------------------
 * Context: a device, its queue and caches, the log
 * --------------------------------------------------------------------------------------------------- */

/** An open device with what belongs to it. All calls on a context are safe from many threads. */
typedef struct clade_context clade_context;

/** How to open a context. */
typedef struct clade_context_settings {
    /** Which device: "cpu", "gpu", "PLATFORM" or "PLATFORM:N" (part of a platform's name, any case, and the
     *  device's number on it), or "none" for a context that can build graphs but no plans.
     *  NULL: the environment's CLADE_DEVICE, else the first GPU, else the first device of any kind. A device that
     *  is not there is an error; nothing else is taken in its place. */
    const char *device;
    /** Folder for compiled kernels. NULL: the environment's CLADE_CACHE_DIR, else `$XDG_CACHE_HOME/clade`,
     *  else `~/.cache/clade`. "": no cache. */
    const char *cache_directory;
    clade_log_callback log;           /**< NULL: messages are dropped. */
    void *log_user;                   /**< Passed to `log`. */
    clade_log_level log_level;        /**< Messages above this level are not sent. Zero: CLADE_LOG_WARNING. */
    const clade_allocator *allocator; /**< Copied. NULL: malloc and free. */
    /** Where a failing creation, which leaves no object to ask, writes its message; may be NULL. */
    char *message;
    size_t message_size; /**< Bytes at `message`; longer messages are cut. */
    /** How many of the device's compute units, which on a CPU are threads, to compute with; 0: all. Takes a driver that can
     *  divide the device (OpenCL's device fission), as those for CPUs do; where it cannot, or the device has fewer units,
     *  creation fails. */
    uint64_t threads;
    uint64_t reserved[7]; /**< Zero. */
} clade_context_settings;

/** @return the defaults, spelt out. */
CLADE_API clade_context_settings clade_context_defaults(void);

/** Opens a device.
 *  @param settings  NULL: the defaults.
 *  @param[out] context_out  the caller's, to be freed with @ref clade_context_destroy.
 *  @return CLADE_ERROR_NO_DEVICE (the message lists what is there), CLADE_ERROR_OUT_OF_MEMORY,
 *          CLADE_ERROR_OPENCL, CLADE_ERROR_INVALID_ARGUMENT (also more `threads` than the device has units),
 *          CLADE_ERROR_UNSUPPORTED (`threads` on a device that cannot be divided). */
CLADE_API clade_status clade_context_create(const clade_context_settings *settings, clade_context **context_out);

/** Gives up the caller's hold on a context. It goes when its graphs, plans and sessions have gone. */
CLADE_API void clade_context_destroy(clade_context **context);

/** Copies the message of the last call that failed on this thread, on this context or anything made from it.
 *  @param[out] buffer  receives a terminated string, cut to `size`; empty when nothing has failed. */
CLADE_API void clade_context_message(const clade_context *context, char *buffer, size_t size);

/** What kind of device it is. */
typedef enum clade_device_type {
    CLADE_DEVICE_NONE = 0,
    CLADE_DEVICE_CPU = 1,
    CLADE_DEVICE_GPU = 2,
    CLADE_DEVICE_ACCELERATOR = 3
} clade_device_type;

/** A device as its driver describes it. The strings belong to whoever gave the struct. */
typedef struct clade_device_info {
    const char *platform;        /**< Name of the platform. */
    const char *name;            /**< Name of the device. */
    const char *vendor;          /**< Name of the vendor. */
    const char *driver;          /**< Version of the driver. */
    const char *version;         /**< OpenCL version of the device, e.g. "OpenCL 1.2 pocl". */
    const char *selector;        /**< What to write in clade_context_settings::device to get it. */
    clade_device_type type;      /**< CPU, GPU, ... */
    uint32_t compute_units;      /**< Units that run work-groups side by side. */
    uint32_t clock_mhz;          /**< Highest clock in MHz; 0 when the driver does not say. */
    uint32_t float_width;        /**< Native width of a float vector, in elements. */
    uint64_t global_memory;      /**< Bytes. */
    uint64_t largest_allocation; /**< Bytes in one buffer. */
    uint64_t local_memory;       /**< Bytes for each work-group. */
    bool has_float16;            /**< Arithmetic in float16. */
    /** Floating-point operations a second, in float32, a product and a sum counting as two; as measured by @ref clade_tune on this
     *  device or shipped for its kind when the context was opened. 0: not known. */
    double peak;
    double bandwidth;     /**< Bytes a second read and written in global memory, behind every cache; likewise. */
    uint64_t reserved[6]; /**< Zero. */
} clade_device_info;

/** Describes the context's device. The strings live as long as the context. */
CLADE_API clade_status clade_context_device(const clade_context *context, clade_device_info *info_out);

/** Calls `visit` with each device on this machine, in the order in which they are searched.
 *  @param visit  the strings in `info` are valid only inside the call; returning false ends the walk.
 *  @return CLADE_ERROR_NO_DEVICE when no platform or no device is installed. */
CLADE_API clade_status clade_devices(bool (*visit)(void *user, const clade_device_info *info), void *user);

/* ------------------------------------------------------------------------------------------------------
 * Shapes, tensors, arrays
 * --------------------------------------------------------------------------------------------------- */

#define CLADE_MAX_RANK 6    /**< Most dimensions a tensor may have. */
#define CLADE_BATCH    (-1) /**< As the first dimension of an input: left open until the plan is made. */

/** A tensor's dimensions, outermost first; images are [N, C, H, W]. */
typedef struct clade_shape {
    int32_t rank;                 /**< 1 to CLADE_MAX_RANK. */
    int64_t dims[CLADE_MAX_RANK]; /**< Each at least 1, or CLADE_BATCH for the first. */
} clade_shape;

/** A tensor of a graph. Small and copied by value; valid as long as its graph. */
typedef struct clade_tensor {
    int32_t id; /**< Negative: no tensor. */
} clade_tensor;

/** How the elements of an array are stored. */
typedef enum clade_type {
    CLADE_FLOAT32 = 0,
    CLADE_FLOAT16 = 1,  /**< IEEE 754 binary16. */
    CLADE_BFLOAT16 = 2, /**< The upper half of a float32. */
    CLADE_UINT8 = 3     /**< Pixels and labels; never a parameter. */
} clade_type;

/** Elements in host memory, dense, in row-major order. */
typedef struct clade_array {
    clade_type type;   /**< How each element is stored. */
    clade_shape shape; /**< How many there are. */
    void *data;        /**< The first of them. */
} clade_array;

/* ------------------------------------------------------------------------------------------------------
 * Graph
 * --------------------------------------------------------------------------------------------------- */

/** A network under construction: nodes (operators) and tensors. One thread at a time. */
typedef struct clade_graph clade_graph;

/** Makes an empty graph. @param[out] graph_out  the caller's, to be freed with @ref clade_graph_destroy. */
CLADE_API clade_status clade_graph_create(clade_context *context, clade_graph **graph_out);

/** Frees a graph. Plans made from it stay valid. */
CLADE_API void clade_graph_destroy(clade_graph **graph);

/** Adds an input. @param shape  its first dimension may be CLADE_BATCH. */
CLADE_API clade_status clade_graph_input(clade_graph *graph, const char *name, clade_shape shape,
                                         clade_tensor *tensor_out);

/** Declares a tensor to be an output of the network.
 *  @param name  what a run calls it; NULL: the tensor's own name. */
CLADE_API clade_status clade_graph_output(clade_graph *graph, clade_tensor tensor, const char *name);

/** Elementwise functions that follow a layer or stand alone. */
typedef enum clade_activation {
    CLADE_ACTIVATION_NONE = 0,
    CLADE_RELU = 1,       /**< max(x, 0) */
    CLADE_RELU6 = 2,      /**< min(max(x, 0), 6) */
    CLADE_LEAKY_RELU = 3, /**< x < 0 ? slope x : x */
    CLADE_SIGMOID = 4,    /**< 1 / (1 + exp(-x)) */
    CLADE_TANH = 5,       /**< tanh x */
    CLADE_PRELU = 6,      /**< Leaky with a learnt slope a channel; this and the others stand alone only. */
    CLADE_EXP = 7,        /**< e to the x */
    CLADE_LOG = 8,        /**< Natural logarithm. */
    CLADE_ERF = 9         /**< Error function: 2 / sqrt(pi) times the integral of exp(-t t) from 0 to x. */
} clade_activation;

/** Zero rows and columns around an image. All at least 0. */
typedef struct clade_padding {
    int32_t top;    /**< Rows above. */
    int32_t left;   /**< Columns before. */
    int32_t bottom; /**< Rows below. */
    int32_t right;  /**< Columns behind. */
} clade_padding;

/** Two-dimensional convolution (cross-correlation).
 *  [N, C, H, W] -> [N, channels, OH, OW], OH = (H + top + bottom - dilation (KH - 1) - 1) / stride + 1. */
typedef struct clade_conv2d_settings {
    const char *name;            /**< Of the node; its parameters are NAME.weight and NAME.bias. NULL: made up. */
    int32_t channels;            /**< Output channels; at least 1. Required. */
    int32_t kernel[2];           /**< Height and width; at least 1. Required. */
    int32_t stride[2];           /**< Down and across. Zero: 1. */
    int32_t dilation[2];         /**< Down and across. Zero: 1. */
    clade_padding padding;       /**< With zeros. */
    int32_t groups;              /**< Divides both channel counts. Zero: 1. */
    bool no_bias;                /**< Leaves out NAME.bias [channels]. NAME.weight is [channels, C / groups, KH, KW]. */
    clade_activation activation; /**< Applied to the sum. Not CLADE_PRELU. */
    float slope;                 /**< Of CLADE_LEAKY_RELU. Zero: 0.01. */
    uint64_t reserved[4];        /**< Zero. */
} clade_conv2d_settings;
CLADE_API clade_conv2d_settings clade_conv2d_defaults(void); /**< @return the defaults, spelt out. */
/** Adds a convolution. @return CLADE_ERROR_SHAPE when the sizes do not fit, and as all of these calls
 *  CLADE_ERROR_INVALID_ARGUMENT, CLADE_ERROR_DUPLICATE (the name), CLADE_ERROR_OUT_OF_MEMORY. */
CLADE_API clade_status clade_graph_conv2d(clade_graph *graph, clade_tensor input, const clade_conv2d_settings *settings,
                                          clade_tensor *output_out);

/** Which pooling. */
typedef enum clade_pool_kind { CLADE_POOL_MAX = 0, CLADE_POOL_AVERAGE = 1 } clade_pool_kind;

/** Two-dimensional pooling, [N, C, H, W] -> [N, C, OH, OW]. Padding never wins a maximum. With `ceil_mode`
 *  the output size is rounded up, but the last window starts inside the input or its top/left padding. */
typedef struct clade_pool_settings {
    const char *name;       /**< Of the node. NULL: made up. */
    clade_pool_kind kind;   /**< Zero: maximum. */
    bool global;            /**< One window as large as the image; kernel, stride and padding must then be 0. */
    int32_t kernel[2];      /**< Height and width. Required unless global. */
    int32_t stride[2];      /**< Down and across. Zero: the kernel's size. */
    clade_padding padding;  /**< Each smaller than the kernel. */
    bool ceil_mode;         /**< Rounds the output size up. */
    bool count_include_pad; /**< Averages divide by the window's size inside the padded image, not by the pixels it
                                 covers. */
    uint64_t reserved[4];   /**< Zero. */
} clade_pool_settings;
CLADE_API clade_pool_settings clade_pool_defaults(void); /**< @return the defaults, spelt out. */
/** Adds a pooling. */
CLADE_API clade_status clade_graph_pool(clade_graph *graph, clade_tensor input, const clade_pool_settings *settings,
                                        clade_tensor *output_out);

/** Fully connected layer, [N, ...] -> [N, features]; dimensions after the first count as one. */
typedef struct clade_linear_settings {
    const char *name; /**< Parameters: NAME.weight [features, inputs], NAME.bias [features]. NULL: made up. */
    int32_t features; /**< Outputs; at least 1. Required. */
    bool no_bias;     /**< Leaves out the bias. */
    clade_activation activation; /**< Applied to the sum. Not CLADE_PRELU. */
    float slope;                 /**< Of CLADE_LEAKY_RELU. Zero: 0.01. */
    uint64_t reserved[4];        /**< Zero. */
} clade_linear_settings;
CLADE_API clade_linear_settings clade_linear_defaults(void); /**< @return the defaults, spelt out. */
/** Adds a fully connected layer. */
CLADE_API clade_status clade_graph_linear(clade_graph *graph, clade_tensor input, const clade_linear_settings *settings,
                                          clade_tensor *output_out);

/** Batch normalisation with running statistics (Ioffe and Szegedy, arXiv:1502.03167), over dimension 1:
 *  y = (x - running_mean) / sqrt(running_var + epsilon) * weight + bias. */
typedef struct clade_batch_norm_settings {
    const char *name;     /**< Parameters, each [C]: NAME.weight, .bias, .running_mean, .running_var. NULL: made up. */
    float epsilon;        /**< Zero: 1e-5. */
    bool no_scale;        /**< Leaves out the weight (taken as 1). */
    bool no_shift;        /**< Leaves out the bias (taken as 0). */
    uint64_t reserved[4]; /**< Zero. */
} clade_batch_norm_settings;
CLADE_API clade_batch_norm_settings clade_batch_norm_defaults(void); /**< @return the defaults, spelt out. */
/** Adds a batch normalisation. */
CLADE_API clade_status clade_graph_batch_norm(clade_graph *graph, clade_tensor input,
                                              const clade_batch_norm_settings *settings, clade_tensor *output_out);

/** Local response normalisation across channels (Krizhevsky et al. 2012, as ONNX defines it):
 *  y[c] = x[c] / (k + alpha / size * sum of x[i]^2)^beta, i from c - (size-1)/2 to c + size/2 within the channels. */
typedef struct clade_lrn_settings {
    const char *name;     /**< Of the node. NULL: made up. */
    int32_t size;         /**< Channels in the window. Zero: 5. */
    float alpha;          /**< Zero: 1e-4. */
    float beta;           /**< Zero: 0.75. */
    float k;              /**< Zero: 1. */
    uint64_t reserved[4]; /**< Zero. */
} clade_lrn_settings;
CLADE_API clade_lrn_settings clade_lrn_defaults(void); /**< @return the defaults, spelt out. */
/** Adds a local response normalisation of a [N, C, H, W] tensor. */
CLADE_API clade_status clade_graph_lrn(clade_graph *graph, clade_tensor input, const clade_lrn_settings *settings,
                                       clade_tensor *output_out);

/** Joins tensors along one axis; their other dimensions are equal. */
typedef struct clade_concat_settings {
    const char *name;     /**< Of the node. NULL: made up. */
    int32_t axis;         /**< Counted from the end when negative. Zero: 1, the channels. */
    bool along_batch;     /**< Joins along dimension 0; `axis` must then be 0. */
    uint64_t reserved[4]; /**< Zero. */
} clade_concat_settings;
CLADE_API clade_concat_settings clade_concat_defaults(void); /**< @return the defaults, spelt out. */
/** Adds a concatenation of `count` >= 1 tensors. */
CLADE_API clade_status clade_graph_concat(clade_graph *graph, const clade_tensor *inputs, size_t count,
                                          const clade_concat_settings *settings, clade_tensor *output_out);

/** Which elementwise operator of two tensors. */
typedef enum clade_binary_kind {
    CLADE_ADD = 0,
    CLADE_MULTIPLY = 1,
    CLADE_SUBTRACT = 2,
    CLADE_DIVIDE = 3,
    CLADE_MAXIMUM = 4, /**< NaN where either operand is. */
    CLADE_MINIMUM = 5, /**< NaN where either operand is. */
    CLADE_POWER = 6    /**< a to the b: NaN where a is negative and b no integer. */
} clade_binary_kind;

/** y = activation(a op b). Shapes are broadcast to each other as in ONNX and NumPy. */
typedef struct clade_binary_settings {
    const char *name;            /**< Of the node. NULL: made up. */
    clade_binary_kind kind;      /**< Zero: addition. */
    clade_activation activation; /**< Applied to the result. Not CLADE_PRELU. */
    float slope;                 /**< Of CLADE_LEAKY_RELU. Zero: 0.01. */
    clade_shape constant;        /**< Rank above 0: b is no tensor, but the parameter NAME.weight of this shape. */
    bool swap;            /**< b op a: with a constant, subtracts, divides or takes to the power from its side. */
    uint64_t reserved[4]; /**< Zero. */
} clade_binary_settings;
CLADE_API clade_binary_settings clade_binary_defaults(void); /**< @return the defaults, spelt out. */
/** Adds an elementwise operator of two tensors, or of a tensor and a constant. @param b  not looked at when it is constant. */
CLADE_API clade_status clade_graph_binary(clade_graph *graph, clade_tensor a, clade_tensor b,
                                          const clade_binary_settings *settings, clade_tensor *output_out);

/** y = x * factor * weight[c] + bias[c] + offset, c along dimension 1. */
typedef struct clade_scale_settings {
    const char *name;     /**< Parameters, where present, [C]: NAME.weight, NAME.bias. NULL: made up. */
    float factor;         /**< Zero: 1. */
    float offset;         /**< Added to every element. */
    bool channel_scale;   /**< Has NAME.weight. */
    bool channel_shift;   /**< Has NAME.bias. */
    uint64_t reserved[4]; /**< Zero. */
} clade_scale_settings;
CLADE_API clade_scale_settings clade_scale_defaults(void); /**< @return the defaults, spelt out. */
/** Adds a scale. */
CLADE_API clade_status clade_graph_scale(clade_graph *graph, clade_tensor input, const clade_scale_settings *settings,
                                         clade_tensor *output_out);

/** An activation on its own. */
typedef struct clade_activation_settings {
    const char *name;      /**< Of the node; CLADE_PRELU has the parameter NAME.weight [C] or [1]. NULL: made up. */
    clade_activation kind; /**< Required. */
    float slope;           /**< Of CLADE_LEAKY_RELU. Zero: 0.01. */
    bool shared_slope;     /**< CLADE_PRELU with one slope for all channels. */
    uint64_t reserved[4];  /**< Zero. */
} clade_activation_settings;
CLADE_API clade_activation_settings clade_activation_defaults(void); /**< @return the defaults, spelt out. */
/** Adds an activation. */
CLADE_API clade_status clade_graph_activation(clade_graph *graph, clade_tensor input,
                                              const clade_activation_settings *settings, clade_tensor *output_out);

/** Softmax along one axis, or its logarithm. */
typedef struct clade_softmax_settings {
    const char *name;     /**< Of the node. NULL: made up. */
    int32_t axis;         /**< Counted from the end when negative; 0 (the batch) is no axis. Zero: 1. */
    bool logarithm;       /**< log(softmax(x)), computed without overflow. */
    uint64_t reserved[4]; /**< Zero. */
} clade_softmax_settings;
CLADE_API clade_softmax_settings clade_softmax_defaults(void); /**< @return the defaults, spelt out. */
/** Adds a softmax. */
CLADE_API clade_status clade_graph_softmax(clade_graph *graph, clade_tensor input,
                                           const clade_softmax_settings *settings, clade_tensor *output_out);

/** Dropout (Srivastava et al. 2014): the identity in inference. */
typedef struct clade_dropout_settings {
    const char *name;     /**< Of the node. NULL: made up. */
    float rate;           /**< Share of elements dropped in training, 0 <= rate < 1. Zero: 0.5. */
    uint64_t reserved[4]; /**< Zero. */
} clade_dropout_settings;
CLADE_API clade_dropout_settings clade_dropout_defaults(void); /**< @return the defaults, spelt out. */
/** Adds a dropout. */
CLADE_API clade_status clade_graph_dropout(clade_graph *graph, clade_tensor input,
                                           const clade_dropout_settings *settings, clade_tensor *output_out);

/** Adds [N, ...] -> [N, product of the rest]. @param name  of the node; NULL: made up. */
CLADE_API clade_status clade_graph_flatten(clade_graph *graph, clade_tensor input, const char *name,
                                           clade_tensor *output_out);

/** The same elements under another shape. */
typedef struct clade_reshape_settings {
    const char *name;  /**< Of the node. NULL: made up. */
    clade_shape shape; /**< A dimension of 0 keeps the input's at that place, one of -1 takes what is left. Required. */
    uint64_t reserved[4]; /**< Zero. */
} clade_reshape_settings;
CLADE_API clade_reshape_settings clade_reshape_defaults(void); /**< @return the defaults, spelt out. */
/** Adds a reshape. While the batch is open the first dimension must be 0. */
CLADE_API clade_status clade_graph_reshape(clade_graph *graph, clade_tensor input,
                                           const clade_reshape_settings *settings, clade_tensor *output_out);

/** Elements of one value around a tensor. */
typedef struct clade_pad_settings {
    const char *name;               /**< Of the node. NULL: made up. */
    int32_t before[CLADE_MAX_RANK]; /**< Added in front of each dimension; at least 0. */
    int32_t after[CLADE_MAX_RANK];  /**< Added behind each dimension; at least 0. */
    float value;                    /**< What is added. */
    uint64_t reserved[4];           /**< Zero. */
} clade_pad_settings;
CLADE_API clade_pad_settings clade_pad_defaults(void); /**< @return the defaults, spelt out. */
/** Adds a padding. */
CLADE_API clade_status clade_graph_pad(clade_graph *graph, clade_tensor input, const clade_pad_settings *settings,
                                       clade_tensor *output_out);

/** Dimensions in another order. */
typedef struct clade_transpose_settings {
    const char *name;              /**< Of the node. NULL: made up. */
    int32_t order[CLADE_MAX_RANK]; /**< Output dimension i is input dimension order[i]. Required. */
    uint64_t reserved[4];          /**< Zero. */
} clade_transpose_settings;
CLADE_API clade_transpose_settings
clade_transpose_defaults(void); /**< @return the defaults, spelt out: the identity. */
/** Adds a transpose. */
CLADE_API clade_status clade_graph_transpose(clade_graph *graph, clade_tensor input,
                                             const clade_transpose_settings *settings, clade_tensor *output_out);

/** A box out of a tensor: elements start, start + step, ... below end, in each dimension. */
typedef struct clade_slice_settings {
    const char *name;              /**< Of the node. NULL: made up. */
    int64_t start[CLADE_MAX_RANK]; /**< From the end when negative. */
    int64_t end[CLADE_MAX_RANK];   /**< From the end when negative. Zero: the dimension's end. */
    int64_t step[CLADE_MAX_RANK];  /**< At least 1. Zero: 1. */
    uint64_t reserved[4];          /**< Zero. */
} clade_slice_settings;
CLADE_API clade_slice_settings clade_slice_defaults(void); /**< @return the defaults, spelt out: all of the tensor. */
/** Adds a slice. */
CLADE_API clade_status clade_graph_slice(clade_graph *graph, clade_tensor input, const clade_slice_settings *settings,
                                         clade_tensor *output_out);

/** Mean over some dimensions. */
typedef struct clade_mean_settings {
    const char *name;          /**< Of the node. NULL: made up. */
    bool axes[CLADE_MAX_RANK]; /**< True for each dimension to take the mean over; at least one. Required. */
    bool drop;                 /**< Removes those dimensions instead of leaving them as 1. */
    uint64_t reserved[4];      /**< Zero. */
} clade_mean_settings;
CLADE_API clade_mean_settings clade_mean_defaults(void); /**< @return the defaults, spelt out. */
/** Adds a mean. */
CLADE_API clade_status clade_graph_mean(clade_graph *graph, clade_tensor input, const clade_mean_settings *settings,
                                        clade_tensor *output_out);

/* --- Parameters ------------------------------------------------------------------------------------ */

/** Gives a parameter its values, which are copied.
 *  @param name  as the node's settings name it, e.g. "conv1.weight".
 *  @param value  float32, float16 or bfloat16, of the parameter's shape.
 *  @return CLADE_ERROR_NOT_FOUND, CLADE_ERROR_SHAPE (the message gives expected and found). */
CLADE_API clade_status clade_graph_set_parameter(clade_graph *graph, const char *name, const clade_array *value);

/** As @ref clade_graph_set_parameter, without a copy: `value->data` must stay as it is until the graph and the plans'
 *  creation are done with it, that is until the graph has been destroyed. See @ref clade_graph_attach. */
CLADE_API clade_status clade_graph_borrow_parameter(clade_graph *graph, const char *name, const clade_array *value);

/** As @ref clade_graph_borrow_parameter, for values that need not stay in memory all the time, such as those of a mapped
 *  file: each time they have been read `done(data, size)` is called, on the thread that read them, so that it may give their
 *  pages back to the system. They must stay readable, also while `done` runs. */
CLADE_API clade_status clade_graph_borrow_pages(clade_graph *graph, const char *name, const clade_array *value,
                                                void (*done)(const void *data, size_t size));

/** Ties something (a mapped file, say) to the graph's life: `release(object)` is called once, after the graph
 *  and every copy that was made of it have gone, or at once if this call fails. */
CLADE_API clade_status clade_graph_attach(clade_graph *graph, void *object, void (*release)(void *object));

/** Copies the values of a parameter, widened to float32.
 *  @param[out] values_out  room for the product of the parameter's shape.
 *  @return CLADE_ERROR_NOT_FOUND, CLADE_ERROR_MISSING_WEIGHTS. */
CLADE_API clade_status clade_graph_get_parameter(const clade_graph *graph, const char *name, float *values_out);

/** Gives every parameter of the graph a value by the rule of the project's golden results: SplitMix64 seeded with the
 *  FNV-1a hash of the parameter's name; weights uniform within sqrt(6 / fan_in). See docs/goldens.md. The values are made
 *  when they are read and take no memory until then. */
CLADE_API clade_status clade_graph_fill_parameters(clade_graph *graph);

/** Gives every element of a parameter one value. The elements are made when they are read and take no memory until then.
 *  @return CLADE_ERROR_NOT_FOUND. */
CLADE_API clade_status clade_graph_fill_parameter(clade_graph *graph, const char *name, float value);

/** Fills `count` floats by the rule of @ref clade_graph_fill_parameters for a network's input called `name`: uniform in [-1.7, 1.7). */
CLADE_API void clade_fill_input(const char *name, float *values, size_t count);

/* --- Looking at a graph ---------------------------------------------------------------------------- */

/** What a tensor is. */
typedef enum clade_tensor_kind {
    CLADE_TENSOR_ACTIVATION = 0,
    CLADE_TENSOR_INPUT = 1,
    CLADE_TENSOR_PARAMETER = 2
} clade_tensor_kind;

/** A tensor as the graph holds it. Strings belong to the graph. */
typedef struct clade_tensor_info {
    const char *name;       /**< Unique in its graph. */
    clade_tensor_kind kind; /**< Input, parameter or what a node makes. */
    clade_shape shape;      /**< The first dimension may be CLADE_BATCH. */
    bool has_value;         /**< A parameter that was given its values. */
    int32_t block;          /**< In a plan's graph: channels that lie together (NCHWc), or 1 for plain NCHW. */
    clade_tensor parent;    /**< In a plan's graph: the tensor whose memory this one is a slice of, or a negative id. */
    int64_t parent_channel; /**< First channel of that slice. */
    uint64_t reserved[4];   /**< Zero. */
} clade_tensor_info;

/** A node as the graph holds it. Strings and arrays belong to the graph and live until it changes. */
typedef struct clade_node_info {
    const char *name;           /**< Unique in its graph. */
    const char *op;             /**< e.g. "conv2d". */
    const char *settings;       /**< In words, e.g. "7x7 / 2, pad 3, relu"; may be empty. */
    const clade_tensor *inputs; /**< What it reads. */
    size_t input_count;         /**< How many. */
    clade_tensor parameters[4]; /**< Weight, bias, running mean, running variance, as far as there are any. */
    size_t parameter_count;     /**< How many. */
    clade_tensor output;        /**< What it makes. */
    uint64_t multiply_adds;     /**< For each image; 0 for operators without sums of products. */
    /** The settings struct that the operator was added with, e.g. a clade_conv2d_settings, defaults filled in and `name` NULL;
     *  of a flatten, which has none, anything. NULL: a pass of the compiler made the node, or changed it to more than
     *  settings can say. */
    const void *attributes;
    uint64_t reserved[3]; /**< Zero. */
} clade_node_info;

CLADE_API size_t clade_graph_node_count(const clade_graph *graph);   /**< @return how many nodes; 0 for NULL. */
CLADE_API size_t clade_graph_input_count(const clade_graph *graph);  /**< @return how many inputs; 0 for NULL. */
CLADE_API size_t clade_graph_output_count(const clade_graph *graph); /**< @return how many outputs; 0 for NULL. */
CLADE_API size_t
clade_graph_parameter_count(const clade_graph *graph); /**< @return how many parameter tensors; 0 for NULL. */

/** Describes node `index`, in execution order. */
CLADE_API clade_status clade_graph_node(const clade_graph *graph, size_t index, clade_node_info *info_out);
/** Gives input `index`. */
CLADE_API clade_status clade_graph_input_at(const clade_graph *graph, size_t index, clade_tensor *tensor_out);
/** Gives output `index` and what a run calls it. @param[out] name_out  may be NULL. */
CLADE_API clade_status clade_graph_output_at(const clade_graph *graph, size_t index, clade_tensor *tensor_out,
                                             const char **name_out);
/** Gives parameter `index`, in the order in which the nodes were added. */
CLADE_API clade_status clade_graph_parameter_at(const clade_graph *graph, size_t index, clade_tensor *tensor_out);
/** Describes a tensor. */
CLADE_API clade_status clade_graph_tensor(const clade_graph *graph, clade_tensor tensor, clade_tensor_info *info_out);
/** Finds a tensor by name; an activation is called like the node that makes it. */
CLADE_API clade_status clade_graph_find_tensor(const clade_graph *graph, const char *name, clade_tensor *tensor_out);
/** @return the context the graph was made from; not a new hold. */
CLADE_API clade_context *clade_graph_context(const clade_graph *graph);

/** Receives text in pieces; returning false stops the writer. */
typedef bool (*clade_write_callback)(void *user, const char *text, size_t length);
/** Draws a graph in Graphviz's language: a box for each layer with the elementwise nodes that follow it alone, shapes on the arrows,
 *  blocks (told by the dots or slashes in names, where branches join) as clusters, folded into as many columns as make a page.
 *  @return CLADE_ERROR_IO when `write` stopped it. */
CLADE_API clade_status clade_graph_write_dot(const clade_graph *graph, clade_write_callback write, void *user);

/* ------------------------------------------------------------------------------------------------------
 * Plan
 * --------------------------------------------------------------------------------------------------- */

/** A graph compiled for one device, batch size and memory budget. Immutable; safe from many threads. */
typedef struct clade_plan clade_plan;

/** The compiler's passes, as bits of clade_plan_settings::disabled_passes. */
typedef enum clade_pass {
    CLADE_PASS_FOLD = 1 << 0,     /**< Batch norm and scale into the conv or linear layer before them. */
    CLADE_PASS_FUSE = 1 << 1,     /**< Activation and residual add into the layer before them. */
    CLADE_PASS_CONCAT = 1 << 2,   /**< Producers write into their slice of a concat's result. */
    CLADE_PASS_LAYOUT = 1 << 3,   /**< Channel-blocked layouts where the device prefers them. */
    CLADE_PASS_IN_PLACE = 1 << 4, /**< Elementwise results over their dead inputs. */
    CLADE_PASS_REUSE = 1 << 5,    /**< Tensors whose lives do not overlap share memory. */
    CLADE_PASS_MERGE = 1 << 6,    /**< Convolutions that read one tensor through equal windows into one. */
    CLADE_PASS_COMMUTE = 1 << 7,  /**< Average pooling behind the 1x1 convolution that follows it. */
    CLADE_PASS_ALIGN = 1 << 8,    /**< Slices of concats at whole blocks of channels, whatever their widths. */
    CLADE_PASS_NETWORK = 1 << 9   /**< All steps in one launch, on CPU devices that are known to allow it. */
} clade_pass;

/** Whether a plan uses what tuning found, or tunes. See @ref clade_tune. */
typedef enum clade_tuning {
    CLADE_TUNING_DEFAULT = 0, /**< As the environment's CLADE_TUNE says ("off", "use", "fast", "full"), else as USE. */
    CLADE_TUNING_OFF = 1,     /**< Kernels by their estimated cost alone. */
    CLADE_TUNING_USE = 2,     /**< Those found by tuning, where the cache or the library knows any, else by cost. */
    CLADE_TUNING_FAST = 3,    /**< As USE; what was never tuned is first: takes seconds, once for a device. */
    CLADE_TUNING_FULL = 4     /**< The same with every tile, part and candidate: takes minutes. */
} clade_tuning;

/** How to compile. */
typedef struct clade_plan_settings {
    int64_t batch;         /**< Images a run, for inputs with CLADE_BATCH. Zero: 1. */
    uint64_t memory_limit; /**< Bytes on the device for weights and one session. Zero: what the device has. Kernels that
                                   take less memory stand in for faster ones until the plan fits; their reasons say so. */
    uint32_t disabled_passes; /**< A sum of clade_pass. */
    int32_t channel_block;    /**< Channels that lie together. Zero: what suits the device; 1: plain NCHW. */
    const char *kernels;      /**< Restricts the choice of kernels, e.g. "conv2d=generic,linear=gemm". NULL: all. An
                                   operator for which the named kernel does not apply takes another, with a warning. */
    clade_type
        weights;  /**< How kernels for convolutions and linear layers store weights: CLADE_FLOAT32, or with half the
                             bytes CLADE_FLOAT16 (errors of about 1e-3 of the largest output; above 65504: infinity) or
                             CLADE_BFLOAT16 (1e-2). Sums are float32 all the same, and so are the weights of kernels
                             that are not bound by reading them. */
    bool dry_run; /**< Chooses and plans but neither builds kernels nor uploads weights: for looking only. */
    clade_tuning tuning;  /**< A dry run never tunes. */
    uint64_t reserved[8]; /**< Zero. */
} clade_plan_settings;
CLADE_API clade_plan_settings clade_plan_defaults(void); /**< @return the defaults, spelt out. */

/** Compiles a graph, which stays the caller's and is not changed.
 *  @param settings  NULL: the defaults.
 *  @param[out] plan_out  the caller's, to be freed with @ref clade_plan_destroy.
 *  @return CLADE_ERROR_MISSING_WEIGHTS, CLADE_ERROR_MEMORY_LIMIT, CLADE_ERROR_OUT_OF_DEVICE_MEMORY,
 *          CLADE_ERROR_BUILD, CLADE_ERROR_UNSUPPORTED, CLADE_ERROR_NO_DEVICE (the context was made with "none"). */
CLADE_API clade_status clade_plan_create(const clade_graph *graph, const clade_plan_settings *settings,
                                         clade_plan **plan_out);

/** Gives up the caller's hold on a plan; its sessions keep it alive. */
CLADE_API void clade_plan_destroy(clade_plan **plan);

/** Bytes on the device. */
typedef struct clade_plan_memory {
    uint64_t weights;        /**< Once for the plan. */
    uint64_t arena;          /**< For each session: all activations and workspaces. */
    uint64_t peak_live;      /**< The largest sum of tensors alive at one time: what no arena can go below. */
    uint64_t inputs_outputs; /**< For each session, when @ref clade_run is used: staging for inputs and outputs. */
    uint64_t reserved[8];    /**< Zero. */
} clade_plan_memory;
/** Says what the plan takes. */
CLADE_API clade_status clade_plan_memory_use(const clade_plan *plan, clade_plan_memory *memory_out);

/** One step of a plan. Strings belong to the plan. */
typedef struct clade_step_info {
    size_t node;          /**< Index in the plan's graph. */
    const char *kernel;   /**< The candidate, e.g. "conv2d.direct". */
    const char *reason;   /**< Why it was chosen. */
    size_t launches;      /**< Commands it puts on the queue; 0 when it belongs to the launch of a step before it. */
    uint64_t workspace;   /**< Bytes of the arena it needs while it runs. */
    uint64_t reserved[4]; /**< Zero. */
} clade_step_info;
CLADE_API size_t clade_plan_step_count(const clade_plan *plan); /**< @return how many steps; 0 for NULL. */
/** Describes step `index`. */
CLADE_API clade_status clade_plan_step(const clade_plan *plan, size_t index, clade_step_info *info_out);

/** @return the graph as compiled, with the batch filled in; lives as long as the plan. */
CLADE_API const clade_graph *clade_plan_graph(const clade_plan *plan);

/** Draws the graph as compiled: as @ref clade_graph_write_dot, with the kernel of each layer and what shares launches.
 *  @return CLADE_ERROR_IO when `write` stopped it. */
CLADE_API clade_status clade_plan_write_dot(const clade_plan *plan, clade_write_callback write, void *user);

/* --- Tuning ---------------------------------------------------------------------------------------- */

/** What tuning found for one problem: all layers of one operator with the same sizes. Strings live during the call. */
typedef struct clade_tune_result {
    const char *problem;   /**< e.g. "conv2d 1 x 64/16 x 56x56 -> 192/16 x 56x56, 3x3 / 1x1, ...". */
    size_t layers;         /**< How many layers of the network have it. */
    const char *before;    /**< What the cost model takes, e.g. "direct 14x2". */
    const char *after;     /**< What is taken from now on. */
    double seconds_before; /**< Of a run of the layer by itself, its weights not in the caches. */
    double seconds_after;  /**< The same. */
    uint64_t reserved[4];  /**< Zero. */
} clade_tune_result;

/** How to tune. */
typedef struct clade_tune_settings {
    const clade_plan_settings *plan; /**< What to tune for: batch, limits, ... NULL: the defaults. */
    clade_tuning level;              /**< CLADE_TUNING_FAST (also for zero) or CLADE_TUNING_FULL. */
    /** Told what is being done, `done` of `total` steps; may be NULL. */
    void (*progress)(void *user, const char *what, size_t done, size_t total);
    /** Told each problem's result when all is done; may be NULL. */
    void (*result)(void *user, const clade_tune_result *result);
    void *user;           /**< Passed to both. */
    uint64_t reserved[8]; /**< Zero. */
} clade_tune_settings;
CLADE_API clade_tune_settings clade_tune_defaults(void); /**< @return the defaults, spelt out. */

/** What tuning came to. */
typedef struct clade_tune_summary {
    size_t problems;       /**< That were tuned. */
    size_t changed;        /**< Of these, how many take another kernel than before. */
    double seconds_before; /**< Of a run of the network with what the cost model takes. */
    double seconds_after;  /**< The same with what is taken from now on, measured by turns with the former. */
    uint64_t reserved[4];  /**< Zero. */
} clade_tune_summary;

/** Measures the device, then the kernels that each layer could take, then a few whole networks made of them, and keeps the choice
 *  in the cache for all processes: plans made from now on use it. The graph needs its weights. Nothing else should
 *  run on the device meanwhile. Results may differ from untuned ones within what is said of each kernel's rounding.
 *  @param settings  NULL: the defaults.
 *  @param[out] summary_out  may be NULL.
 *  @return as @ref clade_plan_create. */
CLADE_API clade_status clade_tune(const clade_graph *graph, const clade_tune_settings *settings,
                                  clade_tune_summary *summary_out);

/** Writes what tuning has kept for a graph's layers and the device, one line each, as it can be shipped with the library.
 *  @param plan  what it was tuned for; NULL: the defaults.
 *  @return CLADE_ERROR_IO when `write` stopped it. */
CLADE_API clade_status clade_tune_export(const clade_graph *graph, const clade_plan_settings *plan,
                                         clade_write_callback write, void *user);

/* --- Verifying ------------------------------------------------------------------------------------- */

/** How one kernel did on one layer. Strings live during the call. */
typedef struct clade_verify_result {
    const char *layer;    /**< The first layer with this problem, as named in the compiled graph; or an output. */
    size_t layers;        /**< How many have it. */
    const char *kernel;   /**< The candidate, e.g. "conv2d.winograd_4x4_3x3"; or "network" or "plan". */
    const char *variant;  /**< Its tile and the like, in words; may be empty. */
    bool taken;           /**< A plan would take it. */
    bool right;           /**< It ran, and `error` is at most `tolerance`. */
    float error;          /**< Largest difference from the reference, as a share of the reference's largest element. */
    float tolerance;      /**< How large that may be. */
    clade_status status;  /**< CLADE_OK, or why it could not run on this device. */
    const char *message;  /**< What there is to say about `status`; else empty. */
    uint64_t reserved[4]; /**< Zero. */
} clade_verify_result;

/** How to verify. */
typedef struct clade_verify_settings {
    const clade_plan_settings
        *plan; /**< What to verify for: batch, layouts, types of weights, ... NULL: the defaults. */
    /** Told what is being done, `done` of `total` steps; may be NULL. */
    void (*progress)(void *user, const char *what, size_t done, size_t total);
    /** Told the result of each kernel as it is there; may be NULL. Must not call the library back. */
    void (*result)(void *user, const clade_verify_result *result);
    void *user;           /**< Passed to both. */
    uint64_t reserved[8]; /**< Zero. */
} clade_verify_settings;
CLADE_API clade_verify_settings clade_verify_defaults(void); /**< @return the defaults, spelt out. */

/** What verifying came to. */
typedef struct clade_verify_summary {
    size_t
        problems; /**< Layers of different operators, sizes or windows; those with one kernel only have nothing to compare. */
    size_t kernels;       /**< Kernels that were run. */
    size_t wrong;         /**< Of these, how many differ from the reference by more than they may. */
    size_t failed;        /**< And how many could not be built or run. */
    uint64_t reserved[4]; /**< Zero. */
} clade_verify_summary;

/** Runs every kernel that each layer of a graph could take, on the device and at the layer's own size, with random operands, and compares
 *  its results with those of the reference: the operator's generic kernel, plain loops that every device can run. The graph
 *  needs no weights. Then the whole: where the plan's steps share a launch, its outputs ("network") must be those of the steps one by one,
 *  bit for bit; and those ("plan") are compared with a plan of generic kernels alone, without passes, in plain layouts. A graph that
 *  lacks weights has those of @ref clade_graph_fill_parameters for that. Kernels that are found wrong are remembered: plans take others from then on, and say so.
 *  @param settings  NULL: the defaults.
 *  @param[out] summary_out  what was found, also where the call fails on the way; may be NULL.
 *  @return CLADE_OK also when kernels are wrong; else as @ref clade_plan_create. */
CLADE_API clade_status clade_verify(const clade_graph *graph, const clade_verify_settings *settings,
                                    clade_verify_summary *summary_out);

/* ------------------------------------------------------------------------------------------------------
 * Session
 * --------------------------------------------------------------------------------------------------- */

/** The mutable part of a run: arena, kernel objects, queue. One thread at a time; one for each thread. */
typedef struct clade_session clade_session;

/** Makes a session with its own queue. @param[out] session_out  the caller's, to be freed with @ref clade_session_destroy. */
CLADE_API clade_status clade_session_create(clade_plan *plan, clade_session **session_out);

/** Makes a session that takes the time of each step, on a queue of its own: for finding out where the time goes. Every step is
 *  launched for itself, so that a run may take longer than in other sessions.
 *  @param[out] session_out  the caller's, to be freed with @ref clade_session_destroy. */
CLADE_API clade_status clade_session_create_profiled(clade_plan *plan, clade_session **session_out);
/** Tells how long a step took on the device in the last run of a session made to be profiled.
 *  @param index  as for @ref clade_plan_step.
 *  @param[out] seconds_out  the sum over its commands, without the pauses between them.
 *  @return CLADE_ERROR_INVALID_ARGUMENT (not made to be profiled), CLADE_ERROR_NOT_FOUND (no such step, or no run yet),
 *          CLADE_ERROR_BUSY. */
CLADE_API clade_status clade_session_step_time(clade_session *session, size_t index, double *seconds_out);

/** When a step ran, in seconds from the moment at which @ref clade_run was called. The device's clock is set by when the run's
 *  first command was put on the queue, which drivers know within some microseconds. */
typedef struct clade_step_span {
    double begin;         /**< Of its first command. */
    double end;           /**< Of its last command. */
    double busy;          /**< As of @ref clade_session_step_time, without the pauses between its commands. */
    uint64_t reserved[5]; /**< Zero. */
} clade_step_span;
/** Tells when a step ran in the last run of a session made to be profiled. @return as @ref clade_session_step_time. */
CLADE_API clade_status clade_session_step_span(clade_session *session, size_t index, clade_step_span *span_out);

/** Waits for what the session has on the queue, then frees it. */
CLADE_API void clade_session_destroy(clade_session **session);

/** A named tensor in host memory: dense float32 in NCHW order. */
typedef struct clade_buffer {
    const char *name; /**< Of the input or output. NULL: the one with the same index. */
    void *data;       /**< Read for inputs, written for outputs. */
    size_t size;      /**< Bytes at `data`; must be exactly the tensor's. */
} clade_buffer;

/** Runs the network and waits for the result.
 *  @param inputs  every input of the graph, each once.
 *  @param outputs  the outputs that are wanted, each at most once.
 *  @return CLADE_ERROR_NOT_FOUND, CLADE_ERROR_SHAPE (size), CLADE_ERROR_BUSY, CLADE_ERROR_OPENCL, CLADE_ERROR_DEVICE_LOST. */
CLADE_API clade_status clade_run(clade_session *session, const clade_buffer *inputs, size_t input_count,
                                 const clade_buffer *outputs, size_t output_count);

#ifdef __cplusplus
}
#endif

#endif
