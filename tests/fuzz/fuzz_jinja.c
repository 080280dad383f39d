// SPDX-License-Identifier: MIT
// A chat template, and behind a line "%%" the messages; without that line, some messages.
#include "fuzz.h"

#include "quill/chat.h"

static const char some[] =
    "{\"role\":\"system\",\"content\":\"Be <|brief|>.\"}\n{\"role\":\"user\",\"content\":\"Hi \xc3\xa9\"}\n"
    "{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":"
    "{\"x\":[1,2.5,null,true]}}}]}\n{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}";

static void check_prompt(const quill_chat_prompt *prompt) {
    size_t end = 0;
    CLAIM(strlen(prompt->text) <= prompt->n && prompt->text[prompt->n] == '\0');
    for (size_t i = 0; i < prompt->n_values; i++) {
        const quill_span value = prompt->values[i];
        CLAIM(value.n > 0 && (i == 0 || value.at > end) && value.at <= prompt->n && value.n <= prompt->n - value.at);
        end = value.at + value.n;
    }
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct str rest = {(const char *)data, size};
    const struct str text = fuzz_part(&rest, "%%");
    const struct str messages = rest.n ? rest : str_of(some);
    quill_chat_template *template = NULL;
    quill_chat *chat = NULL;
    quill_chat_prompt prompt = {0};
    static const struct tm now = {.tm_year = 126, .tm_mday = 1};
    const quill_chat_options options = {.now = &now};
    quill_status s = quill_chat_template_parse(&template, text.p, text.n, "template", NULL, err);
    if (!s) s = quill_chat_create(&chat, err);
    if (!s) s = quill_chat_read(chat, messages.p, messages.n, "messages", err);
    if (!s) s = quill_chat_render(template, chat, &options, &prompt, err);
    if (!s) check_prompt(&prompt);
    quill_chat_prompt_free(&prompt);
    quill_chat_free(chat);
    quill_chat_template_free(template);
    return s;
}
