/* smallest.h: the smallest images that a network takes. */
#ifndef TOOLS_SMALLEST_H
#define TOOLS_SMALLEST_H

#include "options.h"

/* Prints the smallest square image that each of the models works on. Prints why it failed. */
bool smallest_print(const tool_options *options, tool_console *console);

#endif
