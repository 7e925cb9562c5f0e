/* test_names.c: the table of names answers as a list of them would, whatever was added and removed. */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static base_env *make_env(void) {
    base_env *env = base_env_create(NULL, NULL, NULL, CLADE_LOG_QUIET);
    assert_non_null(env);
    return env;
}

static void an_empty_table_has_no_names(void **state) {
    (void)state;
    base_names names = {0};
    assert_int_equal(base_names_find(&names, "a"), -1);
    base_names_remove(&names, "a", 0);
    base_names_clear(&names);
}

static void the_first_of_a_name_keeps_it(void **state) {
    (void)state;
    base_env *env = make_env();
    base_names names = {0};
    assert_true(base_names_add(env, &names, "a", 1));
    assert_true(base_names_add(env, &names, "a", 2));
    assert_int_equal(base_names_find(&names, "a"), 1);
    base_names_remove(&names, "a", 2); /* not its number */
    assert_int_equal(base_names_find(&names, "a"), 1);
    base_names_remove(&names, "a", 1);
    assert_int_equal(base_names_find(&names, "a"), -1);
    base_names_free(env, &names);
    base_env_destroy(&env);
}

/* A table kept small, so that its slots are often full, beside a plain list. */
static void it_answers_as_a_list_does(void **state) {
    (void)state;
    enum { NAMES = 90, STEPS = 20000 };
    char texts[NAMES][8];
    int32_t list[NAMES];
    for (int i = 0; i < NAMES; i++) {
        snprintf(texts[i], sizeof texts[i], "n%d", i);
        list[i] = -1;
    }
    base_env *env = make_env();
    base_names names = {0};
    srand(3);
    for (int step = 0; step < STEPS; step++) {
        const int i = rand() % NAMES;
        if (rand() % 2) {
            assert_true(base_names_add(env, &names, texts[i], step));
            if (list[i] < 0) list[i] = step;
        } else {
            base_names_remove(&names, texts[i], list[i]);
            list[i] = -1;
        }
        size_t count = 0;
        for (int k = 0; k < NAMES; k++) {
            assert_int_equal(base_names_find(&names, texts[k]), list[k]);
            count += list[k] >= 0;
        }
        assert_int_equal(names.count, count);
    }
    assert_true(names.capacity <= 128); /* what was removed leaves no trace */
    base_names_clear(&names);
    for (int k = 0; k < NAMES; k++) assert_int_equal(base_names_find(&names, texts[k]), -1);
    base_names_free(env, &names);
    base_env_destroy(&env);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_has_no_names),
        cmocka_unit_test(the_first_of_a_name_keeps_it),
        cmocka_unit_test(it_answers_as_a_list_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
