from os import PathLike
from typing import Any, Callable

import torch

TORCH: str
__version__: str

class Posterior:
    """Samples of a network's weights that `bal train` wrote, which predict together."""

    classes: int
    architecture: str
    prediction: str
    ensemble_gradient: str
    @staticmethod
    def load(path: str | PathLike[str]) -> Posterior: ...
    def __call__(self, x: torch.Tensor) -> torch.Tensor: ...
    def members(self, x: torch.Tensor) -> torch.Tensor: ...
    def __len__(self) -> int: ...

def attack_names() -> list[str]: ...
def attack_settings(name: str, said: str) -> str: ...
def evaluate(
    model: Any,
    x: torch.Tensor,
    y: torch.Tensor,
    attack: str,
    settings: str,
    radii: list[float] | None,
    *,
    classes: int,
    members: bool,
    prediction: str,
    threads: int,
    seed: int,
    keep: bool,
    resume: tuple[str, str] | None,
    progress: Callable[[int], None] | None,
) -> dict[str, Any]: ...
def sample(
    energy: Callable[..., torch.Tensor],
    start: list[list[torch.Tensor]],
    sampler: str,
    *,
    steps: int,
    burn_in: int,
    thin: int,
    seed: int,
    progress: Callable[[int], None] | None,
) -> dict[str, Any]: ...
def r_hat(chains: list[list[float]]) -> float: ...
def ess_bulk(chains: list[list[float]]) -> float: ...
def ess_tail(chains: list[list[float]]) -> float: ...
