// SPDX-License-Identifier: MIT
// One generation without the model: it consumes logits and returns the next token to evaluate.
//
//     generation_begin; then, until it is finished: compute its ids, which end with the last one drawn, as far as they
//     are not in the cache, and give it the logits after the last; generation_end.
#ifndef QUILL_SESSION_GENERATE_H
#define QUILL_SESSION_GENERATE_H

#include "parts.h"

struct generation;

struct generation *generation_create(int32_t n_ctx); // NULL: no memory
void generation_free(struct generation *g);          // NULL is fine

// QUILL_E_USAGE naming the field that is out of range; the prompt's ids are checked elsewhere.
quill_status request_check(const quill_request *request, int32_t n_vocab, quill_error *err);

// Checks and starts. What the request points to is borrowed until generation_end, which follows in any case.
quill_status generation_begin(struct generation *g, const quill_session *session, const quill_request *request,
                              quill_error *err);
bool generation_finished(const struct generation *g);
// All ids so far, *n of them: the prompt, then what was drawn.
const int32_t *generation_ids(const struct generation *g, size_t *n);
bool generation_scores_prompt(const struct generation *g); // the logits of every prompt position are wanted
void generation_reused(struct generation *g, size_t n); // so many positions were in the cache

// `done` ids of the prompt were read: reports them, and looks for an interrupt, which finishes.
void generation_progress(struct generation *g, size_t done);
// The logits after prompt id i, ascending: for the scores of the prompt.
void generation_score(struct generation *g, size_t i, const float *logits);
// Writes at most `room` guessed ids behind all ids and returns their number. Not while the prompt is read.
size_t generation_draft(struct generation *g, size_t room);
// logits[1 + draft][n_vocab] after all ids, and after each one of the draft: draws, records, looks for a stop, passes
// text on; and again while what was drawn is what was guessed. A failure finishes.
quill_status generation_take(struct generation *g, const float *logits, quill_error *err);

// The result, valid until the next generation_begin. `status`: of the generation.
const quill_result *generation_end(struct generation *g, quill_status status);

#endif
