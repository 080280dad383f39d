// SPDX-License-Identifier: MIT
// What the options say about one generation, as the library wants it.
#ifndef QUILL_CLI_RUN_REQUEST_H
#define QUILL_CLI_RUN_REQUEST_H

#include "base/buffer.h"
#include "cli/options/options.h"
#include "quill/session.h"

struct request_parts { // what `request` borrows
    struct buffer *stop_texts; // [n_stops]
    quill_text *stops;
    size_t n_stops;
};

// Everything but the prompt, the sample and the callbacks; a seed that was not given is drawn from the system.
// Errors: QUILL_E_USAGE naming the option. request_parts_free in any case.
QUILL_MUST_CHECK quill_status request_build(quill_request *request, struct request_parts *parts,
                                            const struct options *o, quill_error *err);
// More stops, after request_build; the texts are borrowed.
QUILL_MUST_CHECK quill_status request_add_stops(quill_request *request, struct request_parts *parts,
                                                const quill_text *stops, size_t n, quill_error *err);
// A text that ends because the context is full is no failure: --truncate-ok, or -n -1, which asks for just that.
static inline bool context_may_end(const struct options *o) { return o->length.truncate_ok || o->length.predict < 0; }
void request_parts_free(struct request_parts *parts);

#endif
