#include "reference/optimizer.h"

#include <math.h>

static double clip(double gradient, double limit) { return limit > 0 ? fmin(fmax(gradient, -limit), limit) : gradient; }

/* What all gradients are multiplied with: torch.nn.utils.clip_grad_norm_. */
static double scale_of(const clade_optimizer_settings *s, const float *gradients, int64_t count) {
    double squares = 0;
    for (int64_t i = 0; i < count; i++) squares += pow(clip(gradients[i], s->clip_value), 2);
    return s->clip_norm > 0 ? fmin(1, s->clip_norm / (sqrt(squares) + 1e-6)) : 1;
}

static void descend(const clade_optimizer_settings *s, double *p, double *m, double *v, double g, double rate,
                    double count) {
    const double b = s->momentum, d = s->square_decay, e = s->epsilon;
    switch (s->kind) {
    case CLADE_OPTIMIZER_SGD:
        *p -= rate * g;
        break;
    case CLADE_OPTIMIZER_MOMENTUM:
        *m = b * *m + g;
        *p -= rate * *m;
        break;
    case CLADE_OPTIMIZER_NESTEROV:
        *m = b * *m + g;
        *p -= rate * (g + b * *m);
        break;
    case CLADE_OPTIMIZER_RMSPROP:
        *v = d * *v + (1 - d) * g * g;
        *m = b * *m + g / (sqrt(*v) + e);
        *p -= rate * *m;
        break;
    case CLADE_OPTIMIZER_RMSPROP_TENSORFLOW:
        *v = d * *v + (1 - d) * g * g;
        *m = b * *m + rate * g / sqrt(*v + e);
        *p -= *m;
        break;
    case CLADE_OPTIMIZER_ADAM:
    case CLADE_OPTIMIZER_ADAMW:
        *m = b * *m + (1 - b) * g;
        *v = d * *v + (1 - d) * g * g;
        *p -= rate * (*m / (1 - pow(b, count))) / (sqrt(*v / (1 - pow(d, count))) + e);
        break;
    }
}

void reference_descend(const clade_optimizer_settings *s, reference_descent *state, const float *gradients,
                       double learning_rate, uint64_t step) {
    const double scale = scale_of(s, gradients, state->count);
    for (int64_t i = 0; i < state->count; i++) {
        double *p = &state->values[i], g = scale * clip(gradients[i], s->clip_value);
        const double decay = state->decays[i] ? (double)s->weight_decay : 0;
        if (step == 0) {
            state->first[i] = 0;
            state->second[i] = s->kind == CLADE_OPTIMIZER_RMSPROP_TENSORFLOW;
        }
        if (s->kind == CLADE_OPTIMIZER_ADAMW)
            *p -= learning_rate * decay * *p;
        else
            g += decay * *p;
        descend(s, p, &state->first[i], &state->second[i], g, learning_rate, (double)step + 1);
        state->average[i] = step == 0 ? *p : s->average * state->average[i] + (1 - (double)s->average) * *p;
    }
}
