"""GPT-J, GPT-NeoX, ALiBi and code models: fused q, k, v in many orders, partial rotary positions, parallel residuals."""
from .gpt_kin import END, MLP_SCALES, masks
from .weights import Gguf, Model

NEOX_NAMES = {
    "gpt_neox.embed_in": "token_embd", "gpt_neox.final_layer_norm": "output_norm", "embed_out": "output",
    "gpt_neox.layers.{}.input_layernorm": "attn_norm", "gpt_neox.layers.{}.post_attention_layernorm": "ffn_norm",
    "gpt_neox.layers.{}.attention.query_key_value": "attn_qkv", "gpt_neox.layers.{}.attention.dense": "attn_output",
    "gpt_neox.layers.{}.mlp.dense_h_to_4h": "ffn_up", "gpt_neox.layers.{}.mlp.dense_4h_to_h": "ffn_down",
    "gpt_neox.layers.{}.attention": None, "gpt_neox.layers.{}.attention.rotary_emb": None,
}

BLOOM_NAMES = {
    "word_embeddings": "token_embd", "word_embeddings_layernorm": "token_embd_norm",
    "ln_f": "output_norm",
    "h.{}.input_layernorm": "attn_norm", "h.{}.post_attention_layernorm": "ffn_norm",
    "h.{}.self_attention.query_key_value": "attn_qkv", "h.{}.self_attention.dense": "attn_output",
    "h.{}.mlp.dense_h_to_4h": "ffn_up", "h.{}.mlp.dense_4h_to_h": "ffn_down",
}

# Falcon's two norms of the input of a block: the MLP's has the plain name.
FALCON_NAMES = {"transformer." + name: target for name, target in BLOOM_NAMES.items()} | {
    "transformer.h.{}.ln_attn": "attn_norm_2", "transformer.h.{}.ln_mlp": "attn_norm", "lm_head": "output"}

MPT_NAMES = {
    "transformer.wte": "token_embd", "transformer.norm_f": "output_norm", "transformer.blocks.{}.norm_1": "attn_norm",
    "transformer.blocks.{}.attn.Wqkv": "attn_qkv", "transformer.blocks.{}.attn.out_proj": "attn_output",
    "transformer.blocks.{}.norm_2": "ffn_norm", "transformer.blocks.{}.ffn.up_proj": "ffn_up",
    "transformer.blocks.{}.ffn.down_proj": "ffn_down",
}

BIGCODE_NAMES = {
    "transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm",
    "transformer.h.{}.ln_1": "attn_norm", "transformer.h.{}.attn.c_attn": "attn_qkv",
    "transformer.h.{}.attn.c_proj": "attn_output", "transformer.h.{}.ln_2": "ffn_norm",
    "transformer.h.{}.mlp.c_fc": "ffn_up", "transformer.h.{}.mlp.c_proj": "ffn_down",
}

STARCODER2_NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "model.layers.{}.input_layernorm": "attn_norm",
    "model.layers.{}.self_attn.q_proj": "attn_q", "model.layers.{}.self_attn.k_proj": "attn_k",
    "model.layers.{}.self_attn.v_proj": "attn_v", "model.layers.{}.self_attn.o_proj": "attn_output",
    "model.layers.{}.post_attention_layernorm": "ffn_norm", "model.layers.{}.mlp.c_fc": "ffn_up",
    "model.layers.{}.mlp.c_proj": "ffn_down",
}


# ---- GGUF ----

def some_keys(writer, context, embedding, blocks, inner, heads, eps):
    writer.add_context_length(context)
    writer.add_embedding_length(embedding)
    writer.add_block_count(blocks)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_layer_norm_eps(eps)


def neox_keys(writer, config):
    heads = config["num_attention_heads"]
    some_keys(writer, config["max_position_embeddings"], config["hidden_size"], config["num_hidden_layers"],
              config["intermediate_size"], heads, config["layer_norm_eps"])
    writer.add_rope_dimension_count(int(config["rotary_pct"] * (config["hidden_size"] // heads)))
    writer.add_parallel_residual(config["use_parallel_residual"])


def bloom_keys(writer, config):
    embedding = config["n_embed"]
    some_keys(writer, config["seq_length"], embedding, config["n_layer"], 4 * embedding, config["num_attention_heads"],
              config["layer_norm_epsilon"])
    writer.add_head_count_kv(config["num_attention_heads"])


def mpt_keys(writer, config):
    some_keys(writer, config["max_seq_len"], config["d_model"], config["n_layers"], 4 * config["d_model"], config["n_heads"], 1e-5)
    if config["attn_config"]["clip_qkv"] is not None:
        writer.add_clamp_kqv(config["attn_config"]["clip_qkv"])
    writer.add_max_alibi_bias(config["attn_config"]["alibi_bias_max"])


def falcon_keys(writer, config):
    embedding = config["hidden_size"]
    some_keys(writer, 2048, embedding, config["num_hidden_layers"], 4 * embedding, config["num_attention_heads"],
              config["layer_norm_epsilon"])
    writer.add_tensor_data_layout("jploski")
    writer.add_head_count_kv(falcon_groups(config))


def falcon_groups(config):
    return config["num_kv_heads"] if config["new_decoder_architecture"] else 1


def bigcode_keys(writer, config):
    some_keys(writer, config["n_positions"], config["n_embd"], config["n_layer"], 4 * config["n_embd"], config["n_head"],
              config["layer_norm_epsilon"])
    writer.add_head_count_kv(1)


def starcoder2_keys(writer, config):
    some_keys(writer, config["max_position_embeddings"], config["hidden_size"], config["num_hidden_layers"],
              config["intermediate_size"], config["num_attention_heads"], config["norm_epsilon"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_freq_base(config["rope_theta"])


def ungroup(rows, heads, groups):
    """Rows of q, k and v of each group of heads: all of q, then all of k, then all of v."""
    import torch
    parts = rows.reshape(groups, heads // groups + 2, -1, *rows.shape[1:])
    return torch.cat([part.reshape(-1, *rows.shape[1:]) for part in (parts[:, :-2], parts[:, -2], parts[:, -1])])


def ungrouped(heads, groups=None):
    """For Gguf.tensors; without groups every head has a k and a v."""
    def convert(tensors, config):
        for name in tensors:
            if "query_key_value" in name:
                tensors[name] = ungroup(tensors[name], heads(config), (groups or heads)(config))
        return tensors
    return convert


def n_heads(config):
    return config["num_attention_heads"]


# ---- the models ----

def gptj(kind, family, **fields):
    return {"architectures": [kind], "model_type": family, "activation_function": "gelu_new", "attn_pdrop": 0.0,
            "bos_token_id": END, "embd_pdrop": 0.0, "eos_token_id": END, "initializer_range": 0.02, "layer_norm_epsilon": 1e-3,
            "n_embd": 24, "n_head": 2, "n_inner": None, "n_layer": 2, "n_positions": 64, "resid_pdrop": 0.0, "rotary": True,
            "rotary_dim": 8, "tie_word_embeddings": False, "use_cache": True, "vocab_size": 277} | fields


def neox(**fields):
    return {"architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox", "bos_token_id": END, "eos_token_id": END,
            "hidden_act": "gelu", "hidden_size": 24, "initializer_range": 0.02, "intermediate_size": 52, "layer_norm_eps": 1e-3,
            "max_position_embeddings": 48, "num_attention_heads": 2, "num_hidden_layers": 2, "rotary_emb_base": 10000,
            "rotary_pct": 0.34, "tie_word_embeddings": False, "torch_dtype": "float16", "use_cache": True,
            "use_parallel_residual": True, "vocab_size": 277} | fields


def neox_constants():
    """What files of Pythia have besides."""
    import torch
    tensors = {name: mask.bool() for name, mask in masks("gpt_neox.layers.{}.attention.bias", 2, 48).items()}
    for layer in range(2):
        tensors[f"gpt_neox.layers.{layer}.attention.masked_bias"] = torch.tensor(-1e9)
        tensors[f"gpt_neox.layers.{layer}.attention.rotary_emb.inv_freq"] = torch.ones(2)
    return tensors


NEOX = Gguf("gptneox", NEOX_NAMES, neox_keys, tensors=ungrouped(n_heads))


def falcon(**fields):
    return {"architectures": ["FalconForCausalLM"], "model_type": "falcon", "alibi": False, "attention_dropout": 0.0, "bias": False,
            "bos_token_id": END, "eos_token_id": END, "hidden_dropout": 0.0, "hidden_size": 24, "initializer_range": 0.02,
            "layer_norm_epsilon": 1e-3, "multi_query": True, "new_decoder_architecture": False, "num_attention_heads": 6,
            "num_hidden_layers": 2, "parallel_attn": True, "torch_dtype": "bfloat16", "use_cache": True, "vocab_size": 277} | fields


# As files said before transformers had the family.
OLD_FALCON = {
    "architectures": ["RWForCausalLM"], "model_type": "RefinedWebModel", "alibi": False, "apply_residual_connection_post_layernorm": False,
    "attention_dropout": 0.0, "bias": False, "bos_token_id": END, "eos_token_id": END, "hidden_dropout": 0.0, "hidden_size": 24,
    "initializer_range": 0.02, "layer_norm_epsilon": 1e-3, "multi_query": True, "n_head": 6, "n_layer": 2, "parallel_attn": True,
    "torch_dtype": "bfloat16", "use_cache": True, "vocab_size": 277}

FALCON = Gguf("falcon", FALCON_NAMES, falcon_keys, tensors=ungrouped(n_heads, falcon_groups))


def bigcode(**fields):
    return {"architectures": ["GPTBigCodeForCausalLM"], "model_type": "gpt_bigcode", "activation_function": "gelu_pytorch_tanh",
            "attention_softmax_in_fp32": True, "attn_pdrop": 0.1, "bos_token_id": END, "embd_pdrop": 0.1, "eos_token_id": END,
            "initializer_range": 0.02, "layer_norm_epsilon": 1e-3, "multi_query": True, "n_embd": 20, "n_head": 5, "n_inner": 80,
            "n_layer": 2, "n_positions": 48, "resid_pdrop": 0.1, "scale_attention_softmax_in_fp32": True,
            "scale_attn_weights": True, "use_cache": True, "validate_runner_input": True, "vocab_size": 277} | fields


def starcoder2(**fields):
    return {"architectures": ["Starcoder2ForCausalLM"], "model_type": "starcoder2", "attention_dropout": 0.1,
            "bos_token_id": END, "embedding_dropout": 0.1, "eos_token_id": END, "hidden_act": "gelu_pytorch_tanh",
            "hidden_size": 24, "initializer_range": 0.02, "intermediate_size": 52, "max_position_embeddings": 64,
            "mlp_type": "default", "norm_epsilon": 1e-3, "norm_type": "layer_norm", "num_attention_heads": 6,
            "num_hidden_layers": 2, "num_key_value_heads": 2, "residual_dropout": 0.1, "rope_theta": 1e5, "sliding_window": None,
            "use_bias": True, "use_cache": True, "vocab_size": 277} | fields


def model(name, config, gguf=None, **fields):
    return Model(name, config, gguf, scales=MLP_SCALES, **fields)


MODELS = (
    model("gptj", gptj("GPTJForCausalLM", "gptj")),
    model("codegen", gptj("CodeGenForCausalLM", "codegen", n_embd=32, n_head=8, n_inner=44, n_ctx=48, n_positions=48, rotary_dim=4),
          ignored=lambda: masks("transformer.h.{}.attn.causal_mask", 2, 48)),
    model("gpt-neox", neox(), NEOX, ignored=neox_constants),
    model("gpt-neox-sequential", neox(use_parallel_residual=False, rotary_pct=1.0, num_attention_heads=3), NEOX),
    model("bloom", {
        "architectures": ["BloomForCausalLM"], "model_type": "bloom", "apply_residual_connection_post_layernorm": False,
        "attention_dropout": 0.0, "attention_softmax_in_fp32": True, "bias_dropout_fusion": True, "bos_token_id": 1,
        "eos_token_id": 2, "hidden_dropout": 0.0, "initializer_range": 0.02, "layer_norm_epsilon": 1e-3, "masked_softmax_fusion": True,
        "n_embed": 20, "n_inner": None, "n_layer": 2, "num_attention_heads": 5, "offset_alibi": 100, "pad_token_id": 3,
        "pretraining_tp": 2, "seq_length": 64, "skip_bias_add": True, "skip_bias_add_qkv": False, "slow_but_exact": False,
        "unk_token_id": 0, "use_cache": True, "vocab_size": 277}, Gguf("bloom", BLOOM_NAMES, bloom_keys, tensors=ungrouped(n_heads)),
          rename=lambda name: name.removeprefix("transformer.")),
    model("mpt", {
        "architectures": ["MPTForCausalLM"], "model_type": "mpt", "d_model": 24, "emb_pdrop": 0, "embedding_fraction": 1.0,
        "attn_config": {"alibi": True, "alibi_bias_max": 8, "attn_impl": "torch", "attn_pdrop": 0, "attn_type": "multihead_attention",
                        "attn_uses_sequence_id": False, "clip_qkv": 2.0, "prefix_lm": False, "qk_ln": False, "softmax_scale": None},
        "expansion_ratio": 4, "learned_pos_emb": True, "logit_scale": None, "max_seq_len": 64, "n_heads": 6, "n_layers": 2,
        "no_bias": True, "norm_type": "low_precision_layernorm", "resid_pdrop": 0, "torch_dtype": "float16", "use_cache": False,
        "vocab_size": 277}, Gguf("mpt", MPT_NAMES, mpt_keys), kind="MptForCausalLM"),
    model("falcon", falcon(num_kv_heads=6), FALCON, dtype="bfloat16"),
    model("falcon-old", falcon(), dtype="bfloat16", published=OLD_FALCON),
    model("falcon-40b-old", falcon(new_decoder_architecture=True, num_kv_heads=3), dtype="bfloat16", published={
        name: value for name, value in OLD_FALCON.items() if name != "multi_query"} | {"model_type": "RefinedWeb", "n_head_kv": 3}),
    model("falcon-40b", falcon(new_decoder_architecture=True, num_kv_heads=2), FALCON, dtype="bfloat16"),
    model("falcon-11b", falcon(new_decoder_architecture=True, num_kv_heads=2, num_ln_in_parallel_attn=1, ffn_hidden_size=96,
                               activation="gelu", tie_word_embeddings=False, max_position_embeddings=64, rope_theta=500042.0,
                               num_attention_heads=4), dtype="bfloat16"),
    # transformers' eager attention adds the slopes twice, to the scores and to the mask.
    model("falcon-rw", falcon(alibi=True, bias=True, multi_query=False, parallel_attn=False, hidden_size=20, num_attention_heads=10),
          dtype="bfloat16", attention="sdpa", source="Hugging Face transformers, float32, sdpa attention"),
    model("gpt-bigcode", bigcode(), Gguf("starcoder", BIGCODE_NAMES, bigcode_keys)),
    model("gpt-bigcode-heads", bigcode(multi_query=False, n_head=2, activation_function="gelu_pytorch_tanh", inference_runner=0)),
    model("starcoder2", starcoder2(), Gguf("starcoder2", STARCODER2_NAMES, starcoder2_keys)),
    model("starcoder2-window", starcoder2(sliding_window=8, num_key_value_heads=3)),
)
