/* compare.h: several networks side by side. */
#ifndef TOOLS_COMPARE_H
#define TOOLS_COMPARE_H

#include "options.h"

/* Prints one line, or with --json one object, for each network that the arguments name; with --time it is run, too. Prints why it
 * failed. */
bool compare_print(const tool_options *options, tool_console *console);

#endif
