/* base.h: what every room stands on: the environment of a context (allocator, log, messages), checked arithmetic,
 * strings and growing arrays. No OpenCL, no graph. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <clade/clade.h>

#include <stdarg.h>

#if defined(__GNUC__)
#define BASE_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define BASE_PRINTF(text, first)
#endif

/* The only macros that return. RETURN_IF names the status of a condition that needs no message of its own;
 * FORWARD passes a failure on. */
#define RETURN_IF(condition, status)                                                                                   \
    do {                                                                                                               \
        if (condition) return (status);                                                                                \
    } while (0)
#define FORWARD(call)                                                                                                  \
    do {                                                                                                               \
        clade_status forwarded_ = (call);                                                                              \
        if (forwarded_ != CLADE_OK) return forwarded_;                                                                 \
    } while (0)

#define BASE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Environment ----------------------------------------------------------------------------------------------
 * Allocator, log and the last message of each thread. Shared by a context and all that is made from it. */
typedef struct base_env base_env;

/* On failure (out of memory) gives NULL. */
base_env *base_env_create(const clade_allocator *allocator, clade_log_callback log, void *log_user,
                          clade_log_level level);
void base_env_destroy(base_env **env);

/* Keeps the message for this thread, logs it at CLADE_LOG_ERROR and returns `status`, so that
 * `return base_fail(env, STATUS, "failed to ...", ...)` is how a function fails. env may be NULL: nothing is kept. */
clade_status base_fail(base_env *env, clade_status status, const char *format, ...) BASE_PRINTF(3, 4);
/* base_fail for the commonest case: "failed to allocate SIZE bytes for WHAT: out of host memory". */
clade_status base_fail_memory(base_env *env, size_t size, const char *what);
void base_log(base_env *env, clade_log_level level, const char *format, ...) BASE_PRINTF(3, 4);
bool base_logs(const base_env *env, clade_log_level level);
/* From here on this thread's failures keep their messages but are not logged, for a caller that collects them and says them
 * later, all at once. */
void base_hush(base_env *env);
/* Ends that. Logs the last message if `status`, what came of it, is a failure that nobody else will report. */
void base_speak(base_env *env, clade_status status);
/* Copies this thread's last message. */
void base_message(base_env *env, char *buffer, size_t size);

/* ---- Memory ---------------------------------------------------------------------------------------------------- */
void *base_allocate(base_env *env, size_t size);                    /* NULL when there is none; size 0 counts as 1 */
void *base_allocate_zero(base_env *env, size_t count, size_t size); /* checked product, cleared */
void base_free(base_env *env, void *memory);                        /* NULL is fine */
char *base_copy_string(base_env *env, const char *text);
/* snprintf into fresh memory. */
char *base_format(base_env *env, const char *format, ...) BASE_PRINTF(2, 3);

/* Makes room for one more element in an array that doubles. `items` is the address of the array's pointer.
 * On failure false, and the array is as it was. */
bool base_grow(base_env *env, void *items, size_t item_size, size_t count, size_t *capacity);

/* ---- Checked arithmetic: false on overflow ------------------------------------------------------------------- */
bool base_multiply(uint64_t a, uint64_t b, uint64_t *result_out);
bool base_add(uint64_t a, uint64_t b, uint64_t *result_out);
/* Product of a shape's dimensions; false on overflow of int64, a rank out of range or a dimension below 1. */
bool base_shape_elements(const clade_shape *shape, int64_t *elements_out);
bool base_shape_equal(const clade_shape *a, const clade_shape *b);
/* Writes "[1, 3, 224, 224]" (an open batch is "N"); returns buffer. 160 bytes always suffice. */
#define BASE_SHAPE_TEXT 160
char *base_shape_text(const clade_shape *shape, char *buffer, size_t size);

static inline int64_t base_divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t base_round_up(int64_t a, int64_t b) { return base_divide_up(a, b) * b; }
static inline int64_t base_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t base_max(int64_t a, int64_t b) { return a > b ? a : b; }

/* ---- Text that grows --------------------------------------------------------------------------------------------
 * After a failed allocation further calls do nothing and `failed` stays set: check it once at the end. */
typedef struct base_text {
    base_env *env;
    char *data; /* always terminated once anything was added; NULL before */
    size_t length, capacity;
    bool failed;
} base_text;
void base_text_add(base_text *text, const char *format, ...) BASE_PRINTF(2, 3);
void base_text_free(base_text *text);

/* ---- Elements -------------------------------------------------------------------------------------------------- */
size_t base_type_size(clade_type type); /* bytes an element; 0 for an unknown type */
const char *base_type_name(clade_type type);
float base_from_half(uint16_t half);
uint16_t base_to_half(float value); /* to nearest, ties to even */
float base_from_bfloat16(uint16_t value);
uint16_t base_to_bfloat16(float value);
/* Widens `count` elements of any type to float32 (uint8 as 0..255). */
void base_widen(clade_type type, const void *source, float *target, size_t count);
/* Narrows float32 to any type but uint8. */
void base_narrow(clade_type type, const float *source, void *target, size_t count);

/* Seconds of a clock that only goes forward, from some moment on. */
double base_seconds(void);

/* Bytes of the character of UTF-8 that terminated text begins with; 0 where it is none (RFC 3629). */
size_t base_utf8_length(const char *text);

/* FNV-1a, 64 bits. */
uint64_t base_hash(const char *text);

/* ---- Names ------------------------------------------------------------------------------------------------------
 * Which number a name has, found in constant time. The names are borrowed: they have to outlive their place in the table. */
typedef struct base_name {
    const char *name; /* NULL: the slot is free */
    uint64_t hash;
    int32_t number;
} base_name;
typedef struct base_names { /* all zero: no names yet */
    base_name *slots;
    size_t count, capacity;
} base_names;

/* Adds a name; one that is there keeps its number. False when there is no memory, never once as many names were in it before. */
bool base_names_add(base_env *env, base_names *names, const char *name, int32_t number);
int32_t base_names_find(const base_names *names, const char *name); /* -1: it is not there */
/* Takes a name out, if that is its number. */
void base_names_remove(base_names *names, const char *name, int32_t number);
void base_names_clear(base_names *names);
void base_names_free(base_env *env, base_names *names);

/* Philox4x32-10: 128 random bits that follow from counter and key alone, in any order and on any thread. */
void base_philox(const uint32_t counter[4], uint64_t key, uint32_t numbers_out[4]);

#endif
