// SPDX-License-Identifier: MIT
// ollama's store: manifests/HOST/SPACE/MODEL/TAG names, by their hashes, the parts of a model in blobs/sha256-HASH.
#include <stdio.h>

#include "formats/json.h"
#include "gather.h"

enum { MOST_BYTES = 2 << 20, MOST_ROOM = 16 << 20 }; // a manifest of single tensors has thousands of layers

// ---- manifests ----

struct reading {
    const char *shown;
    quill_error *err;
};

static quill_status refuse(const struct reading *r, const char *expected) {
    return fail(r->err, QUILL_E_MODEL, "%s: %s", QUOTED(str_of(r->shown)), expected);
}

static struct str string_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return (struct str){json_string_value(value), json_string_length(value)};
}

// "sha256:" or "sha256-", and 64 hexadecimal digits.
static bool is_digest(struct str text) {
    enum { BEGIN = 7 };
    if (text.n != BEGIN + SHA256_DIGITS) return false;
    if (!str_starts(text, STR("sha256:")) && !str_starts(text, STR("sha256-"))) return false;
    return strspn(text.p + BEGIN, "0123456789abcdefABCDEF") == SHA256_DIGITS;
}

// Finds the one layer that holds the model.
static quill_status read_layers(char *digest, const struct reading *r, const json_t *layers) {
    bool tensors = false, adapter = false, found = false;
    const json_t *layer;
    size_t i;
    json_array_foreach(layers, i, layer) {
        const struct str type = string_of(layer, "mediaType"), hash = string_of(layer, "digest");
        tensors |= str_is(type, "application/vnd.ollama.image.tensor");
        adapter |= str_is(type, "application/vnd.ollama.image.adapter");
        if (!str_is(type, "application/vnd.ollama.image.model")) continue;
        if (found) return refuse(r, "'layers': expected one model, found several");
        if (!is_digest(hash))
            return fail(r->err, QUILL_E_MODEL, "%s: 'digest': expected sha256: and 64 hexadecimal digits, found '%s'",
                        QUOTED(str_of(r->shown)), QUOTED(hash));
        memcpy(digest, hash.p + 7, SHA256_DIGITS);
        digest[SHA256_DIGITS] = 0;
        found = true;
    }
    if (adapter) return refuse(r, "'layers': expected a model alone, found one with an adapter");
    if (!found && tensors) return refuse(r, "'layers': expected a GGUF file, found single tensors");
    return found ? QUILL_OK : refuse(r, "'layers': expected a model, found none");
}

quill_status ollama_manifest(char digest[SHA256_DIGITS + 1], struct str text, const char *shown, quill_error *err) {
    struct json_problem problem;
    bool all_real;
    const struct reading r = {shown, err};
    json_t *tree = json_tree(json_without_bom(text), MOST_ROOM, &all_real, &problem);
    if (!tree) return problem.no_memory ? fail_memory(err) : refuse(&r, problem.text);
    const json_t *layers = json_object_get(tree, "layers");
    quill_status s = json_is_array(layers) ? read_layers(digest, &r, layers)
                                           : refuse(&r, "'layers': expected a list, found none");
    json_decref(tree);
    return s;
}

// ---- the store ----

static const char *blob_path(struct arena *arena, const char *root, const char *digest) {
    char name[sizeof "blobs/sha256-" + SHA256_DIGITS];
    snprintf(name, sizeof name, "blobs/sha256-%s", digest);
    for (char *c = name + sizeof "blobs/sha256-" - 1; *c; c++)
        if (*c >= 'A' && *c <= 'F') *c = (char)(*c - 'A' + 'a');
    return path_join(arena, root, str_of(name));
}

static quill_status read_manifest(const char **blob, struct arena *arena, const char *root, const char *manifest,
                                  const char *shown, quill_error *err) {
    struct str text;
    char digest[SHA256_DIGITS + 1];
    quill_status s = file_text(&text, arena, manifest, MOST_BYTES, err);
    if (!s) s = ollama_manifest(digest, text, shown, err);
    if (s) return s;
    *blob = blob_path(arena, root, digest);
    return *blob ? QUILL_OK : fail_memory(err);
}

quill_status ollama_find(const char **path, bool *there, struct arena *arena, const char *root,
                         const struct ollama_name *name, const char *shown, quill_error *err) {
    const struct str parts[] = {STR("manifests"), name->host, name->space, name->model, name->tag};
    const char *manifest = root;
    *there = false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && manifest; i++)
        manifest = path_join(arena, manifest, parts[i]);
    if (!manifest) return fail_memory(err);
    if (path_kind(manifest, NULL) == PATH_NOTHING) return QUILL_OK;
    *there = true;
    return read_manifest(path, arena, root, manifest, shown, err);
}

static bool add_model(struct gathering *g, const char *root, const struct ollama_name *name, const char *manifest) {
    struct ollama_text text;
    quill_error err;
    struct stored item = {.kind = STORED_GGUF, .path = manifest};
    item.repo = arena_string(&g->arena, str_of(ollama_name_text(&text, name)));
    if (!item.repo) return false;
    const quill_status s = read_manifest(&item.path, &g->arena, root, manifest, item.repo, &err);
    if (s == QUILL_E_SYSTEM) return false;
    const char *what = s ? strstr(err.text, ": ") : NULL;
    const bool blob = !s && path_kind(item.path, &item.bytes) == PATH_FILE;
    if (s) item.lacks = arena_string(&g->arena, str_of(what ? what + 2 : err.text));
    else if (!blob) item.lacks = "the file that its manifest names is not there";
    return (!s || item.lacks) && gather_add(g, item);
}

// Walks down manifests/HOST/SPACE/MODEL/TAG.
static bool walk(struct gathering *g, const char *root, const char *path, struct ollama_name *name, int level) {
    struct str *const parts[] = {&name->host, &name->space, &name->model, &name->tag};
    struct folder_list list;
    if (!folder_list(&list, &g->arena, path)) return false;
    for (size_t i = 0; i < list.n; i++) {
        const char *below = path_join(&g->arena, path, str_of(list.names[i]));
        if (!below) return false;
        *parts[level] = str_of(list.names[i]);
        const enum path_kind kind = path_kind(below, NULL);
        bool ok = true;
        if (level < 3 && kind == PATH_FOLDER) ok = walk(g, root, below, name, level + 1);
        else if (level == 3 && kind == PATH_FILE && ollama_name_is_valid(name)) ok = add_model(g, root, name, below);
        if (!ok) return false;
    }
    return true;
}

bool gather_ollama(struct gathering *g, const char *root) {
    struct ollama_name name = {0};
    const char *path = path_join(&g->arena, root, STR("manifests"));
    return path && walk(g, root, path, &name, 0);
}
