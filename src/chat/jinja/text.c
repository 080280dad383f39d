// SPDX-License-Identifier: MIT
#include "text.h"

#include <utf8proc.h>

#include "base/checked.h"
#include "base/utf8.h"
#include "run.h"

// ---- building -------------------------------------------------------------------------------------------------------

// Room for `need` elements in the arena, growing by at least as much again.
static bool grow(struct run *r, void **p, size_t *cap, size_t n, size_t need, size_t size) {
    if (need <= *cap) return true;
    size_t more = *cap < 32 ? 64 : 2 * *cap;
    if (more < need) more = need;
    void *grown = run_alloc(r, more, size);
    if (!grown) return false;
    if (n) memcpy(grown, *p, n * size);
    *p = grown;
    *cap = more;
    return true;
}

bool build_reserve(struct builder *b, size_t n) {
    size_t need;
    void *p = b->p;
    if (!checked_add_size(&need, b->n, n)) return run_no_memory(b->run), false;
    if (!grow(b->run, &p, &b->cap, b->n, need, 1)) return false;
    b->p = p;
    return true;
}

static bool mark(struct builder *b, size_t at, size_t n) {
    quill_span *last = b->n_marks ? &b->marks[b->n_marks - 1] : NULL;
    if (last && last->at + last->n == at) {
        last->n += n;
        return true;
    }
    void *p = b->marks;
    if (!grow(b->run, &p, &b->cap_marks, b->n_marks, b->n_marks + 1, sizeof *b->marks)) return false;
    b->marks = p;
    b->marks[b->n_marks++] = (quill_span){at, n};
    return true;
}

static bool all_ascii(const char *p, size_t n) {
    unsigned char all = 0;
    for (size_t i = 0; i < n; i++) all |= (unsigned char)p[i];
    return all < 0x80;
}

static bool append(struct builder *b, const char *p, size_t n, bool ascii) {
    if (b->run->status || !run_steps(b->run, n / 64) || !build_reserve(b, n)) return false;
    memcpy(b->p + b->n, p, n);
    b->n += n;
    b->not_ascii |= !ascii;
    return true;
}

bool build_marked(struct builder *b, const char *p, size_t n, bool marked) {
    const size_t at = b->n;
    if (n == 0) return b->run->status == QUILL_OK;
    return append(b, p, n, all_ascii(p, n)) && (!marked || mark(b, at, n));
}

bool build_bytes(struct builder *b, const char *p, size_t n) { return build_marked(b, p, n, false); }

// The first mark that does not end at or before `at`.
static size_t mark_behind(const struct text *t, size_t at) {
    size_t low = 0, high = t->n_marks;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (t->marks[middle].at + t->marks[middle].n <= at) low = middle + 1;
        else high = middle;
    }
    return low;
}

bool text_marked_at(const struct text *t, size_t at) {
    const size_t i = mark_behind(t, at);
    return i < t->n_marks && t->marks[i].at <= at;
}

bool build_part(struct builder *b, const struct text *t, size_t at, size_t n) {
    const size_t begin = b->n;
    if (n == 0) return b->run->status == QUILL_OK;
    if (!append(b, t->p + at, n, t->ascii || all_ascii(t->p + at, n))) return false;
    for (size_t i = mark_behind(t, at); i < t->n_marks && t->marks[i].at < at + n; i++) {
        const size_t from = t->marks[i].at > at ? t->marks[i].at - at : 0;
        const size_t to = t->marks[i].at + t->marks[i].n - at < n ? t->marks[i].at + t->marks[i].n - at : n;
        if (!run_step(b->run) || !mark(b, begin + from, to - from)) return false;
    }
    return true;
}

bool build_text(struct builder *b, const struct text *t) { return t && build_part(b, t, 0, t->n); }

bool build_repeated(struct builder *b, const char *p, size_t n, size_t times) {
    size_t all;
    if (!checked_mul_size(&all, n, times)) return run_no_memory(b->run), false;
    if (!run_steps(b->run, times) || !build_reserve(b, all)) return false;
    for (size_t i = 0; i < times; i++)
        if (!build_bytes(b, p, n)) return false;
    return true;
}

const struct text *build_end(struct builder *b) {
    if (b->run->status) return NULL;
    struct text *t = run_alloc(b->run, 1, sizeof *t);
    if (t) *t = (struct text){b->n ? b->p : "", b->n, b->marks, b->n_marks, !b->not_ascii, false};
    return t;
}

static struct value value_or_fail(const struct text *t) { return t ? value_text(t) : UNDEFINED; }

struct value build_value(struct builder *b) { return value_or_fail(build_end(b)); }

const struct text *text_of(struct run *r, struct str s, bool marked) {
    struct text *t = run_alloc(r, 1, sizeof *t);
    if (!t) return NULL;
    *t = (struct text){.p = s.n ? s.p : "", .n = s.n, .ascii = all_ascii(s.p, s.n)};
    if (!marked || s.n == 0) return t;
    quill_span *whole = run_alloc(r, 1, sizeof *whole);
    if (!whole) return NULL;
    *whole = (quill_span){0, s.n};
    t->marks = whole;
    t->n_marks = 1;
    return t;
}

struct value text_value(struct run *r, struct str s) { return value_or_fail(text_of(r, s, false)); }

const struct text *text_part(struct run *r, const struct text *t, size_t at, size_t n) {
    if (at == 0 && n == t->n) return t;
    struct text *part = run_alloc(r, 1, sizeof *part);
    if (!part) return NULL;
    *part = (struct text){.p = t->p + at, .n = n, .ascii = t->ascii || all_ascii(t->p + at, n), .markup = t->markup};
    const size_t first = mark_behind(t, at);
    size_t end = first;
    while (end < t->n_marks && t->marks[end].at < at + n) end++;
    if (n == 0 || end == first) return part;
    if (!run_steps(r, end - first)) return NULL;
    quill_span *marks = run_alloc(r, end - first, sizeof *marks);
    if (!marks) return NULL;
    for (size_t i = first; i < end; i++) {
        const size_t from = t->marks[i].at > at ? t->marks[i].at - at : 0, stop = t->marks[i].at + t->marks[i].n - at;
        marks[i - first] = (quill_span){from, (stop < n ? stop : n) - from};
    }
    part->marks = marks;
    part->n_marks = end - first;
    return part;
}

// ---- characters -----------------------------------------------------------------------------------------------------

size_t text_step(const struct text *t, size_t at, uint32_t *code, bool *valid) {
    const int step = utf8_step(t->p + at, t->n - at, code);
    *valid = step > 0;
    if (step < 0) *code = 0xfffd;
    return (size_t)(step < 0 ? -step : step);
}

size_t text_length(const struct text *t) {
    if (t->ascii) return t->n;
    size_t length = 0;
    uint32_t code;
    bool valid;
    for (size_t at = 0; at < t->n; length++) at += text_step(t, at, &code, &valid);
    return length;
}

size_t text_offset(const struct text *t, size_t character) {
    if (t->ascii) return character < t->n ? character : t->n;
    size_t at = 0;
    uint32_t code;
    bool valid;
    for (; character && at < t->n; character--) at += text_step(t, at, &code, &valid);
    return at;
}

size_t text_find(const struct text *t, struct str needle, size_t from) {
    if (from > t->n) return SIZE_MAX;
    if (needle.n == 0) return from;
    const char *p = memmem(t->p + from, t->n - from, needle.p, needle.n);
    return p ? (size_t)(p - t->p) : SIZE_MAX;
}

size_t text_find_last(const struct text *t, struct str needle) {
    if (needle.n > t->n) return SIZE_MAX;
    for (size_t at = t->n - needle.n + 1; at-- > 0;)
        if (needle.n == 0 || memcmp(t->p + at, needle.p, needle.n) == 0) return at;
    return SIZE_MAX;
}

size_t text_search_steps(const struct text *t, const struct text *needle, bool last) {
    uint64_t work;
    if (!last || !checked_mul(&work, t->n, needle->n)) return last ? SIZE_MAX : t->n / 8 + 1;
    return (size_t)(work / 4096) + t->n / 8 + 1;
}

static bool ends_line(uint32_t c) {
    return (c >= '\n' && c <= '\r') || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

size_t text_line_end(const struct text *t, size_t at, size_t *next) {
    uint32_t code;
    bool valid;
    for (size_t step; at < t->n; at += step) {
        step = text_step(t, at, &code, &valid);
        if (!ends_line(code)) continue;
        *next = at + step + (code == '\r' && at + 1 < t->n && t->p[at + 1] == '\n');
        return at;
    }
    return *next = t->n;
}

bool char_is_space(uint32_t c) {
    return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static utf8proc_category_t category(uint32_t c) { return utf8proc_category((utf8proc_int32_t)c); }

bool char_is_alpha(uint32_t c) {
    const utf8proc_category_t kind = category(c);
    return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool char_is_digit(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; }

bool char_is_upper(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_LU; }
bool char_is_lower(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_LL; }

bool char_is_printable(uint32_t c) {
    switch (category(c)) {
    case UTF8PROC_CATEGORY_CN: case UTF8PROC_CATEGORY_CC: case UTF8PROC_CATEGORY_CF: case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO: case UTF8PROC_CATEGORY_ZL: case UTF8PROC_CATEGORY_ZP: return false;
    case UTF8PROC_CATEGORY_ZS: return c == ' ';
    default: return true;
    }
}

// ---- changing -------------------------------------------------------------------------------------------------------

static bool in_set(const struct text *set, uint32_t wanted) {
    uint32_t code;
    bool valid;
    if (!set) return char_is_space(wanted);
    for (size_t at = 0; at < set->n;) {
        at += text_step(set, at, &code, &valid);
        if (code == wanted) return true;
    }
    return false;
}

// The length of the last character before `end`.
static size_t step_back(const struct text *t, size_t end, uint32_t *code, bool *valid) {
    size_t n = 1;
    while (n < end && n < 4 && ((unsigned char)t->p[end - n] & 0xc0) == 0x80) n++;
    const int step = utf8_step(t->p + end - n, n, code);
    *valid = step == (int)n;
    if (!*valid) *code = 0xfffd;
    return *valid ? n : 1;
}

const struct text *text_strip(struct run *r, const struct text *t, const struct text *set, bool left, bool right) {
    size_t begin = 0, end = t->n;
    uint32_t code;
    bool valid;
    if (!run_steps(r, (t->n / 64 + 1) * (set ? set->n + 1 : 1))) return NULL;
    while (left && begin < end) {
        const size_t step = text_step(t, begin, &code, &valid);
        if (!in_set(set, code)) break;
        begin += step;
    }
    while (right && end > begin) {
        const size_t step = step_back(t, end, &code, &valid);
        if (!in_set(set, code)) break;
        end -= step;
    }
    return text_part(r, t, begin, end - begin);
}

static bool has_case(uint32_t c) { return char_is_upper(c) || char_is_lower(c) || category(c) == UTF8PROC_CATEGORY_LT; }

// How one character is to change.
static enum letter_case change(uint32_t c, enum letter_case how, bool first, bool in_word) {
    switch (how) {
    case TO_TITLE: return in_word ? TO_LOWER : TO_TITLE;
    case TO_CAPITALIZED: return first ? TO_TITLE : TO_LOWER;
    case TO_SWAPPED: return char_is_upper(c) ? TO_LOWER : TO_UPPER;
    default: return how;
    }
}

// Writes a changed character; it is two where Unicode's SpecialCasing.txt says so, for those in use.
static size_t recase(char out[4], uint32_t c, enum letter_case how) {
    const int32_t code = (int32_t)c;
    const char *special = c == 0xdf && how == TO_UPPER   ? "SS"
                          : c == 0xdf && how == TO_TITLE ? "Ss"
                          : c == 0x130 && how == TO_LOWER ? "i\xcc\x87"
                                                          : NULL;
    if (special) return memcpy(out, special, strlen(special)), strlen(special);
    return (size_t)utf8_write(out, how == TO_UPPER   ? (uint32_t)utf8proc_toupper(code)
                                   : how == TO_LOWER ? (uint32_t)utf8proc_tolower(code)
                                                     : (uint32_t)utf8proc_totitle(code));
}

const struct text *text_recase(struct run *r, const struct text *t, enum letter_case how) {
    struct builder b = {.run = r};
    bool in_word = false, valid;
    uint32_t code;
    if (!run_steps(r, t->n)) return NULL;
    for (size_t at = 0; at < t->n;) {
        const size_t step = text_step(t, at, &code, &valid);
        char bytes[4];
        const size_t n = valid ? recase(bytes, code, change(code, how, at == 0, in_word)) : 0;
        if (n ? !build_marked(&b, bytes, n, text_marked_at(t, at)) : !build_part(&b, t, at, step)) return NULL;
        in_word = has_case(code);
        at += step;
    }
    return build_end(&b);
}
