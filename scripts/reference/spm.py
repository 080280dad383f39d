"""SentencePiece vocabularies, and the expected ids of many texts, by the sentencepiece package.

    spm-bpe/      BPE with byte tokens, and a space in front, as Llama has it
    spm-unigram/  Unigram with a few normalization rules; extra spaces are removed, and a space is put in front
    spm-symbols/  Unigram without rules and prefix, with byte tokens, user-defined symbols and more control tokens
    spm-plain/    BPE without byte tokens, with user-defined symbols

Each folder has tokenizer.model, SentencePiece's own file; spm-bpe.gguf and spm-unigram.gguf have the vocabulary as the keys
of a GGUF file.

A folder has cases.txt: a text as hexadecimal of its UTF-8 bytes on one line, its ids on the next, again and again.
"""
import contextlib
import io
import pathlib
import shutil
import tempfile

from . import cases
from .tokenizer import save_ids

REPEAT = 3  # how often the multilingual lines go into the training text, so that they yield tokens too
# Of SentencePiece's rules, few, so that the file stays small: what is replaced, and by what, as code points.
RULES = "41\t61\n42\t62\n65 301\tE9\nA0\t20\n3000\t20\nFB01\t66 69\nBD\t31 2F 32\n200B\t\n31 32\t78 78 78\n1F600\t3A 29\n"
TEXTS = ("", " ", "  ", "   ", "a", " a ", "  a  b  ", "Hello  world \n", "<name>", "a<name>b", " <name> ", "a <name>  <name> b", "<name><name>", "été", "Un été", "l'étété",
         "<ctrl>", "<s>a</s>", "<unk>", "▁", "a▁b", " ▁ a", "\t\t", "的是", "的 是一", "😀😀 a", "\x00", "a\x00b", "word " * 30, "x" * 90, "of the bear", "naïve café", "<0x41>")
MARKS = ("▁", "▁▁", "a▁b", " ▁a", "▁ a", "a ▁", "<0x41>", "<s>", "</s>", "<unk>", "a<s>b", " <s> a", "a\0b", "\0", "a" * 40 + "\0",
         "x" * 100 + " " + "y" * 100, ("word " * 20).strip(), "the" * 30 + " " * 20 + "the" * 30, "的" * 30 + " " + "是一" * 30)


def add_arguments(parser):
    parser.add_argument("texts", nargs="+", type=pathlib.Path, help="text files to train on, next to the script's multilingual lines")


def run(args):
    root = args.data.resolve() / "tokenizer"
    lines = [line for path in args.texts for line in path.read_text(encoding="utf-8").splitlines() if line]
    lines += list(cases.LINES) * REPEAT

    llama = train(lines, model_type="bpe", vocab_size=900, byte_fallback=True, character_coverage=0.99,
                  normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True,
                  allow_whitespace_only_pieces=True)
    save_all(llama, root / "spm-bpe", all_texts())
    write_gguf(llama, root / "spm-bpe.gguf", "llama")

    unigram = train_with_rules(lines, model_type="unigram", vocab_size=900, character_coverage=0.99)
    # In long runs many ways have the same sum but for rounding, which is in single precision there, in double elsewhere.
    save_all(unigram, root / "spm-unigram", [text for text in all_texts() if len(text) < 30 or len(set(text)) > 4])
    write_gguf(unigram, root / "spm-unigram.gguf", "t5", field(field(unigram.serialized_model_proto(), 3), 2))

    symbols = train(lines, model_type="unigram", vocab_size=1100, byte_fallback=True, character_coverage=0.99, add_dummy_prefix=False,
                    normalization_rule_name="identity", user_defined_symbols=["<name>", "\t\t", "été"], control_symbols=["<ctrl>"])
    # In this text a symbol overlaps itself, and Unigram does not take the first one.
    save_all(symbols, root / "spm-symbols", [text for text in TEXTS if text != "l'étété"])

    plain = train(lines, model_type="bpe", vocab_size=700, character_coverage=0.99, normalization_rule_name="identity",
                  user_defined_symbols=["<name>", "été"], remove_extra_whitespaces=False)
    save_all(plain, root / "spm-plain", TEXTS)


def train(lines, **options):
    import sentencepiece
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=out, num_threads=1, minloglevel=2, **options)
    return sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())


def train_with_rules(lines, **options):
    """The path of the rules becomes a part of the model, so it is the same each time."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        pathlib.Path("rules.tsv").write_text(RULES, encoding="utf-8")
        return train(lines, normalization_rule_tsv="rules.tsv", **options)


def all_texts():
    return cases.all_texts() + list(MARKS)


def save_all(model, folder, texts):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "tokenizer.model").write_bytes(model.serialized_model_proto())
    save_ids(folder / "cases.txt", ((text, model.encode(text)) for text in dict.fromkeys(texts)))


def field(message, number):
    """The bytes of a length-delimited field of a protobuf message."""
    at = 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        kind = key & 7
        size = varint() if kind == 2 else 0
        if key >> 3 == number:
            return message[at:at + size]
        if kind == 0:
            varint()
        at += {0: 0, 1: 8, 2: size, 5: 4}[kind]
    raise KeyError(number)


def kind(model, token):
    """GGUF's number of a token's kind."""
    if model.is_unknown(token):
        return 2
    if model.is_control(token):
        return 3
    return 6 if model.is_byte(token) else 1


def write_gguf(model, path, name, charsmap=None):
    import gguf
    tokens = range(model.get_piece_size())
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(name)
    writer.add_token_list([model.id_to_piece(token) for token in tokens])
    writer.add_token_scores([model.get_score(token) for token in tokens])
    writer.add_token_types([kind(model, token) for token in tokens])
    writer.add_bos_token_id(model.bos_id())
    writer.add_eos_token_id(model.eos_id())
    writer.add_unk_token_id(model.unk_id())
    if charsmap:
        writer.add_precompiled_charsmap(list(charsmap))
        writer.add_remove_extra_whitespaces(True)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
