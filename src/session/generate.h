// SPDX-License-Identifier: MIT
// One generation without the model: it consumes logits and returns the next token to evaluate.
//
//     generation_begin; then, until it is finished: compute those of its ids that are not in the cache (the last id is
//     the last one drawn), and give it the logits after the last id; generation_end.
#ifndef QUILL_SESSION_GENERATE_H
#define QUILL_SESSION_GENERATE_H

#include "parts.h"

struct generation;

struct generation *generation_create(int32_t n_ctx); // NULL: no memory
void generation_free(struct generation *g);          // NULL is fine

// QUILL_E_USAGE names the field that is out of range. The prompt's ids are checked elsewhere.
quill_status request_check(const quill_request *request, int32_t n_vocab, quill_error *err);

// Checks the request and starts. What the request points to is borrowed until generation_end, which must follow even
// after a failure.
quill_status generation_begin(struct generation *g, const quill_session *session, const quill_request *request,
                              quill_error *err);
bool generation_finished(const struct generation *g);
// The ids to compute, *n of them: the prompt, then the tokens drawn.
const int32_t *generation_ids(const struct generation *g, size_t *n);
bool generation_scores_prompt(const struct generation *g); // whether it needs the logits of every prompt position
void generation_reused(struct generation *g, size_t n); // n positions were already in the cache

// Reports that `done` ids of the prompt were read, and finishes if there is an interrupt.
void generation_progress(struct generation *g, size_t done);
// Takes the logits after prompt id i, for the scores of the prompt. i ascends.
void generation_score(struct generation *g, size_t i, const float *logits);
// Writes at most `room` guessed ids after all ids and returns their number. Not while the prompt is read.
size_t generation_draft(struct generation *g, size_t room);
// Takes logits[1 + draft][n_vocab], after all ids and after each guessed id: draws, records, looks for a stop, passes
// text on, and repeats while the token drawn equals the one guessed. A failure finishes.
quill_status generation_take(struct generation *g, const float *logits, quill_error *err);
// Whether that call dropped the oldest ids; then those behind the first *kept are other ones.
bool generation_shifted(const struct generation *g, size_t *kept);

// With guidance, two lists of ids are computed: these are the others. Give both logits before every generation_take,
// which then takes own logits alone; nothing is drafted.
bool generation_is_guided(const struct generation *g);
const int32_t *generation_negative_ids(const struct generation *g, size_t *n);
bool generation_negative_shifted(const struct generation *g, size_t *kept);
bool generation_poll(struct generation *g); // whether an interrupt finished it
void generation_give(struct generation *g, bool negative, const float *logits); // copied
quill_status generation_take_guided(struct generation *g, quill_error *err);

// For who chooses tokens otherwise than by drawing: those that may not come next, and which one does, in the next
// generation_take.
const struct token_set *generation_undrawn(const struct generation *g);
void generation_choose(struct generation *g, int32_t id);

// The result, valid until the next generation_begin. `status`: how the generation ended.
const quill_result *generation_end(struct generation *g, quill_status status);

#endif
