// SPDX-License-Identifier: MIT
// Prompt-lookup drafting (Saxena 2023): what followed the last tokens earlier in the text may follow them again.
// Several such tokens are computed in one pass, which costs little more than one token. They are accepted as long as
// they equal the tokens drawn; the random number of a position is the same with and without a draft.
#ifndef QUILL_SESSION_DRAFT_H
#define QUILL_SESSION_DRAFT_H

#include <stddef.h>
#include <stdint.h>

// With QUILL_DRAFT_AUTO a draft has 4 tokens, or 8 if all of the last draft were accepted. A credit of 8 tokens pays
// for drafts: a drafted token costs 1, an accepted one returns 3, and a token drawn without a draft returns 1/16. So
// drafting ends if fewer than a third are accepted, and is tried again now and then. (9 tokens take about twice the
// time of one.)
struct draft {
    int32_t most;   // from the request: most tokens in a draft, QUILL_DRAFT_AUTO, or 0: none
    int32_t credit; // in 1/16 of a token
    int32_t length; // tokens in a draft, with QUILL_DRAFT_AUTO
    size_t n;       // tokens in the present draft
    size_t drafted, accepted; // totals
};

void draft_start(struct draft *d, int32_t most);
// Writes at most `room` tokens to ids[n..) that may follow ids[0..n), and returns their number.
size_t draft_make(struct draft *d, int32_t *ids, size_t n, size_t room);
// Ends the present draft, of which `accepted` tokens equal those drawn.
void draft_end(struct draft *d, size_t accepted);

#endif
