// SPDX-License-Identifier: MIT
// The options of one generation, as a request of the library.
#ifndef QUILL_CLI_RUN_REQUEST_H
#define QUILL_CLI_RUN_REQUEST_H

#include "base/buffer.h"
#include "cli/options/options.h"
#include "cli/prompt/read.h"
#include "quill/session.h"

struct request_parts { // memory that `request` borrows
    struct buffer *stop_texts; // [n_stops]
    quill_text *stops;
    size_t n_stops;
    struct buffer *breaker_texts; // [n_breakers] each ended by a NUL
    const char **breakers;
    size_t n_breakers;
    quill_constraint *constraint;
    struct buffer negative; // text of the negative prompt, and its ids
    struct prompt_ids negative_ids;
    bool choices_weighed; // set before request_build: choices are for something else, and constrain no text
};

// Sets everything except the prompt, the sample and the callbacks; a seed that was not given comes from the system.
// QUILL_E_USAGE names the option. Call request_parts_free even after a failure.
QUILL_MUST_CHECK quill_status request_build(quill_request *request, struct request_parts *parts,
                                            struct options *o, quill_error *err);
// Encodes what depends on the model: the negative prompt. After request_build. Errors: those of prompt_encode.
QUILL_MUST_CHECK quill_status request_encode(quill_request *request, struct request_parts *parts,
                                             const quill_tokenizer *tokenizer, const struct options *o,
                                             quill_error *err);
// Adds stops, after request_build; the texts are borrowed.
QUILL_MUST_CHECK quill_status request_add_stops(quill_request *request, struct request_parts *parts,
                                                const quill_text *stops, size_t n, quill_error *err);
// Whether a text may end because the context is full: --truncate-ok, or -n -1, which asks for that.
static inline bool context_may_end(const struct options *o) { return o->length.truncate_ok || o->length.predict < 0; }
void request_parts_free(struct request_parts *parts);

#endif
