"""Our attacks beside those of torchattacks and foolbox, or of AutoAttack's authors, on the same networks and images, one after the other.

`cargo xtask bench crosscheck` sets up its environment and runs it. Our side is `bal evaluate`, as one would type it. It writes
the record cell by cell; pieces of cells are kept, so that the same command goes on after an interruption.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import found
import plan
from pieces import BUSY, Pieces, digest, write

# One point of noise for each image: everything that an evaluation takes beside its attack.
BESIDE = "--attack uniform-noise --draws 1 --radius 0.1".split()
HERE = Path(__file__).resolve().parent


class Comparison:
    def __init__(self, options, versions, load):
        self.options, self.versions = options, versions
        self.pieces = Pieces(Path(options.kept), options.cpu, load)
        self.program = digest(options.bal)
        folders = [HERE, HERE.parent / "pytorch"]
        self.sources = {file.name: digest(file) for folder in folders for file in sorted(folder.glob("*.*")) if file.is_file()}

    def cell(self, name, model, weights):
        attack = plan.PLANS[self.options.plan][name]
        compare = self.over_seeds if attack["kind"] == "accuracy" else self.at_once
        seconds, result, load = compare(name, attack, model, weights)
        library = attack["theirs"]["library"]
        return {"attack": name, "model": model, "library": library, "load": load, "seconds": seconds, "found": result}

    def at_once(self, name, attack, model, weights):
        """An attack that finds the same whatever the seed."""
        made_of = [self.ours_made_of(attack, weights), self.theirs_made_of(attack, weights)]
        piece, load = self.pieces.or_make(f"{name}-{model}", made_of, lambda: self.whole(attack, weights))
        return *piece, load

    def whole(self, attack, weights):
        with tempfile.TemporaryDirectory() as scratch:
            scratch = Path(scratch)
            beside = self.bal(weights, BESIDE)
            images = attack["kind"] == "images"
            save = lambda file: ["--save", str(scratch / file)] if images else []
            evaluation, ours = self.evaluate(attack, weights, 0, scratch, save("images.safetensors"))
            request = {"first": 0, "images": self.options.images, "radii": attack["radii"], "seed": 0}
            if images:
                # An attack of fewer steps ends where this one passes.
                steps = range(1, attack["theirs"]["steps"])
                for step in steps:
                    self.evaluate(attack, weights, 0, scratch, save(f"step-{step}.safetensors"), step)
                request["ours"] = [str(scratch / f"step-{step}.safetensors") for step in steps]
                request["ours"].append(str(scratch / "images.safetensors"))
            answer = self.theirs(attack, weights, request)
        seconds = {"ours": ours, "ours_beside": beside, "theirs": answer["seconds"]}
        if images:
            return seconds, {"kind": "images", **answer["images"]}
        return seconds, found.distances(evaluation["nearest"]["distances"], answer["distances"])

    def over_seeds(self, name, attack, model, weights):
        """An attack that begins at random, with every seed. Theirs may take hours: it is kept in pieces, of a seed, a radius
        and a batch each."""
        ours, theirs, loads = [], [], []
        seconds = {"ours": 0.0, "ours_beside": 0.0, "theirs": 0.0}
        for seed in range(self.options.seeds):
            made_of = [self.ours_made_of(attack, weights), seed]
            make = lambda: self.ours(attack, weights, seed)
            (survivors, taken, beside), load = self.pieces.or_make(f"{name}-{model}-ours-{seed}", made_of, make)
            ours.append(survivors)
            loads.append(load)
            seconds["ours"] += taken / self.options.seeds
            seconds["ours_beside"] += beside / self.options.seeds
            theirs.append([])
            for radius in attack["radii"]:
                digits = ""
                for first in range(0, self.options.images, plan.BATCH):
                    images = min(plan.BATCH, self.options.images - first)
                    part = {"first": first, "images": images, "radii": [radius], "seed": seed}
                    made_of = [self.theirs_made_of(attack, weights), part]
                    make = lambda: self.theirs(attack, weights, part)
                    piece = f"{name}-{model}-theirs-{seed}-{radius}-{first}"
                    answer, load = self.pieces.or_make(piece, made_of, make)
                    digits += answer["correct"][0]
                    loads.append(load)
                    seconds["theirs"] += answer["seconds"] / self.options.seeds
                theirs[-1].append(digits)
        result = found.accuracy(attack["theirs"]["norm"], attack["radii"], ours, theirs)
        # The busiest moment of all: one that is not known counts as none.
        return seconds, result, max((load for load in loads if load is not None), default=None)

    def ours(self, attack, weights, seed):
        with tempfile.TemporaryDirectory() as scratch:
            beside = self.bal(weights, BESIDE)
            evaluation, seconds = self.evaluate(attack, weights, seed, Path(scratch), [])
        return evaluation["per_image"]["correct"], seconds, beside

    def evaluate(self, attack, weights, seed, scratch, save, steps=None):
        """What `bal evaluate` writes, and the seconds that it took."""
        result, flags = scratch / "evaluation.json", list(attack["ours"])
        if steps is not None:
            flags[flags.index("--steps") + 1] = str(steps)
        if attack["kind"] != "distances":
            flags += ["--radius", ",".join(map(str, attack["radii"]))]
        seconds = self.bal(weights, flags + ["--seed", str(seed), "--json", str(result)] + save)
        return json.loads(result.read_text()), seconds

    def bal(self, weights, flags):
        options = self.options
        common = ["evaluate", "--weights", str(weights), "--architecture", "cnn", "--dataset", "mnist"]
        common += ["--prediction", "mean-probability", "--limit", str(options.images), "--threads", str(options.threads)]
        begin = time.perf_counter()
        done = subprocess.run([options.bal, *common, *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(done.args)} failed:\n{done.stdout}")
        return time.perf_counter() - begin

    def theirs(self, attack, weights, request):
        from theirs import attack as run

        answer = run({**attack["theirs"], "weights": str(weights), **request}, Path(self.options.mnist))
        if any(len(digits) != request["images"] for digits in answer["correct"]):
            raise ValueError("the library attacked other images than it was given")
        return answer

    def ours_made_of(self, attack, weights):
        options = self.options
        settings = [attack["ours"], attack["radii"]]
        return [options.images, options.threads, digest(weights), self.program, settings]

    def theirs_made_of(self, attack, weights):
        return [self.options.threads, digest(weights), self.versions, self.sources, attack["theirs"]]


def begun(record, now):
    """The cells on record, if it was made as `now` is: on such a processor, by as many threads, of as many images and with
    the same libraries. Else a new record is begun: cells of two processors never stand in one."""
    if not record.exists():
        return []
    there = json.loads(record.read_text())
    return there["cells"] if {**there, "cells": []} == now else []


def put(attacks, cells, cell):
    """`cells` with `cell` in place of an earlier one of its attack and model, in the order of the plan."""
    kept = [old for old in cells if (old["attack"], old["model"]) != (cell["attack"], cell["model"])]
    return sorted([*kept, cell], key=lambda cell: plan.place(attacks, cell))


def main():
    parser = argparse.ArgumentParser()
    for name in ["bal", "mnist", "results", "cpu", "kept", "record"]:
        parser.add_argument(f"--{name}", required=True)
    for name in ["threads", "images", "seeds"]:
        parser.add_argument(f"--{name}", required=True, type=int)
    parser.add_argument("--reference")
    parser.add_argument("--plan", choices=plan.PLANS, default="libraries")
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    models = plan.models(options.results, options.reference)
    attacks = plan.PLANS[options.plan]
    cells = plan.cells(attacks, models, options.only)
    load = os.getloadavg()[0]
    if load > BUSY:
        print(f"warning: the load of this machine is {load:.2f}, above {BUSY}: where others are at work, times mean little")

    import torch
    from theirs import versions

    torch.set_num_threads(options.threads)
    comparison = Comparison(options, versions(plan.LIBRARIES[options.plan]), load)
    now = {"cpu": options.cpu, "threads": options.threads, "images": options.images}
    now |= {"versions": comparison.versions, "cells": []}
    record = Path(options.record)
    there = begun(record, now)
    for attack, model in cells:
        there = put(attacks, there, comparison.cell(attack, model, models[model]))
        write(record, {**now, "cells": there})
    if not options.only:
        comparison.pieces.clear()


if __name__ == "__main__":
    main()
