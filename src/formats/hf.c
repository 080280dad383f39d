// SPDX-License-Identifier: MIT
// A Hugging Face directory: config.json, safetensors in one file or in shards, and the files of its tokenizer.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checksum.h"
#include "hf.h"

struct folder {
    struct weights *w;
    const char *dir;
    enum map_how how;
    const char *config, *weights; // names of files
    quill_error *err;
};

#define FILE_AT(field) offsetof(struct tokenizer_files, field)

const struct hf_file hf_tokenizer_files[] = {
    {"tokenizer.json", FILE_AT(tokenizer_json)},
    {"tokenizer.model", FILE_AT(tokenizer_model)},
    {"vocab.json", FILE_AT(vocab_json)},
    {"merges.txt", FILE_AT(merges_txt)},
    {"tokenizer_config.json", FILE_AT(tokenizer_config_json)},
    {"special_tokens_map.json", FILE_AT(special_tokens_map_json)},
    {"added_tokens.json", FILE_AT(added_tokens_json)},
    {"generation_config.json", FILE_AT(generation_config_json)},
};
const size_t hf_n_tokenizer_files = sizeof hf_tokenizer_files / sizeof *hf_tokenizer_files;

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool hf_is_part(const char *path) {
    const char *name = name_of(path);
    int number, count, end = 0;
    if (strcmp(name, "model.safetensors") == 0 || strcmp(name, "model.safetensors.index.json") == 0) return true;
    return sscanf(name, "model-%5d-of-%5d.safetensors%n", &number, &count, &end) == 2 && end && !name[end];
}

bool hf_is_adapter_part(const char *path) {
    const char *name = name_of(path);
    return strcmp(name, "adapter_model.safetensors") == 0 || strcmp(name, "adapter_config.json") == 0;
}

char *hf_folder(const char *path) {
    const size_t n = (size_t)(name_of(path) - path);
    return alloc_string(n == 0 ? STR(".") : (struct str){path, n > 1 ? n - 1 : 1});
}

// "dir/name" in the arena; NULL: no memory.
static const char *path_in(struct folder *f, const char *name) {
    size_t n = strlen(f->dir), bytes = n + strlen(name) + 2;
    char *path = arena_alloc(&f->w->own->arena, bytes, 1);
    if (path) snprintf(path, bytes, "%s%s%s", f->dir, n && f->dir[n - 1] == '/' ? "" : "/", name);
    return path;
}

static quill_status open_tokenizer(struct folder *f, enum weights_want want) {
    struct tokenizer_files *files = &f->w->files;
    for (size_t i = 0; i < hf_n_tokenizer_files; i++) {
        const struct hf_file *file = &hf_tokenizer_files[i];
        void *map = (char *)files + file->map;
        bool missing;
        quill_status s = map_open_at(map, f->dir, file->name, f->how, &missing, QUILL_E_MODEL, f->err);
        if (s) return s;
    }
    if (want == WEIGHTS_TOKENIZER_ONLY && !files->tokenizer_json.data && !files->tokenizer_model.data &&
        !files->vocab_json.data)
        return fail(f->err, QUILL_E_MODEL,
                    "%s: expected tokenizer.json, tokenizer.model or vocab.json in the folder, found none of them",
                    PATH_OF(f->w));
    return QUILL_OK;
}

static quill_status no_config(struct folder *f, enum weights_want want) {
    if (want == WEIGHTS_ADAPTER)
        return fail(f->err, QUILL_E_MODEL, "%s: expected adapter_config.json in the folder, found none", PATH_OF(f->w));
    const char *adapter = path_in(f, "adapter_config.json");
    const bool is_adapter = adapter && access(adapter, F_OK) == 0;
    return fail(f->err, QUILL_E_MODEL, "%s: expected config.json in the folder, found %s", PATH_OF(f->w),
                is_adapter ? "only adapter_config.json: an adapter, which changes the weights of a model" : "none");
}

static quill_status open_config(struct folder *f, enum weights_want want) {
    const char *path = path_in(f, f->config);
    if (!path) return fail_memory(f->err);
    struct map map;
    bool missing;
    quill_status s = map_open_at(&map, f->dir, f->config, f->how, &missing, QUILL_E_MODEL, f->err);
    if (s) return s;
    if (!missing) f->w->own->config = checksum_bytes(map.data, map.size, 0);
    if (!missing) s = hf_config(f->w, &map, path, f->err);
    else if (want != WEIGHTS_TOKENIZER_ONLY) s = no_config(f, want);
    map_close(&map);
    return s;
}

static quill_status no_weights(struct folder *f) {
    static const char *const others[] = {"pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5",
                                         "flax_model.msgpack"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *path = path_in(f, others[i]);
        if (path && access(path, F_OK) == 0)
            return fail(f->err, QUILL_E_MODEL,
                        "%s: expected model.safetensors in the folder, found only %s (not supported)", PATH_OF(f->w),
                        others[i]);
    }
    return fail(f->err, QUILL_E_MODEL,
                "%s: expected model.safetensors or model.safetensors.index.json in the folder, found neither",
                PATH_OF(f->w));
}

// Reads the tensors of all files, which are mapped.
static quill_status read_files(struct folder *f, const char *const *names, size_t n) {
    struct weights *w = f->w;
    struct safetensors *files = arena_alloc(&w->own->arena, n, sizeof *files);
    if (!files) return fail_memory(f->err);
    uint64_t members = 0;
    for (size_t i = 0; i < n; i++) {
        const char *path = path_in(f, names[i]);
        if (!path) return fail_memory(f->err);
        quill_status s = safetensors_begin(&files[i], path, &w->own->maps[i], f->err);
        if (s) return s;
        members += files[i].n_members;
        w->file_bytes += w->own->maps[i].size;
    }
    void *tensors = NULL;
    quill_status s = weights_reserve(w, members, sizeof *w->tensors, "tensors", w->file_bytes, &tensors, f->err);
    w->tensors = tensors;
    for (size_t i = 0; !s && i < n; i++) s = safetensors_read(w, &files[i], (uint32_t)i, f->err);
    if (s) return s;
    weights_sort_tensors(w);
    s = weights_index_tensors(w, f->err);
    return s ? s : safetensors_check_cover(w, files, n, f->err);
}

static quill_status open_shards(struct folder *f, const struct map *map) {
    struct weights *w = f->w;
    struct shard_index index;
    const char *path = path_in(f, "model.safetensors.index.json");
    if (!path) return fail_memory(f->err);
    quill_status s = shard_index_read(w, &index, path, map, f->err);
    if (s) return s;
    const char **names = arena_alloc(&w->own->arena, index.n_files, sizeof *names);
    w->own->maps = arena_alloc(&w->own->arena, index.n_files, sizeof *w->own->maps);
    if (!names || !w->own->maps) return fail_memory(f->err);
    for (size_t i = 0; i < index.n_files; i++, w->own->n_maps++) {
        names[i] = index.files[i].name.p;
        s = map_open_at(&w->own->maps[i], f->dir, names[i], f->how, NULL, QUILL_E_MODEL, f->err);
        if (s) return s;
    }
    s = read_files(f, names, index.n_files);
    return s ? s : shard_index_check(w, &index, f->err);
}

static quill_status no_adapter_weights(struct folder *f) {
    const char *other = path_in(f, "adapter_model.bin");
    const bool pickle = other && access(other, F_OK) == 0;
    return fail(f->err, QUILL_E_MODEL, "%s: expected %s in the folder, found %s", PATH_OF(f->w), f->weights,
                pickle ? "only adapter_model.bin (not supported)" : "none");
}

static quill_status open_weights(struct folder *f, enum weights_want want) {
    struct weights *w = f->w;
    const char *modules = path_in(f, "modules.json");
    w->has_modules = modules && access(modules, F_OK) == 0;
    struct map first;
    bool missing;
    quill_status s = map_open_at(&first, f->dir, f->weights, f->how, &missing, QUILL_E_MODEL, f->err);
    if (s) return s;
    if (missing && want == WEIGHTS_ADAPTER) return no_adapter_weights(f);
    if (!missing) {
        w->own->maps = arena_alloc(&w->own->arena, 1, sizeof *w->own->maps);
        if (!w->own->maps) {
            map_close(&first);
            return fail_memory(f->err);
        }
        w->own->maps[w->own->n_maps++] = first;
        return read_files(f, &f->weights, 1);
    }
    struct map index;
    s = map_open_at(&index, f->dir, "model.safetensors.index.json", f->how, &missing, QUILL_E_MODEL, f->err);
    if (s) return s;
    s = missing ? no_weights(f) : open_shards(f, &index);
    map_close(&index);
    return s;
}

quill_status hf_open(struct weights **out, const char *path, enum weights_want want, enum map_how how,
                     quill_error *err) {
    struct weights *w = weights_new(WEIGHTS_HF, path);
    *out = NULL;
    if (!w) return fail_memory(err);
    const bool adapter = want == WEIGHTS_ADAPTER;
    struct folder f = {.w = w, .dir = path, .how = how, .err = err};
    f.config = adapter ? "adapter_config.json" : "config.json";
    f.weights = adapter ? "adapter_model.safetensors" : "model.safetensors";
    quill_status s = open_config(&f, want);
    if (!s && want != WEIGHTS_METADATA && !adapter) s = open_tokenizer(&f, want);
    if (!s && weights_want_tensors(want)) s = open_weights(&f, want);
    if (!s && weights_want_tensors(want)) s = safetensors_round_doubles(w, err);
    if (s) weights_close(w);
    else *out = w;
    return s;
}
