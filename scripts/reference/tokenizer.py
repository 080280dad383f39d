"""Byte-level BPE vocabularies with GPT-2's split, and the expected ids of many texts, by Hugging Face tokenizers.

    small/       about 1,000 tokens: vocab.json and merges.txt, <|endoftext|> is id 0
    large/       about 5,000 tokens: the same files, <|endoftext|> is the last id
    added/       small's vocabulary as tokenizer.json (merges as strings), with special tokens and with added tokens
                 that are not special

Each folder has cases.txt: a text as hexadecimal of its UTF-8 bytes on one line, its ids on the next, again and again;
special tokens in the text are plain text. added/ also has special.txt: the same with special tokens parsed.
"""
import json
import pathlib
import shutil

from . import cases

END = "<|endoftext|>"
SPECIAL = ("<|user|>", "<|user|>>", "[PAD]")
ADDED = ("<name>", "    ", "        ", "été", "\t\t")
REPEAT = 30  # how often the multilingual lines go into the training text, so that they yield merges too


def add_arguments(parser):
    parser.add_argument("texts", nargs="+", type=pathlib.Path, help="text files to train on, next to the script's multilingual lines")


def run(args):
    root = args.data / "tokenizer"
    shutil.rmtree(root, ignore_errors=True)
    books = [path.read_text(encoding="utf-8") for path in args.texts]
    corpus = [line for book in books for line in book.splitlines(True)] + [line + "\n" for line in cases.LINES] * REPEAT

    small = train(corpus, 1000, [END])
    save_files(small, root / "small")
    save_cases(small, root / "small" / "cases.txt", cases.all_texts())

    large = train(corpus, 4999, [])
    save_files(large, root / "large", [END])
    save_cases(large, root / "large" / "cases.txt", cases.all_texts())

    make_added(small, root / "added")


def train(corpus, size, special):
    import tokenizers
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE())
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = tokenizers.decoders.ByteLevel()
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    bpe.train_from_iterator(corpus, tokenizers.trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, special_tokens=special, show_progress=False))
    bpe.encode_special_tokens = True  # special tokens in a text are plain text
    return bpe


def save_files(bpe, directory, more=()):
    """vocab.json and merges.txt; `more` are tokens put behind the others."""
    directory.mkdir(parents=True)
    bpe.model.save(str(directory))
    vocab = json.loads((directory / "vocab.json").read_text(encoding="utf-8"))
    vocab.update({token: len(vocab) + number for number, token in enumerate(more)})
    (directory / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")


def save_cases(bpe, path, texts):
    save_ids(path, ((text, bpe.encode(text).ids) for text in dict.fromkeys(texts)))  # each once


def save_ids(path, texts):
    with open(path, "w", encoding="ascii") as out:
        for text, ids in texts:
            out.write(text.encode().hex() + "\n" + " ".join(map(str, ids)) + "\n")


def make_added(small, directory):
    import tokenizers
    directory.mkdir(parents=True)
    bpe = tokenizers.Tokenizer.from_str(small.to_str())
    bpe.add_special_tokens(list(SPECIAL))
    bpe.add_tokens([tokenizers.AddedToken(token, normalized=False, special=False) for token in ADDED])
    content = json.loads(bpe.to_str())
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]  # as written before 2024
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (directory / "tokenizer.json").write_text(text, encoding="utf-8")

    bpe = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
    texts = cases.around(ADDED, SPECIAL + (END,))
    bpe.encode_special_tokens = True
    save_cases(bpe, directory / "cases.txt", texts + list(cases.TEXTS))
    bpe.encode_special_tokens = False
    save_cases(bpe, directory / "special.txt", texts)
