// SPDX-License-Identifier: MIT
#include "automaton.h"

#include <stdarg.h>
#include <stdio.h>

void reading_free(struct reading *r) {
    buffer_free(&r->text);
    free(r->states);
    *r = (struct reading){0};
}

uint32_t reading_fail(struct reading *r, quill_status status, const char *format, ...) {
    if (r->status) return DEAD;
    char text[sizeof r->err.text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->status = fail(&r->err, status, "%s", text);
    return DEAD;
}
