"""Whether chains have met, and what their draws are worth (Vehtari et al. 2021)."""

from __future__ import annotations

import torch

from . import _bal


def _chains(draws: torch.Tensor) -> list[list[float]]:
    draws = torch.as_tensor(draws)
    if draws.dim() != 2:
        raise ValueError(f"draws of one quantity are [chains, draws], got shape {list(draws.shape)}")
    return draws.double().tolist()


def r_hat(draws: torch.Tensor) -> float:
    """Rank-normalised split R-hat of draws `[chains, draws]`, the larger of bulk and tail; below 1.01 chains count as one."""
    return _bal.r_hat(_chains(draws))


def ess_bulk(draws: torch.Tensor) -> float:
    """Bulk effective sample size of draws `[chains, draws]`."""
    return _bal.ess_bulk(_chains(draws))


def ess_tail(draws: torch.Tensor) -> float:
    """Tail effective sample size of draws `[chains, draws]`: the lesser of those of the 5 % and 95 % quantiles."""
    return _bal.ess_tail(_chains(draws))
