/* What is drawn of a graph: which nodes share a box, which boxes share a block, how a long network folds, and that no name can say
 * more in a drawing than itself. */
#include "graph/fixture.h"
#include "graph/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static clade_tensor conv(clade_graph *graph, clade_tensor x, const char *name) {
    clade_tensor y;
    const clade_conv2d_settings s = {.name = name, .channels = 4, .kernel = {1, 1}};
    assert_int_equal(clade_graph_conv2d(graph, x, &s, &y), CLADE_OK);
    return y;
}

static clade_tensor relu(clade_graph *graph, clade_tensor x, const char *name) {
    clade_tensor y;
    const clade_activation_settings s = {.name = name, .kind = CLADE_RELU};
    assert_int_equal(clade_graph_activation(graph, x, &s, &y), CLADE_OK);
    return y;
}

static clade_tensor join(clade_graph *graph, clade_tensor a, clade_tensor b, const char *name) {
    clade_tensor y;
    const clade_binary_settings s = {.name = name, .kind = CLADE_ADD};
    assert_int_equal(clade_graph_binary(graph, a, b, &s, &y), CLADE_OK);
    return y;
}

static clade_tensor image(clade_graph *graph) {
    return fixture_input(graph, "x", (clade_shape){4, {CLADE_BATCH, 4, 8, 8}});
}

static void draw(const clade_graph *graph, picture *p) {
    assert_int_equal(picture_boxes(graph, 0, p), CLADE_OK);
    assert_int_equal(picture_blocks(p), CLADE_OK);
    assert_int_equal(picture_columns(p), CLADE_OK);
}

static const picture_box *box_called(const picture *p, const char *name) {
    for (size_t i = 0; i < p->box_count; i++)
        if (strcmp(p->boxes[i].name, name) == 0) return &p->boxes[i];
    fail_msg("no box is called \"%s\"", name);
    return NULL;
}

static bool append(void *user, const char *text, size_t length) {
    char **all = user;
    assert_non_null(*all = malloc(length + 1));
    memcpy(*all, text, length);
    (*all)[length] = '\0';
    return true;
}

static char *dot_of(const clade_graph *graph) {
    char *text = NULL;
    assert_int_equal(clade_graph_write_dot(graph, append, &text), CLADE_OK);
    return text;
}

/* ---- Boxes ------------------------------------------------------------------------------------------------------------------ */

static void what_follows_a_layer_alone_shares_its_box(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    picture p;
    const clade_tensor x = image(graph);
    const clade_tensor a = relu(graph, conv(graph, x, "a.conv"), "a"); /* one box */
    const clade_tensor b = conv(graph, a, "b");                        /* read twice: its relu is a box of its own */
    const clade_tensor c = relu(graph, b, "c");
    assert_int_equal(clade_graph_output(graph, join(graph, b, c, "sum"), "out"), CLADE_OK);
    draw(graph, &p);
    assert_int_equal(p.box_count, 6); /* x, a, b, c, sum, out */
    assert_int_equal(p.arrow_count, 6);
    assert_int_equal(box_called(&p, "a")->rows, 3); /* the name and two nodes */
    for (size_t i = 0; i < p.arrow_count; i++) assert_true(p.arrows[i].from < p.arrows[i].to);
    picture_free(&p);
    clade_graph_destroy(&graph);
}

static void an_output_in_the_middle_of_a_chain_keeps_its_layer_apart(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    picture p;
    const clade_tensor a = conv(graph, image(graph), "a");
    assert_int_equal(clade_graph_output(graph, a, "before"), CLADE_OK);
    assert_int_equal(clade_graph_output(graph, relu(graph, a, "b"), "behind"), CLADE_OK);
    draw(graph, &p);
    assert_int_equal(p.box_count, 5);
    picture_free(&p);
    clade_graph_destroy(&graph);
}

/* As the pass concat leaves it: two layers write slices of a tensor that no node makes. */
static void slices_of_one_tensor_meet_in_a_join(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    picture p;
    clade_tensor whole;
    const clade_shape shape = {4, {CLADE_BATCH, 8, 8, 8}};
    const clade_tensor x = image(graph), a = conv(graph, x, "a"), b = conv(graph, x, "b");
    assert_int_equal(graph_add_tensor(graph, "whole", CLADE_TENSOR_ACTIVATION, &shape, GRAPH_NO_ID, &whole), CLADE_OK);
    graph_tensor_of(graph, a)->parent = graph_tensor_of(graph, b)->parent = whole;
    graph_tensor_of(graph, b)->parent_channel = 4;
    assert_int_equal(clade_graph_output(graph, conv(graph, whole, "c"), "out"), CLADE_OK);
    draw(graph, &p);
    assert_int_equal(p.box_count, 6); /* x, a, b, whole, c, out */
    assert_int_equal(box_called(&p, "whole")->kind, PICTURE_JOIN);
    assert_true(box_called(&p, "whole") < box_called(&p, "c"));
    picture_free(&p);
    char *text = dot_of(graph);
    assert_non_null(strstr(text, "4x8x8\\nch 4-7 of 8"));
    free(text);
    clade_graph_destroy(&graph);
}

/* ---- Blocks ----------------------------------------------------------------------------------------------------------------- */

/* A fork and its join, all called PREFIX SEPARATOR SOMETHING. */
static clade_tensor fork(clade_graph *graph, clade_tensor x, const char *prefix, char separator) {
    char a[64], b[64], sum[64];
    snprintf(a, sizeof a, "%s%ca", prefix, separator);
    snprintf(b, sizeof b, "%s%cb", prefix, separator);
    snprintf(sum, sizeof sum, "%s%csum", prefix, separator);
    return join(graph, conv(graph, x, a), conv(graph, x, b), sum);
}

static void blocks_are_what_shares_a_path_around_a_join(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    picture p;
    clade_tensor x = conv(graph, image(graph), "body.stem");
    x = fork(graph, x, "body.1", '.');
    x = fork(graph, x, "body.10", '.'); /* begins like body.1, and is another block */
    x = fork(graph, x, "/layer1/layer1.0", '/');
    x = fork(graph, x, "body/1", '.'); /* would stand among body.1 and body.10, were the separators one */
    x = fork(graph, x, "plain", '_');  /* no path */
    assert_int_equal(clade_graph_output(graph, x, "out"), CLADE_OK);
    draw(graph, &p);
    assert_int_equal(p.block_count, 4);
    assert_int_equal(box_called(&p, "body.stem")->block, -1); /* "body." is most of the network */
    assert_int_equal(box_called(&p, "plain_sum")->block, -1);
    assert_int_equal(box_called(&p, "body.1.a")->block, box_called(&p, "body.1.sum")->block);
    assert_int_not_equal(box_called(&p, "body.1.a")->block, box_called(&p, "body.10.a")->block);
    const picture_block *block = &p.blocks[box_called(&p, "/layer1/layer1.0/b")->block];
    assert_int_equal(block->length, strlen("/layer1/layer1.0"));
    picture_free(&p);
    clade_graph_destroy(&graph);
}

/* ---- Columns ---------------------------------------------------------------------------------------------------------------- */

static clade_tensor chain(clade_graph *graph, clade_tensor x, int length) {
    for (int i = 0; i < length; i++) x = conv(graph, x, NULL);
    return x;
}

static void a_long_chain_folds_and_a_short_one_does_not(void **state) {
    (void)state;
    for (int length = 5; length <= 500; length *= 10) {
        clade_graph *graph = fixture_graph();
        picture p;
        assert_int_equal(clade_graph_output(graph, chain(graph, image(graph), length), "out"), CLADE_OK);
        draw(graph, &p);
        int32_t most = 0, sizes[64] = {0};
        assert_in_range(p.column_count, 1, 63);
        for (size_t i = 0; i < p.box_count; i++) {
            sizes[p.boxes[i].column]++;
            assert_true(p.boxes[i].column >= most); /* never back */
            most = p.boxes[i].column;
        }
        assert_int_equal(p.column_count, most + 1);
        if (length == 5) assert_int_equal(p.column_count, 1);
        if (length == 500) assert_in_range(p.column_count, 10, 20);
        for (int32_t i = 0; i < p.column_count; i++) assert_in_range(sizes[i], (length + 2) / p.column_count - 1, 1000);
        picture_free(&p);
        clade_graph_destroy(&graph);
    }
}

/* Between the ends of a skip connection two tensors would have to go to the next column. */
static void no_column_ends_where_two_tensors_live(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    picture p;
    const clade_tensor x = image(graph), begin = conv(graph, x, "begin");
    const clade_tensor y = join(graph, chain(graph, begin, 60), x, "sum");
    assert_int_equal(clade_graph_output(graph, chain(graph, y, 60), "out"), CLADE_OK);
    draw(graph, &p);
    assert_true(p.column_count > 1);
    assert_int_equal(box_called(&p, "begin")->column, box_called(&p, "sum")->column);
    picture_free(&p);
    clade_graph_destroy(&graph);
}

/* ---- Text ------------------------------------------------------------------------------------------------------------------- */

static void names_are_text_whatever_they_hold(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    const char *name = "</b>>]; evil [label=\"x\\\" &amp; \x01 \xff \xc3\xa9";
    assert_int_equal(clade_graph_output(graph, conv(graph, image(graph), name), name), CLADE_OK);
    char *text = dot_of(graph);
    assert_non_null(strstr(text, "&#60;/b&#62;&#62;]; evil [label=&#34;x&#92;&#34; &#38;amp; ? ? \xc3\xa9"));
    assert_null(strstr(text, "</b>>]; evil"));
    assert_null(strpbrk(text, "\x01\xff"));
    free(text);
    clade_graph_destroy(&graph);
}

static void a_name_of_any_length_leaves_a_drawing_of_its_own_size(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    char *name = malloc(100001);
    assert_non_null(name);
    for (size_t i = 0; i < 100000; i++) name[i] = "a + b.c/"[i % 8];
    name[100000] = '\0';
    assert_int_equal(clade_graph_output(graph, conv(graph, image(graph), name), NULL), CLADE_OK);
    char *text = dot_of(graph);
    assert_true(strlen(text) < 10000);
    free(text);
    free(name);
    clade_graph_destroy(&graph);
}

/* Gives nothing once `left` has run down; negative: never. `out` is what is not freed yet. */
typedef struct counting {
    int64_t left, out;
} counting;

static void *counting_allocate(void *user, size_t size) {
    counting *counts = user;
    if (counts->left == 0) return NULL;
    if (counts->left > 0) counts->left--;
    counts->out++;
    return malloc(size);
}

static void counting_deallocate(void *user, void *memory) {
    ((counting *)user)->out--;
    free(memory);
}

static bool ignore(void *user, const char *text, size_t length) {
    (void)user;
    (void)text;
    (void)length;
    return true;
}

static void memory_that_runs_out_is_an_error_and_nothing_leaks(void **state) {
    (void)state;
    counting counts = {.left = -1};
    const clade_allocator allocator = {counting_allocate, counting_deallocate, &counts};
    const clade_context_settings settings = {.device = "none", .cache_directory = "", .allocator = &allocator};
    clade_context *context = NULL;
    clade_graph *graph = NULL;
    assert_int_equal(clade_context_create(&settings, &context), CLADE_OK);
    assert_int_equal(clade_graph_create(context, &graph), CLADE_OK);
    assert_int_equal(clade_graph_output(graph, chain(graph, fork(graph, image(graph), "a", '.'), 60), "out"), CLADE_OK);
    const int64_t before = counts.out;
    clade_status status = CLADE_ERROR_OUT_OF_MEMORY;
    int64_t most = 0;
    for (; status != CLADE_OK && most < 1000; most++) {
        counts.left = most;
        status = clade_graph_write_dot(graph, ignore, NULL);
        counts.left = -1;
        if (status != CLADE_OK) assert_int_equal(status, CLADE_ERROR_OUT_OF_MEMORY);
        assert_int_equal(counts.out, before);
    }
    assert_int_equal(status, CLADE_OK);
    assert_true(most > 10);
    clade_graph_destroy(&graph);
    clade_context_destroy(&context);
    assert_int_equal(counts.out, 0);
}

static void a_graph_without_anything_is_drawn_too(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    char *text = dot_of(graph);
    assert_non_null(strstr(text, "digraph clade {"));
    free(text);
    clade_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_follows_a_layer_alone_shares_its_box),
        cmocka_unit_test(an_output_in_the_middle_of_a_chain_keeps_its_layer_apart),
        cmocka_unit_test(slices_of_one_tensor_meet_in_a_join),
        cmocka_unit_test(blocks_are_what_shares_a_path_around_a_join),
        cmocka_unit_test(a_long_chain_folds_and_a_short_one_does_not),
        cmocka_unit_test(no_column_ends_where_two_tensors_live),
        cmocka_unit_test(names_are_text_whatever_they_hold),
        cmocka_unit_test(a_name_of_any_length_leaves_a_drawing_of_its_own_size),
        cmocka_unit_test(memory_that_runs_out_is_an_error_and_nothing_leaks),
        cmocka_unit_test(a_graph_without_anything_is_drawn_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
