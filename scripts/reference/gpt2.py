"""GPT-2 twice: by Hugging Face transformers in float32, and by hand in float64 with numpy alone.

The second is the check of the first. It shares no code with it, down to the reading of the weight files.
"""
import json
import math
import struct

import numpy as np


# ---- by transformers ------------------------------------------------------------------------------------------------

def load(directory):
    """The model of a directory, in float32 on the CPU with the plain attention."""
    import torch
    import transformers
    torch.set_grad_enabled(False)
    transformers.logging.disable_progress_bar()
    model = transformers.AutoModelForCausalLM.from_pretrained(str(directory), dtype=torch.float32, attn_implementation="eager")
    return model.eval()


def logits(model, ids):
    """Logits [n_tokens, n_vocab] of one text, float32."""
    import torch
    return model(torch.tensor([ids]), use_cache=False).logits[0].numpy()


def greedy(model, ids, count, least_gap=0.0):
    """At most `count` tokens after `ids`, always the likeliest one (a full context ends it), and the smallest gap
    between the best and the second-best logit on the way; a gap below `least_gap` ends it too. P tokens in and
    G out take P + G - 1 positions."""
    import torch
    count = min(count, model.config.n_positions - len(ids) + 1)
    out, gaps, cache, step = [], [], None, list(ids)
    for _ in range(count):
        result = model(torch.tensor([step]), past_key_values=cache, use_cache=True)
        cache = result.past_key_values
        best = torch.topk(result.logits[0, -1], 2)
        gaps.append(float(best.values[0] - best.values[1]))
        step = [int(best.indices[0])]
        out += step
        if gaps[-1] < least_gap:
            break
    return out, min(gaps)


# ---- by hand --------------------------------------------------------------------------------------------------------

def read_safetensors(path):
    """All tensors of a file as float64: eight bytes of header length, a JSON header, then the data."""
    with open(path, "rb") as file:
        raw = file.read()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + size])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        kind = entry["dtype"]
        if kind == "BF16":  # the upper half of a float32
            data = (np.frombuffer(raw[begin:end], "<u2").astype("<u4") << 16).view("<f4")
        else:
            data = np.frombuffer(raw[begin:end], {"F32": "<f4", "F16": "<f2", "U8": "u1", "BOOL": "u1"}[kind])
        tensors[name] = data.astype(np.float64).reshape(entry["shape"])
    return tensors


def read_directory(directory):
    """config.json and the tensors of a directory, names without the `transformer.` prefix."""
    config = json.loads((directory / "config.json").read_text())
    index = directory / "model.safetensors.index.json"
    files = sorted(set(json.loads(index.read_text())["weight_map"].values())) if index.exists() else ["model.safetensors"]
    tensors = {}
    for name in files:
        tensors.update(read_safetensors(directory / name))
    return config, {name.removeprefix("transformer."): value for name, value in tensors.items()}


ACTIVATIONS = {
    "gelu_new": lambda x: 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x ** 3))),
    "gelu": lambda x: 0.5 * x * (1.0 + np.vectorize(math.erf)(x / math.sqrt(2.0))),
    "relu": lambda x: np.maximum(x, 0.0),
}


def forward64(config, tensors, ids, rounded=lambda x: x):
    """Logits [n_tokens, n_vocab] in float64. `rounded` is applied to what a matrix is multiplied with."""
    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + config["layer_norm_epsilon"])
        return x * tensors[name + ".weight"] + tensors[name + ".bias"]

    def linear(x, name):  # GPT-2 stores its matrices [in, out]
        return rounded(x) @ tensors[name + ".weight"] + tensors[name + ".bias"]

    activation = ACTIVATIONS[config["activation_function"]]
    n_tokens, n_head = len(ids), config["n_head"]
    future = np.triu(np.ones((n_tokens, n_tokens), bool), 1)
    x = tensors["wte.weight"][ids] + tensors["wpe.weight"][:n_tokens]
    head_dim = x.shape[1] // n_head
    for layer in range(config["n_layer"]):
        prefix = f"h.{layer}."
        qkv = linear(norm(x, prefix + "ln_1"), prefix + "attn.c_attn")
        q, k, v = (part.reshape(n_tokens, n_head, head_dim).swapaxes(0, 1) for part in np.split(qkv, 3, axis=-1))
        score = q @ k.swapaxes(1, 2) / math.sqrt(head_dim)
        score[:, future] = -np.inf
        score = np.exp(score - score.max(-1, keepdims=True))
        mixed = (score / score.sum(-1, keepdims=True)) @ v
        x = x + linear(mixed.swapaxes(0, 1).reshape(n_tokens, -1), prefix + "attn.c_proj")
        x = x + linear(activation(linear(norm(x, prefix + "ln_2"), prefix + "mlp.c_fc")), prefix + "mlp.c_proj")
    head = tensors.get("lm_head.weight", tensors["wte.weight"])
    return rounded(norm(x, "ln_f")) @ head.T


def round_bf16(x):
    """x as bfloat16 holds it, rounded to nearest even, as quill rounds activations for BF16 weights."""
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000).astype(np.uint32).view(np.float32).astype(np.float64)


def round_blocks(x):
    """x rounded to 8 bits in blocks of 32 with a float32 scale each, as quill rounds activations for Q8_0 weights."""
    blocks = x.astype(np.float32).reshape(*x.shape[:-1], -1, 32)
    largest = abs(blocks).max(-1, keepdims=True)
    with np.errstate(divide="ignore"):
        inverse = np.where(largest < 2.0 ** -100, np.float32(0), np.float32(127) / largest)
    scale = largest * (np.float32(1) / np.float32(127))
    return (np.rint(blocks * inverse).astype(np.float64) * scale).reshape(x.shape)
