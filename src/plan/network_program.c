/* network_program.c: the text between cl/network.cl and the parts it calls, and the program of all. */
#include "plan/network.h"

static const char *type_of(const ops_argument *argument) {
    switch (argument->kind) {
    case OPS_INT:
        return "int";
    case OPS_FLOAT:
        return "float";
    case OPS_LONG8:
        return "long8";
    case OPS_LOCAL:
        return "__local float *";
    default:
        return "__global float *, ulong";
    }
}

static void declare_part(base_text *text, const ops_launch *launch, size_t part) {
    base_text_add(text, "void part_%zu(const part_range *range", part);
    for (size_t i = 0; i < launch->argument_count; i++) base_text_add(text, ", %s", type_of(&launch->arguments[i]));
    base_text_add(text, ");\n");
}

/* One arm of run_part(): takes the arguments off the table. */
static void call_part(base_text *text, const ops_launch *launch, size_t part) {
    size_t word = 0;
    base_text_add(text, "    case %zu:\n        part_%zu(range", part, part);
    for (size_t i = 0; i < launch->argument_count; i++) {
        switch (launch->arguments[i].kind) {
        case OPS_INT:
            base_text_add(text, ", (int)words[%zu]", word);
            break;
        case OPS_FLOAT:
            base_text_add(text, ", as_float((int)words[%zu])", word);
            break;
        case OPS_LONG8:
            base_text_add(text, ", vload8(0, words + %zu)", word);
            word += 7;
            break;
        case OPS_LOCAL:
            base_text_add(text, ", scratch + words[%zu]", word);
            break;
        default:
            base_text_add(text, ", memories[words[%zu]], (ulong)words[%zu]", word, word + 1);
            word++;
        }
        word++;
    }
    base_text_add(text, ");\n        break;\n");
}

static void write_prelude(const network_maker *m, base_text *text) {
    base_text_add(text, "#define MEMORY_PARAMETERS ");
    for (size_t i = 0; i < m->network->memory_count; i++)
        base_text_add(text, "%s__global float *memory_%zu, ulong offset_%zu", i ? ", " : "", i, i);
    base_text_add(text, "\n#define MEMORY_POINTERS ");
    for (size_t i = 0; i < m->network->memory_count; i++)
        base_text_add(text, "%smemory_%zu + offset_%zu", i ? ", " : "", i, i);
    base_text_add(text, "\n");
    for (size_t i = 0; i < m->part_count; i++) declare_part(text, m->parts[i], i);
    base_text_add(text, "static inline void run_part(long part, const part_range *range, const __global long *words, "
                        "__global float *const *memories, __local float *scratch) {\n    switch (part) {\n");
    for (size_t i = 0; i < m->part_count; i++) call_part(text, m->parts[i], i);
    base_text_add(text, "    }\n}\n");
}

clade_status network_link(network_maker *m) {
    base_env *env = m->plan->env;
    base_text prelude = {.env = env};
    rt_part *parts = base_allocate_zero(env, m->part_count, sizeof *parts);
    write_prelude(m, &prelude);
    clade_status status = CLADE_OK;
    if (!parts || prelude.failed) status = base_fail_memory(env, m->part_count * sizeof *parts, "a network's program");
    for (size_t i = 0; parts && i < m->part_count; i++)
        parts[i] =
            (rt_part){.source = m->parts[i]->source, .options = m->parts[i]->options, .entry = m->parts[i]->kernel};
    if (status == CLADE_OK)
        status = rt_program_link(context_rt(m->plan->context), "network.cl", prelude.data, parts, m->part_count,
                                 &m->network->program);
    base_text_free(&prelude);
    base_free(env, parts);
    return status;
}
