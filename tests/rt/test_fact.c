/* Facts about a device: kept in the context, in the cache on disk, shipped with the library; and the measured speed among them. */
#include "support.h"

#include "rt/rt.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rt_context *open_context(support_folder *f, const char *directory) {
    rt_context *context = NULL;
    assert_int_equal(rt_context_open(f->env, NULL, 0, directory, &context), CLADE_OK);
    return context;
}

static void write_fact(rt_context *context, const char *name, const char *text) {
    rt_facts_write(context, &(rt_fact){.name = name, .text = text}, 1);
}

static void assert_fact(rt_context *context, const char *name, const char *expected) {
    char text[64] = "";
    assert_true(rt_fact_read(context, name, text, sizeof text));
    assert_string_equal(text, expected);
}

static void facts_outlive_the_context(void **state) {
    support_folder *f = *state;
    rt_context *context = open_context(f, f->directory);
    char text[64];
    assert_false(rt_fact_read(context, "colour", text, sizeof text));
    write_fact(context, "colour", "red");
    write_fact(context, "shape", "round");
    write_fact(context, "colour", "blue"); /* replaced */
    assert_fact(context, "colour", "blue");
    rt_context *other = open_context(f, f->directory); /* as another process would see it, while this one is open */
    assert_fact(other, "colour", "blue");
    rt_context_close(&context);
    assert_fact(other, "shape", "round");
    assert_false(rt_fact_read(other, "shape of it", text, sizeof text));
    rt_context_close(&other);
    assert_int_equal(f->log.count[CLADE_LOG_ERROR] + f->log.count[CLADE_LOG_WARNING], 0);
}

static void without_a_cache_facts_live_as_long_as_the_context(void **state) {
    support_folder *f = *state;
    rt_context *context = open_context(f, NULL);
    write_fact(context, "colour", "red");
    assert_fact(context, "colour", "red");
    rt_context_close(&context);
    context = open_context(f, NULL);
    char text[64];
    assert_false(rt_fact_read(context, "colour", text, sizeof text));
    rt_context_close(&context);
}

static void facts_that_are_too_long_or_damaged_are_none(void **state) {
    support_folder *f = *state;
    char text[64];
    rt_context *context = open_context(f, f->directory);
    write_fact(context, "long", "0123456789012345678901234567890123456789012345678901234567890123456789");
    rt_context_close(&context);
    context = open_context(f, f->directory);
    assert_false(rt_fact_read(context, "long", text, sizeof text));
    write_fact(context, "colour", "red");
    rt_context_close(&context);
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(f->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "UPDATE entries SET value = 'rid'", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    context = open_context(f, f->directory);
    assert_false(rt_fact_read(context, "colour", text, sizeof text));
    rt_context_close(&context);
}

/* Whatever the device: what is measured is positive, plausible, and known to the next context. */
static void the_measured_speed_is_kept(void **state) {
    support_folder *f = *state;
    rt_context *context = open_context(f, f->directory);
    rt_speed speed;
    assert_int_equal(rt_speed_measure(context, &speed), CLADE_OK);
    const bool is_cpu = rt_context_device(context)->type == CLADE_DEVICE_CPU;
    rt_context_close(&context);
    if (!is_cpu) skip();
    assert_true(speed.unit_peak > 1e6 && speed.unit_peak < 1e15);
    assert_true(speed.peak > 1e6 && speed.peak < 1e17);
    assert_true(speed.bandwidth > 1e6 && speed.bandwidth < 1e14);
    assert_true(speed.launch > 1e-9 && speed.launch < 1.0);
    context = open_context(f, f->directory);
    const rt_speed *known = &rt_context_device(context)->speed;
    assert_true(fabs(known->peak / speed.peak - 1.0) < 1e-3);
    assert_true(fabs(known->launch / speed.launch - 1.0) < 1e-3);
    write_fact(context, "speed", "fast 1 2 3");
    rt_context_close(&context);
    context = open_context(f, f->directory);
    assert_true(rt_context_device(context)->speed.peak == 0.0);
    write_fact(context, "speed", "1e9 -1e9 nan 0");
    rt_context_close(&context);
    context = open_context(f, f->directory);
    assert_true(rt_context_device(context)->speed.peak == 0.0);
    rt_context_close(&context);
}

static void a_kernels_hash_is_about_its_text(void **state) {
    (void)state;
    assert_true(rt_source_hash("pool.cl") == rt_source_hash("pool.cl"));
    assert_true(rt_source_hash("pool.cl") != rt_source_hash("lrn.cl"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(facts_outlive_the_context, support_folder_open, support_folder_close),
        cmocka_unit_test_setup_teardown(without_a_cache_facts_live_as_long_as_the_context, support_folder_open,
                                        support_folder_close),
        cmocka_unit_test_setup_teardown(facts_that_are_too_long_or_damaged_are_none, support_folder_open,
                                        support_folder_close),
        cmocka_unit_test_setup_teardown(the_measured_speed_is_kept, support_folder_open, support_folder_close),
        cmocka_unit_test(a_kernels_hash_is_about_its_text),
    };
    return cmocka_run_group_tests_name("rt.fact", tests, NULL, NULL);
}
