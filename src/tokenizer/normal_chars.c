// SPDX-License-Identifier: MIT
#include "normal_chars.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "characters.h"

bool is_ascii(struct str text) {
    size_t i = 0;
    while (text.n - i >= 8 && !(load_u64(text.p + i) & 0x8080808080808080u)) i += 8;
    while (i < text.n && !((uint8_t)text.p[i] & 0x80)) i++;
    return i == text.n;
}

// ---- forms of Unicode -----------------------------------------------------------------------------------------------
// Only characters above ASCII change, and an ASCII character before them (e and U+0301 are one). utf8proc orders marks
// in time that is quadratic in their number, and takes memory: longer runs are done in parts.

enum { PART = 256, MOST_PART = 2048 }; // bytes; a part ends behind PART where no character may join, or at MOST_PART

// Whether a character may change with those before it: marks, the parts of Hangul syllables, halfwidth voicing marks.
static bool may_join(uint32_t c) {
    return is_mark(c) || (c >= 0x1160 && c <= 0x11ff) || (c >= 0x3130 && c <= 0x318f) || (c >= 0xff9e && c <= 0xffdc);
}

// The length of the part to be done at once that p[0..n), the beginning of a run, has.
static size_t part_length(const char *p, size_t n) {
    size_t i = 0;
    while (i < n && i < MOST_PART) {
        uint32_t code = 0;
        int step = utf8_step(p + i, n - i, &code);
        if (step < 0 || (i && (code < 0x80 || (i >= PART && !may_join(code))))) break;
        i += (size_t)step;
    }
    return i;
}

static bool add_form(enum normalizer_kind form, struct str text, struct buffer *out) {
    static const utf8proc_option_t options[] = {
        [NORMALIZE_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
        [NORMALIZE_NFD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
        [NORMALIZE_NFKC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
        [NORMALIZE_NFKD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT,
    };
    utf8proc_uint8_t *result = NULL;
    utf8proc_ssize_t n =
        utf8proc_map((const utf8proc_uint8_t *)text.p, (utf8proc_ssize_t)text.n, &result, options[form]);
    bool ok = n >= 0 && buffer_add(out, result, (size_t)n);
    free(result);
    return ok;
}

bool unicode_form(enum normalizer_kind form, struct str text, struct buffer *out) {
    size_t at = 0;
    while (at < text.n) {
        size_t plain = at;
        while (plain < text.n && !((uint8_t)text.p[plain] & 0x80)) plain++;
        if (plain > at && plain < text.n) plain--; // this one may be changed by a mark behind it
        if (!buffer_add(out, text.p + at, plain - at)) return false;
        at = plain;
        size_t n = part_length(text.p + at, text.n - at);
        if (at < text.n && n == 0) {
            n = (size_t)-utf8_step(text.p + at, text.n - at, NULL); // invalid
            if (!buffer_add(out, text.p + at, n)) return false;
        } else if (n && !add_form(form, (struct str){text.p + at, n}, out)) {
            return false;
        }
        at += n;
    }
    return true;
}

// ---- characters -----------------------------------------------------------------------------------------------------

static bool add_code(struct buffer *out, uint32_t code) {
    char bytes[4];
    return buffer_add(out, bytes, (size_t)utf8_write(bytes, code));
}

static bool add_lower(struct buffer *out, uint32_t code) {
    if (code == 0x130) return add_code(out, 'i') && add_code(out, 0x307); // the only one that becomes two
    return add_code(out, (uint32_t)utf8proc_tolower((utf8proc_int32_t)code));
}

static bool nmt_removes(uint32_t c) {
    return (c >= 0x01 && c <= 0x08) || c == 0x0b || (c >= 0x0e && c <= 0x1f) || c == 0x7f || c == 0x8f || c == 0x9f;
}

static bool nmt_blanks(uint32_t c) {
    return c == 0x09 || c == 0x0a || c == 0x0c || c == 0x0d || c == 0x1680 || (c >= 0x200b && c <= 0x200f) ||
           c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xfeff || c == 0xfffd;
}

static bool add_clean(struct buffer *out, uint32_t c) {
    const bool line = c == '\t' || c == '\n' || c == '\r';
    if (c == 0 || c == 0xfffd || (is_other(c) && !line)) return true;
    return add_code(out, is_white_space(c) ? ' ' : c);
}

static bool add_ideograph(struct buffer *out, uint32_t c) {
    if (!is_ideograph(c)) return add_code(out, c);
    return add_code(out, ' ') && add_code(out, c) && add_code(out, ' ');
}

static bool map_character(enum normalizer_kind kind, uint32_t c, struct buffer *out) {
    switch (kind) {
    case NORMALIZE_LOWERCASE: return add_lower(out, c);
    case NORMALIZE_STRIP_ACCENTS: return is_mark(c) || add_code(out, c);
    case NORMALIZE_STRIP_NONSPACING: return is_nonspacing_mark(c) || add_code(out, c);
    case NORMALIZE_NMT: return nmt_removes(c) || add_code(out, nmt_blanks(c) ? ' ' : c);
    case NORMALIZE_CLEAN: return add_clean(out, c);
    case NORMALIZE_IDEOGRAPHS: return add_ideograph(out, c);
    default: return add_code(out, c);
    }
}

bool map_characters(enum normalizer_kind kind, struct str text, struct buffer *out) {
    for (size_t at = 0; at < text.n;) {
        uint32_t code = 0;
        int step = utf8_step(text.p + at, text.n - at, &code);
        if (step < 0 ? !buffer_add(out, text.p + at, (size_t)-step) : !map_character(kind, code, out)) return false;
        at += (size_t)(step < 0 ? -step : step);
    }
    return true;
}

// ---- SentencePiece's rules ------------------------------------------------------------------------------------------

// The length of the character or invalid piece at p[0..n), n > 0.
static size_t length_at(const char *p, size_t n) {
    int step = utf8_step(p, n, NULL);
    return (size_t)(step < 0 ? -step : step);
}

// How many bytes at `at` are printing ASCII of which `rules` has none, each a cluster of its own because ASCII follows.
static size_t plain_run(const bool rules[256], struct str text, size_t at) {
    size_t n = at;
    while (n < text.n && text.p[n] >= ' ' && text.p[n] < 0x7f && !rules[(uint8_t)text.p[n]]) n++;
    return n > at && n < text.n && (uint8_t)text.p[n] >= 0x80 ? n - at - 1 : n - at;
}

bool map_longest(const struct charsmap *map, struct str text, struct buffer *out) {
    for (size_t at = 0, n; at < text.n; at += n) {
        struct str instead;
        const size_t plain = plain_run(map->begins, text, at);
        if (!buffer_add(out, text.p + at, plain)) return false;
        if ((at += plain) == text.n) break;
        n = charsmap_find(map, text.p + at, text.n - at, false, &instead);
        if (n == 0) {
            n = length_at(text.p + at, text.n - at);
            instead = (struct str){text.p + at, n};
        }
        if (!buffer_add_str(out, instead)) return false;
    }
    return true;
}

// The length of the cluster of characters (Unicode Standard Annex 29) at p[0..n), n > 0.
static size_t cluster_length(const char *p, size_t n) {
    uint32_t before = 0, code = 0;
    utf8proc_int32_t state = 0;
    int step = utf8_step(p, n, &before);
    size_t at = (size_t)(step < 0 ? -step : step);
    while (step > 0 && at < n && (step = utf8_step(p + at, n - at, &code)) > 0) {
        if (utf8proc_grapheme_break_stateful((utf8proc_int32_t)before, (utf8proc_int32_t)code, &state)) break;
        at += (size_t)step;
        before = code;
    }
    return at;
}

// A cluster of less than 6 bytes is looked up as a whole, the characters of others one by one; what a rule finds at
// their beginning, the shortest one, replaces them.
bool map_graphemes(const struct charsmap *map, struct str text, struct buffer *out) {
    for (size_t at = 0, cluster; at < text.n; at += cluster) {
        struct str instead;
        const size_t plain = plain_run(map->alone, text, at);
        if (!buffer_add(out, text.p + at, plain)) return false;
        if ((at += plain) == text.n) break;
        cluster = cluster_length(text.p + at, text.n - at);
        if (cluster < 6 && charsmap_find(map, text.p + at, cluster, true, &instead)) {
            if (!buffer_add_str(out, instead)) return false;
            continue;
        }
        for (size_t i = 0, n; i < cluster; i += n) {
            n = length_at(text.p + at + i, cluster - i);
            if (!charsmap_find(map, text.p + at + i, n, true, &instead)) instead = (struct str){text.p + at + i, n};
            if (!buffer_add_str(out, instead)) return false;
        }
    }
    return true;
}
