// SPDX-License-Identifier: MIT
// Texts to the probabilities of their tokens, as score and rank count them.
#ifndef QUILL_CLI_SCORER_H
#define QUILL_CLI_SCORER_H

#include "options.h"
#include "quill/score.h"
#include "textbuf.h"

struct scorer {
    const struct options *o;
    quill_model *model;
    quill_session *session;
    const quill_tokenizer *tokenizer; // of the model
    int32_t n_ctx;
    int32_t begin;      // the token in front of every text: BOS, else EOS; -1: none
    struct text joined; // prefix and text
    quill_ids ids;
};

// One of the tokens of a text. The prefix's come first; those of a text without a token in front have one that does not
// count.
struct scored_piece {
    const quill_scored_token *score; // NULL: the token is context and does not count
    int32_t id;
    const char *bytes; // [n] borrowed from the tokenizer
    size_t n;
};
typedef quill_status piece_fn(void *user, const struct scored_piece *piece, quill_error *err);

struct text_score {
    double logprob; // sum over the tokens that count
    size_t tokens;  // that count
    size_t bytes;   // of the text that they cover
};
double score_perplexity(const struct text_score *score);    // NAN when nothing counts
double score_bits_per_byte(const struct text_score *score);

// Opens the model that the options name and a session of -c positions, by default as many as the model has.
QUILL_MUST_CHECK quill_status scorer_open(struct scorer *s, const struct options *o, quill_error *err);
void scorer_free(struct scorer *s); // zeros are fine

struct to_score {
    const char *prefix, *text; // encoded as one
    size_t n_prefix, n;
    int top;                   // likeliest tokens of each score
    int32_t stride;            // 0: the text must fit the context; else windows of the context, moved by so many tokens
    piece_fn *piece;           // called with every token, ascending; NULL: with none
    void *user;
};
// QUILL_E_CONTEXT (stride 0): the text does not fit, and `piece` was not called. Others are no fault of the text.
QUILL_MUST_CHECK quill_status scorer_run(struct scorer *s, const struct to_score *what, struct text_score *score,
                                         quill_error *err);

#endif
