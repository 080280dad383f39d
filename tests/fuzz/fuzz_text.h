// SPDX-License-Identifier: MIT
// What holds for any tokenizer and any text.
#ifndef QUILL_TESTS_FUZZ_TEXT_H
#define QUILL_TESTS_FUZZ_TEXT_H

#include "fuzz.h"
#include "quill/tokenizer.h"

// Ids are in range, come after those that were there, and what they are decoded to is the text, if that is a law.
static inline void fuzz_round_trip(const quill_tokenizer *t, const char *text, size_t n) {
    quill_tokenizer_info info;
    quill_decoder decoder;
    quill_tokenizer_describe(t, &info);
    for (quill_special special = QUILL_SPECIAL_AS_TEXT; special <= QUILL_SPECIAL_PARSE; special++) {
        quill_ids ids = {0};
        quill_error err;
        memset(&err, 0x5a, sizeof err);
        quill_status s = quill_encode(t, &ids, "\xc3", 1, special, &err);
        size_t first = ids.n, at = 0, length;
        if (!s) s = quill_encode(t, &ids, text, n, special, &err);
        if (s) {
            fuzz_check_error(s, &err); // a limit of a pattern from a file
            CLAIM(ids.n == first);
            quill_ids_free(&ids);
            continue;
        }
        quill_decoder_begin(&decoder, t, special);
        for (size_t i = first; i < ids.n; i++) {
            CLAIM(ids.ids[i] >= 0 && ids.ids[i] < quill_n_vocab(t));
            const char *bytes = quill_decoder_take(&decoder, ids.ids[i], &length);
            if (!info.lossless) continue;
            CLAIM(length > 0 && length <= n - at && memcmp(bytes, text + at, length) == 0);
            at += length;
        }
        quill_decoder_end(&decoder, &length);
        CLAIM(!info.lossless || (at == n && length == 0));
        quill_ids_free(&ids);
    }
}

// An infill is the ids before the gap, those of the text behind it, and two or three tokens.
static inline void fuzz_infill(const quill_tokenizer *t, const char *text, size_t n) {
    quill_tokenizer_info info;
    quill_ids ids = {0};
    quill_error err;
    const int32_t before = 0;
    quill_tokenizer_describe(t, &info);
    quill_status s = quill_encode_infill(t, &ids, &before, 1, text, n, QUILL_SPECIAL_AS_TEXT, &err);
    if (s) fuzz_check_error(s, &err);
    CLAIM((s == QUILL_E_USAGE) == !info.infill && (s ? ids.n == 0 : ids.n >= 3));
    for (size_t i = 0; i < ids.n; i++) CLAIM(ids.ids[i] >= 0 && ids.ids[i] < quill_n_vocab(t));
    quill_ids_free(&ids);
}

// A tokenizer that was accepted keeps its promises.
static inline void fuzz_tokenizer(const quill_tokenizer *t) {
    static const char text[] = "Hello, world's  \t\xf0\x9f\x98\x80 12345 caf\xc3\xa9\xff\xc0\x80\0"
                               "<|endoftext|> \xe2\x80\x83 end\r\n\n";
    quill_tokenizer_info info;
    quill_tokenizer_describe(t, &info);
    CLAIM(info.model && quill_n_vocab(t) > 0);
    CLAIM(quill_token_bos(t) >= -1 && quill_token_bos(t) < quill_n_vocab(t));
    for (size_t i = 0; i < info.n_eos; i++) CLAIM(info.eos[i] >= 0 && info.eos[i] < quill_n_vocab(t));
    for (size_t i = 0; i < info.n_suppressed; i++)
        CLAIM(info.suppressed[i] >= 0 && info.suppressed[i] < quill_n_vocab(t));
    for (int32_t id = -1; id <= quill_n_vocab(t) && id < 2000; id++) {
        size_t n = 0;
        const char *bytes = quill_token_bytes(t, id, QUILL_SPECIAL_PARSE, &n);
        if (n) fuzz_round_trip(t, bytes, n < 64 ? n : 64);
    }
    fuzz_round_trip(t, text, sizeof text - 1);
    fuzz_round_trip(t, text, 0);
    fuzz_infill(t, text, sizeof text - 1);
}

#endif
