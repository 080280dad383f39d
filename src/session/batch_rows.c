// SPDX-License-Identifier: MIT
// Generations side by side, each in a sequence of its own: what one pass computes, and who begins with whose prompt.
#include "batch_rows.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "generate.h"

// Row i is sequence i.
struct batch_row {
    struct generation *generation;
    bool begun;     // its sequence holds a beginning of its ids, and nothing else
    bool alone;     // there was no other when it was added
    bool finished;  // and `end` says how
    quill_batch_row end;
};

struct batch_rows {
    struct batch_row *rows; // [n_seq]
    int32_t n_seq;
    int32_t *order;   // [n] rows in use, as they were added; then those that are free
    int32_t n;
    struct span *spans; // [n_seq] of the present pass
    size_t n_spans;
};

struct batch_rows *batch_rows_create(int32_t n_seq, int32_t n_ctx) {
    struct batch_rows *b = alloc_zeroed(1, sizeof *b);
    if (!b) return NULL;
    b->rows = alloc_zeroed((size_t)n_seq, sizeof *b->rows);
    b->order = alloc_array((size_t)n_seq, sizeof *b->order);
    b->spans = alloc_array((size_t)n_seq, sizeof *b->spans);
    bool ok = b->rows && b->order && b->spans;
    for (; ok && b->n_seq < n_seq; b->n_seq++) {
        b->order[b->n_seq] = b->n_seq;
        b->rows[b->n_seq].generation = generation_create(n_ctx);
        ok = b->rows[b->n_seq].generation;
    }
    if (ok) return b;
    batch_rows_free(b);
    return NULL;
}

void batch_rows_free(struct batch_rows *b) {
    if (!b) return;
    for (int32_t i = 0; i < b->n_seq; i++) generation_free(b->rows[i].generation);
    free(b->rows);
    free(b->order);
    free(b->spans);
    free(b);
}

// The generation's ids, and where its tokens end.
size_t batch_row_bytes(int32_t n_ctx) { return (size_t)n_ctx * (sizeof(int32_t) + sizeof(size_t)); }

// ---- beginnings -----------------------------------------------------------------------------------

// Whether a row that was added before this one will soon hold so much more of its prompt than `reused` that waiting is
// better than computing. All wait for the first of them: what every prompt begins with is computed once.
static bool is_worth_waiting(const quill_session *session, int32_t place, const int32_t *ids, size_t n, size_t reused) {
    const struct batch_rows *b = session->rows;
    for (int32_t i = 0; i < place; i++) {
        const struct batch_row *row = &b->rows[b->order[i]];
        if (row->finished) continue;
        size_t n_other = generation_prompt(row->generation);
        const int32_t *other = generation_ids(row->generation, &(size_t){0});
        size_t shared = ids_common(ids, n, other, n_other);
        if (shared > reused && (row->alone || shared - reused >= WORTH_WAITING)) return true;
    }
    return false;
}

// Lets the row at `place` begin with what the cache holds of its prompt, in whichever sequence, unless it waits.
static quill_status begin_row(quill_session *session, int32_t place, quill_error *err) {
    int32_t seq = session->rows->order[place], from = seq;
    struct batch_row *row = &session->rows->rows[seq];
    size_t n = generation_prompt(row->generation);
    const int32_t *ids = generation_ids(row->generation, &(size_t){0});
    // What logits are wanted of is always computed: the last token, or all.
    size_t most = generation_scores_prompt(row->generation) ? 0 : n - 1;
    size_t reused = lanes_longest(&session->lanes, &from, ids, most);
    if (is_worth_waiting(session, place, ids, most, reused)) return QUILL_OK;
    quill_status s = lanes_share(&session->lanes, seq, from, reused, err);
    if (s) return s;
    row->begun = true;
    generation_reused(row->generation, reused);
    return QUILL_OK;
}

// ---- a pass ---------------------------------------------------------------------------------------

static void finish(struct batch_row *row, quill_status status) {
    row->finished = true;
    row->end.status = status;
    row->end.result = generation_end(row->generation, status);
}

// What a pass has room for.
struct room {
    size_t tokens, logits;
};

static void add_span(struct batch_rows *b, struct span span, struct room *room) {
    room->tokens -= span.n;
    room->logits -= span.n_logits;
    b->spans[b->n_spans++] = span;
}

// A part of the prompt.
static void add_reading(quill_session *session, int32_t seq, struct room *room) {
    const struct generation *g = session->rows->rows[seq].generation;
    size_t n, done = (size_t)kv_length(session->lanes.kv, seq);
    const int32_t *ids = generation_ids(g, &n);
    bool all = generation_scores_prompt(g);
    size_t count = n - done < room->tokens ? n - done : room->tokens;
    if (all && count > room->logits) count = room->logits;
    size_t n_logits = all ? count : done + count == n;
    if (count == 0) return;
    if (n_logits > room->logits) n_logits = 0, count--; // the last one waits
    if (count == 0) return;
    add_span(session->rows, (struct span){seq, (int32_t)done, ids + done, count, n_logits}, room);
}

// The last token, and a draft of what follows it; `later` more tokens must have room.
static void add_writing(quill_session *session, int32_t seq, size_t later, struct room *room) {
    struct generation *g = session->rows->rows[seq].generation;
    size_t n, most = room->tokens < room->logits ? room->tokens : room->logits;
    const int32_t *ids = generation_ids(g, &n);
    const size_t count = 1 + generation_draft(g, most - later - 1);
    add_span(session->rows, (struct span){seq, (int32_t)n - 1, ids + n - 1, count, count}, room);
}

// Rows that generate come first, and there is room for all of them; then prompts, in the order of their coming.
static void make_spans(quill_session *session) {
    struct batch_rows *b = session->rows;
    struct room room = {session->lanes.plan.n_chunk, session->lanes.plan.n_rows};
    b->n_spans = 0;
    for (int prompts = 0; prompts < 2; prompts++)
        for (int32_t i = 0; i < b->n; i++) {
            int32_t seq = b->order[i];
            struct batch_row *row = &b->rows[seq];
            size_t n;
            generation_ids(row->generation, &n);
            bool reads = n == generation_prompt(row->generation);
            if (row->finished || !row->begun || reads != prompts || room.tokens == 0) continue;
            if (reads) generation_progress(row->generation, (size_t)kv_length(session->lanes.kv, seq));
            if (generation_finished(row->generation)) finish(row, QUILL_OK);
            else if (reads) add_reading(session, seq, &room);
            else add_writing(session, seq, (size_t)(b->n - 1 - i), &room);
        }
}

// The logits of a span are there.
static void use_logits(quill_session *session, const struct span *span, const float *logits) {
    struct batch_row *row = &session->rows->rows[span->seq];
    struct generation *g = row->generation;
    size_t n, end = (size_t)span->pos + span->n, used;
    generation_ids(g, &n);
    bool reads = n == generation_prompt(g);
    for (size_t i = end - span->n_logits; reads && generation_scores_prompt(g) && i < end; i++)
        generation_score(g, i, logits + (i - (end - span->n_logits)) * (size_t)session->lanes.n_vocab);
    if (end < n) return;
    quill_status s = QUILL_OK;
    if (reads) generation_progress(g, end);
    if (!generation_finished(g)) {
        if (reads) logits += (span->n_logits - 1) * (size_t)session->lanes.n_vocab;
        s = generation_take(g, logits, &used, &row->end.error);
        // Without what was guessed wrong.
        if (!reads) kv_truncate(session->lanes.kv, span->seq, span->pos + (int32_t)used);
    }
    if (generation_finished(g)) finish(row, s);
}

// Takes the drafts out of the pass; false: there are none.
static bool drop_drafts(quill_session *session) {
    struct batch_rows *b = session->rows;
    bool any = false;
    for (struct span *span = b->spans; span < b->spans + b->n_spans; span++) {
        struct generation *g = b->rows[span->seq].generation;
        size_t n, guessed;
        generation_ids(g, &n);
        if ((size_t)span->pos + span->n <= n) continue;
        guessed = (size_t)span->pos + span->n - n;
        span->n -= guessed;
        span->n_logits -= guessed;
        any = true;
        generation_draft(g, 0);
    }
    return any;
}

// A pass that fails is computed again span by span: only the one whose values are not finite fails.
static void run_alone(quill_session *session) {
    struct batch_rows *b = session->rows;
    for (size_t i = 0; i < b->n_spans; i++) {
        struct batch_row *row = &b->rows[b->spans[i].seq];
        quill_status s = lanes_run(&session->lanes, &b->spans[i], 1, &row->end.error);
        if (s) finish(row, s);
        else use_logits(session, &b->spans[i], session->lanes.logits);
    }
}

quill_status quill_batch_step(quill_session *session, quill_error *err) {
    struct batch_rows *b = session->rows;
    for (int32_t i = 0; i < b->n; i++) {
        const struct batch_row *row = &b->rows[b->order[i]];
        quill_status s = row->begun || row->finished ? QUILL_OK : begin_row(session, i, err);
        if (s) return s;
    }
    make_spans(session);
    if (b->n_spans == 0) return QUILL_OK;
    quill_error problem;
    quill_status s = lanes_run(&session->lanes, b->spans, b->n_spans, &problem);
    // What is computed only because it was guessed fails nobody.
    if (s && drop_drafts(session)) s = lanes_run(&session->lanes, b->spans, b->n_spans, &problem);
    if (s) {
        run_alone(session);
        return QUILL_OK;
    }
    const float *logits = session->lanes.logits;
    for (size_t i = 0; i < b->n_spans; i++) {
        use_logits(session, &b->spans[i], logits);
        logits += b->spans[i].n_logits * (size_t)session->lanes.n_vocab;
    }
    return QUILL_OK;
}

// ---- coming and going -----------------------------------------------------------------------------

size_t quill_batch_room(const quill_session *session) { return (size_t)(session->rows->n_seq - session->rows->n); }

quill_status quill_batch_add(quill_session *session, const quill_request *request, void *tag, quill_error *err) {
    struct batch_rows *b = session->rows;
    if (b->n == b->n_seq)
        return fail(err, QUILL_E_USAGE, "the batch is full: the session has %d rows", (int)b->n_seq);
    struct batch_row *row = &b->rows[b->order[b->n]];
    quill_status s = generation_begin(row->generation, session, request, err);
    *row = (struct batch_row){.generation = row->generation, .alone = b->n == 0, .end = {.tag = tag}};
    if (s) {
        row->end.result = generation_end(row->generation, s);
        return s;
    }
    b->n++;
    if (generation_finished(row->generation)) finish(row, QUILL_OK);
    return QUILL_OK;
}

bool quill_batch_take(quill_session *session, quill_batch_row *out) {
    struct batch_rows *b = session->rows;
    int32_t place = 0;
    while (place < b->n && !b->rows[b->order[place]].finished) place++;
    if (place == b->n) return false;
    int32_t seq = b->order[place];
    memmove(b->order + place, b->order + place + 1, (size_t)(b->n - place - 1) * sizeof *b->order);
    b->order[--b->n] = seq;
    *out = b->rows[seq].end;
    return true;
}

quill_status quill_generate(quill_session *session, const quill_request *request, const quill_result **result,
                            quill_error *err) {
    struct batch_rows *b = session->rows;
    if (b->n) return fail(err, QUILL_E_USAGE, "the session has rows of a batch in work");
    const struct batch_row *row = &b->rows[b->order[0]];
    quill_status s = quill_batch_add(session, request, NULL, err);
    *result = row->end.result;
    if (s) return s;
    quill_batch_row end;
    while (!s && !row->finished) s = quill_batch_step(session, err);
    if (s) return s;
    bool taken = quill_batch_take(session, &end);
    assert(taken);
    (void)taken;
    if (end.status && err) *err = end.error;
    *result = end.result;
    return end.status;
}
