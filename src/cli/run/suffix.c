// SPDX-License-Identifier: MIT
#include "suffix.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/prompt/read.h"
#include "model_source.h"

quill_status suffix_take(struct suffix *suffix, const struct options *o, quill_error *err) {
    const char *text = o->prompt.suffix;
    const bool given = options_given(o, OPTION_OF(prompt.suffix)); // else a prompt file sets it, and may be trusted
    if (!text) return QUILL_OK;
    suffix->wanted = true;
    suffix->special = o->prompt.special || !given;
    if (given) return add_argument(&suffix->text, o, "--suffix", text, err);
    return buffer_add_str(&suffix->text, str_of(text)) ? QUILL_OK : fail_memory(err);
}

void suffix_free(struct suffix *suffix) {
    buffer_free(&suffix->text);
}

quill_status suffix_check(const struct suffix *suffix, const quill_tokenizer *tokenizer, quill_error *err) {
    quill_tokenizer_info info;
    quill_tokenizer_describe(tokenizer, &info);
    if (!suffix->wanted || info.infill) return QUILL_OK;
    return fail(err, QUILL_E_USAGE, "--suffix: this model has no tokens for an infill, such as <|fim_prefix|>");
}

// Wraps the ids behind those that were added.
static quill_status wrap(struct prompt_ids *ids, const struct suffix *suffix, const quill_tokenizer *tokenizer,
                         quill_error *err) {
    const quill_special special = suffix->special ? QUILL_SPECIAL_PARSE : QUILL_SPECIAL_AS_TEXT;
    quill_ids list = {0};
    if (ids->n_added && !ids_begin(&list, ids->ids[0])) return fail_memory(err);
    quill_status s = quill_encode_infill(tokenizer, &list, ids->ids + ids->n_added, ids->n - ids->n_added,
                                         suffix->text.p, suffix->text.n, special, err);
    if (s) {
        quill_ids_free(&list);
        return s;
    }
    free(ids->ids);
    ids->ids = list.ids;
    ids->n = list.n;
    return QUILL_OK;
}

quill_status suffix_encode(struct prompt_ids *out, const struct suffix *suffix, const quill_tokenizer *tokenizer,
                           const struct rendered *prompt, bool from_file, bool special, quill_error *err) {
    const struct buffer *text = &prompt->text;
    quill_status s = suffix_check(suffix, tokenizer, err);
    if (s) return s;
    if (suffix->wanted && text->n == 0) // no text at all, unlike an empty prompt, which begins with BOS or EOS
        s = prompt_encode(out, tokenizer, "", 0, false, quill_adds_bos(tokenizer), err);
    else if (from_file) s = rendered_encode(out, tokenizer, prompt, err);
    else s = prompt_encode(out, tokenizer, text->p, text->n, special, true, err);
    return s || !suffix->wanted ? s : wrap(out, suffix, tokenizer, err);
}

static quill_status spell(struct buffer *out, const quill_tokenizer *tokenizer, const struct prompt_ids *ids,
                          quill_error *err) {
    quill_decoder decoder;
    quill_decoder_begin(&decoder, tokenizer, QUILL_SPECIAL_PARSE);
    for (size_t i = ids->n_added; i < ids->n; i++) {
        size_t n;
        const char *bytes = quill_decoder_take(&decoder, ids->ids[i], &n);
        if (!buffer_add(out, bytes, n)) return fail_memory(err);
    }
    return QUILL_OK;
}

quill_status suffix_show(const struct suffix *suffix, const struct options *o, const struct rendered *prompt,
                         bool from_file, quill_error *err) {
    struct prompt_ids ids = {0};
    struct buffer spelled = {0};
    quill_tokenizer *tokenizer = NULL;
    if (!suffix->wanted) return prompt_show(o, &prompt->text, err);
    quill_status s = open_tokenizer(&tokenizer, o, err);
    if (!s) s = suffix_encode(&ids, suffix, tokenizer, prompt, from_file, o->prompt.special, err);
    if (!s) s = spell(&spelled, tokenizer, &ids, err);
    if (!s) s = prompt_show(o, &spelled, err);
    free(ids.ids);
    buffer_free(&spelled);
    quill_tokenizer_free(tokenizer);
    return s;
}
