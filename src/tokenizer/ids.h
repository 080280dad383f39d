// SPDX-License-Identifier: MIT
#ifndef QUILL_TOKENIZER_IDS_H
#define QUILL_TOKENIZER_IDS_H

#include "quill/tokenizer.h"

// Room for `more` ids behind the n that are there. False: no memory.
bool ids_reserve(quill_ids *list, size_t more);

#endif
