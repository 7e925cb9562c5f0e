/* harness_random.c: seeded numbers, and the things that every operator's problems are drawn from. */
#include "ops/harness.h"
#include "shared/random.h"

uint64_t harness_bits(harness_random *random) { return random_bits(&random->state); }

int32_t harness_between(harness_random *random, int32_t low, int32_t high) {
    return low + (int32_t)(harness_bits(random) % (uint64_t)(high - low + 1));
}

static double unit(harness_random *random) { return (double)(harness_bits(random) >> 11) * 0x1p-53; }

bool harness_chance(harness_random *random, double probability) { return unit(random) < probability; }

float harness_float(harness_random *random, float low, float high) {
    return (float)(low + ((double)high - low) * unit(random));
}

clade_activation harness_activation(harness_random *random) {
    return (clade_activation)harness_between(random, CLADE_ACTIVATION_NONE, CLADE_TANH);
}

int32_t harness_block(harness_random *random) {
    static const int32_t blocks[] = {1, 4, 8, 16};
    return blocks[harness_between(random, 0, 3)];
}

ops_tensor harness_tensor(harness_random *random, int32_t n, int32_t c, int32_t h, int32_t w, int32_t block) {
    ops_tensor tensor = {.n = n, .c = c, .h = h, .w = w, .block = block};
    tensor.batch_stride = ops_image_elements(&tensor);
    if (harness_chance(random, 0.5)) tensor.batch_stride += harness_between(random, 1, 50);
    return tensor;
}
