"""Random blocks of every quantized weight type, and their values as the gguf package decodes them.

tests/data/blocks/TYPE.bin holds BLOCKS blocks as they lie in a file, then their values as f32.
"""

BLOCKS = 3
TYPES = ("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL", "MXFP4", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS")
# Where the f16 scales lie; the rest of a block may be any bytes.
HALVES = {"Q4_1": (0, 2), "Q5_1": (0, 2), "Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2),
          "Q6_K": (208,), "MXFP4": ()}


def add_arguments(parser):
    parser.add_argument("--seed", type=int, default=1)


def run(args):
    import gguf
    import numpy as np
    rng = np.random.default_rng(args.seed)
    folder = args.data / "blocks"
    folder.mkdir(parents=True, exist_ok=True)
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        _, size = gguf.GGML_QUANT_SIZES[kind]
        blocks = rng.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
        for at in HALVES.get(name, (0,)):
            blocks[:, at:at + 2] = rng.normal(0, 0.1, (BLOCKS, 1)).astype(np.float16).view(np.uint8)
        if name == "MXFP4":
            blocks[:, 0] = (0, 1, 120)  # the first two: 2^-128 and 2^-127, subnormal in f32
        values = gguf.quants.dequantize(blocks, kind).astype(np.float32)
        (folder / f"{name}.bin").write_bytes(blocks.tobytes() + values.tobytes())
