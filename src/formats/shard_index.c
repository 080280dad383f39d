// SPDX-License-Identifier: MIT
// model.safetensors.index.json: {"metadata": {...}, "weight_map": {tensor: file, ...}}.
#include <inttypes.h>

#include "hf.h"
#include "json.h"

enum { OTHER_ROOM = 1 << 20, FILE_NAME_BYTES = 255 };

static quill_status mistake(const struct shard_index *index, const struct json_walk *walk, quill_error *err) {
    return fail_at(err, QUILL_E_MODEL, walk->at, "%s: %s (byte %zu)", QUOTED(str_of(index->path)), walk->mistake,
                   walk->at);
}

// Finds the object "weight_map" and counts its members.
static quill_status find_map(struct shard_index *index, struct str text, struct str *map, quill_error *err) {
    struct json_walk walk = {.text = text};
    struct str name, value;
    *map = (struct str){0};
    if (json_enter(&walk))
        while (!walk.mistake && json_member(&walk, &name, &value)) {
            bool is_map = str_is(name, "\"weight_map\""), all_real;
            struct json_problem problem;
            if (is_map && map->p) walk.mistake = "expected one weight_map, found two";
            if (is_map) *map = value;
            json_t *other = is_map ? NULL : json_tree(value, OTHER_ROOM, &all_real, &problem);
            if (!is_map && !other && problem.no_memory) return fail_memory(err);
            if (!is_map && !other)
                return fail_at(err, QUILL_E_MODEL, walk.at, "%s: %s: %s", QUOTED(str_of(index->path)), QUOTED(name),
                               problem.text);
            json_decref(other);
        }
    if (!walk.mistake) json_at_end(&walk);
    if (walk.mistake) return mistake(index, &walk, err);
    walk = (struct json_walk){.text = *map};
    if (!map->p || !json_enter(&walk))
        return fail(err, QUILL_E_MODEL, "%s: expected an object 'weight_map', found none", QUOTED(str_of(index->path)));
    while (json_member(&walk, &name, &value)) index->n_entries++;
    return walk.mistake ? mistake(index, &walk, err) : QUILL_OK;
}

// Whether the name cannot lead out of the folder.
static bool is_plain(struct str name) {
    return name.n > 0 && name.n <= FILE_NAME_BYTES && !memchr(name.p, '/', name.n) && !memchr(name.p, '\0', name.n) &&
           !str_is(name, ".") && !str_is(name, "..");
}

static quill_status add_entry(struct weights *w, struct shard_index *index, struct name_table *files,
                              struct str written, struct str value, struct shard_entry *entry, quill_error *err) {
    struct json_problem problem = {0};
    struct arena *arena = &w->own->arena;
    struct str file;
    if (written.n - 2 > NAME_BYTES || !json_string_of(written, arena, &entry->name, &problem))
        return problem.no_memory ? fail_memory(err)
                                 : fail(err, QUILL_E_MODEL,
                                        "%s: weight_map: expected names of at most %d bytes, found '%s'",
                                        QUOTED(str_of(index->path)), NAME_BYTES, QUOTED(written));
    bool known = value.n <= 8 * FILE_NAME_BYTES && json_string_of(value, arena, &file, &problem);
    if (problem.no_memory) return fail_memory(err);
    if (!known || !is_plain(file))
        return fail(err, QUILL_E_MODEL, "%s: tensor '%s': expected the name of a file in the folder, found '%s'",
                    QUOTED(str_of(index->path)), QUOTED(entry->name), QUOTED(value));
    index->files[index->n_files].name = file;
    size_t same = name_table_add(files, index->files, sizeof *index->files, index->n_files);
    if (same == index->n_files) {
        index->files[same].name.p = arena_string(arena, file);
        if (!index->files[same].name.p) return fail_memory(err);
        index->n_files++;
    }
    entry->file = (uint32_t)same;
    return QUILL_OK;
}

quill_status shard_index_read(struct weights *w, struct shard_index *index, const char *path, const struct map *map,
                              quill_error *err) {
    *index = (struct shard_index){.path = path};
    struct arena *arena = &w->own->arena;
    struct str object, name, value;
    struct name_table files;
    void *entries = NULL;
    quill_status s = find_map(index, json_text(map), &object, err);
    if (!s)
        s = weights_reserve(w, index->n_entries, sizeof *index->entries + sizeof *index->files, "tensors", map->size,
                            &entries, err);
    if (s) return s;
    index->entries = entries;
    index->files = (struct shard_file *)(void *)(index->entries + index->n_entries);
    if (!name_table_init(&index->table, arena, index->n_entries) || !name_table_init(&files, arena, index->n_entries))
        return fail_memory(err);
    struct json_walk walk = {.text = object};
    json_enter(&walk);
    for (size_t i = 0; json_member(&walk, &name, &value); i++) {
        if ((s = add_entry(w, index, &files, name, value, &index->entries[i], err))) return s;
        if (name_table_add(&index->table, index->entries, sizeof *index->entries, i) != i)
            return fail(err, QUILL_E_MODEL, "%s: tensor '%s': expected once, found twice", QUOTED(str_of(path)),
                        QUOTED(index->entries[i].name));
    }
    return QUILL_OK;
}

quill_status shard_index_check(const struct weights *w, const struct shard_index *index, quill_error *err) {
    for (size_t i = 0; i < w->n_tensors; i++) {
        const struct tensor *t = &w->tensors[i];
        size_t entry = name_table_find(&index->table, index->entries, sizeof *index->entries, t->name);
        if (entry == SIZE_MAX || index->entries[entry].file != t->file)
            return fail(err, QUILL_E_MODEL, "%s: tensor '%s': expected in '%s', where it lies, found %s",
                        QUOTED(str_of(index->path)), QUOTED(t->name), QUOTED(index->files[t->file].name),
                        entry == SIZE_MAX ? "no entry" : "another file");
    }
    for (size_t i = 0; i < index->n_entries; i++)
        if (!weights_tensor(w, index->entries[i].name))
            return fail(err, QUILL_E_MODEL, "%s: tensor '%s': expected in '%s', found no such tensor there",
                        QUOTED(str_of(index->path)), QUOTED(index->entries[i].name),
                        QUOTED(index->files[index->entries[i].file].name));
    return QUILL_OK;
}
