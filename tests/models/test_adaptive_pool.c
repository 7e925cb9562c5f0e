/* Adaptive average pooling against its definition in double precision, for windows that are alike, that differ, that overlap, and
 * that are fewer pixels than there are results. */
#include "models/builder.h"
#include "models/context.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

enum { IMAGES = 2, CHANNELS = 5 };

static clade_status run(clade_context *context, int height, int width, int size, float *input, float *output) {
    models_builder b = {.context = context};
    const clade_shape image = {4, {CLADE_BATCH, CHANNELS, height, width}};
    clade_tensor x = {-1};
    clade_plan *plan = NULL;
    clade_session *session = NULL;
    assert_int_equal(clade_graph_create(context, &b.graph), CLADE_OK);
    assert_int_equal(clade_graph_input(b.graph, "input", image, &x), CLADE_OK);
    x = models_adaptive_pool(&b, "pool", x, size);
    assert_int_equal(b.status, CLADE_OK);
    assert_int_equal(clade_graph_output(b.graph, x, "output"), CLADE_OK);

    const clade_plan_settings settings = {.batch = IMAGES, .disabled_passes = CLADE_PASS_NETWORK}; /* compiles faster */
    clade_status status = clade_plan_create(b.graph, &settings, &plan);
    if (status == CLADE_OK) status = clade_session_create(plan, &session);
    const size_t planes = (size_t)IMAGES * CHANNELS;
    const clade_buffer in = {"input", input, planes * (size_t)(height * width) * sizeof(float)};
    const clade_buffer out = {"output", output, planes * (size_t)(size * size) * sizeof(float)};
    if (status == CLADE_OK) status = clade_run(session, &in, 1, &out, 1);
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    clade_graph_destroy(&b.graph);
    return status;
}

/* The mean of rows [floor(i h / size), ceil((i + 1) h / size)) and columns likewise, as PyTorch documents it. */
static double expected(const float *plane, int height, int width, int size, int i, int k) {
    const int top = i * height / size, bottom = ((i + 1) * height + size - 1) / size;
    const int left = k * width / size, right = ((k + 1) * width + size - 1) / size;
    double sum = 0.0;
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) sum += plane[y * width + x];
    return sum / ((bottom - top) * (right - left));
}

static void windows_are_those_of_the_definition(void **state) {
    static const struct {
        int height, width, size;
    } cases[] = {{14, 14, 4}, {12, 12, 4}, {12, 8, 4}, {7, 13, 6}, {1, 1, 6}, {3, 5, 7}, {7, 7, 7}};
    for (size_t c = 0; c < BASE_COUNT(cases); c++) {
        const int height = cases[c].height, width = cases[c].width, size = cases[c].size;
        const int planes = IMAGES * CHANNELS;
        const size_t input_size = (size_t)planes * height * width, output_size = (size_t)planes * size * size;
        float *input = calloc(input_size, sizeof *input);
        float *output = calloc(output_size, sizeof *output);
        assert_true(input && output);
        clade_fill_input("input", input, input_size);
        assert_int_equal(run(*state, height, width, size, input, output), CLADE_OK);
        for (int p = 0; p < planes; p++)
            for (int i = 0; i < size; i++)
                for (int k = 0; k < size; k++) {
                    const double wanted = expected(input + p * height * width, height, width, size, i, k);
                    const float found = output[(p * size + i) * size + k];
                    if (!(fabs(found - wanted) <= 1e-6))
                        fail_msg("%dx%d to %d: plane %d, (%d, %d) is %.9g instead of %.9g", height, width, size, p, i,
                                 k, (double)found, wanted);
                }
        free(input);
        free(output);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(windows_are_those_of_the_definition)};
    return cmocka_run_group_tests_name("models.adaptive_pool", tests, context_open, context_close);
}
