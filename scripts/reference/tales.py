"""Expected numbers of a real GPT-2 directory on 512 tokens of a real text, and its continuations of short prompts.

Only the numbers are kept; the model and the text lie elsewhere. The text is cut at a paragraph: the passage begins
after the first blank line behind the byte offset --begin and is as long as the tokens asked for.
"""
import pathlib

from . import expect, gpt2

ROWS = (0, 1, 31, 32, 127, 255, 256, 511)  # positions whose logits are kept
PROMPTS = ("\"I do not know,\" said", "She opened the door and", "There was once a poor woman who")


def add_arguments(parser):
    parser.add_argument("model", type=pathlib.Path, help="a Hugging Face directory with vocab.json and merges.txt")
    parser.add_argument("text", type=pathlib.Path, help="a text file")
    parser.add_argument("--begin", type=int, default=20000, help="where in the text the passage is looked for (default: 20000)")
    parser.add_argument("--tokens", type=int, default=512, help="length of the passage (default: 512)")
    parser.add_argument("--name", help="folder below the data folder (default: the model's name)")


def run(args):
    import numpy as np
    directory = args.data / (args.name or args.model.name)
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(args.model)
    model = gpt2.load(args.model)
    text, ids = passage(tokenizer, args.text.read_text(encoding="utf-8"), args.begin, args.tokens)
    logits = gpt2.logits(model, ids)
    rows = [row for row in ROWS if row < len(ids)]
    logits[rows].astype("<f4").tofile(directory / "logits.f32")
    loss = mean_loss(logits.astype(np.float64), ids)
    config, tensors = gpt2.read_directory(args.model)
    found = gpt2.forward64(config, tensors, ids)
    error = abs(found - logits).max() / abs(logits).max()
    print(f"loss {loss:.6f}, by float64 {mean_loss(found, ids):.6f}; largest difference of logits {error:.2e}")
    comment = "Hugging Face transformers, float32, eager attention"
    expect.write(directory / "expect.txt", [
        ("prompt_hex", text.encode()), ("prompt_ids", ids), ("n_vocab", logits.shape[1]), ("rows", rows),
        ("max_abs", float(abs(logits[rows]).max())), ("top_ids", logits.argmax(-1).tolist()),
        ("loss", f"{loss:.6f}"), ("perplexity", f"{np.exp(loss):.6f}")],
        f"{args.model.name}, {len(ids)} tokens of {args.text.name}: {comment}")
    for number, prompt in enumerate(PROMPTS, 2):
        prompt_ids = tokenizer.encode(prompt).ids
        continuation, gap = gpt2.greedy(model, prompt_ids, 64)
        expect.write(directory / f"expect-{number}.txt", [
            ("prompt_hex", prompt.encode()), ("prompt_ids", prompt_ids), ("greedy_ids", continuation),
            ("greedy_hex", tokenizer.decode(continuation).encode()), ("min_gap", gap)], f"{args.model.name}: {comment}")
        print(f"{prompt!r}: gap {gap:.4f}: {tokenizer.decode(continuation)!r}")
    return int(error > 1e-5)


def load_tokenizer(directory):
    """The byte-level BPE of vocab.json and merges.txt, with GPT-2's split and no special tokens."""
    import tokenizers
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE.from_file(str(directory / "vocab.json"), str(directory / "merges.txt")))
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = tokenizers.decoders.ByteLevel()
    return bpe


def passage(tokenizer, text, begin, count):
    """A stretch of the text that encodes to exactly `count` tokens, and these."""
    begin = text.index("\n\n", begin) + 2
    ids = tokenizer.encode(text[begin:begin + 16 * count]).ids[:count]
    part = tokenizer.decode(ids)
    if len(ids) != count or tokenizer.encode(part).ids != ids:
        raise SystemExit("no passage of this length begins there; try another --begin")
    return part, ids


def mean_loss(logits, ids):
    """Mean negative log-likelihood of every token but the first, in nats."""
    import numpy as np
    logits = logits.astype(np.float64)[:-1]
    largest = logits.max(-1)
    norm = largest + np.log(np.exp(logits - largest[:, None]).sum(-1))
    return float((norm - logits[np.arange(len(ids) - 1), ids[1:]]).mean())
