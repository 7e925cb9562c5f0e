#include "ops/box.h"

static bool walks_as_one(const ops_box *box, int32_t outer, const int64_t *dims, const int64_t *const *strides,
                         int32_t inner) {
    for (int32_t o = 0; o < OPS_BOX_OPERANDS; o++)
        if (strides[o] && box->strides[o][outer] != strides[o][inner] * dims[inner]) return false;
    return true;
}

ops_box ops_box_of(int32_t rank, const int64_t *dims, const int64_t *first, const int64_t *second,
                   const int64_t *third) {
    const int64_t *const strides[OPS_BOX_OPERANDS] = {first, second, third};
    ops_box box = {0};
    for (int32_t d = 0; d < rank; d++) {
        if (dims[d] == 1) continue;
        bool joins = box.rank > 0 && walks_as_one(&box, box.rank - 1, dims, strides, d);
        int32_t place = joins ? box.rank - 1 : box.rank++;
        box.dims[place] = joins ? box.dims[place] * dims[d] : dims[d];
        for (int32_t o = 0; o < OPS_BOX_OPERANDS; o++)
            if (strides[o]) box.strides[o][place] = strides[o][d];
    }
    if (box.rank == 0) box.dims[box.rank++] = 1;
    return box;
}

int64_t ops_box_elements(const ops_box *box) { return ops_box_rows(box) * box->dims[box->rank - 1]; }

int64_t ops_box_rows(const ops_box *box) {
    int64_t rows = 1;
    for (int32_t d = 0; d + 1 < box->rank; d++) rows *= box->dims[d];
    return rows;
}

ops_runs ops_share_rows(const rt_device *device, int64_t rows, int64_t length) {
    int64_t width = device->float_width, vectors = base_divide_up(length, width);
    int64_t share = ops_units_a_group(device, rows * vectors);
    ops_runs shared = {.run = base_min(vectors, share) * width, .count = base_max(1, share / vectors)};
    shared.runs = base_divide_up(vectors * width, shared.run);
    shared.total = rows * shared.runs;
    shared.groups = base_divide_up(shared.total, shared.count);
    return shared;
}
