// SPDX-License-Identifier: MIT
// Prompt-lookup drafting (Saxena 2023): what followed the last tokens when they were met before may follow them again.
// Several such tokens are computed in one pass, which costs little more than one, and count as far as they are what is
// then drawn: the random number of a position is the same with a draft and without.
#ifndef QUILL_SESSION_DRAFT_H
#define QUILL_SESSION_DRAFT_H

#include <stddef.h>
#include <stdint.h>

// With QUILL_DRAFT_AUTO a draft has 4 tokens, or 8 when all of the last one were accepted. There are 8 to begin with; a
// drafted one costs 1, an accepted one returns 3, and one that is drawn without a draft 1/16. So drafting ends where
// fewer than a third are accepted, and is tried again now and then. (9 tokens take about twice the time of one.)
struct draft {
    int32_t most;   // of the request: tokens at once, QUILL_DRAFT_AUTO, or 0: none
    int32_t credit; // in 1/16 of a token
    int32_t length; // of a draft, with QUILL_DRAFT_AUTO
    size_t n;       // tokens of the present draft
    size_t drafted, accepted; // in all
};

void draft_start(struct draft *d, int32_t most);
// Writes at most `room` tokens to ids[n..) that may follow ids[0..n), and returns their number.
size_t draft_make(struct draft *d, int32_t *ids, size_t n, size_t room);
// So many of the present draft's tokens were what was drawn.
void draft_end(struct draft *d, size_t accepted);

#endif
