//! Readers of weights, traces, checkpoints and networks.

use super::{MIB, Reader, seeds};
use bal_core::Prediction;
use bal_models::{
    Normalisation, SavedNetworks, SavedSettings, TensorFile, checkpoint_sweep, read_checkpoint,
    read_posterior, read_traces,
};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Tensors in safetensors. What is read can be written again, and is then read as the same.
pub(super) const SAFETENSORS: Reader = Reader {
    name: "safetensors",
    read: |desk, bytes| {
        let path = desk.put("a.safetensors", bytes);
        let Ok(file) = TensorFile::read(&path) else { return false };
        again(&file, |file| {
            let path = desk.path("b.safetensors");
            file.write(&path).unwrap();
            TensorFile::read(&path).unwrap()
        });
        true
    },
    seeds: seeds::safetensors,
    most: (8 * MIB, 256),
};

/// An archive of numpy's.
pub(super) const NPZ: Reader = Reader {
    name: "npz",
    read: |desk, bytes| TensorFile::read_npz(&desk.put("a.npz", bytes)).is_ok(),
    seeds: seeds::npz,
    // Entries may be deflated.
    most: (8 * MIB, 4096),
};

/// One array of numpy's, in an archive that is sound.
pub(super) const NPY: Reader = Reader {
    name: "npy",
    read: |desk, bytes| {
        let path = desk.put("b.npz", &seeds::zipped(&[("x.npy", bytes)]));
        let Ok(file) = TensorFile::read_npz(&path) else { return false };
        again(&file, |file| {
            file.write_npz(&path).unwrap();
            TensorFile::read_npz(&path).unwrap()
        });
        true
    },
    seeds: seeds::npy,
    most: (8 * MIB, 256),
};

/// A posterior, that of a small network as a seed.
pub(super) const POSTERIOR: Reader = Reader {
    name: "posterior",
    read: |desk, bytes| read_posterior(&desk.put("posterior.safetensors", bytes), None).is_ok(),
    seeds: seeds::posterior,
    most: (64 * MIB, 256),
};

/// The traces of a run.
pub(super) const TRACES: Reader = Reader {
    name: "traces",
    read: |desk, bytes| read_traces(&desk.put("traces.safetensors", bytes)).is_ok(),
    seeds: seeds::traces,
    most: (8 * MIB, 256),
};

/// A checkpoint, as it is and with a checksum that is right.
pub(super) const CHECKPOINT: Reader = Reader {
    name: "checkpoint",
    read: |desk, bytes| {
        let path = desk.put("state.safetensors", bytes);
        let _ = read_checkpoint(&path, seeds::DIGEST, &|_| seeds::network());
        if !seal(&path) {
            return false;
        }
        let read = read_checkpoint(&path, seeds::DIGEST, &|_| seeds::network());
        let sweep = checkpoint_sweep(&path);
        read.is_ok_and(|checkpoint| {
            assert_eq!(sweep.unwrap(), checkpoint.sweep);
            true
        })
    },
    seeds: seeds::checkpoint,
    most: (8 * MIB, 256),
};

/// A network in TorchScript, tried on two images; what its code does is its author's affair.
pub(super) const TORCHSCRIPT: Reader = Reader {
    name: "torchscript",
    read: |desk, bytes| {
        let settings = SavedSettings {
            files: vec![desk.put("model.pt", bytes)],
            input: [1, 28, 28],
            classes: None,
            normalisation: Normalisation::none(),
            prediction: Prediction::MeanProbability,
            device: Device::Cpu,
        };
        let images = Tensor::arange(2 * 784, (Kind::Float, Device::Cpu)).reshape([2, 1, 28, 28]) / 1568.0;
        SavedNetworks::load(settings, &images).is_ok()
    },
    seeds: seeds::torchscript,
    most: (64 * MIB, 64),
};

/// An exported program, read as far as its first node: what nodes compute is their author's affair.
pub(super) const EXPORTED: Reader = Reader {
    name: "exported",
    read: |desk, bytes| {
        let path = desk.put("model.pt2", bytes);
        let _ = bal_models::exported_input_shape(&path);
        bal_models::readers::exported(&path).is_ok()
    },
    seeds: seeds::exported,
    most: (8 * MIB, 64),
};

/// Gives the file the checksum of its content, so that what is wrong with that is met; whether it is one of tensors.
pub(super) fn seal(path: &Path) -> bool {
    let Ok(mut file) = TensorFile::read(path) else { return false };
    file.metadata.remove("sha256");
    file.write_sealed(path).is_ok()
}

/// Asserts that what was read comes back from a file that it is written to.
fn again(file: &TensorFile, write_and_read: impl Fn(&TensorFile) -> TensorFile) {
    let back = write_and_read(file);
    assert_eq!(file.metadata, back.metadata);
    assert!(file.tensors.keys().eq(back.tensors.keys()));
    for (one, other) in file.tensors.values().zip(back.tensors.values()) {
        assert_eq!((one.kind(), one.size()), (other.kind(), other.size()));
    }
}
