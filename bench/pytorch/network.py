"""The MNIST network in the two forms that are timed."""

import torch
import torch.nn.functional as F
from torch import nn


class Naive(nn.Module):
    """As everyone writes it: ReLU, then pooling; tensors in PyTorch's own layout."""

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
        x = self.dropout(x.flatten(1))
        return self.fc2(F.relu(self.fc1(x)))


class Tuned(Naive):
    """Pooling before ReLU, the same function with a quarter of the work; channels last."""

    def __init__(self):
        super().__init__()
        self.to(memory_format=torch.channels_last)

    def forward(self, x):
        x = channels_last(x)
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = self.dropout(x.flatten(1))
        return self.fc2(F.relu(self.fc1(x)))


def channels_last(x):
    """`contiguous(memory_format=channels_last)` keeps the strides of a one-channel image, and LibTorch then takes
    the slow path; strides spelled out are what it looks at."""
    n, c, h, w = x.shape
    return x.permute(0, 2, 3, 1).contiguous().as_strided((n, c, h, w), (h * w * c, 1, w * c, c))


FORMS = {"naive": Naive, "tuned": Tuned}


def members(form, weights):
    """One network per chain, with the weights of a posterior file: each tensor is stacked over chains."""
    networks = []
    for chain in range(next(iter(weights.values())).shape[0]):
        network = FORMS[form]()
        network.load_state_dict({name: stacked[chain] for name, stacked in weights.items()})
        if form == "tuned":
            # One input channel: to(channels_last) leaves strides that read as contiguous.
            network.conv1.weight.data = channels_last(network.conv1.weight.data)
        networks.append(network)
    return networks
