"""Llama's relatives."""
import math

from .weights import N_TOKENS, Gguf, Model

END = N_TOKENS - 1

# Tensors of most models that are written like Llama.
NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "model.layers.{}.input_layernorm": "attn_norm", "model.layers.{}.self_attn.q_proj": "attn_q",
    "model.layers.{}.self_attn.k_proj": "attn_k", "model.layers.{}.self_attn.v_proj": "attn_v",
    "model.layers.{}.self_attn.o_proj": "attn_output", "model.layers.{}.self_attn.q_norm": "attn_q_norm",
    "model.layers.{}.self_attn.k_norm": "attn_k_norm", "model.layers.{}.post_attention_layernorm": "ffn_norm",
    "model.layers.{}.mlp.gate_proj": "ffn_gate", "model.layers.{}.mlp.up_proj": "ffn_up",
    "model.layers.{}.mlp.down_proj": "ffn_down",
}


def base_config(kind, family, **fields):
    """config.json of a model that is written like Llama; fields that are None are left out."""
    config = {"architectures": [kind], "model_type": family, "hidden_size": 24, "intermediate_size": 44,
              "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 277,
              "max_position_embeddings": 64, "rms_norm_eps": 1e-3, "rope_theta": 10000.0, "rope_scaling": None,
              "hidden_act": "silu", "tie_word_embeddings": False, "attention_bias": False, "attention_dropout": 0.0,
              "initializer_range": 0.02, "use_cache": True, "bos_token_id": END, "eos_token_id": END,
              "torch_dtype": "float16"}
    for name, value in fields.items():
        if value is LEFT_OUT:
            config.pop(name, None)
        else:
            config[name] = value
    return config


LEFT_OUT = object()


# ---- GGUF ----

def sizes(writer, config):
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    if "num_key_value_heads" in config:
        writer.add_head_count_kv(config["num_key_value_heads"])
    if "rms_norm_eps" in config:
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    if "layer_norm_eps" in config:
        writer.add_layer_norm_eps(config["layer_norm_eps"])
    if config.get("head_dim"):
        writer.add_key_length(config["head_dim"])
        writer.add_value_length(config["head_dim"])


def rope_of(config):
    """All that is said of rotary positions, in one dictionary."""
    rope = dict(config.get("rope_parameters") or config.get("rope_scaling") or {})
    rope.setdefault("rope_type", rope.get("type", "default"))
    if "rope_theta" in config:
        rope["rope_theta"] = config["rope_theta"]
    return rope


# Of the classes in transformers; a GGUF file without the key means 10000.
DEFAULT_BASES = {"smollm3": 2e6}


def rotary(writer, config):
    rope = rope_of(config)
    if "rope_theta" in rope or config["model_type"] in DEFAULT_BASES:
        writer.add_rope_freq_base(rope.get("rope_theta") or DEFAULT_BASES[config["model_type"]])
    if rope["rope_type"] == "linear":
        writer.add_string(f"{writer.arch}.rope.scaling.type", "linear")
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        writer.add_string(f"{writer.arch}.rope.scaling.type", "yarn")
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        for name, add in (("beta_fast", writer.add_rope_scaling_yarn_beta_fast), ("beta_slow", writer.add_rope_scaling_yarn_beta_slow)):
            if name in rope:
                add(rope[name])


def head_dim(config):
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]


def llama_keys(writer, config):
    sizes(writer, config)
    rotary(writer, config)
    writer.add_rope_dimension_count(head_dim(config))
    writer.add_vocab_size(config["vocab_size"])


def half_split_keys(writer, config):
    sizes(writer, config)
    rotary(writer, config)


def permute(rows, n_head):
    """Within each head the two halves in turn: row 2i is row i, row 2i + 1 is row i + D/2."""
    import torch
    heads = rows.reshape(n_head, 2, -1, *rows.shape[1:])
    return torch.stack((heads[:, 0], heads[:, 1]), 2).reshape(rows.shape)


def llama_tensors(tensors, config):
    """Rows of q and k in the order of interleaved pairs; the divisors of llama3's frequencies."""
    import torch
    heads = {"q_proj": config["num_attention_heads"], "k_proj": config.get("num_key_value_heads", config["num_attention_heads"])}
    for name in tensors:
        part = name.split(".")[-2]
        if part in heads:
            tensors[name] = permute(tensors[name], heads[part])
    rope = rope_of(config)
    if rope["rope_type"] == "llama3":
        tensors["rope_freqs.weight"] = torch.tensor(llama3_divisors(rope, head_dim(config)), dtype=torch.float32)
    return tensors


def llama3_divisors(rope, dim):
    """By what the frequencies are divided: long waves by the factor, short ones by 1, between them a mixture."""
    context, factor = rope["original_max_position_embeddings"], rope["factor"]
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    divisors = []
    for i in range(dim // 2):
        wave = 2 * math.pi * rope["rope_theta"] ** (2 * i / dim)
        share = min(max((context / wave - low) / (high - low), 0.0), 1.0)
        divisors.append(1 / ((1 - share) / factor + share))
    return divisors


LLAMA = Gguf("llama", NAMES, llama_keys, tensors=llama_tensors)


def mistral3_keys(writer, config):
    llama_keys(writer, config)
    rope = rope_of(config)
    if "llama_4_scaling_beta" in rope:
        writer.add_rope_scaling_yarn_log_mul(rope["mscale_all_dim"])
        writer.add_attn_temperature_scale(rope["llama_4_scaling_beta"])


def granite_keys(writer, config):
    llama_keys(writer, config)
    writer.add_attention_scale(config["attention_multiplier"])
    writer.add_embedding_scale(config["embedding_multiplier"])
    writer.add_residual_scale(config["residual_multiplier"])
    writer.add_logit_scale(config["logits_scaling"])


# ---- the models ----

def llama(name, gguf=LLAMA, **fields):
    return Model(name, base_config("LlamaForCausalLM", "llama", **fields), gguf, dtype=fields.get("torch_dtype", "float16"))


MINISTRAL3 = {"rope_theta": 100.0, "rope_type": "yarn", "type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16,
              "beta_fast": 1.2, "beta_slow": 0.25, "mscale": 1.0, "mscale_all_dim": 1.0, "llama_4_scaling_beta": 0.1}

GRANITE = {"attention_multiplier": 0.25, "embedding_multiplier": 3.0, "residual_multiplier": 0.4, "logits_scaling": 2.0}

MODELS = (
    llama("llama", num_key_value_heads=4, rms_norm_eps=1e-6, rope_theta=LEFT_OUT, pretraining_tp=1),
    llama("llama-3", hidden_size=18, intermediate_size=36, num_attention_heads=6, head_dim=12, rope_theta=5000.0,
          tie_word_embeddings=True, torch_dtype="bfloat16", mlp_bias=False,
          rope_scaling={"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                        "original_max_position_embeddings": 32, "rope_type": "llama3"}),
    llama("llama-bias", hidden_size=21, intermediate_size=30, num_attention_heads=3, num_key_value_heads=1, head_dim=10,
          attention_bias=True, mlp_bias=True),
    llama("llama-linear", rope_scaling={"type": "linear", "factor": 4.0}),
    llama("llama-yarn", num_attention_heads=2, num_key_value_heads=1, hidden_size=20, head_dim=14,
          rope_scaling={"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 32}),
    llama("llama-yarn-given", None, num_attention_heads=2, num_key_value_heads=1, hidden_size=20, head_dim=14, rope_theta=100.0,
          rope_scaling={"rope_type": "yarn", "factor": 3.0, "original_max_position_embeddings": 32, "beta_fast": 1.5,
                        "beta_slow": 0.25, "attention_factor": 0.8, "truncate": False}),
    Model("mistral-window", base_config("MistralForCausalLM", "mistral", sliding_window=8, num_hidden_layers=3,
                                        attention_bias=LEFT_OUT)),
    Model("mistral", base_config("MistralForCausalLM", "mistral", sliding_window=None, head_dim=10, rope_theta=1e6,
                                 torch_dtype="bfloat16"), LLAMA, dtype="bfloat16"),
    Model("ministral", base_config("MinistralForCausalLM", "ministral", sliding_window=8, num_hidden_layers=3, head_dim=10,
                                   layer_types=["sliding_attention", "full_attention", "sliding_attention"])),
    Model("ministral3", base_config("Ministral3ForCausalLM", "ministral3", head_dim=14, hidden_size=20, sliding_window=None,
                                    num_attention_heads=2, num_key_value_heads=1, rope_theta=LEFT_OUT, rope_scaling=LEFT_OUT,
                                    rope_parameters=MINISTRAL3, torch_dtype=LEFT_OUT, dtype="bfloat16"),
          Gguf("mistral3", NAMES, mistral3_keys, tensors=llama_tensors), dtype="bfloat16"),
    Model("smollm3", base_config("SmolLM3ForCausalLM", "smollm3", num_hidden_layers=4, hidden_size=20, intermediate_size=28,
                                 num_attention_heads=5, num_key_value_heads=1, rope_theta=LEFT_OUT, tie_word_embeddings=LEFT_OUT,
                                 pad_token_id=END, no_rope_layer_interval=4, no_rope_layers=[1, 1, 1, 0], use_sliding_window=False,
                                 sliding_window=None),
          Gguf("smollm3", NAMES, llama_keys, tensors=llama_tensors)),
    Model("qwen2", base_config("Qwen2ForCausalLM", "qwen2", rope_theta=1e6, tie_word_embeddings=True, use_sliding_window=False,
                               sliding_window=8, max_window_layers=1, attention_bias=LEFT_OUT),
          Gguf("qwen2", NAMES, half_split_keys)),
    Model("qwen2-window", base_config("Qwen2ForCausalLM", "qwen2", rope_theta=1e6, use_sliding_window=True, sliding_window=8,
                                      max_window_layers=1, num_hidden_layers=3, attention_bias=LEFT_OUT)),
    Model("qwen3", base_config("Qwen3ForCausalLM", "qwen3", hidden_size=20, num_attention_heads=4, head_dim=10, rope_theta=1e6,
                               rms_norm_eps=1e-6, use_sliding_window=False, sliding_window=None, max_window_layers=2,
                               torch_dtype="bfloat16"),
          Gguf("qwen3", NAMES, half_split_keys), dtype="bfloat16"),
    Model("granite", base_config("GraniteForCausalLM", "granite", tie_word_embeddings=True, mlp_bias=False, **GRANITE),
          Gguf("granite", NAMES, granite_keys, tensors=llama_tensors)),
)
