/* array.h: arrays in host memory, filled by the readers of this room. */
#ifndef IO_ARRAY_H
#define IO_ARRAY_H

#include "io/file.h"

/* Takes memory for an array; `what` names it in messages. Refuses shapes that have no element or too many. */
clade_status io_array_create(base_env *env, clade_type type, const clade_shape *shape, const char *what,
                             clade_array *array_out);

/* Bytes of an array; false on a bad shape, an unknown type or an overflow. */
bool io_array_bytes(clade_type type, const clade_shape *shape, uint64_t *bytes_out);

#endif
