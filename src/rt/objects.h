/* objects.h: the structs behind rt.h's handles, for the files of this room only. */
#ifndef RT_OBJECTS_H
#define RT_OBJECTS_H

#include "rt/cache.h"
#include "rt/error.h"
#include "rt/rt.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct rt_program_table {
    bool open;
    pthread_mutex_t lock; /* guards what follows, and the fields of its programs */
    pthread_cond_t built; /* some program left the state of being built */
    rt_program **programs;
    size_t count, capacity;
    pthread_mutex_t compiler; /* taken around builds under RT_QUIRK_SERIAL_BUILDS */
} rt_program_table;

/* What is known of the device beside what its driver says: see fact.c. */
typedef struct rt_kept_fact rt_kept_fact;
typedef struct rt_fact_table {
    bool open;
    pthread_mutex_t lock; /* guards what follows */
    rt_kept_fact *kept;
    size_t count, capacity;
} rt_fact_table;

struct rt_context {
    base_env *env;
    cl_context context;
    cl_device_id device_id;
    cl_device_id part;              /* device_id when it is a part that this context made, else NULL */
    cl_command_queue queue;         /* for uploads */
    cl_command_queue callers_queue; /* the same one, if the caller gave it: then sessions use it, too */
    rt_device device;
    char platform_version[128];
    _Atomic uint64_t allocated; /* bytes in buffers that this context made */
    rt_cache *cache;            /* NULL: none */
    rt_program_table table;
    rt_fact_table facts;
    bool gemm_used;       /* by CLBlast; this and the next are guarded by gemm.c */
    uint32_t gemm_warmed; /* a bit for each way through CLBlast that was taken once */
};

/* What lies behind `offset` in some memory, as an object of its own: CLBlast takes no offset into its workspace. */
typedef struct rt_region {
    cl_mem memory; /* the sub-buffer, which keeps its parent alive */
    cl_mem parent;
    uint64_t offset;
} rt_region;

/* A kernel or product of a profiled queue: from the end of `before` to the end of `event`; without `before`, from its start. */
typedef struct rt_command {
    cl_event before, event;
} rt_command;

struct rt_queue {
    rt_context *context;
    cl_command_queue handle;
    bool out_of_order;
    bool profiled;
    rt_command *commands; /* of a profiled queue */
    size_t command_count, command_capacity;
    rt_region *regions; /* made by gemm.c, kept for the next run */
    size_t region_count, region_capacity;
};

struct rt_buffer {
    rt_context *context;
    cl_mem handle;
    uint64_t offset; /* of the caller's memory where the buffer begins; 0 for our own */
    uint64_t size;
    bool is_callers;
};

struct rt_program {
    rt_context *context;
    cl_program handle;
    rt_cache_key key;
    uint32_t holds;   /* one of them is the table's */
    bool being_built; /* then `handle` is not set yet */
    bool stored;      /* the cache has been given its binary */
    atomic_bool ran;  /* a kernel of it was launched: see rt_programs_store */
    char name[64];    /* of its source */
};

struct rt_kernel {
    rt_program *program; /* held */
    cl_kernel handle;
    uint64_t max_work_group;
    char name[64];
};

/* Ends every command: keeps the order on a queue that does not. */
clade_status rt_queue_order(rt_queue *queue);
/* Begins every command: where it is to put its event, or NULL when nobody takes the time. A command of several kernels tells
 * the event of its last one only, so what was before it is marked, too. */
clade_status rt_queue_next_event(rt_queue *queue, bool has_many_kernels, cl_event **event_out);

/* program.c */
clade_status rt_program_table_open(rt_context *context);
void rt_program_table_close(rt_context *context);
void rt_program_hold(rt_program *program);
/* rt_program_get with the text itself; `name` is for messages. */
clade_status rt_program_get_text(rt_context *context, const char *name, const char *text, const char *options,
                                 rt_program **program_out);

/* gemm.c */
void rt_gemm_library_close(rt_context *context);

#endif
