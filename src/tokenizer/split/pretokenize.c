// SPDX-License-Identifier: MIT
// Limits. Patterns of known rules are linear on every text. Patterns of a file may not be: they are compiled with
// callouts between their items, and the distances that matching moves from one callout to the next are summed. Each
// byte of a text allows a fixed amount of this work, whatever the pattern does.
#include "pretokenize.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/utf8.h"
#include "cuts.h"
#include "regex_dialect.h"
#include "split_gpt2.h"

enum {
    MOST_PATTERNS = 16,
    MOST_PATTERN_BYTES = 16 * 1024,
    MOST_NESTING = 100,
    MATCH_LIMIT = 10 * 1000 * 1000,
    DEPTH_LIMIT = 10 * 1000 * 1000, // of the matcher without JIT; depth takes heap, which has its own limit
    HEAP_KIB = 32 * 1024,
    JIT_STACK_LEAST = 32 * 1024,
    JIT_STACK_MOST = 8 * 1024 * 1024,
    WORK_PER_BYTE = 64,
    WORK_LEAST = 1000 * 1000,
};

struct stage {
    char *pattern;               // in PCRE2's language
    bool metered, by_hand;       // by_hand: GPT-2's, and the last one
    _Atomic(pcre2_code *) code;  // NULL: not compiled yet
};

struct splitter {
    char *file;                  // for messages
    size_t n;
    struct stage stages[MOST_PATTERNS];
    const struct cuts *cuts;     // borrowed; NULL: none
};

struct split_room {
    pcre2_match_context *context;
    pcre2_match_data *match;
    pcre2_jit_stack *stack;
    size_t work;                 // work that metered patterns may still do
    size_t last;                 // position of the last callout
};

// ---- compiling ------------------------------------------------------------------------------------------------------

static quill_status bad_pattern(const struct splitter *s, const char *pattern, const char *why, quill_error *err) {
    return fail(err, QUILL_E_MODEL, "%s: pre-tokenizer pattern '%s': %s", QUOTED(str_of(s->file)),
                QUOTED(str_of(pattern)), why);
}

static quill_status compile_with(const struct splitter *s, const struct stage *stage, pcre2_compile_context *context,
                                 pcre2_code **code, quill_error *err) {
    int number;
    size_t at;
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | (stage->metered ? PCRE2_AUTO_CALLOUT : 0);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_parens_nest_limit(context, MOST_NESTING);
    *code = pcre2_compile((PCRE2_SPTR)stage->pattern, PCRE2_ZERO_TERMINATED, options, &number, &at, context);
    if (!*code) {
        char why[160] = "?";
        if (number == PCRE2_ERROR_NOMEMORY || number == PCRE2_ERROR_HEAP_FAILED) return fail_memory(err);
        pcre2_get_error_message(number, (PCRE2_UCHAR *)why, sizeof why);
        return bad_pattern(s, stage->pattern, why, err);
    }
    // If JIT fails (no room for code, or the system forbids it), pcre2_match interprets: the same matches, slower.
    (void)pcre2_jit_compile(*code, PCRE2_JIT_COMPLETE);
    return QUILL_OK;
}

// The code of a stage, compiled by the first thread that needs it; with GPT-2's pattern, most texts never do.
static quill_status compile(const struct splitter *s, struct stage *stage, const pcre2_code **out, quill_error *err) {
    pcre2_code *code = atomic_load_explicit(&stage->code, memory_order_acquire), *others = NULL;
    *out = code;
    if (code) return QUILL_OK;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context) return fail_memory(err);
    quill_status status = compile_with(s, stage, context, &code, err);
    pcre2_compile_context_free(context);
    if (status) return status;
    if (!atomic_compare_exchange_strong(&stage->code, &others, code)) {
        pcre2_code_free(code); // another thread was faster
        code = others;
    }
    *out = code;
    return QUILL_OK;
}

static bool script_prefix(void) {
    return PCRE2_MAJOR > 10 || (PCRE2_MAJOR == 10 && PCRE2_MINOR >= 40);
}

static quill_status add_stage(struct splitter *s, struct str pattern, bool metered, quill_error *err) {
    struct stage *stage = &s->stages[s->n];
    struct buffer text = {0};
    const char *why = NULL;
    if (s->n == MOST_PATTERNS || pattern.n > MOST_PATTERN_BYTES)
        return fail(err, QUILL_E_MODEL, "%s: expected at most %d pre-tokenizer patterns of %d bytes",
                    QUOTED(str_of(s->file)), MOST_PATTERNS, MOST_PATTERN_BYTES);
    bool ok = !(pattern.n && memchr(pattern.p, '\0', pattern.n));
    if (!ok) why = "a NUL byte";
    ok = ok && regex_to_pcre2(&text, pattern, script_prefix(), &why) && buffer_add_byte(&text, '\0');
    if (!ok) {
        buffer_free(&text);
        if (!why) return fail_memory(err);
        return fail(err, QUILL_E_MODEL, "%s: pre-tokenizer pattern '%s': %s is not supported", QUOTED(str_of(s->file)),
                    QUOTED(pattern), why);
    }
    s->n++;
    stage->pattern = text.p;
    stage->metered = metered;
    stage->by_hand = str_is(pattern, GPT2_PATTERN) || str_is(pattern, GPT2_PATTERN_SHORT);
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
    const struct pre_rule *known = pre_find_patterns(spec->patterns, spec->n_patterns);
    const pcre2_code *code;
    quill_status status = QUILL_OK;
    for (size_t i = 0; !status && i < spec->n_patterns; i++)
        status = add_stage(s, spec->patterns[i], !known || known->metered, err);
    for (size_t i = 0; !status && !known && i < s->n; i++) status = compile(s, &s->stages[i], &code, err);
    return status;
}

static quill_status add_stages(struct splitter *s, const struct pre_rule *rule, quill_error *err) {
    quill_status status = QUILL_OK;
    for (size_t i = 0; !status && i < PRE_MAX_PATTERNS && rule->patterns[i]; i++)
        status = add_stage(s, str_of(rule->patterns[i]), rule->metered, err);
    return status;
}

quill_status splitter_create(struct splitter **out, const struct pre_rule *rule, const struct vocab_spec *spec,
                             quill_error *err) {
    *out = NULL;
    struct splitter *s = alloc_zeroed(1, sizeof *s);
    if (!s) return fail_memory(err);
    s->file = alloc_string(str_of(spec->file));
    quill_status status = !s->file ? fail_memory(err)
                          : rule   ? add_stages(s, rule, err)
                                   : add_own_stages(s, spec, err);
    if (status) {
        splitter_free(s);
        return status;
    }
    // All stages but the last need each match, with the gaps between matches.
    for (size_t i = 0; i + 1 < s->n; i++) s->stages[i].by_hand = false;
    *out = s;
    return QUILL_OK;
}

void splitter_cut(struct splitter *s, const struct cuts *cuts) { s->cuts = cuts; }

void splitter_free(struct splitter *s) {
    if (!s) return;
    for (size_t i = 0; i < s->n; i++) {
        free(s->stages[i].pattern);
        pcre2_code_free(atomic_load(&s->stages[i].code));
    }
    free(s->file);
    free(s);
}

size_t splitter_memory(const struct splitter *s) {
    size_t bytes = sizeof *s;
    for (size_t i = 0; i < s->n; i++) {
        const pcre2_code *code = atomic_load(&s->stages[i].code);
        size_t part = 0;
        bytes += strlen(s->stages[i].pattern) + 1;
        if (code && pcre2_pattern_info(code, PCRE2_INFO_SIZE, &part) == 0) bytes += part;
        if (code && pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &part) == 0) bytes += part;
    }
    return bytes;
}

// ---- matching -------------------------------------------------------------------------------------------------------

static int count_work(pcre2_callout_block *block, void *arg) {
    struct split_room *room = arg;
    size_t here = block->current_position, cost = 1 + (here > room->last ? here - room->last : room->last - here);
    room->last = here;
    if (cost > room->work) return PCRE2_ERROR_MATCHLIMIT;
    room->work -= cost;
    return 0;
}

void split_room_free(struct split_room *room) {
    if (!room) return;
    pcre2_match_data_free(room->match);
    pcre2_match_context_free(room->context);
    pcre2_jit_stack_free(room->stack);
    free(room);
}

static quill_status make_room(struct split_room **out, quill_error *err) {
    if (*out) return QUILL_OK;
    struct split_room *room = alloc_zeroed(1, sizeof *room);
    if (!room) return fail_memory(err);
    room->match = pcre2_match_data_create(1, NULL);
    room->context = pcre2_match_context_create(NULL);
    // NULL if the library has no JIT; then it is not needed.
    room->stack = pcre2_jit_stack_create(JIT_STACK_LEAST, JIT_STACK_MOST, NULL);
    if (!room->match || !room->context) {
        split_room_free(room);
        return fail_memory(err);
    }
    pcre2_set_match_limit(room->context, MATCH_LIMIT);
    pcre2_set_depth_limit(room->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(room->context, HEAP_KIB);
    pcre2_set_callout(room->context, count_work, room);
    if (room->stack) pcre2_jit_stack_assign(room->context, NULL, room->stack);
    *out = room;
    return QUILL_OK;
}

struct splitting {
    struct splitter *splitter;
    struct split_room **room;
    struct pieces *pieces;
    quill_error *err;
};

static quill_status match_failed(const struct splitting *s, const struct stage *stage, int result) {
    char why[160] = "?";
    if (result == PCRE2_ERROR_NOMEMORY) return fail_memory(s->err);
    pcre2_get_error_message(result, (PCRE2_UCHAR *)why, sizeof why);
    return bad_pattern(s->splitter, stage->pattern, why, s->err);
}

// The first match in text[0..n) that begins at `from` or later. *begin = *end = n: none.
static quill_status find(const struct splitting *s, const struct stage *stage, const pcre2_code *code, const char *text,
                         size_t n, size_t from, size_t *begin, size_t *end) {
    struct split_room *room = *s->room;
    room->last = from;
    // The text is one run of valid UTF-8 (split_text).
    int result = pcre2_match(code, (PCRE2_SPTR)text, n, from, PCRE2_NO_UTF_CHECK, room->match, room->context);
    *begin = *end = n;
    if (result == PCRE2_ERROR_NOMATCH) return QUILL_OK;
    if (result < 0) return match_failed(s, stage, result);
    const size_t *ends = pcre2_get_ovector_pointer(room->match);
    *begin = ends[0];
    *end = ends[1];
    return QUILL_OK;
}

static quill_status split_stage(const struct splitting *s, size_t at, const char *text, size_t n);

static quill_status split_by_pattern(const struct splitting *s, size_t at, struct stage *stage, const char *text,
                                     size_t n) {
    const pcre2_code *code;
    quill_status status = compile(s->splitter, stage, &code, s->err);
    if (!status) status = make_room(s->room, s->err);
    // Pieces are the matches and the text between them. An empty match splits the text at its position, once.
    size_t done = 0, from = 0, cut = SIZE_MAX, begin, end;
    while (!status && done < n) {
        if (stage->by_hand && done == from) {
            const char *p = split_gpt2_ascii(text + done, text + n, s->pieces);
            done = from = (size_t)(p - text);
            if (done == n) break;
            if (s->pieces->n == PIECES) {
                status = s->pieces->flush(s->pieces, s->err);
                continue;
            }
        }
        if ((status = find(s, stage, code, text, n, from, &begin, &end))) break;
        if (begin == end && end == cut) {
            uint32_t code_point;
            from += (size_t)utf8_step(text + from, n - from, &code_point);
            if (from < n) continue;
            begin = end = n;
        }
        if (begin > done) status = split_stage(s, at + 1, text + done, begin - done);
        if (!status && end > begin) status = split_stage(s, at + 1, text + begin, end - begin);
        done = from = cut = end;
    }
    return status;
}

// Splits by stage `at` and the later ones: each splits the pieces of the one before.
static quill_status split_stage(const struct splitting *s, size_t at, const char *text, size_t n) {
    if (at == s->splitter->n && s->splitter->cuts) return cut_text(s->splitter->cuts, s->pieces, text, n, s->err);
    if (at == s->splitter->n) return pieces_add(s->pieces, text, n, s->err);
    return split_by_pattern(s, at, &s->splitter->stages[at], text, n);
}

// How many bytes at the beginning of p[0..n) are valid UTF-8.
static size_t valid_run(const char *p, size_t n) {
    size_t i = 0;
    while (i < n) {
        if (n - i >= 8 && !(load_u64(p + i) & 0x8080808080808080u)) {
            i += 8;
            continue;
        }
        int step = utf8_step(p + i, n - i, NULL);
        if (step < 0) break;
        i += (size_t)step;
    }
    return i;
}

static size_t invalid_run(const char *p, size_t n) {
    size_t i = 0;
    for (int step; i < n && (step = utf8_step(p + i, n - i, NULL)) < 0;) i += (size_t)-step;
    return i;
}

quill_status split_text(struct splitter *splitter, struct split_room **room, struct pieces *pieces, const char *text,
                        size_t n, quill_error *err) {
    const struct splitting s = {splitter, room, pieces, err};
    quill_status status = QUILL_OK;
    for (size_t i = 0, run; !status && i < n; i += run) {
        run = valid_run(text + i, n - i);
        if (run) {
            status = split_stage(&s, 0, text + i, run);
        } else {
            run = invalid_run(text + i, n - i);
            status = pieces_add(pieces, text + i, run, err);
        }
    }
    return status;
}

quill_status split_begin(const struct splitter *splitter, struct split_room **room, size_t n, quill_error *err) {
    for (size_t i = 0; i < splitter->n; i++) {
        if (!splitter->stages[i].metered) continue;
        quill_status status = make_room(room, err);
        if (status) return status;
        (*room)->work = n < (SIZE_MAX - WORK_LEAST) / WORK_PER_BYTE ? n * WORK_PER_BYTE + WORK_LEAST : SIZE_MAX;
        break;
    }
    return QUILL_OK;
}
