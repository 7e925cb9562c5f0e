/* error.h: OpenCL's error codes as names, statuses and messages. */
#ifndef RT_ERROR_H
#define RT_ERROR_H

#include "base/base.h"

#include <clade/opencl.h>

/* "CL_INVALID_VALUE"; "an unknown code" for what the standard does not have. */
const char *rt_error_name(cl_int code);

/* When the call failed: the same code means another thing while objects are made than when the device works. */
typedef enum rt_stage { RT_SETTING_UP, RT_RUNNING } rt_stage;

/* The status a code stands for; never CLADE_OK. */
clade_status rt_error_status(rt_stage stage, cl_int code);

/* Fails with "failed to WHAT: CALL gave NAME (CODE)", WHAT being the formatted text. */
clade_status rt_fail(base_env *env, rt_stage stage, cl_int code, const char *call, const char *format, ...)
    BASE_PRINTF(5, 6);

#endif
