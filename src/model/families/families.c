// SPDX-License-Identifier: MIT
#include "family.h"

static const struct arch_spec families[] = {
    // Radford et al. 2019, "Language models are unsupervised multitask learners"
    {
        .name = "gpt2",
        .norm = NORM_LAYER,
        .residual = RESIDUAL_SEQUENTIAL,
        .position = POSITION_LEARNED,
        .mlp = MLP_PLAIN,
        .act = ACTF_GELU_TANH,
        .scale_scores = true,
        .tied = true,
        .binding = {[WEIGHTS_GGUF] = bind_gpt2_gguf, [WEIGHTS_HF] = bind_gpt2_hf},
    },
};

const struct arch_spec *arch_find(struct str name) {
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (str_is(name, families[i].name)) return &families[i];
    return NULL;
}

const char *arch_names(void) { return "gpt2"; }
