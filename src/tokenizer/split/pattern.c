// SPDX-License-Identifier: MIT
#include "pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "regex_dialect.h"

enum {
    MOST_NESTING = 100,
    MATCH_LIMIT = 10 * 1000 * 1000,
    DEPTH_LIMIT = 10 * 1000 * 1000, // of the matcher without JIT; depth takes heap, which has its own limit
    HEAP_KIB = 32 * 1024,
    JIT_STACK_LEAST = 32 * 1024,
    JIT_STACK_MOST = 8 * 1024 * 1024,
    WORK_PER_BYTE = 64,
    WORK_LEAST = 1000 * 1000,
};

struct pattern {
    char *text;                  // in PCRE2's language
    char *file;                  // for messages, as is
    const char *part;
    bool metered;
    _Atomic(pcre2_code *) code;  // NULL: not compiled yet
};

struct match_room {
    pcre2_match_context *context;
    pcre2_match_data *match;
    pcre2_jit_stack *stack;
    size_t work;                 // work that metered patterns may still do
    size_t last;                 // position of the last callout
};

// ---- compiling ------------------------------------------------------------------------------------------------------

static quill_status bad_pattern(const struct pattern *p, const char *why, quill_error *err) {
    return fail(err, QUILL_E_MODEL, "%s: %s pattern '%s': %s", QUOTED(str_of(p->file)), p->part,
                QUOTED(str_of(p->text)), why);
}

static quill_status compile_with(const struct pattern *p, pcre2_compile_context *context, pcre2_code **code,
                                 quill_error *err) {
    int number;
    size_t at;
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | (p->metered ? PCRE2_AUTO_CALLOUT : 0);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_parens_nest_limit(context, MOST_NESTING);
    *code = pcre2_compile((PCRE2_SPTR)p->text, PCRE2_ZERO_TERMINATED, options, &number, &at, context);
    if (!*code) {
        char why[160] = "?";
        if (number == PCRE2_ERROR_NOMEMORY || number == PCRE2_ERROR_HEAP_FAILED) return fail_memory(err);
        pcre2_get_error_message(number, (PCRE2_UCHAR *)why, sizeof why);
        return bad_pattern(p, why, err);
    }
    // If JIT fails (no room for code, or the system forbids it), pcre2_match interprets: the same matches, slower.
    (void)pcre2_jit_compile(*code, PCRE2_JIT_COMPLETE);
    return QUILL_OK;
}

// The code, compiled by the first thread that needs it; with GPT-2's pattern, most texts never do.
static quill_status code_of(struct pattern *p, const pcre2_code **out, quill_error *err) {
    pcre2_code *code = atomic_load_explicit(&p->code, memory_order_acquire), *others = NULL;
    *out = code;
    if (code) return QUILL_OK;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context) return fail_memory(err);
    quill_status status = compile_with(p, context, &code, err);
    pcre2_compile_context_free(context);
    if (status) return status;
    if (!atomic_compare_exchange_strong(&p->code, &others, code)) {
        pcre2_code_free(code); // another thread was faster
        code = others;
    }
    *out = code;
    return QUILL_OK;
}

quill_status pattern_compile(struct pattern *p, quill_error *err) {
    const pcre2_code *code;
    return code_of(p, &code, err);
}

static bool script_prefix(void) {
    return PCRE2_MAJOR > 10 || (PCRE2_MAJOR == 10 && PCRE2_MINOR >= 40);
}

static quill_status translate(struct pattern *p, struct str text, quill_error *err) {
    struct buffer out = {0};
    const char *why = text.n && memchr(text.p, '\0', text.n) ? "a NUL byte" : NULL;
    bool ok = !why && regex_to_pcre2(&out, text, script_prefix(), &why) && buffer_add_byte(&out, '\0');
    p->text = out.p;
    if (ok) return QUILL_OK;
    return why ? fail(err, QUILL_E_MODEL, "%s: %s pattern '%s': %s is not supported", QUOTED(str_of(p->file)), p->part,
                      QUOTED(text), why)
               : fail_memory(err);
}

quill_status pattern_create(struct pattern **out, struct str text, bool metered, const char *file, const char *part,
                            quill_error *err) {
    *out = NULL;
    if (text.n > MOST_PATTERN_BYTES)
        return fail(err, QUILL_E_MODEL, "%s: %s pattern: expected at most %d bytes, found %zu", QUOTED(str_of(file)),
                    part, MOST_PATTERN_BYTES, text.n);
    struct pattern *p = alloc_zeroed(1, sizeof *p);
    if (!p) return fail_memory(err);
    p->part = part;
    p->metered = metered;
    p->file = alloc_string(str_of(file));
    quill_status status = p->file ? translate(p, text, err) : fail_memory(err);
    if (status) pattern_free(p);
    else *out = p;
    return status;
}

void pattern_free(struct pattern *p) {
    if (!p) return;
    pcre2_code_free(atomic_load(&p->code));
    free(p->text);
    free(p->file);
    free(p);
}

size_t pattern_memory(const struct pattern *p) {
    const pcre2_code *code = atomic_load(&p->code);
    size_t bytes = sizeof *p + strlen(p->text) + 1, part = 0;
    if (code && pcre2_pattern_info(code, PCRE2_INFO_SIZE, &part) == 0) bytes += part;
    if (code && pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &part) == 0) bytes += part;
    return bytes;
}

bool pattern_is_metered(const struct pattern *p) { return p->metered; }

// ---- matching -------------------------------------------------------------------------------------------------------

static int count_work(pcre2_callout_block *block, void *arg) {
    struct match_room *room = arg;
    size_t here = block->current_position, cost = 1 + (here > room->last ? here - room->last : room->last - here);
    room->last = here;
    if (cost > room->work) return PCRE2_ERROR_MATCHLIMIT;
    room->work -= cost;
    return 0;
}

void match_room_free(struct match_room *room) {
    if (!room) return;
    pcre2_match_data_free(room->match);
    pcre2_match_context_free(room->context);
    pcre2_jit_stack_free(room->stack);
    free(room);
}

static quill_status make_room(struct match_room **out, quill_error *err) {
    if (*out) return QUILL_OK;
    struct match_room *room = alloc_zeroed(1, sizeof *room);
    if (!room) return fail_memory(err);
    room->match = pcre2_match_data_create(1, NULL);
    room->context = pcre2_match_context_create(NULL);
    // NULL if the library has no JIT; then it is not needed.
    room->stack = pcre2_jit_stack_create(JIT_STACK_LEAST, JIT_STACK_MOST, NULL);
    if (!room->match || !room->context) {
        match_room_free(room);
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

quill_status match_room_meter(struct match_room **room, size_t n, quill_error *err) {
    quill_status status = make_room(room, err);
    if (status) return status;
    (*room)->work = n < (SIZE_MAX - WORK_LEAST) / WORK_PER_BYTE ? n * WORK_PER_BYTE + WORK_LEAST : SIZE_MAX;
    return QUILL_OK;
}

static quill_status match_failed(const struct pattern *p, int result, quill_error *err) {
    char why[160] = "?";
    if (result == PCRE2_ERROR_NOMEMORY) return fail_memory(err);
    pcre2_get_error_message(result, (PCRE2_UCHAR *)why, sizeof why);
    return bad_pattern(p, why, err);
}

quill_status pattern_find(struct pattern *p, struct match_room **of_thread, const char *text, size_t n, size_t from,
                          size_t *begin, size_t *end, quill_error *err) {
    const pcre2_code *code;
    quill_status status = code_of(p, &code, err);
    if (!status) status = make_room(of_thread, err);
    if (status) return status;
    struct match_room *room = *of_thread;
    room->last = from;
    int result = pcre2_match(code, (PCRE2_SPTR)text, n, from, PCRE2_NO_UTF_CHECK, room->match, room->context);
    *begin = *end = n;
    if (result == PCRE2_ERROR_NOMATCH) return QUILL_OK;
    if (result < 0) return match_failed(p, result, err);
    const size_t *ends = pcre2_get_ovector_pointer(room->match);
    *begin = ends[0];
    *end = ends[1];
    return QUILL_OK;
}
