/* norm_sums.cl: what batch norm sums over the images and pixels of each channel, any layout (see common.cl), in two stages
 * and always in the same order.
 *
 *     elements of a channel  [part 0][part 1] .. [part parts - 1]     norm_parts: a work-item a part of one channel or of VECTOR
 *                               |       |
 *     partial             [2][width] [2][width] ..                    two numbers for each part and channel
 *                                   |
 *     out                       [2][channels]                         norm_join: a work-item a channel, or VECTOR
 *
 * norm_parts_generic: any layout; part p has elements p, p + parts, p + 2 parts, .. (VECTOR is 1).
 * norm_parts_runs: block == VECTOR; a part is a run. Either way the first parts have one element more where they do not come out even.
 *
 * Parameters, by -D:
 *     QUANTITY  QUANTITY_STATISTICS: mean and biased variance of x
 *               QUANTITY_SUMS: the sums of dy * (x - mean) / sqrt(variance + epsilon), and of dy
 *     VECTOR */

#define QUANTITY_STATISTICS 0
#define QUANTITY_SUMS       1

/* Elements summed one by one before they are added to what is known, so that few roundings go on top of one another. */
#define CHUNK 256

/* The first `count` of a vector, as far as it has them. */
static inline vec load_channels(const __global float *values, int count) {
#if VECTOR > 1
    if (count < VECTOR) {
        float lanes[VECTOR];
        for (int k = 0; k < VECTOR; k++) lanes[k] = k < count ? values[k] : 0.0f;
        return vec_load_private(lanes);
    }
#endif
    return vec_load(values);
}

static inline void store_channels(vec value, __global float *values, int count) {
#if VECTOR > 1
    if (count < VECTOR) {
        float lanes[VECTOR];
        vec_store_private(value, lanes);
        for (int k = 0; k < count; k++) values[k] = lanes[k];
        return;
    }
#endif
    vec_store(value, values);
}

/* How many of `total` elements part `part` has, and how many those before it. */
static inline int part_count(int total, int parts, int part) { return total / parts + (part < total % parts); }
static inline int part_begin(int total, int parts, int part) { return part * (total / parts) + min(part, total % parts); }

/* ---- Two numbers a channel ---------------------------------------------------------------------------------------------- */

/* Of `count` elements so far. Statistics: the mean, and the sum of squares of the distances from it. Sums: of dy * (x - mean),
 * and of dy. */
typedef struct {
    vec first, second;
    int count;
} state;

#if QUANTITY == QUANTITY_STATISTICS

/* Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979. */
static inline void join(state *all, vec mean, vec squares, int count) {
    const int together = all->count + count;
    const float share = (float)count / (float)together;
    const vec distance = mean - all->first;
    all->first += distance * share;
    all->second += squares + distance * distance * (share * (float)all->count);
    all->count = together;
}

/* A chunk is summed as distances from the mean of all before it, and is no longer than they are together: so what its squares lose
 * where they cancel is a rounding of what the distance of the means adds to them, whatever the values. */
static inline int chunk_limit(const state *all) { return clamp(all->count, 1, CHUNK); }

static inline void chunk_add(state *chunk, vec shift, vec x, vec dy) {
    const vec distance = x - shift;
    chunk->first += distance;
    chunk->second += distance * distance;
}

static inline void chunk_join(state *all, vec shift, const state *chunk, int count) {
    const vec distance = chunk->first / (float)count;
    join(all, shift + distance, chunk->second - distance * chunk->first, count);
}
#else

static inline void join(state *all, vec first, vec second, int count) {
    all->first += first;
    all->second += second;
    all->count += count;
}

static inline int chunk_limit(const state *all) { return CHUNK; }

static inline void chunk_add(state *chunk, vec shift, vec x, vec dy) {
    chunk->first += dy * (x - shift);
    chunk->second += dy;
}

static inline void chunk_join(state *all, vec shift, const state *chunk, int count) {
    join(all, chunk->first, chunk->second, count);
}
#endif

/* What a chunk that begins with `x` takes off its elements. */
static inline vec shift_of(const state *all, vec mean, vec x) {
#if QUANTITY == QUANTITY_STATISTICS
    return all->count == 0 ? x : all->first;
#else
    return mean;
#endif
}

/* ---- Parts -------------------------------------------------------------------------------------------------------------- */
/* Where no dy and no statistics are asked for, those arguments are any memory, and not read. */
#if QUANTITY == QUANTITY_STATISTICS
#define GRADIENT(at)           (vec)(0.0f)
#define MEAN(channel, channels) (vec)(0.0f)
#else
#define GRADIENT(at)           vec_load(dy + (at))
#define MEAN(channel, channels) load_channels(statistics + statistics_offset + (channel), (channels) - (channel))
#endif

static inline void store_part(const state *all, __global float *partial, int part, int width, int channel) {
    vec_store(all->first, partial + 2 * part * width + channel);
    vec_store(all->second, partial + (2 * part + 1) * width + channel);
}

#if VECTOR == 1
ENTRY void norm_parts_generic(RANGE const __global float *dy, ulong dy_offset, const __global float *x, ulong x_offset,
                              const __global float *statistics, ulong statistics_offset, __global float *partial,
                              ulong partial_offset, int images, int channels, int pixels, int block, int dy_stride, int x_stride,
                              int width, int parts) {
    const int channel = get_global_id(0) / parts, part = get_global_id(0) % parts;
    if (channel >= channels) return;
    const int start = channel / block * pixels * block + channel % block, count = part_count(images * pixels, parts, part);
    dy += dy_offset + start;
    x += x_offset + start;
    const vec mean = MEAN(channel, channels);
    state all = {0.0f, 0.0f, 0};
    for (int i = 0; i < count;) {
        const int length = min(chunk_limit(&all), count - i), first = part + i * parts;
        const vec shift = shift_of(&all, mean, x[first / pixels * x_stride + first % pixels * block]);
        state chunk = {0.0f, 0.0f, 0};
        for (const int last = i + length; i < last; i++) {
            const int n = (part + i * parts) / pixels, at = (part + i * parts) % pixels * block;
            chunk_add(&chunk, shift, x[n * x_stride + at], GRADIENT(n * dy_stride + at));
        }
        chunk_join(&all, shift, &chunk, length);
    }
    store_part(&all, partial + partial_offset, part, width, channel);
}
#else
ENTRY_OF_ONE
void norm_parts_runs(RANGE const __global float *dy, ulong dy_offset, const __global float *x, ulong x_offset,
                     const __global float *statistics, ulong statistics_offset, __global float *partial, ulong partial_offset,
                     int images, int channels, int pixels, int block, int dy_stride, int x_stride, int width, int parts) {
    const int channel = get_global_id(0) / parts * VECTOR, part = get_global_id(0) % parts;
    const int total = images * pixels, end = part_begin(total, parts, part + 1);
    dy += dy_offset + channel * pixels;
    x += x_offset + channel * pixels;
    const vec mean = MEAN(channel, channels);
    state all = {(vec)(0.0f), (vec)(0.0f), 0};
    for (int i = part_begin(total, parts, part); i < end;) {
        const int n = i / pixels, pixel = i - n * pixels;
        const int length = min(min(chunk_limit(&all), end - i), pixels - pixel);
        const int x_at = n * x_stride + pixel * VECTOR, dy_at = n * dy_stride + pixel * VECTOR;
        const vec shift = shift_of(&all, mean, vec_load(x + x_at));
        state chunk = {(vec)(0.0f), (vec)(0.0f), 0};
        for (int k = 0; k < length; k++)
            chunk_add(&chunk, shift, vec_load(x + x_at + k * VECTOR), GRADIENT(dy_at + k * VECTOR));
        chunk_join(&all, shift, &chunk, length);
        i += length;
    }
    store_part(&all, partial + partial_offset, part, width, channel);
}
#endif

/* ---- Joining ------------------------------------------------------------------------------------------------------------ */

ENTRY void norm_join(RANGE const __global float *partial, ulong partial_offset, const __global float *statistics,
                     ulong statistics_offset, __global float *out, ulong out_offset, int total, int channels, int width, int parts,
                     float epsilon) {
    const int channel = get_global_id(0) * VECTOR;
    if (channel >= channels) return;
    partial += partial_offset + channel;
    out += out_offset + channel;
    state all = {(vec)(0.0f), (vec)(0.0f), 0};
    for (int part = 0; part < parts; part++)
        join(&all, vec_load(partial + 2 * part * width), vec_load(partial + (2 * part + 1) * width),
             part_count(total, parts, part));
#if QUANTITY == QUANTITY_STATISTICS
    all.second /= (float)total;
#else
    all.first /= sqrt(load_channels(statistics + statistics_offset + channels + channel, channels - channel) + epsilon);
#endif
    store_channels(all.first, out, channels - channel);
    store_channels(all.second, out + channels, channels - channel);
}
