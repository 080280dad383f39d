// SPDX-License-Identifier: MIT
#include "token_table.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "blanks.h"
#include "byte_map.h"

// Normal tokens have a spelling, all others are their own bytes: a stored "é" may mean two different tokens.
static bool is_normal(const struct token_table *v, int32_t id) { return token_kind_of(v, id) == TOKEN_NORMAL; }

static bool is_it(const struct token_table *v, int32_t id, const struct token_key *key) {
    struct str bytes = token_bytes(v, id);
    if (bytes.n != key->n) return false;
    if (key->n > WORD_BYTES) return memcmp(bytes.p, key->p, key->n) == 0;
    struct word word = word_at(bytes.p, bytes.n);
    return word.low == key->word.low && word.high == key->word.high;
}

// A slot holds an id + 1 and bits of its hash that do not say where the slot is: nearly every other token is told apart
// without a look at its bytes.
enum { SLOT_ID_BITS = 22 };
_Static_assert(MOST_TOKENS < 1 << SLOT_ID_BITS, "an id + 1 fits");

static uint32_t slot_of(int32_t id, const struct token_key *key) {
    return (uint32_t)(key->hash >> 32) >> SLOT_ID_BITS << SLOT_ID_BITS | (uint32_t)(id + 1);
}

static int32_t id_in(uint32_t slot) { return (int32_t)(slot & ((1u << SLOT_ID_BITS) - 1)) - 1; }

static uint32_t *find_slot(const struct token_table *v, const struct token_key *key) {
    const uint32_t none = slot_of(-1, key);
    for (size_t i = key->hash & v->mask;; i = (i + 1) & v->mask) {
        const uint32_t slot = v->slots[i];
        if (slot == 0 || ((slot ^ none) >> SLOT_ID_BITS == 0 && is_it(v, id_in(slot), key))) return &v->slots[i];
    }
}

int32_t token_table_find(const struct token_table *v, const struct token_key *key) { return id_in(*find_slot(v, key)); }

static quill_status insert(struct token_table *v, int32_t id, const struct token_key *key,
                           const struct vocab_spec *spec, quill_error *err) {
    uint32_t *slot = find_slot(v, key);
    const int32_t other = id_in(*slot);
    if (other >= 0 && is_normal(v, other) == is_normal(v, id))
        return fail(err, QUILL_E_MODEL, "%s: tokens %d and %d are the same text '%s'", QUOTED(str_of(spec->file)),
                    other, id, QUOTED(spec->tokens[id]));
    if (other < 0 || is_normal(v, id)) *slot = slot_of(id, key);
    return QUILL_OK;
}

static bool is_findable(const struct token_table *v, int32_t id) {
    enum token_kind kind = token_kind_of(v, id);
    return token_bytes(v, id).n && (kind == TOKEN_NORMAL || kind == TOKEN_SPECIAL || kind == TOKEN_ADDED);
}

// A table is larger than the processor's cache, so slots are prefetched some tokens before they are needed.
static quill_status insert_all(struct token_table *v, const struct vocab_spec *spec, quill_error *err) {
    enum { AHEAD = 16 };
    struct token_key keys[AHEAD];
    for (size_t i = 0; i < v->n + AHEAD; i++) {
        struct token_key *key = &keys[i % AHEAD];
        if (i >= AHEAD && is_findable(v, (int32_t)(i - AHEAD))) {
            quill_status status = insert(v, (int32_t)(i - AHEAD), key, spec, err);
            if (status) return status;
        }
        if (i >= v->n) continue;
        struct str bytes = token_bytes(v, (int32_t)i);
        *key = token_key_at(bytes.p, bytes.n);
        token_table_seek(v, key);
    }
    return QUILL_OK;
}

bool token_respell(char *out, size_t *n, struct str text, enum token_spelling spelling) {
    const bool ends = spelling == SPELLED_WORDS && str_ends(text, STR("</w>"));
    if (spelling == SPELLED_BYTES) return bytes_of_text(out, n, text);
    if (spelling != SPELLED_PLAIN && text.n && memchr(text.p, ' ', text.n)) return false;
    *n = text.n - (ends ? 4 : 0);
    if (spelling == SPELLED_BLANKS) *n = blanks_of_marks(out, text);
    else if (*n) memcpy(out, text.p, *n);
    if (ends) out[(*n)++] = ' ';
    return true;
}

// Writes the bytes of token `id` at offset `at` and returns the offset after them.
static size_t add_bytes(struct token_table *v, int32_t id, const struct vocab_spec *spec, size_t at) {
    struct str text = spec->tokens[id];
    enum token_kind kind = token_kind_of(v, id);
    size_t n = text.n;
    if (v->gap) v->bytes[at++] = ' ';
    if (kind == TOKEN_BYTE && byte_of_name(v->bytes + at, text)) {
        n = 1;
    } else if (kind != TOKEN_NORMAL || !token_respell(v->bytes + at, &n, text, spec->spelling)) {
        // Text cannot yield a misspelled token. Hugging Face decodes it as written, and so does quill: a vocabulary is
        // not refused for a row that no text uses.
        if (kind == TOKEN_NORMAL || kind == TOKEN_BYTE) v->kinds[id] |= TOKEN_LITERAL;
        n = text.n;
        if (n) memcpy(v->bytes + at, text.p, n);
    }
    if (n > v->longest) v->longest = n;
    return at + n;
}

static quill_status allocate(struct token_table *v, const struct vocab_spec *spec, quill_error *err) {
    size_t total = WORD_BYTES, n_slots = 256;
    v->gap = spec->spelling == SPELLED_WORDS;
    if (spec->n_tokens == 0 || spec->n_tokens > MOST_TOKENS)
        return fail(err, QUILL_E_MODEL, "%s: expected 1 to %d tokens, found %zu", QUOTED(str_of(spec->file)),
                    MOST_TOKENS, spec->n_tokens);
    for (size_t i = 0; i < spec->n_tokens; i++) {
        size_t n = spec->tokens[i].n;
        if (n > MOST_TOKEN_BYTES)
            return fail(err, QUILL_E_MODEL, "%s: token %zu: expected at most %d bytes, found %zu",
                        QUOTED(str_of(spec->file)), i, MOST_TOKEN_BYTES, n);
        if (!checked_add_size(&total, total, n + v->gap) || total > UINT32_MAX)
            return fail(err, QUILL_E_MODEL, "%s: the tokens have more than 4 GiB of text", QUOTED(str_of(spec->file)));
    }
    while (n_slots < spec->n_tokens + spec->n_tokens / 4) n_slots *= 2;
    v->n = spec->n_tokens;
    v->mask = n_slots - 1;
    v->bytes = alloc_array(total, 1);
    v->starts = alloc_array(v->n + 1, sizeof *v->starts);
    v->kinds = alloc_zeroed(v->n, 1);
    v->slots = alloc_zeroed(n_slots, sizeof *v->slots);
    if (!v->bytes || !v->starts || !v->kinds || !v->slots) return fail_memory(err);
    return QUILL_OK;
}

quill_status token_table_build(struct token_table *v, const struct vocab_spec *spec, quill_error *err) {
    *v = (struct token_table){0};
    size_t at = 0;
    quill_status status = allocate(v, spec, err);
    if (status) goto fail;
    for (size_t i = 0; i < v->n; i++) {
        if (spec->kinds) v->kinds[i] = spec->kinds[i] & (uint8_t)~TOKEN_FROM_TEXT;
        v->starts[i] = (uint32_t)at;
        at = add_bytes(v, (int32_t)i, spec, at);
    }
    v->starts[v->n] = (uint32_t)at;
    memset(v->bytes + at, 0, WORD_BYTES);
    if ((status = insert_all(v, spec, err))) goto fail;
    return QUILL_OK;
fail:
    token_table_free(v);
    return status;
}

bool token_table_bytes(const struct token_table *v, int32_t bytes[256]) {
    int n = 0;
    memset(bytes, 0xff, 256 * sizeof *bytes);
    for (int32_t id = 0; (size_t)id < v->n; id++) {
        if (token_kind_of(v, id) != TOKEN_BYTE) continue;
        int32_t *token = &bytes[(uint8_t)token_bytes(v, id).p[0]];
        n += *token < 0;
        *token = id;
    }
    return n == 256;
}

void token_table_forget(struct token_table *v) {
    free(v->slots);
    v->slots = NULL;
    v->mask = 0;
}

size_t token_table_memory(const struct token_table *v) {
    return v->starts[v->n] + WORD_BYTES + (v->n + 1) * sizeof *v->starts + v->n +
           (v->slots ? (v->mask + 1) * sizeof *v->slots : 0);
}

void token_table_free(struct token_table *v) {
    free(v->bytes);
    free(v->starts);
    free(v->kinds);
    free(v->slots);
    *v = (struct token_table){0};
}
