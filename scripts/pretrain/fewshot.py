"""Synthetic tasks, each shown by 0 to 16 examples before the question, in the formats of prompt files.

A document is one task in one format: `Input: cat` / `Output: CAT`, `cat => CAT`, `Q: cat` / `A: CAT`,
`Review: ...` / `Sentiment: ...`, the examples parted by a newline or a blank line. Nothing but the examples says
what the task is, so a model that lowers its loss here has learned to read them.

Held out for evaluation, never written: HELD_KINDS, whole kinds of task; and of every other kind those questions
whose checksum is 0 modulo 16, wherever they might stand.
"""
import pathlib
import random
import zlib

from .words import (ADJECTIVES, ANIMALS, BAD, CLOTHES, FOODS, GOOD, GROUPS, IRREGULAR, NUMBERS, OPPOSITES, PAST,
                    PEOPLE, PLACES, SENTENCES, THINGS, TOOLS)

END = "<|endoftext|>"
FORMATS = (  # before the question, between it and the answer, between examples, how often
    ("Input: ", "\nOutput: ", "\n", 3), ("Input: ", "\nOutput: ", "\n\n", 3),
    ("", " => ", "\n", 4), ("", " -> ", "\n", 1),
    ("Q: ", "\nA: ", "\n", 1), ("Q: ", "\nA: ", "\n\n", 3), ("", ": ", "\n", 1), ("Word: ", "\nAnswer: ", "\n\n", 1))
LABEL_FORMATS = (
    ("Review: ", "\nSentiment: ", "\n\n", 3), ("Review: ", "\nSentiment: ", "\n", 2),
    ("Text: ", "\nLabel: ", "\n\n", 2),
    ("Input: ", "\nOutput: ", "\n", 2), ("Input: ", "\nOutput: ", "\n\n", 2), ("", " => ", "\n", 2))

def syllables(chance):
    """A made-up word."""
    begins = "b d f g k l m n p r s t v z br dr gl pl st tr".split()
    parts = [chance.choice(begins) + chance.choice("aeiou") for _ in range(chance.choice((2, 2, 3)))]
    return "".join(parts) + chance.choice(("", "", "n", "x", "k", "l"))


class Words:
    """Common words of the books, for tasks about any word; without a list, those of the lists above."""

    def __init__(self, path=None):
        own = " ".join(" ".join(group) for group in GROUPS.values()).split() + ADJECTIVES
        self.all = path.read_text(encoding="utf-8").split() if path else sorted(set(own))
        self.short = [word for word in self.all if 3 <= len(word) <= 5]


def plural(word):
    known = dict(IRREGULAR)
    if word in known:
        return known[word]
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def comparative(word):
    if word.endswith("e"):
        return word + "r"
    return word + (word[-1] if word in ("big", "sad", "fat", "thin") else "") + "er"


def several(chance, words, low, high):
    return " ".join(chance.choice(words) for _ in range(chance.randint(low, high)))


def simple(make):
    """A kind of task without choices of its own: make(chance, words) -> (question, answer)."""
    return lambda chance, words: lambda: make(chance, words)


def of_question(ask, answer):
    """A kind of task whose answer follows from the question alone."""
    def make(chance, words):
        question = ask(chance, words)
        return question, answer(question)
    return simple(make)


def any_word(chance, words):
    return chance.choice(words.all)


def some_words(chance, words):
    return several(chance, words.all, 2, 4)


def of_pairs(table, swap=False):
    def make(chance, words):
        pair = chance.choice(table)
        return (pair[1], pair[0]) if swap else pair
    return simple(make)


def opposite(chance, words):
    pair = chance.choice(OPPOSITES)
    return pair if chance.random() < 0.5 else pair[::-1]


def counting(chance, words):
    count = chance.randint(1, 9)
    return " ".join([chance.choice(words.short)] * count), str(count)


def count_words(chance, words):
    count = chance.randint(1, 6)
    return several(chance, words.short, count, count), str(count)


def next_number(chance, words):
    begin = chance.randint(0, 17)
    return NUMBERS[begin], NUMBERS[begin + 1]


def next_digits(chance, words):
    begin = chance.randint(1, 400)
    return str(begin), str(begin + 1)


def plural_noun(chance, words):
    nouns = ANIMALS + FOODS[5:] + CLOTHES + TOOLS + PLACES + PEOPLE + [pair[0] for pair in IRREGULAR]
    noun = chance.choice(nouns)
    return noun, plural(noun)


def affix(chance, words):
    """A made-up beginning or ending, the same in every example."""
    part, before = syllables(chance), chance.random() < 0.5

    def make():
        word = chance.choice(words.all)
        return word, part + word if before else word + part
    return make


def frame(chance, words):
    """A fixed word before or behind the question."""
    part, before = chance.choice(words.all), chance.random() < 0.5

    def make():
        word = chance.choice(words.all)
        return word, f"{part} {word}" if before else f"{word} {part}"
    return make


def label_names(chance, count):
    made_up = chance.random() < 0.5
    names = [syllables(chance) if made_up else chance.choice("ABCXYZ") for _ in range(count)]
    return names if len(set(names)) == count else label_names(chance, count)


def groups(chance, words):
    """Which of two to four groups a word belongs to, by its name or under a made-up label."""
    chosen = chance.sample(sorted(GROUPS), chance.choice((2, 2, 3, 4)))
    names = chosen if chance.random() < 0.4 else label_names(chance, len(chosen))

    def make():
        index = chance.randrange(len(chosen))
        return chance.choice(GROUPS[chosen[index]]), names[index]
    return make


def keyword(chance, words):
    """The label of whichever known word stands among others."""
    keys = chance.sample(words.short, chance.choice((2, 2, 3)))
    names = label_names(chance, len(keys))

    def make():
        index = chance.randrange(len(keys))
        text = several(chance, words.all, 2, 4).split()
        text.insert(chance.randint(0, len(text)), keys[index])
        return " ".join(text), names[index]
    return make


def lookup(chance, words):
    """A table of made-up meanings; what is asked was shown before if examples suffice."""
    keys = chance.sample(words.all, chance.randint(2, 4))
    values = chance.sample(words.all, len(keys))

    def make():
        index = chance.randrange(len(keys))
        return keys[index], values[index]
    return make


def review(chance, good):
    a, b, c = chance.sample(GOOD if good else BAD, 3)
    t, u = chance.sample(THINGS, 2)
    return chance.choice(SENTENCES).format(a=a, A=a.capitalize(), b=b, c=c, t=t, u=u)


def sentiment(chance, words):
    names = chance.choice((("positive", "negative"), ("Positive", "Negative"), ("good", "bad"), label_names(chance, 2)))

    def make():
        good = chance.random() < 0.5
        return review(chance, good), names[0 if good else 1]
    return make


def first_letter(question):
    return question[0]


def letter_label(chance, words):
    """A made-up label for each of two first letters."""
    letters = chance.sample("bcdfghlmprstw", 2)
    names = label_names(chance, 2)

    def make():
        index = chance.randrange(2)
        choice = [word for word in words.all if word[0] == letters[index]] or [letters[index] + "at"]
        return chance.choice(choice), names[index]
    return make


def singular(chance, words):
    def make():
        noun = chance.choice(ANIMALS + TOOLS + CLOTHES)
        return plural(noun), noun
    return make


KINDS = {
    "copy": of_question(any_word, lambda q: q),
    "copy-words": of_question(some_words, lambda q: q),
    "upper": of_question(any_word, str.upper),
    "lower": of_question(lambda c, w: any_word(c, w).upper(), str.lower),
    "capital": of_question(any_word, str.capitalize),
    "first-word": of_question(some_words, lambda q: q.split()[0]),
    "last-word": of_question(some_words, lambda q: q.split()[-1]),
    "first-letter": of_question(any_word, first_letter),
    "spell": of_question(lambda c, w: c.choice(w.short), " ".join),
    "reverse": of_question(lambda c, w: c.choice(w.short), lambda q: q[::-1]),
    "swap": of_question(lambda c, w: several(c, w.all, 2, 2), lambda q: " ".join(q.split()[::-1])),
    "twice": of_question(any_word, lambda q: f"{q} {q}"),
    "count": simple(counting),
    "next-number": simple(next_number),
    "next-digits": simple(next_digits),
    "opposite": simple(opposite),
    "plural": simple(plural_noun),
    "past": of_pairs(PAST),
    "comparative": of_question(lambda c, w: c.choice(ADJECTIVES), comparative),
    "affix": affix,
    "frame": frame,
    "groups": groups,
    "keyword": keyword,
    "lookup": lookup,
    "sentiment": sentiment,
}
HELD_KINDS = {
    "second-word": of_question(lambda c, w: several(c, w.all, 3, 4), lambda q: q.split()[1]),
    "last-letter": of_question(any_word, lambda q: q[-1]),
    "exclaim": of_question(any_word, lambda q: q + "!"),
    "upper-twice": of_question(any_word, lambda q: f"{q.upper()} {q.upper()}"),
    "reverse-three": of_question(lambda c, w: several(c, w.all, 3, 3), lambda q: " ".join(q.split()[::-1])),
    "count-words": simple(count_words),
    "singular": singular,
    "present": of_pairs(PAST, swap=True),
    "quoted": of_question(any_word, lambda q: f'"{q}"'),
    "letter-label": letter_label,
}
FREQUENT = {"sentiment": 3, "groups": 3, "keyword": 2, "lookup": 2, "opposite": 2, "affix": 2, "frame": 2}
# Kinds whose questions are too few, or not a property of the kind, to hold instances out by checksum.
OPEN_KINDS = ("next-number", "lookup")


def held_out(kind, question):
    return kind not in OPEN_KINDS and zlib.crc32(f"{kind} {question}".encode()) % 16 == 0


def draw(make, kind, held, limit=200):
    """One question and answer that is, or is not, held out; None when there seems to be none."""
    for _ in range(limit):
        question, answer = make()
        if held_out(kind, question) == held:
            return question, answer
    return None


def document(chance, words, kind=None, shots=None, held=False, kinds=KINDS):
    """(examples with the question, the answer, what stands between examples, kind) of one task in one format.

    The examples are never held out; with `held` the question is, where the kind has such questions.
    """
    kind = kind or chance.choices(sorted(kinds), [FREQUENT.get(name, 1) for name in sorted(kinds)])[0]
    shots = chance.choice((0, 1, 2, 3, 4, 4, 6, 8, 8, 12, 16, 16)) if shots is None else shots
    formats = LABEL_FORMATS if kind == "sentiment" else FORMATS
    before, between, after, _ = chance.choices(formats, [form[3] for form in formats])[0]
    make = kinds[kind](chance, words)
    text, shown = "", []
    for _ in range(shots):
        question, answer = draw(make, kind, False) or make()
        shown.append(question)
        text += f"{before}{question}{between}{answer}{after}"
    found = draw(make, kind, held) or make()
    for _ in range(20):  # the question should not be among the examples, unless the kind lives on that
        if kind != "lookup" and found[0] in shown:
            found = draw(make, kind, held) or make()
    while kind == "lookup" and shots and found[0] not in shown:
        found = make()
    return f"{text}{before}{found[0]}{between}", found[1], after, kind


def add_fewshot_arguments(parser):
    parser.add_argument("out", type=pathlib.Path, help="the text; <|endoftext|> and a newline end a document")
    parser.add_argument("--words", type=pathlib.Path, metavar="BOOKS",
                        help="folder of books: take their 4,000 most common words")
    parser.add_argument("--megabytes", type=float, default=12, help="size of the text (default: 12)")
    parser.add_argument("--seed", type=int, default=1)


def common_words(books, count=4000):
    """The most frequent words of three to nine small letters, in the order of the alphabet."""
    import collections
    import re
    counts = collections.Counter()
    for path in sorted(books.glob("*.txt")):
        counts.update(re.findall(r"(?<![A-Za-z'-])[a-z]{3,9}(?![A-Za-z'-])", path.read_text(encoding="utf-8")))
    return sorted(word for word, _ in counts.most_common(count))


def run_fewshot(args):
    chance = random.Random(args.seed)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    words_path = args.out.with_suffix(".words")
    if args.words:
        words_path.write_text("\n".join(common_words(args.words)) + "\n", encoding="utf-8")
    words = Words(words_path if words_path.exists() else None)
    size = count = 0
    with args.out.open("w", encoding="utf-8") as file:
        while size < args.megabytes * 1e6:
            text, answer, after, _ = document(chance, words)
            size += file.write(f"{text}{answer}{after}{END}\n")
            count += 1
    print(f"{args.out}: {count} documents, {size} characters, {len(words.all)} words, {len(KINDS)} kinds, "
          f"{len(HELD_KINDS)} kinds held out")
    return 0
