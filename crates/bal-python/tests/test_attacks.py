"""Attacks on modules of PyTorch: conventions, budgets, and the accuracies of torchattacks."""

import math

import pytest
import torch
from torch import nn

import bal


def accuracy(model, x, y):
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def test_pgd_stays_in_its_ball_and_is_called_as_in_torchattacks(networks, mnist):
    x, y = mnist[0][:100], mnist[1][:100]
    attack = bal.PGD(networks[0], eps=0.1, alpha=0.01, steps=20)
    before = torch.get_num_threads()
    adversarial = attack(x, y)
    assert torch.get_num_threads() == before
    assert adversarial.shape == x.shape and adversarial.dtype == x.dtype
    assert (adversarial - x).abs().max() <= 0.1 * (1 + 1e-6) and 0 <= adversarial.min() and adversarial.max() <= 1
    assert accuracy(networks[0], adversarial, y) < accuracy(networks[0], x, y)
    assert all(parameter.grad is None for parameter in networks[0].parameters())
    # The same seed gives the same bits, on any number of threads, and whoever else is attacked.
    assert torch.equal(adversarial, attack(x, y))
    threads = bal.PGD(networks[0], eps=0.1, alpha=0.01, steps=20, threads=2)
    assert torch.equal(adversarial, threads(x, y))
    assert not torch.equal(adversarial, bal.PGD(networks[0], eps=0.1, alpha=0.01, steps=20, seed=1)(x, y))


def test_normalised_images_are_attacked_on_their_pixels(networks, mnist):
    x, y = mnist[0][:20], mnist[1][:20]
    mean, std = 0.1307, 0.3081
    model = nn.Sequential(Denormalise(mean, std), networks[0])
    attack = bal.PGD(model, eps=0.1, alpha=0.02, steps=5)
    attack.set_normalization_used([mean], [std])
    normalised = attack((x - mean) / std, y)
    pixels = normalised * std + mean
    assert (pixels - x).abs().max() < 0.1 + 1e-5
    plain = bal.PGD(networks[0], eps=0.1, alpha=0.02, steps=5)(x, y)
    assert (pixels - plain).abs().mean() < 1e-3


class Denormalise(nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, x):
        return x * self.std + self.mean


def test_accuracies_are_those_of_torchattacks(networks, mnist):
    torchattacks = pytest.importorskip("torchattacks")
    x, y = mnist[0][:300], mnist[1][:300]
    model = networks[0]
    pairs = [
        (bal.FGSM(model, eps=0.1), torchattacks.FGSM(model, eps=0.1)),
        (bal.BIM(model, eps=0.1, alpha=0.01, steps=20), torchattacks.BIM(model, eps=0.1, alpha=0.01, steps=20)),
        (bal.PGD(model, eps=0.1, alpha=0.01, steps=40), torchattacks.PGD(model, eps=0.1, alpha=0.01, steps=40)),
        (bal.PGDL2(model, eps=1.5, alpha=0.15, steps=40), torchattacks.PGDL2(model, eps=1.5, alpha=0.15, steps=40)),
    ]
    seeds = range(4)
    for ours, theirs in pairs:
        ours_left, theirs_left = 0.0, 0.0
        for seed in seeds:
            ours.seed = seed
            torch.manual_seed(seed)
            ours_left += accuracy(model, ours(x, y), y) / len(seeds)
            theirs_left += accuracy(model, theirs(x, y), y) / len(seeds)
        # Between seeds the accuracy has a standard deviation of half a percent: three standard errors of the difference of means.
        assert abs(ours_left - theirs_left) <= 0.01, (ours, ours_left, theirs_left)


def test_autoattack_is_run_as_in_auto_attack(networks, mnist, capsys):
    x, y = mnist[0][:16], mnist[1][:16]
    attack = bal.AutoAttack(networks[0], norm="Linf", eps=0.1, steps=10, queries=20)
    adversarial = attack.run_standard_evaluation(x, y, bs=8)
    assert f"robust accuracy: {accuracy(networks[0], adversarial, y):.2%}" in capsys.readouterr().out
    with pytest.raises(ValueError, match="plus"):
        bal.AutoAttack(networks[0], version="plus")


def test_every_attack_of_the_list_runs_on_a_module(networks, mnist):
    x, y = mnist[0][:4], mnist[1][:4]
    short = {"steps": 2, "queries": 20, "draws": 2, "rotations": 2, "translations": 2, "search_steps": 1}
    for name in bal.attack_names():
        if name == "advgan":
            continue
        known = bal.attack_settings(name)
        settings = {key: value for key, value in short.items() if key in known}
        radii = None if name in ("fab", "cw", "deepfool", "fmn", "hop-skip-jump", "stadv") or name.startswith("cw-") else [0.1]
        found = bal.evaluate(networks[0], x, y, name, radii, progress=False, **settings)
        assert found.correct.shape == (1, 4), name
    assert len(bal.attack_names()) > 20


def test_results_are_told_image_by_image(networks, mnist):
    x, y = mnist[0][:70], mnist[1][:70]
    found = bal.evaluate(networks[0], x, y, "autoattack", [0.05, 0.15], steps=5, queries=10, progress=False, keep=True)
    assert found.radii == [0.05, 0.15] and found.x.shape == (2, 70, 1, 28, 28)
    assert found.accuracy == pytest.approx(found.correct.double().mean(1).tolist())
    assert torch.equal(found.correct, found.predicted == y)
    names = {"apgd-ce", "apgd-t", "fab", "square", None}
    assert {name for row in found.broken_by for name in row} <= names
    for radius, images, linf in zip(found.radii, found.x, found.linf):
        moved = (images.double() - x.double()).abs().amax((1, 2, 3))
        assert torch.allclose(moved, linf) and linf.max() <= radius * (1 + 1e-6)
    nearest = bal.evaluate(networks[0], x[:10], y[:10], "deepfool", progress=False)
    assert nearest.distances.shape == (10,) and math.isfinite(nearest.distances.max())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"attack": "nonesuch"}, "nonesuch"),
        ({"radii": [-0.1]}, "-0.1"),
        ({"radii": None}, "radius|radii"),
        ({"steps": 0}, "steps"),
        ({"nonesuch": 3}, "nonesuch"),
        ({"norm": "l7"}, "l7"),
        ({"threads": 0}, "threads"),
        ({"prediction": "mode"}, "mode"),
    ],
)
def test_what_cannot_be_is_a_value_error(networks, mnist, change, words):
    arguments = {"attack": "pgd", "radii": [0.1], "progress": False} | change
    with pytest.raises(ValueError, match=words):
        bal.evaluate(networks[0], mnist[0][:2], mnist[1][:2], **arguments)


def test_images_and_labels_that_cannot_be_are_refused(networks, mnist):
    x, y = mnist[0][:4], mnist[1][:4]
    model = networks[0]
    for images, labels, words in [
        (x * 2, y, "must lie in"),
        (x.double(), y, "single precision"),
        (x[0], y, r"\[n, c, h, w\]"),
        (x, y[:2], "a class for each"),
        (x, y.float(), "a class for each"),
        (x, y + 9, "10 classes"),
        (x * float("nan"), y, "must lie in"),
    ]:
        with pytest.raises(ValueError, match=words):
            bal.evaluate(model, images, labels, "fgsm", [0.1])
    with pytest.raises(TypeError, match="list"):
        bal.evaluate(model, x.tolist(), y, "fgsm", [0.1])
    with pytest.raises(ValueError, match="logits"):
        bal.evaluate(lambda x: model(x).sum(1), x, y, "fgsm", [0.1])
