// SPDX-License-Identifier: MIT
// JSON lines: keys in the order they are added, no spaces, U+FFFD for invalid UTF-8, null for numbers that are not
// finite.
#ifndef QUILL_CLI_IO_JSON_OUT_H
#define QUILL_CLI_IO_JSON_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "output.h"
#include "quill/session.h"
#include "quill/tokenizer.h"

// Values. NULL means no memory; json_put accepts NULL and returns false.
json_t *json_text(const char *p, size_t n);        // p NULL: null
json_t *json_c_string(const char *string);         // NULL: null
json_t *json_decimal(double value, int places);    // rounded to 0..9 decimal places
bool json_put(json_t *object, const char *key, json_t *value); // takes `value`

// Appends `value`, without a newline, and releases it. False: no memory (also if value is NULL).
bool json_add(struct buffer *t, json_t *value);
// Writes `value` as one line and releases it. A value of NULL means no memory, and fails so.
QUILL_MUST_CHECK quill_status json_write_line(struct output *out, json_t *value, quill_error *err);

// {"id":262,"text":" the","bytes":"20746865","logprob":-1.5}; without the bytes for an alternative.
json_t *json_token(const quill_tokenizer *tokenizer, quill_special special, int32_t id, double logprob, bool bytes);
// The likeliest tokens in place of `token`, as an array of such objects.
json_t *json_top(const quill_tokenizer *tokenizer, quill_special special, const quill_scored_token *token);

// One finished sample.
struct sample {
    const quill_result *result;
    const quill_tokenizer *tokenizer;
    const char *text; // the printed text
    size_t n_text;
    json_t *message; // of a chat, taken over by json_sample; NULL: none
    const char *model, *error; // NULL: null
    uint64_t seed;
    int64_t index;
    size_t n_added; // leading prompt tokens that are not part of the prompt's text
    bool tokens, prompt_tokens, special, timing;
    double load_ms, first_token_ms;
    const double *score; // NULL: it has none
};
json_t *json_sample(const struct sample *sample);

#endif
