// SPDX-License-Identifier: MIT
#include "gather.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

void gathering_free(struct gathering *g) {
    free(g->items);
    arena_free(&g->arena);
    *g = (struct gathering){0};
}

bool gather_add(struct gathering *g, struct stored item) {
    enum { MOST = 10000 };
    if (g->n == MOST) return true;
    struct stored *items = g->n < g->cap ? g->items : alloc_grow(g->items, &g->cap, g->n + 1, sizeof *items);
    if (!items) return false;
    g->items = items;
    items[g->n++] = item;
    return true;
}

bool gather_wants(const struct gathering *g, struct str repo) { return !g->only.p || str_equal(g->only, repo); }

bool gather_parts(struct gathering *g, struct stored *item, int parts) {
    enum { TAIL = sizeof "-00001-of-00003.gguf" - 1 };
    char *path = arena_string(&g->arena, str_of(item->path));
    if (!path) return false;
    const size_t stem = strlen(path) - TAIL;
    for (int i = 2; i <= parts; i++) {
        char tail[64];
        uint64_t bytes;
        snprintf(tail, sizeof tail, "-%05d-of-%05d.gguf", i, parts);
        memcpy(path + stem, tail, TAIL);
        if (path_kind(path, &bytes) != PATH_FILE) {
            snprintf(tail, sizeof tail, "part %d of %d is not there", i, parts);
            item->lacks = arena_string(&g->arena, str_of(tail));
            return item->lacks;
        }
        item->bytes += bytes;
    }
    return true;
}

// ---- a repository's folder ----

static bool ends_in(const char *name, const char *const *ends) {
    for (; *ends; ends++)
        if (str_ends(str_of(name), str_of(*ends))) return true;
    return false;
}

static bool add_folder(struct gathering *g, const char *repo, const char *path, const struct folder_list *list) {
    static const char *const safetensors[] = {".safetensors", NULL};
    static const char *const others[] = {".bin", ".pt", ".pth", ".h5", ".msgpack", ".npz", NULL};
    const bool config = folder_has(list, "config.json"), tokenizer = folder_has(list, "tokenizer.json") ||
                                                                     folder_has(list, "vocab.json");
    const bool weights = folder_has(list, "model.safetensors") || folder_has(list, "model.safetensors.index.json");
    uint64_t tensors = 0, other = 0;
    for (size_t i = 0; i < list->n; i++) {
        const bool is_tensors = ends_in(list->names[i], safetensors);
        uint64_t bytes;
        if (!is_tensors && !ends_in(list->names[i], others)) continue;
        const char *file = path_join(&g->arena, path, str_of(list->names[i]));
        if (!file) return false;
        if (path_kind(file, &bytes) != PATH_FILE) continue;
        *(is_tensors ? &tensors : &other) += bytes;
    }
    struct stored item = {.repo = repo, .path = path, .bytes = tensors ? tensors : other};
    if (config && weights) item.kind = STORED_FOLDER;
    else if (item.bytes || folder_has(list, "model_index.json")) item.kind = STORED_OTHER;
    else if (config || tokenizer) item.kind = STORED_TOKENIZER;
    else return true;
    if (folder_has(list, "adapter_config.json")) item.lacks = "an adapter, no model of its own";
    else if (folder_has(list, "model_index.json")) item.lacks = "no language model";
    return gather_add(g, item);
}

// A path within the repository; `inner` NULL: at its top.
static const char *inner_path(struct gathering *g, const char *inner, struct str name) {
    return inner ? path_join(&g->arena, inner, name) : arena_string(&g->arena, name);
}

static bool add_files(struct gathering *g, const char *repo, const char *path, const char *inner,
                      const struct folder_list *list) {
    for (size_t i = 0; i < list->n; i++) {
        const struct str name = str_of(list->names[i]);
        struct stored item = {.kind = gguf_is_beside(name) ? STORED_BESIDE : STORED_GGUF, .repo = repo};
        struct str stem;
        int part, parts;
        if (!gguf_name(name, &stem, &part, &parts) || part != 1) continue;
        item.path = path_join(&g->arena, path, name);
        item.file = inner_path(g, inner, name);
        if (!item.path || !item.file) return false;
        if (path_kind(item.path, &item.bytes) != PATH_FILE) continue;
        if (!gather_parts(g, &item, parts) || !gather_add(g, item)) return false;
    }
    return true;
}

static bool walk(struct gathering *g, const char *repo, const char *path, const char *inner, int depth) {
    enum { MOST_DEPTH = 3, MOST_FOLDERS = 1000 };
    struct folder_list list;
    if (!folder_list(&list, &g->arena, path)) return false;
    if (depth == 0 && !add_folder(g, repo, path, &list)) return false;
    if (!add_files(g, repo, path, inner, &list)) return false;
    for (size_t i = 0; i < list.n && depth < MOST_DEPTH && g->folders < MOST_FOLDERS; i++) {
        const struct str name = str_of(list.names[i]);
        const char *below = path_join(&g->arena, path, name);
        if (!below) return false;
        if (!path_is_plain_folder(below)) continue;
        g->folders++;
        const char *within = inner_path(g, inner, name);
        if (!within || !walk(g, repo, below, within, depth + 1)) return false;
    }
    return true;
}

bool gather_folder(struct gathering *g, const char *repo, const char *path) {
    g->folders = 0;
    return walk(g, repo, path, NULL, 0);
}
