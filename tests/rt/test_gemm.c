/* Matrix products by CLBlast against double precision. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Deterministic, in [-1, 1). */
static float value_at(uint64_t seed, size_t i) {
    uint64_t x = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + (i + 1) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 31) * UINT64_C(0x94d049bb133111eb);
    return (float)((double)(x >> 40) / (double)(1 << 23) - 1.0);
}

typedef struct problem {
    rt_gemm gemm;
    uint64_t offset_a, offset_b, offset_c; /* elements */
    uint64_t workspace_offset;             /* in units of the device's alignment */
} problem;

static size_t elements(uint64_t offset, int64_t rows, int64_t lead) { return (size_t)offset + (size_t)(rows * lead); }

static void check_product(support_runtime *runtime, rt_queue *queue, const problem *p) {
    const rt_gemm *g = &p->gemm;
    const size_t count_a = elements(p->offset_a, g->transpose_a ? g->k : g->m, g->lead_a);
    const size_t count_b = elements(p->offset_b, g->transpose_b ? g->n : g->k, g->lead_b);
    const size_t count_c = elements(p->offset_c, g->m, g->lead_c) + 16;
    const uint64_t workspace_offset = p->workspace_offset * rt_context_device(runtime->rt)->alignment;
    float *a = malloc(count_a * sizeof *a), *b = malloc(count_b * sizeof *b), *c = malloc(count_c * sizeof *c);
    for (size_t i = 0; i < count_a; i++) a[i] = value_at(1, i);
    for (size_t i = 0; i < count_b; i++) b[i] = value_at(2, i);
    for (size_t i = 0; i < count_c; i++) c[i] = NAN; /* what was there must not count */
    rt_buffer *memory_a = NULL, *memory_b = NULL, *memory_c = NULL, *workspace = NULL;
    uint64_t bytes = 0;
    assert_int_equal(rt_gemm_workspace(runtime->rt, g, &bytes), CLADE_OK);
    assert_int_equal(rt_buffer_create(runtime->rt, count_a * sizeof *a, "a", &memory_a), CLADE_OK);
    assert_int_equal(rt_buffer_create(runtime->rt, count_b * sizeof *b, "b", &memory_b), CLADE_OK);
    assert_int_equal(rt_buffer_create(runtime->rt, count_c * sizeof *c, "c", &memory_c), CLADE_OK);
    if (bytes > 0)
        assert_int_equal(rt_buffer_create(runtime->rt, workspace_offset + bytes, "workspace", &workspace), CLADE_OK);
    assert_int_equal(rt_write(queue, memory_a, 0, a, count_a * sizeof *a), CLADE_OK);
    assert_int_equal(rt_write(queue, memory_b, 0, b, count_b * sizeof *b), CLADE_OK);
    assert_int_equal(rt_write(queue, memory_c, 0, c, count_c * sizeof *c), CLADE_OK);
    for (int run = 0; run < 2; run++)
        assert_int_equal(rt_gemm_run(queue, g, rt_buffer_handle(memory_a), p->offset_a, rt_buffer_handle(memory_b),
                                     p->offset_b, rt_buffer_handle(memory_c), p->offset_c,
                                     workspace ? rt_buffer_handle(workspace) : NULL, workspace ? workspace_offset : 0),
                         CLADE_OK);
    assert_int_equal(rt_read(queue, memory_c, 0, c, count_c * sizeof *c), CLADE_OK);
    assert_int_equal(rt_queue_finish(queue), CLADE_OK);
    /* Large products are checked at every seventh row and column only; what lies between the rows stays as it was. */
    const int64_t step = g->m * g->n * g->k > (1 << 24) ? 7 : 1;
    for (size_t i = 0; i < count_c; i++) {
        const int64_t at = (int64_t)i - (int64_t)p->offset_c, row = at < 0 ? -1 : at / g->lead_c,
                      column = at < 0 ? 0 : at % g->lead_c;
        if (row < 0 || row >= g->m || column >= g->n) {
            assert_true(isnan(c[i]));
            continue;
        }
        if (row % step || column % step) continue;
        double sum = 0, magnitude = 0;
        for (int64_t k = 0; k < g->k; k++) {
            const float x = a[(int64_t)p->offset_a + (g->transpose_a ? k * g->lead_a + row : row * g->lead_a + k)];
            const float y =
                b[(int64_t)p->offset_b + (g->transpose_b ? column * g->lead_b + k : k * g->lead_b + column)];
            sum += (double)x * (double)y;
            magnitude += fabs((double)x * (double)y);
        }
        assert_true(fabs((double)c[i] - sum) <= 2.0 * (double)g->k * 0x1p-24 * magnitude);
    }
    rt_buffer_destroy(&workspace);
    rt_buffer_destroy(&memory_c);
    rt_buffer_destroy(&memory_b);
    rt_buffer_destroy(&memory_a);
    free(a);
    free(b);
    free(c);
}

static void products_are_right_on(support_runtime *runtime, rt_queue *queue) {
    const problem problems[] = {
        {{false, false, 1, 1, 1, 1, 1, 1}, 0, 0, 0, 0},
        {{false, false, 7, 13, 5, 5, 13, 13}, 0, 0, 0, 0},
        {{true, false, 33, 65, 17, 33, 65, 65}, 5, 0, 7, 0},
        {{false, true, 64, 32, 128, 128, 128, 32}, 0, 3, 0, 0},
        {{true, true, 31, 33, 30, 40, 50, 60}, 1, 2, 3, 0},
        {{false, true, 1, 1000, 256, 256, 256, 1000}, 0, 0, 0, 0},  /* a fully connected layer, batch 1 */
        {{false, false, 960, 896, 900, 900, 896, 896}, 0, 0, 0, 3}, /* large enough for CLBlast's indirect kernel */
        {{true, true, 901, 899, 903, 910, 903, 900}, 3, 1, 9, 5},
    };
    for (size_t i = 0; i < BASE_COUNT(problems); i++) check_product(runtime, queue, &problems[i]);
}

static void products_are_right_whatever_the_transposition_and_offset(void **state) {
    support_runtime *runtime = *state;
    rt_queue *queue = NULL;
    assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
    products_are_right_on(runtime, queue);
    rt_queue_destroy(&queue);
}

static void the_order_holds_on_a_queue_without_one(void **state) {
    support_runtime *runtime = *state;
    cl_int code = CL_SUCCESS;
    cl_command_queue handle = clCreateCommandQueue(runtime->rt->context, runtime->rt->device_id,
                                                   CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, &code);
    if (code != CL_SUCCESS) skip();
    rt_queue *queue = NULL;
    assert_int_equal(rt_queue_create(runtime->rt, handle, &queue), CLADE_OK);
    products_are_right_on(runtime, queue);
    rt_queue_destroy(&queue);
    clReleaseCommandQueue(handle);
}

static void sizes_that_clblast_cannot_count_are_refused(void **state) {
    support_runtime *runtime = *state;
    const rt_gemm refused[] = {
        {false, false, 0, 4, 4, 4, 4, 4},
        {false, false, 4, 4, 0, 4, 4, 4},
        {false, false, 4, 4, INT64_C(1) << 31, INT64_C(1) << 31, 4, 4},
        {false, false, 4, 4, 4, 3, 4, 4},
        {true, false, 5, 4, 4, 4, 4, 4},
        {false, true, 4, 4, 5, 5, 4, 4},
        {false, false, 4, 4, 4, 4, 4, 3},
    };
    for (size_t i = 0; i < BASE_COUNT(refused); i++) {
        uint64_t bytes = 1;
        support_expect_failure(runtime->env, CLADE_ERROR_UNSUPPORTED,
                               rt_gemm_workspace(runtime->rt, &refused[i], &bytes), "failed to multiply matrices");
        assert_int_equal(bytes, 0);
    }
    rt_queue *queue = NULL;
    const rt_gemm gemm = {false, false, 4, 4, 4, 4, 4, 4};
    assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
    support_expect_failure(runtime->env, CLADE_ERROR_UNSUPPORTED,
                           rt_gemm_run(queue, &gemm, NULL, UINT64_C(1) << 31, NULL, 0, NULL, 0, NULL, 0), "offsets");
    rt_queue_destroy(&queue);
}

static void operands_that_are_too_small_are_an_error(void **state) {
    support_runtime *runtime = *state;
    rt_queue *queue = NULL;
    rt_buffer *buffer = NULL;
    const rt_gemm gemm = {false, false, 64, 64, 64, 64, 64, 64};
    uint64_t bytes = 0;
    assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
    assert_int_equal(rt_gemm_workspace(runtime->rt, &gemm, &bytes), CLADE_OK);
    assert_int_equal(rt_buffer_create(runtime->rt, 64, "all", &buffer), CLADE_OK);
    void *handle = rt_buffer_handle(buffer);
    support_expect_failure(runtime->env, CLADE_ERROR_OPENCL,
                           rt_gemm_run(queue, &gemm, handle, 0, handle, 0, handle, 0, NULL, 0),
                           "64 x 64 x 64: CLBlastSgemmWithTempBuffer gave");
    rt_buffer_destroy(&buffer);
    rt_queue_destroy(&queue);
}

typedef struct multiplier {
    pthread_t thread;
    support_runtime *runtime;
    bool right;
} multiplier;

static void *multiply_ones(void *user) {
    multiplier *self = user;
    rt_queue *queue = NULL;
    rt_buffer *ones = NULL, *c = NULL;
    float values[48 * 48];
    uint64_t bytes = 0;
    for (size_t i = 0; i < BASE_COUNT(values); i++) values[i] = 1;
    const rt_gemm gemm = {false, true, 48, 48, 48, 48, 48, 48};
    self->right = rt_queue_create(self->runtime->rt, NULL, &queue) == CLADE_OK &&
                  rt_gemm_workspace(self->runtime->rt, &gemm, &bytes) == CLADE_OK &&
                  rt_buffer_create(self->runtime->rt, sizeof values, "ones", &ones) == CLADE_OK &&
                  rt_buffer_create(self->runtime->rt, sizeof values, "c", &c) == CLADE_OK &&
                  rt_write(queue, ones, 0, values, sizeof values) == CLADE_OK;
    for (int i = 0; i < 5 && self->right; i++)
        self->right = rt_gemm_run(queue, &gemm, rt_buffer_handle(ones), 0, rt_buffer_handle(ones), 0,
                                  rt_buffer_handle(c), 0, NULL, 0) == CLADE_OK;
    self->right =
        self->right && rt_read(queue, c, 0, values, sizeof values) == CLADE_OK && rt_queue_finish(queue) == CLADE_OK;
    for (size_t i = 0; i < BASE_COUNT(values) && self->right; i++) self->right = values[i] == 48;
    rt_buffer_destroy(&c);
    rt_buffer_destroy(&ones);
    rt_queue_destroy(&queue);
    return NULL;
}

/* Two contexts, whose first calls of CLBlast come together (CLBlast#486). */
static void threads_may_multiply_at_once(void **state) {
    (void)state;
    if (!support_survives_threads()) skip();
    enum { THREADS = 4 };
    multiplier multipliers[THREADS];
    support_runtime *runtimes[2] = {support_open(NULL), support_open(NULL)};
    for (int i = 0; i < THREADS; i++) {
        multipliers[i] = (multiplier){.runtime = runtimes[i % 2]};
        assert_int_equal(pthread_create(&multipliers[i].thread, NULL, multiply_ones, &multipliers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(multipliers[i].thread, NULL);
        assert_true(multipliers[i].right);
    }
    support_close(&runtimes[0]);
    support_close(&runtimes[1]);
}

static int open_runtime(void **state) {
    support_runtime *runtime = support_open(NULL);
    *state = runtime;
    return 0;
}

static int close_runtime(void **state) {
    support_runtime *runtime = *state;
    support_close(&runtime);
    return 0;
}

static void a_device_without_clblast_says_so(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    runtime->rt->device.has_gemm = false;
    uint64_t bytes = 0;
    const rt_gemm gemm = {false, false, 4, 4, 4, 4, 4, 4};
    support_expect_failure(runtime->env, CLADE_ERROR_UNSUPPORTED, rt_gemm_workspace(runtime->rt, &gemm, &bytes),
                           "does not work on");
    support_close(&runtime);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_without_clblast_says_so),
        cmocka_unit_test(threads_may_multiply_at_once),
        cmocka_unit_test_setup_teardown(products_are_right_whatever_the_transposition_and_offset, open_runtime,
                                        close_runtime),
        cmocka_unit_test_setup_teardown(the_order_holds_on_a_queue_without_one, open_runtime, close_runtime),
        cmocka_unit_test_setup_teardown(sizes_that_clblast_cannot_count_are_refused, open_runtime, close_runtime),
        cmocka_unit_test_setup_teardown(operands_that_are_too_small_are_an_error, open_runtime, close_runtime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
