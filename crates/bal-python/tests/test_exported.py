"""Exported programs: `bal evaluate` on a `.pt2` of PyTorch's finds what it finds on the same network as TorchScript."""

import json
import os
import pathlib
import subprocess

import pytest
import torch
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[3]
CLASSES = 4


def evaluate(model, data, file):
    program = pathlib.Path(os.environ.get("BAL", ROOT / "target/release/bal"))
    flags = ["--attack", "autoattack", "--radius", "0.002,0.01", "--steps", "5", "--queries", "20", "--json", file]
    environment = {**os.environ, "BAL_DATA": str(ROOT / "datasets")}
    done = subprocess.run([program, "evaluate", *model, *data, *flags], capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(file.read_text())


class Balanced(nn.Module):
    """A network of random weights that gives each class to some images."""

    def __init__(self, network, x):
        super().__init__()
        self.network = network.eval()
        with torch.no_grad():
            self.register_buffer("mean", network(x).mean(0))

    def forward(self, x):
        return self.network(x) - self.mean


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Images in colour, with the classes that a residual network gives them, and that network."""
    torchvision = pytest.importorskip("torchvision")
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(24, 3, 6, 6, generator=generator)
    x = nn.functional.interpolate(coarse, 32, mode="bicubic").clamp(0, 1).mul(255).round().div(255)
    torch.manual_seed(0)
    network = Balanced(torchvision.models.resnet18(num_classes=CLASSES).eval(), x).eval()
    with torch.no_grad():
        classes = network(x).argmax(1).tolist()
    assert set(classes) == set(range(CLASSES))
    folder = tmp_path_factory.mktemp("photographs")
    for i, (image, label) in enumerate(zip(x, classes)):
        (folder / "test" / str(label)).mkdir(parents=True, exist_ok=True)
        torchvision.utils.save_image(image, folder / "test" / str(label) / f"{i:02}.png")
    return network, x, folder


def both_forms(network, x, folder):
    """The network's two files, the exported one for any number of images."""
    batch = torch.export.Dim("batch", min=1, max=1024)
    program = torch.export.export(network, (x,), dynamic_shapes=({0: batch},))
    torch.export.save(program, folder / "network.pt2")
    torch.jit.trace(network, x).save(folder / "network.pt")
    sizes = ",".join(str(size) for size in x.shape[1:])
    return [("--pt2", folder / "network.pt2"), ("--torchscript", folder / "network.pt", "--input-shape", sizes)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_residual_network_of_torchvision_falls_alike_under_autoattack(photographs, tmp_path):
    network, x, data = photographs
    exported, scripted = (
        evaluate(form, ["--dataset", data], tmp_path / f"{form[0]}.json") for form in both_forms(network, x[:2], tmp_path)
    )
    assert exported["per_image"] == scripted["per_image"] and exported["accuracy"] == scripted["accuracy"]
    assert exported["broken_by"] == scripted["broken_by"] and exported["reached"] == scripted["reached"]
    assert exported["accuracy"][0] > exported["accuracy"][1], "the radii tell"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_network_of_the_paper_falls_alike_under_autoattack(networks, mnist, tmp_path):
    forms = both_forms(networks[0], mnist[0][:2], tmp_path)
    data = ["--dataset", "mnist", "--limit", "48"]
    exported, scripted = (evaluate(form, data, tmp_path / f"{form[0]}.json") for form in forms)
    assert exported["per_image"] == scripted["per_image"] and exported["reached"] == scripted["reached"]
