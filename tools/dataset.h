/* dataset.h: the set of images that the command line names. */
#ifndef TOOLS_DATASET_H
#define TOOLS_DATASET_H

#include "network.h"

#include <clade/data.h>

typedef struct tool_dataset {
    clade_dataset *set;
    clade_dataset_info info;
} tool_dataset;

/* Opens the folder of --data, the files of --images and --labels, or Fashion-MNIST's test set, for a network of so many classes.
 * False after a message. */
bool dataset_open(tool_dataset *dataset, const tool_network *network, size_t classes);
void dataset_close(tool_dataset *dataset);

#endif
