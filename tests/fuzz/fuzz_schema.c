// SPDX-License-Identifier: MIT
// A JSON schema, a line `====`, a text: read byte by byte. A text that is complete is JSON, and nothing is a dead end.
#include "fuzz.h"
#include "base/json_walk.h"
#include "sampler/constraint/json_schema.h"

enum { MOST_SCHEMA = 4096, MOST_TEXT = 256, MOST_STEPS = 300 };

// A byte from which the end is nearer exists wherever the text is not complete.
static void go_to_an_end(struct automaton *a, struct reading *r, uint32_t state) {
    for (int i = 0; i < MOST_STEPS && !r->status && !a->kind->may_end(a, r, state); i++) {
        const uint32_t least = a->kind->least(a, r, state);
        uint32_t next = DEAD;
        for (int byte = 0; byte < 256 && next == DEAD && !r->status; byte++) {
            next = a->kind->step(a, r, state, (uint8_t)byte);
            if (next != DEAD && a->kind->least(a, r, next) >= least) next = DEAD;
        }
        if (r->status) return;
        CLAIM(next != DEAD);
        state = next;
    }
}

static void read_text(struct automaton *a, struct str text) {
    struct reading r = {.effort_left = 2000000};
    uint32_t state = a->kind->start(a, &r), last = state;
    size_t n = 0;
    CLAIM(state != DEAD || r.status);
    for (; n < text.n && state != DEAD; n++) {
        last = state;
        state = a->kind->step(a, &r, state, (uint8_t)text.p[n]);
    }
    if (!r.status && state != DEAD && a->kind->may_end(a, &r, state)) {
        struct str value;
        struct json_walk walk = {.text = {text.p, n}};
        // Jansson's kin refuse what is nested more than 64 deep, which is JSON all the same.
        CLAIM((json_value(&walk, &value) && json_at_end(&walk)) || strstr(walk.mistake, "64 deep"));
    }
    if (!r.status && last != DEAD) go_to_an_end(a, &r, last);
    reading_free(&r);
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct str rest = {(const char *)data, size}, schema = fuzz_part(&rest, "====");
    struct automaton *a = NULL;
    if (schema.n > MOST_SCHEMA) schema.n = MOST_SCHEMA;
    const quill_status s = json_schema_create(&a, schema, "json-schema", err);
    if (s) return s;
    if (rest.n && rest.p[rest.n - 1] == '\n') rest.n--;
    read_text(a, (struct str){rest.p, rest.n < MOST_TEXT ? rest.n : MOST_TEXT});
    a->kind->free(a);
    return QUILL_OK;
}
