#include "reference/operators.h"

#include <float.h>
#include <math.h>

void reference_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words_out[4]) {
    uint32_t x[4] = {counter[0], counter[1], counter[2], counter[3]}, k[2] = {key[0], key[1]};
    for (int round = 0; round < 10; round++) {
        const uint64_t first = (uint64_t)0xD2511F53 * x[0], second = (uint64_t)0xCD9E8D57 * x[2];
        const uint32_t next[4] = {(uint32_t)(second >> 32) ^ x[1] ^ k[0], (uint32_t)second,
                                  (uint32_t)(first >> 32) ^ x[3] ^ k[1], (uint32_t)first};
        for (int i = 0; i < 4; i++) x[i] = next[i];
        k[0] += 0x9E3779B9;
        k[1] += 0xBB67AE85;
    }
    for (int i = 0; i < 4; i++) words_out[i] = x[i];
}

void reference_dropout(const ops_dropout *p, const float *in, const float *key, double *values, double *bounds) {
    const int64_t count = (int64_t)p->in.n * p->in.c * p->in.h * p->in.w;
    const uint32_t seed[2] = {(uint32_t)key[0], (uint32_t)key[1]};
    for (int64_t i = 0; i < count; i++) {
        uint32_t words[4];
        reference_philox((uint32_t[4]){(uint32_t)(i / 4), p->stream, (uint32_t)key[2], (uint32_t)key[3]}, seed, words);
        const bool kept = words[i % 4] >= (double)p->rate * 0x1p32;
        values[i] = in[i] * (kept ? 1 / (1 - (double)p->rate) : 0.0);
        bounds[i] = 2 * FLT_EPSILON * fabs(values[i]);
        if (!isfinite(bounds[i])) bounds[i] = 0;
    }
}
