"""What searches must find with a tiny model: guidance, beams and contrastive search.

Each line of search/NAME.tsv is a case: its kind, its arguments, and what was found. Ids are divided by commas.

    cfg prompt negative scale ids logprobs     transformers, guidance_scale and negative_prompt_ids ('-': none), greedy;
                                               logprobs are those of the prompt's own distribution
    beams prompt eos K A early n texts scores  transformers, num_beams K, length_penalty A, early_stopping, max_new_tokens n, for
                                               these tokens as ends: K texts divided by '|', best first
    contrast prompt alpha k ids                the paper's formula
"""
from . import gpt2, texts

MODELS = ("long32", "narrow20", "untied24")
CFG_TOKENS = 20
BEAM_TOKENS = 16
CONTRAST_TOKENS = 20
CLEAR_GAP = 0.003  # between the two best scores of a step, or the case is left out


def add_arguments(parser):
    parser.add_argument("--only", metavar="NAME", help="this model alone: " + ", ".join(MODELS))
    parser.add_argument("--kind", metavar="KIND", help="cases of this kind alone; the others stay: " + ", ".join(KINDS))


def run(args):
    folder = args.data / "search"
    folder.mkdir(exist_ok=True)
    for name in MODELS:
        if args.only in (None, name):
            path = folder / f"{name}.tsv"
            old = path.read_text().splitlines() if args.kind and path.exists() else []
            lines = [line for line in old if line.split("\t")[0] != args.kind]
            lines += ["\t".join(map(form, row)) for row in rows(args.data / "parity" / name, args.kind)]
            path.write_text("".join(line + "\n" for line in lines))
            print(f"{name}: {len(lines)} cases")


def form(value):
    if isinstance(value, (list, tuple)):
        return ",".join(map(form, value)) or "-"
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def rows(directory, only):
    from . import tales
    model, bpe = gpt2.load(directory), tales.load_tokenizer(directory)
    prompts = [bpe.encode(texts.STORY[a:b]).ids for a, b in ((0, 12), (60, 75), (100, 107), (201, 215), (33, 35))]
    for kind, cases in KINDS.items():
        if only in (None, kind):
            yield from cases(model, prompts)


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


# ---- beams ----------------------------------------------------------------------------------------------------------

def beams(model, prompts):
    """A case is left out if float64 finds other texts: rounding decides it."""
    import copy
    exact, end = copy.deepcopy(model).double(), model.config.vocab_size - 1
    eos = [end] + common_tokens(model, prompts)
    for prompt in prompts[:2]:
        for k in (2, 4, 8):
            for penalty, early in ((1.0, False), (0.0, "never"), (2.0, "never"), (1.0, True), (-1.0, False)):
                for ends in (eos, eos[:1]):
                    if len(ends) == 1 and (k != 4 or early == "never"):
                        continue
                    config = dict(num_beams=k, num_return_sequences=k, length_penalty=penalty, early_stopping=early, max_new_tokens=BEAM_TOKENS,
                                  eos_token_id=ends)
                    found, sure = (run_beams(m, prompt, config) for m in (model, exact))
                    if [ids for ids, _ in found] == [ids for ids, _ in sure]:
                        yield ("beams", prompt, ends, k, penalty, {False: "no", True: "yes"}.get(early, early), BEAM_TOKENS,
                               "|".join(form(ids) for ids, _ in found), [float(score) for _, score in found])


def common_tokens(model, prompts):
    """Tokens that come often, so that texts end."""
    import collections
    counts = collections.Counter(token for prompt in prompts for token in gpt2.greedy(model, prompt, BEAM_TOKENS)[0][3:])
    return [token for token, _ in counts.most_common(3)]


def run_beams(model, prompt, config):
    import torch
    out = model.generate(torch.tensor([prompt]), do_sample=False, return_dict_in_generate=True, output_scores=True,
                         pad_token_id=config["eos_token_id"][0], **config)
    texts = []
    for ids, score in zip(out.sequences.tolist(), out.sequences_scores.tolist()):
        ids = ids[len(prompt):]
        ends = [i for i, token in enumerate(ids) if token in config["eos_token_id"]]
        texts.append((ids[:ends[0] + 1] if ends else ids, score))
    return texts


# ---- contrastive search ---------------------------------------------------------------------------------------------

def contrastive(model, prompts):
    """The formula of the paper, every step computed anew; transformers has this search no more."""
    for prompt in prompts:
        for alpha, k in ((0.3, 4), (0.6, 4), (0.6, 8), (0.9, 5), (0.0, 3)):
            ids, gap = contrast(model, prompt, alpha, k)
            if gap > CLEAR_GAP / 10:
                yield "contrast", prompt, alpha, k, ids


def contrast(model, prompt, alpha, k):
    import torch
    ids, gaps = list(prompt), []
    for _ in range(CONTRAST_TOKENS):
        p = torch.softmax(model(torch.tensor([ids])).logits[0, -1].double(), -1)
        likeliest = torch.topk(p, k + 1)
        gaps.append(float(likeliest.values[k - 1] - likeliest.values[k]))
        scores = []
        for value, token in zip(likeliest.values[:k].tolist(), likeliest.indices[:k].tolist()):
            states = model(torch.tensor([ids + [token]]), output_hidden_states=True).hidden_states[-1][0].double()
            states = states / states.norm(dim=-1, keepdim=True)
            scores.append(((1 - alpha) * value - alpha * float((states[:-1] @ states[-1]).max()), token))
        scores.sort(reverse=True)
        gaps.append(scores[0][0] - scores[1][0])
        ids.append(scores[0][1])
        if ids[-1] == model.config.vocab_size - 1:
            break
    return ids[len(prompt):], min(gaps)


KINDS = {"cfg": guided, "beams": beams, "contrast": contrastive}
