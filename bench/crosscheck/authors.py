"""The attacks of AutoAttack's authors by our names: their own code, with the settings of their standard version."""

from pyautoattack import AutoAttack

NORMS = {"linf": "Linf", "l2": "L2"}


def autoattack(model, x, y, request, radius):
    return attacked(model, x, y, request, radius, version="standard")


def apgd_t(model, x, y, request, radius):
    return attacked(model, x, y, request, radius, version="custom", attacks=["apgd-t"])


def square(model, x, y, request, radius):
    return attacked(model, x, y, request, radius, version="custom", attacks=["square"])


def attacked(model, x, y, request, radius, **which):
    attack = AutoAttack(model, norm=NORMS[request["norm"]], eps=radius, seed=request["seed"], device="cpu", **which)
    steps = {attack.apgd.n_iter, attack.apgd_targeted.n_iter, attack.fab.n_iter}
    if request["steps"] not in steps | {attack.square.n_queries}:
        raise ValueError(f"the authors' attacks have {steps} steps, not {request['steps']}")
    images, _ = attack.run_standard_evaluation(x, y, batch_size=len(x))
    return images


# By library and the name that a request gives.
ATTACKS = {
    ("pyautoattack", "autoattack"): autoattack,
    ("pyautoattack", "apgd-t"): apgd_t,
    ("pyautoattack", "square"): square,
}
