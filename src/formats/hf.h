// SPDX-License-Identifier: MIT
// The parts of a Hugging Face directory. Not for other folders.
#ifndef QUILL_FORMATS_HF_H
#define QUILL_FORMATS_HF_H

#include "own.h"

// The files that describe the tokenizer, and their members in struct tokenizer_files.
struct hf_file {
    const char *name;
    size_t map;
};
extern const struct hf_file hf_tokenizer_files[];
extern const size_t hf_n_tokenizer_files;

// Whether a path ends in the name of model.safetensors, of a shard or of the shards' index: such a path means its
// folder.
bool hf_is_part(const char *path);
bool hf_is_adapter_part(const char *path); // the same for the two files of an adapter
char *hf_folder(const char *path); // the folder that holds the file, allocated; NULL: no memory

// Reads config.json into w->meta.
quill_status hf_config(struct weights *w, const struct map *map, const char *path, quill_error *err);

// A safetensors file: a length, a JSON object that describes tensors, then their data.
struct safetensors {
    const char *path;
    struct map *map;
    struct str header;
    uint64_t data_at; // byte offset of the data
    size_t n_members; // members of the header object
};

// Finds header and data, and counts the header's members.
quill_status safetensors_begin(struct safetensors *st, const char *path, struct map *map, quill_error *err);
// Appends the tensors of file number `file` to w->tensors, which has room.
quill_status safetensors_read(struct weights *w, const struct safetensors *st, uint32_t file, quill_error *err);
// Checks that the tensors of each file cover all of its data, without holes or overlaps. w->tensors must be sorted.
quill_status safetensors_check_cover(const struct weights *w, const struct safetensors *files, size_t n,
                                     quill_error *err);

// Rounds F64 tensors to F32, in memory that the weights own: no kernel reads doubles, and transformers rounds them too.
quill_status safetensors_round_doubles(struct weights *w, quill_error *err);

// The shard index: which tensor lies in which file.
struct shard_index {
    const char *path;
    struct shard_entry *entries; // [n_entries]
    size_t n_entries;
    struct name_table table;
    struct shard_file *files;    // [n_files]
    size_t n_files;
};
struct shard_entry {
    struct str name; // of a tensor
    uint32_t file;
};
struct shard_file {
    struct str name; // plain, NUL-terminated
};

quill_status shard_index_read(struct weights *w, struct shard_index *index, const char *path, const struct map *map,
                              quill_error *err);
// Checks that w->tensors and the index name the same tensors in the same files.
quill_status shard_index_check(const struct weights *w, const struct shard_index *index, quill_error *err);

#endif
