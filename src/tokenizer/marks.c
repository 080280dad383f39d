// SPDX-License-Identifier: MIT
#include "marks.h"

// Nearly every token of a large vocabulary fails one of the first tests.
static bool may_be_mark(const struct token_table *v, int32_t id, struct str text) {
    if (text.n < 4 || text.n > MARK_BYTES) return false;
    const char first = text.p[0], last = text.p[text.n - 1];
    if (last != '>' && last != ']' && last != '[') return false;
    if (first != '<' && first != '[' && first != '_' && first != '\xe2') return false; // U+2581 before a bracket
    const enum token_kind kind = token_kind_of(v, id);
    return kind != TOKEN_UNUSED && (kind == TOKEN_SPECIAL || kind == TOKEN_ADDED || !(v->kinds[id] & TOKEN_FROM_TEXT));
}

void marks_find(int32_t *ids, const char *const *texts, size_t n, const struct token_table *vocab,
                const struct vocab_spec *spec) {
    for (size_t i = 0; i < n; i++) ids[i] = -1;
    for (size_t id = 0; id < spec->n_tokens; id++) {
        if (!may_be_mark(vocab, (int32_t)id, spec->tokens[id])) continue;
        for (size_t i = 0; i < n; i++)
            if (texts[i] && ids[i] < 0 && str_is(spec->tokens[id], texts[i])) ids[i] = (int32_t)id;
    }
}
