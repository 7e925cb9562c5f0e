/* Optimisers: every kind against double precision over many steps, against closed forms, and what clipping and decay should leave alone. */
#include "reference/optimizer.h"
#include "shared/random.h"
#include "train/optimizer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* More than a work-item's share, so that all of a kernel's loops are gone through. */
enum { ELEMENTS = 20000, STEPS = 60 };

/* Two parameters that decay, the first with a gap behind it. */
static const train_decaying decaying[] = {{32, 1000}, {4096, 9008}};

typedef struct fixture {
    base_env *env;
    rt_context *rt;
    rt_queue *queue;
    rt_buffer *values, *gradients;
    train_flat flat;
    bool decays[ELEMENTS];
    float start[ELEMENTS], gradient[ELEMENTS];
} fixture;

static bool is_gap(int64_t i) { return (i >= 1032 && i < 1040) || i >= ELEMENTS - 5; }

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    const uint64_t bytes = ELEMENTS * sizeof(float);
    f->env = base_env_create(NULL, NULL, NULL, CLADE_LOG_WARNING);
    clade_status status = rt_context_open(f->env, getenv("CLADE_DEVICE"), 0, getenv("CLADE_CACHE_DIR"), &f->rt);
    if (status == CLADE_OK) status = rt_queue_create(f->rt, NULL, &f->queue);
    if (status == CLADE_OK) status = rt_buffer_create(f->rt, bytes, "values", &f->values);
    if (status == CLADE_OK) status = rt_buffer_create(f->rt, bytes, "gradients", &f->gradients);
    f->flat = (train_flat){.values = f->values,
                           .gradients = f->gradients,
                           .elements = ELEMENTS,
                           .decaying = decaying,
                           .decaying_count = BASE_COUNT(decaying)};
    uint64_t random = 1;
    for (int64_t i = 0; i < ELEMENTS; i++) {
        f->start[i] = is_gap(i) ? 0.0f : 2 * random_unit(&random) - 1;
        for (size_t k = 0; k < BASE_COUNT(decaying); k++)
            f->decays[i] = f->decays[i] ||
                           ((uint64_t)i >= decaying[k].offset && (uint64_t)i < decaying[k].offset + decaying[k].count);
    }
    *state = f;
    return status == CLADE_OK ? 0 : -1;
}

static int tear_down(void **state) {
    fixture *f = *state;
    rt_buffer_destroy(&f->values);
    rt_buffer_destroy(&f->gradients);
    rt_queue_destroy(&f->queue);
    rt_context_close(&f->rt);
    base_env_destroy(&f->env);
    free(f);
    return 0;
}

static void assert_ok(const fixture *f, clade_status status) {
    char message[512];
    base_message(f->env, message, sizeof message);
    if (status != CLADE_OK) fail_msg("%s", message);
}

static void upload(const fixture *f, rt_buffer *buffer, const float *values) {
    assert_ok(f, rt_upload(f->rt, buffer, 0, values, ELEMENTS * sizeof(float)));
}

static void download(const fixture *f, rt_buffer *buffer, float *values) {
    assert_ok(f, rt_read(f->queue, buffer, 0, values, ELEMENTS * sizeof(float)));
    assert_ok(f, rt_queue_finish(f->queue));
}

static train_optimizer *create(const fixture *f, const clade_optimizer_settings *settings) {
    train_optimizer *optimizer = NULL;
    upload(f, f->values, f->start);
    assert_ok(f, train_optimizer_create(f->env, f->rt, settings, &f->flat, &optimizer));
    return optimizer;
}

/* Gradients of a step: none in gaps, some of them large. */
static void draw_gradients(fixture *f, uint64_t step) {
    uint64_t random = step + 100;
    for (int64_t i = 0; i < ELEMENTS; i++) {
        const float g = 2 * random_unit(&random) - 1;
        f->gradient[i] = is_gap(i) ? 0.0f : i % 7 == 0 ? 5 * g : g;
    }
}

static float rate_of(uint64_t step) { return 0.02f / (1.0f + 0.1f * (float)step); }

/* ---- Against double precision ---------------------------------------------------------------------------------------------------- */

/* The largest difference between float32 and double, in either array. */
static double worst_difference(const float *found, const double *expected) {
    double worst = 0;
    for (int64_t i = 0; i < ELEMENTS; i++) {
        const double off = fabs(found[i] - expected[i]);
        if (!(off <= worst)) worst = off;
    }
    return worst;
}

static void compare(fixture *f, const clade_optimizer_settings *settings) {
    static double values[ELEMENTS], first[ELEMENTS], second[ELEMENTS], average[ELEMENTS];
    static float found[ELEMENTS];
    reference_descent reference = {ELEMENTS, values, first, second, average, f->decays};
    train_optimizer *optimizer = create(f, settings);
    for (int64_t i = 0; i < ELEMENTS; i++) values[i] = f->start[i];
    for (uint64_t step = 0; step < STEPS; step++) {
        draw_gradients(f, step);
        upload(f, f->gradients, f->gradient);
        reference_descend(settings, &reference, f->gradient, rate_of(step), step);
        assert_ok(f, train_optimizer_update(optimizer, f->queue, rate_of(step), step));
        assert_ok(f, rt_queue_finish(f->queue));
    }
    download(f, f->values, found);
    /* values stay below 2, and each step rounds a few times */
    const double bound = 4 * STEPS * 0x1p-24 * 2;
    if (!(worst_difference(found, values) <= bound))
        fail_msg("%s: values are off by %g", clade_optimizer_name(settings->kind), worst_difference(found, values));
    for (int64_t i = 0; i < ELEMENTS; i++)
        if (is_gap(i)) assert_true(found[i] == 0.0f);
    if (settings->average > 0) {
        download(f, train_optimizer_average(optimizer), found);
        if (!(worst_difference(found, average) <= bound))
            fail_msg("%s: averages are off by %g", clade_optimizer_name(settings->kind),
                     worst_difference(found, average));
    }
    train_optimizer_destroy(&optimizer);
}

static void test_every_kind_follows_the_reference(void **state) {
    for (clade_optimizer_kind kind = 0; clade_optimizer_name(kind); kind++) {
        clade_optimizer_settings settings = clade_optimizer_defaults(kind);
        if (kind >= CLADE_OPTIMIZER_RMSPROP) settings.epsilon = 0.01f; /* else what rounding does to tiny g shows */
        compare(*state, &settings);
        settings.weight_decay = 0.01f;
        settings.average = 0.95f;
        compare(*state, &settings);
        settings.clip_value = 0.8f;
        settings.clip_norm = 40.0f; /* of about 110 */
        compare(*state, &settings);
    }
    clade_optimizer_settings settings = clade_optimizer_defaults(CLADE_OPTIMIZER_RMSPROP);
    settings.momentum = 0.9f;
    settings.epsilon = 0.01f;
    settings.clip_norm = 1e6f; /* nothing passes it */
    compare(*state, &settings);
}

/* ---- Closed forms ------------------------------------------------------------------------------------------------------------------ */

/* Where a parameter that begins at p is after n steps with one gradient g and one rate. */
static double closed_form(const clade_optimizer_settings *s, double p, double g, double rate, int n) {
    const double b = s->momentum, d = s->square_decay, e = s->epsilon;
    double moved = 0, m = 0;
    for (int k = 1; k <= n; k++) {
        const double run = (1 - pow(b, k)) / (1 - b); /* 1 + b + .. + b^(k - 1) */
        switch (s->kind) {
        case CLADE_OPTIMIZER_SGD:
            moved += rate * g;
            break;
        case CLADE_OPTIMIZER_MOMENTUM:
            moved += rate * g * run;
            break;
        case CLADE_OPTIMIZER_NESTEROV:
            moved += rate * g * (1 + b * run);
            break;
        case CLADE_OPTIMIZER_RMSPROP:
            moved += rate * g / (fabs(g) * sqrt(1 - pow(d, k)) + e);
            break;
        case CLADE_OPTIMIZER_RMSPROP_TENSORFLOW:
            m = b * m + rate * g / sqrt(pow(d, k) + (1 - pow(d, k)) * g * g + e);
            moved += m;
            break;
        case CLADE_OPTIMIZER_ADAM:
        case CLADE_OPTIMIZER_ADAMW:
            moved += rate * g / (fabs(g) + e); /* both corrections are exact */
            break;
        }
    }
    return p - moved;
}

static void test_a_constant_gradient_leads_where_it_should(void **state) {
    fixture *f = *state;
    enum { N = 25 };
    static float found[ELEMENTS];
    for (clade_optimizer_kind kind = 0; clade_optimizer_name(kind); kind++) {
        const clade_optimizer_settings settings = clade_optimizer_defaults(kind);
        train_optimizer *optimizer = create(f, &(clade_optimizer_settings){.kind = kind});
        draw_gradients(f, 1);
        upload(f, f->gradients, f->gradient);
        for (uint64_t step = 0; step < N; step++)
            assert_ok(f, train_optimizer_update(optimizer, f->queue, 0.01f, step));
        download(f, f->values, found);
        for (int64_t i = 0; i < ELEMENTS; i++) {
            const double expected = closed_form(&settings, f->start[i], f->gradient[i], 0.01, N);
            if (!(fabs(found[i] - expected) <= 2e-5)) /* values up to 10 */
                fail_msg("%s: element %lld is %g, not %g", clade_optimizer_name(kind), (long long)i, (double)found[i],
                         expected);
        }
        train_optimizer_destroy(&optimizer);
    }
}

static void test_defaults_are_those_of_the_papers(void **state) {
    (void)state;
    const clade_optimizer_settings adam = clade_optimizer_defaults(CLADE_OPTIMIZER_ADAM);
    assert_true(adam.momentum == 0.9f && adam.square_decay == 0.999f && adam.epsilon == 1e-8f);
    const clade_optimizer_settings inception = clade_optimizer_defaults(CLADE_OPTIMIZER_RMSPROP_TENSORFLOW);
    assert_true(inception.momentum == 0.9f && inception.square_decay == 0.9f && inception.epsilon == 1.0f);
    const clade_optimizer_settings rmsprop = clade_optimizer_defaults(CLADE_OPTIMIZER_RMSPROP);
    assert_true(rmsprop.momentum == 0.0f && rmsprop.square_decay == 0.99f && rmsprop.epsilon == 1e-8f);
    assert_true(clade_optimizer_defaults(CLADE_OPTIMIZER_NESTEROV).momentum == 0.9f);
    assert_string_equal(clade_optimizer_name(CLADE_OPTIMIZER_ADAMW), "adamw");
    assert_null(clade_optimizer_name((clade_optimizer_kind)7));
}

/* ---- Edges --------------------------------------------------------------------------------------------------------------------------- */

/* A NaN among the gradients reaches its parameter, or by the norm all of them: it is not clipped away. */
static void test_clipping_keeps_nan(void **state) {
    fixture *f = *state;
    static float found[ELEMENTS];
    draw_gradients(f, 3);
    f->gradient[77] = NAN;
    upload(f, f->gradients, f->gradient);
    for (int by_norm = 0; by_norm < 2; by_norm++) {
        clade_optimizer_settings settings = {.clip_value = 0.5f, .clip_norm = by_norm ? 1.0f : 0.0f};
        train_optimizer *optimizer = create(f, &settings);
        assert_ok(f, train_optimizer_update(optimizer, f->queue, 0.1f, 0));
        download(f, f->values, found);
        assert_true(isnan(found[77]));
        assert_int_equal(isnan(found[78]) != 0, by_norm);
        train_optimizer_destroy(&optimizer);
    }
}

/* Taken up again after 10 of 20 steps, with the state copied, the values are the same bits. */
static void test_state_is_all_that_a_later_start_needs(void **state) {
    fixture *f = *state;
    static float straight[ELEMENTS], halfway[ELEMENTS], kept[3][ELEMENTS], found[ELEMENTS];
    const clade_optimizer_settings settings = {.kind = CLADE_OPTIMIZER_ADAM, .average = 0.9f, .weight_decay = 0.1f};
    const char *name = NULL;
    train_optimizer *optimizer = create(f, &settings);
    draw_gradients(f, 4);
    upload(f, f->gradients, f->gradient);
    for (uint64_t step = 0; step < 20; step++) {
        if (step == 10) {
            download(f, f->values, halfway);
            for (size_t i = 0; i < 3; i++) download(f, train_optimizer_state(optimizer, i, &name), kept[i]);
            assert_string_equal(name, "average");
            assert_null(train_optimizer_state(optimizer, 3, &name));
        }
        assert_ok(f, train_optimizer_update(optimizer, f->queue, 0.1f, step));
    }
    download(f, f->values, straight);
    train_optimizer_destroy(&optimizer);

    optimizer = create(f, &settings);
    upload(f, f->values, halfway);
    for (size_t i = 0; i < 3; i++) upload(f, train_optimizer_state(optimizer, i, &name), kept[i]);
    for (uint64_t step = 10; step < 20; step++) assert_ok(f, train_optimizer_update(optimizer, f->queue, 0.1f, step));
    download(f, f->values, found);
    assert_memory_equal(found, straight, sizeof found);
    train_optimizer_destroy(&optimizer);
}

static void refuse(const fixture *f, const clade_optimizer_settings *settings, const train_flat *flat,
                   const char *part) {
    train_optimizer *optimizer = (train_optimizer *)(void *)settings;
    char message[512];
    assert_int_not_equal(train_optimizer_create(f->env, f->rt, settings, flat, &optimizer), CLADE_OK);
    assert_null(optimizer);
    base_message(f->env, message, sizeof message);
    if (!strstr(message, part)) fail_msg("no \"%s\" in \"%s\"", part, message);
}

static void test_settings_out_of_range_are_refused(void **state) {
    const fixture *f = *state;
    train_flat odd = f->flat;
    odd.elements -= 1;
    refuse(f, &(clade_optimizer_settings){.kind = (clade_optimizer_kind)7}, &f->flat, "there is no kind 7");
    refuse(f, &(clade_optimizer_settings){.momentum = 1.0f}, &f->flat, "momentum 1: it must be at least 0 and below 1");
    refuse(f, &(clade_optimizer_settings){.square_decay = -0.1f}, &f->flat, "square_decay");
    refuse(f, &(clade_optimizer_settings){.weight_decay = NAN}, &f->flat, "weight_decay nan");
    refuse(f, &(clade_optimizer_settings){.clip_norm = INFINITY}, &f->flat, "clip_norm inf");
    refuse(f, &(clade_optimizer_settings){.average = 1.5f}, &f->flat, "average 1.5");
    refuse(f, &(clade_optimizer_settings){.reserved = {0, 1}}, &f->flat, "reserved word 1");
    refuse(f, &(clade_optimizer_settings){.momentum = 0.5f}, &odd, "19999 parameters: they must be a multiple of 16");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_follows_the_reference),
        cmocka_unit_test(test_a_constant_gradient_leads_where_it_should),
        cmocka_unit_test(test_defaults_are_those_of_the_papers),
        cmocka_unit_test(test_clipping_keeps_nan),
        cmocka_unit_test(test_state_is_all_that_a_later_start_needs),
        cmocka_unit_test(test_settings_out_of_range_are_refused),
    };
    return cmocka_run_group_tests_name("train.optimizer", tests, set_up, tear_down);
}
