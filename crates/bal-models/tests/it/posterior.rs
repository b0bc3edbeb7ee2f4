//! Posteriors come back as they were written, and files by others are read as they say.

use crate::sample::{names, posterior, same_bits};
use bal_core::{EnsembleGradient, Member, NoiseKey, NoiseStream, Position, Posterior, Prediction, Purpose};
use bal_models::{
    Ensemble, ModelError, Sizes, architecture, posterior_bytes, read_posterior, read_posteriors,
    write_posterior,
};
use safetensors::{SafeTensors, tensor::TensorView};
use std::{collections::HashMap, fs, path::Path};
use tch::{Device, Tensor};

const MEAN: (Prediction, EnsembleGradient) = (Prediction::MeanProbability, EnsembleGradient::Predictive);

#[test]
fn a_posterior_comes_back_bit_by_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    for (chains, prediction, gradient) in [
        (1, Prediction::MeanLogits, EnsembleGradient::MemberMean),
        (3, Prediction::MeanLogits, EnsembleGradient::Predictive),
        (2, Prediction::MeanProbability, EnsembleGradient::MemberMean),
    ] {
        let mut written = posterior(chains, prediction, gradient);
        let odd = [-0.0f32, f32::MIN_POSITIVE / 2.0, f32::MAX, -f32::EPSILON].repeat(8);
        let mut weights = Position::new(vec![]);
        std::mem::swap(&mut weights, &mut written.members[0].parameters);
        let mut weights = weights.into_tensors();
        weights[1] = Tensor::from_slice(&odd);
        written.members[0].parameters = Position::new(weights);

        write_posterior(&path, &written).unwrap();
        let read = read_posterior(&path, None).unwrap();
        assert_eq!(read.architecture().unwrap().name(), "cnn");
        assert_eq!(read.members.len() as u64, chains);
        assert_eq!((read.prediction, read.ensemble_gradient), (prediction, gradient));
        for (a, b) in written.members.iter().zip(&read.members) {
            assert!(same_bits(&a.parameters, &b.parameters) && same_bits(&a.buffers, &b.buffers));
        }
    }
    assert_eq!(names(folder.path()), ["posterior.safetensors"]);
}

/// The order of the metadata would differ from write to write if it were left to a hash map.
#[test]
fn the_same_posterior_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    let written = posterior(2, MEAN.0, MEAN.1);
    write_posterior(&path, &written).unwrap();
    let bytes = fs::read(&path).unwrap();
    for _ in 0..8 {
        write_posterior(&path, &read_posterior(&path, None).unwrap()).unwrap();
        assert!(fs::read(&path).unwrap() == bytes);
    }
}

#[test]
fn others_find_each_weight_stacked_over_chains_under_its_name_in_pytorch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    write_posterior(&path, &posterior(2, MEAN.0, MEAN.1)).unwrap();
    let bytes = fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    for (name, shape) in [
        ("conv1.weight", &[2, 32, 1, 3, 3][..]),
        ("conv1.bias", &[2, 32]),
        ("conv2.weight", &[2, 32, 32, 3, 3]),
        ("conv2.bias", &[2, 32]),
        ("fc1.weight", &[2, 64, 1568]),
        ("fc1.bias", &[2, 64]),
        ("fc2.weight", &[2, 10, 64]),
        ("fc2.bias", &[2, 10]),
    ] {
        assert_eq!(file.tensor(name).unwrap().shape(), shape, "{name}");
    }
    assert_eq!(file.len(), 8);
    let (header, contents) = SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(header % 8, 0, "the data are aligned");
    let expected = [
        ("architecture", "cnn"),
        ("chains", "2"),
        ("prediction", "mean-probability"),
        ("ensemble_gradient", "predictive"),
    ];
    let expected: HashMap<_, _> = expected.map(|(k, v)| (k.to_string(), v.to_string())).into();
    assert_eq!(contents.metadata(), &Some(expected));
}

#[test]
fn metadata_say_how_the_members_predict_and_what_is_not_said_follows() {
    use EnsembleGradient::{MemberMean, Predictive};
    use Prediction::{MeanLogits, MeanProbability};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    write_posterior(&path, &posterior(2, MEAN.0, MEAN.1)).unwrap();
    let bytes = fs::read(&path).unwrap();
    for (metadata, expected) in [
        (&[][..], (MeanProbability, Predictive)),
        (&[("prediction", "mean_logits")], (MeanLogits, MemberMean)),
        (&[("prediction", "mean-logits")], (MeanLogits, MemberMean)),
        (&[("prediction", "mean_probability")], (MeanProbability, Predictive)),
        (&[("ensemble_gradient", "member_mean")], (MeanProbability, MemberMean)),
        (&[("ensemble_gradient", "member-mean")], (MeanProbability, MemberMean)),
        (&[("prediction", "mean_logits"), ("ensemble_gradient", "predictive")], (MeanLogits, Predictive)),
        (&[("format", "pt"), ("chains", "2")], (MeanProbability, Predictive)),
    ] {
        rewrite(&path, &bytes, [&[("architecture", "cnn")], metadata].concat());
        let Posterior { prediction, ensemble_gradient, .. } = read_posterior(&path, None).unwrap();
        assert_eq!((prediction, ensemble_gradient), expected, "{metadata:?}");
    }
}

#[test]
fn without_metadata_the_architecture_has_to_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    write_posterior(&path, &posterior(3, Prediction::MeanLogits, EnsembleGradient::MemberMean)).unwrap();
    let bytes = fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    fs::write(&path, safetensors::serialize(file.tensors(), None).unwrap()).unwrap();

    let error = read_posterior(&path, None).unwrap_err().to_string();
    let wanted = "weights.safetensors: metadata `architecture` is missing, and no architecture was named";
    assert!(error.ends_with(wanted), "{error}");

    let read = read_posterior(&path, Some(architecture("cnn", None).unwrap())).unwrap();
    assert_eq!((read.members.len(), (read.prediction, read.ensemble_gradient)), (3, MEAN));
}

#[test]
fn a_folder_that_is_not_there_is_named_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent").join("posterior.safetensors");
    let error = write_posterior(&path, &posterior(1, MEAN.0, MEAN.1)).unwrap_err();
    assert!(matches!(error, ModelError::Io { action: "write", .. }));
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_posterior_without_members_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    let error = write_posterior(&path, &posterior(0, MEAN.0, MEAN.1)).unwrap_err();
    assert!(matches!(error, ModelError::Empty));
    assert!(names(folder.path()).is_empty());
}

/// Files are readable by whom the user's umask lets read, as every other file of a run.
#[cfg(unix)]
#[test]
fn the_file_has_the_permissions_of_any_other_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    let (path, other) = (folder.path().join("posterior.safetensors"), folder.path().join("other"));
    write_posterior(&path, &posterior(1, MEAN.0, MEAN.1)).unwrap();
    fs::write(&other, "").unwrap();
    assert_eq!(mode(&path), mode(&other));
}

/// Writes the tensors of `bytes` with other metadata.
fn rewrite(path: &Path, bytes: &[u8], metadata: Vec<(&str, &str)>) {
    let file = SafeTensors::deserialize(bytes).unwrap();
    let tensors: Vec<(String, TensorView)> = file.tensors();
    let metadata = metadata.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
    fs::write(path, safetensors::serialize(tensors, Some(metadata)).unwrap()).unwrap();
}

#[test]
fn several_files_are_one_ensemble_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.safetensors", "b.safetensors"].map(|name| folder.path().join(name));
    let gradient = EnsembleGradient::Predictive;
    for (path, chains) in paths.iter().zip([1, 2]) {
        write_posterior(path, &posterior(chains, Prediction::MeanProbability, gradient)).unwrap();
    }
    let whole = read_posteriors(&paths, None, None, None).unwrap();
    assert_eq!((whole.members.len(), whole.prediction), (3, Prediction::MeanProbability));
    let parts = paths.iter().flat_map(|path| read_posterior(path, None).unwrap().members);
    for (member, part) in whole.members.iter().zip(parts) {
        assert!(same_bits(&member.parameters, &part.parameters));
    }
}

#[test]
fn files_that_disagree_need_a_word_from_the_user() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.safetensors", "b.safetensors"].map(|name| folder.path().join(name));
    let gradient = EnsembleGradient::Predictive;
    for (path, prediction) in paths.iter().zip([Prediction::MeanProbability, Prediction::MeanLogits]) {
        write_posterior(path, &posterior(1, prediction, gradient)).unwrap();
    }
    let error = read_posteriors(&paths, None, None, None).unwrap_err().to_string();
    for part in ["a.safetensors", "b.safetensors", "mean-logits", "mean-probability", "say which is meant"] {
        assert!(error.contains(part), "{error}");
    }
    let said = Some(Prediction::MeanLogits);
    assert_eq!(read_posteriors(&paths, None, said, None).unwrap().prediction, Prediction::MeanLogits);
    assert!(read_posteriors(&[], None, None, None).is_err());
}

/// Two networks for small colour images of three classes that have names.
fn of_other_images() -> Posterior {
    let sizes = Sizes { input: [3, 12, 9], classes: 3 };
    let network = architecture("cnn", Some(sizes)).unwrap();
    let key = NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain: 0 };
    let mut noise = NoiseStream::new(key);
    let members = (0..2).map(|_| Member::init(&network, &mut noise));
    let names = ["apple", "Birne, gelb", "\"fig\""].map(String::from);
    Posterior {
        members: members.collect(),
        prediction: MEAN.0,
        ensemble_gradient: MEAN.1,
        mixing: None,
        regime: None,
        precisions: vec![],
        laplace: None,
        class_names: Some(names.into()),
        columns: None,
    }
}

#[test]
fn sizes_and_class_names_travel_with_the_weights() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    let written = of_other_images();
    write_posterior(&path, &written).unwrap();
    let read = read_posterior(&path, None).unwrap();
    assert_eq!(Sizes::of(&**read.architecture().unwrap()), Sizes { input: [3, 12, 9], classes: 3 });
    assert_eq!(read.class_names, written.class_names);
    assert!(same_bits(&read.members[1].parameters, &written.members[1].parameters));

    let error = read_posterior(&path, Some(architecture("cnn", None).unwrap())).unwrap_err().to_string();
    assert!(error.ends_with("metadata `input` is `3,12,9`, but `1,28,28` was asked for"), "{error}");
}

#[test]
fn a_description_that_is_wrong_is_refused_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    write_posterior(&path, &of_other_images()).unwrap();
    let bytes = fs::read(&path).unwrap();
    for (key, value, said) in [
        ("input", "3,12", "`input` is `3,12`, not channels,height,width"),
        ("input", "3,2,9", "sides of at least 4 pixels"),
        ("input", "3,99999999999,9", "99999999999x9"),
        ("classes", "many", "`classes` is `many`, not a number"),
        ("classes", "1", "nothing to tell apart"),
        ("class_names", "apple", "`class_names` is no list of names"),
        ("class_names", "[\"apple\"]", "holds 1 names, but the network has 3 classes"),
    ] {
        let said_well = [("architecture", "cnn"), ("input", "3,12,9"), ("classes", "3")];
        let mut metadata: Vec<_> = said_well.into_iter().filter(|(other, _)| *other != key).collect();
        metadata.push((key, value));
        rewrite(&path, &bytes, metadata);
        let error = read_posterior(&path, None).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    rewrite(&path, &bytes, vec![("architecture", "cnn"), ("classes", "3")]);
    let error = read_posterior(&path, None).unwrap_err().to_string();
    assert!(error.contains("`input` is missing, though `classes` is there"), "{error}");
}

/// [`of_other_images`] with a member of another network.
fn with_another(name: &str, sizes: Sizes) -> Posterior {
    let mut noise = NoiseStream::new(NoiseKey { seed: 2, purpose: Purpose::Test, sweep: 0, chain: 0 });
    let mut mixed = of_other_images();
    mixed.members.push(Member::init(&architecture(name, Some(sizes)).unwrap(), &mut noise));
    mixed
}

const SMALL: Sizes = Sizes { input: [3, 12, 9], classes: 3 };

#[test]
fn several_architectures_are_written_one_after_another_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    let mut mixed = with_another("mlp-8", SMALL);
    // The last network comes back after the members of the first.
    mixed.members.swap(1, 2);
    write_posterior(&path, &mixed).unwrap();
    let read = read_posterior(&path, None).unwrap();
    let networks: Vec<String> = read.members.iter().map(|m| m.network.name().to_owned()).collect();
    assert_eq!(networks, ["cnn", "cnn", "mlp-8"]);
    assert_eq!(read.network_names(), "cnn,mlp-8");
    for (found, written) in [(0, 0), (1, 2), (2, 1)] {
        assert!(same_bits(&read.members[found].parameters, &mixed.members[written].parameters));
    }
    let bytes = fs::read(&path).unwrap();
    write_posterior(&path, &read).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(posterior_bytes(&path, &read).unwrap(), bytes);
    assert!(names(folder.path()) == ["posterior.safetensors"]);

    for (architecture, chains, said) in [
        ("cnn,mlp-8", "2", "`chains` is `2`, but there are 2 architectures"),
        ("cnn,mlp-8", "2,2", "`chains` is 2, but `mlp-8.1/"),
        ("cnn,mlp-8-8", "2,1", "`mlp-8-8.1/fc1.weight` is missing"),
        ("cnn,nothing", "2,1", "`architecture` cannot be used"),
        ("cnn", "2", "is missing"),
    ] {
        let metadata =
            vec![("architecture", architecture), ("chains", chains), ("input", "3,12,9"), ("classes", "3")];
        rewrite(&path, &bytes, metadata);
        let error = read_posterior(&path, None).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn networks_for_different_images_or_classes_are_no_ensemble_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let mixed = with_another("cnn", Sizes { classes: 4, ..SMALL });
    let said = "cnn tells 3 classes of images of shape [3, 12, 9] apart, and cnn 4 classes of images of shape [3, 12, 9]";
    let error = Ensemble::new(&mixed, Device::Cpu).unwrap_err().to_string();
    assert!(error.starts_with(said), "{error}");
    let error =
        write_posterior(&folder.path().join("posterior.safetensors"), &mixed).unwrap_err().to_string();
    assert!(error.starts_with(said), "{error}");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn files_of_several_architectures_are_one_ensemble() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.safetensors", "b.safetensors"].map(|name| folder.path().join(name));
    let alone = |name, sizes| {
        let mut mixed = with_another(name, sizes);
        mixed.members.drain(..2);
        mixed
    };
    write_posterior(&paths[0], &of_other_images()).unwrap();
    write_posterior(&paths[1], &alone("mlp-8", SMALL)).unwrap();
    let whole = read_posteriors(&paths, None, None, None).unwrap();
    assert_eq!((whole.members.len(), whole.network_names().as_str()), (3, "cnn,mlp-8"));
    let asked = architecture("cnn", Some(SMALL)).unwrap();
    let error = read_posteriors(&paths, Some(asked), None, None).unwrap_err().to_string();
    assert!(error.contains("`architecture` is `mlp-8`, but `cnn` was asked for"), "{error}");

    let mut other = alone("mlp-8", Sizes { classes: 2, ..SMALL });
    other.class_names = None;
    write_posterior(&paths[1], &other).unwrap();
    let error = read_posteriors(&paths, None, None, None).unwrap_err().to_string();
    assert!(error.contains("b.safetensors") && error.contains("does not go with"), "{error}");
}
