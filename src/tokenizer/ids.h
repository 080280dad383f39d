// SPDX-License-Identifier: MIT
#ifndef QUILL_TOKENIZER_IDS_H
#define QUILL_TOKENIZER_IDS_H

#include "quill/tokenizer.h"

// Makes room for `more` ids after the n in the list. False: no memory.
bool ids_reserve(quill_ids *list, size_t more);

#endif
