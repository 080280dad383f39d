"""Measure a Hugging Face GPT-2 directory: bits per byte of books, accuracy on few-shot tasks, samples.

Bits per byte: windows of --window tokens, a new one every --stride; in each but the first only the last --stride
tokens count, so every token but the book's first is measured once, after window - stride or more others. The loss is
divided by the bytes of the whole book. Few-shot: the answer must be the most likely continuation, token by token,
up to what ends it; the blank before an answer belongs to the answer. Tasks follow from --seed alone.
"""
import pathlib
import random

SHOTS = (0, 1, 4, 16)


def add_evaluate_arguments(parser):
    parser.add_argument("model", type=pathlib.Path, help="the directory")
    parser.add_argument("--books", type=pathlib.Path, help="folder of texts, or one text")
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--stride", type=int, default=256)
    parser.add_argument("--tasks", type=int, default=0, metavar="COUNT",
                        help="few-shot questions of each kind and number of examples")
    parser.add_argument("--words", type=pathlib.Path, help="the list of words that `fewshot` made")
    parser.add_argument("--kinds", action="store_true", help="also print the accuracy of each kind")
    parser.add_argument("--sample", action="append", default=[], metavar="SEED:PROMPT",
                        help="print a continuation; may be repeated")
    parser.add_argument("--tokens", type=int, default=120, help="length of a continuation (default: 120)")
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--top-k", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)


def run_evaluate(args):
    import torch
    from . import tokens
    torch.set_num_threads(args.threads)
    bpe, end = tokens.load_tokenizer(args.model)
    model = load(args.model)
    for path in tokens.texts(args.books) if args.books else []:
        bits, perplexity = bits_per_byte(model, bpe, path, args.window, args.stride)
        print(f"{path.name}: {bits:.4f} bits per byte, perplexity {perplexity:.2f}", flush=True)
    if args.tasks:
        print_tasks(model, bpe, args)
    for sample in args.sample:
        seed, prompt = sample.split(":", 1)
        print(f"--- seed {seed}\n{prompt}{continuation(model, bpe, end, prompt, int(seed), args)}\n", flush=True)
    return 0


def load(directory):
    """A Hugging Face directory as our own module in float32."""
    import json
    import torch
    from safetensors.torch import load_file
    from . import export, model
    config = json.loads((directory / "config.json").read_text())
    names = ("vocab_size", "n_positions", "n_embd", "n_layer", "n_head")
    ours = model.GPT2(model.Config(*(config[name] for name in names)))
    tensors = load_file(directory / "model.safetensors")
    found = {name.removeprefix("transformer."): tensor.float() for name, tensor in tensors.items()}
    # The tensors of export.hugging_face are views of the module's weights, so copying into them fills it.
    with torch.no_grad():
        for name, tensor in export.hugging_face(ours.state_dict(), ours.config).items():
            tensor.copy_(found[name.removeprefix("transformer.")])
    return ours.eval()


def bits_per_byte(model, bpe, path, window, stride):
    import math
    import torch
    from torch.nn import functional as F
    text = path.read_text(encoding="utf-8")
    ids = torch.tensor(bpe.encode(text).ids)
    total, counted = 0.0, 1  # tokens before `counted` have had their turn
    with torch.no_grad():
        for begin in range(0, len(ids), stride):
            row = ids[begin:begin + window]
            first = counted - begin
            if first < len(row):
                logits = model(row[None])[0, first - 1:-1]
                total += F.cross_entropy(logits, row[first:], reduction="sum").item()
                counted = begin + len(row)
            if begin + window >= len(ids):
                break
    return total / math.log(2) / len(text.encode()), math.exp(total / (len(ids) - 1))


def is_right(model, bpe, text, answer, after):
    """Whether the model's most likely tokens behind text are the answer and the first of what follows it."""
    import torch
    if text.endswith(" "):
        text, answer = text[:-1], " " + answer
    asked, wanted = bpe.encode(text).ids, bpe.encode(answer + after[:1]).ids
    row = torch.tensor((asked + wanted)[-model.config.n_context:])
    with torch.no_grad():
        best = model(row[None])[0].argmax(-1)
    return bool((best[-len(wanted) - 1:-1] == row[-len(wanted):]).all())


def print_tasks(model, bpe, args):
    from . import fewshot
    words = fewshot.Words(args.words)
    parts = ("held-out questions", fewshot.KINDS, True), ("held-out kinds", fewshot.HELD_KINDS, False)
    for title, kinds, held in parts:
        table = {}
        for kind in kinds:
            for shots in SHOTS:
                chance = random.Random(f"{args.seed} {kind} {shots}")
                tasks = [fewshot.document(chance, words, kind, shots, held, kinds)[:3] for _ in range(args.tasks)]
                table[kind, shots] = sum(is_right(model, bpe, *task) for task in tasks) / args.tasks
        means = [f"K={shots} {sum(table[kind, shots] for kind in kinds) / len(kinds):.1%}" for shots in SHOTS]
        print(f"{title}: {', '.join(means)}", flush=True)
        for kind in kinds if args.kinds else []:
            print(f"    {kind:14}" + " ".join(f"{table[kind, shots]:7.1%}" for shots in SHOTS))


def continuation(model, bpe, end, prompt, seed, args):
    import torch
    generator = torch.Generator().manual_seed(seed)
    ids = bpe.encode(prompt).ids
    begin = len(ids)
    with torch.no_grad():
        while len(ids) < begin + args.tokens:
            logits = model(torch.tensor([ids[-model.config.n_context:]]))[0, -1] / args.temperature
            values, choices = logits.topk(min(args.top_k, len(logits)))
            ids.append(choices[torch.multinomial(values.softmax(-1), 1, generator=generator)].item())
            if ids[-1] == end:
                ids.pop()
                break
    return bpe.decode(ids[begin:])
