"""Run every step on a toy text: tokenizer, data, few-shot material, training with a stop and a decay, export,
evaluation against transformers where that is installed, plot. Nothing outside a temporary folder is written."""
import pathlib
import random
import subprocess
import sys
import tempfile

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "pretrain.py"


def add_selftest_arguments(parser):
    parser.add_argument("--keep", type=pathlib.Path, help="work in this folder and leave it")


def run_selftest(args):
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
        check(args.keep)
    else:
        with tempfile.TemporaryDirectory() as folder:
            check(pathlib.Path(folder))
    print("selftest passed")
    return 0


def do(*words):
    """Run a verb of the script and return what it printed."""
    command = [sys.executable, str(SCRIPT), *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout, end="")
    return done.stdout


def toy_text(chance, sentences):
    subjects, verbs = ("The cat", "A dog", "My aunt", "The king"), ("sat", "slept", "sang", "ran")
    parts = subjects, verbs, ("here.", "at home.", "far away.")
    return " ".join(" ".join(map(chance.choice, parts)) for _ in range(sentences))


def check(folder):
    import torch
    chance = random.Random(1)
    books, run, out = folder / "books", folder / "run", folder / "model"
    books.mkdir(exist_ok=True)
    for number in range(4):
        (books / f"{number}.txt").write_text("\n\n".join(toy_text(chance, 8) for _ in range(60)) + "\n")
    do("tokenizer", books, run / "tokenizer", "--size", 400)
    do("data", run / "tokenizer", books, run / "books.u16", "--carry", 1)
    do("fewshot", run / "fewshot.txt", "--words", books, "--megabytes", 0.02)
    do("data", run / "tokenizer", run / "fewshot.txt", run / "fewshot.u16", "--split", "<|endoftext|>")
    check_fewshot()
    train = ["train", run, "--layers", 2, "--width", 32, "--heads", 2, "--context", 64, "--rows", 8, "--no-compile",
             "--type", "float32", "--warm-up", 10]
    do(*train, "--steps", 60)
    first = torch.load(run / "state.pt")["progress"]
    do(*train, "--steps", 120)
    second = torch.load(run / "state.pt")["progress"]
    assert (first["step"], second["step"], second["row"]) == (60, 120, 960), "the second call goes on"
    do(*train, "--decay", 40)
    assert torch.load(run / "state.pt")["progress"] == second, "the decay leaves state.pt as it was"
    do("export", run / "decayed.pt", run / "tokenizer", out)
    book = books / "0.txt"
    report = do("evaluate", out, "--books", book, "--window", 64, "--stride", 32, "--tasks", 2,
                "--words", run / "fewshot.words", "--sample", "1:The cat", "--tokens", 10)
    measured = float(report.split(": ")[1].split()[0])
    assert measured < 1.6, "a toy text is learned"
    check_transformers(out, book, measured)
    do("plot", run / "log.csv", folder / "loss.svg")


def check_fewshot():
    """No kind is both written and held out, and a question is held out exactly when that is asked for."""
    from . import fewshot
    assert not set(fewshot.KINDS) & set(fewshot.HELD_KINDS)
    words, chance = fewshot.Words(), random.Random(3)
    forms = fewshot.FORMATS + fewshot.LABEL_FORMATS
    for kind in ("copy", "plural", "sentiment"):
        for held in (False, True):
            text = fewshot.document(chance, words, kind, 0, held)[0]
            questions = [text.removeprefix(form[0]).removesuffix(form[1]) for form in forms]
            assert any(fewshot.held_out(kind, question) == held for question in questions)


def check_transformers(directory, book, measured):
    """The same bits per byte by transformers, in windows as of `evaluate`."""
    try:
        from transformers import GPT2LMHeadModel
    except ImportError:
        print("transformers is not installed: not compared")
        return
    import math
    import torch
    from . import tokens
    bpe, _ = tokens.load_tokenizer(directory)
    model = GPT2LMHeadModel.from_pretrained(directory).eval()
    text = book.read_text()
    ids = torch.tensor(bpe.encode(text).ids)
    total, done = 0.0, 1
    while done < len(ids):
        begin = 0 if done == 1 else done - 32
        row = ids[begin:begin + 64]
        with torch.no_grad():
            likely = model(row[None]).logits[0].log_softmax(-1)
        for index in range(done - begin, len(row)):
            total -= likely[index - 1, row[index]].item()
        done = begin + len(row)
    theirs = total / math.log(2) / len(text.encode())
    assert abs(theirs - measured) < 2e-4, f"transformers measures {theirs:.4f}, not {measured:.4f}"
