// SPDX-License-Identifier: MIT
// Which of the entries of a repository is meant.
#ifndef QUILL_LOAD_STORES_FIND_H
#define QUILL_LOAD_STORES_FIND_H

#include "gather.h"
#include "roots.h"

// The entries that are meant by `choice` (p NULL: none was made): none, one, or several among which is no choice.
// Those whose file name an earlier one has are left out. `out` has room for g->n.
size_t choose_stored(const struct stored **out, const struct gathering *g, struct str choice, bool tokenizer_only);

// Whether an entry is the GGUF file of that name: its path in the repository, or the last part of it.
bool stored_is_file(const struct stored *item, struct str wanted);

// Gathers from all stores of repositories; `only` p NULL: everything, of ollama's store too. false: no memory.
bool gather_all(struct gathering *g, struct str only, char *(*variable)(const char *name));

#endif
