/* conv2d_grouped.c: depthwise convolution, and others in groups that divide a block of channels, between blocked tensors on CPUs.
 * Groups of whole blocks are for "direct". */
#include "ops/conv2d.h"
#include "ops/cost.h"

#include <stdio.h>

/* Neighbours of a row that are made at a time. Seven sums keep a core's two units busy, leave registers for the weights, and divide
 * the rows of most networks, which have 7, 14, 28, 56 or 112 pixels. */
enum { PIXELS = 7 };

/* What it takes to load a pixel for each tap, and to keep off the image's sides, in products of one vector. */
#define TAP_TIME 1.0

static int32_t group_of(const ops_conv2d *p) { return p->in.c / p->groups; }

bool ops_conv2d_grouped_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_conv2d *p = &problem->conv2d;
    return ops_suits_vectors(device) &&                    /* a CPU */
           p->in.block == (int32_t)device->float_width &&  /* a block of channels is a vector, in the input */
           p->out.block == (int32_t)device->float_width && /* and in the output */
           ops_conv2d_is_narrow(p);                        /* which is made from the input's block in the same place */
}

double ops_conv2d_grouped_cost(const ops_problem *problem, const rt_device *device) {
    const ops_conv2d *p = &problem->conv2d;
    const int64_t elements = p->in.n * ops_image_elements(&p->in) + p->out.n * ops_image_elements(&p->out);
    const double outputs = (double)(p->out.n * ops_image_elements(&p->out));
    const double taps = (double)p->kernel_h * p->kernel_w;
    return ops_cost_stream(device, elements) + 2.0 * outputs * taps * (group_of(p) + TAP_TIME) / ops_peak(device);
}

clade_status ops_conv2d_grouped_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                     ops_recipe *recipe_out) {
    (void)env;
    const ops_conv2d *p = &problem->conv2d;
    const int64_t channels = base_round_up(p->out.c, p->out.block);
    const int64_t total_rows = p->out.n * channels / p->out.block * p->out.h;
    const int64_t rows = ops_units_a_group(device, total_rows);

    ops_launch *launch = ops_add_launch(recipe_out, "conv2d_grouped.cl", "conv2d_grouped");
    ops_define(launch, "VECTOR", p->out.block);
    ops_define(launch, "GROUP", group_of(p));
    ops_define(launch, "PIXELS", PIXELS);
    ops_define(launch, "STRIDE", p->stride_w);
    /* [block][kernel_h][kernel_w][input of the group][channel of the block] */
    const ops_weight_shape shape = ops_conv2d_weight(p);
    const ops_packing packing = ops_pack_weight(&shape, p->out.block, group_of(p));
    const int32_t weight = ops_add_packed(recipe_out, OPS_WEIGHT, &packing);
    ops_set_weight_type(recipe_out, launch, weight, p->weights);
    ops_conv2d_add_arguments(recipe_out, launch, p, weight, p->out.block);
    ops_add_int(launch, rows);
    ops_single_items(launch, base_divide_up(total_rows, rows));
    recipe_out->variant = (ops_variant){.pixels = PIXELS, .blocks = 1};
    snprintf(recipe_out->reason, sizeof recipe_out->reason, "%d pixels, groups of %d", PIXELS, group_of(p));
    return CLADE_OK;
}
