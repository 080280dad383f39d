# SPDX-License-Identifier: MIT
# The programs that scripts/bench measures, each with its settings. A turn measures a group of rows: what a program
# reads, per setting, as {row: tokens/s, or ms for start-up}.
import json
import mmap
import os
import re
import signal
import statistics
import subprocess
import sys
import time

subprocess._USE_VFORK = False  # such a child's peak memory would begin at ours
HERE = os.path.dirname(os.path.abspath(__file__))
PREDICT, DEPTH_PREDICT, DEPTH, BATCH_PREDICT = 64, 24, 1000, 16
PROMPTS = {"prompt": 512, "prompt1000": 1000}
SEQUENCES = {"batch16": 16, "batch32": 32, "batch64": 64}
# A setting whose every figure of the first round is below this share of the best gets no further turn.
HOPELESS = 0.85


class Missing(Exception):
    """A program that is not there, or not fit to be compared."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command):
    """stdout, stderr, milliseconds, and peak memory in bytes."""
    start = time.monotonic()
    try:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
            out, err = p.stdout.read(), p.stderr.read()
            _, status, usage = os.wait4(p.pid, 0)
            p.returncode = os.waitstatus_to_exitcode(status)
    except OSError as e:
        raise Missing(str(e)) from e
    ms = (time.monotonic() - start) * 1e3
    if p.returncode:
        lines = err.decode(errors="replace").strip().splitlines() or [""]
        raise Missing(f"status {p.returncode} of {os.path.basename(command[0])}: {lines[-1]}")
    return out, err, ms, usage.ru_maxrss * 1024


def first_touch_ms(path):
    """A byte of every cache line of a new mapping: the least that a process must do that uses all of the file."""
    with open(path, "rb") as f:
        start = time.monotonic()
        with mmap.mmap(f.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ) as m:
            m[::64]
        return (time.monotonic() - start) * 1e3


class Turns:
    def __init__(self):
        self.runs = {}

    def take(self, everyone, group, n_rounds, deadline):
        """everyone: [(program, model)]. Every other round goes backwards, so that nobody always follows the same one."""
        failed = set()
        for i in range(n_rounds):
            if i > 0 and time.monotonic() > deadline:
                break
            for who, model in everyone if i % 2 == 0 else everyone[::-1]:
                result = {}
                try:
                    if (who, model) not in failed:
                        result = who.turn(model, group)
                except Missing as e:
                    failed.add((who, model))
                    say(f"bench: {who.name} failed in {', '.join(group)}: {e}")
                self.runs.setdefault((who, model), []).append(result)

    def runs_of(self, who, model):
        return self.runs.get((who, model)) or self.runs.get((who, None), [])


class Quill:
    name = "quill"

    def __init__(self, program, path, threads, model):
        kind, _, self.cpu = model.split(":")[1].partition("@")
        self.program, self.path, self.kind = program, path, kind
        self.common = ["-m", path, "-t", str(threads)] + (["--cpu", self.cpu] if self.cpu else [])

    def turn(self, _, group):
        if group == ["startup"]:
            args = ["-p", "hello", "-n", "1", "--temp", "0", "--ignore-eos", "--bytes"]
            _, _, ms, peak = run([self.program] + self.common + args)
            limit = first_touch_ms(self.path)
            return {"startup": {"value": ms, "used": ms, "limit": limit, "limit_name": "first_touch_ms",
                                "peak_bytes": peak}}
        return self.rows_of(json.loads(run(self.command(group))[0]), group)

    def command(self, group):
        prompt = next((n for row, n in PROMPTS.items() if row in group), 0)
        predict, depth = 0, 0
        if "decode" in group:
            predict = PREDICT
        if "depth" in group:
            predict, depth = DEPTH_PREDICT, DEPTH
        batch = [SEQUENCES[row] for row in group if row in SEQUENCES]
        if batch:
            predict, batch = BATCH_PREDICT, [1] + batch
        return [self.program, "bench", "--json", "--runs", "1"] + self.common + [
            "--batch", ",".join(map(str, batch)), "-p", str(prompt), "-n", str(predict), "-d", str(depth)]

    def limit_of_products(self, limits):
        """The unit that multiplies weights of this type."""
        if self.kind in ("F32", "F16"):
            return "fma_gflops"
        if self.kind == "BF16":
            return "tile_bf16_gflops" if limits.get("tile_bf16_gflops") else "fma_gflops"
        tile = "tile_int8_gops" if "_K" in self.kind else "tile_block_gops"
        return tile if limits.get(tile) else "int8_gops"

    def rows_of(self, result, group):
        limits, rows = result["limits"], {"limits": result["limits"]}
        speeds = {b["sequences"]: b["tokens_per_s"] for b in result.get("batch") or []}
        for row in group:
            if row in SEQUENCES:
                if SEQUENCES[row] in speeds:
                    rows[row] = {"value": speeds[SEQUENCES[row]], "one": speeds[1]}
                continue
            half, key, limit = result.get("decode"), "gb_per_s", "read_gb_per_s"
            if row in PROMPTS:
                half, key, limit = result.get("prompt"), "gops", self.limit_of_products(limits)
            if half:
                rows[row] = {"value": half["tokens_per_s"], "used": half[key], "limit": limits[limit],
                             "limit_name": limit}
        return rows


class Settings:
    """What the settings of a program read; after a first turn of all, hopeless ones get no more."""

    def __init__(self):
        self.live = {}

    def turn(self, model, group):
        key = (model, tuple(group))
        live = self.live.get(key, list(self.settings))
        result = {setting: self.measure(model, group, setting) for setting in live}
        if key not in self.live:
            self.live[key] = [s for s in live if not hopeless(s, result)]
        return result

    def stop(self):
        pass


def hopeless(setting, result):
    for row, value in result[setting].items():
        rivals = [r[row] for r in result.values() if row in r]
        near = min(rivals) / value if row in ("startup", "peak_bytes") else value / max(rivals)
        if row != "peak_bytes" and near >= HOPELESS:
            return False
    return True


# Of /proc/cpuinfo and of llama.cpp's line of features; what quill's --cpu names must not go beyond.
FEATURES = {"avx2": "AVX2", "avx512f": "AVX512", "avx512_vnni": "AVX512_VNNI", "amx_int8": "AMX_INT8", "asimddp": "DOTPROD"}
CPU_FEATURES = {"avx2": ["AVX2"], "avx512": ["AVX2", "AVX512"], "avx512vnni": ["AVX2", "AVX512", "AVX512_VNNI"],
                "amx": ["AVX2", "AVX512", "AVX512_VNNI", "AMX_INT8"]}


def features_of_machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        words = set(f.read().split())
    return [name for flag, name in FEATURES.items() if flag in words]


class LlamaCpp(Settings):
    """llama.cpp, and ik_llama.cpp, which has llama-bench alone here, and no GPT-2."""

    def __init__(self, name, cpu, folder, threads, some_model):
        super().__init__()
        self.name, self.cpu, self.folder, self.threads, self.paths = name, cpu, folder, str(threads), {}
        self.ik = name.startswith("ik_")
        if not folder:
            raise Missing(f"no folder of its programs is given{' for ' + cpu if cpu else ''}")
        if not os.path.exists(os.path.join(folder, "llama-bench")):
            raise Missing(f"no llama-bench in {folder}")
        # Flash attention helps prompts and may cost speed at depth; repacking doubles what a start must read.
        self.settings = {f"flash attention {'on' if flash else 'off'}, {'repacked' if packed else 'as stored'}":
                         (flash, packed) for packed in (True, False) for flash in (True, False)}
        self.features = [] if self.ik else self.read_features(some_model)

    def read_features(self, model):
        """What it says that it uses; refused where that is less than the processor, or another than asked for."""
        _, err, _, _ = run(self.program("llama-completion") + ["-m", model, "-p", "hello", "-n", "1", "-no-cnv",
                                                               "--no-warmup", "-c", "64"])
        line = next((text for text in err.decode(errors="replace").splitlines() if "system_info" in text), "")
        found = re.findall(r"(\w+) = 1\b", line)
        must = CPU_FEATURES.get(self.cpu) or features_of_machine()
        for name in must:
            if name not in found:
                raise Missing(f"its line of features does not name {name}")
        beyond = [name for name in found if name in FEATURES.values() and name not in must]
        if self.cpu and beyond:
            raise Missing(f"it was built for {self.cpu}, and its line of features names {beyond[0]}")
        return found

    def program(self, name):
        return [os.path.join(self.folder, name)]

    def at(self, paths):
        self.paths = paths
        return self

    def fits(self, name):
        gpt2 = name.split(":")[0] in ("124M", "355M", "774M", "1.5B")
        return name.partition("@")[2] == self.cpu and not (self.ik and gpt2)

    def measure(self, model, group, setting):
        flash, packed = self.settings[setting]
        common = ["-m", self.paths[model], "-t", self.threads]
        rows = {}
        if group == ["startup"]:
            if self.ik:
                return {}
            args = ["-p", "hello", "-n", "1", "--temp", "0", "-no-cnv", "--no-warmup", "-c", "64",
                    "-fa", "on" if flash else "off", "--repack" if packed else "--no-repack"]
            _, _, rows["startup"], rows["peak_bytes"] = run(self.program("llama-completion") + common + args)
        elif "prompt" in group or "decode" in group or (self.ik and group[0] not in SEQUENCES):
            rows = self.llama_bench(common, group, flash, packed)
        elif not self.ik:
            rows = self.batched_bench(common, group, flash, packed)
        return rows

    def llama_bench(self, common, group, flash, packed):
        rows = {}
        args = ["-p", str(next((n for row, n in PROMPTS.items() if row in group), 0)),
                "-n", str(PREDICT if "decode" in group else 0), "-r", "1", "-o", "json",
                "-rtr" if self.ik else "--repack", str(int(packed)), "-fa", str(int(flash))]
        for test in json.loads(run(self.program("llama-bench") + common + args)[0]):
            for row in group:
                if row in PROMPTS and test["n_prompt"] == PROMPTS[row]:
                    rows[row] = test["avg_ts"]
                if row == "decode" and test["n_gen"] == PREDICT:
                    rows[row] = test["avg_ts"]
        return rows

    def batched_bench(self, common, group, flash, packed):
        """Prompts of 1,000 and what follows them, or sequences beside each other from a prompt of one token."""
        many = [SEQUENCES[row] for row in group if row in SEQUENCES]
        prompt, predict = (1, BATCH_PREDICT) if many else (DEPTH, DEPTH_PREDICT)
        sequences = many or [1]
        # Its context is shared out between as many sequences as the most, in steps of 256.
        context = max(sequences) * -(-(prompt + predict) // 256) * 256
        args = ["-npp", str(prompt), "-ntg", str(predict), "-npl", ",".join(map(str, sequences)), "-c", str(context),
                "-fa", "on" if flash else "off", "--repack" if packed else "--no-repack", "--output-format", "jsonl"]
        out, err, _, _ = run(self.program("llama-batched-bench") + common + args)
        rows = {}
        for text in (out + b"\n" + err).decode(errors="replace").splitlines():
            at = text.find('{"n_kv_max"')
            if at < 0:
                continue
            test = json.loads(text[at:])
            for row in group:
                if row in SEQUENCES and test["pl"] == SEQUENCES[row]:
                    rows[row] = test["speed_tg"]
                if row in PROMPTS:
                    rows[row] = test["speed_pp"]
                if row == "depth":
                    rows[row] = test["speed_tg"]
        return rows

    def slow_path(self, name, settings):
        """Tile registers are used for repacked weights alone. Why they are in doubt, or None."""
        if "AMX_INT8" not in self.features or name.split(":")[1].startswith(("F", "BF")):
            return None
        fast, slow = (max((v for s, v in settings.items() if self.settings[s][1] == packed), default=0)
                      for packed in (True, False))
        return f"{fast} tokens/s repacked for tile registers, {slow} as stored" if 0 < fast < slow else None


class PythonPeer(Settings):
    """A program of scripts/peers: a process for each setting that has loaded its model, and a line for each job.

    Between its jobs it is stopped: threads that spin while they wait for work would take the others' time."""

    @staticmethod
    def python(folder):
        path = os.path.join(folder or "", "bin", "python")
        if not folder:
            raise Missing("no virtual environment is given")
        if not os.path.exists(path):
            raise Missing(f"no bin/python in {folder}")
        return path

    @staticmethod
    def probe(folder, script, *more):
        out, _, _, _ = run([PythonPeer.python(folder), os.path.join(HERE, script + ".py"), "probe", *more])
        return json.loads(out)["version"]

    def __init__(self, name, options, script, size, kind, settings):
        super().__init__()
        self.name, self.size, self.settings, self.workers = name, size, list(settings), {}
        self.start = [self.python(options.peers), os.path.join(HERE, script + ".py")]
        self.end = ["--size", size, "--type", kind, "--threads", str(options.threads), "--models", options.models]
        self.environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads), "TOKENIZERS_PARALLELISM": "false"}
        run(self.start + ["make"] + self.end)

    def fits(self, name):
        return name.split(":")[0] == self.size and "@" not in name

    def worker(self, setting):
        if setting not in self.workers:
            self.workers[setting] = subprocess.Popen(
                self.start + ["serve"] + self.end + ["--setting", setting], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self.environment)
            self.answer(setting)
            for job in ({"row": "prompt", "tokens": 64}, {"row": "decode", "tokens": 4}):  # warms up
                self.ask(setting, job)
        return self.workers[setting]

    def answer(self, setting):
        line = self.workers[setting].stdout.readline()
        if not line:
            raise Missing("its process ended")
        return json.loads(line)

    def ask(self, setting, job):
        p = self.workers[setting]
        p.send_signal(signal.SIGCONT)
        try:
            p.stdin.write(json.dumps(job) + "\n")
            p.stdin.flush()
        except OSError as e:
            raise Missing("its process ended") from e
        answer = self.answer(setting)
        p.send_signal(signal.SIGSTOP)
        return answer["tokens_per_s"]

    def measure(self, _, group, setting):
        if group == ["startup"]:
            _, _, ms, peak = run(self.start + ["once"] + self.end + ["--setting", setting])
            return {"startup": ms, "peak_bytes": peak}
        self.worker(setting)
        return {row: self.ask(setting, job_of(row)) for row in group}

    def stop(self):
        for p in self.workers.values():
            p.stdin.close()
            p.send_signal(signal.SIGCONT)
            p.wait()
        self.workers = {}

    def slow_path(self, _name, _settings):
        return None


def job_of(row):
    if row in PROMPTS:
        return {"row": row, "tokens": PROMPTS[row]}
    if row in SEQUENCES:
        return {"row": row, "tokens": BATCH_PREDICT, "sequences": SEQUENCES[row]}
    if row == "depth":
        return {"row": row, "tokens": DEPTH_PREDICT, "depth": DEPTH}
    return {"row": row, "tokens": PREDICT}


# ---- tokenizing -----------------------------------------------------------------------------------------------------


def quill_tokenizer(options):
    """The first text of a process is cold; the last is new to a tokenizer that is warm."""
    program = os.path.join(os.path.dirname(options.quill), "tests", "bench_tokenizer")
    out = run([program, options.vocabulary] + options.text)[0].decode()
    found = re.findall(r"(\d+) tokens +cold +([0-9.]+) MB/s", out)
    if len(found) < 2:
        raise Missing(f"no figures of {program}")
    return {"cold": float(found[0][1]), "warm": float(found[-1][1]), "ids": sum(int(n) for n, _ in found)}


def tokenizing(options, absent):
    """{library: {cold, warm}} in MB/s; texts must be the same ids for all."""
    todo, runs, versions = {"quill": lambda: quill_tokenizer(options)}, {}, {}
    for library in ("tiktoken", "tokenizers", "gigatoken"):
        if library not in options.taking_part:
            continue
        try:
            versions[library] = PythonPeer.probe(options.peers, "tokenizing", library)
        except Missing as e:
            absent(library, str(e))
            continue
        command = [PythonPeer.python(options.peers), os.path.join(HERE, "tokenizing.py"), library, options.vocabulary]
        todo[library] = lambda command=command: json.loads(run(command + options.text)[0])
    for i in range(options.runs):
        for name in list(todo) if i % 2 == 0 else list(todo)[::-1]:
            try:
                runs.setdefault(name, []).append(todo[name]())
            except Missing as e:
                absent(name, str(e))
                del todo[name]
                runs.pop(name, None)
    ids = {name: r[0]["ids"] for name, r in runs.items()}
    if len(set(ids.values())) > 1:
        say(f"bench: tokenizers do not agree: {ids}")
    return {name: {"version": versions.get(name), "ids": ids[name],
                   **{k: round(statistics.median(r[k] for r in rs), 1) for k in ("cold", "warm")}}
            for name, rs in runs.items()}
