// SPDX-License-Identifier: MIT
// Embeddings: the states behind the tokens of texts, pooled.
#include "quill/embed.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "parts.h"

const char *quill_pooling_name(quill_pooling pooling) {
    static const char *const names[] = {"mean", "cls", "last"};
    return names[pooling];
}

// ---- ids --------------------------------------------------------------------------------------------

static bool add_id(quill_ids *list, int32_t id) {
    int32_t *ids = alloc_grow(list->ids, &list->cap, list->n + 1, sizeof *ids);
    if (!ids) return false;
    list->ids = ids;
    ids[list->n++] = id;
    return true;
}

// How many ids a prompt alone has, with BOS.
static quill_status count_prompt(const quill_tokenizer *tokenizer, quill_text prompt, size_t *n, quill_error *err) {
    quill_ids ids = {0};
    *n = 0;
    if (!prompt.n) return QUILL_OK;
    quill_status s = quill_encode(tokenizer, &ids, prompt.text, prompt.n, QUILL_SPECIAL_AS_TEXT, err);
    *n = ids.n + quill_adds_bos(tokenizer);
    quill_ids_free(&ids);
    return s;
}

static quill_status encode_joined(const quill_tokenizer *tokenizer, quill_ids *out, quill_text prompt, quill_text text,
                                  quill_error *err) {
    if (!prompt.n) return quill_encode(tokenizer, out, text.text, text.n, QUILL_SPECIAL_AS_TEXT, err);
    char *joined = text.n < SIZE_MAX - prompt.n ? alloc_array(prompt.n + text.n, 1) : NULL;
    if (!joined) return fail_memory(err);
    memcpy(joined, prompt.text, prompt.n);
    if (text.n) memcpy(joined + prompt.n, text.text, text.n);
    quill_status s = quill_encode(tokenizer, out, joined, prompt.n + text.n, QUILL_SPECIAL_AS_TEXT, err);
    free(joined);
    return s;
}

quill_status quill_embed_encode(const quill_tokenizer *tokenizer, quill_ids *out, size_t *n_prompt_ids,
                                quill_text prompt, quill_text text, quill_error *err) {
    const size_t before = out->n;
    const int32_t bos = quill_token_bos(tokenizer), eos = quill_token_eos(tokenizer);
    quill_tokenizer_info info;
    quill_tokenizer_describe(tokenizer, &info);
    quill_status s = count_prompt(tokenizer, prompt, n_prompt_ids, err);
    if (!s && quill_adds_bos(tokenizer) && !add_id(out, bos)) s = fail_memory(err);
    if (!s) s = encode_joined(tokenizer, out, prompt, text, err);
    for (size_t i = 0; !s && i < info.n_appended; i++)
        if (!add_id(out, info.appended[i])) s = fail_memory(err);
    if (!s && out->n == before) {
        if (bos < 0 && eos < 0)
            s = fail(err, QUILL_E_USAGE, "the text has no token, and the model no BOS or EOS to begin with");
        else if (!add_id(out, bos >= 0 ? bos : eos)) s = fail_memory(err);
    }
    if (s) out->n = before;
    return s;
}

// ---- vectors ----------------------------------------------------------------------------------------

struct embedding {
    quill_session *session;
    quill_embed_text *texts;
    size_t n_texts, n_embd;
    quill_pooling pooling;
    bool normalize;
    double *sums; // [lanes][n_embd] of the texts in work
    size_t *slots; // [n_texts] which of them
    quill_status status;
    quill_error *err;
};

// The first of the states that the mean counts.
static size_t first_of_mean(const quill_embed_text *text) { return text->n_prompt < text->n ? text->n_prompt : 0; }

// A lane may hold the beginning of the ids, up to the first state that is needed.
static bool make_task(void *user, size_t i, size_t slot, struct task *task) {
    const struct embedding *e = user;
    quill_embed_text *text = &e->texts[i];
    text->status = lanes_check_named(&e->session->lanes, "text", text->ids, text->n, &text->error);
    if (text->status) return false;
    double *sum = e->sums + slot * e->n_embd;
    for (size_t k = 0; k < e->n_embd; k++) sum[k] = 0;
    e->slots[i] = slot;
    task->ids = text->ids;
    task->n = text->n;
    task->first = e->pooling == QUILL_POOLING_LAST   ? text->n - 1
                  : e->pooling == QUILL_POOLING_MEAN ? first_of_mean(text)
                                                     : 0;
    return true;
}

static void finish(const struct embedding *e, size_t i) {
    const quill_embed_text *text = &e->texts[i];
    double *sum = e->sums + e->slots[i] * e->n_embd, squares = 0;
    if (e->pooling == QUILL_POOLING_MEAN)
        for (size_t k = 0; k < e->n_embd; k++) sum[k] /= (double)(text->n - first_of_mean(text));
    for (size_t k = 0; k < e->n_embd; k++) squares += sum[k] * sum[k];
    const double length = e->normalize && squares > 0 ? sqrt(squares) : 1;
    for (size_t k = 0; k < e->n_embd; k++) text->vector[k] = (float)(sum[k] / length);
}

// states[n][n_embd] of ids[at...]. They are summed one after the other, so the sum does not depend on how they come.
static void add_states(void *user, size_t i, size_t at, size_t n, const float *states) {
    const struct embedding *e = user;
    double *sum = e->sums + e->slots[i] * e->n_embd;
    const size_t taken = e->pooling == QUILL_POOLING_CLS ? at == 0 : n;
    for (size_t row = 0; row < taken; row++)
        for (size_t k = 0; k < e->n_embd; k++) sum[k] += (double)states[row * e->n_embd + k];
    if (at + n == e->texts[i].n) finish(e, i);
}

static quill_status on_failure(void *user, size_t i, const quill_error *err) {
    const struct embedding *e = user;
    e->texts[i].status = err->status;
    e->texts[i].error = *err;
    return QUILL_OK;
}

static void read_texts(void *arg) {
    struct embedding *e = arg;
    const struct feed feed = {
        .n = e->n_texts, .make = make_task, .rows = add_states, .failed = on_failure, .user = e,
    };
    e->status = schedule_feed(&e->session->schedule, &feed, e->err);
}

quill_status quill_embed(quill_session *session, quill_embed_text *texts, size_t n_texts, quill_pooling pooling,
                         bool normalize, quill_error *err) {
    const struct hparams *hp = model_hparams(session->model->model);
    struct embedding e = {
        .session = session, .texts = texts, .n_texts = n_texts, .n_embd = (size_t)hp->n_embd,
        .pooling = pooling, .normalize = normalize, .err = err,
    };
    if (hp->n_embd_in)
        return fail(err, QUILL_E_MODEL, "%s: expected a model without a projection behind its last block, found one",
                    QUOTED(str_of(session->model->name)));
    if (session->schedule.n) return fail(err, QUILL_E_USAGE, "the session has rows of a batch in work");
    e.sums = alloc_array((size_t)session->lanes.plan.n_seq * e.n_embd, sizeof *e.sums);
    e.slots = alloc_array(n_texts, sizeof *e.slots);
    if (e.sums && e.slots) {
        session->lanes.states = true;
        quill_session_hold(session, read_texts, &e);
        session->lanes.states = false;
    } else {
        e.status = fail_memory(err);
    }
    free(e.sums);
    free(e.slots);
    return e.status;
}

double quill_cosine(const float *a, const float *b, size_t n) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return aa > 0 && bb > 0 ? ab / (sqrt(aa) * sqrt(bb)) : (double)NAN;
}
