//! What only the program reads: experiments, run folders, parts of evaluations, attacked images.

use super::{MIB, Reader, seeds, tensors::seal, two_parts::parts};
use bal::readers;
use bal_files::{LOCK_FILE, Lock};

/// An experiment.
pub(super) const EXPERIMENT: Reader = Reader {
    name: "experiment",
    read: |desk, bytes| readers::experiment(&desk.put("experiment.toml", bytes), &[]).is_ok(),
    seeds: seeds::experiments,
    most: (8 * MIB, 512),
};

/// A setting of the built-in experiment, as in `--set`.
pub(super) const SETTING: Reader = Reader {
    name: "setting",
    read: |desk, bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let path = desk.path("setting.toml");
        if !path.exists() {
            desk.put("setting.toml", &seeds::experiments()[0]);
        }
        readers::experiment(&path, &[text.to_owned()]).is_ok()
    },
    seeds: seeds::settings,
    most: (8 * MIB, 512),
};

/// The folder of a run that has not ended, as `bal runs` reads it: the first half of the input is the experiment, the
/// second the metrics.
pub(super) const RUN_FOLDER: Reader = Reader {
    name: "run_folder",
    read: |desk, bytes| {
        let [experiment, metrics] = parts(bytes);
        desk.put("run/experiment.toml", experiment);
        desk.put("run/metrics.jsonl", metrics);
        readers::run(&desk.path("run")).is_ok()
    },
    seeds: seeds::run_folder,
    most: (8 * MIB, 512),
};

/// A finished part of an evaluation, as it is and with a checksum that is right.
pub(super) const SHARD: Reader = Reader {
    name: "shard",
    read: |desk, bytes| {
        let path = desk.put("shard-00000.safetensors", bytes);
        let _ = readers::shard(&path);
        seal(&path) && readers::shard(&path).is_ok()
    },
    seeds: seeds::shards,
    most: (8 * MIB, 256),
};

/// What a lock file says of its holder.
pub(super) const LOCK: Reader = Reader {
    name: "lock",
    read: |desk, bytes| {
        let folder = desk.path("locked");
        let held = Lock::take(&folder, &mut |_| {}).unwrap();
        std::fs::write(folder.join(LOCK_FILE), bytes).unwrap();
        let busy = Lock::take(&folder, &mut |_| {}).unwrap_err().to_string();
        drop(held);
        assert!(busy.len() < 2000 && !busy.contains(char::is_control), "{busy:?}");
        true
    },
    seeds: seeds::locks,
    most: (4 * MIB, 256),
};

/// What `--save` wrote and `--verify` reads, in safetensors or for numpy: the first byte says which.
pub(super) const ADVERSARIAL: Reader = Reader {
    name: "adversarial",
    read: |desk, bytes| {
        let Some((which, bytes)) = bytes.split_first() else { return false };
        let name = if which % 2 == 0 { "x.safetensors" } else { "x.npz" };
        readers::adversarial(&desk.put(name, bytes)).is_ok()
    },
    seeds: seeds::adversarial,
    most: (8 * MIB, 4096),
};
