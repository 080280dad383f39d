#!/usr/bin/env python3
"""Train the built-in model: a small GPT-2, from a folder of books to the files that quill reads.

    pip install torch tokenizers safetensors numpy
    scripts/pretrain.py tokenizer BOOKS RUN/tokenizer           byte-level BPE of the books
    scripts/pretrain.py data RUN/tokenizer BOOKS RUN/books.u16  the books as tokens
    scripts/pretrain.py fewshot RUN/fewshot.txt                 synthetic tasks with examples before the question
    scripts/pretrain.py data RUN/tokenizer RUN/fewshot.txt RUN/fewshot.u16 --split '<|endoftext|>'
    scripts/pretrain.py train RUN --minutes 60                  begin, or go on where the last checkpoint ends
    scripts/pretrain.py train RUN --decay 4000                  lower the rate to nothing in 4,000 steps
    scripts/pretrain.py export RUN/decayed.pt RUN/tokenizer OUT a Hugging Face GPT-2 directory
    scripts/pretrain.py evaluate OUT --books HELDOUT            bits per byte, and few-shot accuracy
    scripts/pretrain.py plot RUN/log.csv OUT.svg                the loss curve
    scripts/pretrain.py selftest                                all of it on a toy text, in a minute

`train` may be killed at any time: it loses what came after the last checkpoint. The rate stays constant until
--decay, which starts from the last checkpoint and leaves it as it is, so that training can be taken up again.
"""
import argparse
import importlib
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

COMMANDS = {
    "tokenizer": ("tokens", "train the byte-level BPE"),
    "data": ("tokens", "encode texts as uint16 tokens"),
    "fewshot": ("fewshot", "write synthetic few-shot tasks"),
    "train": ("train", "begin or resume training, or decay the rate at its end"),
    "export": ("export", "write a checkpoint as a Hugging Face GPT-2 directory"),
    "evaluate": ("evaluate", "bits per byte on books, few-shot accuracy, samples"),
    "plot": ("plot", "draw the loss curve of a log"),
    "selftest": ("selftest", "run every step on a toy text"),
}


def main():
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    # Each verb is a pair add_VERB_arguments(parser), run_VERB(args) in a module of scripts/pretrain/. The modules
    # import heavy packages when they run, so --help works without them.
    for verb, (name, text) in COMMANDS.items():
        module = importlib.import_module(f"pretrain.{name}")
        command = verbs.add_parser(verb, help=text, description=module.__doc__, formatter_class=raw)
        getattr(module, f"add_{verb}_arguments")(command)
        command.set_defaults(run=getattr(module, f"run_{verb}"))
    args = parser.parse_args()
    return args.run(args)


if __name__ == "__main__":
    sys.exit(main())
