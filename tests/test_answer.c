// SPDX-License-Identifier: MIT
// Answers taken apart: in one piece, byte by byte, and cut off anywhere.
#include "test.h"

#include "quill/quill.h"

struct seen {
    char text[3][4096]; // by part, as it was passed on
    size_t n[3];
};

static quill_status on_part(void *user, quill_answer_part part, const char *text, size_t n) {
    struct seen *seen = user;
    assert_true(seen->n[part] + n < sizeof seen->text[part]);
    memcpy(seen->text[part] + seen->n[part], text, n);
    seen->n[part] += n;
    return QUILL_OK;
}

static quill_answer *taken(const char *prompt, bool tools, const char *text, size_t n, size_t step, struct seen *seen) {
    quill_answer *a;
    quill_error err;
    char bytes[256];
    memset(seen, 0, sizeof *seen);
    snprintf(bytes, sizeof bytes, "%s", prompt);
    const quill_chat_prompt given = {.text = bytes, .n = strlen(bytes)};
    assert_ok(quill_answer_create(&a, &given, tools, on_part, seen, &err), err);
    for (size_t at = 0; at < n; at += step)
        assert_ok(quill_answer_take(a, text + at, n - at < step ? n - at : step, &err), err);
    assert_ok(quill_answer_end(a, &err), err);
    return a;
}

struct answer_case {
    const char *prompt;
    bool tools;
    const char *text, *content, *reasoning;
    const char *calls; // name(arguments), each on a line; NULL: none
};

static void check(const struct answer_case *c, size_t step) {
    struct seen seen;
    quill_answer *a = taken(c->prompt, c->tools, c->text, strlen(c->text), step, &seen);
    quill_answer_info info;
    char calls[1024] = "";
    quill_answer_describe(a, &info);
    for (size_t i = 0; i < info.n_calls; i++)
        snprintf(calls + strlen(calls), sizeof calls - strlen(calls), "%s%s(%s)", i ? "\n" : "", info.calls[i].name,
                 info.calls[i].arguments);
    if (info.n_content != strlen(c->content) || memcmp(info.content, c->content, info.n_content) != 0)
        print_error("%s\n%.*s\n", c->text, (int)info.n_content, info.content);
    assert_int_equal(info.n_content, strlen(c->content));
    assert_memory_equal(info.content, c->content, info.n_content);
    assert_int_equal(info.reasoning != NULL, c->reasoning != NULL);
    if (c->reasoning) assert_int_equal(info.n_reasoning, strlen(c->reasoning));
    if (c->reasoning) assert_memory_equal(info.reasoning, c->reasoning, info.n_reasoning);
    assert_string_equal(calls, c->calls ? c->calls : "");
    if (!c->reasoning && !c->calls) assert_string_equal(seen.text[QUILL_ANSWER_CONTENT], c->content);
    // The message is one that can be added to a chat.
    quill_chat *chat;
    quill_error err;
    quill_chat_message message;
    assert_ok(quill_chat_create(&chat, &err), err);
    assert_ok(quill_chat_add_json(chat, info.json, info.n_json, "answer", &err), err);
    quill_chat_message_at(chat, 0, &message);
    assert_int_equal(message.n_json, info.n_json);
    assert_int_equal(message.n_content, info.n_content);
    quill_chat_free(chat);
    quill_answer_free(a);
}

static const struct answer_case cases[] = {
    {"", false, "Hello.", "Hello.", NULL, NULL},
    {"", false, "", "", NULL, NULL},
    {"", false, "  \n", "  \n", NULL, NULL},
    {"", false, " <b>x</b> <thin", " <b>x</b> <thin", NULL, NULL},
    {"", false, "<think>\nTwo and two.\n</think>\n\nFour.", "Four.", "Two and two.", NULL},
    {"", false, "\n<think>\n\n</think>\n\nFour.\n", "Four.", "", NULL},
    {"<|im_start|>assistant\n<think>\n", false, "Hm.\n</think>\n\nFour.", "Four.", "Hm.", NULL},
    {"<think>", false, "Never ends", "", "Never ends", NULL},
    {"", false, "[THINK]Hm[/THINK]Four.", "Four.", "Hm", NULL},
    {"", false, "<|START_THINKING|>Hm<|END_THINKING|>Four.", "Four.", "Hm", NULL},
    {"", false, "<seed:think>Hm</seed:think>Four.", "Four.", "Hm", NULL},
    {"", false, "<|channel>thought\nHm<channel|>Four.", "Four.", "Hm", NULL},
    {"", false, "In XML <think> is a tag.", "In XML <think> is a tag.", NULL, NULL},
    {"", true, "<tool_call>\n{\"name\": \"clock\", \"arguments\": {}}\n</tool_call>", "", NULL, "clock({})"},
    {"", true,
     "I look.\n<tool_call>\n{\"name\": \"w\", \"arguments\": {\"place\": \"a b\",\n \"n\": 2}}\n</tool_call>\n"
     "<tool_call>\n{\"name\": \"v\", \"arguments\": \"{\\\"x\\\": 1}\"}\n</tool_call>",
     "I look.", NULL, "w({\"place\":\"a b\",\"n\":2})\nv({\"x\":1})"},
    {"", false, "<think>Hm</think><tool_call>{\"name\":\"f\",\"arguments\":{\"a\":[1]}}</tool_call>", "", "Hm",
     "f({\"a\":[1]})"},
    {"", true, "<tool_call>nonsense</tool_call>", "<tool_call>nonsense</tool_call>", NULL, NULL},
    {"", true, "<tool_call>{\"name\":\"f\",\"arg", "<tool_call>{\"name\":\"f\",\"arg", NULL, NULL},
    {"", true,
     "<tool_call>\n<function=get>\n<parameter=place>\nRome\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
     "</function>\n</tool_call>",
     "", NULL, "get({\"place\":\"Rome\",\"days\":2})"},
    {"", true, "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"x\": 1}, \"id\": \"abcdefghi\"}, {\"name\": \"g\", "
               "\"arguments\": {}}]",
     "", NULL, "f({\"x\":1})\ng({})"},
    {"", true, "Yes.[TOOL_CALLS]f{\"x\": 1}[TOOL_CALLS]g[ARGS]{}", "Yes.", NULL, "f({\"x\":1})\ng({})"},
    {"", true, "{\"name\": \"f\", \"parameters\": {\"x\": \"y\"}}", "", NULL, "f({\"x\":\"y\"})"},
    {"", true, "{\"name\": \"f\", \"parameters\": {}}; {\"name\": \"g\", \"parameters\": {}}", "", NULL,
     "f({})\ng({})"},
    {"", false, "{\"name\": \"f\", \"parameters\": {}}", "{\"name\": \"f\", \"parameters\": {}}", NULL, NULL},
    {"", true, "{\"answer\": 42}", "{\"answer\": 42}", NULL, NULL},
    {"", true, "{not JSON", "{not JSON", NULL, NULL},
    {"", true, "<|python_tag|>{\"type\": \"function\", \"name\": \"f\", \"parameters\": {\"q\": \"\\u00e9\"}}", "",
     NULL,
     "f({\"q\":\"\\u00e9\"})"},
    {"", true, "<|python_tag|>print(1)", "<|python_tag|>print(1)", NULL, NULL},
    {"<|start|>assistant", true,
     "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Four.",
     "Four.", "Hm.", NULL},
    {"<|start|>assistant", true,
     "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.get "
     "<|constrain|>json<|message|>{\"x\": 1}",
     "", "Hm.", "get({\"x\":1})"},
    {"<|start|>assistant", true, " to=functions.get<|channel|>commentary json<|message|>{\"x\":1}<|call|>", "", NULL,
     "get({\"x\":1})"},
    {"<|start|>assistant", false,
     "<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>final<|message|>Done.<|return|>",
     "I look.\n\nDone.", NULL, NULL},
    // As OpenAI's guide to the format has them: the recipient behind the role or the channel, <|constrain|> with or
    // without a blank in front, a message to the user before a call, tools of its own in the analysis.
    {"<|start|>assistant", true,
     "<|channel|>analysis<|message|>Plan.<|end|><|start|>assistant<|channel|>commentary<|message|>**Steps**:\n1. A\n"
     "<|end|><|start|>assistant<|channel|>commentary to=functions.make<|constrain|>json<|message|>{\"path\": \"a\"}",
     "**Steps**:\n1. A", "Plan.", "make({\"path\":\"a\"})"},
    {"<|start|>assistant", true,
     " to=functions.get_weather<|channel|>commentary <|constrain|>json<|message|>{\n \"place\": \"Rome\"\n}", "",
     NULL, "get_weather({\"place\":\"Rome\"})"},
    {"<|start|>assistant", true, "<|channel|>analysis to=browser.search code<|message|>{\"query\": \"x\"}", "",
     NULL, "browser.search({\"query\":\"x\"})"},
    {"<|start|>assistant", true, "<|channel|>commentary to=functions.user_info <|constrain|>json<|message|>{}", "",
     NULL, "user_info({})"},
    {"<|start|>assistant", true, "<|channel|>commentary to=functions.analysis <|constrain|>json<|message|>{}", "",
     NULL, "analysis({})"},
    {"<|start|>assistant", false,
     "<|channel|>analysis<|message|>One.<|end|><|start|>assistant<|channel|>analysis<|message|>Two.<|end|>"
     "<|start|>assistant<|channel|>final<|message|>Four.<|return|>",
     "Four.", "One.\n\nTwo.", NULL},
    {"<|start|>assistant", false,
     "<|channel|>final<|message|>Four.<|end|><|start|>assistant<|channel|>final<|message|><|return|>", "Four.", NULL,
     NULL},
    // Headers that a model has garbled: what is behind the next <|start|> counts.
    {"<|start|>assistant", false,
     "<|channel|>analysis ! ?<|end|><|start|>assistant<|channel|>final<|message|>Four.<|return|>", "Four.", NULL, NULL},
    {"<|start|>assistant", false,
     "<|channel|>commentary to=assistant<|channel|>commentary?<|message|>Four.<|return|>", "Four.", NULL, NULL},
    {"<|start|>assistant", false,
     "<|channel|>commentary to=functions.f<|end|><|start|>assistant<|channel|>analysis<|message|>Hm.<|end|>"
     "<|start|>assistant<|channel|>final analysis<|message|>Four.",
     "Four.", "Hm.", NULL},
    {"", false, "<think>One.</think><think>Two.</think>Four.", "Four.", "One.\n\nTwo.", NULL},
    {"", false, "<|channel|>final<|message|>Four.", "Four.", NULL, NULL},
    {"<|start|>assistant", false, "Plain.", "Plain.", NULL, NULL},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static void answers_are_taken_apart(void **state) {
    (void)state;
    for (size_t i = 0; i < N_CASES; i++) check(&cases[i], 1000);
}

static void it_does_not_matter_how_the_text_comes(void **state) {
    (void)state;
    for (size_t i = 0; i < N_CASES; i++)
        for (size_t step = 1; step < 12; step++) check(&cases[i], step);
}

// Whatever is cut off: all that is passed on was written, in its order.
static void answers_may_end_anywhere(void **state) {
    (void)state;
    for (size_t i = 0; i < N_CASES; i++)
        for (size_t n = 0; n <= strlen(cases[i].text); n++) {
            struct seen seen;
            quill_answer *a = taken(cases[i].prompt, cases[i].tools, cases[i].text, n, 3, &seen);
            assert_true(seen.n[0] + seen.n[1] + seen.n[2] <= n);
            quill_answer_free(a);
        }
}

static void calls_have_ids(void **state) {
    static const char text[] = "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}, \"id\": \"abcdefghi\"}, "
                               "{\"name\": \"f\", \"arguments\": {}}, {\"name\": \"f\", \"arguments\": {}}]";
    struct seen seen;
    quill_answer_info info;
    (void)state;
    quill_answer *a = taken("", true, text, strlen(text), 7, &seen);
    quill_answer_describe(a, &info);
    assert_int_equal(info.n_calls, 3);
    assert_string_equal(info.calls[0].id, "abcdefghi");
    for (int i = 1; i < 3; i++) assert_int_equal(strlen(info.calls[i].id), 9);
    assert_string_not_equal(info.calls[1].id, info.calls[2].id);
    quill_answer_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_taken_apart),
        cmocka_unit_test(it_does_not_matter_how_the_text_comes),
        cmocka_unit_test(answers_may_end_anywhere),
        cmocka_unit_test(calls_have_ids),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
