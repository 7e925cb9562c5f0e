/* npy.h: the header of NumPy's array files. */
#ifndef IO_NPY_H
#define IO_NPY_H

#include "io/file.h"

typedef struct npy_header {
    clade_type type; /* of the array once it is read */
    bool wide;       /* float64 in the file, to be narrowed to `type` */
    clade_shape shape;
    size_t data_offset; /* bytes before the elements */
} npy_header;

/* Reads the header at the start of `file`. */
clade_status npy_parse_header(const io_file *file, npy_header *header_out);

#endif
