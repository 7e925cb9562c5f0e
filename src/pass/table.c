/* table.c: the passes in the order in which they run.
 *
 *   normalise   inference forms, so that later passes meet fewer operators: batch norm is a scale from here on
 *   fold        scales go into weights, which leaves the layer's output bare ...
 *   fuse        ... for the activation or residual add behind it
 *   commute     behind both, so that batch norm and activation no longer stand between pooling and the next convolution
 *   align       at the end of what changes widths: it decides with the widths which concats can lie in blocks
 *   layout      once the nodes are final, each tensor gets a layout, with reorders between layouts
 *   concat      after it, because where a slice may begin depends on the layout, and so that reorders write into slices too
 *   merge       after that, because a sibling that lies in a concat's result decides where the others may lie
 *   outputs     last, when it is settled which tensors share memory */
#include "pass/pass.h"

const pass_row pass_table[] = {
    {"normalise", 0, pass_normalise},
    {"fold", CLADE_PASS_FOLD, pass_fold},
    {"fuse", CLADE_PASS_FUSE, pass_fuse},
    {"commute", CLADE_PASS_COMMUTE, pass_commute},
    {"align", CLADE_PASS_ALIGN, pass_align},
    {"layout", CLADE_PASS_LAYOUT, pass_layout},
    {"concat", CLADE_PASS_CONCAT, pass_concat},
    {"merge", CLADE_PASS_MERGE, pass_merge},
    {"outputs", 0, pass_outputs},
};
const size_t pass_count = BASE_COUNT(pass_table);
