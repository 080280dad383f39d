// SPDX-License-Identifier: MIT
// How fast a tokenizer is: `make build/tests/bench_tokenizer`, then bench_tokenizer MODEL FILE... tells the time to
// open it (the least of ten), and how fast it encodes each file on one thread (cold: the first time; warm: the best of
// five). Time is the processor's, so that a busy machine does not count.
#include <stdio.h>
#include <time.h>

#include "base/map.h"
#include "quill/tokenizer.h"

static double cpu_ms(void) { return (double)clock() * 1e3 / CLOCKS_PER_SEC; }

static int failed(const quill_error *err) {
    fprintf(stderr, "%s\n", err->text);
    return 1;
}

static int measure(const quill_tokenizer *t, const char *path) {
    quill_error err;
    struct map file;
    quill_ids ids = {0};
    double cold = 0, best = 1e9;
    if (map_open(&file, path, MAP_READ, QUILL_E_SYSTEM, &err)) return failed(&err);
    for (int run = 0; run < 6; run++) {
        ids.n = 0;
        double begin = cpu_ms();
        if (quill_encode(t, &ids, file.data, file.size, QUILL_SPECIAL_AS_TEXT, &err)) return failed(&err);
        double ms = cpu_ms() - begin;
        if (run == 0) cold = ms;
        else if (ms < best) best = ms;
    }
    double mb = (double)file.size * 1e-6;
    printf("%8.2f MB %9zu tokens  cold %7.1f MB/s  warm %7.1f MB/s  %s\n", mb, ids.n, mb / cold * 1e3, mb / best * 1e3,
           path);
    quill_ids_free(&ids);
    map_close(&file);
    return 0;
}

int main(int argc, char **argv) {
    quill_error err;
    quill_tokenizer *t = NULL;
    double best = 1e9;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_tokenizer MODEL FILE...\n");
        return 2;
    }
    for (int run = 0; run < 10; run++) {
        quill_tokenizer_free(t);
        double begin = cpu_ms();
        if (quill_tokenizer_open(&t, argv[1], &err)) return failed(&err);
        double ms = cpu_ms() - begin;
        if (ms < best) best = ms;
    }
    quill_tokenizer_info info;
    quill_tokenizer_describe(t, &info);
    printf("opened in %.2f ms: %d tokens, %zu merges, split %s, %zu bytes\n", best, quill_n_vocab(t), info.n_merges,
           info.pre, info.memory);
    int status = 0;
    for (int i = 2; i < argc && !status; i++) status = measure(t, argv[i]);
    quill_tokenizer_free(t);
    return status;
}
