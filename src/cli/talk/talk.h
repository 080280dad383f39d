// SPDX-License-Identifier: MIT
// A talk with a chat model in a terminal.
#ifndef QUILL_CLI_TALK_TALK_H
#define QUILL_CLI_TALK_TALK_H

#include "conversation.h"
#include "history.h"

// The last answer, for /stats.
struct answered {
    struct samples_total total;
    double ms;
};

struct talk {
    struct conversation *c;
    struct line_reader *lines;
    struct history_file history;
    struct samples idle;  // the samples of the production, before an answer
    size_t left_out;      // messages that no longer fit the context
    uint64_t retries;     // added to the seed
    struct answered last;
    char **texts;         // [n_texts] values of /set and /model, which the options borrow
    size_t n_texts;
    bool ended;
};

// A dimmed line, shown without what a terminal would obey.
__attribute__((format(printf, 2, 3))) void talk_say(struct talk *t, const char *format, ...);
// Asks what is to be answered by y or yes; everything else is a no.
bool talk_confirm(struct talk *t, const char *question);
// Answers the last message, which is the user's. If there is no answer the message is dropped, and why is reported.
void talk_answer(struct talk *t);
// Takes a question and answers it.
void talk_ask(struct talk *t, const struct buffer *text);
// The last question: its text is appended to *text unless that is NULL. *index: which message it is. false: there is
// none, or no memory.
bool talk_question(const struct talk *t, struct buffer *text, size_t *index);
void talk_complain(const quill_error *err); // reports it
// Opens the session for the model of the conversation. Errors: those of production_open.
QUILL_MUST_CHECK quill_status talk_open_session(struct talk *t, quill_error *err);
char *talk_keep(struct talk *t, const char *text); // a copy that lives as long as the talk; NULL: no memory

#endif
