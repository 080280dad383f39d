#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the hand-made files of tests/corpus: small model files, each valid, or wrong in one way.

    scripts/make-corpus.py

The name is the verdict: y_ must load, n_ must be refused. The text beside a refused file is part of the message that it
must get (it goes to the file `messages` of the folder). Files called i_ come from fuzzing and are left alone."""

import json
import os
import struct

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "corpus")


class Folder:
    """One target's files: y(name, bytes), n(name, bytes, text of the refusal)."""

    def __init__(self, target, suffix):
        self.path, self.suffix, self.messages = os.path.join(ROOT, target), suffix, []
        os.makedirs(self.path, exist_ok=True)
        for name in os.listdir(self.path):
            if name.startswith(("y_", "n_")) and name.endswith(suffix):
                os.remove(os.path.join(self.path, name))

    def _write(self, name, data):
        if isinstance(data, str):
            data = data.encode()
        with open(os.path.join(self.path, name + self.suffix), "wb") as f:
            f.write(data)

    def y(self, name, data):
        self._write("y_" + name, data)

    def n(self, name, data, message):
        self._write("n_" + name, data)
        self.messages.append("n_%s%s\t%s\n" % (name, self.suffix, message))

    def close(self):
        with open(os.path.join(self.path, "messages"), "w", encoding="utf-8") as f:
            f.writelines(sorted(self.messages))


# ---- GGUF --------------------------------------------------------------------------------------------------------------

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
PACK = {U8: "<B", I8: "<b", U16: "<H", I16: "<h", U32: "<I", I32: "<i", F32: "<f", BOOL: "<B", U64: "<Q", I64: "<q", F64: "<d"}
T_F32, T_F16, T_Q8_0, T_Q4_K, T_BF16 = 0, 1, 8, 12, 30


def text(s):
    s = s if isinstance(s, bytes) else s.encode()
    return struct.pack("<Q", len(s)) + s


def value(kind, v):
    if kind == STRING:
        return text(v)
    if kind == ARRAY:
        element, items = v
        return struct.pack("<IQ", element, len(items)) + b"".join(value(element, i) for i in items)
    return struct.pack(PACK[kind], v)


def pair(key, kind, v):
    return text(key) + struct.pack("<I", kind) + value(kind, v)


def tensor(name, shape, kind=T_F32, at=0):
    return text(name) + struct.pack("<I%dQIQ" % len(shape), len(shape), *shape, kind, at)


def gguf(pairs=(), tensors=(), data=b"", version=3, n_meta=None, n_tensors=None, align=32, magic=b"GGUF"):
    head = magic + struct.pack("<IQQ", version, len(tensors) if n_tensors is None else n_tensors,
                               len(pairs) if n_meta is None else n_meta)
    head += b"".join(pairs) + b"".join(tensors)
    return head + bytes(-len(head) % align) + data if data else head


def nest(depth):
    """An array in `depth` arrays."""
    inner = struct.pack("<IQ", U8, 1) + b"\7"
    for _ in range(depth):
        inner = struct.pack("<IQ", ARRAY, 1) + inner
    return text("deep") + struct.pack("<I", ARRAY) + inner


EVERY_TYPE = [pair("k%d" % k, k, 1) for k in PACK] + [
    pair("s", STRING, "text"), pair("empty", STRING, ""), pair("list", ARRAY, (STRING, ["a", "", "\u00e9"])),
    pair("numbers", ARRAY, (I32, [-1, 0, 1])), pair("truths", ARRAY, (BOOL, [0, 1, 1])), pair("none", ARRAY, (F32, [])),
    pair("lists", ARRAY, (ARRAY, [(U8, [1]), (STRING, ["x"])])), pair("raw", STRING, b"\xff\0\x1b[31m")]


def make_gguf():
    f = Folder("gguf", ".gguf")
    one = tensor("w", [4, 2])
    f.y("empty", gguf())
    f.y("version-2", gguf([pair("a", U32, 1)], [one], bytes(32), version=2))
    f.y("every-type-of-value", gguf(EVERY_TYPE))
    f.y("two-tensors", gguf([], [one, tensor("v", [32], T_Q8_0, 32)], bytes(32 + 34)))
    f.y("tensors-in-any-order", gguf([], [tensor("v", [4], T_F32, 32), one], bytes(48)))
    f.y("alignment-64", gguf([pair("general.alignment", U32, 64)], [one], bytes(32), align=64))
    f.y("bytes-after-the-last-tensor", gguf([], [one], bytes(100)))
    f.y("hole-between-tensors", gguf([], [one, tensor("v", [1], T_F32, 64)], bytes(68)))
    f.y("four-dimensions", gguf([], [tensor("w", [2, 1, 2, 1])], bytes(16)))
    f.y("unknown-type-of-tensor", gguf([], [tensor("w", [4], 99, 0), tensor("v", [1], T_F32, 32)], bytes(36)))
    f.y("tensor-of-size-0", gguf([], [tensor("w", [0, 4]), tensor("v", [1])], bytes(4)))
    f.y("nested-8-deep", gguf([nest(7)]))
    f.y("odd-names", gguf([pair(b"\xff\xfe", U8, 1), pair(" ", U8, 1)], [tensor(b"\x1b[2J", [1])], bytes(4)))

    for n, (name, data, found) in enumerate([
            ("nothing", b"", "an empty file"), ("three-bytes", b"GGU", "something else"),
            ("pytorch", b"PK\3\4" + bytes(60), "a PyTorch checkpoint"), ("pickle", b"\x80\2}" + bytes(40), "a Python pickle"),
            ("ggml", b"lmgg" + bytes(40), "older than GGUF"), ("hdf5", b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
            ("lfs", b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
            ("json", b"{}", "JSON"), ("html", b"<!DOCTYPE html>", "a web page")]):
        f.n("other-%d-%s" % (n, name), data, found)
    f.n("header-cut", gguf()[:20], "expected a GGUF header of 24 bytes")
    f.n("version-1", gguf(version=1), "expected GGUF version 2 or 3, found 1")
    f.n("version-4", gguf(version=4), "expected GGUF version 2 or 3, found 4")
    f.n("big-endian", gguf(version=3 << 24), "found a big-endian one")
    f.n("count-of-keys-huge", gguf(n_meta=1 << 60), "found a count of 1152921504606846976")
    f.n("count-of-keys-wraps", gguf(n_meta=(1 << 64) - 1), "found a count of 18446744073709551615")
    f.n("count-of-keys-one-more", gguf([pair("a", U8, 1)] * 1 + [pair("b", STRING, "x" * 40)], n_meta=3), "metadata key 2")
    f.n("count-of-tensors-huge", gguf([pair("a", STRING, "x" * 100)], n_tensors=1 << 61), "found a count of")
    f.n("count-of-tensors-one-more", gguf([], [one] + [tensor("v" * 40, [1])], n_tensors=3), "expected an entry within the file")
    f.n("key-empty", gguf([pair("", U64, 1)]), "expected a name, found none")
    f.n("key-past-the-end", gguf([struct.pack("<Q", 1 << 40) + b"x" * 40], n_meta=1), "metadata key 0")
    f.n("key-length-wraps", gguf([struct.pack("<Q", (1 << 64) - 8) + b"x" * 40], n_meta=1), "metadata key 0")
    f.n("key-of-70000-bytes", gguf([pair("k" * 70000, U8, 1)]), "at most 65536 bytes")
    f.n("key-twice", gguf([pair("a", U8, 1), pair("b", U8, 1), pair("a", U8, 2)]), "'a': expected once, found twice")
    f.n("value-of-type-13", gguf([text("a") + struct.pack("<I", 13) + bytes(8)], n_meta=1), "found 13")
    f.n("value-cut", gguf([text("abcd") + struct.pack("<I", F64) + b"\0\0"], n_meta=1), "found the end of the file")
    f.n("bool-of-2", gguf([pair("a", BOOL, 2)]), "expected a truth value of 0 or 1")
    f.n("bool-of-2-in-array", gguf([pair("a", ARRAY, (BOOL, [0, 2]))]), "expected truth values of 0 or 1")
    f.n("string-past-the-end", gguf([text("a") + struct.pack("<IQ", STRING, 100) + b"x"], n_meta=1), "a string that ends")
    f.n("string-length-wraps", gguf([text("a") + struct.pack("<IQ", STRING, (1 << 64) - 1)], n_meta=1), "a string that ends")
    for name, element, n in [("strings", STRING, 1 << 60), ("u64", U64, 1 << 61), ("u8", U8, (1 << 64) - 1), ("arrays", ARRAY, 1 << 59)]:
        f.n("array-of-many-" + name, gguf([text("a") + struct.pack("<IIQ", ARRAY, element, n)], n_meta=1), "found a count of")
    f.n("array-of-type-13", gguf([text("a") + struct.pack("<IIQ", ARRAY, 13, 1) + bytes(8)], n_meta=1), "elements of type 0 to 12")
    f.n("array-cut", gguf([text("abc") + struct.pack("<II", ARRAY, U8)], n_meta=1), "expected an array")
    f.n("array-string-past-the-end", gguf([text("a") + struct.pack("<IIQ", ARRAY, STRING, 1) + struct.pack("<Q", 99)], n_meta=1),
        "a string that ends")
    f.n("nested-9-deep", gguf([nest(8)]), "nested at most 8 deep")
    f.n("nested-5000-deep", gguf([nest(5000)]), "nested at most 8 deep")
    for name, kind, v, found in [("0", U32, 0, "found 0"), ("7", U32, 7, "found 7"), ("24", U32, 24, "found 24"), ("4", U32, 4, "found 4"),
                                 ("2-17", U32, 1 << 17, "found 131072"), ("max", U32, (1 << 32) - 1, "found 4294967295"),
                                 ("u64", U64, 32, "found type 10"), ("text", STRING, "32", "found type 8"), ("u8", U8, 32, "found type 0")]:
        f.n("alignment-" + name, gguf([pair("general.alignment", kind, v)], [one], bytes(32)), found)

    f.n("tensor-table-cut", gguf([], [one])[:-4] + b"", "expected an entry within the file")
    f.n("tensor-name-past-the-end", gguf([], [struct.pack("<Q", 1 << 50) + bytes(40)]), "expected an entry within the file")
    f.n("tensor-twice", gguf([], [one, tensor("w", [1], T_F32, 32)], bytes(36)), "'w': expected once, found twice")
    f.n("tensor-without-dimensions", gguf([], [tensor("w", []) + bytes(8)], bytes(32)), "expected 1 to 4 dimensions, found 0")
    f.n("tensor-of-5-dimensions", gguf([], [tensor("w", [1] * 5)], bytes(4)), "expected 1 to 4 dimensions, found 5")
    f.n("tensor-of-2-32-1-dimensions", gguf([], [text("w") + struct.pack("<I", 0xffffffff) + bytes(80)]), "found 4294967295")
    f.n("tensor-past-the-end", gguf([], [tensor("w", [4, 3])], bytes(32)), "expected 48 bytes within the file")
    f.n("tensor-without-data", gguf([], [one]), "expected 32 bytes within the file")
    f.n("tensor-offset-past-the-end", gguf([], [tensor("w", [1], T_F32, 1 << 40)], bytes(32)), "within the file")
    f.n("tensor-offset-wraps", gguf([], [tensor("w", [1], T_F32, (1 << 64) - 32)], bytes(32)), "within the file")
    f.n("tensor-misaligned", gguf([], [tensor("w", [1], T_F32, 4)], bytes(32)), "expected an offset aligned to 32, found 4")
    f.n("tensors-overlap", gguf([], [one, tensor("v", [1], T_F32, 0)], bytes(32)), "found an overlap")
    f.n("tensor-within-another", gguf([], [tensor("w", [64]), tensor("v", [1], T_F32, 32)], bytes(256)), "found an overlap")
    f.n("tensor-product-wraps", gguf([], [tensor("w", [1 << 32, 1 << 32])], bytes(32)), "fits 64 bits")
    f.n("tensor-product-wraps-to-1", gguf([], [tensor("w", [(1 << 63) + 1, 2])], bytes(32)), "fits 64 bits")
    f.n("tensor-bytes-wrap", gguf([], [tensor("w", [1 << 62, 1])], bytes(32)), "tensor 'w'")
    f.n("tensor-of-exabytes", gguf([], [tensor("w", [1 << 56, 4])], bytes(32)), "tensor 'w'")
    f.n("tensor-of-half-a-block", gguf([], [tensor("w", [33], T_Q8_0)], bytes(68)), "expected rows of whole Q8_0 blocks")
    f.n("tensor-rows-of-half-a-block", gguf([], [tensor("w", [16, 2], T_Q8_0)], bytes(34)), "expected rows of whole Q8_0 blocks")
    f.close()


# ---- safetensors -------------------------------------------------------------------------------------------------------


def st(header, data=b"", length=None):
    head = header if isinstance(header, bytes) else (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(head) if length is None else length) + head + data


def entry(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def make_safetensors():
    f = Folder("safetensors", ".safetensors")
    one = {"w": entry([2], 0, 8)}
    raw = '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}%s}'
    f.y("one", st(one, bytes(8)))
    f.y("none", st({}))
    f.y("metadata", st({"__metadata__": {"format": "pt", "x": "\u00e9"}, **one}, bytes(8)))
    f.y("metadata-empty", st({"__metadata__": {}, **one}, bytes(8)))
    f.y("blanks-after-the-header", st(json.dumps(one) + "     ", bytes(8)))
    f.y("scalar", st({"w": entry([], 0, 4)}, bytes(4)))
    f.y("of-size-0", st({"w": entry([0, 3], 0, 0), "v": entry([1], 0, 4)}, bytes(4)))
    f.y("every-type", st({"t%d" % i: entry([8], s * i, s * i + s, t) for i, (t, s) in enumerate(
        [("I8", 8), ("U8", 8), ("BOOL", 8), ("F8_E4M3", 8), ("F8_E5M2", 8)])} |
        {"f": entry([2, 2], 40, 48, "F16"), "b": entry([1], 48, 50, "BF16"), "i": entry([1], 50, 58, "I64")}, bytes(58)))
    f.y("unknown-type", st({"w": entry([2], 0, 7, "Q99"), **{"v": entry([1], 7, 11)}}, bytes(11)))
    f.y("more-dimensions-than-weights-have", st({"w": entry([1, 2, 1, 2, 1, 1], 0, 16)}, bytes(16)))
    f.y("escaped-name", st('{"\\u0077\\n":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)))
    f.y("unknown-key", st('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":[{}]}}', bytes(8)))

    f.n("nothing", b"", "found a file of 0 bytes")
    f.n("seven-bytes", bytes(7), "found a file of 7 bytes")
    f.n("header-of-size-0", st(b""), "expected a safetensors header that begins with '{', found none")
    f.n("header-past-the-end", st(one, bytes(8), length=1000), "found a length of 1000")
    f.n("header-length-wraps", st(one, bytes(8), length=(1 << 64) - 1), "found a length of 18446744073709551615")
    f.n("header-over-100-MB", st(one, bytes(8), length=100000001), "at most 100000000 bytes")
    f.n("header-with-bom", st(b"\xef\xbb\xbf" + json.dumps(one).encode(), bytes(8)), "begins with '{'")
    f.n("header-begins-with-blank", st(" " + json.dumps(one), bytes(8)), "begins with '{'")
    f.n("header-a-list", st("[]"), "begins with '{'")
    f.n("header-cut", st(json.dumps(one)[:-1], bytes(8)), "header: ")
    f.n("header-zeros-after-it", st(json.dumps(one) + "\0\0", bytes(8)), "header: ")
    f.n("header-two-objects", st(json.dumps(one) + "{}", bytes(8)), "found more after the object")
    f.n("header-no-utf-8", st(b'{"\xff":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', bytes(8)), "expected UTF-8")
    f.n("header-comma-at-the-end", st(raw % ",", bytes(8)), "header: ")
    f.n("header-no-colon", st('{"w" 1}'), "expected a colon")
    f.n("header-deep", st('{"w":' + "[" * 3000 + "]" * 3000 + "}"), "nested at most 64 deep")
    f.n("header-unclosed", st('{"w":' + "[" * 60), "header: ")
    f.n("tensor-twice", st(raw % ',"w":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}', bytes(12)), "'w': expected once")
    f.n("tensor-twice-escaped", st(raw % ',"\\u0077":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}', bytes(12)), "expected once")
    f.n("metadata-twice", st('{"__metadata__":{},"__metadata__":{}}'), "__metadata__': expected once, found twice")
    f.n("metadata-a-number", st('{"__metadata__":1}'), "__metadata__: ")
    f.n("metadata-of-numbers", st('{"__metadata__":{"a":1}}'), "expected strings")
    f.n("key-twice", st('{"w":{"dtype":"F32","shape":[2],"shape":[1],"data_offsets":[0,8]}}', bytes(8)), "tensor 'w'")
    f.n("tensor-a-number", st('{"w":7}'), "expected an object")
    f.n("no-dtype", st('{"w":{"shape":[2],"data_offsets":[0,8]}}', bytes(8)), "expected a string as its dtype")
    f.n("dtype-a-number", st('{"w":{"dtype":1,"shape":[2],"data_offsets":[0,8]}}', bytes(8)), "expected a string as its dtype")
    f.n("no-shape", st('{"w":{"dtype":"F32","data_offsets":[0,8]}}', bytes(8)), "expected a list as its shape")
    f.n("no-offsets", st('{"w":{"dtype":"F32","shape":[2]}}', bytes(8)), "data_offsets")
    f.n("offsets-three", st('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}', bytes(8)), "data_offsets")
    f.n("offsets-negative", st({"w": entry([2], -8, 0)}, bytes(8)), "expected two whole numbers")
    f.n("offsets-reversed", st({"w": entry([2], 8, 0)}, bytes(8)), "found 8 to 0")
    f.n("offsets-past-the-end", st({"w": entry([3], 0, 12)}, bytes(8)), "found 0 to 12")
    f.n("offsets-beyond-64-bits", st('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551616]}}', bytes(8)),
        "expected two whole numbers")
    f.n("offsets-real", st('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8.0]}}', bytes(8)), "expected two whole numbers")
    f.n("shape-negative", st({"w": entry([-2], 0, 8)}, bytes(8)), "expected dimensions that are whole numbers")
    f.n("shape-real", st('{"w":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}', bytes(8)), "whole numbers")
    f.n("shape-wraps", st({"w": entry([1 << 32, 1 << 32], 0, 0)}), "fits 64 bits")
    f.n("bytes-wrap", st({"w": entry([1 << 62], 0, 0)}), "expected the bytes of")
    f.n("size-is-not-shape", st({"w": entry([3], 0, 8)}, bytes(8)), "expected the bytes of 3 F32 values, found 8 bytes")
    f.n("hole-before", st({"w": entry([1], 4, 8)}, bytes(8)), "a hole before it")
    f.n("hole-between", st({"w": entry([1], 0, 4), "v": entry([1], 8, 12)}, bytes(12)), "a hole before it")
    f.n("overlap", st({"w": entry([2], 0, 8), "v": entry([2], 4, 12)}, bytes(12)), "an overlap with another tensor")
    f.n("bytes-after-the-last", st(one, bytes(9)), "found 1 bytes more")
    f.n("data-cut", st(one, bytes(7)), "tensor 'w'")
    f.close()


def make_index():
    f = Folder("index", ".json")
    good = {"x": "a.safetensors", "y": "a.safetensors", "z": "b.safetensors"}

    def index(changes, meta='{"total_size":16}'):
        return '{"metadata":%s,"weight_map":%s}' % (meta, json.dumps({**good, **changes}))

    f.y("plain", index({}))
    f.y("no-metadata", '{"weight_map":%s}' % json.dumps(good))
    f.y("unknown-keys", '{"a":[1,{"b":null}],"weight_map":%s,"c":1.5}' % json.dumps(good))
    f.y("bom", b"\xef\xbb\xbf" + index({}).encode())
    f.y("escaped-names", index({}).replace('"z"', '"\\u007a"').replace("b.safe", "\\u0062.safe"))
    for i, name in enumerate(["../a.safetensors", "/etc/passwd", "./a.safetensors", "sub/a.safetensors", "..", ".", "", "a\0b", "n" * 300]):
        f.n("leaves-the-folder-%d" % i, index({"x": name}), "expected the name of a file in the folder")
    f.n("file-a-number", index({"x": 1}), "expected the name of a file")
    f.n("file-missing", index({"x": "c.safetensors"}), "cannot open: No such file")
    f.n("file-is-no-model", index({"x": "config.json"}), "config.json")
    f.n("tensor-missing-from-the-file", index({"q": "b.safetensors"}), "found no such tensor there")
    f.n("tensor-in-another-file", index({"x": "b.safetensors"}), "found another file")
    f.n("tensor-missing-from-the-index", '{"weight_map":{"x":"a.safetensors","z":"b.safetensors"}}', "found no entry")
    f.n("tensor-twice", '{"weight_map":{"x":"a.safetensors","x":"a.safetensors"}}', "expected once, found twice")
    f.n("tensor-twice-escaped", '{"weight_map":{"x":"a.safetensors","\\u0078":"a.safetensors"}}', "expected once, found twice")
    f.n("map-twice", '{"weight_map":{},"weight_map":{}}', "found two")
    f.n("no-map", '{"metadata":{}}', "expected an object 'weight_map', found none")
    f.n("map-a-list", '{"weight_map":[]}', "expected an object 'weight_map'")
    f.n("a-list", "[]", "expected an object")
    f.n("nothing", "", "expected an object")
    f.n("cut", index({})[:-1], "model.safetensors.index.json: ")
    f.n("more-after-it", index({}) + "x", "found more after the object")
    f.n("no-utf-8", b'{"weight_map":{"\xff":"a.safetensors"}}', "expected UTF-8")
    f.n("metadata-deep", index({}, "[" * 70 + "]" * 70), "nested at most 64 deep")
    f.n("metadata-no-json", index({}, "{1}"), "expected a name in quotes")
    f.close()


def make_config():
    f = Folder("config", ".json")
    f.y("empty", "{}")
    f.y("gpt2", json.dumps({"model_type": "gpt2", "n_embd": 16, "n_layer": 1, "n_head": 2, "layer_norm_epsilon": 1e-5,
                            "architectures": ["GPT2LMHeadModel"], "eos_token_id": [1, 2], "bos_token_id": None,
                            "rope_scaling": {"factor": 2.0, "type": {"a": {"b": "c"}}}, "tie_word_embeddings": True}, indent=2))
    f.y("bom", b"\xef\xbb\xbf{}")
    f.y("numbers", '{"a":9223372036854775807,"b":-9223372036854775808,"c":1e308,"d":-0,"e":0.1}')
    f.y("integer-beyond-64-bits", '{"a":18446744073709551616,"b":7}')
    f.y("arrays", '{"a":[],"b":[1,2],"c":[1,"x"],"d":[[1],[2]],"e":[{},null]}')
    f.y("nested-64-deep", '{"a":' + "[" * 63 + "]" * 63 + "}")
    f.y("long-keys", json.dumps({"k" * 600: {"j" * 600: {"i" * 600: 1}}, "x": 1}))
    f.y("nul-in-a-string", '{"a":"x\\u0000y"}')
    f.n("nothing", "", "expected JSON, found a mistake in line 1")
    f.n("a-list", "[1]", "expected a JSON object")
    f.n("a-number", "7", "expected a JSON object")
    f.n("cut", '{"a":1', "expected JSON, found a mistake")
    f.n("more-after-it", "{}{}", "expected JSON, found a mistake")
    f.n("key-twice", '{"a":1,"a":2}', "expected JSON, found a mistake")
    f.n("dotted-key-twice", '{"a":{"b":1},"a.b":2}', "expected once, found twice")
    f.n("nul-in-a-key", '{"a\\u0000":1}', "expected JSON, found a mistake")
    f.n("nan", '{"a":NaN}', "expected JSON, found a mistake")
    f.n("infinity", '{"a":1e999}', "expected JSON, found a mistake")
    f.n("no-utf-8", b'{"a":"\xff"}', "expected JSON, found a mistake")
    f.n("surrogate", '{"a":"\\ud800"}', "expected JSON, found a mistake")
    f.n("utf-16", '{"a":1}'.encode("utf-16"), "expected JSON, found a mistake")
    f.n("nested-65-deep", '{"a":' + "[" * 64 + "]" * 64 + "}", "nested at most 64 deep")
    f.n("nested-100000-deep", '{"a":' + "[" * 50000, "nested at most 64 deep")
    f.n("control-characters", '{"a":1}\x1b[31mred', "expected JSON, found a mistake")
    f.close()


make_gguf()
make_safetensors()
make_index()
make_config()
