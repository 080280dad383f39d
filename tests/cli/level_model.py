# SPDX-License-Identifier: MIT
#
# level_model.py OUT.gguf [N_LAYER N_EMBD N_CTX] [SPECIAL...]
#
# Writes a GPT-2 whose weights are zero, so that every token is equally likely everywhere: 256 bytes, the end, and the
# special tokens SPECIAL, whose ids begin at 257. The file has holes instead of zeros, and takes no room on the disk.
import struct
import sys

path, rest = sys.argv[1], sys.argv[2:]
n_layer, n_embd, n_ctx = [int(text) for text in rest if text.isdigit()] or (1, 8, 64)
special = ["<|endoftext|>"] + [text for text in rest if not text.isdigit()]
n_vocab, n_ff = 256 + len(special), 4 * n_embd
U32, F32, STRING, ARRAY, I32 = 4, 6, 8, 9, 5


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def mapped(byte):
    """The character that stands for a byte in the vocabulary (Radford et al. 2019, encoder.py)."""
    plain = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b]
    return chr(byte) if byte in plain else chr(256 + [b for b in range(256) if b not in plain].index(byte))


tokens = [mapped(b) for b in range(256)] + special
types = [1] * 256 + [3] * len(special)
keys = [
    ("general.architecture", STRING, text("gpt2")),
    ("gpt2.context_length", U32, struct.pack("<I", n_ctx)),
    ("gpt2.embedding_length", U32, struct.pack("<I", n_embd)),
    ("gpt2.block_count", U32, struct.pack("<I", n_layer)),
    ("gpt2.feed_forward_length", U32, struct.pack("<I", n_ff)),
    ("gpt2.attention.head_count", U32, struct.pack("<I", 1)),
    ("gpt2.attention.layer_norm_epsilon", F32, struct.pack("<f", 1e-5)),
    ("tokenizer.ggml.model", STRING, text("gpt2")),
    ("tokenizer.ggml.pre", STRING, text("gpt-2")),
    ("tokenizer.ggml.tokens", ARRAY, struct.pack("<IQ", STRING, n_vocab) + b"".join(map(text, tokens))),
    ("tokenizer.ggml.token_type", ARRAY, struct.pack(f"<IQ{n_vocab}i", I32, n_vocab, *types)),
    ("tokenizer.ggml.merges", ARRAY, struct.pack("<IQ", STRING, 0)),
    ("tokenizer.ggml.eos_token_id", U32, struct.pack("<I", 256)),
]
shapes = {"token_embd.weight": (n_vocab, n_embd), "position_embd.weight": (n_ctx, n_embd)}
for layer in range(n_layer):
    for name, shape in {
        "attn_norm": (n_embd,), "attn_qkv": (3 * n_embd, n_embd), "attn_output": (n_embd, n_embd),
        "ffn_norm": (n_embd,), "ffn_up": (n_ff, n_embd), "ffn_down": (n_embd, n_ff),
    }.items():
        shapes[f"blk.{layer}.{name}.weight"] = shape
        shapes[f"blk.{layer}.{name}.bias"] = shape[:1]
shapes["output_norm.weight"] = shapes["output_norm.bias"] = (n_embd,)

head = struct.pack("<4sIQQ", b"GGUF", 3, len(shapes), len(keys))
for name, kind, value in keys:
    head += text(name) + struct.pack("<I", kind) + value
size, entries = 0, []
for name, shape in shapes.items():
    entries.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *reversed(shape), 0, size))
    count = 1
    for n in shape:
        count *= n
    size = (size + 4 * count + 31) // 32 * 32
head += b"".join(entries)
with open(path, "wb") as file:
    file.write(head)
    file.truncate((len(head) + 31) // 32 * 32 + size)
