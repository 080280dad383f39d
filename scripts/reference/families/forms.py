"""Other forms of the files of models in the other tables."""
import dataclasses

from . import gemma_kin, llama_kin, neox_kin, norm_kin
from .weights import Gguf


def rows(kin):
    return {model.name: model for model in kin.MODELS}


def resaved(model):
    """config.json as transformers 5 saves it: with rope_parameters, layer_types, and every default spelt out."""
    return dataclasses.replace(model, name=model.name + "-resaved", gguf=None, resaved=True)


def fused(model, names):
    """A GGUF file with q, k and v in one tensor, as the converter's --fuse-qkv makes it."""
    def tensors(tensors, config):
        import torch
        tensors = model.gguf.tensors(tensors, config) if model.gguf.tensors else tensors
        for name in [name for name in tensors if ".self_attn.q_proj." in name]:
            parts = [tensors.pop(name.replace("q_proj", part)) for part in ("q_proj", "k_proj", "v_proj")]
            tensors[name.replace("q_proj", "qkv_proj")] = torch.cat(parts)
        return tensors
    gguf = Gguf(model.gguf.arch, names, model.gguf.keys, tensors=tensors)
    return dataclasses.replace(model, name=model.name + "-fused", gguf=gguf)


LLAMA, NEOX, NORM, GEMMA = (rows(kin) for kin in (llama_kin, neox_kin, norm_kin, gemma_kin))

MODELS = (
    fused(LLAMA["llama-bias"], norm_kin.FUSED_NAMES),
    fused(LLAMA["qwen2"], norm_kin.FUSED_NAMES),
    # The files of a class without a head: no prefix.
    dataclasses.replace(LLAMA["qwen2"], name="qwen2-unprefixed", gguf=None, rename=lambda name: name.removeprefix("model.")),
    *(resaved(model) for model in (
        LLAMA["llama-3"], LLAMA["qwen2-window"], NEOX["gpt-neox"], NORM["stablelm"], NORM["phi3-longrope"], NORM["olmo3"],
        NORM["glm4"], NORM["mistral3"], GEMMA["gemma3"])),
)
