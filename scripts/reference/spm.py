"""SentencePiece vocabularies, and the expected ids of many texts, by the sentencepiece package.

    spm-bpe.gguf, spm-bpe/  BPE with byte tokens, and a space in front, as Llama has it: the vocabulary as GGUF keys

A folder has cases.txt: a text as hexadecimal of its UTF-8 bytes on one line, its ids on the next, again and again.
"""
import io
import pathlib
import shutil

from . import cases
from .tokenizer import save_ids

REPEAT = 3  # how often the multilingual lines go into the training text, so that they yield tokens too
MARKS = ("▁", "▁▁", "a▁b", " ▁a", "▁ a", "a ▁", "<0x41>", "<s>", "</s>", "<unk>", "a<s>b", " <s> a", "a\0b", "\0", "a" * 40 + "\0",
         "x" * 100 + " " + "y" * 100, ("word " * 20).strip(), "the" * 30 + " " * 20 + "the" * 30, "的" * 30 + " " + "是一" * 30)


def add_arguments(parser):
    parser.add_argument("texts", nargs="+", type=pathlib.Path, help="text files to train on, next to the script's multilingual lines")


def run(args):
    root = args.data / "tokenizer"
    lines = [line for path in args.texts for line in path.read_text(encoding="utf-8").splitlines() if line]
    lines += list(cases.LINES) * REPEAT

    llama = train(lines, model_type="bpe", vocab_size=900, byte_fallback=True, character_coverage=0.99,
                  normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True,
                  allow_whitespace_only_pieces=True)
    save_cases(llama, fresh(root / "spm-bpe"))
    write_gguf(llama, root / "spm-bpe.gguf")


def train(lines, **options):
    import sentencepiece
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=out, num_threads=1, minloglevel=2, **options)
    return sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def save_cases(model, folder):
    texts = cases.all_texts() + list(MARKS)
    save_ids(folder / "cases.txt", ((text, model.encode(text)) for text in dict.fromkeys(texts)))


def kind(model, token):
    """GGUF's number of a token's kind."""
    if model.is_unknown(token):
        return 2
    if model.is_control(token):
        return 3
    return 6 if model.is_byte(token) else 1


def write_gguf(model, path):
    import gguf
    tokens = range(model.get_piece_size())
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list([model.id_to_piece(token) for token in tokens])
    writer.add_token_scores([model.get_score(token) for token in tokens])
    writer.add_token_types([kind(model, token) for token in tokens])
    writer.add_bos_token_id(model.bos_id())
    writer.add_eos_token_id(model.eos_id())
    writer.add_unk_token_id(model.unk_id())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
