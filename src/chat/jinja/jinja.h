// SPDX-License-Identifier: MIT
// A subset of Jinja 2 that is large enough for the chat templates of models, run as transformers runs it.
//
// Not supported, and refused by name: include, import, extends, block, autoescape, do, and the filters and tests that
// chat templates have no use for.
#ifndef QUILL_CHAT_JINJA_JINJA_H
#define QUILL_CHAT_JINJA_JINJA_H

#include <time.h>

#include "base/arena.h"
#include "base/error.h"
#include "value.h"

enum { JINJA_MOST_TEMPLATE = 256 << 10 }; // bytes

struct jinja; // a parsed template; immutable

// Parses text[0..n), which is copied. QUILL_E_MODEL: "NAME: chat template: line 3: ...".
quill_status jinja_parse(struct jinja **out, struct str text, const char *name, quill_error *err);
void jinja_free(struct jinja *template); // NULL is fine

struct jinja_input {
    const struct dict *variables;
    size_t bytes;         // of what the variables hold: limits grow with it
    const struct tm *now; // for strftime_now
};

// Renders. Everything lives in the arena, which may hold the input too. QUILL_E_USAGE: the template called
// raise_exception; QUILL_E_MODEL: it is at fault, or exceeded a limit, and then *limited is set.
quill_status jinja_render(const struct jinja *template, const struct jinja_input *input, struct arena *arena,
                          const struct text **out, bool *limited, quill_error *err);

#endif
