// SPDX-License-Identifier: MIT
#include "run.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "mistake.h"

void *run_alloc(struct run *r, size_t count, size_t size) {
    void *p = NULL;
    if (r->status) return NULL;
    if (r->arena->bytes >= r->most_memory || (size && count > (r->most_memory - r->arena->bytes) / size)) {
        r->limited = true;
        run_fail(r, "expected less memory in use, found more than %zu MiB", r->most_memory >> 20);
        return NULL;
    }
    p = arena_alloc(r->arena, count, size);
    if (!p) run_no_memory(r);
    return p;
}

struct value run_fail(struct run *r, const char *format, ...) {
    char text[256];
    va_list args;
    if (r->status) return UNDEFINED;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->status = jinja_mistake(r->err, r->name, r->line, "%s", text);
    return UNDEFINED;
}

// A printable copy, shortened to fit.
static void printable(char *out, size_t size, struct str s) {
    size_t used = 0;
    for (size_t i = 0; i < s.n;) {
        uint32_t code = 0;
        const int step = utf8_step(s.p + i, s.n - i, &code);
        const size_t n = (size_t)(step < 0 ? -step : step);
        if (used + n + 4 > size) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (step < 0 || is_obeyed(code)) out[used++] = code == '\n' ? ' ' : '?';
        else memcpy(out + used, s.p + i, n), used += n;
        i += n;
    }
    out[used] = '\0';
}

struct value run_refuse(struct run *r, struct str text) {
    char words[300];
    printable(words, sizeof words, text);
    if (!r->status) r->status = fail(r->err, QUILL_E_USAGE, "%s: chat template: %s", QUOTED(str_of(r->name)), words);
    return UNDEFINED;
}

struct value run_no_memory(struct run *r) {
    if (!r->status) r->status = fail_memory(r->err);
    return UNDEFINED;
}

bool run_steps(struct run *r, size_t n) {
    if (r->status) return false;
    if (n >= r->steps) {
        r->limited = true;
        return run_fail(r, "expected fewer steps, found more than quill takes"), false;
    }
    r->steps -= n;
    return true;
}
