"""Train on RUN/books.u16, with a share of RUN/fewshot.u16, until --minutes are over or the process is ended.

RUN/state.pt is replaced every few minutes, and resumed from when it exists; what a row of a batch holds depends on
the seed and the row's number alone. RUN/log.csv gets a line every few steps. With --decay the rate falls from its
value to nothing, as 1 - sqrt(progress), in the steps given; this starts from state.pt but writes RUN/decayed.pt.
On processors every thread works on rows of its own, which keeps both busy when other programs run.
"""
import os
import pathlib
import signal
import threading
import time


def add_train_arguments(parser):
    parser.add_argument("run_directory", type=pathlib.Path, metavar="RUN",
                        help="folder of tokens, checkpoints and the log")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long (default: train until ended)")
    parser.add_argument("--steps", type=int, default=1 << 60,
                        help="stop when the model has had so many (default: no limit)")
    parser.add_argument("--decay", type=int, metavar="STEPS", help="lower the rate to nothing in so many, and stop")
    parser.add_argument("--layers", type=int, default=8, help="of a new model (default: 8)")
    parser.add_argument("--width", type=int, default=320, help="of a new model (default: 320)")
    parser.add_argument("--heads", type=int, default=5, help="of a new model (default: 5)")
    parser.add_argument("--context", type=int, default=512, help="tokens in a row (default: 512); more than "
                        "the checkpoint has lengthen its context")
    parser.add_argument("--dropout", type=float, default=0.0, help="after each half of a block; for many epochs")
    parser.add_argument("--rows", type=int, default=16, help="rows in a batch (default: 16)")
    parser.add_argument("--micro", type=int, default=4, help="rows that go through the model at once (default: 4)")
    parser.add_argument("--rate", type=float, default=0.02, help="Muon's rate for matrices (default: 0.02)")
    parser.add_argument("--other-rate", type=float, default=0.003, help="AdamW's rate for the rest (default: 0.003)")
    parser.add_argument("--warm-up", type=int, default=150, help="steps of rising rate of a new model (default: 150)")
    parser.add_argument("--share", type=float, default=0.1,
                        help="part of the rows that is few-shot material (default: 0.1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save-minutes", type=float, default=4, help="time between checkpoints (default: 4)")
    parser.add_argument("--device", default=None, help="cuda or cpu (default: what there is)")
    parser.add_argument("--type", choices=("bfloat16", "float32"), default="bfloat16",
                        help="of computation (default: bfloat16)")
    parser.add_argument("--threads", type=int, default=2, help="on processors (default: 2)")
    parser.add_argument("--no-compile", action="store_true", help="do without torch.compile")


class Rows:
    """Row number r of the whole training: tokens of books or, every 1 / share rows, of few-shot material."""

    def __init__(self, directory, length, share, seed):
        import numpy as np
        self.length, self.seed = length, seed
        self.books = np.fromfile(directory / "books.u16", dtype="<u2")
        fewshot = directory / "fewshot.u16"
        self.fewshot = np.fromfile(fewshot, dtype="<u2") if fewshot.exists() else None
        self.share = share if self.fewshot is not None else 0.0
        self.orders = {}

    def order(self, name, tokens, epoch):
        """Where the windows of an epoch begin: side by side from a random offset on, shuffled."""
        import numpy as np
        if self.orders.get(name, (None,))[0] != epoch:
            random = np.random.default_rng([self.seed, epoch, len(name)])
            begins = np.arange(random.integers(self.length), len(tokens) - self.length, self.length)
            self.orders[name] = epoch, random.permutation(begins)
        return self.orders[name][1]

    def row(self, number):
        before, after = int(number * self.share), int((number + 1) * self.share)
        if after > before:
            name, tokens, number = "fewshot", self.fewshot, before
        else:
            name, tokens, number = "books", self.books, number - before
        count = (len(tokens) - self.length) // self.length  # windows in every epoch, whatever its offset
        begin = self.order(name, tokens, number // count)[number % count]
        return tokens[begin:begin + self.length + 1]

    def batch(self, number, count):
        import numpy as np
        import torch
        rows = [self.row(index) for index in range(number, number + count)]
        return torch.from_numpy(np.stack(rows).astype(np.int64))


class Trainer:
    def __init__(self, args):
        if args.no_compile:
            os.environ["TORCH_COMPILE_DISABLE"] = "1"  # read when torch is imported
        import torch
        from . import model, muon
        self.args, self.torch = args, torch
        self.device = args.device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.dtype = getattr(torch, args.type)
        if self.device == "cpu":
            torch.set_num_threads(1)
        self.workers = args.threads if self.device == "cpu" else 1
        self.state_path = args.run_directory / ("decayed.pt" if args.decay else "state.pt")
        state = load_state(args.run_directory, args.decay)
        counters = "step", "row", "tokens", "seconds", "decayed", "decayed_from"
        self.progress = dict.fromkeys(counters, 0) | (state["progress"] if state else {})
        torch.manual_seed(args.seed + self.progress["step"])  # for dropout
        if state and args.context > state["config"]["n_context"]:
            lengthen(state, args.context)
        config = model.Config(**state["config"]) if state else model.Config(
            vocabulary(args.run_directory), args.context, args.width, args.layers, args.heads)
        self.model = model.GPT2(config)
        if state:
            self.model.load_state_dict(state["model"])
        else:
            self.model.initialize(args.seed)
        self.model.set_dropout(args.dropout)
        self.model.to(self.device)
        self.optimizer = muon.Optimizer(self.model)
        if state:
            self.optimizer.load(state["optimizer"])
        self.loss = self.model.loss if args.no_compile else torch.compile(self.model.loss, dynamic=False)
        self.names, self.tensors = zip(*self.model.named_parameters())
        self.rows = Rows(args.run_directory, args.context, args.share, args.seed)
        self.validation = validation_rows(args.run_directory, args.context)
        self.compiled = False  # the first batch belongs to one thread, which compiles
        self.ended = False

    def rates(self):
        """The rates of this step: warm-up, then constant, then 1 - sqrt of the decay's progress."""
        factor = min(1.0, (self.progress["step"] + 1) / self.args.warm_up)
        if self.args.decay:
            factor *= max(0.0, 1 - min(1.0, self.progress["decayed"] / self.args.decay) ** 0.5)
        return self.args.rate * factor, self.args.other_rate * factor

    def gradient(self, batch):
        """Mean loss of a batch [rows, context + 1] and its gradient; the workers share the pieces."""
        pieces = list(batch.split(self.args.micro))
        results = [None] * self.workers
        self.together(lambda index: self.work(pieces, results, index), self.workers if self.compiled else 1)
        self.compiled = True
        done = [result for result in results if result]
        if sum(count for _, _, count in done) != len(batch):
            raise SystemExit("a thread failed")
        loss = sum(loss for loss, _, _ in done) / len(batch)
        sums = [gradients for _, gradients, _ in done]
        for other in sums[1:]:
            self.torch._foreach_add_(sums[0], other)
        self.torch._foreach_div_(sums[0], len(batch))
        return loss, dict(zip(self.names, sums[0]))

    def together(self, work, count):
        """Do work(0) ... work(count - 1) at once."""
        def on_processor(index):
            self.torch.set_num_threads(1)
            work(index)
        if count == 1:
            work(0)
            return
        threads = [threading.Thread(target=on_processor, args=(index,)) for index in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def work(self, pieces, results, index):
        """Take pieces until none is left; the sums of loss and gradient go to results[index]."""
        torch = self.torch
        while True:
            try:
                piece = pieces.pop()
            except IndexError:
                return
            piece = piece.to(self.device)
            loss = self.loss(piece[:, :-1], piece[:, 1:], self.dtype) * len(piece)
            gradients = [g.float() for g in torch.autograd.grad(loss, self.tensors)]
            if results[index] is None:
                results[index] = (loss.item(), gradients, len(piece))
            else:
                before, sums, count = results[index]
                torch._foreach_add_(sums, gradients)
                results[index] = (before + loss.item(), sums, count + len(piece))

    def validate(self):
        torch = self.torch
        if self.validation is None:
            return None
        self.model.eval()
        with torch.no_grad():
            losses = [self.model.loss(rows[:, :-1], rows[:, 1:], self.dtype).item()
                      for rows in self.validation.to(self.device).split(self.args.micro)]
        self.model.train()
        return sum(losses) / len(losses)

    def save(self):
        state = {"config": vars(self.model.config), "model": self.model.state_dict(),
                 "optimizer": self.optimizer.state(), "progress": self.progress}
        part = self.state_path.with_suffix(".part")
        self.torch.save(state, part)
        part.replace(self.state_path)

    def train(self):
        args, progress = self.args, self.progress
        limit = time.monotonic() + args.minutes * 60
        saved = time.monotonic()
        mean, shares = None, self.optimizer.shares(self.workers)
        while not (self.ended or time.monotonic() > limit or progress["step"] >= args.steps
                   or args.decay and progress["decayed"] >= args.decay):
            begin = time.monotonic()
            matrix_rate, rate = self.rates()
            batch = self.rows.batch(progress["row"], args.rows)
            loss, gradients = self.gradient(batch)
            self.optimizer.steps += 1
            self.together(lambda index: self.optimizer.step(shares[index], gradients, matrix_rate, rate), self.workers)
            mean = loss if mean is None else mean + 0.05 * (loss - mean)
            seconds = time.monotonic() - begin
            progress["step"] += 1
            progress["row"] += len(batch)
            progress["tokens"] += len(batch) * args.context
            progress["seconds"] += seconds
            progress["decayed"] += 1 if args.decay else 0
            validating = progress["step"] % 250 == 0
            if progress["step"] % 10 == 0:
                speed = len(batch) * args.context / seconds
                self.log(loss, mean, matrix_rate, self.validate() if validating else None, speed)
            if time.monotonic() - saved > args.save_minutes * 60:
                self.save()
                saved = time.monotonic()
        if mean is not None:
            self.log(loss, mean, matrix_rate, self.validate(), len(batch) * args.context / seconds)
            self.save()

    def log(self, loss, mean, rate, validation, speed):
        path = self.args.run_directory / "log.csv"
        if not path.exists():
            path.write_text("step,tokens,seconds,loss,mean,validation,rate,decaying,tokens_per_second\n")
        held_out = "" if validation is None else f"{validation:.4f}"
        with path.open("a") as file:
            file.write("{step},{tokens},{seconds:.1f},".format(**self.progress) + f"{loss:.4f},{mean:.4f},"
                       f"{held_out},{rate:.5f},{int(bool(self.args.decay))},{speed:.0f}\n")


def load_state(directory, decay):
    """What to go on from: state.pt, or the decay of this state.pt if one was begun; None at the very beginning."""
    import torch
    path, decayed_path = directory / "state.pt", directory / "decayed.pt"
    state = torch.load(path, map_location="cpu") if path.exists() else None
    if not decay:
        return state
    if state is None:
        raise SystemExit(f"{path}: nothing to decay")
    if decayed_path.exists():
        decayed = torch.load(decayed_path, map_location="cpu")
        if decayed["progress"]["decayed_from"] == state["progress"]["step"]:
            return decayed
    state["progress"]["decayed_from"] = state["progress"]["step"]
    return state


def lengthen(state, context):
    """More positions for a checkpoint: they begin as copies of the last and learn from there."""
    import torch
    more = context - state["config"]["n_context"]
    state["config"]["n_context"] = context
    last = state["model"]["wpe"][-1:]
    state["model"]["wpe"] = torch.cat([state["model"]["wpe"], last.expand(more, -1)])
    for moments in (state["optimizer"]["first"], state["optimizer"]["second"]):
        moments["wpe"] = torch.cat([moments["wpe"], torch.zeros(more, last.shape[1])])


def vocabulary(directory):
    """The size of the vocabulary, <|endoftext|> included."""
    from . import tokens
    return tokens.load_tokenizer(directory / "tokenizer")[1] + 1


def validation_rows(directory, length, count=32):
    """Evenly spread rows of RUN/heldout.u16, if it is there; they are measured, never trained on."""
    import numpy as np
    import torch
    path = directory / "heldout.u16"
    if not path.exists():
        return None
    tokens = np.fromfile(path, dtype="<u2")
    begins = np.linspace(0, len(tokens) - length - 1, count).astype(int)
    return torch.from_numpy(np.stack([tokens[begin:begin + length + 1] for begin in begins]).astype(np.int64))


def run_train(args):
    trainer = Trainer(args)
    (args.run_directory / "pid").write_text(f"{os.getpid()}\n")

    def end(number, frame):
        trainer.ended = True
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    trainer.train()
    return 0
