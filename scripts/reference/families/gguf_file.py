"""The tensors of a directory as a GGUF file, with the names, layouts and keys of llama.cpp's converter."""
import json
import re

from .weights import N_TOKENS


def write(model, directory):
    import gguf
    import safetensors.torch
    import torch
    text = text_config(model.config)
    tensors = safetensors.torch.load_file(str(directory / "model.safetensors"))
    writer = gguf.GGUFWriter(directory / "model.gguf", model.gguf.arch)
    writer.add_name(model.name)
    model.gguf.keys(writer, text)
    if model.gguf.numbers:
        model.gguf.numbers(writer, tensors, text)
    if model.gguf.tensors:
        tensors = model.gguf.tensors(dict(tensors), text)
    kind = {"float32": "ALL_F32", "float16": "MOSTLY_F16", "bfloat16": "MOSTLY_BF16"}[model.dtype]
    writer.add_file_type(getattr(gguf.LlamaFileType, kind))
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    add_tokenizer(writer, directory, text)
    for name, value in tensors.items():
        target = gguf_name(model.gguf.names, name)
        if target is None:
            continue
        if value.dim() == 1 or "norm" in target or target == "position_embd.weight":
            writer.add_tensor(target, value.float().numpy())
        elif model.dtype == "bfloat16":
            raw = value.contiguous().view(torch.uint8).numpy()
            writer.add_tensor(target, raw, raw_dtype=gguf.GGMLQuantizationType.BF16)
        else:
            writer.add_tensor(target, value.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def text_config(config):
    """The configuration of the language model, of a wrapper too."""
    return config.get("text_config", config)


def gguf_name(names, name):
    """model.layers.0.self_attn.q_proj.weight -> blk.0.attn_q.weight; None: not in the file; a name that is GGUF's stays."""
    if name.startswith("blk.") or name in ("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"):
        return name
    stem, _, kind = name.rpartition(".")
    layer = re.search(r"\.(\d+)\.", stem)
    target = names[stem.replace(layer.group(0), ".{}.", 1) if layer else stem]
    if target is None:
        return None
    return f"blk.{layer.group(1)}.{target}.{kind}" if layer else f"{target}.{kind}"


def add_tokenizer(writer, directory, config):
    import gguf
    content = json.loads((directory / "tokenizer.json").read_text(encoding="utf-8"))
    vocab = content["model"]["vocab"] | {token["content"]: token["id"] for token in content["added_tokens"]}
    tokens = sorted(vocab, key=vocab.get)
    padding = [f"[PAD{i}]" for i in range(len(tokens), config["vocab_size"])]
    kinds = [gguf.TokenType.NORMAL] * (N_TOKENS - 1) + [gguf.TokenType.CONTROL] + [gguf.TokenType.UNUSED] * len(padding)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens + padding)
    writer.add_token_types(kinds)
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in content["model"]["merges"]])
    writer.add_bos_token_id(N_TOKENS - 1)
    writer.add_eos_token_id(N_TOKENS - 1)
    writer.add_add_bos_token(False)
