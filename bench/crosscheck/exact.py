"""The attacks that have one result, in double precision: who is right where two results differ.

In single precision the gradient of the cross-entropy with respect to the logits, p - 1 at the label, is zero or of few
digits where the network is sure, and the sign of a pixel's gradient is then chance. Where two inputs of a maximum are
equal but for rounding, or one of a ReLU is as good as zero, even double precision has no sign to be right about: it gives
another when the image moves by a rounding error.
"""

import copy

import torch
import torch.nn.functional as F

TOLERANCE = 1e-5
# By how much a pixel of the start is moved at most, and how often: some roundings of single precision. Pixels of the background
# move as well, since where they are all zero the inputs of a maximum are equal.
MOVED = 1e-6
DRAWS = 16
BATCH = 256


def climb(model, x, y, radius, steps, step_size):
    """Steps along the sign of the gradient from the image itself, in double precision."""
    model = copy.deepcopy(model).double()
    ends = []
    for x, y in zip(x.double().split(BATCH), y.split(BATCH)):
        z = x
        for _ in range(steps):
            z = step(model, x, y, z, radius, step_size)
        ends.append(z)
    return torch.cat(ends)


def step(model, x, y, z, radius, step_size):
    """Where a step from z leads."""
    z = z.detach().requires_grad_(True)
    gradient = torch.autograd.grad(F.cross_entropy(model(z), y, reduction="sum"), z)[0]
    z = z.detach() + step_size * gradient.sign()
    return torch.minimum(torch.maximum(z, x - radius), x + radius).clamp(0, 1)


def single_steps(model, x, y, radius, step_size, way):
    """Each step of a climb from x, whose points are the way, beside one in double precision from the same point.

    A sign that rounding turns in one step moves all that follow; here it counts once.
    """
    model = copy.deepcopy(model).double()
    differing, undecided = 0, 0
    for z, after in zip([x, *way], way):
        for centre, labels, begin, end in zip(*(part.split(BATCH) for part in (x.double(), y, z.double(), after.double()))):
            right = step(model, centre, labels, begin, radius, step_size)
            apart = (end - right).abs() > TOLERANCE
            rows = apart.flatten(1).any(1).nonzero().squeeze(1)
            again = lambda z, y: step(model, centre[rows], y, z, radius, step_size)
            changing = changes(again, begin[rows], labels[rows], right[rows])
            differing += apart.sum().item()
            undecided += (apart[rows] & changing).sum().item()
    return {"pixels": x.numel() * len(way), "differing": differing, "undecided": undecided}


def compare(attack, x, y, ours, theirs):
    """Pixels of two attacks from one start that differ, and with which of them `attack`, a climb, agrees."""
    right = attack(x, y)
    ours, theirs = ours.double(), theirs.double()
    difference = (ours - theirs).abs()
    apart = difference > TOLERANCE
    agrees = lambda side: apart & ((side - right).abs() <= TOLERANCE)
    ours_right = agrees(ours)
    wrong = apart & ~ours_right
    rows = wrong.flatten(1).any(1).nonzero().squeeze(1)
    changing = changes(attack, x[rows], y[rows], right[rows])
    return {
        "pixels": ours.numel(),
        "differing": apart.sum().item(),
        "ours_right": ours_right.sum().item(),
        "theirs_right": agrees(theirs).sum().item(),
        "undecided": (wrong[rows] & changing).sum().item(),
        "largest": difference.max().item(),
        "ours_from_double": (ours - right).abs().max().item(),
    }


def changes(attack, x, y, right):
    """Pixels that `attack` gives otherwise than `right` in any of DRAWS attacks from a start that is moved."""
    changing = torch.zeros_like(right, dtype=torch.bool)
    noise = torch.Generator().manual_seed(0)
    for _ in range(DRAWS if len(x) else 0):
        moved = x.double() + MOVED * (2 * torch.rand(x.shape, generator=noise, dtype=torch.double) - 1)
        changing |= (attack(moved, y) - right).abs() > TOLERANCE
    return changing
