"""A trained network of the repository, as a module of PyTorch and as a posterior, and images of MNIST."""

import gzip
import pathlib

import pytest
import torch
import torch.nn.functional as F
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Cnn(nn.Module):
    """The network of docs/python.md."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 32, 3, padding=1)
        self.dropout = nn.Dropout(0.5)
        self.fc1 = nn.Linear(1568, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(self.dropout(x.flatten(1)))))


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
        network = Cnn().eval()
        network.load_state_dict({name: values[sample] for name, values in weights.items()})
        members.append(network)
    return members


@pytest.fixture(scope="session")
def posterior_file():
    return ROOT / "results/fig1/bal-released/posterior.safetensors"
