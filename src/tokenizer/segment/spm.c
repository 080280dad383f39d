// SPDX-License-Identifier: MIT
// SentencePiece's BPE: a piece begins as its characters. Of all adjacent parts that together are a token, those whose
// token has the highest score are joined, of equal ones the leftmost, until none is left (Kudo and Richardson 2018,
// "SentencePiece", section 3). A character that is no token becomes the tokens of its bytes, or the unknown token.
#include "base/alloc.h"
#include "base/utf8.h"
#include "room.h"
#include "scores.h"
#include "segment.h"
#include "tokenizer/ids.h"

enum {
    NO_TOKEN = -1,
    SHORT_PIECE = 32, // bytes; up to this length, scanning every pair is faster than a heap
};

struct spm {
    const struct token_table *vocab;
    double *scores;     // [vocab->n]
    int32_t bytes[256]; // the token of each byte; NO_TOKEN
    int32_t unk;        // NO_TOKEN: none
};

// The token that joining may yield; NO_TOKEN: none. Added tokens were taken out of the text before.
static int32_t joined_token(const struct spm *spm, const struct token_key *key) {
    int32_t id = key->n <= spm->vocab->longest ? token_table_find(spm->vocab, key) : NO_TOKEN;
    return id >= 0 && token_kind_of(spm->vocab, id) == TOKEN_NORMAL ? id : NO_TOKEN;
}

// The length of the character or invalid byte that p[0..n) begins with.
static size_t first_length(const char *p, size_t n) {
    int step = utf8_step(p, n, NULL);
    return step > 0 ? (size_t)step : 1;
}

// ---- the tokens of parts --------------------------------------------------------------------------------------------

static bool has_bytes(const struct spm *spm, struct str text) {
    for (size_t i = 0; i < text.n; i++)
        if (spm->bytes[(uint8_t)text.p[i]] < 0) return false;
    return true;
}

// Appends the tokens of a character that is no token; there is room. *unknown: the part before became the unknown
// token, and a run of them is one.
static quill_status add_unknown(const struct spm *spm, quill_ids *out, struct str text, bool *unknown,
                                quill_error *err) {
    bool known = has_bytes(spm, text);
    for (size_t i = 0; known && i < text.n; i++) out->ids[out->n++] = spm->bytes[(uint8_t)text.p[i]];
    if (!known && spm->unk < 0)
        return fail(err, QUILL_E_MODEL, "the vocabulary has no token for the character '%s'", QUOTED(text));
    if (!known && !*unknown) out->ids[out->n++] = spm->unk;
    *unknown = !known;
    return QUILL_OK;
}

static quill_status add_part(const struct spm *spm, quill_ids *out, int32_t id, struct str text, bool *unknown,
                             quill_error *err) {
    if (id < 0) return add_unknown(spm, out, text, unknown, err);
    out->ids[out->n++] = id;
    *unknown = false;
    return QUILL_OK;
}

// ---- short pieces ---------------------------------------------------------------------------------------------------

struct short_piece {
    char text[SHORT_PIECE + WORD_BYTES];
    uint8_t starts[SHORT_PIECE + 1]; // [n + 1] of the parts in text
    int32_t ids[SHORT_PIECE];        // of the parts
    int32_t pairs[SHORT_PIECE];      // of the parts i and i + 1 together
    size_t n;
};

static int32_t find_parts(const struct spm *spm, const struct short_piece *s, size_t first, size_t end) {
    const struct token_key key = token_key_at(s->text + s->starts[first], s->starts[end] - (size_t)s->starts[first]);
    return joined_token(spm, &key);
}

static void join_at(const struct spm *spm, struct short_piece *s, size_t at) {
    s->ids[at] = s->pairs[at];
    s->n--;
    for (size_t i = at + 1; i < s->n; i++) s->ids[i] = s->ids[i + 1];
    for (size_t i = at + 1; i <= s->n; i++) s->starts[i] = s->starts[i + 1];
    for (size_t i = at; i + 1 < s->n; i++) s->pairs[i] = s->pairs[i + 1];
    if (at > 0) s->pairs[at - 1] = find_parts(spm, s, at - 1, at + 1);
    if (at + 1 < s->n) s->pairs[at] = find_parts(spm, s, at, at + 2);
}

static void join_short(const struct spm *spm, struct short_piece *s) {
    for (size_t i = 0; i < s->n; i++) s->ids[i] = find_parts(spm, s, i, i + 1);
    for (size_t i = 0; i + 1 < s->n; i++) s->pairs[i] = find_parts(spm, s, i, i + 2);
    for (;;) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i + 1 < s->n; i++)
            if (s->pairs[i] >= 0 && (best == SIZE_MAX || spm->scores[s->pairs[i]] > spm->scores[s->pairs[best]]))
                best = i;
        if (best == SIZE_MAX) return;
        join_at(spm, s, best);
    }
}

static quill_status encode_short(const struct spm *spm, quill_ids *out, struct piece piece, quill_error *err) {
    struct short_piece s;
    quill_status status = QUILL_OK;
    bool unknown = false;
    memcpy(s.text, piece.p, piece.n);
    memset(s.text + piece.n, 0, WORD_BYTES);
    s.n = 0;
    for (size_t at = 0; at < piece.n; at += first_length(s.text + at, piece.n - at)) s.starts[s.n++] = (uint8_t)at;
    s.starts[s.n] = (uint8_t)piece.n;
    join_short(spm, &s);
    for (size_t i = 0; !status && i < s.n; i++) {
        const struct str text = {s.text + s.starts[i], s.starts[i + 1] - (size_t)s.starts[i]};
        status = add_part(spm, out, s.ids[i], text, &unknown, err);
    }
    return status;
}

// ---- long pieces ----------------------------------------------------------------------------------------------------
// The parts form a list, and a heap holds the pairs of parts that can be joined.

struct part {
    uint32_t at, n;      // bytes in the piece; n 0: joined to the part before
    int32_t before, next; // parts; -1: none
    int32_t id;
};

struct pair {
    double score;
    int32_t left;  // part
    uint32_t n;    // bytes of both; if the two parts there have another sum, they have changed since
    int32_t id;
};

struct long_piece {
    const struct spm *spm;
    struct piece piece;
    struct part *parts; // [n_parts]
    struct pair *heap;  // [n_pairs], room for 2 * n_parts: joining two parts takes one pair and adds at most two
    size_t n_parts, n_pairs;
};

static bool goes_before(const struct pair *a, const struct pair *b) {
    return a->score > b->score || (a->score == b->score && a->left < b->left);
}

static void heap_push(struct long_piece *l, struct pair pair) {
    size_t i = l->n_pairs++;
    for (; i > 0 && goes_before(&pair, &l->heap[(i - 1) / 2]); i = (i - 1) / 2) l->heap[i] = l->heap[(i - 1) / 2];
    l->heap[i] = pair;
}

static struct pair heap_pop(struct long_piece *l) {
    struct pair first = l->heap[0], last = l->heap[--l->n_pairs];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < l->n_pairs; i = child) {
        if (child + 1 < l->n_pairs && goes_before(&l->heap[child + 1], &l->heap[child])) child++;
        if (!goes_before(&l->heap[child], &last)) break;
        l->heap[i] = l->heap[child];
    }
    l->heap[i] = last;
    return first;
}

static int32_t find_range(const struct long_piece *l, size_t at, size_t n) {
    if (n > l->spm->vocab->longest) return NO_TOKEN;
    const struct token_key key = token_key_before(l->piece.p + at, n, l->piece.p + l->piece.n);
    return joined_token(l->spm, &key);
}

// Adds the pair of a part and the next one, if they can be joined.
static void add_pair(struct long_piece *l, int32_t left) {
    const int32_t right = left >= 0 ? l->parts[left].next : -1;
    if (right < 0) return;
    const size_t n = (size_t)l->parts[left].n + l->parts[right].n;
    const int32_t id = find_range(l, l->parts[left].at, n);
    if (id >= 0) heap_push(l, (struct pair){l->spm->scores[id], left, (uint32_t)n, id});
}

static void join(struct long_piece *l, const struct pair *pair) {
    struct part *left = &l->parts[pair->left];
    struct part *right = left->n && left->next >= 0 ? &l->parts[left->next] : NULL;
    if (!right || left->n + right->n != pair->n) return;
    left->n = pair->n;
    left->id = pair->id;
    left->next = right->next;
    right->n = 0;
    if (left->next >= 0) l->parts[left->next].before = pair->left;
    add_pair(l, left->before);
    add_pair(l, pair->left);
}

static void make_parts(struct long_piece *l) {
    for (size_t at = 0, n; at < l->piece.n; at += n) {
        const int32_t i = (int32_t)l->n_parts++;
        n = first_length(l->piece.p + at, l->piece.n - at);
        l->parts[i] = (struct part){(uint32_t)at, (uint32_t)n, i - 1, at + n < l->piece.n ? i + 1 : -1,
                                    find_range(l, at, n)};
    }
}

enum { PART_BYTES = sizeof(struct part) + 2 * sizeof(struct pair) }; // working memory

static quill_status encode_long(const struct spm *spm, void **of_spm, quill_ids *out, struct piece piece,
                                quill_error *err) {
    quill_status status = room_fit(of_spm, piece.n, PART_BYTES, err);
    if (status) return status;
    const struct room *room = *of_spm;
    struct long_piece l = {.spm = spm, .piece = piece, .heap = room->memory};
    bool unknown = false;
    l.parts = (struct part *)(void *)(l.heap + 2 * room->n);
    make_parts(&l);
    for (size_t i = 0; i < l.n_parts; i++) add_pair(&l, (int32_t)i);
    while (l.n_pairs) {
        const struct pair pair = heap_pop(&l);
        join(&l, &pair);
    }
    for (int32_t i = 0; !status && i >= 0; i = l.parts[i].next) {
        const struct str text = {piece.p + l.parts[i].at, l.parts[i].n};
        status = add_part(spm, out, l.parts[i].id, text, &unknown, err);
    }
    return status;
}

static quill_status encode_piece(const void *model, void **room, quill_ids *out, struct piece piece, quill_error *err) {
    if (!ids_reserve(out, piece.n)) return fail_memory(err);
    return piece.n <= SHORT_PIECE ? encode_short(model, out, piece, err) : encode_long(model, room, out, piece, err);
}

// ---- the segmenter --------------------------------------------------------------------------------------------------

static void spm_free(void *model) {
    struct spm *spm = model;
    if (!spm) return;
    free(spm->scores);
    free(spm);
}

static size_t spm_memory(const void *model) {
    const struct spm *spm = model;
    return sizeof *spm + spm->vocab->n * sizeof *spm->scores;
}

static quill_status fill(struct spm *spm, struct token_table *vocab, const struct vocab_spec *spec, quill_error *err) {
    quill_status status = scores_copy(&spm->scores, spec, err);
    if (status) return status;
    memset(spm->bytes, 0xff, sizeof spm->bytes);
    if (spec->byte_fallback) (void)token_table_bytes(spm->vocab, spm->bytes);
    spm->unk = spec->unk;
    for (size_t i = 0; i < vocab->n; i++)
        if (token_kind_of(vocab, (int32_t)i) == TOKEN_NORMAL) vocab->kinds[i] |= TOKEN_FROM_TEXT;
    return QUILL_OK;
}

static quill_status spm_create(void **model, struct token_table *vocab, const struct vocab_spec *spec,
                               quill_error *err) {
    *model = NULL;
    struct spm *spm = alloc_zeroed(1, sizeof *spm);
    if (!spm) return fail_memory(err);
    spm->vocab = vocab;
    quill_status status = fill(spm, vocab, spec, err);
    if (status) spm_free(spm);
    else *model = spm;
    return status;
}

const struct segmenter spm_segmenter = {
    .name = "spm",
    .create = spm_create,
    .free = spm_free,
    .memory = spm_memory,
    .encode_piece = encode_piece,
    .trim_room = room_trim,
    .free_room = room_free,
};
