"""Families that differ from Llama in their norms, in fused matrices or in which layers have a window or rotary positions."""
from .gpt_kin import END
from .llama_kin import (GRANITE, LEFT_OUT, LLAMA, MINISTRAL3, NAMES, base_config, granite_keys, half_split_keys, head_dim, llama3_divisors,
                        llama_tensors, mistral3_keys, rope_of, rotary, sizes)
from .neox_kin import some_keys
from .weights import Gguf, Model

LAYER = "model.layers.{}."

PHI_NAMES = NAMES | {
    "model.final_layernorm": "output_norm", LAYER + "self_attn.dense": "attn_output", LAYER + "mlp.fc1": "ffn_up",
    LAYER + "mlp.fc2": "ffn_down"}

FUSED_NAMES = NAMES | {LAYER + "self_attn.qkv_proj": "attn_qkv", LAYER + "mlp.gate_up_proj": "ffn_up"}

OUTPUT_NORM_NAMES = NAMES | {LAYER + "post_attention_layernorm": "post_attention_norm",
                             LAYER + "post_feedforward_layernorm": "post_ffw_norm"}

GLM4_NAMES = FUSED_NAMES | {LAYER + "post_self_attn_layernorm": "post_attention_norm", LAYER + "post_mlp_layernorm": "post_ffw_norm"}


# ---- GGUF ----

def partial_dims(config):
    return int(config["partial_rotary_factor"] * head_dim(config))


def phi_keys(writer, config):
    heads = config["num_attention_heads"]
    some_keys(writer, config["max_position_embeddings"], config["hidden_size"], config["num_hidden_layers"],
              4 * config["hidden_size"], heads, config["layer_norm_eps"])
    writer.add_head_count_kv(heads)
    writer.add_rope_dimension_count(partial_dims(config))


def phi3_keys(writer, config):
    from math import log, sqrt
    context, original = config["max_position_embeddings"], config["original_max_position_embeddings"]
    writer.add_context_length(context)
    writer.add_rope_scaling_orig_ctx_len(original)
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_dimension_count(partial_dims({"partial_rotary_factor": 1.0} | config))
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_sliding_window(config["sliding_window"] or 0)
    if config["rope_scaling"]:
        writer.add_rope_scaling_attn_factors(sqrt(1 + log(context / original) / log(original)))


def phi3_tensors(tensors, config):
    import torch
    for name in ("long", "short") if config["rope_scaling"] else ():
        tensors[f"rope_factors_{name}.weight"] = torch.tensor(config["rope_scaling"][name + "_factor"], dtype=torch.float32)
    return tensors


def stablelm_keys(writer, config):
    some_keys(writer, config["max_position_embeddings"], config["hidden_size"], config["num_hidden_layers"],
              config["intermediate_size"], config["num_attention_heads"], config["layer_norm_eps"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_dimension_count(partial_dims(config))
    writer.add_parallel_residual(config["use_parallel_residual"])


def stablelm_tensors(tensors, config):
    """One norm of q and k for each head: stacked."""
    import torch
    for layer in range(config["num_hidden_layers"] if config["qk_layernorm"] else 0):
        for part, heads in (("q", config["num_attention_heads"]), ("k", config["num_key_value_heads"])):
            stem = f"model.layers.{layer}.self_attn.{part}_layernorm.norms"
            norms = [tensors.pop(f"{stem}.{head}.weight") for head in range(heads)]
            tensors[f"blk.{layer}.attn_{part}_norm.weight"] = torch.stack(norms)
    return tensors


def olmo_keys(writer, config):
    half_split_keys(writer, config)
    writer.add_layer_norm_eps(1e-5)
    writer.add_clamp_kqv(config["clip_qkv"])


def olmo3_keys(writer, config):
    half_split_keys(writer, config)
    writer.add_rope_freq_base_swa(config["rope_theta"])
    writer.add_sliding_window(config["sliding_window"])
    writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config["layer_types"]])
    writer.add_rope_scaling_yarn_attn_factor(config["rope_scaling"]["attention_factor"])


def cohere_keys(writer, config):
    sizes(writer, config)
    rotary(writer, config)
    writer.add_logit_scale(config["logit_scale"])
    writer.add_string(f"{writer.arch}.rope.scaling.type", "none")


def cohere2_keys(writer, config):
    cohere_keys(writer, config)
    writer.add_sliding_window(config["sliding_window"])
    writer.add_rope_dimension_count(int(config["rotary_pct"] * head_dim(config)))
    writer.add_vocab_size(config["vocab_size"])


def glm_keys(writer, config):
    sizes(writer, config)
    rotary(writer, config)
    writer.add_rope_dimension_count(partial_dims(config))


def exaone4_keys(writer, config):
    sizes(writer, config)
    rotary(writer, config)
    writer.add_vocab_size(config["vocab_size"])
    if config["sliding_window"]:
        writer.add_sliding_window(config["sliding_window"])
        writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config["layer_types"]])


def llama3_rope_tensors(tensors, config):
    import torch
    rope = rope_of(config)
    if rope["rope_type"] == "llama3":
        tensors["rope_freqs.weight"] = torch.tensor(llama3_divisors(rope, head_dim(config)), dtype=torch.float32)
    return tensors


def hybrid_tensors(tensors, config):
    """Granite 4 as granite: gate and up apart."""
    for name in [name for name in tensors if "shared_mlp" in name]:
        value, layer = tensors.pop(name), name.split(".")[2]
        if "input_linear" in name:
            gate, up = value.chunk(2)
            tensors[f"model.layers.{layer}.mlp.gate_proj.weight"] = gate.contiguous()
            tensors[f"model.layers.{layer}.mlp.up_proj.weight"] = up.contiguous()
        else:
            tensors[f"model.layers.{layer}.mlp.down_proj.weight"] = value
    return llama_tensors(tensors, config)


def hybrid_keys(writer, config):
    """As the converter writes them: with a list of heads, no experts, and sizes of parts that the model lacks."""
    heads = config["num_key_value_heads"]
    granite_keys(writer, {k: v for k, v in config.items() if k != "num_key_value_heads"} | {
        "intermediate_size": config["shared_intermediate_size"]})
    writer.add_head_count_kv([heads] * config["num_hidden_layers"])
    writer.add_expert_count(config["num_local_experts"])
    writer.add_expert_used_count(config["num_experts_per_tok"])
    writer.add_expert_shared_feed_forward_length(config["shared_intermediate_size"])
    writer.add_rope_scaling_finetuned(config["position_embedding_type"] == "rope")
    writer.add_ssm_conv_kernel(config["mamba_d_conv"])
    writer.add_ssm_group_count(config["mamba_n_groups"])
    writer.add_ssm_state_size(config["mamba_d_state"])
    writer.add_ssm_time_step_rank(config["mamba_n_heads"])
    writer.add_ssm_inner_size(config["mamba_n_heads"] * config["mamba_d_head"])


def wrapped_tensors(tensors, config):
    """The language model of a wrapper."""
    text = {name.replace("language_model.", "", 1): value for name, value in tensors.items() if name.startswith("language_model.")}
    return llama_tensors(text, config)


# ---- the models ----

def layer_norm_config(kind, family, **fields):
    fields = {"rms_norm_eps": LEFT_OUT, "layer_norm_eps": 1e-3} | fields
    return base_config(kind, family, **fields)


def phi3(**fields):
    return base_config("Phi3ForCausalLM", "phi3", **{
        "attention_bias": False, "embd_pdrop": 0.0, "original_max_position_embeddings": 64, "pad_token_id": END,
        "resid_pdrop": 0.0, "sliding_window": None, "torch_dtype": "bfloat16"} | fields)


LONGROPE = {"long_factor": [1.1, 2.5, 6.0], "short_factor": [1.0, 1.2, 1.7], "type": "longrope"}

OLMO3_YARN = {"attention_factor": 1.2079441541679836, "beta_fast": 0.18, "beta_slow": 0.0001, "factor": 8.0,
              "original_max_position_embeddings": 16, "rope_type": "yarn"}

EXAONE_ROPE = {"factor": 16.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 32,
               "rope_type": "llama3"}

PIXTRAL = {"head_dim": 4, "hidden_act": "gelu", "hidden_size": 4, "image_size": 4, "initializer_range": 0.02, "intermediate_size": 4,
           "model_type": "pixtral", "num_attention_heads": 1, "num_channels": 1, "num_hidden_layers": 1, "patch_size": 2,
           "rope_theta": 10000.0}


def mistral3(text):
    return {"architectures": ["Mistral3ForConditionalGeneration"], "model_type": "mistral3", "image_token_index": 10,
            "multimodal_projector_bias": False, "projector_hidden_act": "gelu", "spatial_merge_size": 2, "torch_dtype": "bfloat16",
            "vision_feature_layer": -1, "text_config": text, "vision_config": PIXTRAL, "tie_word_embeddings": False}


def smolvlm(text):
    return {"architectures": ["Idefics3ForConditionalGeneration"], "model_type": "idefics3", "image_seq_len": 4, "image_token_id": 10,
            "scale_factor": 2, "tie_word_embeddings": False, "torch_dtype": "bfloat16", "vocab_size": 277, "text_config": text,
            "vision_config": {"hidden_size": 4, "image_size": 4, "intermediate_size": 4, "model_type": "idefics3",
                              "num_attention_heads": 1, "num_hidden_layers": 1, "patch_size": 2}}


GRANITE4 = {"attention_bias": False, "layer_types": ["attention", "attention"], "mamba_chunk_size": 256, "mamba_conv_bias": True,
            "mamba_d_conv": 4, "mamba_d_head": 12, "mamba_d_state": 128, "mamba_expand": 2, "mamba_n_groups": 1, "mamba_n_heads": 4,
            "mamba_proj_bias": False, "num_experts_per_tok": 0, "num_local_experts": 0, "position_embedding_type": "rope",
            "router_aux_loss_coef": 0.01, "shared_intermediate_size": 44, "torch_dtype": "bfloat16", "tie_word_embeddings": True}

MODELS = (
    Model("granite4", base_config("GraniteMoeHybridForCausalLM", "granitemoehybrid", **GRANITE4, **GRANITE),
          Gguf("granite", NAMES, hybrid_keys, tensors=hybrid_tensors), dtype="bfloat16"),
    Model("granite4-nope", base_config("GraniteMoeHybridForCausalLM", "granitemoehybrid",
                                       **GRANITE4 | GRANITE | {"position_embedding_type": "nope"}),
          Gguf("granite", NAMES, hybrid_keys, tensors=hybrid_tensors), dtype="bfloat16"),
    Model("mistral3", mistral3(base_config("MistralForCausalLM", "mistral", head_dim=10, sliding_window=None, rope_theta=1e9,
                                           architectures=LEFT_OUT)),
          Gguf("mistral3", NAMES, mistral3_keys, tensors=wrapped_tensors), dtype="bfloat16"),
    Model("ministral3-wrapped", mistral3(base_config("", "ministral3", architectures=LEFT_OUT, head_dim=14, hidden_size=20,
                                                     num_attention_heads=2, num_key_value_heads=1, rope_theta=LEFT_OUT,
                                                     rope_scaling=LEFT_OUT, sliding_window=None, rope_parameters=MINISTRAL3)),
          dtype="bfloat16"),
    Model("smolvlm", smolvlm(base_config("VLlama3ForCausalLM", "llama", head_dim=6, is_llama_config=True, pad_token_id=2,
                                         qk_layer_norms=False, rope_interleaved=False, rope_theta=100000)), dtype="bfloat16"),
    Model("phi", layer_norm_config("PhiForCausalLM", "phi", num_attention_heads=3, num_key_value_heads=3, intermediate_size=96,
                                   partial_rotary_factor=0.5, hidden_act="gelu_new", qk_layernorm=False, resid_pdrop=0.1,
                                   embd_pdrop=0.0),
          Gguf("phi2", PHI_NAMES, phi_keys), scales=(("fc2.weight", 2.0),)),
    Model("phi3", phi3(num_key_value_heads=4), Gguf("phi3", FUSED_NAMES, phi3_keys, tensors=phi3_tensors), dtype="bfloat16"),
    Model("phi3-window", phi3(num_key_value_heads=4, sliding_window=8),
          Gguf("phi3", FUSED_NAMES, phi3_keys, tensors=phi3_tensors), dtype="bfloat16"),
    Model("phi3-longrope", phi3(num_attention_heads=3, num_key_value_heads=1, original_max_position_embeddings=16,
                                partial_rotary_factor=0.75, rope_scaling=LONGROPE, tie_word_embeddings=True, sliding_window=64),
          Gguf("phi3", FUSED_NAMES, phi3_keys, tensors=phi3_tensors), dtype="bfloat16"),
    Model("phi3-longrope-short", phi3(num_attention_heads=3, num_key_value_heads=1, original_max_position_embeddings=64,
                                      partial_rotary_factor=0.75, rope_scaling=LONGROPE),
          Gguf("phi3", FUSED_NAMES, phi3_keys, tensors=phi3_tensors), dtype="bfloat16"),
    Model("stablelm", layer_norm_config("StableLmForCausalLM", "stablelm", num_attention_heads=3, num_key_value_heads=3,
                                        partial_rotary_factor=0.5, qk_layernorm=False, use_qkv_bias=True, use_parallel_residual=False),
          Gguf("stablelm", NAMES, stablelm_keys, tensors=stablelm_tensors)),
    Model("stablelm-12b", layer_norm_config("StableLmForCausalLM", "stablelm", num_attention_heads=3, num_key_value_heads=1,
                                            partial_rotary_factor=0.5, qk_layernorm=True, use_qkv_bias=False,
                                            use_parallel_residual=True),
          Gguf("stablelm", NAMES, stablelm_keys, tensors=stablelm_tensors)),
    Model("olmo", base_config("OlmoForCausalLM", "olmo", rms_norm_eps=LEFT_OUT, num_key_value_heads=4, clip_qkv=2.0, pad_token_id=1),
          Gguf("olmo", NAMES, olmo_keys, tensors=llama_tensors)),
    Model("olmo2", base_config("Olmo2ForCausalLM", "olmo2", rope_theta=500000, pad_token_id=1),
          Gguf("olmo2", OUTPUT_NORM_NAMES, half_split_keys)),
    Model("olmo3", base_config("Olmo3ForCausalLM", "olmo3", hidden_size=20, num_hidden_layers=4, num_attention_heads=2,
                               num_key_value_heads=2, intermediate_size=28, rope_theta=500000, rope_scaling=OLMO3_YARN, sliding_window=8,
                               layer_types=3 * ["sliding_attention"] + ["full_attention"], torch_dtype="bfloat16", pad_token_id=1),
          Gguf("olmo2", OUTPUT_NORM_NAMES, olmo3_keys), dtype="bfloat16"),
    Model("cohere", layer_norm_config("CohereForCausalLM", "cohere", logit_scale=0.5, num_key_value_heads=4, pad_token_id=0,
                                      rope_theta=8000000.0, tie_word_embeddings=LEFT_OUT, use_qk_norm=False),
          Gguf("command-r", NAMES, cohere_keys)),
    Model("cohere-plus", layer_norm_config("CohereForCausalLM", "cohere", logit_scale=0.5, pad_token_id=0, rope_theta=75000.0,
                                           tie_word_embeddings=LEFT_OUT, use_qk_norm=True),
          Gguf("command-r", NAMES, cohere_keys)),
    Model("cohere2", layer_norm_config("Cohere2ForCausalLM", "cohere2", logit_scale=0.25, pad_token_id=0, head_dim=6, rope_theta=50000,
                                       num_hidden_layers=4, intermediate_size=28, sliding_window=8, sliding_window_pattern=4,
                                       order_of_interleaved_layers="local_attn_first", position_embedding_type="rope_gptj",
                                       rotary_pct=1.0, tie_word_embeddings=LEFT_OUT, use_embedding_sharing=True,
                                       use_gated_activation=True, use_parallel_block=True, use_parallel_embedding=True),
          Gguf("cohere2", NAMES, cohere2_keys)),
    Model("glm", base_config("GlmForCausalLM", "glm", head_dim=8, num_attention_heads=3, num_key_value_heads=1, attention_bias=True,
                             partial_rotary_factor=0.5, rms_norm_eps=1e-5, torch_dtype="bfloat16", pad_token_id=END),
          Gguf("chatglm", FUSED_NAMES, glm_keys), dtype="bfloat16"),
    Model("glm4", base_config("Glm4ForCausalLM", "glm4", head_dim=8, hidden_size=24, attention_bias=True, partial_rotary_factor=0.5,
                              rms_norm_eps=1.5625e-7, torch_dtype="bfloat16", pad_token_id=END),
          Gguf("glm4", GLM4_NAMES, glm_keys), dtype="bfloat16"),
    Model("exaone4", base_config("Exaone4ForCausalLM", "exaone4", head_dim=10, rope_theta=500, rope_scaling=EXAONE_ROPE,
                                 sliding_window=None, sliding_window_pattern=None, tie_word_embeddings=True, torch_dtype="bfloat16",
                                 layer_types=2 * ["full_attention"], pad_token_id=0),
          Gguf("exaone4", OUTPUT_NORM_NAMES, exaone4_keys, tensors=llama3_rope_tensors), dtype="bfloat16"),
    Model("exaone4-window", base_config("Exaone4ForCausalLM", "exaone4", head_dim=6, hidden_size=20, num_hidden_layers=4,
                                        intermediate_size=28, rope_theta=50, rope_scaling=EXAONE_ROPE, sliding_window=8,
                                        sliding_window_pattern="LLLG", torch_dtype="bfloat16", pad_token_id=0,
                                        layer_types=3 * ["sliding_attention"] + ["full_attention"]),
          Gguf("exaone4", OUTPUT_NORM_NAMES, exaone4_keys, tensors=llama3_rope_tensors), dtype="bfloat16"),
)
