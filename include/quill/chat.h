// SPDX-License-Identifier: MIT
// Chats: messages become the text that a chat model was trained on, and its answer becomes a message.
//
//     quill_chat_template *template = NULL;
//     quill_chat *chat = NULL;
//     quill_chat_prompt prompt = {0};
//     quill_ids ids = {0};
//     s = quill_chat_template_open(&template, model, NULL, false, &err);     // the model's own
//     if (!s) s = quill_chat_create(&chat, &err);
//     if (!s) s = quill_chat_add(chat, "user", "Hello", 5, &err);
//     if (!s) s = quill_chat_render(template, chat, NULL, &prompt, &err);
//     if (!s) s = quill_chat_encode(&prompt, quill_model_tokenizer(model), &ids, &err);
//
// A template is a program in a subset of Jinja 2, run as Hugging Face transformers runs it (apply_chat_template):
// blanks around blocks are trimmed; `messages`, `tools`, `add_generation_prompt`, the special tokens by name
// (`bos_token` ...) and further variables are given, and so are raise_exception, strftime_now and tojson. Templates are
// hostile input: steps, depth, memory and output are bounded.
//
// Special tokens come from the template alone. What a message, a tool or a variable holds is plain text when the result
// is encoded, whatever a template does with it: "<|im_end|>" in a message ends no turn.
//
// A template is immutable and may be shared by any number of threads; a chat and an answer belong to one at a time.
#ifndef QUILL_CHAT_H
#define QUILL_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "error.h"
#include "model.h"
#include "tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// ---- templates ------------------------------------------------------------------------------------------------------

typedef struct quill_chat_template quill_chat_template;

// The template that `choice` means (--chat-template):
//   NULL    the model's own. Of several the one called `tool_use` if `with_tools`, else `default`
//   NAME    one of the model's own by its name, else a built-in one (quill_chat_builtin)
//   FILE    a file that holds a template, or tokenizer_config.json, or the GGUF file or folder of another model
// A model's own templates are chat_template.jinja, additional_chat_templates/NAME.jinja, chat_template.json and
// `chat_template` in tokenizer_config.json of a folder (the first that exists), and tokenizer.chat_template[.NAME] of a
// GGUF file. The template's special tokens by name are those of the model. Nothing is borrowed from it.
// Errors: QUILL_E_USAGE (`choice` is no name and no file; the model has no template, and the message names
// --chat-template and the built-in names), QUILL_E_SYSTEM (a file cannot be read; memory), QUILL_E_MODEL ("FILE: chat
// template: line 3: ...": a mistake, or what is not supported).
QUILL_MUST_CHECK quill_status quill_chat_template_open(quill_chat_template **out, const quill_model *model,
                                                       const char *choice, bool with_tools, quill_error *err);
// A template from text[0..n). `name` is for messages. `tokenizer` gives bos_token and eos_token; NULL: there are none.
QUILL_MUST_CHECK quill_status quill_chat_template_parse(quill_chat_template **out, const char *text, size_t n,
                                                        const char *name, const quill_tokenizer *tokenizer,
                                                        quill_error *err);
void quill_chat_template_free(quill_chat_template *chat_template); // NULL is fine

// The built-in templates: public formats in words of our own. Strings are static. NULL: there are no more.
typedef struct quill_chat_builtin_info {
    const char *name;   // "chatml" "llama3" ...
    const char *serves; // models that were trained with it, for people
    const char *text;   // the template
} quill_chat_builtin_info;
const quill_chat_builtin_info *quill_chat_builtin(size_t index);

// For reports; strings are borrowed from the template.
const char *quill_chat_template_name(const quill_chat_template *chat_template); // the file, or the built-in name
const char *quill_chat_template_text(const quill_chat_template *chat_template, size_t *n);

// ---- messages -------------------------------------------------------------------------------------------------------

// Messages, tools and variables.
typedef struct quill_chat quill_chat;

QUILL_MUST_CHECK quill_status quill_chat_create(quill_chat **out, quill_error *err);
void quill_chat_free(quill_chat *chat); // NULL is fine

// Appends a message. content[0..n) may be any bytes. Errors: QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_chat_add(quill_chat *chat, const char *role, const char *content, size_t n,
                                             quill_error *err);
// Appends a message from a JSON object: `role`, a string; `content`, a string, null, or a list of parts
// ({"type":"text","text":"..."}); and whatever templates know: `reasoning_content`, `tool_calls`, `tool_call_id`,
// `name` ... A string in `function.arguments` of tool_calls that holds a JSON object is given to templates as that
// object. Reasoning is given as `reasoning_content` and as `thinking`, under whichever of the two, or `reasoning`, it
// came. `name` is for messages: "NAME: ...". Errors: QUILL_E_USAGE (not such an object), QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_chat_add_json(quill_chat *chat, const char *json, size_t n, const char *name,
                                                  quill_error *err);
// Appends the messages of a text: JSON lines, or a JSON list of objects, or an object with `messages`, and `tools` if
// it has them. On failure `chat` is unchanged. Errors: QUILL_E_USAGE ("NAME: line 3: ..."), QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_chat_read(quill_chat *chat, const char *text, size_t n, const char *name,
                                              quill_error *err);

size_t quill_chat_n_messages(const quill_chat *chat);
// A message; index < n. Strings are borrowed until the chat changes; not NUL-terminated.
typedef struct quill_chat_message {
    const char *role;    // [n_role]
    size_t n_role;
    const char *content; // [n_content]; NULL: null, absent, or a list of parts
    size_t n_content;
    const char *json;    // [n_json] the whole message on one line, as added: a line of a transcript
    size_t n_json;
} quill_chat_message;
void quill_chat_message_at(const quill_chat *chat, size_t index, quill_chat_message *message);
// Drops all messages but the first n. Memory is released with the chat.
void quill_chat_truncate(quill_chat *chat, size_t n);

// Sets the system message, the first of all: it takes the place of one that is there. text NULL: there is none.
// Errors: QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_chat_set_system(quill_chat *chat, const char *text, size_t n, quill_error *err);

// The tools: a JSON list, as transformers and OpenAI's interface take it ({"type":"function","function":{"name",
// "description","parameters"}}); functions without that frame get it. n 0: none. Errors: QUILL_E_USAGE, QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status quill_chat_set_tools(quill_chat *chat, const char *json, size_t n, const char *name,
                                                   quill_error *err);
bool quill_chat_has_tools(const quill_chat *chat);
// A variable for templates: `enable_thinking`, `reasoning_effort`, `documents`, `date_string` ... The value is JSON.
QUILL_MUST_CHECK quill_status quill_chat_set_variable(quill_chat *chat, const char *name, const char *json, size_t n,
                                                      quill_error *err);
// Replaces all variables by the members of a JSON object; json NULL: there are none. On failure `chat` is unchanged.
// `name` is for messages. Errors: QUILL_E_USAGE (no object; a member is `messages`, `tools` or `add_generation_prompt`,
// which templates are given anyway), QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_chat_set_variables(quill_chat *chat, const char *json, size_t n, const char *name,
                                                       quill_error *err);

// ---- prompts --------------------------------------------------------------------------------------------------------

// Zeros are the defaults.
typedef struct quill_chat_options {
    bool no_generation_prompt; // the text does not end with the beginning of an answer
    bool continue_last;        // the last message is the beginning of the answer: the text ends with its content
    const struct tm *now;      // local time for strftime_now; NULL: the system's clock, in UTC
} quill_chat_options;

// A rendered text. Start from zeros; quill_chat_prompt_free releases it and leaves zeros.
typedef struct quill_chat_prompt {
    char *text;         // [n], and a NUL
    size_t n;
    quill_span *values; // [n_values] the parts that came from messages, tools and variables: ascending, disjoint, and
    size_t n_values;    // not adjacent. All other bytes are the template's and its special tokens
} quill_chat_prompt;
void quill_chat_prompt_free(quill_chat_prompt *prompt);

// Renders the template. `options` may be NULL. Errors: QUILL_E_USAGE (the template refuses the messages by
// raise_exception, whose text is the message: "FILE: chat template: ..."), QUILL_E_MODEL (the template is at fault, or
// exceeds a limit: "FILE: chat template: line 3: ..."), QUILL_E_SYSTEM (memory). On failure `out` is empty.
QUILL_MUST_CHECK quill_status quill_chat_render(const quill_chat_template *chat_template, const quill_chat *chat,
                                                const quill_chat_options *options, quill_chat_prompt *out,
                                                quill_error *err);
// Appends the ids of a prompt: special tokens are parsed outside of its values. BOS is put in front if the tokenizer
// adds one and the text does not begin with it. Errors: those of quill_encode.
QUILL_MUST_CHECK quill_status quill_chat_encode(const quill_chat_prompt *prompt, const quill_tokenizer *tokenizer,
                                                quill_ids *out, quill_error *err);

// Renders and encodes a long conversation so that it has at most `most` tokens. If it has more, whole turns are left
// out, the oldest first, until it has at most three quarters of them, so that the next turns can reuse what a session
// holds. A turn begins with a message of the user; system and developer messages at the beginning and the last turn
// always stay. *left_out: how many messages behind the beginning are left out; the value of an earlier call, or 0, is
// where it begins. The chat is not changed. `prompt` as in quill_chat_render; `ids` is emptied first. Errors: those of
// quill_chat_render and quill_chat_encode; QUILL_E_CONTEXT (the last turn does not fit).
QUILL_MUST_CHECK quill_status quill_chat_fit(const quill_chat_template *chat_template, const quill_chat *chat,
                                             const quill_chat_options *options, const quill_tokenizer *tokenizer,
                                             size_t most, size_t *left_out, quill_chat_prompt *prompt, quill_ids *ids,
                                             quill_error *err);

// ---- answers --------------------------------------------------------------------------------------------------------

// Takes an answer apart while it is generated: reasoning, content and tool calls. Its text must have the special tokens
// as they are spelled (quill_decoder with QUILL_SPECIAL_PARSE, without the token that ended it), since some formats
// mark parts with them. Known formats:
//   reasoning   <think>, <thinking>, <reasoning>, <|START_THINKING|>, [THINK], <seed:think>; channels of gpt-oss and
//               Gemma 4
//   tool calls  <tool_call>{...}</tool_call> or <function=...> in it (Qwen, Hermes and others); [TOOL_CALLS] (Mistral);
//               {"name", "parameters"} alone or behind <|python_tag|> (Llama 3); channels with a recipient (gpt-oss)
// What looks like one of these but is none stays content.
typedef struct quill_answer quill_answer;

typedef enum quill_answer_part {
    QUILL_ANSWER_CONTENT,
    QUILL_ANSWER_REASONING,
    QUILL_ANSWER_TOOL_CALL, // its text as generated
} quill_answer_part;

// Called with text as soon as it is certain what it is part of. A status other than QUILL_OK ends the taking of text
// and is returned.
typedef quill_status quill_answer_fn(void *user, quill_answer_part part, const char *text, size_t n);

// `prompt` tells whether its text has opened the reasoning already; NULL: it has not. Without tools, text that looks
// like a call but is marked by nothing (Llama 3's JSON) is content. `on_part` may be NULL. Errors: QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status quill_answer_create(quill_answer **out, const quill_chat_prompt *prompt, bool with_tools,
                                                  quill_answer_fn *on_part, void *user, quill_error *err);
void quill_answer_free(quill_answer *answer); // NULL is fine
QUILL_MUST_CHECK quill_status quill_answer_take(quill_answer *answer, const char *text, size_t n, quill_error *err);
// No more text comes. Further calls are not allowed.
QUILL_MUST_CHECK quill_status quill_answer_end(quill_answer *answer, quill_error *err);

// Everything is borrowed from the answer.
typedef struct quill_tool_call {
    const char *id;        // NUL-terminated; nine letters and digits where the model gave none
    const char *name;      // NUL-terminated
    const char *arguments; // JSON on one line, NUL-terminated: an object, unless the model wrote something else
} quill_tool_call;
typedef struct quill_answer_info {
    const char *content;   // [n_content], without the blanks around it if there is a reasoning or a call
    size_t n_content;
    const char *reasoning; // [n_reasoning]; NULL: none
    size_t n_reasoning;
    const quill_tool_call *calls; // [n_calls]
    size_t n_calls;
    const char *json;      // [n_json] the message, for quill_chat_add_json and transcripts: {"role":"assistant",
    size_t n_json;         // "content":"..."} and, where there are any, "reasoning_content" and "tool_calls"
} quill_answer_info;
void quill_answer_describe(const quill_answer *answer, quill_answer_info *info); // after quill_answer_end

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
