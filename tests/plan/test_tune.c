/* Tuning as programs see it: what it tells, that its choice is kept and shared, that it is not done twice, and that results stay
 * what they were. Never how fast anything is. */
#include "plan/fixture.h"
#include "plan/tune.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct tuned_fixture {
    fixture f;
    char directory[64];
} tuned_fixture;

/* One context and one cache for all tests, so that programs are built once; each test begins with nothing known. */
static int open_all(void **state) {
    static tuned_fixture t;
    strcpy(t.directory, "/tmp/clade_tune_XXXXXX");
    if (!mkdtemp(t.directory)) return -1;
    fixture_open(&t.f, t.directory);
    *state = &t;
    return 0;
}

static int close_all(void **state) {
    tuned_fixture *t = *state;
    char path[128];
    fixture_close(&t->f);
    snprintf(path, sizeof path, "%s/clade.sqlite", t->directory);
    unlink(path);
    return rmdir(t->directory);
}

static int forget_rows(void **state) {
    const fixture *f = &((tuned_fixture *)*state)->f;
    char name[PLAN_ROW_NAME];
    clade_plan *plan = fixture_plan(f, &(clade_plan_settings){.dry_run = true});
    for (size_t i = 0; i < plan->step_count; i++)
        if (plan_row_name(&plan->steps[i].problem, name, sizeof name)) fixture_write(f, name, "");
    clade_plan_destroy(&plan);
    return 0;
}

/* What the callbacks saw. */
typedef struct seen {
    size_t results, layers, changed, last_done, total;
} seen;

static void see_progress(void *user, const char *what, size_t done, size_t total) {
    seen *s = user;
    assert_non_null(what);
    assert_true(done >= s->last_done && done < total);
    s->last_done = done;
    s->total = total;
}

static void see_result(void *user, const clade_tune_result *result) {
    seen *s = user;
    s->results++;
    s->layers += result->layers;
    s->changed += strcmp(result->before, result->after) != 0;
    assert_non_null(strstr(result->problem, "conv2d "));
    assert_true(result->seconds_before >= 0.0 && result->seconds_after >= 0.0);
}

static clade_tune_summary tune(fixture *f, seen *s) {
    clade_tune_summary summary;
    *s = (seen){0};
    const clade_tune_settings settings = {.progress = see_progress, .result = see_result, .user = s};
    if (clade_tune(f->graph, &settings, &summary) != CLADE_OK) {
        char message[512];
        clade_context_message(f->context, message, sizeof message);
        fail_msg("%s", message);
    }
    return summary;
}

static size_t count_tuned(const fixture *f, clade_tuning tuning) {
    clade_plan *plan = fixture_plan(f, &(clade_plan_settings){.dry_run = true, .tuning = tuning});
    size_t count = 0;
    for (size_t i = 0; i < plan->step_count; i++) count += strstr(plan->steps[i].recipe.reason, "tuned: ") != NULL;
    clade_plan_destroy(&plan);
    return count;
}

static void what_tuning_finds_is_kept_for_other_contexts(void **state) {
    tuned_fixture *t = *state;
    seen s;
    assert_int_equal(count_tuned(&t->f, CLADE_TUNING_USE), 0);
    const clade_tune_summary summary = tune(&t->f, &s);
    assert_int_equal(summary.problems, 4); /* four convolutions of different sizes */
    assert_int_equal(s.results, 4);
    assert_int_equal(s.layers, 4);
    assert_int_equal(s.changed, summary.changed);
    assert_true(s.total > 4);
    fixture other;
    fixture_open(&other, t->directory);
    assert_int_equal(count_tuned(&other, CLADE_TUNING_USE), 4);
    assert_int_equal(count_tuned(&other, CLADE_TUNING_DEFAULT), 4);
    assert_int_equal(count_tuned(&other, CLADE_TUNING_OFF), 0);
    fixture_close(&other);
}

static void results_stay_what_they_were(void **state) {
    tuned_fixture *t = *state;
    seen s;
    float before[FIXTURE_CLASSES], after[FIXTURE_CLASSES], largest = 0.0f;
    clade_plan *plan =
        fixture_plan(&t->f, &(clade_plan_settings){.tuning = CLADE_TUNING_OFF, .disabled_passes = CLADE_PASS_NETWORK});
    fixture_run(plan, before);
    clade_plan_destroy(&plan);
    tune(&t->f, &s);
    plan = fixture_plan(&t->f, &(clade_plan_settings){.disabled_passes = CLADE_PASS_NETWORK});
    fixture_run(plan, after);
    clade_plan_destroy(&plan);
    for (int i = 0; i < FIXTURE_CLASSES; i++) largest = fmaxf(largest, fabsf(before[i]));
    for (int i = 0; i < FIXTURE_CLASSES; i++) assert_true(fabsf(after[i] - before[i]) <= 1e-4f * largest);
}

static void a_plan_tunes_what_was_never_tuned_and_nothing_else(void **state) {
    tuned_fixture *t = *state;
    char name[PLAN_ROW_NAME], text[PLAN_ROW_TEXT];
    clade_plan *plan = fixture_plan(&t->f, &(clade_plan_settings){.dry_run = true});
    assert_true(plan_row_name(&fixture_step(plan, "wide")->problem, name, sizeof name));
    clade_plan_destroy(&plan);
    fixture_write(&t->f, name, "123.456 ms, gain 7.000, generic"); /* as nobody would measure it */
    plan =
        fixture_plan(&t->f, &(clade_plan_settings){.tuning = CLADE_TUNING_FAST, .disabled_passes = CLADE_PASS_NETWORK});
    assert_string_equal(fixture_step(plan, "wide")->recipe.candidate, "conv2d.generic");
    clade_plan_destroy(&plan);
    assert_int_equal(count_tuned(&t->f, CLADE_TUNING_USE), 4);
    assert_true(rt_fact_read(context_rt(t->f.context), name, text, sizeof text));
    assert_string_equal(text, "123.456 ms, gain 7.000, generic");
}

static void the_environment_says_whether_plans_tune(void **state) {
    tuned_fixture *t = *state;
    clade_plan *plan = NULL;
    clade_tuning level;
    base_env *env = t->f.graph->env;
    const char *const names[] = {"off", "use", "fast", "full"};
    for (int i = 0; i < 4; i++) {
        setenv("CLADE_TUNE", names[i], 1);
        assert_int_equal(plan_tuning_level(env, NULL, &level), CLADE_OK);
        assert_int_equal(level, CLADE_TUNING_OFF + i);
        assert_int_equal(plan_tuning_level(env, &(clade_plan_settings){.tuning = CLADE_TUNING_USE}, &level), CLADE_OK);
        assert_int_equal(level, CLADE_TUNING_USE);
    }
    setenv("CLADE_TUNE", "slow", 1);
    assert_int_equal(clade_plan_create(t->f.graph, NULL, &plan), CLADE_ERROR_INVALID_ARGUMENT);
    assert_null(plan);
    unsetenv("CLADE_TUNE");
}

/* ---- Export ---------------------------------------------------------------------------------------------------------------------- */

typedef struct text {
    char data[8192];
    size_t length;
} text;

static bool add_text(void *user, const char *data, size_t length) {
    text *all = user;
    assert_true(all->length + length < sizeof all->data);
    memcpy(all->data + all->length, data, length);
    all->length += length;
    return true;
}

static bool stop(void *user, const char *data, size_t length) {
    (void)user;
    (void)data;
    (void)length;
    return false;
}

static void exported_lines_are_what_is_kept(void **state) {
    tuned_fixture *t = *state;
    static text all;
    seen s;
    all = (text){0};
    tune(&t->f, &s);
    assert_int_equal(clade_tune_export(t->f.graph, NULL, add_text, &all), CLADE_OK);
    size_t rows = 0;
    assert_int_equal(strncmp(all.data, "device ", 7), 0);
    for (char *line = strtok(all.data, "\n"); line; line = strtok(NULL, "\n")) {
        char kept[PLAN_ROW_TEXT];
        char *value = strstr(line, ": ");
        if (strncmp(line, "tuned ", 6) != 0) continue;
        rows++;
        assert_non_null(value);
        *value = '\0';
        assert_true(rt_fact_read(context_rt(t->f.context), line, kept, sizeof kept));
        assert_string_equal(value + 2, kept);
    }
    assert_int_equal(rows, 4);
    assert_int_equal(clade_tune_export(t->f.graph, NULL, stop, NULL), CLADE_ERROR_IO);
    assert_int_equal(clade_tune_export(t->f.graph, NULL, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
}

static void bad_settings_are_refused(void **state) {
    tuned_fixture *t = *state;
    assert_int_equal(clade_tune(NULL, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_tune(t->f.graph, &(clade_tune_settings){.level = CLADE_TUNING_OFF}, NULL),
                     CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_tune(t->f.graph, &(clade_tune_settings){.reserved = {1}}, NULL),
                     CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_tune(t->f.graph, &(clade_tune_settings){.plan = &(clade_plan_settings){.batch = -1}}, NULL),
                     CLADE_ERROR_SHAPE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_tuning_finds_is_kept_for_other_contexts, forget_rows),
        cmocka_unit_test_setup(results_stay_what_they_were, forget_rows),
        cmocka_unit_test_setup(a_plan_tunes_what_was_never_tuned_and_nothing_else, forget_rows),
        cmocka_unit_test_setup(the_environment_says_whether_plans_tune, forget_rows),
        cmocka_unit_test_setup(exported_lines_are_what_is_kept, forget_rows),
        cmocka_unit_test_setup(bad_settings_are_refused, forget_rows),
    };
    return cmocka_run_group_tests_name("plan.tune", tests, open_all, close_all);
}
