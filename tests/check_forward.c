// SPDX-License-Identifier: MIT
// The bits of the forward pass, machine by machine:
//
//     check_forward [--cpu NAME] [--threads N] [--chunk N] [--kv-type f16|f32|q8_0] [FILE [HASH]]
//
// With a GGUF file: prints a hash of the logits after every token of a text made from a seed, or says whether it is
// HASH. Without one: the lines `FILE KV-TYPE HASH` of tests/golden/forward.txt, for every table of kernels that this
// machine runs and several ways to cut the work. Prints `ok NAME`, `not ok NAME`; exit status 1 when something differs.
//
// It stands on the model and what is below it, and on no library but C's: for another machine it is linked statically.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "formats/weights.h"
#include "model/model.h"

enum { MOST_TOKENS = 300 }; // past the first tile

static const char golden[] = "tests/golden/forward.txt";
static const char *const kv_names[] = {[KV_F16] = "f16", [KV_F32] = "f32", [KV_Q8_0] = "q8_0"};

struct way {
    const struct kernels *kernels;
    enum kv_type kv;
    int threads;
    size_t chunk;
};

static void die(const char *text) {
    fprintf(stderr, "check_forward: %s\n", text);
    exit(2);
}

static void must(quill_status status, const quill_error *err) {
    if (status) die(err->text);
}

// ---- one forward pass ----

static size_t make_ids(const struct hparams *hp, int32_t *ids) {
    size_t n = hp->n_ctx < MOST_TOKENS ? (size_t)hp->n_ctx : MOST_TOKENS;
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)(hash_mix(i + 1) % (uint64_t)hp->n_vocab);
    return n;
}

static uint64_t hash_logits(const struct model *model, const struct way *way) {
    const struct hparams *hp = model_hparams(model);
    int32_t ids[MOST_TOKENS];
    size_t n = make_ids(hp, ids), vocab = (size_t)hp->n_vocab, chunk = way->chunk < n ? way->chunk : n;
    struct team *team = team_create(way->threads);
    struct forward *f;
    struct kv_cache *kv;
    quill_error err;
    float *logits = malloc(chunk * vocab * sizeof *logits);
    if (!team || !logits) die("out of memory");
    const struct forward_size size = {.max_tokens = chunk, .n_threads = way->threads};
    must(forward_create(&f, model, &size, &err), &err);
    must(kv_cache_create(&kv, hp, way->kv, hp->n_ctx, 1, &err), &err);
    uint64_t hash = 0;
    for (size_t done = 0; done < n;) {
        size_t count = n - done < chunk ? n - done : chunk;
        struct span span = {0, (int32_t)done, ids + done, count, count};
        must(forward_run(f, kv, team, &span, 1, logits, &err), &err);
        // Token by token, so that the hash does not depend on the cutting.
        for (size_t t = 0; t < count; t++) hash = hash_bytes(logits + t * vocab, vocab * sizeof *logits, hash);
        done += count;
    }
    free(logits);
    kv_cache_free(kv);
    forward_free(f);
    team_free(team);
    return hash;
}

static uint64_t hash_file(const char *path, const struct way *way) {
    struct map map;
    struct weights *weights;
    struct model *model;
    quill_error err;
    must(map_open(&map, path, MAP_FILE, QUILL_E_MODEL, &err), &err);
    must(weights_open_memory(&weights, map.data, map.size, path, WEIGHTS_ALL, &err), &err);
    must(model_bind(&model, weights, way->kernels, &err), &err);
    uint64_t hash = hash_logits(model, way);
    model_free(model);
    weights_close(weights);
    map_close(&map);
    return hash;
}

// ---- comparing ----

static bool same(const char *path, const struct way *way, uint64_t expected) {
    uint64_t found = hash_file(path, way);
    char name[256];
    snprintf(name, sizeof name, "%s kv %s %s threads %d chunk %zu", path, kv_names[way->kv], way->kernels->name,
             way->threads, way->chunk);
    if (found == expected) printf("ok %s\n", name);
    else printf("not ok %s: expected %016llx, found %016llx\n", name, (unsigned long long)expected,
                (unsigned long long)found);
    fflush(stdout);
    return found == expected;
}

static enum kv_type kv_type_named(const char *name) {
    for (int i = 0; i < KV_TYPE_COUNT; i++)
        if (strcmp(name, kv_names[i]) == 0) return (enum kv_type)i;
    die("the types of the KV cache are f16, f32 and q8_0");
    return KV_F16;
}

// Every table reads the text whole by one thread; the best one also by more threads and in pieces.
static int check_line(const char *path, enum kv_type kv, uint64_t expected) {
    static const struct {
        int threads;
        size_t chunk;
    } cuts[] = {{1, 1}, {2, 7}, {3, 512}, {8, 100}};
    const struct kernels *kernels[16];
    size_t n = kernels_available(kernels, 16);
    int failed = 0;
    for (size_t i = 0; i < n; i++) failed += !same(path, &(struct way){kernels[i], kv, 1, 512}, expected);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++)
        failed += !same(path, &(struct way){kernels[n - 1], kv, cuts[i].threads, cuts[i].chunk}, expected);
    return failed;
}

static int check_golden(void) {
    char line[512], path[256], kv[16];
    unsigned long long hash;
    int failed = 0, n_lines = 0;
    FILE *f = fopen(golden, "r");
    if (!f) die("no tests/golden/forward.txt here");
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#' || sscanf(line, "%255s %15s %llx", path, kv, &hash) != 3) continue;
        failed += check_line(path, kv_type_named(kv), hash);
        n_lines++;
    }
    fclose(f);
    if (n_lines == 0) die("tests/golden/forward.txt expects nothing");
    return failed;
}

// ---- options ----

static const char *option_value(int argc, char **argv, int *i) {
    if (*i + 1 == argc) die("an option lacks its value");
    return argv[++*i];
}

static size_t number(const char *text) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*end || value < 1 || value > 100000) die("a number is out of range");
    return value;
}

int main(int argc, char **argv) {
    const char *cpu = NULL, *level, *operands[2] = {NULL, NULL};
    int n_operands = 0;
    struct way way = {.kv = KV_F16, .threads = 1, .chunk = 512};
    quill_error err;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--cpu") == 0) cpu = option_value(argc, argv, &i);
        else if (strcmp(argv[i], "--threads") == 0) way.threads = (int)number(option_value(argc, argv, &i));
        else if (strcmp(argv[i], "--chunk") == 0) way.chunk = number(option_value(argc, argv, &i));
        else if (strcmp(argv[i], "--kv-type") == 0) way.kv = kv_type_named(option_value(argc, argv, &i));
        else if (argv[i][0] != '-' && n_operands < 2) operands[n_operands++] = argv[i];
        else die("usage: check_forward [--cpu NAME] [--threads N] [--chunk N] [--kv-type TYPE] [FILE [HASH]]");
    }
    if (n_operands == 0) return check_golden() ? 1 : 0;
    must(kernels_select(&way.kernels, &level, cpu, &err), &err);
    if (n_operands == 2) return same(operands[0], &way, strtoull(operands[1], NULL, 16)) ? 0 : 1;
    printf("%016llx\n", (unsigned long long)hash_file(operands[0], &way));
    return 0;
}
