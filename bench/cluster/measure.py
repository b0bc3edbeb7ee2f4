"""Times training of several ranks on this machine, and over a slow network that Linux simulates.

Each run trains a few batches of an experiment. A time is the mean of all batches after the first, from metrics.jsonl, so
starting and joining do not count. On a machine with other work the processor time says more: it is that of the busiest rank, of
a run with that many batches less that of a run with one. With --delay the two ranks are in network namespaces of their own (needs root, `ip` and `tc`),
and every packet waits so many milliseconds on its way, which
a kernel with netem can do; with --delay 0 there is only the line between them. Every run has to end in the bits of the first.
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
    """Seconds a batch, processor seconds a batch of the busiest rank, and the digest of the posterior."""
    first, _, _ = once(options, folder, ranks, threads, host, within, 1)
    all_, seconds, digest = once(options, folder, ranks, threads, host, within, options.sweeps)
    processor = max(more - less for more, less in zip(all_, first)) / (options.sweeps - 1)
    return seconds, processor, digest


def once(options, folder, ranks, threads, host, within, sweeps):
    out = folder / f"run-{len(list(folder.iterdir()))}"
    command = [
        "target/release/bal", "train", "--experiment", options.experiment, "--out", str(out),
        "--max-sweeps", str(sweeps), "--threads", str(threads), "--set", "checkpoint_every=100000",
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
    used, failed = [], False
    for child in children:
        _, status, usage = os.wait4(child.pid, 0)
        used.append(usage.ru_utime + usage.ru_stime)
        failed |= status != 0
    if failed:
        raise SystemExit(f"{ranks} ranks with {threads} threads did not end well: {' '.join(command)}")
    seconds = [json.loads(line)["seconds"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    digest = hashlib.sha256((out / "posterior.safetensors").read_bytes()).hexdigest()
    return used, (seconds[-1] - seconds[0]) / max(len(seconds) - 1, 1), digest


class Network:
    """Two namespaces with a line between them, and a delay in both directions."""

    NAMES = ["bal-rank-0", "bal-rank-1"]

    def __init__(self, delay):
        self.delay = delay

    def __enter__(self):
        try:
            return self.made()
        except subprocess.CalledProcessError:
            self.__exit__()
            raise

    def made(self):
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
        seconds, processor, digest = timed
        digests.add(digest)
        rows[name] = [min(pair) for pair in zip(rows.get(name, [float("inf")] * 2), [seconds, processor])]
        print(f"{name}: {seconds:.3f} s a batch, {processor:.3f} s of the processor", flush=True)

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
    print("| | s a batch | processor s a batch, busiest rank |\n|---|--:|--:|")
    for name, (seconds, processor) in rows.items():
        print(f"| {name} | {seconds:.2f} | {processor:.2f} |")
    if options.json:
        options.json.write_text(json.dumps({"experiment": options.experiment, "sweeps": options.sweeps, "load": load,
                                            "cores": os.cpu_count(), "seconds_and_processor_seconds_a_batch": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
