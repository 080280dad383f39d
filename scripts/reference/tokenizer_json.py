"""tokenizer.json files that use the parts that byte-level BPE does not have, and the expected ids of texts, by Hugging
Face tokenizers.

Each folder of json/ has tokenizer.json; cases.txt with three lines for each text: the hexadecimal of its UTF-8 bytes,
its ids with special tokens as plain text, and the hexadecimal of what they are decoded to (-: not compared); and
special.txt, the same with special tokens parsed.
"""
import collections
import json
import pathlib
import shutil
import string

from . import cases, spm

MARK = "▁"
SIZE, ALPHABET = 420, 90
TEXTS = (
    "", " ", "  ", "a", " a", "a ", "  a  ", "Hello world", "Hello  world", "Hello\nworld\n", "\n", "\t\tx", "The bear said that he was not there.",
    "Winnie-the-Pooh, 1926: \"Pooh!\" (p. 12)", "it's 3.14 or 1,000,000", "word " * 12, "x" * 60, "of the " * 20 + " end", "THE BEAR", "ÀÉÎÕÜ café naïve",
    "e\u0301te\u0301 a\u0308", "ﬁ ﬂ ½ ² Ⅳ ｆｕｌｌ　ｗｉｄｔｈ", "ｶﾞｷﾞ ﾊﾟ", "한국어 각", "ᄒ\u1161ᆫ", "的一是不了人我在有", "漢字 and かな", "İstanbul Straße ẞ ΣΑΣ", "مُحَمَّد שָׁלוֹם", "हिन्दी १२३",
    "😀👍🏽 ❤️", "a\u00a0b\u3000c\u2003d", "a\u200bb\ufeffc\u00add", "\x00a\x00", "a\x01\x7f\x0bb\x0cc", "a\u0085b\u2028c", "▁", "▁a▁b", "a ▁ b", " ▁a", "<0x41>", "�",
    "<s>", "</s>", "<unk>", "a<s>b", "a <s> b", "<s> a</s>", "<s><s>a", "<name>", "a<name>b", "a <name> b", "  <name>  ", "<NAME>", "<keep>", "a <keep>\n b", "Word", "a Word b",
    "aWordb", "Word1", "1 Word", "Word.", "<old>", "a<old>b", "a <old> b", "<old> a", "a-b--c---d", "...", "!?", "a1b22c333", "tail   ", "\r\n a \r\n", "$5+3=8^2`~|",
    "Ⓐⓑ", "a   b    c     d      e", "\n\n\n", "x\n\n  y\n\n    z", "▁▁a▁▁▁b", "ǅ ŉ", "ệ e\u0302\u0323", "\u0301alone", "q\u0307\u0323 q\u0323\u0307", "🇩🇪🇫🇷", "न\u093c", "क\u094dष",
)


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
        if name == "gpt1":
            tokenizer.model.save(str(folder))  # vocab.json and merges.txt too
        tokenizer.encode_special_tokens = True
        # Unigram finds special tokens in plain text too, where they are part of its vocabulary; quill does not.
        unigram = name.startswith("unigram")
        plain = [text for text in TEXTS if not (unigram and any(token in text for token in ("<s>", "</s>", "<unk>", "<0x")))]
        if name == "blank-runs":  # a run of U+2581 in a text is the added token, a run of spaces is merged; here both are
            plain = [text for text in plain if MARK * 2 not in text]
        save(tokenizer, folder / "cases.txt", plain)
        tokenizer.encode_special_tokens = False
        save(tokenizer, folder / "special.txt", [text for text in TEXTS if "<" in text and not (unigram and ("<0x" in text or "</s>" in text))])


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
    llama_decoder = D.Sequence([D.Replace(MARK, " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)])
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

    yield "llama", made(marked(), normalizer=llama, decoder=llama_decoder, post_processor=template)
    yield "converted", build(converted(lines), special, [AddedToken("<name>", normalized=False)], normalizer=llama, decoder=llama_decoder,
                             post_processor=template)
    runs = [AddedToken(text, normalized=False) for text in ("\n\n", MARK * 2, MARK * 4)]
    yield "blank-runs", build(with_runs(converted(lines)), special, runs, normalizer=to_mark, decoder=bare)
    yield "ignore-merges", made(marked(ignore_merges=True), normalizer=llama, decoder=llama_decoder)
    yield "gemma", made(marked(), normalizer=to_mark, pre_tokenizer=P.Split(" ", "merged_with_previous"), decoder=bare)
    yield "metaspace-first", made(marked(), pre_tokenizer=P.Metaspace(prepend_scheme="first", split=False), decoder=llama_decoder)
    yield "metaspace-always", made(marked(), pre_tokenizer=P.Metaspace(prepend_scheme="always", split=True),
                                   decoder=metaspace(prepend_scheme="always"))
    yield "metaspace-never", made(marked(), pre_tokenizer=P.Sequence([P.Digits(True), P.Metaspace(prepend_scheme="never", split=True)]),
                                  decoder=metaspace(prepend_scheme="never"))
    yield "words", made(marked(), pre_tokenizer=P.Sequence([P.WhitespaceSplit(), P.Metaspace(prepend_scheme="always")]),
                        decoder=metaspace(prepend_scheme="always"))
    yield "unknown", made(known(unk_token="<unk>"), normalizer=llama, decoder=llama_decoder)
    yield "unknown-fused", made(known(unk_token="<unk>", fuse_unk=True), normalizer=llama, decoder=llama_decoder)
    yield "unknown-dropped", made(known(), normalizer=llama, decoder=llama_decoder)
    yield "nfkc", made(marked(), normalizer=N.Sequence([N.NFKC(), N.Nmt(), N.Strip(), N.Replace(Regex(" {2,}"), " "), N.Lowercase(), llama]),
                       decoder=llama_decoder)
    yield "nfd", made(marked(), normalizer=N.Sequence([N.NFD(), N.StripAccents(), N.Strip(True, False), to_mark]), decoder=bare)
    yield "nfkd", made(marked(), normalizer=N.Sequence([N.NFKD(), N.Prepend("The"), N.Replace("bear", "bull  "), to_mark]), decoder=bare)
    yield "nfc", made(marked(), normalizer=N.Sequence([N.NFC(), N.Replace(Regex(r"\d+(?=\d)"), "#"), llama]), decoder=llama_decoder)
    yield "charsmap", made(marked(), normalizer=N.Sequence([N.Precompiled(charsmap(lines))]),
                           pre_tokenizer=P.Metaspace(prepend_scheme="always", split=False), decoder=metaspace(prepend_scheme="always"))
    yield "bert", made(plain(unk_token="<unk>"), normalizer=N.BertNormalizer(True, True, None, True), pre_tokenizer=P.BertPreTokenizer())
    yield "bert-accents", made(plain(unk_token="<unk>"), normalizer=N.BertNormalizer(False, False, False, True), pre_tokenizer=P.BertPreTokenizer())
    yield "gpt1", made(gpt1(lines), normalizer=N.BertNormalizer(True, True, None, True), pre_tokenizer=P.BertPreTokenizer(), decoder=D.BPEDecoder("</w>"))
    yield "whitespace", made(plain(unk_token="<unk>", fuse_unk=True), pre_tokenizer=P.Whitespace())
    rules = charsmap(lines)
    for name, bytes_too, parts in (
            ("unigram", False, dict(normalizer=N.Precompiled(rules), pre_tokenizer=P.Metaspace(), decoder=metaspace("always"))),
            ("unigram-bytes", True, dict(normalizer=llama, decoder=llama_decoder)),
            ("unigram-words", False, dict(pre_tokenizer=P.Sequence([P.WhitespaceSplit(), P.Metaspace()]), decoder=metaspace("always")))):
        yield name, made(unigram(lines, bytes_too), **parts)
    yield "unigram-unknown", made(unigram(lines, False, blanks=False), pre_tokenizer=P.Whitespace())
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
    often = collections.Counter(character for line in lines for character in line.replace(" ", MARK))
    alphabet = sorted(often, key=lambda character: (-often[character], character))[:ALPHABET]
    trained.train_from_iterator(lines, tokenizers.trainers.BpeTrainer(
        vocab_size=SIZE + len(first), special_tokens=first, show_progress=False, initial_alphabet=alphabet, limit_alphabet=ALPHABET))
    model = json.loads(trained.to_str())["model"]
    merges = [tuple(pair) for pair in model["merges"]]
    return lambda **settings: tokenizers.models.BPE(vocab=model["vocab"], merges=merges, byte_fallback=byte_fallback, **settings)


def converted(lines):
    """SentencePiece's BPE as transformers converts it: each way to make a token of two others is a merge, by score."""
    import tokenizers
    model = spm.train(lines, model_type="bpe", vocab_size=700, byte_fallback=True, character_coverage=0.98, normalization_rule_name="identity",
                      remove_extra_whitespaces=False)
    vocab = {model.id_to_piece(token): token for token in range(model.get_piece_size())}
    merges = [(model.get_score(token), (text[:at], text[at:])) for text, token in vocab.items() if not model.is_control(token)
              for at in range(1, len(text)) if text[:at] in vocab and text[at:] in vocab]
    merges.sort(key=lambda merge: -merge[0])
    return tokenizers.models.BPE(vocab=vocab, merges=[pair for _, pair in merges], byte_fallback=True, fuse_unk=True, unk_token="<unk>")


def with_runs(model):
    """Gemma's runs of line ends and spaces: made by merges, and added tokens too."""
    import tokenizers
    content = json.loads(tokenizers.Tokenizer(model).to_str())["model"]
    vocab, merges = content["vocab"], [tuple(pair) for pair in content["merges"]]
    made = [("\n", "\n"), (MARK, MARK), (MARK, MARK * 2), (MARK * 2, MARK), (MARK * 2, MARK * 2)]
    for text in ["\n"] + ["".join(pair) for pair in made]:
        vocab.setdefault(text, len(vocab))
    merges = made + [pair for pair in merges if pair not in made]
    return tokenizers.models.BPE(vocab=vocab, merges=merges, byte_fallback=True, fuse_unk=True, unk_token="<unk>")


def gpt1(lines):
    """As OpenAI's first model has it: the last character of a word carries </w>."""
    import tokenizers
    trained = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    trained.normalizer = tokenizers.normalizers.BertNormalizer(True, True, None, True)
    trained.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    trained.train_from_iterator(lines, tokenizers.trainers.BpeTrainer(
        vocab_size=SIZE, special_tokens=["<unk>", "<s>", "</s>"] + [letter + "</w>" for letter in string.ascii_lowercase],
        show_progress=False, end_of_word_suffix="</w>", initial_alphabet=list(string.ascii_lowercase), limit_alphabet=26))
    return trained.model


def unigram(lines, byte_fallback, blanks=True):
    import tokenizers
    model = spm.train(lines, model_type="unigram", vocab_size=600 if byte_fallback else 500, hard_vocab_limit=False, byte_fallback=byte_fallback,
                      character_coverage=0.98, normalization_rule_name="identity")
    pieces = [(model.id_to_piece(token), model.get_score(token)) for token in range(model.get_piece_size())]
    return tokenizers.models.Unigram([(piece if blanks else piece.replace(MARK, "_"), score) for piece, score in pieces], 0, byte_fallback)


def charsmap(lines):
    """The compiled rules, as SentencePiece makes them."""
    model = spm.train_with_rules(lines, model_type="bpe", vocab_size=600, hard_vocab_limit=False, character_coverage=0.98)
    return spm.field(spm.field(model.serialized_model_proto(), 3), 2)  # normalizer_spec, precompiled_charsmap
