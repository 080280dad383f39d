// SPDX-License-Identifier: MIT
#include "wrap.h"

#include <utf8proc.h>

#include "base/utf8.h"

enum { LEAST_COLUMNS = 10, TAB = 8 };

static bool new_line(struct wrap *w, struct buffer *out) {
    w->column = w->word_columns = w->word.n = 0;
    return buffer_add_string(out, "\n");
}

// Moves the word to the next line; a word that began its line is broken where it is.
static bool move_word(struct wrap *w, struct buffer *out) {
    const size_t columns = w->word_columns;
    if (columns == w->column) return new_line(w, out);
    if (columns && !buffer_add_format(out, "\x1b[%zuD\x1b[K", columns)) return false; // ECMA-48 CUB, EL
    w->column = columns;
    return buffer_add_string(out, "\n") && buffer_add(out, w->word.p, w->word.n);
}

static bool add_space(struct wrap *w, struct buffer *out, char space) {
    const size_t limit = w->columns - 1, next = space == ' ' ? w->column + 1 : w->column / TAB * TAB + TAB;
    if (next > limit) return new_line(w, out);
    w->column = next;
    w->word_columns = w->word.n = 0;
    return buffer_add(out, &space, 1);
}

static bool add_character(struct wrap *w, struct buffer *out, const char *p, size_t n, size_t columns) {
    if (w->column + columns > w->columns - 1 && !move_word(w, out)) return false;
    w->column += columns;
    w->word_columns += columns;
    return buffer_add(&w->word, p, n) && buffer_add(out, p, n);
}

bool wrap_add(struct wrap *w, struct buffer *out, const char *p, size_t n) {
    if (w->columns < LEAST_COLUMNS) return buffer_add(out, p, n);
    bool ok = true;
    for (size_t i = 0, length; ok && i < n; i += length) {
        uint32_t code = 0;
        const int step = utf8_step(p + i, n - i, &code);
        length = (size_t)(step < 0 ? -step : step);
        const int columns = step > 0 ? utf8proc_charwidth((utf8proc_int32_t)code) : 1;
        if (p[i] == '\n') ok = new_line(w, out);
        else if (p[i] == ' ' || p[i] == '\t') ok = add_space(w, out, p[i]);
        else ok = add_character(w, out, p + i, length, columns > 0 ? (size_t)columns : 0);
    }
    return ok;
}
