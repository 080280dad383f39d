// SPDX-License-Identifier: MIT
// The names of tensors in model files. A Hugging Face file may put "transformer." or "model." in front of all of them.
// Tensors without a row here (GPT-2's constant causal masks attn.bias and attn.masked_bias) are not looked at.
#include "binding.h"
#include "model/plan.h"

#define MODEL(field) offsetof(struct model, field)
#define LAYER(field) offsetof(struct layer_plan, field)

// The names llama.cpp's converter gives.
const struct bind_row bind_gpt2_gguf[] = {
    {"token_embd.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"position_embd.weight", BIND_MATRIX, MODEL(positions), {DIM_CTX, DIM_EMBD}, 0},
    {"blk.%d.attn_norm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"blk.%d.attn_norm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"blk.%d.attn_qkv.weight", BIND_QKV_MATRIX, 0, {DIM_QKV, DIM_EMBD}, 0},
    {"blk.%d.attn_qkv.bias", BIND_QKV_VECTOR, 0, {DIM_QKV}, 0},
    {"blk.%d.attn_output.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"blk.%d.attn_output.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, 0},
    {"blk.%d.ffn_norm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"blk.%d.ffn_norm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, 0},
    {"blk.%d.ffn_up.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"blk.%d.ffn_up.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, 0},
    {"blk.%d.ffn_down.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"blk.%d.ffn_down.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, 0},
    {"output_norm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"output_norm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {"output.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_OPTIONAL},
    {0},
};

// GPT-2's own layers ("Conv1D") keep their matrices as [in, out].
const struct bind_row bind_gpt2_hf[] = {
    {"wte.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"wpe.weight", BIND_MATRIX, MODEL(positions), {DIM_CTX, DIM_EMBD}, 0},
    {"h.%d.ln_1.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"h.%d.ln_1.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"h.%d.attn.c_attn.weight", BIND_QKV_MATRIX, 0, {DIM_EMBD, DIM_QKV}, BIND_TRANSPOSED},
    {"h.%d.attn.c_attn.bias", BIND_QKV_VECTOR, 0, {DIM_QKV}, 0},
    {"h.%d.attn.c_proj.weight", BIND_MATRIX, LAYER(o.w), {DIM_HEADS, DIM_EMBD}, BIND_TRANSPOSED},
    {"h.%d.attn.c_proj.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, 0},
    {"h.%d.ln_2.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"h.%d.ln_2.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, 0},
    {"h.%d.mlp.c_fc.weight", BIND_MATRIX, LAYER(up.w), {DIM_EMBD, DIM_FF}, BIND_TRANSPOSED},
    {"h.%d.mlp.c_fc.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, 0},
    {"h.%d.mlp.c_proj.weight", BIND_MATRIX, LAYER(down.w), {DIM_FF, DIM_EMBD}, BIND_TRANSPOSED},
    {"h.%d.mlp.c_proj.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, 0},
    {"ln_f.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"ln_f.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_UNTIED},
    {0},
};
