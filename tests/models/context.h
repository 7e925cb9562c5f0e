/* context.h: the context that a group of tests finds in its state. */
#ifndef TESTS_MODELS_CONTEXT_H
#define TESTS_MODELS_CONTEXT_H

int context_open(void **state);                /* on the device under test */
int context_open_without_device(void **state); /* for graphs and dry runs */
int context_close(void **state);

#endif
