"""What the two sides found, compared: the numbers that the record holds."""

from statistics import median


def distances(ours, theirs):
    """Distances to the nearest errors, image by image; 0 for an image that is wrong at first, None where none was found."""
    if len(ours) != len(theirs):
        raise ValueError("the two sides attacked different numbers of images")
    ratios = [a / b for a, b in zip(ours, theirs) if a and b]
    return {
        "kind": "distances",
        "ours": reach(ours),
        "theirs": reach(theirs),
        "both": len(ratios),
        "ratio": median(ratios) if ratios else None,
        "ours_nearer": sum(ratio < 0.999 for ratio in ratios),
        "theirs_nearer": sum(ratio > 1.001 for ratio in ratios),
    }


def reach(distances):
    """Images that are wrong in the end, and the least distance within which at least half of all are."""
    found = sorted(d for d in distances if d is not None)
    half = -(-len(distances) // 2)
    return {"broken": len(found), "median": found[half - 1] if 0 < half <= len(found) else None}


def accuracy(norm, radii, ours, theirs):
    """Who survived: of each seed a string of 0 and 1 for each radius."""
    images = len(ours[0][0])
    if not theirs or any([len(digits) for digits in seed] != [images] * len(radii) for seed in ours + theirs):
        raise ValueError("the two sides tell of different images or radii")
    return {
        "kind": "accuracy",
        "norm": norm,
        "radii": radii,
        "ours": [shares(seed) for seed in ours],
        "theirs": [shares(seed) for seed in theirs],
        "together": {"ours": left(ours), "theirs": left(theirs), "both": left(ours + theirs)},
    }


def shares(seed):
    return [digits.count("1") / len(digits) for digits in seed]


def left(seeds):
    """What is left of images that count as broken where any seed broke them."""
    together = ["".join(min(image) for image in zip(*at_radius)) for at_radius in zip(*seeds)]
    return shares(together)
