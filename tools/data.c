/* data.c: looks for the files that come with the project. */
#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool exists_below(const char *folder, const char *name, char *path, size_t size) {
    const int length = snprintf(path, size, "%s/weights/%s", folder, name);
    return length > 0 && (size_t)length < size && access(path, R_OK) == 0;
}

/* Writes "FOLDER/../share/clade" for the folder that the running program is in. Only Linux tells which that is. */
static bool installed_folder(char *folder, size_t size) {
    static const char suffix[] = "/../share/clade";
    const ssize_t length = readlink("/proc/self/exe", folder, size);
    if (length <= 0 || (size_t)length >= size) return false;
    folder[length] = '\0';
    char *slash = strrchr(folder, '/');
    if (!slash || (size_t)(slash - folder) + sizeof suffix > size) return false;
    memcpy(slash, suffix, sizeof suffix);
    return true;
}

bool data_find(const char *name, char *path, size_t size) {
    const char *chosen = getenv("CLADE_DATA_DIR");
    if (chosen && *chosen) return exists_below(chosen, name, path, size);
    char installed[DATA_PATH_SIZE];
    if (installed_folder(installed, sizeof installed) && exists_below(installed, name, path, size)) return true;
    return exists_below(TOOLS_SOURCE_DATA, name, path, size);
}
