/* network.h: between the files that make a network: network.c, network_program.c and network_table.c. */
#ifndef PLAN_NETWORK_H
#define PLAN_NETWORK_H

#include "plan/plan.h"

typedef struct network_maker {
    clade_plan *plan;
    plan_network *network;
    const ops_launch **parts; /* one of the launches that a part does */
    size_t part_count, part_capacity;
    const ops_launch **launches; /* of all steps in order */
    const plan_step **steps;     /* whose they are */
    int32_t *part_of;            /* launch -> part */
    size_t launch_count;
    int64_t *table;
    size_t table_count, table_capacity;
    bool failed; /* to grow the table */
} network_maker;

/* Index among the network's memories; their count when it is none of them yet. */
size_t network_find_memory(const plan_network *network, const plan_operand *operand);

/* The program of the parts. */
clade_status network_link(network_maker *m);
/* What the program works off: steps, arguments, waits. Also finds how much scratch they need. */
clade_status network_upload_table(network_maker *m);

#endif
