"""What is finished, kept so that a comparison that is interrupted goes on."""

import hashlib
import json
import os

# The load from which on times are no measurement.
BUSY = 0.5


class Pieces:
    """Pieces in a folder. One counts as long as the processor and all that it was made of are as they were, and its times
    stand: what a busy machine timed is timed again on a quiet one."""

    def __init__(self, folder, cpu, load):
        self.folder, self.cpu, self.load = folder, cpu, load
        folder.mkdir(parents=True, exist_ok=True)

    def or_make(self, name, made_of, make):
        """The piece and the load at which it was made."""
        path, made_of = self.folder / f"{name}.json", json.loads(json.dumps(made_of))
        entry = read(path)
        same = entry and (entry["cpu"], entry["made_of"]) == (self.cpu, made_of)
        if not same or not stands(entry["load"], self.load):
            print(f"== {name}", flush=True)
            entry = {"cpu": self.cpu, "made_of": made_of, "load": self.load, "piece": make()}
            write(path, entry)
        return entry["piece"], entry["load"]

    def clear(self):
        """Forgets all: the comparison is whole. What is not a piece stays."""
        for path in self.folder.iterdir():
            if read(path):
                path.unlink()


def read(path):
    """The piece in a file, if it is one."""
    try:
        entry = json.loads(path.read_text())
        return entry if set(entry) == {"cpu", "made_of", "load", "piece"} else None
    except (OSError, ValueError, TypeError):
        return None


def write(path, value):
    """Whole or not at all."""
    beside = path.with_name(path.name + ".unfinished")
    beside.write_text(json.dumps(value, indent=2) + "\n")
    os.replace(beside, path)


def stands(then, now):
    return then is None or then <= BUSY or now is None or now > BUSY


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
