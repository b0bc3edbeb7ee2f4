"""A trained network of the repository, as a module of PyTorch and as a posterior, and images of MNIST."""

import gzip
import importlib.util
import pathlib

import pytest
import torch

ROOT = pathlib.Path(__file__).resolve().parents[3]


def benchmark(name):
    """A module of the benchmarks, alone: their folder has another `bal`."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"bench/pytorch/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
        network = benchmark("network").Naive().eval()
        network.load_state_dict({name: values[sample] for name, values in weights.items()})
        members.append(network)
    return members


@pytest.fixture(scope="session")
def posterior_file():
    return ROOT / "results/fig1/bal-released/posterior.safetensors"
