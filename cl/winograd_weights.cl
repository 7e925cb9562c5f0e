/* winograd_weights.cl: weights that are given in each run, transformed for conv2d_winograd.cl:
 *
 *     packed [tile of blocks][point][input channel][blocks][VECTOR]
 *     from   values[first + out channel * out_step + input channel * in_step + tap * tap_step], or zero behind the last out channel
 *
 * A work-item does `share` units, a unit being an input channel of a tile of blocks; global id 0 counts shares, channels fastest.
 *
 * Parameters, by -D: VECTOR and
 *     TILE, KERNEL, STRIDE   m, r and the stride of F(m, r, stride)
 *     SQUARE           1: kernels of KERNEL x KERNEL; 0: of 1 x KERNEL and KERNEL x 1
 *     FOLD             1: an input channel is one of the four that conv2d_winograd.cl makes of a plain image's */

#define UNROLL _Pragma("unroll")
#define ROLLED _Pragma("unroll 1")

#if STRIDE == 1
#define SIDE (TILE + KERNEL - 1) /* products along an axis */
#else
#define SIDE (2 * TILE + 1)
#endif
#if SQUARE
#define LINES KERNEL
#define POINTS (SIDE * SIDE)
#else
#define LINES 1
#define POINTS SIDE
#endif

/* ---- Written by scripts/winograd.py: from here ---- */
#if TILE == 2 && KERNEL == 3 && STRIDE == 1 /* points 0, +-1, infinity */
static inline void transform_weight(const vec *g, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = -1.0f * g[0 * step];
    even = 0.5f * g[0 * step] + 0.5f * g[2 * step];
    odd = 0.5f * g[1 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    v[3 * v_step] = g[2 * step];
}
#elif TILE == 4 && KERNEL == 3 && STRIDE == 1 /* points 0, +-5/8, +-5/4, infinity */
static inline void transform_weight(const vec *g, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = 1.6384f * g[0 * step];
    even = -1.09226667f * g[0 * step] - 0.426666667f * g[2 * step];
    odd = -0.682666667f * g[1 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    even = 0.273066667f * g[0 * step] + 0.426666667f * g[2 * step];
    odd = 0.341333333f * g[1 * step];
    v[3 * v_step] = even + odd;
    v[4 * v_step] = even - odd;
    v[5 * v_step] = g[2 * step];
}
#elif TILE == 4 && KERNEL == 4 && STRIDE == 1 /* points +-1/4, +-1, +-2, infinity */
static inline void transform_weight(const vec *g, int step, vec *v, int v_step) {
    vec even, odd;
    even = 0.135449735f * g[1 * step] + 0.00846560847f * g[3 * step];
    odd = 0.541798942f * g[0 * step] + 0.0338624339f * g[2 * step];
    v[0 * v_step] = even + odd;
    v[1 * v_step] = even - odd;
    even = -0.177777778f * g[1 * step] - 0.177777778f * g[3 * step];
    odd = -0.177777778f * g[0 * step] - 0.177777778f * g[2 * step];
    v[2 * v_step] = even + odd;
    v[3 * v_step] = even - odd;
    even = 0.0423280423f * g[1 * step] + 0.169312169f * g[3 * step];
    odd = 0.0211640212f * g[0 * step] + 0.0846560847f * g[2 * step];
    v[4 * v_step] = even + odd;
    v[5 * v_step] = even - odd;
    v[6 * v_step] = g[3 * step];
}
#elif TILE == 2 && KERNEL == 5 && STRIDE == 1 /* points 0, +-3/4, +-3/2, infinity */
static inline void transform_weight(const vec *g, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = 0.790123457f * g[0 * step];
    even = -0.526748971f * g[0 * step] - 0.296296296f * g[2 * step] - 0.166666667f * g[4 * step];
    odd = -0.395061728f * g[1 * step] - 0.222222222f * g[3 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    even = 0.131687243f * g[0 * step] + 0.296296296f * g[2 * step] + 0.666666667f * g[4 * step];
    odd = 0.197530864f * g[1 * step] + 0.444444444f * g[3 * step];
    v[3 * v_step] = even + odd;
    v[4 * v_step] = even - odd;
    v[5 * v_step] = g[4 * step];
}
#elif TILE == 4 && KERNEL == 7 && STRIDE == 1 /* points 0, +-3/8, +-7/8, +-5/4, +-5/2, infinity */
static inline void transform_weight(const vec *g, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = 0.951089342f * g[0 * step];
    even = -0.654891343f * g[0 * step] - 0.0920940952f * g[2 * step] - 0.0129507321f * g[4 * step] - 0.00182119671f * g[6 * step];
    odd = -0.245584254f * g[1 * step] - 0.0345352857f * g[3 * step] - 0.00485652455f * g[5 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    even = 0.239087316f * g[0 * step] + 0.183051226f * g[2 * step] + 0.140148595f * g[4 * step] + 0.107301268f * g[6 * step];
    odd = 0.209201401f * g[1 * step] + 0.160169823f * g[3 * step] + 0.122630021f * g[5 * step];
    v[3 * v_step] = even + odd;
    v[4 * v_step] = even - odd;
    even = -0.0602500036f * g[0 * step] - 0.0941406306f * g[2 * step] - 0.147094735f * g[4 * step] - 0.229835524f * g[6 * step];
    odd = -0.0753125045f * g[1 * step] - 0.117675788f * g[3 * step] - 0.183868419f * g[5 * step];
    v[5 * v_step] = even + odd;
    v[6 * v_step] = even - odd;
    even = 0.000509359934f * g[0 * step] + 0.00318349959f * g[2 * step] + 0.0198968724f * g[4 * step] + 0.124355453f * g[6 * step];
    odd = 0.00127339983f * g[1 * step] + 0.00795874896f * g[3 * step] + 0.049742181f * g[5 * step];
    v[7 * v_step] = even + odd;
    v[8 * v_step] = even - odd;
    v[9 * v_step] = g[6 * step];
}
#elif TILE == 6 && KERNEL == 7 && STRIDE == 1 /* points 0, +-3/8, +-5/8, +-1, +-3/2, +-5/2, infinity */
static inline void transform_weight(const vec *g, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = -1.29453827f * g[0 * step];
    even = 1.28420444f * g[0 * step] + 0.180591249f * g[2 * step] + 0.0253956444f * g[4 * step] + 0.0035712625f * g[6 * step];
    odd = 0.481576665f * g[1 * step] + 0.0677217185f * g[3 * step] + 0.00952336666f * g[5 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    even = -0.771200046f * g[0 * step] - 0.301250018f * g[2 * step] - 0.117675788f * g[4 * step] - 0.0459671048f * g[6 * step];
    odd = -0.482000029f * g[1 * step] - 0.188281261f * g[3 * step] - 0.0735473677f * g[5 * step];
    v[3 * v_step] = even + odd;
    v[4 * v_step] = even - odd;
    even = 0.145490065f * g[0 * step] + 0.145490065f * g[2 * step] + 0.145490065f * g[4 * step] + 0.145490065f * g[6 * step];
    odd = 0.145490065f * g[1 * step] + 0.145490065f * g[3 * step] + 0.145490065f * g[5 * step];
    v[5 * v_step] = even + odd;
    v[6 * v_step] = even - odd;
    even = -0.0113317426f * g[0 * step] - 0.0254964208f * g[2 * step] - 0.0573669468f * g[4 * step] - 0.12907563f * g[6 * step];
    odd = -0.0169976139f * g[1 * step] - 0.0382446312f * g[3 * step] - 0.0860504202f * g[5 * step];
    v[7 * v_step] = even + odd;
    v[8 * v_step] = even - odd;
    even = 0.000106419843f * g[0 * step] + 0.000665124021f * g[2 * step] + 0.00415702513f * g[4 * step] + 0.0259814071f * g[6 * step];
    odd = 0.000266049608f * g[1 * step] + 0.00166281005f * g[3 * step] + 0.0103925628f * g[5 * step];
    v[9 * v_step] = even + odd;
    v[10 * v_step] = even - odd;
    v[11 * v_step] = g[6 * step];
}
#elif TILE == 2 && KERNEL == 3 && STRIDE == 2 /* points +-1, infinity */
static inline void transform_weight(const vec *g, int step, vec *v, int v_step) {
    vec even, odd;
    even = 0.5f * g[2 * step];
    odd = 0.5f * g[0 * step];
    v[0 * v_step] = even + odd;
    v[1 * v_step] = even - odd;
    v[2 * v_step] = g[2 * step];
    v[3 * v_step] = g[1 * step];
    v[4 * v_step] = g[1 * step];
}
#elif TILE == 3 && KERNEL == 3 && STRIDE == 2 /* points 0, +-1, infinity */
static inline void transform_weight(const vec *g, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = -1.0f * g[0 * step];
    even = 0.5f * g[0 * step];
    odd = 0.5f * g[2 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    v[3 * v_step] = g[2 * step];
    v[4 * v_step] = g[1 * step];
    v[5 * v_step] = g[1 * step];
    v[6 * v_step] = g[1 * step];
}
#endif
/* ---- to here ---- */

/* The tap of the kernel that is tap k of a folded channel: every other one, down and across. Negative where there is none. */
static inline int folded_tap(int k, int channel, int kernel_h, int kernel_w) {
    const int y = k / KERNEL * 2 + channel / 2 % 2, x = k % KERNEL * 2 + channel % 2;
    return y < kernel_h && x < kernel_w ? y * kernel_w + x : -1;
}

/* One tap of `lanes` output channels, out_step apart. */
static inline vec gather(const __global float *values, int out_step, int lanes) {
    float all[VECTOR];
    if (lanes >= VECTOR) {
        UNROLL for (int l = 0; l < VECTOR; l++) all[l] = values[l * out_step];
    } else {
        for (int l = 0; l < VECTOR; l++) all[l] = l < lanes ? values[l * out_step] : 0.0f;
    }
    return vec_load_private(all);
}

/* sizes: units, input channels as the sums see them, output channels, kernel_h, kernel_w, blocks
 * of a tile. steps: first, out_step, in_step, tap_step. */
ENTRY_OF_ONE
void winograd_weights(RANGE const __global float *values, ulong values_offset, __global float *packed, ulong packed_offset,
                      long8 sizes, long8 steps, int share) {
    const int units = sizes.s0, channels = sizes.s1, outs = sizes.s2, kernel_h = sizes.s3, kernel_w = sizes.s4, blocks = sizes.s5;
    const int out_step = steps.s1, in_step = steps.s2, tap_step = steps.s3;
    const int first = get_global_id(0) * share, last = min(first + share, units);
    values += values_offset + steps.s0;
    for (int unit = first; unit < last; unit++) {
        const int tile = unit / channels, channel = unit % channels;
        for (int b = 0; b < blocks; b++) {
            const int out = (tile * blocks + b) * VECTOR;
            const __global float *source = values + out * out_step + channel / (FOLD ? 4 : 1) * in_step;
            __global float *target = packed + packed_offset + (((size_t)tile * POINTS * channels + channel) * blocks + b) * VECTOR;
            const int step = channels * blocks * VECTOR; /* from one point to the next */

            vec taps[LINES * KERNEL], column[SIDE];
            ROLLED for (int k = 0; k < LINES * KERNEL; k++) {
                const int tap = FOLD ? folded_tap(k, channel, kernel_h, kernel_w) : k;
                taps[k] = gather(source + max(tap, 0) * tap_step, out_step, tap < 0 ? 0 : outs - out);
            }
#if SQUARE
            vec rows[KERNEL * SIDE];
            UNROLL for (int i = 0; i < KERNEL; i++) transform_weight(taps + i * KERNEL, 1, rows + i * SIDE, 1);
            ROLLED for (int j = 0; j < SIDE; j++) {
                transform_weight(rows + j, SIDE, column, 1);
                UNROLL for (int i = 0; i < SIDE; i++) vec_store(column[i], target + (i * SIDE + j) * step);
            }
#else
            transform_weight(taps, 1, column, 1);
            UNROLL for (int i = 0; i < SIDE; i++) vec_store(column[i], target + i * step);
#endif
        }
    }
}
