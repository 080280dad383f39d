// SPDX-License-Identifier: MIT
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/map.h"

enum path_kind path_kind(const char *path, uint64_t *bytes) {
    struct stat info;
    if (stat(path, &info) != 0) return PATH_NOTHING;
    if (S_ISDIR(info.st_mode)) return PATH_FOLDER;
    if (!S_ISREG(info.st_mode)) return PATH_NOTHING;
    if (bytes) *bytes = (uint64_t)info.st_size;
    return PATH_FILE;
}

bool path_is_plain_folder(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

const char *path_join(struct arena *arena, const char *folder, struct str name) {
    const size_t n = strlen(folder);
    char *path = arena_alloc(arena, n + name.n + 2, 1);
    if (!path) return NULL;
    memcpy(path, folder, n);
    path[n] = '/';
    if (name.n) memcpy(path + n + 1, name.p, name.n);
    path[n + 1 + name.n] = 0;
    return path;
}

struct str path_last(struct str path) {
    size_t begin = path.n;
    while (begin > 0 && path.p[begin - 1] != '/') begin--;
    return (struct str){path.p + begin, path.n - begin};
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool folder_list(struct folder_list *out, struct arena *arena, const char *folder) {
    enum { MOST = 100000 };
    *out = (struct folder_list){0};
    DIR *dir = opendir(folder);
    if (!dir) return errno != ENOMEM && errno != EMFILE && errno != ENFILE;
    const char **names = NULL;
    size_t n = 0, cap = 0;
    bool ok = true;
    for (const struct dirent *entry; ok && n < MOST && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        const char **grown = n < cap ? names : alloc_grow(names, &cap, n + 1, sizeof *names);
        const char *name = grown ? arena_string(arena, str_of(entry->d_name)) : NULL;
        if (grown) names = grown;
        if (name) names[n++] = name;
        ok = name;
    }
    closedir(dir);
    if (n) qsort(names, n, sizeof *names, compare_names);
    out->names = ok ? arena_alloc(arena, n, sizeof *names) : NULL;
    ok = out->names;
    if (ok && n) memcpy(out->names, names, n * sizeof *names);
    if (ok) out->n = n;
    free(names);
    return ok;
}

bool folder_has(const struct folder_list *list, const char *name) {
    return list->n && bsearch(&name, list->names, list->n, sizeof *list->names, compare_names);
}

quill_status file_text(struct str *out, struct arena *arena, const char *path, size_t most, quill_error *err) {
    size_t n = most + 1;
    char *text = alloc_array(most + 1, 1);
    if (!text) return fail_memory(err);
    quill_status s = map_head(text, &n, path, QUILL_E_MODEL, err);
    if (!s && n > most)
        s = fail(err, QUILL_E_MODEL, "%s: expected at most %zu bytes, found more", QUOTED(str_of(path)), most);
    *out = (struct str){s ? NULL : arena_string(arena, (struct str){text, n}), s ? 0 : n};
    if (!s && !out->p) s = fail_memory(err);
    free(text);
    return s;
}
