"""tokenizer.json files that use the parts that byte-level BPE does not have, and the expected ids of texts, by Hugging
Face tokenizers.

Each folder of json/ has tokenizer.json; cases.txt with three lines for each text: the hexadecimal of its UTF-8 bytes,
its ids with special tokens as plain text, and the hexadecimal of what they are decoded to (-: not compared); and
special.txt, the same with special tokens parsed.
"""
import json
import pathlib
import shutil

from . import cases
from .spm import train as train_spm

MARK = "▁"
SIZE = 420
TEXTS = (
    "", " ", "  ", "a", " a", "a ", "  a  ", "Hello world", "Hello  world", "Hello\nworld\n", "\n", "\t\tx", "The bear said that he was not there.",
    "Winnie-the-Pooh, 1926: \"Pooh!\" (p. 12)", "it's 3.14 or 1,000,000", "word " * 12, "x" * 60, "of the " * 20 + " end", "THE BEAR", "ÀÉÎÕÜ café naïve",
    "e\u0301te\u0301 a\u0308", "ﬁ ﬂ ½ ² Ⅳ ｆｕｌｌ　ｗｉｄｔｈ", "ｶﾞｷﾞ ﾊﾟ", "한국어 각", "ᄒ\u1161ᆫ", "的一是不了人我在有", "漢字 and かな", "İstanbul Straße ẞ ΣΑΣ", "مُحَمَّد שָׁלוֹם", "हिन्दी १२३",
    "😀👍🏽 ❤️", "a\u00a0b\u3000c\u2003d", "a\u200bb\ufeffc\u00add", "\x00a\x00", "a\x01\x7f\x0bb\x0cc", "a\u0085b\u2028c", "▁", "▁a▁b", "a ▁ b", " ▁a", "<0x41>", "�",
    "<s>", "</s>", "<unk>", "a<s>b", "a <s> b", "<s> a</s>", "<s><s>a", "<name>", "a<name>b", "a <name> b", "  <name>  ", "<NAME>", "<keep>", "a <keep>\n b", "Word", "a Word b",
    "aWordb", "Word1", "1 Word", "Word.", "<old>", "a<old>b", "a <old> b", "<old> a", "a-b--c---d", "...", "!?", "a1b22c333", "tail   ", "\r\n a \r\n", "$5+3=8^2`~|",
    "Ⓐⓑ", "ǅ ŉ", "ệ e\u0302\u0323", "\u0301alone", "q\u0307\u0323 q\u0323\u0307", "🇩🇪🇫🇷", "न\u093c", "क\u094dष",
)
# Of SentencePiece's rules, few, so that the file stays small: what is replaced, and by what, as code points.
RULES = "41\t61\n42\t62\n65 301\tE9\nA0\t20\n3000\t20\nFB01\t66 69\nBD\t31 2F 32\n200B\t\n31 32\t78 78 78\n1F600\t3A 29\n"


def add_arguments(parser):
    parser.add_argument("texts", nargs="+", type=pathlib.Path, help="text files to train on, next to the script's multilingual lines")


def run(args):
    root = args.data / "tokenizer" / "json"
    shutil.rmtree(root, ignore_errors=True)
    lines = [line for path in args.texts for line in path.read_text(encoding="utf-8").splitlines() if line][:1500]
    lines += list(cases.LINES)
    for name, tokenizer in make_all(lines):
        folder = root / name
        folder.mkdir(parents=True)
        content = json.loads(tokenizer.to_str())
        (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        tokenizer.encode_special_tokens = True
        save(tokenizer, folder / "cases.txt", TEXTS)
        tokenizer.encode_special_tokens = False
        save(tokenizer, folder / "special.txt", [text for text in TEXTS if "<" in text])


def save(tokenizer, path, texts):
    # The Metaspace decoder drops all marks of the first token, not one; without a decoder, spaces are put between tokens;
    # a token that is matched in normalized text is decoded to its normalized spelling.
    metaspace = "Metaspace" in str(tokenizer.decoder)
    with open(path, "w", encoding="ascii") as out:
        for text in texts:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            odd = (metaspace and text[:1] in (" ", MARK)) or tokenizer.decoder is None or any(token in text for token in ("<old>", "</s>"))
            decoded = "-" if odd else tokenizer.decode(ids, skip_special_tokens=True).encode().hex()
            out.write(f"{text.encode().hex()}\n{' '.join(map(str, ids))}\n{decoded}\n")


def make_all(lines):
    from tokenizers import AddedToken, Regex, decoders, normalizers, pre_tokenizers, processors
    N, P, D = normalizers, pre_tokenizers, decoders
    spm = D.Sequence([D.Replace(MARK, " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)])
    bare = D.Sequence([D.Replace(MARK, " "), D.ByteFallback(), D.Fuse()])
    to_mark = N.Replace(" ", MARK)
    llama = N.Sequence([N.Prepend(MARK), to_mark])
    template = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    tokens = [AddedToken("<name>", normalized=False), AddedToken("<keep>", normalized=False, lstrip=True, rstrip=True),
              AddedToken("Word", normalized=False, single_word=True), AddedToken("<old>", normalized=True)]
    special = [AddedToken("<unk>", normalized=False, special=True), AddedToken("<s>", normalized=False, special=True),
               AddedToken("</s>", normalized=True, special=True)]
    marked = bpe(lines, P.Metaspace(prepend_scheme="always", split=True), byte_fallback=True)
    known = bpe(lines, P.Metaspace(prepend_scheme="always", split=True), byte_fallback=False)
    plain = bpe(lines, P.Whitespace(), byte_fallback=False)

    def metaspace(prepend_scheme):
        return D.Sequence([D.ByteFallback(), D.Metaspace(prepend_scheme=prepend_scheme)])

    def made(model, **parts):
        return build(model, special, tokens, **parts)

    yield "llama", made(marked(), normalizer=llama, decoder=spm, post_processor=template)
    yield "ignore-merges", made(marked(ignore_merges=True), normalizer=llama, decoder=spm)
    yield "gemma", made(marked(), normalizer=to_mark, pre_tokenizer=P.Split(" ", "merged_with_previous"), decoder=bare)
    yield "metaspace-first", made(marked(), pre_tokenizer=P.Metaspace(prepend_scheme="first", split=False), decoder=spm)
    yield "metaspace-always", made(marked(), pre_tokenizer=P.Metaspace(prepend_scheme="always", split=True),
                                   decoder=metaspace(prepend_scheme="always"))
    yield "metaspace-never", made(marked(), pre_tokenizer=P.Sequence([P.Digits(True), P.Metaspace(prepend_scheme="never", split=True)]),
                                  decoder=metaspace(prepend_scheme="never"))
    yield "words", made(marked(), pre_tokenizer=P.Sequence([P.WhitespaceSplit(), P.Metaspace(prepend_scheme="always")]),
                        decoder=metaspace(prepend_scheme="always"))
    yield "unknown", made(known(unk_token="<unk>"), normalizer=llama, decoder=spm)
    yield "unknown-fused", made(known(unk_token="<unk>", fuse_unk=True), normalizer=llama, decoder=spm)
    yield "unknown-dropped", made(known(), normalizer=llama, decoder=spm)
    yield "nfkc", made(marked(), normalizer=N.Sequence([N.NFKC(), N.Nmt(), N.Strip(), N.Replace(Regex(" {2,}"), " "), N.Lowercase(), llama]),
                       decoder=spm)
    yield "nfd", made(marked(), normalizer=N.Sequence([N.NFD(), N.StripAccents(), N.Strip(True, False), to_mark]), decoder=bare)
    yield "nfkd", made(marked(), normalizer=N.Sequence([N.NFKD(), N.Prepend("The"), N.Replace("bear", "bull  "), to_mark]), decoder=bare)
    yield "nfc", made(marked(), normalizer=N.Sequence([N.NFC(), N.Replace(Regex(r"\d+(?=\d)"), "#"), llama]), decoder=spm)
    yield "charsmap", made(marked(), normalizer=N.Sequence([N.Precompiled(charsmap(lines))]),
                           pre_tokenizer=P.Metaspace(prepend_scheme="always", split=False), decoder=metaspace(prepend_scheme="always"))
    yield "bert", made(plain(unk_token="<unk>"), normalizer=N.BertNormalizer(True, True, None, True), pre_tokenizer=P.BertPreTokenizer())
    yield "bert-accents", made(plain(unk_token="<unk>"), normalizer=N.BertNormalizer(False, False, False, True), pre_tokenizer=P.BertPreTokenizer())
    yield "whitespace", made(plain(unk_token="<unk>", fuse_unk=True), pre_tokenizer=P.Whitespace())
    for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
        yield "split-" + behavior.replace("_", "-"), made(plain(unk_token="<unk>"), pre_tokenizer=P.Split(Regex(r"[ \-.0-9]"), behavior))
    yield "split-inverted", made(plain(unk_token="<unk>"), pre_tokenizer=P.Split(Regex("[a-z]+"), "merged_with_next", invert=True))
    yield "digits", made(plain(unk_token="<unk>"), pre_tokenizer=P.Sequence([P.Punctuation("merged_with_next"), P.Digits(False), P.CharDelimiterSplit(" ")]))


def build(model, special, tokens, **parts):
    import tokenizers
    made = tokenizers.Tokenizer(model)
    for name, part in parts.items():
        setattr(made, name, part)
    made.add_special_tokens(special)
    made.add_tokens(tokens)
    return made


def bpe(lines, pre_tokenizer, byte_fallback):
    """A function that makes a model of the same tokens and merges with other settings; <unk> is 0, <s> 1, </s> 2."""
    import tokenizers
    trained = tokenizers.Tokenizer(tokenizers.models.BPE())
    trained.pre_tokenizer = pre_tokenizer
    first = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256) if byte_fallback]
    trained.train_from_iterator(lines, tokenizers.trainers.BpeTrainer(
        vocab_size=SIZE + len(first), special_tokens=first, show_progress=False, limit_alphabet=90))
    model = json.loads(trained.to_str())["model"]
    merges = [tuple(pair) for pair in model["merges"]]
    return lambda **settings: tokenizers.models.BPE(vocab=model["vocab"], merges=merges, byte_fallback=byte_fallback, **settings)


def charsmap(lines):
    """The compiled rules, as SentencePiece makes them."""
    import tempfile
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        rules.write(RULES)
        rules.flush()
        model = train_spm(lines, model_type="bpe", vocab_size=600, hard_vocab_limit=False, character_coverage=0.98, normalization_rule_tsv=rules.name)
    return field(field(model.serialized_model_proto(), 3), 2)  # normalizer_spec, precompiled_charsmap


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
