"""Verify the committed data by other means.

Tiny models: the logits computed again in float64 with numpy alone; the largest difference must be below 1e-5 of the
largest logit, and the greedy continuations must be the same. Vocabularies: the ids found again by a plain BPE.
"""
from . import bpe, expect, gpt2

TOLERANCE = 1e-5


def add_arguments(parser):
    pass


def run(args):
    good = [check_model(path.parent) for path in sorted(args.data.glob("parity/*/config.json"))]
    good += [check_vocabulary(path.parent) for path in sorted(args.data.glob("tokenizer/*/merges.txt"))]
    return 0 if all(good) else 1


def check_model(directory):
    import numpy as np
    config, tensors = gpt2.read_directory(directory)
    facts = expect.read(directory / "expect.txt")
    rows = [int(row) for row in facts["rows"]]
    wanted = np.fromfile(directory / "logits.f32", "<f4").reshape(len(rows), -1)
    found = gpt2.forward64(config, tensors, numbers(facts, "prompt_ids"))
    error = abs(found[rows] - wanted).max() / abs(wanted).max()
    same = found.argmax(-1).tolist() == numbers(facts, "top_ids")
    for path in sorted(directory.glob("expect*.txt")):
        same = same and greedy_agrees(config, tensors, expect.read(path))
    print(f"{directory.name}: largest difference {error:.2e}, continuations {'equal' if same else 'DIFFER'}")
    return error < TOLERANCE and same


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
