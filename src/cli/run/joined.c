// SPDX-License-Identifier: MIT
#include "joined.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "places.h"

struct joined {
    struct prompt_ids ids;
    size_t first; // earlier ids end within the prompt
};

struct joining {
    const quill_tokenizer *tokenizer;
    bool special;
    struct rendered text; // the prompt, and room for an option after it
};

// Encodes the prompt followed by the option, which holds no special tokens.
static quill_status encode(struct joining *j, struct str option, struct joined *out, quill_error *err) {
    struct rendered *text = &j->text;
    const size_t n_prompt = text->text.n, n_values = text->n_values;
    if (!rendered_add(text, option.p, option.n, true)) return fail_memory(err);
    quill_status s = j->special ? rendered_encode(&out->ids, j->tokenizer, text, err)
                                : prompt_encode(&out->ids, j->tokenizer, text->text.p, text->text.n, false, true, err);
    struct places places;
    places_begin(&places, j->tokenizer, text->text.p, text->text.n,
                 j->special ? QUILL_SPECIAL_PARSE : QUILL_SPECIAL_AS_TEXT);
    for (out->first = out->ids.n_added; !s && out->first < out->ids.n; out->first++) {
        places_next(&places, out->ids.ids[out->first]);
        if (places.at > n_prompt) break;
    }
    text->text.n = n_prompt;
    text->n_values = n_values;
    return s;
}

// How many ids at the beginning are common to all texts and do not count.
static size_t common_beginning(const struct joined *texts, size_t n) {
    size_t common = texts[0].first;
    for (size_t i = 0; i < n; i++) {
        if (texts[i].first < common) common = texts[i].first;
        size_t same = 0;
        while (same < common && texts[i].ids.ids[same] == texts[0].ids.ids[same]) same++;
        common = same;
    }
    return common;
}

// The common ids become the prompt; if there are none, the prompt is that of an empty text.
static quill_status set_prompt(struct weighed_prompt *p, const quill_tokenizer *tokenizer, const struct joined *first,
                               size_t common, quill_error *err) {
    if (common == 0) return prompt_encode(&p->ids, tokenizer, "", 0, false, true, err);
    p->ids.ids = alloc_array(common, sizeof *p->ids.ids);
    if (!p->ids.ids) return fail_memory(err);
    memcpy(p->ids.ids, first->ids.ids, common * sizeof *p->ids.ids);
    p->ids.n = common;
    p->ids.n_added = first->ids.n_added;
    return QUILL_OK;
}

static quill_status set_options(struct weighed_prompt *p, const struct joined *texts, size_t n, size_t common,
                                quill_error *err) {
    size_t n_ids = 0;
    for (size_t i = 0; i < n; i++) n_ids += texts[i].ids.n - common;
    p->options = alloc_zeroed(n, sizeof *p->options);
    p->own_ids = alloc_array(n_ids, sizeof *p->own_ids);
    if (!p->options || !p->own_ids) return fail_memory(err);
    int32_t *ids = p->own_ids;
    for (size_t i = 0; i < n; i++) {
        const size_t rest = texts[i].ids.n - common;
        memcpy(ids, texts[i].ids.ids + common, rest * sizeof *ids);
        p->options[i] = (quill_option){.ids = ids, .n = rest, .n_context = texts[i].first - common};
        ids += rest;
    }
    return QUILL_OK;
}

static bool copy_prompt(struct rendered *copy, const struct rendered *prompt) {
    copy->values = alloc_array(prompt->n_values + 1, sizeof *copy->values);
    if (!copy->values || !buffer_add(&copy->text, prompt->text.p, prompt->text.n)) return false;
    if (prompt->n_values) memcpy(copy->values, prompt->values, prompt->n_values * sizeof *copy->values);
    copy->n_values = prompt->n_values;
    return true;
}

quill_status joined_encode(struct weighed_prompt *p, const quill_tokenizer *tokenizer, const struct rendered *prompt,
                           bool special, const struct choices *choices, quill_error *err) {
    const size_t n = choices->n;
    struct joining joining = {.tokenizer = tokenizer, .special = special};
    struct joined *texts = alloc_zeroed(n, sizeof *texts);
    quill_status s = texts && copy_prompt(&joining.text, prompt) ? QUILL_OK : fail_memory(err);
    for (size_t i = 0; !s && i < n; i++) s = encode(&joining, buffer_str(&choices->items[i].name), &texts[i], err);
    const size_t common = s ? 0 : common_beginning(texts, n);
    if (!s) s = set_prompt(p, tokenizer, &texts[0], common, err);
    if (!s) s = set_options(p, texts, n, common, err);
    for (size_t i = 0; texts && i < n; i++) free(texts[i].ids.ids);
    free(texts);
    rendered_free(&joining.text);
    return s;
}
