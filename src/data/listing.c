/* listing.c: what is in a folder, ordered. */
#include "data/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static clade_status refuse_by_system(base_env *env, const char *folder, const char *name, int error) {
    const bool absent = error == ENOENT || error == ENOTDIR;
    return base_fail(env, absent ? CLADE_ERROR_NOT_FOUND : CLADE_ERROR_IO, "failed to read folder \"%s%s%s\": %s",
                     folder, name ? "/" : "", name ? name : "", strerror(error));
}

static clade_status add(listing *list, const char *name) {
    if (!base_grow(list->env, &list->names, sizeof *list->names, list->count, &list->capacity))
        return base_fail(list->env, CLADE_ERROR_OUT_OF_MEMORY,
                         "failed to list a folder of over %zu files: out of host memory", list->count);
    char *copy = base_copy_string(list->env, name);
    if (!copy) return base_fail_memory(list->env, strlen(name) + 1, "the name of a file");
    list->names[list->count++] = copy;
    return CLADE_OK;
}

/* Adds one entry, if it is of the kind that is listed. */
static clade_status examine(listing *list, DIR *stream, const char *folder, const char *name, listing_kind kind) {
    struct stat facts;
    if (name[0] == '.') return CLADE_OK;
    if (fstatat(dirfd(stream), name, &facts, 0) != 0) return refuse_by_system(list->env, folder, name, errno);
    if (kind == LISTING_FOLDERS) return S_ISDIR(facts.st_mode) ? add(list, name) : CLADE_OK;
    if (S_ISREG(facts.st_mode)) return add(list, name);
    return base_fail(list->env, CLADE_ERROR_FORMAT, "failed to read folder \"%s\": \"%s\" in it is not a file", folder,
                     name);
}

static clade_status read_all(listing *list, DIR *stream, const char *folder, listing_kind kind) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry) return errno == 0 ? CLADE_OK : refuse_by_system(list->env, folder, NULL, errno);
        FORWARD(examine(list, stream, folder, entry->d_name, kind));
    }
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

clade_status listing_read(base_env *env, const char *folder, listing_kind kind, listing *listing_out) {
    *listing_out = (listing){.env = env};
    DIR *stream = opendir(folder);
    if (!stream) return refuse_by_system(env, folder, NULL, errno);
    const clade_status status = read_all(listing_out, stream, folder, kind);
    closedir(stream);
    if (status != CLADE_OK)
        listing_clear(listing_out);
    else if (listing_out->count > 0)
        qsort(listing_out->names, listing_out->count, sizeof *listing_out->names, compare);
    return status;
}

void listing_clear(listing *gone) {
    for (size_t i = 0; i < gone->count; i++) base_free(gone->env, gone->names[i]);
    base_free(gone->env, gone->names);
    *gone = (listing){0};
}
