/* data.h: where the files are that come with the project: trained weights and their labels. */
#ifndef TOOLS_DATA_H
#define TOOLS_DATA_H

#include <stdbool.h>
#include <stddef.h>

enum { DATA_PATH_SIZE = 4096 };

/* Writes the path of weights/NAME below the first data folder that has it. False when none has.
 * $CLADE_DATA_DIR, where set, is the only folder; else ../share/clade beside the tool's folder (an installed tool), then the
 * source tree (a tool in its build tree). */
bool data_find(const char *name, char *path, size_t size);

#endif
