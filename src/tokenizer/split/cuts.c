// SPDX-License-Identifier: MIT
#include "cuts.h"

static inline bool is_joined(const struct cuts *cuts, uint8_t first, uint8_t second) {
    return cuts->joined[first << 5 | second >> 3] >> (second & 7) & 1;
}

static void join(struct cuts *cuts, uint8_t first, uint8_t second) {
    cuts->joined[first << 5 | second >> 3] |= (uint8_t)(1u << (second & 7));
}

void cuts_build(struct cuts *cuts, const struct token_table *vocab, bool everywhere) {
    static const char blank[] = " ";
    const struct token_key space = token_key_before(blank, 1, &blank[1]);
    const bool blanks = vocab->slots && token_table_find(vocab, &space) >= 0;
    *cuts = (struct cuts){{0}};
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++)
            if ((second & 0xc0) == 0x80 || (!everywhere && !(blanks && second == ' ')))
                join(cuts, (uint8_t)first, (uint8_t)second);
    for (int32_t id = 0; (size_t)id < vocab->n; id++) {
        const struct str bytes = token_bytes(vocab, id);
        const enum token_kind kind = token_kind_of(vocab, id);
        for (size_t i = 1; i < bytes.n && kind == TOKEN_NORMAL; i++)
            join(cuts, (uint8_t)bytes.p[i - 1], (uint8_t)bytes.p[i]);
    }
}

quill_status cut_text(const struct cuts *cuts, struct pieces *pieces, const char *text, size_t n, quill_error *err) {
    size_t begin = 0;
    quill_status status = QUILL_OK;
    for (size_t i = 1; !status && i < n; i++) {
        if (is_joined(cuts, (uint8_t)text[i - 1], (uint8_t)text[i])) continue;
        status = pieces_add(pieces, text + begin, i - begin, err);
        begin = i;
    }
    return status || begin == n ? status : pieces_add(pieces, text + begin, n - begin, err);
}
