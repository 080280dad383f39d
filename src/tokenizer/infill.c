// SPDX-License-Identifier: MIT
#include "infill.h"

#include "marks.h"

#define MARK "\xe2\x96\x81"  // U+2581
#define BAR "\xef\xbd\x9c"   // U+FF5C

// How each kind of model was trained, from its model card or paper. Nothing stands between a token and a text, except
// the space that SentencePiece puts in front of the text before the gap; the text behind it gets none.
static const struct kind {
    const char *before, *after, *middle; // middle NULL: the text before the gap is continued
    const char *beside;                  // only in vocabularies that have this token too
    bool after_first;
} kinds[] = {
    // Qwen coder, CodeGemma, Granite 4, Yi-Coder
    {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", NULL, false},
    // JetBrains Mellum
    {"<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<|im_start|>", true},
    // StarCoder 1 and 2, Granite code, Refact, Stable Code
    {"<fim_prefix>", "<fim_suffix>", "<fim_middle>", NULL, false},
    // SantaCoder
    {"<fim-prefix>", "<fim-suffix>", "<fim-middle>", NULL, false},
    // DeepSeek coder, V2, V3
    {"<" BAR "fim" MARK "begin" BAR ">", "<" BAR "fim" MARK "hole" BAR ">", "<" BAR "fim" MARK "end" BAR ">", NULL,
     false},
    // Code Llama
    {MARK "<PRE>", MARK "<SUF>", MARK "<MID>", NULL, false},
    {"<PRE>", "<SUF>", "<MID>", NULL, false},
    // Codestral
    {"[PREFIX]", "[SUFFIX]", NULL, NULL, true},
    // Seed-Coder
    {"<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>", NULL, true},
    // GLM 4.5
    {"<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>", NULL, false},
    // Falcon-H1 coder
    {"<|prefix|>", "<|suffix|>", "<|middle|>", NULL, false},
    // aiXcoder
    {MARK "<AIX-SPAN-PRE>", MARK "<AIX-SPAN-POST>", MARK "<AIX-SPAN-MIDDLE>", NULL, false},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds, PARTS = 4 };

static void find_parts(int32_t ids[N_KINDS][PARTS], const struct token_table *vocab, const struct vocab_spec *spec) {
    const char *texts[N_KINDS * PARTS];
    for (size_t i = 0; i < N_KINDS; i++) {
        texts[i * PARTS] = kinds[i].before;
        texts[i * PARTS + 1] = kinds[i].after;
        texts[i * PARTS + 2] = kinds[i].middle;
        texts[i * PARTS + 3] = kinds[i].beside;
    }
    marks_find(ids[0], texts, N_KINDS * PARTS, vocab, spec);
}

void infill_find(struct infill *infill, const struct token_table *vocab, const struct vocab_spec *spec) {
    const int32_t *named = spec->infill;
    int32_t ids[N_KINDS][PARTS];
    *infill = (struct infill){-1, -1, -1, false};
    if (named && named[2] >= 0) *infill = (struct infill){named[0], named[1], named[2], false};
    find_parts(ids, vocab, spec);
    for (size_t i = 0; i < N_KINDS; i++) {
        const int32_t *part = ids[i];
        const bool whole = part[0] >= 0 && part[1] >= 0 && (part[2] >= 0 || !kinds[i].middle);
        if (!whole || (kinds[i].beside && part[3] < 0)) continue;
        // A file that names the tokens does not say their order.
        if (named && (named[0] != part[0] || named[1] != part[1])) continue;
        *infill = (struct infill){part[0], part[1], part[2], kinds[i].after_first};
        return;
    }
}
