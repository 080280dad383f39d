// SPDX-License-Identifier: MIT
#include "prefix.h"

#include "blanks.h"
#include "characters.h"

bool prefix_loses(const struct prefix *prefix) { return prefix->kind != PREFIX_NONE || prefix->marks_to_blanks; }

static bool begins_blank(struct str text) {
    return text.n && (text.p[0] == ' ' || str_starts(text, STR(BLANK_MARK)));
}

static bool is_graph(char c) { return c > ' ' && c < 0x7f; }

// Words with a space in front of each; what white space lies between them is lost.
static bool add_words(struct buffer *room, struct str text) {
    size_t at = 0;
    while (at < text.n) {
        size_t blank, begin = at;
        while (at < text.n && (blank = white_space(text.p + at, text.n - at))) at += blank;
        begin = at;
        while (at < text.n && (is_graph(text.p[at]) || !white_space(text.p + at, text.n - at))) at++;
        const struct str word = {text.p + begin, at - begin};
        if (!word.n) break;
        if (!buffer_reserve(room, 1 + word.n)) return false;
        if (!begins_blank(word)) room->p[room->n++] = ' ';
        room->n += blanks_of_marks(room->p + room->n, word);
    }
    return true;
}

bool prefix_add(const struct prefix *prefix, struct buffer *room, struct str *text, bool may) {
    const bool marks = prefix->marks_to_blanks && has_blank_mark(*text);
    const bool wanted = prefix->kind == PREFIX_ALWAYS || (prefix->kind == PREFIX_UNLESS_SPACE && !begins_blank(*text));
    const bool put = wanted && text->n && may, words = prefix->kind == PREFIX_WORDS;
    if (!put && !marks && !words) return true;
    room->n = 0;
    if (words) {
        if (!add_words(room, *text)) return false;
    } else {
        if (!buffer_reserve(room, text->n + 1)) return false;
        if (put) room->p[room->n++] = ' ';
        if (marks) room->n += blanks_of_marks(room->p + room->n, *text);
        else (void)buffer_add_str(room, *text); // there is room
    }
    *text = buffer_str(room);
    return true;
}
