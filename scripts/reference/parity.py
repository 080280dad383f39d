"""Tiny GPT-2 models with random weights, as Hugging Face directories, and what transformers computes with them.

The weights are larger than those of a fresh model, with biases and norms away from 0 and 1, so that the logits are
spread and every part of the model matters. The seed of a model is the first one whose greedy continuations have a
clear winner at every step, so that rounding differences of other implementations cannot change them, and do not
repeat one token for ever, as random models like to do.
"""
import dataclasses
import itertools
import json
import shutil

from . import expect, gpt2, texts

END = "<|endoftext|>"
CONTINUATION = 64
CLEAR_GAP = 0.005  # the smallest accepted gap between the two best logits, as a share of the largest logit
VARIETY = 12  # the least number of different tokens in a continuation


@dataclasses.dataclass(frozen=True)
class Tiny:
    """One model and the traits of its files."""
    name: str
    n_embd: int
    n_head: int
    n_layer: int
    n_ctx: int
    n_vocab: int
    prompts: tuple  # (begin, end) in characters of texts.STORY; the first one's logits are kept
    n_inner: int = None
    activation: str = "gelu_new"
    epsilon: float = 1e-5
    dtype: str = "float32"
    prefix: bool = True  # tensor names begin with "transformer."
    mask_buffers: bool = False  # the constant attention masks that old checkpoints carry along
    shards: bool = False
    tied: bool = True
    tokenizer_json: bool = False  # tokenizer.json in place of vocab.json and merges.txt
    rows: tuple = None  # positions whose logits are kept; None: all


MODELS = (
    Tiny("narrow20", 20, 1, 2, 64, 270, ((0, 40),), prefix=False, mask_buffers=True),
    Tiny("shards48", 48, 3, 2, 90, 263, ((60, 100),), n_inner=96, shards=True),
    Tiny("half64", 64, 4, 2, 100, 301, ((120, 180),), n_inner=128, dtype="float16", prefix=False, tokenizer_json=True),
    Tiny("bf40", 40, 5, 1, 64, 280, ((200, 230),), dtype="bfloat16"),
    Tiny("long32", 32, 1, 1, 350, 259, ((0, 300), (300, 536)), n_inner=72,
         rows=(0, 1, 15, 16, 17, 63, 127, 128, 254, 255, 256, 257, 258, 270, -1)),
    Tiny("untied24", 24, 2, 1, 64, 266, ((400, 430),), activation="gelu", epsilon=1e-3, tied=False),
)


def add_arguments(parser):
    parser.add_argument("--only", metavar="NAME", help="make this model alone: " + ", ".join(m.name for m in MODELS))


def run(args):
    for tiny in MODELS:
        if args.only in (None, tiny.name):
            make(tiny, args.data / "parity" / tiny.name)


def make(tiny, directory):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    encode = write_tokenizer(tiny, directory)
    prompts = [encode(texts.STORY[begin:end]) for begin, end in tiny.prompts]
    for seed in itertools.count(1):
        write_model(tiny, directory, seed)
        model = gpt2.load(directory)
        logits = gpt2.logits(model, prompts[0])
        largest = float(abs(logits).max())
        answers = [gpt2.greedy(model, ids, CONTINUATION, CLEAR_GAP * largest) for ids in prompts]
        if all(gap > CLEAR_GAP * largest and len(set(ids)) >= VARIETY and tiny.n_vocab - 1 not in ids for ids, gap in answers):
            break
    gap = min(gap for _, gap in answers)
    for number, ((begin, end), ids, (continuation, gap)) in enumerate(zip(tiny.prompts, prompts, answers), 1):
        facts = [("prompt_hex", texts.STORY[begin:end].encode()), ("prompt_ids", ids)]
        if number == 1:
            rows = sorted(row % len(ids) for row in tiny.rows or range(len(ids)))
            logits[rows].astype("<f4").tofile(directory / "logits.f32")
            facts += [("n_vocab", tiny.n_vocab), ("rows", rows), ("max_abs", float(abs(logits[rows]).max())),
                      ("top_ids", logits.argmax(-1).tolist())]
        facts += [("greedy_ids", continuation), ("min_gap", gap)]
        expect.write(directory / ("expect.txt" if number == 1 else f"expect-{number}.txt"), facts,
                     f"{tiny.name} (seed {seed}): Hugging Face transformers, float32, eager attention")
    print(f"{tiny.name}: seed {seed}, gap {gap:.4f} of {largest:.3f}, {[len(p) for p in prompts]} tokens of prompts")


def write_tokenizer(tiny, directory):
    """Train the vocabulary on the story; returns the function that encodes."""
    import tokenizers
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE())
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = tokenizers.decoders.ByteLevel()
    bpe.train_from_iterator([texts.STORY], tokenizers.trainers.BpeTrainer(
        vocab_size=tiny.n_vocab - 1, initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    if tiny.tokenizer_json:
        bpe.add_special_tokens([END])
        bpe.save(str(directory / "tokenizer.json"))
    else:
        bpe.model.save(str(directory))
        vocab = json.loads((directory / "vocab.json").read_text())
        vocab[END] = len(vocab)
        (directory / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    return lambda text: bpe.encode(text).ids


def write_model(tiny, directory, seed):
    """config.json, generation_config.json and the weights."""
    import safetensors.torch
    import torch
    end = tiny.n_vocab - 1
    config = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": tiny.n_vocab, "n_positions": tiny.n_ctx,
              "n_ctx": tiny.n_ctx, "n_embd": tiny.n_embd, "n_layer": tiny.n_layer, "n_head": tiny.n_head, "n_inner": tiny.n_inner,
              "activation_function": tiny.activation, "layer_norm_epsilon": tiny.epsilon, "tie_word_embeddings": tiny.tied,
              "bos_token_id": end, "eos_token_id": end, "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0,
              "torch_dtype": tiny.dtype}
    (directory / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (directory / "generation_config.json").write_text(json.dumps({"bos_token_id": end, "eos_token_id": end}, indent=1) + "\n")

    dtype = getattr(torch, tiny.dtype)
    names = lambda name: "transformer." + name if tiny.prefix and name != "lm_head.weight" else name
    tensors = {names(name): torch.from_numpy(value).to(dtype) for name, value in random_weights(tiny, seed).items()}
    if tiny.mask_buffers:
        for layer in range(tiny.n_layer):
            mask = torch.ones(tiny.n_ctx, tiny.n_ctx).tril().view(1, 1, tiny.n_ctx, tiny.n_ctx)
            tensors[names(f"h.{layer}.attn.bias")] = mask.to(torch.uint8)
    if not tiny.shards:
        safetensors.torch.save_file(tensors, str(directory / "model.safetensors"), {"format": "pt"})
        return
    parts = [dict(list(tensors.items())[part::2]) for part in range(2)]
    files = [f"model-{part + 1:05}-of-00002.safetensors" for part in range(2)]
    for file, part in zip(files, parts):
        safetensors.torch.save_file(part, str(directory / file), {"format": "pt"})
    index = {"metadata": {"total_size": sum(t.numel() * t.element_size() for t in tensors.values())},
             "weight_map": {name: file for file, part in zip(files, parts) for name in part}}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")


def random_weights(tiny, seed):
    """The tensors of a model by their names, float32; matrices [in, out]."""
    import numpy as np
    rng = np.random.default_rng(seed)
    normal = lambda scale, *shape: (scale * rng.standard_normal(shape)).astype(np.float32)
    width, inner = tiny.n_embd, tiny.n_inner or 4 * tiny.n_embd
    weights = {"wte.weight": normal(0.4, tiny.n_vocab, width), "wpe.weight": normal(0.5, tiny.n_ctx, width)}

    def norm(name, bias=0.2):
        weights[name + ".weight"] = 1 + normal(0.3, width)
        weights[name + ".bias"] = normal(bias, width)

    def linear(name, rows, columns):
        weights[name + ".weight"] = normal(2.4 / rows ** 0.5, rows, columns)
        weights[name + ".bias"] = normal(0.2, columns)

    for layer in range(tiny.n_layer):
        norm(f"h.{layer}.ln_1")
        linear(f"h.{layer}.attn.c_attn", width, 3 * width)
        linear(f"h.{layer}.attn.c_proj", width, width)
        norm(f"h.{layer}.ln_2")
        linear(f"h.{layer}.mlp.c_fc", width, inner)
        linear(f"h.{layer}.mlp.c_proj", inner, width)
    norm("ln_f", 0.1)
    if not tiny.tied:
        weights["lm_head.weight"] = normal(0.4, tiny.n_vocab, width)
    return weights
