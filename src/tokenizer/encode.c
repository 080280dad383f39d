// SPDX-License-Identifier: MIT
// Text to ids: runs the pipeline.
#include "encode.h"

#include "base/alloc.h"
#include "characters.h"
#include "ids.h"
#include "tokenizer/segment/word_cache.h"

enum {
    LEAST_CACHED_TEXT = 128,    // shorter texts do not create a cache, but use an existing one
    MOST_KEPT_TEXT = 1 << 20,   // a larger buffer for prefixed text is freed after use
};

struct encoder {
    struct pieces pieces; // first member: flush gets a pointer to it and casts
    const quill_tokenizer *tokenizer;
    quill_ids *out;
    const char *end;      // end of the text that pieces point into
    struct word_cache cache;
    struct normal_room normal;
    struct buffer prefixed;
    struct match_room *match;
    void *segment_room;
};

// ---- words ----------------------------------------------------------------------------------------------------------

static quill_status add_word(struct encoder *e, struct piece word, quill_error *err) {
    const quill_tokenizer *t = e->tokenizer;
    return t->segmenter->encode_piece(t->segments, &e->segment_room, e->out, word, err);
}

static quill_status flush_uncached(struct encoder *e, quill_error *err) {
    quill_status status = QUILL_OK;
    for (size_t i = 0; !status && i < e->pieces.n; i++) status = add_word(e, e->pieces.list[i], err);
    e->pieces.n = 0;
    return status;
}

// Encodes a word that the cache does not have.
static quill_status add_new_word(struct encoder *e, struct piece word, struct word key, size_t place,
                                 quill_error *err) {
    size_t before = e->out->n;
    quill_status status = add_word(e, word, err);
    if (status) return status;
    size_t n = e->out->n - before;
    if (word.n <= CACHED_BYTES && n <= CACHED_IDS) cache_put(&e->cache, place, key, e->out->ids + before, n);
    // flush adds known words without checking for room, so room is kept here.
    return ids_reserve(e->out, (PIECES + 1) * CACHED_IDS) ? QUILL_OK : fail_memory(err);
}

// Two passes: the first hashes words and prefetches their places in the word cache for the second.
static quill_status flush(struct pieces *pieces, quill_error *err) {
    struct encoder *e = (struct encoder *)(void *)pieces;
    struct word keys[PIECES];
    uint32_t places[PIECES];
    if (!e->cache.words) return flush_uncached(e, err);
    if (!ids_reserve(e->out, (PIECES + 1) * CACHED_IDS)) return fail_memory(err);
    for (size_t i = 0; i < pieces->n; i++) {
        struct piece word = pieces->list[i];
        if (word.n > CACHED_BYTES) continue;
        keys[i] = cache_key(word_before(word.p, word.n, e->end), word.n);
        places[i] = (uint32_t)cache_place(&e->cache, keys[i]);
        __builtin_prefetch(e->cache.words + places[i]);
    }
    for (size_t i = 0; i < pieces->n; i++) {
        struct piece word = pieces->list[i];
        quill_status status = QUILL_OK;
        if (word.n > CACHED_BYTES) {
            status = add_new_word(e, word, (struct word){0}, 0, err);
        } else {
            const struct cached_word *known = e->cache.words + places[i];
            known += !cache_hit(known, keys[i]);
            if (cache_hit(known, keys[i])) {
                memcpy(e->out->ids + e->out->n, known->ids, sizeof known->ids);
                e->out->n += known->n;
            } else {
                status = add_new_word(e, word, keys[i], places[i], err);
            }
        }
        if (status) return status;
    }
    pieces->n = 0;
    return QUILL_OK;
}

// ---- a text ---------------------------------------------------------------------------------------------------------

// Which tokens to search for, and where: within values only those that every text is searched for.
struct search {
    const struct added *added;
    const struct added *normal;   // in normalized text
    const quill_span *values; // [n_values]
    size_t n_values, next;    // values[next] is the first value that does not end before the current position
    bool continues;           // the text continues another, so the tokenizer puts no space in front of it
};

// The first token in text[at..n) that lies entirely within one value or entirely outside of values.
static bool find_added(const quill_tokenizer *t, struct search *s, const char *text, size_t n, size_t at,
                       struct added_match *match) {
    while (at < n) {
        while (s->next < s->n_values && s->values[s->next].at + s->values[s->next].n <= at) s->next++;
        const quill_span *value = s->next < s->n_values ? &s->values[s->next] : NULL;
        bool inside = value && value->at <= at;
        size_t end = !value ? n : inside ? value->at + value->n : value->at;
        if (added_find(inside ? &t->as_text : s->added, text + at, end - at, true, match)) {
            match->begin += at;
            match->end += at;
            return true;
        }
        at = end;
    }
    return false;
}

static quill_status add_id(struct encoder *e, int32_t id, quill_error *err) {
    if (!ids_reserve(e->out, 1)) return fail_memory(err);
    e->out->ids[e->out->n++] = id;
    return QUILL_OK;
}

// A part of the text between added tokens.
struct stretch {
    struct str text;
    bool first, last; // the whole text begins or ends here
    bool behind_special;
};

// Encodes normalized text without added tokens. `end`: it may be read up to there.
static quill_status encode_normal(struct encoder *e, struct str text, const char *end, bool prefix, quill_error *err) {
    const quill_tokenizer *t = e->tokenizer;
    struct str prefixed = text;
    if (!prefix_add(&t->prefix, &e->prefixed, &prefixed, prefix)) return fail_memory(err);
    e->end = prefixed.p == text.p ? end : prefixed.p + prefixed.n;
    quill_status status = split_text(t->splitter, &e->match, &e->pieces, prefixed.p, prefixed.n, err);
    return status ? status : flush(&e->pieces, err);
}

// Whether a space may be put in front of what begins at `at` in a stretch.
static bool gets_prefix(const struct encoder *e, struct stretch s, size_t at, const struct search *search) {
    const bool first = s.first && at == 0;
    if (first) return !search->continues;
    switch (e->tokenizer->prefix.scope) {
    case PREFIX_EACH: return true;
    case PREFIX_BEHIND_SPECIAL: return at == 0 && s.behind_special;
    default: return false;
    }
}

static quill_status encode_stretch(struct encoder *e, struct stretch s, const char *end, const struct search *search,
                                   quill_error *err) {
    const quill_tokenizer *t = e->tokenizer;
    struct str text = s.text;
    quill_status status = normalize(t->normalizer, &e->normal, &text, s.first, s.last, err);
    if (text.p != s.text.p) end = text.p + text.n;
    const bool blanks = !normalizer_marks_blanks(t->normalizer);
    for (size_t at = 0; !status && at < text.n;) {
        struct added_match match = {-1, text.n - at, text.n - at};
        bool found = added_find(search->normal, text.p + at, text.n - at, blanks, &match);
        struct str part = {text.p + at, match.begin};
        if (part.n) status = encode_normal(e, part, end, gets_prefix(e, s, at, search), err);
        if (!status && found) status = add_id(e, match.id, err);
        at += match.end;
    }
    return status;
}

// SentencePiece puts the space in front of a text that begins with an added token too.
static quill_status encode_alone(struct encoder *e, quill_error *err) {
    static const char space[] = " ";
    const bool put = e->tokenizer->prefix.kind == PREFIX_ALWAYS;
    return put ? encode_normal(e, (struct str){space, 1}, space + 1, false, err) : QUILL_OK;
}

static quill_status encode_with(struct encoder *e, const char *text, size_t n, struct search *search,
                                quill_error *err) {
    const quill_tokenizer *t = e->tokenizer;
    quill_status status = split_begin(t->splitter, &e->match, n, err);
    bool behind_special = false;
    for (size_t at = 0; !status && at < n;) {
        struct added_match match = {-1, n, n};
        bool found = find_added(t, search, text, n, at, &match);
        const struct stretch s = {{text + at, match.begin - at}, at == 0, match.begin == n, behind_special};
        const bool added = found && token_kind_of(&t->vocab, match.id) == TOKEN_ADDED;
        if (s.text.n) status = encode_stretch(e, s, text + n, search, err);
        else if (added && t->prefix.scope == PREFIX_BEHIND_SPECIAL && gets_prefix(e, s, 0, search))
            status = encode_alone(e, err);
        if (!status && found) status = add_id(e, match.id, err);
        behind_special = found && token_kind_of(&t->vocab, match.id) == TOKEN_SPECIAL;
        at = match.end;
    }
    return status;
}

void encoder_free(const quill_tokenizer *t, struct encoder *e) {
    if (!e) return;
    word_cache_free(&e->cache);
    normal_room_free(&e->normal);
    buffer_free(&e->prefixed);
    match_room_free(e->match);
    t->segmenter->free_room(e->segment_room);
    free(e);
}

static struct encoder *take_encoder(const quill_tokenizer *t) {
    struct encoder *e = NULL;
    for (size_t i = 0; !e && i < SHELF; i++)
        if (atomic_load_explicit(&t->shelf->encoders[i], memory_order_relaxed))
            e = atomic_exchange_explicit(&t->shelf->encoders[i], NULL, memory_order_acquire);
    if (!e && (e = alloc_zeroed(1, sizeof *e))) e->pieces.flush = flush;
    return e;
}

static void return_encoder(const quill_tokenizer *t, struct encoder *e) {
    e->pieces.n = 0;
    t->segmenter->trim_room(e->segment_room);
    normal_room_trim(&e->normal);
    if (e->prefixed.cap > MOST_KEPT_TEXT) buffer_free(&e->prefixed);
    for (size_t i = 0; i < SHELF; i++) {
        struct encoder *none = NULL;
        if (atomic_compare_exchange_strong_explicit(&t->shelf->encoders[i], &none, e, memory_order_release,
                                                    memory_order_relaxed))
            return;
    }
    encoder_free(t, e);
}

static quill_status encode(const quill_tokenizer *t, quill_ids *out, const void *text, size_t n, struct search search,
                           quill_error *err) {
    if (n == 0) return QUILL_OK;
    size_t before = out->n;
    struct encoder *e = take_encoder(t);
    if (!e) return fail_memory(err);
    e->tokenizer = t;
    e->out = out;
    // Works without a cache if there is no memory for one.
    if (n >= LEAST_CACHED_TEXT) (void)word_cache_fit(&e->cache, n);
    quill_status status = encode_with(e, text, n, &search, err);
    if (status) out->n = before;
    return_encoder(t, e);
    return status;
}

static struct search search_for(const quill_tokenizer *t, quill_special special) {
    if (special == QUILL_SPECIAL_PARSE) return (struct search){.added = &t->parsed, .normal = &t->normal_parsed};
    return (struct search){.added = &t->as_text, .normal = &t->normal_as_text};
}

quill_status quill_encode(const quill_tokenizer *t, quill_ids *out, const void *text, size_t n, quill_special special,
                          quill_error *err) {
    return encode(t, out, text, n, search_for(t, special), err);
}

quill_status quill_encode_continued(const quill_tokenizer *t, quill_ids *out, const void *text, size_t n,
                                    quill_special special, quill_error *err) {
    struct search search = search_for(t, special);
    search.continues = true;
    return encode(t, out, text, n, search, err);
}

quill_status quill_encode_values(const quill_tokenizer *t, quill_ids *out, const void *text, size_t n,
                                 const quill_span *values, size_t n_values, quill_error *err) {
    const struct search search = {
        .added = &t->outside_values, .normal = &t->normal_as_text, .values = values, .n_values = n_values};
    return encode(t, out, text, n, search, err);
}

// ---- infill ---------------------------------------------------------------------------------------------------------

static quill_status add_ids(quill_ids *out, const int32_t *ids, size_t n, quill_error *err) {
    if (!ids_reserve(out, n)) return fail_memory(err);
    if (n) memcpy(out->ids + out->n, ids, n * sizeof *ids);
    out->n += n;
    return QUILL_OK;
}

quill_status quill_encode_infill(const quill_tokenizer *t, quill_ids *out, const int32_t *before, size_t n_before,
                                 const void *after, size_t n_after, quill_special special, quill_error *err) {
    const struct infill *infill = &t->infill;
    struct search search = search_for(t, special);
    search.continues = true;
    if (!infill_is_possible(infill))
        return fail(err, QUILL_E_USAGE, "the model has no tokens for an infill, such as <|fim_prefix|>");
    const size_t n = out->n;
    quill_status status = QUILL_OK;
    for (int i = 0; !status && i < 2; i++) {
        const bool is_after = infill->after_first == (i == 0);
        status = add_ids(out, is_after ? &infill->after : &infill->before, 1, err);
        if (status) break;
        status = is_after ? encode(t, out, after, n_after, search, err) : add_ids(out, before, n_before, err);
    }
    if (!status && infill->middle >= 0) status = add_ids(out, &infill->middle, 1, err);
    if (status) out->n = n;
    return status;
}

size_t quill_encode_cut(const quill_tokenizer *t, const void *text, size_t n, size_t from) {
    const char *p = text;
    for (size_t at = from; t->cuts_lines && at + 1 < n; at++) {
        const char *newline = memchr(p + at, '\n', n - at - 1);
        if (!newline) return n;
        at = (size_t)(newline - p);
        const unsigned char before = at ? (unsigned char)p[at - 1] : ' ';
        if (before > ' ' && before < 0x7f && is_ascii_letter(p[at + 1])) return at + 1;
    }
    return n;
}
