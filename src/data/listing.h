/* listing.h: what is in a folder, in an order that is the same everywhere. */
#ifndef DATA_LISTING_H
#define DATA_LISTING_H

#include "base/base.h"

typedef struct listing {
    base_env *env;
    char **names; /* ordered by their bytes */
    size_t count;
    size_t capacity;
} listing;

typedef enum listing_kind { LISTING_FOLDERS, LISTING_FILES } listing_kind;

/* Lists the folders in a folder, passing over files; or its files, refusing whatever else is there. Both follow links and pass over
 * names that begin with a dot. On failure the listing is empty. */
clade_status listing_read(base_env *env, const char *folder, listing_kind kind, listing *listing_out);
void listing_clear(listing *gone);

#endif
