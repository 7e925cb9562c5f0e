/* Names of classes. The oracle: the names with their line ends are the text. */
#include "fuzz/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    clade_labels labels = {0};
    const io_file file = fuzz_file("labels", data, size);
    const clade_status status = io_parse_labels(&file, &labels);
    fuzz_expect_result(status, labels.names);
    uint64_t length = 0, ends = 0;
    for (size_t i = 0; i < labels.count; i++) length += strlen(labels.names[i]);
    for (size_t i = 0; i < size; i++) ends += data[i] == '\n';
    fuzz_expect(length <= size && labels.count <= ends + 1);
    clade_labels_clear(fuzz_context(), &labels);
    base_free(file.env, file.data);
    return 0;
}
