"""Times a sweep, PGD and AutoAttack as PyTorch computes them, on one device: what gpu/check.py compares with.

    pytorch.py DEVICE WEIGHTS SIZES     SIZES: a JSON object with batch, chains, images, hard (those that
                                        AutoAttack attacks), steps, radius and repeats

Prints one JSON object. TF32 is off and cuDNN deterministic, as `bal` has them. The networks and the loops are those of
bench/pytorch/, on the device.
"""

import json
import pathlib
import statistics
import struct
import sys
import time

import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench/pytorch"))
import attacks  # noqa: E402
import bal  # noqa: E402
import mnist  # noqa: E402
from network import FORMS, members  # noqa: E402


def read(path):
    """The tensors of a safetensors file in single precision, by name."""
    content = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), bytearray(content[8 + length :])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = entry["data_offsets"]
            tensors[name] = torch.frombuffer(data[begin:end], dtype=torch.float32).reshape(entry["shape"])
    return tensors


def timed(device, repeats, work):
    """Median seconds of `work`, after one run that warms up; and what it gave."""
    seconds = []
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        result = work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[1:]), result


def autoattack(networks, x, y, radius):
    """The authors' AutoAttack, where it is installed."""
    try:
        from autoattack import AutoAttack
    except ImportError:
        return None
    model = lambda x: attacks.log_probability(networks, x)  # noqa: E731
    attack = AutoAttack(model, norm="Linf", eps=radius, version="standard", verbose=False, device=str(x.device))
    begin = time.perf_counter()
    changed = attack.run_standard_evaluation(x, y, bs=len(x))
    right = attacks.correct(networks, changed, y)
    return {"seconds": time.perf_counter() - begin, "accuracy": right / len(y)}


def main():
    device, sizes = torch.device(sys.argv[1]), json.loads(sys.argv[3])
    torch.manual_seed(1)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    weights = read(sys.argv[2])
    found = {"version": torch.__version__, "device": str(device)}
    if device.type == "cuda":
        found["device"] = torch.cuda.get_device_name(device)
    to = lambda pair: [t.to(device) for t in pair]  # noqa: E731
    x, y = to(mnist.read(ROOT / "datasets/mnist", "train", sizes["batch"]))
    test_x, test_y = to(mnist.read(ROOT / "datasets/mnist", "t10k", sizes["images"]))
    for form in FORMS:
        fresh = lambda: [n.to(device) for n in members(form, weights)[: sizes["chains"]]]  # noqa: E731
        networks = fresh()
        sweep, _ = timed(device, sizes["repeats"], lambda: bal.sweep(networks, x, y))
        frozen = [network.eval().requires_grad_(False) for network in fresh()]
        pgd = lambda: attacks.pgd(frozen, test_x, test_y, sizes["radius"], sizes["steps"])  # noqa: E731
        seconds, right = timed(device, sizes["repeats"], pgd)
        found[form] = {
            "sweep": {"seconds": sweep},
            "pgd": {"seconds": seconds, "accuracy": right / len(test_y)},
            "autoattack": autoattack(frozen, test_x[: sizes["hard"]], test_y[: sizes["hard"]], sizes["radius"]),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
