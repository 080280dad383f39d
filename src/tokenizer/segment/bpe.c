// SPDX-License-Identifier: MIT
#include "bpe.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "base/map.h"
#include "tokenizer/byte_map.h"

enum {
    ID_BITS = 21,
    RANK_BITS = 22,
    NO_RANK = INT32_MAX, // above every rank
    SHORT_WORD = 32,     // up to here a look at every pair is faster than lists
    LEAST_LINKS = 4096,
};

static uint64_t pair_of(int32_t left, int32_t right) { return (uint64_t)left << ID_BITS | (uint64_t)right; }

static size_t slot_of(const struct bpe *bpe, uint64_t pair) { return (pair * 0x9e3779b97f4a7c15u) >> bpe->shift; }

static int32_t rank_of(const struct bpe *bpe, int32_t left, int32_t right) {
    uint64_t pair = pair_of(left, right);
    size_t mask = ((size_t)1 << (64 - bpe->shift)) - 1;
    for (size_t i = slot_of(bpe, pair);; i = (i + 1) & mask) {
        uint64_t slot = bpe->slots[i];
        if (slot >> RANK_BITS == pair && slot) return (int32_t)(slot & BPE_MAX_MERGES) - 1;
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

// ids[0..n) are the tokens of the bytes; they become the tokens of the word. Returns their number.
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
// The tokens are a list; the pairs of each rank are a list too; and a heap has the ranks whose pairs are to be merged.
// A merge takes constant time, and the heap is small: it has each rank once.

struct link {
    int32_t id;
    int32_t prev, next;    // tokens of the word; -1: none
    int32_t rank;          // of the pair with the next one
    int32_t before, after; // pairs of the same rank; -1: none
};

// State of a rank: out of the heap, in the heap without pairs, or the first pair's position + 1.
enum { OUTSIDE = 0, WITHOUT_PAIRS = -1 };

struct long_word {
    const struct bpe *bpe;
    struct link *links; // [n]
    int32_t *first;     // [n_merges] all OUTSIDE at the begin and at the end
    int32_t *heap;      // [n_ranks] of at most n_merges
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

// Ranks the pair at `at` and its next one, and puts it among those of its rank.
static void add_pair(struct long_word *w, int32_t at) {
    struct link *link = &w->links[at];
    link->rank = link->next < 0 ? NO_RANK : rank_of(w->bpe, link->id, w->links[link->next].id);
    if (link->rank == NO_RANK) return;
    int32_t *first = &w->first[link->rank];
    if (*first == OUTSIDE) heap_push(w, link->rank);
    link->before = -1;
    link->after = *first > 0 ? *first - 1 : -1;
    if (link->after >= 0) w->links[link->after].before = at;
    *first = at + 1;
}

static void remove_pair(struct long_word *w, int32_t at) {
    const struct link *link = &w->links[at];
    if (link->rank == NO_RANK) return;
    if (link->after >= 0) w->links[link->after].before = link->before;
    if (link->before >= 0) w->links[link->before].after = link->after;
    else w->first[link->rank] = link->after >= 0 ? link->after + 1 : WITHOUT_PAIRS;
}

static void merge_pair(struct long_word *w, int32_t at) {
    struct link *link = &w->links[at];
    remove_pair(w, at);
    remove_pair(w, link->next);
    if (link->prev >= 0) remove_pair(w, link->prev);
    link->id = w->bpe->results[link->rank];
    link->next = w->links[link->next].next;
    if (link->next >= 0) w->links[link->next].prev = at;
    add_pair(w, at);
    if (link->prev >= 0) add_pair(w, link->prev);
}

// Pairs of one rank are the same two tokens, so they overlap only in runs of one token: those are merged from their
// begin.
static void merge_rank(struct long_word *w, int32_t rank) {
    while (w->first[rank] > 0) {
        int32_t at = w->first[rank] - 1;
        while (w->links[at].prev >= 0 && w->links[w->links[at].prev].rank == rank) at = w->links[at].prev;
        for (; at >= 0 && w->links[at].rank == rank; at = w->links[at].next) merge_pair(w, at);
    }
    w->first[rank] = OUTSIDE;
}

static void merge_long(struct long_word *w, size_t n) {
    for (size_t i = 0; i < n; i++) {
        w->links[i].prev = (int32_t)i - 1;
        w->links[i].next = i + 1 < n ? (int32_t)i + 1 : -1;
    }
    for (size_t i = n; i-- > 0;) add_pair(w, (int32_t)i);
    while (w->n_ranks) merge_rank(w, heap_pop(w));
}

void bpe_room_free(struct bpe_room *room) {
    map_release(room->links, room->n_links * sizeof *room->links);
    free(room->ranks);
    *room = (struct bpe_room){0};
}

static quill_status make_room(const struct bpe *bpe, struct bpe_room *room, size_t n, quill_error *err) {
    if (n > INT32_MAX - 1) return fail(err, QUILL_E_SYSTEM, "a word of %zu bytes is too long to encode", n);
    if (!room->ranks && !(room->ranks = alloc_zeroed(2 * bpe->n_merges, sizeof(int32_t)))) return fail_memory(err);
    if (n <= room->n_links) return QUILL_OK;
    map_release(room->links, room->n_links * sizeof *room->links);
    size_t bytes, fit = n < LEAST_LINKS ? LEAST_LINKS : n;
    bool ok = checked_mul_size(&bytes, fit, sizeof *room->links);
    room->links = ok ? map_reserve(bytes) : NULL;
    room->n_links = room->links ? fit : 0;
    return room->links ? QUILL_OK : fail_memory(err);
}

static quill_status no_byte(uint8_t byte, quill_error *err) {
    return fail(err, QUILL_E_MODEL, "the vocabulary has no token for the byte 0x%02x", byte);
}

static quill_status encode_long(const struct bpe *bpe, struct bpe_room *room, quill_ids *out, const char *word,
                                size_t n, quill_error *err) {
    quill_status status = make_room(bpe, room, n, err);
    if (status) return status;
    struct long_word w = {bpe, room->links, room->ranks, room->ranks + bpe->n_merges, 0};
    for (size_t i = 0; i < n; i++) {
        w.links[i].id = bpe->bytes[(uint8_t)word[i]];
        if (w.links[i].id == BPE_NO_BYTE) return no_byte((uint8_t)word[i], err);
    }
    merge_long(&w, n);
    size_t count = 0;
    for (int32_t i = 0; i >= 0; i = w.links[i].next) count++;
    if (!ids_reserve(out, count)) return fail_memory(err);
    for (int32_t i = 0; i >= 0; i = w.links[i].next) out->ids[out->n++] = w.links[i].id;
    return QUILL_OK;
}

quill_status bpe_encode(const struct bpe *bpe, struct bpe_room *room, quill_ids *out, const char *word, size_t n,
                        quill_error *err) {
    if (n > SHORT_WORD) return encode_long(bpe, room, out, word, n, err);
    if (!ids_reserve(out, n)) return fail_memory(err);
    int32_t *ids = out->ids + out->n;
    for (size_t i = 0; i < n; i++) {
        ids[i] = bpe->bytes[(uint8_t)word[i]];
        if (ids[i] == BPE_NO_BYTE) return no_byte((uint8_t)word[i], err);
    }
    out->n += merge_short(bpe, ids, n);
    return QUILL_OK;
}

bool ids_reserve(quill_ids *list, size_t more) {
    size_t need, cap = list->cap < 16 ? 32 : list->cap + list->cap / 2;
    if (!checked_add_size(&need, list->n, more)) return false;
    if (need <= list->cap) return true;
    if (cap < need) cap = need;
    int32_t *ids = alloc_resize(list->ids, cap, sizeof *ids);
    if (!ids) return false;
    list->ids = ids;
    list->cap = cap;
    return true;
}

// ---- building -------------------------------------------------------------------------------------------------------

static quill_status bad_merge(const struct vocab_spec *spec, size_t rank, quill_error *err) {
    return fail(err, QUILL_E_MODEL, "%s: merge %zu: expected two tokens that make a third, found '%s'",
                QUOTED(str_of(spec->file)), rank, QUOTED(spec->merges[rank]));
}

// A merge on its way from text to slot. Merges are read a group at a time, step by step: each step asks for the memory
// that the next one needs, so that the group waits for it together.
struct merge {
    char *room;          // for the bytes of two tokens, and 16 more
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

// Vocabularies list tokens in the order in which they were made. If `guess` is what left and right make, its bytes are
// theirs.
static bool is_guess(const struct token_table *v, const struct vocab_spec *spec, int32_t guess, struct str left,
                     struct str right, struct merge *m, size_t *n) {
    if ((size_t)guess >= v->n || v->kinds[guess] != TOKEN_NORMAL) return false;
    struct str text = spec->tokens[guess], bytes = token_bytes(v, guess);
    if (text.n != left.n + right.n || memcmp(text.p, left.p, left.n) || memcmp(text.p + left.n, right.p, right.n))
        return false;
    if (right.n && ((uint8_t)right.p[0] & 0xc0) == 0x80) return false; // a character is cut in two
    // A byte for each character. Mostly all are ASCII, or all but a blank at the begin.
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
    const char *blank = text.n ? memchr(text.p, ' ', text.n) : NULL;
    if (!blank) return false;
    struct str left = {text.p, (size_t)(blank - text.p)}, right = {blank + 1, text.n - left.n - 1};
    size_t n_left, n_right;
    m->result = -1;
    if (is_guess(v, spec, guess, left, right, m, &n_left)) {
        m->result = guess;
    } else {
        // At most two bytes of text stand for a byte.
        if (left.n > 2 * v->longest || right.n > 2 * v->longest) return false;
        if (!bytes_of_text(m->room, &n_left, left) || !bytes_of_text(m->room + n_left, &n_right, right)) return false;
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
    int32_t guess = 256; // behind the bytes
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

quill_status bpe_build(struct bpe *bpe, struct token_table *v, const struct vocab_spec *spec, quill_error *err) {
    *bpe = (struct bpe){.shift = 64 - 8, .n_merges = spec->n_merges};
    if (spec->n_merges > BPE_MAX_MERGES)
        return fail(err, QUILL_E_MODEL, "%s: expected at most %d merges, found %zu", QUOTED(str_of(spec->file)),
                    BPE_MAX_MERGES, spec->n_merges);
    while ((size_t)1 << (64 - bpe->shift) < 2 * spec->n_merges) bpe->shift--;
    bpe->slots = alloc_zeroed((size_t)1 << (64 - bpe->shift), sizeof *bpe->slots);
    bpe->results = alloc_array(spec->n_merges, sizeof *bpe->results);
    size_t each = 4 * v->longest + 16, group = each <= MOST_GROUP_ROOM / GROUP ? GROUP : 1;
    char *room = alloc_array(group, each);
    quill_status status = QUILL_OK;
    if (!bpe->slots || !bpe->results || !room) status = fail_memory(err);
    if (!status) status = add_merges(bpe, v, spec, room, each, group, err);
    if (!status) add_byte_tokens(bpe, v);
    free(room);
    if (status) bpe_free(bpe);
    return status;
}

void bpe_free(struct bpe *bpe) {
    free(bpe->slots);
    free(bpe->results);
    *bpe = (struct bpe){0};
}

size_t bpe_memory(const struct bpe *bpe) {
    return ((size_t)1 << (64 - bpe->shift)) * sizeof *bpe->slots + bpe->n_merges * sizeof *bpe->results;
}
