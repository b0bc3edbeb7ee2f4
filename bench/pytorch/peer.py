"""Times what `cargo xtask bench peer` asks for, as PyTorch does it.

Reads one request a line from standard input and answers each with one JSON object a line:
{"do": "gradients", "out": FILE} writes `image` and `w.NAME`, the gradients of bal.py without dropout;
{"do": NAME, "chains": N} answers {"seconds": S};  {"do": "peak"} answers {"bytes": N}.
"""

import argparse
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

import attacks
import bal
import mnist
from network import FORMS, members

RADII = [0.15 * i / 9 for i in range(10)]
FULL = {"batch": 256, "train": 60000, "test": 1000, "pgd_steps": 40}
SMOKE = {"batch": 96, "train": 512, "test": 96, "pgd_steps": 2}


class Peer:
    def __init__(self, options):
        self.options = options
        self.sizes = SMOKE if options.smoke else FULL
        self.x, self.y = mnist.read(options.mnist, "train", self.sizes["batch"])
        self.test = mnist.read(options.mnist, "t10k", self.sizes["test"])
        self.train = None

    def networks(self, chains):
        # Fresh ones for each request: every measurement starts from the same weights.
        return members(self.options.form, load_file(self.options.weights))[:chains]

    def gradients(self, request):
        networks = [network.eval() for network in self.networks(request["chains"])]
        parts = {"image": bal.data_gradient(networks, self.x, self.x, self.y)}
        names = [name for name, _ in networks[0].named_parameters()]
        gradients = bal.parameter_gradient(networks[0], self.x, self.x, self.y)
        parts |= {f"w.{name}": gradient for name, gradient in zip(names, gradients)}
        save_file({name: part.float().contiguous() for name, part in parts.items()}, request["out"])

    def data_step(self, networks):
        bal.data_steps(networks, self.x, self.y, bal.STEPS)
        return bal.STEPS

    def parameter_step(self, networks):
        bal.parameter_steps(networks, self.x, self.x, self.y, bal.STEPS)
        return bal.STEPS

    def sweep(self, networks):
        bal.sweep(networks, self.x, self.y)
        return 1

    def erm_epoch(self, _):
        images, labels = self.train or mnist.read(self.options.mnist, "train", self.sizes["train"])
        self.train = images, labels
        network = FORMS[self.options.form]().train()
        optimiser = torch.optim.Adam(network.parameters(), 1e-3)
        for batch in torch.randperm(len(labels)).split(self.sizes["batch"]):
            optimiser.zero_grad()
            F.cross_entropy(network(images[batch]), labels[batch]).backward()
            optimiser.step()
        return 1

    def fgsm_curve(self, networks):
        attacks.fgsm_curve(frozen(networks), *self.test, RADII, self.options.form == "tuned")
        return 1

    def pgd(self, networks):
        attacks.pgd(frozen(networks), *self.test, 0.1, self.sizes["pgd_steps"])
        return 1

    def answer(self, request):
        if request["do"] == "peak":
            return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
        if request["do"] == "gradients":
            return self.gradients(request) or {}
        measure = getattr(self, request["do"])
        networks = self.networks(request["chains"])
        begin = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.precision == "bf16"):
            repeats = measure(networks)
        return {"seconds": (time.perf_counter() - begin) / repeats}


def frozen(networks):
    return [network.eval().requires_grad_(False) for network in networks]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--form", choices=FORMS, required=True)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--mnist", required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--smoke", action="store_true", help="sizes that only show that it works")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    peer = Peer(options)
    for line in sys.stdin:
        print(json.dumps(peer.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
