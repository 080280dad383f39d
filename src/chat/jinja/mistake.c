// SPDX-License-Identifier: MIT
#include "mistake.h"

#include <stdarg.h>
#include <stdio.h>

quill_status jinja_mistake(quill_error *err, const char *name, uint32_t line, const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fail(err, QUILL_E_MODEL, "%s: chat template: line %u: %s", QUOTED(str_of(name)), (unsigned)line, text);
}
