// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "quill/bench.h"
#include "session.h"
#include "sweep.h"

enum {
    ROUNDS = 1 << 14, // of a peak for one claim
    CLAIMS = 512,     // of the team for one peak
};

struct peak {
    double (*run)(size_t rounds);
    double operations; // of one claim
};

static void run_peak(void *arg, struct member *m) {
    struct peak *peak = arg;
    size_t begin, end;
    team_begin(m);
    while (team_claim(m, CLAIMS, 1, &begin, &end)) peak->run(ROUNDS);
    team_end(m);
}

// 10^9 operations a second; 0: not measured.
static double measure_peak(struct team *team, double (*run)(size_t rounds)) {
    if (!run) return 0;
    struct peak peak = {run, run(ROUNDS)}; // and the clock of the core comes up
    double start = clock_ms();
    team_run(team, run_peak, &peak);
    return peak.operations * CLAIMS / (clock_ms() - start) * 1e-6;
}

static double measure_read(quill_session *session) {
    const struct quill_model *model = session->model;
    const struct sweep sweep = {.weights = model->weights, .take = model->kernels->peak_read};
    if (!sweep.take) return 0;
    double start = clock_ms();
    sweep_run(&sweep, session->team);
    return (double)sweep_bytes(model->weights) / (clock_ms() - start) * 1e-6;
}

void quill_measure_limits(quill_session *session, quill_limits *limits) {
    const struct kernels *k = session->model->kernels;
    limits->fma_gflops = measure_peak(session->team, k->peak_fma);
    limits->int8_gops = measure_peak(session->team, k->peak_dot);
    limits->read_gb_per_s = measure_read(session);
}

quill_status quill_work_of(const quill_model *model, const char *kv_type, int32_t n_positions, quill_work *work,
                           quill_error *err) {
    const quill_session_options options = {.n_ctx = n_positions, .kv_type = kv_type, .n_threads = 1, .n_chunk = 1};
    quill_memory memory = {0};
    quill_status s = n_positions > 0 ? quill_session_plan(model, &options, &memory, err) : QUILL_OK;
    if (s) return s;
    const struct model_work w = model_work(model->model);
    *work = (quill_work){w.block_weights, w.head_weights, w.bytes, memory.kv_cache};
    return QUILL_OK;
}

// ---- several sequences at once --------------------------------------------------------------------------------------

struct crowd {
    struct forward *forward;
    struct kv_cache *kv;
    struct team *team;
    struct span *spans; // [n]
    int32_t *ids;       // [n]
    float *logits;      // [n][n_vocab]
    size_t n;
};

// One more token for each sequence; any ids do.
static quill_status step(struct crowd *c, int32_t n_vocab, quill_error *err) {
    for (size_t i = 0; i < c->n; i++) {
        int32_t pos = kv_length(c->kv, (int32_t)i);
        c->ids[i] = (int32_t)((i * 7919 + (size_t)pos * 104729) % (size_t)n_vocab);
        c->spans[i] = (struct span){.seq = (int32_t)i, .pos = pos, .ids = &c->ids[i], .n = 1, .n_logits = 1};
    }
    return forward_run(c->forward, c->kv, c->team, c->spans, c->n, c->logits, err);
}

// The name is one that a plan gave.
static enum kv_type kv_type_of(const char *name) {
    return *name == 'q' ? KV_Q8_0 : strcmp(name, "f32") == 0 ? KV_F32 : KV_F16;
}

static quill_status crowd_create(struct crowd *c, const quill_model *model, const quill_memory *plan,
                                 enum kv_type kv_type, quill_error *err) {
    const struct hparams *hp = model_hparams(model->model);
    c->team = team_create(plan->threads);
    c->spans = alloc_array(c->n, sizeof *c->spans);
    c->ids = alloc_array(c->n, sizeof *c->ids);
    c->logits = alloc_array(c->n * (size_t)hp->n_vocab, sizeof *c->logits);
    if (!c->team || !c->spans || !c->ids || !c->logits) return fail_memory(err);
    quill_status s = kv_cache_create(&c->kv, hp, kv_type, plan->n_ctx, (int32_t)c->n, err);
    return s ? s : forward_create(&c->forward, model->model, c->n, plan->threads, err);
}

static void crowd_free(struct crowd *c) {
    forward_free(c->forward);
    kv_cache_free(c->kv);
    team_free(c->team);
    free(c->spans);
    free(c->ids);
    free(c->logits);
}

quill_status quill_measure_batch(const quill_model *model, const quill_session_options *options, int32_t n_sequences,
                                 int32_t depth, int32_t n_tokens, double *tokens_per_s, quill_error *err) {
    if (n_sequences < 1 || n_sequences > QUILL_BATCH_MOST || depth < 0 || n_tokens < 1)
        return fail(err, QUILL_E_USAGE, "batch: expected 1 to %d sequences, found %d", QUILL_BATCH_MOST,
                    (int)n_sequences);
    quill_session_options o = options ? *options : (quill_session_options){0};
    o.n_ctx = depth + n_tokens;
    quill_memory plan;
    quill_status s = quill_session_plan(model, &o, &plan, err);
    if (s) return s;
    struct crowd crowd = {.n = (size_t)n_sequences};
    s = crowd_create(&crowd, model, &plan, kv_type_of(plan.kv_type), err);
    const int32_t n_vocab = model_hparams(model->model)->n_vocab;
    for (int32_t i = 0; !s && i < depth; i++) s = step(&crowd, n_vocab, err);
    double start = clock_ms();
    for (int32_t i = 0; !s && i < n_tokens; i++) s = step(&crowd, n_vocab, err);
    *tokens_per_s = (double)n_sequences * n_tokens / (clock_ms() - start) * 1e3;
    crowd_free(&crowd);
    return s;
}
