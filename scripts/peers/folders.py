# SPDX-License-Identifier: MIT
# Folders of models with random weights as transformers writes them, for the programs that convert such a folder.
import os

import worker


def config(shape):
    import transformers
    if shape["family"] == "gpt2":
        return transformers.GPT2Config(n_layer=shape["layers"], n_embd=shape["embd"], n_head=shape["heads"],
                                       n_positions=shape["ctx"], vocab_size=shape["vocab"])
    kind = {"llama": transformers.LlamaConfig, "qwen3": transformers.Qwen3Config}[shape["family"]]
    return kind(num_hidden_layers=shape["layers"], hidden_size=shape["embd"], num_attention_heads=shape["heads"],
                num_key_value_heads=shape["kv_heads"], head_dim=shape["head_dim"], intermediate_size=shape["ff"],
                max_position_embeddings=shape["ctx"], vocab_size=shape["vocab"], rms_norm_eps=shape["eps"],
                rope_theta=shape["base"], rope_parameters={"rope_type": "default", "rope_theta": shape["base"]},
                tie_word_embeddings=True, bos_token_id=0, eos_token_id=0)


def words(n):
    """A vocabulary of n made-up words, so that a text is as many words as it has ids."""
    import tokenizers
    import transformers
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel({f"w{i}": i for i in range(n)}, unk_token="w0"))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="w0", bos_token="w0", eos_token="w0",
                                                pad_token="w0")


def make(size, models):
    """The folder's path; it is made where it is missing."""
    import torch
    import transformers
    path = os.path.join(models, f"{size}-hf")
    if not os.path.exists(os.path.join(path, "tokenizer.json")):
        torch.manual_seed(1)
        shape = worker.SHAPES[size]
        transformers.AutoModelForCausalLM.from_config(config(shape), dtype=torch.float32).save_pretrained(path)
        words(shape["vocab"]).save_pretrained(path)
    return path
