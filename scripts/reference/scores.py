"""What score, rank and choose must find with a tiny model: log-probabilities by transformers, every text on its own.

Each line of scores/NAME.tsv is a case: its kind, its arguments, and the numbers. Kinds and columns (logprob is a sum of
natural logarithms, count the number of tokens in it):

    line    text logprob count                  scored after the model's begin token
    nobos   text logprob count                  the first token is context
    given   prefix text logprob count           encoded as one; tokens whose last byte lies in the text
    token   text index id logprob               one token of a line
    whole   context stride text logprob count   the windows of https://huggingface.co/docs/transformers/perplexity
    choose  prompt option logprob               the option's tokens after the prompt's; prompts begin without a begin token
    ended   prompt option logprob               the same and the token of a newline
"""
import pathlib

from . import gpt2, tales, texts

MODELS = ("long32", "narrow20")


def add_arguments(parser):
    parser.add_argument("--model", type=pathlib.Path, help="another model: a window case of --text is added to scores/NAME.tsv")
    parser.add_argument("--text", type=pathlib.Path, help="the text for --model")


def run(args):
    folder = args.data / "scores"
    folder.mkdir(exist_ok=True)
    if args.model:
        write(folder / f"{args.model.name}.tsv", real_rows(args.model, args.text))
        return
    for name in MODELS:
        write(folder / f"{name}.tsv", rows(args.data / "parity" / name))


def write(path, table):
    path.write_text("".join("\t".join(f"{c:.9f}" if isinstance(c, float) else str(c) for c in row) + "\n" for row in table))


class Reference:
    def __init__(self, directory):
        self.model, self.bpe = gpt2.load(directory), tales.load_tokenizer(directory)
        self.begin, self.context = self.model.config.bos_token_id, self.model.config.n_positions

    def ids(self, text):
        return self.bpe.encode(text).ids

    def logprobs(self, ids):
        """Of ids[1:], in float64 from the float32 logits."""
        import numpy as np
        logits = gpt2.logits(self.model, ids).astype(np.float64)[:-1]
        largest = logits.max(-1)
        norm = largest + np.log(np.exp(logits - largest[:, None]).sum(-1))
        return (logits[np.arange(len(ids) - 1), ids[1:]] - norm).tolist()

    def windows(self, ids, length, stride):
        total, count, before = 0.0, 0, 0
        for begin in range(0, len(ids), stride):
            end = min(begin + length, len(ids))
            found = self.logprobs(ids[begin:end])
            counted = found[len(found) - min(end - before, len(found)):]
            total, count, before = total + sum(counted), count + len(counted), end
            if end == len(ids):
                return float(total), count


def rows(directory):
    r = Reference(directory)
    lines = [texts.STORY[a:b].replace("\n", " ") for a, b in ((0, 40), (60, 90), (7, 8), (200, 221))]
    for text in lines:
        ids = r.ids(text)
        found = r.logprobs([r.begin] + ids)
        yield "line", text, float(sum(found)), len(found)
        yield "nobos", text, float(sum(r.logprobs(ids))) if len(ids) > 1 else 0.0, len(ids) - 1
        for index, (token, value) in enumerate(zip(ids, found)):
            yield "token", text, index, token, value
    for prefix, text in ((lines[0][:20], lines[0][20:]), ("The ", "king"), ("t", "he sea"), ("north", "ern isles")):
        ids = r.ids(prefix + text)
        ends, at = [], 0
        for token in ids:
            at += len(bytes_of(r, token))
            ends.append(at)
        found = [v for v, end in zip(r.logprobs([r.begin] + ids), ends) if end > len(prefix.encode())]
        yield "given", prefix, text, float(sum(found)), len(found)
    text = texts.STORY[:300].replace("\n", " ")
    for length, stride in ((16, 8), (20, 7), (16, 16), (32, 1)):
        total, count = r.windows(r.ids(text), length, stride)
        yield "whole", length, stride, text, total, count
    for prompt, options in (("The ships went", (" north", " south", " to the sea", " to the king", " nowhere")),
                            ("An animal:", (" cat", " catfish", " dog"))):
        start, newline = r.ids(prompt), r.ids("\n")
        for option in options:
            ids = r.ids(option)
            found = r.logprobs(start + ids + newline)[len(start) - 1:]
            yield "choose", prompt, option, float(sum(found[:len(ids)]))
            yield "ended", prompt, option, float(sum(found))


def bytes_of(r, token):
    """A token's bytes, from the printable characters that stand for them."""
    piece = r.bpe.id_to_token(token)
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(b): b for b in plain}
    table.update({chr(256 + i): b for i, b in enumerate(b for b in range(256) if b not in plain)})
    return bytes(table[c] for c in piece)


def real_rows(directory, path):
    r = Reference(directory)
    text = path.read_bytes()[20000:28000].decode()
    for length, stride in ((r.context, r.context // 2), (256, 100)):
        total, count = r.windows(r.ids(text), length, stride)
        yield "whole", length, stride, f"{path.name}:20000:28000", total, count
