// SPDX-License-Identifier: MIT
// What a session keeps of its prompts in files, and finds there: quill/cache.h.
#ifndef QUILL_SESSION_PROMPT_CACHE_H
#define QUILL_SESSION_PROMPT_CACHE_H

#include "model/model.h"
#include "quill/cache.h"

struct prompt_cache;

// `key` is that of kv_file_key; `model` is its name for people. NULL: no memory.
struct prompt_cache *prompt_cache_create(const quill_cache_options *options, uint64_t key, struct str model);
void prompt_cache_free(struct prompt_cache *c); // NULL is fine

// Makes a sequence begin with as many of ids[0..n) as the best entry has, if it has at least QUILL_CACHE_LEAST of them.
// Returns their number; 0: the sequence was not touched, or is empty since the entry is damaged.
size_t prompt_cache_load(const struct prompt_cache *c, struct kv_cache *kv, int32_t seq, const int32_t *ids,
                         size_t n);
// Keeps the beginning of ids[0..n), which the sequence holds, if that pays.
void prompt_cache_store(const struct prompt_cache *c, const struct kv_cache *kv, int32_t seq, const int32_t *ids,
                        size_t n);

#endif
