// SPDX-License-Identifier: MIT
// An entry of the prompt cache, for a cache of one layer and one head of four values. The corpus has the numbers
// version of when it was made: run scripts/make-corpus.py after that is raised.
#include <fcntl.h>
#include <unistd.h>

#include "base/checksum.h"
#include "fuzz.h"
#include "model/pass/kv_file.h"

enum { FIXED = 128, PAGE = 4096 };

static struct kv_cache *make_cache(void) {
    static struct kv_cache *kv;
    const struct hparams shape = {.n_layer = 1, .n_head_kv = 1, .head_dim = 4};
    quill_error err;
    if (!kv) CLAIM(kv_cache_create(&kv, &shape, KV_F16, 1024, 1, &err) == QUILL_OK);
    return kv;
}

static quill_status load(struct kv_cache *kv, const uint8_t *data, size_t size, quill_error *err) {
    struct kv_file f;
    const char *why;
    const int fd = open(fuzz_file(data, size), O_RDONLY | O_CLOEXEC);
    CLAIM(fd >= 0);
    bool good = kv_file_read(&f, fd, &why);
    if (good) {
        CLAIM(f.n > 0 && f.n % KV_FILE_STEP == 0 && f.bytes == size && f.name[KV_FILE_NAME - 1] == 0);
        int64_t sum = 0;
        for (int32_t i = 0; i < f.n; i++) sum += f.ids[i];
        CLAIM(sum >= INT32_MIN * (int64_t)f.n);
        good = kv_file_fits(&f, kv) && f.n <= kv->n_ctx;
        if (!good) why = "it has another shape";
    }
    if (good && (good = kv_file_load(&f, fd, kv, 0, f.n, &why))) CLAIM(kv_length(kv, 0) == f.n);
    kv_truncate(kv, 0, 0);
    kv_file_free(&f);
    close(fd);
    fuzz_no_file();
    return good ? QUILL_OK : fail(err, QUILL_E_MODEL, "the entry: %s", why);
}

// A copy whose sum of the head is right, as far as it says how long the head is: what is behind it must not be trusted.
static void load_mended(struct kv_cache *kv, const uint8_t *data, size_t size) {
    uint32_t n = 0;
    if (size < FIXED) return;
    memcpy(&n, data + 48, sizeof n);
    uint64_t head = FIXED + (uint64_t)n * 4 + ((uint64_t)n + KV_TILE - 1) / KV_TILE * 8;
    head = (head + PAGE - 1) / PAGE * PAGE;
    if (head > size) return;
    uint8_t *copy = malloc(size);
    CLAIM(copy);
    memcpy(copy, data, size);
    const uint64_t bytes = size, sum = (memcpy(copy + 56, &bytes, 8), checksum_bytes(copy + 16, head - 16, 1));
    memcpy(copy + 8, &sum, sizeof sum);
    quill_error err;
    if (load(kv, copy, size, &err)) fuzz_check_error(QUILL_E_MODEL, &err);
    free(copy);
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct kv_cache *kv = make_cache();
    load_mended(kv, data, size);
    return load(kv, data, size, err);
}
