// SPDX-License-Identifier: MIT
// JSON lines: keys in the order they are put, no spaces, U+FFFD for invalid UTF-8, null for what is no finite number.
#ifndef QUILL_CLI_IO_JSON_OUT_H
#define QUILL_CLI_IO_JSON_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "output.h"
#include "quill/session.h"
#include "quill/tokenizer.h"

// Values. NULL means there is no memory; json_put takes it and returns false.
json_t *json_text(const char *p, size_t n);        // p NULL: null
json_t *json_c_string(const char *string);         // NULL: null
json_t *json_decimal(double value, int places);    // rounded to 0..9 decimal places
bool json_put(json_t *object, const char *key, json_t *value); // takes `value`

// Appends `value`, without a newline, and releases it; false: there was no memory (value NULL too).
bool json_add(struct buffer *t, json_t *value);
// Writes `value` as one line and releases it; NULL: there was no memory.
QUILL_MUST_CHECK quill_status json_write_line(struct output *out, json_t *value, quill_error *err);

// {"id":262,"text":" the","bytes":"20746865","logprob":-1.5}; without the bytes for one that only might have come.
json_t *json_token(const quill_tokenizer *tokenizer, quill_special special, int32_t id, double logprob, bool bytes);
// The likeliest tokens in place of `token`, as an array of such objects.
json_t *json_top(const quill_tokenizer *tokenizer, quill_special special, const quill_scored_token *token);

// One finished sample.
struct sample {
    const quill_result *result;
    const quill_tokenizer *tokenizer;
    const char *text; // what is printed
    size_t n_text;
    const char *model, *error; // NULL: null
    uint64_t seed;
    int64_t index;
    size_t n_added; // leading prompt tokens that are not in the prompt's text
    bool tokens, prompt_tokens, special, timing;
    double load_ms, first_token_ms;
};
json_t *json_sample(const struct sample *sample);

#endif
