"""FGSM and PGD on the mean probability of an ensemble, and the accuracy that is left."""

import torch
import torch.nn.functional as F

BATCH = 256


def log_probability(networks, x):
    members = torch.stack([F.log_softmax(network(x), -1) for network in networks])
    return members.logsumexp(0)


def gradient(networks, x, y):
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(F.nll_loss(log_probability(networks, x), y, reduction="sum"), x)[0]


def correct(networks, x, y):
    with torch.no_grad():
        return (log_probability(networks, x).argmax(-1) == y).sum().item()


def fgsm_curve(networks, x, y, radii, once):
    """Correct answers per radius. `once`: one gradient for all radii, which not everybody thinks of."""
    right = [0] * len(radii)
    for x, y in zip(x.split(BATCH), y.split(BATCH)):
        direction = gradient(networks, x, y).sign() if once else None
        for i, radius in enumerate(radii):
            d = direction if once else gradient(networks, x, y).sign()
            right[i] += correct(networks, (x + radius * d).clamp(0, 1), y)
    return right


def pgd(networks, x, y, radius, steps):
    """Correct answers after `steps` steps of radius/10 from a random start."""
    right = 0
    for x, y in zip(x.split(BATCH), y.split(BATCH)):
        z = (x + torch.empty_like(x).uniform_(-radius, radius)).clamp(0, 1)
        for _ in range(steps):
            z = z + radius / 10 * gradient(networks, z, y).sign()
            z = torch.minimum(torch.maximum(z, x - radius), x + radius).clamp(0, 1)
        right += correct(networks, z, y)
    return right
