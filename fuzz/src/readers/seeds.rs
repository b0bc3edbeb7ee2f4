//! Sound inputs, small: made by what writes them, or files of the repository.

use super::two_parts::joined;
use bal_core::{
    Architecture, ChainState, Checkpoint, EnsembleGradient, Member, NoiseKey, NoiseStream, Position,
    Posterior, Prediction, Purpose, State,
};
use bal_models::{Sizes, TensorFile, Traces, architecture, write_checkpoint, write_posterior, write_traces};
use flate2::{Compression, write::GzEncoder};
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use std::{
    io::{Cursor, Read, Write},
    path::Path,
    sync::Arc,
};
use tch::{Device, Kind, Tensor};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

type Seeds = Vec<Vec<u8>>;

/// Of the experiment that checkpoints here belong to.
pub(super) const DIGEST: &str = "0123456789abcdef";

/// Bytes of a file of the repository.
macro_rules! file {
    ($path:literal) => {
        include_bytes!(concat!("../../../", $path)).to_vec()
    };
}

/// An IDX file of bytes, or of integers.
fn idx_file(kind: u8, dimensions: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, dimensions.len() as u8];
    bytes.extend(dimensions.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn idx() -> Seeds {
    let images = idx_file(8, &[3, 4, 4], &(0..48).collect::<Vec<_>>());
    let labels = idx_file(8, &[3], &[0, 1, 0]);
    let tracks = idx_file(12, &[2], &[0, 0, 0, 7, 255, 255, 255, 255]);
    vec![gzip(&images), gzip(&tracks), images, labels, tracks]
}

pub(super) fn idx_pair() -> Seeds {
    let pixels: Vec<u8> = (0..128).collect();
    let labels = idx_file(8, &[8], &[0, 1, 0, 1, 0, 1, 0, 1]);
    let gray = idx_file(8, &[8, 4, 4], &pixels);
    let colour = idx_file(8, &[8, 2, 2, 3], &pixels[..96]);
    vec![joined(&gray, &labels), joined(&colour, &labels), joined(&gzip(&gray), &gzip(&labels))]
}

/// Five by four pixels, some of them half transparent.
fn picture() -> DynamicImage {
    let pixel = |x: u32, y: u32| Rgba([(x * 50) as u8, (y * 60) as u8, 7, if x == y { 128 } else { 255 }]);
    DynamicImage::ImageRgba8(RgbaImage::from_fn(5, 4, pixel))
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A gray picture of its own for each shade.
pub(super) fn png(shade: u8) -> Vec<u8> {
    let mut picture = picture().to_luma8();
    picture.put_pixel(0, 0, image::Luma([shade]));
    encoded(&DynamicImage::ImageLuma8(picture), ImageFormat::Png)
}

pub(super) fn pictures() -> Seeds {
    let whole = picture();
    let kinds = [DynamicImage::ImageRgb8(whole.to_rgb8()), DynamicImage::ImageLuma8(whole.to_luma8())];
    let mut seeds = Vec::new();
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Pnm,
        ImageFormat::Bmp,
        ImageFormat::Gif,
        ImageFormat::Tiff,
        ImageFormat::WebP,
    ] {
        // GIF has no gray.
        let kinds = kinds.iter().filter(|image| format != ImageFormat::Gif || image.color().has_color());
        seeds.extend(kinds.map(|image| encoded(image, format)));
    }
    for image in [DynamicImage::ImageRgba8(whole.to_rgba8()), DynamicImage::ImageRgb16(whole.to_rgb16())] {
        seeds.push(encoded(&image, ImageFormat::Png));
    }
    seeds
}

pub(super) fn tables() -> Seeds {
    [
        "path,label\na.png,x\nb.png,y\nc.png,x\nd.png,y\ne.png,x\nf.png,y\ng/h.png,x\n",
        "path,label,split,group\na.png,x,train,1\nb.png,y,train,2\nc.png,x,test,3\ng/h.png,y,test,4\n",
        "path,label,group\n\"a.png\",\"the, first\",7\nb.png,\u{e4},8\nc.png,\"the, first\",9\nd.png,\u{e4},10\ne.png,\u{e4},11\n\
         f.png,\"the, first\",12\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(super) fn class_names() -> Seeds {
    vec![b"cat\ndog\n".to_vec(), "# in this order\r\n\u{e4}\r\nb c\r\n".as_bytes().to_vec()]
}

/// Archives in the layout of the official ones, with one frame each: training, test, classes of the test.
pub(super) fn gtsrb() -> [Vec<u8>; 3] {
    let (training, test) = (row("00000_00000.ppm", 7), row("00000.ppm", 42));
    [
        gtsrb_training(training.as_bytes(), FRAME),
        zipped(&[("GTSRB/Final_Test/Images/00000.ppm", FRAME)]),
        zipped(&[("GT-final_test.csv", test.as_bytes())]),
    ]
}

/// A training archive with this table and this frame.
pub(super) fn gtsrb_training(table: &[u8], frame: &[u8]) -> Vec<u8> {
    zipped(&[
        ("GTSRB/Final_Training/Images/00007/00000_00000.ppm", frame),
        ("GTSRB/Final_Training/Images/00007/GT-00007.csv", table),
    ])
}

/// An archive of these entries, not compressed.
pub(super) fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in entries {
        archive.start_file(*name, stored).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Three by two pixels.
pub(super) const FRAME: &[u8] = b"P6\n3 2\n255\nabcdefghijklmnopqr";

/// The table that tells of it.
pub(super) fn row(name: &str, class: u8) -> String {
    format!("Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\r\n{name};3;2;0;0;2;1;{class}\r\n")
}

pub(super) fn gtsrb_frame() -> Seeds {
    vec![joined(row("00000_00000.ppm", 7).as_bytes(), FRAME)]
}

/// An image of CIFAR-100's binary form.
pub(super) fn cifar_record() -> Vec<u8> {
    [19, 99].into_iter().chain((0..3072).map(|at| (at % 251) as u8)).collect()
}

/// Two images in the form of CIFAR's authors, by Python's own pickler.
pub(super) fn cifar_pickles() -> Seeds {
    vec![file!("crates/bal-data/tests/fixtures/cifar/train")]
}

/// An archive of one image in each part.
pub(super) fn cifar_archives() -> Seeds {
    let mut archive = tar::Builder::new(Vec::new());
    for name in ["train", "test"] {
        let image = cifar_record();
        let mut header = tar::Header::new_gnu();
        header.set_size(image.len() as u64);
        archive.append_data(&mut header, format!("cifar-100-binary/{name}.bin"), &image[..]).unwrap();
    }
    vec![gzip(&archive.into_inner().unwrap())]
}

pub(super) fn manifest() -> Seeds {
    vec![file!("datasets/manifest.toml")]
}

/// What `write` leaves in the file that it is given.
fn written(name: &str, write: impl FnOnce(&Path)) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    write(&path);
    std::fs::read(path).unwrap()
}

fn counted(shape: &[i64], kind: Kind) -> Tensor {
    Tensor::arange(shape.iter().product::<i64>(), (kind, Device::Cpu)).reshape(shape)
}

fn file_of(metadata: &[(&str, &str)], tensors: Vec<(&str, Tensor)>) -> TensorFile {
    TensorFile {
        metadata: metadata.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect(),
        tensors: tensors.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect(),
    }
}

fn small_file() -> TensorFile {
    let tensors = vec![
        ("a", counted(&[2, 3], Kind::Float)),
        ("b", counted(&[4], Kind::Int64)),
        ("c", counted(&[0, 3], Kind::Double)),
    ];
    file_of(&[("key", "text"), ("umlaut", "\u{e4}")], tensors)
}

pub(super) fn safetensors() -> Seeds {
    vec![written("a.safetensors", |path| small_file().write(path).unwrap())]
}

pub(super) fn npz() -> Seeds {
    vec![written("a.npz", |path| small_file().write_npz(path).unwrap())]
}

pub(super) fn npy() -> Seeds {
    let archive = written("a.npz", |path| small_file().write_npz(path).unwrap());
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut entry = |at| {
        let mut bytes = Vec::new();
        archive.by_index(at).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    (0..5).map(&mut entry).collect()
}

pub(super) fn posterior() -> Seeds {
    let sizes = Sizes { input: [1, 8, 8], classes: 2 };
    let network = architecture("cnn", Some(sizes)).unwrap();
    let member = |chain| {
        let key = NoiseKey { seed: 7, purpose: Purpose::Test, sweep: 0, chain };
        Member::init(&network, &mut NoiseStream::new(key))
    };
    let posterior = Posterior {
        members: vec![member(0)],
        prediction: Prediction::MeanProbability,
        ensemble_gradient: EnsembleGradient::Predictive,
        mixing: None,
        regime: None,
        precisions: vec![],
        laplace: None,
        class_names: Some(vec!["cat".into(), "dog".into()]),
        columns: None,
    };
    vec![written("posterior.safetensors", |path| write_posterior(path, &posterior).unwrap())]
}

pub(super) fn traces() -> Seeds {
    let traces = Traces { log_probability: -counted(&[3, 2, 2], Kind::Double), burn_in: 2, every: 5 };
    vec![written("traces.safetensors", |path| write_traces(path, &traces).unwrap())]
}

/// The network that checkpoints here are of.
pub(super) fn network() -> Arc<dyn Architecture> {
    architecture("cnn", None).unwrap()
}

pub(super) fn checkpoint() -> Seeds {
    let position = || Position::new(vec![counted(&[2, 2], Kind::Float), counted(&[], Kind::Float)]);
    let chain = |step| ChainState {
        state: State::new(position(), vec![position()]).after(step),
        buffers: Position::new(vec![counted(&[2], Kind::Float)]),
    };
    let checkpoint = Checkpoint {
        sweep: 3,
        chains: vec![chain(6), chain(7)],
        samples: vec![Member { network: network(), parameters: position(), buffers: Position::new(vec![]) }],
        extras: vec![("trace.x".to_owned(), counted(&[2], Kind::Double))],
    };
    vec![written("state.safetensors", |path| write_checkpoint(path, DIGEST, &checkpoint).unwrap())]
}

pub(super) fn torchscript() -> Seeds {
    vec![
        file!("crates/bal-models/tests/fixtures/torchscript.pt"),
        file!("crates/bal-models/tests/fixtures/torchscript-traced.pt"),
        file!("crates/bal-models/tests/fixtures/torchscript-frozen.pt"),
    ]
}

pub(super) fn exported() -> Seeds {
    vec![
        file!("crates/bal-models/tests/fixtures/exported-cnn.pt2"),
        file!("crates/bal-models/tests/fixtures/exported-residual.pt2"),
        file!("crates/bal-models/tests/fixtures/exported-transformer.pt2"),
    ]
}

pub(super) fn records() -> Seeds {
    vec![file!("results/fig1/erm/record.json")]
}

pub(super) fn evaluations() -> Seeds {
    vec![
        file!("results/robustness/fig1/erm/more-steps-linf.json"),
        file!("results/robustness/fig1/bnn/autoattack-l2.json"),
    ]
}

/// One model, and two of which the second is the first again.
pub(super) fn transfers() -> Seeds {
    let evaluation = String::from_utf8(evaluations().remove(0)).unwrap();
    let of = |models: &[&str]| {
        let names = models.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
        let row = format!("[{}]", vec![evaluation.as_str(); models.len()].join(","));
        let rows = vec![row; models.len()].join(",");
        format!("{{\"models\":[{names}],\"evaluations\":[{rows}]}}").into_bytes()
    };
    vec![of(&["erm"]), of(&["erm", "again"])]
}

pub(super) fn calibrations() -> Seeds {
    vec![file!("results/robustness/ablation/pgd-linf/calibration.json")]
}

pub(super) fn metrics() -> Seeds {
    let lines = "{\"sweep\":1,\"epoch\":1,\"seconds\":0.1,\"loss\":2.3}\n\
                 {\"sweep\":2,\"epoch\":1,\"seconds\":0.2,\"loss\":2.1,\"linf\":0.1,\"l2\":1.0,\"data_energy\":-3.0,\
                 \"parameter_energy\":0.5,\"accuracy\":0.25}\n\
                 {\"sweep\":3,\"epoch\":2,\"seconds\":0.3,\"loss\":1e-3}\n";
    vec![lines.as_bytes().to_vec()]
}

pub(super) fn page() -> Seeds {
    vec![joined(&records()[0], &evaluations()[0])]
}

pub(super) fn experiments() -> Seeds {
    vec![
        file!("experiments/mnist-bal-exact.toml"),
        file!("experiments/mnist-bal-released.toml"),
        file!("experiments/mnist-pgd.toml"),
        file!("experiments/mnist-wrm.toml"),
        file!("experiments/mnist-bnn-sgadahmc.toml"),
        file!("experiments/mnist-laplace.toml"),
        file!("experiments/mnist-advgan.toml"),
    ]
}

pub(super) fn settings() -> Seeds {
    [
        "bal.schedule.epochs=3",
        "bal.samples={ thinned = { burn_in = 4, every = 2 } }",
        "seed = 7",
        "name=other",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(super) fn run_folder() -> Seeds {
    experiments().iter().map(|experiment| joined(experiment, &metrics()[0])).collect()
}

pub(super) fn shards() -> Seeds {
    let of = |images: bool, spatial: bool| {
        let mut tensors = vec![
            ("indices", counted(&[3], Kind::Int64)),
            ("labels", counted(&[3], Kind::Int64)),
            ("clean", counted(&[3], Kind::Int64)),
            ("predicted", counted(&[2, 3], Kind::Int64)),
            ("broken_by", counted(&[2, 3], Kind::Int64) - 1),
            ("l2", counted(&[2, 3], Kind::Double)),
            ("linf", counted(&[2, 3], Kind::Double)),
            ("gradients", counted(&[1, 2], Kind::Int64).flip([1])),
        ];
        if images {
            tensors.push(("distances", counted(&[3], Kind::Double)));
            tensors.push(("x", counted(&[2, 3, 1, 2, 2], Kind::Float)));
        }
        if spatial {
            tensors.push(("size", counted(&[2, 3], Kind::Double)));
            tensors.push(("witness", counted(&[2, 3, 3], Kind::Float)));
        }
        written("shard.safetensors", |path| file_of(&[], tensors).write_sealed(path).unwrap())
    };
    vec![of(false, false), of(true, false), of(true, true)]
}

pub(super) fn locks() -> Seeds {
    vec![b"process 1\nhost here\nsince 1700000000\ncommand bal train --out run\n".to_vec()]
}

pub(super) fn adversarial() -> Seeds {
    let made = r#"{"attack":"pgd","parts":["pgd"],"norm":"linf","nearest":false,"radii":[0.0,0.1],"settings":{},"together":64,
                  "model":"m","dataset":"mnist","split":"test"}"#;
    let spatial = made.replace("pgd", "pose").replace("linf", "pose");
    let file = |made: &str, witness: Option<Tensor>| {
        let mut tensors = vec![
            ("x", counted(&[2, 3, 1, 2, 2], Kind::Float)),
            ("clean", counted(&[3, 1, 2, 2], Kind::Float)),
            ("labels", counted(&[3], Kind::Int64)),
            ("indices", counted(&[3], Kind::Int64)),
            ("predicted", counted(&[2, 3], Kind::Int64)),
            ("broken_by", -counted(&[2, 3], Kind::Int64).clamp(0, 1)),
        ];
        tensors.extend(witness.map(|witness| ("witness", witness)));
        file_of(&[("evaluation", made)], tensors)
    };
    let safetensors = written("x.safetensors", |path| file(made, None).write(path).unwrap());
    let npz = written("x.npz", |path| file(made, None).write_npz(path).unwrap());
    let moved = file(&spatial, Some(counted(&[2, 3, 3], Kind::Float)));
    let moved = written("moved.safetensors", |path| moved.write(path).unwrap());
    vec![[&[0][..], &safetensors].concat(), [&[1][..], &npz].concat(), [&[0][..], &moved].concat()]
}
