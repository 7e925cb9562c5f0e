/* quirks.c: what is known to be wrong with some drivers, each row with its evidence. */
#include "rt/device.h"

#include <string.h>

/* A row holds for a device when each of its texts that is not NULL occurs in the device's. */
typedef struct quirk_row {
    const char *platform, *name, *driver;
    uint32_t quirks;
    const char *evidence;
} quirk_row;

static const quirk_row rows[] = {
    {"Portable Computing Language", NULL, NULL, RT_QUIRK_HOST_ALLOCATION,
     "buffers are allocated lazily and a failure at enqueue is not noticed (pocl#1155)"},
    {"Portable Computing Language", "pthread-", NULL, RT_QUIRK_GROUPS_SHARE,
     "groups are calls of compiled functions on threads of one process; atomics are C11's, in sequence; "
     "tests/api/test_network.c"},
    {"Intel(R) OpenCL", NULL, NULL, RT_QUIRK_SERIAL_BUILDS | RT_QUIRK_GROUPS_SHARE,
     "the compiler races with itself (opencl-clang#427); groups are tasks on threads of one process"},
    {"rusticl", NULL, NULL, RT_QUIRK_NO_BINARIES | RT_QUIRK_FINISH_BY_EVENT,
     "Mesa 22.3.6: a binary that it does not know aborts the process (program.rs: 'unknown version'); clFinish does "
     "not wait for "
     "what clFlush sent: 23 of 50 reads of 4 MB were not there, none with an event"},
};

static bool occurs(const char *part, const char *text) { return !part || strstr(text, part); }

uint32_t rt_find_quirks(const rt_device *device) {
    uint32_t quirks = 0;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        if (occurs(rows[i].platform, device->platform) && occurs(rows[i].name, device->name) &&
            occurs(rows[i].driver, device->driver))
            quirks |= rows[i].quirks;
    return quirks;
}
