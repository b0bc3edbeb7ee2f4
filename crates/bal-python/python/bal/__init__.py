"""Bayesian adversarial learning: attacks on PyTorch models, posteriors attacked as a whole, samplers with tested laws.

Attacks are objects that are called, as in torchattacks::

    import bal
    attack = bal.PGD(model, eps=8/255, alpha=2/255, steps=10)
    adversarial = attack(images, labels)

`evaluate` gives the accuracy under an attack at several radii, with a result for each image. Images are `[n, c, h, w]` in single
precision, with pixels in [0, 1]; models are callables that give logits `[n, classes]`.
"""

import torch as _torch

# What the compiled part was built for. Said here, because in another torch that part does not even load.
_built_for = "2.13"
_found = ".".join(_torch.__version__.split("+")[0].split(".")[:2])
if _found != _built_for:
    raise ImportError(
        f"this package was built for torch {_built_for}, and torch {_torch.__version__} is installed; "
        f"install torch=={_built_for}.*, or a package for torch {_found}"
    )

from ._bal import Posterior, __version__  # noqa: E402
from .attacks import (  # noqa: E402
    APGD,
    APGDT,
    CW,
    FAB,
    FGSM,
    FMN,
    MIFGSM,
    PGD,
    PGDL2,
    Attack,
    AutoAttack,
    BIM,
    DeepFool,
    FlowPGD,
    HopSkipJump,
    Pose,
    Square,
    StAdv,
)
from .diagnostics import ess_bulk, ess_tail, r_hat  # noqa: E402
from .evaluation import Evaluation, attack_names, attack_settings, evaluate  # noqa: E402
from .sampling import Samples, sample  # noqa: E402

__all__ = [
    "APGD",
    "APGDT",
    "Attack",
    "AutoAttack",
    "BIM",
    "CW",
    "DeepFool",
    "Evaluation",
    "FAB",
    "FGSM",
    "FMN",
    "FlowPGD",
    "HopSkipJump",
    "MIFGSM",
    "PGD",
    "PGDL2",
    "Pose",
    "Posterior",
    "Samples",
    "Square",
    "StAdv",
    "attack_names",
    "attack_settings",
    "ess_bulk",
    "ess_tail",
    "evaluate",
    "r_hat",
    "sample",
]
