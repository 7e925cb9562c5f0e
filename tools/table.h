/* table.h: rows of text whose columns are as wide as what is in them. */
#ifndef TOOLS_TABLE_H
#define TOOLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { TABLE_COLUMNS = 6, TABLE_CELL = 256 };

typedef struct table_row {
    char cells[TABLE_COLUMNS][TABLE_CELL];
} table_row;

/* Prints the rows; columns from `first_number` on are aligned to the right. */
void table_print(const table_row *rows, size_t row_count, size_t columns, size_t first_number);

#endif
