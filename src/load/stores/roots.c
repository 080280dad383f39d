// SPDX-License-Identifier: MIT
#include "roots.h"

#include "base/buffer.h"
#include "base/destination.h"
#include "folder.h"
#include "formats/json.h"

struct search {
    struct arena *arena;
    char *(*variable)(const char *name);
    const char *home; // NULL: not known
    bool failed;      // no memory
};

// NULL: unset or empty.
static const char *variable(const struct search *s, const char *name) {
    const char *value = s->variable(name);
    return value && *value ? value : NULL;
}

// "folder/name"; NULL if there is no folder.
static const char *below(struct search *s, const char *folder, const char *name) {
    const char *path = folder ? path_join(s->arena, folder, str_of(name)) : NULL;
    s->failed |= folder && !path;
    return path;
}

// Python's expanduser and expandvars, which huggingface_hub applies: "~" or "~/..." at the beginning, $NAME and ${NAME}
// where such a variable is set.
static const char *expanded(struct search *s, const char *text) {
    struct buffer out = {0};
    const bool tilde = text[0] == '~' && (text[1] == '/' || !text[1]) && s->home;
    bool ok = !tilde || buffer_add_string(&out, s->home);
    for (const char *p = text + tilde; ok && *p;) {
        static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
        const bool brace = p[0] == '$' && p[1] == '{';
        const char *name = p + 1 + brace, *value = NULL;
        const size_t n = p[0] == '$' ? strspn(name, word) : 0;
        if (n && (!brace || name[n] == '}')) {
            char *key = arena_string(s->arena, (struct str){name, n});
            ok = key;
            value = key ? s->variable(key) : NULL;
        }
        ok = ok && (value ? buffer_add_string(&out, value) : buffer_add(&out, p, 1));
        p = value ? name + n + brace : p + 1;
    }
    const char *path = ok ? arena_string(s->arena, buffer_str(&out)) : NULL;
    s->failed |= !path;
    buffer_free(&out);
    return path;
}

// Adds a root unless it is NULL or in the list.
static void add(const char **list, const char *root) {
    struct file_id id, other;
    if (!root) return;
    const bool exists = file_id_of(&id, root);
    for (; *list; list++)
        if (exists && file_id_of(&other, *list) && file_id_equal(id, other)) return;
    *list = root;
}

static void add_hub(struct search *s, struct roots *out) {
    const char *cache = variable(s, "XDG_CACHE_HOME"), *home = variable(s, "HF_HOME");
    const char *hub = variable(s, "HF_HUB_CACHE");
    if (!cache) cache = below(s, s->home, ".cache");
    home = home ? expanded(s, home) : below(s, cache ? expanded(s, cache) : NULL, "huggingface");
    if (!hub) hub = variable(s, "HUGGINGFACE_HUB_CACHE");
    add(out->hub, hub ? expanded(s, hub) : below(s, home, "hub"));
    add(out->hub, variable(s, "LLAMA_CACHE"));
}

static void add_flat(struct search *s, struct roots *out) {
    const char *own = variable(s, "LLAMA_CACHE"), *cache = variable(s, "XDG_CACHE_HOME");
    if (!cache) cache = below(s, s->home, ".cache");
    add(out->flat, own ? own : below(s, cache, "llama.cpp"));
}

static void add_ollama(struct search *s, struct roots *out) {
    const char *own = variable(s, "OLLAMA_MODELS");
    add(out->ollama, own ? own : below(s, s->home, ".ollama/models"));
    if (!own) add(out->ollama, "/usr/share/ollama/.ollama/models"); // of the service that its installer makes
}

// ---- LM Studio ----

// false: the file cannot be read.
static bool read_small(struct search *s, struct str *text, const char *path, size_t most) {
    quill_error err;
    if (path_kind(path, NULL) != PATH_FILE) return false;
    const quill_status status = file_text(text, s->arena, path, most, &err);
    s->failed |= status == QUILL_E_SYSTEM;
    return !status;
}

// The folder of models that settings.json names, else NULL.
static const char *downloads_of(struct search *s, const char *home) {
    enum { MOST_BYTES = 1 << 20, MOST_ROOM = 32 << 20 };
    const char *path = below(s, home, "settings.json");
    struct json_problem problem;
    struct str text;
    bool all_real;
    if (!path) return NULL;
    if (!read_small(s, &text, path, MOST_BYTES)) return NULL;
    json_t *tree = json_tree(json_without_bom(text), MOST_ROOM, &all_real, &problem);
    s->failed |= !tree && problem.no_memory;
    const char *folder = json_string_value(json_object_get(tree, "downloadsFolder"));
    if (folder && *folder == '/') {
        folder = arena_string(s->arena, str_of(folder));
        s->failed |= !folder;
    } else {
        folder = NULL;
    }
    json_decref(tree);
    return folder;
}

static void add_lm_studio_home(struct search *s, struct roots *out, const char *home) {
    const char *folder = home ? downloads_of(s, home) : NULL;
    add(out->lm_studio, folder ? folder : below(s, home, "models"));
}

// The folder that ~/.lmstudio-home-pointer names, else both that versions of it have used.
static void add_lm_studio(struct search *s, struct roots *out) {
    enum { MOST_BYTES = 4096 };
    const char *pointer = below(s, s->home, ".lmstudio-home-pointer");
    struct str text;
    if (pointer && read_small(s, &text, pointer, MOST_BYTES)) {
        while (text.n && strchr(" \t\r\n", text.p[text.n - 1])) text.n--;
        const char *home = text.n && *text.p == '/' ? arena_string(s->arena, text) : NULL;
        if (home && path_kind(home, NULL) == PATH_FOLDER) {
            add_lm_studio_home(s, out, home);
            return;
        }
    }
    add_lm_studio_home(s, out, below(s, s->home, ".lmstudio"));
    add_lm_studio_home(s, out, below(s, s->home, ".cache/lm-studio"));
}

bool roots_find(struct roots *out, struct arena *arena, char *(*variable_of)(const char *name)) {
    struct search s = {.arena = arena, .variable = variable_of};
    s.home = variable(&s, "HOME");
    *out = (struct roots){0};
    add_hub(&s, out);
    add_flat(&s, out);
    add_ollama(&s, out);
    add_lm_studio(&s, out);
    return !s.failed;
}
