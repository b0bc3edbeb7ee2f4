//! TorchScript files against PyTorch, which wrote them (`fixtures/torchscript.py`), and hostile ones.

use crate::formula::{Formula, assert_close};
use bal_core::{Classifier, Prediction, channels_last};
use bal_models::{ModelError, Normalisation, SavedNetworks, SavedSettings};
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tch::{CModule, Device, Kind, Tensor};

#[derive(Deserialize)]
struct Reference {
    images: Formula,
    mean: f64,
    std: f64,
    member_logits: Vec<Vec<f64>>,
    mean_probability: Vec<f64>,
}

impl Reference {
    fn read() -> Self {
        serde_json::from_str(include_str!("../fixtures/torchscript.json")).unwrap()
    }

    fn load(&self, names: &[&str]) -> SavedNetworks {
        let normalisation = Normalisation::new(vec![self.mean], vec![self.std]).unwrap();
        let settings = SavedSettings { normalisation, ..settings(names) };
        SavedNetworks::load(settings, &self.images.tensor()).unwrap()
    }
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/torchscript{name}.pt"))
}

fn settings(names: &[&str]) -> SavedSettings {
    SavedSettings {
        files: names.iter().map(|name| fixture(name)).collect(),
        input: [1, 28, 28],
        classes: Some(10),
        normalisation: Normalisation::none(),
        prediction: Prediction::MeanProbability,
        device: Device::Cpu,
    }
}

/// The error of loading: one line that holds each of `wanted`.
fn refused(settings: SavedSettings, images: &Tensor, wanted: &[&str]) -> ModelError {
    let error = SavedNetworks::load(settings, images).unwrap_err();
    let text = error.to_string();
    assert!(wanted.iter().all(|part| text.contains(part)), "{wanted:?} in {text}");
    assert!(text.lines().count() == 1 && text.len() < 500, "{text}");
    error
}

#[test]
fn logits_of_every_member_are_those_of_pytorch() {
    let reference = Reference::read();
    let (model, x) = (reference.load(&["", "-2"]), reference.images.tensor());
    let logits = model.member_logits(&x).unwrap();
    assert_eq!(logits.size(), [2, 3, 10]);
    assert_close(&logits, &reference.member_logits.concat(), 1e-5, "a member's logit");
    assert_close(&model.logits(&x).unwrap(), &reference.mean_probability, 1e-5, "a log probability");
    assert_eq!((model.len(), model.classes()), (2, 10));
}

#[test]
fn frozen_and_traced_networks_give_the_same_logits_as_scripted_ones() {
    let reference = Reference::read();
    for name in ["", "-frozen", "-traced"] {
        let logits = reference.load(&[name]).member_logits(&reference.images.tensor()).unwrap();
        assert_close(&logits, &reference.member_logits[0], 1e-5, name);
    }
}

#[test]
fn gradients_in_the_images_are_those_of_finite_differences_and_weights_keep_none() {
    let reference = Reference::read();
    for name in ["", "-frozen", "-traced"] {
        let model = reference.load(&[name]);
        // Attacks hand over images whose channels are innermost.
        let x = channels_last(&reference.images.tensor()).set_requires_grad(true);
        let value = |x: &Tensor| model.member_logits(x).unwrap().square().sum(Kind::Double);
        let gradient = Tensor::run_backward(&[value(&x)], &[&x], false, false).remove(0);
        let direction = Tensor::ones_like(&x).set_requires_grad(false);
        let _guard = tch::no_grad_guard();
        let slope = (gradient * &direction).sum(Kind::Double).double_value(&[]);
        let along = |step: f64| value(&(&x + &direction * step)).double_value(&[]);
        let difference = (along(1e-3) - along(-1e-3)) / 2e-3;
        assert!((slope - difference).abs() < 0.02 * slope.abs(), "{name}: {slope}, {difference}");
    }
}

#[test]
fn replicas_predict_the_same_bits_on_threads_of_their_own_and_after_many_passes() {
    let reference = Reference::read();
    let model = reference.load(&["", "-2"]);
    let expected = model.logits(&reference.images.tensor()).unwrap();
    let replicas: Vec<_> = (0..4).map(|_| model.replicate()).collect();
    let threads = replicas.into_iter().map(|replica| {
        let x = reference.images.tensor();
        std::thread::spawn(move || {
            (0..5).map(|_| replica.replicate().logits(&x).unwrap()).collect::<Vec<_>>()
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        for logits in thread.join().unwrap() {
            assert_eq!(logits, expected);
        }
    }
}

#[test]
fn the_number_of_classes_is_the_networks_own_unless_it_is_given() {
    let images = Reference::read().images.tensor();
    let any = SavedSettings { classes: None, ..settings(&["-classes"]) };
    assert_eq!(SavedNetworks::load(any, &images).unwrap().classes(), 7);
    let mixed = SavedSettings { classes: None, ..settings(&["", "-classes"]) };
    refused(mixed, &images, &["torchscript-classes.pt", "[3, 7]", "[3, 10]"]);
}

#[test]
fn networks_that_are_no_classifiers_of_the_images_are_named() {
    let images = Reference::read().images.tensor();
    for (name, wanted) in [
        ("-classes", &["gives logits of shape [3, 7] where [3, 10] is wanted"][..]),
        ("-nan", &["not finite for image 0", "mean and a deviation"]),
        ("-constant", &["ignores its input"]),
        ("-flat", &["shape [30]", "[3, 10]"]),
        ("-integers", &["type Int64", "floats"]),
        ("-raises", &["cannot classify images of shape 1,28,28", "nothing here"]),
        ("-tuple", &["a tuple", "logits alone"]),
        ("-colour", &["cannot classify images of shape 1,28,28", "3 channels"]),
        ("-double", &["type Double", "model.float()"]),
        ("-weights", &["no TorchScript file", "tensors and no network", "state_dict", "torch.jit.script"]),
    ] {
        let wanted = [&[name], wanted].concat();
        // One bad file among good ones is the one that is named.
        refused(settings(&["", name]), &images, &wanted);
        refused(settings(&[name]), &images, &wanted);
        if name != "-classes" {
            refused(SavedSettings { classes: None, ..settings(&[name]) }, &images, &wanted[..1]);
        }
    }
    let one = images.narrow(0, 0, 1);
    refused(settings(&["-constant"]), &one, &["ignores its input"]);
    let colours = SavedSettings {
        normalisation: Normalisation::new(vec![0.1, 0.2, 0.3], vec![1.0]).unwrap(),
        ..settings(&[""])
    };
    refused(colours, &images, &["the constants of the normalisation", "3 numbers", "1 channels"]);
    assert!(matches!(refused(settings(&[]), &images, &[]), ModelError::Empty));
}

/// A file with what `network` does to images, given a linear map of them onto ten numbers.
fn traced(
    folder: &Path,
    name: &str,
    network: impl Fn(&Tensor, &dyn Fn(&Tensor) -> Tensor) -> Tensor,
) -> PathBuf {
    let x = Reference::read().images.tensor();
    let weights = Tensor::arange(7840, (Kind::Float, Device::Cpu)).sin().reshape([784, 10]);
    let linear = |x: &Tensor| x.flatten(1, -1).matmul(&weights);
    let mut forward = |x: &[Tensor]| vec![network(&x[0], &linear)];
    let module = CModule::create_by_tracing("Network", "forward", &[x], &mut forward).unwrap();
    let path = folder.join(name);
    module.save(&path).unwrap();
    path
}

#[test]
fn networks_that_do_not_take_each_image_by_itself_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let images = Reference::read().images.tensor();
    let mean = |x: &Tensor| x.mean_dim([0i64].as_slice(), true, Kind::Float);
    for (file, wanted) in [
        (
            traced(folder.path(), "squeezes.pt", |x, linear| linear(x).squeeze()),
            &["classifies 3 images, but of one alone it gives logits of shape [10]", "[1, 10]", "squeeze"][..],
        ),
        (
            traced(folder.path(), "centred.pt", |x, linear| linear(&(x - mean(x)))),
            &["gives image 0 other logits alone than among 3 images", "depend on the batch"],
        ),
        (
            traced(folder.path(), "three.pt", |x, linear| linear(&x.reshape([3, 1, 28, 28]))),
            &[
                "classifies 3 images, but not one alone",
                "one size of batch",
                "shape '[3, 1, 28, 28]' is invalid",
            ],
        ),
        (
            traced(folder.path(), "pairs.pt", |x, linear| {
                let z = linear(x);
                &z + z.flip([0]).narrow(0, 0, 1)
            }),
            &["gives image 0 other logits alone"],
        ),
        (
            traced(folder.path(), "binary.pt", |x, linear| linear(x).narrow(1, 0, 1)),
            &["gives one number for each image", "torch.cat([torch.zeros_like(z), z], 1)"],
        ),
        (
            traced(folder.path(), "flat.pt", |x, linear| linear(x).select(1, 0)),
            &["gives one number for each image", "torch.stack([torch.zeros_like(z), z], 1)"],
        ),
    ] {
        let name = file.file_name().unwrap().to_str().unwrap().to_string();
        for classes in [None, Some(10)] {
            let settings = SavedSettings { files: vec![file.clone()], classes, ..settings(&[]) };
            refused(settings, &images, &[&[name.as_str()], wanted].concat());
        }
    }
    // The same without a fault passes.
    let sound = traced(folder.path(), "sound.pt", |x, linear| linear(x));
    let sound = SavedSettings { files: vec![sound], classes: None, ..settings(&[]) };
    assert_eq!(SavedNetworks::load(sound, &images).unwrap().classes(), 10);
}

/// A trial is a few images: what a network does to others, an attack finds out.
#[test]
fn a_network_that_fails_after_its_trial_is_named_with_what_it_was_shown() {
    let folder = tempfile::tempdir().unwrap();
    // Fits up to three images.
    let file = traced(folder.path(), "three-at-most.pt", |x, linear| {
        let z = linear(x);
        &z + z.zeros_like().slice(0, None, Some(3), 1)
    });
    let images = Reference::read().images.tensor();
    let settings = SavedSettings { files: vec![fixture(""), file], ..settings(&[]) };
    let network = SavedNetworks::load(settings, &images).unwrap();
    let four = Tensor::cat(&[&images, &images.narrow(0, 0, 1)], 0);
    let error = network.member_logits(&four).unwrap_err().to_string();
    let wanted =
        ["three-at-most.pt: the network, shown a batch of shape [4, 1, 28, 28], cannot classify it: "];
    assert!(wanted.iter().all(|part| error.contains(part)) && error.lines().count() == 1, "{error}");
}

#[test]
fn files_that_are_no_torchscript_are_named() {
    let images = Reference::read().images.tensor();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    let of = |path: &PathBuf| SavedSettings { files: vec![path.clone()], ..settings(&[]) };
    refused(of(&path), &images, &["model.pt", "cannot read"]);
    refused(of(&folder.path().to_path_buf()), &images, &["cannot read"]);
    let whole = fs::read(fixture("")).unwrap();
    let half = &whole[..whole.len() / 2];
    for bytes in [&b""[..], b"PK", b"PK\x03\x04", b"\x89PNG\r\n", b"PK\x03\x04 and then nothing", half] {
        fs::write(&path, bytes).unwrap();
        refused(of(&path), &images, &["model.pt: no TorchScript file", "torch.jit.script"]);
    }
}

/// A byte changed anywhere is either refused in words or does no harm.
#[test]
fn damaged_files_never_end_the_program() {
    let images = Reference::read().images.tensor();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    let whole = fs::read(fixture("-frozen")).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 150) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        fs::write(&path, &bytes).unwrap();
        let settings = SavedSettings { files: vec![path.clone()], ..settings(&[]) };
        if let Err(error) = SavedNetworks::load(settings, &images) {
            assert!(error.to_string().contains("model.pt"), "{error}");
        }
    }
}

#[test]
fn images_of_another_shape_are_refused() {
    let reference = Reference::read();
    let error = reference.load(&[""]).logits(&Tensor::zeros([2, 3, 28, 28], (Kind::Float, Device::Cpu)));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("takes images of shape [n, 1, 28, 28]"), "{error}");
}
