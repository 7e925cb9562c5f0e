/* random.h: the random numbers of loading. Each purpose, epoch and item has a stream of its own, so that no number depends on
 * what was drawn for others. */
#ifndef DATA_RANDOM_H
#define DATA_RANDOM_H

#include "base/base.h"

typedef enum random_purpose { RANDOM_SHUFFLE = 1, RANDOM_AUGMENT = 2 } random_purpose;

typedef struct random_stream {
    uint64_t seed;
    uint32_t counter[4]; /* block | item | epoch | purpose and the epoch's upper bits */
    uint32_t block[4];
    int32_t left; /* words of the block that were not used */
} random_stream;

static inline random_stream random_begin(uint64_t seed, random_purpose purpose, int64_t epoch, uint32_t item) {
    const uint64_t position = (uint64_t)epoch;
    return (random_stream){
        .seed = seed, .counter = {0, item, (uint32_t)position, (uint32_t)(position >> 32) ^ (uint32_t)purpose << 24}};
}

static inline uint64_t random_next(random_stream *stream) {
    if (stream->left == 0) {
        base_philox(stream->counter, stream->seed, stream->block);
        stream->counter[0]++;
        stream->left = 4;
    }
    stream->left -= 2;
    return (uint64_t)stream->block[stream->left + 1] << 32 | stream->block[stream->left];
}

/* 0 to bound - 1: the integer part of a 64-bit fraction times the bound, which is below 2^32. */
static inline int64_t random_index(random_stream *stream, int64_t bound) {
    const uint64_t bits = random_next(stream), low = (bits & UINT32_MAX) * (uint64_t)bound;
    return (int64_t)(((bits >> 32) * (uint64_t)bound + (low >> 32)) >> 32);
}

/* At least `low`, less than `high`. */
static inline double random_between(random_stream *stream, double low, double high) {
    return low + (high - low) * ((double)(random_next(stream) >> 11) * 0x1p-53);
}

#endif
