// SPDX-License-Identifier: MIT
#include "weighing.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cache_use.h"
#include "joined.h"
#include "model_source.h"

// ---- tokens -----------------------------------------------------------------------------------------

// Removes the spaces and tabs at the end of the prompt, and shortens values that reach into them.
static void drop_spaces(struct rendered *r) {
    struct buffer *t = &r->text;
    while (t->n && (t->p[t->n - 1] == ' ' || t->p[t->n - 1] == '\t')) t->n--;
    while (r->n_values && r->values[r->n_values - 1].at >= t->n) r->n_values--;
    if (r->n_values == 0) return;
    quill_span *last = &r->values[r->n_values - 1];
    if (last->n > t->n - last->at) last->n = t->n - last->at;
}

quill_status weighing_show_prompt(struct weighing *w, quill_error *err) {
    if (!w->o->choose.no_space) drop_spaces(&w->prompt);
    return prompt_show(w->o, &w->prompt.text, err);
}

static quill_status encode_names(struct weighing *w, bool space, quill_error *err) {
    struct buffer text = {0};
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < w->choices->n && !s; i++) {
        struct choice *item = &w->choices->items[i];
        text.n = item->ids[space].n = 0;
        bool ok = buffer_add(&text, " ", space) && buffer_add(&text, item->name.p, item->name.n);
        s = ok ? quill_encode_continued(w->tokenizer, &item->ids[space], text.p, text.n, QUILL_SPECIAL_AS_TEXT, err)
               : fail_memory(err);
    }
    buffer_free(&text);
    w->encoded[space] = !s;
    return s;
}

// The choices by their names only. options[n]
static quill_status name_options(struct weighing *w, bool space, quill_option *options, quill_error *err) {
    quill_status s = w->encoded[space] ? QUILL_OK : encode_names(w, space, err);
    for (size_t i = 0; i < w->choices->n && !s; i++) {
        const quill_ids *name = &w->choices->items[i].ids[space];
        options[i] = (quill_option){.ids = name->ids, .n = name->n};
    }
    return s;
}

static quill_status find_end(struct weighing *w, quill_error *err) {
    quill_text stop = w->use ? prompt_use_end(w->use, w->o) : (quill_text){"\n", 1};
    struct buffer text = {0};
    quill_ids ids = {0};
    quill_status s = w->o->length.stops.n && options_given(w->o, OPTION_OF(length.stops))
                         ? add_argument(&text, w->o, "--stop", w->o->length.stops.items[0], err)
                     : buffer_add(&text, stop.text, stop.n) ? QUILL_OK
                                                            : fail_memory(err);
    if (!s) s = quill_encode_continued(w->tokenizer, &ids, text.p ? text.p : "", text.n, QUILL_SPECIAL_AS_TEXT, err);
    w->end = ids.n ? ids.ids[0] : -1;
    w->end_known = !s;
    quill_ids_free(&ids);
    buffer_free(&text);
    return s;
}

static quill_status encode_prompt(const struct weighing *w, struct weighed_prompt *p, quill_error *err) {
    const struct buffer *t = &w->prompt.text;
    return w->use ? rendered_encode(&p->ids, w->tokenizer, &w->prompt, err)
                  : prompt_encode(&p->ids, w->tokenizer, t->p, t->n, w->o->prompt.special, true, err);
}

quill_status weighing_encode(struct weighing *w, struct weighed_prompt *p, quill_error *err) {
    const struct buffer *t = &w->prompt.text;
    weighed_prompt_free(p);
    if (w->o->choose.no_space)
        return joined_encode(p, w->tokenizer, &w->prompt, w->use || w->o->prompt.special, w->choices, err);
    drop_spaces(&w->prompt);
    p->space = !(t->n && t->p[t->n - 1] == '\n');
    p->options = alloc_array(w->choices->n, sizeof *p->options);
    quill_status s = p->options ? encode_prompt(w, p, err) : fail_memory(err);
    return s ? s : name_options(w, p->space, p->options, err);
}

void weighed_prompt_free(struct weighed_prompt *p) {
    free(p->ids.ids);
    free(p->options);
    free(p->own_ids);
    *p = (struct weighed_prompt){0};
}

// ---- probabilities ----------------------------------------------------------------------------------

// questions[n]
static quill_status ask(struct weighing *w, struct weighed_prompt *const *prompts, size_t n,
                        quill_question *questions, quill_error *err) {
    for (size_t i = 0; i < n; i++)
        questions[i] = (quill_question){.prompt = prompts[i]->ids.ids, .n_prompt = prompts[i]->ids.n,
                                        .options = prompts[i]->options, .n_options = w->choices->n};
    quill_status s = w->end_known ? QUILL_OK : find_end(w, err);
    if (!s) s = quill_choose(w->session, questions, n, w->end, err);
    for (size_t i = 0; i < n && !s; i++) {
        prompts[i]->ended = questions[i].ended;
        prompts[i]->error = questions[i].error;
        prompts[i]->error.status = questions[i].status;
    }
    return s;
}

quill_status weighing_run_prompts(struct weighing *w, struct weighed_prompt *const *prompts, size_t n,
                                  quill_error *err) {
    quill_question *questions = alloc_array(n, sizeof *questions);
    quill_status s = questions ? ask(w, prompts, n, questions, err) : fail_memory(err);
    free(questions);
    return s;
}

static quill_status run_one(struct weighing *w, struct weighed_prompt *p, quill_error *err) {
    quill_status s = weighing_run_prompts(w, &p, 1, err);
    if (!s && w->stores) cache_store(w->session, p->ids.ids, p->ids.n);
    if (s || !p->error.status) return s;
    *err = p->error;
    return err->status;
}

// The probabilities of the choices alone, after the token that begins a text.
static quill_status weigh_alone(struct weighing *w, bool space, quill_error *err) {
    struct weighed_prompt p = {.options = alloc_array(w->choices->n, sizeof *p.options)};
    double *logprobs = alloc_array(w->choices->n, sizeof *logprobs);
    quill_status s = p.options && logprobs ? QUILL_OK : fail_memory(err);
    if (!s && quill_token_bos(w->tokenizer) < 0 && quill_token_eos(w->tokenizer) < 0)
        s = fail(err, QUILL_E_USAGE, "--normalize prior needs a model with a BOS or EOS token");
    if (!s) s = prompt_encode(&p.ids, w->tokenizer, "", 0, false, true, err);
    if (!s) s = name_options(w, space, p.options, err);
    if (!s) s = run_one(w, &p, err);
    for (size_t i = 0; i < w->choices->n && !s; i++) logprobs[i] = p.options[i].logprob;
    weighed_prompt_free(&p);
    if (s) free(logprobs);
    else w->alone[space] = logprobs;
    return s;
}

// Divides probabilities by their sum. weights[n]: logarithms.
static void normalise(struct choices *c, const double *weights) {
    double most = -(double)INFINITY, sum = 0;
    for (size_t i = 0; i < c->n; i++) most = fmax(most, weights[i]);
    for (size_t i = 0; i < c->n; i++) sum += c->items[i].probability = exp(weights[i] - most);
    for (size_t i = 0; i < c->n; i++) c->items[i].probability /= sum;
}

// Applies --normalize. Where ends count, each counts as a token but not as bytes.
static quill_status apply(struct weighing *w, const struct weighed_prompt *p, quill_error *err) {
    struct choices *c = w->choices;
    const int how = w->o->choose.normalize;
    const bool prior = how == NORMALIZE_PRIOR;
    quill_status s = prior && !w->alone[p->space] ? weigh_alone(w, p->space, err) : QUILL_OK;
    if (s) return s;
    double *weights = alloc_array(c->n, sizeof *weights);
    if (!weights) return fail_memory(err);
    for (size_t i = 0; i < c->n; i++) {
        const quill_option *option = &p->options[i];
        c->items[i].logprob = weights[i] = option->logprob;
        if (prior) weights[i] -= w->alone[p->space][i];
        if (how == NORMALIZE_TOKENS) weights[i] /= (double)(option->n - option->n_context + p->ended);
        if (how == NORMALIZE_BYTES) weights[i] /= (double)(p->space + c->items[i].name.n);
    }
    normalise(c, weights);
    free(weights);
    w->prompt_tokens = p->ids.n;
    return QUILL_OK;
}

static quill_status weigh_prompt(struct weighing *w, quill_error *err) {
    struct weighed_prompt p = {0};
    quill_status s = weighing_encode(w, &p, err);
    if (!s) s = run_one(w, &p, err);
    if (!s) s = apply(w, &p, err);
    weighed_prompt_free(&p);
    return s;
}

// ---- calibration ------------------------------------------------------------------------------------

// Weighs the choices after a prompt whose open slots all have this value.
static quill_status weigh_value(struct weighing *w, quill_text value, quill_error *err) {
    quill_text *values = alloc_array(w->use->n_open, sizeof *values);
    if (!values) return fail_memory(err);
    for (size_t i = 0; i < w->use->n_open; i++) values[i] = value;
    quill_status s = prompt_use_render_shots(w->use, w->shots, w->n_shots, values, &w->prompt, err);
    free(values);
    return s ? s : weigh_prompt(w, err);
}

static const quill_text empty_inputs[] = {{"N/A", 3}, {"[MASK]", 6}, {"", 0}};

// Sums the probabilities of the choices after inputs without content. *sums: [n], freed by the caller.
static quill_status weigh_empty(struct weighing *w, double **sums, quill_error *err) {
    const struct choices *c = w->choices;
    *sums = alloc_zeroed(c->n, sizeof **sums);
    quill_status s = *sums ? QUILL_OK : fail_memory(err);
    for (size_t k = 0; k < sizeof empty_inputs / sizeof *empty_inputs && !s; k++) {
        s = weigh_value(w, empty_inputs[k], err);
        for (size_t i = 0; i < c->n && !s; i++) (*sums)[i] += c->items[i].probability;
    }
    return s;
}

// Contextual calibration (Zhao et al. 2021, section 5): divides probabilities by the average probabilities after inputs
// without content.
static void divide(struct choices *c, const double *sums) {
    double total = 0;
    for (size_t i = 0; i < c->n; i++) total += c->items[i].probability /= fmax(sums[i], DBL_MIN);
    for (size_t i = 0; i < c->n; i++) c->items[i].probability /= total;
}

// Calibrates with the shots of this prompt.
static quill_status calibrate(struct weighing *w, quill_error *err) {
    struct weighed_prompt p = {0};
    double *sums = NULL;
    quill_status s = weighing_encode(w, &p, err);
    if (!s) s = run_one(w, &p, err);
    if (!s) s = weigh_empty(w, &sums, err);
    if (!s) s = apply(w, &p, err);
    if (!s) divide(w->choices, sums);
    weighed_prompt_free(&p);
    free(sums);
    return s;
}

quill_status weighing_prepare(struct weighing *w, quill_error *err) {
    if (w->o->choose.calibrate) return weigh_empty(w, &w->empty_sums, err);
    quill_status s = weigh_value(w, empty_inputs[0], err);
    return s == QUILL_E_CONTEXT ? QUILL_OK : s; // rows may be shorter
}

static quill_status weigh(void *arg, quill_error *err) {
    struct weighing *w = arg;
    if (w->o->choose.calibrate && !w->empty_sums) return calibrate(w, err);
    quill_status s = weigh_prompt(w, err);
    if (!s && w->o->choose.calibrate) divide(w->choices, w->empty_sums);
    return s;
}

quill_status weighing_run(struct weighing *w, quill_error *err) {
    if (w->o->choose.calibrate && !(w->use && w->use->n_open))
        return fail(err, QUILL_E_USAGE, "--calibrate needs a prompt file with an {{input}} that stdin fills");
    return hold_session(w->session, weigh, w, err);
}

quill_status weighing_apply(struct weighing *w, const struct weighed_prompt *p, quill_error *err) {
    quill_status s = apply(w, p, err);
    if (!s && w->empty_sums) divide(w->choices, w->empty_sums);
    return s;
}

void weighing_free(struct weighing *w) {
    free(w->empty_sums);
    free(w->alone[0]);
    free(w->alone[1]);
    rendered_free(&w->prompt);
}
