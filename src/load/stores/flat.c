// SPDX-License-Identifier: MIT
// llama.cpp's cache before 2026: one folder with the files ORG_NAME_FILE, where slashes of FILE are '_' too, and for
// each model that was asked for by its name a manifest=ORG=NAME=TAG.json, whose name tells where NAME ends.
#include "gather.h"

// "ORG_NAME_" and what it stands for.
struct owner {
    struct str begin;
    const char *repo;
};

static bool make_owner(struct owner *out, struct arena *arena, struct str repo) {
    char *begin = arena_alloc(arena, repo.n + 2, 1), *name = arena_string(arena, repo);
    if (!begin || !name) return false;
    for (size_t i = 0; i < repo.n; i++) begin[i] = repo.p[i] == '/' ? '_' : repo.p[i];
    begin[repo.n] = '_';
    *out = (struct owner){{begin, repo.n + 1}, name};
    return true;
}

// The repository that a manifest's name tells, "" for other files.
static bool manifest_repo(struct str *out, struct arena *arena, const char *name) {
    static const char begin[] = "manifest=";
    *out = (struct str){"", 0};
    if (!str_starts(str_of(name), STR("manifest="))) return true;
    const char *org = name + sizeof begin - 1;
    const size_t n_org = strcspn(org, "="), n = n_org + (org[n_org] ? 1 + strcspn(org + n_org + 1, "=") : 0);
    char *repo = arena_string(arena, (struct str){org, n});
    if (!repo) return false;
    if (n == n_org) return true;
    repo[n_org] = '/';
    if (is_repo((struct str){repo, n})) *out = (struct str){repo, n};
    return true;
}

// The owner with the longest beginning that the file has; NULL: none.
static const struct owner *owner_of(const struct owner *owners, size_t n, struct str file) {
    const struct owner *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (str_starts(file, owners[i].begin) && (!best || owners[i].begin.n > best->begin.n)) best = &owners[i];
    return best;
}

static bool add_file(struct gathering *g, const char *root, struct str name, const struct owner *owner) {
    struct stored item = {.kind = gguf_is_beside(name) ? STORED_BESIDE : STORED_GGUF, .flat = true};
    struct str stem;
    int part, parts;
    if (!gguf_name(name, &stem, &part, &parts) || part != 1) return true;
    item.repo = owner ? owner->repo : NULL;
    item.file = owner ? name.p + owner->begin.n : NULL;
    item.path = path_join(&g->arena, root, name);
    if (!item.path) return false;
    if (path_kind(item.path, &item.bytes) != PATH_FILE) return true;
    return gather_parts(g, &item, parts) && gather_add(g, item);
}

bool gather_flat(struct gathering *g, const char *root) {
    struct folder_list list;
    if (!folder_list(&list, &g->arena, root)) return false;
    struct owner *owners = arena_alloc(&g->arena, list.n + 1, sizeof *owners);
    size_t n = 0;
    if (!owners || (g->only.p && !make_owner(&owners[n++], &g->arena, g->only))) return false;
    for (size_t i = 0; i < list.n; i++) {
        struct str repo;
        if (!manifest_repo(&repo, &g->arena, list.names[i])) return false;
        if (repo.n && !make_owner(&owners[n++], &g->arena, repo)) return false;
    }
    for (size_t i = 0; i < list.n; i++) {
        const struct str name = str_of(list.names[i]);
        const struct owner *owner = owner_of(owners, n, name);
        if (g->only.p && (!owner || !gather_wants(g, str_of(owner->repo)))) continue;
        if (!add_file(g, root, name, owner)) return false;
    }
    return true;
}
