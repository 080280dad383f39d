"""Byte-level BPE once more, by hand: the check of what tokenizers says. As plain as can be, and quadratic."""
import json


def load(directory):
    """A function from text to ids, for a folder with vocab.json and merges.txt; special tokens are plain text."""
    import regex
    split = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")  # GPT-2's own
    vocab = json.loads((directory / "vocab.json").read_text(encoding="utf-8"))
    lines = (directory / "merges.txt").read_text(encoding="utf-8").split("\n")[1:]
    ranks = {tuple(line.split(" ")): rank for rank, line in enumerate(lines) if line}
    printable = byte_alphabet()

    def merge(parts):
        while len(parts) > 1:
            pair = min(zip(parts, parts[1:]), key=lambda pair: ranks.get(pair, len(ranks)))
            if pair not in ranks:
                break
            merged, at = [], 0
            while at < len(parts):
                both = tuple(parts[at:at + 2]) == pair
                merged.append("".join(pair) if both else parts[at])
                at += 2 if both else 1
            parts = merged
        return parts

    return lambda text: [vocab[part] for word in split.findall(text) for part in merge([printable[b] for b in word.encode()])]


def byte_alphabet():
    """The printable character that stands for each byte: itself where it is one, else the next from U+0100 on."""
    kept = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in kept]
    return {byte: chr(byte) for byte in kept} | {byte: chr(256 + number) for number, byte in enumerate(others)}
