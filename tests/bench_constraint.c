// SPDX-License-Identifier: MIT
// What constraints cost: `make build/tests/bench_constraint`, then
//
//     bench_constraint MODEL tests/data/schema/realistic/*.json
//
// reads the texts beside each schema (X.txt, one per line; a constraint that ends in .gbnf is a grammar) token by token
// with the vocabulary of MODEL, and prints a line for each:
//
//     name, tokens, ms to make it, ms for its index of the vocabulary; then us per token: its mask, reading it, the
//     first time and again; and the longest mask
//
// It is the processor's time, and of each token the least of ten runs, so that a busy machine counts little.
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <time.h>

#include "base/buffer.h"
#include "base/map.h"
#include "quill/tokenizer.h"
#include "sampler/constraint/constraint.h"

enum { RUNS = 10, AGAIN = 3, MOST_TOKENS = 4096, MOST_TEXTS = 64 };

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

// What asking for the time takes.
static double clock_us(void) {
    static double least = 1e12;
    static bool known;
    for (int i = 0; i < 10000 && !known; i++) {
        const double begin = now_us(), us = now_us() - begin;
        if (us < least) least = us;
    }
    known = true;
    return least;
}

static void keep_least(double *have, double us) {
    if (us < *have) *have = us;
}

static int failed(const quill_error *err) {
    fprintf(stderr, "%s\n", err->text);
    return 1;
}

static struct str bytes_of(void *user, int32_t id) {
    struct str bytes;
    bytes.p = quill_token_bytes(user, id, QUILL_SPECIAL_AS_TEXT, &bytes.n);
    return bytes;
}

// One constraint with its texts.
struct bench {
    struct vocabulary vocabulary;
    const char *path;
    struct map file, texts;
    struct token_set allowed;
    quill_ids ids[MOST_TEXTS];
    size_t n_texts, n_tokens;
    double make, index;
    double mask[2][MOST_TOKENS], read[2][MOST_TOKENS]; // the first time, and again
};

static bool ends_with(const char *text, const char *end) {
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && memcmp(text + n - m, end, m) == 0;
}

static quill_status make(const struct bench *b, quill_constraint **c, quill_error *err) {
    const char *text = (const char *)b->file.data;
    if (ends_with(b->path, ".gbnf")) return quill_constraint_grammar(c, text, b->file.size, err);
    return quill_constraint_json_schema(c, text, b->file.size, err);
}

// Reads a text, token by token; `at`: the number of its first token. Returns 0, or 1 with a message.
static int read_text(struct bench *b, quill_constraint *c, const quill_ids *ids, size_t at, int again) {
    struct constrained k;
    struct buffer text = {0};
    quill_error err;
    if (constrained_begin(&k, c, &b->vocabulary, NULL, &err)) return failed(&err);
    for (size_t i = 0; i < ids->n; i++, at++) {
        const size_t before = text.n;
        double begin = now_us();
        const bool ok = constraint_mask(c, &b->vocabulary, &k.reading, k.state, &b->allowed);
        keep_least(&b->mask[again][at], now_us() - begin);
        if (!ok) return failed(&k.reading.err);
        if (!token_set_has(&b->allowed, (size_t)ids->ids[i])) {
            fprintf(stderr, "%s: token %d of '%.*s' is not allowed\n", b->path, ids->ids[i], (int)text.n, text.p);
            return 1;
        }
        if (!buffer_add_str(&text, bytes_of(b->vocabulary.user, ids->ids[i]))) return 1;
        begin = now_us();
        if (constrained_advance(&k, buffer_str(&text), before, &err)) return failed(&err);
        keep_least(&b->read[again][at], now_us() - begin);
    }
    const bool complete = constrained_may_end(&k);
    if (!complete) fprintf(stderr, "%s: '%.*s' is not complete\n", b->path, (int)text.n, text.p);
    constrained_end(&k);
    buffer_free(&text);
    return !complete;
}

static int run(struct bench *b) {
    quill_constraint *c;
    quill_error err;
    struct reading r = {0};
    const double begin = now_us();
    if (make(b, &c, &err)) return failed(&err);
    const double made = now_us();
    if (!constraint_index(c, &b->vocabulary, &r)) return failed(&r.err);
    keep_least(&b->make, made - begin);
    keep_least(&b->index, now_us() - made);
    int status = 0;
    for (int again = 0; again <= AGAIN && !status; again++)
        for (size_t i = 0, at = 0; i < b->n_texts && !status; at += b->ids[i++].n)
            status = read_text(b, c, &b->ids[i], at, again > 0);
    quill_constraint_free(c);
    return status;
}

static int open_files(struct bench *b) {
    quill_error err;
    char path[4096];
    const char *dot = strrchr(b->path, '.');
    const quill_tokenizer *t = b->vocabulary.user;
    snprintf(path, sizeof path, "%.*s.txt", dot ? (int)(dot - b->path) : 0, b->path);
    if (map_open(&b->file, b->path, MAP_READ, QUILL_E_SYSTEM, &err)) return failed(&err);
    if (map_open(&b->texts, path, MAP_READ, QUILL_E_SYSTEM, &err)) return failed(&err);
    const char *line = (const char *)b->texts.data, *end = line + b->texts.size;
    while (line < end && b->n_texts < MOST_TEXTS) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        const size_t n = (size_t)((next ? next : end) - line);
        quill_ids *ids = &b->ids[b->n_texts++];
        if (quill_encode(t, ids, line, n, QUILL_SPECIAL_AS_TEXT, &err)) return failed(&err);
        b->n_tokens += ids->n;
        line += n + 1;
    }
    if (b->n_tokens <= MOST_TOKENS) return 0;
    fprintf(stderr, "%s: more than %d tokens\n", path, MOST_TOKENS);
    return 1;
}

static double mean(const double *us, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += us[i] - clock_us();
    return n ? sum / (double)n : 0;
}

static void report(const struct bench *b) {
    const char *slash = strrchr(b->path, '/');
    double longest = 0;
    for (size_t i = 0; i < b->n_tokens; i++)
        if (b->mask[0][i] > longest) longest = b->mask[0][i];
    printf("%-20s %5zu  %7.2f %7.2f  %8.2f %6.2f  %7.2f %6.2f  %8.1f\n", slash ? slash + 1 : b->path, b->n_tokens,
           b->make * 1e-3, b->index * 1e-3, mean(b->mask[0], b->n_tokens), mean(b->read[0], b->n_tokens),
           mean(b->mask[1], b->n_tokens), mean(b->read[1], b->n_tokens), longest);
    fflush(stdout);
}

static int measure(quill_tokenizer *t, const char *path) {
    static struct bench b;
    b = (struct bench){.path = path, .make = 1e12, .index = 1e12};
    b.vocabulary = (struct vocabulary){.identity = t, .n_vocab = (size_t)quill_n_vocab(t), .bytes_of = bytes_of,
                                       .user = t};
    for (size_t i = 0; i < MOST_TOKENS; i++) b.mask[0][i] = b.mask[1][i] = b.read[0][i] = b.read[1][i] = 1e12;
    int status = open_files(&b);
    if (!status && !token_set_create(&b.allowed, b.vocabulary.n_vocab)) status = 1;
    for (int i = 0; i < RUNS && !status; i++) status = run(&b);
    if (!status) report(&b);
    for (size_t i = 0; i < b.n_texts; i++) quill_ids_free(&b.ids[i]);
    free(b.allowed.bits);
    map_close(&b.file);
    map_close(&b.texts);
    return status;
}

int main(int argc, char **argv) {
    quill_error err;
    quill_tokenizer *t = NULL;
    if (argc < 3) {
        fprintf(stderr, "usage: bench_constraint MODEL CONSTRAINT...\n");
        return 2;
    }
    if (quill_tokenizer_open(&t, argv[1], &err)) return failed(&err);
    printf("%-20s %5s  %7s %7s  %8s %6s  %7s %6s  %8s\n", "", "n", "make ms", "index", "mask us", "read", "again",
           "read", "longest");
    int status = 0;
    for (int i = 2; i < argc && !status; i++) status = measure(t, argv[i]);
    quill_tokenizer_free(t);
    return status;
}
