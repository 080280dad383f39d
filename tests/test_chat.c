// SPDX-License-Identifier: MIT
// Chats: where templates are found, messages, prompts and their ids.
#include "folder.h"

#include "quill/quill.h"

static quill_error err;

// ---- messages -------------------------------------------------------------------------------------------------------

static quill_chat *new_chat(void) {
    quill_chat *chat;
    assert_ok(quill_chat_create(&chat, &err), err);
    return chat;
}

static quill_status read_text(quill_chat *chat, const char *text) {
    return quill_chat_read(chat, text, strlen(text), "chat.jsonl", &err);
}

// What a template makes of a chat; the caller frees it.
static char *rendered(const char *text, const quill_chat *chat, const quill_chat_options *options) {
    quill_chat_template *t;
    quill_chat_prompt prompt;
    assert_ok(quill_chat_template_parse(&t, text, strlen(text), "t", NULL, &err), err);
    const quill_status s = quill_chat_render(t, chat, options, &prompt, &err);
    if (s) assert_null(prompt.text);
    quill_chat_template_free(t);
    free(prompt.values);
    return prompt.text;
}

static void assert_renders(const char *text, const quill_chat *chat, const quill_chat_options *options,
                           const char *want) {
    char *got = rendered(text, chat, options);
    if (!got) print_error("%s: %s\n", text, err.text);
    assert_non_null(got);
    assert_string_equal(got, want);
    free(got);
}

static void messages_come_in_any_form(void **state) {
    static const char *const texts[] = {
        "{\"role\":\"user\",\"content\":\"a\"}\n{\"role\":\"assistant\",\"content\":\"b\"}\n",
        "\n{\"role\": \"user\", \"content\": \"a\"}\r\n\n{\"role\":\"assistant\",\"content\":\"b\"}",
        "[{\"role\":\"user\",\"content\":\"a\"},\n{\"role\":\"assistant\",\n\"content\":\"b\"}]",
        "\xef\xbb\xbf{\"messages\": [{\"role\":\"user\",\"content\":\"a\"}, {\"role\":\"assistant\","
        "\"content\":\"b\"}], "
        "\"temperature\": 1}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        quill_chat *chat = new_chat();
        quill_chat_message m;
        assert_ok(read_text(chat, texts[i]), err);
        assert_int_equal(quill_chat_n_messages(chat), 2);
        quill_chat_message_at(chat, 1, &m);
        assert_int_equal(m.n_json, strlen("{\"role\":\"assistant\",\"content\":\"b\"}"));
        assert_memory_equal(m.json, "{\"role\":\"assistant\",\"content\":\"b\"}", m.n_json);
        assert_memory_equal(m.role, "assistant", m.n_role);
        assert_int_equal(m.n_content, 1);
        quill_chat_truncate(chat, 1);
        assert_int_equal(quill_chat_n_messages(chat), 1);
        quill_chat_free(chat);
    }
}

static void mistakes_in_messages_are_named(void **state) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{\"role\":\"user\",\"content\":\"a\"}\n{\"content\":\"b\"}",
         "chat.jsonl: line 2: expected a message with a role, found none"},
        {"{\"role\":\"user\",\"content\":\"a\"}\nb",
         "chat.jsonl: line 2: expected a value, found something else"},
        {"{\"role\":\"user\",\"content\":7}",
         "chat.jsonl: line 1: content: expected a string, null or a list of parts, found another value"},
        {"[1]", "chat.jsonl: expected a message, an object, found another value"},
        {"[{\"role\":\"user\",\"content\":\"a\"}",
         "chat.jsonl: expected a comma or a closing bracket, found the end"},
        {"{\"role\":\"user\",\"tool_calls\":1}", "chat.jsonl: line 1: tool_calls: expected a list, found "
         "another value"},
        {"[{\"role\":\"user\",\"content\":\"a\"}] x", "chat.jsonl: expected the end, found more after the value"},
        {"[] []", "chat.jsonl: expected the end, found more after the value"},
        {"{\"role\":\"user\"}", "chat.jsonl: line 1: expected a message with a content, found none"},
        {"{\"role\":\"tool\",\"content\":null}", "chat.jsonl: line 1: expected a message with a content, found none"},
        {"[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"image_url\","
         "\"image_url\":{\"url\":\"x\"}}]}]",
         "chat.jsonl: content: expected parts that are texts ({\"type\":\"text\",\"text\":...}), found another one"},
        {"[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\",\"text\":\"a\"}]}]",
         "chat.jsonl: content: expected parts that are texts ({\"type\":\"text\",\"text\":...}), found another one"},
        {"[{\"role\":\"user\",\"content\":[\"a\"]}]",
         "chat.jsonl: content: expected parts that are texts ({\"type\":\"text\",\"text\":...}), found another one"},
        {"{\"role\":\"user\",\"content\":\"\\ud83d\"}",
         "chat.jsonl: line 1: expected a character after \\u, found half of one, or other digits"},
        {"{\"role\":\"user\",\"content\":\"\\u12g4\"}",
         "chat.jsonl: line 1: expected a character after \\u, found half of one, or other digits"},
        {"{\"role\":\"user\",\"content\":\"\\q\"}",
         "chat.jsonl: line 1: expected an escape in a string, found a backslash alone"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        quill_chat *chat = new_chat();
        assert_int_equal(read_text(chat, cases[i].text), QUILL_E_USAGE);
        assert_string_equal(err.text, cases[i].message);
        assert_int_equal(quill_chat_n_messages(chat), 0);
        quill_chat_free(chat);
    }
    quill_chat *chat = new_chat();
    char *deep = malloc(2001);
    assert_non_null(deep);
    memset(deep, '[', 2000);
    deep[2000] = '\0';
    assert_int_equal(read_text(chat, deep), QUILL_E_USAGE);
    assert_int_equal(quill_chat_set_tools(chat, "{}", 2, "tools", &err), QUILL_E_USAGE);
    assert_int_equal(quill_chat_set_tools(chat, "[1]", 3, "tools", &err), QUILL_E_USAGE);
    assert_int_equal(quill_chat_set_variable(chat, "x", "frob", 4, &err), QUILL_E_USAGE);
    free(deep);
    quill_chat_free(chat);
}

static quill_status set_variables(quill_chat *chat, const char *json) {
    return quill_chat_set_variables(chat, json, strlen(json), "v", &err);
}

static void variables_are_those_of_an_object(void **state) {
    static const char *const bad[] = {"", "1", "[]", "null", "{\"a\":}", "{\"a\":1} 2", "{\"messages\":[]}",
                                      "{\"tools\":null}", "{\"add_generation_prompt\":false}"};
    quill_chat *chat = new_chat();
    (void)state;
    assert_ok(quill_chat_set_variable(chat, "gone", "1", 1, &err), err);
    assert_ok(set_variables(chat, "{\"a\": [1, \"<s>\"], \"b c\": 2, \"a\": {\"x\": false}}"), err);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(set_variables(chat, bad[i]), QUILL_E_USAGE);
        assert_memory_equal(err.text, "v: ", 3);
    }
    assert_renders("{{ a }} {{ gone is defined }} {{ tools }}", chat, NULL, "{'x': False} False None");
    assert_ok(quill_chat_set_variables(chat, NULL, 0, "v", &err), err);
    assert_renders("{{ a is defined }}", chat, NULL, "False");
    quill_chat_free(chat);
}

static void any_bytes_are_a_content(void **state) {
    quill_chat *chat = new_chat();
    quill_chat_message m;
    (void)state;
    assert_ok(quill_chat_add(chat, "user", "a\xff\0\"\n\\\xc3\xa9", 8, &err), err);
    quill_chat_message_at(chat, 0, &m);
    static const char want[] = "{\"role\":\"user\",\"content\":\"a\xef\xbf\xbd\\u0000\\\"\\n\\\\\xc3\xa9\"}";
    assert_int_equal(m.n_json, sizeof want - 1);
    assert_memory_equal(m.json, want, m.n_json);
    assert_int_equal(m.n_content, 8);
    assert_memory_equal(m.content, "a\xff\0\"\n\\\xc3\xa9", 8);
    quill_chat_free(chat);
}

static void templates_are_given_what_transformers_gives(void **state) {
    quill_chat *chat = new_chat();
    (void)state;
    assert_ok(read_text(chat, "{\"role\":\"assistant\",\"content\":null,\"reasoning\":\"R\","
                              "\"tool_calls\":[{\"function\":"
                              "{\"name\":\"f\",\"arguments\":\"{\\\"x\\\": [1]}\"}}]}"), err);
    assert_renders("{{ messages[0].content is defined }} {{ messages[0].thinking }}{{ "
                   "messages[0].reasoning_content }} "
                   "{{ messages[0].tool_calls[0].function.arguments is mapping }}",
                   chat, NULL, "False RR True");
    // A template that wants a string gets one.
    assert_renders("{{ 'f(' + messages[0].tool_calls[0].function.arguments + ')' }}", chat, NULL, "f({\"x\": [1]})");
    assert_renders("{{ tools is none }}{{ documents is none }}{{ add_generation_prompt "
                   "}}", chat, NULL, "TrueTrueTrue");
    static const char tools[] = "[{\"name\":\"f\",\"parameters\":{}}]";
    assert_ok(quill_chat_set_tools(chat, tools, strlen(tools), "tools", &err), err);
    assert_true(quill_chat_has_tools(chat));
    assert_renders("{{ tools | tojson }}", chat, &(quill_chat_options){.no_generation_prompt = true},
                   "[{\"type\": \"function\", \"function\": {\"name\": \"f\", \"parameters\": {}}}]");
    assert_ok(quill_chat_set_variable(chat, "enable_thinking", "false", 5, &err), err);
    assert_renders("{{ enable_thinking }}", chat, NULL, "False");
    assert_ok(quill_chat_set_tools(chat, NULL, 0, "tools", &err), err);
    assert_false(quill_chat_has_tools(chat));
    quill_chat_free(chat);
}

static void the_last_message_can_be_continued(void **state) {
    static const char text[] = "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}<end>{% endfor %}<a>";
    static const char plain[] = "{% for m in messages %}<{{ m.role }}>{{ m.content }}<end>{% endfor %}<a>";
    const quill_chat_options options = {.continue_last = true};
    quill_chat *chat = new_chat();
    (void)state;
    assert_int_equal(rendered(text, chat, &options), NULL);
    assert_ok(read_text(chat, "{\"role\":\"user\",\"content\":\"a\"}\n{\"role\":\"assistant\",\"content\":\" b "
                              "\"}"), err);
    assert_renders(text, chat, &options, "<user>a<end><assistant>b");
    assert_renders(plain, chat, &options, "<user>a<end><assistant> b ");
    assert_null(rendered("{{ messages[0].content }}", chat, &options));
    assert_int_equal(err.status, QUILL_E_USAGE);
    quill_chat_free(chat);
}

// ---- built-in templates ---------------------------------------------------------------------------------------------

static void built_in_templates_have_the_public_formats(void **state) {
    static const char messages[] = "{\"role\":\"system\",\"content\":\"S\"}\n{\"role\":\"user\",\"content\":\"U\"}\n"
                                   "{\"role\":\"assistant\",\"content\":\"A\"}\n"
                                   "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"V\"}]}";
    static const char *const wanted[][2] = {
        {"alpaca", "S\n\n### Instruction:\nU\n\n### Response:\nA</s>\n\n### Instruction:\nV\n\n### Response:\n"},
        {"chatml", "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>"
         "assistant\nA<|im_end|>\n"
                   "<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n"},
        {"command-r", "<s><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>S<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|>"
         "<|USER_TOKEN|>U"
                      "<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>A<|END_OF_TURN_TOKEN|>"
                      "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>V<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|>"
                      "<|CHATBOT_TOKEN|>"},
        {"deepseek", "<s>S<\xef\xbd\x9cUser\xef\xbd\x9c>U<\xef\xbd\x9c" "Assistant\xef\xbd\x9c>A</s><\xef\xbd\x9cUser"
                     "\xef\xbd\x9c>V<\xef\xbd\x9c" "Assistant\xef\xbd\x9c>"},
        {"gemma", "<s><start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>"
         "\n<start_of_turn>user\nV"
                  "<end_of_turn>\n<start_of_turn>model\n"},
        {"granite", "<|start_of_role|>system<|end_of_role|>S<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>U"
                    "<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>A<|end_of_text|>\n"
                    "<|start_of_role|>user<|end_of_role|>V<|end_of_text|>\n<|start_of_role|>"
                    "assistant<|end_of_role|>"},
        {"llama2", "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST] A </s><s>[INST] V [/INST]"},
        {"llama3", "<s><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>"
         "user<|end_header_id|>\n\n"
                   "U<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>user"
                   "<|end_header_id|>\n\nV<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"},
        {"mistral", "<s>[INST] S\n\nU[/INST] A</s>[INST] V[/INST]"},
        {"phi3", "<|system|>\nS<|end|>\n<|user|>\nU<|end|>\n<|assistant|>\nA<|end|>\n<|user|>\nV<|end|>"
         "\n<|assistant|>\n"},
        {"qwen", "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>"
         "assistant\nA<|im_end|>\n"
                 "<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n"},
        {"vicuna", "S USER: U ASSISTANT: A</s>USER: V ASSISTANT:"},
        {"zephyr", "<|system|>\nS</s>\n<|user|>\nU</s>\n<|assistant|>\nA</s>\n<|user|>\nV</s>\n<|assistant|>\n"},
    };
    quill_chat *chat = new_chat();
    const quill_chat_builtin_info *info;
    size_t n = 0;
    (void)state;
    assert_ok(read_text(chat, messages), err);
    assert_ok(quill_chat_set_variable(chat, "bos_token", "\"<s>\"", 5, &err), err);
    assert_ok(quill_chat_set_variable(chat, "eos_token", "\"</s>\"", 6, &err), err);
    for (; (info = quill_chat_builtin(n)); n++) {
        assert_string_equal(info->name, wanted[n][0]);
        assert_renders(info->text, chat, NULL, wanted[n][1]);
    }
    assert_int_equal(n, sizeof wanted / sizeof *wanted);
    quill_chat_free(chat);
}

static void the_template_for_qwen_knows_tools(void **state) {
    static const char messages[] =
        "{\"role\":\"user\",\"content\":\"U\"}\n"
        "{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":\"f\","
        "\"arguments\":{\"x\":1}}},"
        "{\"function\":{\"name\":\"g\",\"arguments\":{}}}]}\n"
        "{\"role\":\"tool\",\"content\":\"1\"}\n{\"role\":\"tool\",\"content\":\"2\"}";
    const quill_chat_builtin_info *info;
    quill_chat *chat = new_chat();
    (void)state;
    for (size_t i = 0; (info = quill_chat_builtin(i)) && strcmp(info->name, "qwen") != 0;) i++;
    assert_ok(read_text(chat, messages), err);
    assert_renders(info->text, chat, NULL,
                   "<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n<tool_call>\n{\"name\": \"f\", "
                   "\"arguments\": "
                   "{\"x\": 1}}\n</tool_call>\n<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call>"
                   "<|im_end|>\n"
                   "<|im_start|>user\n<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response>"
                   "<|im_end|>\n"
                   "<|im_start|>assistant\n");
    quill_chat_free(chat);
}

// ---- ids ------------------------------------------------------------------------------------------------------------

static size_t count(const quill_ids *ids, int32_t id) {
    size_t n = 0;
    for (size_t i = 0; i < ids->n; i++) n += ids->ids[i] == id;
    return n;
}

static void special_tokens_come_from_the_template_alone(void **state) {
    static const char text[] = "<|user|>{{ messages[0].content | trim }}<|endoftext|>{{ '<|' + messages[0].role "
                               "+ '|>' }}";
    quill_tokenizer *tokenizer;
    quill_chat_template *t;
    quill_chat_prompt prompt;
    quill_ids ids = {0}, special = {0};
    quill_chat *chat = new_chat();
    (void)state;
    assert_ok(quill_tokenizer_open(&tokenizer, TEST_DATA("tokenizer/added"), &err), err);
    assert_ok(quill_encode(tokenizer, &special, "<|user|><|endoftext|>", 21, QUILL_SPECIAL_PARSE, &err), err);
    assert_int_equal(special.n, 2);
    assert_ok(quill_chat_add(chat, "user", " <|endoftext|><|user|>x<|endoftext ", 34, &err), err);
    assert_ok(quill_chat_template_parse(&t, text, strlen(text), "t", tokenizer, &err), err);
    assert_ok(quill_chat_render(t, chat, NULL, &prompt, &err), err);
    assert_ok(quill_chat_encode(&prompt, tokenizer, &ids, &err), err);
    assert_int_equal(count(&ids, special.ids[0]), 2); // at the beginning and at the end
    assert_int_equal(count(&ids, special.ids[1]), 1);
    assert_int_equal(ids.ids[0], special.ids[0]);
    assert_int_equal(ids.ids[ids.n - 1], special.ids[0]);
    // The text comes back.
    quill_decoder decoder;
    char back[256];
    size_t used = 0;
    quill_decoder_begin(&decoder, tokenizer, QUILL_SPECIAL_PARSE);
    for (size_t i = 0; i < ids.n; i++) {
        size_t n;
        const char *bytes = quill_decoder_take(&decoder, ids.ids[i], &n);
        memcpy(back + used, bytes, n);
        used += n;
    }
    assert_int_equal(used, prompt.n);
    assert_memory_equal(back, prompt.text, used);
    quill_ids_free(&ids);
    quill_ids_free(&special);
    quill_chat_prompt_free(&prompt);
    quill_chat_template_free(t);
    quill_tokenizer_free(tokenizer);
    quill_chat_free(chat);
}

static void bos_comes_once(void **state) {
    static const char *const texts[] = {"{{ bos_token }}{{ messages[0].content }}", "{{ messages[0].content }}"};
    quill_tokenizer *tokenizer;
    (void)state;
    assert_ok(quill_tokenizer_open(&tokenizer, TEST_DATA("families/llama"), &err), err);
    for (int i = 0; i < 2; i++) {
        quill_chat_template *t;
        quill_chat_prompt prompt;
        quill_ids ids = {0};
        quill_chat *chat = new_chat();
        assert_ok(quill_chat_add(chat, "user", "Hello", 5, &err), err);
        assert_ok(quill_chat_template_parse(&t, texts[i], strlen(texts[i]), "t", tokenizer, &err), err);
        assert_ok(quill_chat_render(t, chat, NULL, &prompt, &err), err);
        assert_ok(quill_chat_encode(&prompt, tokenizer, &ids, &err), err);
        const bool has = i == 0 ? quill_token_bos(tokenizer) >= 0 : quill_adds_bos(tokenizer);
        assert_int_equal(count(&ids, quill_token_bos(tokenizer)), has);
        quill_ids_free(&ids);
        quill_chat_prompt_free(&prompt);
        quill_chat_template_free(t);
        quill_chat_free(chat);
    }
    quill_tokenizer_free(tokenizer);
}

// ---- where templates are found --------------------------------------------------------------------------------------

static void copy_model(void) {
    static const char *const names[] = {"config.json", "model.safetensors", "tokenizer.json", "generation_config.json"};
    static char bytes[1 << 20];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        snprintf(path, sizeof path, TEST_DATA("parity/half64/%s"), names[i]);
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        write_file(names[i], bytes, fread(bytes, 1, sizeof bytes, f));
        fclose(f);
    }
}

static quill_model *opened(const char *path) {
    const quill_model_options options = {.cpu = "ref"};
    quill_model *model;
    assert_ok(quill_model_open(&model, path, &options, &err), err);
    return model;
}

// The text of the template that a choice means; "" if it is refused.
static const char *found(const quill_model *model, const char *choice, bool with_tools) {
    static char text[4096];
    quill_chat_template *t;
    size_t n;
    text[0] = '\0';
    if (quill_chat_template_open(&t, model, choice, with_tools, &err)) return text;
    const char *p = quill_chat_template_text(t, &n);
    snprintf(text, sizeof text, "%.*s", (int)n, p);
    quill_chat_template_free(t);
    return text;
}

static void a_folder_has_templates_in_files(void **state) {
    (void)state;
    copy_model();
    quill_model *model = opened(folder);
    quill_model_info info;
    quill_model_describe(model, &info);
    assert_false(info.chat_template);
    assert_string_equal(found(model, NULL, false), "");
    assert_int_equal(err.status, QUILL_E_USAGE);
    assert_non_null(strstr(err.text, ": the model has no chat template; --chat-template takes a file or one of: "
                                     "alpaca "
                                     "chatml command-r deepseek gemma granite llama2 llama3 mistral phi3 qwen "
                                     "vicuna zephyr"));
    assert_non_null(strstr(found(model, "chatml", false), "<|im_start|>"));
    assert_string_equal(found(model, "frob", false), "");
    assert_int_equal(err.status, QUILL_E_USAGE);
    assert_string_equal(found(model, "/nowhere/x.jinja", false), "");
    assert_int_equal(err.status, QUILL_E_SYSTEM);
    quill_model_free(model);

    write_text("tokenizer_config.json", "{\"tokenizer_class\":\"PreTrainedTokenizerFast\","
               "\"bos_token\":{\"content\":\"<b>\"},"
                                        "\"image_token\":\"<i>\",\"chat_template\":[{\"name\":\"default\","
                                            "\"template\":\"d\\n"
                                        "{{ bos_token }}{{ image_token }}\"},{\"name\":\"tool_use\","
                                            "\"template\":\"t\"},"
                                        "{\"name\":\"rag\",\"template\":\"r\"}]}");
    model = opened(folder);
    quill_model_describe(model, &info);
    assert_true(info.chat_template);
    assert_string_equal(found(model, NULL, false), "d\n{{ bos_token }}{{ image_token }}");
    assert_string_equal(found(model, NULL, true), "t");
    assert_string_equal(found(model, "rag", true), "r");
    assert_string_equal(found(model, "default", true), "d\n{{ bos_token }}{{ image_token }}");
    quill_chat_template *t;
    quill_chat_prompt prompt;
    quill_chat *chat = new_chat();
    assert_ok(quill_chat_template_open(&t, model, NULL, false, &err), err);
    assert_ok(quill_chat_render(t, chat, NULL, &prompt, &err), err);
    assert_string_equal(prompt.text, "d\n<b><i>");
    assert_int_equal(prompt.n_values, 0);
    quill_chat_prompt_free(&prompt);
    quill_chat_template_free(t);
    quill_chat_free(chat);

    // A GGUF file that is made of it has them too.
    char path[600];
    snprintf(path, sizeof path, "%s", in_folder("q.gguf"));
    assert_ok(quill_quantize(folder, path, "Q8_0", NULL, &err), err);
    quill_model *made = opened(path);
    assert_string_equal(found(made, NULL, false), "d\n{{ bos_token }}{{ image_token }}");
    assert_string_equal(found(made, NULL, true), "t");
    assert_string_equal(found(made, "rag", true), "r");
    quill_model_free(made);

    write_text("chat_template.jinja", "file {{ messages | length }}\n");
    assert_string_equal(found(model, NULL, true), "file {{ messages | length }}\n");
    assert_int_equal(mkdir(in_folder("additional_chat_templates"), 0700), 0);
    write_text("additional_chat_templates/tool_use.jinja", "more");
    assert_string_equal(found(model, NULL, true), "more");
    assert_string_equal(found(model, "tool_use", false), "more");
    assert_string_equal(found(model, in_folder("chat_template.jinja"), false), "file {{ messages | length }}\n");
    assert_string_equal(found(model, in_folder("tokenizer_config.json"), true), "t");
    assert_string_equal(found(model, folder, false), "file {{ messages | length }}\n");
    write_text("chat_template.jinja", "\n{% frob %}");
    assert_string_equal(found(model, NULL, false), "");
    assert_int_equal(err.status, QUILL_E_MODEL);
    assert_non_null(strstr(err.text, "/chat_template.jinja: chat template: line 2: expected a statement, found "
                                     "'frob'"));
    quill_model_free(model);
    unlink(in_folder("additional_chat_templates/tool_use.jinja"));
    rmdir(in_folder("additional_chat_templates"));
}

// A GGUF file with two more keys.
static size_t with_templates(char *out, size_t size) {
    static const char *const keys[][2] = {{"tokenizer.chat_template", "plain {{ eos_token }}"},
                                          {"tokenizer.chat_template.tool_use", "with tools"}};
    FILE *f = fopen(TEST_DATA("gguf/long32-f32.gguf"), "rb");
    assert_non_null(f);
    size_t n = 24;
    uint64_t n_meta;
    assert_int_equal(fread(out, 1, 24, f), 24);
    memcpy(&n_meta, out + 16, 8);
    n_meta += 2;
    memcpy(out + 16, &n_meta, 8);
    for (int i = 0; i < 2; i++) {
        const uint64_t key = strlen(keys[i][0]);
        const uint32_t string = 8;
        const size_t fixed = 24 + (i ? n + 20 + key + strlen(keys[i][1]) - 24 : 0);
        const uint64_t text = strlen(keys[i][1]) + (i ? (64 - (fixed - 24) % 32) % 32 : 0); // data stays aligned
        memcpy(out + n, &key, 8);
        memcpy(out + n + 8, keys[i][0], key);
        memcpy(out + n + 8 + key, &string, 4);
        memcpy(out + n + 12 + key, &text, 8);
        memset(out + n + 20 + key, ' ', text);
        memcpy(out + n + 20 + key, keys[i][1], strlen(keys[i][1]));
        n += 20 + key + text;
    }
    assert_int_equal((n - 24) % 32, 0);
    n += fread(out + n, 1, size - n, f);
    fclose(f);
    return n;
}

static void a_gguf_file_has_templates_in_keys(void **state) {
    static char bytes[1 << 20];
    (void)state;
    write_file("m.gguf", bytes, with_templates(bytes, sizeof bytes));
    char path[600];
    snprintf(path, sizeof path, "%s", in_folder("m.gguf"));
    quill_model *model = opened(path);
    quill_model_info info;
    quill_model_describe(model, &info);
    assert_true(info.chat_template);
    assert_string_equal(found(model, NULL, false), "plain {{ eos_token }}");
    assert_memory_equal(found(model, NULL, true), "with tools", 10);
    assert_memory_equal(found(model, "tool_use", false), "with tools", 10);
    assert_string_equal(found(model, path, false), "plain {{ eos_token }}");
    quill_chat_template *t;
    assert_ok(quill_chat_template_open(&t, model, NULL, false, &err), err);
    assert_string_equal(quill_chat_template_name(t), path);
    quill_chat_template_free(t);
    quill_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_in_any_form),
        cmocka_unit_test(mistakes_in_messages_are_named),
        cmocka_unit_test(variables_are_those_of_an_object),
        cmocka_unit_test(any_bytes_are_a_content),
        cmocka_unit_test(templates_are_given_what_transformers_gives),
        cmocka_unit_test(the_last_message_can_be_continued),
        cmocka_unit_test(built_in_templates_have_the_public_formats),
        cmocka_unit_test(the_template_for_qwen_knows_tools),
        cmocka_unit_test(special_tokens_come_from_the_template_alone),
        cmocka_unit_test(bos_comes_once),
        cmocka_unit_test_setup_teardown(a_folder_has_templates_in_files, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_gguf_file_has_templates_in_keys, make_folder, remove_folder),
    };
    return cmocka_run_group_tests_name("chat", tests, NULL, NULL);
}
