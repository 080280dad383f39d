// SPDX-License-Identifier: MIT
// Embeddings: a text as a vector. The model's final states, which are those behind the last block and the final norm
// (last_hidden_state in transformers), one for each token, are pooled to one state, as in Sentence-BERT (Reimers and
// Gurevych 2019, section 3), and may then be scaled to length 1.
//
// A model that was trained for this says how it is done: in modules.json, 1_Pooling/config.json and
// config_sentence_transformers.json, which sentence-transformers writes, or in the GGUF key ARCH.pooling_type. Others
// give vectors too; how good these are is another matter.
//
// The interface is laid for encoders too: their tokenizers put tokens in front of a text and behind it, they pool by
// QUILL_POOLING_CLS or _MEAN, and their prompts are texts in front.
#ifndef QUILL_EMBED_H
#define QUILL_EMBED_H

#include "session.h"
#include "tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef enum quill_pooling {
    QUILL_POOLING_MEAN, // the sum of the states in the order of their positions, in double precision, and one division
    QUILL_POOLING_CLS,  // the state of the first token
    QUILL_POOLING_LAST, // the state of the last token
} quill_pooling;
const char *quill_pooling_name(quill_pooling pooling); // "mean" "cls" "last"

// A text that the model wants in front of others, by the name of their use: "query".
typedef struct quill_embed_prompt {
    const char *name, *text;
} quill_embed_prompt;

// What a model's files say.
typedef struct quill_embed_config {
    quill_pooling pooling;
    bool pooling_said;       // false: the files do not say; mean, as in sentence-transformers
    bool normalize;          // to length 1. GGUF files that name a pooling count as if they asked for it, unless their
                             // key quill.normalize_embeddings is false, which quantize writes
    bool include_prompt;     // the mean counts the tokens of a prompt
    int32_t max_tokens;      // a longer text is cut off by sentence-transformers, never here; 0: not said
    const quill_embed_prompt *prompts; // [n_prompts]
    size_t n_prompts;
    const char *default_prompt; // the name of the prompt that is used when none is asked for; NULL: none
} quill_embed_config;

// Reads it; everything lives until quill_embed_config_free. Errors: QUILL_E_MODEL (a file is damaged, or asks for what
// is not computed: another pooling, a Dense module, a reranker), QUILL_E_SYSTEM (memory, reading).
QUILL_MUST_CHECK quill_status quill_embed_config_read(quill_embed_config **out, const quill_model *model,
                                                      quill_error *err);
void quill_embed_config_free(quill_embed_config *config); // NULL is fine

// Appends the ids that stand for a text with a prompt in front of it, as the model's tokenizer has it: BOS if it adds
// one, prompt and text as one, and what it puts behind (quill_tokenizer_info.appended). A text without any id becomes
// BOS, else EOS, as an empty prompt does. *n_prompt_ids: how many of them are in front of the text, the prompt's and
// BOS; 0 without a prompt. Errors: those of quill_encode; QUILL_E_USAGE (no id, and neither BOS nor EOS).
QUILL_MUST_CHECK quill_status quill_embed_encode(const quill_tokenizer *tokenizer, quill_ids *out, size_t *n_prompt_ids,
                                                 quill_text prompt, quill_text text, quill_error *err);

typedef struct quill_embed_text {
    const int32_t *ids;  // [n]
    size_t n;
    size_t n_prompt;     // the mean leaves out the states of so many ids at the front, if others are left
    float *vector;       // result: [n_embd], memory of the caller
    quill_status status; // result: of this text
    quill_error error;   // why, when the status is not QUILL_OK
} quill_embed_text;

// The vector of each text. Up to n_seq of them (quill_session_options) are computed at once; the result is the same,
// bit for bit, whatever is computed at once, on every processor. A text that fails does not affect the others: its
// status is QUILL_E_CONTEXT (it does not fit), QUILL_E_USAGE (no id, or one that is not in the vocabulary) or
// QUILL_E_MODEL (non-finite values). A vector of zeros stays one when it is normalised.
// Errors of the call, after which no text has a result: QUILL_E_SYSTEM (memory), QUILL_E_USAGE (the session has rows of
// a batch in work), QUILL_E_MODEL (the model projects its states behind the last block: OPT 350M).
QUILL_MUST_CHECK quill_status quill_embed(quill_session *session, quill_embed_text *texts, size_t n_texts,
                                          quill_pooling pooling, bool normalize, quill_error *err);

// The cosine of the angle between two vectors; NAN if one of them is zero.
double quill_cosine(const float *a, const float *b, size_t n);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
