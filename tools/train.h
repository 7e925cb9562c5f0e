/* train.h: what `clade train` is asked for, as the library takes it. */
#ifndef TOOLS_TRAIN_H
#define TOOLS_TRAIN_H

#include "network.h"

#include <clade/data.h>
#include <clade/train.h>

typedef struct train_plan {
    int32_t batch;
    uint64_t epochs;
    clade_trainer_settings trainer;
    clade_initializer_settings initializer;
    clade_schedule schedule; /* its steps are set when the data are known */
    clade_loader_settings loader;
} train_plan;

/* Reads the options; false after a message about one that makes no sense. */
bool train_read(const tool_options *options, tool_console *console, train_plan *plan_out);

/* The set of --data, or the training half of Fashion-MNIST; and that of --test-data, or its test half. `like`, where given, has the names
 * of the classes. False after a message. */
bool train_open_data(const tool_network *network, bool is_test, size_t classes, const clade_dataset *like,
                     clade_dataset **set_out);

#endif
