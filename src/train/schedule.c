/* schedule.c: the learning rate of a step. */
#include "base/base.h"

#include <clade/train.h>

#include <math.h>

static const char *const names[] = {"constant", "step", "exponential", "cosine", "one-cycle"};

const char *clade_schedule_name(clade_schedule_kind kind) {
    return (size_t)kind < BASE_COUNT(names) ? names[kind] : NULL;
}

static double or_else(float value, double otherwise) { return value != 0.0f ? (double)value : otherwise; }

/* From `from` to `to` as `part` goes from 0 to 1, along half a cosine. */
static double swing(double from, double to, double part) {
    const double pi = 3.141592653589793;
    return to + (from - to) * (1 + cos(pi * part)) / 2;
}

static double one_cycle(const clade_schedule *s, double rate, double t, double all) {
    const double first = rate / 25, last = or_else(s->last, rate / 250000);
    const double top = or_else(s->rise, 0.3) * all - 1, end = all - 1;
    if (top > 0 && t <= top) return swing(first, rate, t / top);
    return t >= end ? last : swing(rate, last, (t - fmax(top, 0)) / (end - fmax(top, 0)));
}

/* The rate at step t behind the warm-up, `all` steps being there. */
static double scheduled(const clade_schedule *s, double t, double all) {
    const double rate = or_else(s->rate, 0.1), factor = or_else(s->factor, 0.1);
    const bool is_step = s->kind == CLADE_SCHEDULE_STEP;
    const double period = s->period > 0 ? (double)s->period : is_step ? all / 3 : all;
    if (s->steps > 0) t = fmin(t, all);
    switch (s->kind) {
    case CLADE_SCHEDULE_CONSTANT:
        return rate;
    case CLADE_SCHEDULE_STEP:
    case CLADE_SCHEDULE_EXPONENTIAL:
        return period > 0 ? rate * pow(factor, is_step ? floor(t / period) : t / period) : NAN;
    case CLADE_SCHEDULE_COSINE:
        return all > 0 ? swing(rate, (double)s->last, t / all) : NAN;
    case CLADE_SCHEDULE_ONE_CYCLE:
        return all > 0 ? one_cycle(s, rate, t, all) : NAN;
    }
    return NAN;
}

float clade_learning_rate(const clade_schedule *schedule, uint64_t step) {
    const clade_schedule constant = {.kind = CLADE_SCHEDULE_CONSTANT};
    const clade_schedule *s = schedule ? schedule : &constant;
    const double all = s->steps > s->warmup ? (double)(s->steps - s->warmup) : 0;
    if (step >= s->warmup) return (float)scheduled(s, (double)(step - s->warmup), all);
    return (float)(scheduled(s, 0, all) * ((double)step + 1) / ((double)s->warmup + 1));
}
