// SPDX-License-Identifier: MIT
// config.json, a line `==== without`, a hexadecimal number: of a folder whose weights are those that the family's rows
// ask for, in the shapes that the configuration says; bit i % 64 of the number leaves row i out. The vocabulary is that
// of tests/data/parity/narrow20. What is written as GGUF must compute the same.
#include <jansson.h>

#include "fuzz_folder.h"
#include "model/bind/bind.h"
#include "model/bind/hparams.h"

enum { MAX_VALUES = 1 << 16, MAX_TENSORS = 2000 };

// A shard in the making.
struct shard {
    char header[1 << 18];
    size_t used, n_tensors, n_values;
};

static void put_tensor(struct shard *shard, const char *name, const uint64_t *shape, int n_dims) {
    uint64_t n = 1;
    char text[64] = "";
    for (int i = 0; i < n_dims; i++) {
        if (shape[i] > MAX_VALUES || n * shape[i] > MAX_VALUES - shard->n_values) return; // too large to be there
        n *= shape[i];
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%llu", i ? "," : "", (unsigned long long)shape[i]);
    }
    char entry[BIND_NAME_BYTES + 160];
    const size_t length = (size_t)snprintf(
        entry, sizeof entry, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
        shard->n_tensors ? "," : "", name, text, 4 * shard->n_values, 4 * (shard->n_values + (size_t)n));
    if (shard->n_tensors == MAX_TENSORS || length + 16 > sizeof shard->header - shard->used) return;
    memcpy(shard->header + shard->used, entry, length + 1);
    shard->used += length;
    shard->n_tensors++;
    shard->n_values += (size_t)n;
}

static void put_row(struct shard *shard, const struct bind_row *row, const struct hparams *hp, int32_t layer) {
    uint64_t shape[3];
    char name[BIND_NAME_BYTES];
    int n = 0;
    for (; n < 3 && row->shape[n]; n++) shape[n] = bind_dim(hp, row->shape[n]);
    bind_name(row, "", layer, name);
    char *head = strchr(name, '%');
    if (!head) {
        put_tensor(shard, name, shape, n);
        return;
    }
    for (uint64_t h = 0; h < shape[0] && shard->n_tensors < MAX_TENSORS; h++) {
        char one[BIND_NAME_BYTES + 24];
        snprintf(one, sizeof one, "%.*s%llu%s", (int)(head - name), name, (unsigned long long)h, head + 2);
        put_tensor(shard, one, shape + 1, n - 1);
    }
}

// Whether the configuration says that there are no such tensors.
static bool is_denied(const struct family *family, const struct weights *w, unsigned flags) {
    static const struct {
        unsigned flag;
        enum key key;
    } claims[] = {{BIND_BIAS, KEY_HAS_BIAS}, {BIND_BIAS_MLP, KEY_HAS_BIAS_MLP}, {BIND_NORMS, KEY_HAS_NORMS}};
    bool there = true, found;
    char room[KEY_BYTES];
    quill_error err;
    for (size_t i = 0; i < 3 && there; i++) {
        const char *name = hparams_found(family, w, claims[i].key, room);
        if (name && (flags & claims[i].flag)) meta_bool(w, name, &there, &found, &err);
    }
    return !there;
}

static void put_rows(struct shard *shard, const struct family *family, const struct weights *w, struct hparams *hp,
                     uint64_t without) {
    struct row_walk walk = {family->files[WEIGHTS_HF].rows, NULL};
    if (hp->n_vocab == 0) hp->n_vocab = 270;
    unsigned i = 0;
    for (const struct bind_row *row; (row = row_next(&walk)); i++) {
        const int32_t n_layer = bind_is_per_layer(row) ? hp->n_layer : 1;
        if (row->kind == BIND_NORM || is_denied(family, w, row->flags) || (without >> i % 64 & 1)) continue;
        for (int32_t l = 0; l < n_layer; l++) put_row(shard, row, hp, l);
    }
}

static void write_shard(struct shard *shard) {
    static uint8_t file[8 + sizeof shard->header + 4 * MAX_VALUES];
    while ((shard->used + 1) % 8) shard->header[shard->used++] = ' ';
    shard->header[shard->used++] = '}';
    const uint64_t length = shard->used;
    memcpy(file, &length, sizeof length);
    memcpy(file + 8, shard->header, shard->used);
    for (size_t i = 0; i < shard->n_values; i++) {
        const float value = (float)((int)(i * 37 % 101) - 50) / 128;
        memcpy(file + 8 + shard->used + 4 * i, &value, sizeof value);
    }
    fuzz_put("model.safetensors", file, 8 + shard->used + 4 * shard->n_values);
}

// The weights that the configuration asks for; a shard without tensors if it is of no family.
static void put_weights(uint64_t without) {
    static struct shard shard;
    struct weights *w;
    quill_error err;
    shard.used = (size_t)snprintf(shard.header, sizeof shard.header, "{");
    shard.n_tensors = shard.n_values = 0;
    write_shard(&shard);
    if (weights_open(&w, fuzz_folder(), WEIGHTS_ALL, MAP_READ, &err)) return;
    shard.used = 1;
    const struct family *family;
    struct hparams hp;
    if (!bind_find_family(&family, w, &err) && !hparams_read(&hp, family, w, &err))
        put_rows(&shard, family, w, &hp, without);
    weights_close(w);
    write_shard(&shard);
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct str rest = {(const char *)data, size}, config = fuzz_part(&rest, "==== without");
    char number[20] = "";
    memcpy(number, rest.n ? rest.p : "", rest.n < sizeof number ? rest.n : sizeof number - 1);
    fuzz_vocabulary();
    fuzz_put("config.json", config.n ? config.p : "", config.n);
    put_weights(strtoull(number, NULL, 16));
    const quill_status s = fuzz_open_folder(err);
    fuzz_write_folder(s, "F32"); // so that nothing is rounded
    return s;
}

// ---- mutations: one value of the configuration becomes an odd one ----

static uint64_t state;
static size_t below(size_t n) { // splitmix64
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (size_t)((z ^ (z >> 31)) % n);
}

static json_t *odd_value(const json_t *old) {
    static const char *const odd[] = {
        "null", "true", "false", "0", "1", "2", "3", "4", "5", "6", "8", "12", "16", "24", "32", "64", "1024",
        "65536", "-1", "4194304", "2147483647", "-2147483648", "9223372036854775807", "0.5", "0.25", "1.5", "-0.5",
        "1e-45", "1e-30", "1e-6", "1e6", "1e30", "3.4e38", "1e300", "\"\"", "\"linear\"", "\"dynamic\"",
        "\"llama3\"", "\"yarn\"", "\"longrope\"", "\"default\"", "\"su\"", "\"gelu\"", "\"relu2\"", "\"rope\"",
        "\"nope\"", "[]", "[1]", "[0,1]", "[1,2,4,8]", "[1,1,1,1,1,1,1,1]", "[[]]", "[[[],1]]",
        "[[[\"global\",\"local\"],1]]", "[[[\"local\"],0]]", "[\"full_attention\",\"sliding_attention\"]",
        "[\"attention\"]", "[\"mamba\",\"x\"]", "[null,null]", "{}", "{\"factor\":2}",
        "{\"full_attention\":{\"rope_theta\":100}}",
    };
    const size_t n = sizeof odd / sizeof odd[0], pick = below(n + 4);
    const double number = json_number_value(old);
    if (pick < n || !json_is_number(old)) return json_loads(odd[pick % n], JSON_DECODE_ANY, NULL);
    if (json_is_real(old)) return json_real(number * (pick % 2 ? 0.5 : 3));
    const int64_t step = (int64_t)below(6) - 3;
    return json_integer(number < 1e9 && number > -1e9 ? json_integer_value(old) + step : step);
}

// The object that holds a dotted key, and the key in it.
static json_t *holder_of(json_t *object, const char **key) {
    for (const char *dot; (dot = strchr(*key, '.')); *key = dot + 1) {
        char name[KEY_BYTES];
        snprintf(name, sizeof name, "%.*s", (int)(dot - *key), *key);
        if (!json_is_object(json_object_get(object, name))) json_object_set_new(object, name, json_object());
        object = json_object_get(object, name);
    }
    return object;
}

// A key that some family reads.
static const char *known_key(void) {
    size_t n = 0;
    while (family_at(n)) n++;
    const struct family *family = family_at(below(n));
    const struct key_row *const *own = family->files[WEIGHTS_HF].keys, *table = own[0] && below(2) ? own[0] : keys_hf;
    for (n = 0; table[n].key;) n++;
    const size_t i = below(8);
    const char *name = n ? table[below(n)].names[below(KEY_NAMES)] : NULL;
    if (i < FAMILY_CASES && family->cases[i].key) name = family->cases[i].key;
    return name ? name : "hidden_size";
}

// A value that is there: of the configuration, or of an object in it.
static void change_some(json_t *object, json_t *from) {
    for (int depth = 0; depth < 4; depth++) {
        void *iter = json_object_iter(object);
        for (size_t i = below(json_object_size(object) + 1); iter && i > 0; i--)
            iter = json_object_iter_next(object, iter);
        if (!iter) return;
        json_t *value = json_object_iter_value(iter);
        if (json_is_object(value) && below(4)) {
            object = value;
            continue;
        }
        if (below(8) == 0) json_object_del(object, json_object_iter_key(iter));
        else if (below(8) == 0 && json_is_number(from)) json_object_set(object, json_object_iter_key(iter), from);
        else json_object_set_new(object, json_object_iter_key(iter), odd_value(value));
        return;
    }
}

static void add_known(json_t *config) {
    const char *key = known_key();
    json_t *text = json_object_get(config, "text_config"), *where = json_is_object(text) && below(2) ? text : config;
    where = holder_of(where, &key);
    json_object_set_new(where, key, odd_value(json_object_get(where, key)));
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak)); // of libFuzzer
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    struct str rest = {(const char *)data, size}, text = fuzz_part(&rest, "==== without");
    state = seed;
    json_t *config = text.n && below(8) ? json_loadb(text.p, text.n, 0, NULL) : NULL;
    if (!json_is_object(config)) {
        json_decref(config);
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (size_t n = 1 + below(3); n > 0; n--) {
        if (below(3)) change_some(config, json_object_get(config, "hidden_size"));
        else add_known(config);
    }
    char *dump = json_dumps(config, JSON_COMPACT), without[48] = "";
    if (rest.n || below(4) == 0) snprintf(without, sizeof without, "\n==== without\n%zx", (size_t)1 << below(64));
    if (dump && strlen(dump) + strlen(without) < max_size)
        size = (size_t)snprintf((char *)data, max_size, "%s%s", dump, without);
    free(dump);
    json_decref(config);
    return size;
}
