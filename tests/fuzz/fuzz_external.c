/* ONNX models whose weights lie in other files. The input says where, a line for each tensor: its type, then location, offset and
 * length, each behind a comma. The model lies in a folder with files, folders, links and a pipe; beside the folder lies a secret,
 * which must not come out. */
#include "fuzz/fuzz.h"

#include "io/onnx_bytes.h"

#include <clade/onnx.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_TENSORS = 8, ELEMENTS = 4, SECRET_WORDS = 1024 };

/* ---- The folder ------------------------------------------------------------------------------------------------------------- */

/*   root/secret   root/model/{weights, empty, deep/weights, deep/model.onnx, file -> ../secret, folder -> .., pipe, model.onnx} */
static char root[] = "/tmp/clade_fuzz_XXXXXX";
static uint32_t secret;

static const char *below_root(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void store(const char *name, const void *data, size_t size) {
    const int file = open(below_root(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    fuzz_expect(file >= 0 && write(file, data, size) == (ssize_t)size && close(file) == 0);
}

static void remove_folder(void) {
    static const char *const files[] = {"secret",     "model/weights", "model/empty", "model/deep/weights",
                                        "model/file", "model/folder",  "model/pipe",  "model/model.onnx"};
    for (size_t i = 0; i < BASE_COUNT(files); i++) (void)unlink(below_root(files[i]));
    (void)rmdir(below_root("model/deep"));
    (void)rmdir(below_root("model"));
    (void)rmdir(root);
}

static void make_folder(void) {
    static uint32_t words[SECRET_WORDS];
    const uint8_t zeros[64] = {0};
    const int source = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    fuzz_expect(source >= 0 && read(source, &secret, sizeof secret) == sizeof secret && close(source) == 0);
    secret = (secret & 0x807fffff) | 0x3f800000; /* a float between 1 and 2, of either sign */
    for (size_t i = 0; i < SECRET_WORDS; i++) words[i] = secret;
    fuzz_expect(mkdtemp(root) && atexit(remove_folder) == 0);
    fuzz_expect(mkdir(below_root("model"), 0700) == 0 && mkdir(below_root("model/deep"), 0700) == 0);
    store("secret", words, sizeof words);
    store("model/weights", zeros, sizeof zeros);
    store("model/deep/weights", zeros, sizeof zeros);
    store("model/empty", zeros, 0);
    fuzz_expect(symlink("../secret", below_root("model/file")) == 0 && symlink("..", below_root("model/folder")) == 0);
    fuzz_expect(mkfifo(below_root("model/pipe"), 0600) == 0);
}

/* ---- The model -------------------------------------------------------------------------------------------------------------- */

/* Cuts a field off, up to a comma. */
static char *next_field(char **rest) {
    char *field = *rest, *comma = strchr(field, ',');
    *rest = comma ? comma + 1 : field + strlen(field);
    if (comma) *comma = '\0';
    return field;
}

/* x + w, w being in another file. */
static void add_tensor(bytes *graph, size_t index, char *line) {
    static const char *const keys[] = {"location", "offset", "length"};
    bytes tensor = {.size = 0};
    char weight[8], names[16], sum[8], name[8];
    snprintf(weight, sizeof weight, "w%zu", index);
    snprintf(names, sizeof names, "x %s", weight);
    snprintf(sum, sizeof sum, "y%zu", index);
    snprintf(name, sizeof name, "n%zu", index);
    bytes_int(&tensor, 1, ELEMENTS);
    bytes_int(&tensor, 2, *line ? *line - '0' : 1);
    (void)next_field(&line);
    bytes_text(&tensor, 8, weight);
    for (size_t i = 0; i < BASE_COUNT(keys) && *line; i++) {
        bytes entry = {.size = 0};
        bytes_text(&entry, 1, keys[i]);
        bytes_text(&entry, 2, next_field(&line));
        bytes_message(&tensor, 13, &entry);
    }
    bytes_int(&tensor, 14, 1);
    bytes_message(graph, 5, &tensor);
    graph_node(graph, "Add", name, names, sum, NULL);
    graph_output(graph, sum);
}

static void make_model(const uint8_t *data, size_t size) {
    static const int64_t shape[1] = {ELEMENTS};
    static bytes graph, model;
    char *text = calloc(size + 1, 1), *line = text;
    fuzz_expect(text != NULL);
    memcpy(text, data, size);
    graph.size = model.size = 0;
    graph_input(&graph, "x", 1, shape, 1);
    for (size_t i = 0; i < MOST_TENSORS && *line; i++) {
        char *end = line + strcspn(line, "\n");
        const bool more = *end != '\0';
        *end = '\0';
        add_tensor(&graph, i, line);
        line = end + more;
    }
    model_finish(&model, &graph, 17);
    store("model/model.onnx", model.data, model.size);
    free(text);
}

/* ---- What came of it -------------------------------------------------------------------------------------------------------- */
static void look_at(const clade_graph *graph) {
    for (size_t i = 0; i < clade_graph_parameter_count(graph); i++) {
        clade_tensor tensor;
        clade_tensor_info parameter;
        float values[ELEMENTS];
        fuzz_expect(clade_graph_parameter_at(graph, i, &tensor) == CLADE_OK &&
                    clade_graph_tensor(graph, tensor, &parameter) == CLADE_OK && parameter.shape.rank == 1 &&
                    parameter.shape.dims[0] == ELEMENTS &&
                    clade_graph_get_parameter(graph, parameter.name, values) == CLADE_OK);
        for (size_t k = 0; k < ELEMENTS; k++) {
            uint32_t word;
            memcpy(&word, &values[k], sizeof word);
            fuzz_expect(word != secret);
        }
    }
}

/* libFuzzer sees what is compared, and the model is a file of the folder itself. */
static bool knows_secret(const uint8_t *data, size_t size) {
    for (size_t i = 0; i + sizeof secret <= size; i++)
        if (memcmp(data + i, &secret, sizeof secret) == 0) return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (secret == 0) make_folder();
    if (knows_secret(data, size)) return 0;
    make_model(data, size);
    clade_graph *graph = NULL;
    const clade_onnx_load_settings settings = {.allow_external_data = true};
    const clade_status status = clade_onnx_load(fuzz_context(), below_root("model/model.onnx"), &settings, &graph);
    fuzz_expect_result(status, graph);
    if (graph) look_at(graph);
    clade_graph_destroy(&graph);
    return 0;
}
