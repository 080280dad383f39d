// SPDX-License-Identifier: MIT
// A tiny model, bound and ready to run, for tests.
#ifndef QUILL_TESTS_MODEL_RIG_H
#define QUILL_TESTS_MODEL_RIG_H

#include "base/team.h"
#include "formats/weights.h"
#include "model/model.h"
#include "model/plan.h"
#include "tiny_model.h"

struct rig {
    struct tiny *tiny;
    struct buffer file; // borrowed by the weights
    struct weights *weights;
    struct model *model;
};

static inline struct rig rig_open(struct tiny *tiny, const struct kernels *kernels) {
    struct rig rig = {.tiny = tiny, .file = tiny_gguf(tiny)};
    quill_error err;
    assert_ok(weights_open_memory(&rig.weights, rig.file.p, rig.file.n, "tiny.gguf", WEIGHTS_ALL, &err), err);
    assert_ok(model_bind(&rig.model, rig.weights, kernels, &err), err);
    return rig;
}

static inline void rig_close(struct rig *rig) {
    model_free(rig->model);
    weights_close(rig->weights);
    buffer_free(&rig->file);
    tiny_free(rig->tiny);
}

struct way {
    enum kv_type kv;
    int threads;  // 0: 1
    size_t chunk; // 0: everything in one call
    bool keep;    // every intermediate
    size_t max_rank;
    struct forward_inputs inputs;
};

// logits[n][n_vocab] after every token of ids, computed in calls of `chunk` tokens.
static inline float *rig_logits(const struct model *model, const struct way *way, const int32_t *ids, size_t n) {
    const struct hparams *hp = model_hparams(model);
    size_t chunk = way->chunk ? way->chunk : n, vocab = (size_t)hp->n_vocab;
    int threads = way->threads ? way->threads : 1;
    struct team *team = team_create(threads);
    struct forward *f;
    struct kv_cache *kv;
    quill_error err;
    const struct forward_size size = {chunk, threads, way->keep, way->max_rank};
    assert_ok(forward_create(&f, model, &size, &err), err);
    assert_ok(kv_cache_create(&kv, hp, way->kv, hp->n_ctx, 1, &err), err);
    forward_set_inputs(f, &way->inputs);
    float *logits = malloc(n * vocab * sizeof *logits);
    for (size_t done = 0; done < n; done += chunk) {
        size_t count = n - done < chunk ? n - done : chunk;
        struct span span = {0, (int32_t)done, ids + done, count, count};
        assert_ok(forward_run(f, kv, team, &span, 1, logits + done * vocab, &err), err);
        assert_int_equal(kv_length(kv, 0), done + count);
    }
    kv_cache_free(kv);
    forward_free(f);
    team_free(team);
    return logits;
}

static inline int32_t *rig_ids(const struct tiny *tiny, size_t n, uint64_t seed) {
    int32_t *ids = malloc(n * sizeof *ids);
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)(test_random(&seed) % tiny->n_vocab);
    return ids;
}

#endif
