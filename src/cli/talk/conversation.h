// SPDX-License-Identifier: MIT
// A conversation on the command line: its messages from options, files and stdin, its prompt, and its transcript.
#ifndef QUILL_CLI_TALK_CONVERSATION_H
#define QUILL_CLI_TALK_CONVERSATION_H

#include <sys/stat.h>
#include <time.h>

#include "base/save.h"
#include "cli/options/options.h"
#include "cli/run/production.h"
#include "cli/run/request.h"
#include "quill/chat.h"

struct conversation {
    struct options *o;
    quill_chat *chat;
    quill_model *model;
    quill_chat_template *template;
    struct tm date;              // of --date
    struct buffer tools;         // of --tools
    quill_chat_prompt rendered;  // what the answer follows
    struct prompt_ids ids;       // of it
    struct request_parts parts;
    struct answer_form answers;
    struct production production; // borrows from the others
    struct save transcript;      // of --continue
    struct stat last_seen;       // that file, when this run read or wrote it; st_nlink 0: there was none
};

// Checks the options, reads the messages of --continue, --messages and --system, the tools, and builds the request.
// QUILL_E_USAGE names the option.
QUILL_MUST_CHECK quill_status conversation_begin(struct conversation *c, struct options *o, quill_error *err);
// Appends a message of the user: the prompt of the command line (prompt_read), unless --messages makes it needless.
// Errors: QUILL_E_USAGE (also: there is nothing to answer).
QUILL_MUST_CHECK quill_status conversation_ask(struct conversation *c, quill_error *err);
// Opens the model and its template. Errors: those of open_model and quill_chat_template_open.
QUILL_MUST_CHECK quill_status conversation_open(struct conversation *c, quill_error *err);
// Makes `rendered` and its ids. Errors: those of quill_chat_render and quill_chat_encode.
QUILL_MUST_CHECK quill_status conversation_render(struct conversation *c, quill_error *err);
// The same, for at most `most` tokens (quill_chat_fit).
QUILL_MUST_CHECK quill_status conversation_fit(struct conversation *c, size_t most, size_t *left_out,
                                               quill_error *err);
// How many tokens the prompt has without the messages left out.
QUILL_MUST_CHECK quill_status conversation_count(struct conversation *c, size_t left_out, size_t *n,
                                                 quill_error *err);
// For talks: other messages in place of these, another model, and options that have changed. On failure all is as
// before; of another model only the session is closed, for production_open.
QUILL_MUST_CHECK quill_status conversation_load(struct conversation *c, const char *path, quill_error *err);
QUILL_MUST_CHECK quill_status conversation_switch(struct conversation *c, const char *model, quill_error *err);
QUILL_MUST_CHECK quill_status conversation_rebuild(struct conversation *c, quill_error *err);
// The production's samples are answers to `rendered`.
void conversation_answers(struct conversation *c);

// The messages as JSON lines. false: no memory.
bool conversation_write(const struct conversation *c, struct buffer *out);
// --continue: begins to replace the file, before an answer is computed in vain; and replaces it.
QUILL_MUST_CHECK quill_status conversation_save_begin(struct conversation *c, quill_error *err);
QUILL_MUST_CHECK quill_status conversation_save(struct conversation *c, quill_error *err);
// To be called after another way of writing files has written to `path`, which may be the transcript.
void conversation_was_saved(struct conversation *c, const char *path);
void conversation_free(struct conversation *c);

#endif
