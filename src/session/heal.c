// SPDX-License-Identifier: MIT
#include "heal.h"

enum { MOST = 8 }; // tokens that are taken back

// The last ids of a prompt, the last one first: the decoder in front of each, and what it and those behind it add.
struct tail {
    quill_decoder before[MOST];
    size_t at[MOST]; // where its bytes begin
    size_t n;
    struct buffer bytes;
};

static bool is_healed(const quill_session *session, int32_t id) {
    return !quill_token_is_special(session->model->tokenizer, id) && !token_set_has(&session->banned, (size_t)id);
}

// False: no memory.
static bool read_tail(struct tail *tail, const quill_session *session, const int32_t *ids, size_t n) {
    while (tail->n < MOST && tail->n + 1 < n && is_healed(session, ids[n - 1 - tail->n])) tail->n++;
    quill_decoder decoder;
    size_t n_bytes;
    quill_decoder_begin(&decoder, session->model->tokenizer, QUILL_SPECIAL_AS_TEXT);
    for (size_t i = 0; i < n; i++) {
        const size_t behind = n - 1 - i;
        if (behind < tail->n) tail->before[behind] = decoder, tail->at[behind] = tail->bytes.n;
        const char *bytes = quill_decoder_take(&decoder, ids[i], &n_bytes);
        if (behind < tail->n && !buffer_add(&tail->bytes, bytes, n_bytes)) return false;
    }
    return true;
}

static struct str bytes_from(const struct tail *tail, size_t i) {
    return (struct str){tail->bytes.p + tail->at[i], tail->bytes.n - tail->at[i]};
}

// Whether a token can stand for the bytes of the last 1 + i ids and for more.
static bool can_be_longer(const quill_session *session, const struct tail *tail, size_t i) {
    const struct str wanted = bytes_from(tail, i);
    for (size_t id = 0; id < session->likelihood.n_vocab && wanted.n; id++) {
        if (!is_healed(session, (int32_t)id)) continue;
        quill_decoder decoder = tail->before[i];
        struct str bytes;
        bytes.p = quill_decoder_take(&decoder, (int32_t)id, &bytes.n);
        if (bytes.n > wanted.n && str_starts(bytes, wanted)) return true;
    }
    return false;
}

bool heal_prompt(const quill_session *session, const int32_t *ids, size_t n, size_t *kept, struct buffer *bytes) {
    struct tail tail = {.n = 0};
    bool ok = read_tail(&tail, session, ids, n);
    size_t taken = ok ? tail.n : 0;
    while (taken && !can_be_longer(session, &tail, taken - 1)) taken--;
    *kept = n - taken;
    if (taken) {
        const struct str text = bytes_from(&tail, taken - 1);
        ok = buffer_add(bytes, text.p, text.n);
    }
    buffer_free(&tail.bytes);
    return ok;
}
