//! Exported programs against PyTorch, which wrote them (`fixtures/exported.py`), and hostile ones.

use crate::formula::{Formula, assert_close};
use bal_core::{Classifier, Prediction, channels_last};
use bal_models::{Normalisation, SavedNetworks, SavedSettings};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
};
use tch::{Device, Kind, Tensor};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

#[derive(Deserialize)]
struct Reference {
    images: Formula,
    networks: BTreeMap<String, Network>,
}

#[derive(Deserialize)]
struct Network {
    logits: Vec<f64>,
    gradient_of_first_image: Vec<f64>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../fixtures/exported.json")).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/exported-{name}.pt2"))
}

fn settings(files: &[PathBuf]) -> SavedSettings {
    SavedSettings {
        files: files.to_vec(),
        input: [3, 16, 16],
        classes: None,
        normalisation: Normalisation::none(),
        prediction: Prediction::MeanProbability,
        device: Device::Cpu,
    }
}

fn load(name: &str) -> SavedNetworks {
    SavedNetworks::load(settings(&[fixture(name)]), &reference().images.tensor()).unwrap()
}

/// Why a file is refused, in one line.
fn refused(file: &Path) -> String {
    let error =
        SavedNetworks::load(settings(&[file.to_path_buf()]), &reference().images.tensor()).unwrap_err();
    let text = error.to_string();
    assert!(text.lines().count() == 1 && text.len() < 600, "{text}");
    assert!(text.contains(file.file_name().unwrap().to_str().unwrap()), "{text}");
    text
}

#[test]
fn logits_and_gradients_are_those_of_pytorch() {
    let Reference { images, networks } = reference();
    assert_eq!(networks.len(), 3);
    for (name, network) in &networks {
        let model = load(name);
        // Attacks hand over images whose channels are innermost.
        for x in [images.tensor(), channels_last(&images.tensor())] {
            let x = x.set_requires_grad(true);
            let logits = model.member_logits(&x).unwrap();
            assert_close(&logits, &network.logits, 1e-5, name);
            let gradient =
                Tensor::run_backward(&[logits.square().sum(Kind::Float)], &[&x], false, false).remove(0);
            let first = gradient.get(0).contiguous();
            assert_close(&first, &network.gradient_of_first_image, 1e-5, &format!("a gradient of {name}"));
        }
    }
}

#[test]
fn any_number_of_images_is_taken_and_others_do_not_matter() {
    let x = reference().images.tensor();
    for name in ["cnn", "residual", "transformer"] {
        let model = load(name);
        let all = model.logits(&x).unwrap();
        for count in [1, 2, 3] {
            let few = model.logits(&x.narrow(0, 0, count)).unwrap();
            let gap = (few - all.narrow(0, 0, count)).abs().max().double_value(&[]);
            assert!(gap < 1e-5, "{name}, {count}: {gap}");
        }
    }
}

#[test]
fn several_programs_are_one_ensemble_and_threads_give_the_same_bits() {
    let x = reference().images.tensor();
    let files = ["cnn", "residual", "transformer"].map(fixture);
    let model = SavedNetworks::load(settings(&files), &x).unwrap();
    assert_eq!((model.len(), model.classes()), (3, 10));
    let expected = model.logits(&x).unwrap();
    let replicas: Vec<_> = (0..4).map(|_| model.replicate()).collect();
    let threads = replicas.into_iter().map(|replica| {
        let x = reference().images.tensor();
        std::thread::spawn(move || (0..5).map(|_| replica.logits(&x).unwrap()).collect::<Vec<_>>())
    });
    for thread in threads.collect::<Vec<_>>() {
        for logits in thread.join().unwrap() {
            assert_eq!(logits, expected);
        }
    }
}

#[test]
fn what_cannot_be_attacked_is_refused_with_the_way_out() {
    for (name, expected) in [
        ("fixed", "torch.export.Dim.DYNAMIC"),
        ("training", "is in training mode; call model.eval() before torch.export.export"),
        ("double", "call model.float() before saving"),
        ("mask", "takes 2 inputs; export a module that takes images alone"),
        ("two", "gives 2 outputs; export a module whose forward returns the logits alone"),
        ("counts", "export it without what it counts"),
        ("branch", "torch.ops.higher_order.cond"),
    ] {
        let said = refused(&fixture(name));
        assert!(said.contains(expected), "{name}: {said}");
    }
}

/// The program of the CNN with its graph and its records changed, in `folder`.
fn edited(
    folder: &Path,
    graph: impl Fn(&mut Value),
    record: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>,
) -> PathBuf {
    let path = folder.join("edited.pt2");
    let mut old = ZipArchive::new(File::open(fixture("cnn")).unwrap()).unwrap();
    let mut new = ZipWriter::new(File::create(&path).unwrap());
    for place in 0..old.len() {
        let mut entry = old.by_index(place).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if name.ends_with("models/model.json") {
            let mut model = serde_json::from_slice(&bytes).unwrap();
            graph(&mut model);
            bytes = serde_json::to_vec(&model).unwrap();
        }
        if let Some(bytes) = record(&name, bytes) {
            let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            new.start_file(name, stored).unwrap();
            new.write_all(&bytes).unwrap();
        }
    }
    new.finish().unwrap();
    path
}

type Edit = fn(&mut Value);

fn node(model: &mut Value) -> &mut Value {
    &mut model["graph_module"]["graph"]["nodes"][0]
}

#[test]
fn a_graph_that_cannot_be_run_is_refused_by_name() {
    let cases: [(Edit, &str); 12] = [
        (
            |model| node(model)["target"] = json!("torch.ops.torchvision.nms.default"),
            "is no operator of LibTorch itself; only those of torch.ops.aten are run",
        ),
        (|model| node(model)["target"] = json!("torch.ops.aten.from_file.default"), "reads or writes files"),
        (
            |model| node(model)["target"] = json!("torch.ops.aten.nonesuch.default"),
            "no operator aten::nonesuch",
        ),
        (
            |model| model["graph_module"]["graph"]["nodes"].as_array_mut().unwrap().reverse(),
            "is used before it is made",
        ),
        (|model| model["schema_version"]["major"] = json!(9), "is of version 9, and 8 is read here"),
        (|model| node(model)["inputs"][0]["name"] = json!("nonesuch"), "has no argument `nonesuch`"),
        (|model| node(model)["inputs"][3]["arg"] = json!({"as_ints": [0, 0]}), "stride"),
        (|model| node(model)["inputs"][3]["arg"] = json!({"as_graph": {}}), "values as_graph are not run"),
        (|model| node(model)["inputs"][3]["arg"] = json!([]), "is no value with its kind"),
        (
            |model| {
                model["graph_module"]["graph"]["nodes"].as_array_mut().unwrap().push(json!({
                    "target": "torch.ops.aten.mul_.Scalar", "name": "halved",
                    "inputs": [
                        {"name": "self", "arg": {"as_tensor": {"name": "p_fc_weight"}}},
                        {"name": "other", "arg": {"as_float": 0.5}},
                    ],
                    "outputs": [{"as_tensor": {"name": "halved"}}],
                }));
            },
            "writes to its weights",
        ),
        (|model| model["graph_module"]["signature"]["output_specs"] = json!([]), "it gives 0 outputs"),
        (|model| *model = json!(null), "of version none"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (edit, expected) in cases {
        let said = refused(&edited(folder.path(), edit, |_, bytes| Some(bytes)));
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn a_file_with_other_tensors_than_it_says_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let as_it_is = |_: &mut Value| {};
    let config = |change: Edit| {
        move |name: &str, bytes: Vec<u8>| {
            if !name.ends_with("model_weights_config.json") {
                return Some(bytes);
            }
            let mut config: Value = serde_json::from_slice(&bytes).unwrap();
            change(&mut config["config"]["fc.weight"]);
            Some(serde_json::to_vec(&config).unwrap())
        }
    };
    let changes: [(Edit, &str); 6] = [
        (|weight| weight["tensor_meta"]["sizes"][0]["as_int"] = json!(11), "does not fit into its"),
        (|weight| weight["tensor_meta"]["strides"][0]["as_int"] = json!(i64::MAX), "does not fit into its"),
        (
            |weight| weight["tensor_meta"]["storage_offset"]["as_int"] = json!(-1),
            "sizes and strides that do not fit",
        ),
        (|weight| weight["tensor_meta"]["dtype"] = json!(40), "elements of type 40 are not run"),
        (|weight| weight["use_pickle"] = json!(true), "is pickled, and pickles are programs"),
        (|weight| weight["path_name"] = json!("../../secret"), "fc.weight"),
    ];
    for (change, expected) in changes {
        let said = refused(&edited(folder.path(), as_it_is, config(change)));
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let gone = |name: &str, bytes: Vec<u8>| (!name.ends_with("weights/weight_0")).then_some(bytes);
    assert!(refused(&edited(folder.path(), as_it_is, gone)).contains("weight_0"));
    let gone = |name: &str, bytes: Vec<u8>| (!name.ends_with("model_weights_config.json")).then_some(bytes);
    assert!(refused(&edited(folder.path(), as_it_is, gone)).contains("is not in the file"));
    let text = |name: &str, bytes: Vec<u8>| {
        Some(if name.ends_with("model.json") { b"models/model.json {".to_vec() } else { bytes })
    };
    assert!(refused(&edited(folder.path(), as_it_is, text)).contains("is not as PyTorch writes it"));
    let whole = fs::read(fixture("cnn")).unwrap();
    let cut = folder.path().join("cut.pt2");
    fs::write(&cut, &whole[..whole.len() - 100]).unwrap();
    refused(&cut);
    // Of this name, it is no TorchScript that is missed.
    let text = folder.path().join("text.pt2");
    fs::write(&text, "no archive").unwrap();
    assert!(refused(&text).contains("no exported program"));
}
