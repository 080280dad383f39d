"""Verify the committed data by other means.

Tiny models: the logits computed again in float64 with numpy alone; the largest difference must be below 1e-5 of the
largest logit, and the greedy continuations must be the same. GGUF files: the same logits from what they hold.
Models of other families: read from the committed files and computed again, in float64 too.
Vocabularies: the ids found again by a plain BPE.
"""
from . import bpe, expect, families, gguf_files, gpt2

TOLERANCE = 1e-5


def add_arguments(parser):
    pass


def run(args):
    good = [check_model(path.parent) for path in sorted(args.data.glob("parity/*/config.json"))]
    good += [check_gguf(args.data, name, kind) for name, kind in gguf_files.FILES]
    good += [check_family(model, args.data / "families" / model.name) for model in families.all_models() if not model.published]
    good += [check_vocabulary(path.parent) for path in sorted(args.data.glob("tokenizer/*/merges.txt"))]
    return 0 if all(good) else 1


def check_model(directory):
    config, tensors = gpt2.read_directory(directory)
    error, same = compare(config, tensors, directory / "expect.txt", directory / "logits.f32")
    for path in sorted(directory.glob("expect*.txt")):
        same = same and greedy_agrees(config, tensors, expect.read(path))
    print(f"{directory.name}: largest difference {error:.2e}, continuations {'equal' if same else 'DIFFER'}")
    return error < TOLERANCE and same


def check_gguf(data, name, kind):
    source, path = data / "parity" / name, data / "gguf" / f"{name}-{kind}.gguf"
    config, tensors = gpt2.read_directory(source)[0], gguf_files.read_tensors(path)
    if kind == "q8_0":
        error, same = compare(config, tensors, path.with_suffix(".txt"), path.with_suffix(".f32"))
    else:  # holds the same weights
        error, same = compare(config, tensors, source / "expect.txt", source / "logits.f32")
    print(f"{path.name}: largest difference {error:.2e}, likeliest tokens {'equal' if same else 'DIFFER'}")
    return error < TOLERANCE and same


def check_family(model, directory):
    import numpy as np
    facts = expect.read(directory / "expect.txt")
    found = families.compute(model, directory, numbers(facts, "prompt_ids"))
    rows = numbers(facts, "rows")
    wanted = np.fromfile(directory / "logits.f32", "<f4").reshape(len(rows), -1)
    error = max(abs(found.logits[rows] - wanted).max() / abs(wanted).max(), found.error)
    same = found.greedy == numbers(facts, "greedy_ids")
    print(f"{directory.name}: largest difference {error:.2e}, continuations {'equal' if same else 'DIFFER'}")
    return error < TOLERANCE and same


def compare(config, tensors, facts, logits):
    """The largest difference as a share of the largest logit, and whether the likeliest tokens are the same."""
    import numpy as np
    facts = expect.read(facts)
    rows = numbers(facts, "rows")
    wanted = np.fromfile(logits, "<f4").reshape(len(rows), -1)
    found = gpt2.forward64(config, tensors, numbers(facts, "prompt_ids"))
    return abs(found[rows] - wanted).max() / abs(wanted).max(), found.argmax(-1).tolist() == numbers(facts, "top_ids")


def greedy_agrees(config, tensors, facts):
    """One forward pass over prompt and continuation shows every greedy choice."""
    prompt, continuation = numbers(facts, "prompt_ids"), numbers(facts, "greedy_ids")
    found = gpt2.forward64(config, tensors, prompt + continuation[:-1])
    return found[len(prompt) - 1:].argmax(-1).tolist() == continuation


def check_vocabulary(directory):
    encode = bpe.load(directory)
    lines = (directory / "cases.txt").read_text(encoding="ascii").split("\n")
    texts = [bytes.fromhex(line).decode() for line in lines[:-1:2]]
    wrong = [text for text, ids in zip(texts, lines[1::2]) if encode(text) != [int(i) for i in ids.split()]]
    print(f"{directory.name}: {len(texts)} texts, {f'{len(wrong)} DIFFER: {wrong[:3]}' if wrong else 'equal'}")
    return not wrong


def numbers(facts, key):
    return [int(value) for value in facts[key]]
