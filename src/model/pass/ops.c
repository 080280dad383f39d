// SPDX-License-Identifier: MIT
#include "ops.h"

#include <string.h>

enum {
    CLAIM_WORK = 1 << 14, // multiply-adds that are worth a claim
    CLAIM_VALUES = 256,   // values of element-wise work that are worth a claim; a multiple of every block
};

static size_t fair_share(const struct member *m, size_t n) {
    return n ? ceil_div(n, (size_t)m->size * CLAIMS_EACH) : 1;
}
static void note(struct acts *a, bool finite) {
    if (!finite) atomic_store_explicit(&a->not_finite, true, memory_order_relaxed);
}

// ---- matrix products ----

static size_t rows_per_claim(const struct member *m, const struct kernels *k, size_t cols, const struct product *p,
                             size_t n) {
    size_t rows = 0, tokens = 1;
    for (size_t i = 0; i < n; i++) {
        rows += p[i].linear->w.rows;
        tokens = p[i].n > tokens ? p[i].n : tokens;
    }
    if (m->size == 1) return round_up(rows, k->row_chunk);
    size_t fair = fair_share(m, rows), worth = ceil_div(CLAIM_WORK, cols * tokens);
    return round_up(fair > worth ? fair : worth, k->row_chunk);
}

static const struct mat *matrix_of(const struct product *p) {
    return p->delta && p->delta->whole.data ? &p->delta->whole : &p->linear->w;
}

static bool has_delta(const struct product *p) { return p->delta && p->delta->a.data && p->delta->scale != 0; }

// Computes A x of product i's delta, for `tokens` rows of x from `token` on and `rows` rows of A from `row` on, as far
// as there are any.
static void low_piece(const struct member *m, struct acts *a, const struct rows *in, const struct product *p, size_t i,
                      size_t token, size_t tokens, size_t row, size_t rows) {
    if (!has_delta(p) || token >= p->n || row >= p->delta->a.rows) return;
    const struct mat *w = &p->delta->a;
    const size_t n_rows = w->rows - row < rows ? w->rows - row : rows;
    a->kernels->matmul[w->dtype](&(struct matmul_job){
        .w = mat_rows(*w, row, n_rows), .row1 = n_rows, .n_tokens = p->n - token < tokens ? p->n - token : tokens,
        .x = in->x + token * in->stride, .x_stride = in->stride,
        .out = a->low + token * a->low_stride + i * a->max_rank + row, .out_stride = a->low_stride,
        .scratch = kernel_scratch(a, m),
    });
}

// Computes low = A x of the products' deltas.
static void op_low(struct member *m, struct acts *a, const struct rows *in, const struct product *products, size_t n) {
    size_t most = 0, rank = 0, begin, end;
    for (size_t i = 0; i < n; i++) {
        if (!has_delta(&products[i])) continue;
        most = products[i].n > most ? products[i].n : most;
        rank = products[i].delta->a.rows > rank ? products[i].delta->a.rows : rank;
    }
    if (most == 0) return;
    // Few tokens: the rows of A are shared out too.
    const size_t tokens = fair_share(m, most), rows = m->size == 1 ? rank : ceil_div(CLAIM_WORK, in->cols * tokens);
    const size_t n_tokens = ceil_div(most, tokens), n_rows = ceil_div(rank, rows);
    team_begin(m);
    while (team_claim(m, n * n_tokens * n_rows, 1, &begin, &end)) {
        const size_t i = begin / (n_tokens * n_rows), token = begin / n_rows % n_tokens * tokens;
        low_piece(m, a, in, &products[i], i, token, tokens, begin % n_rows * rows, rows);
    }
    team_end(m);
}

// out += scale * B low for n rows of the matrix from row0 on. out: output of the first token and row; low: the
// product's part of acts.low.
static void add_delta(const struct member *m, struct acts *a, const struct product *p, const float *low, size_t row0,
                      size_t n, float *out) {
    float *tile = member_scratch(a, m);
    for (size_t t = 0, tokens; t < p->n; t += tokens) {
        tokens = p->n - t < DELTA_TILE ? p->n - t : DELTA_TILE;
        for (size_t r = 0, rows; r < n; r += rows) {
            rows = n - r < DELTA_TILE ? n - r : DELTA_TILE;
            a->kernels->matmul[p->delta->b.dtype](&(struct matmul_job){
                .w = mat_rows(p->delta->b, row0 + r, rows), .row1 = rows, .n_tokens = tokens,
                .x = low + t * a->low_stride, .x_stride = a->low_stride,
                .out = tile, .out_stride = DELTA_TILE, .scratch = kernel_scratch(a, m),
            });
            for (size_t i = 0; i < tokens; i++)
                a->kernels->add_scaled(out + (t + i) * p->out_stride + r, tile + i * DELTA_TILE, p->delta->scale, rows);
        }
    }
}

// Multiplies n rows, from row0 on, of product i of those that read `in`. out: output of the first token and of row0.
static void multiply_rows(const struct member *m, struct acts *a, const struct rows *in, const struct product *p,
                          size_t i, size_t row0, size_t n, float *out) {
    const struct linear *l = p->linear;
    const struct mat *w = matrix_of(p);
    struct matmul_job job = {
        .n_tokens = p->n, .x = in->x, .x_stride = in->stride, .q = in->q[dtypes[w->dtype].acts],
        .out_stride = p->out_stride, .scratch = kernel_scratch(a, m),
    };
    for (size_t done = 0; done < n; done += job.row1) { // run by run
        job.row1 = n - done;
        job.w = w->run ? mat_run(*w, row0 + done, &job.row1) : mat_rows(*w, row0, n);
        job.bias = l->b ? l->b + row0 + done : NULL;
        job.out = out + done;
        a->kernels->matmul[w->dtype](&job);
    }
    if (has_delta(p)) add_delta(m, a, p, a->low + i * a->max_rank, row0, n, out);
    for (size_t t = 0; p->scale != 0 && t < p->n; t++) a->kernels->scale(out + t * p->out_stride, p->scale, n);
    for (size_t t = 0; p->softcap != 0 && t < p->n; t++) a->kernels->softcap(out + t * p->out_stride, p->softcap, n);
    for (size_t t = 0; p->check && t < p->n; t++) note(a, a->kernels->all_finite(out + t * p->out_stride, n));
}

static size_t claims_of(const struct product *p, size_t chunk) {
    return p->n ? ceil_div(p->linear->w.rows, chunk) : 0;
}

void op_linear(struct member *m, struct acts *a, const struct rows *in, const struct product *products, size_t n) {
    size_t chunk = rows_per_claim(m, a->kernels, in->cols, products, n), n_claims = 0, begin, end;
    op_low(m, a, in, products, n);
    for (size_t i = 0; i < n; i++) n_claims += claims_of(&products[i], chunk);
    team_begin(m);
    while (team_claim(m, n_claims, 1, &begin, &end)) {
        const struct product *p = products;
        for (; begin >= claims_of(p, chunk); p++) begin -= claims_of(p, chunk);
        const size_t row0 = begin * chunk, rest = p->linear->w.rows - row0;
        multiply_rows(m, a, in, p, (size_t)(p - products), row0, rest < chunk ? rest : chunk, p->out + row0);
    }
    team_end(m);
}

// ---- rows ----

void quantize_piece(struct acts *a, const struct rows *r, unsigned kinds, size_t row, size_t first, const float *x,
                    size_t n) {
    for (int k = 0; k < ACT_KIND_COUNT; k++) {
        if (!(kinds & ACTS_QUANTIZED & act_bit((enum act_kind)k))) continue;
        const struct qacts *q = &r->q[k];
        if (k == ACT_BF16) {
            a->kernels->round_bf16(q->bf16 + row * q->stride + first, x, n);
            continue;
        }
        const size_t block = (row * r->cols + first) / act_block[k];
        struct qacts to = {.q = q->q + row * q->stride + first, .xd = q->xd + block};
        if (k == ACT_Q8_32) to.xs = q->xs + block, to.start = q->start + block;
        else to.sums = q->sums + block * ACT_SUMS;
        note(a, a->kernels->quantize[k](&to, x, n));
    }
}

void norm_row(const struct kernels *k, const struct norm *norm, float *out, const float *x, float eps, size_t n) {
    if (!norm || !norm->on) {
        if (out != x) memcpy(out, x, n * sizeof *x);
    } else if (norm->kind == NORM_LAYER) {
        k->layer_norm(out, x, norm->w, norm->b, eps, n);
    } else {
        k->rms_norm(out, x, norm->w, eps, n);
    }
}

static void read_row(const struct member *m, struct acts *a, const struct norm_step *step, float eps, size_t row) {
    const size_t n = step->h->cols;
    float *h = step->h->x ? step->h->x + row * n : member_scratch(a, m);
    norm_row(a->kernels, step->in, h, step->x + row * n, eps, n);
    quantize_piece(a, step->h, step->in->kinds, row, 0, h, n);
}

void op_norm(struct member *m, struct acts *a, const struct norm_step *step, float eps, size_t n) {
    size_t begin, end;
    team_begin(m);
    while (team_claim(m, n, fair_share(m, n), &begin, &end))
        for (size_t row = begin; row < end; row++) read_row(m, a, step, eps, row);
    team_end(m);
}

static void residual_row(const struct member *m, struct acts *a, const struct residual_step *step, size_t cols,
                         float eps, size_t row) {
    const struct norm_step read = {step->in, step->in_first ? step->x : step->to, step->h};
    const float *x = step->x + row * cols, *y = step->y + row * a->y_stride;
    float *to = step->to + row * cols;
    if (step->in && step->in_first) read_row(m, a, &read, eps, row);
    if (step->out && step->out->on) {
        float *normed = member_scratch(a, m);
        norm_row(a->kernels, step->out, normed, y, eps, cols);
        y = normed;
    }
    if (to != x) memcpy(to, x, cols * sizeof *to);
    if (step->scale == 1) a->kernels->add(to, y, cols);
    else a->kernels->add_scaled(to, y, step->scale, cols);
    norm_row(a->kernels, step->sum, to, to, eps, cols);
    if (step->in && !step->in_first) read_row(m, a, &read, eps, row);
}

void op_residual(struct member *m, struct acts *a, const struct residual_step *step, float eps, size_t n) {
    size_t begin, end;
    team_begin(m);
    while (team_claim(m, n, fair_share(m, n), &begin, &end))
        for (size_t row = begin; row < end; row++) residual_row(m, a, step, step->h->cols, eps, row);
    team_end(m);
}

// Computes n values of a row of r from value `first` on: x = act(from) * factor.
static void activate_piece(struct acts *a, const struct rows *r, const struct activation *f, size_t row, size_t first,
                           float *x, size_t n) {
    if (f->from != x) memcpy(x, f->from, n * sizeof *x);
    if (f->act) f->act(x, n);
    if (f->factor) a->kernels->multiply(x, f->factor, n);
    quantize_piece(a, r, f->kinds, row, first, x, n);
}

void op_activate(struct member *m, struct acts *a, const struct rows *r, const struct activation *f, size_t n) {
    size_t pieces = ceil_div(r->cols, CLAIM_VALUES), begin, end;
    team_begin(m);
    while (team_claim(m, n * pieces, fair_share(m, n * pieces), &begin, &end))
        for (size_t i = begin; i < end; i++) {
            size_t row = i / pieces, first = i % pieces * CLAIM_VALUES, at = row * r->stride + first;
            size_t rest = r->cols - first < CLAIM_VALUES ? r->cols - first : CLAIM_VALUES;
            const struct activation piece = {f->act, f->from + at, f->factor ? f->factor + at : NULL, f->kinds};
            activate_piece(a, r, &piece, row, first, r->x + at, rest);
        }
    team_end(m);
}

// Multiplies rows of the MLP's first matrices and activates them: in ff, or, if it has no floats, in the member's
// scratch.
static void mlp_piece(const struct member *m, struct acts *a, const struct rows *in, const struct product *p,
                      size_t n_products, const struct mlp_step *step, size_t row0, size_t n_rows) {
    const struct rows *ff = step->ff;
    const size_t n = p->n, stride = p->out_stride;
    float *x[2] = {NULL, NULL};
    for (size_t i = 0; i < n_products; i++) {
        x[i] = ff->x ? p[i].out + row0 : member_scratch(a, m) + i * n * stride;
        multiply_rows(m, a, in, &p[i], i, row0, n_rows, x[i]);
    }
    for (size_t t = 0; t < n; t++) {
        const struct activation f = {step->act, x[0] + t * stride, x[1] ? x[1] + t * stride : NULL, step->kinds};
        activate_piece(a, ff, &f, t, row0, ff->x ? ff->x + t * stride + row0 : x[0] + t * stride, n_rows);
    }
}

void op_mlp(struct member *m, struct acts *a, const struct rows *in, const struct mlp_step *step, size_t n) {
    const struct rows *ff = step->ff;
    const size_t n_products = step->gate ? 2 : 1, cols = ff->cols, stride = ff->x ? ff->stride : a->ff_piece + PADDING;
    struct product p[] = {{step->up, step->up_delta, step->pre, n, stride, false, 0, 0},
                          {step->up, step->up_delta, step->factor, n, stride, false, 0, 0}};
    if (step->gate) p[0].linear = step->gate, p[0].delta = step->gate_delta;
    const size_t chunk = ff->x ? rows_per_claim(m, a->kernels, in->cols, p, n_products) : a->ff_piece;
    if (chunk < cols && chunk % block_of(step->kinds)) {
        const struct activation f = {step->act, step->pre, step->gate ? step->factor : NULL, step->kinds};
        op_linear(m, a, in, p, n_products);
        op_activate(m, a, ff, &f, n);
        return;
    }
    size_t begin, end;
    op_low(m, a, in, p, n_products);
    team_begin(m);
    while (team_claim(m, ceil_div(cols, chunk), 1, &begin, &end)) {
        const size_t rest = cols - begin * chunk;
        mlp_piece(m, a, in, p, n_products, step, begin * chunk, rest < chunk ? rest : chunk);
    }
    team_end(m);
}

void op_check(struct member *m, struct acts *a, const float *x, size_t n_x, const float *y, size_t n_y) {
    const size_t n = n_x + n_y;
    size_t begin, end;
    team_begin(m);
    while (team_claim(m, n, round_up(fair_share(m, n), CLAIM_VALUES), &begin, &end)) {
        const size_t middle = end < n_x ? end : begin > n_x ? begin : n_x;
        note(a, a->kernels->all_finite(x + begin, middle > begin ? middle - begin : 0));
        note(a, a->kernels->all_finite(y + middle - n_x, end - middle));
    }
    team_end(m);
}
