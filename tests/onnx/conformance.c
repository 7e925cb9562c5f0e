/* conformance.c: runs ONNX's own test cases and counts by operator, as the table in docs/onnx.md.
 *
 *   onnx_conformance FOLDER [PART]     FOLDER holds node, pytorch-converted, pytorch-operator and simple (Debian:
 *                                      libonnx-testdata); PART of a case's name: only these, and what became of each
 *
 * The table goes to standard output, failed cases to standard error; exit code 1 if there are any, 77 (skipped, for CTest) where
 * the folder is missing. Counted are cases whose operators are all known; of the others only how many there are. */
#include "onnx/case.h"
#include "onnx/tensor.h"

#include "io/onnx.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SKIPPED = 77, MOST_ROWS = 256, MOST_REASONS = 16, REASON_SIZE = 160, PATH_SIZE = 512 };

typedef struct reason {
    char text[REASON_SIZE];  /* of the first case */
    char words[REASON_SIZE]; /* without its numbers */
    int count;
} reason;

typedef struct row {
    char op[64];
    int passed, failed, unsupported;
    reason reasons[MOST_REASONS];
    int reason_count;
} row;

typedef struct table {
    row rows[MOST_ROWS];
    size_t count;
    int passed, failed, unsupported;
    int others; /* cases of operators that are not known */
} table;

/* ---- Counting ------------------------------------------------------------------------------------------------------- */
static row *find_row(table *all, const char *op) {
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->rows[i].op, op) == 0) return &all->rows[i];
    if (all->count == MOST_ROWS) abort();
    row *fresh = &all->rows[all->count++];
    *fresh = (row){0};
    snprintf(fresh->op, sizeof fresh->op, "%s", op);
    return fresh;
}

/* Copies all but numbers and what stands in quotes. */
static void strip(const char *text, char words[REASON_SIZE]) {
    size_t length = 0;
    bool quoted = false;
    for (; *text && length < REASON_SIZE - 1; text++) {
        if (*text == '"') quoted = !quoted;
        if (!quoted && !strchr("0123456789.-", *text)) words[length++] = *text;
    }
    words[length] = '\0';
}

/* Reasons that differ by numbers and names alone count as one, told as in the first case. */
static void count_reason(row *to, const char *text) {
    char words[REASON_SIZE];
    int i = 0;
    strip(text, words);
    while (i < to->reason_count && strcmp(to->reasons[i].words, words) != 0) i++;
    if (i == MOST_REASONS) i--;
    if (i == to->reason_count) {
        reason *fresh = &to->reasons[to->reason_count++];
        memcpy(fresh->words, words, sizeof words);
        snprintf(fresh->text, sizeof fresh->text, "%.*s", REASON_SIZE - 1, text);
    }
    to->reasons[i].count++;
}

static void count_case(table *all, const case_result *result) {
    row *to = find_row(all, result->op);
    if (result->outcome == CASE_PASSED) {
        to->passed++;
        all->passed++;
    } else if (result->outcome == CASE_FAILED) {
        to->failed++;
        all->failed++;
    } else {
        to->unsupported++;
        all->unsupported++;
        count_reason(to, result->reason);
    }
}

/* ---- Cases ---------------------------------------------------------------------------------------------------------- */
/* Whether all operators of a model can stand in a network, be it only around constants. */
static bool is_known(const char *folder) {
    char path[2 * PATH_SIZE];
    size_t size = 0;
    bool known = true, other = false;
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    uint8_t *file = tensor_load(path, &size);
    Onnx__ModelProto *model = file ? onnx__model_proto__unpack(NULL, size, file) : NULL;
    free(file);
    if (!model || !model->graph) return false;
    const Onnx__GraphProto *graph = model->graph;
    for (size_t i = 0; known && i < graph->n_node; i++) {
        const Onnx__NodeProto *node = graph->node[i];
        const onnx_operator *op = onnx_find_operator(node->op_type, CLADE_ONNX_NEWEST_OPSET, &other);
        known = op && (op->build || graph->n_node > 1) && (!node->domain || !*node->domain);
    }
    onnx__model_proto__free_unpacked(model, NULL);
    return known;
}

static void run_case(table *all, clade_context *context, const char *path, bool tell) {
    static const char *const outcomes[] = {"passed", "failed", "is not supported"};
    if (!is_known(path)) {
        all->others++;
        return;
    }
    const case_result result = case_run(context, path);
    count_case(all, &result);
    if (tell || result.outcome == CASE_FAILED)
        fprintf(stderr, "%s %s. %s\n", path, outcomes[result.outcome], result.reason);
}

/* `part` of NULL is part of every name. */
static void run_folder(table *all, clade_context *context, const char *root, const char *kind, const char *part) {
    char path[PATH_SIZE];
    struct dirent **entries = NULL;
    snprintf(path, sizeof path, "%s/%s", root, kind);
    const int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (name[0] != '.' && (!part || strstr(name, part))) {
            snprintf(path, sizeof path, "%s/%s/%s", root, kind, name);
            run_case(all, context, path, part != NULL);
        }
        free(entries[i]);
    }
    free(entries);
}

/* ---- The table ------------------------------------------------------------------------------------------------------ */
static int compare_rows(const void *a, const void *b) {
    const row *left = a, *right = b;
    return strcmp(left->op, right->op);
}

static void print(table *all) {
    qsort(all->rows, all->count, sizeof *all->rows, compare_rows);
    puts("| operator | passed | failed | not supported | because |\n| --- | --- | --- | --- | --- |");
    for (size_t i = 0; i < all->count; i++) {
        const row *each = &all->rows[i];
        printf("| %s | %d | %d | %d |", each->op, each->passed, each->failed, each->unsupported);
        for (int j = 0; j < each->reason_count; j++)
            printf("%s %s (%d)", j ? ";" : "", each->reasons[j].text, each->reasons[j].count);
        puts(" |");
    }
    printf("| all | %d | %d | %d | |\n\n", all->passed, all->failed, all->unsupported);
    printf("Other cases, of operators that Clade has not: %d.\n", all->others);
}

int main(int argc, char **argv) {
    static const char *const kinds[] = {"node", "pytorch-converted", "pytorch-operator", "simple"};
    static table all;
    char message[1024] = "";
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "Usage: %s FOLDER [PART]\n", argv[0]);
        return 2;
    }
    DIR *folder = opendir(argv[1]);
    if (!folder) {
        printf("skipped: there is no %s, which Debian's package libonnx-testdata brings\n", argv[1]);
        return SKIPPED;
    }
    closedir(folder);
    clade_context *context = NULL;
    clade_context_settings settings = clade_context_defaults();
    settings.message = message;
    settings.message_size = sizeof message;
    if (clade_context_create(&settings, &context) != CLADE_OK) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        run_folder(&all, context, argv[1], kinds[i], argc == 3 ? argv[2] : NULL);
    clade_context_destroy(&context);
    print(&all);
    return all.failed > 0 ? 1 : 0;
}
