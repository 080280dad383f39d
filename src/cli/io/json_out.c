// SPDX-License-Identifier: MIT
#include "json_out.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "show.h"

json_t *json_text(const char *p, size_t n) {
    if (!p) return json_null();
    struct buffer t = {0};
    json_t *value = show_utf8(&t, p, n) ? json_stringn(t.p ? t.p : "", t.n) : NULL;
    buffer_free(&t);
    return value;
}

json_t *json_c_string(const char *string) { return json_text(string, string ? strlen(string) : 0); }

json_t *json_decimal(double value, int places) {
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    if (!isfinite(value)) return json_null();
    return json_real(round(value * power[places]) / power[places] + 0.0); // + 0.0: never -0.0
}

bool json_put(json_t *object, const char *key, json_t *value) { return json_object_set_new(object, key, value) == 0; }

bool json_add(struct buffer *t, json_t *value) {
    // 15 digits reproduce every decimal that json_decimal rounded. Not json_dumps, which silently drops what it has no
    // memory for.
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15);
    size_t n = value ? json_dumpb(value, NULL, 0, flags) : 0;
    bool ok = n && buffer_reserve(t, n) && json_dumpb(value, t->p + t->n, n, flags) == n;
    json_decref(value);
    if (ok) t->n += n;
    return ok;
}

quill_status json_write_line(struct output *out, json_t *value, quill_error *err) {
    struct buffer line = {0};
    bool ok = json_add(&line, value) && buffer_add_string(&line, "\n");
    quill_status s = ok ? output_write(out, line.p, line.n, err) : fail_memory(err);
    if (!s) s = output_flush(out, err);
    buffer_free(&line);
    return s;
}

enum { LOGPROB_PLACES = 6, MS_PLACES = 3 };

static json_t *hex(const char *p, size_t n) {
    struct buffer t = {0};
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) ok = buffer_add_format(&t, "%02x", (unsigned)(unsigned char)p[i]);
    json_t *value = ok ? json_stringn(t.p ? t.p : "", t.n) : NULL;
    buffer_free(&t);
    return value;
}

// The bytes are the token's own, not what it adds to the text, so that it can be compared with its alternatives.
json_t *json_token(const quill_tokenizer *tokenizer, quill_special special, int32_t id, double logprob, bool bytes) {
    size_t n;
    const char *p = quill_token_bytes(tokenizer, id, special, &n);
    json_t *object = json_object();
    bool ok = json_put(object, "id", json_integer(id)) && json_put(object, "text", json_text(p ? p : "", n)) &&
              (!bytes || json_put(object, "bytes", hex(p, n))) &&
              json_put(object, "logprob", json_decimal(logprob, LOGPROB_PLACES));
    if (ok) return object;
    json_decref(object);
    return NULL;
}

static bool append(json_t *array, json_t *value) { return json_array_append_new(array, value) == 0; }

json_t *json_top(const quill_tokenizer *tokenizer, quill_special special, const quill_scored_token *token) {
    json_t *top = json_array();
    bool ok = top != NULL;
    for (size_t k = 0; k < token->n_top && ok; k++)
        ok = append(top, json_token(tokenizer, special, token->top[k].id, token->top[k].logprob, false));
    if (ok) return top;
    json_decref(top);
    return NULL;
}

static json_t *token_array(const struct sample *s, const quill_scored_token *tokens, size_t n) {
    const quill_special special = s->special ? QUILL_SPECIAL_PARSE : QUILL_SPECIAL_AS_TEXT;
    json_t *array = json_array();
    bool ok = array != NULL;
    for (size_t i = 0; i < n && ok; i++) {
        json_t *token = json_token(s->tokenizer, special, tokens[i].id, tokens[i].logprob, true);
        ok = json_put(token, "top", json_top(s->tokenizer, special, &tokens[i]));
        ok = append(array, token) && ok;
    }
    if (ok) return array;
    json_decref(array);
    return NULL;
}

static json_t *timing_object(const struct sample *s) {
    json_t *timing = json_object();
    bool ok = json_put(timing, "cached_tokens", json_integer((json_int_t)s->result->cached_tokens)) &&
              json_put(timing, "load_ms", json_decimal(s->load_ms, MS_PLACES)) &&
              json_put(timing, "prompt_ms", json_decimal(s->result->prompt_ms, MS_PLACES)) &&
              json_put(timing, "first_token_ms", json_decimal(s->first_token_ms, MS_PLACES)) &&
              json_put(timing, "generate_ms", json_decimal(s->result->generate_ms, MS_PLACES)) &&
              json_put(timing, "drafted_tokens", json_integer((json_int_t)s->result->drafted_tokens)) &&
              json_put(timing, "accepted_tokens", json_integer((json_int_t)s->result->accepted_tokens));
    if (ok) return timing;
    json_decref(timing);
    return NULL;
}

json_t *json_sample(const struct sample *s) {
    const quill_result *r = s->result;
    bool scored = r->prompt_scores && r->prompt_tokens > s->n_added;
    const quill_scored_token *prompt = scored ? r->prompt_scores + s->n_added : NULL;
    size_t n_prompt = scored ? r->prompt_tokens - s->n_added : 0;
    json_t *object = json_object();
    bool ok = json_put(object, "text", json_text(s->text ? s->text : "", s->n_text));
    ok = (!s->message || json_put(object, "message", s->message)) && ok &&
         json_put(object, "stop", json_c_string(quill_stop_name(r->stop))) &&
         json_put(object, "stop_match", json_text(r->stop_match.text, r->stop_match.n)) &&
         json_put(object, "prompt_tokens", json_integer((json_int_t)r->prompt_tokens)) &&
         json_put(object, "generated_tokens", json_integer((json_int_t)r->generated_tokens)) &&
         json_put(object, "logprob", json_decimal(r->logprob, LOGPROB_PLACES)) &&
         (!s->score || json_put(object, "score", json_decimal(*s->score, LOGPROB_PLACES))) &&
         (!s->tokens || json_put(object, "tokens", token_array(s, r->tokens, r->n_tokens))) &&
         (!s->prompt_tokens || json_put(object, "prompt", token_array(s, prompt, n_prompt))) &&
         json_put(object, "seed", json_integer((json_int_t)s->seed)) &&
         json_put(object, "sample", json_integer((json_int_t)s->index)) &&
         json_put(object, "model", json_c_string(s->model)) &&
         json_put(object, "error", json_c_string(s->error)) &&
         (!s->timing || json_put(object, "timing", timing_object(s)));
    if (ok) return object;
    json_decref(object);
    return NULL;
}
