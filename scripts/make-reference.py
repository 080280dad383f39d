#!/usr/bin/env python3
"""Make the reference data of the tests: what other programs say quill must compute.

Everything here is made by independent software (Hugging Face transformers, tokenizers and gguf, and a plain
float64 forward pass in numpy), never by quill. The results are small and committed under tests/data/, so the
tests need neither Python nor a network; tests/data/README.md holds the commands and the package versions.

    pip install torch transformers tokenizers sentencepiece gguf numpy safetensors peft
    scripts/make-reference.py parity                       tiny random models, their logits and continuations
    scripts/make-reference.py families                     tiny random models of other families, their logits and continuations
    scripts/make-reference.py adapters                     random LoRA adapters for those, and their logits
    scripts/make-reference.py defaults                     what configuration classes put in place of what is left out
    scripts/make-reference.py samplers                     what logits processors leave of logits
    scripts/make-reference.py gguf                         GGUF files of tiny models, or of any GPT-2 directory
    scripts/make-reference.py blocks                       blocks of the quantized weight types and their values
    scripts/make-reference.py tales MODEL TEXT             expected numbers of a real model on a real text
    scripts/make-reference.py tokenizer TEXT...            byte-level BPE vocabularies and expected ids
    scripts/make-reference.py spm TEXT...                  SentencePiece vocabularies and expected ids
    scripts/make-reference.py json TEXT...                 tokenizer.json files of other kinds and expected ids
    scripts/make-reference.py scores                       log-probabilities of texts and of choices
    scripts/make-reference.py json_schema                  JSON schemas and texts that are valid under them, or not
    scripts/make-reference.py chat                         what Jinja2 renders from chat templates of our own
    scripts/make-reference.py search                       guidance, beams and contrastive search
    scripts/make-reference.py embeddings                   vectors of texts, also by sentence-transformers
    scripts/make-reference.py check                        verify all of it by the float64 forward pass
"""
import argparse
import importlib
import pathlib
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

COMMANDS = {
    "parity": ("parity", "tiny random GPT-2 models as Hugging Face directories, with expected numbers"),
    "families": ("families", "tiny random models of other families, with expected numbers"),
    "adapters": ("adapters", "random LoRA adapters for those, with expected numbers"),
    "defaults": ("defaults", "what configuration classes put in place of what is left out"),
    "samplers": ("samplers", "what logits processors of transformers leave of logits"),
    "gguf": ("gguf_files", "GGUF files of tiny models, or of any GPT-2 directory (--model, --out)"),
    "blocks": ("blocks", "random blocks of every quantized weight type, and their values"),
    "tales": ("tales", "expected numbers of a real GPT-2 directory on a real text"),
    "tokenizer": ("tokenizer", "byte-level BPE vocabularies and expected ids of many texts"),
    "spm": ("spm", "SentencePiece vocabularies and expected ids of many texts"),
    "json": ("tokenizer_json", "tokenizer.json files of other kinds and expected ids of texts"),
    "scores": ("scores", "log-probabilities of texts and of choices"),
    "chat": ("chat", "what Jinja2, as transformers configures it, renders from chat templates of our own"),
    "search": ("search", "guidance, beams and contrastive search with tiny models"),
    "json_schema": ("json_schema", "JSON schemas and texts that are valid under them, or not"),
    "embeddings": ("embeddings", "vectors of texts"),
    "check": ("check", "compute the committed logits again in float64 and compare"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "tests" / "data", help="where the data lies (default: tests/data)")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    # Each verb is a module of scripts/reference/ with add_arguments(parser) and run(args). The modules import the
    # heavy packages inside run(), so --help works without them.
    modules = {}
    for verb, (name, text) in COMMANDS.items():
        modules[verb] = importlib.import_module(f"reference.{name}")
        modules[verb].add_arguments(verbs.add_parser(verb, help=text, description=modules[verb].__doc__,
                                                     formatter_class=argparse.RawDescriptionHelpFormatter))
    args = parser.parse_args()
    return modules[args.verb].run(args)


if __name__ == "__main__":
    sys.exit(main())
