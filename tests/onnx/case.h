/* case.h: one of ONNX's test cases: a folder with a model, inputs and what the outputs should be. */
#ifndef TESTS_ONNX_CASE_H
#define TESTS_ONNX_CASE_H

#include <clade/clade.h>

typedef enum case_outcome {
    CASE_PASSED,
    CASE_FAILED,     /* a wrong result, or a failure other than a refusal */
    CASE_UNSUPPORTED /* refused when it was read, or of a kind that this program cannot ask */
} case_outcome;

typedef struct case_result {
    case_outcome outcome;
    char op[64];      /* the model's operator, or "several" */
    char reason[512]; /* unless it passed */
} case_result;

/* Reads, compiles and runs the model in `folder` and compares all outputs within ONNX's own tolerances, relative 1e-3 plus absolute
 * 1e-7. Inputs that Clade takes as constants only (weights, shapes) are given as such. */
case_result case_run(clade_context *context, const char *folder);

#endif
