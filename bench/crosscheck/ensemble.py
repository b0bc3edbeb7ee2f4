"""A posterior file as one network, in the way that attack libraries take it."""

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from network import members


class Ensemble(nn.Module):
    """Logits of one member; of several, the logarithm of their mean probability."""

    def __init__(self, weights):
        super().__init__()
        self.members = nn.ModuleList(members("naive", load_file(weights)))
        self.eval().requires_grad_(False)

    def forward(self, x):
        if len(self.members) == 1:
            return self.members[0](x)
        each = torch.stack([F.log_softmax(member(x), -1) for member in self.members])
        # exp and log of one value would cost digits; logsumexp does not.
        return each.logsumexp(0) - torch.log(torch.tensor(float(len(self.members)), dtype=each.dtype))


def wrong(model, x, y):
    """Whether the model has each image wrong."""
    with torch.no_grad():
        return model(x).argmax(-1) != y
