/* philox.c: random numbers by counting: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3,
 * SC 2011, figure 2 and section 4.3, whose constants these are). */
#include "base/base.h"

static uint32_t high(uint64_t product) { return (uint32_t)(product >> 32); }
static uint32_t low(uint64_t product) { return (uint32_t)product; }

void base_philox(const uint32_t counter[4], uint64_t key, uint32_t numbers_out[4]) {
    enum { ROUNDS = 10 };
    const uint64_t multiplier_0 = 0xd2511f53u, multiplier_1 = 0xcd9e8d57u;
    const uint32_t weyl_0 = 0x9e3779b9u, weyl_1 = 0xbb67ae85u;
    uint32_t key_0 = low(key), key_1 = high(key);
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < ROUNDS; round++, key_0 += weyl_0, key_1 += weyl_1) {
        const uint64_t product_0 = multiplier_0 * c0, product_1 = multiplier_1 * c2;
        c0 = high(product_1) ^ c1 ^ key_0;
        c1 = low(product_1);
        c2 = high(product_0) ^ c3 ^ key_1;
        c3 = low(product_0);
    }
    numbers_out[0] = c0;
    numbers_out[1] = c1;
    numbers_out[2] = c2;
    numbers_out[3] = c3;
}
