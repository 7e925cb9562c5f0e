/* onnx_file.c: what --shape and --external-data mean to the importer. */
#include "onnx_file.h"

#include <clade/onnx.h>

#include <stdlib.h>
#include <string.h>

/* "1x3x224x224", or with N in front where the batch is to stay open. */
static bool read_shape(const char *text, clade_shape *shape_out) {
    clade_shape shape = {.rank = 0};
    do {
        if (shape.rank == CLADE_MAX_RANK) return false;
        char *end = NULL;
        int64_t *dim = &shape.dims[shape.rank++];
        if (shape.rank == 1 && *text == 'N') {
            *dim = CLADE_BATCH;
            end = (char *)text + 1;
        } else {
            if (*text < '0' || *text > '9' || strspn(text, "0123456789") > 9) return false;
            *dim = strtoll(text, &end, 10);
            if (*dim < 1) return false;
        }
        text = end;
    } while (*text++ == 'x');
    *shape_out = shape;
    return text[-1] == '\0';
}

static bool read_shapes(const tool_bindings *bindings, tool_console *console, clade_onnx_shape *shapes) {
    for (size_t i = 0; i < bindings->count; i++) {
        const tool_binding *binding = &bindings->items[i];
        shapes[i].input = binding->name;
        if (!read_shape(binding->value, &shapes[i].shape))
            return console_fail(
                console,
                "failed to read --shape %s=%s: a shape is up to %d numbers such as 1x3x224x224, of which "
                "the first may be N for any batch",
                binding->name, binding->value, CLADE_MAX_RANK);
    }
    return true;
}

/* The importer's messages name fields of its settings; people have options. */
static bool fail(clade_context *context, tool_console *console) {
    static const struct {
        const char *words, *hint;
    } hints[] = {{"give the input's shape", "the option for it is --shape, e.g. --shape NAME=1x3x224x224"},
                 {"external data must be allowed", "the option that allows it is --external-data"}};
    char message[CONSOLE_MESSAGE_SIZE];
    clade_context_message(context, message, sizeof message);
    console_fail_library(console, context);
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (strstr(message, hints[i].words)) console_fail(console, "%s", hints[i].hint);
    return false;
}

bool onnx_file_read(clade_context *context, const char *path, const tool_options *options, tool_console *console,
                    clade_graph **graph_out) {
    clade_onnx_load_settings settings = clade_onnx_load_defaults();
    clade_onnx_shape *shapes = calloc(options->shapes.count + 1, sizeof *shapes);
    if (!shapes) return console_fail(console, "out of host memory");
    settings.allow_external_data = options->external_data;
    settings.shapes = shapes;
    settings.shape_count = options->shapes.count;
    bool good = read_shapes(&options->shapes, console, shapes);
    if (good && clade_onnx_load(context, path, &settings, graph_out) != CLADE_OK) good = fail(context, console);
    free(shapes);
    return good;
}
