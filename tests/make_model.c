// SPDX-License-Identifier: MIT
// Writes a model of a public model's shape with random weights, of any size and weight type, to measure speed with:
//
//     make_model [--size SIZE] [--n-layer N] [--n-embd N] [--n-head N] [--n-head-kv N] [--head-dim N] [--n-ff N]
//                [--n-ctx N] [--n-vocab N] [--type TYPE] [--seed N] OUT.gguf
//
// (`make build/tests/make_model`.) SIZE is one of the table's: GPT-2's, 124M to 1.5B, or of another family. TYPE is one
// that `quill quantize` takes, and each matrix gets the type that it would give it. Later options win. Weights are made
// and rounded a few rows at a time; the same options write the same file. The vocabulary is made up too: bytes, then
// words of two to four letters, or of a blank and one to three.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/team.h"
#include "formats/gguf_write.h"
#include "kernels/kernels.h"
#include "load/recipe.h"
#include "model/bind/bind.h"
#include "model/bind/hparams.h"
#include "tokenizer/byte_map.h"

enum { BYTES = 256, LETTERS = 26, ROWS_AT_ONCE = 4 };

// Sizes that are 0: n_head_kv = n_head, head_dim = n_embd / n_head, n_ff = 4 n_embd.
static const struct {
    const char *name, *family;
    struct hparams hp;
} sizes[] = {
#define GPT2(layers, embd, head) \
    {.n_layer = layers, .n_embd = embd, .n_head = head, .n_ctx = 1024, .n_vocab = 50257, .norm_eps = 1e-5f}
    {"124M", "gpt2", GPT2(12, 768, 12)},
    {"355M", "gpt2", GPT2(24, 1024, 16)},
    {"774M", "gpt2", GPT2(36, 1280, 20)},
    {"1.5B", "gpt2", GPT2(48, 1600, 25)},
    {"llama-1.2B", "llama", {.n_layer = 16, .n_embd = 2048, .n_head = 32, .n_head_kv = 8, .head_dim = 64, .n_ff = 8192,
                             .n_ctx = 8192, .n_vocab = 128256, .norm_eps = 1e-5f, .rope_base = 500000}},
    {"qwen3-0.6B", "qwen3", {.n_layer = 28, .n_embd = 1024, .n_head = 16, .n_head_kv = 8, .head_dim = 128, .n_ff = 3072,
                             .n_ctx = 8192, .n_vocab = 151936, .norm_eps = 1e-6f, .rope_base = 1000000}},
};

// Values of mean `mean` and standard deviation `deviation`.
struct item {
    char name[BIND_NAME_BYTES];
    enum dtype type;
    uint64_t rows, cols;
    float mean, deviation;
};

struct job {
    const struct family *family;
    struct hparams hp;
    struct recipe recipe;
    const char *type, *path;
    uint64_t seed;
    struct item *items; // [n]
    size_t n;
    struct team *team;
    float *rows;        // [team size][most cols]
    size_t most_cols;
};

static void die(const char *what, const char *which) {
    fprintf(stderr, "make_model: %s%s\n", what, which);
    exit(2);
}

static void *must(void *p) {
    if (!p) die("out of memory", "");
    return p;
}

// ---- weights --------------------------------------------------------------------------------------------------------

// GPT-2's own initial values (Radford et al. 2019, section 2.3), norms and biases not quite 1 and 0.
static void set_values(struct item *item, const struct hparams *hp, bool matrix) {
    item->deviation = 0.02f;
    item->mean = !matrix && strstr(item->name, "_norm.weight") ? 1.0f : 0.0f;
    if (matrix && (strstr(item->name, "attn_output") || strstr(item->name, "ffn_down")))
        for (int32_t n = 1; n * n < 2 * hp->n_layer; n++) item->deviation = 0.02f / (float)n;
}

static void add_item(struct job *job, struct gguf_writer *g, const struct bind_row *row, int32_t layer) {
    struct item *item = &job->items[job->n++];
    *item = (struct item){.type = DTYPE_F32, .rows = 1, .cols = bind_dim(&job->hp, row->shape[0])};
    const bool matrix = row->shape[1] != DIM_NONE;
    if (matrix) item->rows = item->cols, item->cols = bind_dim(&job->hp, row->shape[1]);
    bind_name(row, "", layer, item->name);
    set_values(item, &job->hp, matrix);
    const struct recipe_model model = {.n_layer = job->hp.n_layer, .tied = true};
    if (recipe_is_matrix(str_of(item->name), matrix ? 2 : 1))
        item->type = recipe_fallback(recipe_type(&job->recipe, str_of(item->name), &model), item->cols);
    const uint64_t shape[2] = {matrix ? item->rows : item->cols, item->cols};
    gguf_put_tensor(g, str_of(item->name), item->type, shape, matrix ? 2 : 1);
    if (item->cols > job->most_cols) job->most_cols = (size_t)item->cols;
}

static void add_items(struct job *job, struct gguf_writer *g) {
    size_t n_rows = 0;
    const struct bind_row *const *tables = job->family->files[WEIGHTS_GGUF].rows;
    for (struct row_walk walk = {tables, NULL}; row_next(&walk);) n_rows++;
    job->items = must(alloc_array(n_rows * (size_t)job->hp.n_layer, sizeof *job->items));
    struct row_walk walk = {tables, NULL};
    for (const struct bind_row *row; (row = row_next(&walk));) {
        const bool per_layer = strchr(row->name, '%');
        if (row->flags & (BIND_OPTIONAL | BIND_BIAS_MLP)) continue; // a head of its own, biases
        for (int32_t l = 0; l < (per_layer ? job->hp.n_layer : 1); l++) add_item(job, g, row, per_layer ? l : -1);
    }
}

// Nearly normal: a sum of four uniform values, 16 bits of a hash each.
static void random_row(float *out, const struct item *item, uint64_t key) {
    const float scale = item->deviation / 37837.0f; // 65536 / sqrt(12) * sqrt(4)
    for (size_t i = 0; i < item->cols; i++) {
        uint64_t h = hash_mix(key + (i + 1) * 0x9e3779b97f4a7c15u);
        int32_t sum = (int32_t)((h & 0xffff) + (h >> 16 & 0xffff) + (h >> 32 & 0xffff) + (h >> 48));
        out[i] = item->mean + scale * (float)(sum - 2 * 65535);
    }
}

struct piece {
    const struct job *job;
    size_t index;
    uint64_t first, n_rows;
    uint8_t *out;
};

static void fill_rows(void *arg, struct member *m) {
    const struct piece *p = arg;
    const struct item *item = &p->job->items[p->index];
    const struct dtype_info *info = &dtypes[item->type];
    const size_t bytes = (size_t)item->cols / info->block_values * info->block_bytes;
    float *row = p->job->rows + (size_t)m->index * p->job->most_cols;
    size_t begin, end;
    team_begin(m);
    while (team_claim(m, (size_t)p->n_rows, ROWS_AT_ONCE, &begin, &end))
        for (size_t r = begin; r < end; r++) {
            random_row(row, item, hash_mix(hash_mix(p->job->seed + p->index) + p->first + r));
            encode_row(item->type, p->out + r * bytes, row, (size_t)item->cols);
        }
}

static quill_status fill(void *user, size_t index, uint64_t first, uint64_t n_rows, uint8_t *out, quill_error *err) {
    (void)err;
    const struct job *job = user;
    struct piece piece = {job, index, first, n_rows, out};
    team_run(job->team, fill_rows, &piece);
    return QUILL_OK;
}

// ---- vocabulary -----------------------------------------------------------------------------------------------------

struct words {
    struct arena arena;
    struct str *tokens, *merges; // [n_vocab], [n_vocab]
    size_t n, n_merges, limit;
};

static struct str join(struct words *w, struct str a, const char *between, struct str b) {
    char text[64];
    int n = snprintf(text, sizeof text, "%.*s%s%.*s", (int)a.n, a.p, between, (int)b.n, b.p);
    return (struct str){must(arena_string(&w->arena, (struct str){text, (size_t)n})), (size_t)n};
}

static void add_word(struct words *w, struct str a, struct str b) {
    if (w->n == w->limit) return;
    w->merges[w->n_merges++] = join(w, a, " ", b);
    w->tokens[w->n++] = join(w, a, "", b);
}

// Every token of tokens[begin..end) with each letter behind it, up to the limit.
static void add_words(struct words *w, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++)
        for (size_t c = 0; c < LETTERS; c++) add_word(w, w->tokens[i], w->tokens['a' + c]);
}

static void make_words(struct words *w, size_t n_vocab) {
    if (n_vocab < BYTES + 1) die("--n-vocab: expected 257 or more", "");
    w->tokens = must(alloc_array(n_vocab, sizeof *w->tokens));
    w->merges = must(alloc_array(n_vocab, sizeof *w->merges));
    w->limit = n_vocab - 1;
    for (unsigned b = 0; b < BYTES; b++) {
        uint32_t code = byte_to_code((uint8_t)b);
        char text[2] = {(char)(0xc0 | code >> 6), (char)(0x80 | (code & 0x3f))};
        if (code < 0x80) text[0] = (char)code;
        const struct str token = {text, code < 0x80 ? 1 : 2};
        w->tokens[w->n++] = (struct str){must(arena_string(&w->arena, token)), token.n};
    }
    size_t begin = w->n;
    add_words(w, ' ', ' ' + 1);
    add_words(w, 'a', 'a' + LETTERS);
    for (size_t end = w->n; w->n < w->limit; begin = end, end = w->n) add_words(w, begin, end);
    w->tokens[w->n++] = STR("<|endoftext|>");
}

static void put_vocabulary(struct gguf_writer *g, int32_t n_vocab) {
    struct words w = {0};
    make_words(&w, (size_t)n_vocab);
    int32_t *types = must(alloc_array(w.n, sizeof *types));
    for (size_t i = 0; i < w.n; i++) types[i] = i + 1 < w.n ? 1 : 3; // normal, control
    gguf_put_string(g, "tokenizer.ggml.model", STR("gpt2"));
    gguf_put_string(g, "tokenizer.ggml.pre", STR("gpt-2"));
    gguf_put_strings(g, "tokenizer.ggml.tokens", w.tokens, w.n);
    gguf_put_i32s(g, "tokenizer.ggml.token_type", types, w.n);
    gguf_put_strings(g, "tokenizer.ggml.merges", w.merges, w.n_merges);
    gguf_put_u32(g, "tokenizer.ggml.bos_token_id", (uint32_t)n_vocab - 1);
    gguf_put_u32(g, "tokenizer.ggml.eos_token_id", (uint32_t)n_vocab - 1);
    gguf_put_bool(g, "tokenizer.ggml.add_bos_token", false);
    free(types);
    free(w.tokens);
    free(w.merges);
    arena_free(&w.arena);
}

// ---- options --------------------------------------------------------------------------------------------------------

static const struct family *must_find(const char *name) {
    return must((void *)(uintptr_t)family_find(WEIGHTS_GGUF, str_of(name)));
}

static void set_size(struct job *job, const char *name) {
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (strcmp(sizes[i].name, name) != 0) continue;
        job->hp = sizes[i].hp;
        job->family = must_find(sizes[i].family);
        return;
    }
    fprintf(stderr, "make_model: --size: expected");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) fprintf(stderr, " %s", sizes[i].name);
    die(", found ", name);
}

static void set_number(struct job *job, const char *option, const char *value) {
    const struct {
        const char *name;
        int32_t *field;
        long limit;
    } numbers[] = {{"--n-layer", &job->hp.n_layer, MAX_LAYER}, {"--n-embd", &job->hp.n_embd, MAX_FF / 4},
                   {"--n-head", &job->hp.n_head, MAX_HEAD},    {"--n-ctx", &job->hp.n_ctx, MAX_CTX},
                   {"--n-vocab", &job->hp.n_vocab, MAX_VOCAB}, {"--n-head-kv", &job->hp.n_head_kv, MAX_HEAD},
                   {"--head-dim", &job->hp.head_dim, MAX_HEAD_DIM}, {"--n-ff", &job->hp.n_ff, MAX_FF}};
    char *end;
    long number = strtol(value, &end, 10);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(numbers[i].name, option) == 0) {
            if (*end || number < 1 || number > numbers[i].limit) die(option, ": out of range");
            *numbers[i].field = (int32_t)number;
            return;
        }
    if (strcmp(option, "--seed") != 0) die("unknown option ", option);
    job->seed = strtoull(value, &end, 10);
    if (*end) die("--seed: expected a number, found ", value);
}

static void read_options(struct job *job, int argc, char **argv) {
    set_size(job, "124M");
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i];
        if (option[0] != '-') {
            if (job->path) die("expected one file name, found also ", option);
            job->path = option;
            continue;
        }
        if (++i == argc) die(option, ": expected a value");
        if (strcmp(option, "--size") == 0) set_size(job, argv[i]);
        else if (strcmp(option, "--type") == 0) job->type = argv[i];
        else set_number(job, option, argv[i]);
    }
    if (!job->path) die("expected the name of a file to write", "");
    if (!recipe_find(&job->recipe, job->type)) die("--type: no weight type that can be written: ", job->type);
    struct hparams *hp = &job->hp;
    if (!hp->head_dim && hp->n_embd % hp->n_head) die("--n-embd: expected a multiple of --n-head", "");
    if (!hp->n_head_kv) hp->n_head_kv = hp->n_head;
    if (hp->n_head % hp->n_head_kv) die("--n-head: expected a multiple of --n-head-kv", "");
    if (!hp->head_dim) hp->head_dim = hp->n_embd / hp->n_head;
    if (!hp->n_ff) hp->n_ff = 4 * hp->n_embd;
    hp->tied = true;
    if (job->family->files[WEIGHTS_GGUF].rope) hp->rope_dims = hp->head_dim;
}

// Those that are not 0 and have a key.
static void put_numbers(const struct job *job, struct gguf_writer *g) {
    for (const struct hparams_number *number = hparams_numbers; number->key; number++) {
        const struct key_row *row = hparams_key(job->family, WEIGHTS_GGUF, number->key);
        const void *value = (const char *)&job->hp + number->offset;
        char name[KEY_BYTES];
        if (!row || !row->names[0] || number->key == KEY_N_VOCAB) continue;
        hparams_new_name(job->family, row, name);
        if (number->whole && *(const int32_t *)value) gguf_put_u32(g, name, (uint32_t) * (const int32_t *)value);
        if (!number->whole && *(const float *)value != 0) gguf_put_f32(g, name, *(const float *)value);
        if (number->key != KEY_HEAD_DIM) continue;
        hparams_name(job->family, WEIGHTS_GGUF, ".attention.value_length", name);
        gguf_put_u32(g, name, (uint32_t)job->hp.head_dim);
    }
}

static void put_keys(struct job *job, struct gguf_writer *g) {
    char name[64];
    gguf_put_string(g, "general.architecture", str_of(family_name(job->family, WEIGHTS_GGUF)));
    put_numbers(job, g);
    snprintf(name, sizeof name, "random-%dx%d-%s", (int)job->hp.n_layer, (int)job->hp.n_embd, job->type);
    gguf_put_string(g, "general.name", str_of(name));
    gguf_put_u32(g, "general.file_type", job->recipe.file_type);
    gguf_put_u32(g, "general.quantization_version", 2);
    put_vocabulary(g, job->hp.n_vocab);
}

int main(int argc, char **argv) {
    struct job job = {.type = "Q8_0", .seed = 1};
    read_options(&job, argc, argv);
    struct gguf_writer *g = must(gguf_writer_new());
    put_keys(&job, g);
    add_items(&job, g);
    job.team = must(team_create(team_default_size()));
    job.rows = must(alloc_array((size_t)team_size(job.team) * job.most_cols, sizeof *job.rows));
    quill_error err;
    quill_status s = gguf_writer_save(g, job.path, fill, &job, &err);
    if (s) fprintf(stderr, "make_model: %s\n", err.text);
    team_free(job.team);
    free(job.rows);
    free(job.items);
    gguf_writer_free(g);
    return (int)s;
}
