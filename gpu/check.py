"""Checks the GPU path against the processor and times it. See gpu/check.sh.

A check that fails is written down and counted: the exit status is 1 if any did. Every part has a limit, so that the whole ends
in time; a part that does not is a failed check.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "results/fig1/bal-released/posterior.safetensors"
FULL = {"batch": 256, "chains": 5, "images": 1000, "hard": 200, "steps": 40, "radius": 0.1, "sweeps": [2, 22], "repeats": 3}
QUICK = {"batch": 16, "chains": 2, "images": 64, "hard": 2, "steps": 5, "radius": 0.1, "sweeps": [1, 2], "repeats": 1}
# How far numbers of the first sweep may be from the processor's, and how many images may be judged otherwise.
SWEEP_ERROR, IMAGES = 1e-3, 3


class Check:
    def __init__(self, options):
        self.device = "cpu" if options.cpu else "cuda:0"
        self.sizes = QUICK if options.quick else FULL
        self.folder = ROOT / ".gpu/check"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.carried = ROOT / ".gpu/bal"
        self.bal = self.carried if self.carried.exists() else ROOT / "target/release/bal"
        if not self.bal.exists():
            sys.exit("check.py: there is no bal: build it (cargo build --release -p bal-cli), or carry it (gpu/pack.sh)")
        self.torch = torch_folder()
        self.found = {"device": self.device, "quick": options.quick, "sizes": self.sizes, "checks": [], "seconds": {}}

    def flags(self, device):
        """On the processor the path of a device is taken when asked for."""
        return ["--device", device] + (["--whole-batches"] if (device, self.device) == ("cpu", "cpu") else [])

    def environment(self):
        environment = dict(os.environ, BAL_DATA=str(ROOT / "datasets"), BAL_TEST_DEVICE=self.device)
        if self.carried.exists() and self.torch:
            before = environment.get("LD_LIBRARY_PATH")
            libraries = [str(self.torch / "lib")] + ([before] if before else [])
            environment["LD_LIBRARY_PATH"] = ":".join(libraries)
        return environment

    def run(self, command, limit):
        """What the command printed and its seconds; `None` where it failed, which is written down."""
        begin = time.perf_counter()
        try:
            done = subprocess.run(
                [str(part) for part in command], cwd=ROOT, env=self.environment(), timeout=limit,
                capture_output=True, text=True,
            )
        except subprocess.TimeoutExpired:
            return self.check(f"{command[1]} ends within {limit} s", False, None)
        seconds = time.perf_counter() - begin
        if done.returncode != 0:
            return self.check(f"{pathlib.Path(command[0]).name} {command[1]}", False, done.stderr[-2000:])
        return done.stdout, seconds

    def check(self, what, good, found):
        self.found["checks"].append({"what": what, "passed": bool(good), "found": found})
        print(f"{'passed' if good else 'FAILED'}  {what}" + ("" if good else f": {found}"), flush=True)

    def took(self, what, seconds):
        self.found["seconds"][what] = seconds
        print(f"        {what}: {seconds:.3f} s", flush=True)

    def evaluate(self, name, device, attack, more, limit=120):
        file = self.folder / f"{name}.json"
        command = [
            self.bal, "evaluate", "--weights", WEIGHTS, "--dataset", "mnist", "--attack", attack, "--radius",
            self.sizes["radius"], "--json", file, *more, *self.flags(device),
        ]
        ran = self.run(command, limit)
        return (json.loads(file.read_text()), file.read_bytes(), ran[1]) if ran else None

    def attacks(self):
        """PGD on both, and twice on the device; AutoAttack twice as well, for its time."""
        steps = ["--steps", self.sizes["steps"], "--limit", self.sizes["images"]]
        first, second = (self.evaluate(f"pgd-{i}", self.device, "pgd", steps) for i in (1, 2))
        if not (first and second):
            return
        self.took("pgd, with start and files", min(first[2], second[2]))
        self.check("PGD on the device repeats its bytes", first[1] == second[1], None)
        if (on_cpu := self.evaluate("pgd-cpu", "cpu", "pgd", steps)) is not None:
            self.took("pgd on the processor, with start and files", on_cpu[2])
            differing = self.differing(first[0], on_cpu[0])
            self.check(f"PGD finds what the processor finds, up to {IMAGES} images", differing <= IMAGES, differing)
        self.found["accuracy under pgd"] = first[0]["accuracy"]
        if auto := self.evaluate("autoattack", self.device, "autoattack", ["--limit", self.sizes["hard"]], 150):
            self.took(f"autoattack of {self.sizes['hard']} images, with start and files", auto[2])
            self.found["accuracy under autoattack"] = auto[0]["accuracy"]
            left = auto[0]["per_image"]["correct"][0].count("1")
            by_pgd = first[0]["per_image"]["correct"][0][: self.sizes["hard"]].count("1")
            self.check("AutoAttack leaves no more images right than PGD", left <= by_pgd, [left, by_pgd])

    @staticmethod
    def differing(one, other):
        pairs = zip(one["per_image"]["correct"], other["per_image"]["correct"])
        return max(sum(a != b for a, b in zip(x, y)) for x, y in pairs)

    def experiment(self, generator):
        text = (ROOT / "experiments/mnist-bal-released.toml").read_text()
        lines = [line for line in text.splitlines() if not line.startswith(("[start]", "experiment = "))]
        at = next(i for i, line in enumerate(lines) if line.startswith("seed ="))
        if generator != "chacha8":
            lines.insert(at, f'noise_generator = "{generator}"')
        path = self.folder / f"{generator}.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    def train(self, name, device, generator, sweeps, whole=True):
        out = self.folder / name
        flags = self.flags(device) if whole else ["--device", device]
        command = [
            self.bal, "train", "--experiment", self.experiment(generator), "--out", out, "--max-sweeps", sweeps,
            "--set", f"bal.schedule.batch_size={self.sizes['batch']}",
            "--set", f"bal.parameter_chains={self.sizes['chains']}", *flags,
        ]
        ran = self.run(command, 150)
        if not ran:
            return None
        metrics = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        digest = hashlib.sha256((out / "posterior.safetensors").read_bytes()).hexdigest()
        return metrics, digest, ran[1]

    def training(self, generator):
        few, many = self.sizes["sweeps"]
        runs = [self.train(f"{generator}-{i}", self.device, generator, few) for i in (1, 2)]
        if None in runs:
            return
        (metrics, digest, short), (_, again, _) = runs
        self.check(f"training with {generator} on the device repeats its bits", digest == again, None)
        if reference := self.train(f"{generator}-cpu", "cpu", generator, few, whole=False):
            numbers = [key for key in reference[0][0] if isinstance(reference[0][0][key], float)]
            numbers = [key for key in numbers if key not in ("seconds", "images_per_second")]
            error = lambda key: abs(metrics[0][key] - reference[0][0][key]) / max(abs(reference[0][0][key]), 1e-6)  # noqa: E731
            errors = {key: error(key) for key in numbers}
            good = errors and max(errors.values()) < SWEEP_ERROR
            self.check(f"the first sweep with {generator} is the processor's within {SWEEP_ERROR}", good, errors)
        # Of one sweep more than there are, starting a program would be most of the difference.
        if self.found["quick"]:
            return
        if longer := self.train(f"{generator}-long", self.device, generator, many):
            self.took(f"a sweep with {generator}", (longer[2] - short) / (many - few))

    def tests(self):
        """Programs of tests that were carried, of which these compare the device with a reference."""
        wanted = {"bal-core": ["noise::"], "bal-models": ["stacked::"]}
        for name, filters in wanted.items():
            program = ROOT / ".gpu/tests" / name
            if program.exists():
                ran = self.run([program, *filters, "--test-threads", "1"], 100)
                self.check(f"the tests of {name} on the device", ran is not None, None)

    def pytorch(self):
        self.found["pytorch"] = None
        if not self.torch:
            self.found["without pytorch"] = f"{sys.executable} has no PyTorch"
            return
        keys = ["batch", "chains", "images", "hard", "steps", "radius", "repeats"]
        sizes = json.dumps({key: self.sizes[key] for key in keys})
        ran = self.run([sys.executable, ROOT / "gpu/pytorch.py", self.device, WEIGHTS, sizes], 150)
        if ran:
            self.found["pytorch"] = json.loads(ran[0])

    def versions(self):
        record = self.folder / "chacha8-1/record.json"
        self.found["versions"] = json.loads(record.read_text())["versions"] if record.exists() else None


def torch_folder():
    """Where this Python's PyTorch is, without loading it."""
    import importlib.util

    spec = importlib.util.find_spec("torch")
    return pathlib.Path(spec.origin).parent if spec and spec.origin else None


def main():
    parser = argparse.ArgumentParser(prog="gpu/check.sh")
    parser.add_argument("--cpu", action="store_true", help="on the processor")
    parser.add_argument("--quick", action="store_true", help="sizes that only show that it works")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / ".gpu/check.json")
    options = parser.parse_args()
    check, begin = Check(options), time.perf_counter()
    parts = [
        ("tests", check.tests),
        ("training, chacha8", lambda: check.training("chacha8")),
        ("training, philox", lambda: check.training("philox")),
        ("attacks", check.attacks),
        ("pytorch", check.pytorch),
    ]
    check.found["parts"] = {}
    for name, part in parts:
        start = time.perf_counter()
        part()
        check.found["parts"][name] = round(time.perf_counter() - start, 1)
        # What is there is kept if a later part does not end.
        check.found["wall_seconds"] = round(time.perf_counter() - begin, 1)
        check.versions()
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(check.found, indent=1) + "\n")
    failed = [done["what"] for done in check.found["checks"] if not done["passed"]]
    print(f"{len(check.found['checks']) - len(failed)} checks passed, {len(failed)} failed, {options.out}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
