"""Write a checkpoint as a Hugging Face GPT-2 directory: config.json, model.safetensors, vocab.json, merges.txt."""
import json
import pathlib
import shutil


def add_export_arguments(parser):
    parser.add_argument("checkpoint", type=pathlib.Path, help="state.pt or decayed.pt")
    parser.add_argument("tokenizer", type=pathlib.Path, help="folder of vocab.json and merges.txt")
    parser.add_argument("out", type=pathlib.Path, help="the new folder")
    parser.add_argument("--type", choices=("float32", "bfloat16"), default="float32",
                        help="of the weights (default: float32)")


def run_export(args):
    import torch
    from safetensors.torch import save_file
    from . import model
    state = torch.load(args.checkpoint, map_location="cpu")
    config = model.Config(**state["config"])
    args.out.mkdir(parents=True, exist_ok=True)
    dtype = getattr(torch, args.type)
    tensors = {name: tensor.to(dtype).contiguous() for name, tensor in hugging_face(state["model"], config).items()}
    save_file(tensors, args.out / "model.safetensors", metadata={"format": "pt"})
    write_configs(args.out, config, args.type)
    for name in ("vocab.json", "merges.txt"):
        shutil.copyfile(args.tokenizer / name, args.out / name)
    print(f"{args.out}: {sum(t.numel() for t in tensors.values())} parameters, {state['progress']['step']} steps, "
          f"{state['progress']['tokens']} tokens")
    return 0


def hugging_face(weights, config):
    """The tensors under GPT-2's names; its linear layers hold [in, out]."""
    tensors = {"transformer.wte.weight": weights["wte"], "transformer.wpe.weight": weights["wpe"],
               "transformer.ln_f.weight": weights["ln_f.weight"], "transformer.ln_f.bias": weights["ln_f.bias"]}
    names = {"ln_1": "ln_1", "attn_in": "attn.c_attn", "attn_out": "attn.c_proj", "ln_2": "ln_2", "mlp_in": "mlp.c_fc",
             "mlp_out": "mlp.c_proj"}
    for layer in range(config.n_layer):
        for ours, theirs in names.items():
            weight = weights[f"blocks.{layer}.{ours}.weight"]
            tensors[f"transformer.h.{layer}.{theirs}.weight"] = weight.T if weight.ndim == 2 else weight
            tensors[f"transformer.h.{layer}.{theirs}.bias"] = weights[f"blocks.{layer}.{ours}.bias"]
    return tensors


def write_configs(directory, config, dtype):
    end = config.n_vocab - 1
    ends = {"bos_token_id": end, "eos_token_id": end}
    documents = {
        "config.json": {
            "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "activation_function": "gelu_new",
            "n_embd": config.n_embd, "n_layer": config.n_layer, "n_head": config.n_head,
            "n_positions": config.n_context, "n_ctx": config.n_context, "n_inner": None, "vocab_size": config.n_vocab,
            **ends, "layer_norm_epsilon": 1e-05, "tie_word_embeddings": True, "attn_pdrop": 0.0, "embd_pdrop": 0.0,
            "resid_pdrop": 0.0, "torch_dtype": dtype},
        "generation_config.json": {**ends, "do_sample": True, "temperature": 0.8, "top_k": 40},
        "tokenizer_config.json": {
            "tokenizer_class": "GPT2Tokenizer", "model_max_length": config.n_context, "bos_token": "<|endoftext|>",
            "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "add_prefix_space": False}}
    for name, document in documents.items():
        (directory / name).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
