/* ONNX files that fuzzing found to be answered wrongly: by an endless loop, a read from nowhere, too much memory. */
#include "io/support.h"

#include <clade/onnx.h>

static clade_status load(support *test, const char *path) {
    clade_graph *graph = NULL;
    const clade_status status = clade_onnx_load(test->context, path, NULL, &graph);
    if (status != CLADE_OK) assert_null(graph);
    clade_graph_destroy(&graph);
    return status;
}

static void an_attribute_without_a_name_is_refused(void **state) {
    support *test = *state;
    assert_failure(test, load(test, DATA("onnx/attribute_without_name.onnx")), CLADE_ERROR_UNSUPPORTED, "attribute",
                   "Concat");
}

static void constants_are_looked_at_behind_a_refused_node(void **state) {
    support *test = *state;
    assert_failure(test, load(test, DATA("onnx/strings_behind_a_refused_node.onnx")), CLADE_ERROR_UNSUPPORTED, "\"w\"",
                   "is of type 8");
}

static void an_input_that_is_needed_may_not_be_left_out(void **state) {
    support *test = *state;
    assert_failure(test, load(test, DATA("onnx/identity_of_nothing.onnx")), CLADE_ERROR_FORMAT, "Identity",
                   "input 0 is left out");
}

static void what_is_folded_takes_little_memory(void **state) {
    support *test = *state;
    assert_failure(test, load(test, DATA("onnx/expanded_far.onnx")), CLADE_ERROR_FORMAT, "more memory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(an_attribute_without_a_name_is_refused),
        SUPPORT_TEST(constants_are_looked_at_behind_a_refused_node),
        SUPPORT_TEST(an_input_that_is_needed_may_not_be_left_out),
        SUPPORT_TEST(what_is_folded_takes_little_memory),
    };
    return cmocka_run_group_tests_name("io.onnx_found", tests, NULL, NULL);
}
