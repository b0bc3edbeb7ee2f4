//! What docs/python.md says of a posterior's file is true of a committed one, read without the project's own reader.

use bal_models::architecture;
use safetensors::{Dtype, SafeTensors};
use std::{collections::BTreeMap, fs, path::Path};

/// The tables' rows `| `name` | [S, ..] |`.
fn documented(document: &str, samples: usize) -> BTreeMap<String, Vec<usize>> {
    let row = |line: &str| {
        let (name, shape) = line.strip_prefix("| `")?.split_once("` | [S")?;
        let sizes = shape.strip_suffix("] |")?.split(',').map(str::trim).filter(|size| !size.is_empty());
        let sizes = sizes.map(|size| size.parse().ok()).collect::<Option<Vec<usize>>>()?;
        Some((name.to_string(), [vec![samples], sizes].concat()))
    };
    document.lines().filter_map(row).collect()
}

#[test]
fn a_committed_posterior_has_the_names_and_shapes_that_python_is_promised() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bytes = fs::read(root.join("results/fig1/bal-released/posterior.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().clone().unwrap();
    assert_eq!((metadata["architecture"].as_str(), metadata["chains"].as_str()), ("cnn", "5"));
    assert!(["mean-logits", "mean-probability"].contains(&metadata["prediction"].as_str()));

    let document = fs::read_to_string(root.join("docs/python.md")).unwrap();
    let promised = documented(&document, 5);
    let found: BTreeMap<String, Vec<usize>> =
        file.tensors().into_iter().map(|(name, tensor)| (name, tensor.shape().to_vec())).collect();
    assert_eq!(found, promised);
    assert!(file.tensors().iter().all(|(_, tensor)| tensor.dtype() == Dtype::F32));

    // And they are those of the network of that name.
    let network: BTreeMap<String, Vec<usize>> = (architecture("cnn", None).unwrap().parameters().into_iter())
        .map(|spec| (spec.name, [vec![5], spec.shape.iter().map(|&n| n as usize).collect()].concat()))
        .collect();
    assert_eq!(network, promised);
}
