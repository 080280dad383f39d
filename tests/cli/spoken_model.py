# SPDX-License-Identifier: MIT
#
# spoken_model.py OUT.gguf N_CTX TEMPLATE SPEECH...
#
# Writes a GPT-2 that says what it is told to. A SPEECH is `BEGINNING|||PIECE|||PIECE...` (\\n is a newline): after the
# beginning, a character or a special token such as <|user|>, come the pieces, and then the end of the text. A piece
# is a token of its own, special if it looks so; one that occurs twice must go on in the same way. TEMPLATE is the chat
# template of the file; empty: none.
#
# The embedding of a token is a unit vector and positions add nothing, so logits depend on the last token alone: the
# output matrix has a one for the token that is to follow.
import struct
import sys

path, n_ctx, template, speeches = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]
U32, F32, STRING, ARRAY, I32 = 4, 6, 8, 9, 5
END = 256


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def mapped(byte):
    """The character that stands for a byte in the vocabulary (Radford et al. 2019, encoder.py)."""
    plain = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b]
    return chr(byte) if byte in plain else chr(256 + [b for b in range(256) if b not in plain].index(byte))


def is_special(piece):
    return piece.startswith("<|") and piece.endswith("|>")


tokens = [mapped(b) for b in range(256)] + ["<|endoftext|>"]
types = [1] * 256 + [3]
special = {"<|endoftext|>": END}
follows = {}


def token_of(piece, first):
    if is_special(piece):
        if piece not in special:
            special[piece] = len(tokens)
            tokens.append(piece)
            types.append(3)
        return special[piece]
    if first:
        return piece.encode()[-1]
    spelled = "".join(mapped(b) for b in piece.encode())
    tokens.append(spelled)
    types.append(1)
    return len(tokens) - 1


ids = {}
for speech in speeches:
    pieces = speech.encode().decode("unicode_escape").encode("latin-1").decode().split("|||")
    at = token_of(pieces[0], True)
    for piece in pieces[1:]:
        if piece not in ids:
            ids[piece] = token_of(piece, len(piece.encode()) == 1)
        follows[at] = ids[piece]
        at = ids[piece]
n_vocab = len(tokens)
n_embd = (n_vocab + 7) // 8 * 8
keys = [
    ("general.architecture", STRING, text("gpt2")),
    ("general.name", STRING, text("spoken")),
    ("gpt2.context_length", U32, struct.pack("<I", n_ctx)),
    ("gpt2.embedding_length", U32, struct.pack("<I", n_embd)),
    ("gpt2.block_count", U32, struct.pack("<I", 1)),
    ("gpt2.feed_forward_length", U32, struct.pack("<I", 8)),
    ("gpt2.attention.head_count", U32, struct.pack("<I", 1)),
    ("gpt2.attention.layer_norm_epsilon", F32, struct.pack("<f", 1e-5)),
    ("tokenizer.ggml.model", STRING, text("gpt2")),
    ("tokenizer.ggml.pre", STRING, text("gpt-2")),
    ("tokenizer.ggml.tokens", ARRAY, struct.pack("<IQ", STRING, n_vocab) + b"".join(map(text, tokens))),
    ("tokenizer.ggml.token_type", ARRAY, struct.pack(f"<IQ{n_vocab}i", I32, n_vocab, *types)),
    ("tokenizer.ggml.merges", ARRAY, struct.pack("<IQ", STRING, 0)),
    ("tokenizer.ggml.eos_token_id", U32, struct.pack("<I", END)),
]
if template:
    keys.append(("tokenizer.chat_template", STRING, text(template)))
shapes = {"token_embd.weight": (n_vocab, n_embd), "position_embd.weight": (n_ctx, n_embd)}
shapes["output.weight"] = shapes["token_embd.weight"]
for name, shape in {
    "attn_norm": (n_embd,), "attn_qkv": (3 * n_embd, n_embd), "attn_output": (n_embd, n_embd),
    "ffn_norm": (n_embd,), "ffn_up": (8, n_embd), "ffn_down": (n_embd, 8),
}.items():
    shapes[f"blk.0.{name}.weight"] = shape
    shapes[f"blk.0.{name}.bias"] = shape[:1]
shapes["output_norm.weight"] = shapes["output_norm.bias"] = (n_embd,)
# The norm makes sqrt(n-1) of the one and -1/sqrt(n-1) of the zeros, which its bias makes zeros again.
values = {
    "token_embd.weight": [(i, i, 1.0) for i in range(n_vocab)],
    "output.weight": [(follows.get(i, END), i, 1.0) for i in range(n_vocab)],
    "output_norm.weight": [(0, i, 1.0) for i in range(n_embd)],
    "output_norm.bias": [(0, i, (n_embd - 1) ** -0.5) for i in range(n_embd)],
}

head = struct.pack("<4sIQQ", b"GGUF", 3, len(shapes), len(keys))
for name, kind, value in keys:
    head += text(name) + struct.pack("<I", kind) + value
size, entries, places = 0, [], {}
for name, shape in shapes.items():
    entries.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *reversed(shape), 0, size))
    places[name] = size
    count = 1
    for n in shape:
        count *= n
    size = (size + 4 * count + 31) // 32 * 32
head += b"".join(entries)
data = (len(head) + 31) // 32 * 32
with open(path, "wb") as file:
    file.write(head)
    file.truncate(data + size)
    for name, at in values.items():
        for row, column, value in at:
            file.seek(data + places[name] + 4 * (row * n_embd + column))
            file.write(struct.pack("<f", value))
