"""Families whose code is not part of transformers, written out in torch: InternLM2 and MiniCPM.

Both are Llama with other names, factors and one fused matrix.
"""
import types

import torch
from torch import nn
from torch.nn import functional

from .gpt_kin import END
from .llama_kin import NAMES, base_config, half_split_keys, llama_keys, permute
from .neox_kin import ungroup
from .weights import Gguf, Model

SOURCE = "a forward pass in torch, float32 (scripts/reference/families/remote.py)"


class Norm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        return self.weight * x / (x.square().mean(-1, keepdim=True) + self.eps).sqrt()


def linear(columns, rows):
    return nn.Linear(columns, rows, bias=False)


def turned(x, base):
    """x [heads, T, D] with the pairs (i, i + D/2) turned by position / base^(2i/D)."""
    n, dim = x.shape[-2:]
    angle = torch.outer(torch.arange(n).double(), base ** (-torch.arange(0, dim, 2).double() / dim))
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second = x.chunk(2, -1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1)


def attend(q, k, v, config):
    """q, k, v: [T, heads, D]; the mixed values [T, H*D]. A head of k and v serves its share of q's."""
    q, k = turned(q.transpose(0, 1), config["rope_theta"]), turned(k.transpose(0, 1), config["rope_theta"])
    share = q.shape[0] // k.shape[0]
    k, v = k.repeat_interleave(share, 0), v.transpose(0, 1).repeat_interleave(share, 0)
    score = q @ k.transpose(1, 2) / q.shape[-1] ** 0.5
    future = torch.ones(score.shape[-2:], dtype=torch.bool).triu(1)
    mixed = score.masked_fill(future, -torch.inf).softmax(-1) @ v
    return mixed.transpose(0, 1).flatten(1)


class InternAttention(nn.Module):
    """One matrix holds for each head of k and v: its heads of q, its k, its v."""

    def __init__(self, config):
        super().__init__()
        self.config, self.groups = config, config["num_key_value_heads"]
        self.dim = config["hidden_size"] // config["num_attention_heads"]
        width = config["hidden_size"]
        self.wqkv = linear(width, width + 2 * self.groups * self.dim)
        self.wo = linear(width, width)

    def forward(self, x):
        rows = self.wqkv(x).view(len(x), self.groups, -1, self.dim)
        q = rows[:, :, :-2].flatten(1, 2)
        return self.wo(attend(q, rows[:, :, -2], rows[:, :, -1], self.config))


class InternMlp(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, inner = config["hidden_size"], config["intermediate_size"]
        self.w1, self.w3, self.w2 = linear(width, inner), linear(width, inner), linear(inner, width)

    def forward(self, x):
        return self.w2(functional.silu(self.w1(x)) * self.w3(x))


class InternLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention_norm, self.attention = Norm(config["hidden_size"], config["rms_norm_eps"]), InternAttention(config)
        self.ffn_norm, self.feed_forward = Norm(config["hidden_size"], config["rms_norm_eps"]), InternMlp(config)

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.feed_forward(self.ffn_norm(x))


class InternLm2(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.model = nn.Module()
        self.model.tok_embeddings = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.model.layers = nn.ModuleList(InternLayer(config) for _ in range(config["num_hidden_layers"]))
        self.model.norm = Norm(config["hidden_size"], config["rms_norm_eps"])
        self.output = linear(config["hidden_size"], config["vocab_size"])

    def forward(self, ids):
        x = self.model.tok_embeddings(ids[0])
        for layer in self.model.layers:
            x = layer(x)
        return types.SimpleNamespace(logits=self.output(self.model.norm(x))[None])


class CpmAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        width, heads, groups = (config[name] for name in ("hidden_size", "num_attention_heads", "num_key_value_heads"))
        self.dim = width // heads
        self.q_proj, self.o_proj = linear(width, width), linear(width, width)
        self.k_proj, self.v_proj = linear(width, groups * self.dim), linear(width, groups * self.dim)

    def forward(self, x):
        q, k, v = (part(x).view(len(x), -1, self.dim) for part in (self.q_proj, self.k_proj, self.v_proj))
        return self.o_proj(attend(q, k, v, self.config))


class CpmMlp(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, inner = config["hidden_size"], config["intermediate_size"]
        self.gate_proj, self.up_proj, self.down_proj = linear(width, inner), linear(width, inner), linear(inner, width)

    def forward(self, x):
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class CpmLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.input_layernorm, self.self_attn = Norm(config["hidden_size"], config["rms_norm_eps"]), CpmAttention(config)
        self.post_attention_layernorm, self.mlp = Norm(config["hidden_size"], config["rms_norm_eps"]), CpmMlp(config)
        self.share = config["scale_depth"] / config["num_hidden_layers"] ** 0.5

    def forward(self, x):
        x = x + self.share * self.self_attn(self.input_layernorm(x))
        return x + self.share * self.mlp(self.post_attention_layernorm(x))


class MiniCpm(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.model.layers = nn.ModuleList(CpmLayer(config) for _ in range(config["num_hidden_layers"]))
        self.model.norm = Norm(config["hidden_size"], config["rms_norm_eps"])

    def forward(self, ids):
        x = self.config["scale_emb"] * self.model.embed_tokens(ids[0])
        for layer in self.model.layers:
            x = layer(x)
        x = self.model.norm(x) / (self.config["hidden_size"] / self.config["dim_model_base"])
        return types.SimpleNamespace(logits=(x @ self.model.embed_tokens.weight.T)[None])


# ---- GGUF ----

INTERN_NAMES = {
    "model.tok_embeddings": "token_embd", "model.norm": "output_norm", "output": "output",
    "model.layers.{}.attention_norm": "attn_norm", "model.layers.{}.attention.wo": "attn_output", "model.layers.{}.ffn_norm": "ffn_norm",
    "model.layers.{}.feed_forward.w1": "ffn_gate", "model.layers.{}.feed_forward.w3": "ffn_up",
    "model.layers.{}.feed_forward.w2": "ffn_down"}


def intern_tensors(tensors, config):
    """q, k and v apart, rows of q and k in the order of interleaved pairs."""
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    width = config["hidden_size"]
    dim = width // heads
    for layer in range(config["num_hidden_layers"]):
        rows = ungroup(tensors.pop(f"model.layers.{layer}.attention.wqkv.weight"), heads, groups)
        q, k, v = rows.split((width, groups * dim, groups * dim))
        for name, value in (("q", permute(q, heads)), ("k", permute(k, groups)), ("v", v)):
            tensors[f"blk.{layer}.attn_{name}.weight"] = value.contiguous()
    return tensors


def cpm_keys(writer, config):
    half_split_keys(writer, config)
    writer.add_embedding_scale(float(config["scale_emb"]))
    writer.add_residual_scale(config["scale_depth"] / config["num_hidden_layers"] ** 0.5)
    writer.add_logit_scale(config["hidden_size"] / config["dim_model_base"])


def cpm_tensors(tensors, config):
    for name in tensors:
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            heads = config["num_attention_heads" if "q_proj" in name else "num_key_value_heads"]
            tensors[name] = permute(tensors[name], heads)
    return tensors


MODELS = (
    Model("internlm2", base_config("InternLM2ForCausalLM", "internlm2", bias=False, pad_token_id=2, rope_theta=1000000.0,
                                   rope_scaling={"factor": 2.0, "type": "dynamic"}),
          Gguf("internlm2", INTERN_NAMES, half_split_keys, tensors=intern_tensors), source=SOURCE, network=InternLm2),
    Model("minicpm", base_config("MiniCPMForCausalLM", "minicpm", scale_emb=3, scale_depth=1.4, dim_model_base=8,
                                 num_key_value_heads=4, torch_dtype="bfloat16", tie_word_embeddings=True),
          Gguf("minicpm", NAMES, cpm_keys, tensors=cpm_tensors), dtype="bfloat16", source=SOURCE, network=MiniCpm),
)
