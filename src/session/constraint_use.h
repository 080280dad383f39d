// SPDX-License-Identifier: MIT
// A generation's constraint: what it says of the tokens of the session's model.
//
// A text is complete where the constraint says so, and ends with the token that ends texts, or where nothing can
// follow. Stop texts and the newline of `line` are further ways to end it. Where it is complete, a token that begins
// like one of them ends it, unless the constraint lets the text go on with that token; and a stop text within the
// text ends it if what is in front of it is complete, and is part of it otherwise.
#ifndef QUILL_SESSION_CONSTRAINT_USE_H
#define QUILL_SESSION_CONSTRAINT_USE_H

#include "parts.h"
#include "sampler/constraint/constraint.h"
#include "stop.h"

struct constraint_use {
    struct constrained text;        // under the request's constraint, or `prefix`
    quill_constraint *prefix;       // owned; NULL: the text has no prefix, or has it already
    size_t n_prefix;                // bytes in front of the text that the constraint reads
    struct vocabulary vocabulary;
    const quill_session *session;   // all borrowed
    const quill_request *request;
    const quill_decoder *decoder;   // of the text so far
    bool may_stop;                  // stop texts count, since min_tokens are there
};

// Begins a text that has to begin with `prefix`, borrowed; the request may then have no constraint. Errors:
// QUILL_E_CONSTRAINT, QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status constraint_use_begin(struct constraint_use *u, const quill_session *session,
                                                   const quill_request *request, struct str prefix,
                                                   const quill_decoder *decoder, quill_error *err);
void constraint_use_end(struct constraint_use *u); // zeros are fine
// Whether the next token is drawn under a constraint.
static inline bool constraint_use_applies(const struct constraint_use *u) { return u->text.constraint; }
// Goes on behind bytes[0..n_before) with the rest of `bytes`, which begin with the prefix, or are a part of it.
QUILL_MUST_CHECK quill_status constraint_use_advance(struct constraint_use *u, struct str bytes, size_t n_before,
                                                     quill_error *err);
// What the constraint sees of a text's bytes.
struct str constraint_use_text(const struct constraint_use *u, struct str bytes);
// Draws a token behind `bytes`, from which an end can be reached with `room` more. *id is NO_TOKEN: the text is
// complete, and nothing follows. *ends: the text ends, and the token is no part of it.
QUILL_MUST_CHECK quill_status constraint_use_draw(struct constraint_use *u, const float *logits,
                                                  const struct draw *draw, struct str bytes, uint64_t room, int32_t *id,
                                                  bool *ends, quill_error *err);
// Looks for a stop that ends in text[from..n), of constraint_use_text, with a complete text in front of it; the first
// one that ends counts, and of those the first that begins. *found: there is one, in *match.
QUILL_MUST_CHECK quill_status constraint_use_look(struct constraint_use *u, struct str text, size_t from, bool *found,
                                                  struct stop_match *match, quill_error *err);
// Writes at most `room` tokens that stand for what must follow, and returns their number. They are a guess: other
// tokens can stand for the same text.
size_t constraint_use_guess(struct constraint_use *u, int32_t *ids, size_t room);

#endif
