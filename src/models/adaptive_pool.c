/* adaptive_pool.c: PyTorch's AdaptiveAvgPool2d, by which networks with linear layers take images of any size.
 *
 * Output i of `size` is the mean of the inputs [floor(i n / size), ceil((i + 1) n / size)): windows of two lengths, that may overlap.
 * Where they are all alike this is average pooling. Else rows are cut out and averaged one by one, then columns; since each
 * window is a product of two intervals, the mean over it is the mean over columns of the mean over rows. */
#include "models/builder.h"

#include <stdio.h>

/* The mean over [from, to) of dimension `axis`. */
static clade_tensor add_window(models_builder *b, const char *name, clade_tensor x, int axis, int64_t from,
                               int64_t to) {
    char part[MODELS_NAME_SIZE];
    clade_tensor y = {-1};
    clade_slice_settings slice = {.name = models_join(b, part, name, "slice")};
    slice.start[axis] = from;
    slice.end[axis] = to;
    if (b->status == CLADE_OK) b->status = clade_graph_slice(b->graph, x, &slice, &y);
    clade_mean_settings mean = {.name = name};
    mean.axes[axis] = true;
    if (b->status == CLADE_OK) b->status = clade_graph_mean(b->graph, y, &mean, &y);
    return y;
}

enum { MOST_WINDOWS = 8, HEIGHT = 2, WIDTH = 3 };

static clade_tensor pool_axis(models_builder *b, const char *name, clade_tensor x, int axis, int32_t size) {
    const int64_t length = models_shape(b, x).dims[axis];
    clade_tensor windows[MOST_WINDOWS];
    for (int32_t i = 0; i < size; i++) {
        char number[16], part[MODELS_NAME_SIZE];
        snprintf(number, sizeof number, "%s%d", axis == HEIGHT ? "row" : "column", (int)i);
        models_join(b, part, name, number);
        windows[i] = add_window(b, part, x, axis, i * length / size, ((i + 1) * length + size - 1) / size);
    }
    char rows[MODELS_NAME_SIZE];
    return models_concat(b, axis == HEIGHT ? models_join(b, rows, name, "rows") : name, axis, windows, (size_t)size);
}

clade_tensor models_adaptive_pool(models_builder *b, const char *name, clade_tensor x, int32_t size) {
    const clade_shape shape = models_shape(b, x);
    const int64_t height = shape.dims[HEIGHT], width = shape.dims[WIDTH];
    if (height == size && width == size) return x;
    if (height % size != 0 || width != height)
        return pool_axis(b, name, pool_axis(b, name, x, HEIGHT, size), WIDTH, size);
    const int32_t window = (int32_t)(height / size);
    return models_pool(b, name, x, (models_layer)AVERAGE_POOL(window, window, MODELS_VALID));
}
