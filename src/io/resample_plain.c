/* resample_plain.c: bilinear resizing from the two nearest pixels in each direction, in float, without rounding: what
 * PyTorch's interpolate gives for align_corners=False, which is also ONNX's half_pixel. */
#include "io/resample.h"

/* Where an output pixel lies between two source pixels. */
typedef struct between {
    int64_t low, high;
    float share; /* of `high` */
} between;

/* Centres are at half pixels; left of the first and right of the last centre the border's pixel counts alone. */
static between locate(const resample_axis *axis, int64_t index) {
    const double scale = (double)axis->source / (double)axis->resized;
    const double position = ((double)(axis->first + index) + 0.5) * scale - 0.5;
    if (position <= 0) return (between){0, 0, 0};
    const int64_t low = base_min((int64_t)position, axis->source - 1);
    return (between){low, base_min(low + 1, axis->source - 1), (float)(position - (double)low)};
}

static float mix(float low, float high, float share) { return low * (1 - share) + high * share; }

clade_status resample_plain(base_env *env, const resample_job *job) {
    between *columns = base_allocate_zero(env, (size_t)job->columns.count, sizeof *columns);
    if (!columns)
        return base_fail_memory(env, (size_t)job->columns.count * sizeof *columns, "the positions of a resize");
    for (int64_t x = 0; x < job->columns.count; x++) columns[x] = locate(&job->columns, x);

    const int64_t channels = job->channels;
    for (int64_t y = 0; y < job->rows.count; y++) {
        const between row = locate(&job->rows, y);
        const uint8_t *above = job->image + row.low * job->pitch, *below = job->image + row.high * job->pitch;
        for (int64_t x = 0; x < job->columns.count; x++) {
            const int64_t left = columns[x].low * channels, right = columns[x].high * channels;
            for (int64_t c = 0; c < channels; c++) {
                const float top = mix((float)above[left + c] / 255, (float)above[right + c] / 255, columns[x].share);
                const float bottom = mix((float)below[left + c] / 255, (float)below[right + c] / 255, columns[x].share);
                job->values[c * job->plane + y * job->stride + x] = mix(top, bottom, row.share);
            }
        }
    }
    base_free(env, columns);
    return CLADE_OK;
}
