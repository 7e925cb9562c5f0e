/* block.c: blocks of the zoo: branches side by side, and what is carried around them. */
#include "models/builder.h"

#include <stdio.h>
#include <string.h>

static clade_tensor add_layer(models_builder *b, const char *name, clade_tensor x, const models_layer *layer) {
    return layer->kind == MODELS_CONV ? models_unit(b, name, x, *layer) : models_pool(b, name, x, *layer);
}

static clade_tensor add_branch(models_builder *b, const char *name, clade_tensor x, const models_branch *branch) {
    size_t count = 0;
    while (count < MODELS_MOST_LAYERS && branch->layers[count].kind != MODELS_NONE) count++;
    if (count == 1) return add_layer(b, name, x, &branch->layers[0]);
    const size_t first = name[strlen(name) - 1] == '_' ? 1 : 0;
    for (size_t i = 0; i < count; i++) {
        char number[24], layer[MODELS_NAME_SIZE];
        snprintf(number, sizeof number, "%zu", first + i);
        x = add_layer(b, models_join(b, layer, name, number), x, &branch->layers[i]);
    }
    return x;
}

clade_tensor models_fork(models_builder *b, const char *name, const char *concat, clade_tensor x,
                         const models_block *block) {
    clade_tensor results[MODELS_MOST_BRANCHES], joined[MODELS_MOST_BRANCHES];
    bool is_read[MODELS_MOST_BRANCHES] = {false};
    size_t count = 0, joined_count = 0;
    for (; count < MODELS_MOST_BRANCHES && block->branches[count].name; count++) {
        const models_branch *branch = &block->branches[count];
        clade_tensor source = x;
        for (size_t i = 0; branch->from && i < count; i++) {
            if (strcmp(block->branches[i].name, branch->from) != 0) continue;
            source = results[i];
            is_read[i] = true;
        }
        char text[MODELS_NAME_SIZE];
        results[count] = add_branch(b, models_join(b, text, name, branch->name), source, branch);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_read[i]) continue;
        const size_t place = block->branches[i].place;
        joined[place ? place - 1 : joined_count] = results[i];
        joined_count++;
    }
    return models_concat(b, concat, 1, joined, joined_count);
}

clade_tensor models_branches(models_builder *b, const char *name, clade_tensor x, const models_block *block) {
    return models_fork(b, name, name, x, block);
}

clade_tensor models_residual_block(models_builder *b, const char *name, clade_tensor x, const models_block *block,
                                   const models_residual *residual) {
    char part[MODELS_NAME_SIZE];
    clade_tensor y = models_fork(b, name, models_join(b, part, name, "mixed"), x, block);
    y = models_conv(b, models_join(b, part, name, "conv2d"), y, (models_layer)CONV(residual->channels, 1, 1));
    y = models_scale(b, models_join(b, part, name, "scale"), y, residual->scale);
    return models_sum(b, residual->result, x, y, residual->activation);
}

clade_tensor models_residual_blocks(models_builder *b, const char *name, clade_tensor x, const models_block *block,
                                    int count, models_residual residual) {
    for (int i = 0; i < count; i++) {
        char number[16], part[MODELS_NAME_SIZE];
        snprintf(number, sizeof number, "%d", i);
        models_join(b, part, name, number);
        residual.result = i + 1 < count ? part : name;
        x = models_residual_block(b, part, x, block, &residual);
    }
    return x;
}
