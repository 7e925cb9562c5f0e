/* options.c: a table of all options, from which both the parser and the help texts are made.
 *
 * A row says who takes the option, what kind of value it has and where in `options` that goes. One long name may stand in two
 * rows (-o of `graph` and of `run`) as long as no command is in both. */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum option_kind {
    KIND_FLAG,        /* bool: set to true */
    KIND_COUNTER,     /* unsigned: one more each time */
    KIND_TEXT,        /* const char * */
    KIND_EMPTY_TEXT,  /* const char *: set to "", takes no value */
    KIND_NUMBER,      /* uint64_t of at least 1 */
    KIND_REAL,        /* double of at least 0 */
    KIND_BYTES,       /* uint64_t of at least 1, with K, M or G behind it */
    KIND_PASSES,      /* uint32_t: bits of clade_pass */
    KIND_BINDING,     /* bindings: one more NAME=FILE each time */
    KIND_LEVEL,       /* clade_tuning */
    KIND_WEIGHT_TYPE, /* clade_type: float32, float16 or bfloat16 */
    KIND_PRECISION    /* float32, the only one so far: kept nowhere */
} option_kind;

typedef struct option_row {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: takes no value */
    option_kind kind;
    size_t offset;
    unsigned commands;
    const char *help; /* lines after the first are indented when printed */
} option_row;

#define USE_DEVICE                                                                                                     \
    (COMMAND_CLASSIFY | COMMAND_EVAL | COMMAND_RUN | COMMAND_SUMMARY | COMMAND_GRAPH | COMMAND_BENCH |                 \
     COMMAND_PROFILE | COMMAND_TUNE | COMMAND_VERIFY | COMMAND_TRAIN)
#define USE_MODEL (USE_DEVICE | COMMAND_CONVERT)
#define USE_WEIGHTS                                                                                                    \
    (COMMAND_CLASSIFY | COMMAND_EVAL | COMMAND_TRAIN | COMMAND_RUN | COMMAND_BENCH | COMMAND_PROFILE | COMMAND_TUNE |  \
     COMMAND_CONVERT)
#define USE_JSON                                                                                                       \
    (COMMAND_DEVICES | COMMAND_CLASSIFY | COMMAND_EVAL | COMMAND_SUMMARY | COMMAND_BENCH | COMMAND_PROFILE |           \
     COMMAND_VERIFY)
#define FIELD(name) offsetof(tool_options, name)

static const option_row rows[] = {
    {"weights", 'w', "FILE", KIND_TEXT, FIELD(weights), USE_WEIGHTS,
     "safetensors file, or 'random' for the weights of the\nproject's golden results"},
    {"labels", 'l', "FILE", KIND_TEXT, FIELD(labels), COMMAND_CLASSIFY, "names of the classes, one a line"},
    {"top", 'k', "N", KIND_NUMBER, FIELD(top), COMMAND_CLASSIFY, "how many classes to print (5)"},
    {"data", 0, "FOLDER", KIND_TEXT, FIELD(data), COMMAND_EVAL,
     "sub folders of JPEG and PNG files, one for each class"},
    {"data", 0, "FOLDER", KIND_TEXT, FIELD(data), COMMAND_TRAIN,
     "sub folders of JPEG and PNG files to learn, one for\neach class"},
    {"test-data", 0, "FOLDER", KIND_TEXT, FIELD(test_data), COMMAND_TRAIN, "the same to test with"},
    {"skip-damaged", 0, NULL, KIND_FLAG, FIELD(skip_damaged), COMMAND_EVAL | COMMAND_TRAIN,
     "leave out images of --data that do not decode"},
    {"images", 0, "FILE", KIND_TEXT, FIELD(images), COMMAND_EVAL, "IDX file of images, gzip or not"},
    {"labels", 0, "FILE", KIND_TEXT, FIELD(labels), COMMAND_EVAL,
     "IDX file of their classes, gzip or not; with --data:\nsub folders in the order of the classes, one a line"},
    {"confusion", 0, NULL, KIND_FLAG, FIELD(confusion), COMMAND_EVAL,
     "print how many images of each class were taken for\neach class"},
    {"csv", 0, "FILE", KIND_TEXT, FIELD(csv), COMMAND_EVAL, "write that as comma-separated values"},
    {"limit", 0, "N", KIND_NUMBER, FIELD(limit), COMMAND_EVAL, "only the first N images"},
    {"limit", 0, "N", KIND_NUMBER, FIELD(limit), COMMAND_TRAIN, "only so many images in an epoch"},
    {"epochs", 0, "N", KIND_NUMBER, FIELD(epochs), COMMAND_TRAIN, "how often to go through the data (10)"},
    {"rate", 0, "R", KIND_REAL, FIELD(rate), COMMAND_TRAIN, "the highest learning rate (0.1)"},
    {"schedule", 0, "NAME", KIND_TEXT, FIELD(schedule), COMMAND_TRAIN,
     "how it changes: constant, step, exponential, cosine,\none-cycle"},
    {"optimizer", 0, "NAME", KIND_TEXT, FIELD(optimizer), COMMAND_TRAIN,
     "sgd, momentum, nesterov, rmsprop, rmsprop-tensorflow,\nadam, adamw"},
    {"momentum", 0, "R", KIND_REAL, FIELD(momentum), COMMAND_TRAIN, "of optimisers that have one (0.9)"},
    {"weight-decay", 0, "R", KIND_REAL, FIELD(weight_decay), COMMAND_TRAIN, "of weights, not of biases (0)"},
    {"clip-norm", 0, "R", KIND_REAL, FIELD(clip_norm), COMMAND_TRAIN,
     "how long all gradients together may be (any length)"},
    {"label-smoothing", 0, "R", KIND_REAL, FIELD(label_smoothing), COMMAND_TRAIN,
     "share of targets that all classes get (0)"},
    {"average", 0, "R", KIND_REAL, FIELD(average), COMMAND_TRAIN,
     "write the moving average of weights, which keeps this\nmuch of itself in each step"},
    {"init", 0, "NAME", KIND_TEXT, FIELD(initializer), COMMAND_TRAIN,
     "first weights without -w: xavier-uniform,\nxavier-normal, he-uniform, he-normal, truncated-normal"},
    {"seed", 0, "N", KIND_NUMBER, FIELD(seed), COMMAND_TRAIN, "of all random numbers"},
    {"flip", 0, NULL, KIND_FLAG, FIELD(flip), COMMAND_TRAIN, "swap left and right of every other image, at random"},
    {"crop-padding", 0, "N", KIND_NUMBER, FIELD(crop_padding), COMMAND_TRAIN,
     "learn random windows of images with N zeros on each\nside"},
    {"log", 0, "FILE", KIND_TEXT, FIELD(log), COMMAND_TRAIN, "write a line for each epoch as comma-separated values"},
    {"output", 'o', "FILE", KIND_TEXT, FIELD(output), COMMAND_TRAIN, "where to write the weights, as safetensors"},
    {"input", 'i', "NAME=FILE", KIND_BINDING, FIELD(inputs), COMMAND_RUN, "float32 .npy file, or 'random'; repeatable"},
    {"output", 'o', "NAME=FILE", KIND_BINDING, FIELD(outputs), COMMAND_RUN,
     "where to write an output as .npy; repeatable"},
    {"list", 0, NULL, KIND_FLAG, FIELD(list), COMMAND_SUMMARY, "list the models instead, or the settings of MODEL"},
    {"min-size", 0, NULL, KIND_FLAG, FIELD(min_size), COMMAND_SUMMARY,
     "say what is the smallest image each model works on"},
    {"time", 0, NULL, KIND_FLAG, FIELD(time), COMMAND_SUMMARY,
     "compare, with the median time of 20 runs on the device"},
    {"compiled", 0, NULL, KIND_FLAG, FIELD(compiled), COMMAND_GRAPH, "the graph as compiled for the device"},
    {"output", 'o', "FILE", KIND_TEXT, FIELD(output), COMMAND_GRAPH,
     "write FILE.dot, or FILE.svg, FILE.png or FILE.pdf,\nwhich need Graphviz (default: DOT on standard output)"},
    {"level", 0, "LEVEL", KIND_LEVEL, FIELD(level), COMMAND_TUNE,
     "how much to try: fast (less than a minute for a large\nnetwork, the default) or full"},
    {"export", 0, NULL, KIND_FLAG, FIELD(export_rows), COMMAND_TUNE,
     "print what is kept for the network instead of tuning,\nas it can be shipped in tuning/rows.txt"},
    {"runs", 0, "N", KIND_NUMBER, FIELD(runs), COMMAND_BENCH, "how many runs to time (50)"},
    {"runs", 0, "N", KIND_NUMBER, FIELD(runs), COMMAND_PROFILE, "how many runs to time (20)"},
    {"trace", 0, "FILE", KIND_TEXT, FIELD(trace), COMMAND_PROFILE,
     "write what ran when as Chrome's trace events, for\nui.perfetto.dev or chrome://tracing"},
    {"html", 0, "FILE", KIND_TEXT, FIELD(html), COMMAND_PROFILE, "write a page with charts, for any browser"},
    {"json", 0, NULL, KIND_FLAG, FIELD(json), USE_JSON, "print one JSON value instead of text"},

    {"shape", 0, "NAME=SHAPE", KIND_BINDING, FIELD(shapes), USE_MODEL,
     "shape of an ONNX file's input that leaves it open,\ne.g. input=1x3x224x224 or Nx3x224x224; repeatable"},
    {"external-data", 0, NULL, KIND_FLAG, FIELD(external_data), USE_MODEL,
     "read weights that an ONNX file keeps in other files\nof its folder"},
    {"device", 'd', "DEVICE", KIND_TEXT, FIELD(device), USE_DEVICE,
     "cpu, gpu, PLATFORM or PLATFORM:N, see 'clade\ndevices' (default: $CLADE_DEVICE, else a GPU)"},
    {"threads", 0, "N", KIND_NUMBER, FIELD(threads), USE_DEVICE, "compute units of the device to use (all)"},
    {"batch", 0, "N", KIND_NUMBER, FIELD(batch), USE_DEVICE, "images in one run"},
    {"precision", 0, "TYPE", KIND_PRECISION, 0, USE_DEVICE, "type of the sums: float32"},
    {"weight-type", 0, "TYPE", KIND_WEIGHT_TYPE, FIELD(weight_type), USE_DEVICE | COMMAND_CONVERT,
     "how weights are stored: float32, float16, bfloat16"},
    {"memory-limit", 0, "BYTES", KIND_BYTES, FIELD(memory_limit), USE_DEVICE,
     "device memory to stay within, e.g. 800000K, 512M, 2G"},
    {"kernels", 0, "LIST", KIND_TEXT, FIELD(kernels), USE_DEVICE, "kernels to use, e.g. conv2d=generic,linear=gemm"},
    {"disable", 0, "PASSES", KIND_PASSES, FIELD(disabled_passes), USE_DEVICE,
     "compiler passes to leave out, with commas: fold,\nfuse, concat, layout, in-place, reuse, merge, "
     "commute,\nalign, network"},
    {"block", 0, "N", KIND_NUMBER, FIELD(block), USE_DEVICE, "channels that lie together in memory; 1: plain NCHW"},
    {"cache", 0, "DIR", KIND_TEXT, FIELD(cache), USE_DEVICE,
     "folder for compiled kernels (default:\n$CLADE_CACHE_DIR, else ~/.cache/clade)"},
    {"no-cache", 0, NULL, KIND_EMPTY_TEXT, FIELD(cache), USE_DEVICE, "compile kernels afresh and keep none"},

    {"verbose", 'v', NULL, KIND_COUNTER, FIELD(verbosity), COMMAND_ALL, "say what is chosen; twice: every build"},
    {"quiet", 'q', NULL, KIND_FLAG, FIELD(quiet), COMMAND_ALL, "no warnings and no progress bar"},
    {"help", 'h', NULL, KIND_FLAG, FIELD(help), COMMAND_ALL, "print this text"},
    {"version", 'V', NULL, KIND_FLAG, FIELD(version), COMMAND_ALL, "print the version"},
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0], FIRST_ROW_VALUE = 256 /* above all letters */ };

static const struct {
    const char *name;
    clade_pass pass;
} passes[] = {
    {"fold", CLADE_PASS_FOLD},       {"fuse", CLADE_PASS_FUSE},         {"concat", CLADE_PASS_CONCAT},
    {"layout", CLADE_PASS_LAYOUT},   {"in-place", CLADE_PASS_IN_PLACE}, {"reuse", CLADE_PASS_REUSE},
    {"merge", CLADE_PASS_MERGE},     {"commute", CLADE_PASS_COMMUTE},   {"align", CLADE_PASS_ALIGN},
    {"network", CLADE_PASS_NETWORK},
};

/* Digits and nothing else; strtoull alone takes signs and blanks too. `end_out` is what follows them. */
static bool parse_digits(const char *text, uint64_t *value_out, const char **end_out) {
    if (*text < '0' || *text > '9') return false;
    char *end = NULL;
    errno = 0;
    *value_out = strtoull(text, &end, 10);
    *end_out = end;
    return errno == 0;
}

static bool parse_number(const char *text, uint64_t *value_out) {
    const char *end = NULL;
    return parse_digits(text, value_out, &end) && *end == '\0' && *value_out >= 1 && *value_out <= INT32_MAX;
}

static bool parse_real(const char *text, double *value_out) {
    char *end = NULL;
    errno = 0;
    *value_out = strtod(text, &end);
    return end != text && *end == '\0' && errno == 0 && *value_out >= 0 && *value_out <= 1e30;
}

static bool parse_bytes(const char *text, uint64_t *bytes_out) {
    const char *end = NULL;
    uint64_t count = 0;
    if (!parse_digits(text, &count, &end) || count == 0) return false;
    const char *suffixes = "KMG", *suffix = *end ? strchr(suffixes, *end & ~0x20 /* upper case */) : NULL;
    if (*end && (!suffix || end[1])) return false;
    const unsigned shift = suffix ? 10 * (unsigned)(suffix - suffixes + 1) : 0;
    if (count > UINT64_MAX >> shift) return false;
    *bytes_out = count << shift;
    return true;
}

static bool parse_passes(const char *text, uint32_t *bits) {
    while (true) {
        const size_t length = strcspn(text, ",");
        size_t found = 0;
        const size_t count = sizeof passes / sizeof passes[0];
        while (found < count &&
               (strlen(passes[found].name) != length || strncmp(passes[found].name, text, length) != 0))
            found++;
        if (found == count) return false;
        *bits |= (uint32_t)passes[found].pass;
        if (text[length] == '\0') return true;
        text += length + 1;
    }
}

/* `text` is a word of argv, which C lets us write to: its '=' becomes the end of the name. */
static bool parse_binding(char *text, tool_bindings *list) {
    char *equals = strchr(text, '=');
    if (!equals || equals == text || equals[1] == '\0') return false;
    *equals = '\0';
    list->items[list->count++] = (tool_binding){text, equals + 1};
    return true;
}

static bool parse_level(const char *text, clade_tuning *level) {
    *level = strcmp(text, "full") == 0 ? CLADE_TUNING_FULL : CLADE_TUNING_FAST;
    return strcmp(text, "full") == 0 || strcmp(text, "fast") == 0;
}

static bool parse_weight_type(const char *text, clade_type *type_out) {
    static const char *const names[] = {"float32", "float16", "bfloat16"}; /* by clade_type */
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], text) != 0) continue;
        *type_out = (clade_type)i;
        return true;
    }
    return false;
}

/* Puts the value of an option where it belongs. @return NULL, or what is wrong with it. */
static const char *apply(const option_row *row, char *value, tool_options *options) {
    void *field = (char *)options + row->offset;
    switch (row->kind) {
    case KIND_FLAG:
        *(bool *)field = true;
        return NULL;
    case KIND_COUNTER:
        ++*(unsigned *)field;
        return NULL;
    case KIND_TEXT:
        *(const char **)field = value;
        return NULL;
    case KIND_EMPTY_TEXT:
        *(const char **)field = "";
        return NULL;
    case KIND_NUMBER:
        return parse_number(value, field) ? NULL : "a number from 1 to 2147483647";
    case KIND_REAL:
        return parse_real(value, field) ? NULL : "a number of at least 0";
    case KIND_BYTES:
        return parse_bytes(value, field) ? NULL : "a number of bytes such as 800000000, 512M or 2G";
    case KIND_PASSES:
        return parse_passes(value, field)
                   ? NULL
                   : "some of fold,fuse,concat,layout,in-place,reuse,merge,commute,align,network";
    case KIND_BINDING:
        return parse_binding(value, field)       ? NULL
               : strcmp(row->name, "shape") == 0 ? "of the form NAME=SHAPE, e.g. input=1x3x224x224"
                                                 : "of the form NAME=FILE";
    case KIND_LEVEL:
        return parse_level(value, field) ? NULL : "fast or full";
    case KIND_WEIGHT_TYPE:
        return parse_weight_type(value, field) ? NULL : "float32, float16 or bfloat16";
    case KIND_PRECISION:
        return strcmp(value, "float32") == 0 ? NULL : "float32, the only one this version supports";
    }
    return NULL;
}

/* The command's rows as getopt wants them. */
typedef struct getopt_tables {
    char letters[2 * ROW_COUNT + 2];
    struct option names[ROW_COUNT + 1];
} getopt_tables;

static void fill_getopt_tables(const tool_command *command, getopt_tables *tables) {
    char *letter = tables->letters;
    struct option *name = tables->names;
    *letter++ = ':'; /* tells a missing value from an unknown option */
    for (int i = 0; i < ROW_COUNT; i++) {
        if (!(rows[i].commands & command->bit)) continue;
        *name++ = (struct option){rows[i].name, rows[i].argument ? required_argument : no_argument, NULL,
                                  FIRST_ROW_VALUE + i};
        if (!rows[i].letter) continue;
        *letter++ = rows[i].letter;
        if (rows[i].argument) *letter++ = ':';
    }
    *letter = '\0';
    *name = (struct option){0};
}

/* The row that getopt's answer stands for, or NULL. */
static const option_row *find_row(const tool_command *command, int value) {
    if (value >= FIRST_ROW_VALUE) return &rows[value - FIRST_ROW_VALUE];
    for (int i = 0; i < ROW_COUNT; i++)
        if (rows[i].letter == value && (rows[i].commands & command->bit)) return &rows[i];
    return NULL;
}

bool options_parse(const tool_command *command, int argc, char **argv, tool_options *options_out,
                   tool_console *console) {
    tool_options *options = options_out;
    *options = (tool_options){0};
    options->inputs.items = calloc((size_t)argc + 1, sizeof(tool_binding)); /* more there cannot be */
    options->outputs.items = calloc((size_t)argc + 1, sizeof(tool_binding));
    options->shapes.items = calloc((size_t)argc + 1, sizeof(tool_binding));
    if (!options->inputs.items || !options->outputs.items || !options->shapes.items)
        return console_fail(console, "out of host memory");

    getopt_tables tables;
    fill_getopt_tables(command, &tables);
    opterr = 0; /* the messages are ours */
    int value;
    while ((value = getopt_long(argc, argv, tables.letters, tables.names, NULL)) != -1) {
        if (value == ':') {
            command_misuse(command, console, "option %s needs a value", argv[optind - 1]);
            return false;
        }
        if (value == '?') {
            if (optopt >= FIRST_ROW_VALUE)
                command_misuse(command, console, "option --%s takes no value", find_row(command, optopt)->name);
            else if (optopt)
                command_misuse(command, console, "'clade %s' has no option -%c", command->name, optopt);
            else
                command_misuse(command, console, "'clade %s' has no option %s", command->name, argv[optind - 1]);
            return false;
        }
        const option_row *row = find_row(command, value);
        const char *wanted = apply(row, optarg, options);
        if (wanted) {
            command_misuse(command, console, "'%s' is no value for --%s: it must be %s", optarg, row->name, wanted);
            return false;
        }
    }
    options->arguments = argv + optind;
    options->argument_count = (size_t)(argc - optind);
    return true;
}

void options_free(tool_options *options) {
    free(options->inputs.items);
    free(options->outputs.items);
    free(options->shapes.items);
    options->inputs.items = options->outputs.items = options->shapes.items = NULL;
}

void options_print(const tool_command *command) {
    enum { HELP_COLUMN = 28 };
    for (int i = 0; i < ROW_COUNT; i++) {
        const option_row *row = &rows[i];
        if (!(row->commands & command->bit)) continue;
        int column = row->letter ? printf("  -%c, --%s", row->letter, row->name) : printf("      --%s", row->name);
        if (row->argument) column += printf(" %s", row->argument);
        for (const char *line = row->help; line; column = 0) {
            const size_t length = strcspn(line, "\n");
            printf("%*s%.*s\n", HELP_COLUMN > column ? HELP_COLUMN - column : 1, "", (int)length, line);
            line = line[length] ? line + length + 1 : NULL;
        }
    }
}
