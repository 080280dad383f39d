// SPDX-License-Identifier: MIT
// quill_model_find
#include "find.h"

#include <errno.h>
#include <strings.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "quill/stores.h"

#define OLLAMA_PREFIX "ollama:"

bool gather_all(struct gathering *g, struct str only, char *(*variable)(const char *name)) {
    struct roots roots;
    g->only = only;
    bool ok = roots_find(&roots, &g->arena, variable);
    for (const char **root = roots.hub; ok && *root; root++) ok = gather_hub(g, *root);
    for (const char **root = roots.flat; ok && *root; root++) ok = gather_flat(g, *root);
    for (const char **root = roots.lm_studio; ok && *root; root++) ok = gather_lm_studio(g, *root);
    for (const char **root = roots.ollama; ok && !only.p && *root; root++) ok = gather_ollama(g, *root);
    return ok;
}

// ---- which one is meant ----

bool stored_is_file(const struct stored *item, struct str wanted) {
    if (!item->file) return false;
    const struct str file = str_of(item->file);
    if (str_equal(file, wanted) || str_equal(path_last(file), wanted)) return true;
    if (!item->flat || file.n != wanted.n) return false;
    for (size_t i = 0; i < file.n; i++)
        if (file.p[i] != (wanted.p[i] == '/' ? '_' : wanted.p[i])) return false;
    return true;
}

static bool is_known(const struct stored *const *items, size_t n, const struct stored *item) {
    const struct str name = path_last(str_of(item->file));
    for (size_t i = 0; i < n; i++)
        if (str_equal(path_last(str_of(items[i]->file)), name)) return true;
    return false;
}

static const struct stored *first_of(const struct gathering *g, enum stored_kind kind) {
    for (size_t i = 0; i < g->n; i++)
        if (g->items[i].kind == kind) return &g->items[i];
    return NULL;
}

// The GGUF files, of one type if it is given.
static size_t choose_files(const struct stored **out, const struct gathering *g, struct str type) {
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++) {
        const struct stored *item = &g->items[i];
        if (item->kind != STORED_GGUF || !item->file || is_known(out, n, item)) continue;
        if (!type.p || name_has_type(str_of(item->file), type)) out[n++] = item;
    }
    return n;
}

size_t choose_stored(const struct stored **out, const struct gathering *g, struct str choice, bool tokenizer_only) {
    for (size_t i = 0; choice.p && i < g->n; i++)
        if (stored_is_file(&g->items[i], choice)) return out[0] = &g->items[i], 1;
    if (choice.p) return str_ends(choice, STR(".gguf")) ? 0 : choose_files(out, g, choice);
    if ((out[0] = first_of(g, STORED_FOLDER))) return 1;
    const size_t n = choose_files(out, g, choice);
    if (n) return n;
    if (tokenizer_only && (out[0] = first_of(g, STORED_TOKENIZER))) return 1;
    return (out[0] = first_of(g, STORED_OTHER)) ? 1 : 0; // to be refused for what it lacks
}

// ---- messages ----

// A shell's pattern for the text in upper or lower case.
static bool add_pattern(struct buffer *t, struct str text) {
    bool ok = true;
    for (size_t i = 0; i < text.n && ok; i++) {
        const char c = text.p[i], upper = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        if (upper >= 'A' && upper <= 'Z') ok = buffer_add_format(t, "[%c%c]", upper, upper - 'A' + 'a');
        else ok = buffer_add(t, &c, 1);
    }
    return ok;
}

static bool add_type(struct buffer *t, struct str type) {
    return buffer_add_string(t, " --include '*") && add_pattern(t, type) && buffer_add_string(t, "*.gguf'");
}

// Whether a shell takes the word as it is.
static bool is_plain(struct str word) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
    for (size_t i = 0; i < word.n; i++)
        if (!word.p[i] || !strchr(letters, word.p[i])) return false;
    return word.n && *word.p != '-';
}

// The command that brings what was asked for into Hugging Face's cache. Of a repository of many weight types only one
// file is wanted, of one in many formats only those that quill reads.
static bool add_command(struct buffer *t, const struct repo_name *name) {
    const struct str repo = name->repo, choice = name->choice;
    struct str stem;
    int part, parts;
    if (!buffer_add_string(t, "hf download ") || !buffer_add_str(t, repo)) return false;
    if (choice.p && !is_plain(choice)) return true;
    if (choice.p && gguf_name(choice, &stem, &part, &parts))
        return parts == 1 ? buffer_add_format(t, " %.*s", (int)choice.n, choice.p)
                          : buffer_add_format(t, " --include '%.*s-*-of-%05d.gguf'", (int)stem.n, stem.p, parts);
    if (choice.p) return add_type(t, choice);
    if (repo.n > 5 && strncasecmp(repo.p + repo.n - 5, "-gguf", 5) == 0) return add_type(t, STR("Q4_K_M"));
    return buffer_add_string(t, " --include '*.j*' --include '*.txt' --include 'model*.safetensors'");
}

// "a.gguf, b.gguf, and 3 more"
static bool add_files(struct buffer *t, const struct stored *const *items, size_t n) {
    enum { MOST = 180 };
    const size_t start = t->n;
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        if (i && t->n - start > MOST) return buffer_add_format(t, ", and %zu more", n - i);
        ok = buffer_add_format(t, "%s%s", i ? ", " : "", QUOTED(str_of(items[i]->file)));
    }
    return ok;
}

static quill_status say(struct buffer *t, bool ok, quill_error *err) {
    const quill_status s = ok ? fail(err, QUILL_E_MODEL, "%.*s", (int)t->n, t->p) : fail_memory(err);
    buffer_free(t);
    return s;
}

static quill_status ambiguous(const char *name, const struct repo_name *parts, const struct stored *const *items,
                              size_t n, quill_error *err) {
    struct buffer t = {0};
    const bool ok = buffer_add_format(&t, "%s: there are several; choose one as %.*s:FILE: ", QUOTED(str_of(name)),
                                      (int)parts->repo.n, parts->repo.p) &&
                    add_files(&t, items, n);
    return say(&t, ok, err);
}

static quill_status not_there(const char *name, const struct repo_name *parts, const struct stored **items,
                              const struct gathering *g, quill_error *err) {
    struct buffer t = {0};
    const size_t n = choose_files(items, g, (struct str){NULL, 0});
    bool ok = buffer_add_format(&t, "%s: there is no such ", QUOTED(str_of(name)));
    if (n) ok = ok && buffer_add_string(&t, "file among ") && add_files(&t, items, n);
    else ok = ok && buffer_add_string(&t, "file or folder, nor a model of that name from other programs");
    return say(&t, ok && buffer_add_string(&t, "; to get it: ") && add_command(&t, parts), err);
}

// ---- finding ----

static quill_status keep(char **path, const char *found, quill_error *err) {
    *path = alloc_string(str_of(found));
    return *path ? QUILL_OK : fail_memory(err);
}

static quill_status find_repo(char **path, struct gathering *g, const char *name, const struct repo_name *parts,
                              bool tokenizer_only, quill_error *err) {
    const struct stored **items = arena_alloc(&g->arena, g->n + 1, sizeof *items);
    if (!items) return fail_memory(err);
    const size_t n = choose_stored(items, g, parts->choice, tokenizer_only);
    if (n == 0) return not_there(name, parts, items, g, err);
    if (n > 1) return ambiguous(name, parts, items, n, err);
    if (items[0]->lacks && items[0]->kind == STORED_GGUF)
        return fail(err, QUILL_E_MODEL, "%s: %s: %s", QUOTED(str_of(name)), QUOTED(str_of(items[0]->file)),
                    items[0]->lacks);
    return keep(path, items[0]->path, err);
}

static quill_status find_in_stores(char **path, const char *name, const struct repo_name *parts,
                                   char *(*variable)(const char *), bool tokenizer_only, quill_error *err) {
    struct gathering g = {0};
    quill_status s = gather_all(&g, parts->repo, variable) ? QUILL_OK : fail_memory(err);
    if (!s) s = find_repo(path, &g, name, parts, tokenizer_only, err);
    gathering_free(&g);
    return s;
}

static quill_status find_in_ollama(char **path, const char *name, char *(*variable)(const char *), quill_error *err) {
    struct ollama_name parts;
    const char *text = name + sizeof OLLAMA_PREFIX - 1, *found = NULL;
    if (!ollama_name_parse(&parts, str_of(text)))
        return fail(err, QUILL_E_MODEL, "%s: expected ollama:[[HOST/]SPACE/]MODEL[:TAG]", QUOTED(str_of(name)));
    struct arena arena = {0};
    struct roots roots;
    quill_status s = roots_find(&roots, &arena, variable) ? QUILL_OK : fail_memory(err);
    bool there = false;
    for (const char **root = roots.ollama; !s && !there && *root; root++)
        s = ollama_find(&found, &there, &arena, *root, &parts, name, err);
    for (const char **root = roots.ollama; !s && !there && *root; root++)
        if (access(*root, X_OK) != 0 && errno == EACCES) s = fail_errno(err, QUILL_E_MODEL, *root, "read", errno);
    if (!s && there) s = keep(path, found, err);
    else if (!s)
        s = fail(err, QUILL_E_MODEL, "%s: there is no such model in ollama's store; to get it: ollama pull %s",
                 QUOTED(str_of(name)), text);
    arena_free(&arena);
    return s;
}

quill_status quill_model_find(char **path, const char *name, char *(*variable)(const char *name), bool tokenizer_only,
                              quill_error *err) {
    struct repo_name parts;
    *path = NULL;
    if (access(name, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)) return keep(path, name, err);
    if (str_starts(str_of(name), STR(OLLAMA_PREFIX))) return find_in_ollama(path, name, variable, err);
    if (repo_name_parse(&parts, str_of(name)) && !str_ends(parts.repo, STR(".gguf")))
        return find_in_stores(path, name, &parts, variable, tokenizer_only, err);
    return fail(err, QUILL_E_MODEL, "%s: there is no such file or folder; a model is a GGUF file or a folder with "
                "config.json", QUOTED(str_of(name)));
}
