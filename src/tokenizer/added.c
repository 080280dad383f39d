// SPDX-License-Identifier: MIT
#include "added.h"

#include "base/alloc.h"
#include "base/utf8.h"

enum { STARTS = 65536 / 8 };

static int by_text(const void *a, const void *b) {
    const struct added_token *left = a, *right = b;
    return str_compare(left->text, right->text);
}

static bool belongs(const struct token_table *v, int32_t id, bool special) {
    enum token_kind kind = token_kind_of(v, id);
    return kind != TOKEN_NORMAL && token_bytes(v, id).n > 0 &&
           (kind == TOKEN_ADDED || (special && kind == TOKEN_SPECIAL));
}

static void mark_start(uint8_t *starts, struct str text) {
    unsigned first = (uint8_t)text.p[0];
    for (unsigned second = 0; second < 256; second++)
        if (text.n == 1 || second == (uint8_t)text.p[1])
            starts[first << 5 | second >> 3] |= (uint8_t)(1u << (second & 7));
}

static bool may_start(const uint8_t *starts, const char *p) {
    unsigned first = (uint8_t)p[0], second = (uint8_t)p[1];
    return starts[first << 5 | second >> 3] >> (second & 7) & 1;
}

quill_status added_build(struct added *a, const struct token_table *v, bool special, const char *file,
                         quill_error *err) {
    *a = (struct added){0};
    size_t n = 0;
    for (int32_t id = 0; (size_t)id < v->n; id++) n += belongs(v, id, special);
    if (n == 0) return QUILL_OK;
    a->tokens = alloc_array(n, sizeof *a->tokens);
    a->starts = alloc_zeroed(STARTS, 1);
    if (!a->tokens || !a->starts) {
        added_free(a);
        return fail_memory(err);
    }
    for (int32_t id = 0; (size_t)id < v->n; id++) {
        if (!belongs(v, id, special)) continue;
        struct str text = token_bytes(v, id);
        if (text.n > ADDED_MOST_BYTES) {
            added_free(a);
            return fail(err, QUILL_E_MODEL, "%s: added token %d: expected at most %d bytes, found %zu",
                        QUOTED(str_of(file)), id, ADDED_MOST_BYTES, text.n);
        }
        a->tokens[a->n++] = (struct added_token){text, id, -1, v->kinds[id] & (TOKEN_STRIPS_LEFT | TOKEN_STRIPS_RIGHT)};
        mark_start(a->starts, text);
    }
    qsort(a->tokens, a->n, sizeof *a->tokens, by_text);
    // A token's prefixes sort before it, so the longest is the previous token or one of that token's own prefixes.
    for (size_t i = 1; i < a->n; i++) {
        int32_t k = (int32_t)i - 1;
        while (k >= 0 && !str_starts(a->tokens[i].text, a->tokens[k].text)) k = a->tokens[k].parent;
        a->tokens[i].parent = k;
    }
    return QUILL_OK;
}

void added_free(struct added *a) {
    free(a->tokens);
    free(a->starts);
    *a = (struct added){0};
}

size_t added_memory(const struct added *a) { return a->n * sizeof *a->tokens + (a->starts ? STARTS : 0); }

// The longest token that `text` begins with: the last token that sorts at or before the text, or a prefix of that one.
static const struct added_token *longest(const struct added *a, struct str text) {
    size_t low = 0, high = a->n; // tokens[0..low) sort at or before the text, tokens[high..) after it
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(a->tokens[middle].text, text) <= 0) low = middle + 1;
        else high = middle;
    }
    int32_t k = (int32_t)low - 1;
    while (k >= 0 && !str_starts(text, a->tokens[k].text)) k = a->tokens[k].parent;
    return k < 0 ? NULL : &a->tokens[k];
}

// If p[0..n) begins with a character of Unicode's White_Space, the length of that character; else 0.
static size_t white_space(const char *p, size_t n) {
    uint32_t c = 0;
    int length = n ? utf8_step(p, n, &c) : -1;
    bool white = (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 || c == 0x3000 ||
                 (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f;
    return length > 0 && white ? (size_t)length : 0;
}

static size_t white_space_before(const char *p, size_t n) {
    size_t length = 1;
    while (length < n && length < 3 && ((uint8_t)p[n - length] & 0xc0) == 0x80) length++;
    return n && white_space(p + n - length, length) == length ? length : 0;
}

bool added_find(const struct added *a, const char *text, size_t n, struct added_match *match) {
    for (size_t i = 0; a->n && i < n; i++) {
        if (i + 1 < n && !may_start(a->starts, text + i)) continue;
        const struct added_token *found = longest(a, (struct str){text + i, n - i});
        if (!found) continue;
        *match = (struct added_match){found->id, i, i + found->text.n};
        size_t more = found->strips & TOKEN_STRIPS_LEFT ? white_space_before(text, i) : 0;
        for (; more; more = white_space_before(text, match->begin)) match->begin -= more;
        if (found->strips & TOKEN_STRIPS_RIGHT)
            while ((more = white_space(text + match->end, n - match->end))) match->end += more;
        return true;
    }
    return false;
}
