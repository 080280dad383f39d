#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the hand-made files of tests/corpus: small model files, each valid, or wrong in one way.

    scripts/make-corpus.py

The name is the verdict: y_ must load, n_ must be refused. The text beside a refused file is part of the message that it
must get (it goes to the file `messages` of the folder). Files called i_ come from fuzzing and are left alone."""

import base64
import json
import os
import re
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


# ---- vocabularies ------------------------------------------------------------------------------------------------------


def byte_map():
    """The printable character of each byte, as GPT-2 has them."""
    kept = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    others = [b for b in range(256) if b not in kept]
    return {**{b: chr(b) for b in kept}, **{b: chr(256 + i) for i, b in enumerate(others)}}


BYTES = [byte_map()[b] for b in range(256)]
MERGES = ["h e", "l l", "he ll", "hell o", "\u0120 a", "1 2"]
TOKENS = BYTES + [m.replace(" ", "") for m in MERGES] + ["<|endoftext|>"]
END = len(TOKENS) - 1


def tokenizer(changes=None, model=None, vocab=None, merges=None, added=None, **parts):
    tokens = {t: i for i, t in enumerate(TOKENS[:-1])} if vocab is None else vocab
    d = {"version": "1.0", "truncation": None, "padding": None,
         "added_tokens": [{"id": END, "content": "<|endoftext|>", "single_word": False, "lstrip": False, "rstrip": False,
                           "normalized": False, "special": True}] if added is None else added,
         "normalizer": None, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
         "post_processor": None, "decoder": {"type": "ByteLevel"},
         "model": {"type": "BPE", "dropout": None, "vocab": tokens, "merges": MERGES if merges is None else merges, **(model or {})}}
    d.update(changes or {})
    d.update(parts)
    return json.dumps(d, ensure_ascii=False)


def split(pattern, behavior="Isolated", **more):
    return {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, **more},
                                                  {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}]}


# ---- tokenizer.model ---------------------------------------------------------------------------------------------------

def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def field(number, v):
    if isinstance(v, float):
        return varint(number << 3 | 5) + struct.pack("<f", v)
    if isinstance(v, int):
        return varint(number << 3) + varint(v)
    v = v.encode() if isinstance(v, str) else v
    return varint(number << 3 | 2) + varint(len(v)) + v


def piece(text, score=0.0, kind=None):
    return field(1, field(1, text) + field(2, score) + (b"" if kind is None else field(3, kind)))


def make_spm():
    f = Folder("spm", ".model")
    head = piece("<unk>", 0.0, 2) + piece("<s>", 0.0, 3) + piece("</s>", 0.0, 3)
    tokens = b"".join(piece("<0x%02X>" % byte, 0.0, 6) for byte in range(256)) + piece("\u2581a", -1.0) + piece("a", -2.0) + piece("\u2581", -3.0)
    bpe, plain = field(2, field(3, 2) + field(35, 1)), field(3, field(4, 0))
    good = head + tokens + bpe + plain
    trie = struct.pack("<5I", 16, 0, 0, 0, 0) + b"x\0"
    f.y("bpe", good)
    f.y("unigram", head + tokens)
    f.y("user-defined", head + piece("\u2581<x>", 0.0, 4) + piece("", 0.0, 5) + tokens + bpe)
    f.y("no-ids", head + tokens + field(2, field(3, 2) + field(40, -1) + field(41, -1) + field(42, 1 << 40)))
    f.y("charsmap", head + tokens + field(3, field(2, trie) + field(3, 0)))
    f.y("unknown-fields", good + field(99, "x") + varint(100 << 3 | 1) + bytes(8) + varint(101 << 3 | 5) + bytes(4) + field(536870911, 7))
    f.n("nothing", b"", "expected tokenizer.json, tokenizer.model, or vocab.json and merges.txt, found none of them")
    f.n("text", b"IQ== 0\nIg== 1\n", "tokenizer.model: ")
    f.n("cut", good[:-3], "tokenizer.model: ")
    f.n("no-tokens", bpe + plain, "expected SentencePiece's model")
    f.n("type-char", head + tokens + field(2, field(3, 4)), "the type of model 'char' is not supported")
    f.n("type-word", head + tokens + field(2, field(3, 3)), "the type of model 'word' is not supported")
    f.n("type-9", head + tokens + field(2, field(3, 9)), "expected a model of type unigram or bpe")
    f.n("suffix", head + tokens + field(2, field(24, 1)), "'treat_whitespace_as_suffix' is not supported")
    f.n("escape", head + tokens + field(3, field(5, 0)), "escape_whitespaces 'false' is not supported")
    f.n("kind-0", head + piece("x", 0.0, 0) + tokens, "token 3: expected a text, a score and a type")
    f.n("kind-7", head + piece("x", 0.0, 7) + tokens, "token 3: expected a text, a score and a type")
    f.n("score-nan", head + piece("x", float("nan")) + tokens, "expected a finite number")
    f.n("token-twice", head + tokens + piece("a", -2.0), "the same text")
    f.n("charsmap-cut", head + tokens + field(3, field(2, trie[:7])), "precompiled_charsmap: expected a trie")
    for name, data in (("length-past-the-end", varint(1 << 3 | 2) + varint(100) + b"abc"), ("length-of-2-64", varint(1 << 3 | 2) + varint((1 << 64) - 1)),
                       ("varint-of-11", varint(40 << 3) + b"\xff" * 10 + b"\1"), ("varint-beyond-64-bits", varint(40 << 3) + b"\xff" * 9 + b"\2"),
                       ("varint-cut", varint(40 << 3) + b"\x80"), ("wire-3", varint(5 << 3 | 3)), ("wire-7", varint(5 << 3 | 7)),
                       ("field-0", field(0, 1)), ("fixed-cut", varint(5 << 3 | 1) + bytes(7))):
        f.n(name, good + data, "expected SentencePiece's model, found something else (byte %d)" % len(good))
    inner = varint(2 << 3 | 5) + bytes(3)
    f.n("score-cut", good + field(1, inner), "token 262: expected a text, a score and a type")
    f.n("trainer-cut", good + field(2, b"\x80"), "expected SentencePiece's model")
    f.n("normalizer-cut", good + field(3, b"\x12\x05a"), "expected SentencePiece's model")
    f.close()


# ---- tokenizer.json ----------------------------------------------------------------------------------------------------

def deepen(name):
    part = {"type": "Fuse"}
    for _ in range(6):
        part = {"type": "Sequence", name: [part]}
    return part


def make_tokenizer_json():
    f = Folder("tokenizer_json", ".json")
    pairs = [m.split(" ") for m in MERGES]
    good = tokenizer()
    f.y("plain", good)
    f.y("merges-as-pairs", tokenizer(merges=pairs))
    f.y("bom", b"\xef\xbb\xbf" + good.encode())
    f.y("model-first", json.dumps(dict(reversed(json.loads(good).items()))))
    f.y("normalizer-nfc", tokenizer(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}]}))
    f.y("special-that-strips", tokenizer(added=[{"id": END, "content": "<m>", "special": True, "lstrip": True, "rstrip": True}]))
    f.y("unknown-parts", tokenizer({"x": [1, {"y": None}]}))
    f.y("added-that-is-not-special", tokenizer(added=[{"id": END, "content": "    ", "special": False}]))
    f.y("added-without-an-end", tokenizer(added=[]))
    f.y("split", tokenizer(pre_tokenizer=split("\\p{L}+|\\p{N}{1,3}|[^\\p{L}\\p{N}]+")))
    f.y("split-string", tokenizer(pre_tokenizer={"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"String": "a.b"}, "behavior": "Isolated"}, {"type": "Digits", "individual_digits": True},
        {"type": "Punctuation"}, {"type": "ByteLevel", "add_prefix_space": False}]}))
    f.y("split-removed", tokenizer(pre_tokenizer=split("\\w+|\\W+", "Removed", invert=True)))
    f.y("ignore-merges", tokenizer(model={"ignore_merges": True}))
    f.y("template", tokenizer(post_processor={"type": "TemplateProcessing", "single": [
        {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {
            "<|endoftext|>": {"id": "<|endoftext|>", "ids": [END], "tokens": ["<|endoftext|>"]}}}))
    f.y("pattern-that-matches-nothing", tokenizer(pre_tokenizer=split("x*")))
    f.y("a-byte-is-missing", tokenizer(vocab={t: i for i, t in enumerate(TOKENS[:-1]) if t != "z"}))

    f.n("nothing", "", "expected")
    f.n("a-list", "[]", "expected an object")
    f.n("cut", good[:-20], "tokenizer.json: ")
    f.n("more-after-it", good + "{}", "tokenizer.json: ")
    f.n("no-model", tokenizer().replace('"model"', '"modem"'), "expected a model")
    f.n("model-twice", good[:-1] + ', "model": {}}', "twice")
    f.n("unigram-with-merges", tokenizer(model={"type": "Unigram"}), "expected a vocab with scores of Unigram")
    f.n("word-piece", tokenizer(model={"type": "WordPiece"}), "\"WordPiece\" is not supported")

    def unigram(vocab, **model):
        return tokenizer({"model": {"type": "Unigram", "vocab": vocab, **model}}, pre_tokenizer=mark, decoder=mark, added=[
            {"id": 3, "content": "<x>", "special": True}])

    mark, pieces = {"type": "Metaspace", "replacement": "\u2581"}, [["<unk>", 0.0], ["\u2581a", -1.5], ["b", -2e1]]
    f.y("unigram", unigram(pieces, unk_id=0))
    f.y("unigram-without-unknown", unigram(pieces, unk_id=None))
    f.n("unigram-unknown-far-away", unigram(pieces, unk_id=4), "unk_id: expected the id of a token, found 4")
    f.n("unigram-unknown-negative", unigram(pieces, unk_id=-1), "unk_id: expected a token's id or null")
    f.n("unigram-token-twice", unigram(pieces + [["<x>", 0], ["b", 1]]), "the same text")
    for name, item in (("number", 3), ("single", ["a"]), ("three", ["a", 1, 2]), ("swapped", [1, "a"]), ("score-text", ["a", "1"]), ("score-null", ["a", None])):
        f.n("unigram-" + name, unigram(pieces + [item]), "expected a token and its score in each")
    f.n("unigram-score-huge", unigram(pieces).replace("-20.0", "-1e999"), "expected a finite number")
    f.n("unigram-score-long", unigram(pieces).replace("-20.0", "-2" + "0" * 100), "expected a token and its score")
    f.n("unigram-byte-level", tokenizer({"model": {"type": "Unigram", "vocab": pieces}}), "with ByteLevel")
    f.n("scores-with-merges", tokenizer({"model": {"type": "BPE", "vocab": pieces, "merges": []}}), "expected vocab and merges of BPE")
    f.n("byte-fallback", tokenizer(model={"byte_fallback": True}), "with ByteLevel, \"byte_fallback\" true is not supported")
    f.n("dropout", tokenizer(model={"dropout": 0.5}), "is not supported")
    f.n("suffix", tokenizer(model={"end_of_word_suffix": "@@"}), "is not supported")
    f.n("vocab-a-list", tokenizer(vocab=[]), "tokenizer.json: ")
    f.n("vocab-empty", tokenizer(vocab={}, merges=[], added=[]), "")
    f.n("id-negative", tokenizer(vocab={"a": -1}), "expected token ids")
    f.n("id-real", tokenizer().replace('"a": 97', '"a": 97.0'), "expected token ids")
    f.n("id-of-2-31", tokenizer().replace('"a": 97', '"a": 2147483648'), "expected token ids")
    f.n("id-far-away", tokenizer().replace('"a": 97', '"a": 900000000'), "expected an id below")
    f.n("id-twice", tokenizer().replace('"a": 97', '"a": 98'), "is of two tokens")
    f.n("token-twice", tokenizer().replace('"a": 97', '"b": 97'), "the same text")
    f.n("token-no-byte-map", tokenizer().replace('"hello"', '"\u4e2d"').replace('hell o', 'hell o'), "")
    f.n("merge-of-one", tokenizer(merges=["h"]), "merge")
    f.n("merge-of-three", tokenizer(merges=["h e l"]), "merge")
    f.n("merge-of-unknown", tokenizer(merges=["h e", "q qq"]), "merge")
    f.n("merge-without-result", tokenizer(merges=["x y"]), "merge")
    f.n("merge-twice", tokenizer(merges=MERGES + ["h e"]), "merge")
    f.n("merge-a-number", tokenizer(merges=[1]), "merges: expected strings or pairs")
    f.n("merge-pair-of-three", tokenizer(merges=[["h", "e", "l"]]), "merges: expected two tokens")
    f.n("merges-an-object", tokenizer(merges={}), "tokenizer.json: ")
    f.n("added-without-content", tokenizer(added=[{"id": END}]), "expected content")
    f.n("added-without-id", tokenizer(added=[{"content": "x"}]), "expected an id")
    f.y("added-strips", tokenizer(added=[{"id": END, "content": "<x>", "lstrip": True, "rstrip": True}]))
    f.y("added-single-word", tokenizer(added=[{"id": END, "content": "x", "special": True, "single_word": True}]))
    f.n("added-over-another", tokenizer(added=[{"id": 5, "content": "zzz", "special": True}]), "is of two tokens")
    f.n("added-control-characters", tokenizer(added=[{"id": 5, "content": "\x1b[31mred", "special": True}]), "\\x1b[31mred")
    both = {"strip_left": True, "strip_right": True}
    to_mark = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
    steps = [{"type": kind} for kind in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt")] + [
        {"type": "Strip", **both}, {"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"Regex": "a+|"}, "content": "b"},
        to_mark, {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}]
    f.y("normalizers", tokenizer(normalizer={"type": "Sequence", "normalizers": steps}))
    f.y("characters", tokenizer(normalizer={"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": steps}]}, pre_tokenizer=None,
                                decoder=None, model={"byte_fallback": True, "unk_token": "!", "fuse_unk": True}, added=[
                                    {"id": END, "content": "a A", "normalized": True, "lstrip": True}, {"id": END + 1, "content": "b", "single_word": True}]))
    f.y("no-pre-tokenizer", tokenizer(pre_tokenizer=None, decoder=None))
    f.y("whitespace", tokenizer(pre_tokenizer={"type": "Whitespace"}, decoder=None))
    f.y("bert", tokenizer(pre_tokenizer={"type": "BertPreTokenizer"}, decoder={"type": "BPEDecoder", "suffix": "</w>"},
                          vocab={"a": 0, "a</w>": 1, "aa</w>": 2}, merges=["a a</w>"], added=[], model={"end_of_word_suffix": "</w>"}))
    f.y("metaspace", tokenizer(pre_tokenizer=mark, decoder=mark, merges=[["a b", "c"]], vocab={"a b": 0, "c": 1, "a bc": 2, "\u2581": 3}, added=[])
        .replace("a b", "a\u2581b"))
    f.y("pair-with-a-space", tokenizer(pre_tokenizer=None, decoder=None, merges=[["a b", "c"]], vocab={"a b": 0, "c": 1, "a bc": 2}, added=[]))
    f.y("words", tokenizer(pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, mark]}, decoder=mark))
    f.y("split-behaviors", tokenizer(decoder=None, pre_tokenizer={"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": "a|\\s*"}, "behavior": behavior, "invert": invert}
        for behavior in ("Removed", "Isolated", "Contiguous", "MergedWithPrevious", "MergedWithNext") for invert in (False, True)]}))
    f.n("normalizer", tokenizer(normalizer={"type": "NFKX"}), "normalizer 'NFKX' is not supported")
    f.n("normalizer-behind-nfc", tokenizer(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Trim"}]}), "'Trim'")
    f.n("normalizer-regex", tokenizer(normalizer={"type": "Replace", "pattern": {"Regex": "(a"}, "content": ""}), "normalizer pattern '(a'")
    f.n("normalizer-regex-20000-bytes", tokenizer(normalizer={"type": "Replace", "pattern": {"Regex": "a" * 20000}, "content": ""}),
        "normalizer pattern: expected at most 16384 bytes, found 20000")
    trie = struct.pack("<4I", 0, 0, 0, 0)
    for name, data in (("nothing", b""), ("cut", struct.pack("<I", 16) + trie[:8]), ("odd", struct.pack("<I", 6) + trie), ("empty", struct.pack("<I", 0)),
                       ("far", struct.pack("<I", 0xfffffff0) + trie)):
        f.n("charsmap-" + name, tokenizer(normalizer={"type": "Precompiled", "precompiled_charsmap": base64.b64encode(data).decode()}),
            "precompiled_charsmap: expected a trie")
    f.n("charsmap-no-base64", tokenizer(normalizer={"type": "Precompiled", "precompiled_charsmap": "A" * 100 + "*"}), "expected base64")
    # Units that lead outside, and values that lie outside.
    wild = struct.pack("<I", 1024) + bytes((7 * i * i + i // 3) % 256 for i in range(1024)) + b"ab\0c"
    f.y("charsmap-wild", tokenizer(normalizer={"type": "Precompiled", "precompiled_charsmap": base64.b64encode(wild).decode()}))
    f.n("normalizers-6-deep", tokenizer(normalizer=deepen("normalizers")), "normalizer: expected sequences nested at most 4 deep")
    f.n("decoders-6-deep", tokenizer(pre_tokenizer=None, decoder=deepen("decoders")), "decoder: expected sequences nested at most 4 deep")
    f.n("processors-6-deep", tokenizer(post_processor=deepen("processors")), "post_processor: expected sequences nested at most 4 deep")
    f.n("normalizers-65", tokenizer(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}] * 65}), "at most 64 steps")
    f.n("decoder", tokenizer(pre_tokenizer=None, decoder={"type": "CTC"}), "decoder 'CTC' is not supported")
    f.n("unknown-token", tokenizer(pre_tokenizer=None, decoder=None, model={"unk_token": "nobody"}), "expected a token, found 'nobody'")
    f.n("metaspace-replacement", tokenizer(pre_tokenizer={"type": "Metaspace", "replacement": "_"}), "Metaspace with replacement '_'")
    f.y("prefix-space", tokenizer(pre_tokenizer={"type": "ByteLevel", "add_prefix_space": True}))
    f.n("prefix-space-behind-a-split", tokenizer(pre_tokenizer={"type": "Sequence", "pretokenizers": [
        {"type": "Digits"}, {"type": "ByteLevel", "add_prefix_space": True}]}), "behind a split, ByteLevel with 'add_prefix_space'")
    f.y("split-alone", tokenizer(pre_tokenizer={"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Isolated"}, decoder=None))
    f.y("split-merged", tokenizer(pre_tokenizer=split("a", "MergedWithNext")))
    f.n("split-sideways", tokenizer(pre_tokenizer=split("a", "Sideways")), "Split with behavior 'Sideways'")
    f.n("split-does-not-compile", tokenizer(pre_tokenizer=split("(a")), "pattern '(a'")
    f.n("split-unknown-group", tokenizer(pre_tokenizer=split("(?R)")), "not supported")
    f.y("split-escapes", tokenizer(pre_tokenizer=split("\\s+(?!\\S)|\\d|\\bx\\B|\\u00e9|\\x41\\v|[\\s\\w\\d[a-c]]|[^\\S]|\\p{Letter}|\\P{^Greek}|^a$|\\Ab\\z|(?i:Q)|a{,3}")))
    for i, (pattern, why) in enumerate([("\\", "a backslash"), ("\\p", "property"), ("\\pL", "property"), ("\\p{}", "property"),
                                        ("\\p{Nobody}", ""), ("\\u12", "\\u without"), ("[\\W]", "\\W in a class"), ("[\\b]", "\\b in a class"),
                                        ("[\\A]", "anchor"), ("\\k", "escape"), ("\\1", "escape"), ("[a", "without an end"), ("[]", "empty class"),
                                        ("[[:alpha:]]", "POSIX"), ("[a[^b]]", "negated class"), ("[a&&b]", "&&"), ("(?P<x>a)", "group"),
                                        ("(?(1)a)", "group"), ("a**", ""), ("x{2,1}", "")]):
        f.n("split-dialect-%02d" % i, tokenizer(pre_tokenizer=split(pattern)), why)
    f.n("split-verbs", tokenizer(pre_tokenizer=split("(*LIMIT_MATCH=1)a")), "not supported")
    f.n("split-callout", tokenizer(pre_tokenizer=split("(?C1)a")), "not supported")
    f.n("split-bytes", tokenizer(pre_tokenizer=split("\\C")), "not supported")
    f.n("split-nul", tokenizer(pre_tokenizer=split("a\0b")), "NUL")
    f.n("split-20000-bytes", tokenizer(pre_tokenizer=split("a" * 20000)), "16384 bytes")
    f.n("split-17-times", tokenizer(pre_tokenizer={"type": "Sequence", "pretokenizers": [
        {"type": "Digits"}] * 17 + [{"type": "ByteLevel", "add_prefix_space": False}]}), "at most 16")
    deep = {"type": "ByteLevel", "add_prefix_space": False}
    for _ in range(6):
        deep = {"type": "Sequence", "pretokenizers": [deep]}
    f.n("sequences-6-deep", tokenizer(pre_tokenizer=deep), "nested at most 4 deep")
    f.n("template-unknown-token", tokenizer(post_processor={"type": "TemplateProcessing", "single": [
        {"SpecialToken": {"id": "x", "type_id": 0}}, {"Sequence": {"id": "A"}}], "special_tokens": {}}), "post_processor")
    f.n("template-far-away", tokenizer(post_processor={"type": "TemplateProcessing", "single": [
        {"SpecialToken": {"id": "x"}}, {"Sequence": {"id": "A"}}], "special_tokens": {"x": {"ids": [99999]}}}), "expected the id of a token, found 99999")
    f.y("roberta", tokenizer(post_processor={"type": "RobertaProcessing", "sep": ["x", 1], "cls": ["y", 2]}))
    f.n("post-processor", tokenizer(post_processor={"type": "BertProcessing"}), "expected a token and its id as cls")
    f.n("post-processor-far-away", tokenizer(post_processor={"type": "BertProcessing", "cls": ["y", 99999]}), "expected the id of a token, found 99999")
    f.close()


def make_folder():
    f = Folder("folder", ".txt")
    with open(os.path.join(ROOT, "..", "data", "parity", "narrow20", "config.json"), encoding="utf-8") as file:
        good = json.load(file)

    def folder(generation=None, text=None, **changes):
        d = {k: v for k, v in {**good, **changes}.items() if v != "-"}
        body = json.dumps(d) if text is None else text
        if generation is None:
            return body
        return body + "\n==== generation\n" + (generation if isinstance(generation, str) else json.dumps(generation))

    f.y("plain", folder())
    f.y("generation", folder({"bos_token_id": 269, "eos_token_id": [269, 3], "temperature": 0.7}))
    f.y("no-bos", folder(bos_token_id=None, eos_token_id=None))
    f.y("negative-is-none", folder({"bos_token_id": -1, "eos_token_id": -1}, bos_token_id=-1))
    f.y("eos-a-list", folder(eos_token_id=[1, 2, 3]))
    f.y("eos-an-empty-list", folder(eos_token_id=[]))
    f.y("positions-by-their-old-name", folder(n_positions="-"))
    f.y("no-epsilon", folder(layer_norm_epsilon="-"))
    f.y("inner-null", folder(n_inner=None))
    for act in ["gelu", "gelu_pytorch_tanh", "relu", "silu", "swish"]:
        f.y("activation-" + act, folder(activation_function=act))
    f.y("scale-by-layer", folder(scale_attn_by_inverse_layer_idx=True, scale_attn_weights=False))
    f.y("beyond-64-bits", folder({"x": 1}, text=json.dumps({**good})[:-1] + ',"x":123456789012345678901}'))
    f.n("family", folder(model_type="bert"), "found 'bert'")
    f.n("no-family", folder(model_type="-"), "model_type")
    f.n("family-a-number", folder(model_type=1), "expected a string")
    for key in ["n_embd", "n_layer", "n_head", "vocab_size"]:
        for name, v in [("0", 0), ("negative", -1), ("large", 1 << 40), ("real", 20.5), ("text", "20"), ("truth", True), ("list", [20]),
                        ("object", {})]:
            f.n("%s-%s" % (key, name), folder(**{key: v}), key)
    f.n("no-n_embd", folder(n_embd="-"), "n_embd")
    f.n("no-positions", folder(n_positions="-", n_ctx="-"), "n_positions")
    f.n("positions-65", folder(n_positions=65), "expected shape [65, 20]")
    f.n("three-layers", folder(n_layer=3), "h.2.")
    f.n("three-heads", folder(n_head=3), "heads")
    f.n("vocab-271", folder(vocab_size=271), "expected shape [271, 20]")
    f.n("inner-object", folder(n_inner={}), "n_inner")
    f.n("inner-79", folder(n_inner=79), "79")
    f.n("untied", folder(tie_word_embeddings=False), "lm_head.weight")
    f.n("tied-a-number", folder(tie_word_embeddings=1), "tie_word_embeddings")
    f.n("cross-attention", folder(add_cross_attention=True), "add_cross_attention")
    f.n("activation", folder(activation_function="mish"), "found 'mish'")
    f.n("activation-a-number", folder(activation_function=1), "expected a string")
    for name, v in [("0", 0), ("negative", -1e-5), ("text", "1e-5"), ("huge", 1e300), ("tiny", 1e-60)]:
        f.n("epsilon-" + name, folder(layer_norm_epsilon=v), "layer_norm_epsilon")
    for key in ["bos_token_id", "eos_token_id"]:
        for name, v in [("270", 270), ("large", 1 << 40), ("list-partly", [1, 270])][:3 if key[0] == "e" else 2]:
            f.y("%s-%s" % (key[:3], name), folder(**{key: v}))
            f.y("generation-%s-%s" % (key[:3], name), folder({key: v}))
        for name, v in [("real", 1.5), ("text", "1"), ("truth", True), ("object", {})]:
            f.n("%s-%s" % (key[:3], name), folder(**{key: v}), key)
            f.n("generation-%s-%s" % (key[:3], name), folder({key: v}), "generation_config.json")
    for name, v in [("", [1, 2]), ("-null", None), ("-empty", []), ("-out-of-range", [-1, 270, 1 << 40, 5])]:
        f.y("generation-suppress" + name, folder({"suppress_tokens": v}))
    for name, v in [("-a-number", 1), ("-text", "1"), ("-reals", [1.5]), ("-lists", [[1]]), ("-object", {})]:
        f.n("generation-suppress" + name, folder({"suppress_tokens": v}), "suppress_tokens: expected a token id or a list of them")
    f.n("generation-eos-long", folder({"eos_token_id": list(range(257))}), "EOS tokens: expected at most 256, found more")
    f.y("generation-eos-repeated", folder({"eos_token_id": [1, 2, 3] * 300}))
    f.n("generation-a-list", folder("[]"), "expected a JSON object")
    f.n("generation-cut", folder('{"bos_token_id":1'), "expected JSON")
    f.n("generation-twice", folder('{"bos_token_id":1,"bos_token_id":2}'), "expected JSON")
    f.n("generation-deep", folder('{"x":' + "[" * 3000 + "]" * 3000 + "}"), "nested at most 64 deep")
    f.n("generation-large", folder('{"x":[' + "1," * 20000 + "1]}"), "fewer values")
    f.close()


def config_of(name):
    """That of a tiny model, without what no family reads."""
    with open(os.path.join(ROOT, "..", "data", "families", name, "config.json"), encoding="utf-8") as file:
        return {k: v for k, v in json.load(file).items() if k not in NOT_READ}


NOT_READ = {"architectures", "dtype", "torch_dtype", "transformers_version", "use_cache", "initializer_range"}
NOT_RUN = {"apertus", "granite-swa"}


def changed(config, changes):
    """With values by dotted keys; "-" removes one."""
    config = json.loads(json.dumps(config))
    for key, v in changes.items():
        *outer, last = key.split(".")
        where = config
        for name in outer:
            where[name] = where[name] if isinstance(where.get(name), dict) else {}
            where = where[name]
        where[last] = v
        if v == "-":
            del where[last]
    return config


def make_family():
    f = Folder("family", ".txt")

    def family(name, without=None, **changes):
        body = json.dumps(changed(config_of(name), changes.pop("keys", {}) | changes), separators=(",", ":"))
        return body if without is None else "%s\n==== without\n%x" % (body, without)

    # Rotary positions.
    for name, kind in [("unknown", "ntk"), ("proportional", "proportional"), ("mrope", "mrope"), ("empty", "")]:
        f.n("rope-type-" + name, family("llama-3", keys={"rope_scaling.rope_type": kind}),
            "'rope_scaling.rope_type': expected default, linear, dynamic, llama3, yarn or longrope, found '%s'" % kind)
    f.n("rope-type-a-number", family("llama-3", keys={"rope_scaling.rope_type": 1}), "metadata 'rope_scaling.rope_type': expected a string")
    for key in ["factor", "low_freq_factor", "high_freq_factor"]:
        of = "'rope_scaling.%s'" % key
        f.n("rope-no-" + key, family("llama-3", keys={"rope_scaling." + key: "-"}),
            of + " or 'rope_parameters.%s' or 'rope_parameters.full_attention.%s': expected a number above 0 for the rotary type 'llama3', "
            "found nothing" % (key, key))
        for case, v in [("0", 0), ("negative", -1), ("huge", 1e300)]:
            f.n("rope-%s-%s" % (key, case), family("llama-3", keys={"rope_scaling." + key: v}), of + ": expected a number above 0, found %g" % v)
        for case, v in [("text", "8"), ("list", [8])]:
            f.n("rope-%s-%s" % (key, case), family("llama-3", keys={"rope_scaling." + key: v}), "metadata " + of)
    f.n("rope-llama3-factors-equal", family("llama-3", keys={"rope_scaling.low_freq_factor": 4.0, "rope_scaling.high_freq_factor": 4}),
        "'high_freq_factor': expected more than 'low_freq_factor' 4, found 4")
    f.n("rope-tiny-factor", family("llama-linear", keys={"rope_scaling.factor": 1e-30}),
        "rotary frequency 0: expected at most 65536 radians, found 1e+30")
    f.n("rope-factor-without-inverse", family("llama-linear", keys={"rope_scaling.factor": 1e-45}),
        "rotary frequency 0: expected at most 65536 radians, found inf")
    f.n("rope-yarn-magnitude", family("llama-yarn", keys={"rope_scaling.mscale": 3e38, "rope_scaling.mscale_all_dim": 1e-38,
                                                          "rope_scaling.factor": 1e30, "rope_scaling.attention_factor": "-"}),
        "factor of rotary values: expected a finite number, found inf")
    for case, v in [("0", 0), ("negative", -1.0), ("huge", 1e39)]:
        f.n("rope-base-" + case, family("llama", rope_theta=v), "'rope_theta': expected a number above 0, found %g" % v)
    f.n("rope-base-1", family("llama", rope_theta=1), "rotary base: expected a number above 1, found 1")
    for case, v, dims in [("half-of-one-pair", 0.1, 0), ("odd", 0.45, 3), ("over-1", 1.25, 10), ("huge", 3e38, float("inf"))]:
        f.n("rope-share-" + case, family("stablelm", partial_rotary_factor=v, hidden_size=32, num_attention_heads=4, num_key_value_heads=4),
            "rotary dimensions: expected an even number from 2 to the head's 8, found %g" % dims)
    f.n("rope-share-0", family("stablelm", partial_rotary_factor=0), "'partial_rotary_factor': expected a number above 0, found 0")
    f.n("rope-dims-odd", family("gptj", rotary_dim=3), "rotary dimensions: expected an even number from 2 to the head's")
    f.n("rope-dims-over-the-head", family("gptj", rotary_dim=64), "rotary dimensions: expected an even number from 2 to the head's")
    pairs = len(config_of("phi3-longrope")["rope_scaling"]["long_factor"])
    for key in ["long_factor", "short_factor"]:
        text = "'rope_scaling.%s': expected a list of %d numbers above 0, found another value" % (key, pairs)
        for case, v in [("short", [1.0] * (pairs - 1)), ("long", [1.0] * (pairs + 1)), ("empty", []), ("zero", [0] * pairs),
                        ("negative", [-1.0] * pairs), ("text", ["1"] * pairs), ("lists", [[1]] * pairs), ("huge", [1e300] * pairs),
                        ("a-number", 1)]:
            f.n("rope-%s-%s" % (key, case), family("phi3-longrope", keys={"rope_scaling." + key: v}), text)
        f.n("rope-no-" + key, family("phi3-longrope", keys={"rope_scaling." + key: "-"}),
            "'%s': expected a list of %d numbers above 0, found another value" % (key, pairs))
    f.n("rope-longrope-of-one-position", family("phi3-longrope", original_max_position_embeddings=1),
        "factor of rotary values: expected a finite number, found inf")
    f.y("rope-yarn-of-one-position", family("llama-yarn", keys={"rope_scaling.original_max_position_embeddings": 1}))
    for name in ["llama", "qwen3", "ministral", "cohere2"]:
        f.n("rope-by-type-" + name, family(name, keys={"rope_parameters.sliding_attention": {"rope_type": "default", "rope_theta": 7.0}}),
            "'rope_parameters.sliding_attention': expected null, found another value, which is not supported")
    f.n("rope-by-type-scaled", family("olmo3", keys={"rope_parameters.sliding_attention": {"rope_type": "linear", "factor": 2.0}}),
        "'rope_parameters.sliding_attention.rope_type': expected 'default', found 'linear', which is not supported")

    # Attention.
    for name in ["llama", "qwen2", "qwen3"]:
        f.n("not-causal-" + name, family(name, is_causal=False), "'is_causal': expected true, found false, which is not supported")
    for name in ["gemma", "gemma2", "gemma3", "gemma3-wrapped"]:
        where = "text_config.use_bidirectional_attention" if "wrapped" in name else "use_bidirectional_attention"
        f.n("both-ways-" + name, family(name, keys={where: True}),
            "'use_bidirectional_attention': expected false, found true, which is not supported")

    # Which layers have a window.
    types = "expected full_attention, sliding_attention, global or local, found '%s'"
    layers = config_of("qwen2-window")["num_hidden_layers"]
    for case, v in [("short", ["full_attention"] * (layers - 1)), ("long", ["full_attention"] * (layers + 1)), ("empty", []),
                    ("numbers", [1] * layers), ("mixed", ["full_attention", 1] * (layers // 2)), ("lists", [["full_attention"]] * layers),
                    ("a-word", "full_attention"), ("an-object", {"0": "full_attention"})]:
        f.n("layer-types-" + case, family("qwen2-window", layer_types=v),
            "'layer_types': expected a list with one element for each of the %d layers" % layers)
    f.n("layer-types-mamba", family("granite4", layer_types=["attention", "mamba"] * (config_of("granite4")["num_hidden_layers"] // 2)),
        "'layer_types': " + types % "mamba")
    f.n("layer-types-chunked", family("qwen2-window", layer_types=["chunked_attention"] * layers), "'layer_types': " + types % "chunked_attention")
    groups = "'attention_types': expected groups of types, 4 layers in all"
    for case, v in [("a-number", 7), ("a-word", "global"), ("empty", []), ("of-nothing", [[[], 4]]), ("never", [[["global"], 0]]),
                    ("too-few", [[["global", "local"], 1]]), ("too-many", [[["global", "local"], 3]]), ("negative", [[["global"], -1]]),
                    ("huge", [[["global"], (1 << 63) - 1]]), ("of-numbers", [[[1, 2], 2]]), ("not-counted", [[["global", "local"]]]),
                    ("counted-by-a-real", [[["global", "local"], 2.0]]), ("nested", [[[["global", "local"], 2], 1]]),
                    ("of-1025", [[["global"] * 1025, 1]]), ("none", "-")]:
        f.n("layer-groups-" + case, family("gpt-neo", keys={"attention_layers": "-", "attention_types": v}), groups)
    f.y("layer-groups-two", family("gpt-neo", keys={"attention_layers": "-", "attention_types": [[["global"], 1], [["local"], 3]]}))
    f.n("layer-groups-sparse", family("gpt-neo", keys={"attention_layers": "-", "attention_types": [[["global", "sparse"], 2]]}),
        "'attention_types': " + types % "sparse")
    f.n("layer-list-sparse", family("gpt-neo", attention_layers=["global", "sparse"] * 2), "'attention_layers': " + types % "sparse")
    bare = config_of("smollm3")["num_hidden_layers"]
    for case, v in [("short", [1] * (bare - 1)), ("truths", [True] * bare), ("words", ["1"] * bare)]:
        f.n("bare-layers-" + case, family("smollm3", no_rope_layers=v),
            "'no_rope_layers': expected a list with one element for each of the %d layers" % bare)
    for key in ["sliding_window", "max_window_layers"]:
        for case, v in [("negative", -1), ("huge", 1 << 40), ("real", 4.5), ("text", "4"), ("list", [4])]:
            f.n("%s-%s" % (key, case), family("qwen2-window", **{key: v}), "metadata '%s': expected" % key)
    f.y("window-over-the-context", family("qwen2-window", sliding_window=4096, max_window_layers=0))
    f.y("window-in-no-layer", family("qwen2-window", max_window_layers=1000))
    f.n("window-smollm3", family("smollm3", use_sliding_window=True), "'use_sliding_window': expected false, found true, which is not supported")

    # Sizes.
    for key, bad in [("num_key_value_heads", [0, -1, 3, 5, 1025]), ("head_dim", [0, -2, 1025]), ("intermediate_size", [0, -1, 1 << 30])]:
        for v in bad:
            f.n("%s-%d" % (key, v), family("qwen3", **{key: v}),
                "key/value heads: expected a divisor of the 4 heads, found %d" % v if v in (3, 5) else "metadata '%s': expected" % key)
    f.n("context-0", family("llama", max_position_embeddings=0), "metadata 'max_position_embeddings': expected 1 to 4194304, found 0")
    f.n("layers-1025", family("llama", num_hidden_layers=1025), "metadata 'num_hidden_layers': expected 1 to 1024, found 1025")
    f.n("heads-do-not-divide", family("llama", num_attention_heads=5, num_key_value_heads=5),
        "embedding length: expected a multiple of the 5 heads, found %d" % config_of("llama")["hidden_size"])
    f.n("ratio-0", family("mpt", expansion_ratio=0), "'expansion_ratio': expected a number above 0, found 0")
    f.n("ratio-huge", family("mpt", expansion_ratio=1e30), "inner size: expected 1 to 262144, found 2.4e+31")
    f.n("shards-of-part-of-a-head", family("codegen", n_head=2, n_embd=24, rotary_dim=4), "heads: expected a multiple of 4, found 2")
    f.y("embedding-wider-than-blocks", family("opt", word_embed_proj_dim=60))
    for key in ["n_embd", "hidden_size"]:
        f.n("sinusoids-of-" + key, family("ctrl", keys={"n_embd": "-", key: 2, "n_head": 1}), "embedding length: expected at least 4, found 2")
    f.y("sinusoids-of-4-million", family("ctrl", n_positions=1 << 22))

    # Numbers whose 0 would be taken for none.
    for name, key in [("granite", "attention_multiplier"), ("granite", "embedding_multiplier"), ("granite", "residual_multiplier"),
                      ("granite", "logits_scaling"), ("cohere", "logit_scale"), ("gemma2", "query_pre_attn_scalar"), ("minicpm", "scale_emb"),
                      ("minicpm", "scale_depth"), ("minicpm", "dim_model_base")]:
        for case, v in [("0", 0), ("negative", -0.5)]:
            f.n("%s-%s-%s" % (name, key, case), family(name, **{key: v}), "'%s': expected a number above 0, found %g" % (key, v))

    # What is not computed, by its name and value.
    refused = "'%s': expected %s, found %s, which is not supported"
    for name, key, v in [("mpt", "attn_config.qk_ln", True), ("mpt", "attn_config.prefix_lm", True), ("mpt", "attn_config.rope", True),
                         ("mpt", "attn_config.alibi", False), ("phi", "qk_layernorm", True), ("bloom", "apply_residual_connection_post_layernorm", True),
                         ("falcon-old", "apply_residual_connection_post_layernorm", True), ("gpt-bigcode", "add_cross_attention", True),
                         ("opt", "_remove_final_layer_norm", True), ("cohere2", "use_gated_activation", False), ("gptj", "rotary", False),
                         ("cohere2", "use_parallel_block", False), ("qwen2", "use_mrope", True), ("hunyuan", "use_cla", True),
                         ("hunyuan", "use_qk_norm", False), ("xglm", "scale_embedding", False)]:
        f.n("%s-%s" % (name, key.replace(".", "-")), family(name, keys={key: v}), refused % (key, str(not v).lower(), str(v).lower()))
        f.n("%s-%s-a-number" % (name, key.replace(".", "-")), family(name, keys={key: 1}), "metadata '%s': expected a truth value" % key)
    for name, key, word, v in [("mpt", "attn_config.attn_type", "'multihead_attention'", "multiquery_attention"), ("mpt", "logit_scale", "null", "inv_sqrt_d_model"),
                               ("mpt", "ffn_config.ffn_type", "'mptmlp'", "mptglu"), ("cohere2", "position_embedding_type", "'rope_gptj'", "alibi"),
                               ("cohere2", "order_of_interleaved_layers", "'local_attn_first'", "global_attn_first")]:
        f.n("%s-%s" % (name, key.replace(".", "-")), family(name, keys={key: v}), refused % (key, word, "'%s'" % v))
    for name, key, good, v in [("mpt", "attn_config.alibi_bias_max", 8, 16), ("cohere2", "rotary_pct", 1, 0.5), ("ernie4-5", "compression_ratio", 1, 2)]:
        f.n("%s-%s" % (name, key.replace(".", "-")), family(name, keys={key: v}), refused % (key, good, "%g" % v))
    f.n("granite4-positions", family("granite4", position_embedding_type="alibi"), "'position_embedding_type': expected rope or nope, found 'alibi'")
    for name, key, v in [("llama", "hidden_act", "xielu"), ("falcon", "activation", "geglu"), ("opt", "activation_function", "mish"), ("gemma2", "hidden_activation", "")]:
        f.n("activation-" + name, family(name, **{key: v}), "quick_gelu, relu, relu2, silu, swish or tanh, found '%s'" % v)
    f.n("experts", family("llama", num_local_experts=8), "'num_local_experts': expected a model without experts, found 8")
    f.n("experts-granite4", family("granite4", num_local_experts=62), "'num_local_experts': expected a model without experts, found 62")
    for method in ["gptq", "awq", "bitsandbytes", "fp8", "compressed-tensors"]:
        f.n("packed-" + method, family("llama", quantization_config={"quant_method": method, "bits": 4}),
            "'quantization_config': expected weights that are not packed, found quant_method '%s'" % method)
    f.n("packed-wrapped", family("gemma3-wrapped", keys={"text_config.quantization_config": {"quant_method": "fp8"}}), "found quant_method 'fp8'")
    f.n("packed-without-a-name", family("llama", quantization_config={}), "found quant_method 'no name'")
    f.n("packed-a-number", family("llama", quantization_config=4), "found quant_method 'no name'")
    for key in ["rope_scaling", "rope_parameters", "text_config"]:
        for case, v in [("a-number", 2.0), ("text", "linear"), ("list", [1])]:
            f.n("%s-%s" % (key, case), family("llama", **{key: v}), "'%s': expected an object or null, found another value" % key)
    for name, near in [("lama", "llama"), ("gpt_neo_x", "gpt_neox"), ("qwen33", "qwen3")]:
        f.n("family-" + name, family("llama", model_type=name), "'model_type': expected a model family quill runs, found '%s'; did you mean '%s'?" % (name, near))
    f.n("family-far", family("llama", model_type="deepseek_v3"), "'model_type': expected a model family quill runs, found 'deepseek_v3'")
    f.n("family-wrapped", family("gemma3-wrapped", keys={"text_config.model_type": "gemma9_text"}), "found 'gemma9_text'; did you mean 'gemma3_text'?")
    f.n("variant", family("opt", do_layer_norm_before=False, layer_norm_elementwise_affine=False),
        "'do_layer_norm_before' and 'layer_norm_elementwise_affine': expected values of a 'opt' model that quill runs, found others together")
    f.n("variant-a-number", family("falcon", multi_query=1), "metadata 'multi_query': expected a truth value")

    # Tensors that the configuration says are there, and are not.
    f.n("no-biases", family("llama", 0xf << 13, attention_bias=True), "tensor 'layers.0.self_attn.q_proj.bias': expected shape [")
    f.n("no-biases-of-the-mlp", family("llama", 7 << 10, mlp_bias=True), "tensor 'layers.0.mlp.gate_proj.bias': expected shape [")
    f.y("no-biases-as-said", family("llama", 0xf << 13))
    wide = config_of("falcon-40b")["hidden_size"]
    f.n("no-norm-of-the-mlp", family("falcon-40b", 1 << 16), "tensor 'h.0.ln_mlp.weight': expected shape [%d], found no such tensor" % wide)
    f.n("no-norm-of-attention", family("falcon-40b", 1 << 12), "tensor 'h.0.ln_attn.weight': expected shape [%d], found no such tensor" % wide)
    f.y("one-norm", family("falcon-40b", 0x33000))
    f.y("norm-that-is-not-looked-for", family("falcon", 1 << 14))

    for name in sorted(os.listdir(os.path.join(ROOT, "..", "data", "families"))):
        if name not in NOT_RUN:
            f.y(name, json.dumps(config_of(name), separators=(",", ":")))
    f.close()


def make_vocab():
    f = Folder("vocab", ".txt")
    vocab = json.dumps({t: i for i, t in enumerate(TOKENS)}, ensure_ascii=False)
    merges = "#version: 0.2\n" + "\n".join(MERGES) + "\n"

    def files(vocab=vocab, merges=merges, config=None, special=None, added=None):
        if isinstance(merges, str):
            merges = merges.encode()
        parts = [("config", config), ("special", special), ("added", added)]
        while parts and not parts[-1][1]:
            parts.pop()
        others = b"".join(b"\n==== %s\n%s" % (name.encode(), (text or "{}").encode()) for name, text in parts)
        return vocab.encode() + b"\n==== merges\n" + merges + others

    f.y("plain", files())
    f.y("crlf", files(merges=merges.replace("\n", "\r\n")))
    f.y("bom", files(vocab="\ufeff" + vocab, merges="\ufeff" + merges))
    f.y("no-version", files(merges="\n".join(MERGES)))
    f.y("config", files(config='{"tokenizer_class":"GPT2Tokenizer","bos_token":"<|endoftext|>","eos_token":{"content":"<|endoftext|>"},'
                        '"add_bos_token":true,"unk_token":null}'))
    f.y("added-decoder", files(config=json.dumps({"added_tokens_decoder": {str(END + 1): {"content": "<x>", "special": False}}})))
    f.n("no-merges", vocab, "vocab.json alone")
    f.n("nothing", "", "")
    f.n("vocab-cut", files(vocab=vocab[:-1]), "vocab.json: ")
    f.n("vocab-a-list", files(vocab="[]"), "vocab.json: ")
    f.n("vocab-more-after-it", files(vocab=vocab + "{}"), "vocab.json: ")
    f.n("id-twice", files(vocab=vocab.replace('"a": 97', '"a": 98')), "is of two tokens")
    f.n("id-far-away", files(vocab=vocab.replace('"a": 97', '"a": 999999999')), "expected an id below")
    f.n("token-twice", files(vocab=vocab.replace('"a": 97', '"b": 97')), "the same text")
    f.n("token-no-utf-8", vocab.encode("utf-8").replace(b'"a"', b'"\xff"') + b"\n==== merges\nh e\n", "UTF-8")
    f.n("merge-of-one", files(merges="h e\nll\n"), "merges.txt: line 2")
    f.n("cr-alone", files(merges=merges.replace("\n", "\r")), "merges.txt: line 1")
    f.n("merge-of-three", files(merges="h e l\n"), "merges.txt: line 1")
    f.n("merge-with-blank-at-the-end", files(merges="h e \n"), "merges.txt: line 1")
    f.n("merge-empty-line", files(merges="h e\n\nl l\n"), "merges.txt: line 2")
    f.n("merge-unknown", files(merges="h e\nzz q\n"), "merge")
    f.n("merge-without-result", files(merges="q z\n"), "merge")
    f.n("merge-nul", files(merges=b"h\0 e\n"), "merge")
    f.n("merge-control-characters", files(merges="\x1b[31m\n"), "found '\\x1b[31m'")
    f.n("merge-no-utf-8", files(merges=b"\xff e\n"), "merge")
    added = json.dumps({"<pad>": END + 1, "Person A": END + 2})
    f.y("added", files(added=added))
    f.y("added-special", files(special='{"pad_token":{"content":"<pad>","lstrip":true},"additional_special_tokens":["Person A"]}', added=added))
    f.y("added-special-by-config", files(config='{"extra_special_tokens":{"a_token":"<pad>"},"b_token":"Person A"}', added=added))
    f.y("added-again", files(added='{"a":97}'))
    f.y("special-null", files(special='{"eos_token":null,"additional_special_tokens":null}'))
    f.n("added-a-list", files(added="[]"), "added_tokens.json: ")
    f.n("added-cut", files(added=added[:-1]), "added_tokens.json: ")
    f.n("added-over-another", files(added='{"x":97}'), "the id 97 is of two tokens")
    f.n("added-far-away", files(added='{"x":999999999}'), "expected an id below")
    f.n("special-a-list", files(special="[]"), "special_tokens_map.json: ")
    f.n("special-a-number", files(special='{"pad_token":1}'), "special_tokens_map.json: expected a token or null")
    f.n("special-single-word", files(special='{"pad_token":{"content":"a","single_word":true}}'), "'single_word' is not supported")
    f.n("special-65-names", files(special=json.dumps({"%d_token" % i: "a" for i in range(65)})), "at most 64 names")
    f.y("config-unknown-bos", files(config='{"bos_token":"<s>"}'))
    f.n("config-missing-bos", files(config='{"bos_token":"<s>","add_bos_token":true}'), "BOS token, which begins every text")
    f.n("config-bos-a-number", files(config='{"bos_token":1}'), "expected a token or null")
    f.n("config-class", files(config='{"tokenizer_class":"LlamaTokenizer"}'), "'LlamaTokenizer' is not supported")
    f.y("config-prefix-space", files(config='{"add_prefix_space":true}'))
    f.n("config-cut", files(config='{"bos_token":'), "tokenizer_config.json: ")
    f.n("config-decoder-names", files(config='{"added_tokens_decoder":{"x":{"content":"y"}}}'), "expected ids as names")
    f.close()


def make_bpe():
    f = Folder("bpe", ".txt")
    for i in range(16):
        c = bytes([i])
        f.y("%d-empty" % i, c)
        f.y("%d-every-byte" % i, c + bytes(range(256)))
        f.y("%d-words" % i, c + "It's 12345 caf\u00e9s \u2014 don't!  \t\n\n \u4e2d\u6587 \u0e44\u0e17\u0e22 \U0001f600\U0001f468\u200d\U0001f469".encode())
        f.y("%d-invalid-utf-8" % i, c + b"a\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82 \xf0\x9f\x98")
        f.y("%d-special" % i, c + b"<|endoftext|><name>    \xc3\xa9t\xc3\xa9<|endoftext|")
        f.y("%d-runs" % i, c + b"a" * 600 + b" " * 600 + b"\r\n" * 50 + "\u0301".encode() * 300 + b"1" * 300)
    f.close()


# ---- adapters ----------------------------------------------------------------------------------------------------------

def make_adapter():
    """For the model tests/data/families/llama."""
    f = Folder("adapter", ".bin")
    EMBD, KV, FF, VOCAB = 24, 24, 44, 277
    K = "base_model.model.model.layers.1.self_attn.v_proj.lora_"
    PLAIN = {"peft_type": "LORA", "r": 2, "lora_alpha": 4}

    def folder(tensors=None, **changes):
        """adapter_config.json with changes (None: without the key), and its tensors."""
        config = {k: v for k, v in {**PLAIN, **changes}.items() if v is not None}
        return json.dumps(config).encode() + b"\n==== weights\n" + (weights(pair_of(K)) if tensors is None else tensors)

    def pair_of(stem, r=2, n_in=EMBD, n_out=KV, end=".weight", a_dtype="F32"):
        return [(stem + "A" + end, [r, n_in], a_dtype), (stem + "B" + end, [n_out, r], "F32")]

    def weights(tensors):
        header, at = {}, 0
        for name, shape, dtype in tensors:
            n = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8, "F64": 8}[dtype]
            for d in shape:
                n *= d
            header[name] = entry(shape, at, at + n, dtype)
            at += n
        return st(header, bytes(at))

    def gguf_adapter(pairs=None, tensors=None, without=()):
        facts = {"general.architecture": (STRING, "llama"), "general.type": (STRING, "adapter"), "adapter.type": (STRING, "lora"),
                 "adapter.lora.alpha": (F32, 4.0), **(pairs or {})}
        shapes = tensors or [("blk.0.attn_v.weight.lora_a", [2, EMBD]), ("blk.0.attn_v.weight.lora_b", [KV, 2])]
        table, at = [], 0
        for name, shape in shapes:
            table.append(tensor(name, shape[::-1], T_F32, at))
            size = 4
            for d in shape:
                size *= d
            at += (size + 31) // 32 * 32
        return gguf([pair(k, *v) for k, v in facts.items() if k not in without], table, bytes(at))

    f.y("plain", folder())
    f.y("f16", folder(weights(pair_of(K, a_dtype="F16"))))
    f.y("f64", folder(weights(pair_of(K, a_dtype="F64"))))
    f.y("embedding", folder(weights(pair_of("base_model.model.model.embed_tokens.lora_embedding_", 2, VOCAB, EMBD, ""))))
    f.y("head", folder(weights(pair_of("base_model.model.lm_head.lora_", 2, EMBD, VOCAB))))
    f.y("unused-patterns", folder(rank_pattern={"q_proj": 7, "(k|o)_proj$": 9}, alpha_pattern={"x": 1}))
    f.y("pattern", folder(rank_pattern={"v_[a-z]+": 2}, r=99))
    f.y("new-keys", folder(use_new=False, new=None, newer={}, newest="text", list=[1]))
    f.y("gguf", gguf_adapter())
    f.y("gguf-alpha-0", gguf_adapter({"adapter.lora.alpha": (F32, 0.0)}))
    f.y("gguf-embedding", gguf_adapter(tensors=[("token_embd.weight.lora_a", [VOCAB, 1]), ("token_embd.weight.lora_b", [EMBD, 1])]))
    f.n("no-type", folder(peft_type=None), "'peft_type': expected LORA, found none")
    f.n("type", folder(peft_type="LOHA"), "'peft_type': expected LORA, found 'LOHA'")
    f.n("dora", folder(use_dora=True), "'use_dora': expected false")
    f.n("bias", folder(bias="lora_only"), "'bias': expected none, found 'lora_only'")
    f.n("saved-modules", folder(modules_to_save=["lm_head"]), "'modules_to_save': expected null")
    f.n("replication", folder(layer_replication=[[0, 2]]), "'layer_replication': expected null")
    f.n("pissa", folder(init_lora_weights="pissa"), "'init_lora_weights': expected an adapter to the weights of the base")
    f.n("new-object", folder(use_new={"x": 1}), "'use_new': expected null, found an object")
    f.n("rank-0", folder(r=0), "expected a whole number from 1")
    f.n("rank-negative", folder(r=-1), "expected a whole number from 1")
    f.n("rank-huge", folder(r=1e30), "expected a whole number from 1")
    f.n("rank-text", folder(r="2"), "'r': expected a real number")
    f.n("rank-other", folder(r=3), "expected shape [3, %d], found [2, %d]" % (EMBD, EMBD))
    f.n("alpha-huge", folder(lora_alpha=1e200), "expected a scale within the range of F32")
    f.n("pattern-text", folder(rank_pattern={"v_proj": "2"}), "'rank_pattern.v_proj': expected a number")
    f.n("pattern-wrong", folder(rank_pattern={"v_(": 2}), "expected a regular expression")
    f.n("pattern-explodes", folder(rank_pattern={"(([a-z_.0-9]+)+)+[!?]": 2}), "expected a pattern that ends soon")
    f.n("patterns-many", folder(rank_pattern={"(%d)" % i: 2 for i in range(65)}), "expected at most 64 regular expressions")
    f.n("config-list", b"[]\n==== weights\n", "expected a JSON object")
    f.n("config-none", b"", "adapter_config.json")
    f.n("no-tensors", folder(weights([])), "expected at least one tensor, found none")
    f.n("only-a", folder(weights(pair_of(K)[:1])), "lora_B.weight' beside it, found none")
    f.n("only-b", folder(weights(pair_of(K)[1:])), "lora_A.weight' beside it, found none")
    f.n("layer-99", folder(weights(pair_of(K.replace("1", "99")))), "expected a matrix that this model has")
    f.n("whole-tensor", folder(weights([(K[:-6] + ".weight", [KV, EMBD], "F32")])), "expected only pairs of low rank")
    f.n("integers", folder(weights(pair_of(K, a_dtype="I64"))), "expected type F32, F16, BF16 or Q8_0, found I64")
    f.n("three-dimensions", folder(weights([(K + "A.weight", [2, EMBD, 1], "F32"), (K + "B.weight", [KV, 2], "F32")])), "expected shape")
    f.n("empty", folder(weights(pair_of(K, r=0))), "expected shape [2, %d], found [0, %d]" % (EMBD, EMBD))
    f.n("twice", folder(weights(pair_of(K) + pair_of(K.replace("model.model.model", "model.model")))), "expected a matrix that this model has")
    f.n("gguf-no-type", gguf_adapter(without=("general.type",)), "'general.type': expected 'adapter', found none")
    f.n("gguf-model", gguf_adapter({"general.type": (STRING, "model")}), "'general.type': expected 'adapter', found 'model'")
    f.n("gguf-vector", gguf_adapter({"adapter.type": (STRING, "control")}), "'adapter.type': expected 'lora', found 'control'")
    f.n("gguf-family", gguf_adapter({"general.architecture": (STRING, "qwen2")}), "'general.architecture': expected that of the model")
    f.n("gguf-no-family", gguf_adapter(without=("general.architecture",)), "'general.architecture': expected that of the model")
    f.n("gguf-no-alpha", gguf_adapter(without=("adapter.lora.alpha",)), "'adapter.lora.alpha': expected a number, found none")
    f.n("gguf-alpha-text", gguf_adapter({"adapter.lora.alpha": (STRING, "4")}), "'adapter.lora.alpha': expected a real number")
    f.n("gguf-alpha-nan", gguf_adapter({"adapter.lora.alpha": (F32, float("nan"))}), "expected a scale within the range of F32")
    f.n("gguf-activated", gguf_adapter({"adapter.alora.invocation_tokens": (ARRAY, (U32, [1, 2]))}), "expected an adapter that is always active")
    f.n("gguf-transposed", gguf_adapter(tensors=[("blk.0.ffn_up.weight.lora_a", [2, FF]), ("blk.0.ffn_up.weight.lora_b", [EMBD, 2])]),
        "expected shape [2, %d]" % EMBD)
    f.n("gguf-norm", gguf_adapter(tensors=[("blk.0.attn_norm.weight", [EMBD])]), "expected only pairs of low rank")
    f.close()


# ---- whole models ------------------------------------------------------------------------------------------------------


def f32s(n, at=0):
    """n small numbers."""
    return b"".join(struct.pack("<f", ((i * 37 + at * 11) % 17 - 8) / 32) for i in range(n))


BLOCKS_OF_32 = {2: 18, 3: 20, 6: 22, 7: 24, 20: 18, 39: 17}  # bytes by type: Q4_0 Q4_1 Q5_0 Q5_1 IQ4_NL MXFP4


def model(pairs=None, tensors=None, without=(), n_embd=2, n_ctx=8, n_ff=4, kind=T_F16):
    """A GPT-2 of one layer and one head. pairs and tensors replace or (None) remove what is there."""
    n = len(TOKENS)
    meta = {"general.architecture": (STRING, "gpt2"), "general.name": (STRING, "tiny"), "gpt2.context_length": (U32, n_ctx),
            "gpt2.embedding_length": (U32, n_embd), "gpt2.block_count": (U32, 1), "gpt2.feed_forward_length": (U32, n_ff),
            "gpt2.attention.head_count": (U32, 1), "gpt2.attention.layer_norm_epsilon": (F32, 1e-5),
            "tokenizer.ggml.model": (STRING, "gpt2"), "tokenizer.ggml.pre": (STRING, "gpt-2"),
            "tokenizer.ggml.tokens": (ARRAY, (STRING, TOKENS)), "tokenizer.ggml.token_type": (ARRAY, (I32, [1] * (n - 1) + [3])),
            "tokenizer.ggml.merges": (ARRAY, (STRING, MERGES)), "tokenizer.ggml.bos_token_id": (U32, END),
            "tokenizer.ggml.eos_token_id": (U32, END)}
    meta.update(pairs or {})
    shapes = {"token_embd.weight": [n_embd, n], "position_embd.weight": [n_embd, n_ctx], "output_norm.weight": [n_embd],
              "output_norm.bias": [n_embd], "blk.0.attn_norm.weight": [n_embd], "blk.0.attn_norm.bias": [n_embd],
              "blk.0.attn_qkv.weight": [n_embd, 3 * n_embd], "blk.0.attn_qkv.bias": [3 * n_embd],
              "blk.0.attn_output.weight": [n_embd, n_embd], "blk.0.attn_output.bias": [n_embd], "blk.0.ffn_norm.weight": [n_embd],
              "blk.0.ffn_norm.bias": [n_embd], "blk.0.ffn_up.weight": [n_embd, n_ff], "blk.0.ffn_up.bias": [n_ff],
              "blk.0.ffn_down.weight": [n_ff, n_embd], "blk.0.ffn_down.bias": [n_embd]}
    return made(meta, shapes | (tensors or {}), kind, without)


def relative(family, pairs=None, tensors=None, n_layer=1, norm="rms"):
    """A model of Llama's kind, with two heads that share their keys; keys that begin with a dot are the family's."""
    n = len(TOKENS)
    meta = {"general.architecture": (STRING, family), ".context_length": (U32, 8), ".embedding_length": (U32, 4),
            ".block_count": (U32, n_layer), ".feed_forward_length": (U32, 4), ".attention.head_count": (U32, 2),
            ".attention.head_count_kv": (U32, 1), ".attention.layer_norm_%sepsilon" % (norm and norm + "_"): (F32, 1e-5),
            "tokenizer.ggml.model": (STRING, "gpt2"), "tokenizer.ggml.pre": (STRING, "gpt-2"),
            "tokenizer.ggml.tokens": (ARRAY, (STRING, TOKENS)), "tokenizer.ggml.merges": (ARRAY, (STRING, MERGES))}
    meta = {(family if k[0] == "." else "") + k: v for k, v in (meta | (pairs or {})).items()}
    shapes = {"token_embd.weight": [4, n], "output_norm.weight": [4]}
    block = {"attn_norm.weight": [4], "attn_q.weight": [4, 4], "attn_k.weight": [4, 2], "attn_v.weight": [4, 2],
             "attn_output.weight": [4, 4], "ffn_norm.weight": [4], "ffn_gate.weight": [4, 4], "ffn_up.weight": [4, 4],
             "ffn_down.weight": [4, 4]}
    for layer in range(n_layer):
        shapes.update({"blk.%d.%s" % (layer, name): shape for name, shape in block.items()})
    return made(meta, shapes | (tensors or {}), T_F16)


def made(meta, shapes, kind, without=()):
    """shapes: by name; a pair is a shape with its type, or with its bytes as F32; None: no such tensor."""
    table, data = [], b""
    for i, (name, shape) in enumerate(shapes.items()):
        if name in without or shape is None:
            continue
        of = shape[1] if isinstance(shape, tuple) else kind if len(shape) == 2 and name != "position_embd.weight" else T_F32
        shape = shape[0] if isinstance(shape, tuple) else shape
        values = 1
        for d in shape:
            values *= d
        table.append(tensor(name, shape, T_F32 if isinstance(of, bytes) else of, len(data)))
        if of in BLOCKS_OF_32:
            data += bytes((i * 7 + 3) % 64 for i in range(values // 32 * BLOCKS_OF_32[of]))
            data += bytes(-len(data) % 32)
            continue
        block = {T_F32: f32s(values, i), T_F16: b"\0\x2c" * values, T_BF16: b"\x80\x3d" * values,
                 T_Q8_0: (b"\0\x20" + bytes(range(32))) * (values // 32)}.get(of, bytes(8 * values))
        block = of if isinstance(of, bytes) else block
        data += block + bytes(-len(block) % 32)
    return gguf([pair(k, *v) for k, v in meta.items() if v], table, data)


def make_model():
    f = Folder("model", ".gguf")
    n = len(TOKENS)
    f.y("plain", model())
    f.y("f32", model(kind=T_F32))
    f.y("bf16", model(kind=T_BF16))
    f.y("q8_0", model(n_embd=32, n_ff=32, kind=T_Q8_0))
    for kind in BLOCKS_OF_32:
        f.y("type-%d" % kind, model(n_embd=32, n_ff=32, kind=kind))
    f.y("two-heads", model({"gpt2.attention.head_count": (U32, 2)}))
    f.y("untied", model(tensors={"output.weight": [2, n]}))
    f.y("context-of-one", model(n_ctx=1))
    f.y("no-name", model({"general.name": None}))
    f.y("no-pre", model({"tokenizer.ggml.pre": None}))
    f.y("no-bos", model({"tokenizer.ggml.bos_token_id": None}))
    f.y("no-token-types", model({"tokenizer.ggml.token_type": None}))
    f.y("adds-bos", model({"tokenizer.ggml.add_bos_token": (BOOL, 1)}))
    f.y("unknown-tensor", model(tensors={"x": [3]}))
    f.y("wide-tensor-without-rows", model(tensors={"x.weight": [1 << 28, 0]}))
    f.y("name-beyond-measure", model({"general.name": (STRING, "x" * 1025)}))
    f.y("name-of-control-characters", model({"general.name": (STRING, "\x1b[31mred\n")}))
    f.y("integer-types", model({"gpt2.block_count": (U64, 1), "gpt2.context_length": (I16, 8), "gpt2.embedding_length": (U8, 2)}))

    f.n("no-family", model({"general.architecture": None}), "general.architecture")
    f.n("family", model({"general.architecture": (STRING, "gpt9")}), "found 'gpt9'")
    f.n("family-a-number", model({"general.architecture": (U32, 2)}), "expected a string")
    f.n("family-control-characters", model({"general.architecture": (STRING, "\x1b]0;x\x07")}), "\\x1b]0;x\\x07")
    for key in ["context_length", "embedding_length", "block_count", "attention.head_count", "attention.layer_norm_epsilon"]:
        f.n("no-" + key.replace(".", "-"), model({"gpt2." + key: None}), "found nothing")
    for key in ["context_length", "embedding_length", "block_count", "attention.head_count"]:
        for name, v in [("0", (U32, 0)), ("negative", (I32, -1)), ("max", (U32, (1 << 32) - 1)), ("u64", (U64, (1 << 64) - 1)),
                        ("real", (F32, 1.0)), ("text", (STRING, "1")), ("list", (ARRAY, (U32, [1])))]:
            if name != "list" or key != "attention.head_count":
                f.n("%s-%s" % (key.replace(".", "-"), name), model({"gpt2." + key: v}), "gpt2." + key)
    for key in ["attention.head_count", "attention.head_count_kv", "feed_forward_length"]:
        size, name = 4 if key[0] == "f" else 1, key.replace(".", "-")
        f.y(name + "-by-layer", model({"gpt2." + key: (ARRAY, (U32, [size]))}))
        for n_list in [0, 2]:
            f.n("%s-by-layer-%d" % (name, n_list), model({"gpt2." + key: (ARRAY, (U32, [size] * n_list))}),
                "'gpt2.%s': expected a number, or one for each of the 1 layers, found a list of %d" % (key, n_list))
    for name, v in [("zero", (U32, [0])), ("negative", (I32, [-1])), ("real", (F32, [1.0])), ("huge", (U64, [(1 << 64) - 1])),
                    ("text", (STRING, ["1"])), ("list", (ARRAY, [(U32, [1])]))]:
        f.n("attention-head_count_kv-by-layer-" + name, model({"gpt2.attention.head_count_kv": (ARRAY, v)}),
            "'gpt2.attention.head_count_kv': expected one number from 1 to 1024 for all layers, found several")
    for name, v in [("0", (F32, 0.0)), ("negative", (F32, -1e-5)), ("nan", (F32, float("nan"))), ("inf", (F32, float("inf"))),
                    ("text", (STRING, "1e-5")), ("integer", (U32, 1)), ("tiny", (F64, 1e-300))]:
        f.n("epsilon-" + name, model({"gpt2.attention.layer_norm_epsilon": v}), "layer_norm_epsilon")
    f.n("heads-do-not-divide", model({"gpt2.attention.head_count": (U32, 3)}), "")
    f.n("two-blocks", model({"gpt2.block_count": (U32, 2)}), "blk.1.")
    f.n("context-too-long", model({"gpt2.context_length": (U32, 9)}), "position_embd.weight")
    for name in ["token_embd.weight", "position_embd.weight", "output_norm.weight", "output_norm.bias", "blk.0.attn_qkv.weight", "blk.0.ffn_down.bias"]:
        f.n("no-" + name.replace(".", "-"), model(without=[name]), "found no such tensor")
    f.n("shape-transposed", model(tensors={"blk.0.ffn_up.weight": [4, 2]}), "expected shape [4, 2], found [2, 4]")
    f.n("shape-three", model(tensors={"blk.0.ffn_up.weight": [2, 4, 1]}), "found [1, 4, 2]")
    f.n("shape-one-less", model(tensors={"output_norm.bias": [3]}), "expected shape [2], found [3]")
    f.n("embedding-too-short", model(tensors={"token_embd.weight": [2, n - 1]}), "expected")
    f.n("weight-of-size-0", model(tensors={"output_norm.bias": [0]}), "found [0]")
    for name, kind in [("i32", 26), ("f64", 28), ("i8", 24), ("of-type-99", 99)]:
        f.n("weight-" + name, model(tensors={"blk.0.ffn_up.weight": ([2, 4], kind)}), "blk.0.ffn_up.weight")
    for name, values in [("nan", float("nan")), ("inf", float("inf"))]:
        f.y("weights-" + name, model(kind=T_F32).replace(struct.pack("<f", 8 / 32), struct.pack("<f", values)))
    f.y("heads-with-fewer-keys", model({"gpt2.attention.head_count": (U32, 2), "gpt2.attention.head_count_kv": (U32, 1)},
                                       {"blk.0.attn_qkv.weight": [2, 4], "blk.0.attn_qkv.bias": [4]}))
    f.n("heads-kv-do-not-divide", model({"gpt2.attention.head_count": (U32, 2), "gpt2.attention.head_count_kv": (U32, 3)}), "key/value heads")
    f.n("head-too-long", model({"gpt2.embedding_length": (U32, 4096)}), "head dimension")
    f.n("norm-q8_0", model(n_embd=32, tensors={"output_norm.weight": ([32], T_Q8_0)}), "output_norm.weight")

    f.n("no-tokenizer", model({"tokenizer.ggml.model": None}), "tokenizer.ggml.model")
    f.n("tokenizer-bert", model({"tokenizer.ggml.model": (STRING, "bert")}), "found 'bert'")
    names = ["<unk>", "<s>"] + ["<0x%02X>" % byte for byte in range(n - 3)] + ["\u2581a"]
    spm = {"tokenizer.ggml.model": (STRING, "llama"), "tokenizer.ggml.tokens": (ARRAY, (STRING, names)),
           "tokenizer.ggml.scores": (ARRAY, (F32, [-i for i in range(n)])), "tokenizer.ggml.merges": None,
           "tokenizer.ggml.token_type": (ARRAY, (I32, [2, 3] + [6] * (n - 3) + [1])), "tokenizer.ggml.eos_token_id": (U32, 1)}
    f.y("spm", model(spm))
    f.y("spm-no-prefix", model(spm | {"tokenizer.ggml.add_space_prefix": (BOOL, 0)}))
    f.y("spm-types", model(spm | {"tokenizer.ggml.token_type": (ARRAY, (I32, [2, 3, 1, 2, 3, 4, 5] + [6] * (n - 7)))}))
    f.n("spm-no-scores", model(spm | {"tokenizer.ggml.scores": None}), "key tokenizer.ggml.scores: expected an array of numbers")
    f.n("spm-scores-one-less", model(spm | {"tokenizer.ggml.scores": (ARRAY, (F32, [0] * (n - 1)))}), "one per token")
    f.n("spm-scores-integers", model(spm | {"tokenizer.ggml.scores": (ARRAY, (I32, [0] * n))}), "tokenizer.ggml.scores")
    f.n("spm-score-nan", model(spm | {"tokenizer.ggml.scores": (ARRAY, (F32, [0] * (n - 1) + [float("nan")]))}), "expected a finite number")
    f.n("spm-score-infinite", model(spm | {"tokenizer.ggml.scores": (ARRAY, (F32, [float("-inf")] * n))}), "expected a finite number")
    f.n("spm-no-types", model(spm | {"tokenizer.ggml.token_type": None}), "tokenizer.ggml.token_type")
    f.n("spm-token-twice", model(spm | {"tokenizer.ggml.tokens": (ARRAY, (STRING, ["<unk>", "<s>"] + ["a"] * (n - 2))),
                                        "tokenizer.ggml.token_type": (ARRAY, (I32, [1] * n))}), "the same text")
    f.n("spm-unknown-a-string", model(spm | {"tokenizer.ggml.unknown_token_id": (STRING, "0")}), "unknown_token_id")
    rules = struct.pack("<4I", 12, 0, 0, 0) + b"a\0"
    unigram = spm | {"tokenizer.ggml.model": (STRING, "t5"), "tokenizer.ggml.unknown_token_id": (U32, 0),
                     "tokenizer.ggml.precompiled_charsmap": (ARRAY, (U8, list(rules))), "tokenizer.ggml.remove_extra_whitespaces": (BOOL, 1)}
    f.y("unigram", model(unigram))
    f.y("unigram-no-rules", model(unigram | {"tokenizer.ggml.precompiled_charsmap": (ARRAY, (U8, []))}))
    f.n("unigram-rules-cut", model(unigram | {"tokenizer.ggml.precompiled_charsmap": (ARRAY, (U8, list(rules[:8])))}), "precompiled_charsmap: expected a trie")
    f.n("unigram-rules-text", model(unigram | {"tokenizer.ggml.precompiled_charsmap": (STRING, "AAAA")}), "precompiled_charsmap: expected an array of integers")
    f.n("unigram-no-scores", model(unigram | {"tokenizer.ggml.scores": None}), "key tokenizer.ggml.scores: expected an array of numbers")
    f.n("unigram-unknown-far-away", model(unigram | {"tokenizer.ggml.unknown_token_id": None, "tokenizer.ggml.tokens": (ARRAY, (STRING, names[:2])),
                                                     "tokenizer.ggml.scores": (ARRAY, (F32, [0, 0])), "tokenizer.ggml.token_type": (ARRAY, (I32, [1, 1]))}),
        "unknown token: expected an id of 0 to 1, found 2")
    f.n("pre", model({"tokenizer.ggml.pre": (STRING, "nobody")}), "'nobody' is not supported")
    f.n("pre-nul", model({"tokenizer.ggml.pre": (STRING, "gpt-2\0")}), "tokenizer.ggml.pre")
    f.n("no-tokens", model({"tokenizer.ggml.tokens": None}), "tokenizer.ggml.tokens")
    f.n("tokens-empty", model({"tokenizer.ggml.tokens": (ARRAY, (STRING, []))}), "")
    f.n("tokens-one-less", model({"tokenizer.ggml.tokens": (ARRAY, (STRING, TOKENS[:-1]))}), "")
    f.n("tokens-numbers", model({"tokenizer.ggml.tokens": (ARRAY, (U32, list(range(n))))}), "tokenizer.ggml.tokens")
    f.n("token-twice", model({"tokenizer.ggml.tokens": (ARRAY, (STRING, ["b" if t == "a" else t for t in TOKENS]))}), "the same text")
    f.n("token-not-byte-mapped", model({"tokenizer.ggml.tokens": (ARRAY, (STRING, [b"\xff\xfe" if t == "a" else t for t in TOKENS]))}), "token")
    f.n("token-types-one-less", model({"tokenizer.ggml.token_type": (ARRAY, (I32, [1] * (n - 1)))}), "one per token")
    f.n("token-types-strings", model({"tokenizer.ggml.token_type": (ARRAY, (STRING, ["1"] * n))}), "token_type")
    f.n("token-types-9", model({"tokenizer.ggml.token_type": (ARRAY, (I32, [9] * n))}), "a token type from 1 to 6, found 9")
    f.n("token-types-u8", model({"tokenizer.ggml.token_type": (ARRAY, (U8, [0] * n))}), "found 0")
    f.n("no-merges", model({"tokenizer.ggml.merges": None}), "tokenizer.ggml.merges")
    f.n("merge-of-one", model({"tokenizer.ggml.merges": (ARRAY, (STRING, ["h"]))}), "merge")
    f.n("merge-unknown", model({"tokenizer.ggml.merges": (ARRAY, (STRING, ["h e", "x y"]))}), "merge")
    f.n("merge-no-utf-8", model({"tokenizer.ggml.merges": (ARRAY, (STRING, [b"\xff\xff e"]))}), "merge")
    for key in ["bos", "eos"]:
        for name, v in [("too-large", (U32, n)), ("negative", (I32, -1)), ("max", (U32, (1 << 32) - 1))]:
            f.y("%s-%s" % (key, name), model({"tokenizer.ggml.%s_token_id" % key: v}))
        for name, v in [("real", (F32, 1.0)), ("text", (STRING, "1"))]:
            f.n("%s-%s" % (key, name), model({"tokenizer.ggml.%s_token_id" % key: v}), "")
    for key in ["eos_token_ids", "suppress_tokens"]:
        name = "list-of-" + key.split("_")[0]
        for case, ids in [("", [1, 2, 1]), ("-empty", []), ("-out-of-range", [-1, n, 3, (1 << 31) - 1])]:
            f.y(name + case, model({"tokenizer.ggml." + key: (ARRAY, (I32, ids))}))
        for case, v in [("-reals", (ARRAY, (F32, [1.0]))), ("-strings", (ARRAY, (STRING, ["1"]))), ("-a-number", (U32, 1))]:
            f.n(name + case, model({"tokenizer.ggml." + key: v}), key + ": expected an array of integers")
    f.n("list-of-eos-long", model({"tokenizer.ggml.eos_token_ids": (ARRAY, (I32, list(range(n))))}), "EOS tokens: expected at most 256")
    f.y("list-of-eos-repeated", model({"tokenizer.ggml.eos_token_ids": (ARRAY, (U32, [1, 2, 3] * 500))}))
    f.y("list-of-suppress-all", model({"tokenizer.ggml.suppress_tokens": (ARRAY, (U32, list(range(n))))}))
    f.y("embedding-with-padding", model(tensors={"token_embd.weight": [2, n + 5]}))
    for key in ["eot", "eom", "fim_pad", "fim_rep", "fim_sep"]:
        f.y("end-" + key, model({"tokenizer.ggml.%s_token_id" % key: (U32, 1)}))
        f.y("end-%s-too-large" % key, model({"tokenizer.ggml.%s_token_id" % key: (U32, n)}))
        f.n("end-%s-text" % key, model({"tokenizer.ggml.%s_token_id" % key: (STRING, "1")}), key + "_token_id")
    infill = {"tokenizer.ggml.fim_%s_token_id" % part: (U32, i) for i, part in enumerate(["pre", "suf", "mid"])}
    f.y("infill", model(infill))
    f.y("infill-old-keys", model({"tokenizer.ggml.%s_token_id" % k: (U32, v)
                                  for k, v in [("prefix", 1), ("suffix", 2), ("middle", 3)]}))
    for key in infill:
        part = key[19:22]
        for name, v in [("too-large", (U32, n)), ("negative", (I32, -1))]:
            f.y("infill-%s-%s" % (part, name), model({**infill, key: v}))
        for name, v in [("max", (U64, (1 << 64) - 1)), ("text", (STRING, "1"))]:
            f.n("infill-%s-%s" % (part, name), model({**infill, key: v}), key)
    f.n("blocks-that-draft-all", model({"gpt2.nextn_predict_layers": (U32, 1)}), "expected fewer than the 1 blocks, found 1")
    f.y("blocks-that-draft", model({"gpt2.nextn_predict_layers": (U32, 2), "gpt2.block_count": (U32, 3)}))
    f.n("bos-missing", model({"tokenizer.ggml.bos_token_id": (U32, n), "tokenizer.ggml.add_bos_token": (BOOL, 1)}), "BOS token, which begins every text")
    f.y("prefix-space", model({"tokenizer.ggml.add_space_prefix": (BOOL, 1)}))
    f.n("prefix-space-a-number", model({"tokenizer.ggml.add_space_prefix": (U32, 1)}), "add_space_prefix")
    f.n("add-bos-a-number", model({"tokenizer.ggml.add_bos_token": (U32, 1)}), "add_bos_token")
    make_relatives(f)
    f.close()


def floats(*values):
    return struct.pack("<%df" % len(values), *values)


def make_relatives(f):
    """Other families, and files that are no language model."""
    q, kv = "blk.0.attn_q.weight", {"blk.0.attn_k.weight": None, "blk.0.attn_v.weight": None}
    qkv = {q: None, **kv, "blk.0.attn_qkv.weight": [4, 8]}
    for family in ["llama", "mistral3", "granite", "smollm3", "minicpm"]:
        f.y(family, relative(family))
    f.y("llama-qkv", relative("llama", tensors=qkv))
    f.y("llama-biases", relative("llama", tensors={"blk.0.attn_q.bias": [4], "blk.0.ffn_up.bias": [4], "blk.0.ffn_gate.bias": [4],
                                                   "blk.0.ffn_down.bias": [4]}))
    f.y("llama-untied", relative("llama", tensors={"output.weight": [4, len(TOKENS)]}))
    f.y("phi3", relative("phi3", tensors={**qkv, "blk.0.ffn_gate.weight": None, "blk.0.ffn_up.weight": [4, 8]}))
    f.y("qwen3", relative("qwen3", tensors={"blk.0.attn_q_norm.weight": [2], "blk.0.attn_k_norm.weight": [2]}))
    f.y("qwen2", relative("qwen2", tensors={"blk.0.attn_q.bias": [4], "blk.0.attn_k.bias": [2], "blk.0.attn_v.bias": [2]}))
    out_norms = {"blk.0.post_attention_norm.weight": [4], "blk.0.post_ffw_norm.weight": [4]}
    f.y("olmo2", relative("olmo2", tensors={**out_norms, "blk.0.attn_norm.weight": None, "blk.0.ffn_norm.weight": None,
                                            "blk.0.attn_q_norm.weight": [4], "blk.0.attn_k_norm.weight": [2]}))
    f.y("gemma2", relative("gemma2", tensors=out_norms))
    f.y("gemma3", relative("gemma3", tensors={**out_norms, "blk.0.attn_q_norm.weight": [2], "blk.0.attn_k_norm.weight": [2]}))
    f.y("cohere2", relative("cohere2", tensors={"blk.0.ffn_norm.weight": None, "blk.0.attn_q_norm.weight": [2, 2],
                                                "blk.0.attn_k_norm.weight": [2, 1]}, norm=""))

    # What is no language model.
    for word, what in [("adapter", "an adapter, which changes the weights of one"),
                       ("mmproj", "a projector, which turns images or sounds into its inputs"), ("imatrix", "statistics for its quantization")]:
        f.n("type-" + word, relative("llama", {"general.type": (STRING, word)}),
            "'general.type': expected a language model, found '%s': %s" % (word, what))
    f.y("type-model", relative("llama", {"general.type": (STRING, "model")}))
    f.y("type-unheard-of", relative("llama", {"general.type": (STRING, "x")}))
    f.n("family-clip", relative("clip"), "'general.architecture': expected a language model, found 'clip': a projector, which turns images")
    for name, best in [("lama", "llama"), ("qwen33", "qwen3"), ("gemma33", "gemma3"), ("phi33", "phi3")]:
        f.n("family-" + name, relative(name),
            "'general.architecture': expected a model family quill runs, found '%s'; did you mean '%s'?" % (name, best))
    f.n("family-far", relative("deepseek2"), "expected a model family quill runs, found 'deepseek2'")

    # What is not computed.
    f.n("experts", relative("llama", {".expert_count": (U32, 8)}), "'llama.expert_count': expected a model without experts, found 8")
    f.y("experts-0", relative("llama", {".expert_count": (U32, 0)}))
    f.n("not-causal", relative("qwen3", {".attention.causal": (BOOL, 0)}),
        "'qwen3.attention.causal': expected true, found false, which is not supported")
    f.n("heads-kv-differ", relative("llama", {".attention.head_count_kv": (ARRAY, (U32, [1, 2])), ".block_count": (U32, 2)}),
        "'llama.attention.head_count_kv': expected one number from 1 to 1024 for all layers, found several")
    f.n("rope-type", relative("llama", {".rope.scaling.type": (STRING, "ntk")}),
        "'llama.rope.scaling.type': expected default, linear, dynamic, llama3, yarn or longrope, found 'ntk'")
    for name in ["attn_q", "attn_output", "ffn_down"]:
        f.n("factor-of-" + name, relative("llama", tensors={"blk.0.%s.scale" % name: [1]}),
            "tensor 'blk.0.%s.scale': expected no factor of 'blk.0.%s.weight', found one, which is not supported" % (name, name))
    f.n("factor-of-the-head", relative("llama", tensors={"output.weight": [4, len(TOKENS)], "output.scale": [1]}),
        "tensor 'output.scale': expected no factor of 'output.weight'")
    f.n("rotary-off", relative("granite", {".rope.scaling.finetuned": (STRING, "no")}), "granite.rope.scaling.finetuned")

    # Tensors.
    f.n("no-k", relative("llama", tensors={"blk.0.attn_k.weight": None}),
        "tensor 'blk.0.attn_k.weight': expected shape [2, 4], found no such tensor")
    f.n("no-v", relative("llama", tensors={"blk.0.attn_v.weight": None}),
        "tensor 'blk.0.attn_v.weight': expected shape [2, 4], found no such tensor")
    f.n("no-q", relative("llama", tensors={q: None}), "tensor 'blk.0.attn_q.weight': expected shape [4, 4], found no such tensor")
    f.n("qkv-of-q-alone", relative("llama", tensors={**qkv, "blk.0.attn_qkv.weight": [4, 4]}),
        "tensor 'blk.0.attn_qkv.weight': expected shape [8, 4], found [4, 4]")
    f.n("k-of-all-heads", relative("llama", tensors={"blk.0.attn_k.weight": [4, 4]}),
        "tensor 'blk.0.attn_k.weight': expected shape [2, 4], found [4, 4]")
    f.n("no-gate", relative("llama", tensors={"blk.0.ffn_gate.weight": None}),
        "tensor 'blk.0.ffn_gate.weight': expected shape [4, 4], found no such tensor")
    f.n("up-of-half", relative("phi3", tensors={"blk.0.ffn_gate.weight": None}),
        "tensor 'blk.0.ffn_up.weight': expected shape [8, 4], found [4, 4]")
    f.n("norm-of-q-alone", relative("qwen3", tensors={"blk.0.attn_q_norm.weight": [2]}),
        "tensor 'blk.0.attn_k_norm.weight': expected shape [2], found no such tensor")
    f.n("norm-of-k-alone", relative("cohere2", tensors={"blk.0.ffn_norm.weight": None, "blk.0.attn_k_norm.weight": [2, 1]}, norm=""),
        "tensor 'blk.0.attn_q_norm.weight': expected shape [2, 2], found no such tensor")
    f.n("norm-of-q-of-one-head", relative("cohere2", tensors={"blk.0.attn_q_norm.weight": [2], "blk.0.attn_k_norm.weight": [2, 1]}, norm=""),
        "tensor 'blk.0.attn_q_norm.weight': expected shape [2, 2], found [2]")
    f.n("norm-of-q-of-a-row", relative("qwen3", tensors={"blk.0.attn_q_norm.weight": [4], "blk.0.attn_k_norm.weight": [2]}),
        "tensor 'blk.0.attn_q_norm.weight': expected shape [2], found [4]")
    two = {"blk.%d.attn_%s.bias" % (layer, part): [4 if part == "q" else 2] for layer in range(2) for part in "qkv"}
    f.y("biases-of-two-layers", relative("llama", tensors=two, n_layer=2))
    f.n("bias-of-the-first-layer-alone", relative("llama", tensors={**two, "blk.1.attn_k.bias": None}, n_layer=2),
        "tensor 'blk.1.attn_k.bias': expected shape [2], found no such tensor")
    f.n("bias-of-the-second-layer-alone", relative("llama", tensors={**two, "blk.0.attn_v.bias": None}, n_layer=2),
        "tensor 'blk.0.attn_v.bias': expected shape [2], found no such tensor")
    f.n("qkv-of-the-first-layer-alone", relative("llama", tensors=qkv, n_layer=2),
        "tensor 'blk.1.attn_qkv.weight': expected shape [8, 4], found no such tensor")

    for family, name in [("llama", "blk.0.attn_q_norm.weight"), ("llama", "blk.0.attn_sinks.weight"), ("llama", "blk.0.ffn_gate_inp.weight"),
                         ("llama", "output_norm.bias"), ("llama", "output.bias"), ("llama", "token_embd_norm.weight"),
                         ("llama", "position_embd.weight"), ("qwen2", "blk.0.attn_output.bias"), ("llama", "blk.0.x")]:
        more = {"blk.0.attn_q.bias": [4], "blk.0.attn_k.bias": [2], "blk.0.attn_v.bias": [2]} if family == "qwen2" else {}
        f.n("more-%s-%s" % (family, name.replace(".", "-")), relative(family, tensors={**more, name: [4]}),
            "tensor '%s': expected none of this name in a %s model" % (name, family))
    f.y("more-of-images", relative("llama", tensors={"v.blk.0.attn_q.weight": [4, 4], "mm.0.weight": [4, 4]}))
    f.y("more-of-a-draft", relative("llama", {".block_count": (U32, 2), ".nextn_predict_layers": (U32, 1)},
                                    {"blk.1.nextn.eh_proj.weight": [4, 4], "blk.1.attn_q_norm.weight": [4]}))

    # Rotary positions.
    nan, infinite = float("nan"), float("inf")
    f.y("rope-freqs", relative("llama", tensors={"rope_freqs.weight": ([1], floats(4))}))
    f.y("rope-freqs-infinite", relative("llama", tensors={"rope_freqs.weight": ([1], floats(infinite))}))
    for name, v in [("0", 0.0), ("negative", -1.0), ("nan", nan)]:
        f.n("rope-freqs-" + name, relative("llama", tensors={"rope_freqs.weight": ([1], floats(v))}),
            "rotary factor 0: expected a number above 0, found %s" % {"0": "0", "negative": "-1", "nan": ""}[name])
    f.n("rope-freqs-tiny", relative("llama", tensors={"rope_freqs.weight": ([1], floats(1e-30))}),
        "rotary frequency 0: expected at most 65536 radians, found 1e+30")
    for n in [0, 2, 64]:
        f.n("rope-freqs-of-%d" % n, relative("llama", tensors={"rope_freqs.weight": [n]}),
            "tensor 'rope_freqs.weight': expected shape [1], found [%d]" % n)
    lists = {"rope_factors_%s.weight" % which: ([1], floats(2)) for which in ["long", "short"]}
    f.y("rope-factors", relative("llama", tensors=lists))
    for which in ["long", "short"]:
        f.n("rope-factors-no-" + which, relative("llama", tensors={**lists, "rope_factors_%s.weight" % which: None}),
            "tensor 'rope_factors_%s.weight': expected shape [1], found no such tensor" % which)
        f.n("rope-factors-%s-nan" % which, relative("llama", tensors={**lists, "rope_factors_%s.weight" % which: ([1], floats(nan))}),
            "rotary factor 0: expected a number above 0")
    f.n("rope-longrope-without-factors", relative("llama", {".rope.scaling.type": (STRING, "longrope")}),
        "tensor 'rope_factors_short.weight': expected shape [1], found no such tensor")
    for key in ["freq_base", "scaling.factor"]:
        for name, v in [("nan", nan), ("infinite", infinite), ("negative", -1.0)]:
            f.n("rope-%s-%s" % (key.replace(".", "-"), name), relative("llama", {".rope." + key: (F32, v)}),
                "'llama.rope.%s': expected a number from 0, found" % key)
    f.n("rope-base-below-1", relative("llama", {".rope.freq_base": (F32, 0.5)}), "rotary base: expected a number above 1, found 0.5")
    for n in [1, 3]:
        f.n("rope-dims-%d" % n, relative("llama", {".rope.dimension_count": (U32, n)}),
            "rotary dimensions: expected an even number from 2 to the head's 2, found %d" % n)
    f.n("head-of-one", relative("llama", {".attention.key_length": (U32, 1)}), "rotary dimensions: expected an even number from 2 to the head's 1")


# ---- what people type --------------------------------------------------------------------------------------------------


def make_regex():
    f = Folder("regex", ".txt")

    def case(pattern, subject):
        return (pattern if isinstance(pattern, bytes) else pattern.encode()) + b"\n====\n" + subject

    a = b"a" * 60
    f.y("plain", case("a(b|c)+d", b"xxabcbcd yy"))
    f.y("nothing-matches", case("z", a))
    f.y("text-no-utf-8", case("b", b"\xff\xfeab\xc3"))
    f.y("unicode", case("\\p{Lu}\u00e9+", "xx\u00c9\u00e9\u00e9".encode()))
    f.y("look-behind", case("(?<=a)b(?=c)", b"ab abc"))
    f.y("start-reset", case("a\\Kb", b"aab"))
    f.y("empty-matches", case("x*", b"aaa"))
    f.y("lines", case("(?m)^b$", b"a\nb\nc"))
    f.y("anchors", case("\\Gab\\z", b"ab"))
    f.y("counted", case("(?:a{1,40}){1,20}$", b"a" * 20))
    f.n("unfinished", case("(a", b""), "missing closing parenthesis (at byte 2)")
    f.n("no-utf-8", case(b"\xff", b""), "UTF-8 error")
    f.n("byte-escape", case("\\C", b""), "\\C is disabled")
    f.n("101-parentheses", case("(" * 101 + "a" + ")" * 101, b""), "parentheses are too deeply nested")
    f.n("70000-bytes", case("a" * 70000, b""), "pattern string is longer than the limit")
    f.n("explodes-when-compiled", case("(((a{1,100}){1,100}){1,100})", b""), "stop regex")
    f.n("compiled-too-large", case("(" + "|".join("(?:\\p{L}\\p{N}[^%c\u00e9-\u0fff]){90}" % (65 + i % 26) for i in range(400)) + ")", b""),
        "regular expression is too large")
    f.n("bomb-nested", case("(a+)+$", a + b"b"), "match limit exceeded")
    f.n("bomb-alternatives", case("(a|a)*[bc]", a + b"d"), "match limit exceeded")
    f.n("bomb-alternatives-2", case("(a|aa)+$", a + b"b"), "match limit exceeded")
    f.n("bomb-blanks", case("(\\s+)*[xy]", b" " * 60 + b"z"), "match limit exceeded")
    f.n("bomb-raises-its-limit", case("(*LIMIT_MATCH=4000000000)(*LIMIT_HEAP=4000000000)(a+)+$", a + b"b"), "match limit exceeded")
    f.n("recursion-without-end", case("(?R)?a|(?R)b", a), "stop regex")
    f.n("unknown-name", case("(?&x)", b""), "reference to non-existent subpattern")
    f.n("control-characters", case("(\x1b[31m", b""), "stop regex '(\\x1b[31m'")
    f.close()


def make_constraint():
    f = Folder("constraint", ".txt")

    def case(pattern, subject=""):
        return (pattern + "\n====\n" + subject).encode()

    a = "a" * 60
    f.y("date", case("\\d{4}-\\d\\d-\\d\\d", "2024-05-17"))
    f.y("alternatives", case("(yes|no|ye)s?", "yess"))
    f.y("classes", case("[A-Z][^a-f\\s]+[[:digit:]\\p{Lo}]*", "Xyz\u05d012"))
    f.y("characters", case("[\u00e9-\u00fc]\\x{1F600}.", "\u00e9\U0001f600\u20ac"))
    f.y("caseless", case("(?i)stra\u00dfe K", "STRA\u1e9ee \u212a"))
    f.y("flags", case("(?xs) a . # c\n b (?-x) (?i:C)", "a\nb c"))
    f.y("quoted", case("\\Qa.b\\E+\\Q", "a.bbb"))
    f.y("counted", case("(?:a{1,40}){1,20}b", a))
    f.y("exponential-states", case("(a|b)*a(a|b){16}", "ab" * 20))
    f.y("nested-repeats", case("((a*)*)*b", a))
    f.y("bomb-that-is-regular", case("(a+)+b", a))
    f.y("boundaries", case("\\bking\\b.*\\B!", "king is king!"))
    f.y("looking-around", case("(?=a)(?!ab)..(?<=c)", "ac"))
    f.y("backreference", case("(a|b)\\1(?<n>.)\\k<n>", "aacc"))
    f.y("atomic", case("(?>a|ab)c|a++b", "aab"))
    f.y("recursion", case("(\\((?:[^()]|(?1))*\\))", "(a(b)c)"))
    f.y("condition", case("(a)?b(?(1)c|d)", "abc"))
    f.y("lines", case("(?m)^a$\\n^b$", "a\nb"))
    f.y("end-before-newline", case("a$\\n", "a\n"))
    f.y("bomb", case("(?=((a+)+)b)a*", a))
    f.y("newlines", case("a\\R\\X", "a\r\nx"))
    f.y("cut-character", case(".{3}", "a\u20ac").replace(b"\x82\xac", b"\x82"))
    f.n("empty", case(""), "expected a pattern")
    f.n("unfinished", case("(a"), "at 2: missing closing parenthesis")
    f.n("verb", case("a(*COMMIT)b"), "at 1: '(*COMMIT)' is a verb")
    f.n("callout", case("a(?C1)b"), "at 1: '(?C' is a callout")
    f.n("start-reset", case("a\\Kb"), "moves the beginning of a match")
    f.n("whole-again", case("a(?R)?"), "is the whole pattern again")
    f.n("byte-escape", case("\\C"), "\\C is disabled")
    f.n("never", case("a[^\\s\\S]"), "no text matches this pattern")
    f.n("70000-bytes", case("a" * 70000), "expected at most 65536 bytes, found 70000")
    f.n("101-parentheses", case("(" * 101 + "a" + ")" * 101), "parentheses are too deeply nested")
    f.n("explodes-when-compiled", case("(((a{1,100}){1,100}){1,100})"), "regex")
    f.close()


def make_options():
    f = Folder("options", ".txt")

    def line(*args):
        return "\n".join(args)

    f.y("none", "")
    f.y("prompt", line("-p", "Once upon a time", "-n", "40", "--temp", "0"))
    f.y("every-kind", line("--temp=0.5", "-n3", "--seed", "9007199254740991", "--stop", "a", "-r", "b", "--line", "--kv-type", "q8_0",
                           "--timeout", "2m", "--logit-bias", "5-inf", "--logit-bias", "7+1.5", "-vq", "text"))
    f.y("underscores", line("--max_tokens", "3", "--repeat_penalty", "1.1", "--top_k=5"))
    f.y("dashes-end-options", line("--", "-p", ))
    f.y("dash-is-a-text", line("-"))
    f.y("verb-tokenize", line("tokenize", "--decode", "1 2"))
    f.y("verb-quantize", line("quantize", "in", "out", "Q8_0"))
    f.y("escapes", line("-e", "--stop", "\\n\\x41"))
    f.y("no-utf-8", b"-p\n\xff\xfe")
    for i, (args, found) in enumerate([
            (("--tmep", "1"), "did you mean '--temp'"), (("--temp",), "--temp needs a value"), (("--temp", "x"), "--temp: expected a number"),
            (("--temp", "nan"), "found 'nan'"), (("--temp", "inf"), "found 'inf'"), (("--temp", "1e999"), "found '1e999'"),
            (("--temp", "0x1p3"), "found '0x1p3'"), (("--temp", "-1"), "found '-1'"), (("--temp", "1,5"), "found '1,5'"), (("--temp", ""), "found ''"),
            (("-n", "1.5"), "expected a whole number"), (("-n", "-2"), "from -1 to"), (("-n", "99999999999999999999"), "from -1 to"),
            (("-n", " 1"), "found ' 1'"), (("-n", "+1"), "found '+1'"), (("--seed", "9007199254740992"), "from 0 to 9007199254740991"),
            (("--seed", "-2"), "from 0 to"), (("--top-k", "4294967297"), "from 0 to 2147483647"), (("--top-p", "1.1"), "--top-p"),
            (("--kv-type", "f8"), "expected one of: f16 f32 q8_0"), (("--line=1",), "takes no value"), (("-Z",), "unknown option '-Z'"),
            (("--decode",), "is an option of 'quill tokenize'"), (("--logit-bias", "5"), "--logit-bias: expected"), (("--logit-bias", "x+1"), "--logit-bias"),
            (("--logit-bias", "-1+1"), "--logit-bias"), (("--logit-bias", "5+inf"), "--logit-bias"), (("--logit-bias", "99999999999+1"), "--logit-bias"),
            (("--logit-bias", "5+1e39"), "--logit-bias"), (("--stop", ""), "--stop: expected a text"), (("-e", "--stop", "\\q"), "unknown escape"),
            (("-e", "--stop", "\\x4"), "unknown escape"), (("--timeout", "2d"), "--timeout"), (("--" + "x" * 200,), "unknown option"),
            (("-\x1b[31m",), "unknown option '-\\x1b[31m'"), (("-\u00e9",), "unknown option"), (("--logprobs", "101"), "from 0 to 100")]):
        f.n("%02d" % i, line(*args), found)
    f.close()


def make_ollama():
    f = Folder("ollama", ".json")
    hash_ = "0123456789abcdef" * 4

    def layer(kind, digest="sha256:" + hash_, **more):
        return {"mediaType": "application/vnd.ollama.image." + kind, "digest": digest, "size": 7, **more}

    def manifest(*layers, **more):
        config = {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": "sha256:" + hash_, "size": 4}
        return json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                           "config": config, "layers": list(layers), **more})

    f.y("plain", manifest(layer("model"), layer("template"), layer("license"), layer("params")))
    f.y("model-last", manifest(layer("system"), layer("projector"), layer("model")))
    f.y("dash", manifest(layer("model", "sha256-" + hash_)))
    f.y("capitals", manifest(layer("model", "sha256:" + hash_.upper())))
    f.y("bom", b"\xef\xbb\xbf" + manifest(layer("model")).encode())
    f.y("odd-layers", manifest(layer("model", **{"from": "/x", "name": None}), 7, None, [], {}, "x"))
    f.y("alone", '{"layers":[%s]}' % json.dumps(layer("model")))
    f.y("large-number", '{"layers":[%s],"size":99999999999999999999}' % json.dumps(layer("model")))
    digest = "'digest': expected sha256: and 64 hexadecimal digits"
    for i, bad in enumerate(["", "sha256:", "/etc/passwd", "../../x", "sha256:" + "../" * 21 + "x", "sha256:/" + hash_[1:], hash_,
                             "sha256:" + hash_ + "0", "sha256:" + hash_[1:], "md5:" + hash_, "sha256:" + hash_[1:] + "g",
                             "sha256:" + hash_[1:] + "\0", "sha256\0" + hash_, 7, None, ["sha256:" + hash_]]):
        f.n("digest-%02d" % i, manifest(layer("model", bad)), digest)
    f.n("no-digest", '{"layers":[{"mediaType":"application/vnd.ollama.image.model"}]}', digest)
    f.n("two-models", manifest(layer("model"), layer("model")), "expected one model, found several")
    f.n("adapter", manifest(layer("model"), layer("adapter")), "found one with an adapter")
    f.n("tensors", manifest(layer("tensor", name="a"), layer("tensor", name="b")), "expected a GGUF file, found single tensors")
    f.n("no-model", manifest(layer("license")), "expected a model, found none")
    f.n("no-layers", '{"schemaVersion":2}', "'layers': expected a list, found none")
    f.n("layers-an-object", '{"layers":{}}', "'layers': expected a list")
    f.n("layers-twice", '{"layers":[],"layers":[]}', "duplicate object key")
    f.n("a-list", "[]", "'layers': expected a list")
    f.n("a-number", "7", "'layers': expected a list")
    f.n("nothing", "", "expected JSON, found a mistake")
    f.n("cut", manifest(layer("model"))[:-1], "expected JSON, found a mistake")
    f.n("more-after-it", manifest(layer("model")) + "x", "expected JSON, found a mistake")
    f.n("no-utf-8", b'{"layers":["\xff"]}', "expected JSON, found a mistake")
    f.n("nested-65-deep", '{"layers":' + "[" * 65 + "]" * 65 + "}", "nested at most 64 deep")
    f.n("nested-100000-deep", "[" * 100000, "nested at most 64 deep")
    f.n("many-values", '{"layers":[' + "{}," * 30000 + "{}]}", "expected fewer values")
    f.close()


# ---- the prompt cache --------------------------------------------------------------------------------------------------

MASK = (1 << 64) - 1


def mix(x):
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9 & MASK
    x = (x ^ x >> 27) * 0x94d049bb133111eb & MASK
    return x ^ x >> 31


def checksum(data, seed):
    lanes = [seed + i for i in range(8)]
    padded = data + bytes(64 - len(data) % 64)
    for at in range(0, len(padded), 64):
        for i, word in enumerate(struct.unpack_from("<8Q", padded, at)):
            lanes[i] = ((lanes[i] << 29 & MASK | lanes[i] >> 35) ^ word) * 0x9e3779b97f4a7c15 & MASK
    total = mix(seed ^ len(data))
    for lane in lanes:
        total = mix(total ^ mix(lane))
    return total


def numbers_version():
    with open(os.path.join(ROOT, "../../include/quill/version.h"), encoding="utf-8") as f:
        return int(re.search(r"QUILL_NUMBERS_VERSION (\d+)", f.read()).group(1))


# As src/model/pass/kv_file.h says; one layer, one head of four values, in f16.
def kv(n, magic=b"\x89qkv\r\n\x1a\n", version=1, numbers=None, kind=0, shape=(1, 1, 4), size=None, n_said=None, name=b"a model", tiles=None, sums=None):
    parts = [min(256, n - at) for at in range(0, n, 256)]
    if tiles is None:
        tiles = [bytes((i * 7 + t) % 251 for i in range(part * 16)) for t, part in enumerate(parts)]
    if sums is None:
        sums = [checksum(tile, t) for t, tile in enumerate(tiles)]
    body = struct.pack("<%di" % n, *range(n)) + struct.pack("<%dQ" % len(sums), *sums)
    head_bytes = -(-(128 + len(body)) // 4096) * 4096
    total = head_bytes + sum(map(len, tiles))
    rest = struct.pack("<IIQIIIIIIQ", version, numbers_version() if numbers is None else numbers, 77, kind, *shape, n if n_said is None else n_said, 0, total if size is None else size)
    rest = (rest + name.ljust(64, b"\0") + body).ljust(head_bytes - 16, b"\0")
    return magic + struct.pack("<Q", checksum(rest, 1)) + rest + b"".join(tiles)


def make_kv():
    f = Folder("kv", ".kv")
    good = kv(32)
    f.y("32", good)
    f.y("256", kv(256))
    f.y("272", kv(272))
    f.y("name-64", kv(16, name=b"x" * 64))
    f.n("empty", b"", "it is damaged")
    f.n("magic-alone", good[:8], "it is damaged")
    f.n("magic", kv(32, magic=b"\x89QKV\r\n\x1a\n"), "it is no file of the cache")
    f.n("version", kv(32, version=2), "it is of another version of quill")
    f.n("numbers", kv(32, numbers=1), "it is of another version of quill")
    f.n("type", kv(32, kind=3), "it is damaged")
    f.n("n-17", kv(17), "it is damaged")
    for name, n in (("0", 0), ("48", 48), ("2-31", 1 << 31), ("2-22", 1 << 22), ("2-32-16", (1 << 32) - 16)):
        f.n("n-said-" + name, kv(32, n_said=n & 0xffffffff), "it is damaged")
    for i, shape in enumerate([(0, 1, 4), (1, 0, 4), (1, 1, 0), (1 << 31, 1, 4), (1, 1 << 11, 4), (1, 1, 1 << 30)]):
        f.n("shape-%d" % i, kv(32, shape=shape), "it is damaged")
    f.n("shape-2-heads", kv(32, shape=(1, 2, 2)), "it has another shape")
    f.n("type-f32", kv(32, kind=1, shape=(1, 1, 2)), "it has another shape")
    f.n("size", kv(32, size=5000), "it is damaged")
    f.n("longer", good + b"\0", "it is damaged")
    f.n("cut", good[:-1], "it is damaged")
    f.n("sum-of-a-tile", kv(32, sums=[1]), "it is damaged")
    f.n("sum-of-the-second-tile", kv(272, sums=[checksum(bytes((i * 7) % 251 for i in range(4096)), 0), 1]), "it is damaged")
    f.n("more-than-fits", kv(1040), "it has another shape")
    f.close()


def make_stores():
    f = Folder("stores", ".txt")
    for i, name in enumerate(["gpt2", "openai-community/gpt2", "a/b:Q4_K_M", "a/b:sub/x-00001-of-00002.gguf", "llama3.2", "llama3.2:1b",
                              "hf.co/a/b:Q8_0", "localhost:5000/me/mine:x", "a/b:mmproj-F16.gguf", "_"]):
        f.y("%02d" % i, name)
    for i, name in enumerate(["", "/", "..", "../x", "/etc/passwd", "a/../b", "a/b/c/d", "a b", "-a", ".a/b", "a//b", "\x1b[2J", b"\xff",
                              b"a\0b", "a" * 300, ":x", "x-00002-of-00001.gguf/"]):
        f.n("%02d" % i, name, "no name of a model")
    f.close()


make_gguf()
make_safetensors()
make_index()
make_config()
make_folder()
make_family()
make_adapter()
make_tokenizer_json()
make_spm()
make_vocab()
make_bpe()
make_model()
make_kv()
make_regex()
make_constraint()
make_options()
make_ollama()
make_stores()
