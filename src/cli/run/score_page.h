// SPDX-License-Identifier: MIT
// The page of score --html: every token with its surprise, and the likely alternatives. One file without scripts.
#ifndef QUILL_CLI_RUN_SCORE_PAGE_H
#define QUILL_CLI_RUN_SCORE_PAGE_H

#include "base/buffer.h"
#include "cli/io/output.h"
#include "scorer.h"

enum { PAGE_TOP = 8, SURPRISE_LEVELS = 5 };

// 0..4: below 1, 4, 8, 12 bits, and above
int surprise_level(double logprob);

struct score_page {
    struct output out;
    const quill_tokenizer *tokenizer;
    struct buffer text; // not yet written
    bool in_text;     // a text has begun
    uint64_t n_texts, n_tokens;
};

// The file appears whole or not at all. Errors: QUILL_E_SYSTEM; of page_open also QUILL_E_USAGE (the path). Call
// output_abort at the end, even after a failure.
QUILL_MUST_CHECK quill_status page_open(struct score_page *page, const char *path, const quill_model *model,
                                        quill_error *err);
QUILL_MUST_CHECK quill_status page_piece(struct score_page *page, const struct scored_piece *piece, quill_error *err);
// Ends a text; `problem` (NULL: none) says why it has no score.
QUILL_MUST_CHECK quill_status page_end_text(struct score_page *page, const struct text_score *score,
                                            const char *problem, quill_error *err);
QUILL_MUST_CHECK quill_status page_close(struct score_page *page, quill_error *err);
void page_free(struct score_page *page); // zeros with out.fd -1 are fine

#endif
