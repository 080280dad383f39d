// SPDX-License-Identifier: MIT
// The beginning of a sequence as a file: the keys and values of its first positions, in the layout of the KV cache.
//
// Since a position depends only on those before it, the first k positions of a file with n >= k are those of any
// sequence that begins with the same k tokens. All numbers are little-endian; sums are those of base/checksum.h.
//
//       0  "\x89qkv\r\n\x1a\n"
//       8  u64 sum of the bytes from 16 to the tiles
//      16  u32 version of this form
//      20  u32 QUILL_NUMBERS_VERSION
//      24  u64 key of the model
//      32  u32 type of the KV cache, layers, kv heads, values in a head
//      48  u32 n, the number of positions, a multiple of 16; u32 0
//      56  u64 bytes of the file
//      64  the model's name for people, in UTF-8, and zeros
//     128  i32 ids[n]
//          u64 sums[tiles], each of one tile
//          zeros up to a multiple of 4096
//          the tiles of 256 positions. The last one may be shorter: of each of its arrays only the blocks of 16
//          positions below n, one after the other.
#ifndef QUILL_MODEL_PASS_KV_FILE_H
#define QUILL_MODEL_PASS_KV_FILE_H

#include "base/save.h"
#include "kv_cache.h"

enum { KV_FILE_STEP = KV_LANES, KV_FILE_NAME = 64 };

// Says which sequences may use a file: those of a model with these weights (a hash of them, and of the adapters), and
// what else their values depend on. False: the model's positions depend on later ones, and cannot be kept.
bool kv_file_key(uint64_t *key, const struct model *model, uint64_t weights, enum kv_type type, int32_t n_ctx);

// What a file says about itself.
struct kv_file {
    uint64_t key;
    uint32_t type, n_layer, n_head_kv, head_dim;
    int32_t n;            // positions
    uint64_t bytes;       // of the file
    char name[KV_FILE_NAME]; // ends with a NUL
    uint8_t *head;        // all bytes before the tiles
    size_t head_bytes;
    const int32_t *ids;   // [n] in the head
    const uint8_t *sums;  // [tiles] u64 in the head
};

bool kv_file_has_magic(int fd); // the file begins like one, whatever follows
// Reads and checks all but the tiles. False: *why says why not (a static string); there is nothing to free.
bool kv_file_read(struct kv_file *f, int fd, const char **why);
void kv_file_free(struct kv_file *f); // zeros are fine

// Whether the keys and values are those of a cache of this shape.
bool kv_file_fits(const struct kv_file *f, const struct kv_cache *kv);
// Makes an empty sequence begin with the first n positions (1 <= n <= f->n, and they fit into the cache). The tiles are
// read into memory and checked there: the file may change or shrink meanwhile. False: it is damaged, and the sequence
// is empty; *why says so.
bool kv_file_load(const struct kv_file *f, int fd, struct kv_cache *kv, int32_t seq, int32_t n, const char **why);

uint64_t kv_file_bytes(const struct kv_cache *kv, int32_t n); // of a file of n positions
// Writes the first n positions of a sequence, a multiple of KV_FILE_STEP above 0, whose tokens are ids[n].
QUILL_MUST_CHECK quill_status kv_file_write(struct save *save, const struct kv_cache *kv, int32_t seq, int32_t n,
                                            const int32_t *ids, uint64_t key, const char *name, quill_error *err);

#endif
