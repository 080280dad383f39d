// SPDX-License-Identifier: MIT
// The chat templates that come with a model, and its special tokens by name.
#ifndef QUILL_LOAD_CHAT_TEMPLATE_H
#define QUILL_LOAD_CHAT_TEMPLATE_H

#include "base/arena.h"
#include "formats/weights.h"
#include "quill/tokenizer.h"

// A template's text. Everything is in the arena.
struct chat_template_found {
    struct str text; // p NULL: there is none
    const char *file; // for messages
};

// The template of this name, or if `name` is NULL the one called `tool_use`, if `with_tools`, else `default`. A folder
// has chat_template.jinja and additional_chat_templates/NAME.jinja, or chat_template.json, or `chat_template` in
// tokenizer_config.json; a GGUF file has tokenizer.chat_template and tokenizer.chat_template.NAME. QUILL_E_MODEL: a
// file is damaged.
quill_status chat_template_find(struct chat_template_found *out, struct arena *arena, const struct weights *w,
                                const char *name, bool with_tools, quill_error *err);
// The same in the text of tokenizer_config.json or the like.
quill_status chat_template_in_json(struct chat_template_found *out, struct arena *arena, struct str json,
                                   const char *file, const char *name, bool with_tools, quill_error *err);
// Writes a folder's templates as keys of a GGUF file: the default, and those for tools and for documents.
struct gguf_writer;
quill_status chat_template_write(struct gguf_writer *g, const struct weights *w, quill_error *err);
// Whether there is a template, as far as names of files and keys tell.
bool chat_template_exists(const struct weights *w);

// Calls take(user, name, text) for the special tokens that the files name: "bos_token", "<s>". `tokenizer` tells those
// that a folder does not mention. Stops when it returns false. Strings are borrowed during the call.
typedef bool chat_token_fn(void *user, struct str name, struct str text);
quill_status chat_template_tokens(const struct weights *w, const quill_tokenizer *tokenizer, chat_token_fn *take,
                                  void *user, quill_error *err);

#endif
