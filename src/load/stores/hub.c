// SPDX-License-Identifier: MIT
// Hugging Face's cache (huggingface_hub, "Understand caching"), which llama.cpp uses too:
//   models--ORG--NAME/refs/main            a commit
//   models--ORG--NAME/snapshots/COMMIT/... the repository's files, as links to ../../blobs/HASH
#include "gather.h"

// A commit as a file holds it, or NULL where there is none. It is a name and no path.
static quill_status read_commit(struct str *out, struct arena *arena, const char *path) {
    enum { MOST = 64 };
    quill_error err;
    quill_status s = file_text(out, arena, path, MOST, &err);
    if (s) return s;
    while (out->n && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r')) out->n--;
    for (size_t i = 0; i < out->n; i++) {
        const char c = out->p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) return QUILL_E_MODEL;
    }
    return out->n ? QUILL_OK : QUILL_E_MODEL;
}

// The folder of the commit that `ref` names, in *out. false: no memory.
static bool snapshot_of(const char **out, struct arena *arena, const char *snapshots, const char *ref) {
    struct str commit;
    const quill_status s = read_commit(&commit, arena, ref);
    if (s) return s != QUILL_E_SYSTEM;
    const char *path = path_join(arena, snapshots, commit);
    if (path && path_kind(path, NULL) == PATH_FOLDER) *out = path;
    return path;
}

// The snapshot that refs/main names, else that of the first other ref, else the only one there is; *out NULL: none.
static bool find_snapshot(const char **out, struct arena *arena, const char *folder) {
    const char *snapshots = path_join(arena, folder, STR("snapshots")), *refs = path_join(arena, folder, STR("refs"));
    const char *main_ref = refs ? path_join(arena, refs, STR("main")) : NULL;
    struct folder_list list;
    *out = NULL;
    if (!snapshots || !main_ref || !snapshot_of(out, arena, snapshots, main_ref)) return false;
    if (*out) return true;
    if (!folder_list(&list, arena, refs)) return false;
    for (size_t i = 0; i < list.n && !*out; i++) {
        const char *ref = path_join(arena, refs, str_of(list.names[i]));
        if (!ref || !snapshot_of(out, arena, snapshots, ref)) return false;
    }
    if (*out) return true;
    if (!folder_list(&list, arena, snapshots)) return false;
    if (list.n != 1) return true;
    const char *only = path_join(arena, snapshots, str_of(list.names[0]));
    if (only && path_kind(only, NULL) == PATH_FOLDER) *out = only;
    return only;
}

// The repository of a folder "models--ORG--NAME" or "models--NAME"; p NULL: it is another folder.
static bool repo_of(struct str *out, struct arena *arena, const char *name) {
    static const char begin[] = "models--";
    *out = (struct str){NULL, 0};
    if (!str_starts(str_of(name), STR("models--"))) return true;
    char *repo = arena_string(arena, str_of(name + sizeof begin - 1));
    if (!repo) return false;
    char *gap = strstr(repo, "--");
    if (gap) *gap = '/', memmove(gap + 1, gap + 2, strlen(gap + 2) + 1);
    if (is_repo(str_of(repo))) *out = str_of(repo);
    return true;
}

bool gather_hub(struct gathering *g, const char *root) {
    struct folder_list list;
    if (!folder_list(&list, &g->arena, root)) return false;
    for (size_t i = 0; i < list.n; i++) {
        struct str repo;
        const char *snapshot;
        if (!repo_of(&repo, &g->arena, list.names[i])) return false;
        if (!repo.p || !gather_wants(g, repo)) continue;
        const char *folder = path_join(&g->arena, root, str_of(list.names[i]));
        if (!folder || !find_snapshot(&snapshot, &g->arena, folder)) return false;
        if (snapshot && !gather_folder(g, repo.p, snapshot)) return false;
    }
    return true;
}
