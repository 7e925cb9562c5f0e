/* table.c: rows of text whose columns are as wide as what is in them. */
#include "table.h"

#include <stdio.h>
#include <string.h>

void table_print(const table_row *rows, size_t row_count, size_t columns, size_t first_number) {
    int widths[TABLE_COLUMNS] = {0};
    for (size_t i = 0; i < row_count; i++)
        for (size_t k = 0; k < columns; k++) {
            const int length = (int)strlen(rows[i].cells[k]);
            if (length > widths[k]) widths[k] = length;
        }
    for (size_t i = 0; i < row_count; i++)
        for (size_t k = 0; k < columns; k++)
            printf("%*s%s", k < first_number ? -widths[k] : widths[k], rows[i].cells[k], k + 1 < columns ? "  " : "\n");
}
