"""The attacks of torchattacks and foolbox by our names, with the settings that a request says."""

from itertools import count
from math import sqrt

import foolbox
import torchattacks

NORMS = {"linf": "Linf", "l2": "L2"}


def fgsm(model, x, y, request, radius):
    return torchattacks.FGSM(model, eps=radius)(x, y)


def pgd(model, x, y, request, radius):
    step = radius / request["parts"]
    attack = torchattacks.PGD(model, eps=radius, alpha=step, steps=request["steps"], random_start=False)
    return attack(x, y)


def apgd(model, x, y, request, radius):
    norm, loss, steps = NORMS[request["norm"]], request["loss"], request["steps"]
    return torchattacks.APGD(model, norm=norm, eps=radius, steps=steps, loss=loss, seed=request["seed"])(x, y)


def apgd_t(model, x, y, request, radius):
    norm, steps, seed = NORMS[request["norm"]], request["steps"], request["seed"]
    return torchattacks.APGDT(model, norm=norm, eps=radius, steps=steps, n_classes=10, seed=seed)(x, y)


def fab(model, x, y, request, radius):
    norm, steps, seed = NORMS[request["norm"]], request["steps"], request["seed"]
    attack = torchattacks.FAB(
        model, norm=norm, eps=radius, steps=steps, multi_targeted=True, n_classes=10, seed=seed
    )
    return attack(x, y)


def square(model, x, y, request, radius):
    norm, questions, seed = NORMS[request["norm"]], request["steps"], request["seed"]
    return torchattacks.Square(model, norm=norm, eps=radius, n_queries=questions, seed=seed)(x, y)


def autoattack(model, x, y, request, radius):
    norm, seed = NORMS[request["norm"]], request["seed"]
    attack = torchattacks.AutoAttack(model, norm=norm, eps=radius, n_classes=10, seed=seed)
    for part in attack._autoattack.attacks:
        # torchattacks leaves APGD and FAB at 10 steps, where the standard attack of the paper has 100.
        if hasattr(part, "steps"):
            part.steps = request["steps"]
    return attack(x, y)


def cw(model, x, y, request, radius):
    attack = foolbox.attacks.L2CarliniWagnerAttack(
        binary_search_steps=request["search_steps"], steps=request["steps"], stepsize=request["step_size"]
    )
    return by_foolbox(attack, model, x, y)


def deepfool(model, x, y, request, radius):
    attacks = {"linf": foolbox.attacks.LinfDeepFoolAttack, "l2": foolbox.attacks.L2DeepFoolAttack}
    return by_foolbox(attacks[request["norm"]](steps=request["steps"]), model, x, y)


def fmn(model, x, y, request, radius):
    attacks = {"linf": foolbox.attacks.LInfFMNAttack, "l2": foolbox.attacks.L2FMNAttack}
    attack = attacks[request["norm"]](steps=request["steps"], max_stepsize=request["step_size"])
    return by_foolbox(attack, model, x, y)


def hop_skip_jump(model, x, y, request, radius):
    attack = foolbox.attacks.HopSkipJumpAttack(steps=rounds(request["steps"]), constraint=request["norm"])
    return by_foolbox(attack, model, x, y)


def rounds(questions):
    """How many rounds of HopSkipJump ask no fewer: the tth asks 100 root t for its direction, 20 for the boundary."""
    asked = 0
    for t in count(1):
        asked += int(100 * sqrt(t)) + 20
        if asked >= questions:
            return t


def by_foolbox(attack, model, x, y):
    """What an attack for the nearest error ends with, whether or not it is one."""
    return attack.run(foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu"), x, foolbox.criteria.Misclassification(y))


# By library and the name that a request gives.
ATTACKS = {
    ("torchattacks", "fgsm"): fgsm,
    ("torchattacks", "pgd"): pgd,
    ("torchattacks", "apgd"): apgd,
    ("torchattacks", "apgd-t"): apgd_t,
    ("torchattacks", "fab"): fab,
    ("torchattacks", "square"): square,
    ("torchattacks", "autoattack"): autoattack,
    ("foolbox", "cw"): cw,
    ("foolbox", "deepfool"): deepfool,
    ("foolbox", "fmn"): fmn,
    ("foolbox", "hop-skip-jump"): hop_skip_jump,
}
