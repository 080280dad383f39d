// SPDX-License-Identifier: MIT
// The KV cache: a pool of tiles of 256 positions, each with the keys and values of all layers and heads.
//
// A tile is [n_layer][n_head_kv] pairs of keys and values in the layout of kernels.h. A sequence is a list of tiles.
// Sequences with a common beginning share whole tiles: their users are counted, and a shared tile is copied before it
// is written.
#ifndef QUILL_MODEL_PASS_KV_CACHE_H
#define QUILL_MODEL_PASS_KV_CACHE_H

#include "model/model.h"

struct kv_cache {
    enum kv_type type;
    int32_t n_layer, n_head_kv, head_dim;
    int32_t n_ctx, n_seq, n_slots; // n_slots: tiles of a full sequence
    size_t keys_bytes, pair_bytes; // of one head's keys in a tile; of its keys and values
    size_t tile_bytes, memory_bytes;
    uint8_t *memory;  // [n_seq * n_slots][tile_bytes], committed by touch
    int32_t *tiles;   // [n_seq][n_slots] which tile; valid below `held`
    int32_t *held;    // [n_seq] tiles the sequence holds; at least as many as its length needs
    int32_t *lengths; // [n_seq]
    int32_t *users;   // [n_seq * n_slots] sequences that hold the tile
    int32_t *unused;  // [n_unused] free tiles; the last one is taken first
    int32_t n_unused;
};

// Makes positions length..length+n-1 of a sequence writable and copies what is shared. Cannot fail: length + n <=
// n_ctx.
void kv_prepare(struct kv_cache *kv, int32_t seq, int32_t n);
// Makes the sequence n positions longer, which were prepared and written.
void kv_extend(struct kv_cache *kv, int32_t seq, int32_t n);

// The parts of a tile that its first n positions take: of each of its arrays the first blocks of 16 positions. The keys
// of a head have two arrays, and so do its values: numbers, then scales (of q8_0; else empty).
struct kv_parts {
    size_t n_halves, stride;  // keys and values of all heads, one after the other, so many bytes apart
    size_t numbers, scales;   // bytes of the arrays that the positions take
    size_t scales_at;         // where the scales begin
};
struct kv_parts kv_parts_of(const struct kv_cache *kv, int32_t n);
static inline uint8_t *kv_tile(const struct kv_cache *kv, int32_t seq, int32_t slot) {
    return kv->memory + (size_t)kv->tiles[(size_t)seq * (size_t)kv->n_slots + (size_t)slot] * kv->tile_bytes;
}

// The keys of a head in the tile that holds `position` (prepared, or below the length); its values follow them.
static inline uint8_t *kv_keys(const struct kv_cache *kv, int32_t seq, int32_t position, int32_t layer, int32_t head) {
    int32_t tile = kv->tiles[(size_t)seq * (size_t)kv->n_slots + (size_t)(position / KV_TILE)];
    size_t pair = (size_t)layer * (size_t)kv->n_head_kv + (size_t)head;
    return kv->memory + (size_t)tile * kv->tile_bytes + pair * kv->pair_bytes;
}

#endif
