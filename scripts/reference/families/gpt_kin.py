"""GPT-2's relatives: learned positions, layer norms with biases, an MLP without a gate."""
from .weights import N_TOKENS, Gguf, Model

END = N_TOKENS - 1

GPT2_NAMES = {
    "transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm",
    "transformer.h.{}.ln_1": "attn_norm", "transformer.h.{}.attn.c_attn": "attn_qkv",
    "transformer.h.{}.attn.c_proj": "attn_output", "transformer.h.{}.ln_2": "ffn_norm",
    "transformer.h.{}.mlp.c_fc": "ffn_up", "transformer.h.{}.mlp.c_proj": "ffn_down",
}


def gpt2_keys(writer, config):
    writer.add_block_count(config["n_layer"])
    writer.add_context_length(config["n_positions"])
    writer.add_embedding_length(config["n_embd"])
    writer.add_feed_forward_length(4 * config["n_embd"])
    writer.add_head_count(config["n_head"])
    writer.add_layer_norm_eps(config["layer_norm_epsilon"])


def gpt2_tensors(tensors, config):
    """Matrices as [out, in]."""
    linear = (".c_attn.weight", ".c_proj.weight", ".c_fc.weight")
    return {name: value.T.contiguous() if name.endswith(linear) else value for name, value in tensors.items()}


def gpt2_config(**fields):
    return {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "activation_function": "gelu_new", "attn_pdrop": 0.1,
            "bos_token_id": END, "embd_pdrop": 0.1, "eos_token_id": END, "initializer_range": 0.02, "layer_norm_epsilon": 1e-3,
            "n_ctx": 64, "n_embd": 20, "n_head": 2, "n_layer": 3, "n_positions": 64, "resid_pdrop": 0.1, "vocab_size": 277} | fields


def masks(stem, n_layer, n_ctx):
    """The constant causal masks that old files carry along."""
    import torch
    mask = torch.ones(n_ctx, n_ctx, dtype=torch.uint8).tril().view(1, 1, n_ctx, n_ctx)
    return {stem.format(layer): mask.clone() for layer in range(n_layer)}


def opt(**fields):
    return {"architectures": ["OPTForCausalLM"], "model_type": "opt", "activation_dropout": 0.0, "activation_function": "relu",
              "attention_dropout": 0.0, "bos_token_id": 2, "do_layer_norm_before": True, "dropout": 0.1, "eos_token_id": 2,
              "ffn_dim": 44, "hidden_size": 20, "init_std": 0.02, "layerdrop": 0.0, "max_position_embeddings": 56,
              "num_attention_heads": 4, "num_hidden_layers": 2, "pad_token_id": 1, "prefix": "</s>", "torch_dtype": "float16",
              "use_cache": True, "vocab_size": 277, "word_embed_proj_dim": 20} | fields


NEO_SCALES = (("q_proj.weight", 0.2), ("k_proj.weight", 0.2))  # its scores are not divided

# The forms of GELU differ little: let much of a block be the MLP's.
MLP_SCALES = tuple((f"mlp.{name}.weight", 2.0) for name in ("c_proj", "fc_out", "dense_4h_to_h")) + (("down_proj.weight", 2.0),)

MODELS = (
    Model("distilgpt2", gpt2_config(_num_labels=1, n_layer=2), Gguf("gpt2", GPT2_NAMES, gpt2_keys, tensors=gpt2_tensors),
          scales=MLP_SCALES),
    Model("cerebras", gpt2_config(activation_function="gelu", n_inner=44, n_head=5, n_layer=2, scale_attn_weights=True),
          scales=MLP_SCALES),
    Model("openai-gpt", {
        "architectures": ["OpenAIGPTLMHeadModel"], "model_type": "openai-gpt", "afn": "gelu", "attn_pdrop": 0.1, "embd_pdrop": 0.1,
        "initializer_range": 0.02, "layer_norm_epsilon": 1e-3, "n_ctx": 56, "n_embd": 20, "n_head": 4, "n_layer": 2,
        "n_positions": 56, "n_special": 0, "predict_special_tokens": True, "resid_pdrop": 0.1, "vocab_size": 277},
          scales=MLP_SCALES, rename=lambda name: name.removeprefix("transformer."), ignored=lambda: masks("h.{}.attn.bias", 2, 56)),
    Model("gpt-neo", {
        "architectures": ["GPTNeoForCausalLM"], "model_type": "gpt_neo", "activation_function": "gelu_new", "attention_dropout": 0,
        "attention_layers": ["global", "local", "global", "local"], "attention_types": [[["global", "local"], 2]],
        "bos_token_id": END, "eos_token_id": END, "hidden_size": 20, "intermediate_size": None, "layer_norm_epsilon": 1e-3,
        "max_position_embeddings": 48, "num_heads": 4, "num_layers": 4, "vocab_size": 277, "window_size": 8},
          scales=NEO_SCALES + MLP_SCALES, ignored=lambda: masks("transformer.h.{}.attn.attention.bias", 4, 48)),
    Model("opt", opt()),
    Model("opt-350m", opt(do_layer_norm_before=False, word_embed_proj_dim=12, hidden_size=20),
          rename=lambda name: name.removeprefix("model.")),
    Model("opt-wide", opt(word_embed_proj_dim=28), rename=lambda name: name.removeprefix("model.")),
    Model("galactica", opt(activation_function="gelu", enable_bias=False, layer_norm_elementwise_affine=False,
                           learned_embeddings=True, scale_embeddings=False, bos_token_id=0),
          scales=(("fc2.weight", 2.0),)),
)
