"""GPT-2 as quill and transformers run it: learned positions, LayerNorm before each block, tanh GELU, tied embeddings.

Weights are kept in float32 and cast to the type of computation where they are used. They lie as torch.nn.Linear
holds them, [out, in]; export.py turns them to [in, out] for the layout of Hugging Face.
"""
import dataclasses
import math
import os

import torch
from torch import nn
from torch.nn import functional as F


@dataclasses.dataclass
class Config:
    n_vocab: int = 8192
    n_context: int = 512
    n_embd: int = 384
    n_layer: int = 8
    n_head: int = 6


class Linear(nn.Linear):
    """A linear layer whose float32 weights follow the type of its input."""

    def forward(self, x):
        return F.linear(x, self.weight.to(x.dtype), self.bias.to(x.dtype))


class LayerNorm(nn.LayerNorm):
    """Normalizes the float32 residual stream and hands it on in the type of computation."""

    def forward(self, x, dtype):
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps).to(dtype)


@torch.compile(dynamic=False, disable="TORCH_COMPILE_DISABLE" in os.environ)
def attention_gradient(scores, d_weights, hidden, norm, delta, scale):
    """The attention weights again, and the gradient of the scores, [rows x heads, queries, keys]."""
    weights = torch.exp(scores.float() * scale + hidden - norm)
    d_scores = weights * (d_weights.float() - delta) * scale
    return weights.to(scores.dtype), d_scores.to(scores.dtype)


class ProcessorAttention(torch.autograd.Function):
    """Causal attention of [rows, heads, length, n] whose backward pass is made of plain matrix products.

    On processors with bfloat16 matrix units this is faster than PyTorch's own backward pass, which does not use
    them. The formulas are those of FlashAttention-2 (Dao 2023), `CHUNK` queries at a time.
    """
    CHUNK = 256

    @staticmethod
    def forward(ctx, q, k, v):
        out, norm = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0.0, True)
        ctx.save_for_backward(q, k, v, out, norm)
        return out

    @staticmethod
    def backward(ctx, d_out):
        shape, scale = ctx.saved_tensors[0].shape, ctx.saved_tensors[0].shape[3] ** -0.5
        # [rows x heads, length, n]; flat, so that the passes over the scores fuse into one.
        q, k, v, out, d_out = (tensor.reshape(-1, *shape[2:]) for tensor in (*ctx.saved_tensors[:4], d_out))
        norm = ctx.saved_tensors[4].view(shape[:3]).reshape(-1, shape[2], 1).contiguous()
        delta = (d_out.float() * out.float()).sum(-1, keepdim=True)
        hidden = torch.full((shape[2], shape[2]), float("-inf")).triu(1)
        d_q, d_k, d_v = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        for begin in range(0, shape[2], ProcessorAttention.CHUNK):
            end = min(begin + ProcessorAttention.CHUNK, shape[2])
            keys, d_rows = k[:, :end], d_out[:, begin:end]
            weights, d_scores = attention_gradient(
                q[:, begin:end] @ keys.transpose(1, 2), d_rows @ v[:, :end].transpose(1, 2), hidden[begin:end, :end],
                norm[:, begin:end], delta[:, begin:end], scale)
            d_q[:, begin:end] = d_scores @ keys
            d_k[:, :end] += d_scores.transpose(1, 2) @ q[:, begin:end]
            d_v[:, :end] += weights.transpose(1, 2) @ d_rows
        return d_q.view(shape), d_k.view(shape), d_v.view(shape)


def attention(q, k, v):
    if q.is_cuda or not torch.is_grad_enabled():
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return ProcessorAttention.apply(q, k, v)


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        n = config.n_embd
        self.n_head = config.n_head
        self.dropout = 0.0
        self.ln_1 = LayerNorm(n)
        self.attn_in = Linear(n, 3 * n)
        self.attn_out = Linear(n, n)
        self.ln_2 = LayerNorm(n)
        self.mlp_in = Linear(n, 4 * n)
        self.mlp_out = Linear(4 * n, n)

    def forward(self, x, dtype):
        rows, length, n = x.shape
        # [rows, length, 3 n] -> three of [rows, heads, length, n / heads]
        parts = self.attn_in(self.ln_1(x, dtype)).view(rows, length, 3, self.n_head, n // self.n_head)
        q, k, v = parts.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = attention(q, k, v).transpose(1, 2).reshape(rows, length, n)
        mixed = self.attn_out(mixed)
        x = x + F.dropout(mixed, self.dropout, self.training)
        hidden = F.gelu(self.mlp_in(self.ln_2(x, dtype)), approximate="tanh")
        return x + F.dropout(self.mlp_out(hidden), self.dropout, self.training)


class GPT2(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.wte = nn.Parameter(torch.empty(config.n_vocab, config.n_embd))
        self.wpe = nn.Parameter(torch.empty(config.n_context, config.n_embd))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.ln_f = LayerNorm(config.n_embd)

    def initialize(self, seed):
        """GPT-2's normal initialization; what is added to the residual stream is scaled down by the depth."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            self.wte.normal_(0, 0.02, generator=generator)
            self.wpe.normal_(0, 0.01, generator=generator)
            for name, parameter in self.blocks.named_parameters():
                if parameter.ndim == 2:
                    width = 1 / math.sqrt(parameter.shape[1]) * 0.5
                    if "_out" in name:
                        width /= math.sqrt(2 * self.config.n_layer)
                    parameter.normal_(0, width, generator=generator)
                elif name.endswith("bias"):
                    parameter.zero_()

    def set_dropout(self, dropout):
        for block in self.blocks:
            block.dropout = dropout

    def forward(self, ids, dtype=torch.float32):
        """The logits [rows, length, n_vocab] of ids [rows, length], in the type of computation."""
        x = F.embedding(ids, self.wte) + self.wpe[:ids.shape[1]]
        for block in self.blocks:
            x = block(x, dtype)
        return F.linear(self.ln_f(x, dtype), self.wte.to(dtype))

    def loss(self, ids, targets, dtype=torch.float32):
        """Mean negative log-likelihood of the targets in nats."""
        logits = self.forward(ids, dtype)
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())
