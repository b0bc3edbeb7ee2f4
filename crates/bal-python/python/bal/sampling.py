"""Chains on any energy that is written in Python."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable, Sequence

import torch

from . import _bal
from ._progress import bar

_USUAL: dict[str, dict[str, Any]] = {
    "sgld": {},
    "psgld": {"decay": 0.99, "preconditioner_floor": 1e-5, "initial_second_moment": 1.0},
    "sghmc": {"friction": 0.1, "gradient_noise": 0.0},
}


@dataclass(frozen=True)
class Samples:
    """What chains came to: `draws[part]` is `[chains, draws, ...]` for each part of the position, `energies` `[chains, draws]` the
    energy before the step that led to each draw."""

    draws: list[torch.Tensor]
    energies: torch.Tensor


def sample(
    energy: Callable[..., torch.Tensor],
    start: Sequence[torch.Tensor | Sequence[torch.Tensor]],
    sampler: str = "sghmc",
    *,
    steps: int,
    burn_in: int = 0,
    thin: int = 1,
    seed: int = 0,
    progress: bool = True,
    temperature: float = 1.0,
    **settings: Any,
) -> Samples:
    """Draws from the density proportional to exp(-energy / temperature).

    `energy` takes the parts of a position and gives one number that PyTorch can differentiate; it may be an estimate, such as that
    of a minibatch. `start` has an entry for each chain: a tensor, or the parts of the position, in single precision. `sampler` is `sgld`
    (Welling & Teh 2011), `psgld` (Li et al. 2016), `sghmc` (Chen et al. 2014), `sgadald` or `sgadahmc` (Ye & Zhu 2018); `settings`
    are theirs, such as `step_size` and `friction`. The first three have usual values for all but the step size.

    The noise is keyed by seed, chain and step: a chain gives the same draws whatever other chains there are. Step sizes leave an error
    in the law, so try a smaller one.

    Raises ValueError for settings that cannot be, RuntimeError where a chain diverges.
    """
    said = {**_USUAL.get(sampler, {}), "temperature": temperature, **settings}
    chains = [[part] if isinstance(part, torch.Tensor) else list(part) for part in start]
    if not chains or any([p.shape for p in chain] != [p.shape for p in chains[0]] for chain in chains):
        raise ValueError("start must have at least one chain, and all chains parts of the same shapes")
    with bar(steps * len(chains), sampler, progress) as shown:
        found = _bal.sample(
            energy, chains, json.dumps({sampler: said}), steps=steps, burn_in=burn_in, thin=thin, seed=seed, progress=shown
        )
    return Samples(**found)
