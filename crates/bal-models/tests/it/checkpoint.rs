//! Checkpoints come back as they were, and only whole ones of the same experiment come back.

use crate::sample::{names, posterior, same_bits, same_tensor};
use bal_core::{Architecture, ChainState, Checkpoint, EnsembleGradient, Member, Position, Prediction, State};
use bal_models::{
    Cnn, ModelError, TensorFile, checkpoint_sweep, read_checkpoint, write_checkpoint, write_posterior,
};
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tch::{Device, Kind, Tensor};

const DIGEST: &str = "0123456789abcdef";

fn network() -> Arc<dyn Architecture> {
    Arc::new(Cnn::mnist())
}

/// Two chains that differ in everything, two samples and extras of each type.
fn checkpoint(sweep: u64) -> Checkpoint {
    let tensor = |i: i64, shape: &[i64]| {
        let numel = shape.iter().product::<i64>();
        (Tensor::arange(numel, (Kind::Float, Device::Cpu)) + i as f64 / 3.0 + sweep as f64).reshape(shape)
    };
    let position = |i: i64| Position::new(vec![tensor(i, &[3, 2]), tensor(i + 1, &[]), tensor(i + 2, &[4])]);
    let chain = |c: i64, memory: i64| ChainState {
        state: State::new(position(10 * c), (0..memory).map(|m| position(10 * c + m + 5)).collect())
            .after(15 * sweep + c as u64),
        buffers: Position::new((0..c).map(|b| tensor(b + 70, &[2])).collect()),
    };
    let sample = |s: i64| Member {
        network: network(),
        parameters: position(s + 100),
        buffers: Position::new(vec![tensor(s + 110, &[5])]),
    };
    let transposed = tensor(1, &[2, 3]).transpose(0, 1);
    let extras = vec![
        ("trace.energies".to_string(), Tensor::from_slice(&[0.1f64, f64::NAN, -0.0, f64::MAX])),
        ("images".to_string(), transposed),
        ("counts".to_string(), Tensor::from_slice(&[i64::MIN, 0, i64::MAX])),
        ("trace.empty".to_string(), Tensor::zeros([0, 4], (Kind::Double, Device::Cpu))),
    ];
    Checkpoint { sweep, chains: vec![chain(0, 1), chain(1, 2)], samples: vec![sample(0), sample(1)], extras }
}

fn assert_same(a: &Checkpoint, b: &Checkpoint) {
    assert_eq!(a.sweep, b.sweep);
    assert_eq!(a.chains.len(), b.chains.len());
    for (a, b) in a.chains.iter().zip(&b.chains) {
        assert_eq!(a.state.step, b.state.step);
        assert!(same_bits(&a.state.position, &b.state.position));
        assert_eq!(a.state.memory.len(), b.state.memory.len());
        assert!(a.state.memory.iter().zip(&b.state.memory).all(|(a, b)| same_bits(a, b)));
        assert!(same_bits(&a.buffers, &b.buffers));
    }
    assert_eq!(a.samples.len(), b.samples.len());
    for (a, b) in a.samples.iter().zip(&b.samples) {
        assert!(same_bits(&a.parameters, &b.parameters) && same_bits(&a.buffers, &b.buffers));
    }
    assert_eq!(a.extras.len(), b.extras.len());
    for ((a_name, a), (b_name, b)) in a.extras.iter().zip(&b.extras) {
        assert_eq!(a_name, b_name);
        assert!(same_tensor(a, b), "{a_name}");
    }
}

/// A folder, and the path of a checkpoint in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    (folder, path)
}

#[test]
fn a_checkpoint_comes_back_bit_by_bit() {
    let (folder, path) = place();
    let empty = Checkpoint { sweep: 0, chains: vec![], samples: vec![], extras: vec![] };
    for written in [checkpoint(3), empty] {
        write_checkpoint(&path, DIGEST, &written).unwrap();
        let bytes = fs::read(&path).unwrap();
        let read = read_checkpoint(&path, DIGEST, &|_| network()).unwrap();
        assert_same(&written, &read);
        write_checkpoint(&path, DIGEST, &read).unwrap();
        assert!(fs::read(&path).unwrap() == bytes);
    }
    assert_eq!(names(folder.path()), ["state.safetensors"]);
}

#[test]
fn its_sweep_is_known_without_its_tensors() {
    let (_folder, path) = place();
    write_checkpoint(&path, DIGEST, &checkpoint(7)).unwrap();
    assert_eq!(checkpoint_sweep(&path).unwrap(), 7);
    // The tensors may be missing: only the header is looked at. Without all of that it is refused.
    let whole = fs::read(&path).unwrap();
    let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    fs::write(&path, &whole[..header]).unwrap();
    assert_eq!(checkpoint_sweep(&path).unwrap(), 7);
    for length in [0, 7, 8, 9, header - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = checkpoint_sweep(&path).unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
    write_posterior(&path, &posterior(1, Prediction::MeanLogits, EnsembleGradient::Predictive)).unwrap();
    assert!(checkpoint_sweep(&path).unwrap_err().to_string().contains("this is no checkpoint"));
}

#[test]
fn a_checkpoint_of_another_experiment_is_refused() {
    let (_folder, path) = place();
    write_checkpoint(&path, DIGEST, &checkpoint(1)).unwrap();
    for other in ["", "0123456789abcdee", "0123456789abcdef0"] {
        let error = refused(&path, other);
        assert!(
            error.contains("belongs to another experiment") && error.contains("seed or data differ"),
            "{error}"
        );
    }
}

#[test]
fn a_checkpoint_cut_short_anywhere_is_refused() {
    let (_folder, path) = place();
    write_checkpoint(&path, DIGEST, &checkpoint(1)).unwrap();
    let whole = fs::read(&path).unwrap();
    for cut in [0, 7, 8, 9, 50, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        assert!(refused(&path, DIGEST).contains("not a safetensors file"), "{cut}");
    }
}

#[test]
fn a_checkpoint_with_a_flipped_bit_is_refused_wherever_it_is() {
    let (_folder, path) = place();
    write_checkpoint(&path, DIGEST, &checkpoint(1)).unwrap();
    let whole = fs::read(&path).unwrap();
    let tensors = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    for place in (tensors..whole.len()).step_by(17).chain([whole.len() - 1]) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        fs::write(&path, bytes).unwrap();
        let error = read_checkpoint(&path, DIGEST, &|_| network()).unwrap_err();
        assert!(matches!(error, ModelError::Damaged { .. }), "{place}: {error}");
        let said = error.to_string();
        assert!(said.contains(path.to_str().unwrap()) && said.contains("remove it"), "{said}");
    }
    // One of an earlier version, without a checksum, is told apart from a damaged one.
    fs::write(&path, &whole).unwrap();
    let mut file = TensorFile::read(&path).unwrap();
    file.metadata.remove("sha256");
    file.write(&path).unwrap();
    assert!(
        refused(&path, DIGEST).contains("`sha256` is missing: the file was written by an earlier version")
    );
}

#[test]
fn files_that_are_no_checkpoints_are_refused() {
    let (folder, path) = place();
    let weights = posterior(1, Prediction::MeanProbability, EnsembleGradient::Predictive);
    write_posterior(&path, &weights).unwrap();
    assert!(refused(&path, DIGEST).contains("metadata `checkpoint` is missing: this is no checkpoint"));
    fs::write(&path, "a sentence").unwrap();
    assert!(refused(&path, DIGEST).contains("not a safetensors file"));
    assert!(refused(folder.path(), DIGEST).contains("cannot read"));
    assert!(refused(&folder.path().join("absent"), DIGEST).contains("cannot read"));
}

#[test]
fn tensors_and_their_description_have_to_agree() {
    let (_folder, path) = place();
    for (old, new, wanted) in [
        (r#""sweep":1,"#, "", "metadata `checkpoint` cannot be read: missing field `sweep`"),
        (r#""sweep":1"#, r#""sweep":-1"#, "metadata `checkpoint` cannot be read: invalid value"),
        (r#""sweep":1"#, r#""sweep":1,"epoch":1"#, "metadata `checkpoint` cannot be read: unknown field"),
        (r#""sweep":1"#, r#""sweep":1,"#, "metadata `checkpoint` cannot be read"),
        (r#""position":3"#, r#""position":18446744073709551615"#, "`chain.0.position.3` is missing"),
        (r#""position":3"#, r#""position":2"#, "`chain.0.position.2` is no part of the checkpoint"),
        (r#""memory":[3]"#, r#""memory":[3,1]"#, "`chain.0.memory.1.0` is missing"),
        (r#""memory":[3]"#, r#""memory":[]"#, "`chain.0.memory.0.0` is no part of the checkpoint"),
        (r#""images","#, "", "`extra.images` is no part of the checkpoint"),
        (r#""images","#, r#""images","images","#, "`extra.images` is missing"),
    ] {
        write_checkpoint(&path, DIGEST, &checkpoint(1)).unwrap();
        edit(&path, |metadata, _| {
            let text = metadata.get_mut("checkpoint").unwrap();
            assert!(text.contains(old), "{old} in {text}");
            *text = text.replacen(old, new, 1);
        });
        let error = refused(&path, DIGEST);
        assert!(error.contains(wanted), "{wanted} in {error}");
    }
}

#[test]
fn a_tensor_too_few_or_too_many_is_named() {
    let (_folder, path) = place();
    for name in ["chain.1.position.0", "chain.1.memory.1.2", "sample.0.buffers.0", "extra.counts"] {
        write_checkpoint(&path, DIGEST, &checkpoint(1)).unwrap();
        edit(&path, |_, tensors| drop(tensors.remove(name)));
        assert!(refused(&path, DIGEST).contains(&format!("tensor `{name}` is missing")));

        write_checkpoint(&path, DIGEST, &checkpoint(1)).unwrap();
        let more = format!("{name}.more");
        edit(&path, |_, tensors| {
            tensors.insert(more.clone(), tensors[name].shallow_clone());
        });
        assert!(refused(&path, DIGEST).contains(&format!("tensor `{more}` is no part of the checkpoint")));
    }
}

/// A second name for the old file still shows the old bytes afterwards: they were never written to,
/// so that a kill at any moment finds the one or the other whole.
#[test]
fn an_old_checkpoint_is_replaced_and_never_written_to() {
    let (folder, path) = place();
    let kept = folder.path().join("kept.safetensors");
    write_checkpoint(&path, DIGEST, &checkpoint(1)).unwrap();
    fs::hard_link(&path, &kept).unwrap();
    write_checkpoint(&path, DIGEST, &checkpoint(2)).unwrap();
    assert_same(&read_checkpoint(&kept, DIGEST, &|_| network()).unwrap(), &checkpoint(1));
    assert_same(&read_checkpoint(&path, DIGEST, &|_| network()).unwrap(), &checkpoint(2));
}

#[test]
fn a_write_that_fails_leaves_the_old_checkpoint_and_nothing_else() {
    let (folder, path) = place();
    write_checkpoint(&path, DIGEST, &checkpoint(1)).unwrap();
    let old = fs::read(&path).unwrap();
    let mut unwritable = checkpoint(2);
    unwritable.extras.push(("half".into(), Tensor::zeros([3], (Kind::Half, Device::Cpu))));
    let error = write_checkpoint(&path, DIGEST, &unwritable).unwrap_err().to_string();
    assert!(error.contains("tensor `extra.half` is of type Half"), "{error}");
    assert!(fs::read(&path).unwrap() == old);
    assert_eq!(names(folder.path()), ["state.safetensors"]);
}

#[test]
fn a_checkpoint_that_cannot_take_its_place_leaves_nothing() {
    let (folder, path) = place();
    fs::create_dir(&path).unwrap();
    for path in [path.clone(), folder.path().join("absent").join("state.safetensors")] {
        let error = write_checkpoint(&path, DIGEST, &checkpoint(1)).unwrap_err();
        assert!(matches!(error, ModelError::Io { action: "write", .. }));
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    assert_eq!(names(folder.path()), ["state.safetensors"]);
    assert!(names(&path).is_empty());
}

/// The error of reading `path`, which names it.
fn refused(path: &Path, experiment: &str) -> String {
    let error = read_checkpoint(path, experiment, &|_| network()).unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    error
}

/// Writes the file again with other metadata or tensors, and a checksum of those.
fn edit(path: &Path, change: impl FnOnce(&mut HashMap<String, String>, &mut BTreeMap<String, Tensor>)) {
    let mut file = TensorFile::read_sealed(path).unwrap();
    change(&mut file.metadata, &mut file.tensors);
    file.write_sealed(path).unwrap();
}
