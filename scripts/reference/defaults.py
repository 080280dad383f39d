"""What the classes of transformers put in place of what a config.json leaves out.

tests/data/defaults.tsv has a line for each number that src/model reads: family, field of struct hparams, value. Of families
that stand inside models with images the classes give the sizes too; others are made with SIZES.
"""

ALL = ("llama", "mistral", "ministral", "ministral3", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "vaultgemma")  # with sizes
OTHERS = ("smollm3", "granite", "granitemoehybrid", "hyperclovax", "gptj", "codegen", "gpt_neox", "bloom", "mpt", "falcon",
          "gpt_bigcode", "starcoder2", "phi", "phi3", "stablelm", "olmo", "olmo2", "olmo3", "cohere", "cohere2", "glm", "glm4", "exaone",
          "exaone4", "seed_oss", "ernie4_5", "helium", "arcee", "nemotron", "jais2", "hunyuan_v1_dense", "cwm", "nanochat",
          "persimmon", "xglm", "biogpt", "ctrl", "opt", "gpt_neo", "gpt2", "openai-gpt")
SIZES = {"hidden_size": 10240, "num_hidden_layers": 24, "num_attention_heads": 160}
# transformers 4 had another value, with which the published files were written.
OLD = {"persimmon": {"rope_base": 25000}}
# Learned positions and heads that are not free must be named; some numbers a class has and does not use.
UNUSED = {"n_ctx": ("biogpt", "gpt2", "gpt_bigcode", "gpt_neo", "openai-gpt", "opt", "xglm"), "n_head_kv": ("falcon",),
          "norm_eps": ("biogpt",), "score_softcap": ("gemma3_text",), "score_scale": ("hyperclovax",), "rope_base": ("ministral3",)}
FIELDS = {"n_embd": ("hidden_size",), "n_ff": ("intermediate_size",), "n_layer": ("num_hidden_layers",), "n_head": ("num_attention_heads",),
          "n_ctx": ("max_position_embeddings", "max_seq_len"), "n_head_kv": ("num_key_value_heads",), "head_dim": ("head_dim",),
          "norm_eps": ("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_eps", "norm_epsilon"),
          "window": ("sliding_window", "window_size"), "rope_dims": ("rotary_dim",), "rope_every": ("no_rope_layer_interval",),
          "score_scale": ("attention_multiplier",), "score_dim": ("query_pre_attn_scalar",),
          "score_softcap": ("attn_logit_softcapping",), "logit_softcap": ("final_logit_softcapping",), "logit_scale": ("logit_scale",),
          "tied": ("tie_word_embeddings",), "parallel": ("use_parallel_residual",),
          "act": ("hidden_act", "hidden_activation", "activation_function", "activation", "afn")}
ROPE = {"rope_base": ("full_attention", "rope_theta"), "rope_base_window": ("sliding_attention", "rope_theta"),
        "rope_share": ("full_attention", "partial_rotary_factor")}


def add_arguments(parser):
    pass


def facts(name, sized):
    """(field, value) of one family; values that are None are left out."""
    import transformers
    config = transformers.CONFIG_MAPPING[name](**({} if sized else SIZES))
    sizes = ("n_embd", "n_ff", "n_layer", "n_head")
    for field, names in FIELDS.items():
        value = next((getattr(config, key) for key in names if getattr(config, key, None) is not None), None)
        if value is not None and (sized or field not in sizes):
            yield field, value
    rope = getattr(config, "rope_parameters", None) or {}
    for field, (kind, key) in ROPE.items():
        value = rope.get(kind, {} if kind == "sliding_attention" else rope).get(key)
        if value is not None:
            yield field, value


def run(args):
    lines = [f"# transformers' configuration classes; of those without n_embd: {' '.join(f'{k}={v}' for k, v in SIZES.items())}"]
    for name in ALL + OTHERS:
        for field, value in facts(name, name in ALL):
            if name not in UNUSED.get(field, ()):
                value = OLD.get(name, {}).get(field, value)
                lines.append(f"{name}\t{field}\t{int(value) if isinstance(value, bool) else value}")
    (args.data / "defaults.tsv").write_text("\n".join(lines) + "\n")
