# SPDX-License-Identifier: MIT
#
# split_gguf.py FILE STEM
#
# Splits a GGUF file in two by its tensors, as llama.cpp's gguf-split does: STEM-00001-of-00002.gguf and
# STEM-00002-of-00002.gguf.
import struct
import sys

data = open(sys.argv[1], "rb").read()
at = 8
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # of values, by type
ALIGNMENT = 32


def take(form):
    global at
    values = struct.unpack_from(form, data, at)
    at += struct.calcsize(form)
    return values


def text():
    global at
    n = take("<Q")[0]
    at += n


def value(kind):
    global at
    if kind == 8:
        text()
    elif kind == 9:
        inner, n = take("<IQ")
        for _ in range(n):
            value(inner)
    else:
        at += SIZES[kind]


def key(name, kind, form, v):
    return struct.pack("<Q", len(name)) + name + struct.pack("<I" + form, kind, v)


n_tensors, n_keys = take("<QQ")
begin = at
for _ in range(n_keys):
    text()
    value(take("<I")[0])
keys = data[begin:at]
tensors = []  # (what precedes the offset, the offset)
for _ in range(n_tensors):
    begin = at
    text()
    take("<%dQ" % take("<I")[0])
    take("<I")
    tensors.append((data[begin:at], take("<Q")[0]))
at += -at % ALIGNMENT
ends = sorted(offset for _, offset in tensors) + [len(data) - at]
for number, part in enumerate((tensors[: n_tensors // 2], tensors[n_tensors // 2 :])):
    first, head, body = number == 0, b"", b""
    for record, offset in part:
        head += record + struct.pack("<Q", len(body))
        body += data[at + offset : at + ends[ends.index(offset) + 1]]
    out = b"GGUF" + struct.pack("<IQQ", 3, len(part), 3 + n_keys * first) + keys * first
    out += key(b"split.no", 2, "H", number) + key(b"split.count", 2, "H", 2)
    out += key(b"split.tensors.count", 5, "i", n_tensors) + head
    out += b"\0" * (-len(out) % ALIGNMENT) + body
    open("%s-%05d-of-00002.gguf" % (sys.argv[2], number + 1), "wb").write(out)
