#include "reference/numeric_gradient.h"
#include "shared/random.h"

#include <stdlib.h>

static double weighted_sum(const float *dy, const double *y, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += dy[i] * y[i];
    return sum;
}

void numeric_gradient(numeric_function function, const void *problem, float *x, int64_t x_count, const float *dy,
                      int64_t y_count, double *dx) {
    double *y = malloc((size_t)y_count * sizeof *y);
    for (int64_t k = 0; k < x_count; k++) {
        const float at = x[k];
        double sums[5]; /* at x - 2h .. x + 2h */
        for (int step = 0; step < 5; step++) {
            x[k] = at + (float)(step - 2) * NUMERIC_STEP;
            function(problem, x, y);
            sums[step] = weighted_sum(dy, y, y_count);
        }
        x[k] = at;
        dx[k] = (8 * (sums[3] - sums[1]) - (sums[4] - sums[0])) / (12 * (double)NUMERIC_STEP);
    }
    free(y);
}

void numeric_inputs(float *x, int64_t count, uint64_t seed) {
    const float spacing = 16 * NUMERIC_STEP;
    const int64_t middle = count / 2;
    for (int64_t i = 0; i < count; i++) x[i] = ((float)(i - middle) + 0.5f) * spacing;
    for (int64_t i = count - 1; i > 0; i--) {
        const int64_t other = random_below(&seed, (int32_t)(i + 1));
        const float moved = x[i];
        x[i] = x[other];
        x[other] = moved;
    }
}
