"""Times training of several ranks on this machine, and over a slow network that Linux simulates.

Each run trains a few batches of an experiment. A time is the mean of all batches after the first, from metrics.jsonl, so
starting and joining do not count. With --delay the two ranks are in network namespaces of their own (needs root, `ip` and `tc`),
and every packet waits so many milliseconds on its way. Every run has to end in the bits of the first.
"""

import argparse
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import tempfile

BAL = pathlib.Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiment", default="experiments/mnist-bal-released.toml")
    parser.add_argument("--start", default="results/fig1/erm", help="the run that the experiment starts from")
    parser.add_argument("--sweeps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=1, help="how often everything is timed; the best time of each counts")
    parser.add_argument("--ranks", default="1,2,3,4", help="numbers of ranks with one thread each")
    parser.add_argument("--threads", default="2", help="numbers of threads of one process")
    parser.add_argument("--delay", default="", help="milliseconds, such as 1,20")
    parser.add_argument("--json", type=pathlib.Path)
    return parser.parse_args()


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def train(options, folder, ranks, threads, host="127.0.0.1", within=lambda rank: []):
    """Seconds a batch, and the digest of the posterior."""
    out = folder / f"run-{len(list(folder.iterdir()))}"
    command = [
        "target/release/bal", "train", "--experiment", options.experiment, "--out", str(out),
        "--max-sweeps", str(options.sweeps), "--threads", str(threads), "--set", "checkpoint_every=100000",
    ]
    if options.start:
        command += ["--start", options.start]
    port, children = free_port(), []
    for rank in range(ranks):
        environment = dict(os.environ)
        if ranks > 1:
            environment.update(RANK=str(rank), WORLD_SIZE=str(ranks), MASTER_ADDR=host, MASTER_PORT=str(port))
        children.append(subprocess.Popen(within(rank) + command, cwd=BAL, env=environment, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL))
    if any([child.wait() for child in children]):
        raise SystemExit(f"{ranks} ranks with {threads} threads did not end well: {' '.join(command)}")
    seconds = [json.loads(line)["seconds"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    digest = hashlib.sha256((out / "posterior.safetensors").read_bytes()).hexdigest()
    return (seconds[-1] - seconds[0]) / (len(seconds) - 1), digest


class Network:
    """Two namespaces with a line between them, and a delay in both directions."""

    NAMES = ["bal-rank-0", "bal-rank-1"]

    def __init__(self, delay):
        self.delay = delay

    def __enter__(self):
        run = lambda text: subprocess.run(text.split(), check=True)
        for name in self.NAMES:
            run(f"ip netns add {name}")
        run(f"ip link add bal0 netns {self.NAMES[0]} type veth peer name bal1 netns {self.NAMES[1]}")
        for rank, name in enumerate(self.NAMES):
            run(f"ip -n {name} address add 10.77.0.{rank + 1}/24 dev bal{rank}")
            run(f"ip -n {name} link set bal{rank} up")
            run(f"ip -n {name} link set lo up")
            if self.delay:
                run(f"ip netns exec {name} tc qdisc add dev bal{rank} root netem delay {self.delay}ms limit 100000")
        return self

    def __exit__(self, *_):
        for name in self.NAMES:
            subprocess.run(["ip", "netns", "delete", name], check=False)

    def within(self, rank):
        return ["ip", "netns", "exec", self.NAMES[rank]]


def main():
    options = arguments()
    numbers = lambda text: [int(number) for number in text.split(",") if number]
    rows, digests = {}, set()

    def add(name, timed):
        seconds, digest = timed
        digests.add(digest)
        rows[name] = min(rows.get(name, float("inf")), seconds)
        print(f"{name}: {seconds:.3f} s a batch", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for _ in range(options.rounds):
            for threads in numbers(options.threads):
                add(f"1 process, {threads} threads", train(options, folder, 1, threads))
            for ranks in numbers(options.ranks):
                add(f"{ranks} ranks, 1 thread each" if ranks > 1 else "1 process, 1 thread", train(options, folder, ranks, 1))
            for delay in numbers(options.delay):
                with Network(delay) as network:
                    name = f"2 ranks, 1 thread each, {delay} ms each way"
                    add(name, train(options, folder, 2, 1, "10.77.0.1", network.within))
    if len(digests) != 1:
        raise SystemExit(f"the runs ended in different bits: {digests}")
    load = os.getloadavg()
    print(f"\nall posteriors have the SHA-256 {digests.pop()}; load {load[0]:.1f}, {os.cpu_count()} cores\n")
    alone = rows.get("1 process, 1 thread")
    print("| | s a batch | times one thread |\n|---|--:|--:|")
    for name, seconds in rows.items():
        print(f"| {name} | {seconds:.2f} | {f'{alone / seconds:.2f}' if alone else ''} |")
    if options.json:
        options.json.write_text(json.dumps({"experiment": options.experiment, "sweeps": options.sweeps, "load": load,
                                            "cores": os.cpu_count(), "seconds_a_batch": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
