# SPDX-License-Identifier: MIT
#
# chat_model.py FAMILY FOLDER [N_CTX]
#
# Writes a chat model with the architecture, the kind of tokenizer, the special tokens and a chat template in the style
# of a family: llama-3, qwen3, gemma or gpt-oss (its turns, on a dense model: quill has no family with its experts).
# It answers by the last of the characters ? ! @ ~ # of the question, its cue:
#
#   ?  a short answer            @  one that does not end      #  a tool call, where the family has one of its own
#   !  reasoning and an answer   ~  words drawn at random, which depend on all that was said before
#
# Three layers do it. Tokens are vectors of random signs, besides a few dimensions of meaning. In the first layer a head
# finds the last cue: its queries and keys lie in a pair of slowly rotating dimensions, a little apart, so that a score
# falls with the distance. In the second the MLP is a table: a neuron fires after a token, or after a special token
# under a cue, and adds the token that follows. All other weights are random: they disturb, so that what comes at random
# depends on each of them.
import array
import json
import math
import pathlib
import random
import struct
import sys

family, folder = sys.argv[1], pathlib.Path(sys.argv[2])
n_ctx = int(sys.argv[3]) if len(sys.argv) > 3 else 60000
END_OF = {"llama-3": "<|eot_id|>", "qwen3": "<|im_end|>", "gemma": "<end_of_turn>", "gpt-oss": "<|return|>"}
END = END_OF[family]
WORDS = [" la", " lo", " mi", " ne", " pu", " ra", " so", " ti"]
CALL = '{"name": "f", "arguments": {"x": [1, "a"]}}'
DRAW = "draw"  # stands for one of WORDS, or the end

# ---- what is said: the tokens behind the beginning of an answer, by cue ---------------------------------------------

SPEECHES = {
    "?": ["Well", ",", " yes", ".", END],
    "!": ["Oho", END],
    "@": ["More", " on", " and", " on"],
    "~": ["Hum", DRAW],
    "#": ["Oho", END],
}
OPENING = {"llama-3": "\n\n", "qwen3": "\n", "gemma": "\n", "gpt-oss": "assistant"}[family]
if family == "llama-3":
    SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", END, "<|eom_id|>",
               "<|python_tag|>"]
    BOS, EOS = SPECIAL[0], [SPECIAL[1], "<|eom_id|>", END]
    SPEECHES["#"] = ["<|python_tag|>", CALL.replace("arguments", "parameters"), "<|eom_id|>"]
if family == "qwen3":
    SPECIAL = ["<|endoftext|>", "<|im_start|>", END, "<tool_call>", "</tool_call>", "<think>", "</think>"]
    BOS, EOS = None, [END, "<|endoftext|>"]
    SPEECHES["!"] = ["<think>", "\nhm, ", "hm\n", "</think>", "\n\nO", "ho", END]
    SPEECHES["#"] = ["<tool_call>", "\n" + CALL + "\n", "</tool_call>", END]
if family == "gemma":
    SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", END]
    BOS, EOS = "<bos>", ["<eos>", END]
if family == "gpt-oss":
    SPECIAL = ["<|startoftext|>", "<|endoftext|>", END, "<|constrain|>", "<|channel|>", "<|start|>", "<|end|>",
               "<|message|>", "<|call|>"]
    BOS, EOS = None, [END, "<|endoftext|>", "<|call|>"]
    # A channel's name is a cue too, spelled in another way for each answer.
    for cue, name in {"?": ["final"], "!": ["fin", "al"], "@": ["fina", "l"], "~": ["fi", "nal"]}.items():
        SPEECHES[cue] = ["<|channel|>", *name, "<|message|>", *SPEECHES[cue]]
    SPEECHES["!"][:0] = ["<|channel|>", "analysis", "<|message|>", "hm, ", "hm", "<|end|>", "<|start|>", "assistant"]
    SPEECHES["#"] = ["<|channel|>", "commentary to=functions.f ", "<|constrain|>", "json", "<|message|>",
                     '{"x": [1, "a"]}', "<|call|>"]
CUES = list("?!@~#") + ["analysis", "final", "al", "l", "nal", "commentary to=functions.f "]

TEMPLATES = {
    "llama-3": """\
{{- bos_token }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' }}
    {%- if message.tool_calls %}
        {%- set call = message.tool_calls[0].function %}
        {{- '<|python_tag|>' + {'name': call.name, 'parameters': call.arguments} | tojson + '<|eom_id|>' }}
    {%- else %}
        {{- message.content | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}
""",
    "qwen3": """\
{%- set ns = namespace(question=-1) %}
{%- for message in messages %}{% if message.role == 'user' %}{% set ns.question = loop.index0 %}{% endif %}{% endfor %}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' }}
    {%- if message.reasoning_content and loop.index0 > ns.question %}
        {{- '<think>\\n' + message.reasoning_content.strip('\\n') + '\\n</think>\\n\\n' }}
    {%- endif %}
    {{- message.content }}
    {%- for call in message.tool_calls or [] %}
        {{- '<tool_call>\\n' + {'name': call.function.name, 'arguments': call.function.arguments} | tojson }}
        {{- '\\n</tool_call>' }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}
{%- endif %}
""",
    "gemma": """\
{{ bos_token }}
{%- if messages[0].role == 'system' %}
    {%- set first = messages[0].content | trim + '\\n\\n' %}{% set turns = messages[1:] %}
{%- else %}
    {%- set first = '' %}{% set turns = messages %}
{%- endif %}
{%- for turn in turns %}
    {%- if (turn.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}
    {{- '<start_of_turn>' + ('model' if turn.role == 'assistant' else turn.role) + '\\n' }}
    {{- (first if loop.first else '') + turn.content | trim + '<end_of_turn>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}
""",
    "gpt-oss": """\
{{- '<|start|>system<|message|>Reasoning: ' + (reasoning_effort | default('low')) + '\\n# Valid channels: analysis,' }}
{{- ' commentary, final.<|end|>' }}
{%- for message in messages %}
    {%- if message.role == 'system' or message.role == 'developer' %}
        {{- '<|start|>developer<|message|># Instructions\\n\\n' + message.content + '<|end|>' }}
    {%- elif message.role == 'assistant' and message.tool_calls %}
        {%- set call = message.tool_calls[0].function %}
        {{- '<|start|>assistant<|channel|>commentary to=functions.' + call.name + ' <|constrain|>json<|message|>' }}
        {{- call.arguments | tojson + '<|call|>' }}
    {%- elif message.role == 'assistant' %}
        {{- '<|start|>assistant<|channel|>final<|message|>' + message.content + '<|end|>' }}
    {%- else %}
        {{- '<|start|>' + message.role + '<|message|>' + message.content + '<|end|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}
""",
}

# ---- the tokenizer --------------------------------------------------------------------------------------------------

ENDINGS, BLANKS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)", r"\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SPLITS = {
    "llama-3": ENDINGS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + BLANKS,
    "qwen3": ENDINGS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + BLANKS,
    "gpt-oss": rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{ENDINGS}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{ENDINGS}?"
               r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + BLANKS,
}


PLAIN = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b]
REST = [b for b in range(256) if b not in PLAIN]
SIGN_OF_BYTE = [chr(b if b in PLAIN else 256 + REST.index(b)) for b in range(256)]  # Radford et al. 2019, encoder.py


def spelled(text):
    """How the vocabulary spells a text: a sign for each byte, or U+2581 for spaces."""
    if family == "gemma":
        return text.replace(" ", "\u2581")
    return "".join(SIGN_OF_BYTE[b] for b in text.encode())


vocab, merges, special_ids = {}, [], {}


def add(token):
    return vocab.setdefault(token, len(vocab))


if family == "gemma":
    for token in SPECIAL:
        special_ids[token] = add(token)
    for byte in range(256):
        add(f"<0x{byte:02X}>")
    for code in [10, *range(32, 127)]:
        add(spelled(chr(code)))
else:
    for sign in SIGN_OF_BYTE:
        add(sign)
# Words of templates and answers are merged from the left; the first ones first, so that none is cut short by another.
# Gemma's have no parts in common: GGUF files have scores of tokens in place of merges.
spoken = [piece for pieces in SPEECHES.values() for piece in pieces if piece not in SPECIAL and piece != DRAW]
turns = ["model", "user"] if family == "gemma" else ["assistant", "user", "system", "developer", "analysis", "final"]
for word in turns + ["\n\n", "Well", " yes", "Oho", "More", " on", " and", "Hum"] + WORDS:
    word = spelled(word)
    for n in range(2, len(word) + 1):
        if word[:n] not in vocab:
            merges.append([word[:n - 1], word[n - 1]])
        add(word[:n])
for piece in spoken:
    add(spelled(piece))
if family != "gemma":
    for token in SPECIAL:
        special_ids[token] = add(token)

added = [{"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
          "special": not token.endswith(("think>", "tool_call>"))} for token, i in special_ids.items()]
model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
         "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": family == "llama-3",
         "vocab": {token: i for token, i in vocab.items() if family == "gemma" or token not in special_ids},
         "merges": merges}
tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
             "pre_tokenizer": None, "post_processor": None, "decoder": None, "model": model}
if family == "gemma":
    model.update(unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
    tokenizer["decoder"] = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]}
else:
    parts = {"add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    tokenizer["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": SPLITS[family]}, "behavior": "Isolated", "invert": False},
        {"type": "ByteLevel", **parts}]}
    tokenizer["decoder"] = {"type": "ByteLevel", **parts}
if family == "qwen3":
    tokenizer["normalizer"] = {"type": "NFC"}
if BOS:
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": BOS, "type_id": 0}},
                                                 {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {BOS: {"id": BOS, "ids": [special_ids[BOS]], "tokens": [BOS]}}}

# ---- the weights ----------------------------------------------------------------------------------------------------

rng = random.Random(family)
MEANING, SIGNS = 34, 78                   # dimensions: 0 is 1 for every token, 2.. the cue it is, 18.. the last cue
D, HEAD, N_HEAD, N_KV, FF, N_LAYER = MEANING + SIGNS, 32, 4, 1 if family == "gemma" else 2, 96, 3
LOSES = {"llama-3": 6, "qwen3": 5, "gemma": 8, "gpt-oss": 6}[family]  # the pair of dimensions that turns slowly
APART = 0.5                               # radians between its queries and keys
SCALE = math.sqrt(D) if family == "gemma" else 1.0  # Gemma multiplies embeddings
n_vocab = (len(vocab) + 7) // 8 * 8


def id_of(piece):
    return special_ids[piece] if piece in special_ids else vocab[spelled(piece)]


def signs():
    return [rng.choice((-1.0, 1.0)) for _ in range(SIGNS)]


def noise(n, size):
    return [size * rng.gauss(0, 1) for _ in range(n)]


class Matrix:
    def __init__(self, rows, columns, size=0.0):
        self.shape = (rows, columns) if columns else (rows,)
        self.columns = columns or 1
        n = rows * self.columns
        self.values = array.array("f", noise(n, size) if size else [0.0] * n)

    def set(self, row, column, value):
        self.values[row * self.columns + column] = value

    def row(self, row, values, at=0):
        for i, value in enumerate(values):
            self.set(row, at + i, value)

    def column(self, column, values, at=0):
        for i, value in enumerate(values):
            self.set(at + i, column, value)


def vector(n, value):
    v = Matrix(n, 0)
    v.values = array.array("f", [value] * n)
    return v


drawn = signs()
sign_of = [signs() for _ in range(n_vocab)]
for piece in WORDS + [END]:
    turned = rng.sample(range(SIGNS), 9)
    sign_of[id_of(piece)] = [-s if i in turned else s for i, s in enumerate(drawn)]
embedding = Matrix(n_vocab, D)
for i in range(n_vocab):
    embedding.row(i, [s / SCALE for s in sign_of[i]], MEANING)
    embedding.set(i, 0, 1 / SCALE)
for i, cue in enumerate(CUES):
    if spelled(cue) in vocab:
        embedding.set(id_of(cue), 2 + i, 1 / SCALE)

tensors = {"model.embed_tokens.weight": embedding}
if family in ("qwen3", "gpt-oss"):
    tensors["lm_head.weight"] = embedding


def norm(name, n, value):
    tensors[name] = vector(n, value - 1 if family == "gemma" else value)


def keep_meaning(matrix):
    """Random outputs stay out of the dimensions of meaning."""
    for row in range(MEANING):
        matrix.row(row, [0.0] * matrix.columns)


def find_cue(at):
    """Head 0 reads the last cue into the dimensions from 18 on."""
    q, k, v, o = (tensors[f"{at}self_attn.{c}_proj.weight"] for c in "qkvo")
    size = 1.0 if family == "qwen3" else 45.0
    for row in range(HEAD):
        q.row(row, [0.0] * D)
        k.row(row, [0.0] * D)
        v.row(row, [0.0] * D)
    q.set(LOSES, 0, size * math.cos(APART))
    q.set(LOSES + HEAD // 2, 0, size * math.sin(APART))
    for cue in range(len(CUES)):
        k.set(LOSES, 2 + cue, size)
        v.set(cue, 2 + cue, 1.0)
        o.set(18 + cue, cue, 1.0)
    if family == "qwen3":  # keys are normalized: those of other tokens lie elsewhere
        k.set(HEAD // 2 - 1, 0, 0.01)
        for name in "qk":
            weights = tensors[f"{at}self_attn.{name}_norm.weight"]
            weights.set(LOSES, 0, 8.5)
            weights.set(LOSES + HEAD // 2, 0, 8.5)


def follow(at):
    """What comes after what: neurons of the MLP."""
    gate, up, down = (tensors[f"{at}mlp.{name}_proj.weight"] for name in ("gate", "up", "down"))
    rules = {}
    for cue, pieces in SPEECHES.items():
        last, before = cue, OPENING
        for piece in pieces:
            key = (before, last if before in special_ids or before == OPENING else None)
            assert rules.setdefault(key, piece) == piece, (key, piece)
            last, before = piece if piece in CUES else last, piece
    rules[(DRAW, None)] = DRAW
    for neuron, ((before, cue), after) in enumerate(rules.items()):
        key = drawn if before == DRAW else sign_of[id_of(before)]
        value = drawn if after == DRAW else sign_of[id_of(after)]
        gate.row(neuron, [0.0] * D)
        gate.row(neuron, [s / 20 for s in key], MEANING)
        up.row(neuron, [0.0] * D)
        if cue:
            up.set(neuron, 18 + CUES.index(cue), 1.0)
        else:
            up.row(neuron, [s / 80 for s in key], MEANING)
        down.column(neuron, [(4.0 if after == DRAW else 2.0) * s for s in value], MEANING)
    assert len(rules) <= FF
    for neuron in range(len(rules), FF):
        down.column(neuron, [0.0] * SIGNS, MEANING)


for layer in range(N_LAYER):
    at = f"model.layers.{layer}."
    loud = 3.0 if layer == N_LAYER - 1 else 0.3
    norm(at + "input_layernorm.weight", D, 1.0)
    norm(at + "post_attention_layernorm.weight", D, 1.0)
    for name, rows, columns, size in (("q", N_HEAD * HEAD, D, 0.2), ("k", N_KV * HEAD, D, 0.2),
                                      ("v", N_KV * HEAD, D, 0.1), ("o", D, N_HEAD * HEAD, 0.1 * loud)):
        tensors[f"{at}self_attn.{name}_proj.weight"] = Matrix(rows, columns, size)
        if family == "gpt-oss":
            tensors[f"{at}self_attn.{name}_proj.bias"] = Matrix(rows, 0, 0.0 if layer == 0 else 0.05)
    for name, rows, columns, size in (("gate", FF, D, 0.1), ("up", FF, D, 0.1), ("down", D, FF, 0.1 * loud)):
        tensors[f"{at}mlp.{name}_proj.weight"] = Matrix(rows, columns, size)
    if family == "qwen3":
        norm(at + "self_attn.q_norm.weight", HEAD, 1.0)
        norm(at + "self_attn.k_norm.weight", HEAD, 1.0)
    keep_meaning(tensors[at + "self_attn.o_proj.weight"])
    keep_meaning(tensors[at + "mlp.down_proj.weight"])
find_cue("model.layers.0.")
follow("model.layers.1.")
norm("model.norm.weight", D, 0.4 * SCALE)

# ---- the files ------------------------------------------------------------------------------------------------------

config = {
    "hidden_size": D, "intermediate_size": FF, "num_hidden_layers": N_LAYER, "num_attention_heads": N_HEAD,
    "num_key_value_heads": N_KV, "head_dim": HEAD, "vocab_size": n_vocab, "max_position_embeddings": n_ctx,
    "rms_norm_eps": 1e-6, "hidden_act": "silu", "tie_word_embeddings": family in ("llama-3", "gemma"),
    "eos_token_id": [id_of(token) for token in EOS], "torch_dtype": "float32",
}
if BOS:
    config["bos_token_id"] = id_of(BOS)
config.update({
    "llama-3": {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "rope_theta": 500000.0,
                "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                 "original_max_position_embeddings": 8192}},
    "qwen3": {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "rope_theta": 1000000.0},
    "gemma": {"architectures": ["GemmaForCausalLM"], "model_type": "gemma", "rope_theta": 10000.0,
              "hidden_act": "gelu_pytorch_tanh"},
    "gpt-oss": {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "rope_theta": 150000.0,
                "attention_bias": True,
                "rope_scaling": {"rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0,
                                 "original_max_position_embeddings": 4096}},
}[family])

header, place = {}, 0
for name, tensor in tensors.items():
    size = 4 * len(tensor.values)
    header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [place, place + size]}
    place += size
if sys.byteorder == "big":
    for tensor in {id(t): t for t in tensors.values()}.values():
        tensor.values.byteswap()
head = json.dumps(header).encode()
head += b" " * (-len(head) % 8)

folder.mkdir()
with open(folder / "model.safetensors", "wb") as out:
    out.write(struct.pack("<Q", len(head)) + head)
    for tensor in tensors.values():
        out.write(tensor.values.tobytes())


def write(name, content):
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text, encoding="utf-8")


write("config.json", config)
write("tokenizer.json", tokenizer)
write("tokenizer_config.json", {"bos_token": BOS, "eos_token": END, "tokenizer_class": "PreTrainedTokenizerFast"})
write("chat_template.jinja", TEMPLATES[family])
