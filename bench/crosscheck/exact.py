"""The attacks that have one result, in double precision: who is right where two results differ.

In single precision the gradient of the cross-entropy with respect to the logits, p - 1 at the label, is zero or of few
digits where the network is sure, and the sign of a pixel's gradient is then chance.
"""

import copy

import torch
import torch.nn.functional as F

TOLERANCE = 1e-5
BATCH = 256


def climb(model, x, y, radius, steps, step_size):
    """Steps along the sign of the gradient from the image itself, in double precision."""
    model = copy.deepcopy(model).double()
    ends = []
    for x, y in zip(x.double().split(BATCH), y.split(BATCH)):
        z = x
        for _ in range(steps):
            z = z.detach().requires_grad_(True)
            gradient = torch.autograd.grad(F.cross_entropy(model(z), y, reduction="sum"), z)[0]
            z = z.detach() + step_size * gradient.sign()
            z = torch.minimum(torch.maximum(z, x - radius), x + radius).clamp(0, 1)
        ends.append(z)
    return torch.cat(ends)


def compare(ours, theirs, right):
    """Pixels that differ, and with which side double precision agrees; images of one shape."""
    ours, theirs = ours.double(), theirs.double()
    difference = (ours - theirs).abs()
    apart = difference > TOLERANCE
    near = lambda side: (((side - right).abs() <= TOLERANCE) & apart).sum().item()
    return {
        "pixels": ours.numel(),
        "differing": apart.sum().item(),
        "ours_right": near(ours),
        "theirs_right": near(theirs),
        "largest": difference.max().item(),
        "ours_from_double": (ours - right).abs().max().item(),
    }
