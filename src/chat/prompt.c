// SPDX-License-Identifier: MIT
// From messages to a prompt: the template's text, and which parts of it are values.
#include <time.h>

#include "base/alloc.h"
#include "conversation.h"
#include "json_value.h"
#include "template.h"

void quill_chat_prompt_free(quill_chat_prompt *prompt) {
    free(prompt->text);
    free(prompt->values);
    *prompt = (quill_chat_prompt){0};
}

// Where the text of a message that is to be continued ends. transformers marks it so, too.
static const char end_mark[] = "CONTINUE_FINAL_MESSAGE_TAG ";

static struct value marked_text(struct run *r, const struct text *t) {
    struct builder b = {.run = r};
    if (!build_text(&b, t) || !build_string(&b, end_mark)) return UNDEFINED;
    return build_value(&b);
}

// The content with the mark behind it, or behind its last part that is text. UNDEFINED: it has no text.
static struct value marked_content(struct run *r, struct value content) {
    if (content.kind == V_STRING) return marked_text(r, content.s);
    if (content.kind != V_LIST) return UNDEFINED;
    struct list *parts = list_new(r, content.l->n);
    for (size_t i = 0; parts && i < content.l->n; i++) list_add(r, parts, content.l->items[i]);
    for (size_t i = r->status ? 0 : parts->n; i-- > 0;) {
        const struct value part = parts->items[i];
        const struct value *text = part.kind == V_DICT ? dict_find(part.d, STR("text")) : NULL;
        if (!text || text->kind != V_STRING) continue;
        struct dict *copy = dict_new(r, part.d->n);
        for (size_t k = 0; copy && k < part.d->n; k++) dict_put(r, copy, part.d->pairs[k].key, part.d->pairs[k].value);
        dict_put(r, copy, text_value(r, STR("text")), marked_text(r, text->s));
        parts->items[i] = (struct value){.kind = V_DICT, .d = copy};
        return value_list(parts);
    }
    return UNDEFINED;
}

static struct value last_message(struct run *r, struct dict *message) {
    const struct value *content = dict_find(message, STR("content"));
    const struct value marked = content ? marked_content(r, *content) : UNDEFINED;
    struct dict *copy = dict_new(r, message->n);
    for (size_t i = 0; copy && i < message->n; i++) dict_put(r, copy, message->pairs[i].key, message->pairs[i].value);
    if (marked.kind == V_UNDEFINED && !r->status)
        r->status = fail(r->err, QUILL_E_USAGE, "the last message has no text that could be continued");
    dict_put(r, copy, text_value(r, STR("content")), marked);
    return (struct value){.kind = V_DICT, .d = copy};
}

struct rendering {
    const struct quill_chat_template *template;
    const struct quill_chat *chat;
    const quill_chat_options *options;
    quill_error *err;
};

static struct value messages_of(struct run *r, const struct rendering *g, bool with_text) {
    const struct quill_chat *chat = g->chat;
    struct list *list = list_new(r, chat->n);
    for (size_t i = 0; list && i < chat->n; i++) {
        struct dict *d = with_text ? chat->messages[i].with_text : chat->messages[i].value;
        const bool continued = g->options->continue_last && i + 1 == chat->n;
        list_add(r, list, continued ? last_message(r, d) : (struct value){.kind = V_DICT, .d = d});
    }
    return r->status ? UNDEFINED : value_list(list);
}

// What templates are given; variables of the chat go before special tokens. NULL: the run has failed.
static struct dict *variables_of(struct run *r, const struct rendering *g, bool with_text) {
    const quill_chat_options *o = g->options;
    struct dict *d = dict_new(r, 16);
    if (!d) return NULL;
    for (const struct special_token *t = g->template->tokens; t; t = t->next)
        dict_put(r, d, text_value(r, t->name), text_value(r, t->text));
    dict_put(r, d, text_value(r, STR("documents")), NONE);
    for (size_t i = 0; i < g->chat->variables->n; i++)
        dict_put(r, d, g->chat->variables->pairs[i].key, g->chat->variables->pairs[i].value);
    dict_put(r, d, text_value(r, STR("messages")), messages_of(r, g, with_text));
    dict_put(r, d, text_value(r, STR("tools")), g->chat->tools);
    dict_put(r, d, text_value(r, STR("add_generation_prompt")),
             value_bool(!o->no_generation_prompt && !o->continue_last));
    return r->status ? NULL : d;
}

static quill_status render(const struct rendering *g, bool with_text, struct arena *arena, const struct text **out,
                           bool *limited) {
    const time_t seconds = time(NULL);
    struct tm utc = {0};
    gmtime_r(&seconds, &utc);
    struct run r = value_maker(arena, g->err);
    const struct jinja_input input = {.variables = variables_of(&r, g, with_text),
                                      .bytes = chat_bytes(g->chat),
                                      .now = g->options->now ? g->options->now : &utc};
    return r.status ? r.status : jinja_render(g->template->program, &input, arena, out, limited, g->err);
}

static bool has_calls(const struct quill_chat *chat) {
    for (size_t i = 0; i < chat->n; i++)
        if (chat->messages[i].value != chat->messages[i].with_text) return true;
    return false;
}

// Most templates take the arguments of tool calls as objects; those that fail with them may take strings.
static quill_status render_either(const struct rendering *g, struct arena *arena, const struct text **out) {
    bool limited = false;
    quill_status s = render(g, false, arena, out, &limited);
    if (s != QUILL_E_MODEL || limited || !has_calls(g->chat)) return s;
    quill_error other;
    struct rendering again = *g;
    again.err = &other;
    return render(&again, true, arena, out, &limited) == QUILL_OK ? QUILL_OK : s;
}

// Cuts the text where the message that is to be continued ends.
static quill_status cut(const struct rendering *g, struct run *r, const struct text **t) {
    const size_t blank = sizeof end_mark - 2;
    const size_t at = text_find_last(*t, (struct str){end_mark, blank});
    if (at == SIZE_MAX)
        return fail(g->err, QUILL_E_USAGE, "%s: chat template: it does not print the text of the last message",
                    QUOTED(str_of(g->template->name)));
    const bool whole = (*t)->n - at > blank && (*t)->p[at + blank] == ' ';
    const struct text *head = text_part(r, *t, 0, at);
    *t = !head || whole ? head : text_strip(r, head, NULL, false, true);
    return *t ? QUILL_OK : fail_memory(g->err);
}

static quill_status copy_out(quill_chat_prompt *out, const struct text *t, quill_error *err) {
    out->text = alloc_string(text_str(t));
    out->values = alloc_array(t->n_marks, sizeof *out->values);
    if (!out->text || !out->values) {
        quill_chat_prompt_free(out);
        return fail_memory(err);
    }
    if (t->n_marks) memcpy(out->values, t->marks, t->n_marks * sizeof *out->values);
    out->n = t->n;
    out->n_values = t->n_marks;
    return QUILL_OK;
}

quill_status quill_chat_render(const quill_chat_template *template, const quill_chat *chat,
                               const quill_chat_options *options, quill_chat_prompt *out, quill_error *err) {
    static const quill_chat_options defaults = {0};
    const struct rendering g = {template, chat, options ? options : &defaults, err};
    struct arena arena = {0};
    struct run r = value_maker(&arena, err);
    const struct text *text = NULL;
    *out = (quill_chat_prompt){0};
    if (g.options->continue_last && chat->n == 0) return fail(err, QUILL_E_USAGE, "there is no message to continue");
    quill_status s = render_either(&g, &arena, &text);
    if (!s && g.options->continue_last) s = cut(&g, &r, &text);
    if (!s) s = copy_out(out, text, err);
    arena_free(&arena);
    return s;
}

// Puts BOS in front of the ids from `before` on, unless they begin with it.
static quill_status add_bos(quill_ids *out, size_t before, int32_t bos, quill_error *err) {
    if (bos < 0 || (out->n > before && out->ids[before] == bos)) return QUILL_OK;
    if (out->n == out->cap) {
        int32_t *grown = alloc_grow(out->ids, &out->cap, out->n + 1, sizeof *grown);
        if (!grown) return fail_memory(err);
        out->ids = grown;
    }
    memmove(out->ids + before + 1, out->ids + before, (out->n - before) * sizeof *out->ids);
    out->ids[before] = bos;
    out->n++;
    return QUILL_OK;
}

quill_status quill_chat_encode(const quill_chat_prompt *prompt, const quill_tokenizer *tokenizer, quill_ids *out,
                               quill_error *err) {
    const size_t before = out->n;
    quill_status s =
        quill_encode_values(tokenizer, out, prompt->text, prompt->n, prompt->values, prompt->n_values, err);
    if (!s && quill_adds_bos(tokenizer)) s = add_bos(out, before, quill_token_bos(tokenizer), err);
    if (s) out->n = before;
    return s;
}
