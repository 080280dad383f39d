// SPDX-License-Identifier: MIT
// What the automata of JSON schemas say of texts, for scripts that compare it with what others say. Reads lines:
//
//     S SCHEMA   the schema, in one line: prints "ok", or "error" and the message
//     T TEXT     prints 1 if the text is complete under the schema, else 0
//     W SEED     prints a text that chance makes byte by byte, or "stuck"
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <sys/types.h>

#include "base/str.h"
#include "sampler/constraint/json_schema.h"

enum { MOST_BYTES = 20000, LONG = 120 };

static bool is_complete(struct automaton *a, struct str text) {
    struct reading r = {.effort_left = UINT64_MAX};
    uint32_t state = a->kind->start(a, &r);
    for (size_t i = 0; i < text.n && state != DEAD; i++) state = a->kind->step(a, &r, state, (uint8_t)text.p[i]);
    const bool complete = state != DEAD && a->kind->may_end(a, &r, state) && !r.status;
    if (r.status) fprintf(stderr, "%s\n", r.err.text);
    reading_free(&r);
    return complete;
}

static uint64_t draw(uint64_t *seed) {
    *seed += 0x9e3779b97f4a7c15u;
    uint64_t x = *seed;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

// A byte that can follow, by chance; once the text is long, one that leads to the end soonest. -1: none.
static int pick(struct automaton *a, struct reading *r, uint32_t state, bool hurry, uint64_t *seed) {
    uint32_t best = UINT32_MAX;
    int picked = -1, weight = 0;
    for (int byte = 0; byte < 256; byte++) {
        const uint32_t to = a->kind->step(a, r, state, (uint8_t)byte);
        if (to == DEAD) continue;
        const uint32_t least = hurry ? a->kind->least(a, r, to) : 0;
        if (least < best) {
            best = least;
            weight = 0;
        }
        const int own = byte < 0x80 ? 40 : 1;
        if (least > best) continue;
        weight += own;
        if (draw(seed) % (uint64_t)weight < (uint64_t)own) picked = byte;
    }
    return picked;
}

static void walk(struct automaton *a, uint64_t seed) {
    struct reading r = {.effort_left = UINT64_MAX};
    uint32_t state = a->kind->start(a, &r);
    char text[MOST_BYTES];
    size_t n = 0;
    bool complete = false;
    while (state != DEAD && n < MOST_BYTES) {
        const bool may_end = a->kind->may_end(a, &r, state);
        complete = may_end && (n > LONG || draw(&seed) % 3 == 0 || !a->kind->may_go_on(a, &r, state));
        if (complete) break;
        const int byte = pick(a, &r, state, n > LONG, &seed);
        if (byte < 0) break;
        text[n++] = (char)byte;
        state = a->kind->step(a, &r, state, (uint8_t)byte);
    }
    if (complete) printf("%.*s\n", (int)n, text);
    else printf("stuck\n");
    reading_free(&r);
}

static void answer(struct automaton **a, char kind, struct str rest) {
    quill_error err;
    if (kind == 'S') {
        if (*a) (*a)->kind->free(*a);
        *a = NULL;
        if (json_schema_create(a, rest, "json-schema", &err)) printf("error %s\n", err.text);
        else printf("ok\n");
    } else if (!*a) printf("no schema\n");
    else if (kind == 'T') printf("%d\n", is_complete(*a, rest));
    else walk(*a, strtoull(rest.p, NULL, 10));
    fflush(stdout);
}

int main(void) {
    struct automaton *a = NULL;
    char *line = NULL;
    size_t cap = 0;
    for (ssize_t n; (n = getline(&line, &cap, stdin)) > 0;) {
        if (line[n - 1] == '\n') line[--n] = '\0';
        if (n >= 2) answer(&a, line[0], (struct str){line + 2, (size_t)n - 2});
    }
    free(line);
    if (a) a->kind->free(a);
    return 0;
}
