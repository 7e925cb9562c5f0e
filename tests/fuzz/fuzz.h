/* fuzz.h: what the fuzz targets share. Each target is a program of libFuzzer's (clang's -fsanitize=fuzzer): it calls one reader
 * with bytes that libFuzzer makes up, guided by which lines they reach. A reader may refuse, with a message and no result, or give
 * a result all of whose bytes are there; what else it does (a bad access, undefined behaviour, a leak, much memory or time) is a
 * crash. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "io/parse.h"

/* Called by libFuzzer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A context without a device, which stays for the whole run. */
clade_context *fuzz_context(void);
/* The bytes as a file of the context's, in memory of just their size; readers never see an empty one. The caller frees its data. */
io_file fuzz_file(const char *kind, const uint8_t *data, size_t size);

/* Crashes unless it holds. */
void fuzz_expect(bool holds);
/* Crashes unless a reader that gave `status` either succeeded or said why not and left nothing. */
void fuzz_expect_result(clade_status status, const void *result);
/* Crashes when an array is not all there, then frees it. */
void fuzz_use_array(clade_status status, clade_array *array);

#endif
