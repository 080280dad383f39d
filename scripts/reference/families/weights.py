"""Random weights for a model of transformers, its files, and what it computes."""
import dataclasses
import inspect
import itertools
import json
import tempfile

from .. import texts

END = "<|endoftext|>"
N_TOKENS = 269  # of the shared tokenizer: 256 bytes, merges, END


@dataclasses.dataclass(frozen=True)
class Gguf:
    """How a family stands in GGUF files."""
    arch: str
    names: dict           # names of modules (the layer's number as {}) and those in GGUF
    keys: callable        # of (writer, configuration of the text model)
    numbers: callable = None  # of (writer, tensors, configuration): keys made from tensors
    tensors: callable = None  # of (dictionary of tensors, configuration): splits, fuses or adds what GGUF has otherwise


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    config: dict          # config.json, as transformers reads it
    gguf: Gguf = None     # None: no such file
    dtype: str = "float16"
    gain: float = 2.4     # how much larger a matrix makes what it multiplies
    embed: float = 0.4    # standard deviation of the embedding
    norm: float = 1.0     # mean of the norms' weights
    attention: str = "eager"
    source: str = "Hugging Face transformers, float32, eager attention"
    scales: tuple = ()    # (end of a parameter's name, standard deviation): exceptions
    means: tuple = ()     # (end of a parameter's name, mean): exceptions
    ignored: callable = None  # constant tensors that files have besides
    rename: callable = None  # the name of a tensor in the file
    kind: str = None         # the class in transformers, where config.json does not name it
    published: dict = None   # config.json as old files have it, which transformers does not read
    resaved: bool = False    # config.json as transformers saves it again
    network: callable = None # a class in place of transformers', made from the configuration


@dataclasses.dataclass
class Found:
    logits: object        # [prompt and continuation but its last token][n_vocab]
    log_probs: list       # of every token but the first
    greedy: list
    gap: float
    error: float          # float32 against float64


def write_tokenizer(directory):
    """A small byte-level vocabulary, trained on the story; returns the function that encodes."""
    import tokenizers
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE())
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = tokenizers.decoders.ByteLevel()
    bpe.train_from_iterator([texts.STORY], tokenizers.trainers.BpeTrainer(
        vocab_size=N_TOKENS - 1, initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    bpe.add_special_tokens([END])
    bpe.save(str(directory / "tokenizer.json"), pretty=False)
    return lambda text: bpe.encode(text).ids


def write(model, directory, ids, n_greedy, clear_gap, same):
    """The files of the first good seed, and what the model computes."""
    import torch
    torch.set_grad_enabled(False)
    (directory / "config.json").write_text(json.dumps(model.config, indent=1) + "\n")
    for seed in itertools.count(1):
        write_weights(model, directory, seed)
        found = compute(load(model, directory), ids, n_greedy)
        largest = float(abs(found.logits).max())
        if found.gap > clear_gap * largest and max(found.greedy) < N_TOKENS - 1 and found.error < same:
            return seed, found
        if seed >= 40:
            raise SystemExit(f"{model.name}: no good seed; gap {found.gap}, float64 {found.error:.1e} of {largest}")


def write_weights(model, directory, seed):
    import safetensors.torch
    import torch
    network = create(model, directory)
    fill(model, network, seed)
    network.to(getattr(torch, model.dtype))
    if model.network:
        tensors = dict(network.state_dict())
    else:
        with tempfile.TemporaryDirectory() as folder:
            network.save_pretrained(folder)
            tensors = safetensors.torch.load_file(folder + "/model.safetensors")
    if model.rename:
        tensors = {model.rename(name): value for name, value in tensors.items()}
    if model.ignored:
        tensors |= model.ignored()
    safetensors.torch.save_file({name: value.contiguous() for name, value in tensors.items()},
                                str(directory / "model.safetensors"), {"format": "pt"})


def network_class(model):
    import warnings
    import transformers
    warnings.simplefilter("ignore", FutureWarning)
    transformers.logging.disable_progress_bar()
    transformers.logging.set_verbosity_error()
    return getattr(transformers, model.kind or model.config["architectures"][0])


def create(model, directory):
    if model.network:
        return model.network(model.config)
    import transformers
    config = transformers.AutoConfig.from_pretrained(str(directory))
    kind = network_class(model)
    return kind(config) if hasattr(kind, "config_class") else kind.from_config(config)


def load(model, directory):
    """The model of the directory in float32 with the plain attention."""
    import safetensors.torch
    import torch
    torch.set_grad_enabled(False)
    if model.network:
        network = model.network(model.config)
        network.load_state_dict(safetensors.torch.load_file(str(directory / "model.safetensors")))
        return network.eval()
    network, info = network_class(model).from_pretrained(str(directory), dtype=torch.float32, attn_implementation=model.attention,
                                                         output_loading_info=True)
    missing = info["missing_keys"] or info["mismatched_keys"]
    if missing:
        raise SystemExit(f"{model.name}: {missing}")
    return network.eval()


def fill(model, network, seed):
    """Norms around model.norm, biases around 0, matrices of model.gain."""
    import numpy as np
    import torch
    rng = np.random.default_rng(seed)
    for name, parameter in sorted(network.named_parameters()):
        stem, _, kind = name.rpartition(".")
        mean, scale = 0.0, 0.2
        columns = parameter.shape[-1]
        if type(network.get_submodule(stem)).__name__ == "Conv1D":
            columns = parameter.shape[0]
        exception = [value for end, value in model.scales if name.endswith(end)]
        if exception:
            scale = exception[0]
        elif kind == "bias":
            pass
        elif parameter.dim() == 1 or "norm" in stem.rsplit(".", 1)[-1] or "norm" in stem.rsplit(".", 2)[-2:-1]:
            mean, scale = model.norm, 0.3
        elif any(word in stem for word in ("embed", "wte", "wpe", "lm_head", "output")) and "layers" not in stem:
            scale = model.embed
        else:
            scale = model.gain / columns ** 0.5
        mean = next((value for end, value in model.means if name.endswith(end)), mean)
        values = mean + scale * rng.standard_normal(tuple(parameter.shape))
        parameter.copy_(torch.from_numpy(values.astype(np.float32)))


def compute(network, ids, n_greedy):
    """The greedy continuation step by step, and all logits in one pass of float32, which float64 checks."""
    import torch
    arguments = inspect.signature(network.forward).parameters
    out, gaps, steps, cache, step = [], [], [], None, list(ids)
    for _ in range(n_greedy):
        if "past_key_values" in arguments:
            result = network(torch.tensor([step]), past_key_values=cache, use_cache=True)
            cache = result.past_key_values
        else:
            result = network(torch.tensor([list(ids) + out]))
        steps.append(result.logits[0, -1])
        best = torch.topk(steps[-1], 2)
        gaps.append(float(best.values[0] - best.values[1]))
        step = [int(best.indices[0])]
        out += step
    text = torch.tensor([list(ids) + out])
    logits = network(text[:, :-1]).logits[0]
    largest = abs(logits).max()
    stepped = abs(logits[len(ids) - 1:] - torch.stack(steps)).max() / largest
    if stepped > 1e-5:
        raise SystemExit(f"step by step the numbers are others: {stepped:.1e}")
    torch.set_default_dtype(torch.float64)
    exact = network.double()(text[:, :-1]).logits[0]
    torch.set_default_dtype(torch.float32)
    log_probs = exact.log_softmax(-1).gather(1, text[0, 1:, None])[:, 0].tolist()
    return Found(logits.float().numpy(), log_probs, out, min(gaps), float(abs(logits - exact).max() / largest))
