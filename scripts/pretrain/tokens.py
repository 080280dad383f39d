"""The byte-level BPE tokenizer of the model, and texts as files of uint16 tokens."""
import hashlib
import lzma
import pathlib

END = "<|endoftext|>"  # the last id; stands between documents


def add_tokenizer_arguments(parser):
    parser.add_argument("books", type=pathlib.Path, help="folder of texts, one document each")
    parser.add_argument("out", type=pathlib.Path, help="where vocab.json and merges.txt go")
    parser.add_argument("--size", type=int, default=8192,
                        help="size of the vocabulary with <|endoftext|> (default: 8192)")
    parser.add_argument("--measure", type=pathlib.Path, help="folder of held-out texts: print bytes per token of each")


def run_tokenizer(args):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=args.size - 1, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    bpe.train([str(path) for path in texts(args.books)], trainer)
    bpe.add_special_tokens([END])
    args.out.mkdir(parents=True, exist_ok=True)
    bpe.model.save(str(args.out))
    write_vocab_with_end(args.out, bpe)
    for path in texts(args.measure) if args.measure else []:
        text = path.read_text(encoding="utf-8")
        print(f"{path.name}: {len(text.encode()) / len(bpe.encode(text).ids):.3f} bytes per token")
    return 0


def write_vocab_with_end(directory, bpe):
    """tokenizers leaves special tokens out of vocab.json; GPT-2's readers look for it there."""
    import json
    vocab = sorted(bpe.get_vocab().items(), key=lambda item: item[1])
    (directory / "vocab.json").write_text(json.dumps(dict(vocab), ensure_ascii=False), encoding="utf-8")


def load_tokenizer(directory):
    """The tokenizer of vocab.json and merges.txt, and the id of <|endoftext|>."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    files = str(directory / "vocab.json"), str(directory / "merges.txt")
    bpe = Tokenizer(models.BPE.from_file(*files))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    return bpe, bpe.token_to_id(END)


def texts(directory):
    """The text files of a folder in the order of their names, or the one file."""
    return sorted(directory.glob("*.txt")) if directory.is_dir() else [directory]


def add_data_arguments(parser):
    parser.add_argument("tokenizer", type=pathlib.Path, help="folder of vocab.json and merges.txt")
    parser.add_argument("texts", type=pathlib.Path, help="folder of texts, or one file of documents (--split)")
    parser.add_argument("out", type=pathlib.Path, help="the file of tokens, little-endian uint16")
    parser.add_argument("--split", default=None, metavar="LINE", help="a line that stands between documents of a file")
    parser.add_argument("--carry", type=int, metavar="MIB",
                        help="also write OUT.xz.NN, pieces of at most MIB mebibytes "
                        "(`cat OUT.xz.* | xz -d` gives OUT back)")


def run_data(args):
    import numpy as np
    bpe, end = load_tokenizer(args.tokenizer)
    documents = []
    for path in texts(args.texts):
        text = path.read_text(encoding="utf-8")
        documents += text.split(f"{args.split}\n") if args.split else [text]
    pieces = []
    for begin in range(0, len(documents), 64):
        for encoding in bpe.encode_batch(documents[begin:begin + 64]):
            pieces.append(np.array(encoding.ids + [end], dtype="<u2"))
    tokens = np.concatenate(pieces)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    tokens.tofile(args.out)
    size = sum(len(document.encode()) for document in documents)
    print(f"{args.out}: {len(documents)} documents, {size} bytes, {len(tokens)} tokens, "
          f"{size / len(tokens):.3f} bytes per token, sha256 {hashlib.sha256(tokens.tobytes()).hexdigest()[:16]}")
    if args.carry:
        packed, piece = lzma.compress(tokens.tobytes()), args.carry << 20
        for number, begin in enumerate(range(0, len(packed), piece)):
            pathlib.Path(f"{args.out}.xz.{number:02}").write_bytes(packed[begin:begin + piece])
        print(f"{len(packed)} bytes compressed")
    return 0
