/* resample_antialiased.c: bilinear resizing with a filter as wide as the reduction, pixel for pixel as Pillow does it.
 *
 * An output pixel is a sum of the source pixels under a triangle around its centre, with weights that are made to add up
 * to 1 after the triangle was cut at the border. Pillow does columns first, then rows, in fixed point with 22 bits behind
 * the point, and rounds to 8 bits after each of the two (Pillow, src/libImaging/Resample.c). */
#include "io/resample.h"

#include <math.h>

enum { FRACTION_BITS = 22 };

/* Which source pixels make each output pixel, and by which weights: `width` slots an output, the first `length` used. */
typedef struct tap {
    int64_t first;
    int64_t length;
} tap;

typedef struct taps {
    base_env *env;
    int64_t width;
    tap *ranges;
    int32_t *weights;
} taps;

static void destroy_taps(taps *gone) {
    base_free(gone->env, gone->ranges);
    base_free(gone->env, gone->weights);
    *gone = (taps){0};
}

/* The triangle's height `distance` pixels from its centre. */
static double triangle(double distance, double radius) { return fmax(1 - fabs(distance * (1 / radius)), 0); }

/* Fills in output pixel `index` of the resized axis. Positions count from the left edge of the source, in pixels. */
static void find_tap(const resample_axis *axis, int64_t index, double radius, tap *range_out, int32_t *weights_out) {
    const double scale = (double)axis->source / (double)axis->resized;
    const double centre = ((double)index + 0.5) * scale;
    const int64_t first = base_max((int64_t)(centre - radius + 0.5), 0);
    const int64_t end = base_min((int64_t)(centre + radius + 0.5), axis->source);

    double sum = 0;
    for (int64_t i = first; i < end; i++) sum += triangle((double)i - centre + 0.5, radius);
    for (int64_t i = first; i < end; i++) {
        const double weight = triangle((double)i - centre + 0.5, radius) / sum;
        weights_out[i - first] = (int32_t)(weight * (1 << FRACTION_BITS) + 0.5);
    }
    *range_out = (tap){first, end - first};
}

static clade_status create_taps(base_env *env, const resample_axis *axis, taps *taps_out) {
    const double radius = fmax((double)axis->source / (double)axis->resized, 1);
    *taps_out = (taps){.env = env, .width = 2 * (int64_t)ceil(radius) + 1};
    uint64_t slots = 0;
    if (base_multiply((uint64_t)axis->count, (uint64_t)taps_out->width, &slots)) {
        taps_out->ranges = base_allocate_zero(env, (size_t)axis->count, sizeof *taps_out->ranges);
        taps_out->weights = base_allocate_zero(env, (size_t)slots, sizeof *taps_out->weights);
    }
    if (!taps_out->ranges || !taps_out->weights) {
        destroy_taps(taps_out);
        return base_fail_memory(env, (size_t)slots * sizeof *taps_out->weights, "the weights of a resize");
    }
    for (int64_t i = 0; i < axis->count; i++)
        find_tap(axis, axis->first + i, radius, &taps_out->ranges[i], taps_out->weights + i * taps_out->width);
    return CLADE_OK;
}

/* One output sample from samples that lie `step` apart. Weights are at least 0 and add up to 1, give or take their
 * rounding, so the sum needs a cap but no floor. */
static uint8_t weigh(const uint8_t *samples, int64_t step, const int32_t *weights, int64_t count) {
    int64_t sum = 1 << (FRACTION_BITS - 1);
    for (int64_t i = 0; i < count; i++) sum += (int64_t)weights[i] * samples[i * step];
    return (uint8_t)base_min(sum >> FRACTION_BITS, UINT8_MAX);
}

/* Columns: source rows [first, first + count) to rows of the wanted width. */
static void shrink_columns(const resample_job *job, const taps *columns, int64_t first, int64_t count,
                           uint8_t *narrowed) {
    const int64_t channels = job->channels, width = job->columns.count;
    for (int64_t y = 0; y < count; y++) {
        const uint8_t *row = job->image + (first + y) * job->pitch;
        for (int64_t x = 0; x < width; x++) {
            const tap range = columns->ranges[x];
            for (int64_t c = 0; c < channels; c++)
                narrowed[(y * width + x) * channels + c] = weigh(row + range.first * channels + c, channels,
                                                                 columns->weights + x * columns->width, range.length);
        }
    }
}

/* Rows, from `narrowed`, which starts at source row `first`, to the values. */
static void shrink_rows(const resample_job *job, const taps *rows, int64_t first, const uint8_t *narrowed) {
    const int64_t channels = job->channels, width = job->columns.count;
    for (int64_t y = 0; y < job->rows.count; y++) {
        const tap range = rows->ranges[y];
        const uint8_t *top = narrowed + (range.first - first) * width * channels;
        for (int64_t x = 0; x < width; x++)
            for (int64_t c = 0; c < channels; c++) {
                const uint8_t pixel =
                    weigh(top + x * channels + c, width * channels, rows->weights + y * rows->width, range.length);
                job->values[c * job->plane + y * job->stride + x] = (float)pixel / 255;
            }
    }
}

clade_status resample_antialiased(base_env *env, const resample_job *job) {
    taps rows = {0}, columns = {0};
    uint8_t *narrowed = NULL;
    clade_status status = create_taps(env, &job->rows, &rows);
    if (status != CLADE_OK) return status;
    status = create_taps(env, &job->columns, &columns);
    if (status != CLADE_OK) goto done;

    const tap *last = &rows.ranges[job->rows.count - 1];
    const int64_t first_row = rows.ranges[0].first, row_count = last->first + last->length - first_row;
    narrowed = base_allocate_zero(env, (size_t)row_count, (size_t)(job->columns.count * job->channels));
    if (!narrowed) {
        status = base_fail_memory(env, (size_t)(row_count * job->columns.count * job->channels), "a resized image");
        goto done;
    }
    shrink_columns(job, &columns, first_row, row_count, narrowed);
    shrink_rows(job, &rows, first_row, narrowed);

done:
    base_free(env, narrowed);
    destroy_taps(&columns);
    destroy_taps(&rows);
    return status;
}
