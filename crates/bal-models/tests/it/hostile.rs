//! Files that are damaged, lie or are of another kind: each gets one error that names the culprit.

use bal_core::Architecture;
use bal_models::{Cnn, ModelError, read_posterior};
use safetensors::{Dtype, tensor::TensorView};
use std::{collections::BTreeMap, fs, iter, path::Path};

/// What a posterior file is made of, before it is spoilt.
struct Parts {
    metadata: BTreeMap<&'static str, &'static str>,
    tensors: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>,
}

const CHAINS: usize = 2;

impl Parts {
    /// Two networks whose weights are all zero.
    fn good() -> Self {
        let metadata = [("architecture", "cnn"), ("chains", "2"), ("prediction", "mean-logits")].into();
        let tensors = Cnn::mnist().parameters().into_iter().map(|spec| {
            let shape: Vec<usize> =
                iter::once(CHAINS).chain(spec.shape.iter().map(|&n| n as usize)).collect();
            (spec.name, zeros(Dtype::F32, &shape))
        });
        Self { metadata, tensors: tensors.collect() }
    }

    fn bytes(&self) -> Vec<u8> {
        let metadata = self.metadata.iter().map(|(&k, &v)| (k.into(), v.into())).collect();
        let views = self.tensors.iter().map(|(name, (dtype, shape, data))| {
            (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
        });
        safetensors::serialize(views, Some(metadata)).unwrap()
    }

    fn put(&mut self, name: &str, dtype: Dtype, shape: &[usize]) {
        self.tensors.insert(name.into(), zeros(dtype, shape));
    }

    /// Sets the last number of a tensor.
    fn poison(&mut self, name: &str, value: f32) {
        let data = &mut self.tensors.get_mut(name).unwrap().2;
        let end = data.len();
        data[end - 4..].copy_from_slice(&value.to_le_bytes());
    }
}

fn zeros(dtype: Dtype, shape: &[usize]) -> (Dtype, Vec<usize>, Vec<u8>) {
    (dtype, shape.to_vec(), vec![0; shape.iter().product::<usize>() * dtype.bitsize() / 8])
}

/// The error of reading `path`: one line that names the file and holds each of `wanted`.
fn refused(path: &Path, wanted: &[&str]) -> ModelError {
    let error = read_posterior(path, None).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert!(wanted.iter().all(|part| text.contains(part)), "{wanted:?} in {text}");
    assert!(text.lines().count() == 1 && text.len() < 500, "{text}");
    error
}

#[test]
fn a_tensor_that_cannot_be_used_is_named() {
    type Spoil = fn(&mut Parts);
    let table: [(Spoil, &[&str]); 20] = [
        (|p| drop(p.tensors.remove("fc2.bias")), &["`fc2.bias` is missing"]),
        (|p| drop(p.tensors.remove("conv1.weight")), &["`conv1.weight` is missing"]),
        (|p| p.tensors.clear(), &["`conv1.weight` is missing"]),
        (|p| p.put("fc3.bias", Dtype::F32, &[2, 10]), &["`fc3.bias`", "no weight of", "`cnn`"]),
        (|p| p.put("a", Dtype::F32, &[7]), &["`a`", "no weight of", "`cnn`"]),
        (|p| p.put("fc1.bias", Dtype::F32, &[2, 65]), &["`fc1.bias`", "[2, 65]", "[2, 64]"]),
        (|p| p.put("fc1.bias", Dtype::F32, &[3, 64]), &["`fc1.bias`", "[3, 64]", "[2, 64]"]),
        (|p| p.put("fc1.bias", Dtype::F32, &[64]), &["`fc1.bias`", "[64]", "[2, 64]"]),
        (|p| p.put("fc1.bias", Dtype::F32, &[]), &["`fc1.bias`", "[]", "[2, 64]"]),
        (|p| p.put("fc1.bias", Dtype::F32, &[0, 64]), &["`fc1.bias`", "[0, 64]", "[2, 64]"]),
        (|p| p.put("fc2.weight", Dtype::F32, &[2, 64, 10]), &["`fc2.weight`", "[2, 64, 10]", "[2, 10, 64]"]),
        (
            // One network as PyTorch saves it, not stacked.
            |p| p.put("conv1.weight", Dtype::F32, &[32, 1, 3, 3]),
            &["`conv1.weight`", "[32, 1, 3, 3]", "[chains, 32, 1, 3, 3]"],
        ),
        (
            |p| p.put("conv1.weight", Dtype::F32, &[0, 32, 1, 3, 3]),
            &["`conv1.weight`", "[0, 32, 1, 3, 3]", "[chains, 32, 1, 3, 3]"],
        ),
        (|p| p.put("conv2.bias", Dtype::F32, &[1; 100]), &["`conv2.bias`", "shape that no tensor has"]),
        (|p| p.put("conv2.bias", Dtype::F16, &[2, 32]), &["`conv2.bias`", "F16", "F32 is wanted"]),
        (|p| p.put("conv2.bias", Dtype::F64, &[2, 32]), &["`conv2.bias`", "Double", "F32 is wanted"]),
        (|p| p.put("conv2.bias", Dtype::I64, &[2, 32]), &["`conv2.bias`", "Int64", "F32 is wanted"]),
        (|p| p.poison("fc1.weight", f32::NAN), &["`fc1.weight`", "not finite"]),
        (|p| p.poison("fc1.weight", f32::INFINITY), &["`fc1.weight`", "not finite"]),
        (|p| p.poison("conv1.bias", f32::NEG_INFINITY), &["`conv1.bias`", "not finite"]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    for (spoil, wanted) in table {
        let mut parts = Parts::good();
        spoil(&mut parts);
        fs::write(&path, parts.bytes()).unwrap();
        assert!(matches!(refused(&path, wanted), ModelError::Tensor { .. }), "{wanted:?}");
    }
    fs::write(&path, Parts::good().bytes()).unwrap();
    assert_eq!(read_posterior(&path, None).unwrap().members.len(), CHAINS, "unspoilt it is read");
}

#[test]
fn metadata_that_contradict_the_tensors_or_are_unknown_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    for (key, value, wanted) in [
        ("chains", "3", &["is 3, but `conv1.weight` holds 2"][..]),
        ("chains", "0", &["is 0, but `conv1.weight` holds 2"]),
        ("chains", "-2", &["is -2"]),
        ("chains", "9223372036854775807", &["is 9223372036854775807, but"]),
        ("chains", "99999999999999999999", &["is `99999999999999999999`, not a number"]),
        ("chains", "2.0", &["is `2.0`, not a number"]),
        ("chains", "two", &["is `two`, not a number"]),
        ("chains", "", &["is ``, not a number"]),
        ("architecture", "vgg", &["unknown architecture `vgg`", "cnn"]),
        ("architecture", "", &["unknown architecture ``", "cnn"]),
        ("prediction", "median", &["`median`", "mean-probability, mean-logits"]),
        ("ensemble_gradient", "none", &["`none`", "predictive, member-mean"]),
    ] {
        let mut parts = Parts::good();
        parts.metadata.insert(key, value);
        fs::write(&path, parts.bytes()).unwrap();
        let key = format!("metadata `{key}`");
        let wanted: Vec<&str> = iter::once(&*key).chain(wanted.iter().copied()).collect();
        assert!(matches!(refused(&path, &wanted), ModelError::Metadata { .. }), "{wanted:?}");
    }
}

#[test]
fn a_file_of_another_architecture_than_asked_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    let mut parts = Parts::good();
    parts.metadata.insert("architecture", "stn");
    fs::write(&path, parts.bytes()).unwrap();
    let asked = bal_models::architecture("cnn", None).unwrap();
    let error = read_posterior(&path, Some(asked)).unwrap_err().to_string();
    let wanted = format!("{}: metadata `architecture` is `stn`, but `cnn` was asked for", path.display());
    assert_eq!(error, wanted);
}

#[test]
fn a_file_cut_short_anywhere_or_grown_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    let whole = Parts::good().bytes();
    let header = 8 + u64::from_le_bytes(*whole.first_chunk().unwrap()) as usize;
    let length = whole.len();
    for cut in [0, 1, 7, 8, 9, 100, header - 1, header, header + 1, length / 2, length - 4, length - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        assert!(matches!(refused(&path, &["not a safetensors file"]), ModelError::Format { .. }), "{cut}");
    }
    fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
    refused(&path, &["more or fewer bytes than its header says"]);
}

#[test]
fn a_header_that_lies_about_its_length_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    let mut bytes = Parts::good().bytes();
    let (header, length) = (u64::from_le_bytes(*bytes.first_chunk().unwrap()), bytes.len() as u64);
    for lie in [
        0,
        1,
        header - 8,
        header + 8,
        length - 8,
        length,
        100_000_001,
        u64::from(u32::MAX),
        i64::MAX as u64,
        u64::MAX,
    ] {
        bytes[..8].copy_from_slice(&lie.to_le_bytes());
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(refused(&path, &["not a safetensors file"]), ModelError::Format { .. }), "{lie}");
    }
}

#[test]
fn a_header_that_describes_no_possible_tensor_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posterior.safetensors");
    let tensor = |shape: &str, end: &str| {
        format!(
            r#"{{"__metadata__":{{"architecture":"cnn"}},"conv1.weight":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{end}]}}}}"#
        )
    };
    for header in [
        tensor("[18446744073709551615, 2]", "0"),
        tensor("[4294967296, 4294967296, 4294967296]", "0"),
        tensor("[0, 18446744073709551615]", "0"),
        tensor("[0, 9223372036854775807, 4]", "0"),
        tensor("[1073741824, 1024]", "4398046511104"),
        tensor("[1]", "18446744073709551615"),
        tensor("[-1]", "4"),
        tensor("[1.5]", "4"),
        tensor("\"[1]\"", "4"),
        "{}".into(),
        "[]".into(),
        "{".into(),
        "{\"a\": null}".into(),
        "{\"__metadata__\": {\"chains\": 2}}".into(),
        "{\"__metadata__\": []}".into(),
        "[".repeat(100_000),
        format!("{{\"a\":{}", "[".repeat(100_000)),
    ] {
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 4]].concat();
        fs::write(&path, bytes).unwrap();
        let error = refused(&path, &[]);
        let named = matches!(&error, ModelError::Format { .. } | ModelError::Tensor { .. });
        assert!(named, "{header:.100}: {error}");
        // Without the four bytes the shapes whose product is zero agree with their offsets.
        fs::write(&path, [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()).unwrap();
        refused(&path, &[]);
    }
}

#[test]
fn files_of_other_kinds_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights");
    for bytes in [
        &b""[..],
        b"\n",
        b"these are no weights, but a sentence that goes on for a while",
        b"{\"json\": true, \"safetensors\": false}",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"PK\x03\x04\0\0\0\0\0\0archive/data.pkl",
        b"\x1f\x8b\x08\0\0\0\0\0\0\0{{{{",
        b"\x02\0\0\0\0\0\0\0{\xff",
        &[0; 4096],
        &[0xff; 4096],
    ] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(refused(&path, &["not a safetensors file"]), ModelError::Format { .. }));
    }
}

#[test]
fn a_folder_or_nothing_in_place_of_the_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path(), &folder.path().join("absent.safetensors")] {
        assert!(matches!(refused(path, &["cannot read"]), ModelError::Io { action: "read", .. }));
    }
}

/// A terabyte that takes no room on the disk: if it were read before it was looked at, memory would
/// run out.
#[cfg(target_os = "linux")]
#[test]
fn of_a_large_file_of_another_kind_only_the_beginning_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.img");
    for beginning in [&b""[..], b"\x1f\x8b\x08\0\0\0\0\0\0\0", b"{\"a\": 1, {}"] {
        fs::write(&path, beginning).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
        refused(&path, &["not a safetensors file", "does not begin with a header"]);
    }
}
