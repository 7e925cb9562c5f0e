/* test_trainer.c: a trainer's steps, on a small branching network with an auxiliary classifier: what a step does to parameters and running
 * statistics, that its parts are the whole and its bits the same again, that losses are those of their definition, and what is
 * refused. That gradients are right is tests/api/test_gradients.c. */
#include "shared/random.h"

#include <clade/train.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BATCH = 4, CHANNELS = 3, SIDE = 8, CLASSES = 5, PIXELS = CHANNELS * SIDE * SIDE };

static clade_context *context;

static int set_up(void **state) {
    (void)state;
    return clade_context_create(NULL, &context) == CLADE_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    clade_context_destroy(&context);
    return 0;
}

static const char *message(void) {
    static char text[512];
    clade_context_message(context, text, sizeof text);
    return text;
}

#define REQUIRE(call)                                                                                                  \
    do {                                                                                                               \
        if ((call) != CLADE_OK) fail_msg("%s", message());                                                             \
    } while (0)

/* ---- A network ------------------------------------------------------------------------------------------------------------------ */

typedef struct parts {
    bool norm, dropout;
} parts;

static clade_tensor convolve(clade_graph *graph, clade_tensor x, const char *name, int32_t size) {
    const clade_conv2d_settings s = {.name = name,
                                     .channels = 8,
                                     .kernel = {size, size},
                                     .padding = {size / 2, size / 2, size / 2, size / 2},
                                     .activation = CLADE_TANH};
    REQUIRE(clade_graph_conv2d(graph, x, &s, &x));
    return x;
}

static void classify(clade_graph *graph, clade_tensor x, const char *name) {
    REQUIRE(clade_graph_pool(graph, x, &(clade_pool_settings){.kind = CLADE_POOL_AVERAGE, .kernel = {4, 4}}, &x));
    REQUIRE(clade_graph_linear(graph, x, &(clade_linear_settings){.name = name, .features = CLASSES}, &x));
    REQUIRE(clade_graph_output(graph, x, name));
}

static clade_graph *make_network(parts has) {
    clade_graph *graph = NULL;
    clade_tensor x, branches[2];
    REQUIRE(clade_graph_create(context, &graph));
    REQUIRE(clade_graph_input(graph, "images", (clade_shape){4, {CLADE_BATCH, CHANNELS, SIDE, SIDE}}, &x));
    x = convolve(graph, x, "first", 3);
    if (has.norm) REQUIRE(clade_graph_batch_norm(graph, x, &(clade_batch_norm_settings){.name = "norm"}, &x));
    branches[0] = convolve(graph, x, "left", 1);
    branches[1] = convolve(graph, x, "right", 3);
    REQUIRE(clade_graph_concat(graph, branches, 2, NULL, &x));
    if (has.dropout) REQUIRE(clade_graph_dropout(graph, x, &(clade_dropout_settings){.rate = 0.4f}, &x));
    classify(graph, x, "main");
    classify(graph, branches[1], "aux");
    REQUIRE(clade_graph_initialize(graph, NULL));
    return graph;
}

static clade_trainer *make_trainer(parts has, const clade_trainer_settings *settings) {
    clade_graph *graph = make_network(has);
    clade_trainer *trainer = NULL;
    REQUIRE(clade_trainer_create(graph, settings, &trainer));
    clade_graph_destroy(&graph);
    return trainer;
}

/* ---- A batch -------------------------------------------------------------------------------------------------------------------- */

typedef struct batch {
    float images[BATCH * PIXELS];
    int32_t labels[BATCH];
} batch;

static batch random_batch(uint64_t seed) {
    batch b;
    for (int i = 0; i < BATCH * PIXELS; i++) b.images[i] = 2 * random_unit(&seed) - 1;
    for (int i = 0; i < BATCH; i++) b.labels[i] = (int32_t)(random_unit(&seed) * CLASSES) % CLASSES;
    return b;
}

static clade_buffer images_of(batch *b) { return (clade_buffer){"images", b->images, sizeof b->images}; }

static clade_status step(clade_trainer *trainer, batch *b, float rate, clade_step_result *result) {
    const clade_buffer images = images_of(b);
    return clade_trainer_step(trainer, &images, 1, b->labels, rate, result);
}

static void go_forward_and_back(clade_trainer *trainer, batch *b) {
    const clade_buffer images = images_of(b);
    REQUIRE(clade_trainer_forward(trainer, &images, 1, b->labels, NULL));
    REQUIRE(clade_trainer_backward(trainer));
}

/* All parameters of the network, and how many elements each has. */
static const struct {
    const char *name;
    size_t count;
} parameters[] = {{"first.weight", 216}, {"first.bias", 8}, {"left.weight", 64},  {"left.bias", 8},
                  {"right.weight", 576}, {"right.bias", 8}, {"main.weight", 320}, {"main.bias", 5},
                  {"aux.weight", 160},   {"aux.bias", 5}};
enum { PARAMETERS = sizeof parameters / sizeof parameters[0], MOST = 576 };

static void read_all(clade_trainer *trainer, clade_trainer_value what, float values[PARAMETERS][MOST]) {
    for (int i = 0; i < PARAMETERS; i++)
        REQUIRE(clade_trainer_read(trainer, what, parameters[i].name, values[i], parameters[i].count));
}

/* ---- Steps ---------------------------------------------------------------------------------------------------------------------- */

static void a_step_takes_the_gradient_times_the_rate_from_each_parameter(void **state) {
    static float before[PARAMETERS][MOST], gradient[PARAMETERS][MOST], after[PARAMETERS][MOST];
    clade_trainer *trainer = make_trainer((parts){false, false}, &(clade_trainer_settings){.batch = BATCH});
    batch b = random_batch(1);
    (void)state;
    go_forward_and_back(trainer, &b);
    read_all(trainer, CLADE_TRAINER_PARAMETER, before);
    read_all(trainer, CLADE_TRAINER_GRADIENT, gradient);
    REQUIRE(clade_trainer_update(trainer, 0.5f));
    assert_int_equal(clade_trainer_steps(trainer), 1);
    read_all(trainer, CLADE_TRAINER_PARAMETER, after);
    for (int i = 0; i < PARAMETERS; i++) {
        double largest = 0;
        for (size_t k = 0; k < parameters[i].count; k++) {
            largest = fmax(largest, fabs((double)gradient[i][k]));
            assert_float_equal(after[i][k], before[i][k] - 0.5f * gradient[i][k], 1e-6f);
        }
        assert_true(largest > 1e-6); /* every parameter learns */
    }
    clade_trainer_destroy(&trainer);
}

static void the_parts_of_a_step_are_the_step(void **state) {
    static float whole[PARAMETERS][MOST], in_parts[PARAMETERS][MOST];
    const clade_trainer_settings settings = {.batch = BATCH, .optimizer = {.kind = CLADE_OPTIMIZER_ADAM}, .seed = 7};
    clade_trainer *one = make_trainer((parts){true, true}, &settings),
                  *other = make_trainer((parts){true, true}, &settings);
    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        batch b = random_batch(i);
        REQUIRE(step(one, &b, 0.01f, NULL));
        go_forward_and_back(other, &b);
        REQUIRE(clade_trainer_update(other, 0.01f));
    }
    read_all(one, CLADE_TRAINER_PARAMETER, whole);
    read_all(other, CLADE_TRAINER_PARAMETER, in_parts);
    assert_memory_equal(whole, in_parts, sizeof whole);
    clade_trainer_destroy(&one);
    clade_trainer_destroy(&other);
}

static void dropout_follows_from_the_seed_and_the_step(void **state) {
    clade_step_result results[4];
    const uint64_t seeds[4] = {1, 1, 2, 1};
    batch b = random_batch(3);
    (void)state;
    for (int i = 0; i < 4; i++) {
        clade_trainer *trainer =
            make_trainer((parts){false, true}, &(clade_trainer_settings){.batch = BATCH, .seed = seeds[i]});
        if (i == 3) REQUIRE(step(trainer, &b, 0, NULL)); /* changes nothing but the number of the step */
        REQUIRE(step(trainer, &b, 0, &results[i]));
        clade_trainer_destroy(&trainer);
    }
    assert_true(results[0].loss == results[1].loss);
    assert_true(results[0].loss != results[2].loss);
    assert_true(results[0].loss != results[3].loss);
}

static void halves_of_a_batch_average_to_its_gradient(void **state) {
    static float whole[PARAMETERS][MOST], first[PARAMETERS][MOST], second[PARAMETERS][MOST];
    clade_trainer *trainer = make_trainer((parts){false, false}, &(clade_trainer_settings){.batch = BATCH});
    clade_trainer *half = make_trainer((parts){false, false}, &(clade_trainer_settings){.batch = BATCH / 2});
    batch b = random_batch(5);
    (void)state;
    go_forward_and_back(trainer, &b);
    read_all(trainer, CLADE_TRAINER_GRADIENT, whole);
    for (int i = 0; i < 2; i++) {
        const clade_buffer images = {"images", b.images + i * BATCH / 2 * PIXELS, sizeof b.images / 2};
        REQUIRE(clade_trainer_forward(half, &images, 1, b.labels + i * BATCH / 2, NULL));
        REQUIRE(clade_trainer_backward(half));
        read_all(half, CLADE_TRAINER_GRADIENT, i == 0 ? first : second);
    }
    for (int i = 0; i < PARAMETERS; i++)
        for (size_t k = 0; k < parameters[i].count; k++)
            assert_float_equal(whole[i][k], (first[i][k] + second[i][k]) / 2, 1e-5f);
    clade_trainer_destroy(&trainer);
    clade_trainer_destroy(&half);
}

static void a_network_learns_a_few_images_by_heart(void **state) {
    const clade_trainer_settings settings = {
        .batch = BATCH, .optimizer = {.kind = CLADE_OPTIMIZER_ADAM}, .label_smoothing = 0.01f};
    clade_trainer *trainer = make_trainer((parts){true, false}, &settings);
    clade_step_result result = {0};
    double first = 0, last = 0;
    size_t correct = 0;
    (void)state;
    for (uint64_t i = 0; i < 160; i++) {
        batch b = random_batch(100 + i % 4);
        REQUIRE(step(trainer, &b, 0.01f, &result));
        assert_int_equal(result.step, i);
        if (i < 4) first += result.main_loss;
        if (i >= 156) last += result.main_loss;
        if (i >= 156) correct += result.correct;
    }
    assert_true(first > 4 * 1.0 && last < 0.25 * first);
    assert_int_equal(correct, 4 * BATCH);
    clade_trainer_destroy(&trainer);
}

/* ---- Losses ---------------------------------------------------------------------------------------------------------------------- */

/* The mean of the rows' cross-entropies, in double precision. */
static double cross_entropy(const float *logits, const int32_t *labels, double smoothing) {
    double sum = 0;
    for (int i = 0; i < BATCH; i++) {
        double total = 0;
        for (int c = 0; c < CLASSES; c++) total += exp((double)logits[i * CLASSES + c]);
        for (int c = 0; c < CLASSES; c++) {
            const double target = (c == labels[i] ? 1 - smoothing : 0) + smoothing / CLASSES;
            sum -= target * ((double)logits[i * CLASSES + c] - log(total)) / BATCH;
        }
    }
    return sum;
}

/* What the network computes for a batch, as compiled for inference. */
static void infer(const clade_graph *graph, batch *b, float *main, float *aux) {
    clade_plan *plan = NULL;
    clade_session *session = NULL;
    const clade_buffer images = images_of(b);
    const clade_buffer outputs[2] = {{"main", main, BATCH * CLASSES * sizeof(float)},
                                     {"aux", aux, BATCH * CLASSES * sizeof(float)}};
    REQUIRE(clade_plan_create(graph, &(clade_plan_settings){.batch = BATCH}, &plan));
    REQUIRE(clade_session_create(plan, &session));
    REQUIRE(clade_run(session, &images, 1, outputs, 2));
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
}

static void losses_are_those_of_what_the_exported_network_computes(void **state) {
    const clade_trainer_settings settings = {.batch = BATCH, .label_smoothing = 0.1f};
    clade_graph *graph = make_network((parts){false, false});
    clade_trainer *trainer = NULL;
    clade_step_result result;
    float main[BATCH * CLASSES], aux[BATCH * CLASSES];
    batch b = random_batch(11);
    (void)state;
    REQUIRE(clade_trainer_create(graph, &settings, &trainer));
    for (int i = 0; i < 5; i++) REQUIRE(step(trainer, &b, 0.3f, NULL));
    REQUIRE(clade_trainer_export(trainer, graph, false));
    REQUIRE(step(trainer, &b, 0, &result));
    infer(graph, &b, main, aux);
    const double expected = cross_entropy(main, b.labels, 0.1), auxiliary = cross_entropy(aux, b.labels, 0.1);
    size_t correct = 0;
    for (int i = 0; i < BATCH; i++) {
        int best = 0;
        for (int c = 1; c < CLASSES; c++)
            if (main[i * CLASSES + c] > main[i * CLASSES + best]) best = c;
        correct += best == b.labels[i];
    }
    assert_float_equal((float)(result.main_loss), (float)(expected), 1e-5f);
    assert_float_equal((float)(result.loss), (float)(expected + 0.3 * auxiliary), 1e-5f);
    assert_int_equal(result.correct, correct);
    clade_trainer_destroy(&trainer);
    clade_graph_destroy(&graph);
}

/* input -> batch norm -> linear: whose statistics are the images' own. */
static void running_statistics_take_their_share_of_the_batch(void **state) {
    clade_graph *graph = NULL;
    clade_tensor x;
    clade_trainer *trainer = NULL;
    batch b = random_batch(13);
    float mean[CHANNELS], variance[CHANNELS];
    const double numbers = BATCH * SIDE * SIDE;
    (void)state;
    REQUIRE(clade_graph_create(context, &graph));
    REQUIRE(clade_graph_input(graph, "images", (clade_shape){4, {CLADE_BATCH, CHANNELS, SIDE, SIDE}}, &x));
    REQUIRE(clade_graph_batch_norm(graph, x, &(clade_batch_norm_settings){.name = "norm"}, &x));
    REQUIRE(clade_graph_linear(graph, x, &(clade_linear_settings){.name = "main", .features = CLASSES}, &x));
    REQUIRE(clade_graph_output(graph, x, NULL));
    REQUIRE(clade_graph_initialize(graph, NULL));
    REQUIRE(clade_trainer_create(graph, &(clade_trainer_settings){.batch = BATCH, .norm_momentum = 0.25f}, &trainer));
    REQUIRE(step(trainer, &b, 0.1f, NULL));
    REQUIRE(clade_trainer_read(trainer, CLADE_TRAINER_PARAMETER, "norm.running_mean", mean, CHANNELS));
    REQUIRE(clade_trainer_read(trainer, CLADE_TRAINER_PARAMETER, "norm.running_var", variance, CHANNELS));
    for (int c = 0; c < CHANNELS; c++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < BATCH; i++)
            for (int p = 0; p < SIDE * SIDE; p++) {
                const double value = (double)b.images[(i * CHANNELS + c) * SIDE * SIDE + p];
                sum += value;
                squares += value * value;
            }
        const double average = sum / numbers, unbiased = (squares - sum * average) / (numbers - 1);
        assert_float_equal((float)(mean[c]), (float)(0.25 * average), 1e-6f);                 /* began with 0 */
        assert_float_equal((float)(variance[c]), (float)(0.75 * 1 + 0.25 * unbiased), 1e-6f); /* began with 1 */
    }
    clade_trainer_destroy(&trainer);
    clade_graph_destroy(&graph);
}

/* ---- Refusals -------------------------------------------------------------------------------------------------------------------- */

static void expect(clade_status status, clade_status expected, const char *words) {
    assert_int_equal(status, expected);
    if (!strstr(message(), words)) fail_msg("\"%s\" is not in: %s", words, message());
}

static void wrong_use_is_refused(void **state) {
    clade_trainer *trainer = make_trainer((parts){false, false}, &(clade_trainer_settings){.batch = BATCH});
    batch b = random_batch(17), wrong = b;
    float values[8];
    const clade_buffer images = images_of(&b), small = {"images", b.images, 4},
                       strange = {"labels of the images", b.images, 16};
    (void)state;
    expect(clade_trainer_backward(trainer), CLADE_ERROR_INVALID_ARGUMENT, "gone forward");
    expect(clade_trainer_update(trainer, 1), CLADE_ERROR_INVALID_ARGUMENT, "no gradients");
    wrong.labels[2] = CLASSES;
    expect(step(trainer, &wrong, 1, NULL), CLADE_ERROR_INVALID_ARGUMENT, "label 5 of image 2");
    wrong.labels[2] = -1;
    expect(step(trainer, &wrong, 1, NULL), CLADE_ERROR_INVALID_ARGUMENT, "label -1");
    expect(clade_trainer_step(trainer, &small, 1, b.labels, 1, NULL), CLADE_ERROR_SHAPE, "4 bytes");
    expect(clade_trainer_step(trainer, &strange, 1, b.labels, 1, NULL), CLADE_ERROR_INVALID_ARGUMENT,
           "input of the graph");
    expect(clade_trainer_step(trainer, &images, 1, NULL, 1, NULL), CLADE_ERROR_INVALID_ARGUMENT, "labels");
    expect(clade_trainer_step(trainer, NULL, 0, b.labels, 1, NULL), CLADE_ERROR_NOT_FOUND, "1");
    expect(step(trainer, &b, NAN, NULL), CLADE_ERROR_INVALID_ARGUMENT, "learning rate");
    expect(clade_trainer_read(trainer, CLADE_TRAINER_PARAMETER, "fist.bias", values, 8), CLADE_ERROR_NOT_FOUND,
           "fist.bias");
    expect(clade_trainer_read(trainer, CLADE_TRAINER_PARAMETER, "first.bias", values, 7), CLADE_ERROR_SHAPE, "8");
    REQUIRE(step(trainer, &b, 0.1f, NULL)); /* and none of it did harm */
    clade_trainer_destroy(&trainer);
}

static void a_loss_that_is_no_number_stops_the_step_before_it_changes_anything(void **state) {
    static float before[PARAMETERS][MOST], after[PARAMETERS][MOST];
    clade_trainer *trainer = make_trainer((parts){false, false}, &(clade_trainer_settings){.batch = BATCH});
    batch b = random_batch(19), bad = b;
    (void)state;
    REQUIRE(step(trainer, &b, 0.1f, NULL));
    read_all(trainer, CLADE_TRAINER_PARAMETER, before);
    bad.images[PIXELS] = NAN;
    expect(step(trainer, &bad, 0.1f, NULL), CLADE_ERROR_NUMERIC,
           "step 1 is nan; the first numbers that are not finite are in input \"images\"");
    read_all(trainer, CLADE_TRAINER_PARAMETER, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(clade_trainer_steps(trainer), 1);
    REQUIRE(step(trainer, &b, 0.1f, NULL));
    clade_trainer_destroy(&trainer);
}

static void a_loss_that_is_no_number_is_traced_to_where_it_began(void **state) {
    static const float ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    float huge[8] = {3e38f, 3e38f, 3e38f, 3e38f, 3e38f, 3e38f, 3e38f, 3e38f}; /* finite, but not what they scale */
    clade_trainer *trainer = make_trainer((parts){true, true}, &(clade_trainer_settings){.batch = BATCH});
    batch b = random_batch(23);
    (void)state;
    REQUIRE(clade_trainer_write(trainer, CLADE_TRAINER_PARAMETER, "norm.weight", huge, 8));
    expect(step(trainer, &b, 0.1f, NULL), CLADE_ERROR_NUMERIC, "not finite are in the result of \"norm\"");
    huge[7] = INFINITY;
    REQUIRE(clade_trainer_write(trainer, CLADE_TRAINER_PARAMETER, "norm.weight", huge, 8));
    expect(step(trainer, &b, 0.1f, NULL), CLADE_ERROR_NUMERIC, "not finite are in parameter \"norm.weight\"");
    REQUIRE(clade_trainer_write(trainer, CLADE_TRAINER_PARAMETER, "norm.weight", ones, 8));
    REQUIRE(step(trainer, &b, 0.1f, NULL));
    clade_trainer_destroy(&trainer);
}

static void graphs_that_cannot_be_trained_are_refused(void **state) {
    clade_graph *graph = make_network((parts){false, false});
    clade_trainer *trainer = NULL;
    const clade_loss unknown = {.output = "mian"};
    clade_tensor x;
    (void)state;
    expect(clade_trainer_create(graph, &(clade_trainer_settings){.losses = &unknown, .loss_count = 1}, &trainer),
           CLADE_ERROR_NOT_FOUND, "mian");
    assert_null(trainer);
    expect(clade_trainer_create(graph, &(clade_trainer_settings){.label_smoothing = 1}, &trainer),
           CLADE_ERROR_INVALID_ARGUMENT, "smoothing");
    expect(clade_trainer_create(graph, &(clade_trainer_settings){.batch = -2}, &trainer), CLADE_ERROR_SHAPE, "-2");
    REQUIRE(clade_graph_find_tensor(graph, "left", &x));
    REQUIRE(clade_graph_output(graph, x, "images of the left"));
    expect(clade_trainer_create(graph, NULL, &trainer), CLADE_ERROR_SHAPE, "images of the left");
    clade_graph_destroy(&graph);

    REQUIRE(clade_graph_create(context, &graph));
    REQUIRE(clade_graph_input(graph, "images", (clade_shape){2, {CLADE_BATCH, 4}}, &x));
    REQUIRE(clade_graph_linear(graph, x, &(clade_linear_settings){.name = "main", .features = 2}, &x));
    REQUIRE(clade_graph_output(graph, x, NULL));
    expect(clade_trainer_create(graph, NULL, &trainer), CLADE_ERROR_MISSING_WEIGHTS, "main.weight");
    assert_null(trainer);
    clade_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_takes_the_gradient_times_the_rate_from_each_parameter),
        cmocka_unit_test(the_parts_of_a_step_are_the_step),
        cmocka_unit_test(dropout_follows_from_the_seed_and_the_step),
        cmocka_unit_test(halves_of_a_batch_average_to_its_gradient),
        cmocka_unit_test(a_network_learns_a_few_images_by_heart),
        cmocka_unit_test(losses_are_those_of_what_the_exported_network_computes),
        cmocka_unit_test(running_statistics_take_their_share_of_the_batch),
        cmocka_unit_test(wrong_use_is_refused),
        cmocka_unit_test(a_loss_that_is_no_number_stops_the_step_before_it_changes_anything),
        cmocka_unit_test(a_loss_that_is_no_number_is_traced_to_where_it_began),
        cmocka_unit_test(graphs_that_cannot_be_trained_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
