"""The accuracy of a model under an attack, image by image."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any, Callable, Sequence

import torch

from . import _bal
from ._progress import bar

Model = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Evaluation:
    """What an attack found; R radii, n images.

    `correct[r, i]` says whether image i is classified rightly at radius r, `predicted[r, i]` as what; `clean[i]` is the class of
    the image as it is. `broken_by[r][i]` names the part of a composed attack that broke the image first, or is None. `l2` and `linf`
    are how far the image was changed, in double precision. `distances[i]`, of an attack that seeks the nearest error, is how far
    that is, infinity where none was found. `x` holds the changed images `[R, n, c, h, w]` where they were kept.
    """

    attack: str
    radii: list[float | None]
    accuracy: list[float]
    correct: torch.Tensor
    predicted: torch.Tensor
    clean: torch.Tensor
    broken_by: list[list[str | None]]
    l2: torch.Tensor
    linf: torch.Tensor
    distances: torch.Tensor | None
    zero_gradients: list[tuple[str, float | None]]
    x: torch.Tensor | None
    witness: torch.Tensor | None

    def __repr__(self) -> str:
        at = ", ".join(
            f"{share:.3f}" if radius is None else f"{share:.3f} at {radius:g}"
            for radius, share in zip(self.radii, self.accuracy)
        )
        return f"Evaluation({self.attack} on {len(self.clean)} images: {at})"


def attack_names() -> list[str]:
    """The names of all attacks that `evaluate` takes."""
    return _bal.attack_names()


def attack_settings(name: str, **said: Any) -> dict[str, Any]:
    """The settings of an attack: those that are said, and the usual ones for the rest. Raises ValueError for settings that cannot be."""
    return json.loads(_bal.attack_settings(name, json.dumps(said)))


def evaluate(
    model: Model | _bal.Posterior,
    x: torch.Tensor,
    y: torch.Tensor,
    attack: str = "autoattack",
    radii: Sequence[float] | float | None = None,
    *,
    members: bool = False,
    prediction: str = "mean-probability",
    threads: int = 1,
    seed: int = 0,
    keep: bool = False,
    resume: str | PathLike[str] | None = None,
    progress: bool = True,
    **settings: Any,
) -> Evaluation:
    """Attacks `x`, `[n, c, h, w]` with pixels in [0, 1], of the classes `y`, `[n]`, at each of the radii.

    `model` is a callable that gives logits `[n, classes]` for images, or, with `members=True`, those of several members, `[S, n,
    classes]`, which are attacked as one, by their mean probability unless `prediction` says `mean-logits`. A `Posterior` is
    attacked as a whole. The model is not changed; put it into evaluation mode yourself.

    `radii` are in the norm of the attack (`norm="linf"` or `"l2"`), on pixels in [0, 1]; attacks to the nearest error take none, or some to
    report at. Further keywords are settings of the attack, as the flags of `bal evaluate` with underscores: `steps`, `restarts`,
    `step_size`, `queries`, `targets`, `loss`, ... `keep=True` returns the changed images.

    `resume` names a folder that keeps what is found, group by group: the same call goes on there after an interruption, and
    costs nothing once all is there. The folder knows images, settings and the logits of the first images, and a call that differs in one
    of them is refused. Remove it when it is no longer needed.

    Images are attacked in groups of 64. The result depends on no number of threads. More than one thread helps a model whose time
    is spent in PyTorch's operators. Every changed image is measured again in double precision and classified again; one outside its
    ball ends the evaluation with an error. Ctrl-C ends it when the model's
    pass at hand has ended, and exceptions of the model come as they are.

    Raises ValueError for settings, radii and images that cannot be.
    """
    _check(x, y)
    if radii is not None and not isinstance(radii, Sequence):
        radii = [radii]
    classes = _classes(model, x, members)
    least, most = int(y.min()), int(y.max())
    if least < 0 or most >= classes:
        raise ValueError(f"labels lie in [{least}, {most}], and the model tells {classes} classes apart, from 0")
    identity = "" if resume is None else _identity(model, x, y, attack, radii, members, prediction, seed, keep, settings)
    with bar(len(x), attack, progress) as shown:
        found = _bal.evaluate(
            model,
            x.detach().contiguous(),
            y.detach(),
            attack,
            json.dumps(settings),
            None if radii is None else [float(radius) for radius in radii],
            classes=classes,
            members=members,
            prediction=prediction,
            threads=threads,
            seed=seed,
            keep=keep,
            resume=None if resume is None else (fspath(resume), identity),
            progress=shown,
        )
    return Evaluation(**found)


def _identity(
    model: Model | _bal.Posterior,
    x: torch.Tensor,
    y: torch.Tensor,
    attack: str,
    radii: Sequence[float] | None,
    members: bool,
    prediction: str,
    seed: int,
    keep: bool,
    settings: dict[str, Any],
) -> str:
    """What a result depends on, as JSON."""
    threads = torch.get_num_threads()
    # As attacks call it.
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            answers = [_digest(model(x[:64].detach().contiguous())) for _ in range(2)]
    finally:
        torch.set_num_threads(threads)
    if answers[0] != answers[1]:
        raise ValueError("resume= needs a model that gives the same logits each time; is it in training mode?")
    return json.dumps(
        {
            "attack": attack,
            "settings": _bal.attack_settings(attack, json.dumps(settings)),
            "radii": radii,
            "seed": seed,
            "members": members,
            "prediction": prediction,
            "images": keep,
            "digest of the images": _digest(x),
            "digest of the labels": _digest(y.long()),
            "logits of the first images": answers[0],
            "device": str(x.device),
            "torch": torch.__version__,
        }
    )


def _digest(tensor: torch.Tensor) -> str:
    """SHA-256 of shape and values."""
    values = tensor.detach().cpu().contiguous()
    return hashlib.sha256(repr(list(values.shape)).encode() + values.numpy().tobytes()).hexdigest()


def _check(x: torch.Tensor, y: torch.Tensor) -> None:
    """Refuses what are no images with their classes."""
    for name, tensor in (("x", x), ("y", y)):
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{name} must be a torch.Tensor, got {type(tensor).__name__}")
    if x.dim() != 4 or len(x) == 0:
        raise ValueError(f"x must be images [n, c, h, w], got shape {list(x.shape)}")
    if x.dtype != torch.float32:
        raise ValueError(f"x must be in single precision, got {x.dtype}; call x.float()")
    if y.shape != x.shape[:1] or y.dtype.is_floating_point:
        raise ValueError(f"y must be a class for each of {len(x)} images, got {y.dtype} of shape {list(y.shape)}")
    low, high = float(x.detach().min()), float(x.detach().max())
    if not (0.0 <= low and high <= 1.0):
        raise ValueError(f"pixels must lie in [0, 1], got [{low:g}, {high:g}]; normalise within the model")


def _classes(model: Model | _bal.Posterior, x: torch.Tensor, members: bool) -> int:
    """How many classes the model tells apart."""
    if isinstance(model, _bal.Posterior):
        return model.classes
    with torch.no_grad():
        logits = model(x[:1].detach())
    if not isinstance(logits, torch.Tensor):
        raise TypeError(f"the model must give logits as one torch.Tensor, got {type(logits).__name__}")
    wanted = "[S, n, classes]" if members else "[n, classes]"
    if logits.dim() != (3 if members else 2) or logits.shape[-2] != 1:
        raise ValueError(f"the model must give logits {wanted}, got shape {list(logits.shape)} for one image")
    if logits.shape[-1] < 2:
        raise ValueError("the model gives one number for each image; give a logit for each of two classes")
    return int(logits.shape[-1])
