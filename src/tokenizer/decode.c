// SPDX-License-Identifier: MIT
// Ids to text.
#include "pipeline.h"

const char *quill_token_bytes(const quill_tokenizer *t, int32_t id, quill_special special, size_t *n) {
    *n = 0;
    if (id < 0 || (size_t)id >= t->vocab.n) return NULL;
    struct str bytes = token_bytes(&t->vocab, id);
    enum token_kind kind = token_kind_of(&t->vocab, id);
    // A special token that plain text can also yield (a vocabulary may call '!' its padding) counts as text: otherwise
    // text would be lost.
    bool hidden = kind == TOKEN_SPECIAL && special != QUILL_SPECIAL_PARSE && !(t->vocab.kinds[id] & TOKEN_FROM_TEXT);
    if (!hidden && kind != TOKEN_UNUSED) *n = bytes.n;
    return bytes.p;
}

void quill_decoder_begin(quill_decoder *d, const quill_tokenizer *tokenizer, quill_special special) {
    *d = (quill_decoder){.tokenizer = tokenizer, .special = special};
}

// A space that was held back comes before the token: there is one in the table.
static const char *take_word(quill_decoder *d, const char *bytes, size_t *n, int32_t id) {
    const bool ends = bytes[*n - 1] == ' ' && token_kind_of(&d->tokenizer->vocab, id) == TOKEN_NORMAL;
    bytes -= d->held;
    *n += d->held;
    *n -= ends;
    d->held = ends;
    d->begun = true;
    return bytes;
}

const char *quill_decoder_take(quill_decoder *d, int32_t id, size_t *n) {
    const char *bytes = quill_token_bytes(d->tokenizer, id, d->special, n);
    if (*n == 0) return "";
    if (d->tokenizer->decoder == DECODE_WORDS) return take_word(d, bytes, n, id);
    if (d->tokenizer->decoder == DECODE_WITHOUT_PREFIX && !d->begun && bytes[0] == ' ') {
        bytes++;
        --*n;
    }
    d->begun = true;
    return bytes;
}

const char *quill_decoder_end(quill_decoder *d, size_t *n) {
    d->begun = d->held = false;
    *n = 0;
    return "";
}
