"""A trained network of the repository, as a module of PyTorch and as a posterior, and images of MNIST."""

import gzip
import pathlib
import sys

import pytest
import torch

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "bench/pytorch"))

from network import Naive  # noqa: E402


def idx(name):
    with gzip.open(ROOT / "datasets/mnist" / name) as file:
        content = file.read()
    dimensions = content[3]
    sizes = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions)]
    return torch.frombuffer(bytearray(content[4 + 4 * dimensions :]), dtype=torch.uint8).reshape(sizes)


@pytest.fixture(scope="session")
def mnist():
    images = idx("t10k-images-idx3-ubyte.gz").unsqueeze(1).float() / 255
    return images, idx("t10k-labels-idx1-ubyte.gz").long()


@pytest.fixture(scope="session")
def weights():
    from safetensors.torch import load_file

    return load_file(ROOT / "results/fig1/bal-released/posterior.safetensors")


@pytest.fixture(scope="session")
def networks(weights):
    """The members of the committed posterior."""
    members = []
    for sample in range(len(weights["fc2.bias"])):
        network = Naive().eval()
        network.load_state_dict({name: values[sample] for name, values in weights.items()})
        members.append(network)
    return members


@pytest.fixture(scope="session")
def posterior_file():
    return ROOT / "results/fig1/bal-released/posterior.safetensors"
