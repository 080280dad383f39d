// SPDX-License-Identifier: MIT
#include "ends.h"

#include "base/alloc.h"
#include "marks.h"

// Files name one token that ends a text, or some of several. Models of chats and of code end theirs with others too: at
// the end of a turn, of a file, of an infill. What would come behind them is another speaker's, or another file. The
// names are llama.cpp's (src/llama-vocab.cpp); models that use them in another way are among the exceptions.
static const char *const known[] = {
    "<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>", "[EOS]", "[e~[",
    ("<\xef\xbd\x9c" "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>"),
    // a turn
    "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|calls|>", "<|flush|>",
    "<end_of_turn>", "<turn|>", "<|tool_response>", "<end_of_utterance>", "[EOT]",
    // an infill, a file, a repository
    "<EOT>", "_<EOT>", "\xe2\x96\x81<EOT>", "<|fim_pad|>", "<fim_pad>", "<fim-pad>", "<|file_sep|>", "<file_sep>",
    "<|file_separator|>", "<|repo_name|>", "<repo_name>", "<reponame>", "<|fim_repo|>", "<fim-repo>", "<REPO>",
};
enum { N_KNOWN = sizeof known / sizeof *known };

// This one ends nothing in a vocabulary that has those beside it.
static const struct {
    const char *text, *beside[2];
} exceptions[] = {
    {"<|end|>", {"<|return|>", "<|call|>"}}, // gpt-oss: ends a message, and an answer has several
    {"<|end|>", {"<|calls|>", "<|flush|>"}}, // Solar Open
    {"</s>", {"<|tool_response>", NULL}},    // Gemma 4
};

static size_t place_of(const char *text) {
    size_t i = 0;
    while (strcmp(known[i], text) != 0) i++;
    return i;
}

static bool has(const int32_t ids[N_KNOWN], const char *text) { return !text || ids[place_of(text)] >= 0; }

static void drop_exceptions(int32_t ids[N_KNOWN]) {
    bool applies[sizeof exceptions / sizeof *exceptions];
    for (size_t i = 0; i < sizeof applies; i++)
        applies[i] = has(ids, exceptions[i].beside[0]) && has(ids, exceptions[i].beside[1]);
    for (size_t i = 0; i < sizeof applies; i++)
        if (applies[i]) ids[place_of(exceptions[i].text)] = -1;
}

bool ends_have(const struct ends *ends, int32_t id) {
    for (size_t i = 0; i < ends->n; i++)
        if (ends->ids[i] == id) return true;
    return false;
}

static void add(struct ends *ends, int32_t id) {
    if (id >= 0 && !ends_have(ends, id)) ends->ids[ends->n++] = id;
}

quill_status ends_find(struct ends *ends, const struct token_table *vocab, const struct vocab_spec *spec,
                       quill_error *err) {
    int32_t by_text[N_KNOWN];
    *ends = (struct ends){0};
    for (size_t i = 0; i < spec->n_eos; i++)
        if (spec->eos[i] < 0 || (size_t)spec->eos[i] >= spec->n_tokens)
            return fail(err, QUILL_E_MODEL, "%s: EOS token: expected an id of 0 to %zu, found %d",
                        QUOTED(str_of(spec->file)), spec->n_tokens - 1, spec->eos[i]);
    ends->ids = alloc_array(spec->n_eos + N_KNOWN, sizeof *ends->ids);
    if (!ends->ids) return fail_memory(err);
    for (size_t i = 0; i < spec->n_eos; i++) add(ends, spec->eos[i]);
    ends->n_named = ends->n;
    marks_find(by_text, known, N_KNOWN, vocab, spec);
    drop_exceptions(by_text);
    for (size_t i = 0; i < N_KNOWN; i++) add(ends, by_text[i]);
    return QUILL_OK;
}

void ends_free(struct ends *ends) {
    free(ends->ids);
    *ends = (struct ends){0};
}
