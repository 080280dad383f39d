"""Gemma: norms whose weight lacks 1, a scaled embedding, norms before and after each part, soft caps, windows."""
from .gpt_kin import END
from .llama_kin import LEFT_OUT, NAMES, base_config, rope_of, sizes
from .weights import N_TOKENS, Gguf, Model

LAYER = "model.layers.{}."

SANDWICH_NAMES = NAMES | {LAYER + "post_attention_layernorm": "post_attention_norm", LAYER + "pre_feedforward_layernorm": "ffn_norm",
                          LAYER + "post_feedforward_layernorm": "post_ffw_norm"}


# ---- GGUF ----

def gemma2_keys(writer, config):
    sizes(writer, config)
    writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
    writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    writer.add_sliding_window(config["sliding_window"])


def gemma3_keys(writer, config):
    sizes(writer, config)
    writer.add_sliding_window(config["sliding_window"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_rope_freq_base_swa(config["rope_local_base_freq"])
    rope = rope_of(config)
    if rope["rope_type"] == "linear":
        writer.add_string("gemma3.rope.scaling.type", "linear")
        writer.add_rope_scaling_factor(rope["factor"])


def plus_one(tensors, _):
    return {name: value.float() + 1 if name.endswith("norm.weight") else value for name, value in tensors.items()}


# ---- the models ----

def gemma(name, kind, family, gguf=None, **fields):
    config = base_config(kind, family, **{
        "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0, "head_dim": 10, "hidden_act": LEFT_OUT,
        "hidden_activation": "gelu_pytorch_tanh", "tie_word_embeddings": LEFT_OUT, "rope_scaling": LEFT_OUT,
        "torch_dtype": "bfloat16"} | fields)
    # With full weight for each of many blocks, rounding would grow too much.
    deep = ("post_attention_layernorm.weight", "post_feedforward_layernorm.weight") if config["num_hidden_layers"] > 10 else ()
    return Model(name, config, gguf, dtype="bfloat16", norm=0.0,
                 means=tuple((norm, -0.9) for norm in deep), scales=tuple((norm, 0.1) for norm in deep))


CAPS = {"attn_logit_softcapping": 5.0, "final_logit_softcapping": 7.0, "query_pre_attn_scalar": 10, "sliding_window": 8,
        "num_hidden_layers": 4, "intermediate_size": 28, "hidden_size": 20, "cache_implementation": "hybrid"}

# As deep as 27B: the depth decides the scale of scores where the file does not say it.
DEEP = {"num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 6, "intermediate_size": 6, "hidden_size": 12,
        "query_pre_attn_scalar": 4}

GEMMA3 = {"attn_logit_softcapping": None, "final_logit_softcapping": None, "cache_implementation": "hybrid", "hidden_size": 18,
          "intermediate_size": 28, "num_attention_heads": 3, "num_key_value_heads": 1, "num_hidden_layers": 7,
          "query_pre_attn_scalar": 10, "rope_theta": 5000.0, "rope_local_base_freq": 100.0, "sliding_window": 8,
          "sliding_window_pattern": 6}

SIGLIP = {"hidden_size": 4, "image_size": 4, "intermediate_size": 4, "model_type": "siglip_vision_model", "num_attention_heads": 1,
          "num_hidden_layers": 1, "num_channels": 1, "patch_size": 2, "vision_use_head": False}

GEMMA3_GGUF = Gguf("gemma3", SANDWICH_NAMES, gemma3_keys, tensors=plus_one)


def wrapped():
    text = gemma("", "", "gemma3_text", **GEMMA3 | {
        "architectures": LEFT_OUT, "num_hidden_layers": 3, "query_pre_attn_scalar": 7, "sliding_window_pattern": LEFT_OUT,
        "rope_theta": LEFT_OUT, "rope_local_base_freq": LEFT_OUT,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 5000.0},
                            "sliding_attention": {"rope_type": "default", "rope_theta": 100.0}}}).config
    config = {"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "boi_token_index": 3, "eoi_token_index": 4,
              "eos_token_id": [1, 106], "image_token_index": 5, "initializer_range": 0.02, "mm_tokens_per_image": 4,
              "text_config": text, "vision_config": SIGLIP, "dtype": "bfloat16"}
    return Model("gemma3-wrapped", config, dtype="bfloat16", norm=0.0)


MODELS = (
    gemma("gemma", "GemmaForCausalLM", "gemma", Gguf("gemma", NAMES, sizes, tensors=plus_one), hidden_act="gelu",
          hidden_activation=LEFT_OUT, num_key_value_heads=1, num_attention_heads=2, head_dim=14),
    gemma("gemma2", "Gemma2ForCausalLM", "gemma2", Gguf("gemma2", SANDWICH_NAMES, gemma2_keys, tensors=plus_one), **CAPS),
    gemma("gemma2-27b", "Gemma2ForCausalLM", "gemma2", Gguf("gemma2", SANDWICH_NAMES, gemma2_keys, tensors=plus_one),
          **CAPS | DEEP | {"num_hidden_layers": 46}),
    gemma("gemma3", "Gemma3ForCausalLM", "gemma3_text", GEMMA3_GGUF, vocab_size=N_TOKENS, **GEMMA3,
          rope_scaling={"factor": 8.0, "rope_type": "linear"}),
    gemma("gemma3-27b", "Gemma3ForCausalLM", "gemma3_text", GEMMA3_GGUF, vocab_size=N_TOKENS,
          **GEMMA3 | DEEP | {"num_hidden_layers": 62, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}}),
    wrapped(),
    gemma("vaultgemma", "VaultGemmaForCausalLM", "vaultgemma", **CAPS | {"query_pre_attn_scalar": 7}),
)
