// SPDX-License-Identifier: MIT
#include "pretokenize.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "cuts.h"
#include "split_ascii.h"

enum { MOST_PATTERNS = 16 };

struct stage {
    struct pattern *pattern;
    enum split_behavior behavior;
    bool inverted;               // the text between matches counts as matches
    split_ascii_fn *ascii;       // of the last stage; NULL: none
    bool before_spaces;          // a space begins a piece
};

struct splitter {
    size_t n;
    struct stage stages[MOST_PATTERNS];
    const struct cuts *cuts;     // borrowed; NULL: none
    bool known;                  // the patterns are those of a rule
};

// ---- making ---------------------------------------------------------------------------------------------------------

static quill_status add_stage(struct splitter *s, struct str pattern, uint8_t how, bool metered, const char *file,
                              quill_error *err) {
    if (s->n == MOST_PATTERNS)
        return fail(err, QUILL_E_MODEL, "%s: expected at most %d pre-tokenizer patterns, found more",
                    QUOTED(str_of(file)), MOST_PATTERNS);
    struct stage *stage = &s->stages[s->n];
    quill_status status = pattern_create(&stage->pattern, pattern, metered, file, "pre-tokenizer", err);
    if (status) return status;
    s->n++;
    stage->behavior = (enum split_behavior)(how & ~SPLIT_INVERTED);
    stage->inverted = how & SPLIT_INVERTED;
    stage->before_spaces = how == SPLIT_WITH_NEXT && str_is(pattern, " ");
    stage->ascii = how ? NULL : split_ascii_of(pattern);
    return QUILL_OK;
}

quill_status split_rule(const struct pre_rule **rule, const struct vocab_spec *spec, quill_error *err) {
    *rule = NULL;
    if (!spec->pre && spec->patterns) return QUILL_OK;
    const struct pre_name *name = pre_find(spec->pre ? spec->pre : "gpt-2");
    if (!name)
        return fail(err, QUILL_E_MODEL, "%s: the pre-tokenizer '%s' is not supported", QUOTED(str_of(spec->file)),
                    QUOTED(str_of(spec->pre)));
    *rule = name->rule;
    return QUILL_OK;
}

static quill_status add_own_stages(struct splitter *s, const struct vocab_spec *spec, quill_error *err) {
    const struct pre_rule *known = spec->behaviors ? NULL : pre_find_patterns(spec->patterns, spec->n_patterns);
    quill_status status = QUILL_OK;
    for (size_t i = 0; !status && i < spec->n_patterns; i++)
        status = add_stage(s, spec->patterns[i], spec->behaviors ? spec->behaviors[i] : SPLIT_ISOLATED,
                           !known || known->metered, spec->file, err);
    for (size_t i = 0; !status && !known && i < s->n; i++) status = pattern_compile(s->stages[i].pattern, err);
    return status;
}

static quill_status add_stages(struct splitter *s, const struct pre_rule *rule, const char *file, quill_error *err) {
    quill_status status = QUILL_OK;
    for (size_t i = 0; !status && i < PRE_MAX_PATTERNS && rule->patterns[i]; i++)
        status = add_stage(s, str_of(rule->patterns[i]), SPLIT_ISOLATED, rule->metered, file, err);
    return status;
}

quill_status splitter_create(struct splitter **out, const struct pre_rule *rule, const struct vocab_spec *spec,
                             quill_error *err) {
    *out = NULL;
    struct splitter *s = alloc_zeroed(1, sizeof *s);
    if (!s) return fail_memory(err);
    quill_status status = rule ? add_stages(s, rule, spec->file, err) : add_own_stages(s, spec, err);
    if (status) {
        splitter_free(s);
        return status;
    }
    // All stages but the last need each match, with the gaps between matches.
    for (size_t i = 0; i + 1 < s->n; i++) s->stages[i].ascii = NULL;
    s->known = rule || s->n == 1 || (!spec->behaviors && pre_find_patterns(spec->patterns, spec->n_patterns));
    *out = s;
    return QUILL_OK;
}

bool splitter_cuts_lines(const struct splitter *s) { return s->n > 0 && s->known && s->stages[s->n - 1].ascii; }

void splitter_cut(struct splitter *s, const struct cuts *cuts) { s->cuts = cuts; }

void splitter_free(struct splitter *s) {
    if (!s) return;
    for (size_t i = 0; i < s->n; i++) pattern_free(s->stages[i].pattern);
    free(s);
}

size_t splitter_memory(const struct splitter *s) {
    size_t bytes = sizeof *s;
    for (size_t i = 0; i < s->n; i++) bytes += pattern_memory(s->stages[i].pattern);
    return bytes;
}

bool splitter_loses(const struct splitter *s) {
    for (size_t i = 0; i < s->n; i++)
        if (s->stages[i].behavior == SPLIT_REMOVED) return true;
    return false;
}

// ---- splitting ------------------------------------------------------------------------------------------------------

struct splitting {
    struct splitter *splitter;
    struct match_room **room;
    struct pieces *pieces;
    quill_error *err;
};

static quill_status split_stage(const struct splitting *s, size_t at, const char *text, size_t n);

// The parts of a text, matches and what lies between them, on their way to the next stage: a part may wait for the next
// one to join it.
struct joining {
    const struct splitting *s;
    size_t next;        // stage
    const struct stage *stage;
    const char *text;
    size_t begin, end;  // the part that waits; empty: none does
    bool match;         // it is, or ends with, a match
};

static quill_status send(struct joining *j) {
    size_t begin = j->begin, end = j->end;
    j->begin = j->end;
    return end > begin ? split_stage(j->s, j->next, j->text + begin, end - begin) : QUILL_OK;
}

// Whether a part joins the one that waits before it.
static bool joins(const struct joining *j, bool match) {
    switch (j->stage->behavior) {
    case SPLIT_CONTIGUOUS: return match == j->match;
    case SPLIT_WITH_PREVIOUS: return match && !j->match;
    case SPLIT_WITH_NEXT: return !match && j->match;
    default: return false;
    }
}

// Takes the part text[begin..end), which is not empty and follows the one before.
static quill_status take(struct joining *j, size_t begin, size_t end, bool match) {
    quill_status status = QUILL_OK;
    match ^= j->stage->inverted;
    if (match && j->stage->behavior == SPLIT_REMOVED) return QUILL_OK;
    if (j->end == j->begin || !joins(j, match)) {
        status = send(j);
        j->begin = begin;
    }
    j->end = end;
    j->match = match;
    return status || j->stage->behavior > SPLIT_REMOVED ? status : send(j);
}

static quill_status split_by_pattern(const struct splitting *s, size_t at, const char *text, size_t n) {
    const struct stage *stage = &s->splitter->stages[at];
    struct joining parts = {.s = s, .next = at + 1, .stage = stage, .text = text};
    quill_status status = QUILL_OK;
    // An empty match splits the text at its position, once.
    size_t done = 0, from = 0, cut = SIZE_MAX, begin, end;
    while (!status && done < n) {
        if (stage->ascii && done == from) {
            const char *p = stage->ascii(text + done, text + n, s->pieces);
            done = from = (size_t)(p - text);
            if (done == n) break;
            if (s->pieces->n == PIECES) {
                status = s->pieces->flush(s->pieces, s->err);
                continue;
            }
        }
        if ((status = pattern_find(stage->pattern, s->room, text, n, from, &begin, &end, s->err))) break;
        if (begin == end && end == cut) {
            uint32_t code_point;
            from += (size_t)utf8_step(text + from, n - from, &code_point);
            if (from < n) continue;
            begin = end = n;
        }
        if (begin > done) status = take(&parts, done, begin, false);
        if (!status && end > begin) status = take(&parts, begin, end, true);
        done = from = cut = end;
    }
    return status ? status : send(&parts);
}

static quill_status split_before_spaces(const struct splitting *s, size_t at, const char *text, size_t n) {
    quill_status status = QUILL_OK;
    for (size_t begin = 0, end; !status && begin < n; begin = end) {
        const char *space = n - begin > 1 ? memchr(text + begin + 1, ' ', n - begin - 1) : NULL;
        end = space ? (size_t)(space - text) : n;
        status = split_stage(s, at + 1, text + begin, end - begin);
    }
    return status;
}

// Splits by stage `at` and the later ones: each splits the pieces of the one before.
static quill_status split_stage(const struct splitting *s, size_t at, const char *text, size_t n) {
    if (at < s->splitter->n)
        return s->splitter->stages[at].before_spaces ? split_before_spaces(s, at, text, n)
                                                     : split_by_pattern(s, at, text, n);
    if (s->splitter->cuts) return cut_text(s->splitter->cuts, s->pieces, text, n, s->err);
    return pieces_add(s->pieces, text, n, s->err);
}

static size_t invalid_run(const char *p, size_t n) {
    size_t i = 0;
    for (int step; i < n && (step = utf8_step(p + i, n - i, NULL)) < 0;) i += (size_t)-step;
    return i;
}

quill_status split_text(struct splitter *splitter, struct match_room **room, struct pieces *pieces, const char *text,
                        size_t n, quill_error *err) {
    const struct splitting s = {splitter, room, pieces, err};
    quill_status status = QUILL_OK;
    for (size_t i = 0, run; !status && i < n; i += run) {
        run = utf8_valid_run(text + i, n - i);
        if (run) {
            status = split_stage(&s, 0, text + i, run);
        } else {
            run = invalid_run(text + i, n - i);
            status = pieces_add(pieces, text + i, run, err);
        }
    }
    return status;
}

quill_status split_begin(const struct splitter *splitter, struct match_room **room, size_t n, quill_error *err) {
    for (size_t i = 0; i < splitter->n; i++)
        if (pattern_is_metered(splitter->stages[i].pattern)) return match_room_meter(room, n, err);
    return QUILL_OK;
}
