"""Further families, most of them a step away from Llama."""
from .gpt_kin import END
from .llama_kin import (GRANITE, LEFT_OUT, LLAMA, NAMES, base_config, half_split_keys, head_dim, llama_keys, llama_tensors, rotary, sizes)
from .norm_kin import EXAONE_ROPE, LAYER, layer_norm_config, llama3_rope_tensors, partial_dims
from .gemma_kin import plus_one
from .weights import Gguf, Model

EXAONE_NAMES = {
    "transformer.wte": "token_embd", "transformer.ln_f": "output_norm", "lm_head": "output", "transformer.h.{}.ln_1": "attn_norm",
    "transformer.h.{}.attn.attention.q_proj": "attn_q", "transformer.h.{}.attn.attention.k_proj": "attn_k",
    "transformer.h.{}.attn.attention.v_proj": "attn_v", "transformer.h.{}.attn.attention.out_proj": "attn_output",
    "transformer.h.{}.ln_2": "ffn_norm", "transformer.h.{}.mlp.c_fc_0": "ffn_gate", "transformer.h.{}.mlp.c_fc_1": "ffn_up",
    "transformer.h.{}.mlp.c_proj": "ffn_down"}

SEED_NAMES = NAMES | {LAYER + "post_attention_layernorm": "post_attention_norm"}

HUNYUAN_NAMES = NAMES | {LAYER + "self_attn.query_layernorm": "attn_q_norm", LAYER + "self_attn.key_layernorm": "attn_k_norm"}

APERTUS_NAMES = NAMES | {LAYER + "attention_layernorm": "attn_norm", LAYER + "feedforward_layernorm": "ffn_norm"}


# ---- GGUF ----

def nemotron_keys(writer, config):
    half_split_keys(writer, config)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_layer_norm_rms_eps(config["norm_eps"])  # the converter writes both
    writer.add_layer_norm_eps(config["norm_eps"])
    writer.add_rope_dimension_count(partial_dims(config))
    writer.add_string("nemotron.rope.scaling.type", "none")


def hunyuan_keys(writer, config):
    """The converter states a context of 256k whatever config.json says; here it is config.json's."""
    sizes(writer, config)
    alpha, dim = config["rope_scaling"]["alpha"], config["head_dim"]
    writer.add_rope_freq_base(config["rope_theta"] * alpha ** (dim / (dim - 2)))
    writer.add_string("hunyuan-dense.rope.scaling.type", "none")
    writer.add_rope_scaling_factor(1)


def apertus_keys(writer, config):
    llama_keys(writer, config)


def apertus_tensors(tensors, config):
    return llama3_rope_tensors({name: value for name, value in tensors.items() if "act_fn" not in name}, config)


def apertus_numbers(writer, tensors, config):
    """The numbers of each layer's activation, as lists."""
    for name in ("alpha_n", "alpha_p", "beta", "eps"):
        numbers = [float(tensors[f"model.layers.{layer}.mlp.act_fn.{name}"]) for layer in range(config["num_hidden_layers"])]
        getattr(writer, "add_xielu_" + name)(numbers)


def exaone_keys(writer, config):
    sizes(writer, config | {"num_hidden_layers": config["num_layers"], "rms_norm_eps": config["layer_norm_epsilon"]})
    writer.add_layer_norm_eps(config["layer_norm_epsilon"])  # the converter writes both
    rotary(writer, config)
    writer.add_rope_dimension_count(head_dim(config))


def jais2_keys(writer, config):
    half_split_keys(writer, config)
    writer.add_rope_dimension_count(head_dim(config))


# ---- the models ----

HUNYUAN_ROPE = {"alpha": 50.0, "beta_fast": 32, "beta_slow": 1, "factor": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0, "type": "dynamic"}

AUTO = "AutoModelForCausalLM"  # transformers has no class of its own

MODELS = (
    Model("seed-oss", base_config("SeedOssForCausalLM", "seed_oss", head_dim=10, attention_bias=True, attention_out_bias=False,
                                  mlp_bias=False, residual_dropout=0.1, rope_theta=1e7, pad_token_id=1, torch_dtype="bfloat16"),
          Gguf("seed_oss", SEED_NAMES, half_split_keys), dtype="bfloat16"),
    Model("ernie4-5", base_config("Ernie4_5ForCausalLM", "ernie4_5", head_dim=10, use_bias=False, rope_theta=500000.0,
                                  tie_word_embeddings=True, attention_bias=LEFT_OUT, pad_token_id=0, torch_dtype="bfloat16"),
          Gguf("ernie4_5", NAMES, half_split_keys), dtype="bfloat16"),
    Model("arcee", base_config("ArceeForCausalLM", "arcee", head_dim=14, hidden_size=20, num_attention_heads=2, num_key_value_heads=1,
                               hidden_act="relu2", mlp_bias=False, torch_dtype="bfloat16", rope_theta=100.0,
                               rope_scaling={"beta_fast": 1.5, "beta_slow": 0.25, "factor": 20.0, "mscale": 1.0,
                                             "original_max_position_embeddings": 32, "rope_type": "yarn", "type": "yarn"}),
          Gguf("arcee", NAMES, llama_keys, tensors=llama_tensors), dtype="bfloat16"),
    Model("nemotron", base_config("NemotronForCausalLM", "nemotron", rms_norm_eps=LEFT_OUT, norm_eps=1e-3, hidden_act="relu2",
                                  num_attention_heads=3, num_key_value_heads=1, partial_rotary_factor=0.5, mlp_bias=False,
                                  torch_dtype="bfloat16"),
          Gguf("nemotron", NAMES, nemotron_keys, tensors=plus_one), dtype="bfloat16", norm=0.0),
    Model("hunyuan", base_config("HunYuanDenseV1ForCausalLM", "hunyuan_v1_dense", head_dim=12, rope_scaling=HUNYUAN_ROPE,
                                 pad_token_id=END, use_qk_norm=True, tie_word_embeddings=True, torch_dtype="bfloat16"),
          Gguf("hunyuan-dense", HUNYUAN_NAMES, hunyuan_keys), dtype="bfloat16"),
    Model("apertus", base_config("ApertusForCausalLM", "apertus", hidden_act="xielu", head_dim=10, rope_theta=500.0, qk_norm=True,
                                 rope_scaling=EXAONE_ROPE, pad_token_id=3, post_norm=False, torch_dtype="bfloat16"),
          Gguf("apertus", APERTUS_NAMES, apertus_keys, tensors=apertus_tensors, numbers=apertus_numbers), dtype="bfloat16"),
    Model("exaone", base_config("ExaoneForCausalLM", "exaone", activation_function="silu", hidden_act=LEFT_OUT, num_layers=2,
                                num_hidden_layers=LEFT_OUT, rms_norm_eps=LEFT_OUT, layer_norm_epsilon=1e-3, head_dim=6,
                                embed_dropout=0.0, rope_theta=50.0, rope_scaling=EXAONE_ROPE, pad_token_id=0,
                                tie_word_embeddings=True, torch_dtype="bfloat16"),
          Gguf("exaone", EXAONE_NAMES, exaone_keys, tensors=llama3_rope_tensors), dtype="bfloat16", kind=AUTO),
    Model("jais2", layer_norm_config("Jais2ForCausalLM", "jais2", hidden_act="relu2", attention_bias=True, mlp_bias=True, head_dim=10,
                                     torch_dtype="bfloat16"), Gguf("jais2", NAMES, jais2_keys), dtype="bfloat16"),
    Model("internlm3", base_config("InternLM3ForCausalLM", "internlm3", head_dim=10, qkv_bias=True, bias=True, pad_token_id=2,
                                   attention_bias=LEFT_OUT, rope_scaling={"factor": 6.0, "rope_type": "dynamic"}),
          LLAMA, kind=AUTO),
    Model("cwm", base_config("CwmForCausalLM", "cwm", head_dim=10, rope_theta=500.0, rope_scaling=EXAONE_ROPE, sliding_window=8,
                             num_hidden_layers=3, layer_types=["full_attention", "sliding_attention", "sliding_attention"],
                             torch_dtype="bfloat16"), dtype="bfloat16"),
    Model("granite-swa", base_config("GraniteSWAForCausalLM", "granite_swa", num_hidden_layers=3, sliding_window=8, mlp_bias=False,
                                     tie_word_embeddings=True, layer_types=["full_attention", "sliding_attention", "sliding_attention"],
                                     layer_rope_theta=[0, 100.0, 10000.0], torch_dtype="bfloat16", **GRANITE), dtype="bfloat16"),
    Model("hyperclovax", base_config("HyperCLOVAXForCausalLM", "hyperclovax", use_post_norm=True, mlp_bias=False,
                                     torch_dtype="bfloat16", **GRANITE), dtype="bfloat16"),
    Model("helium", base_config("HeliumForCausalLM", "helium", head_dim=6, rope_theta=1e5, mlp_bias=False, pad_token_id=3,
                                torch_dtype="bfloat16"), dtype="bfloat16"),
    Model("nanochat", base_config("NanoChatForCausalLM", "nanochat", hidden_act="relu2", final_logit_softcapping=7.0, pad_token_id=1,
                                  rms_norm_eps=1e-3, torch_dtype="bfloat16"), dtype="bfloat16"),
    Model("persimmon", layer_norm_config("PersimmonForCausalLM", "persimmon", num_attention_heads=3, num_key_value_heads=LEFT_OUT,
                                         hidden_act="relu2", partial_rotary_factor=0.5, qk_layernorm=True, rope_theta=25000.0,
                                         torch_dtype="bfloat16"), dtype="bfloat16"),
    Model("biogpt", {
        "architectures": ["BioGptForCausalLM"], "model_type": "biogpt", "activation_dropout": 0.0,
        "attention_probs_dropout_prob": 0.1, "bos_token_id": 0, "eos_token_id": 2, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
        "hidden_size": 20, "initializer_range": 0.02, "intermediate_size": 44, "layer_norm_eps": 1e-12, "layerdrop": 0.0,
        "max_position_embeddings": 56, "num_attention_heads": 4, "num_hidden_layers": 2, "pad_token_id": 1, "scale_embedding": True,
        "use_cache": True, "vocab_size": 277}, scales=(("fc2.weight", 2.0),)),
    Model("xglm", {
        "architectures": ["XGLMForCausalLM"], "model_type": "xglm", "activation_dropout": 0, "activation_function": "gelu",
        "attention_dropout": 0.1, "attention_heads": 4, "bos_token_id": 0, "d_model": 20, "decoder_start_token_id": 2, "dropout": 0.1,
        "eos_token_id": 2, "ffn_dim": 44, "init_std": 0.02, "layerdrop": 0.0, "max_position_embeddings": 56, "num_layers": 2,
        "pad_token_id": 1, "scale_embedding": True, "use_cache": True, "vocab_size": 277}, scales=(("fc2.weight", 2.0),)),
    Model("ctrl", {
        "architectures": ["CTRLLMHeadModel"], "model_type": "ctrl", "attn_pdrop": 0.1, "dff": 44, "embd_pdrop": 0.1,
        "initializer_range": 0.02, "layer_norm_epsilon": 1e-6, "n_ctx": 56, "n_embd": 20, "n_head": 2, "n_layer": 2,
        "n_positions": 56, "resid_pdrop": 0.1, "vocab_size": 277}),
)
