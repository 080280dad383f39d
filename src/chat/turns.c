// SPDX-License-Identifier: MIT
// Turns of a conversation: the system message, and which of the oldest turns a full context leaves out.
#include "base/alloc.h"
#include "conversation.h"

static bool is_system(const struct message *m) { return str_is(m->role, "system") || str_is(m->role, "developer"); }

quill_status quill_chat_set_system(quill_chat *chat, const char *text, size_t n, quill_error *err) {
    const size_t before = chat->n, has_one = before > 0 && is_system(&chat->messages[0]);
    if (text) {
        quill_status s = quill_chat_add(chat, "system", text, n, err);
        if (s) return s;
        const struct message added = chat->messages[before];
        if (!has_one) memmove(chat->messages + 1, chat->messages, before * sizeof added);
        chat->messages[0] = added;
        chat->n = before + !has_one;
    } else if (has_one) {
        memmove(chat->messages, chat->messages + 1, --chat->n * sizeof *chat->messages);
    }
    return QUILL_OK;
}

// ---- what fits ----

struct fitting {
    const quill_chat_template *template;
    const struct quill_chat *chat;
    const quill_chat_options *options;
    const quill_tokenizer *tokenizer;
    size_t head; // messages at the beginning that always stay
    quill_chat_prompt *prompt;
    quill_ids *ids;
};

// Renders and encodes all messages but `left_out` of those behind the head.
static quill_status make(const struct fitting *f, size_t left_out, quill_error *err) {
    struct quill_chat view = *f->chat;
    view.n -= left_out;
    view.messages = alloc_array(view.n, sizeof *view.messages);
    if (!view.messages) return fail_memory(err);
    if (f->head) memcpy(view.messages, f->chat->messages, f->head * sizeof *view.messages);
    if (view.n > f->head)
        memcpy(view.messages + f->head, f->chat->messages + f->head + left_out,
               (view.n - f->head) * sizeof *view.messages);
    quill_chat_prompt_free(f->prompt);
    f->ids->n = 0;
    quill_status s = quill_chat_render(f->template, &view, f->options, f->prompt, err);
    if (!s) s = quill_chat_encode(f->prompt, f->tokenizer, f->ids, err);
    free(view.messages);
    return s;
}

// The turns that begin behind the first `from` messages: *starts[n], indices of messages.
static bool find_turns(const struct quill_chat *chat, size_t from, size_t **starts, size_t *n) {
    *n = 0;
    *starts = alloc_array(chat->n, sizeof **starts);
    for (size_t i = from; *starts && i < chat->n; i++)
        if (str_is(chat->messages[i].role, "user")) (*starts)[(*n)++] = i;
    return *starts != NULL;
}

// The fewest turns to leave out; more of them leave fewer tokens.
static quill_status search(const struct fitting *f, size_t most, size_t *left_out, quill_error *err) {
    size_t *starts, n;
    if (!find_turns(f->chat, f->head + *left_out + 1, &starts, &n)) return fail_memory(err);
    size_t low = 0, high = n ? n - 1 : 0;
    quill_status s = QUILL_OK;
    while (!s && n && low < high) {
        const size_t middle = low + (high - low) / 2;
        s = make(f, starts[middle] - f->head, err);
        if (f->ids->n > most) low = middle + 1;
        else high = middle;
    }
    if (n) *left_out = starts[low] - f->head;
    free(starts);
    return s ? s : make(f, *left_out, err);
}

quill_status quill_chat_fit(const quill_chat_template *template, const quill_chat *chat,
                            const quill_chat_options *options, const quill_tokenizer *tokenizer, size_t most,
                            size_t *left_out, quill_chat_prompt *prompt, quill_ids *ids, quill_error *err) {
    struct fitting f = {template, chat, options, tokenizer, 0, prompt, ids};
    *prompt = (quill_chat_prompt){0};
    while (f.head < chat->n && is_system(&chat->messages[f.head])) f.head++;
    if (*left_out > chat->n - f.head) *left_out = 0;
    quill_status s = make(&f, *left_out, err);
    if (!s && ids->n > most) s = search(&f, most - most / 4, left_out, err);
    if (!s && ids->n > most)
        s = fail(err, QUILL_E_CONTEXT, "the last turn has %zu tokens, and the context has room for %zu", ids->n, most);
    if (s) quill_chat_prompt_free(prompt);
    return s;
}
