// SPDX-License-Identifier: MIT
#include "kv_cache.h"

#include <assert.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/map.h"

enum { PAGE = 4096 };

static size_t pair_bytes(enum kv_type type, int32_t head_dim) {
    return kv_keys_bytes(type, (size_t)head_dim) + kv_values_bytes(type, (size_t)head_dim);
}

static int32_t slots_for(int64_t n_positions) { return (int32_t)((n_positions + KV_TILE - 1) / KV_TILE); }

// The bounds of hparams.h keep this below 2^60.
uint64_t kv_cache_bytes(const struct hparams *hp, enum kv_type type, int64_t n_positions) {
    uint64_t sixteens = ((uint64_t)n_positions + KV_LANES - 1) / KV_LANES;
    uint64_t pairs = (uint64_t)hp->n_layer * (uint64_t)hp->n_head_kv;
    return pairs * (pair_bytes(type, hp->head_dim) / (KV_TILE / KV_LANES)) * sixteens;
}

// ---- creation ----

static bool allocate(struct kv_cache *kv) {
    size_t n_tiles, bytes;
    if (!checked_mul_size(&n_tiles, (size_t)kv->n_seq, (size_t)kv->n_slots) || n_tiles > INT32_MAX) return false;
    if (!checked_mul_size(&bytes, n_tiles, kv->tile_bytes)) return false;
    kv->memory_bytes = bytes;
    kv->memory = map_reserve(bytes);
    kv->tiles = alloc_array(n_tiles, sizeof *kv->tiles);
    kv->held = alloc_zeroed((size_t)kv->n_seq, sizeof *kv->held);
    kv->lengths = alloc_zeroed((size_t)kv->n_seq, sizeof *kv->lengths);
    kv->users = alloc_zeroed(n_tiles, sizeof *kv->users);
    kv->unused = alloc_array(n_tiles, sizeof *kv->unused);
    if (!kv->memory || !kv->tiles || !kv->held || !kv->lengths || !kv->users || !kv->unused) return false;
    for (size_t i = 0; i < n_tiles; i++) kv->unused[i] = (int32_t)(n_tiles - 1 - i);
    kv->n_unused = (int32_t)n_tiles;
    return true;
}

quill_status kv_cache_create(struct kv_cache **out, const struct hparams *hp, enum kv_type type, int32_t n_ctx,
                             int32_t n_seq, quill_error *err) {
    assert(n_ctx > 0 && n_seq > 0);
    *out = NULL;
    struct kv_cache *kv = alloc_zeroed(1, sizeof *kv);
    if (!kv) return fail_memory(err);
    uint64_t tile = kv_cache_bytes(hp, type, KV_TILE);
    *kv = (struct kv_cache){
        .type = type, .n_layer = hp->n_layer, .n_head_kv = hp->n_head_kv, .head_dim = hp->head_dim,
        .n_ctx = n_ctx, .n_seq = n_seq, .n_slots = slots_for(n_ctx),
        .keys_bytes = kv_keys_bytes(type, (size_t)hp->head_dim), .pair_bytes = pair_bytes(type, hp->head_dim),
        .tile_bytes = (size_t)(tile + PAGE - 1) / PAGE * PAGE,
    };
    if (!allocate(kv)) {
        kv_cache_free(kv);
        return fail(err, QUILL_E_SYSTEM, "no memory for a KV cache: sequences %" PRId32 ", positions %" PRId32
                    ", %" PRIu64 " bytes each", n_seq, n_ctx, kv_cache_bytes(hp, type, n_ctx));
    }
    *out = kv;
    return QUILL_OK;
}

void kv_cache_free(struct kv_cache *kv) {
    if (!kv) return;
    map_release(kv->memory, kv->memory_bytes);
    free(kv->tiles);
    free(kv->held);
    free(kv->lengths);
    free(kv->users);
    free(kv->unused);
    free(kv);
}

// ---- tiles ----

static int32_t *slots_of(const struct kv_cache *kv, int32_t seq) {
    assert(seq >= 0 && seq < kv->n_seq);
    return kv->tiles + (size_t)seq * (size_t)kv->n_slots;
}

// There is always a free tile: a sequence holds at most n_slots tiles, and a tile that is about to be copied is shared.
static int32_t take_tile(struct kv_cache *kv) {
    assert(kv->n_unused > 0);
    int32_t tile = kv->unused[--kv->n_unused];
    kv->users[tile] = 1;
    return tile;
}

static void release_tile(struct kv_cache *kv, int32_t tile) {
    if (--kv->users[tile] == 0) kv->unused[kv->n_unused++] = tile;
}

// A tile that will be written whole takes no more memory in huge pages. Attention reads small parts of all tiles, and
// in small pages it would wait for many address translations.
static void prefer_huge(const struct kv_cache *kv, int32_t tile) {
    map_prefer_huge(kv->memory + (size_t)tile * kv->tile_bytes, kv->tile_bytes);
}

struct kv_parts kv_parts_of(const struct kv_cache *kv, int32_t n) {
    const size_t sixteens = (size_t)(n + KV_LANES - 1) / KV_LANES, n_sixteens = KV_TILE / KV_LANES;
    const size_t half = kv->keys_bytes; // of one head's keys, as of its values
    const size_t numbers = kv->type == KV_Q8_0 ? (size_t)KV_TILE * (size_t)kv->head_dim : half;
    return (struct kv_parts){
        .n_halves = 2 * (size_t)kv->n_layer * (size_t)kv->n_head_kv, .stride = half,
        .numbers = numbers / n_sixteens * sixteens, .scales = (half - numbers) / n_sixteens * sixteens,
        .scales_at = numbers,
    };
}

// Copies the first n positions of a tile; the memory after them stays untouched.
static void copy_tile(struct kv_cache *kv, int32_t to, int32_t from, int32_t n) {
    const struct kv_parts p = kv_parts_of(kv, n);
    for (size_t i = 0; i < p.n_halves; i++) {
        const uint8_t *source = kv->memory + (size_t)from * kv->tile_bytes + i * p.stride;
        uint8_t *target = kv->memory + (size_t)to * kv->tile_bytes + i * p.stride;
        memcpy(target, source, p.numbers);
        memcpy(target + p.scales_at, source + p.scales_at, p.scales);
    }
}

// ---- sequences ----

int32_t kv_length(const struct kv_cache *kv, int32_t seq) {
    assert(seq >= 0 && seq < kv->n_seq);
    return kv->lengths[seq];
}

void kv_truncate(struct kv_cache *kv, int32_t seq, int32_t n) {
    const int32_t *slots = slots_of(kv, seq);
    assert(n >= 0 && n <= kv->lengths[seq]);
    while (kv->held[seq] > slots_for(n)) release_tile(kv, slots[--kv->held[seq]]);
    kv->lengths[seq] = n;
}

void kv_share(struct kv_cache *kv, int32_t to, int32_t from, int32_t n) {
    assert(to != from && n >= 0 && n <= kv_length(kv, from));
    kv_truncate(kv, to, 0);
    int32_t *target = slots_of(kv, to), whole = n / KV_TILE;
    const int32_t *source = slots_of(kv, from);
    for (int32_t i = 0; i < whole; i++) {
        target[i] = source[i];
        kv->users[source[i]]++;
    }
    if (n % KV_TILE) {
        target[whole] = take_tile(kv);
        copy_tile(kv, target[whole], source[whole], n % KV_TILE);
    }
    kv->held[to] = slots_for(n);
    kv->lengths[to] = n;
}

void kv_prepare(struct kv_cache *kv, int32_t seq, int32_t n) {
    int32_t *slots = slots_of(kv, seq), length = kv->lengths[seq], last = length / KV_TILE;
    assert(n > 0 && n <= kv->n_ctx - length);
    if (length % KV_TILE && kv->users[slots[last]] > 1) {
        int32_t shared = slots[last];
        slots[last] = take_tile(kv);
        copy_tile(kv, slots[last], shared, length % KV_TILE);
        release_tile(kv, shared);
    }
    while (kv->held[seq] < slots_for((int64_t)length + n)) {
        const int32_t slot = kv->held[seq]++;
        slots[slot] = take_tile(kv);
        if (slot < (length + n) / KV_TILE) prefer_huge(kv, slots[slot]);
    }
}

void kv_extend(struct kv_cache *kv, int32_t seq, int32_t n) {
    assert(kv_length(kv, seq) + n <= kv->held[seq] * KV_TILE);
    kv->lengths[seq] += n;
}
