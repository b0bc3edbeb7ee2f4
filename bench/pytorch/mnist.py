"""MNIST from its four files."""

import gzip
from pathlib import Path

import numpy as np
import torch


def read(folder, part, images=None):
    """Images [n, 1, 28, 28] in [0, 1] and labels [n], of `train` or `t10k`."""
    pixels = _bytes(Path(folder) / f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)[:images]
    labels = _bytes(Path(folder) / f"{part}-labels-idx1-ubyte.gz", 8)[:images]
    return torch.from_numpy(pixels.copy()).float() / 255, torch.from_numpy(labels.copy()).long()


def _bytes(path, header):
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8)[header:]
