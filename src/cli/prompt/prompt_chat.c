// SPDX-License-Identifier: MIT
#include "prompt_chat.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

struct turns {
    const struct prompt_chat *p;
    quill_chat *chat;
    struct rendered text; // of one turn
};

// A turn made of the first n parts of a template.
static quill_status add(struct turns *t, const char *role, const struct template *template, size_t n,
                        const quill_text *values, quill_error *err) {
    struct buffer *text = &t->text.text;
    if (!template_render(&t->text, template, 0, n, values)) return fail_memory(err);
    while (text->n && strchr(" \t\r\n", text->p[text->n - 1]) && text->p[text->n - 1]) text->n--;
    quill_status s = quill_chat_add(t->chat, role, text->p ? text->p : "", text->n, err);
    text->n = t->text.n_values = 0;
    return s;
}

static quill_status add_system(struct turns *t, quill_error *err) {
    const struct prompt_file *f = t->p->file;
    const bool preamble = f->shot_line && f->preamble.n;
    if (f->system.n == 0 && !preamble) return QUILL_OK;
    if (!rendered_add(&t->text, f->system.p, f->system.n, false)) return fail_memory(err);
    if (f->system.n && preamble && !rendered_add(&t->text, "\n", 1, false)) return fail_memory(err);
    return add(t, "system", &f->preamble, preamble ? f->preamble.n : 0, t->p->values, err);
}

// The answer is the last slot of the shot.
static size_t parts_before_answer(const struct prompt_file *f) {
    size_t n = f->shot.n;
    while (n > 0 && f->shot.parts[n - 1].slot != f->answer) n--;
    return n ? n - 1 : 0;
}

static quill_status add_shot(struct turns *t, const struct example *e, quill_text *own, quill_error *err) {
    const struct prompt_file *f = t->p->file;
    for (size_t slot = 0; slot < f->slots.n; slot++)
        own[slot] = e->values[slot].text ? e->values[slot] : t->p->defined[slot];
    quill_status s = add(t, "user", &f->shot, parts_before_answer(f), own, err);
    const quill_text answer = own[f->answer];
    return s ? s : quill_chat_add(t->chat, "assistant", answer.text, answer.n, err);
}

static quill_status add_all(struct turns *t, quill_error *err) {
    static const char off[] = "false";
    const struct prompt_file *f = t->p->file;
    const struct template *last = f->shot_line ? &f->query : &f->preamble;
    quill_text *own = calloc(f->slots.n + 1, sizeof *own);
    const char *json = t->p->variables;
    quill_status s = own ? QUILL_OK : fail_memory(err);
    if (!s) s = quill_chat_set_variables(t->chat, json, json ? strlen(json) : 0, "--chat-template-kwargs", err);
    if (!s && t->p->no_thinking) s = quill_chat_set_variable(t->chat, "enable_thinking", off, sizeof off - 1, err);
    if (!s) s = add_system(t, err);
    for (size_t i = 0; !s && i < t->p->n_shots; i++) s = add_shot(t, &f->examples.items[t->p->shots[i]], own, err);
    free(own);
    return s ? s : add(t, "user", last, last->n, t->p->values, err);
}

static quill_status take(struct rendered *r, const quill_chat_prompt *prompt, quill_error *err) {
    quill_span *spans = alloc_grow(r->values, &r->cap_values, prompt->n_values + 1, sizeof *spans);
    if (!spans || !buffer_add(&r->text, prompt->text, prompt->n)) return fail_memory(err);
    r->values = spans;
    if (prompt->n_values) memcpy(spans, prompt->values, prompt->n_values * sizeof *spans);
    r->n_values = prompt->n_values;
    r->is_chat = true;
    return QUILL_OK;
}

quill_status prompt_chat_render(const struct prompt_chat *p, struct rendered *r, quill_error *err) {
    struct turns t = {.p = p};
    quill_chat_prompt prompt = {0};
    if (!p->template)
        return fail(err, QUILL_E_USAGE, "%s:%zu: %%chat is for texts that are generated: quill -F, map, lint",
                    QUOTED(str_of(p->file->name)), p->file->chat_line);
    quill_status s = quill_chat_create(&t.chat, err);
    if (!s) s = add_all(&t, err);
    if (!s) s = quill_chat_render(p->template, t.chat, NULL, &prompt, err);
    if (!s) s = take(r, &prompt, err);
    quill_chat_prompt_free(&prompt);
    quill_chat_free(t.chat);
    rendered_free(&t.text);
    return s;
}

quill_status prompt_chat_encode(struct prompt_ids *out, const quill_tokenizer *tokenizer, const struct rendered *r,
                                quill_error *err) {
    quill_ids ids = {0};
    char empty[] = "";
    const quill_chat_prompt prompt = {r->text.p ? r->text.p : empty, r->text.n, r->values, r->n_values};
    *out = (struct prompt_ids){0};
    quill_status s = quill_chat_encode(&prompt, tokenizer, &ids, err);
    if (!s && ids.n == 0) s = fail(err, QUILL_E_USAGE, "the chat template makes an empty text of these messages");
    out->ids = ids.ids;
    out->n = ids.n;
    return s;
}
