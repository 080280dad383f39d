// SPDX-License-Identifier: MIT
// Which entry a prompt begins like, and which prompts become entries.
//
// The first four digits of an entry's name stand for its model and first tokens, the others for all of its tokens. So
// of a folder with many entries only those have to be opened that begin like the prompt.
#include "prompt_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/save.h"
#include "base/utf8.h"
#include "cache_folder.h"
#include "ids_common.h"
#include "model/pass/kv_file.h"

enum { GROUP_DIGITS = 4, NAMES = 4 }; // NAMES: tried for an entry before it is given up

struct prompt_cache {
    quill_cache_options options;
    char *folder;
    uint64_t key;
    char model[KV_FILE_NAME];
};

struct prompt_cache *prompt_cache_create(const quill_cache_options *options, uint64_t key, struct str model) {
    struct prompt_cache *c = alloc_zeroed(1, sizeof *c);
    if (!c) return NULL;
    size_t n = strlen(options->folder);
    while (n > 1 && options->folder[n - 1] == '/') n--; // a slash at the end would follow a link
    *c = (struct prompt_cache){.options = *options, .key = key};
    c->folder = alloc_string((struct str){options->folder, n});
    if (!c->folder) {
        free(c);
        return NULL;
    }
    c->options.folder = c->folder;
    n = model.n < sizeof c->model ? model.n : sizeof c->model - 1;
    memcpy(c->model, model.p, n);
    c->model[n - utf8_unfinished_tail(c->model, n)] = 0;
    return c;
}

void prompt_cache_free(struct prompt_cache *c) {
    if (!c) return;
    free(c->folder);
    free(c);
}

__attribute__((format(printf, 2, 3))) static void note(const struct prompt_cache *c, const char *format, ...) {
    char line[640];
    va_list args;
    if (!c->options.note) return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    c->options.note(c->options.user, line);
}

// ---- names ------------------------------------------------------------------------------------------

// The digits that the names of all entries share which begin with these QUILL_CACHE_LEAST tokens.
static void name_group(const struct prompt_cache *c, struct cache_name *out, const int32_t *ids) {
    const uint64_t hash = hash_bytes(ids, QUILL_CACHE_LEAST * sizeof *ids, c->key);
    snprintf(out->text, sizeof out->text, "%04x", (unsigned)(hash & 0xffff));
}

static void name_entry(const struct prompt_cache *c, struct cache_name *out, const int32_t *ids, size_t n,
                       unsigned attempt) {
    const uint64_t hash = hash_bytes(ids, n * sizeof *ids, c->key + attempt + 1);
    name_group(c, out, ids);
    snprintf(out->text + GROUP_DIGITS, sizeof out->text - GROUP_DIGITS, "%04x.kv", (unsigned)(hash & 0xffff));
}

// ---- finding ----------------------------------------------------------------------------------------

// The entry that has the longest common beginning with a prompt; of equal ones the shortest.
struct found {
    struct cache_name name;
    struct kv_file file; // zeros: there is none
    int fd;              // open if there is one
    size_t shared;       // tokens in common
    size_t branches;     // entries that have so many in common and then go on differently
};

static void found_free(struct found *f) {
    if (f->file.head) close(f->fd);
    kv_file_free(&f->file);
}

static bool is_better(const struct found *a, const struct found *b) {
    return a->shared > b->shared || (a->shared == b->shared && a->file.n < b->file.n);
}

// Takes the entry of a name into account.
static void consider(const struct prompt_cache *c, struct found *best, const struct cache_name *name,
                     const struct kv_cache *kv, const int32_t *ids, size_t n) {
    const char *why = NULL;
    struct found f = {.name = *name, .fd = cache_open(c->folder, name->text)};
    if (f.fd < 0) return;
    if (!cache_is_own(f.fd)) why = "it belongs to another user";
    if (why || !kv_file_read(&f.file, f.fd, &why)) {
        note(c, "prompt cache: %s is not used: %s", name->text, why);
        close(f.fd);
        return;
    }
    if (f.file.key == c->key && kv_file_fits(&f.file, kv)) f.shared = ids_common(f.file.ids, (size_t)f.file.n, ids, n);
    if (f.shared >= QUILL_CACHE_LEAST && f.shared >= best->shared) {
        const bool parts = f.shared < (size_t)f.file.n;
        const size_t branches = parts + (f.shared == best->shared ? best->branches : 0);
        if (is_better(&f, best)) {
            const struct found worse = *best;
            *best = f;
            f = worse;
        }
        best->branches = branches;
    }
    found_free(&f);
}

// n >= QUILL_CACHE_LEAST
static void find(const struct prompt_cache *c, struct found *best, const struct kv_cache *kv, const int32_t *ids,
                 size_t n) {
    struct cache_items list;
    struct cache_name group;
    *best = (struct found){.fd = -1};
    name_group(c, &group, ids);
    if (cache_folder_list(&list, c->folder, group.text, -1))
        for (size_t i = 0; i < list.n; i++) consider(c, best, &list.items[i].name, kv, ids, n);
    free(list.items);
}

size_t prompt_cache_load(const struct prompt_cache *c, struct kv_cache *kv, int32_t seq, const int32_t *ids,
                         size_t n) {
    struct found f;
    const char *why;
    if (n < QUILL_CACHE_LEAST) return 0;
    find(c, &f, kv, ids, n);
    size_t loaded = f.shared;
    if (loaded) {
        kv_truncate(kv, seq, 0);
        if (kv_file_load(&f.file, f.fd, kv, seq, (int32_t)loaded, &why)) {
            cache_touch(f.fd);
            note(c, "prompt cache: %zu of %zu tokens come from %s", loaded, n, f.name.text);
        } else {
            loaded = 0;
            cache_remove(c->folder, f.name.text); // so that it can be kept again
            note(c, "prompt cache: %s is not used: %s", f.name.text, why);
        }
    }
    found_free(&f);
    return loaded;
}

// ---- storing ----------------------------------------------------------------------------------------

// Not if the best entry has three quarters of the prompt; nor if it has half of it and then goes on differently, since
// what comes then seems to be new each time. Where two entries have parted there already, a quarter is enough.
static bool pays(const struct found *best, size_t n) {
    const bool parts = best->shared < (size_t)best->file.n;
    if (4 * best->shared >= 3 * n) return false;
    return !parts || (best->branches > 1 ? 4 : 2) * best->shared < n;
}

// A name for the entry that no other entry and no file of somebody else has.
static bool choose_name(const struct prompt_cache *c, struct cache_name *name, const int32_t *ids, size_t n) {
    for (unsigned attempt = 0; attempt < NAMES; attempt++) {
        struct kv_file other;
        const char *why;
        name_entry(c, name, ids, n, attempt);
        const int fd = cache_open(c->folder, name->text);
        if (fd < 0 && errno == ENOENT) return true;
        if (fd < 0) continue;
        const bool whole = kv_file_read(&other, fd, &why), same = whole && other.key == c->key &&
                           ids_common(other.ids, (size_t)other.n, ids, n) == n && (size_t)other.n == n;
        const bool replaced = same || (!whole && kv_file_has_magic(fd));
        if (whole) kv_file_free(&other);
        close(fd);
        if (replaced) return true; // its tiles are damaged, or its head
    }
    return false;
}

static quill_status write_entry(const struct prompt_cache *c, const struct cache_name *name, const struct kv_cache *kv,
                                int32_t seq, const int32_t *ids, size_t n, quill_error *err) {
    struct save save = {.fd = -1};
    char *path = cache_path(c->folder, name->text);
    quill_status s = path ? save_begin_private(&save, path, (struct save_watch){0}, err) : fail_memory(err);
    if (!s) s = kv_file_write(&save, kv, seq, (int32_t)n, ids, c->key, c->model, err);
    if (!s) s = save_commit(&save, err);
    save_abort(&save);
    free(path);
    return s;
}

static void store(const struct prompt_cache *c, const struct found *best, const struct kv_cache *kv, int32_t seq,
                  const int32_t *ids, size_t n) {
    quill_error err;
    const char *why;
    struct cache_name name;
    if (!cache_folder_make(c->folder, &why)) {
        note(c, "prompt cache: '%s' cannot be used: %s", QUOTED(str_of(c->folder)), why);
        return;
    }
    if (!choose_name(c, &name, ids, n)) return;
    if (write_entry(c, &name, kv, seq, ids, n, &err)) {
        note(c, "prompt cache: %s", err.text);
        return;
    }
    note(c, "prompt cache: %zu tokens are kept in %s, %llu bytes", n, name.text,
         (unsigned long long)kv_file_bytes(kv, (int32_t)n));
    // An entry that the new one goes on from is of no more use.
    if (best->shared && best->shared == (size_t)best->file.n) cache_remove(c->folder, best->name.text);
    cache_folder_prune(c->folder, c->options.limit);
}

void prompt_cache_store(const struct prompt_cache *c, const struct kv_cache *kv, int32_t seq, const int32_t *ids,
                        size_t n) {
    struct found best;
    n -= n % KV_FILE_STEP;
    if (n < QUILL_CACHE_LEAST || kv_file_bytes(kv, (int32_t)n) > c->options.limit) return;
    find(c, &best, kv, ids, n);
    if (pays(&best, n)) store(c, &best, kv, seq, ids, n);
    found_free(&best);
}

// ---- the folder, for people -------------------------------------------------------------------------

static quill_status tell(const char *folder, const struct cache_item *item, quill_cache_fn *entry, void *user,
                         bool removes, quill_error *err) {
    struct kv_file file = {0};
    const char *why;
    const int fd = cache_open(folder, item->name.text);
    if (fd < 0) return QUILL_OK; // it has gone
    const bool whole = kv_file_read(&file, fd, &why);
    close(fd);
    quill_status s = QUILL_OK;
    if (removes && !cache_remove(folder, item->name.text))
        s = fail_errno(err, QUILL_E_SYSTEM, item->name.text, "remove", errno);
    const quill_cache_entry shown = {.file = item->name.text, .model = whole ? file.name : NULL,
                                     .tokens = (size_t)file.n, .bytes = item->bytes, .last_use = item->seconds};
    if (!s && entry) s = entry(user, &shown, err);
    kv_file_free(&file);
    return s;
}

static quill_status walk(const char *folder, quill_cache_fn *entry, void *user, bool removes, quill_error *err) {
    struct cache_items list;
    size_t n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/') n--;
    char *path = alloc_string((struct str){folder, n});
    if (!path) return fail_memory(err);
    quill_status s = cache_folder_list(&list, path, "", removes ? 0 : -1) ? QUILL_OK : fail_memory(err);
    cache_items_sort(&list);
    for (size_t i = 0; i < list.n && !s; i++) s = tell(path, &list.items[i], entry, user, removes, err);
    free(list.items);
    free(path);
    return s;
}

quill_status quill_cache_list(const char *folder, quill_cache_fn *entry, void *user, quill_error *err) {
    return walk(folder, entry, user, false, err);
}

quill_status quill_cache_clear(const char *folder, quill_cache_fn *entry, void *user, quill_error *err) {
    return walk(folder, entry, user, true, err);
}
