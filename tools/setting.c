/* setting.c: a table of all settings, from which both the reader and the list for people are made. */
#include "setting.h"

#include "json.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum setting_kind {
    SETTING_COUNT,   /* int32_t of at least 1 */
    SETTING_SIZE,    /* two int32_t, height and width: N for both, or HxW */
    SETTING_SWITCH,  /* bool */
    SETTING_ABSENCE, /* bool that is true when the setting is off */
    SETTING_CHOICE,  /* an enum, by the words in `choices` */
    SETTING_SHARE,   /* float from 0 to less than 1; 0 is kept as -1, since a 0 in settings asks for the default */
    SETTING_WIDTHS   /* clade_inception_widths */
} setting_kind;

/* Who has a setting. */
enum { ZOO = 1, GOOGLENET = 2, BLOCK = 4, ALL = ZOO | GOOGLENET | BLOCK };

enum { MOST_CHOICES = 4, ITEM_SIZE = 160 };

typedef struct setting {
    const char *name;
    setting_kind kind;
    unsigned models;
    size_t offset; /* in clade_googlenet_settings */
    const char *values;
    const char *choices[MOST_CHOICES]; /* by the enum's value */
    const char *help;
} setting;

#define FIELD(name) offsetof(clade_googlenet_settings, name)
#define WIDTHS      "ONE/REDUCE3/THREE/REDUCE5/FIVE/POOL"
#define WIDTHS_OF(block, index)                                                                                        \
    { "inception" block, SETTING_WIDTHS, GOOGLENET, FIELD(widths[index]), WIDTHS, {0}, "channels in block " block }

static const setting settings[] = {
    {"classes", SETTING_COUNT, ZOO | GOOGLENET, FIELD(model.classes), "N", {0}, "outputs of the last layer"},
    {"channels", SETTING_COUNT, ALL, FIELD(model.channels), "N", {0}, "channels of the input"},
    {"size", SETTING_SIZE, ALL, FIELD(model.height), "N or HxW", {0}, "height and width of the image"},
    {"height", SETTING_COUNT, ALL, FIELD(model.height), "N", {0}, "height of the image alone"},
    {"width", SETTING_COUNT, ALL, FIELD(model.width), "N", {0}, "width of the image alone"},
    {"auxiliary",
     SETTING_SWITCH,
     ZOO | GOOGLENET,
     FIELD(model.auxiliary),
     "on or off",
     {0},
     "auxiliary classifiers, where a model has them (off)"},
    {"kind",
     SETTING_CHOICE,
     GOOGLENET | BLOCK,
     FIELD(kind),
     "v1, v1_narrow, v2 or v3",
     {"v1", "v1_narrow", "v2", "v3"},
     "5x5, a 3x3 for it, two 3x3, and these with average pooling (v1)"},
    {"batch_norm",
     SETTING_SWITCH,
     GOOGLENET | BLOCK,
     FIELD(batch_norm),
     "on or off",
     {0},
     "batch norm behind every convolution (off)"},
    {"keep_bias",
     SETTING_SWITCH,
     GOOGLENET | BLOCK,
     FIELD(keep_bias),
     "on or off",
     {0},
     "biases before batch norm, too (off)"},
    {"residual",
     SETTING_SWITCH,
     GOOGLENET | BLOCK,
     FIELD(residual),
     "on or off",
     {0},
     "a residual connection around each block (off)"},
    {"lrn", SETTING_ABSENCE, GOOGLENET, FIELD(no_lrn), "on or off", {0}, "local response normalisation (on)"},
    {"stem",
     SETTING_CHOICE,
     GOOGLENET,
     FIELD(stem),
     "published, short or small",
     {"published", "short", "small"},
     "as published, without its 1x1, or two 3x3 for images of 28x28"},
    {"pooling",
     SETTING_CHOICE,
     GOOGLENET,
     FIELD(pooling),
     "ceil, padded or valid",
     {"ceil", "padded", "valid"},
     "what happens at the edge when the image shrinks (ceil)"},
    {"last_pool", SETTING_COUNT, GOOGLENET, FIELD(last_pool), "1, 2 or 3", {0}, "window of the last pooling (3)"},
    {"dropout",
     SETTING_SHARE,
     GOOGLENET,
     FIELD(dropout),
     "from 0 to below 1",
     {0},
     "share dropped before the classifier (0.4)"},
    WIDTHS_OF("3a", 0),
    WIDTHS_OF("3b", 1),
    WIDTHS_OF("4a", 2),
    WIDTHS_OF("4b", 3),
    WIDTHS_OF("4c", 4),
    WIDTHS_OF("4d", 5),
    WIDTHS_OF("4e", 6),
    WIDTHS_OF("5a", 7),
    WIDTHS_OF("5b", 8),
    {"widths",
     SETTING_WIDTHS,
     BLOCK,
     FIELD(widths[0]),
     WIDTHS,
     {0},
     "channels of its convolutions (64/96/128/16/32/32)"},
};
enum { SETTING_ROWS = sizeof settings / sizeof settings[0] };

static bool has(const tool_model *model, const setting *s) {
    const bool googlenet = strcmp(model->base, "googlenet") == 0,
               is_block = strcmp(model->base, "inception_block") == 0;
    return s->models & (is_block ? BLOCK : googlenet ? GOOGLENET : ZOO);
}

/* ---- Values ---------------------------------------------------------------------------------------------------------------- */

/* Digits up to `end`, at most five of them more than a model can need. */
static bool read_count(const char *text, char end, int32_t *count_out, const char **rest_out) {
    char *rest = NULL;
    if (*text < '0' || *text > '9' || strspn(text, "0123456789") > 9) return false;
    *count_out = (int32_t)strtol(text, &rest, 10);
    *rest_out = rest + (*rest != '\0');
    return *count_out >= 1 && *rest == end;
}

static bool read_size(const char *text, int32_t *height_and_width) {
    if (!strchr(text, 'x')) {
        if (!read_count(text, '\0', &height_and_width[0], &text)) return false;
        height_and_width[1] = height_and_width[0];
        return true;
    }
    return read_count(text, 'x', &height_and_width[0], &text) && read_count(text, '\0', &height_and_width[1], &text);
}

static bool read_switch(const char *text, bool *on_out) {
    *on_out = strcmp(text, "on") == 0 || strcmp(text, "1") == 0;
    return *on_out || strcmp(text, "off") == 0 || strcmp(text, "0") == 0;
}

/* All these enums are unsigned int to the compilers that there are; the sizes at least are checked. */
_Static_assert(sizeof(clade_inception_kind) == sizeof(unsigned) && sizeof(clade_googlenet_stem) == sizeof(unsigned) &&
                   sizeof(clade_googlenet_pooling) == sizeof(unsigned),
               "a choice is written as an unsigned int");

static bool read_choice(const char *text, const setting *s, unsigned *choice_out) {
    for (unsigned i = 0; i < MOST_CHOICES && s->choices[i]; i++) {
        if (strcmp(text, s->choices[i]) != 0) continue;
        *choice_out = i;
        return true;
    }
    return false;
}

static bool read_share(const char *text, float *share_out) {
    char *rest = NULL;
    if (strspn(text, "0123456789.") != strlen(text) || *text == '\0') return false;
    const float share = strtof(text, &rest);
    *share_out = share > 0.0f ? share : -1.0f;
    return *rest == '\0' && share < 1.0f;
}

static bool read_widths(const char *text, clade_inception_widths *n) {
    int32_t *const columns[] = {&n->one, &n->reduce_three, &n->three, &n->reduce_five, &n->five, &n->pool_projection};
    const size_t count = sizeof columns / sizeof columns[0];
    bool good = true;
    for (size_t i = 0; good && i < count; i++) good = read_count(text, i + 1 < count ? '/' : '\0', columns[i], &text);
    return good;
}

static bool read_value(const setting *s, const char *value, clade_googlenet_settings *wanted) {
    void *field = (char *)wanted + s->offset;
    bool on = false;
    switch (s->kind) {
    case SETTING_COUNT:
        return read_count(value, '\0', field, &value);
    case SETTING_SIZE:
        return read_size(value, field);
    case SETTING_SWITCH:
        return read_switch(value, field);
    case SETTING_ABSENCE:
        if (!read_switch(value, &on)) return false;
        *(bool *)field = !on;
        return true;
    case SETTING_CHOICE:
        return read_choice(value, s, field);
    case SETTING_SHARE:
        return read_share(value, field);
    case SETTING_WIDTHS:
        return read_widths(value, field);
    }
    return false;
}

/* ---- The word ---------------------------------------------------------------------------------------------------------------- */

static bool fail_unknown(tool_console *console, const tool_model *model, const char *name) {
    char names[CONSOLE_MESSAGE_SIZE] = "";
    for (size_t i = 0, length = 0; i < SETTING_ROWS && length < sizeof names; i++)
        if (has(model, &settings[i]))
            length +=
                (size_t)snprintf(names + length, sizeof names - length, "%s%s", length ? ", " : "", settings[i].name);
    return console_fail(console, "failed to read MODEL '%s': %s has no setting '%s'; it has %s", model->info.name,
                        model->base, name, names);
}

static bool is_switch(const setting *s) { return s->kind == SETTING_SWITCH || s->kind == SETTING_ABSENCE; }

/* One NAME=VALUE, which is cut in two. `given`: by setting, whether it was there before. */
static bool read_item(char *item, bool *given, tool_console *console, tool_model *model) {
    char *equals = strchr(item, '=');
    if (equals) *equals = '\0';
    size_t i = 0;
    while (i < SETTING_ROWS && (!has(model, &settings[i]) || strcmp(settings[i].name, item) != 0)) i++;
    if (i == SETTING_ROWS) return fail_unknown(console, model, item);
    const setting *s = &settings[i];
    if (given[i])
        return console_fail(console, "failed to read MODEL '%s': %s is set more than once", model->info.name, s->name);
    given[i] = true;
    const char *value = equals ? equals + 1 : is_switch(s) ? "on" : "";
    if (read_value(s, value, &model->wanted)) return true;
    return console_fail(console, "failed to read MODEL '%s': %s is %s, not '%s'", model->info.name, s->name, s->values,
                        value);
}

bool settings_read(const char *text, tool_console *console, tool_model *model) {
    bool given[SETTING_ROWS] = {false};
    for (bool more = true; more;) {
        char item[ITEM_SIZE];
        const size_t length = strcspn(text, ",");
        if (length >= sizeof item)
            return console_fail(console, "failed to read MODEL '%.200s...': a setting is shorter than %d characters",
                                model->info.name, ITEM_SIZE);
        memcpy(item, text, length);
        item[length] = '\0';
        if (!read_item(item, given, console, model)) return false;
        more = text[length] == ',';
        text += length + more;
    }
    return true;
}

/* ---- The list ---------------------------------------------------------------------------------------------------------------- */

static void print_json(const tool_model *model) {
    json_writer json = {.file = stdout};
    json_open(&json, NULL, '[');
    for (size_t i = 0; i < SETTING_ROWS; i++) {
        if (!has(model, &settings[i])) continue;
        json_open(&json, NULL, '{');
        json_text(&json, "name", settings[i].name);
        json_text(&json, "values", settings[i].values);
        json_text(&json, "help", settings[i].help);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    putchar('\n');
}

void settings_print(const tool_model *model, bool as_json) {
    if (as_json) {
        print_json(model);
        return;
    }
    printf("%s: %s\n", model->info.name, model->info.title);
    for (size_t i = 0; i < SETTING_ROWS; i++)
        if (has(model, &settings[i]))
            printf("  %-11s  %-35s  %s\n", settings[i].name, settings[i].values, settings[i].help);
}
