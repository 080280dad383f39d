"""GGUF files of GPT-2 directories, written by the gguf package, with names and metadata as llama.cpp's converter has them.

Without options: the committed files of tests/data/gguf. With --model and --out: any GPT-2 directory.
"""
import json
import pathlib

from . import expect, gpt2

# Committed: tiny model, weight type. The types hold the directories' weights exactly, but for Q8_0, which has
# expected numbers of its own.
FILES = (("long32", "f32"), ("bf40", "bf16"), ("half64", "q8_0"))
TYPES = ("f32", "f16", "bf16", "q8_0")

# GPT-2's names and those in GGUF; {0} is the layer. Matrices are [in, out] in the former, [out, in] in the latter.
NAMES = {"wte": "token_embd", "wpe": "position_embd", "ln_f": "output_norm", "lm_head": "output"}
LAYER_NAMES = {"ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
               "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}


def add_arguments(parser):
    parser.add_argument("--model", type=pathlib.Path, help="a GPT-2 directory")
    parser.add_argument("--out", type=pathlib.Path, help="the GGUF file to write")
    parser.add_argument("--type", choices=TYPES, default="f32", help="type of the matrices (default: f32)")


def run(args):
    if args.model or args.out:
        if not (args.model and args.out):
            raise SystemExit("--model and --out belong together")
        write(args.model, args.out, args.type)
        return
    folder = args.data / "gguf"
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in FILES:
        source, target = args.data / "parity" / name, folder / f"{name}-{kind}.gguf"
        write(source, target, kind)
        if kind == "q8_0":
            expect_dequantized(source, target)
        if kind == "bf16":
            expect_rounded(source, target)


def gguf_name(name):
    """h.0.attn.c_attn.weight -> blk.0.attn_qkv.weight; None for what is no weight (the masks of old checkpoints)."""
    stem, _, kind = name.rpartition(".")
    if stem in NAMES:
        return f"{NAMES[stem]}.{kind}"
    _, layer, part = stem.split(".", 2)
    return f"blk.{layer}.{LAYER_NAMES[part]}.{kind}" if part in LAYER_NAMES else None


def is_linear(name):
    return name.split(".")[-2] in ("c_attn", "c_proj", "c_fc") and name.endswith(".weight")


def write(source, target, kind):
    import gguf
    import numpy as np
    config, tensors = gpt2.read_directory(source)
    writer = gguf.GGUFWriter(target, "gpt2")
    writer.add_name(source.name)
    writer.add_block_count(config["n_layer"])
    writer.add_context_length(config["n_positions"])
    writer.add_embedding_length(config["n_embd"])
    writer.add_feed_forward_length(config["n_inner"] or 4 * config["n_embd"])
    writer.add_head_count(config["n_head"])
    writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    writer.add_file_type(getattr(gguf.LlamaFileType, {"f32": "ALL_F32"}.get(kind, f"MOSTLY_{kind.upper()}")))
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    add_tokenizer(writer, source, config)
    for name, value in tensors.items():
        if gguf_name(name) is None:
            continue
        value = np.ascontiguousarray((value.T if is_linear(name) else value).astype(np.float32))
        wanted = gguf.GGMLQuantizationType[kind.upper()]
        if value.ndim == 1 or kind == "q8_0" and (value.shape[1] % 32 or name == "wpe.weight"):
            wanted = gguf.GGMLQuantizationType.F32
        if wanted is gguf.GGMLQuantizationType.F32:
            writer.add_tensor(gguf_name(name), value)
        else:
            writer.add_tensor(gguf_name(name), gguf.quants.quantize(value, wanted), raw_dtype=wanted)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"{target.name}: {target.stat().st_size} bytes")


def add_tokenizer(writer, source, config):
    """The vocabulary of vocab.json and merges.txt, or of tokenizer.json."""
    import gguf
    special = {config["eos_token_id"]}
    if (source / "tokenizer.json").exists():
        content = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
        vocab = content["model"]["vocab"] | {token["content"]: token["id"] for token in content["added_tokens"]}
        special |= {token["id"] for token in content["added_tokens"] if token["special"]}
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in content["model"]["merges"]]
    else:
        vocab = json.loads((source / "vocab.json").read_text(encoding="utf-8"))
        merges = [line for line in (source / "merges.txt").read_text(encoding="utf-8").split("\n")[1:] if line]
    tokens = sorted(vocab, key=vocab.get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if i in special else gguf.TokenType.NORMAL for i in range(len(tokens))])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])


def read_tensors(path):
    """The tensors of a GGUF file under GPT-2's names and in its layout, decoded to float32."""
    import gguf
    back = {gguf_name(f"{stem}.{kind}"): f"{stem}.{kind}" for stem in NAMES for kind in ("weight", "bias")}
    tensors = {}
    for tensor in gguf.GGUFReader(path).tensors:
        value = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        name = back.get(tensor.name)
        if name is None:
            _, layer, part, kind = tensor.name.split(".")
            stem = next(stem for stem, other in LAYER_NAMES.items() if other == part)
            name = f"h.{layer}.{stem}.{kind}"
        tensors[name] = value.T if is_linear(name) else value
    return tensors


def expect_rounded(source, target):
    """Logits for the prompt of the directory by the float64 forward pass with the activations rounded to bfloat16."""
    facts = expect.read(source / "expect.txt")
    ids = [int(i) for i in facts["prompt_ids"]]
    logits = gpt2.forward64(gpt2.read_directory(source)[0], read_tensors(target), ids, gpt2.round_bf16)
    logits.astype("<f4").tofile(target.with_name(f"{target.stem}-rounded.f32"))
    expect.write(target.with_name(f"{target.stem}-rounded.txt"), [
        ("prompt_hex", facts["prompt_hex"][0]), ("prompt_ids", ids), ("n_vocab", logits.shape[1]), ("rows", list(range(len(ids)))),
        ("max_abs", float(abs(logits).max())), ("top_ids", logits.argmax(-1).tolist())],
        f"{target.name}: float64, activations in bfloat16")


def expect_dequantized(source, target):
    """Logits for the prompt of the directory: by transformers with the decoded weights, and by the float64 forward pass
    with the activations rounded to 8 bits too."""
    import numpy as np
    import torch
    tensors = read_tensors(target)
    model = gpt2.load(source)
    model.load_state_dict({"transformer." + name: torch.from_numpy(np.array(value)) for name, value in tensors.items()}, strict=False)
    facts = expect.read(source / "expect.txt")
    ids = [int(i) for i in facts["prompt_ids"]]
    config = gpt2.read_directory(source)[0]
    results = {"": (gpt2.logits(model, ids), "the decoded weights in Hugging Face transformers, float32, eager attention"),
               "-rounded": (gpt2.forward64(config, tensors, ids, gpt2.round_blocks), "float64, activations in 8 bits by blocks of 32")}
    for suffix, (logits, comment) in results.items():
        logits.astype("<f4").tofile(target.with_name(f"{target.stem}{suffix}.f32"))
        expect.write(target.with_name(f"{target.stem}{suffix}.txt"), [
            ("prompt_hex", facts["prompt_hex"][0]), ("prompt_ids", ids), ("n_vocab", logits.shape[1]), ("rows", list(range(len(ids)))),
            ("max_abs", float(abs(logits).max())), ("top_ids", logits.argmax(-1).tolist())], f"{target.name}: {comment}")
