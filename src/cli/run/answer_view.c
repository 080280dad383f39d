// SPDX-License-Identifier: MIT
#include "answer_view.h"

// A blank line parts the reasoning from what follows it.
static quill_status on_part(void *user, quill_answer_part part, const char *text, size_t n) {
    struct answer_view *view = user;
    const bool reasoning = part == QUILL_ANSWER_REASONING;
    if (reasoning && !view->form->reasoning) return QUILL_OK;
    if (!reasoning && view->reasoned) {
        const quill_status s = view->show(view->user, "\n\n", 2, false);
        if (s) return s;
    }
    view->reasoned = reasoning;
    return view->show(view->user, text, n, reasoning);
}

quill_status answer_view_begin(struct answer_view *view, struct answer_form *form, answer_show_fn *show, void *user,
                               quill_error *err) {
    answer_view_free(view);
    *view = (struct answer_view){.form = form, .show = show, .user = user};
    return quill_answer_create(&view->answer, form->prompt, form->with_tools, on_part, view, err);
}

quill_status answer_view_take(struct answer_view *view, const char *text, size_t n, quill_error *err) {
    return quill_answer_take(view->answer, text, n, err);
}

quill_status answer_view_end(struct answer_view *view, quill_error *err) {
    return quill_answer_end(view->answer, err);
}

bool answer_view_keep(const struct answer_view *view) {
    quill_answer_info info;
    quill_answer_describe(view->answer, &info);
    view->form->message.n = 0;
    return buffer_add(&view->form->message, info.json, info.n_json);
}

// OpenAI's form: the arguments are a string.
static json_t *call_object(const quill_tool_call *call) {
    json_t *object = json_object(), *function = json_object();
    const bool whole = json_put(function, "name", json_c_string(call->name)) &&
                       json_put(function, "arguments", json_c_string(call->arguments));
    const bool ok = json_put(object, "id", json_c_string(call->id)) &&
                    json_put(object, "type", json_c_string("function"));
    if (json_put(object, "function", function) && ok && whole) return object;
    json_decref(object);
    return NULL;
}

json_t *answer_view_object(const struct answer_view *view) {
    quill_answer_info info;
    quill_answer_describe(view->answer, &info);
    json_t *object = json_object(), *calls = json_array();
    bool ok = calls != NULL;
    for (size_t i = 0; ok && i < info.n_calls; i++) ok = json_array_append_new(calls, call_object(&info.calls[i])) == 0;
    const bool all = json_put(object, "role", json_c_string("assistant")) &&
                     json_put(object, "content", json_text(info.content, info.n_content)) &&
                     json_put(object, "reasoning", json_text(info.reasoning, info.n_reasoning));
    if (json_put(object, "tool_calls", calls) && ok && all) return object;
    json_decref(object);
    return NULL;
}

void answer_view_free(struct answer_view *view) {
    quill_answer_free(view->answer);
    *view = (struct answer_view){0};
}
