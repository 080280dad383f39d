"""Vectors of texts, by transformers and sentence-transformers.

embeddings/NAME.tsv: for tiny models of families/, the last_hidden_state of transformers, pooled by hand in torch. Columns:

    pooling skip normalize ids vector           skip: so many states at the front are left out of the mean

embeddings/qwen3/: what a published embedding model of this kind has beside its weights, to be laid over families/qwen3,
and vectors.tsv, what sentence-transformers computes with both. Columns:

    prompt text vector                          prompt: the name of one of config_sentence_transformers.json, or empty
"""
import json
import pathlib
import shutil
import tempfile

MODELS = ("qwen3", "llama", "gemma3")
TEXTS = ("a", "the man who sold the tickets", "Bread, he said.", "0 1 2 3 4 5 6 7 8 9 and so on, and so on")
PROMPT = "Instruct: find\nQuery:"


def add_arguments(parser):
    pass


def run(args):
    folder = args.data / "embeddings"
    folder.mkdir(exist_ok=True)
    for name in MODELS:
        write(folder / f"{name}.tsv", rows(args.data / "families" / name))
    overlay(folder / "qwen3", args.data / "families" / "qwen3")
    write(folder / "qwen3" / "vectors.tsv", chain(folder / "qwen3", args.data / "families" / "qwen3"))


def write(path, table):
    path.write_text("".join("\t".join(str(c) for c in row) + "\n" for row in table))


def shown(vector):
    return ",".join(f"{v:.8g}" for v in vector.tolist())


def rows(directory):
    import tokenizers
    import torch
    import transformers
    model = transformers.AutoModel.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager").eval()
    bpe = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
    for index, text in enumerate(TEXTS):
        ids = bpe.encode(text, add_special_tokens=False).ids
        with torch.no_grad():
            states = model(torch.tensor([ids])).last_hidden_state[0].double()
        skips = (0,) if len(ids) < 4 else (0, 3)
        pooled = [("mean", skip, states[skip:].mean(0)) for skip in skips] + [("cls", 0, states[0]), ("last", 0, states[-1])]
        for pooling, skip, vector in pooled:
            normal = torch.nn.functional.normalize(vector, dim=0)
            yield pooling, skip, 0, ",".join(map(str, ids)), shown(vector)
            if index == 1:
                yield pooling, skip, 1, ",".join(map(str, ids)), shown(normal)


def overlay(folder, model):
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    put(folder / "modules.json", [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate((("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")))])
    put(folder / "1_Pooling" / "config.json", {
        "word_embedding_dimension": 20, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": False,
        "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False,
        "pooling_mode_weightedmean_tokens": False, "pooling_mode_lasttoken": True, "include_prompt": True})
    put(folder / "config_sentence_transformers.json", {
        "prompts": {"query": PROMPT, "document": ""}, "default_prompt_name": None, "similarity_fn_name": "cosine"})
    put(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<|endoftext|>",
                                           "eos_token": "<|endoftext|>"})
    tokenizer = json.loads((model / "tokenizer.json").read_text())
    end = "<|endoftext|>"
    tokenizer["post_processor"] = {"type": "Sequence", "processors": [
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        {"type": "TemplateProcessing",
         "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": end, "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": end, "type_id": 0}},
                  {"Sequence": {"id": "B", "type_id": 0}}, {"SpecialToken": {"id": end, "type_id": 0}}],
         "special_tokens": {end: {"id": end, "ids": [268], "tokens": [end]}}}]}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")) + "\n")


def put(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def chain(folder, model):
    import sentence_transformers
    with tempfile.TemporaryDirectory() as temp:
        both = pathlib.Path(temp) / "both"
        shutil.copytree(model, both)
        shutil.copytree(folder, both, dirs_exist_ok=True)
        encoder = sentence_transformers.SentenceTransformer(
            str(both), device="cpu",
            model_kwargs={"attn_implementation": "eager", "dtype": "float32"})
        for prompt in ("", "query"):
            for text in TEXTS:
                vector = encoder.encode([text], prompt_name=prompt or None, convert_to_tensor=True)[0]
                yield prompt, text, shown(vector)
