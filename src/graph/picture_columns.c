/* picture_columns.c: folds a long network into columns, so that the page is about as wide as high.
 *
 * A column ends where one tensor is all that later boxes read, and never inside a block. How high and wide a drawing becomes is
 * estimated: each box stands below those that it reads, side by side with others of the same distance from the start. */
#include "graph/picture.h"

#include <math.h>

/* In points, as Graphviz draws what dot.c writes. */
enum { ROW_HEIGHT = 15, ARROW_HEIGHT = 55, BOX_WIDTH = 170 };
/* What fits a page as it is. */
enum { PAGE_HEIGHT = 900 };
/* Width to height of a page. */
static const double page_ratio = 1.414;

typedef struct columns {
    int32_t *top;      /* of a box: points from the top of the page, were there one column */
    int32_t *rank;     /* of a box: how many stand above it */
    int32_t *wide;     /* of a rank: how many boxes */
    int32_t *readers;  /* of a box: the last that reads it */
    int32_t *crossing; /* of a box: how many boxes up to it are read behind it */
    int32_t height, width;
} columns;

static void measure(const picture *p, columns *c) {
    for (size_t i = 0; i < p->arrow_count; i++) { /* ordered by `to`: a box is placed when it is read */
        const picture_arrow *arrow = &p->arrows[i];
        const int32_t below = c->top[arrow->from] + p->boxes[arrow->from].rows * ROW_HEIGHT + ARROW_HEIGHT;
        c->top[arrow->to] = (int32_t)base_max(c->top[arrow->to], below);
        c->rank[arrow->to] = (int32_t)base_max(c->rank[arrow->to], c->rank[arrow->from] + 1);
    }
    for (size_t i = 0; i < p->box_count; i++) {
        c->height = (int32_t)base_max(c->height, c->top[i] + p->boxes[i].rows * ROW_HEIGHT);
        c->width = (int32_t)base_max(c->width, BOX_WIDTH * ++c->wide[c->rank[i]]);
    }
}

/* Outputs do not count: they stand below what they show, in whatever column that is. */
static void count_crossings(const picture *p, columns *c) {
    for (size_t i = 0; i < p->arrow_count; i++)
        if (p->boxes[p->arrows[i].to].kind != PICTURE_OUTPUT) c->readers[p->arrows[i].from] = p->arrows[i].to;
    for (size_t i = 0; i < p->box_count; i++) {
        if (c->readers[i] <= (int32_t)i) continue;
        c->crossing[i]++;
        c->crossing[c->readers[i]]--;
    }
    for (size_t i = 1; i < p->box_count; i++) c->crossing[i] += c->crossing[i - 1];
    for (size_t i = 0; i < p->block_count; i++)
        for (int32_t k = p->blocks[i].first; k < p->blocks[i].last; k++) c->crossing[k] = INT32_MAX / 2;
}

/* The box behind which to cut so that the next column begins as near to `target` as can be; -1 where there is none. */
static int32_t find_cut(const picture *p, const columns *c, int32_t after, double target) {
    int32_t best = -1;
    for (int32_t i = after; i + 1 < (int32_t)p->box_count; i++) {
        if (c->crossing[i] != 1) continue;
        if (best < 0 || fabs(c->top[i + 1] - target) < fabs(c->top[best + 1] - target)) best = i;
    }
    return best;
}

static void fold(picture *p, const columns *c) {
    const int32_t wanted = c->height > PAGE_HEIGHT ? (int32_t)lround(sqrt(page_ratio * c->height / c->width)) : 1;
    int32_t from = 0;
    for (int32_t k = 1; k < wanted; k++) {
        const int32_t cut = find_cut(p, c, from, (double)c->height * k / wanted);
        if (cut < 0) break;
        for (size_t i = (size_t)cut + 1; i < p->box_count; i++) p->boxes[i].column = p->column_count;
        p->column_count++;
        from = cut + 1;
    }
    for (size_t i = 0; i < p->arrow_count; i++)
        if (p->boxes[p->arrows[i].to].kind == PICTURE_OUTPUT)
            p->boxes[p->arrows[i].to].column = p->boxes[p->arrows[i].from].column;
}

clade_status picture_columns(picture *p) {
    const size_t count = p->box_count + 1;
    columns c = {.top = base_allocate_zero(p->env, count, sizeof *c.top),
                 .rank = base_allocate_zero(p->env, count, sizeof *c.rank),
                 .wide = base_allocate_zero(p->env, count, sizeof *c.wide),
                 .readers = base_allocate_zero(p->env, count, sizeof *c.readers),
                 .crossing = base_allocate_zero(p->env, count, sizeof *c.crossing)};
    const bool good = c.top && c.rank && c.wide && c.readers && c.crossing;
    if (good && p->box_count > 0) {
        measure(p, &c);
        count_crossings(p, &c);
        fold(p, &c);
    }
    base_free(p->env, c.top);
    base_free(p->env, c.rank);
    base_free(p->env, c.wide);
    base_free(p->env, c.readers);
    base_free(p->env, c.crossing);
    return good ? CLADE_OK : base_fail_memory(p->env, count * sizeof *c.top, "the columns of a picture");
}
