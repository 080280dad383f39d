// SPDX-License-Identifier: MIT
#include "stop.h"

#include <stdint.h>

#include "base/alloc.h"
#include "sampler/stop_regex.h"

// A string and the automaton of Knuth, Morris and Pratt (1977): the text seen so far ends with its first `state` bytes.
struct literal {
    struct str text;
    size_t *border; // [n + 1] border[k]: length of the longest proper prefix of text[0..k) that is also its suffix
    size_t state;
    quill_stop kind;
};

struct stops {
    struct literal *literals; // [n_literals]
    size_t n_literals;
    size_t seen;              // bytes of the text that the literals have seen
    struct stop_regex *regex; // NULL: none, or its match was found
    size_t regex_from;        // no match of it begins before this
    size_t regex_next;        // the regex is searched again once the text has this length
    bool found;
    struct stop_match best;   // the best match found
};

// While a regex may still match from some place on, it is tried again with every token; the longer the text from there,
// the less often, so that all tries together stay linear in the text.
enum { TRY_ALWAYS = 1024, TRY_PART = 8, REGEX_HELD = 16 * 1024 };

static bool literal_create(struct literal *l, struct str text, quill_stop kind) {
    *l = (struct literal){.text = text, .kind = kind};
    l->border = alloc_array(text.n + 1, sizeof *l->border);
    if (!l->border) return false;
    l->border[0] = l->border[1] = 0;
    for (size_t i = 1, k = 0; i < text.n; i++) {
        while (k && text.p[i] != text.p[k]) k = l->border[k];
        if (text.p[i] == text.p[k]) k++;
        l->border[i + 1] = k;
    }
    return true;
}

static quill_status add_literals(struct stops *stops, const quill_request *request, quill_error *err) {
    stops->literals = alloc_zeroed(request->n_stops + 1, sizeof *stops->literals);
    if (!stops->literals) return fail_memory(err);
    for (size_t i = 0; i < request->n_stops; i++) {
        struct str text = {request->stops[i].text, request->stops[i].n};
        if (text.n == 0) return fail(err, QUILL_E_USAGE, "stop: expected a string, found an empty one");
        if (!literal_create(&stops->literals[stops->n_literals++], text, QUILL_STOP_STRING)) return fail_memory(err);
    }
    if (request->line && !literal_create(&stops->literals[stops->n_literals++], STR("\n"), QUILL_STOP_LINE))
        return fail_memory(err);
    return QUILL_OK;
}

quill_status stops_create(struct stops **out, const quill_request *request, quill_error *err) {
    struct stops *stops = alloc_zeroed(1, sizeof *stops);
    if (!stops) return fail_memory(err);
    quill_status s = add_literals(stops, request, err);
    if (!s && request->stop_regex) s = stop_regex_create(&stops->regex, request->stop_regex, err);
    if (s) stops_free(stops);
    else *out = stops;
    return s;
}

void stops_free(struct stops *stops) {
    if (!stops) return;
    for (size_t i = 0; i < stops->n_literals; i++) free(stops->literals[i].border);
    free(stops->literals);
    stop_regex_free(stops->regex);
    free(stops);
}

void stops_skip(struct stops *stops, size_t n) {
    stops->seen = n;
    stops->regex_from = n;
}

static void found(struct stops *stops, struct stop_match match) {
    const struct stop_match *best = &stops->best;
    if (stops->found && (match.begin > best->begin || (match.begin == best->begin && match.end >= best->end))) return;
    stops->found = true;
    stops->best = match;
}

static void look_for_literal(struct stops *stops, struct literal *l, struct str text) {
    for (size_t i = stops->seen; i < text.n; i++) {
        while (l->state && text.p[i] != l->text.p[l->state]) l->state = l->border[l->state];
        if (text.p[i] == l->text.p[l->state]) l->state++;
        if (l->state < l->text.n) continue;
        found(stops, (struct stop_match){i + 1 - l->text.n, i + 1, l->kind});
        l->state = l->border[l->state];
    }
}

static quill_status look_for_regex(struct stops *stops, struct str text, bool final, quill_error *err) {
    if (!final && text.n < stops->regex_next) return QUILL_OK;
    struct regex_hit hit;
    quill_status s = stop_regex_search(stops->regex, text, stops->regex_from, final, &hit, err);
    if (s) return s;
    stops->regex_from = hit.begin;
    size_t held = text.n - hit.begin;
    stops->regex_next = held > TRY_ALWAYS ? text.n + held / TRY_PART : text.n;
    if (hit.kind == REGEX_MATCH) {
        found(stops, (struct stop_match){hit.begin, hit.end, QUILL_STOP_STRING});
        stop_regex_free(stops->regex);
        stops->regex = NULL;
    } else if (held > REGEX_HELD)
        return fail(err, QUILL_E_CONSTRAINT, "stop regex: expected a match to end within %d bytes of text", REGEX_HELD);
    return QUILL_OK;
}

quill_status stops_look(struct stops *stops, struct str text, bool final, size_t *certain,
                        const struct stop_match **match, quill_error *err) {
    size_t open = text.n; // the first place where an undecided match may begin
    for (size_t i = 0; i < stops->n_literals; i++) {
        struct literal *l = &stops->literals[i];
        look_for_literal(stops, l, text);
        if (text.n - l->state < open) open = text.n - l->state;
    }
    stops->seen = text.n;
    if (stops->regex) {
        quill_status s = look_for_regex(stops, text, final, err);
        if (s) return s;
        if (stops->regex && stops->regex_from < open) open = stops->regex_from;
    }
    if (final) open = text.n;
    *match = stops->found && stops->best.begin <= open ? &stops->best : NULL;
    *certain = *match ? stops->best.begin : open;
    return QUILL_OK;
}
