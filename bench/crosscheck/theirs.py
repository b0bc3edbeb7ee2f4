"""Attacks of Python libraries on our networks, and what became of the images.

attack(request, folder) attacks `images` of MNIST's test images in `folder` from the `first` on, with random starts of `seed`:
{"library": L, "attack": A, "weights": FILE, "first": F, "images": N, "seed": S, "norm": "linf" | "l2", "radii": [..] | [None]}.
It returns {"seconds": S, "correct": ["1101..", ..], "distances": [..] | None, "images": {..} | None}, with a string for each
radius, distances where the radius is None, and images where the request has "ours", files that `bal evaluate --save`
wrote after one step, two, .. and all: what compare and single_steps of exact.py count. Further keys are settings of the
attack, see libraries.py and authors.py.
"""

import importlib.metadata
import sys
import time
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "pytorch"))

import torch
from safetensors.torch import load_file

import exact
import mnist
from ensemble import Ensemble, wrong
from plan import BATCH



def attacks(library):
    """Those of this library: the others need not be installed."""
    if library == "pyautoattack":
        from authors import ATTACKS
    else:
        from libraries import ATTACKS
    return ATTACKS


def attack(request, folder):
    first = request["first"]
    x, y = (part[first:] for part in mnist.read(folder, "t10k", first + request["images"]))
    model = Ensemble(request["weights"])
    run = attacks(request["library"])[request["library"], request["attack"]]
    made, seconds = [], 0.0
    for radius in request["radii"]:
        ends = []
        for part, labels in zip(x.split(BATCH), y.split(BATCH)):
            # Random starts are those of the batch, whatever ran before.
            torch.manual_seed(request["seed"])
            begin = time.perf_counter()
            ends.append(run(model, part, labels, request, radius).detach())
            seconds += time.perf_counter() - begin
        made.append(torch.cat(ends))
    return {
        "seconds": seconds,
        "correct": ["".join("01"[not w] for w in judged(model, z, y).tolist()) for z in made],
        "distances": distances(model, x, made[0], y, request["norm"]) if request["radii"] == [None] else None,
        "images": compared(model, x, made[0], y, request) if "ours" in request else None,
    }


def judged(model, x, y):
    return torch.cat([wrong(model, *part) for part in zip(x.split(BATCH), y.split(BATCH))])


def distances(model, x, z, y, norm):
    """0 for an image that is wrong as it is, null for one that is not wrong in the end."""
    change = (z.double() - x.double()).flatten(1)
    length = change.abs().amax(1) if norm == "linf" else change.norm(dim=1)
    length[judged(model, x, y)] = 0.0
    # Some attacks give up with an image of zeros: it counts where it is wrong, as any other.
    broken = judged(model, z, y) | (length == 0)
    return [d if b else None for d, b in zip(length.tolist(), broken.tolist())]


def compared(model, x, theirs, y, request):
    ours = [attacked(file, x) for file in request["ours"]]
    radius = request["radii"][0]
    step = radius / request["parts"]
    attack = lambda x, y: exact.climb(model, x, y, radius, request["steps"], step)
    found = exact.compare(attack, x, y, ours[-1], theirs)
    return {"radius": radius, **found, "steps": exact.single_steps(model, x, y, radius, step, ours)}


def attacked(file, x):
    images = load_file(file)
    if not torch.equal(images["clean"], x):
        raise ValueError(f"{file} holds other images than the first {len(x)} test images")
    return images["x"][0]


def versions(libraries):
    return {name: importlib.metadata.version(name) for name in libraries}
