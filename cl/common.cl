/* common.cl: what all kernels share. rt puts this file in front of every other one in cl/; it fits OpenCL C 1.2.
 *
 * How a tensor lies in memory (src/ops/ops.h has the same in C). Element (n, c, y, x) is, in floats from the tensor's offset on, at
 *
 *     n * batch_stride + (c / block) * h * w * block + (y * w + x) * block + c % block
 *
 *     image n         image n + 1
 *     |<- batch_stride ->|
 *     +-----------+------+---------        a larger batch_stride than one image: the tensor is a slice of a concat's result
 *     |B0|B1|B2|  |      |B0|B1|B2|
 *     +-----------+------+---------
 *      |
 *      +-- one block of channels: h rows of w pixels, a pixel being `block` channels side by side
 *
 *          y = 0  [c0 c1 .. c7][c0 c1 .. c7] .. w pixels          (block 8)
 *          y = 1  [c0 c1 .. c7][c0 c1 .. c7] ..
 *
 * block 1 is plain NCHW. With block > 1 the channels are padded up to a multiple of it, and the padding lanes hold zeros:
 * who writes a blocked tensor writes them, who reads one may rely on it.
 *
 * Every memory operand is two arguments: `__global float *` and a `ulong` offset in elements.
 *
 * Parameters, by -D:
 *     VECTOR      1, 4, 8 or 16: makes `vec` (floats), `ivec` (ints, masks) and what works on them
 *     WEIGHTS     a clade_type's number: what weight_load() reads; default 0, float32
 *     ACTIVATION  a clade_activation's number: what activate() and activate_scalar() compute; default 0, none */

/* ---- Kernels ------------------------------------------------------------------------------------------------------------------
 * One begins `ENTRY void name(RANGE ...`, or ENTRY_OF_ONE where its groups are of one work-item. With -D PART it is no kernel
 * but a function of a whole network in one launch (network.cl), which calls it for each work-item of a range that is not
 * the launch's own. */
#ifdef PART
typedef struct {
    size_t id[3], size[3];
} part_range;
#define ENTRY
#define ENTRY_OF_ONE
#define RANGE const part_range *range,
#define get_global_id(d) range->id[d]
#define get_global_size(d) range->size[d]
#else
#define ENTRY __kernel
#define ENTRY_OF_ONE __kernel __attribute__((reqd_work_group_size(1, 1, 1)))
#define RANGE
#endif

/* ---- Activation: x stays NaN where it is NaN, as in the reference, so comparisons select and fmax is not used -------------- */
#define ACTIVATION_NONE       0
#define ACTIVATION_RELU       1
#define ACTIVATION_RELU6      2
#define ACTIVATION_LEAKY_RELU 3
#define ACTIVATION_SIGMOID    4
#define ACTIVATION_TANH       5
#define ACTIVATION_EXP        7
#define ACTIVATION_LOG        8
#define ACTIVATION_ERF        9

#ifndef ACTIVATION
#define ACTIVATION ACTIVATION_NONE
#endif

/* How weights are stored: a clade_type's number. The upper half of a float is a bfloat16. */
#define WEIGHTS_FLOAT32  0
#define WEIGHTS_FLOAT16  1
#define WEIGHTS_BFLOAT16 2

#ifndef WEIGHTS
#define WEIGHTS WEIGHTS_FLOAT32
#endif

static inline float activate_scalar(float x, float slope) {
#if ACTIVATION == ACTIVATION_RELU
    return x < 0.0f ? 0.0f : x;
#elif ACTIVATION == ACTIVATION_RELU6
    return x < 0.0f ? 0.0f : x > 6.0f ? 6.0f : x;
#elif ACTIVATION == ACTIVATION_LEAKY_RELU
    return x < 0.0f ? slope * x : x;
#elif ACTIVATION == ACTIVATION_SIGMOID
    return 1.0f / (1.0f + exp(-x));
#elif ACTIVATION == ACTIVATION_TANH
    return tanh(x);
#elif ACTIVATION == ACTIVATION_EXP
    return exp(x);
#elif ACTIVATION == ACTIVATION_LOG
    return log(x);
#elif ACTIVATION == ACTIVATION_ERF
    return erf(x);
#else
    return x;
#endif
}

/* ---- Vectors of VECTOR floats; memory needs the alignment of one float only ------------------------------------------------- */
#ifdef VECTOR
#if VECTOR == 1
typedef float vec;
typedef int ivec;
#elif VECTOR == 4
typedef float4 vec;
typedef int4 ivec;
#elif VECTOR == 8
typedef float8 vec;
typedef int8 ivec;
#elif VECTOR == 16
typedef float16 vec;
typedef int16 ivec;
#else
#error "VECTOR must be 1, 4, 8 or 16"
#endif

static inline vec vec_load(const __global float *source) {
#if VECTOR == 1
    return *source;
#elif VECTOR == 4
    return vload4(0, source);
#elif VECTOR == 8
    return vload8(0, source);
#else
    return vload16(0, source);
#endif
}

/* PoCL's vstore16 is four stores of four floats each. What Clang makes of its own vectors is one store. */
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
typedef vec vec_anywhere __attribute__((aligned(4)));
#define VEC_ANYWHERE
#endif

static inline void vec_store(vec value, __global float *target) {
#ifdef VEC_ANYWHERE
    *(__global vec_anywhere *)target = value;
#elif VECTOR == 1
    *target = value;
#elif VECTOR == 4
    vstore4(value, 0, target);
#elif VECTOR == 8
    vstore8(value, 0, target);
#else
    vstore16(value, 0, target);
#endif
}

/* The same for an array of a work-item's own. */
static inline vec vec_load_private(const float *source) {
#if VECTOR == 1
    return *source;
#elif VECTOR == 4
    return vload4(0, source);
#elif VECTOR == 8
    return vload8(0, source);
#else
    return vload16(0, source);
#endif
}

static inline void vec_store_private(vec value, float *target) {
#if VECTOR == 1
    *target = value;
#elif VECTOR == 4
    vstore4(value, 0, target);
#elif VECTOR == 8
    vstore8(value, 0, target);
#else
    vstore16(value, 0, target);
#endif
}

/* Weights as they are stored; the memory's alignment is that of a float all the same. */
#if WEIGHTS == WEIGHTS_FLOAT32
typedef float weight_type;
#else
typedef ushort weight_type;
#endif

static inline vec weight_load(const __global weight_type *source) {
#if WEIGHTS == WEIGHTS_FLOAT32
    return vec_load(source);
#elif WEIGHTS == WEIGHTS_FLOAT16 && VECTOR == 4
    return vload_half4(0, (const __global half *)source);
#elif WEIGHTS == WEIGHTS_FLOAT16 && VECTOR == 8
    return vload_half8(0, (const __global half *)source);
#elif WEIGHTS == WEIGHTS_FLOAT16 && VECTOR == 16
    return vload_half16(0, (const __global half *)source);
#elif WEIGHTS == WEIGHTS_BFLOAT16 && VECTOR == 4
    return as_float4(convert_uint4(vload4(0, source)) << 16);
#elif WEIGHTS == WEIGHTS_BFLOAT16 && VECTOR == 8
    return as_float8(convert_uint8(vload8(0, source)) << 16);
#elif WEIGHTS == WEIGHTS_BFLOAT16 && VECTOR == 16
    return as_float16(convert_uint16(vload16(0, source)) << 16);
#endif
}

/* Asks for a vector that will be read later, wherever it lies: from main memory it would arrive too late. prefetch() of OpenCL C
 * does nothing on PoCL; compilers that target no real processor (SPIR) may not know Clang's own. */
static inline void fetch(const __global float *source) {
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
    __builtin_prefetch((const void *)(size_t)source);
#endif
}

/* The same for weights that are read from front to back, so many floats ahead. */
#define FETCH_AHEAD 2048
static inline void fetch_ahead(const __global weight_type *source) { fetch((const __global float *)source + FETCH_AHEAD); }

/* Which of the lanes are among the first `count`; for select(). */
static inline ivec vec_first(int count) {
#if VECTOR == 1
    return 0 < count;
#elif VECTOR == 4
    return (int4)(0, 1, 2, 3) < (ivec)(count);
#elif VECTOR == 8
    return (int8)(0, 1, 2, 3, 4, 5, 6, 7) < (ivec)(count);
#else
    return (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) < (ivec)(count);
#endif
}

/* Whether a comparison holds in some lane. any() goes through them one by one on PoCL. */
static inline bool vec_any(ivec holds) {
#if VECTOR == 1
    return holds != 0;
#else
#if VECTOR == 16
    const int8 eight = holds.lo | holds.hi;
    const int4 four = eight.lo | eight.hi;
#elif VECTOR == 8
    const int4 four = holds.lo | holds.hi;
#else
    const int4 four = holds;
#endif
    const int2 two = four.lo | four.hi;
    return (two.lo | two.hi) != 0;
#endif
}

static inline vec activate(vec x, float slope) {
#if ACTIVATION == ACTIVATION_RELU
    return select(x, (vec)(0.0f), x < (vec)(0.0f));
#elif ACTIVATION == ACTIVATION_RELU6
    vec positive = select(x, (vec)(0.0f), x < (vec)(0.0f));
    return select(positive, (vec)(6.0f), positive > (vec)(6.0f));
#elif ACTIVATION == ACTIVATION_LEAKY_RELU
    return select(x, slope * x, x < (vec)(0.0f));
#elif ACTIVATION == ACTIVATION_SIGMOID
    return (vec)(1.0f) / ((vec)(1.0f) + exp(-x));
#elif ACTIVATION == ACTIVATION_TANH
    return tanh(x);
#elif ACTIVATION == ACTIVATION_EXP
    return exp(x);
#elif ACTIVATION == ACTIVATION_LOG
    return log(x);
#elif ACTIVATION == ACTIVATION_ERF
    return erf(x);
#else
    return x;
#endif
}
#endif

/* ---- Boxes of up to 8 dimensions with strides ------------------------------------------------------------------------------------- */
/* Where element `index` of a box, counted in row-major order, lies for an operand with these strides. Of `dims` the first is not
 * read: `index` lies within the box. On GPUs `rank` should be a constant, or the arrays go to memory. */
static inline int box_offset(int index, int rank, long8 dims, long8 strides) {
    long dim[8], stride[8];
    vstore8(dims, 0, dim);
    vstore8(strides, 0, stride);
    int offset = 0;
    for (int d = rank - 1; d > 0; d--) {
        offset += index % (int)dim[d] * (int)stride[d];
        index /= (int)dim[d];
    }
    return offset + index * (int)stride[0];
}
