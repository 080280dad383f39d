"""What searches must find with a tiny model: guidance, beams and contrastive search.

Each line of search/NAME.tsv is a case: its kind, its arguments, and what was found. Ids are divided by commas.

    cfg prompt negative scale ids logprobs     transformers, guidance_scale and negative_prompt_ids ('-': none), greedy;
                                               logprobs are those of the prompt's own distribution
"""
from . import gpt2, texts

MODELS = ("long32", "narrow20", "untied24")
CFG_TOKENS = 20
CLEAR_GAP = 0.003  # between the two best scores of a step, or the case is left out


def add_arguments(parser):
    parser.add_argument("--only", metavar="NAME", help="this model alone: " + ", ".join(MODELS))


def run(args):
    folder = args.data / "search"
    folder.mkdir(exist_ok=True)
    for name in MODELS:
        if args.only in (None, name):
            lines = ["\t".join(map(form, row)) for row in rows(args.data / "parity" / name)]
            (folder / f"{name}.tsv").write_text("".join(line + "\n" for line in lines))
            print(f"{name}: {len(lines)} cases")


def form(value):
    if isinstance(value, (list, tuple)):
        return ",".join(map(form, value)) or "-"
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def rows(directory):
    from . import tales
    model, bpe = gpt2.load(directory), tales.load_tokenizer(directory)
    prompts = [bpe.encode(texts.STORY[a:b]).ids for a, b in ((0, 12), (60, 75), (100, 107), (201, 215), (33, 35))]
    yield from guided(model, prompts)


# ---- guidance -------------------------------------------------------------------------------------------------------

def guided(model, prompts):
    for number, prompt in enumerate(prompts):
        for negative in ([], prompts[number - 1], prompts[number - 2][:3]):
            for scale in (1.5, 3.0, 0.0, -1.0):
                ids, logprobs, gap = guided_by_hand(model, prompt, negative, scale)
                if gap < CLEAR_GAP:
                    continue
                assert ids == guided_by_transformers(model, prompt, negative, scale), (prompt, negative, scale)
                yield "cfg", prompt, negative, scale, ids, logprobs


def guided_by_transformers(model, prompt, negative, scale):
    import torch
    out = model.generate(torch.tensor([prompt]), guidance_scale=scale, negative_prompt_ids=torch.tensor([negative]) if negative else None,
                         max_new_tokens=CFG_TOKENS, do_sample=False)
    return out[0, len(prompt):].tolist()


def guided_by_hand(model, prompt, negative, scale):
    """The paper's formula, every step computed anew; the smallest gap on the way."""
    import torch
    ids, logprobs, gaps = [], [], []
    for _ in range(CFG_TOKENS):
        own, other = (torch.log_softmax(torch.tensor(gpt2.logits(model, begin + ids)[-1]), -1) for begin in (prompt, negative or prompt[-1:]))
        best = torch.topk(other + scale * (own - other), 2)
        gaps.append(float(best.values[0] - best.values[1]))
        ids.append(int(best.indices[0]))
        logprobs.append(float(own[ids[-1]]))
        if ids[-1] == model.generation_config.eos_token_id:
            break
    return ids, logprobs, min(gaps)
