// SPDX-License-Identifier: MIT
// LM Studio's folder of models: ORG/NAME/FILE (its documentation, "Import Models").
#include "gather.h"

static bool add_repo(struct gathering *g, const char *path, const char *org, const char *name) {
    const size_t n_org = strlen(org), n = strlen(name);
    char *repo = arena_alloc(&g->arena, n_org + n + 2, 1);
    if (!repo) return false;
    memcpy(repo, org, n_org);
    repo[n_org] = '/';
    memcpy(repo + n_org + 1, name, n + 1);
    const struct str text = {repo, n_org + 1 + n};
    return !gather_wants(g, text) || gather_folder(g, is_repo(text) ? repo : NULL, path);
}

bool gather_lm_studio(struct gathering *g, const char *root) {
    struct folder_list orgs, names;
    if (!folder_list(&orgs, &g->arena, root)) return false;
    for (size_t i = 0; i < orgs.n; i++) {
        const char *org = path_join(&g->arena, root, str_of(orgs.names[i]));
        if (!org || !folder_list(&names, &g->arena, org)) return false;
        for (size_t k = 0; k < names.n; k++) {
            const char *path = path_join(&g->arena, org, str_of(names.names[k]));
            if (!path) return false;
            if (path_kind(path, NULL) != PATH_FOLDER) continue;
            if (!add_repo(g, path, orgs.names[i], names.names[k])) return false;
        }
    }
    return true;
}
