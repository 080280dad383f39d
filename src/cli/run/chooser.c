// SPDX-License-Identifier: MIT
#include "chooser.h"

#include "cache_use.h"
#include "cli/prompt/operand.h"
#include "model_source.h"

quill_status chooser_read_prompt(struct chooser *c, struct options *o, quill_error *err) {
    struct weighing *w = &c->weighing;
    w->o = o;
    quill_status s = stdin_claim_by(o, o->choose.file, "the choices", err);
    const bool lone = !o->prompt.text && !o->prompt.files.n && !o->ask.question; // with any of these, a name is a text
    if (!s) s = operand_take_file(o, lone, err);
    if (s) return s;
    if (!o->file.path) return prompt_read(&w->prompt.text, o, err);
    s = prompt_use_take(&c->use, o, &w->prompt, err);
    if (!s && prompt_use_is_chat(c->use)) s = prompt_use_render_taken(c->use, o, &w->prompt, err); // which refuses it
    if (s) return s;
    w->shots = c->use->shots;
    w->n_shots = c->use->n_shots;
    return QUILL_OK;
}

quill_status chooser_open_model(struct chooser *c, const struct options *o, quill_error *err) {
    enum { AT_ONCE = 16 };
    quill_memory memory;
    quill_session_options options = session_options(o);
    options.n_seq = c->choices.n < AT_ONCE ? (int32_t)c->choices.n : AT_ONCE;
    quill_status s = open_model(&c->model, o, err);
    if (!s) s = open_session(&c->session, &memory, c->model, o, &options, err);
    if (!s && o->cache.on) s = cache_begin(c->session, o, err);
    if (s) return s;
    c->weighing.o = o;
    c->weighing.choices = &c->choices;
    c->weighing.use = c->use;
    c->weighing.session = c->session;
    c->weighing.stores = o->cache.on;
    c->weighing.tokenizer = quill_model_tokenizer(c->model);
    return QUILL_OK;
}

void chooser_free(struct chooser *c) {
    choices_free(&c->choices);
    weighing_free(&c->weighing);
    quill_session_free(c->session);
    quill_model_free(c->model);
    prompt_use_free(c->use);
}
