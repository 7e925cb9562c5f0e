/* smallest.c: the smallest images that a network takes: found by building it for one size after the other. */
#include "smallest.h"

#include "json.h"
#include "network.h"

#include <stdio.h>

/* @return the side of the smallest square; 0 after a failure. What fails for want of room fails early and is quick. */
static int32_t find_smallest(clade_context *context, const tool_model *model) {
    const clade_model_info *published = model_published(model);
    const int32_t largest = published ? published->preprocess.height : 1;
    tool_model smaller = *model;
    for (int32_t size = 1; size <= largest; size++) {
        smaller.info.preprocess.height = smaller.wanted.model.height = size;
        smaller.info.preprocess.width = smaller.wanted.model.width = size;
        clade_graph *graph = NULL;
        const clade_status status = model_create(context, &smaller, &graph);
        clade_graph_destroy(&graph);
        if (status == CLADE_OK) return size;
        if (status != CLADE_ERROR_SHAPE) break;
    }
    return 0;
}

static bool print_one(const tool_options *options, tool_console *console, clade_context *context, const char *word,
                      json_writer *json) {
    tool_model model;
    if (model_is_file(word))
        return console_fail(console, "failed to find the smallest image for %s: a model file is for one size", word);
    if (!model_read(word, console, &model)) return false;
    const int32_t size = find_smallest(context, &model);
    if (size == 0) return console_fail_library(console, context);
    if (!options->json) {
        printf("%s works on images of %dx%d and larger\n", word, (int)size, (int)size);
        return true;
    }
    json_open(json, NULL, '{');
    json_text(json, "model", word);
    json_integer(json, "min_size", size);
    json_close(json, '}');
    return true;
}

bool smallest_print(const tool_options *options, tool_console *console) {
    /* without a log: that sizes are refused is no news here */
    clade_context *context = NULL;
    char message[CONSOLE_MESSAGE_SIZE] = "";
    const clade_context_settings settings = {.device = "none", .message = message, .message_size = sizeof message};
    if (clade_context_create(&settings, &context) != CLADE_OK) return console_fail(console, "%s", message);

    json_writer json = {.file = stdout};
    bool good = true;
    if (options->json) json_open(&json, NULL, '[');
    for (size_t i = 0; good && i < options->argument_count; i++)
        good = print_one(options, console, context, options->arguments[i], &json);
    if (options->json) json_close(&json, ']');
    if (options->json) putchar('\n');
    clade_context_destroy(&context);
    return good;
}
