// SPDX-License-Identifier: MIT
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    quill_error err;
    memset(&err, 0x5a, sizeof err);
    quill_status s = fuzz_one(data, size, &err);
    if (s) fuzz_check_error(s, &err);
    return 0;
}

void fuzz_check_error(quill_status status, const quill_error *err) {
    CLAIM(status >= QUILL_E_USAGE && status <= QUILL_E_TRAIN);
    CLAIM(err->status == status);
    size_t n = strnlen(err->text, sizeof err->text);
    CLAIM(n >= 10 && n < sizeof err->text - 1); // one byte less: vsnprintf cut it
    for (size_t i = 0; i < n;) {
        uint32_t code;
        int step = utf8_step(err->text + i, n - i, &code);
        CLAIM(step > 0 && code >= 0x20 && (code < 0x7f || code > 0x9f));
        i += (size_t)step;
    }
}

// ---- files --------------------------------------------------------------------------------------------------------

static int file = -1;

static void write_whole(int fd, const void *data, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t got = write(fd, (const char *)data + done, size - done);
        CLAIM(got > 0);
        done += (size_t)got;
    }
}

const char *fuzz_file(const uint8_t *data, size_t size) {
    static char path[64];
    file = memfd_create("input", MFD_CLOEXEC);
    CLAIM(file >= 0);
    write_whole(file, data, size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return path;
}

void fuzz_no_file(void) {
    close(file);
    file = -1;
}

static char folder[64];

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place) {
    (void)info, (void)type, (void)place;
    return remove(path);
}

static void remove_folder(void) { nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS); }

const char *fuzz_folder(void) {
    if (folder[0]) return folder;
    snprintf(folder, sizeof folder, "%s/quill-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    CLAIM(mkdtemp(folder));
    atexit(remove_folder);
    return folder;
}

void fuzz_put(const char *name, const void *data, size_t size) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    if (!data) {
        remove(path);
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CLAIM(fd >= 0);
    write_whole(fd, data, size);
    close(fd);
}

void fuzz_copy(const char *name, const char *from) {
    struct map map;
    quill_error err;
    CLAIM(map_open(&map, from, MAP_FILE, QUILL_E_SYSTEM, &err) == QUILL_OK);
    fuzz_put(name, map.data, map.size);
    map_close(&map);
}

// ---- what was read ------------------------------------------------------------------------------------------------

static unsigned char seen; // so that no read is left out by the compiler

static void look(const void *p, size_t n) {
    for (size_t i = 0; i < n; i++) seen ^= ((const volatile unsigned char *)p)[i];
}

static void look_at(const struct meta *m, int depth) {
    look(m->key.p, m->key.n);
    if (m->kind == META_STRING) look(m->s.p, m->s.n);
    if (m->kind != META_ARRAY || depth > 10) return;
    struct meta_walk walk = {.array = &m->a};
    struct meta element;
    uint64_t n = 0;
    for (; meta_next(&walk, &element); n++) look_at(&element, depth + 1);
    CLAIM(n == m->a.n);
}

void fuzz_walk(const struct weights *w) {
    for (size_t i = 0; i < w->n_meta; i++) {
        const struct meta *m = &w->meta[i];
        look_at(m, 0);
        CLAIM(weights_meta(w, m->key) == m);
    }
    for (size_t i = 0; i < w->n_tensors; i++) {
        const struct tensor *t = &w->tensors[i];
        CLAIM(weights_tensor(w, t->name) == t);
        CLAIM(t->bytes <= w->file_bytes && t->offset <= w->file_bytes - t->bytes);
        look(t->name.p, t->name.n);
        if (t->bytes) look(t->data, 1), look(t->data + t->bytes - 1, 1);
    }
}

struct str fuzz_part(struct str *rest, const char *mark) {
    size_t length = strlen(mark);
    struct str all = *rest;
    for (const char *p = all.p, *end = all.p + all.n; p && (p = memchr(p, '\n', (size_t)(end - p))); p++) {
        if ((size_t)(end - p) < length + 2 || memcmp(p + 1, mark, length) != 0 || p[length + 1] != '\n') continue;
        *rest = (struct str){p + length + 2, (size_t)(end - p) - length - 2};
        return (struct str){all.p, (size_t)(p - all.p) + 1};
    }
    *rest = (struct str){all.p + all.n, 0};
    return all;
}
