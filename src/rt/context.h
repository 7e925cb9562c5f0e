/* context.h: the public clade_context: environment + run time, counted. Every object made from a context holds it. */
#ifndef RT_CONTEXT_H
#define RT_CONTEXT_H

#include "rt/rt.h"

clade_context *context_hold(clade_context *context);
void context_release(clade_context *context); /* NULL is fine */
base_env *context_env(const clade_context *context);
rt_context *context_rt(const clade_context *context); /* NULL when it was made with the device "none" */

#endif
