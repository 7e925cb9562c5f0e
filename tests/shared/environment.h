/* environment.h: the environment of a test program that needs no more than that, opened and closed with the group of its tests. */
#ifndef TESTS_SHARED_ENVIRONMENT_H
#define TESTS_SHARED_ENVIRONMENT_H

#include "base/base.h"

static base_env *env;

static int open_env(void **state) {
    (void)state;
    env = base_env_create(NULL, NULL, NULL, CLADE_LOG_QUIET);
    return env ? 0 : -1;
}

static int close_env(void **state) {
    (void)state;
    base_env_destroy(&env);
    return 0;
}

#endif
