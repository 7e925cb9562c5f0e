/* threads.c: one plan, many threads. A plan never changes and holds the weights once on the device; each thread that runs it
 * has a session of its own, which is the part that changes. The results are those of one thread, bit for bit. */
#include "example.h"

#include <clade/models.h>

#include <pthread.h>

enum { THREADS = 4, IMAGES = 8, PIXELS = 28 * 28, CLASSES = 10 };

/* One thread's share: a run of IMAGES different images. */
typedef struct worker {
    clade_context *context;
    clade_plan *plan;
    float logits[IMAGES][CLASSES];
} worker;

static void *work(void *argument) {
    worker *w = argument;
    clade_session *session = NULL;
    check(w->context, clade_session_create(w->plan, &session));
    for (int i = 0; i < IMAGES; i++) {
        char name[32];
        float image[PIXELS];
        snprintf(name, sizeof name, "image %d", i); /* the name is the seed */
        clade_fill_input(name, image, PIXELS);
        check(w->context, clade_run(session, &(clade_buffer){"input", image, sizeof image}, 1,
                                    &(clade_buffer){"output", w->logits[i], sizeof w->logits[i]}, 1));
    }
    clade_session_destroy(&session);
    return NULL;
}

static bool same(const worker *a, const worker *b) {
    for (int i = 0; i < IMAGES; i++)
        for (int c = 0; c < CLASSES; c++)
            if (a->logits[i][c] != b->logits[i][c]) return false;
    return true;
}

int main(void) {
    clade_context *context = open_context();
    clade_graph *graph = NULL;
    clade_plan *plan = NULL;
    check(context, clade_model_create(context, "lenet", NULL, &graph));
    check(context, clade_graph_fill_parameters(graph));
    check(context, clade_plan_create(graph, NULL, &plan));
    clade_graph_destroy(&graph); /* the plan has what it needs */

    worker alone = {context, plan, {{0}}};
    work(&alone);

    worker workers[THREADS];
    pthread_t threads[THREADS];
    for (int t = 0; t < THREADS; t++) {
        workers[t] = (worker){context, plan, {{0}}};
        if (pthread_create(&threads[t], NULL, work, &workers[t]) != 0) {
            fprintf(stderr, "failed to start thread %d\n", t);
            exit(1);
        }
    }
    int equal = 0;
    for (int t = 0; t < THREADS; t++) {
        pthread_join(threads[t], NULL);
        equal += same(&workers[t], &alone);
    }
    printf("%d of %d threads computed what one thread alone did\n", equal, THREADS);

    clade_plan_destroy(&plan);
    clade_context_destroy(&context);
    return equal == THREADS ? 0 : 1;
}
