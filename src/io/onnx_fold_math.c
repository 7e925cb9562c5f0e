/* onnx_fold_math.c: arithmetic on constants, element by element, with broadcasting. Nothing is computed with the open batch but
 * what leaves it as it is. */
#include "io/onnx.h"

#include <math.h>
#include <string.h>

/* ---- Of two ------------------------------------------------------------------------------------------------------- */
typedef enum operation { ADD, SUB, MUL, DIV, MOD, MAX, MIN, POW, EQUAL, LESS, GREATER, AND, OR } operation;

static const struct {
    const char *name;
    operation operation;
} operations[] = {{"Add", ADD},   {"Sub", SUB},         {"Mul", MUL}, {"Div", DIV}, {"Mod", MOD},
                  {"Max", MAX},   {"Min", MIN},         {"Pow", POW}, {"And", AND}, {"Equal", EQUAL},
                  {"Less", LESS}, {"Greater", GREATER}, {"Or", OR},   {"Sum", ADD}};

static double of_reals(operation what, double a, double b) {
    switch (what) {
    case ADD:
        return a + b;
    case SUB:
        return a - b;
    case MUL:
        return a * b;
    case DIV:
        return a / b;
    case MAX:
        return fmax(a, b);
    case MIN:
        return fmin(a, b);
    case POW:
        return pow(a, b);
    case EQUAL:
        return a == b;
    case LESS:
        return a < b;
    case GREATER:
        return a > b;
    case MOD:
        return fmod(a, b);
    case AND:
        return a != 0 && b != 0;
    case OR:
        return a != 0 || b != 0;
    }
    return 0;
}

static int64_t floor_mod(int64_t a, int64_t b) {
    const int64_t rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

/* False where the result is none that fits. Sizes are far below what doubles hold exactly; other sums wrap. */
static bool of_integers(operation what, int64_t a, int64_t b, int64_t *result_out) {
    if ((what == DIV || what == MOD) && (b == 0 || (a == INT64_MIN && b == -1))) return false;
    switch (what) {
    case ADD:
        *result_out = (int64_t)((uint64_t)a + (uint64_t)b);
        return true;
    case SUB:
        *result_out = (int64_t)((uint64_t)a - (uint64_t)b);
        return true;
    case MUL:
        *result_out = (int64_t)((uint64_t)a * (uint64_t)b);
        return true;
    case DIV:
        *result_out = a / b;
        return true;
    case MOD:
        *result_out = floor_mod(a, b);
        return true;
    case MAX:
        *result_out = base_max(a, b);
        return true;
    case MIN:
        *result_out = base_min(a, b);
        return true;
    default: {
        const double result = of_reals(what, (double)a, (double)b);
        *result_out = (int64_t)result;
        return result > -9e18 && result < 9e18;
    }
    }
}

static bool is_open(const onnx_constant *c, size_t i) { return i < ONNX_OPEN_BITS && c->open >> i & 1; }

/* The open batch is above every size that a model may compare it with, it is never 0 or negative, and it times or by 1 is itself. */
static bool of_open(operation what, const onnx_constant *a, size_t i, const onnx_constant *b, size_t j, bool *open_out,
                    int64_t *result_out) {
    const bool a_open = is_open(a, i), b_open = is_open(b, j);
    const int64_t other = a_open ? b->integers[j] : a->integers[i];
    *open_out = true;
    *result_out = CLADE_BATCH;
    if (a_open && b_open) {
        *open_out = false;
        *result_out = 1;
        return what == EQUAL || what == DIV;
    }
    if (what == EQUAL && other < 1) {
        *open_out = false;
        *result_out = 0;
        return true;
    }
    return (what == MUL && other == 1) || (what == DIV && a_open && other == 1) ||
           ((what == ADD || (what == SUB && a_open)) && other == 0);
}

static clade_status fold_integers(onnx_import *job, const onnx_node *node, operation what, const onnx_constant *a,
                                  const onnx_constant *b, const clade_shape *shape) {
    onnx_constant made;
    FORWARD(onnx_new_integers(job, shape, &made));
    for (size_t i = 0; i < made.count; i++) {
        const size_t from_a = onnx_broadcast_source(&a->shape, shape, i);
        const size_t from_b = onnx_broadcast_source(&b->shape, shape, i);
        bool open = false, good = false;
        if (is_open(a, from_a) || is_open(b, from_b))
            good = of_open(what, a, from_a, b, from_b, &open, &made.integers[i]) && (!open || i < ONNX_OPEN_BITS);
        else
            good = of_integers(what, a->integers[from_a], b->integers[from_b], &made.integers[i]);
        if (!good && (a->open || b->open))
            return onnx_unsupported(job, node, "it computes with the batch, which is open: set one");
        if (!good) return onnx_wrong(job, node, "it divides by zero, or its result is too large");
        if (open) made.open |= (uint64_t)1 << i;
    }
    onnx_set_constant(job, node, 0, &made);
    return CLADE_OK;
}

static clade_status fold_reals(onnx_import *job, const onnx_node *node, operation what, const onnx_constant *a,
                               const onnx_constant *b, const clade_shape *shape) {
    onnx_constant made = {.type = CLADE_FLOAT32, .shape = *shape};
    float *values = NULL;
    if (what == EQUAL || what == LESS || what == GREATER) {
        FORWARD(onnx_new_integers(job, shape, &made));
        for (size_t i = 0; i < made.count; i++)
            made.integers[i] = of_reals(what, onnx_element(a, onnx_broadcast_source(&a->shape, shape, i)),
                                        onnx_element(b, onnx_broadcast_source(&b->shape, shape, i))) != 0;
    } else if (!a->data && !b->data && a->count > 0 && b->count > 0) { /* each has one value only */
        if (!onnx_count(shape, &made.count)) return onnx_wrong(job, node, "its result is too large");
        made.fill = (float)of_reals(what, (double)a->fill, (double)b->fill);
    } else {
        FORWARD(onnx_new_reals(job, shape, &made, &values));
        for (size_t i = 0; i < made.count; i++)
            values[i] = (float)of_reals(what, onnx_element(a, onnx_broadcast_source(&a->shape, shape, i)),
                                        onnx_element(b, onnx_broadcast_source(&b->shape, shape, i)));
    }
    onnx_set_constant(job, node, 0, &made);
    return CLADE_OK;
}

clade_status onnx_fold_arithmetic(onnx_import *job, const onnx_node *node) {
    const onnx_constant *a = NULL, *b = NULL;
    clade_shape shape;
    if (node->proto->n_input != 2) return onnx_unsupported(job, node, "it has other than two constants");
    FORWARD(onnx_input_constant(job, node, 0, &a));
    FORWARD(onnx_input_constant(job, node, 1, &b));
    if (a->integer != b->integer && strcmp(node->proto->op_type, "Pow") == 0) /* allowed from opset 12 on */
        return onnx_unsupported(job, node, "its inputs have different types");
    if (a->integer != b->integer) return onnx_wrong(job, node, "its inputs have different types");
    if (onnx_attribute(node, "axis")) return onnx_unsupported(job, node, "its attribute axis, between constants");
    if (!onnx_broadcast(&a->shape, &b->shape, &shape)) return onnx_wrong(job, node, "its shapes do not go together");
    for (size_t i = 0; i < BASE_COUNT(operations); i++) {
        if (strcmp(node->proto->op_type, operations[i].name) != 0) continue;
        return a->integer ? fold_integers(job, node, operations[i].operation, a, b, &shape)
                          : fold_reals(job, node, operations[i].operation, a, b, &shape);
    }
    return onnx_unsupported(job, node, "it is not supported for constants");
}

/* ---- Of one ------------------------------------------------------------------------------------------------------- */
static double of_real(const char *op, double a) {
    return strcmp(op, "Neg") == 0          ? -a
           : strcmp(op, "Abs") == 0        ? fabs(a)
           : strcmp(op, "Sqrt") == 0       ? sqrt(a)
           : strcmp(op, "Floor") == 0      ? floor(a)
           : strcmp(op, "Ceil") == 0       ? ceil(a)
           : strcmp(op, "Exp") == 0        ? exp(a)
           : strcmp(op, "Reciprocal") == 0 ? 1 / a
                                           : log(a);
}

clade_status onnx_fold_unary(onnx_import *job, const onnx_node *node) {
    const onnx_constant *from = NULL;
    const char *op = node->proto->op_type;
    onnx_constant made;
    float *values = NULL;
    FORWARD(onnx_input_constant(job, node, 0, &from));
    if (from->open) return onnx_unsupported(job, node, "it computes with the batch, which is open: set one");
    if (from->integer) {
        FORWARD(onnx_new_integers(job, &from->shape, &made));
        for (size_t i = 0; i < made.count; i++) {
            const int64_t a = from->integers[i];
            made.integers[i] = strcmp(op, "Not") == 0            ? !a
                               : strcmp(op, "Neg") == 0 || a < 0 ? (int64_t)(0 - (uint64_t)a)
                                                                 : a;
        }
    } else {
        FORWARD(onnx_new_reals(job, &from->shape, &made, &values));
        for (size_t i = 0; i < made.count; i++) values[i] = (float)of_real(op, onnx_element(from, i));
    }
    onnx_set_constant(job, node, 0, &made);
    return CLADE_OK;
}

/* ---- Where -------------------------------------------------------------------------------------------------------- */
clade_status onnx_fold_where(onnx_import *job, const onnx_node *node) {
    const onnx_constant *which = NULL, *a = NULL, *b = NULL;
    clade_shape both, shape;
    onnx_constant made;
    FORWARD(onnx_input_constant(job, node, 0, &which));
    FORWARD(onnx_input_constant(job, node, 1, &a));
    FORWARD(onnx_input_constant(job, node, 2, &b));
    if (!which->integer || !a->integer || !b->integer)
        return onnx_unsupported(job, node, "it is supported only for integers");
    if (!onnx_broadcast(&a->shape, &b->shape, &both) || !onnx_broadcast(&which->shape, &both, &shape))
        return onnx_wrong(job, node, "its shapes do not go together");
    FORWARD(onnx_new_integers(job, &shape, &made));
    for (size_t i = 0; i < made.count; i++) {
        const bool first = which->integers[onnx_broadcast_source(&which->shape, &shape, i)] != 0;
        const onnx_constant *from = first ? a : b;
        const size_t source = onnx_broadcast_source(&from->shape, &shape, i);
        made.integers[i] = from->integers[source];
        if (!is_open(from, source)) continue;
        if (i >= ONNX_OPEN_BITS) return onnx_unsupported(job, node, "its open batch stands too far behind");
        made.open |= (uint64_t)1 << i;
    }
    onnx_set_constant(job, node, 0, &made);
    return CLADE_OK;
}
