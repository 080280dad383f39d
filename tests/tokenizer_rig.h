// SPDX-License-Identifier: MIT
// Vocabularies made by hand: the 256 bytes are ids 0 to 255, what a test adds comes behind them.
#ifndef QUILL_TESTS_TOKENIZER_RIG_H
#define QUILL_TESTS_TOKENIZER_RIG_H

#include "test.h"

#include "base/buffer.h"
#include "base/utf8.h"
#include "quill/tokenizer.h"
#include "tokenizer/tokenizer.h"

#define fail_with(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

enum { RIG_TOKENS = 1200 };

struct rig {
    struct vocab_spec spec;
    struct str tokens[RIG_TOKENS], merges[RIG_TOKENS];
    uint8_t kinds[RIG_TOKENS];
    char bytes[256][4];
};

// GPT-2's map, as encoder.py has it: bytes that print stay, the others follow from 256 on in their order.
static inline void rig_begin(struct rig *rig) {
    uint32_t next = 256;
    *rig = (struct rig){.spec = {.file = "rig", .n_tokens = 256, .unk = -1, .bos = -1}};
    for (unsigned b = 0; b < 256; b++) {
        bool prints = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
        rig->tokens[b] = (struct str){rig->bytes[b], (size_t)utf8_write(rig->bytes[b], prints ? b : next)};
        if (!prints) next++;
    }
    rig->spec.tokens = rig->tokens;
    rig->spec.kinds = rig->kinds;
    rig->spec.merges = rig->merges;
}

static inline int32_t rig_add(struct rig *rig, const char *text, enum token_kind kind) {
    rig->tokens[rig->spec.n_tokens] = str_of(text);
    rig->kinds[rig->spec.n_tokens] = (uint8_t)kind;
    return (int32_t)rig->spec.n_tokens++;
}

// The merge and the token that it makes, which is "left right" without the blank.
static inline int32_t rig_merge(struct rig *rig, const char *merge, const char *result) {
    rig->merges[rig->spec.n_merges++] = str_of(merge);
    return rig_add(rig, result, TOKEN_NORMAL);
}

static inline quill_tokenizer *rig_tokenizer(const struct rig *rig) {
    quill_error err;
    quill_tokenizer *t;
    assert_ok(tokenizer_create(&t, &rig->spec, &err), err);
    return t;
}

// The ids of a text are these, ended by -1.
static inline void assert_encodes(const quill_tokenizer *t, struct str text, quill_special special, ...) {
    quill_error err;
    quill_ids ids = {0};
    va_list expected;
    size_t n = 0;
    assert_ok(quill_encode(t, &ids, text.p, text.n, special, &err), err);
    va_start(expected, special);
    for (int id; (id = va_arg(expected, int)) >= 0; n++) {
        if (n >= ids.n) fail_with("'%.*s': too few ids", (int)text.n, text.p);
        else if (ids.ids[n] != id) fail_with("'%.*s': id %d at %zu", (int)text.n, text.p, ids.ids[n], n);
    }
    va_end(expected);
    assert_int_equal(ids.n, n);
    quill_ids_free(&ids);
}

#endif
