"""Attacks as objects that are called, in the conventions of torchattacks and auto-attack."""

from __future__ import annotations

from typing import Any, Sequence

import torch

from .evaluation import Evaluation, Model, evaluate


class Attack:
    """An attack with its settings: `attack(images, labels)` gives adversarial images `[n, c, h, w]`.

    `images` have pixels in [0, 1]; after `set_normalization_used` they are normalised, and so are those that come back. Images for
    which no error is found come back as the attack left them. `members`, `prediction`, `threads` and `seed` are those of `evaluate`.
    """

    def __init__(self, name: str, model: Model, eps: float | None, seed: int = 0, threads: int = 1, **settings: Any):
        self.name, self.model, self.eps = name, model, eps
        self.seed, self.threads = seed, threads
        self.options = {key: settings.pop(key) for key in ("members", "prediction") if key in settings}
        self.settings = settings
        self._normalization: tuple[torch.Tensor, torch.Tensor] | None = None

    def set_normalization_used(self, mean: Sequence[float], std: Sequence[float]) -> None:
        """Says that images come normalised, by (x - mean) / std for each channel, as the model takes them. Radii stay on pixels."""
        mean_, std_ = (torch.tensor(list(values), dtype=torch.float32).view(1, -1, 1, 1) for values in (mean, std))
        self._normalization = (mean_, std_)

    def evaluate(self, images: torch.Tensor, labels: torch.Tensor, radii: Sequence[float] | None = None, **more: Any) -> Evaluation:
        """The accuracy under this attack, at its own radius or at `radii`; see `bal.evaluate`."""
        model, pixels = self.model, images
        if self._normalization is not None:
            mean, std = (values.to(images.device) for values in self._normalization)
            pixels = (images * std + mean).clamp(0, 1)
            inner = self.model
            model = lambda x: inner((x - mean) / std)  # noqa: E731
        at = radii if radii is not None else (None if self.eps is None else [self.eps])
        more.setdefault("progress", False)
        options = {**self.options, "seed": self.seed, "threads": self.threads, **more}
        return evaluate(model, pixels, labels, self.name, at, **options, **self.settings)

    def __call__(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        found = self.evaluate(images, labels, keep=True)
        assert found.x is not None
        adversarial = found.x[-1]
        if self._normalization is not None:
            mean, std = (values.to(adversarial.device) for values in self._normalization)
            adversarial = (adversarial - mean) / std
        return adversarial.to(images.device)

    forward = __call__

    def __repr__(self) -> str:
        said = {"eps": self.eps, **self.settings, "seed": self.seed}
        return f"{type(self).__name__}({', '.join(f'{key}={value}' for key, value in said.items())})"


class FGSM(Attack):
    """The fast gradient sign method (Goodfellow et al. 2015): one step of length eps along the sign of the gradient."""

    def __init__(self, model: Model, eps: float = 8 / 255, **more: Any):
        super().__init__("fgsm", model, eps, **more)


class BIM(Attack):
    """Iterated FGSM (Kurakin et al. 2017): `steps` steps of length alpha, back into the ball after each."""

    def __init__(self, model: Model, eps: float = 8 / 255, alpha: float = 2 / 255, steps: int = 10, **more: Any):
        super().__init__("ifgsm", model, eps, step_size=alpha, steps=steps, **more)


class MIFGSM(Attack):
    """FGSM with momentum (Dong et al. 2018)."""

    def __init__(self, model: Model, eps: float = 8 / 255, alpha: float = 2 / 255, steps: int = 10, **more: Any):
        super().__init__("mi-fgsm", model, eps, step_size=alpha, steps=steps, **more)


class PGD(Attack):
    """Projected gradient descent in L-infinity from a random start (Madry et al. 2018)."""

    def __init__(self, model: Model, eps: float = 8 / 255, alpha: float = 2 / 255, steps: int = 10, restarts: int = 1, **more: Any):
        super().__init__("pgd", model, eps, norm="linf", step_size=alpha, steps=steps, restarts=restarts, **more)


class PGDL2(Attack):
    """Projected gradient descent in L2 from a random start (Madry et al. 2018)."""

    def __init__(self, model: Model, eps: float = 1.0, alpha: float = 0.2, steps: int = 10, restarts: int = 1, **more: Any):
        super().__init__("pgd", model, eps, norm="l2", step_size=alpha, steps=steps, restarts=restarts, **more)


def _norm(norm: str) -> str:
    """The name of a norm, which others write with a capital."""
    return norm.lower()


class APGD(Attack):
    """Auto-PGD on the cross-entropy or the difference-of-logits ratio (Croce & Hein 2020)."""

    def __init__(self, model: Model, norm: str = "Linf", eps: float = 8 / 255, steps: int = 100, loss: str = "ce", **more: Any):
        super().__init__(f"apgd-{loss}", model, eps, norm=_norm(norm), steps=steps, **more)


class APGDT(Attack):
    """Auto-PGD on the targeted difference-of-logits ratio, one class after the other (Croce & Hein 2020)."""

    def __init__(self, model: Model, norm: str = "Linf", eps: float = 8 / 255, steps: int = 100, **more: Any):
        super().__init__("apgd-t", model, eps, norm=_norm(norm), steps=steps, **more)


class FAB(Attack):
    """The fast adaptive boundary attack to the nearest error (Croce & Hein 2020); `eps` says within which radius an error counts."""

    def __init__(self, model: Model, norm: str = "Linf", eps: float | None = 8 / 255, steps: int = 100, **more: Any):
        super().__init__("fab", model, eps, norm=_norm(norm), steps=steps, **more)


class Square(Attack):
    """Random search by squares; it sees outputs only (Andriushchenko et al. 2020)."""

    def __init__(self, model: Model, norm: str = "Linf", eps: float = 8 / 255, n_queries: int = 5000, **more: Any):
        super().__init__("square", model, eps, norm=_norm(norm), queries=n_queries, **more)


class CW(Attack):
    """The attack to the nearest error in L2 of Carlini & Wagner (2017)."""

    def __init__(self, model: Model, **more: Any):
        super().__init__("cw", model, None, **more)


class DeepFool(Attack):
    """The nearest error by linearisation (Moosavi-Dezfooli et al. 2016)."""

    def __init__(self, model: Model, steps: int = 50, **more: Any):
        super().__init__("deepfool", model, None, steps=steps, **more)


class FMN(Attack):
    """The fast minimum-norm attack (Pintor et al. 2021)."""

    def __init__(self, model: Model, **more: Any):
        super().__init__("fmn", model, None, **more)


class HopSkipJump(Attack):
    """The nearest error from classes alone (Chen et al. 2020)."""

    def __init__(self, model: Model, **more: Any):
        super().__init__("hop-skip-jump", model, None, **more)


class FlowPGD(Attack):
    """Moves each pixel by at most eps pixels along either axis."""

    def __init__(self, model: Model, eps: float = 0.3, **more: Any):
        super().__init__("flow-pgd", model, eps, **more)


class StAdv(Attack):
    """Moves pixels by the flow of least total variation that fools (Xiao et al. 2018)."""

    def __init__(self, model: Model, **more: Any):
        super().__init__("stadv", model, None, **more)


class Pose(Attack):
    """The worst of a grid of rotations by at most eps degrees and shifts by at most a tenth of it in pixels (Engstrom et al. 2019)."""

    def __init__(self, model: Model, eps: float = 30.0, **more: Any):
        super().__init__("pose", model, eps, **more)


class AutoAttack(Attack):
    """The standard suite of Croce & Hein (2020): APGD-CE, targeted APGD, targeted FAB, Square; or `version="rand"` for models whose
    outputs are random."""

    def __init__(self, model: Model, norm: str = "Linf", eps: float = 8 / 255, version: str = "standard", **more: Any):
        names = {"standard": "autoattack", "rand": "autoattack-rand"}
        if version not in names:
            raise ValueError(f"version {version!r} is neither 'standard' nor 'rand'")
        super().__init__(names[version], model, eps, norm=_norm(norm), **more)

    def run_standard_evaluation(self, x_orig: torch.Tensor, y_orig: torch.Tensor, bs: int = 250) -> torch.Tensor:
        """The adversarial images; prints the robust accuracy. `bs` is taken and not needed: images go in groups of 64."""
        del bs
        found = self.evaluate(x_orig, y_orig, keep=True, progress=True)
        print(f"robust accuracy: {found.accuracy[-1]:.2%}")
        assert found.x is not None
        return found.x[-1]
