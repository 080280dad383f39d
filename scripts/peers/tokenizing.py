# SPDX-License-Identifier: MIT
# tokenizing.py LIBRARY VOCABULARY.gguf TEXT...: MB/s of tiktoken, tokenizers or gigatoken with GPT-2's vocabulary on one
# thread: `cold`, the first text of a process, and `warm`, the last of the texts, which it has not seen before. Time is
# the processor's. `probe LIBRARY` tells the library's version.
import importlib.metadata
import json
import os
import sys
import time

for name in ("RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
    os.environ[name] = "1" if name.startswith("RAYON") else "false"
SPLIT = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def strings(path, key):
    import gguf
    field = gguf.GGUFReader(path).fields[key]
    return [bytes(field.parts[i]).decode() for i in field.data]


def byte_of():
    """GPT-2's letters for bytes (Radford et al. 2019): the printable ones stand for themselves."""
    plain = [b for b in range(256) if chr(b).isprintable() and b not in (0x20, 0xa0, 0xad)]
    rest = [b for b in range(256) if b not in plain]
    return {**{chr(b): b for b in plain}, **{chr(256 + i): b for i, b in enumerate(rest)}}


def hf_tokenizer(path):
    from tokenizers import Tokenizer, models, pre_tokenizers
    tokens = strings(path, "tokenizer.ggml.tokens")
    merges = [tuple(m.split(" ")) for m in strings(path, "tokenizer.ggml.merges")]
    t = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return t


def encoder(library, path):
    if library == "tiktoken":
        import tiktoken
        letters, tokens = byte_of(), strings(path, "tokenizer.ggml.tokens")
        ranks = {bytes(letters[c] for c in token): i for i, token in enumerate(tokens[:-1])}
        return tiktoken.Encoding("gpt2", pat_str=SPLIT, mergeable_ranks=ranks, special_tokens={}).encode_ordinary
    if library == "tokenizers":
        t = hf_tokenizer(path)
        return lambda text: t.encode(text, add_special_tokens=False).ids
    import gigatoken
    return gigatoken.Tokenizer(hf_tokenizer(path)).encode


def main():
    if sys.argv[1] == "probe":
        print(json.dumps({"version": importlib.metadata.version(sys.argv[2])}))
        return
    encode, speeds, n_ids = encoder(sys.argv[1], sys.argv[2]), [], 0
    for path in sys.argv[3:]:
        with open(path, encoding="utf-8", newline="") as f:
            text = f.read()
        start = time.process_time()
        ids = encode(text)
        speeds.append(os.path.getsize(path) * 1e-6 / (time.process_time() - start))
        n_ids += len(ids)
    print(json.dumps({"cold": speeds[0], "warm": speeds[-1], "ids": n_ids}))


if __name__ == "__main__":
    main()
