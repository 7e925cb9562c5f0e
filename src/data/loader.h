/* loader.h: a loader inside: a ring of batches that threads fill in order and the caller takes in order.
 *
 *            taken - 1       taken                       begun
 *       | the caller's | ready | ready | being filled | empty | ...      slot of batch number k: k % slot_count
 *
 * The numbers count from the last seek. */
#ifndef DATA_LOADER_H
#define DATA_LOADER_H

#include "data/dataset.h"

#include <pthread.h>

typedef enum slot_state { SLOT_EMPTY, SLOT_FILLING, SLOT_READY, SLOT_TAKEN } slot_state;

enum { SLOT_MESSAGE_SIZE = 1024 };

/* A batch on its way. Guarded by the loader's lock; while it is being filled all but the state is its thread's. */
typedef struct loader_slot {
    slot_state state;
    clade_batch batch; /* its arrays are the three below */
    float *images;
    int32_t *labels, *indices;
    clade_status status; /* why it could not be filled */
    char message[SLOT_MESSAGE_SIZE];
} loader_slot;

struct clade_loader {
    clade_dataset *dataset;
    base_env *env;
    clade_loader_settings settings; /* with the defaults filled in */
    clade_loader_info info;
    atomic_bool hurry; /* threads drop what they are filling and begin nothing */

    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t may_begin, was_filled;
    bool leaving; /* threads end */
    loader_slot *slots;
    int32_t slot_count;
    int32_t filling; /* slots that threads are at */
    int64_t begun, taken;
    int64_t epoch, number; /* of the batch to begin next */
    int32_t *order;        /* images in the order of an epoch */
    int64_t ordered;       /* which epoch; -1: none yet */
    pthread_t *threads;
    int32_t thread_count;
};

/* ---- loader_settings.c ---- */

/* Checks the settings for a set and fills in their defaults; gives what follows from them. */
clade_status loader_settle(const clade_dataset *dataset, const clade_loader_settings *given,
                           clade_loader_settings *settings_out, clade_loader_info *info_out);

/* ---- loader_fill.c ---- */

/* Says which images make the batch to begin next, and goes on to the one behind it. The lock is held. */
void loader_assign(clade_loader *loader, loader_slot *slot);
/* Puts them into the slot. Ends early, with any contents, when the loader is in a hurry. */
clade_status loader_fill(const clade_loader *loader, loader_slot *slot);

#endif
