# SPDX-License-Identifier: MIT
# CTranslate2. Prompts are read at once (include_prompt_in_result=False); decoding is what tokens after the
# first take.
import os
import time

import ctranslate2
import worker


def path(options):
    return os.path.join(options.models, f"{options.size}-ct2-{options.type}")


def make(options):
    import folders
    from ctranslate2.converters import TransformersConverter
    if not os.path.exists(os.path.join(path(options), "model.bin")):
        TransformersConverter(folders.make(options.size, options.models)).convert(
            path(options), quantization=options.type, force=True)


class Generator:
    def __init__(self, options):
        self.generator = ctranslate2.Generator(path(options), device="cpu", compute_type=options.type,
                                               intra_threads=options.threads, inter_threads=1)
        self.prompts = worker.Prompts(worker.SHAPES[options.size]["vocab"])

    def run(self, n_prompt, n, n_seq=1, callback=None):
        """Seconds. The last id of a prompt is the first that decoding reads."""
        texts = [[f"w{i}" for i in self.prompts.take(n_prompt)] for _ in range(n_seq)]
        return worker.timed(lambda: self.generator.generate_batch(
            texts, max_length=n, min_length=n, sampling_topk=1, end_token=[], include_prompt_in_result=False,
            max_batch_size=0, callback=callback))

    def prompt(self, n):
        return n / self.run(n, 1)

    def decode(self, n, depth):
        times = []
        self.run(max(depth, 1), n + 1, callback=lambda _: times.append(time.perf_counter()))
        return (len(times) - 1) / (times[-1] - times[0])

    def batch(self, n_seq, n):
        return n_seq * n / self.run(1, n, n_seq)

    def once(self):
        self.run(4, 1)


if __name__ == "__main__":
    worker.main(lambda: ctranslate2.__version__, Generator, make)
