/* test_conv2d_winograd.c: the approximate candidates of conv2d against double precision, and how approximate they are. */
#include "ops/harness.h"
#include "reference/conv2d.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Random problems ------------------------------------------------------------------------------------------------------------ */

/* What follows the sums goes with the kernel and the block, and so does the number of output channels, which the tile of the matrix
 * product depends on: each combination is a program to compile. */
typedef struct variety {
    int32_t kernel_h, kernel_w, stride, block, out_c;
    bool has_bias, has_residual;
    clade_activation activation;
    clade_type weights;
} variety;
static const variety varieties[] = {
    {3, 3, 1, 16, 33, true, false, CLADE_RELU, CLADE_FLOAT32},
    {3, 3, 1, 4, 7, true, true, CLADE_TANH, CLADE_BFLOAT16},
    {5, 5, 1, 8, 8, false, true, CLADE_RELU6, CLADE_FLOAT16},
    {1, 7, 1, 16, 31, true, false, CLADE_RELU, CLADE_FLOAT32},
    {7, 1, 1, 16, 31, true, false, CLADE_RELU, CLADE_FLOAT16},
    {1, 3, 1, 8, 24, false, false, CLADE_LEAKY_RELU, CLADE_FLOAT32},
    {3, 1, 1, 8, 24, false, false, CLADE_LEAKY_RELU, CLADE_FLOAT32},
    {3, 3, 2, 16, 40, true, false, CLADE_RELU, CLADE_FLOAT32},
    {3, 3, 2, 8, 9, false, true, CLADE_ACTIVATION_NONE, CLADE_FLOAT32},
    {7, 7, 2, 16, 33, true, false, CLADE_RELU, CLADE_FLOAT32},
    {8, 7, 2, 8, 20, true, true, CLADE_RELU6, CLADE_FLOAT32},
    {7, 7, 2, 4, 9, false, false, CLADE_ACTIVATION_NONE, CLADE_FLOAT32},
};

/* One pixel, less than a tile, a tile, more than one, a few. */
static const int32_t sizes[] = {1, 3, 4, 9};

/* Padding before and behind, also more than the kernel can see; gives the input size. */
static int32_t draw_axis(harness_random *random, int32_t out, int32_t kernel, int32_t stride, int32_t *pad) {
    int32_t span = (out - 1) * stride + kernel, most = harness_chance(random, 0.2) ? kernel + 2 : kernel / 2;
    *pad = harness_between(random, 0, most);
    int32_t behind = harness_between(random, 0, most);
    while (span - *pad - behind < 1) *pad > behind ? (*pad)-- : behind--;
    return span - *pad - behind +
           (harness_chance(random, 0.5) ? stride - 1 : 0); /* the last pixel may be seen by no window */
}

static void draw(harness_random *random, ops_problem *problem) {
    ops_conv2d *p = &problem->conv2d;
    const variety *v = &varieties[harness_between(random, 0, (int32_t)BASE_COUNT(varieties) - 1)];
    const int32_t n = harness_chance(random, 0.6) ? 1 : 3;
    *p = (ops_conv2d){.kernel_h = v->kernel_h,
                      .kernel_w = v->kernel_w,
                      .stride_h = v->stride,
                      .stride_w = v->stride,
                      .dilation_h = 1,
                      .dilation_w = 1,
                      .groups = 1,
                      .has_bias = v->has_bias,
                      .has_residual = v->has_residual,
                      .activation = v->activation,
                      .slope = 0.25f,
                      .weights = v->weights};
    const int32_t out_h = sizes[harness_between(random, 0, (int32_t)BASE_COUNT(sizes) - 1)];
    const int32_t out_w = sizes[harness_between(random, 0, (int32_t)BASE_COUNT(sizes) - 1)];
    const bool is_first_layer = v->kernel_w == 7 && v->stride == 2;
    const int32_t in_c = harness_between(random, 1, is_first_layer ? 4 : 40);
    const int32_t in_h = draw_axis(random, out_h, v->kernel_h, v->stride, &p->pad_top);
    const int32_t in_w = draw_axis(random, out_w, v->kernel_w, v->stride, &p->pad_left);
    p->in = harness_tensor(random, n, in_c, in_h, in_w, is_first_layer ? 1 : v->block);
    p->out = harness_tensor(random, n, v->out_c, out_h, out_w, v->block);
    if (p->has_residual) p->residual = harness_tensor(random, n, v->out_c, out_h, out_w, v->block);
    if (harness_chance(random, 0.3)) p->linear_channels = harness_between(random, 0, v->out_c / v->block) * v->block;
    problem->given = v->weights == CLADE_FLOAT32 && harness_chance(random, 0.4);
    p->weight_turned = harness_chance(random, 0.3);
}

static void every_transform_agrees_with_double_precision(void **state) {
    harness_check(*state, &(harness_operator){.kind = OPS_CONV2D,
                                              .draw = draw,
                                              .reference = harness_reference_conv2d,
                                              .describe = harness_describe_conv2d,
                                              .approximate = true});
}

/* ---- Single layers ---------------------------------------------------------------------------------------------------------------- */

static ops_tensor dense(int32_t n, int32_t c, int32_t h, int32_t w, int32_t block) {
    ops_tensor tensor = {.n = n, .c = c, .h = h, .w = w, .block = block};
    tensor.batch_stride = ops_image_elements(&tensor);
    return tensor;
}

/* An image that keeps its size. */
static ops_problem layer(int32_t size, int32_t in_c, int32_t out_c, int32_t kernel_h, int32_t kernel_w, int32_t block) {
    return (ops_problem){.kind = OPS_CONV2D,
                         .conv2d = {.in = dense(1, in_c, size, size, block),
                                    .out = dense(1, out_c, size, size, block),
                                    .kernel_h = kernel_h,
                                    .kernel_w = kernel_w,
                                    .stride_h = 1,
                                    .stride_w = 1,
                                    .dilation_h = 1,
                                    .dilation_w = 1,
                                    .pad_top = kernel_h / 2,
                                    .pad_left = kernel_w / 2,
                                    .groups = 1}};
}

/* The same output from an image twice as large, which is plain when it is for a first layer. */
static void halve(ops_problem *problem, bool is_first_layer) {
    ops_conv2d *p = &problem->conv2d;
    p->stride_h = p->stride_w = 2;
    p->in = dense(1, is_first_layer ? 3 : p->in.c, 2 * p->in.h, 2 * p->in.w, is_first_layer ? 1 : p->in.block);
}

static const ops_candidate *candidate_of(const char *name) {
    const ops_candidate *candidate = ops_find_candidate(OPS_CONV2D, name, strlen(name));
    if (!candidate) fail_msg("there is no candidate %s", name);
    return candidate;
}

typedef struct data {
    harness_sizes sizes;
    float *in, *weight, *output;
    harness_expected expected;
} data;

static data make_data(const ops_problem *problem) {
    harness_random random = {.state = 17};
    data d = {.sizes = harness_count(problem)};
    d.in = malloc((size_t)d.sizes.inputs[0] * sizeof *d.in);
    d.weight = malloc((size_t)d.sizes.parameters[OPS_WEIGHT] * sizeof *d.weight);
    d.output = malloc((size_t)d.sizes.output * sizeof *d.output);
    d.expected.values = calloc((size_t)d.sizes.output, sizeof(double));
    d.expected.bounds = calloc((size_t)d.sizes.output, sizeof(double));
    for (int64_t i = 0; i < d.sizes.inputs[0]; i++) d.in[i] = harness_float(&random, -1.0f, 1.0f);
    for (int64_t i = 0; i < d.sizes.parameters[OPS_WEIGHT]; i++) d.weight[i] = harness_float(&random, -1.0f, 1.0f);
    reference_conv2d(&problem->conv2d, d.in, d.weight, NULL, NULL, d.expected.values, d.expected.bounds);
    return d;
}

static void free_data(data *d) {
    free(d->in);
    free(d->weight);
    free(d->output);
    free(d->expected.values);
    free(d->expected.bounds);
}

static void run(harness *h, const ops_problem *problem, const char *name, const data *d) {
    const harness_run_settings settings = {
        .problem = problem, .candidate = candidate_of(name), .inputs = {d->in}, .parameters = {d->weight}};
    h->device.type = CLADE_DEVICE_CPU;
    h->device.float_width = (uint32_t)problem->conv2d.out.block;
    assert_true(settings.candidate->applicable(problem, &h->device));
    bool fine = harness_run(h, &settings, d->output);
    h->device = *rt_context_device(h->context);
    if (!fine) fail_msg("%s: %s", name, h->fault);
}

/* Networks must stay within 1e-4 of the largest output, so a layer must stay well below. */
static void errors_are_no_larger_than_measured(void **state) {
    static const struct {
        const char *name;
        int32_t kernel_h, kernel_w;
        double limit; /* of the largest error over the largest result: twice what was measured */
    } rows[] = {
        {"winograd_2x2_3x3", 3, 3, 1e-6},
        {"winograd_4x4_3x3", 3, 3, 4e-6},
        {"winograd_2x2_5x5", 5, 5, 4e-6},
        {"winograd_2_3", 1, 3, 1e-6},
        {"winograd_4_3", 3, 1, 2e-6},
        {"winograd_4_7", 1, 7, 1e-5},
        {"winograd_6_7", 7, 1, 3e-5},
        {"winograd_2x2_3x3_s2", 3, 3, 1e-6},
        {"winograd_3x3_3x3_s2", 3, 3, 1e-6},
        {"winograd_4x4_7x7_s2", 7, 7, 4e-6},
        {"winograd_staged_4x4_3x3", 3, 3, 4e-6},
        {"winograd_staged_2x2_5x5", 5, 5, 4e-6},
        {"winograd_staged_4_3", 3, 1, 2e-6},
        {"winograd_staged_6_7", 7, 1, 3e-5},
        {"winograd_staged_3x3_3x3_s2", 3, 3, 1e-6},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        ops_problem problem = layer(17, 128, 16, rows[i].kernel_h, rows[i].kernel_w, 16);
        if (strstr(rows[i].name, "_s2")) halve(&problem, rows[i].kernel_h == 7);
        data d = make_data(&problem);
        run(*state, &problem, rows[i].name, &d);
        double error = 0.0, largest = 0.0;
        for (int64_t k = 0; k < d.sizes.output; k++) {
            error = fmax(error, fabs(d.output[k] - d.expected.values[k]));
            largest = fmax(largest, fabs(d.expected.values[k]));
        }
        print_message("%s: largest error %.2g of the largest result\n", rows[i].name, error / largest);
        assert_true(error <= rows[i].limit * largest);
        free_data(&d);
    }
}

/* F(4 x 4, 3 x 3): the tile that ends at (3, 3) reads the inputs up to (4, 4). */
static void nan_stays_in_the_tiles_that_read_it(void **state) {
    const ops_problem problem = layer(12, 16, 16, 3, 3, 16);
    data d = make_data(&problem);
    d.in[0] = NAN;
    run(*state, &problem, "winograd_4x4_3x3", &d);
    const float growth = ((harness *)*state)->error_growth;
    for (int64_t i = 0; i < d.sizes.output; i++) {
        const int64_t x = i % 12, y = i / 12 % 12;
        if (x < 2 && y < 2) assert_true(isnan(d.output[i]));
        if (x >= 4 || y >= 4) assert_true(fabs(d.output[i] - d.expected.values[i]) <= growth * d.expected.bounds[i]);
    }
    free_data(&d);
}

/* ---- Choice ----------------------------------------------------------------------------------------------------------------------- */

static void expect_choice(const ops_problem *problem, const rt_device *device, const char *name) {
    static ops_recipe recipe;
    assert_int_equal(ops_select(NULL, problem, device, NULL, &recipe), CLADE_OK);
    assert_string_equal(recipe.candidate, name);
}

static void the_choice_weighs_products_against_weights(void **state) {
    (void)state;
    rt_device cpu = {.type = CLADE_DEVICE_CPU,
                     .compute_units = 2,
                     .clock_mhz = 3000,
                     .float_width = 16,
                     .global_memory = 1u << 30,
                     .local_memory = 1u << 20,
                     .largest_allocation = 1u << 28,
                     .max_work_group = 4096,
                     .max_work_items = {4096, 4096, 4096}};
    const ops_problem large = layer(56, 64, 192, 3, 3, 16), small = layer(7, 192, 384, 3, 3, 16);
    expect_choice(&large, &cpu, "conv2d.winograd_4x4_3x3");
    expect_choice(&small, &cpu, "conv2d.winograd_2x2_3x3"); /* 4 x 4 takes four times the weights of direct */
    const ops_problem row = layer(17, 192, 224, 1, 7, 16);
    expect_choice(&row, &cpu, "conv2d.winograd_6_7");
    ops_problem first = layer(112, 3, 64, 7, 7, 16), reduction = layer(73, 64, 96, 3, 3, 16);
    halve(&first, true);
    halve(&reduction, false);
    expect_choice(&first, &cpu, "conv2d.winograd_4x4_7x7_s2");
    expect_choice(&reduction, &cpu, "conv2d.winograd_3x3_3x3_s2");
    const ops_problem pointwise = layer(28, 192, 64, 1, 1, 16);
    expect_choice(&pointwise, &cpu, "conv2d.direct");
    cpu.local_memory = 1u << 12; /* too little for the transformed inputs of a tile: they go through the workspace */
    expect_choice(&large, &cpu, "conv2d.winograd_staged_4x4_3x3");
    expect_choice(&row, &cpu, "conv2d.winograd_staged_6_7");
    cpu.largest_allocation = 1u << 16; /* nor there */
    expect_choice(&large, &cpu, "conv2d.direct");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_transform_agrees_with_double_precision),
        cmocka_unit_test(errors_are_no_larger_than_measured),
        cmocka_unit_test(nan_stays_in_the_tiles_that_read_it),
        cmocka_unit_test(the_choice_weighs_products_against_weights),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}
