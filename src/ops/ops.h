/* ops.h: from an operator problem (sizes, layouts, settings: numbers only) to a recipe (launches, constants, workspace).
 *
 *   problem --candidates: applicable? cost?--> candidate --make--> recipe --plan, session--> rt
 *
 * ops never sees a graph and calls no OpenCL. Each operator has a problem struct here, one file a candidate, and a row in
 * table.c; the last candidate of a row always applies. Kernels are in cl/, tile sizes live in the candidate and travel by -D.
 *
 * How tensors lie in memory. Element (n, c, y, x) of an ops_tensor is at
 *     n * batch_stride + (c / block) * h * w * block + (y * w + x) * block + c % block
 * elements after the tensor's offset. block 1 is plain NCHW. With block > 1 channels are padded up to a multiple of the block;
 * RULE: the padding lanes of a blocked tensor hold zeros. Who writes a blocked tensor writes them; who reads one may rely on it.
 * batch_stride is larger than one image where the tensor is a slice of a concat's result.
 *
 * Kernel arguments. Every memory operand is TWO arguments in the kernel: `__global float *` and `ulong` offset in elements. */
#ifndef OPS_OPS_H
#define OPS_OPS_H

#include "base/base.h"
#include "rt/rt.h"

typedef struct ops_tensor {
    int32_t n, c, h, w;
    int32_t block;
    int64_t batch_stride;
} ops_tensor;

static inline int64_t ops_image_elements(const ops_tensor *t) { /* of one image, padding lanes included */
    return base_round_up(t->c, t->block) * t->h * t->w;
}

/* Which of a node's parameters is meant. */
enum { OPS_WEIGHT = 0, OPS_BIAS = 1 };

/* ---- Problems ------------------------------------------------------------------------------------------------------------ */

/* What tuning may ask of a candidate beside its name: a register tile of `pixels` x `blocks`, work in so many `parts`. Zeros leave
 * it to the candidate; one that has no such thing, or not this one, goes by what it has. */
typedef struct ops_variant {
    int32_t pixels, blocks, parts;
} ops_variant;

/* y = activation(conv(x, weight) + bias + residual) */
typedef struct ops_conv2d {
    ops_tensor in, out;
    ops_tensor residual; /* like out but for batch_stride; input 1. Only when has_residual */
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, groups;
    bool has_bias, has_residual;
    clade_activation activation;
    float slope;
    int32_t linear_channels; /* the first so many go without the activation; a multiple of out.block */
    ops_variant variant;
    clade_type weights; /* as they are to be stored: CLADE_FLOAT32, or narrower where a candidate has a form for it */
    /* The weight is that of the convolution whose data gradient this is, [in.c, out.c / groups, kernel_h, kernel_w]: out channel o
     * takes from in channel i of its group through the taps of W[i][o], last tap first. */
    bool weight_turned;
} ops_conv2d;

/* y = activation(pool(x) + bias) */
typedef struct ops_pool {
    ops_tensor in, out; /* in.block == out.block */
    clade_pool_kind kind;
    int32_t kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left, pad_bottom, pad_right;
    bool count_include_pad;
    bool has_bias;
    clade_activation activation;
    float slope;
} ops_pool;

/* out[rows, features] = activation(in[rows, inputs] weight^T + bias), plain rows `stride` apart */
typedef struct ops_linear {
    int32_t rows, inputs, features;
    int64_t in_stride, out_stride;
    bool has_bias;
    clade_activation activation;
    float slope;
    clade_type weights; /* as in ops_conv2d */
    bool weight_turned; /* the weight is [inputs, features], of the layer whose data gradient this is */
} ops_linear;

/* y = activation(x * factor * scale[c] + shift[c] + offset): scale is constant OPS_WEIGHT, shift OPS_BIAS */
typedef struct ops_affine {
    ops_tensor in, out; /* same block */
    float factor, offset;
    bool has_scale, has_shift;
    clade_activation activation;
    float slope;
} ops_affine;

typedef struct ops_lrn {
    ops_tensor in, out; /* same block */
    int32_t size;
    float alpha, beta, k;
} ops_lrn;

/* y = activation(x); CLADE_PRELU reads slopes from constant OPS_WEIGHT, [C], or [1] when shared_slope */
typedef struct ops_activation {
    ops_tensor in, out; /* same block */
    clade_activation kind;
    float slope;
    bool shared_slope;
} ops_activation;

enum { OPS_MAX_DIMS = 8 };

/* out[i] = activation(a[i] op b[i]), or of b[i] op a[i], for i in a box of `dims`; a stride of 0 broadcasts. b is input 1, or
 * constant OPS_WEIGHT.
 * Blocked tensors come as five dims; padding lanes are elements like others, so that the rule holds where 0 op 0 gives 0: without
 * broadcasts along the block, without CLADE_SIGMOID, and neither in divisions nor powers. */
typedef struct ops_binary {
    clade_binary_kind kind;
    bool constant, swap;
    int32_t rank;
    int64_t dims[OPS_MAX_DIMS], stride_a[OPS_MAX_DIMS], stride_b[OPS_MAX_DIMS], stride_out[OPS_MAX_DIMS];
    clade_activation activation;
    float slope;
} ops_binary;

/* in and out seen as [outer][length][inner]; over length. inner is dense, length `inner` apart, outer *_stride apart */
typedef struct ops_softmax {
    int64_t outer, length, inner;
    int64_t in_stride, out_stride;
    bool logarithm;
} ops_softmax;

/* out[i] = in[in_offset + sum (i_d - low_d) * stride_in_d] where 0 <= i_d - low_d < in_dims_d for all d, else `value`; for i in
 * a box of `dims`. Serves transpose, slice, pad, reshape of a slice, and the parts of a concat. */
typedef struct ops_copy {
    int32_t rank;
    int64_t dims[OPS_MAX_DIMS], stride_in[OPS_MAX_DIMS], stride_out[OPS_MAX_DIMS];
    int64_t in_dims[OPS_MAX_DIMS], low[OPS_MAX_DIMS];
    int64_t in_offset, out_offset;
    float value;
} ops_copy;

/* The same tensor with another block; writes zeros into new padding lanes. */
typedef struct ops_reorder {
    ops_tensor in, out;
} ops_reorder;

/* out[i] = mean over j in a box of `reduce_dims` of in[sum i_d stride_in_d + sum j_d reduce_stride_d] */
typedef struct ops_mean {
    int32_t rank, reduce_rank;
    int64_t dims[OPS_MAX_DIMS], stride_in[OPS_MAX_DIMS], stride_out[OPS_MAX_DIMS];
    int64_t reduce_dims[OPS_MAX_DIMS], reduce_stride[OPS_MAX_DIMS];
} ops_mean;

/* dx = dy * f'(x), f' from what f gave: inputs dy and y. CLADE_PRELU takes x instead, and slopes as in ops_activation;
 * CLADE_LEAKY_RELU only asks for the sign, so that x does as well as y and must be taken where the slope is below 0. At a kink
 * the gradient is PyTorch's: 0 for relu(0), relu6(0) and relu6(6), the slope for leaky(0). */
typedef struct ops_activation_gradient {
    ops_tensor in, out; /* dy, dx */
    ops_tensor of;      /* y or x; all of the same block */
    clade_activation kind;
    float slope;
    bool shared_slope;
} ops_activation_gradient;

/* The gradient of a pooling: inputs dy and, for a maximum, x. Of equal values the first of the window's rows has been the largest,
 * of several NaNs the last, as in PyTorch. */
typedef struct ops_pool_gradient {
    ops_pool pool;  /* the forward pass, without bias and activation: x is its in, dy like its out */
    ops_tensor out; /* dx: like pool.in but for batch_stride */
} ops_pool_gradient;

/* Inputs: dy, x. */
typedef struct ops_lrn_gradient {
    ops_lrn lrn;    /* the forward pass: x is its in, dy like its out */
    ops_tensor out; /* dx: like lrn.in but for batch_stride */
} ops_lrn_gradient;

/* The gradient of softmax or its logarithm: inputs dy and y, each as the output of the forward pass but for its stride. */
typedef struct ops_softmax_gradient {
    ops_softmax softmax; /* in_stride is dy's, out_stride dx's */
    int64_t of_stride;   /* y's */
} ops_softmax_gradient;

/* Sums of a over all but channels, dense [C], or of a * b: inputs a and maybe b. What biases, scales and slopes get of dy and x. */
typedef struct ops_channel_sum {
    ops_tensor in; /* a */
    bool has_factor;
    ops_tensor factor;      /* b, of the same block */
    bool only_not_positive; /* where b is above 0 its product is none: the gradient of parametric ReLU's slopes */
} ops_channel_sum;

/* Softmax cross-entropy with smoothed labels (Szegedy et al., arXiv:1512.00567), as PyTorch: inputs are logits, rows
 * `stride_logits` apart, and labels, numbers of classes, dense; gives the loss of each row, dense [rows]:
 *     log(sum of exp(x)) - sum of target * x,    target = (1 - smoothing) onehot(label) + smoothing / classes
 * A label that is no class makes its row NaN. */
typedef struct ops_cross_entropy {
    int32_t rows, classes;
    int64_t stride_logits;
    float smoothing; /* from 0 to 1 */
} ops_cross_entropy;

/* Of the same inputs: factor * (softmax - target), dense [rows, classes]. */
typedef struct ops_cross_entropy_gradient {
    ops_cross_entropy cross_entropy;
    float factor;
} ops_cross_entropy_gradient;

/* y = x * keep / (1 - rate); its gradient is itself, of dy. Input 1 is the key, four whole numbers below 2^24: seed low, seed
 * high, step low, step high. keep is 1 where a word of Philox4x32-10 (Salmon et al., SC11) is at least rate * 2^32. The generator's
 * key is the seed, its counter (element / 4, stream, step low, step high), and its word element % 4, where `element` counts in
 * NCHW order without padding: so the layout and the device do not change what is kept. */
enum { OPS_DROPOUT_KEY = 4 };
typedef struct ops_dropout {
    ops_tensor in, out; /* same block */
    float rate;         /* from 0 to 1 */
    uint32_t stream;    /* a number for each dropout of a network */
} ops_dropout;

/* The gradient of a convolution's weight, dense [out.c, in.c / groups, kernel_h, kernel_w]: for each, the sum over images and pixels
 * of dy times the x that it met. Inputs: dy, x. */
typedef struct ops_conv2d_weights {
    ops_tensor in, out; /* x and dy: the convolution's input and output */
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, groups;
    ops_variant variant;
} ops_conv2d_weights;

/* The gradient of a fully connected layer's weight, dense [features, inputs]. Inputs: dy, x. */
typedef struct ops_linear_weights {
    int32_t rows, inputs, features;
    int64_t in_stride, out_stride; /* of x and of dy */
} ops_linear_weights;

/* out[y * stride_h][x * stride_w] = in[y][x], zeros elsewhere: what the gradient of a convolution with strides begins with. */
typedef struct ops_spread {
    ops_tensor in, out;
    int32_t stride_h, stride_w;
} ops_spread;

/* Batch norm in training (Ioffe and Szegedy, arXiv:1502.03167) is four problems. Weight and bias, where there are any, are always given
 * (ops_problem.given). xhat = (x - mean) / sqrt(variance + epsilon); M is the number of a channel's elements. */

/* Of x, dense [2, C]: each channel's mean and biased variance. */
typedef struct ops_norm_statistics {
    ops_tensor in;
} ops_norm_statistics;

/* y = activation(xhat * weight + bias): inputs are x and its statistics. */
typedef struct ops_norm_apply {
    ops_tensor in, out; /* same block */
    float epsilon;
    bool has_scale, has_shift; /* weight, bias */
    clade_activation activation;
    float slope;
} ops_norm_apply;

/* Of dy (without the activation), x and its statistics, dense [2, C]: the sums of dy * xhat, which is the weight's gradient, and of
 * dy, which is the bias's. */
typedef struct ops_norm_sums {
    ops_tensor in, of; /* dy, x; same block */
    float epsilon;
} ops_norm_sums;

/* dx = weight / sqrt(variance + epsilon) * (dy - sum of dy / M - xhat * sum of dy xhat / M): inputs are dy, x, its statistics, and their
 * sums. */
typedef struct ops_norm_gradient {
    ops_tensor in, of, out; /* dy, x, dx; same block */
    float epsilon;
    bool has_scale;
} ops_norm_gradient;

typedef enum ops_kind {
    OPS_CONV2D,
    OPS_POOL,
    OPS_LINEAR,
    OPS_AFFINE,
    OPS_LRN,
    OPS_ACTIVATION,
    OPS_BINARY,
    OPS_SOFTMAX,
    OPS_COPY,
    OPS_REORDER,
    OPS_MEAN,
    OPS_ACTIVATION_GRADIENT,
    OPS_POOL_GRADIENT,
    OPS_LRN_GRADIENT,
    OPS_SOFTMAX_GRADIENT,
    OPS_CHANNEL_SUM,
    OPS_CROSS_ENTROPY,
    OPS_CROSS_ENTROPY_GRADIENT,
    OPS_DROPOUT,
    OPS_CONV2D_WEIGHTS,
    OPS_LINEAR_WEIGHTS,
    OPS_SPREAD,
    OPS_NORM_STATISTICS,
    OPS_NORM_APPLY,
    OPS_NORM_SUMS,
    OPS_NORM_GRADIENT,
    OPS_KIND_COUNT
} ops_kind;

typedef struct ops_problem {
    ops_kind kind;
    /* Weight and bias are no constants, but inputs OPS_GIVEN_WEIGHT and OPS_GIVEN_BIAS, dense in the parameter's own order, and
     * float32: they change from run to run, as in training. */
    bool given;
    union {
        ops_conv2d conv2d;
        ops_pool pool;
        ops_linear linear;
        ops_affine affine;
        ops_lrn lrn;
        ops_activation activation;
        ops_binary binary;
        ops_softmax softmax;
        ops_copy copy;
        ops_reorder reorder;
        ops_mean mean;
        ops_activation_gradient activation_gradient;
        ops_pool_gradient pool_gradient;
        ops_lrn_gradient lrn_gradient;
        ops_softmax_gradient softmax_gradient;
        ops_channel_sum channel_sum;
        ops_cross_entropy cross_entropy;
        ops_cross_entropy_gradient cross_entropy_gradient;
        ops_dropout dropout;
        ops_conv2d_weights conv2d_weights;
        ops_linear_weights linear_weights;
        ops_spread spread;
        ops_norm_statistics norm_statistics;
        ops_norm_apply norm_apply;
        ops_norm_sums norm_sums;
        ops_norm_gradient norm_gradient;
    };
} ops_problem;

/* Inputs that a problem does not have leave gaps. */
enum { OPS_GIVEN_WEIGHT = 4, OPS_GIVEN_BIAS = 5, OPS_MAX_INPUTS = 6 };

/* Whether convolution in so many groups has kernels between tensors in blocks: without groups, and where groups divide a block (as in
 * depthwise convolution) or are whole blocks. */
bool ops_groups_suit_blocks(int64_t in_channels, int64_t out_channels, int64_t groups, int64_t block);

/* How far a problem reaches into its operands: elements from an operand's offset to behind the last element; 0 for inputs it does
 * not have. */
typedef struct ops_reach {
    int64_t inputs[OPS_MAX_INPUTS], output;
    int32_t input_count;
} ops_reach;
/* False when one of them overflows. */
bool ops_problem_reach(const ops_problem *problem, ops_reach *reach_out);
/* Values of parameter OPS_WEIGHT or OPS_BIAS in its own order; 0 when the problem has none. */
int64_t ops_parameter_elements(const ops_problem *problem, int32_t parameter);
/* True when input `input` may be the output's own memory, at the same offset: every candidate then works in place. */
bool ops_in_place(const ops_problem *problem, int32_t input);

/* ---- Recipes --------------------------------------------------------------------------------------------------------------- */

typedef enum ops_argument_kind {
    OPS_INPUT,     /* input operand `index`: pointer and offset */
    OPS_OUTPUT,    /* the output: pointer and offset */
    OPS_CONSTANT,  /* constant `index` of the recipe: pointer and offset */
    OPS_WORKSPACE, /* the workspace, from byte `value.i` on (a multiple of 4): pointer and offset */
    OPS_INT,       /* value.i as int */
    OPS_FLOAT,     /* value.f as float */
    OPS_LONG8,     /* value.longs as long8 */
    OPS_LOCAL      /* value.i bytes of local memory */
} ops_argument_kind;

typedef struct ops_argument {
    ops_argument_kind kind;
    int32_t index;
    union {
        int64_t i;
        float f;
        int64_t longs[8];
    } value;
} ops_argument;

enum { OPS_MAX_ARGUMENTS = 24, OPS_MAX_LAUNCHES = 6, OPS_MAX_CONSTANTS = 4, OPS_OPTIONS_SIZE = 512 };

/* Where a matrix product finds an operand. */
typedef struct ops_operand {
    ops_argument_kind kind; /* OPS_INPUT, OPS_OUTPUT, OPS_CONSTANT or OPS_WORKSPACE */
    int32_t index;
    int64_t offset; /* elements, added to the operand's own */
} ops_operand;

typedef struct ops_launch {
    /* a matrix product by rt (CLBlast) when is_gemm, repeated `repeat` times with the operands `*_step` elements further each
     * time; its own workspace is found by the plan */
    bool is_gemm;
    rt_gemm gemm;
    ops_operand a, b, c;
    int64_t repeat, a_step, b_step, c_step;

    /* else a kernel */
    const char *source; /* file in cl/, static */
    const char *kernel; /* static */
    char options[OPS_OPTIONS_SIZE];
    uint32_t dimensions;
    size_t global[3], local[3];
    /* no barrier, no reqd_work_group_size: local[0], a power of two, may be halved to fit the kernel */
    bool local_may_shrink;
    ops_argument arguments[OPS_MAX_ARGUMENTS];
    size_t argument_count;
} ops_launch;

/* Where the values of a parameter go that a kernel reads in another order:
 *
 *     packed [tile of outs][block of ins][tap][in of the block][out of the tile]
 *     from   values[first + o / group * group_step + o % group * out_step + i * in_step + tap * tap_step]
 *
 * The last block has as many ins as are left, the last tile zeros behind its outs. cl/pack.cl does it on the device. */
typedef struct ops_packing {
    int64_t outs, ins, taps, tile, block, group;
    int64_t first, group_step, out_step, in_step, tap_step;
} ops_packing;

/* Packed once on the host when a plan is made, then kept on the device; or, where parameters are given, packed on the device in each
 * run, into the workspace. */
typedef struct ops_constant {
    int32_t parameter; /* OPS_WEIGHT or OPS_BIAS */
    uint64_t elements; /* floats of the packed form */
    ops_packing packing;
    /* Where this is not NULL it does the packing on the host. `values` in the parameter's own order; every element of `packed`
     * is written */
    void (*pack)(const ops_problem *problem, const struct ops_constant *constant, const float *values, float *packed);
    /* And this on the device: completes a launch that has the values and the packed form as its arguments */
    void (*give)(const ops_problem *problem, const rt_device *device, const struct ops_constant *constant,
                 ops_launch *launch);
    int32_t block;   /* free for the candidate that has `pack`: the block of the packed form */
    clade_type type; /* of the elements as they lie on the device; float16 and bfloat16 by two in a word */
} ops_constant;

/* The 32-bit words a constant takes on the device. */
uint64_t ops_constant_words(const ops_constant *constant);
/* Packs a parameter and rounds it to the constant's type, in place: `packed` has room for `elements` floats, of which the
 * first ops_constant_words are what the device gets. */
void ops_pack_constant(const ops_problem *problem, const ops_constant *constant, const float *values, float *packed);

typedef struct ops_recipe {
    char candidate[48];                    /* e.g. "conv2d.direct"; set by ops_make */
    char reason[96];                       /* e.g. "8 pixels x 3 blocks; cheapest of 3"; make may set the first part */
    ops_launch launches[OPS_MAX_LAUNCHES]; /* in order */
    size_t launch_count;
    ops_constant constants[OPS_MAX_CONSTANTS];
    size_t constant_count;
    ops_variant variant; /* what make took, as far as it has a choice: asked for again, it gives the same recipe */
    uint64_t workspace;  /* bytes, without what matrix products need themselves */
    /* 0: rounding is that of the operator's sums, in some order, element by element. Else the result is approximate: an element
     * may be off by so many times the largest rounding error of plain sums anywhere in the output, and a NaN or an infinity among
     * the inputs may reach neighbours of the elements it should. */
    float error_growth;
    double seconds; /* what the cost model expects; set by ops_make */
} ops_recipe;

/* Whether two launches run the same kernel, built alike. */
bool ops_same_kernel(const ops_launch *a, const ops_launch *b);

/* ---- Candidates -------------------------------------------------------------------------------------------------------------- */

typedef struct ops_candidate {
    const char *name; /* "generic", "direct", "gemm", ... */
    /* One conjunction, a rule a line. */
    bool (*applicable)(const ops_problem *problem, const rt_device *device);
    /* Expected seconds, for choosing only. */
    double (*cost)(const ops_problem *problem, const rt_device *device);
    clade_status (*make)(base_env *env, const ops_problem *problem, const rt_device *device, ops_recipe *recipe_out);
} ops_candidate;

/* No operator has more. */
enum { OPS_MOST_CANDIDATES = 32 };
/* The candidates of an operator; the last always applies. */
const ops_candidate *ops_candidates(ops_kind kind, size_t *count_out);
/* That last one, which others are compared with. */
const ops_candidate *ops_generic(ops_kind kind);
/* The one called by the first `length` characters of `name`; NULL when there is none. */
const ops_candidate *ops_find_candidate(ops_kind kind, const char *name, size_t length);
/* The one that made a recipe. */
const ops_candidate *ops_candidate_of(ops_kind kind, const ops_recipe *recipe);
const char *ops_kind_name(ops_kind kind); /* "conv2d", ... as in `kernels` of clade_plan_settings */

/* Makes the recipe of one applicable candidate. */
clade_status ops_make(base_env *env, const ops_problem *problem, const rt_device *device,
                      const ops_candidate *candidate, ops_recipe *recipe_out);
/* Chooses the cheapest applicable candidate and makes its recipe. `restriction` as clade_plan_settings::kernels, or NULL.
 * Refuses problems whose tensors pass 2^31 - 1 elements with CLADE_ERROR_UNSUPPORTED. */
clade_status ops_select(base_env *env, const ops_problem *problem, const rt_device *device, const char *restriction,
                        ops_recipe *recipe_out);
/* The candidate that `restriction` names for an operator, or NULL. */
const ops_candidate *ops_restricted_to(const char *restriction, ops_kind kind);
/* As ops_select's own check. */
clade_status ops_check_problem(base_env *env, const ops_problem *problem);
/* Appends to what make may have begun. */
void ops_add_reason(ops_recipe *recipe, const char *format, ...) BASE_PRINTF(2, 3);
/* Checks the text of clade_plan_settings::kernels: "KIND=CANDIDATE,...", names that exist. */
clade_status ops_check_restriction(base_env *env, const char *restriction);

/* ---- Choices (choice.c): candidates with variants, as plans, tuning and memory limits weigh them -------------------------------- */

typedef struct ops_choice {
    const ops_candidate *candidate;
    ops_variant variant;
    double seconds; /* expected, or measured */
} ops_choice;

/* The problem with a variant asked for; the same one where its operator has none. */
ops_problem ops_with_variant(const ops_problem *problem, ops_variant variant);
/* The applicable candidates, each once and as it likes best, cheapest first. Gives how many, at most `capacity`. */
size_t ops_list_choices(const ops_problem *problem, const rt_device *device, ops_choice *choices, size_t capacity);
/* The same with every variant that makes another recipe, leaving out what is expected to take more than `slowest` times the
 * cheapest. */
clade_status ops_list_variants(base_env *env, const ops_problem *problem, const rt_device *device, double slowest,
                               ops_choice *choices, size_t capacity, size_t *count_out);
/* Names a problem in a few words, but not where it lies in memory, and no activation or bias, which do not change the ranking.
 * False for operators that are not tuned. */
enum { OPS_PROBLEM_TEXT = 160 };
bool ops_problem_text(const ops_problem *problem, char *text, size_t size);
/* "winograd_4x4_3x3 7x3/2": name, tile, parts. */
enum { OPS_CHOICE_TEXT = 80 };
void ops_write_choice(const ops_choice *choice, char *text, size_t size);
/* False when the text is none, or its candidate does not exist or does not apply. */
bool ops_read_choice(const ops_problem *problem, const rt_device *device, const char *text, ops_choice *choice_out);

/* ---- Parameters (pack.c) -------------------------------------------------------------------------------------------------------- */

/* Of a weight [outs, ins, taps] in so many groups, `ins` being those of a group; or of one that is turned, [groups * ins, outs / groups,
 * taps] with the last tap first. */
typedef struct ops_weight_shape {
    int64_t outs, ins, taps, groups;
    bool turned;
} ops_weight_shape;
ops_packing ops_pack_weight(const ops_weight_shape *shape, int64_t tile, int64_t block);
/* Of an array for channels; `shared`: of one value for all. */
ops_packing ops_pack_channels(int64_t channels, int64_t block, bool shared);
uint64_t ops_packed_elements(const ops_packing *packing);
/* What ops_make does to the recipe of a problem with given parameters: launches in front of its own pack them into the workspace,
 * where they do not lie as the kernels want them anyway. */
clade_status ops_give_parameters(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe);

/* ---- Help for make functions (recipe.c) --------------------------------------------------------------------------------------- */
ops_launch *ops_add_launch(ops_recipe *recipe, const char *source, const char *kernel);
/* Appends "-D NAME=VALUE". */
void ops_define(ops_launch *launch, const char *name, int64_t value);
void ops_add_operand(ops_launch *launch, ops_argument_kind kind, int32_t index);
void ops_add_int(ops_launch *launch, int64_t value);
void ops_add_float(ops_launch *launch, float value);
void ops_add_local(ops_launch *launch, int64_t bytes);
void ops_add_longs(ops_launch *launch, const int64_t *values, int32_t count); /* padded to 8 with zeros */
/* Sets a one-dimensional range of at least `items`, padded up to the group size, which suits the device. */
void ops_range(ops_launch *launch, const rt_device *device, int64_t items);
/* Sets a one-dimensional range of groups of one, for kernels with reqd_work_group_size(1, 1, 1). */
void ops_single_items(ops_launch *launch, int64_t items);
/* True where explicit vectors of device->float_width floats in groups of one are the way to speed. */
bool ops_suits_vectors(const rt_device *device);
/* Of `units` of work, how many one after the other a group should take: few groups, yet enough to share out evenly. */
int64_t ops_units_a_group(const rt_device *device, int64_t units);
/* The applicable() of candidates that take everything. */
bool ops_always_applicable(const ops_problem *problem, const rt_device *device);
/* A constant that a packing describes, and its index. */
int32_t ops_add_packed(ops_recipe *recipe, int32_t parameter, const ops_packing *packing);
/* The same for [channels] values, padded with zeros to a multiple of `block`. */
int32_t ops_add_channels(ops_recipe *recipe, int32_t parameter, int64_t channels, int64_t block);
/* Any other constant. */
int32_t ops_add_constant(ops_recipe *recipe, const ops_constant *constant);
/* Stores constant `index` in another type, which the kernel is told as WEIGHTS. */
void ops_set_weight_type(ops_recipe *recipe, ops_launch *launch, int32_t index, clade_type type);
/* Defines ACTIVATION (the clade_activation's number) and appends the float `slope`. */
void ops_add_activation(ops_launch *launch, clade_activation activation, float slope);

#endif
