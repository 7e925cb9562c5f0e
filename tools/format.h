/* format.h: numbers and shapes as people like to read them. Each returns its buffer. */
#ifndef TOOLS_FORMAT_H
#define TOOLS_FORMAT_H

#include <clade/clade.h>

enum { FORMAT_SIZE = 160 /* enough for each */ };

char *format_count(uint64_t count, char buffer[FORMAT_SIZE]);           /* "6,998,552" */
char *format_bytes(uint64_t bytes, char buffer[FORMAT_SIZE]);           /* "26.7 MiB" */
char *format_shape(const clade_shape *shape, char buffer[FORMAT_SIZE]); /* "[N, 3, 224, 224]" */

#endif
