/* parse.h: the readers on files that are in memory already: what the public calls do once they have read one, and what the fuzz
 * targets call. `file` has its data. On failure there is nothing to free. */
#ifndef IO_PARSE_H
#define IO_PARSE_H

#include "io/file.h"

#include <clade/io.h>

/* The array takes over the file's data, which are freed on failure. */
clade_status io_parse_npy(io_file *file, clade_array *array_out);
clade_status io_parse_idx(const io_file *file, clade_array *array_out);
/* `channels`: 1 or 3. */
clade_status io_parse_image(const io_file *file, int32_t channels, clade_array *image_out);
clade_status io_parse_labels(const io_file *file, clade_labels *labels_out);
/* Of a mapped file, as io_file_map leaves it. Where the graph comes to hold the mapping, even if the call fails, the file's `data`
 * are NULL afterwards. */
clade_status io_parse_weights(io_file *file, clade_graph *graph, const clade_weights_settings *settings);

#endif
