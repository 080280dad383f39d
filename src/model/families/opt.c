// SPDX-License-Identifier: MIT
// OPT (Zhang et al. 2022) and Galactica (Taylor et al. 2022). The position table begins two rows late. Projections may
// lead between the widths of the embedding and of the blocks. OPT-350M has them, its norms after the sums, and none
// before the head. Galactica's norms have no weights.
#include "shared.h"

static const struct bind_row blocks[] = {
    {"embed_tokens.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD_IN}, 0},
    {"embed_positions.weight", BIND_MATRIX, MODEL(positions), {DIM_POSITIONS, DIM_EMBD}, 0},
    {"layers.%d.self_attn.q_proj.weight", BIND_MATRIX, LAYER(q.w), {DIM_HEADS, DIM_EMBD}, 0},
    {"layers.%d.self_attn.q_proj.bias", BIND_VECTOR, LAYER(q.b), {DIM_HEADS}, BIND_BIAS},
    {"layers.%d.self_attn.k_proj.weight", BIND_MATRIX, LAYER(k.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"layers.%d.self_attn.k_proj.bias", BIND_VECTOR, LAYER(k.b), {DIM_HEADS_KV}, BIND_BIAS},
    {"layers.%d.self_attn.v_proj.weight", BIND_MATRIX, LAYER(v.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"layers.%d.self_attn.v_proj.bias", BIND_VECTOR, LAYER(v.b), {DIM_HEADS_KV}, BIND_BIAS},
    {"layers.%d.self_attn.out_proj.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"layers.%d.self_attn.out_proj.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, BIND_BIAS},
    {"layers.%d.fc1.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"layers.%d.fc1.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, BIND_BIAS},
    {"layers.%d.fc2.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"layers.%d.fc2.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, BIND_BIAS},
    {"project_in.weight", BIND_MATRIX, MODEL(embd_in.w), {DIM_EMBD, DIM_EMBD_IN}, BIND_IF_PROJECTED},
    {"project_out.weight", BIND_MATRIX, MODEL(embd_out.w), {DIM_EMBD_IN, DIM_EMBD}, BIND_IF_PROJECTED},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD_IN}, BIND_HEAD},
    {0},
};

// What the file calls final_layer_norm of a layer is the norm of its MLP.
static const struct bind_row norms_before[] = {
    {"layers.%d.self_attn_layer_norm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"layers.%d.self_attn_layer_norm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, BIND_OPTIONAL},
    {"layers.%d.final_layer_norm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"layers.%d.final_layer_norm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, BIND_OPTIONAL},
    {"final_layer_norm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"final_layer_norm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, BIND_OPTIONAL},
    {0},
};

static const struct bind_row norms_after[] = {
    {"layers.%d.self_attn_layer_norm.weight", BIND_VECTOR, LAYER(attn_sum.w), {DIM_EMBD}, 0},
    {"layers.%d.self_attn_layer_norm.bias", BIND_VECTOR, LAYER(attn_sum.b), {DIM_EMBD}, BIND_OPTIONAL},
    {"layers.%d.final_layer_norm.weight", BIND_VECTOR, LAYER(mlp_sum.w), {DIM_EMBD}, 0},
    {"layers.%d.final_layer_norm.bias", BIND_VECTOR, LAYER(mlp_sum.b), {DIM_EMBD}, BIND_OPTIONAL},
    {0},
};

static const struct bind_row norms_bare[] = {
    {"layers.%d", BIND_NORM, LAYER(attn_in), {DIM_NONE}, 0},
    {"layers.%d", BIND_NORM, LAYER(mlp_in), {DIM_NONE}, 0},
    {"final", BIND_NORM, MODEL(final_norm), {DIM_NONE}, 0},
    {0},
};

static const struct key_row keys[] = {
    {KEY_N_HEAD_KV, {0}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_N_FF, {"ffn_dim"}, 0},
    {KEY_N_EMBD_IN, {"word_embed_proj_dim"}, 0},
    {KEY_NORM_EPS, {0}, 1e-5},
    {KEY_ACTIVATION, {"activation_function"}, 0},
    {KEY_HAS_BIAS, {"enable_bias"}, 0},
    {KEY_REFUSED, {"_remove_final_layer_norm"}, 0},
    {0},
};

static const char *const prefixes[] = {"model.decoder.", "decoder.", "model.", NULL};

#define OPT(who, norms)                                                              \
    .name = "opt", .tokenizers = "BPE", .serves = who, .norm = NORM_LAYER,            \
    .act = ACTF_RELU, .scale_scores = true, .position_offset = 2, .tied = true,       \
    .files[WEIGHTS_HF] = {.rows = {blocks, norms}, .keys = {keys}, .prefixes = prefixes}

#define BEFORE "do_layer_norm_before"
#define WEIGHTS "layer_norm_elementwise_affine"

const struct family family_opt = {
    OPT("OPT 125M, 1.3B to 66B", norms_before),
    .cases = {{BEFORE, true, true}, {WEIGHTS, true, true}},
};

const struct family family_opt_350m = {
    OPT("OPT 350M", norms_after),
    .cases = {{BEFORE, false, true}, {WEIGHTS, true, true}},
};

const struct family family_galactica = {
    OPT("Galactica", norms_bare),
    .cases = {{BEFORE, true, true}, {WEIGHTS, false, true}},
};
