// SPDX-License-Identifier: MIT
#include "constraint_use.h"

#include "sampler/constraint/prefix.h"

static struct str bytes_of(void *user, int32_t id) {
    const quill_session *session = user;
    struct str bytes = {0};
    if (token_set_has(&session->banned, (size_t)id)) return bytes;
    bytes.p = quill_token_bytes(session->model->tokenizer, id, QUILL_SPECIAL_AS_TEXT, &bytes.n);
    return bytes;
}

static struct str adds(void *user, int32_t id) {
    const struct constraint_use *u = user;
    struct str bytes = {0};
    if (token_set_has(&u->session->banned, (size_t)id)) return bytes;
    quill_decoder decoder = *u->decoder;
    bytes.p = quill_decoder_take(&decoder, id, &bytes.n);
    return bytes;
}

// One is the beginning of the other.
static bool begin_alike(struct str a, struct str b) { return a.n < b.n ? str_starts(b, a) : str_starts(a, b); }

static size_t n_stops(const quill_request *r) { return r->n_stops + r->line; }

// The newline of `line` is behind the others.
static struct str stop_text(const quill_request *r, size_t i) {
    return i < r->n_stops ? (struct str){r->stops[i].text, r->stops[i].n} : STR("\n");
}

static enum token_end ends(void *user, int32_t id) {
    const struct constraint_use *u = user;
    if (quill_token_is_eos(u->session->model->tokenizer, id)) return TOKEN_ENDS;
    const size_t n = u->may_stop ? n_stops(u->request) : 0;
    const struct str bytes = n ? adds(user, id) : (struct str){0};
    for (size_t i = 0; i < n && bytes.n; i++)
        if (begin_alike(bytes, stop_text(u->request, i))) return TOKEN_MAY_END;
    return TOKEN_GOES_ON;
}

static quill_status begin(struct constraint_use *u, quill_constraint *constraint, quill_error *err) {
    return constrained_begin(&u->text, constraint, &u->vocabulary, u->request->interrupted, err);
}

quill_status constraint_use_begin(struct constraint_use *u, const quill_session *session, const quill_request *request,
                                  struct str prefix, const quill_decoder *decoder, quill_error *err) {
    *u = (struct constraint_use){.session = session, .request = request, .decoder = decoder, .n_prefix = prefix.n};
    u->vocabulary = (struct vocabulary){
        .identity = session->model->tokenizer,
        .n_vocab = session->likelihood.n_vocab,
        .bytes_of = bytes_of,
        .user = (void *)(uintptr_t)session,
    };
    const quill_status s = prefix.n ? constraint_prefix(&u->prefix, prefix, request->constraint, err) : QUILL_OK;
    return s ? s : begin(u, prefix.n ? u->prefix : request->constraint, err);
}

void constraint_use_end(struct constraint_use *u) {
    constrained_end(&u->text);
    quill_constraint_free(u->prefix);
    *u = (struct constraint_use){0};
}

struct str constraint_use_text(const struct constraint_use *u, struct str bytes) {
    const bool within = bytes.n <= u->n_prefix;
    return (struct str){within ? "" : bytes.p + u->n_prefix, within ? 0 : bytes.n - u->n_prefix};
}

// What was read of the text behind the prefix is read again, by the constraint itself.
static quill_status leave_prefix(struct constraint_use *u, struct str bytes, quill_error *err) {
    constrained_end(&u->text);
    quill_constraint_free(u->prefix);
    u->prefix = NULL;
    u->text = (struct constrained){0};
    if (!u->request->constraint) return QUILL_OK;
    const quill_status s = begin(u, u->request->constraint, err);
    return s ? s : constrained_advance(&u->text, constraint_use_text(u, bytes), 0, err);
}

quill_status constraint_use_advance(struct constraint_use *u, struct str bytes, size_t n_before, quill_error *err) {
    if (!u->prefix) {
        const size_t before = n_before < u->n_prefix ? 0 : n_before - u->n_prefix;
        return constrained_advance(&u->text, constraint_use_text(u, bytes), before, err);
    }
    const quill_status s = constrained_advance(&u->text, bytes, n_before, err);
    return s || bytes.n < u->n_prefix ? s : leave_prefix(u, bytes, err);
}

quill_status constraint_use_draw(struct constraint_use *u, const float *logits, const struct draw *draw,
                                 struct str bytes, uint64_t room, int32_t *id, bool *ended, quill_error *err) {
    // A prefix is a token or two: all tokens are tried without an index of them, and the end is not aimed at yet.
    struct constrained_draw d = {
        .sampler = u->session->sampler,
        .logits = logits,
        .draw = *draw,
        .text = u->prefix ? bytes : constraint_use_text(u, bytes),
        .room = u->prefix ? UINT64_MAX : room,
        .first = u->prefix || !u->decoder->begun,
        .ends = ends,
        .adds = adds,
        .user = u,
    };
    return constrained_take(&u->text, &d, id, ended, err);
}

quill_status constraint_use_look(struct constraint_use *u, struct str text, size_t from, bool *found,
                                 struct stop_match *match, quill_error *err) {
    const quill_request *r = u->request;
    quill_status s = QUILL_OK;
    *found = false;
    for (size_t end = from + 1; end <= text.n && !*found && !s; end++)
        for (size_t i = 0; i < n_stops(r) && !s; i++) {
            const struct str stop = stop_text(r, i);
            const size_t begin = end - stop.n;
            bool complete = false;
            if (stop.n > end || (*found && begin >= match->begin)) continue;
            if (memcmp(text.p + begin, stop.p, stop.n) == 0)
                s = constrained_accepts(&u->text, (struct str){text.p, begin}, &complete, err);
            if (!complete) continue;
            *found = true;
            *match = (struct stop_match){begin, end, i < r->n_stops ? QUILL_STOP_STRING : QUILL_STOP_LINE};
        }
    return s;
}

size_t constraint_use_guess(struct constraint_use *u, int32_t *ids, size_t room) {
    char bytes[64];
    bool all;
    const size_t n_bytes = room ? constrained_forced(&u->text, bytes, sizeof bytes, &all) : 0;
    quill_ids list = {0};
    quill_error err;
    size_t n = 0;
    if (n_bytes > 1 && !quill_encode_continued(u->session->model->tokenizer, &list, bytes, n_bytes,
                                               QUILL_SPECIAL_AS_TEXT, &err)) {
        n = list.n - !all; // the last token may go on behind these bytes
        if (n > room) n = room;
        if (n) memcpy(ids, list.ids, n * sizeof *ids);
    }
    quill_ids_free(&list);
    return n;
}
