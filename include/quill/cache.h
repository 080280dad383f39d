// SPDX-License-Identifier: MIT
// The prompt cache: keys and values of the beginnings of prompts, kept in files, so that another session, or another
// process, does not compute them again.
//
// A session that was given a folder looks there before it computes a text of which it holds no beginning itself: for an
// entry of the same model, the same type of KV cache and the same numbers version that has the longest common beginning
// with the text. It reads that beginning, whatever follows it in the entry. Results are the same with the cache and
// without it, bit for bit. The caller says what is worth keeping (quill_cache_store).
//
// Files are named XXXXXXXX.kv (hexadecimal digits), each for its owner alone, and appear whole or not at all. Any
// number of processes may share a folder. Entries are hostile until checked: one that is damaged, or of another version
// or model, counts as absent. A model is known by its metadata, its table of tensors, both ends of every tensor, and
// the inode, size and times of its files, so a copy of a model has entries of its own. Files that are not of the cache
// are left alone, and links are not followed.
#ifndef QUILL_CACHE_H
#define QUILL_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum { QUILL_CACHE_LEAST = 32 }; // tokens: shorter beginnings are neither kept nor looked for

typedef struct quill_cache_options {
    const char *folder; // made, with the folders above it, when there is something to keep
    uint64_t limit;     // bytes of all entries; those used least recently are removed. 0: nothing is read or kept
    // Optional. A line about what was read, kept or refused, and why.
    void (*note)(void *user, const char *line);
    void *user;
} quill_cache_options;

// From now on the session uses the folder; `options` are copied. A folder that cannot be used is a cache that is always
// empty. Errors: QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_session_cache(quill_session *session, const quill_cache_options *options,
                                                  quill_error *err);

// Keeps what the session holds of the beginning of ids[0..n), in whole sixteens of tokens, if that pays: not if an
// entry has most of it, or has half of it and goes on differently. Best called soon after the ids were computed, with
// those that later prompts will begin with. Never fails: what cannot be written is not kept. Without a folder it does
// nothing.
void quill_cache_store(quill_session *session, const int32_t *ids, size_t n);

// An entry; strings are borrowed during the call.
typedef struct quill_cache_entry {
    const char *file;  // its name in the folder
    const char *model; // the name of the model; NULL: the entry is damaged or of another version
    size_t tokens;
    uint64_t bytes;
    int64_t last_use;  // seconds since 1970, in UTC
} quill_cache_entry;
typedef quill_status quill_cache_fn(void *user, const quill_cache_entry *entry, quill_error *err);

// Calls `entry` for every entry of a folder, the one used last first. A folder that is absent or cannot be used has
// none. Errors: QUILL_E_SYSTEM (memory), what `entry` returned.
QUILL_MUST_CHECK quill_status quill_cache_list(const char *folder, quill_cache_fn *entry, void *user,
                                               quill_error *err);
// Removes all entries, and what interrupted writers left; calls `entry` (NULL: none) for every entry that is gone. No
// other file is touched. Errors: those of quill_cache_list; QUILL_E_SYSTEM (an entry cannot be removed).
QUILL_MUST_CHECK quill_status quill_cache_clear(const char *folder, quill_cache_fn *entry, void *user,
                                                quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
