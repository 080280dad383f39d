// SPDX-License-Identifier: MIT
#include "kv_file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "base/hash.h"
#include "model/plan.h"
#include "quill/version.h"

enum { VERSION = 1, FIXED = 128, PAGE = 4096 };
static const char magic[8] = "\x89qkv\r\n\x1a\n";

bool kv_file_key(uint64_t *key, const struct model *model, uint64_t weights, enum kv_type type, int32_t n_ctx) {
    uint64_t longer = 0;
    for (int32_t i = 0; i < model->hp.n_layer; i++)
        if (model->layers[i].mask != MASK_CAUSAL) return false;
    for (int i = 0; i < MAX_ROPES; i++) longer |= (uint64_t)rope_is_long(&model->ropes[i], n_ctx) << i;
    *key = hash_mix(weights ^ hash_mix(((uint64_t)type << MAX_ROPES | longer) + 1));
    return true;
}

// ---- sizes ------------------------------------------------------------------------------------------

static size_t n_tiles(int32_t n) { return ((size_t)n + KV_TILE - 1) / KV_TILE; }

// Positions in a tile of n in all.
static int32_t in_tile(int32_t n, size_t tile) {
    const int32_t rest = n - (int32_t)tile * KV_TILE;
    return rest < KV_TILE ? rest : KV_TILE;
}

static size_t head_bytes(int32_t n) {
    const size_t bytes = FIXED + (size_t)n * sizeof(int32_t) + n_tiles(n) * sizeof(uint64_t);
    return (bytes + PAGE - 1) / PAGE * PAGE;
}

// The shape is within the bounds of hparams.h, which keep this below 2^60.
static uint64_t file_bytes(const struct hparams *shape, enum kv_type type, int32_t n) {
    return head_bytes(n) + kv_cache_bytes(shape, type, n);
}

uint64_t kv_file_bytes(const struct kv_cache *kv, int32_t n) {
    const struct hparams shape = {.n_layer = kv->n_layer, .n_head_kv = kv->n_head_kv, .head_dim = kv->head_dim};
    return file_bytes(&shape, kv->type, n);
}

// ---- reading ----------------------------------------------------------------------------------------

static bool read_at(int fd, void *out, size_t n, uint64_t at) {
    for (size_t done = 0; done < n;) {
        const ssize_t got = pread(fd, (char *)out + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        done += (size_t)got;
    }
    return true;
}

bool kv_file_has_magic(int fd) {
    char start[sizeof magic];
    return read_at(fd, start, sizeof start, 0) && memcmp(start, magic, sizeof magic) == 0;
}

// Whether what stands in the first bytes can be true of a file of this size.
static bool is_possible(const struct kv_file *f, uint64_t size) {
    if (f->type >= KV_TYPE_COUNT || f->n_layer < 1 || f->n_layer > MAX_LAYER || f->n_head_kv < 1 ||
        f->n_head_kv > MAX_HEAD || f->head_dim < 1 || f->head_dim > MAX_HEAD_DIM)
        return false;
    if (f->n < 1 || f->n > MAX_CTX || f->n % KV_FILE_STEP) return false;
    const struct hparams shape = {.n_layer = (int32_t)f->n_layer, .n_head_kv = (int32_t)f->n_head_kv,
                                  .head_dim = (int32_t)f->head_dim};
    return f->bytes == size && size == file_bytes(&shape, (enum kv_type)f->type, f->n);
}

static const char *read_head(struct kv_file *f, int fd) {
    static const char damaged[] = "it is damaged";
    uint8_t fixed[FIXED];
    struct stat info;
    if (fstat(fd, &info) != 0 || !read_at(fd, fixed, sizeof fixed, 0)) return damaged;
    if (memcmp(fixed, magic, sizeof magic) != 0) return "it is no file of the cache";
    if (load_u32(fixed + 16) != VERSION || load_u32(fixed + 20) != QUILL_NUMBERS_VERSION)
        return "it is of another version of quill";
    *f = (struct kv_file){
        .key = load_u64(fixed + 24), .type = load_u32(fixed + 32), .n_layer = load_u32(fixed + 36),
        .n_head_kv = load_u32(fixed + 40), .head_dim = load_u32(fixed + 44), .n = (int32_t)load_u32(fixed + 48),
        .bytes = load_u64(fixed + 56),
    };
    if (!is_possible(f, (uint64_t)info.st_size)) return damaged;
    f->head_bytes = head_bytes(f->n);
    f->head = alloc_aligned(64, f->head_bytes, 1);
    if (!f->head) return "memory is short";
    if (!read_at(fd, f->head, f->head_bytes, 0) || memcmp(f->head, fixed, sizeof fixed) != 0) return damaged;
    if (checksum_bytes(f->head + 16, f->head_bytes - 16, VERSION) != load_u64(f->head + 8)) return damaged;
    memcpy(f->name, f->head + 64, KV_FILE_NAME - 1);
    f->ids = (const int32_t *)(const void *)(f->head + FIXED);
    f->sums = f->head + FIXED + (size_t)f->n * sizeof(int32_t);
    return NULL;
}

bool kv_file_read(struct kv_file *f, int fd, const char **why) {
    *f = (struct kv_file){0};
    *why = read_head(f, fd);
    if (*why) kv_file_free(f);
    return !*why;
}

void kv_file_free(struct kv_file *f) {
    free(f->head);
    *f = (struct kv_file){0};
}

bool kv_file_fits(const struct kv_file *f, const struct kv_cache *kv) {
    return f->type == kv->type && f->n_layer == (uint32_t)kv->n_layer && f->n_head_kv == (uint32_t)kv->n_head_kv &&
           f->head_dim == (uint32_t)kv->head_dim;
}

// ---- tiles ------------------------------------------------------------------------------------------

static size_t packed_bytes(const struct kv_parts *p) { return p->n_halves * (p->numbers + p->scales); }

// A whole tile is stored as it is in memory.
static bool is_whole(const struct kv_parts *p) { return p->numbers + p->scales == p->stride; }

static void pack(uint8_t *out, const uint8_t *tile, const struct kv_parts *p) {
    for (size_t i = 0; i < p->n_halves; i++, tile += p->stride, out += p->numbers + p->scales) {
        memcpy(out, tile, p->numbers);
        memcpy(out + p->numbers, tile + p->scales_at, p->scales);
    }
}

static void unpack(uint8_t *tile, const uint8_t *packed, const struct kv_parts *p) {
    for (size_t i = 0; i < p->n_halves; i++, tile += p->stride, packed += p->numbers + p->scales) {
        memcpy(tile, packed, p->numbers);
        memcpy(tile + p->scales_at, packed + p->numbers, p->scales);
    }
}

static const char *load_tile(const struct kv_file *f, int fd, const struct kv_cache *kv, int32_t seq, size_t slot) {
    const struct kv_parts whole = kv_parts_of(kv, KV_TILE), part = kv_parts_of(kv, in_tile(f->n, slot));
    uint8_t *tile = kv_tile(kv, seq, (int32_t)slot);
    uint8_t *bytes = is_whole(&part) ? tile : alloc_array(packed_bytes(&part), 1);
    if (!bytes) return "memory is short";
    const bool good = read_at(fd, bytes, packed_bytes(&part), f->head_bytes + slot * packed_bytes(&whole)) &&
                      checksum_bytes(bytes, packed_bytes(&part), slot) == load_u64(f->sums + slot * sizeof(uint64_t));
    if (bytes != tile) {
        if (good) unpack(tile, bytes, &part);
        free(bytes);
    }
    return good ? NULL : "it is damaged";
}

bool kv_file_load(const struct kv_file *f, int fd, struct kv_cache *kv, int32_t seq, int32_t n, const char **why) {
    *why = NULL;
    kv_prepare(kv, seq, n);
    for (size_t i = 0; i < n_tiles(n) && !*why; i++) *why = load_tile(f, fd, kv, seq, i);
    if (*why) kv_truncate(kv, seq, 0);
    else kv_extend(kv, seq, n);
    return !*why;
}

// ---- writing ----------------------------------------------------------------------------------------

// The bytes of a tile as they are stored: in place, or packed into `room`.
static const uint8_t *stored_tile(const struct kv_cache *kv, int32_t seq, size_t slot, const struct kv_parts *p,
                                  uint8_t *room) {
    const uint8_t *tile = kv_tile(kv, seq, (int32_t)slot);
    if (is_whole(p)) return tile;
    pack(room, tile, p);
    return room;
}

// room: for the last tile.
static quill_status write_parts(struct save *save, const struct kv_cache *kv, int32_t seq, int32_t n, uint8_t *head,
                                uint8_t *room, quill_error *err) {
    uint8_t *sums = head + FIXED + (size_t)n * sizeof(int32_t);
    for (size_t i = 0; i < n_tiles(n); i++) {
        const struct kv_parts p = kv_parts_of(kv, in_tile(n, i));
        store_u64(sums + i * sizeof(uint64_t), checksum_bytes(stored_tile(kv, seq, i, &p, room), packed_bytes(&p), i));
    }
    store_u64(head + 8, checksum_bytes(head + 16, head_bytes(n) - 16, VERSION));
    quill_status s = save_write(save, head, head_bytes(n), err);
    for (size_t i = 0; i < n_tiles(n) && !s; i++) {
        const struct kv_parts p = kv_parts_of(kv, in_tile(n, i));
        s = save_write(save, stored_tile(kv, seq, i, &p, room), packed_bytes(&p), err);
    }
    return s;
}

quill_status kv_file_write(struct save *save, const struct kv_cache *kv, int32_t seq, int32_t n, const int32_t *ids,
                           uint64_t key, const char *name, quill_error *err) {
    const struct kv_parts last = kv_parts_of(kv, in_tile(n, n_tiles(n) - 1));
    uint8_t *head = alloc_zeroed(head_bytes(n), 1), *room = alloc_array(packed_bytes(&last), 1);
    quill_status s = head && room ? QUILL_OK : fail_memory(err);
    if (!s) {
        const size_t name_bytes = strlen(name);
        memcpy(head, magic, sizeof magic);
        store_u32(head + 16, VERSION), store_u32(head + 20, QUILL_NUMBERS_VERSION);
        store_u64(head + 24, key);
        store_u32(head + 32, (uint32_t)kv->type), store_u32(head + 36, (uint32_t)kv->n_layer);
        store_u32(head + 40, (uint32_t)kv->n_head_kv), store_u32(head + 44, (uint32_t)kv->head_dim);
        store_u32(head + 48, (uint32_t)n);
        store_u64(head + 56, kv_file_bytes(kv, n));
        memcpy(head + 64, name, name_bytes < KV_FILE_NAME ? name_bytes : KV_FILE_NAME - 1);
        memcpy(head + FIXED, ids, (size_t)n * sizeof *ids);
        s = write_parts(save, kv, seq, n, head, room, err);
    }
    free(head);
    free(room);
    return s;
}
