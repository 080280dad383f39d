// SPDX-License-Identifier: MIT
#include "added.h"

#include "base/alloc.h"
#include "characters.h"

enum { STARTS = 65536 / 8 };

static int by_text(const void *a, const void *b) {
    const struct added_token *left = a, *right = b;
    return str_compare(left->text, right->text);
}

static bool may_belong(const struct token_table *v, int32_t id) {
    const enum token_kind kind = token_kind_of(v, id);
    return (kind == TOKEN_ADDED || kind == TOKEN_SPECIAL) && token_bytes(v, id).n;
}

bool added_candidates(int32_t **ids, size_t *n, const struct token_table *v) {
    size_t count = 0;
    for (int32_t id = 0; (size_t)id < v->n; id++) count += may_belong(v, id);
    *n = 0;
    *ids = alloc_array(count, sizeof **ids);
    for (int32_t id = 0; *ids && *n < count; id++)
        if (may_belong(v, id)) (*ids)[(*n)++] = id;
    return *ids;
}

static bool belongs(const struct token_table *v, int32_t id, const struct added_choice *c) {
    const bool normalized = v->kinds[id] & TOKEN_NORMALIZED;
    if (token_kind_of(v, id) == TOKEN_ADDED) return normalized ? c->added_normalized : c->added_plain;
    return normalized ? c->special_normalized : c->special_plain;
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

static quill_status add_token(struct added *a, const struct token_table *v, int32_t id,
                              const struct added_choice *choice, const char *file, quill_error *err) {
    const uint8_t how = v->kinds[id] & (TOKEN_STRIPS_LEFT | TOKEN_STRIPS_RIGHT | TOKEN_SINGLE_WORD);
    struct str text = token_bytes(v, id);
    quill_status status = choice->normal ? choice->normal(choice->context, &text, err) : QUILL_OK;
    if (status || !text.n) return status;
    if (text.n > ADDED_MOST_BYTES)
        return fail(err, QUILL_E_MODEL, "%s: added token %d: expected at most %d bytes, found %zu",
                    QUOTED(str_of(file)), id, ADDED_MOST_BYTES, text.n);
    a->tokens[a->n++] = (struct added_token){text, id, -1, how};
    mark_start(a->starts, text);
    return QUILL_OK;
}

quill_status added_build(struct added *a, const struct token_table *v, const int32_t *ids, size_t n_ids,
                         struct added_choice choice, const char *file, quill_error *err) {
    *a = (struct added){0};
    size_t n = 0;
    for (size_t i = 0; i < n_ids; i++) n += belongs(v, ids[i], &choice);
    if (n == 0) return QUILL_OK;
    a->tokens = alloc_array(n, sizeof *a->tokens);
    a->starts = alloc_zeroed(STARTS, 1);
    quill_status status = a->tokens && a->starts ? QUILL_OK : fail_memory(err);
    for (size_t i = 0; !status && i < n_ids; i++)
        if (belongs(v, ids[i], &choice)) status = add_token(a, v, ids[i], &choice, file, err);
    if (status) {
        added_free(a);
        return status;
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

bool added_crosses_lines(const struct added *added) {
    for (size_t i = 0; i < added->n; i++) {
        const struct str text = added->tokens[i].text;
        if (memchr(text.p, '\n', text.n) || is_ascii_letter(text.p[0])) return true;
    }
    return false;
}

bool added_strips(const struct added *a) {
    for (size_t i = 0; i < a->n; i++)
        if (a->tokens[i].how & (TOKEN_STRIPS_LEFT | TOKEN_STRIPS_RIGHT)) return true;
    return false;
}

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

static size_t strip_after(const char *p, size_t n, bool blanks) {
    return n && p[0] == ' ' && !blanks ? 0 : white_space(p, n);
}

static size_t strip_before(const char *p, size_t n, bool blanks) {
    return n && p[n - 1] == ' ' && !blanks ? 0 : white_space_before(p, n);
}

bool added_find(const struct added *a, const char *text, size_t n, bool blanks, struct added_match *match) {
    for (size_t i = 0; a->n && i < n; i++) {
        if (i + 1 < n && !may_start(a->starts, text + i)) continue;
        const struct added_token *found = longest(a, (struct str){text + i, n - i});
        if (!found) continue;
        const size_t end = i + found->text.n;
        if (found->how & TOKEN_SINGLE_WORD && (ends_with_word(text, i) || begins_with_word(text + end, n - end))) {
            i = end - 1;
            continue;
        }
        *match = (struct added_match){found->id, i, end};
        size_t more = found->how & TOKEN_STRIPS_LEFT ? strip_before(text, i, blanks) : 0;
        for (; more; more = strip_before(text, match->begin, blanks)) match->begin -= more;
        if (found->how & TOKEN_STRIPS_RIGHT)
            while ((more = strip_after(text + match->end, n - match->end, blanks))) match->end += more;
        return true;
    }
    return false;
}
