/* Choosing a device: what is listed can be opened, what is not there is named. */
#include "support.h"

#include "rt/context.h"

#include <clade/opencl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct walk {
    size_t count, stop_after;
    char names[8][128], selectors[8][160];
    clade_device_type types[8];
} walk;

static bool visit(void *user, const clade_device_info *info) {
    walk *seen = user;
    assert_true(seen->count < BASE_COUNT(seen->names));
    assert_true(info->compute_units > 0 && info->global_memory > 0 && info->largest_allocation > 0);
    assert_true(info->largest_allocation <= info->global_memory);
    snprintf(seen->names[seen->count], sizeof seen->names[0], "%s", info->name);
    snprintf(seen->selectors[seen->count], sizeof seen->selectors[0], "%s", info->selector);
    seen->types[seen->count] = info->type;
    return ++seen->count != seen->stop_after;
}

static void each_listed_selector_opens_that_device(void **state) {
    (void)state;
    walk all = {0}, first = {.stop_after = 1};
    assert_int_equal(clade_devices(visit, &all), CLADE_OK);
    assert_true(all.count >= 1);
    assert_int_equal(clade_devices(visit, &first), CLADE_OK);
    assert_int_equal(first.count, 1);
    for (size_t i = 0; i < all.count; i++) {
        clade_context *context = NULL;
        clade_device_info info;
        clade_context_settings settings = {.device = all.selectors[i], .cache_directory = ""};
        assert_int_equal(clade_context_create(&settings, &context), CLADE_OK);
        assert_int_equal(clade_context_device(context, &info), CLADE_OK);
        assert_string_equal(info.selector, all.selectors[i]);
        assert_string_equal(info.name, all.names[i]);
        clade_context_destroy(&context);
        assert_null(context);
    }
    assert_int_equal(clade_devices(NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
}

static void a_part_of_the_platforms_name_in_any_case_finds_it(void **state) {
    (void)state;
    walk all = {0};
    assert_int_equal(clade_devices(visit, &all), CLADE_OK);
    char part[160];
    snprintf(part, sizeof part, "%s", all.selectors[0]);
    *strrchr(part, ':') = '\0';
    if (strlen(part) > 4) part[strlen(part) - 1] = '\0';
    for (char *c = part; *c; c++)
        if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
    clade_context *context = NULL;
    clade_device_info info;
    assert_int_equal(clade_context_create(&(clade_context_settings){.device = part, .cache_directory = ""}, &context),
                     CLADE_OK);
    assert_int_equal(clade_context_device(context, &info), CLADE_OK);
    assert_string_equal(info.selector, all.selectors[0]);
    clade_context_destroy(&context);
}

static void a_device_that_is_not_there_is_named_with_what_is(void **state) {
    (void)state;
    walk all = {0};
    assert_int_equal(clade_devices(visit, &all), CLADE_OK);
    const char *absent[] = {"no such platform", "no such platform:3", ":99", "999"};
    for (size_t i = 0; i < BASE_COUNT(absent); i++) {
        const clade_context_settings settings = {.device = absent[i]};
        support_expect_refusal(&settings, CLADE_ERROR_NO_DEVICE, absent[i]);
        support_expect_refusal(&settings, CLADE_ERROR_NO_DEVICE, all.selectors[0]);
        support_expect_refusal(&settings, CLADE_ERROR_NO_DEVICE, all.names[0]);
    }
    char beyond[160];
    snprintf(beyond, sizeof beyond, "%s", all.selectors[0]);
    snprintf(strrchr(beyond, ':'), 16, ":4000000000");
    support_expect_refusal(&(clade_context_settings){.device = beyond}, CLADE_ERROR_NO_DEVICE, ":4000000000");
    bool has_gpu = false;
    for (size_t i = 0; i < all.count; i++) has_gpu = has_gpu || all.types[i] == CLADE_DEVICE_GPU;
    if (!has_gpu)
        support_expect_refusal(&(clade_context_settings){.device = "gpu"}, CLADE_ERROR_NO_DEVICE, all.selectors[0]);
    support_expect_refusal(&(clade_context_settings){.device = ""}, CLADE_ERROR_INVALID_ARGUMENT,
                           "part of a platform's name");
}

static void the_environment_names_the_device_when_the_settings_do_not(void **state) {
    (void)state;
    char *before = getenv("CLADE_DEVICE") ? strdup(getenv("CLADE_DEVICE")) : NULL;
    setenv("CLADE_DEVICE", "no such platform", 1);
    support_expect_refusal(NULL, CLADE_ERROR_NO_DEVICE, "no such platform");
    clade_context *context = NULL;
    assert_int_equal(clade_context_create(&(clade_context_settings){.device = "none"}, &context), CLADE_OK);
    clade_context_destroy(&context);
    setenv("CLADE_DEVICE", "none", 1);
    assert_int_equal(clade_context_create(NULL, &context), CLADE_OK);
    assert_null(context_rt(context));
    clade_context_destroy(&context);
    if (before)
        setenv("CLADE_DEVICE", before, 1);
    else
        unsetenv("CLADE_DEVICE");
    free(before);
}

static void a_context_without_a_device_describes_itself(void **state) {
    (void)state;
    clade_context *context = NULL;
    clade_device_info info;
    clade_opencl_objects objects;
    char message[256];
    assert_int_equal(clade_context_create(&(clade_context_settings){.device = "none"}, &context), CLADE_OK);
    assert_int_equal(clade_context_device(context, &info), CLADE_OK);
    assert_int_equal(info.type, CLADE_DEVICE_NONE);
    assert_string_equal(info.selector, "none");
    assert_int_equal(clade_context_opencl(context, &objects), CLADE_ERROR_NO_DEVICE);
    clade_context_message(context, message, sizeof message);
    assert_non_null(strstr(message, "\"none\""));
    assert_int_equal(clade_context_device(context, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_context_device(NULL, &info), CLADE_ERROR_INVALID_ARGUMENT);
    clade_context_destroy(&context);
    clade_context_destroy(&context);
    clade_context_destroy(NULL);
    clade_context_message(NULL, message, sizeof message);
    assert_string_equal(message, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_listed_selector_opens_that_device),
        cmocka_unit_test(a_part_of_the_platforms_name_in_any_case_finds_it),
        cmocka_unit_test(a_device_that_is_not_there_is_named_with_what_is),
        cmocka_unit_test(the_environment_names_the_device_when_the_settings_do_not),
        cmocka_unit_test(a_context_without_a_device_describes_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
