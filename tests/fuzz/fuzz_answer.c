// SPDX-License-Identifier: MIT
// An answer of a model: the first byte says in which pieces it comes and what the prompt ended with. Its message is one
// that can be added to a chat.
#include "fuzz.h"

#include "quill/chat.h"

struct passed {
    size_t n;
};

static quill_status count(void *user, quill_answer_part part, const char *text, size_t n) {
    struct passed *passed = user;
    CLAIM(part <= QUILL_ANSWER_TOOL_CALL && n > 0 && text);
    passed->n += n;
    return QUILL_OK;
}

static void check(const quill_answer *answer) {
    quill_answer_info info;
    quill_error err;
    quill_chat *chat;
    quill_answer_describe(answer, &info);
    for (size_t i = 0; i < info.n_calls; i++) CLAIM(info.calls[i].id && info.calls[i].name && info.calls[i].arguments);
    CLAIM(quill_chat_create(&chat, &err) == QUILL_OK);
    CLAIM(quill_chat_add_json(chat, info.json, info.n_json, "answer", &err) == QUILL_OK);
    quill_chat_free(chat);
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    static const char *const ends[] = {"", "<think>", "<|start|>assistant", "x"};
    const size_t how = size ? data[0] : 0, step = how % 16 + 1;
    char text[32];
    quill_answer *answer;
    struct passed passed = {0};
    snprintf(text, sizeof text, "%s", ends[how / 16 % 4]);
    const quill_chat_prompt prompt = {.text = text, .n = strlen(text)};
    quill_status s = quill_answer_create(&answer, &prompt, how & 64, count, &passed, err);
    for (size_t at = 1; !s && at < size; at += step)
        s = quill_answer_take(answer, (const char *)data + at, size - at < step ? size - at : step, err);
    if (!s) s = quill_answer_end(answer, err);
    CLAIM(passed.n <= size);
    if (!s) check(answer);
    quill_answer_free(answer);
    return s;
}
