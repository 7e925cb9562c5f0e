/* random.h: the same numbers on every run and machine. */
#ifndef TESTS_SHARED_RANDOM_H
#define TESTS_SHARED_RANDOM_H

#include <stdint.h>

/* 64 random bits, by SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
static inline uint64_t random_bits(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline int32_t random_below(uint64_t *state, int32_t bound) {
    return (int32_t)(random_bits(state) % (uint64_t)bound);
}

/* In [0, 1). */
static inline float random_unit(uint64_t *state) { return (float)(random_bits(state) >> 40) * 0x1p-24f; }

#endif
