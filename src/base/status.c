/* status.c: the names of statuses and the version. */
#include "base/base.h"

#define TEXT_OF(number)                   #number
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *clade_version(void) { return VERSION_TEXT(CLADE_VERSION_MAJOR, CLADE_VERSION_MINOR, CLADE_VERSION_PATCH); }

const char *clade_status_name(clade_status status) {
    switch (status) {
    case CLADE_OK:
        return "OK";
    case CLADE_ERROR_INVALID_ARGUMENT:
        return "INVALID_ARGUMENT";
    case CLADE_ERROR_SHAPE:
        return "SHAPE";
    case CLADE_ERROR_NOT_FOUND:
        return "NOT_FOUND";
    case CLADE_ERROR_DUPLICATE:
        return "DUPLICATE";
    case CLADE_ERROR_MISSING_WEIGHTS:
        return "MISSING_WEIGHTS";
    case CLADE_ERROR_BUSY:
        return "BUSY";
    case CLADE_ERROR_UNSUPPORTED:
        return "UNSUPPORTED";
    case CLADE_ERROR_OUT_OF_MEMORY:
        return "OUT_OF_MEMORY";
    case CLADE_ERROR_OUT_OF_DEVICE_MEMORY:
        return "OUT_OF_DEVICE_MEMORY";
    case CLADE_ERROR_MEMORY_LIMIT:
        return "MEMORY_LIMIT";
    case CLADE_ERROR_IO:
        return "IO";
    case CLADE_ERROR_FORMAT:
        return "FORMAT";
    case CLADE_ERROR_NO_DEVICE:
        return "NO_DEVICE";
    case CLADE_ERROR_OPENCL:
        return "OPENCL";
    case CLADE_ERROR_BUILD:
        return "BUILD";
    case CLADE_ERROR_DEVICE_LOST:
        return "DEVICE_LOST";
    case CLADE_ERROR_NUMERIC:
        return "NUMERIC";
    case CLADE_ERROR_INTERNAL:
        return "INTERNAL";
    }
    return "UNKNOWN";
}
