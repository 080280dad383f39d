# SPDX-License-Identifier: MIT
# PyTorch at its best for one shape: a model of random weights with preallocated keys and values, fused projections,
# its own attention kernels, and the head on the last token alone.
import torch
import torch.nn.functional as F
import worker


class Block:
    """The weights of a block; GPT-2's have biases and layer norms, the others gated MLPs and RMS norms."""

    def __init__(self, s, make):
        q, kv = s["heads"] * s["head_dim"], s["kv_heads"] * s["head_dim"]
        self.gpt2 = s["family"] == "gpt2"
        self.qkv, self.out = make(q + 2 * kv, s["embd"]), make(s["embd"], q)
        self.up, self.down = make(s["ff"] * (1 if self.gpt2 else 2), s["embd"]), make(s["embd"], s["ff"])
        self.norms = [(make(s["embd"]) + 1, make(s["embd"])) for _ in range(2)]
        self.biases = [make(n) if self.gpt2 else None for n in (q + 2 * kv, s["embd"], s["ff"], s["embd"])]
        self.head_norms = [make(s["head_dim"]) + 1 for _ in range(2)] if s["family"] == "qwen3" else None


class Model:
    def __init__(self, options):
        torch.set_num_threads(options.threads)
        torch.set_grad_enabled(False)
        torch.manual_seed(1)
        s = self.shape = dict(worker.SHAPES[options.size])
        s.setdefault("kv_heads", s["heads"])
        s.setdefault("head_dim", s["embd"] // s["heads"])
        s.setdefault("ff", 4 * s["embd"])
        self.type = {"f32": torch.float32, "bf16": torch.bfloat16}[options.type]
        make = lambda *n: torch.randn(*n, dtype=self.type) * 0.02
        self.embedding = make(s["vocab"], s["embd"])
        self.positions = make(s["ctx"], s["embd"]) if s["family"] == "gpt2" else None
        self.blocks = [Block(s, make) for _ in range(s["layers"])]
        self.last_norm = (make(s["embd"]) + 1, make(s["embd"]))
        if s["family"] != "gpt2":
            angles = torch.outer(torch.arange(2048).float(),
                                 s["base"] ** (-torch.arange(0, s["head_dim"], 2).float() / s["head_dim"]))
            self.cos, self.sin = (torch.cat((a, a), -1).to(self.type) for a in (angles.cos(), angles.sin()))
        self.prompts = worker.Prompts(s["vocab"])
        self.cache = None

    def reserve(self, n_seq, n_ctx):
        """[layers][keys, values][n_seq, kv_heads, n_ctx, head_dim]"""
        s = self.shape
        size = (n_seq, s["kv_heads"], n_ctx, s["head_dim"])
        if self.cache is None or self.cache[0][0].shape != size:
            self.cache = [(torch.zeros(size, dtype=self.type), torch.zeros(size, dtype=self.type))
                          for _ in self.blocks]

    def norm(self, x, weights):
        if self.shape["family"] == "gpt2":
            return F.layer_norm(x, x.shape[-1:], *weights, 1e-5)
        return F.rms_norm(x, x.shape[-1:], weights[0], self.shape["eps"])

    def rotate(self, x, begin, n):
        half = x.shape[-1] // 2
        turned = torch.cat((-x[..., half:], x[..., :half]), -1)
        return x * self.cos[begin:begin + n] + turned * self.sin[begin:begin + n]

    def attend(self, block, cache, x, begin):
        s, (n_seq, n) = self.shape, x.shape[:2]
        heads = F.linear(x, block.qkv, block.biases[0]).view(n_seq, n, -1, s["head_dim"]).transpose(1, 2)
        q, k, v = heads.split((s["heads"], s["kv_heads"], s["kv_heads"]), 1)
        if block.head_norms:
            q, k = (F.rms_norm(t, t.shape[-1:], w, s["eps"]) for t, w in ((q, block.head_norms[0]),
                                                                         (k, block.head_norms[1])))
        if s["family"] != "gpt2":
            q, k = self.rotate(q, begin, n), self.rotate(k, begin, n)
        keys, values = cache
        keys[:, :, begin:begin + n], values[:, :, begin:begin + n] = k, v
        y = F.scaled_dot_product_attention(q, keys[:, :, :begin + n], values[:, :, :begin + n],
                                           is_causal=n > 1, enable_gqa=s["kv_heads"] != s["heads"])
        return F.linear(y.transpose(1, 2).reshape(n_seq, n, -1), block.out, block.biases[1])

    def mlp(self, block, x):
        y = F.linear(x, block.up, block.biases[2])
        if block.gpt2:
            y = F.gelu(y, approximate="tanh")
        else:
            gate, up = y.chunk(2, -1)
            y = F.silu(gate) * up
        return F.linear(y, block.down, block.biases[3])

    def forward(self, ids, begin):
        """ids: [n_seq, n], at positions begin on (if begin > 0, n is 1). The next ids, [n_seq, 1]."""
        x = F.embedding(ids, self.embedding)
        if self.positions is not None:
            x = x + self.positions[begin:begin + ids.shape[1]]
        for block, cache in zip(self.blocks, self.cache):
            x = x + self.attend(block, cache, self.norm(x, block.norms[0]), begin)
            x = x + self.mlp(block, self.norm(x, block.norms[1]))
        x = self.norm(x[:, -1:], self.last_norm)
        return F.linear(x, self.embedding).argmax(-1)

    def ids(self, n, n_seq=1):
        return torch.tensor([self.prompts.take(n) for _ in range(n_seq)])

    def steps(self, ids, begin, n):
        for i in range(n):
            ids = self.forward(ids, begin + i)

    def prompt(self, n):
        self.reserve(1, n)
        ids = self.ids(n)
        return n / worker.timed(lambda: self.forward(ids, 0))

    def decode(self, n, depth):
        self.reserve(1, depth + n)
        if depth:
            self.forward(self.ids(depth), 0)
        ids = self.ids(1)
        return n / worker.timed(lambda: self.steps(ids, depth, n))

    def batch(self, n_seq, n):
        self.reserve(n_seq, n)
        ids = self.ids(1, n_seq)
        return n_seq * n / worker.timed(lambda: self.steps(ids, 0, n))

    def once(self):
        self.reserve(1, 8)
        self.forward(self.ids(4), 0)


if __name__ == "__main__":
    worker.main(lambda: torch.__version__, Model)
