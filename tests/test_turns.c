// SPDX-License-Identifier: MIT
// Turns of chats: the system message, and what is left out where a context is full.
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "quill/quill.h"

static quill_error err;

static quill_chat *chat_of(const char *lines) {
    quill_chat *chat;
    assert_ok(quill_chat_create(&chat, &err), err);
    assert_ok(quill_chat_read(chat, lines, strlen(lines), "chat", &err), err);
    return chat;
}

static void expect_message(const quill_chat *chat, size_t index, const char *json) {
    quill_chat_message m;
    quill_chat_message_at(chat, index, &m);
    assert_int_equal(m.n_json, strlen(json));
    assert_memory_equal(m.json, json, m.n_json);
}

static void the_system_message_is_set_replaced_and_removed(void **state) {
    static const char user[] = "{\"role\":\"user\",\"content\":\"a\"}";
    (void)state;
    quill_chat *chat = chat_of(user);
    assert_ok(quill_chat_set_system(chat, NULL, 0, &err), err);
    assert_int_equal(quill_chat_n_messages(chat), 1);
    assert_ok(quill_chat_set_system(chat, "s", 1, &err), err);
    assert_int_equal(quill_chat_n_messages(chat), 2);
    expect_message(chat, 0, "{\"role\":\"system\",\"content\":\"s\"}");
    expect_message(chat, 1, user);
    assert_ok(quill_chat_set_system(chat, "", 0, &err), err);
    assert_int_equal(quill_chat_n_messages(chat), 2);
    expect_message(chat, 0, "{\"role\":\"system\",\"content\":\"\"}");
    assert_ok(quill_chat_set_system(chat, NULL, 0, &err), err);
    assert_int_equal(quill_chat_n_messages(chat), 1);
    expect_message(chat, 0, user);
    quill_chat_free(chat);
}

// A talk of `turns` turns: a question of one letter, an answer and a tool's result, behind a system message.
static quill_chat *long_talk(char turns) {
    quill_chat *chat = chat_of("{\"role\":\"system\",\"content\":\"S\"}");
    for (char c = 'a'; c < 'a' + turns; c++) {
        assert_ok(quill_chat_add(chat, "user", &c, 1, &err), err);
        if (c == 'a' + turns - 1) break;
        assert_ok(quill_chat_add(chat, "assistant", "12345", 5, &err), err);
        assert_ok(quill_chat_add(chat, "tool", "t", 1, &err), err);
    }
    return chat;
}

// The tokenizer's tokens are bytes in these texts.
static void whole_turns_are_left_out_the_oldest_first(void **state) {
    static const char text[] = "{% for m in messages %}{{ m.content }}{% endfor %}";
    static const struct {
        size_t most, before, left_out;
        const char *text; // NULL: it does not fit
    } cases[] = {
        {100, 0, 0, "Sa12345tb12345tc12345td"}, {23, 0, 0, "Sa12345tb12345tc12345td"},
        {22, 0, 3, "Sb12345tc12345td"},         {20, 0, 6, "Sc12345td"}, // three quarters of it are 15
        {16, 3, 3, "Sb12345tc12345td"},         {15, 3, 6, "Sc12345td"},
        {8, 0, 9, "Sd"},                        {2, 0, 9, "Sd"},
        {1, 0, 0, NULL},                        {100, 99, 0, "Sa12345tb12345tc12345td"},
    };
    (void)state;
    quill_tokenizer *tokenizer;
    quill_chat_template *template;
    quill_ids ids = {0};
    assert_ok(quill_tokenizer_open(&tokenizer, TEST_DATA("gguf/long32-f32.gguf"), &err), err);
    assert_ok(quill_chat_template_parse(&template, text, sizeof text - 1, "t", NULL, &err), err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        quill_chat *chat = long_talk(4);
        quill_chat_prompt prompt;
        size_t left_out = cases[i].before;
        const quill_status s = quill_chat_fit(template, chat, NULL, tokenizer, cases[i].most, &left_out, &prompt, &ids,
                                              &err);
        assert_int_equal(s, cases[i].text ? QUILL_OK : QUILL_E_CONTEXT);
        assert_int_equal(quill_chat_n_messages(chat), 11);
        if (cases[i].text) {
            assert_string_equal(prompt.text, cases[i].text);
            assert_int_equal(left_out, cases[i].left_out);
            assert_int_equal(ids.n, prompt.n);
        }
        quill_chat_prompt_free(&prompt);
        quill_chat_free(chat);
    }
    quill_ids_free(&ids);
    quill_chat_template_free(template);
    quill_tokenizer_free(tokenizer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_system_message_is_set_replaced_and_removed),
        cmocka_unit_test(whole_turns_are_left_out_the_oldest_first),
    };
    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
