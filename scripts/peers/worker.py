# SPDX-License-Identifier: MIT
# How scripts/bench talks to a program in Python: `probe` tells its version; `serve` loads a model and then answers a
# line of JSON, {"row": ..., ...}, with {"tokens_per_s": ...}, until stdin ends; `once` generates a token and ends, which
# is what start-up costs; `make` writes the files that the others load.
import argparse
import json
import os
import sys
import time

# As in tests/make_model.c.
SHAPES = {
    "124M": {"family": "gpt2", "layers": 12, "embd": 768, "heads": 12, "ctx": 1024, "vocab": 50257},
    "355M": {"family": "gpt2", "layers": 24, "embd": 1024, "heads": 16, "ctx": 1024, "vocab": 50257},
    "774M": {"family": "gpt2", "layers": 36, "embd": 1280, "heads": 20, "ctx": 1024, "vocab": 50257},
    "1.5B": {"family": "gpt2", "layers": 48, "embd": 1600, "heads": 25, "ctx": 1024, "vocab": 50257},
    "llama-1.2B": {"family": "llama", "layers": 16, "embd": 2048, "heads": 32, "kv_heads": 8, "head_dim": 64, "ff": 8192,
                   "ctx": 8192, "vocab": 128256, "base": 500000.0, "eps": 1e-5},
    "qwen3-0.6B": {"family": "qwen3", "layers": 28, "embd": 1024, "heads": 16, "kv_heads": 8, "head_dim": 128, "ff": 3072,
                   "ctx": 8192, "vocab": 151936, "base": 1000000.0, "eps": 1e-6},
}


class Prompts:
    """Ids that never repeat an earlier prompt: some programs keep what they computed of one."""

    def __init__(self, n_vocab):
        self.n_vocab, self.round = n_vocab, int(time.time_ns() % 1000003)

    def take(self, n):
        self.round += 1
        return [(i * 104729 + self.round * 7919) % self.n_vocab for i in range(n)]


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("what", choices=("probe", "serve", "once", "make"))
    p.add_argument("--size", choices=SHAPES, default="124M")
    p.add_argument("--type", default="")
    p.add_argument("--setting", default="")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--models", default=".")
    return p.parse_args()


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def tokens_per_s(peer, job):
    """peer.prompt(n), peer.decode(n, depth), peer.batch(n_sequences, n): tokens a second."""
    if job["row"].startswith("prompt"):
        return peer.prompt(job["tokens"])
    if job["row"].startswith("batch"):
        return peer.batch(job["sequences"], job["tokens"])
    return peer.decode(job["tokens"], job.get("depth", 0))


def main(version, load, make=None):
    """load(options): an object as above, with once()."""
    options = arguments()
    if options.what == "probe":
        print(json.dumps({"version": version()}))
    elif options.what == "make":
        if make:
            make(options)
    elif options.what == "once":
        load(options).once()
    else:
        replies = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)  # what libraries print
        peer = load(options)
        print(json.dumps({"ready": True}), file=replies)
        for line in sys.stdin:
            print(json.dumps({"tokens_per_s": tokens_per_s(peer, json.loads(line))}), file=replies)
