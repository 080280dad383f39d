// SPDX-License-Identifier: MIT
#include "places.h"

#include <stdbool.h>
#include <string.h>

void places_begin(struct places *p, const quill_tokenizer *tokenizer, const char *text, size_t n,
                  quill_special special) {
    *p = (struct places){.text = text, .n = n};
    quill_decoder_begin(&p->decoder, tokenizer, special);
}

static bool lies_at(const struct places *p, size_t at, const char *bytes, size_t n) {
    return p->n - at >= n && memcmp(p->text + at, bytes, n) == 0;
}

size_t places_next(struct places *p, int32_t id) {
    size_t n, begin = p->at;
    const char *bytes = quill_decoder_take(&p->decoder, id, &n);
    if (n == 0) return begin;
    if (!lies_at(p, begin, bytes, n) && bytes[0] == ' ' && lies_at(p, begin, bytes + 1, n - 1)) {
        p->at = begin + n - 1;
        return begin;
    }
    while (begin < p->n && !lies_at(p, begin, bytes, n)) begin++;
    if (begin < p->n) p->at = begin + n;
    return begin;
}
