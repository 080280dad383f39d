"""Tiny models of many families with random weights, and what independent programs compute with them.

Each is a folder of tests/data/families: a Hugging Face directory (config.json as published models of the family have
it, model.safetensors, the tokenizer that all share), where llama.cpp has a form for the family also the same numbers
as model.gguf, and what transformers computes in float32 with eager attention (expect.txt, logits.f32). A row of the
tables in this package is a model.

Weights are larger than those of a fresh model, norms and biases are away from 1 and 0, so that the logits are spread
and every part matters. The seed is the first one with which the continuation has a clear winner at every step, and
with which float64 gives the same numbers.
"""
import json
import shutil
import zlib

from . import forms, gemma_kin, gguf_file, gpt_kin, llama_kin, more_kin, neox_kin, norm_kin, weights
from .. import expect, texts

N_PROMPT = 40    # tokens of a prompt: more than the windows and the original contexts of the models
N_GREEDY = 6     # and of its continuation
CLEAR_GAP = 0.005  # the smallest accepted gap between the two best logits, as a share of the largest logit
SAME = 1e-5      # the largest accepted difference of float32 and float64, as a share of the largest logit
# Positions whose logits are kept: the first ones, around windows and original contexts of 8, 16 and 32, the last ones.
ROWS = (0, 1, 8, 9, 16, 17, 32, 33, *range(N_PROMPT - 2, N_PROMPT + N_GREEDY - 1))


def add_arguments(parser):
    parser.add_argument("names", nargs="*", metavar="NAME", help="make these models alone")
    parser.add_argument("--list", action="store_true", help="list the models: name, family, GGUF name")


def all_models():
    from . import remote  # needs torch
    return [model for kin in (llama_kin, gpt_kin, neox_kin, norm_kin, gemma_kin, more_kin, remote, forms) for model in kin.MODELS]


def run(args):
    models = all_models()
    unknown = set(args.names) - {model.name for model in models}
    if unknown:
        raise SystemExit(f"no such model: {', '.join(sorted(unknown))}")
    for model in models:
        if args.list:
            print(model.name, model.config["model_type"], model.gguf.arch if model.gguf else "-")
        elif not args.names or model.name in args.names:
            make(model, args.data / "families" / model.name)


def compute(model, directory, ids):
    """What the files of the directory compute."""
    return weights.compute(weights.load(model, directory), ids, N_GREEDY)


def make(model, directory):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    encode = weights.write_tokenizer(directory)
    begin = zlib.crc32(model.name.encode()) % 1500
    text = texts.STORY[begin:begin + 3 * N_PROMPT]
    while len(encode(text)) > N_PROMPT:
        text = text[:-1]
    ids = encode(text)
    seed, found = weights.write(model, directory, ids, N_GREEDY, CLEAR_GAP, SAME)
    if model.resaved:
        weights.load(model, directory).config.save_pretrained(str(directory))
    if model.published:
        (directory / "config.json").write_text(json.dumps(model.published, indent=1) + "\n")
    rows = sorted({row for row in ROWS if row < len(found.logits)})
    found.logits[rows].astype("<f4").tofile(directory / "logits.f32")
    facts = [("family", gguf_file.text_config(model.config)["model_type"]), ("prompt_hex", text.encode()), ("prompt_ids", ids),
             ("greedy_ids", found.greedy), ("n_vocab", found.logits.shape[1]), ("rows", rows),
             ("max_abs", float(abs(found.logits[rows]).max())), ("log_probs", found.log_probs), ("min_gap", found.gap)]
    if model.gguf:
        gguf_file.write(model, directory)
        facts += [("gguf_family", model.gguf.arch), ("gguf_bits", "same")]
    expect.write(directory / "expect.txt", facts, f"{model.name} (seed {seed}): {model.source}")
    sizes = " ".join(f"{path.name} {path.stat().st_size}" for path in sorted(directory.glob("model.*")))
    print(f"{model.name}: seed {seed}, gap {found.gap:.4f}, float64 {found.error:.1e} of {abs(found.logits).max():.2f}; {sizes}")
