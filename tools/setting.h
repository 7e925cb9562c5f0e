/* setting.h: the settings of models, as the command line names them: NAME=VALUE with commas between, and NAME alone to switch
 * something on. */
#ifndef TOOLS_SETTING_H
#define TOOLS_SETTING_H

#include "model.h"

/* Reads the settings of a model. False after a message that says which there are. */
bool settings_read(const char *text, tool_console *console, tool_model *model);
/* Prints the settings that a model has, with their values and meanings. */
void settings_print(const tool_model *model, bool as_json);

#endif
