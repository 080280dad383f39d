// SPDX-License-Identifier: MIT
// Unigram: of all ways to write a piece as tokens, the one whose scores have the highest sum (Kudo 2018, "Subword
// regularization"; Viterbi's algorithm, in double precision; the first of equal ones). A character that no token of one
// character covers may also be unknown, at a price. A run of unknown characters becomes the tokens of its bytes, or one
// unknown token.
#include <math.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "room.h"
#include "scores.h"
#include "segment.h"
#include "tokenizer/ids.h"

enum {
    NO_TOKEN = -1,
    UNKNOWN_PRICE = 10, // below the least score
    FIRST_BYTES = 65536, // pairs of a text's first two bytes
};

// A token, among those that sort by their bytes.
struct sorted {
    int32_t id;
    int32_t prefix; // place of the longest other token that is a prefix of it; -1: none
};

struct unigram {
    const struct token_table *vocab;
    double *scores;        // [vocab->n]
    struct sorted *sorted; // [n_sorted]
    size_t n_sorted;
    uint32_t *first;       // [FIRST_BYTES + 1] place of the first token that does not sort before the pair
    double unknown_score;
    int32_t bytes[256];    // the token of each byte; NO_TOKEN
    int32_t unk;           // NO_TOKEN: none
};

// ---- the tokens that a text begins with -----------------------------------------------------------------------------

static struct str sorted_text(const struct unigram *u, size_t place) {
    return token_bytes(u->vocab, u->sorted[place].id);
}

static size_t pair_at(struct str text) { return (size_t)(uint8_t)text.p[0] << 8 | (uint8_t)text.p[1]; }

// The place of the longest token that `text` begins with; -1: none. The others are its prefixes.
static int32_t longest(const struct unigram *u, struct str text) {
    size_t low = 0, high = u->n_sorted; // tokens before `low` sort at or before the text, those from `high` on after it
    if (text.n >= 2) {
        low = u->first[pair_at(text)];
        high = u->first[pair_at(text) + 1];
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(sorted_text(u, middle), text) <= 0) low = middle + 1;
        else high = middle;
    }
    int32_t place = (int32_t)low - 1;
    while (place >= 0 && !str_starts(text, sorted_text(u, (size_t)place))) place = u->sorted[place].prefix;
    return place;
}

// ---- the best way ---------------------------------------------------------------------------------------------------

// The best way to a place in the piece.
struct step {
    double score;
    int32_t from; // where its last token begins; then, where the next one ends. -1: no way yet
    int32_t id;   // of its last token; NO_TOKEN: an unknown character
};

static void offer(struct step *step, double score, size_t from, int32_t id) {
    if (step->from < 0 || score > step->score) *step = (struct step){score, (int32_t)from, id};
}

static void find_steps(const struct unigram *u, struct step *steps, struct piece piece) {
    for (size_t i = 0; i <= piece.n; i++) steps[i].from = -1;
    steps[0] = (struct step){0, 0, NO_TOKEN};
    for (size_t at = 0, length; at < piece.n; at += length) {
        const struct str rest = {piece.p + at, piece.n - at};
        const int step = utf8_step(rest.p, rest.n, NULL);
        const double here = steps[at].score;
        bool covered = false;
        length = step > 0 ? (size_t)step : 1;
        if (steps[at].from < 0) continue; // within a character that tokens do not cut
        for (int32_t k = longest(u, rest); k >= 0; k = u->sorted[k].prefix) {
            const size_t n = sorted_text(u, (size_t)k).n;
            covered |= n == length;
            offer(&steps[at + n], here + u->scores[u->sorted[k].id], at, u->sorted[k].id);
        }
        if (!covered) offer(&steps[at + length], here + u->unknown_score, at, NO_TOKEN);
    }
}

// Turns the way round: steps[at] then says where the token that begins at `at` ends, and which it is.
static void turn(struct step *steps, size_t n) {
    int32_t end = (int32_t)n, id = steps[n].id;
    for (int32_t at = steps[n].from; end > 0;) {
        const struct step before = steps[at];
        steps[at].from = end;
        steps[at].id = id;
        end = at;
        id = before.id;
        at = before.from;
    }
}

static quill_status add_unknown(const struct unigram *u, quill_ids *out, struct str text, quill_error *err) {
    bool known = true;
    for (size_t i = 0; i < text.n; i++) known &= u->bytes[(uint8_t)text.p[i]] >= 0;
    if (!known && u->unk < 0)
        return fail(err, QUILL_E_MODEL, "the vocabulary has no token for '%s'", QUOTED(text));
    for (size_t i = 0; known && i < text.n; i++) out->ids[out->n++] = u->bytes[(uint8_t)text.p[i]];
    if (!known) out->ids[out->n++] = u->unk;
    return QUILL_OK;
}

static quill_status add_tokens(const struct unigram *u, quill_ids *out, const struct step *steps, struct piece piece,
                               quill_error *err) {
    quill_status status = QUILL_OK;
    for (size_t at = 0; !status && at < piece.n;) {
        const size_t begin = at;
        if (steps[at].id >= 0) {
            out->ids[out->n++] = steps[at].id;
            at = (size_t)steps[at].from;
            continue;
        }
        while (at < piece.n && steps[at].id < 0) at = (size_t)steps[at].from;
        status = add_unknown(u, out, (struct str){piece.p + begin, at - begin}, err);
    }
    return status;
}

// ---- pieces ---------------------------------------------------------------------------------------------------------

static quill_status encode_piece(const void *model, void **of_unigram, quill_ids *out, struct piece piece,
                                 quill_error *err) {
    quill_status status = room_fit(of_unigram, piece.n + 1, sizeof(struct step), err);
    if (status) return status;
    if (!ids_reserve(out, piece.n)) return fail_memory(err);
    struct step *steps = ((const struct room *)*of_unigram)->memory;
    find_steps(model, steps, piece);
    turn(steps, piece.n);
    return add_tokens(model, out, steps, piece, err);
}

// ---- making ---------------------------------------------------------------------------------------------------------

static void unigram_free(void *model) {
    struct unigram *u = model;
    if (!u) return;
    free(u->scores);
    free(u->sorted);
    free(u->first);
    free(u);
}

static size_t unigram_memory(const void *model) {
    const struct unigram *u = model;
    return sizeof *u + u->vocab->n * sizeof *u->scores + u->n_sorted * sizeof *u->sorted +
           (FIRST_BYTES + 1) * sizeof *u->first;
}

static quill_status read_scores(struct unigram *u, const struct vocab_spec *spec, quill_error *err) {
    double least = (double)INFINITY;
    quill_status status = scores_copy(&u->scores, spec, err);
    if (status) return status;
    for (size_t i = 0; i < u->vocab->n; i++)
        if (token_kind_of(u->vocab, (int32_t)i) == TOKEN_NORMAL && u->scores[i] < least) least = u->scores[i];
    u->unknown_score = (isfinite(least) ? least : 0) - UNKNOWN_PRICE;
    return QUILL_OK;
}

struct text_of_id {
    struct str text;
    int32_t id;
};

static int by_text(const void *a, const void *b) {
    const struct text_of_id *left = a, *right = b;
    return str_compare(left->text, right->text);
}

// Fills u->first: whole pairs only; a token of one byte sorts before all pairs that begin with it.
static void index_pairs(struct unigram *u) {
    size_t place = 0;
    for (size_t pair = 0; pair <= FIRST_BYTES; pair++) {
        while (place < u->n_sorted) {
            const struct str text = sorted_text(u, place);
            const size_t here = text.n >= 2 ? pair_at(text) : (size_t)(uint8_t)text.p[0] << 8;
            if (here > pair || (here == pair && text.n >= 2)) break;
            place++;
        }
        u->first[pair] = (uint32_t)place;
    }
}

static quill_status sort_tokens(struct unigram *u, struct token_table *vocab, quill_error *err) {
    struct text_of_id *texts = alloc_array(vocab->n, sizeof *texts);
    size_t n = 0;
    if (!texts) return fail_memory(err);
    for (int32_t id = 0; (size_t)id < vocab->n; id++) {
        if (token_kind_of(vocab, id) != TOKEN_NORMAL || !token_bytes(vocab, id).n) continue;
        vocab->kinds[id] |= TOKEN_FROM_TEXT;
        texts[n++] = (struct text_of_id){token_bytes(vocab, id), id};
    }
    if (n) qsort(texts, n, sizeof *texts, by_text);
    u->sorted = alloc_array(n, sizeof *u->sorted);
    u->first = alloc_array(FIRST_BYTES + 1, sizeof *u->first);
    u->n_sorted = n;
    for (size_t i = 0; u->sorted && i < n; i++) {
        int32_t k = (int32_t)i - 1;
        while (k >= 0 && !str_starts(texts[i].text, texts[k].text)) k = u->sorted[k].prefix;
        u->sorted[i] = (struct sorted){texts[i].id, k};
    }
    free(texts);
    if (!u->sorted || !u->first) return fail_memory(err);
    index_pairs(u);
    return QUILL_OK;
}

static quill_status unigram_create(void **model, struct token_table *vocab, const struct vocab_spec *spec,
                                   quill_error *err) {
    *model = NULL;
    struct unigram *u = alloc_zeroed(1, sizeof *u);
    if (!u) return fail_memory(err);
    u->vocab = vocab;
    u->unk = spec->unk;
    memset(u->bytes, 0xff, sizeof u->bytes);
    if (spec->byte_fallback) (void)token_table_bytes(vocab, u->bytes);
    quill_status status = read_scores(u, spec, err);
    if (!status) status = sort_tokens(u, vocab, err);
    if (status) unigram_free(u);
    else *model = u;
    return status;
}

const struct segmenter unigram_segmenter = {
    .name = "unigram",
    .create = unigram_create,
    .free = unigram_free,
    .memory = unigram_memory,
    .encode_piece = encode_piece,
    .trim_room = room_trim,
    .free_room = room_free,
};
