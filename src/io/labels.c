/* labels.c: names of classes, one a line. */
#include "io/parse.h"

#include <string.h>

/* Far more than any data set has classes. */
#define LABELS_MAX_BYTES ((uint64_t)16 << 20)
#define LABELS_MAX_LINES ((size_t)1 << 20)

/* A byte order mark, which some editors put in front of UTF-8. */
static const char mark[] = "\xef\xbb\xbf";

/* A last line needs no newline; a newline at the end starts no further line. */
static size_t count_lines(const char *text, size_t size) {
    size_t count = text[size - 1] == '\n' ? 0 : 1;
    for (size_t i = 0; i < size; i++) count += text[i] == '\n';
    return count;
}

/* One block: the pointers, then the text they point into with its line ends made terminators. */
static clade_status split(const io_file *file, const char *text, size_t size, clade_labels *labels_out) {
    const size_t count = count_lines(text, size);
    if (count > LABELS_MAX_LINES)
        return io_refuse(file, CLADE_ERROR_FORMAT, "it has %zu lines, at most %zu are accepted", count,
                         LABELS_MAX_LINES);
    const size_t bytes = count * sizeof(char *) + size + 1;
    char **names = base_allocate(file->env, bytes);
    if (!names) return base_fail_memory(file->env, bytes, "labels");

    char *line = (char *)(names + count), *const last = line + size;
    memcpy(line, text, size);
    *last = '\0';
    for (size_t i = 0; i < count; i++) {
        char *end = memchr(line, '\n', (size_t)(last - line));
        if (!end) end = last;
        char *next = end + 1;
        if (end > line && end[-1] == '\r') end--;
        *end = '\0';
        names[i] = line;
        line = next;
    }
    *labels_out = (clade_labels){.count = count, .names = names};
    return CLADE_OK;
}

clade_status io_parse_labels(const io_file *file, clade_labels *labels_out) {
    const char *text = (const char *)file->data;
    size_t size = file->size;
    if (size >= strlen(mark) && memcmp(text, mark, strlen(mark)) == 0) {
        text += strlen(mark);
        size -= strlen(mark);
    }
    if (size == 0) return io_refuse(file, CLADE_ERROR_FORMAT, "it is empty");
    if (memchr(text, '\0', size)) return io_refuse(file, CLADE_ERROR_FORMAT, "it is no text: it holds a zero byte");
    return split(file, text, size, labels_out);
}

clade_status clade_labels_read(clade_context *context, const char *path, clade_labels *labels_out) {
    if (labels_out) *labels_out = (clade_labels){0};
    if (!context || !path || !labels_out)
        return base_fail(io_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to read labels: context, path and labels_out must not be NULL");

    io_file file = {.env = context_env(context), .kind = "labels", .path = path};
    FORWARD(io_file_read(&file, LABELS_MAX_BYTES));
    const clade_status status = io_parse_labels(&file, labels_out);
    base_free(file.env, file.data);
    return status;
}

void clade_labels_clear(clade_context *context, clade_labels *labels) {
    if (!context || !labels) return;
    base_free(context_env(context), labels->names);
    *labels = (clade_labels){0};
}
