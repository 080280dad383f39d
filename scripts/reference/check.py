"""Compute the committed logits of the tiny models again, in float64 with numpy alone, and compare.

The largest difference must be below 1e-5 of the largest logit, and the greedy continuations must be the same.
"""
from . import expect, gpt2

TOLERANCE = 1e-5


def add_arguments(parser):
    pass


def run(args):
    import numpy as np
    failed = False
    for directory in sorted(path.parent for path in args.data.glob("parity/*/config.json")):
        config, tensors = gpt2.read_directory(directory)
        facts = expect.read(directory / "expect.txt")
        rows = [int(row) for row in facts["rows"]]
        wanted = np.fromfile(directory / "logits.f32", "<f4").reshape(len(rows), -1)
        found = gpt2.forward64(config, tensors, numbers(facts, "prompt_ids"))
        error = abs(found[rows] - wanted).max() / abs(wanted).max()
        same = found.argmax(-1).tolist() == numbers(facts, "top_ids")
        for path in sorted(directory.glob("expect*.txt")):
            same = same and greedy_agrees(config, tensors, expect.read(path))
        failed |= not (error < TOLERANCE and same)
        print(f"{directory.name}: largest difference {error:.2e}, continuations {'equal' if same else 'DIFFER'}")
    return int(failed)


def greedy_agrees(config, tensors, facts):
    """One forward pass over prompt and continuation shows every greedy choice."""
    prompt, continuation = numbers(facts, "prompt_ids"), numbers(facts, "greedy_ids")
    found = gpt2.forward64(config, tensors, prompt + continuation[:-1])
    return found[len(prompt) - 1:].argmax(-1).tolist() == continuation


def numbers(facts, key):
    return [int(value) for value in facts[key]]
