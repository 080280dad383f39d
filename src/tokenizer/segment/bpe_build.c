// SPDX-License-Identifier: MIT
// Reads the merges of a vocabulary.
#include "base/alloc.h"
#include "base/utf8.h"
#include "bpe_build.h"

static quill_status bad_merge(const struct vocab_spec *spec, size_t rank, quill_error *err) {
    return fail(err, QUILL_E_MODEL, "%s: merge %zu: expected two tokens that make a third, found '%s'",
                QUOTED(str_of(spec->file)), rank, QUOTED(spec->merges[rank]));
}

// A merge on its way from text to slot. Merges are read in groups, step by step: each step prefetches the memory that
// the next step needs, so that the group waits for memory only once.
struct merge {
    char *room;          // room for the bytes of two tokens and 16 more
    const char *bytes;   // of both sides: here, or the result's own
    struct token_key left, right;
    size_t n;            // of both
    int32_t result;      // -1: not known yet
    uint64_t pair;
};

enum { GROUP = 16, MOST_GROUP_ROOM = 1 << 20 };

static size_t count_characters(struct str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        if (((uint8_t)text.p[i] & 0xc0) != 0x80) n++;
    return n;
}

// Vocabularies list tokens in the order in which they were made, so the next result is often the next id. Whether
// `guess` is the token that left and right make: its bytes are then used.
static bool is_guess(const struct token_table *v, const struct vocab_spec *spec, int32_t guess, struct str left,
                     struct str right, struct merge *m, size_t *n) {
    if ((size_t)guess >= v->n || v->kinds[guess] != TOKEN_NORMAL) return false;
    struct str text = spec->tokens[guess], bytes = token_bytes(v, guess);
    if (text.n != left.n + right.n || memcmp(text.p, left.p, left.n) || memcmp(text.p + left.n, right.p, right.n))
        return false;
    if (right.n && ((uint8_t)right.p[0] & 0xc0) == 0x80) return false; // a character is cut in two
    // A byte for each character. Mostly all are ASCII, or all except a space at the beginning.
    if (text.n == bytes.n) *n = left.n;
    else if (text.n == bytes.n + 1 && (uint8_t)text.p[0] >= 0x80) *n = left.n - 1;
    else *n = count_characters(left);
    m->bytes = bytes.p;
    m->n = bytes.n;
    return true;
}

static bool read_sides(const struct token_table *v, const struct vocab_spec *spec, size_t rank, int32_t guess,
                       struct merge *m) {
    struct str text = spec->merges[rank];
    const char *blank = text.n ? memchr(text.p, '\0', text.n) : NULL;
    if (!blank) blank = text.n ? memchr(text.p, ' ', text.n) : NULL;
    if (!blank) return false;
    struct str left = {text.p, (size_t)(blank - text.p)}, right = {blank + 1, text.n - left.n - 1};
    size_t n_left, n_right;
    m->result = -1;
    if (spec->spelling == SPELLED_BYTES && is_guess(v, spec, guess, left, right, m, &n_left)) {
        m->result = guess;
    } else {
        // At most this many bytes of text stand for a byte.
        if (left.n > LONGEST_SPELLING * v->longest || right.n > LONGEST_SPELLING * v->longest) return false;
        if (!token_respell(m->room, &n_left, left, spec->spelling) ||
            !token_respell(m->room + n_left, &n_right, right, spec->spelling))
            return false;
        m->bytes = m->room;
        m->n = n_left + n_right;
    }
    if (!n_left || n_left == m->n) return false;
    m->left = token_key_at(m->bytes, n_left);
    m->right = token_key_at(m->bytes + n_left, m->n - n_left);
    token_table_seek(v, &m->left);
    token_table_seek(v, &m->right);
    return true;
}

static bool find_tokens(const struct bpe *bpe, const struct token_table *v, struct merge *m) {
    int32_t left = token_table_find(v, &m->left), right = token_table_find(v, &m->right);
    if (m->result < 0) {
        const struct token_key both = token_key_at(m->bytes, m->n);
        m->result = token_table_find(v, &both);
    }
    if (left < 0 || right < 0 || m->result < 0) return false;
    m->pair = pair_of(left, right);
    __builtin_prefetch(&bpe->slots[slot_of(bpe, m->pair)], 1);
    return true;
}

static bool insert(struct bpe *bpe, const struct merge *m, size_t rank) {
    size_t mask = ((size_t)1 << (64 - bpe->shift)) - 1, i = slot_of(bpe, m->pair);
    for (; bpe->slots[i]; i = (i + 1) & mask)
        if (bpe->slots[i] >> RANK_BITS == m->pair) return false;
    bpe->slots[i] = m->pair << RANK_BITS | (rank + 1);
    bpe->results[rank] = m->result;
    return true;
}

static quill_status add_merges(struct bpe *bpe, struct token_table *v, const struct vocab_spec *spec, char *room,
                               size_t each, size_t group, quill_error *err) {
    struct merge merges[GROUP];
    int32_t guess = 256; // after the tokens of single bytes
    for (size_t i = 0; i < group; i++) merges[i].room = room + i * each;
    for (size_t rank = 0, n; rank < spec->n_merges; rank += n) {
        n = spec->n_merges - rank < group ? spec->n_merges - rank : group;
        for (size_t i = 0; i < n; i++, guess++)
            if (!read_sides(v, spec, rank + i, guess, &merges[i])) return bad_merge(spec, rank + i, err);
        for (size_t i = 0; i < n; i++)
            if (!find_tokens(bpe, v, &merges[i])) return bad_merge(spec, rank + i, err);
        guess = merges[n - 1].result + 1;
        for (size_t i = 0; i < n; i++) {
            if (!insert(bpe, &merges[i], rank + i))
                return fail(err, QUILL_E_MODEL, "%s: merge %zu '%s' is there twice", QUOTED(str_of(spec->file)),
                            rank + i, QUOTED(spec->merges[rank + i]));
            v->kinds[merges[i].result] |= TOKEN_FROM_TEXT;
        }
    }
    return QUILL_OK;
}

static void add_byte_tokens(struct bpe *bpe, struct token_table *v) {
    for (int byte = 0; byte < 256; byte++) {
        char text[16] = {(char)byte};
        const struct token_key key = token_key_at(text, 1);
        bpe->bytes[byte] = token_table_find(v, &key);
        if (bpe->bytes[byte] >= 0) v->kinds[bpe->bytes[byte]] |= TOKEN_FROM_TEXT;
    }
}

static void add_first_tokens(struct bpe *bpe, struct token_table *v, const struct vocab_spec *spec) {
    if (spec->model == VOCAB_BPE) {
        add_byte_tokens(bpe, v);
        return;
    }
    bpe->unk = spec->unk;
    bpe->fuse_unk = spec->fuse_unk;
    bpe->ends_words = spec->spelling == SPELLED_WORDS;
    memset(bpe->bytes, 0xff, sizeof bpe->bytes);
    if (spec->byte_fallback) (void)token_table_bytes(v, bpe->bytes);
    for (int32_t id = 0; (size_t)id < v->n; id++) {
        struct str bytes = token_bytes(v, id);
        if (bytes.n && utf8_step(bytes.p, bytes.n, NULL) == (int)bytes.n) v->kinds[id] |= TOKEN_FROM_TEXT;
    }
}

quill_status bpe_build(struct bpe *bpe, struct token_table *v, const struct vocab_spec *spec, quill_error *err) {
    *bpe = (struct bpe){.shift = 64 - 8, .n_merges = spec->n_merges};
    if (spec->n_merges > MOST_MERGES)
        return fail(err, QUILL_E_MODEL, "%s: expected at most %d merges, found %zu", QUOTED(str_of(spec->file)),
                    MOST_MERGES, spec->n_merges);
    while ((size_t)1 << (64 - bpe->shift) < 2 * spec->n_merges) bpe->shift--;
    bpe->slots = alloc_zeroed((size_t)1 << (64 - bpe->shift), sizeof *bpe->slots);
    bpe->results = alloc_array(spec->n_merges, sizeof *bpe->results);
    size_t each = 2 * LONGEST_SPELLING * v->longest + 16, group = each <= MOST_GROUP_ROOM / GROUP ? GROUP : 1;
    char *room = alloc_array(group, each);
    quill_status status = QUILL_OK;
    if (!bpe->slots || !bpe->results || !room) status = fail_memory(err);
    if (!status) status = add_merges(bpe, v, spec, room, each, group, err);
    if (!status) add_first_tokens(bpe, v, spec);
    free(room);
    return status;
}
