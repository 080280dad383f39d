// SPDX-License-Identifier: MIT
// The life of a session.
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/meminfo.h"
#include "batch_rows.h"
#include "beam.h"
#include "contrast.h"
#include "model/pass/kv_file.h"
#include "prompt_cache.h"

// ---- options --------------------------------------------------------------------------------------

enum {
    ACTIVATION_BYTES = 9 << 20, // most bytes of activations for a chunk of the prompt
    ROW_BYTES = 16 << 20,       // most bytes of logits in a pass, if those of every position are needed
    MAX_CHUNK = 512,
    CHUNK_STEP = 16,            // tokens that kernels compute together
    MAX_THREADS = 1024,
    MAX_SEQUENCES = 4096,
};

static const char *const kv_names[KV_TYPE_COUNT] = {[KV_F16] = "f16", [KV_F32] = "f32", [KV_Q8_0] = "q8_0"};

// The largest number of tokens that fits, by bisection since forward_bytes grows with it, rounded down to whole steps.
static size_t fitting_chunk(const struct model *model, size_t most, const struct lanes_plan *plan) {
    size_t fits = 1;
    while (fits < most) {
        size_t middle = fits + (most - fits + 1) / 2;
        const struct forward_size size = {
            .max_tokens = middle, .n_threads = plan->threads, .max_rank = plan->max_rank,
        };
        if (forward_bytes(model, &size) <= ACTIVATION_BYTES) fits = middle;
        else most = middle - 1;
    }
    return fits < CHUNK_STEP ? fits : fits - fits % CHUNK_STEP;
}

static quill_status plan_kv_type(struct lanes_plan *plan, const char *name, quill_error *err) {
    for (int i = 0; i < KV_TYPE_COUNT; i++) {
        plan->kv_type = (enum kv_type)i;
        if (strcmp(name ? name : kv_names[KV_F16], kv_names[i]) == 0) return QUILL_OK;
    }
    return fail(err, QUILL_E_USAGE, "kv_type: expected f16, f32 or q8_0, found '%s'", QUOTED(str_of(name)));
}

// Options with every default filled in.
static quill_status plan_session(struct lanes_plan *plan, const quill_model *model,
                                 const quill_session_options *options, quill_error *err) {
    const struct hparams *hp = model_hparams(model->model);
    const quill_session_options o = options ? *options : (quill_session_options){0};
    if (o.n_ctx < 0 || o.n_ctx > hp->n_ctx)
        return fail(err, QUILL_E_USAGE, "n_ctx: expected at most %d, the positions of the model, found %d",
                    (int)hp->n_ctx, (int)o.n_ctx);
    if (o.n_threads < 0 || o.n_threads > MAX_THREADS)
        return fail(err, QUILL_E_USAGE, "n_threads: expected 0 to %d, found %d", MAX_THREADS, o.n_threads);
    if (o.n_chunk < 0) return fail(err, QUILL_E_USAGE, "n_chunk: expected 0 or more, found %d", (int)o.n_chunk);
    if (o.n_seq < 0 || o.n_seq > MAX_SEQUENCES)
        return fail(err, QUILL_E_USAGE, "n_seq: expected 0 to %d, found %d", MAX_SEQUENCES, (int)o.n_seq);
    plan->n_seq = o.n_seq ? o.n_seq : 1;
    plan->n_ctx = o.n_ctx ? o.n_ctx : hp->n_ctx;
    plan->threads = o.n_threads ? o.n_threads : team_default_size();
    if (plan->threads > team_size_limit()) plan->threads = team_size_limit();
    plan->max_rank = adapters_rank(o.adapters, o.n_adapters);
    size_t most = (size_t)plan->n_ctx < MAX_CHUNK ? (size_t)plan->n_ctx : MAX_CHUNK;
    if (o.n_chunk) plan->n_chunk = o.n_chunk < plan->n_ctx ? (size_t)o.n_chunk : (size_t)plan->n_ctx;
    else plan->n_chunk = fitting_chunk(model->model, most, plan);
    if (plan->n_chunk < (size_t)plan->n_seq) plan->n_chunk = (size_t)plan->n_seq;
    plan->n_rows = ROW_BYTES / sizeof(float) / (size_t)hp->n_vocab;
    if (plan->n_rows > plan->n_chunk) plan->n_rows = plan->n_chunk;
    if (plan->n_rows < (size_t)plan->n_seq) plan->n_rows = (size_t)plan->n_seq;
    return plan_kv_type(plan, o.kv_type, err);
}

uint64_t quill_memory_available(void) { return meminfo_available(); }

quill_status quill_session_plan(const quill_model *model, const quill_session_options *options, quill_memory *memory,
                                quill_error *err) {
    struct lanes_plan plan;
    quill_status s = plan_session(&plan, model, options, err);
    if (s) return s;
    const struct hparams *hp = model_hparams(model->model);
    quill_tokenizer_info tokenizer;
    quill_tokenizer_describe(model->tokenizer, &tokenizer);
    *memory = (quill_memory){
        .n_ctx = plan.n_ctx,
        .kv_type = kv_names[plan.kv_type],
        .threads = plan.threads,
        .weights = model->weights->file_bytes,
        .kv_cache = (uint64_t)plan.n_seq * kv_cache_bytes(hp, plan.kv_type, plan.n_ctx),
        .activations = lanes_bytes(model->model, &plan) + sampler_bytes(hp->n_vocab) +
                       (size_t)plan.n_seq * batch_row_bytes(plan.n_ctx),
        .tokenizer = tokenizer.memory,
    };
    for (size_t i = 0; options && i < options->n_adapters; i++) {
        const quill_adapter *adapter = options->adapters[i].adapter;
        memory->weights += adapter->weights->file_bytes + adapter->copied_bytes;
    }
    memory->total = memory->weights + memory->kv_cache + memory->activations + memory->tokenizer;
    return QUILL_OK;
}

// ---- life -----------------------------------------------------------------------------------------

static void add_ids(struct token_set *set, const int32_t *ids, size_t n, int32_t n_vocab) {
    for (size_t i = 0; i < n; i++)
        if (ids[i] < n_vocab) token_set_add(set, (size_t)ids[i]);
}

// False: no memory.
static bool collect_sets(quill_session *session, int32_t n_vocab) {
    const quill_tokenizer *tokenizer = session->model->tokenizer;
    struct token_set *const sets[] = {&session->undrawn, &session->banned};
    quill_tokenizer_info info;
    quill_tokenizer_describe(tokenizer, &info);
    for (size_t i = 0; i < 2; i++) {
        if (!token_set_create(sets[i], (size_t)n_vocab)) return false;
        add_ids(sets[i], info.suppressed, info.n_suppressed, n_vocab);
    }
    for (int32_t id = 0; id < n_vocab; id++) {
        if (!quill_token_is_unused(tokenizer, id)) continue;
        for (size_t i = 0; i < 2; i++) token_set_add(sets[i], (size_t)id);
    }
    add_ids(&session->banned, info.eos, info.n_eos, n_vocab);
    return true;
}

quill_status quill_session_create(quill_session **out, const quill_model *model, const quill_session_options *options,
                                  quill_error *err) {
    struct lanes_plan plan;
    quill_status s = plan_session(&plan, model, options, err);
    if (s) return s;
    const struct hparams *hp = model_hparams(model->model);
    quill_session *session = alloc_zeroed(1, sizeof *session);
    if (!session) return fail_memory(err);
    session->model = model;
    if (options) session->on_weights = options->on_weights, session->user = options->user;
    if (options) session->uses = options->adapters, session->n_uses = options->n_adapters;
    session->sampler = sampler_create(hp->n_vocab);
    session->likelihood = (struct likelihood){model->kernels, session->sampler, &session->undrawn, (size_t)hp->n_vocab};
    session->rows = batch_rows_create(plan.n_seq, plan.n_ctx);
    if (options) s = adapter_sum_create(&session->adapters, options->adapters, options->n_adapters, model->model, err);
    bool ok = session->sampler && session->rows && collect_sets(session, hp->n_vocab);
    if (!s) s = ok ? lanes_create(&session->lanes, model->model, &plan, err) : fail_memory(err);
    if (!s && session->adapters.n)
        forward_set_inputs(session->lanes.forward, &(struct forward_inputs){.adapter = &session->adapters.deltas});
    if (!s && !schedule_create(&session->schedule, &session->lanes)) s = fail_memory(err);
    // Last, since the number of threads depends on the memory left.
    if (!s && !(session->team = team_create(plan.threads))) s = fail_memory(err);
    session->lanes.team = session->team;
    if (s) quill_session_free(session);
    else *out = session;
    return s;
}

void quill_session_free(quill_session *session) {
    if (!session) return;
    batch_rows_free(session->rows);
    schedule_free(&session->schedule);
    lanes_free(&session->lanes);
    adapter_sum_free(&session->adapters);
    sampler_free(session->sampler);
    team_free(session->team);
    score_list_free(&session->scores);
    beam_search_free(session->search);
    contrast_free(session->contrast);
    free(session->undrawn.bits);
    free(session->banned.bits);
    free(session);
}

quill_status quill_session_cache(quill_session *session, const quill_cache_options *options, quill_error *err) {
    const struct quill_model *model = session->model;
    struct lanes *lanes = &session->lanes;
    uint64_t key;
    prompt_cache_free(lanes->cache);
    lanes->cache = NULL;
    if (!options->limit) return QUILL_OK;
    const struct lanes_plan *plan = &lanes->plan;
    const uint64_t weights = weights_identity(model->weights) ^ adapters_hash(session->uses, session->n_uses);
    if (!kv_file_key(&key, model->model, weights, plan->kv_type, plan->n_ctx)) return QUILL_OK;
    lanes->cache = prompt_cache_create(options, key, str_of(model->name));
    return lanes->cache ? QUILL_OK : fail_memory(err);
}

void quill_cache_store(quill_session *session, const int32_t *ids, size_t n) { lanes_store(&session->lanes, ids, n); }
