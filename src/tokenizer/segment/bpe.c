// SPDX-License-Identifier: MIT
#include "bpe_build.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/map.h"
#include "base/meminfo.h"
#include "bpe_symbols.h"
#include "tokenizer/ids.h"

enum {
    NO_RANK = INT32_MAX, // above every rank
    SHORT_WORD = 32,     // up to this length, scanning every pair is faster than lists
    LEAST_LINKS = 4096,
    MOST_KEPT_LINKS = 1 << 15, // links kept after a long word
    RANK_MASK = (1 << RANK_BITS) - 1,
};

static int32_t rank_of(const struct bpe *bpe, int32_t left, int32_t right) {
    uint64_t pair = pair_of(left, right);
    size_t mask = ((size_t)1 << (64 - bpe->shift)) - 1;
    for (size_t i = slot_of(bpe, pair);; i = (i + 1) & mask) {
        uint64_t slot = bpe->slots[i];
        if (slot >> RANK_BITS == pair && slot) return (int32_t)(slot & RANK_MASK) - 1;
        if (!slot) return NO_RANK;
    }
}

// ---- short words ----------------------------------------------------------------------------------------------------

// Merges the pair (at, at + 1) of n tokens.
static void merge_at(const struct bpe *bpe, int32_t *ids, int32_t *ranks, size_t n, size_t at) {
    ids[at] = bpe->results[ranks[at]];
    for (size_t i = at + 1; i + 1 < n; i++) ids[i] = ids[i + 1];
    for (size_t i = at; i + 2 < n; i++) ranks[i] = ranks[i + 1];
    if (at > 0) ranks[at - 1] = rank_of(bpe, ids[at - 1], ids[at]);
    if (at + 2 < n) ranks[at] = rank_of(bpe, ids[at], ids[at + 1]);
}

// ids[0..n), the tokens of the bytes, become the tokens of the word. Returns their number.
static size_t merge_short(const struct bpe *bpe, int32_t *ids, size_t n) {
    int32_t ranks[SHORT_WORD]; // of the pairs (i, i + 1)
    for (size_t i = 0; i + 1 < n; i++) ranks[i] = rank_of(bpe, ids[i], ids[i + 1]);
    for (;;) {
        int32_t least = NO_RANK;
        for (size_t i = 0; i + 1 < n; i++)
            if (ranks[i] < least) least = ranks[i];
        if (least == NO_RANK) return n;
        for (size_t i = 0; i + 1 < n; i++)
            if (ranks[i] == least) merge_at(bpe, ids, ranks, n--, i);
    }
}

// ---- long words -----------------------------------------------------------------------------------------------------
// The tokens form a list, and so do the pairs of each rank; a heap holds the ranks whose pairs are to be merged. A
// merge takes constant time, and the heap is small: it holds each rank once.

struct link {
    int32_t id;
    int32_t length; // bytes of the token, in the links of its first and last byte, so that its neighbours can be found
    int32_t before; // previous pair of the same rank; head_of(rank): none; NOT_LISTED
    int32_t after;  // next pair of the same rank; -1: none
};

enum { NOT_LISTED = -1 };
static int32_t head_of(int32_t rank) { return -2 - rank; } // its own inverse

// State of a rank: not in the heap, in the heap without pairs, or the first pair's position + 1.
enum { OUTSIDE = 0, WITHOUT_PAIRS = -1 };

struct long_word {
    const struct bpe *bpe;
    struct link *links; // [n]
    int32_t n;          // bytes, without those of characters that are left out
    int32_t *first;     // [n_merges] state of each rank; all OUTSIDE before and after a word
    int32_t *heap;      // [n_ranks], room for n_merges
    size_t n_ranks;
};

static void heap_push(struct long_word *w, int32_t rank) {
    size_t i = w->n_ranks++;
    for (; i > 0 && w->heap[(i - 1) / 2] > rank; i = (i - 1) / 2) w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = rank;
}

static int32_t heap_pop(struct long_word *w) {
    int32_t least = w->heap[0], last = w->heap[--w->n_ranks];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < w->n_ranks; i = child) {
        if (child + 1 < w->n_ranks && w->heap[child + 1] < w->heap[child]) child++;
        if (w->heap[child] >= last) break;
        w->heap[i] = w->heap[child];
    }
    w->heap[i] = last;
    return least;
}

// The tokens next to the one at `at`; -1: none.
static int32_t next_of(const struct long_word *w, int32_t at) {
    const int32_t next = at + w->links[at].length;
    return next < w->n ? next : -1;
}
static int32_t prev_of(const struct long_word *w, int32_t at) { return at > 0 ? at - w->links[at - 1].length : -1; }

static void set_length(struct long_word *w, int32_t at, int32_t length) {
    w->links[at].length = w->links[at + length - 1].length = length;
}

// Looks up the rank of the pair of the token at `at` and the next one, and adds it to the list of that rank.
static void add_pair(struct long_word *w, int32_t at) {
    struct link *link = &w->links[at];
    const int32_t next = next_of(w, at), rank = next < 0 ? NO_RANK : rank_of(w->bpe, link->id, w->links[next].id);
    link->before = NOT_LISTED;
    if (rank == NO_RANK) return;
    int32_t *first = &w->first[rank];
    if (*first == OUTSIDE) heap_push(w, rank);
    link->before = head_of(rank);
    link->after = *first > 0 ? *first - 1 : -1;
    if (link->after >= 0) w->links[link->after].before = at;
    *first = at + 1;
}

static void remove_pair(struct long_word *w, int32_t at) {
    const struct link *link = &w->links[at];
    if (link->before == NOT_LISTED) return;
    if (link->after >= 0) w->links[link->after].before = link->before;
    if (link->before >= 0) w->links[link->before].after = link->after;
    else w->first[head_of(link->before)] = link->after >= 0 ? link->after + 1 : WITHOUT_PAIRS;
}

static void merge_pair(struct long_word *w, int32_t at, int32_t rank) {
    const int32_t next = next_of(w, at), prev = prev_of(w, at);
    remove_pair(w, at);
    remove_pair(w, next);
    if (prev >= 0) remove_pair(w, prev);
    w->links[at].id = w->bpe->results[rank];
    set_length(w, at, w->links[at].length + w->links[next].length);
    add_pair(w, at);
    if (prev >= 0) add_pair(w, prev);
}

// Whether the token at `at` and the next one are `left` and `right`.
static bool is_pair(const struct long_word *w, int32_t at, int32_t left, int32_t right) {
    if (at < 0 || w->links[at].id != left) return false;
    const int32_t next = next_of(w, at);
    return next >= 0 && w->links[next].id == right;
}

// Pairs of one rank consist of the same two tokens, so they overlap only in runs of one token; such a run is merged
// from its beginning.
static void merge_rank(struct long_word *w, int32_t rank) {
    while (w->first[rank] > 0) {
        int32_t at = w->first[rank] - 1;
        const int32_t left = w->links[at].id, right = w->links[next_of(w, at)].id;
        while (is_pair(w, prev_of(w, at), left, right)) at = prev_of(w, at);
        for (; is_pair(w, at, left, right); at = next_of(w, at)) merge_pair(w, at, rank);
    }
    w->first[rank] = OUTSIDE;
}

static void merge_long(struct long_word *w) {
    for (int32_t i = w->n > 0 ? prev_of(w, w->n) : -1; i >= 0; i = prev_of(w, i)) add_pair(w, i);
    while (w->n_ranks) merge_rank(w, heap_pop(w));
}

// Working memory for long words.
struct bpe_room {
    struct link *links; // [n_links]
    size_t n_links;
    int32_t *ranks;     // [2 * n_merges]
};

static void release_links(struct bpe_room *room) {
    map_release(room->links, room->n_links * sizeof *room->links);
    room->links = NULL;
    room->n_links = 0;
}

static void free_room(void *of_bpe) {
    struct bpe_room *room = of_bpe;
    if (!room) return;
    release_links(room);
    free(room->ranks);
    free(room);
}

static void trim_room(void *of_bpe) {
    struct bpe_room *room = of_bpe;
    if (room && room->n_links > MOST_KEPT_LINKS) release_links(room);
}

static quill_status make_room(const struct bpe *bpe, void **of_bpe, size_t n, quill_error *err) {
    if (n > INT32_MAX - 1) return fail(err, QUILL_E_SYSTEM, "a word of %zu bytes is too long to encode", n);
    if (!*of_bpe && !(*of_bpe = alloc_zeroed(1, sizeof(struct bpe_room)))) return fail_memory(err);
    struct bpe_room *room = *of_bpe;
    if (!room->ranks && !(room->ranks = alloc_zeroed(2 * bpe->n_merges, sizeof(int32_t)))) return fail_memory(err);
    if (n <= room->n_links) return QUILL_OK;
    release_links(room);
    size_t bytes, fit = n < LEAST_LINKS ? LEAST_LINKS : n;
    if (!checked_mul_size(&bytes, fit, sizeof *room->links)) return fail_memory(err);
    char what[40];
    snprintf(what, sizeof what, "a word of %zu MiB", n >> 20);
    quill_status s = meminfo_check(bytes, what, err);
    if (s) return s;
    room->links = map_reserve(bytes);
    room->n_links = room->links ? fit : 0;
    return room->links ? QUILL_OK : fail_memory(err);
}

static quill_status no_byte(uint8_t byte, quill_error *err) {
    return fail(err, QUILL_E_MODEL, "the vocabulary has no token for the byte 0x%02x", byte);
}

static void add_link(struct long_word *w, int32_t id, int32_t length) {
    const int32_t at = w->n;
    w->n += length;
    w->links[at].id = id;
    set_length(w, at, length);
}

static quill_status begin_long(struct long_word *w, struct piece word, quill_error *err) {
    struct symbols symbols = {.bpe = w->bpe, .piece = word};
    int32_t id;
    size_t length;
    while (w->bpe->vocab && next_symbol(&symbols, &id, &length)) add_link(w, id, (int32_t)length);
    for (size_t i = 0; !w->bpe->vocab && i < word.n; i++) {
        id = w->bpe->bytes[(uint8_t)word.p[i]];
        if (id == BPE_NO_BYTE) return no_byte((uint8_t)word.p[i], err);
        add_link(w, id, 1);
    }
    return QUILL_OK;
}

// Linear time except for the heap of ranks; 16 n bytes of memory.
static quill_status encode_long(const struct bpe *bpe, void **of_bpe, quill_ids *out, struct piece word,
                                quill_error *err) {
    quill_status status = make_room(bpe, of_bpe, word.n, err);
    if (status) return status;
    const struct bpe_room *room = *of_bpe;
    struct long_word w = {bpe, room->links, 0, room->ranks, room->ranks + bpe->n_merges, 0};
    status = begin_long(&w, word, err);
    if (status || w.n == 0) return status;
    merge_long(&w);
    size_t count = 0;
    for (int32_t i = 0; i >= 0; i = next_of(&w, i)) count++;
    if (!ids_reserve(out, count)) return fail_memory(err);
    for (int32_t i = 0; i >= 0; i = next_of(&w, i)) out->ids[out->n++] = w.links[i].id;
    return QUILL_OK;
}

// The token that equals the whole piece; -1: none that text may yield.
static int32_t whole_token(const struct token_table *v, struct piece word) {
    if (word.n > v->longest) return -1;
    const struct token_key key = token_key_before(word.p, word.n, word.p + word.n);
    int32_t id = token_table_find(v, &key);
    bool yields = id >= 0 && (token_kind_of(v, id) == TOKEN_NORMAL || v->kinds[id] & TOKEN_FROM_TEXT);
    return yields ? id : -1;
}

static size_t begin_short(const struct bpe *bpe, struct piece word, int32_t *ids) {
    struct symbols symbols = {.bpe = bpe, .piece = word};
    size_t n = 0, length;
    int32_t id;
    while (next_symbol(&symbols, &id, &length)) ids[n++] = id;
    return n;
}

static quill_status encode_piece(const void *model, void **room, quill_ids *out, struct piece word, quill_error *err) {
    const struct bpe *bpe = model;
    int32_t whole = bpe->whole ? whole_token(bpe->whole, word) : -1;
    if (whole < 0 && word.n > SHORT_WORD) return encode_long(bpe, room, out, word, err);
    if (!ids_reserve(out, word.n)) return fail_memory(err);
    if (whole >= 0) {
        out->ids[out->n++] = whole;
        return QUILL_OK;
    }
    int32_t *ids = out->ids + out->n;
    if (bpe->vocab) {
        out->n += merge_short(bpe, ids, begin_short(bpe, word, ids));
        return QUILL_OK;
    }
    for (size_t i = 0; i < word.n; i++) {
        ids[i] = bpe->bytes[(uint8_t)word.p[i]];
        if (ids[i] == BPE_NO_BYTE) return no_byte((uint8_t)word.p[i], err);
    }
    out->n += merge_short(bpe, ids, word.n);
    return QUILL_OK;
}

// ---- the segmenter --------------------------------------------------------------------------------------------------

static void bpe_free(void *model) {
    struct bpe *bpe = model;
    if (!bpe) return;
    free(bpe->slots);
    free(bpe->results);
    free(bpe);
}

static size_t bpe_memory(const void *model) {
    const struct bpe *bpe = model;
    return sizeof *bpe + ((size_t)1 << (64 - bpe->shift)) * sizeof *bpe->slots + bpe->n_merges * sizeof *bpe->results;
}

static quill_status check_bytes_spec(const struct vocab_spec *spec, quill_error *err) {
    const char *part = spec->scores ? "scores" : spec->unk >= 0 ? "unk" : spec->byte_fallback ? "byte_fallback" : NULL;
    if (!part) return QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: %s: expected none with byte-level BPE, found it", QUOTED(str_of(spec->file)),
                part);
}

static quill_status create(void **model, struct token_table *vocab, const struct vocab_spec *spec, quill_error *err) {
    const bool characters = spec->model == VOCAB_BPE_CHARS;
    *model = NULL;
    struct bpe *bpe = alloc_zeroed(1, sizeof *bpe);
    if (!bpe) return fail_memory(err);
    quill_status status = bpe_build(bpe, vocab, spec, err);
    if (status) {
        bpe_free(bpe);
        return status;
    }
    if (characters) bpe->vocab = vocab;
    if (spec->ignore_merges) bpe->whole = vocab;
    else if (!characters) token_table_forget(vocab);
    *model = bpe;
    return QUILL_OK;
}

static quill_status bytes_create(void **model, struct token_table *vocab, const struct vocab_spec *spec,
                                 quill_error *err) {
    *model = NULL;
    quill_status status = check_bytes_spec(spec, err);
    return status ? status : create(model, vocab, spec, err);
}

static quill_status chars_create(void **model, struct token_table *vocab, const struct vocab_spec *spec,
                                 quill_error *err) {
    *model = NULL;
    if (!spec->scores) return create(model, vocab, spec, err);
    return fail(err, QUILL_E_MODEL, "%s: scores: expected none with merges, found them", QUOTED(str_of(spec->file)));
}

const struct segmenter bpe_segmenter = {
    .name = "bpe",
    .create = bytes_create,
    .free = bpe_free,
    .memory = bpe_memory,
    .encode_piece = encode_piece,
    .trim_room = trim_room,
    .free_room = free_room,
};

const struct segmenter bpe_chars_segmenter = {
    .name = "bpe",
    .create = chars_create,
    .free = bpe_free,
    .memory = bpe_memory,
    .encode_piece = encode_piece,
    .trim_room = trim_room,
    .free_room = free_room,
};
