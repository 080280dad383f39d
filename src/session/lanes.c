// SPDX-License-Identifier: MIT
#include "lanes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "prompt_cache.h"

static struct forward_size forward_size(const struct lanes_plan *plan) {
    return (struct forward_size){.max_tokens = plan->n_chunk, .n_threads = plan->threads, .max_rank = plan->max_rank};
}

// Floats of a row of logits, or of a state.
static size_t widest(const struct hparams *hp) {
    return (size_t)(hp->n_vocab > hp->n_embd ? hp->n_vocab : hp->n_embd);
}

uint64_t lanes_bytes(const struct model *model, const struct lanes_plan *plan) {
    const struct forward_size size = forward_size(plan);
    return forward_bytes(model, &size) + plan->n_rows * widest(model_hparams(model)) * sizeof(float) +
           (size_t)plan->n_seq * (size_t)plan->n_ctx * sizeof(int32_t);
}

quill_status lanes_create(struct lanes *lanes, const struct model *model, const struct lanes_plan *plan,
                          quill_error *err) {
    const struct hparams *hp = model_hparams(model);
    const struct forward_size size = forward_size(plan);
    *lanes = (struct lanes){.plan = *plan, .n_vocab = hp->n_vocab, .n_embd = hp->n_embd};
    lanes->headless = model_headless(model);
    lanes->held = alloc_array((size_t)plan->n_seq * (size_t)plan->n_ctx, sizeof *lanes->held);
    lanes->logits = alloc_array(plan->n_rows * widest(hp), sizeof *lanes->logits);
    lanes->in_use = alloc_zeroed((size_t)plan->n_seq, sizeof *lanes->in_use);
    lanes->taken = alloc_zeroed((size_t)plan->n_seq, sizeof *lanes->taken);
    if (!lanes->held || !lanes->logits || !lanes->in_use || !lanes->taken) return fail_memory(err);
    quill_status s = kv_cache_create(&lanes->kv, hp, plan->kv_type, plan->n_ctx, plan->n_seq, err);
    return s ? s : forward_create(&lanes->forward, model, &size, err);
}

void lanes_free(struct lanes *lanes) {
    prompt_cache_free(lanes->cache);
    forward_free(lanes->forward);
    kv_cache_free(lanes->kv);
    free(lanes->held);
    free(lanes->in_use);
    free(lanes->taken);
    free(lanes->logits);
}

static int32_t *held_by(const struct lanes *lanes, int32_t lane) {
    return lanes->held + (size_t)lane * (size_t)lanes->plan.n_ctx;
}

size_t lanes_width(const struct lanes *lanes) { return (size_t)(lanes->states ? lanes->n_embd : lanes->n_vocab); }

size_t lanes_rows(const struct lanes *lanes) {
    const size_t n_vocab = (size_t)lanes->n_vocab, n_embd = (size_t)lanes->n_embd;
    return lanes->states && n_vocab > n_embd ? lanes->plan.n_rows * n_vocab / n_embd : lanes->plan.n_rows;
}

quill_status lanes_run(struct lanes *lanes, const struct span *spans, size_t n_spans, quill_error *err) {
    float *const logits = lanes->states ? NULL : lanes->logits;
    if (logits && lanes->headless)
        return fail(err, QUILL_E_MODEL, "the model has no head: it is made for embeddings, not for text");
    quill_status s = forward_run(lanes->forward, lanes->kv, lanes->team, spans, n_spans, logits, err);
    size_t n_states = 0;
    for (size_t i = 0; !s && lanes->states && i < n_spans; i++) n_states += spans[i].n_logits;
    for (size_t row = 0; row < n_states; row++)
        forward_hidden(lanes->forward, row, lanes->logits + row * (size_t)lanes->n_embd);
    for (size_t i = 0; !s && i < n_spans; i++) {
        memcpy(held_by(lanes, spans[i].seq) + spans[i].pos, spans[i].ids, spans[i].n * sizeof *spans[i].ids);
        lanes->n_computed += spans[i].n;
    }
    return s;
}

void lanes_hidden(const struct lanes *lanes, const float *logits, float *out) {
    forward_hidden(lanes->forward, (size_t)(logits - lanes->logits) / (size_t)lanes->n_vocab, out);
}

static size_t common(const struct lanes *lanes, int32_t lane, const int32_t *ids, size_t n) {
    return ids_common(held_by(lanes, lane), (size_t)kv_length(lanes->kv, lane), ids, n);
}

struct beginning lanes_longest(const struct lanes *lanes, const int32_t *ids, size_t n) {
    struct beginning longest = {0, 0};
    for (int32_t i = 0; i < lanes->plan.n_seq; i++) {
        size_t shared = common(lanes, i, ids, n);
        if (shared > longest.n) longest = (struct beginning){i, shared};
    }
    return longest;
}

// A lost position may have to be computed again, which takes as long as copying many.
static size_t cost_of(const struct lanes *lanes, int32_t lane, const int32_t *ids, size_t n) {
    enum { LOST = 16 };
    size_t shared = common(lanes, lane, ids, n), lost = (size_t)kv_length(lanes->kv, lane) - shared;
    return lost * LOST + (n - shared);
}

int32_t lanes_take(struct lanes *lanes, const int32_t *ids, struct beginning known) {
    int32_t best = NO_LANE;
    size_t least = 0;
    for (int32_t i = 0; i < lanes->plan.n_seq; i++) {
        if (lanes->in_use[i]) continue;
        size_t cost = cost_of(lanes, i, ids, known.n);
        if (best != NO_LANE && (cost > least || (cost == least && lanes->taken[i] >= lanes->taken[best]))) continue;
        best = i;
        least = cost;
    }
    assert(best != NO_LANE);
    lanes->in_use[best] = true;
    lanes->taken[best] = ++lanes->n_taken;
    if (common(lanes, best, ids, known.n) == known.n) {
        kv_truncate(lanes->kv, best, (int32_t)known.n);
        return best;
    }
    kv_share(lanes->kv, best, known.lane, (int32_t)known.n);
    memcpy(held_by(lanes, best), held_by(lanes, known.lane), known.n * sizeof *lanes->held);
    return best;
}

// A beginning of QUILL_CACHE_LEAST tokens is one that is worth sharing; then the lanes have what the cache could give.
size_t lanes_fetch(struct lanes *lanes, int32_t lane, const int32_t *ids, size_t n) {
    const size_t known = (size_t)kv_length(lanes->kv, lane);
    if (!lanes->cache || known >= QUILL_CACHE_LEAST) return known;
    const size_t loaded = prompt_cache_load(lanes->cache, lanes->kv, lane, ids, n);
    if (loaded) memcpy(held_by(lanes, lane), ids, loaded * sizeof *ids);
    return (size_t)kv_length(lanes->kv, lane);
}

void lanes_store(struct lanes *lanes, const int32_t *ids, size_t n) {
    if (!lanes->cache) return;
    const struct beginning held = lanes_longest(lanes, ids, n);
    prompt_cache_store(lanes->cache, lanes->kv, held.lane, ids, held.n);
}

void lanes_release(struct lanes *lanes, int32_t lane) {
    if (lane != NO_LANE) lanes->in_use[lane] = false;
}

quill_status lanes_check_vocabulary(const struct lanes *lanes, const int32_t *ids, size_t n, quill_error *err) {
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || ids[i] >= lanes->n_vocab)
            return fail(err, QUILL_E_USAGE, "token %zu: expected an id from 0 to %d, found %d", i,
                        (int)lanes->n_vocab - 1, (int)ids[i]);
    return QUILL_OK;
}

quill_status lanes_check_named(const struct lanes *lanes, const char *name, const int32_t *ids, size_t n,
                               quill_error *err) {
    if (n == 0) return fail(err, QUILL_E_USAGE, "expected at least one token, found none");
    if (n > (size_t)lanes->plan.n_ctx)
        return fail(err, QUILL_E_CONTEXT, "the %s has %zu tokens, the context has room for %d", name, n,
                    (int)lanes->plan.n_ctx);
    return lanes_check_vocabulary(lanes, ids, n, err);
}

quill_status lanes_check_ids(const struct lanes *lanes, const int32_t *ids, size_t n, quill_error *err) {
    return lanes_check_named(lanes, "prompt", ids, n, err);
}
