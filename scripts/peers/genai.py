# SPDX-License-Identifier: MIT
# OpenVINO GenAI, from a folder that optimum-intel exports. It keeps what it computed of prompts, so none is used twice.
import os
import time

import numpy
import openvino
import openvino_genai
import worker


def path(options):
    return os.path.join(options.models, f"{options.size}-openvino-{options.type}")


def make(options):
    if os.path.exists(os.path.join(path(options), "openvino_model.bin")):
        return
    import folders
    from optimum.intel import OVModelForCausalLM, OVWeightQuantizationConfig
    source = folders.make(options.size, options.models)
    eight = {"quantization_config": OVWeightQuantizationConfig(bits=8)} if options.type == "int8" else {}
    model = OVModelForCausalLM.from_pretrained(source, export=True, compile=False, load_in_8bit=False, **eight)
    if options.type == "fp16":
        model.half()
    model.save_pretrained(path(options))


class Pipeline:
    def __init__(self, options):
        precision = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": options.threads}
        if options.setting:
            precision["INFERENCE_PRECISION_HINT"] = options.setting
        self.pipe = openvino_genai.LLMPipeline(path(options), "CPU", **precision)
        self.prompts = worker.Prompts(worker.SHAPES[options.size]["vocab"])

    def run(self, n_prompt, n, n_seq=1):
        ids = numpy.array([self.prompts.take(n_prompt) for _ in range(n_seq)], dtype=numpy.int64)
        config = openvino_genai.GenerationConfig(max_new_tokens=n, min_new_tokens=n, ignore_eos=True, do_sample=False)
        inputs = openvino_genai.TokenizedInputs(openvino.Tensor(ids), openvino.Tensor(numpy.ones_like(ids)))
        start = time.perf_counter()
        result = self.pipe.generate(inputs, config)
        return time.perf_counter() - start, result

    def prompt(self, n):
        return n / self.run(n, 1)[0]

    def decode(self, n, depth):
        """Of the tokens after the first."""
        _, result = self.run(max(depth, 1), n + 1)
        return 1e3 / result.perf_metrics.get_tpot().mean

    def batch(self, n_seq, n):
        return n_seq * n / self.run(1, n, n_seq)[0]

    def once(self):
        self.run(4, 1)


if __name__ == "__main__":
    worker.main(lambda: openvino_genai.__version__, Pipeline, make)
