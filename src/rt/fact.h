/* fact.h: the table of facts behind rt_fact_read and rt_facts_write. */
#ifndef RT_FACT_H
#define RT_FACT_H

#include "rt/objects.h"

clade_status rt_fact_table_open(rt_context *context);
void rt_fact_table_close(rt_context *context);

#endif
