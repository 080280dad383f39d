// SPDX-License-Identifier: MIT
// The forward pass of a decoder-only Transformer.
//
// Letters, here and in the files it calls: B rows (tokens of this call), E n_embd, H n_head, G n_head_kv, D head_dim,
// F n_ff, V n_vocab. A matrix [out, in] maps rows of `in` values to rows of `out` values.
#include <assert.h>

#include "base/alloc.h"
#include "ops.h"
#include "pass.h"

struct forward {
    const struct model *model;
    struct forward_inputs inputs;
    struct acts acts;
};

// Every member of the team runs this.
static void run(void *arg, struct member *m) {
    const struct pass *pass = arg;
    const struct model *model = pass->model;
    struct acts *a = pass->acts;
    const size_t all = a->batch.n_rows, wanted = a->batch.n_wanted;
    const int32_t last = model->hp.n_layer - 1;

    const size_t n_embd = (size_t)model->hp.n_embd, n_end = wanted * n_embd;
    const struct block_acts *first = acts_of(a, 0), *before = acts_of(a, last), *end = acts_of(a, last + 1);
    const struct norm_step begin = {&model->layers[0].attn_in, first->x, &first->h};
    const struct linear *narrow = model->embd_out.w.data ? &model->embd_out : NULL;
    const struct delta *narrow_delta = pass->adapter ? &pass->adapter->embd_out : NULL;
    const struct delta *head_delta = pass->adapter ? &pass->adapter->head : NULL;
    const struct product before_head = {narrow, narrow_delta, a->wide.x, wanted, a->wide.stride, false, 0, 0};
    const struct product logits = {
        &model->head, head_delta, pass->logits, wanted, model->head.w.rows, true,
        model->logit_scale == 1 ? 0 : model->logit_scale, model->hp.logit_softcap,
    };

    embed_forward(m, pass);                         // x[B, E] = tokens[ids] + positions, or angles for positions
    op_norm(m, a, &begin, model->hp.norm_eps, all); // h[B, E] = norm(x)
    // Each block: x += attention(h); x += mlp(norm(x)); h = norm(x), by the norm that the next block begins with.
    for (int32_t l = 0; l < last; l++) block_forward(m, pass, l, &model->layers[l + 1].attn_in, all);
    // The last block: keys and values of all rows, everything else only for the wanted rows, which come first.
    block_forward(m, pass, last, &model->final_norm, wanted);
    if (narrow && pass->logits) op_linear(m, a, &end->h, &before_head, 1);
    // logits[wanted, V] = h head^T
    if (pass->logits) op_linear(m, a, narrow ? &a->wide : &end->h, &logits, 1);
    // Checks x after the last block in the rows where it was computed, and before it in the others.
    op_check(m, a, end->x, n_end, before->x + n_end, all * n_embd - n_end);
}

// ---- the rows of a call ----

static void add_rows(struct forward *f, const struct span *span, size_t first, size_t n) {
    const int32_t until = span->pos + (int32_t)span->n;
    const int32_t prefix = f->inputs.prefixes ? f->inputs.prefixes[span->seq] : 0;
    struct acts *a = &f->acts;
    struct batch *b = &a->batch;
    for (size_t i = first; i < first + n; i++) {
        size_t row = b->n_rows++;
        b->ids[row] = span->ids[i];
        b->seqs[row] = span->seq;
        b->positions[row] = span->pos + (int32_t)i;
    }
    for (size_t done = 0, rows; done < n; done += rows) {
        int32_t position = span->pos + (int32_t)(first + done);
        rows = a->query_rows - (size_t)position % a->query_rows;
        rows = n - done < rows ? n - done : rows;
        const size_t row = b->n_rows - n + done;
        b->blocks[b->n_blocks++] = (struct query_block){span->seq, position, row, rows, until, prefix};
    }
}

static void make_batch(struct forward *f, const struct span *spans, size_t n_spans) {
    struct batch *b = &f->acts.batch;
    b->n_rows = b->n_blocks = 0;
    for (size_t i = 0; i < n_spans; i++) add_rows(f, &spans[i], spans[i].n - spans[i].n_logits, spans[i].n_logits);
    b->n_wanted = b->n_rows;
    b->n_wanted_blocks = b->n_blocks;
    for (size_t i = 0; i < n_spans; i++) add_rows(f, &spans[i], 0, spans[i].n - spans[i].n_logits);
    b->apart = b->n_blocks == n_spans;
}

// ---- the object ----

uint64_t forward_bytes(const struct model *model, const struct forward_size *size) {
    struct acts a;
    return acts_plan(&a, model, size) ? a.bytes : UINT64_MAX;
}

quill_status forward_create(struct forward **out, const struct model *model, const struct forward_size *size,
                            quill_error *err) {
    assert(size->max_tokens > 0 && size->n_threads > 0);
    *out = NULL;
    struct forward *f = alloc_zeroed(1, sizeof *f);
    if (!f) return fail_memory(err);
    f->model = model;
    quill_status s = acts_create(&f->acts, model, size, err);
    if (s) {
        free(f);
        return s;
    }
    *out = f;
    return QUILL_OK;
}

void forward_free(struct forward *f) {
    if (!f) return;
    acts_free(&f->acts);
    free(f);
}

const struct acts *forward_acts(const struct forward *f) { return &f->acts; }

static bool may_replace(const struct mat *whole, const struct mat *w) {
    return !whole->data || (whole->rows == w->rows && whole->cols == w->cols);
}

static bool fits(const struct delta *d, const struct linear *l, size_t max_rank) {
    if (!d->a.data) return true;
    const bool floats = dtypes[d->a.dtype].acts == ACT_FLOAT && dtypes[d->b.dtype].acts == ACT_FLOAT;
    return floats && d->b.data && d->a.cols == l->w.cols && d->a.rows <= max_rank && d->b.cols == d->a.rows &&
           d->b.rows == l->w.rows;
}

void forward_set_inputs(struct forward *f, const struct forward_inputs *inputs) {
    const size_t r = f->acts.max_rank;
    for (int32_t i = 0; inputs->adapter && i < f->model->hp.n_layer; i++) {
        const struct layer_plan *p = &f->model->layers[i];
        const struct layer_deltas *d = &inputs->adapter->layers[i];
        assert(fits(&d->q, &p->q, r) && fits(&d->k, &p->k, r) && fits(&d->v, &p->v, r) && fits(&d->o, &p->o, r));
        assert(fits(&d->gate, &p->gate, r) && fits(&d->up, &p->up, r) && fits(&d->down, &p->down, r));
    }
    if (inputs->adapter) {
        const struct model *model = f->model;
        const struct adapter *d = inputs->adapter;
        const struct linear tokens = {{.rows = model->tokens.cols, .cols = model->tokens.rows}, NULL};
        assert(fits(&d->embd_in, &model->embd_in, r) && fits(&d->embd_out, &model->embd_out, r));
        assert(fits(&d->head, &model->head, r) && fits(&d->tokens, &tokens, r));
        assert(may_replace(&d->head.whole, &model->head.w) && may_replace(&d->tokens.whole, &model->tokens));
        assert(!d->head.whole.data || dtypes[d->head.whole.dtype].acts == ACT_FLOAT);
    }
    f->inputs = *inputs;
}

// Asserts what the caller guarantees; nothing here comes unchecked from a file or a prompt.
static void check_spans(const struct forward *f, const struct kv_cache *kv, const struct span *spans, size_t n_spans) {
    size_t n = 0;
    for (size_t i = 0; i < n_spans; i++) {
        assert(spans[i].n > 0 && spans[i].n_logits <= spans[i].n);
        assert(spans[i].pos == kv_length(kv, spans[i].seq));
        assert(spans[i].pos == 0 || f->model->layers[0].mask != MASK_ALL);
        const int32_t *prefixes = f->inputs.prefixes, prefix = prefixes ? prefixes[spans[i].seq] : 0;
        assert(spans[i].pos >= prefix || (spans[i].pos == 0 && spans[i].n >= (size_t)prefix));
        for (size_t k = 0; k < spans[i].n; k++) assert(spans[i].ids[k] >= 0 && spans[i].ids[k] < f->model->hp.n_vocab);
        n += spans[i].n;
    }
    assert(n > 0 && n <= f->acts.max_rows);
}

quill_status forward_run(struct forward *f, struct kv_cache *kv, struct team *team, const struct span *spans,
                         size_t n_spans, float *logits, quill_error *err) {
    struct acts *a = &f->acts;
    assert(team_size(team) <= a->n_members);
    check_spans(f, kv, spans, n_spans);
    for (size_t i = 0; i < n_spans; i++) kv_prepare(kv, spans[i].seq, (int32_t)spans[i].n);
    make_batch(f, spans, n_spans);
    acts_prepare(a);
    atomic_store(&a->not_finite, false);
    team_run(team, run, &(struct pass){f->model, f->inputs.adapter, a, kv, logits});
    if (atomic_load(&a->not_finite))
        return fail(err, QUILL_E_MODEL, "%s: model produced non-finite values", QUOTED(str_of(f->model->file)));
    for (size_t i = 0; i < n_spans; i++) kv_extend(kv, spans[i].seq, (int32_t)spans[i].n);
    return QUILL_OK;
}

void forward_hidden(const struct forward *f, size_t row, float *out) {
    const struct model *model = f->model;
    const size_t n_embd = (size_t)model->hp.n_embd;
    const float *x = acts_of(&f->acts, model->hp.n_layer)->x + row * n_embd;
    norm_row(f->acts.kernels, &model->final_norm, out, x, model->hp.norm_eps, n_embd);
}
