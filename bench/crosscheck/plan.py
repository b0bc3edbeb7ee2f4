"""What is compared: attacks with the settings of either side, and models."""

from pathlib import Path

# Images that the libraries attack together; random starts are those of a batch.
BATCH = 256

LINF = [0.1, 0.15]
L2 = [1.0]

PUBLISHED = ["mnist_erm", "mnist_fgsm", "mnist_bal"]
OURS = {"erm": "fig1/erm", "bal-released": "fig1/bal-released"}


def attack(ours, library, name, norm, steps, compared, **more):
    """`ours`: flags of `bal evaluate`. `compared`: "images" (at .1), "distances" to the nearest errors, or radii at
    which accuracies are compared. `steps` of an attack without gradients are the questions that it may ask about an image."""
    radii = {"images": [0.1], "distances": [None]}.get(compared if isinstance(compared, str) else "", compared)
    kind = compared if isinstance(compared, str) else "accuracy"
    theirs = {"library": library, "attack": name, "norm": norm, "steps": steps, **more}
    return {"ours": ours.split(), "theirs": theirs, "kind": kind, "radii": radii}


def torchattacks(ours, *rest, **more):
    return attack(f"--attack {ours}", "torchattacks", *rest, **more)


def foolbox(ours, *rest, **more):
    return attack(f"--attack {ours}", "foolbox", *rest, **more)


WHOLE = "--ensemble-gradient predictive"

# The quickest first. PGD starts at the image, so that both sides have one start. A step of theirs is the radius over
# `parts`. Our FMN has the paper's first step by itself: 10 for L-infinity, 1 for L2.
ATTACKS = {
    "fgsm": torchattacks(f"fgsm {WHOLE}", "fgsm", "linf", 1, "images", parts=1.0),
    "pgd": torchattacks(f"ifgsm --steps 40 --step-size radius/16 {WHOLE}", "pgd", "linf", 40, "images", parts=16.0),
    "deepfool-linf": foolbox("deepfool --norm linf --steps 50", "deepfool", "linf", 50, "distances"),
    "deepfool-l2": foolbox("deepfool --norm l2 --steps 50", "deepfool", "l2", 50, "distances"),
    "fmn-linf": foolbox("fmn --norm linf --steps 100", "fmn", "linf", 100, "distances", step_size=10.0),
    "fmn-l2": foolbox("fmn --norm l2 --steps 100", "fmn", "l2", 100, "distances", step_size=1.0),
    "apgd-ce": torchattacks(f"apgd-ce --steps 100 {WHOLE}", "apgd", "linf", 100, LINF, loss="ce"),
    "apgd-dlr": torchattacks(f"apgd-dlr --steps 100 {WHOLE}", "apgd", "linf", 100, LINF, loss="dlr"),
    "apgd-t": torchattacks(f"apgd-t --steps 100 {WHOLE}", "apgd-t", "linf", 100, LINF),
    "fab": torchattacks("fab --norm linf --steps 100", "fab", "linf", 100, LINF),
    "square": torchattacks("square --norm linf --queries 5000", "square", "linf", 5000, LINF),
    "cw": foolbox(
        "cw --steps 1000 --search-steps 9 --step-size 0.01", "cw", "l2", 1000, "distances", step_size=0.01, search_steps=9
    ),
    "hop-skip-jump-linf": foolbox(
        "hop-skip-jump --norm linf --queries 25000", "hop-skip-jump", "linf", 25000, "distances"
    ),
    "autoattack-linf": torchattacks(
        f"autoattack --norm linf --steps 100 {WHOLE}", "autoattack", "linf", 100, LINF
    ),
    "autoattack-l2": torchattacks(f"autoattack --norm l2 --steps 100 {WHOLE}", "autoattack", "l2", 100, L2),
}

# The code of AutoAttack's authors, whose attacks have the settings of the standard version whatever is asked for.
AUTHORS = {
    "square": attack(
        "--attack square --norm linf --queries 5000 --rescale-schedule false", "pyautoattack", "square", "linf", 5000, LINF
    ),
    "apgd-t": attack(f"--attack apgd-t --steps 100 {WHOLE}", "pyautoattack", "apgd-t", "linf", 100, LINF),
    "autoattack-linf": attack(
        f"--attack autoattack --norm linf --steps 100 {WHOLE}", "pyautoattack", "autoattack", "linf", 100, LINF
    ),
    "autoattack-l2": attack(f"--attack autoattack --norm l2 --steps 100 {WHOLE}", "pyautoattack", "autoattack", "l2", 100, L2),
}

# What is compared, by whose code the other side is.
PLANS = {"libraries": ATTACKS, "authors": AUTHORS}
# Whose versions a record holds.
LIBRARIES = {"libraries": ["torch", "torchattacks", "foolbox"], "authors": ["torch", "pyautoattack"]}


def models(results, reference):
    """Weights by name: the published ones in the folder `reference`, if it is given, and runs of ours in `results`."""
    known = {name: Path(reference) / f"{name}.safetensors" for name in PUBLISHED if reference}
    known |= {name: Path(results) / folder / "posterior.safetensors" for name, folder in OURS.items()}
    for name, weights in known.items():
        if not weights.is_file():
            raise SystemExit(f"{weights} is not there: the weights of {name}")
    return known


def cells(attacks, models, only):
    """Attack and model of every cell that is asked for, model by model: all, or those of `only`, an attack and perhaps a
    model."""
    for said, known in zip(only, [attacks, models]):
        if said not in known:
            raise SystemExit(f"{said!r} is not among {', '.join(known)}")
    wanted = lambda cell: all(said == name for said, name in zip(only, cell))
    return [cell for cell in ((attack, model) for model in models for attack in attacks) if wanted(cell)]


def place(attacks, cell):
    """Where a cell of the record comes among all: by model, then by attack."""
    return [*PUBLISHED, *OURS].index(cell["model"]), list(attacks).index(cell["attack"])
