// SPDX-License-Identifier: MIT
#include "beam.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/dmath.h"

bool beam_create(struct beam *b, size_t room) {
    *b = (struct beam){.ids = alloc_array(room, sizeof *b->ids)};
    return b->ids;
}

void beam_free(struct beam *b) {
    free(b->ids);
    buffer_free(&b->bytes);
}

bool beam_copy(struct beam *to, const struct beam *from) {
    const struct beam old = *to;
    to->bytes.n = 0;
    if (!buffer_add(&to->bytes, from->bytes.p, from->bytes.n)) return false;
    const struct buffer bytes = to->bytes;
    memcpy(old.ids, from->ids, from->n * sizeof *from->ids);
    *to = *from;
    to->ids = old.ids;
    to->bytes = bytes;
    return true;
}

// The stop that ends first behind `from`, and of those the one that begins first.
static bool find_stop(const quill_request *r, struct str text, size_t from, struct stop_match *match) {
    for (size_t end = from + 1; end <= text.n; end++) {
        bool found = false;
        for (size_t i = 0; i < r->n_stops + r->line; i++) {
            const bool line = i == r->n_stops;
            const struct str stop = line ? STR("\n") : (struct str){r->stops[i].text, r->stops[i].n};
            if (stop.n > end || (found && end - stop.n >= match->begin)) continue;
            if (memcmp(text.p + end - stop.n, stop.p, stop.n) != 0) continue;
            *match = (struct stop_match){end - stop.n, end, line ? QUILL_STOP_LINE : QUILL_STOP_STRING};
            found = true;
        }
        if (found) return true;
    }
    return false;
}

bool beam_add(struct beam *b, int32_t id, bool ends, const quill_request *r, bool may_stop) {
    const size_t before = b->bytes.n;
    size_t n = 0;
    const char *bytes = ends ? "" : quill_decoder_take(&b->decoder, id, &n);
    if (!buffer_add(&b->bytes, bytes, n)) return false;
    b->ids[b->n++] = id;
    b->stop = ends ? QUILL_STOP_EOS : QUILL_STOP_LENGTH;
    if (!ends && may_stop && find_stop(r, buffer_str(&b->bytes), before, &b->match)) b->stop = b->match.kind;
    return true;
}

double beam_score(double total, size_t n, double length_penalty) {
    return total / d_exp(length_penalty * d_log((double)n));
}

void ended_insert(struct ended *e) {
    struct beam *beams = e->beams;
    for (size_t i = e->n; i > 0 && beams[i].score > beams[i - 1].score; i--) {
        const struct beam better = beams[i];
        beams[i] = beams[i - 1];
        beams[i - 1] = better;
    }
    if (e->n < e->most) e->n++;
}
