// SPDX-License-Identifier: MIT
#ifndef QUILL_SESSION_CONTRAST_H
#define QUILL_SESSION_CONTRAST_H

struct contrast; // the last quill_contrastive_search, with its result
void contrast_free(struct contrast *c); // NULL is fine

#endif
