"""Random LoRA adapters for the tiny models of tests/data/families, made by peft, and what peft computes with them.

Each is a folder of tests/data/adapters: adapter_config.json and adapter_model.safetensors as peft saves them, where the
base has a GGUF file also the same numbers as adapter.gguf, in the names and layouts of llama.cpp's converter, and what
the base with the adapter computes in float32 (expect.txt, logits.f32).
"""
import dataclasses
import re
import shutil

from . import expect

SAME = 1e-5                  # the largest accepted difference of float32 and float64, as a share of the largest logit
ROWS = (0, 9, 39)            # positions whose logits are kept


@dataclasses.dataclass(frozen=True)
class Adapter:
    name: str
    base: str                # of tests/data/families
    config: dict             # of peft.LoraConfig
    dtype: str = "float16"   # of the file
    gguf: bool = False       # make adapter.gguf too
    save_embedding: bool = False


EVERY = dict(r=3, lora_alpha=5, target_modules="all-linear")
ADAPTERS = (
    Adapter("llama", "llama", EVERY, gguf=True),
    Adapter("llama-patterns", "llama", dict(
        r=2, lora_alpha=3, target_modules=["q_proj", "v_proj", "down_proj"], use_rslora=True,
        rank_pattern={"layers.1.self_attn.q_proj": 4, r"^model\.layers\.(0|7)\.self_attn\.[vx]_proj": 1},
        alpha_pattern={"down_proj": 1.5, "self_attn.q_proj": 7}), dtype="float32"),
    Adapter("llama-one-layer", "llama", dict(r=2, lora_alpha=4, target_modules=["k_proj", "up_proj"], layers_to_transform=[1])),
    Adapter("mistral", "mistral", dict(r=2, lora_alpha=4, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"])),
    Adapter("distilgpt2", "distilgpt2", dict(
        r=2, lora_alpha=4, target_modules=["c_attn", "c_proj", "c_fc", "wte"], fan_in_fan_out=True)),
    Adapter("qwen3", "qwen3", EVERY, dtype="bfloat16", gguf=True),
    Adapter("gemma3", "gemma3", dict(r=2, lora_alpha=3, target_modules=["q_proj", "gate_proj", "embed_tokens"]), gguf=True),
    Adapter("phi3", "phi3", EVERY, gguf=True),
    Adapter("gpt-neox", "gpt-neox", dict(
        r=2, lora_alpha=4, target_modules=["query_key_value", "dense", "dense_4h_to_h", "embed_out", "embed_in"]), gguf=True),
    Adapter("falcon-40b", "falcon-40b", EVERY),
    Adapter("bloom", "bloom", EVERY),
    Adapter("codegen", "codegen", EVERY),
    Adapter("opt-350m", "opt-350m", EVERY),
    Adapter("llama-saved", "llama", dict(r=2, lora_alpha=4, target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"])),
    Adapter("llama-saved-head", "llama", dict(r=2, lora_alpha=4, target_modules=["v_proj"], modules_to_save=["lm_head"]), dtype="bfloat16"),
    Adapter("gemma3-saved", "gemma3", dict(r=2, lora_alpha=3, target_modules=["q_proj"], modules_to_save=["embed_tokens"]), dtype="bfloat16"),
)


def add_arguments(parser):
    parser.add_argument("names", nargs="*", metavar="NAME", help="make these adapters alone")


def run(args):
    for adapter in ADAPTERS:
        if not args.names or adapter.name in args.names:
            make(adapter, args.data / "families" / adapter.base, args.data / "adapters" / adapter.name)


def make(adapter, base, directory):
    import safetensors.torch
    import torch
    import peft
    from .families import all_models, weights
    model = next(model for model in all_models() if model.name == adapter.base)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    network = peft.get_peft_model(weights.load(model, base), peft.LoraConfig(task_type="CAUSAL_LM", **adapter.config)).eval()
    ids = [int(word) for word in expect.read(base / "expect.txt")["prompt_ids"]]
    seed, logits, error = fill(adapter, network, ids)
    network.peft_config["default"].base_model_name_or_path = adapter.base
    network.save_pretrained(str(directory), save_embedding_layers=adapter.save_embedding)
    path = directory / "adapter_model.safetensors"
    tensors = {name: value.to(getattr(torch, adapter.dtype)).contiguous() for name, value in safetensors.torch.load_file(path).items()}
    safetensors.torch.save_file(tensors, str(path), {"format": "pt"})
    (directory / "README.md").unlink(missing_ok=True)
    again = peft.PeftModel.from_pretrained(weights.load(model, base), str(directory)).eval().float()
    assert (again(torch.tensor([ids])).logits[0] - logits).abs().max() <= SAME * logits.abs().max(), adapter.name
    kept = logits[list(ROWS)].float().numpy()
    kept.astype("<f4").tofile(directory / "logits.f32")
    expect.write(directory / "expect.txt", [
        ("base", adapter.base), ("prompt_ids", ids), ("greedy_ids", [int(logits[-1].argmax())]), ("n_vocab", logits.shape[1]),
        ("rows", list(ROWS)), ("max_abs", float(abs(kept).max()))], f"{adapter.name} (seed {seed}): peft, float32")
    if adapter.gguf:
        write_gguf(adapter, model, base, directory / "adapter.gguf", tensors)
    sizes = " ".join(f"{p.name} {p.stat().st_size}" for p in sorted(directory.glob("adapter*")))
    print(f"{adapter.name}: seed {seed}, float64 {error:.1e} of {float(abs(kept).max()):.2f}; {sizes}")


def fill(adapter, network, ids):
    """Random matrices of the first seed with which float64 gives the same numbers."""
    import torch
    for seed in range(1, 41):
        torch.manual_seed(seed)
        for name, parameter in sorted(network.named_parameters()):
            if "lora_" in name:
                scale = parameter.shape[1] ** -0.5 if "_A" in name else 0.5
                parameter.data = (torch.randn(parameter.shape) * scale).to(getattr(torch, adapter.dtype)).float()
            if ".modules_to_save." in name:
                changed = parameter * torch.empty(parameter.shape).uniform_(0.5, 1.5)
                parameter.data = changed.to(getattr(torch, adapter.dtype)).float()
        logits = network.float()(torch.tensor([ids])).logits[0]
        exact = network.double()(torch.tensor([ids])).logits[0]
        error = float((logits.double() - exact).abs().max() / exact.abs().max())
        network.float()
        if error < SAME:
            return seed, logits, error
    raise SystemExit(f"{adapter.name}: no good seed; float64 differs by {error:.1e}")


def write_gguf(adapter, model, base, path, tensors):
    """What llama.cpp's converter does to the rows of a matrix happens to those of B; A stays."""
    import gguf
    import safetensors.torch
    from .families.gguf_file import gguf_name, text_config
    rows, columns = {}, {}
    for name, value in tensors.items():
        stem, kind = re.fullmatch(r"base_model\.model\.(.*)\.lora_(?:embedding_)?([AB])(?:\.weight)?", name).groups()
        (columns if kind == "A" else rows)[stem + ".weight"] = value.float()
    of_base = safetensors.torch.load_file(str(base / "model.safetensors"))
    changed = {name: rows.get(name, value.float()) for name, value in of_base.items()}
    if model.gguf.tensors:
        changed = model.gguf.tensors(changed, text_config(model.config))
    writer = gguf.GGUFWriter(path, model.gguf.arch)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(adapter.config["lora_alpha"]))
    names = model.gguf.names
    for name, a in columns.items():
        target = gguf_name(names, name)
        b = changed[name if name in changed else target]
        embedding = target == "token_embd.weight"
        writer.add_tensor(target + ".lora_a", (a.T if embedding else a).contiguous().numpy())
        writer.add_tensor(target + ".lora_b", (rows[name] if embedding else b).contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
