"""Posteriors: as PyTorch reads them, attacked as a whole, and with the bits of the program."""

import json
import os
import pathlib
import subprocess

import pytest
import torch

import bal

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_a_posterior_says_what_pytorch_makes_of_its_file(posterior_file, networks, mnist):
    x = mnist[0][:50]
    posterior = bal.Posterior.load(posterior_file)
    assert (len(posterior), posterior.classes, posterior.architecture) == (5, 10, "cnn")
    with torch.no_grad():
        logits = torch.stack([network(x) for network in networks])
    assert (posterior.members(x) - logits).abs().max() < 1e-3
    whole = posterior(x)
    expected = {"mean-logits": logits.mean(0), "mean-probability": logits.softmax(2).mean(0).log()}
    assert (whole - expected[posterior.prediction]).abs().max() < 1e-3
    assert "5 members" in repr(posterior)


def test_it_is_differentiable(posterior_file, mnist):
    x = mnist[0][:3].clone().requires_grad_(True)
    bal.Posterior.load(posterior_file)(x).sum().backward()
    assert x.grad is not None and x.grad.abs().sum() > 0


def test_members_of_a_callable_are_attacked_as_one(networks, mnist):
    x, y = mnist[0][:40], mnist[1][:40]

    def members(x):
        return torch.stack([network(x) for network in networks])

    def predicted(x):
        with torch.no_grad():
            return members(x).softmax(2).mean(0).argmax(1)

    whole = bal.evaluate(members, x, y, "pgd", [0.15], members=True, steps=10, progress=False, keep=True)
    assert torch.equal(whole.clean, predicted(x))
    assert torch.equal(whole.predicted[0], predicted(whole.x[0]))


def test_the_bits_are_those_of_the_program(posterior_file, mnist, tmp_path):
    program = pathlib.Path(os.environ.get("BAL", ROOT / "target/release/bal"))
    if not program.is_file():
        pytest.fail(f"{program} is not there: cargo build --release -p bal-cli makes it")
    file = tmp_path / "found.json"
    flags = ["--attack", "autoattack", "--radius", "0.05,0.15", "--steps", "5", "--queries", "20", "--limit", "70"]
    said = ["evaluate", "--weights", posterior_file, "--dataset", "mnist", *flags, "--json", file]
    environment = {**os.environ, "BAL_DATA": str(ROOT / "datasets")}
    subprocess.run([program, *said], check=True, capture_output=True, env=environment)
    expected = json.loads(file.read_text())
    posterior = bal.Posterior.load(posterior_file)
    x, y = mnist[0][:70], mnist[1][:70]
    found = bal.evaluate(posterior, x, y, "autoattack", [0.05, 0.15], steps=5, queries=20, progress=False)
    digits = ["".join("1" if right else "0" for right in row) for row in found.correct.tolist()]
    assert digits == expected["per_image"]["correct"]
    assert found.linf.mean(1).tolist() == pytest.approx([reached["linf"] for reached in expected["reached"]], rel=1e-12)


def test_a_file_that_is_no_posterior_is_refused(tmp_path):
    with pytest.raises(ValueError, match="none.safetensors"):
        bal.Posterior.load(tmp_path / "none.safetensors")
