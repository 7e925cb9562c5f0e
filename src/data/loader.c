/* loader.c: loaders: threads that fill a ring of batches, and the caller who takes them. */
#include "data/loader.h"

#include <signal.h>
#include <string.h>

/* ---- The threads -------------------------------------------------------------------------------------------------------- */

/* Waits for room and begins the next batch; NULL when it is time to leave. The lock is held. */
static loader_slot *begin(clade_loader *loader) {
    for (;;) {
        loader_slot *slot = &loader->slots[loader->begun % loader->slot_count];
        if (loader->leaving) return NULL;
        if (!atomic_load(&loader->hurry) && slot->state == SLOT_EMPTY) {
            loader_assign(loader, slot);
            slot->state = SLOT_FILLING;
            loader->begun++;
            loader->filling++;
            return slot;
        }
        pthread_cond_wait(&loader->may_begin, &loader->lock);
    }
}

static void *work(void *argument) {
    clade_loader *loader = argument;
    pthread_mutex_lock(&loader->lock);
    for (loader_slot *slot; (slot = begin(loader));) {
        pthread_mutex_unlock(&loader->lock);
        slot->status = loader_fill(loader, slot);
        if (slot->status != CLADE_OK) base_message(loader->env, slot->message, sizeof slot->message);
        pthread_mutex_lock(&loader->lock);
        slot->state = SLOT_READY;
        loader->filling--;
        pthread_cond_signal(&loader->was_filled); /* only the caller waits for it */
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

/* Signals are for the caller's threads. */
static clade_status start_threads(clade_loader *loader) {
    sigset_t all, before;
    int error = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (error == 0 && loader->thread_count < loader->settings.threads) {
        error = pthread_create(&loader->threads[loader->thread_count], NULL, work, loader);
        if (error == 0) loader->thread_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) return CLADE_OK;
    return base_fail(loader->env, CLADE_ERROR_OUT_OF_MEMORY, "failed to start thread %d of %d of a loader: %s",
                     loader->thread_count + 1, loader->settings.threads, strerror(error));
}

/* ---- Life --------------------------------------------------------------------------------------------------------------- */

static clade_status take_memory(clade_loader *loader) {
    const clade_loader_info *info = &loader->info;
    const size_t count = (size_t)info->batch;
    uint64_t values = 0, bytes = 0;
    if (!base_multiply((uint64_t)info->channels * (uint64_t)info->height, (uint64_t)info->width * count, &values) ||
        !base_multiply(values, sizeof(float), &bytes) || bytes > SIZE_MAX / 2)
        return base_fail(loader->env, CLADE_ERROR_SHAPE,
                         "failed to make a loader of batches of %d images of %d x %d x %d: they have too many values",
                         info->batch, info->channels, info->height, info->width);
    loader->threads = base_allocate_zero(loader->env, (size_t)loader->settings.threads, sizeof *loader->threads);
    loader->order = base_allocate_zero(loader->env, (size_t)loader->dataset->info.count, sizeof *loader->order);
    loader->slots = base_allocate_zero(loader->env, (size_t)loader->slot_count, sizeof *loader->slots);
    bool good = loader->threads && loader->order && loader->slots;
    for (int32_t i = 0; good && i < loader->slot_count; i++) {
        loader_slot *slot = &loader->slots[i];
        slot->images = base_allocate(loader->env, (size_t)bytes);
        slot->labels = base_allocate(loader->env, count * sizeof *slot->labels);
        slot->indices = base_allocate(loader->env, count * sizeof *slot->indices);
        good = slot->images && slot->labels && slot->indices;
    }
    if (good) return CLADE_OK;
    return base_fail(loader->env, CLADE_ERROR_OUT_OF_MEMORY,
                     "failed to allocate %d batches of %d images of %d x %d x %d: out of host memory",
                     loader->slot_count, info->batch, info->channels, info->height, info->width);
}

static void free_memory(clade_loader *loader) {
    for (int32_t i = 0; loader->slots && i < loader->slot_count; i++) {
        base_free(loader->env, loader->slots[i].images);
        base_free(loader->env, loader->slots[i].labels);
        base_free(loader->env, loader->slots[i].indices);
    }
    base_free(loader->env, loader->slots);
    base_free(loader->env, loader->order);
    base_free(loader->env, loader->threads);
}

/* Lock and conditions; on failure none of them is left. */
static clade_status create_lock(clade_loader *loader) {
    if (pthread_mutex_init(&loader->lock, NULL) != 0) goto no_lock;
    if (pthread_cond_init(&loader->may_begin, NULL) != 0) goto no_may_begin;
    if (pthread_cond_init(&loader->was_filled, NULL) != 0) goto no_was_filled;
    return CLADE_OK;

no_was_filled:
    pthread_cond_destroy(&loader->may_begin);
no_may_begin:
    pthread_mutex_destroy(&loader->lock);
no_lock:
    return base_fail(loader->env, CLADE_ERROR_OUT_OF_MEMORY,
                     "failed to make a lock for a loader: the system has none left");
}

clade_status clade_loader_create(clade_dataset *dataset, const clade_loader_settings *settings,
                                 clade_loader **loader_out) {
    if (loader_out) *loader_out = NULL;
    RETURN_IF(!dataset, CLADE_ERROR_INVALID_ARGUMENT);
    base_env *env = context_env(dataset->context);
    if (!loader_out)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT, "failed to make a loader: loader_out must not be NULL");
    clade_loader_settings settled;
    clade_loader_info info;
    FORWARD(loader_settle(dataset, settings, &settled, &info));

    clade_loader *loader = base_allocate_zero(env, 1, sizeof *loader);
    if (!loader) return base_fail_memory(env, sizeof *loader, "a loader");
    loader->env = env;
    loader->settings = settled;
    loader->info = info;
    loader->slot_count = settled.ahead + 1; /* one is the caller's */
    loader->ordered = -1;
    atomic_init(&loader->hurry, false);
    clade_status status = create_lock(loader);
    if (status != CLADE_OK) {
        base_free(env, loader);
        return status;
    }
    loader->dataset = dataset_hold(dataset);
    status = take_memory(loader);
    if (status == CLADE_OK) status = start_threads(loader);
    if (status != CLADE_OK) clade_loader_destroy(&loader);
    *loader_out = loader;
    return status;
}

void clade_loader_destroy(clade_loader **loader) {
    if (!loader || !*loader) return;
    clade_loader *gone = *loader;
    *loader = NULL;
    atomic_store(&gone->hurry, true);
    pthread_mutex_lock(&gone->lock);
    gone->leaving = true;
    pthread_cond_broadcast(&gone->may_begin);
    pthread_mutex_unlock(&gone->lock);
    for (int32_t i = 0; i < gone->thread_count; i++) pthread_join(gone->threads[i], NULL);

    pthread_cond_destroy(&gone->was_filled);
    pthread_cond_destroy(&gone->may_begin);
    pthread_mutex_destroy(&gone->lock);
    free_memory(gone);
    clade_dataset *dataset = gone->dataset;
    base_free(gone->env, gone);
    clade_dataset_destroy(&dataset); /* last: the set holds the context and its allocator */
}

/* ---- The caller --------------------------------------------------------------------------------------------------------- */

clade_status clade_loader_describe(const clade_loader *loader, clade_loader_info *info_out) {
    RETURN_IF(!loader, CLADE_ERROR_INVALID_ARGUMENT);
    if (!info_out)
        return base_fail(loader->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to describe a loader: info_out must not be NULL");
    *info_out = loader->info;
    return CLADE_OK;
}

/* Gives the batch of the last call back to the threads. The lock is held. */
static void release_taken(clade_loader *loader) {
    loader_slot *last = &loader->slots[(loader->taken + loader->slot_count - 1) % loader->slot_count];
    if (last->state != SLOT_TAKEN) return;
    last->state = SLOT_EMPTY;
    pthread_cond_broadcast(&loader->may_begin);
}

/* The next batch, once it is filled. The lock is held. */
static loader_slot *wait_for_next(clade_loader *loader) {
    loader_slot *slot = &loader->slots[loader->taken % loader->slot_count];
    const double start = base_seconds();
    while (slot->state != SLOT_READY) pthread_cond_wait(&loader->was_filled, &loader->lock);
    loader->info.waited += base_seconds() - start;
    return slot;
}

clade_status clade_loader_next(clade_loader *loader, clade_batch *batch_out) {
    if (batch_out) *batch_out = (clade_batch){0};
    RETURN_IF(!loader, CLADE_ERROR_INVALID_ARGUMENT);
    if (!batch_out)
        return base_fail(loader->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to give a batch: batch_out must not be NULL");
    pthread_mutex_lock(&loader->lock);
    release_taken(loader);
    loader_slot *slot = wait_for_next(loader);
    const bool good = slot->status == CLADE_OK;
    if (good) {
        slot->state = SLOT_TAKEN;
        loader->taken++;
    }
    pthread_mutex_unlock(&loader->lock);
    if (!good) /* the slot stays as it is, for the next call to fail likewise */
        return base_fail(loader->env, slot->status, "failed to load batch %lld of epoch %lld: %s",
                         (long long)slot->batch.number, (long long)slot->batch.epoch, slot->message);
    *batch_out = slot->batch;
    return CLADE_OK;
}

clade_status clade_loader_seek(clade_loader *loader, int64_t epoch, int64_t number) {
    RETURN_IF(!loader, CLADE_ERROR_INVALID_ARGUMENT);
    if (epoch < 0 || epoch == INT64_MAX || number < 0 || number > loader->info.batches)
        return base_fail(loader->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to go to batch %lld of epoch %lld: batches are 0 to %lld, epochs at least 0",
                         (long long)number, (long long)epoch, (long long)loader->info.batches);
    pthread_mutex_lock(&loader->lock);
    atomic_store(&loader->hurry, true);
    while (loader->filling > 0) pthread_cond_wait(&loader->was_filled, &loader->lock);
    for (int32_t i = 0; i < loader->slot_count; i++) loader->slots[i].state = SLOT_EMPTY;
    loader->begun = loader->taken = 0;
    loader->epoch = number == loader->info.batches ? epoch + 1 : epoch;
    loader->number = number == loader->info.batches ? 0 : number;
    atomic_store(&loader->hurry, false);
    pthread_cond_broadcast(&loader->may_begin);
    pthread_mutex_unlock(&loader->lock);
    return CLADE_OK;
}
