// SPDX-License-Identifier: MIT
#include "family.h"

// The families; each is the constant family_<name> in a file of its own. Variants of a family follow each other.
#define FAMILIES(row)                                                                                              \
    row(openai_gpt) row(gpt2) row(gpt_neo) row(opt) row(opt_350m) row(galactica)                                   \
    row(llama) row(mistral) row(mistral3) row(smollm3) row(qwen2) row(qwen3) row(granite)                          \
    row(gptj) row(codegen) row(gpt_neox) row(bloom) row(mpt) row(falcon) row(falcon_40b)               \
    row(falcon_40b_old) row(falcon_rw)            \
    row(gpt_bigcode) row(gpt_bigcode_heads) row(starcoder2)                                                        \
    row(phi) row(phi3) row(stablelm) row(olmo) row(olmo2) row(olmo3) row(gemma) row(gemma2) row(gemma3)            \
    row(cohere) row(cohere2) row(glm) row(glm4) row(exaone) row(exaone4) row(granite4) row(hyperclovax)            \
    row(internlm2) row(internlm3) row(minicpm) row(seed_oss) row(ernie4_5) row(helium) row(arcee) row(nemotron)    \
    row(jais2) row(hunyuan) row(cwm) row(vaultgemma) row(nanochat) row(persimmon) row(xglm) row(biogpt) row(ctrl)

#define DECLARATION(name) extern const struct family family_##name;
FAMILIES(DECLARATION)

#define POINTER(name) &family_##name,
static const struct family *const families[] = {FAMILIES(POINTER)};

enum { N_FAMILIES = sizeof families / sizeof families[0] };

const struct family *family_at(size_t index) { return index < N_FAMILIES ? families[index] : NULL; }

bool family_has(const struct family *family, enum weights_format format) { return family->files[format].rows[0]; }

const struct family *family_in_gguf(const struct family *family) {
    if (family->in_gguf) return family->in_gguf;
    return family_has(family, WEIGHTS_GGUF) ? family : NULL;
}

const char *family_name(const struct family *family, enum weights_format format) {
    const char *name = family->files[format].names[0];
    return name ? name : family->name;
}

bool family_is(const struct family *family, enum weights_format format, struct str name) {
    if (!family_has(family, format)) return false;
    const char *const *names = family->files[format].names;
    if (!names[0]) return str_is(name, family->name);
    for (; *names; names++)
        if (str_is(name, *names)) return true;
    return false;
}

const struct family *family_find(enum weights_format format, struct str name) {
    for (size_t i = 0; i < N_FAMILIES; i++)
        if (family_is(families[i], format, name)) return families[i];
    return NULL;
}

const struct bind_row *row_next(struct row_walk *walk) {
    for (; *walk->table; walk->table++, walk->row = NULL) {
        walk->row = walk->row ? walk->row + 1 : *walk->table;
        if (walk->row->name) return walk->row;
    }
    return NULL;
}
