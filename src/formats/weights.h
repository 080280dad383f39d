// SPDX-License-Identifier: MIT
// The content of a model file of any format: metadata look-ups and named tensor views. This floor knows no
// architecture.
//
// Everything is borrowed from the mapped file and lives until weights_close. The metadata keys of a GGUF file are the
// file's ("gpt2.block_count"); those of a directory are the keys of config.json, joined by dots where objects nest
// ("rope_scaling.factor").
#ifndef QUILL_FORMATS_WEIGHTS_H
#define QUILL_FORMATS_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/map.h"
#include "base/str.h"
#include "tensor/tensor.h"

enum weights_format { WEIGHTS_GGUF, WEIGHTS_HF };

// META_OBJECT (config.json) has no value; its members have keys with a dot.
enum meta_kind { META_NULL, META_BOOL, META_INT, META_FLOAT, META_STRING, META_ARRAY, META_OBJECT, META_KINDS };

// A GGUF array stays encoded in the file (checked when it was opened); a config.json array is parsed.
struct meta_array {
    enum meta_kind kind;       // of the elements; META_NULL: empty, mixed or nested
    uint32_t gguf_type;        // GGUF: the element's type number
    uint64_t n;
    size_t bytes;              // GGUF: size of data; 0 for config.json
    union {
        const uint8_t *data;      // GGUF: the encoded elements
        const struct meta *items; // config.json: [n] (keys empty)
    };
};

struct meta {
    struct str key;
    enum meta_kind kind;
    bool is_unsigned;          // META_INT: above INT64_MAX, `i` holds a uint64_t's bits
    uint8_t gguf_type;         // GGUF: type number of the value
    union {
        bool b;
        int64_t i;
        double f;
        struct str s;
        struct meta_array a;
    };
};

// The files of a directory that describe its tokenizer; size 0 and data NULL: absent.
struct tokenizer_files {
    struct map tokenizer_json, tokenizer_model, vocab_json, merges_txt, tokenizer_config_json, special_tokens_map_json;
    struct map added_tokens_json, generation_config_json;
};

struct weights {
    enum weights_format format;
    const char *path;          // as given, for messages
    uint64_t file_bytes;       // all files of weights together
    struct meta *meta;         // [n_meta]
    size_t n_meta;
    struct tensor *tensors;    // [n_tensors], in file order
    size_t n_tensors;
    struct tokenizer_files files; // of a directory
    bool has_modules;          // a directory made for embeddings: there is modules.json of sentence-transformers
    struct weights_private *own;  // maps, hash tables, arena
};

enum weights_want {
    WEIGHTS_ALL,            // metadata and tensors, everything checked
    WEIGHTS_TOKENIZER_ONLY, // metadata and tokenizer files; no tensor is read, n_tensors is 0
    WEIGHTS_METADATA,       // of a directory only config.json, of a GGUF file as before
    WEIGHTS_ADAPTER,        // of a directory adapter_config.json and adapter_model.safetensors, of a GGUF file all
};

// Whether tensors are read.
static inline bool weights_want_tensors(enum weights_want want) {
    return want == WEIGHTS_ALL || want == WEIGHTS_ADAPTER;
}

// Opens a GGUF file or a Hugging Face directory; the path of a directory's weights means the directory. QUILL_E_MODEL
// with a line that names the file, the item, what was expected and what was found.
quill_status weights_open(struct weights **out, const char *path, enum weights_want want, enum map_how how,
                          quill_error *err);
// Opens a GGUF file in memory, which is borrowed until weights_close.
quill_status weights_open_memory(struct weights **out, const void *data, size_t size, const char *name,
                                 enum weights_want want, quill_error *err);
void weights_close(struct weights *w); // NULL is fine

// Whether `path`, through links, is one of the files that make up the model at `model`: a GGUF file, the first of
// several, or a directory.
bool weights_have_file(const char *model, const char *path);

// Another number for other weights or metadata, also when a file was changed in place or replaced. It depends on the
// metadata, the table of tensors, both ends of every tensor, and the inode, size and times of the files; of a model in
// memory on every byte. Files of equal content have different ones.
uint64_t weights_identity(const struct weights *w);

const struct tensor *weights_tensor(const struct weights *w, struct str name); // NULL: not there; a hash look-up
const struct meta *weights_meta(const struct weights *w, struct str key);      // NULL: not there

// Typed look-ups. *found says whether the key is there (null counts as absent); a value of another type, or outside
// min..max, is QUILL_E_MODEL naming the key. An absent key leaves *out untouched.
quill_status meta_int(const struct weights *w, const char *key, int64_t min, int64_t max, int64_t *out, bool *found,
                      quill_error *err);
// Accepts integers of config.json too: JSON has only one kind of number.
quill_status meta_float(const struct weights *w, const char *key, double *out, bool *found, quill_error *err);
quill_status meta_bool(const struct weights *w, const char *key, bool *out, bool *found, quill_error *err);
quill_status meta_string(const struct weights *w, const char *key, struct str *out, bool *found, quill_error *err);

// Walks an array's elements in order, in either storage. Start with `array` set and the rest 0; false at the end.
struct meta_walk {
    const struct meta_array *array;
    uint64_t index;
    size_t at;
};
bool meta_next(struct meta_walk *walk, struct meta *element);
// Writes the elements of an array of strings to list[0..n) and returns their number: n, unless the file has changed.
size_t meta_strings(const struct meta_array *array, struct str *list);

#endif
