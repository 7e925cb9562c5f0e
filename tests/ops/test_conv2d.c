/* test_conv2d.c: every candidate of conv2d against double precision and against what convolution must obey. */
#include "ops/harness.h"
#include "reference/conv2d.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Random problems ------------------------------------------------------------------------------------------------------------ */

/* What follows the sums. */
typedef struct finish {
    bool has_bias, has_residual;
    clade_activation activation;
    clade_type weights;
} finish;

/* Each finish of a tile is a program to compile: blocked outputs have a usual one for each block, and others for one shape. */
static const finish finishes[] = {
    {true, false, CLADE_RELU, CLADE_FLOAT32},
    {true, true, CLADE_SIGMOID, CLADE_FLOAT32},
    {false, false, CLADE_ACTIVATION_NONE, CLADE_FLOAT32},
    {false, true, CLADE_RELU6, CLADE_FLOAT32},
    {true, false, CLADE_TANH, CLADE_FLOAT16},
    {false, false, CLADE_LEAKY_RELU, CLADE_BFLOAT16},
};
static const finish *usual_finish(int32_t block) { return &finishes[block == 16 ? 0 : block == 8 ? 1 : 2]; }

/* Widths about the tiles'. Narrow vectors have fewer tiles and make do with the first few widths. */
static const int32_t widths[] = {1, 5, 7, 13, 2, 6, 8, 9, 14, 15, 17, 29};
enum { NARROW_WIDTHS = 4 };
static const int32_t kernels[][2] = {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {3, 3}, {3, 3}, {1, 7},
                                     {7, 1}, {1, 3}, {3, 1}, {5, 5}, {2, 2}, {4, 11}};

/* One axis: draws stride, dilation and padding for an output size, and gives the input size. */
static int32_t draw_axis(harness_random *random, int32_t out, int32_t kernel, int32_t *stride, int32_t *dilation,
                         int32_t *pad) {
    *stride = harness_chance(random, 0.7) ? 1 : harness_between(random, 2, 3); /* also larger than the kernel */
    *dilation = harness_chance(random, 0.8) ? 1 : 2;
    int32_t reach = (kernel - 1) * *dilation + 1, span = (out - 1) * *stride + reach;
    int32_t most = harness_chance(random, 0.2) ? reach + 2 : kernel / 2; /* also more than the kernel can see */
    *pad = harness_between(random, 0, most);
    int32_t behind = harness_between(random, 0, most), slack = harness_between(random, 0, *stride - 1);
    while (span + slack - *pad - behind < 1) *pad > behind ? (*pad)-- : behind--;
    return span + slack - *pad - behind;
}

static void draw_channels(harness_random *random, ops_conv2d *p, int32_t *in_block, int32_t *out_block) {
    double layout = harness_float(random, 0.0f, 1.0f);
    *out_block = layout < 0.2 ? 1 : layout < 0.4 ? 4 : layout < 0.6 ? 8 : 16;
    *in_block = harness_chance(random, 0.75) ? *out_block : harness_chance(random, 0.7) ? 1 : harness_block(random);
    p->in.c = harness_chance(random, 0.3) ? harness_between(random, 1, 4) : harness_between(random, 1, 40);
    p->out.c = harness_between(random, 1, 3) * *out_block + harness_between(random, -1, 1);
    if (p->out.c < 1) p->out.c = 1;
    p->groups = 1;
    if (harness_chance(random, 0.8)) return;
    p->groups = harness_between(random, 2, 3);
    p->in.c = p->groups * harness_between(random, 1, 10);
    p->out.c = p->groups * harness_between(random, 1, 10);
}

static void draw_finish(harness_random *random, ops_conv2d *p, int32_t out_block) {
    const finish *drawn = &finishes[harness_between(random, 0, (int32_t)BASE_COUNT(finishes) - 1)];
    if (out_block > 1 && harness_chance(random, 0.9)) {
        drawn = usual_finish(out_block);
    } else if (out_block > 1) {
        p->out.w = 7;
        p->out.h = 3;
        p->out.c = 2 * out_block - 1;
        p->groups = 1;
    }
    p->has_bias = drawn->has_bias;
    p->has_residual = drawn->has_residual;
    p->activation = drawn->activation;
    p->slope = 0.25f;
    p->weights = drawn->weights;
    p->weight_turned = harness_chance(random, 0.3);
}

static void draw(harness_random *random, ops_problem *problem) {
    ops_conv2d *p = &problem->conv2d;
    int32_t n = harness_chance(random, 0.6) ? 1 : 3, in_block, out_block;
    const int32_t *kernel = kernels[harness_between(random, 0, (int32_t)BASE_COUNT(kernels) - 1)];
    p->kernel_h = kernel[0];
    p->kernel_w = kernel[1];
    p->out.h = harness_between(random, 1, 5);
    draw_channels(random, p, &in_block, &out_block);
    bool narrow = out_block == 4 || out_block == 8;
    p->out.w = widths[harness_between(random, 0, (narrow ? NARROW_WIDTHS : (int32_t)BASE_COUNT(widths)) - 1)];
    draw_finish(random, p, out_block);
    problem->given = p->weights == CLADE_FLOAT32 && harness_chance(random, 0.4);
    p->in.h = draw_axis(random, p->out.h, p->kernel_h, &p->stride_h, &p->dilation_h, &p->pad_top);
    p->in.w = draw_axis(random, p->out.w, p->kernel_w, &p->stride_w, &p->dilation_w, &p->pad_left);
    p->in = harness_tensor(random, n, p->in.c, p->in.h, p->in.w, in_block);
    p->out = harness_tensor(random, n, p->out.c, p->out.h, p->out.w, out_block);
    if (p->has_residual) p->residual = harness_tensor(random, n, p->out.c, p->out.h, p->out.w, out_block);
    if (harness_chance(random, 0.3)) p->linear_channels = harness_between(random, 0, p->out.c / out_block) * out_block;
}

static void every_candidate_agrees_with_double_precision(void **state) {
    harness_check(*state, &(harness_operator){.kind = OPS_CONV2D,
                                              .draw = draw,
                                              .reference = harness_reference_conv2d,
                                              .describe = harness_describe_conv2d});
}

/* ---- Edges ------------------------------------------------------------------------------------------------------------------------ */

/* A convolution with one number for both axes and everything else plain; out's size follows from the padding on all sides. */
typedef struct simple {
    int32_t n, in_c, in_h, in_w, out_c, kernel, stride, dilation, pad, block;
} simple;

static ops_tensor dense(int32_t n, int32_t c, int32_t h, int32_t w, int32_t block) {
    ops_tensor tensor = {.n = n, .c = c, .h = h, .w = w, .block = block};
    tensor.batch_stride = ops_image_elements(&tensor);
    return tensor;
}

static ops_problem problem_from(const simple *s) {
    int32_t reach = s->dilation * (s->kernel - 1) + 1;
    int32_t out_h = (s->in_h + 2 * s->pad - reach) / s->stride + 1,
            out_w = (s->in_w + 2 * s->pad - reach) / s->stride + 1;
    return (ops_problem){.kind = OPS_CONV2D,
                         .conv2d = {.in = dense(s->n, s->in_c, s->in_h, s->in_w, s->block),
                                    .out = dense(s->n, s->out_c, out_h, out_w, s->block),
                                    .kernel_h = s->kernel,
                                    .kernel_w = s->kernel,
                                    .stride_h = s->stride,
                                    .stride_w = s->stride,
                                    .dilation_h = s->dilation,
                                    .dilation_w = s->dilation,
                                    .pad_top = s->pad,
                                    .pad_left = s->pad,
                                    .groups = 1}};
}

static float *random_values(harness_random *random, int64_t count) {
    float *values = malloc((size_t)count * sizeof *values);
    for (int64_t i = 0; i < count; i++) values[i] = harness_float(random, -1.0f, 1.0f);
    return values;
}

/* Visits the candidates that apply on a CPU whose vectors are the problem's blocks: any device runs their kernels. Approximate
 * ones have test_conv2d_winograd.c. */
static void with_candidates(harness *h, const ops_problem *problem,
                            void (*visit)(harness *h, const ops_problem *problem, const ops_candidate *candidate)) {
    size_t count;
    const ops_candidate *candidates = ops_candidates(OPS_CONV2D, &count);
    h->device.type = CLADE_DEVICE_CPU;
    if (problem->conv2d.out.block > 1) h->device.float_width = (uint32_t)problem->conv2d.out.block;
    for (size_t i = 0; i < count; i++)
        if (candidates[i].applicable(problem, &h->device) && !harness_is_approximate(h, problem, &candidates[i]))
            visit(h, problem, &candidates[i]);
    h->device = *rt_context_device(h->context);
}

static void agrees(harness *h, const ops_problem *problem, const ops_candidate *candidate) {
    harness_random random = {.state = 7};
    harness_sizes sizes = harness_count(problem);
    float *in = random_values(&random, sizes.inputs[0]), *weight = random_values(&random, sizes.parameters[OPS_WEIGHT]);
    float *output = malloc((size_t)sizes.output * sizeof *output);
    harness_expected expected = {calloc((size_t)sizes.output, sizeof(double)),
                                 calloc((size_t)sizes.output, sizeof(double))};
    reference_conv2d(&problem->conv2d, in, weight, NULL, NULL, expected.values, expected.bounds);
    harness_run_settings settings = {
        .problem = problem, .candidate = candidate, .inputs = {in}, .parameters = {weight}};
    char words[256];
    harness_describe_conv2d(problem, words, sizeof words);
    if (!harness_run(h, &settings, output) ||
        !harness_compare(&expected, output, sizes.output, h->fault, sizeof h->fault))
        fail_msg("%s: %s: %s", candidate->name, words, h->fault);
    free(in);
    free(weight);
    free(output);
    free(expected.values);
    free(expected.bounds);
}

static void edges_agree_with_double_precision(void **state) {
    static const simple edges[] = {
        {1, 1, 1, 1, 1, 1, 1, 1, 0, 16},    /* one of everything */
        {1, 5, 1, 1, 3, 3, 1, 1, 5, 16},    /* padding beyond the kernel's reach: windows that see nothing */
        {2, 17, 9, 9, 33, 2, 5, 1, 0, 16},  /* a stride larger than the kernel; one channel more than blocks hold */
        {1, 16, 9, 23, 16, 3, 2, 4, 6, 16}, /* dilation that is no multiple of the stride, and one that is */
        {1, 15, 1, 13, 15, 1, 1, 1, 0, 16}, /* one pixel less than a tile, one channel less than a block */
        {1, 16, 1, 14, 32, 1, 1, 1, 0, 16}, /* exactly one tile */
        {3, 18, 3, 5, 48, 1, 1, 1, 0, 16},  /* one pixel more than a tile, across rows, batch 3 */
        {1, 3, 3, 60, 16, 1, 1, 1, 0, 1},   /* plain */
        {1, 2, 2, 71, 8, 71, 1, 1, 35, 8},  /* a window too wide for the direct kernel's line */
    };
    for (size_t i = 0; i < BASE_COUNT(edges); i++) {
        ops_problem problem = problem_from(&edges[i]);
        with_candidates(*state, &problem, agrees);
    }
}

/* ---- What convolution must obey, with no reference ------------------------------------------------------------------------------ */

/* 3x3 with padding, enough channels and pixels for several tiles. */
static const simple ordinary = {1, 20, 6, 19, 20, 3, 1, 1, 1, 16};

static int64_t weight_place(const ops_conv2d *p, int64_t out_c, int64_t in_c, int64_t kh, int64_t kw) {
    return ((out_c * p->in.c + in_c) * p->kernel_h + kh) * p->kernel_w + kw;
}

/* One weight of 1 for each channel, off the window's centre: the image moved by a pixel, bit for bit, zeros following. */
static void moves_the_image(harness *h, const ops_problem *problem, const ops_candidate *candidate) {
    const ops_conv2d *p = &problem->conv2d;
    harness_random random = {.state = 11};
    harness_sizes sizes = harness_count(problem);
    float *in = random_values(&random, sizes.inputs[0]), *output = malloc((size_t)sizes.output * sizeof *output);
    float *weight = calloc((size_t)sizes.parameters[OPS_WEIGHT], sizeof *weight);
    for (int64_t c = 0; c < p->out.c; c++) weight[weight_place(p, c, c, 0, 2)] = 1.0f; /* from above and the right */
    harness_run_settings settings = {
        .problem = problem, .candidate = candidate, .inputs = {in}, .parameters = {weight}};
    if (!harness_run(h, &settings, output)) fail_msg("%s: %s", candidate->name, h->fault);
    for (int64_t i = 0; i < sizes.output; i++) {
        int64_t x = i % p->out.w, y = i / p->out.w % p->out.h;
        float expected = y > 0 && x < p->out.w - 1 ? in[i - p->out.w + 1] : 0.0f;
        assert_true(output[i] == expected);
    }
    free(in);
    free(weight);
    free(output);
}

static void one_tap_moves_the_image(void **state) {
    for (int32_t plain = 0; plain < 2; plain++) {
        simple s = ordinary;
        if (plain) s.block = 1;
        ops_problem problem = problem_from(&s);
        with_candidates(*state, &problem, moves_the_image);
    }
}

/* conv(2 x - y) = 2 conv(x) - conv(y), within the rounding of three convolutions of inputs up to 3. */
static void is_linear(harness *h, const ops_problem *problem, const ops_candidate *candidate) {
    harness_random random = {.state = 13};
    harness_sizes sizes = harness_count(problem);
    const ops_conv2d *p = &problem->conv2d;
    float *weight = random_values(&random, sizes.parameters[OPS_WEIGHT]), *inputs[3], *outputs[3];
    for (int32_t i = 0; i < 3; i++) {
        inputs[i] = random_values(&random, sizes.inputs[0]);
        outputs[i] = malloc((size_t)sizes.output * sizeof **outputs);
    }
    for (int64_t i = 0; i < sizes.inputs[0]; i++) inputs[2][i] = 2 * inputs[0][i] - inputs[1][i];
    for (int32_t i = 0; i < 3; i++) {
        harness_run_settings settings = {
            .problem = problem, .candidate = candidate, .inputs = {inputs[i]}, .parameters = {weight}};
        if (!harness_run(h, &settings, outputs[i])) fail_msg("%s: %s", candidate->name, h->fault);
    }
    double terms = (double)p->in.c * p->kernel_h * p->kernel_w, bound = 6 * terms * terms * FLT_EPSILON;
    for (int64_t i = 0; i < sizes.output; i++)
        assert_true(fabs((double)outputs[2][i] - (2.0 * outputs[0][i] - outputs[1][i])) <= bound);
    free(weight);
    for (int32_t i = 0; i < 3; i++) {
        free(inputs[i]);
        free(outputs[i]);
    }
}

static void sums_and_multiples_pass_through(void **state) {
    for (int32_t plain = 0; plain < 2; plain++) {
        simple s = ordinary;
        if (plain) s.block = 1;
        ops_problem problem = problem_from(&s);
        with_candidates(*state, &problem, is_linear);
    }
}

/* ---- Choice ----------------------------------------------------------------------------------------------------------------------- */

static const char *chosen(const ops_problem *problem, const rt_device *device) {
    static ops_recipe recipe;
    assert_int_equal(ops_select(NULL, problem, device, NULL, &recipe), CLADE_OK);
    return recipe.candidate;
}

static void the_choice_suits_the_device(void **state) {
    (void)state;
    const rt_device cpu = {.type = CLADE_DEVICE_CPU,
                           .compute_units = 8,
                           .clock_mhz = 3000,
                           .float_width = 8,
                           .global_memory = 1u << 30,
                           .largest_allocation = 1u << 28,
                           .max_work_group = 4096,
                           .max_work_items = {4096, 4096, 4096},
                           .has_gemm = true};
    rt_device gpu = cpu;
    gpu.type = CLADE_DEVICE_GPU;
    gpu.float_width = 1;

    rt_device roomy = cpu;
    roomy.local_memory = 1u << 20;

    ops_problem pointwise = problem_from(&(simple){1, 64, 28, 28, 96, 1, 1, 1, 0, 8});
    assert_string_equal(chosen(&pointwise, &cpu), "conv2d.direct");
    assert_string_equal(chosen(&pointwise, &gpu), "conv2d.generic");

    /* without local memory Winograd's stages are launches of their own */
    ops_problem blocked = problem_from(&(simple){1, 64, 28, 28, 96, 3, 1, 1, 1, 8});
    assert_string_equal(chosen(&blocked, &roomy), "conv2d.winograd_4x4_3x3");
    assert_string_equal(chosen(&blocked, &cpu), "conv2d.winograd_staged_4x4_3x3");
    assert_string_equal(chosen(&blocked, &gpu), "conv2d.generic");

    ops_problem first_layer = problem_from(&(simple){1, 3, 224, 224, 64, 7, 2, 1, 3, 1});
    first_layer.conv2d.out = dense(1, 64, 112, 112, 8);
    assert_string_equal(chosen(&first_layer, &cpu), "conv2d.direct_planar");

    ops_problem plain = problem_from(&(simple){1, 64, 28, 28, 96, 3, 1, 1, 1, 1});
    assert_string_equal(chosen(&plain, &gpu), "conv2d.gemm");
    gpu.largest_allocation = 1u << 16; /* too little for im2col's columns */
    assert_string_equal(chosen(&plain, &gpu), "conv2d.generic");

    ops_problem tiny = problem_from(&(simple){1, 1, 4, 4, 2, 1, 1, 1, 0, 1});
    assert_string_equal(chosen(&tiny, &gpu), "conv2d.generic");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_candidate_agrees_with_double_precision),
        cmocka_unit_test(edges_agree_with_double_precision),
        cmocka_unit_test(one_tap_moves_the_image),
        cmocka_unit_test(sums_and_multiples_pass_through),
        cmocka_unit_test(the_choice_suits_the_device),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}
