/* step.c: one step of training, in three parts: forward, backward, update. */
#include "train/train.h"

#include <math.h>
#include <string.h>

/* ---- Into the device ------------------------------------------------------------------------------------------------------------------- */

static clade_status check_labels(clade_trainer *trainer, const int32_t *labels) {
    if (!labels) return base_fail(trainer->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to train: labels is NULL");
    for (int64_t i = 0; i < trainer->images; i++) {
        if (labels[i] < 0 || labels[i] >= trainer->classes)
            return base_fail(
                trainer->env, CLADE_ERROR_INVALID_ARGUMENT,
                "failed to train with label %d of image %lld: the network tells %lld classes apart, from 0 on",
                labels[i], (long long)i, (long long)trainer->classes);
        trainer->labels[i] = (float)labels[i];
    }
    return CLADE_OK;
}

/* Every input of the caller's graph has a buffer of its size. */
static clade_status check_inputs(const clade_trainer *trainer, const clade_buffer *inputs, size_t count,
                                 size_t *ports_out) {
    const size_t expected = trainer->ports.inputs;
    if (count != expected || !inputs)
        return base_fail(trainer->env, CLADE_ERROR_NOT_FOUND, "failed to train with %zu inputs: the graph has %zu",
                         inputs ? count : 0, expected);
    for (size_t i = 0; i < count; i++) {
        FORWARD(session_find_port(trainer->session, false, inputs[i].name, i, &ports_out[i]));
        const plan_port *port = &trainer->plan->inputs[ports_out[i]];
        bool is_input = ports_out[i] < expected;
        for (size_t k = 0; k < i; k++) is_input = is_input && ports_out[k] != ports_out[i];
        if (!is_input || !inputs[i].data)
            return base_fail(
                trainer->env, CLADE_ERROR_INVALID_ARGUMENT,
                "failed to train with input \"%s\": it must be an input of the graph, given once, and not NULL",
                port->name);
        if (inputs[i].size != port->bytes)
            return base_fail(trainer->env, CLADE_ERROR_SHAPE,
                             "failed to train with %zu bytes for input \"%s\": expected %llu", inputs[i].size,
                             port->name, (unsigned long long)port->bytes);
    }
    return CLADE_OK;
}

/* Integers below 2^24, which floats hold exactly. */
static void make_key(const clade_trainer *trainer, float key[4]) {
    const uint64_t mask = 0xFFFFFF;
    key[0] = (float)(trainer->seed & mask);
    key[1] = (float)(trainer->seed >> 24 & mask);
    key[2] = (float)(trainer->steps & mask);
    key[3] = (float)(trainer->steps >> 24 & mask);
}

static clade_status write_port(clade_trainer *trainer, size_t port, const void *data) {
    return rt_write(trainer->session->queue, trainer->staging[port], 0, data, rt_buffer_size(trainer->staging[port]));
}

/* ---- Forward --------------------------------------------------------------------------------------------------------------------------- */

static clade_status enqueue_forward(clade_trainer *trainer, const clade_buffer *inputs, size_t count, float key[4]) {
    size_t *ports = base_allocate_zero(trainer->env, count + 1, sizeof *ports);
    if (!ports) return base_fail_memory(trainer->env, count * sizeof *ports, "a step's inputs");
    clade_status status = check_inputs(trainer, inputs, count, ports);
    for (size_t i = 0; status == CLADE_OK && i < count; i++) status = write_port(trainer, ports[i], inputs[i].data);
    base_free(trainer->env, ports);
    FORWARD(status);
    make_key(trainer, key);
    FORWARD(write_port(trainer, trainer->ports.labels, trainer->labels));
    FORWARD(write_port(trainer, trainer->ports.key, key));
    return session_enqueue_launches(trainer->session, 0, trainer->forward_launches);
}

static clade_status read_results(clade_trainer *trainer) {
    rt_queue *queue = trainer->session->queue;
    const size_t outputs = trainer->plan->input_count, rows = (size_t)trainer->images;
    rt_buffer *logits = trainer->staging[outputs];
    for (size_t i = 0; i < trainer->loss_count; i++)
        FORWARD(rt_read(queue, trainer->staging[outputs + trainer->ports.loss + i], 0, trainer->losses + i * rows,
                        rows * sizeof(float)));
    return rt_read(queue, logits, 0, trainer->logits, rt_buffer_size(logits));
}

static size_t count_correct(const clade_trainer *trainer) {
    size_t correct = 0;
    for (int64_t i = 0; i < trainer->images; i++) {
        const float *row = trainer->logits + i * trainer->classes;
        int64_t best = 0;
        for (int64_t c = 1; c < trainer->classes; c++)
            if (row[c] > row[best]) best = c;
        correct += (float)best == trainer->labels[i];
    }
    return correct;
}

static clade_step_result sum_up(const clade_trainer *trainer) {
    clade_step_result result = {.step = trainer->steps, .correct = count_correct(trainer)};
    for (size_t i = 0; i < trainer->loss_count; i++) {
        double sum = 0;
        for (int64_t k = 0; k < trainer->images; k++) sum += (double)trainer->losses[(int64_t)i * trainer->images + k];
        const double mean = sum / (double)trainer->images;
        if (i == 0) result.main_loss = mean;
        result.loss += mean * (double)trainer->loss_weights[i];
    }
    return result;
}

/* ---- The three parts ----------------------------------------------------------------------------------------------------------------------- */

/* Everything of the caller's that is on the queue has been read when this returns, also after a failure. */
static clade_status forward(clade_trainer *trainer, const clade_buffer *inputs, size_t count, bool backward,
                            clade_step_result *result) {
    float key[4];
    const size_t launches = trainer->session->launch_count;
    trainer->is_forward = trainer->is_backward = false;
    clade_status status = enqueue_forward(trainer, inputs, count, key);
    if (status == CLADE_OK) status = read_results(trainer);
    if (status == CLADE_OK && backward)
        status =
            session_enqueue_launches(trainer->session, trainer->forward_launches, launches - trainer->forward_launches);
    const clade_status finished = rt_queue_finish(trainer->session->queue);
    if (status == CLADE_OK) status = finished;
    FORWARD(status);
    *result = sum_up(trainer);
    trainer->is_forward = true;
    trainer->is_backward = backward;
    return CLADE_OK;
}

static clade_status update(clade_trainer *trainer, float learning_rate) {
    if (!trainer->is_backward)
        return base_fail(
            trainer->env, CLADE_ERROR_INVALID_ARGUMENT,
            "failed to update the parameters: there are no gradients of a batch that were not used already");
    if (!isfinite(learning_rate))
        return base_fail(trainer->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to update the parameters with a learning rate of %g: it must be finite",
                         (double)learning_rate);
    FORWARD(train_optimizer_update(trainer->optimizer, trainer->session->queue, learning_rate, trainer->steps));
    FORWARD(train_state_blend(trainer));
    trainer->is_forward = trainer->is_backward = false;
    trainer->steps++;
    return rt_queue_flush(trainer->session->queue);
}

clade_status clade_trainer_forward(clade_trainer *trainer, const clade_buffer *inputs, size_t input_count,
                                   const int32_t *labels, clade_step_result *result_out) {
    clade_step_result result = {0};
    RETURN_IF(!trainer, CLADE_ERROR_INVALID_ARGUMENT);
    FORWARD(check_labels(trainer, labels));
    FORWARD(session_enter(trainer->session, "go forward"));
    FORWARD(session_leave(trainer->session, forward(trainer, inputs, input_count, false, &result)));
    if (result_out) *result_out = result;
    return CLADE_OK;
}

clade_status clade_trainer_backward(clade_trainer *trainer) {
    RETURN_IF(!trainer, CLADE_ERROR_INVALID_ARGUMENT);
    if (!trainer->is_forward || trainer->is_backward)
        return base_fail(trainer->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to go backward: a batch must have gone forward, and not back yet");
    FORWARD(session_enter(trainer->session, "go backward"));
    const size_t first = trainer->forward_launches;
    clade_status status = session_enqueue_launches(trainer->session, first, trainer->session->launch_count - first);
    const clade_status finished = rt_queue_finish(trainer->session->queue);
    if (status == CLADE_OK) status = finished;
    trainer->is_backward = status == CLADE_OK;
    return session_leave(trainer->session, status);
}

clade_status clade_trainer_update(clade_trainer *trainer, float learning_rate) {
    RETURN_IF(!trainer, CLADE_ERROR_INVALID_ARGUMENT);
    FORWARD(session_enter(trainer->session, "update the parameters"));
    return session_leave(trainer->session, update(trainer, learning_rate));
}

clade_status clade_trainer_step(clade_trainer *trainer, const clade_buffer *inputs, size_t input_count,
                                const int32_t *labels, float learning_rate, clade_step_result *result_out) {
    clade_step_result result = {0};
    RETURN_IF(!trainer, CLADE_ERROR_INVALID_ARGUMENT);
    FORWARD(check_labels(trainer, labels));
    FORWARD(session_enter(trainer->session, "train"));
    clade_status status = forward(trainer, inputs, input_count, true, &result);
    if (status == CLADE_OK && !isfinite(result.loss)) status = train_diagnose(trainer, result.loss);
    if (status == CLADE_OK) status = update(trainer, learning_rate);
    FORWARD(session_leave(trainer->session, status));
    if (result_out) *result_out = result;
    return CLADE_OK;
}
