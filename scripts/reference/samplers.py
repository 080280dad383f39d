"""What logits processors of transformers leave of logits.

tests/data/samplers.tsv has a line for each case: processor, its parameter, the logits, the ids so far (-: none), the ids
that are left.
"""
import random

N_VOCAB = 24
CASES = 12  # of each processor


def add_arguments(parser):
    pass


def processors():
    from transformers.generation import logits_process as of
    return {
        "eta_cutoff": (of.EtaLogitsWarper, lambda r: r.choice([0.0003, 0.002, 0.01, 0.05, 0.2, 0.6])),
        "epsilon_cutoff": (of.EpsilonLogitsWarper, lambda r: r.choice([0.0003, 0.002, 0.01, 0.05, 0.2, 0.6])),
        "no_repeat_ngram": (of.NoRepeatNGramLogitsProcessor, lambda r: r.choice([1, 2, 3, 4, 7])),
    }


def run(args):
    import torch
    r = random.Random(7)
    lines = ["# transformers' logits processors: name, parameter, logits, ids so far, ids that are left"]
    for name, (processor, parameter) in processors().items():
        for case in range(CASES):
            value = parameter(r)
            logits = torch.tensor([[r.gauss(0, (0.5, 2, 5)[case % 3]) for _ in range(N_VOCAB)]], dtype=torch.float32)
            ids = [r.randrange(2 + case % 3) for _ in range(r.randrange(1, 40))] if name == "no_repeat_ngram" else []
            scores = processor(value)(torch.tensor([ids], dtype=torch.long), logits.clone())
            left = [i for i in range(N_VOCAB) if scores[0, i] > -float("inf")]
            lines.append("\t".join([name, str(value), " ".join(f"{x:.9g}" for x in logits[0].tolist()),
                                    " ".join(map(str, ids)) or "-", " ".join(map(str, left))]))
    (args.data / "samplers.tsv").write_text("\n".join(lines) + "\n")
