/* confusion.c: a table of classes by classes. */
#include "confusion.h"
#include "output.h"

#include <stdlib.h>

bool confusion_open(tool_confusion *confusion, size_t classes, tool_console *console) {
    *confusion = (tool_confusion){.classes = classes, .counts = calloc(classes, classes * sizeof *confusion->counts)};
    return confusion->counts ||
           console_fail(console, "failed to make a table of %zu by %zu classes: out of host memory", classes, classes);
}

void confusion_close(tool_confusion *confusion) {
    free(confusion->counts);
    *confusion = (tool_confusion){0};
}

void confusion_add(tool_confusion *confusion, size_t label, size_t found) {
    confusion->counts[label * confusion->classes + found]++;
}

/* Characters of the widest of some numbers. */
static int widest(const uint64_t *numbers, size_t count, uint64_t least) {
    for (size_t i = 0; i < count; i++)
        if (numbers[i] > least) least = numbers[i];
    return snprintf(NULL, 0, "%llu", (unsigned long long)least);
}

void confusion_print(const tool_confusion *confusion, const clade_dataset *set) {
    const size_t classes = confusion->classes;
    const int width = widest(confusion->counts, classes * classes, classes - 1);
    const int number_width = widest(NULL, 0, classes - 1);
    printf("%*s", number_width, "");
    for (size_t found = 0; found < classes; found++) printf(" %*zu", width, found);
    printf("  taken for\n");
    for (size_t label = 0; label < classes; label++) {
        printf("%*zu", number_width, label);
        for (size_t found = 0; found < classes; found++)
            printf(" %*llu", width, (unsigned long long)confusion->counts[label * classes + found]);
        const char *text = clade_dataset_class_name(set, (int32_t)label);
        printf("%s%s\n", text ? "  " : "", text ? text : "");
    }
}

void confusion_print_json(const tool_confusion *confusion, json_writer *json, const char *key) {
    json_open(json, key, '[');
    for (size_t label = 0; label < confusion->classes; label++) {
        json_open(json, NULL, '[');
        for (size_t found = 0; found < confusion->classes; found++)
            json_integer(json, NULL, (int64_t)confusion->counts[label * confusion->classes + found]);
        json_close(json, ']');
    }
    json_close(json, ']');
}

/* ---- CSV ---------------------------------------------------------------------------------------------------------------- */

/* In quotes, which are doubled inside; a class without a name by its number. */
static void write_name(FILE *file, const clade_dataset *set, size_t index) {
    const char *text = clade_dataset_class_name(set, (int32_t)index);
    if (!text) {
        fprintf(file, "%zu", index);
        return;
    }
    putc('"', file);
    for (; *text; text++) {
        if (*text == '"') putc('"', file);
        putc(*text, file);
    }
    putc('"', file);
}

bool confusion_write(const tool_confusion *confusion, const clade_dataset *set, const char *path,
                     tool_console *console) {
    output_file output;
    if (!output_open(&output, path, console)) return false;
    for (size_t found = 0; found < confusion->classes; found++) {
        putc(',', output.stream);
        write_name(output.stream, set, found);
    }
    for (size_t label = 0; label < confusion->classes; label++) {
        fputs("\r\n", output.stream);
        write_name(output.stream, set, label);
        for (size_t found = 0; found < confusion->classes; found++)
            fprintf(output.stream, ",%llu", (unsigned long long)confusion->counts[label * confusion->classes + found]);
    }
    fputs("\r\n", output.stream);
    return output_commit(&output, console); /* says so if any of this failed */
}
