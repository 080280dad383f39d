// SPDX-License-Identifier: MIT
#include "bpe_symbols.h"

#include "base/utf8.h"

// The length of the character or invalid byte at the place.
static size_t length_here(const struct symbols *s) {
    int step = utf8_step(s->piece.p + s->at, s->piece.n - s->at, NULL);
    return step > 0 ? (size_t)step : 1;
}

// The token of the character at the place; the last one of a word has a space behind it. -1: none.
static int32_t character_token(const struct symbols *s, size_t length) {
    char text[WORD_BYTES] = {0};
    memcpy(text, s->piece.p + s->at, length);
    if (s->bpe->ends_words && s->at + length == s->piece.n) text[length++] = ' ';
    const struct token_key key = token_key_at(text, length);
    return token_table_find(s->bpe->vocab, &key);
}

static bool has_bytes(const struct symbols *s, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (s->bpe->bytes[(uint8_t)s->piece.p[s->at + i]] < 0) return false;
    return true;
}

static bool next_byte(struct symbols *s, int32_t *id, size_t *length) {
    *id = s->bpe->bytes[(uint8_t)s->piece.p[s->at - s->bytes--]];
    *length = 1;
    return true;
}

bool next_symbol(struct symbols *s, int32_t *id, size_t *length) {
    size_t unknown = 0;
    if (s->bytes) return next_byte(s, id, length);
    while (s->at < s->piece.n && (!unknown || s->bpe->fuse_unk)) {
        const size_t n = length_here(s);
        const int32_t token = character_token(s, n);
        const bool bytes = token < 0 && has_bytes(s, n);
        if (unknown && (token >= 0 || bytes)) break;
        s->at += n;
        if (bytes) {
            s->bytes = n;
            return next_byte(s, id, length);
        }
        *id = token;
        *length = n;
        if (token >= 0) return true;
        if (s->bpe->unk >= 0) unknown += n;
    }
    *id = s->bpe->unk;
    *length = unknown;
    return unknown > 0;
}
