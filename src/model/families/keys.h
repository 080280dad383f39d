// SPDX-License-Identifier: MIT
// The metadata names of hyper-parameters: a set of names per format, and the exceptions of a family.
#ifndef QUILL_MODEL_FAMILIES_KEYS_H
#define QUILL_MODEL_FAMILIES_KEYS_H

enum key {
    KEY_NONE, // ends a table
    // Whole numbers.
    KEY_N_EMBD, KEY_N_LAYER, KEY_N_DRAFT, KEY_N_HEAD, KEY_N_CTX, KEY_N_VOCAB, KEY_N_HEAD_KV, KEY_HEAD_DIM, KEY_N_FF,
    KEY_N_EMBD_IN, KEY_N_EXPERT, KEY_WINDOW, KEY_WINDOW_EVERY, KEY_WINDOW_FROM, KEY_ROPE_DIMS, KEY_ROPE_EVERY,
    KEY_ROPE_ORIGINAL,
    // Numbers.
    KEY_NORM_EPS, KEY_SCORE_SCALE, KEY_SCORE_DIM, KEY_SCORE_SOFTCAP, KEY_LOGIT_SOFTCAP, KEY_EMBD_SCALE,
    KEY_RESIDUAL_SCALE, KEY_RESIDUAL_DEPTH, KEY_LOGIT_SCALE, KEY_LOGIT_DIVISOR, KEY_LOGIT_WIDTH, KEY_ROPE_BASE,
    KEY_ROPE_BASE_WINDOW, KEY_ROPE_SHARE, KEY_ROPE_FACTOR, KEY_ROPE_LOW, KEY_ROPE_HIGH, KEY_ROPE_FAST, KEY_ROPE_SLOW,
    KEY_ROPE_MSCALE, KEY_ROPE_MSCALE_ALL, KEY_ROPE_MAGNITUDE, KEY_Q_TEMPERATURE, KEY_QKV_CLAMP, KEY_ALIBI_MAX,
    KEY_FF_RATIO, KEY_ROPE_ALPHA,
    // Truth values.
    KEY_TIED, KEY_SCALE_SCORES, KEY_SCALE_BY_LAYER, KEY_PARALLEL, KEY_ALIBI, KEY_WINDOW_ON, KEY_ROPE_TRUNCATE,
    KEY_ROPE_ON,
    KEY_HAS_BIAS, KEY_HAS_BIAS_MLP, KEY_HAS_NORMS, // there are tensors with BIND_BIAS, BIND_BIAS_MLP, BIND_NORMS
    KEY_REFUSED,    // must be absent or false, since quill does not compute what it asks for; a table may have several
    KEY_REQUIRED,   // must be absent or true
    KEY_FIXED,      // must be absent or the number `otherwise`
    // Words.
    KEY_ACTIVATION, KEY_ROPE_TYPE,
    KEY_ROPE_WORD,  // rope; nope, or absent: the model has no rotary positions
    // Lists, one element for each layer.
    KEY_LAYER_TYPES,   // words: whether a layer has the window
    KEY_LAYER_GROUPS,  // the same, as a list of [[words], how many times]
    KEY_WINDOW_LAYERS, // truth values, the same
    KEY_ROPE_LAYERS,   // 0: without rotary positions
    KEY_ROPE_LONG, KEY_ROPE_SHORT, // numbers, one for each pair: divisors of frequencies
};

enum { KEY_NAMES = 6 };

// A name that begins with a dot follows the family's name. The first name that a file has counts. A row without names:
// files of the family have no such key.
struct key_row {
    enum key key;
    const char *names[KEY_NAMES];
    double otherwise; // the value for files without the key; 0: see the family's row, or the rules in hparams.c
};

// A key that must be absent, null, or this word; word NULL: absent or null.
struct word_row {
    const char *name, *word;
};

// transformers 4 writes `rope_scaling` and, beside it, what does not depend on the kind of scaling; transformers 5
// writes `rope_parameters`, whose members may be kept by the type of a layer.
#define HF_ROPE_NAMES(name) "rope_scaling." name, "rope_parameters." name, "rope_parameters.full_attention." name

extern const struct key_row keys_gguf[], keys_hf[]; // the names that most families share

#endif
