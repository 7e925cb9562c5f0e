/* speed.h: what a context knows of its device's speed when it is opened. */
#ifndef RT_SPEED_H
#define RT_SPEED_H

#include "rt/objects.h"

/* Fills in context->device.speed when it was measured before, or is shipped. */
void rt_speed_recall(rt_context *context);

#endif
