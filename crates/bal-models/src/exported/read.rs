//! An exported program out of its archive.

use super::{
    Graph, Program,
    graph::{self, Names, integer, list, only, scalar_type, text},
};
use bal_operators::{Archive, Operator};
use serde_json::Value as Json;
use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    sync::Arc,
};
use tch::{Device, Kind, Tensor};

/// What the archive of a program has, and that of TorchScript has not; and that of a program of an older PyTorch.
const OLDER: &str = "serialized_exported_program.json";
const MODELS: &str = "models/";
const WEIGHTS: (&str, &str) = ("data/weights/", "model_weights_config.json");
const CONSTANTS: (&str, &str) = ("data/constants/", "model_constants_config.json");

/// The version of the schema that is read here.
const MAJOR: i64 = 8;

/// Where the table of an archive's contents is, from its end.
const TABLE: u64 = 1 << 20;

/// Whether the file at `path` is an exported program: by its name, or as an archive that holds the graph of one.
pub(crate) fn is_exported(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "pt2") || holds_program(path).unwrap_or(false)
}

fn holds_program(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let mut first = [0; 2];
    file.read_exact(&mut first)?;
    if first != *b"PK" {
        return Ok(false);
    }
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TABLE)))?;
    let mut bytes = Vec::new();
    file.take(TABLE).read_to_end(&mut bytes)?;
    let names = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    Ok(names(b"models/model.json") || names(OLDER.as_bytes()))
}

/// Channels, height and width of the images that the program at `path` takes; `None` where it takes images of several sizes.
///
/// # Errors
/// Those of [`read`], as far as they are of the graph.
pub(crate) fn input_shape(path: &Path) -> Result<Option<[i64; 3]>, String> {
    let (_, model) = open(path)?;
    let module = &model["graph_module"];
    let specs = list(&module["signature"]["input_specs"]).map_err(|e| format!("its signature {e}"))?;
    let image = specs.iter().find_map(|spec| spec.get("user_input"));
    let name = image.map(|image| tensor_name(&image["arg"])).transpose()?.unwrap_or_default();
    let sizes = module["graph"]["tensor_values"][name]["sizes"].as_array().map_or(&[][..], Vec::as_slice);
    let known: Option<Vec<i64>> = sizes.iter().skip(1).map(|size| size["as_int"].as_i64()).collect();
    Ok(known.and_then(|known| <[i64; 3]>::try_from(known).ok()))
}

/// An archive with the graph of its only program.
fn open(path: &Path) -> Result<(Archive, Json), String> {
    let mut archive = Archive::open(path).map_err(|error| error.to_string())?;
    let records = archive.records();
    if records.iter().any(|name| name.ends_with(OLDER)) {
        return Err(
            "it was saved by an older PyTorch, in another layout; save it again with PyTorch 2.13".into()
        );
    }
    let is_model = |name: &&String| {
        name.strip_prefix(MODELS)
            .and_then(|name| name.strip_suffix(".json"))
            .is_some_and(|name| !name.contains('/'))
    };
    let models: Vec<&String> = records.iter().filter(is_model).collect();
    let model = match models[..] {
        [model] => json(&mut archive, model)?,
        [] => return Err("it holds no program".into()),
        _ => return Err(format!("it holds {} programs; save one alone", models.len())),
    };
    match model["schema_version"]["major"].as_i64() {
        Some(MAJOR) => {}
        other => {
            let found = other.map_or("none".into(), |major| major.to_string());
            return Err(format!("its graph is of version {found}, and {MAJOR} is read here"));
        }
    }
    Ok((archive, model))
}

/// The program in the file at `path`, on `device`.
///
/// # Errors
/// What is wrong with it, in words that go on after the name of the file.
pub(crate) fn read(path: &Path, device: Device) -> Result<Program, String> {
    let (mut archive, model) = open(path)?;
    let module = &model["graph_module"];
    let mut stores =
        Stores { weights: store(&mut archive, WEIGHTS)?, constants: store(&mut archive, CONSTANTS)? };
    let mut names = Names::default();
    let (mut fixed, mut inputs, mut other_precision) = (Vec::new(), Vec::new(), Vec::new());
    for spec in list(&module["signature"]["input_specs"]).map_err(|e| format!("its signature {e}"))? {
        match stores.fixed(&mut archive, spec, device)? {
            Some(Fixed { place, name, tensor, is_parameter }) => {
                let of_float = matches!(tensor.kind(), Kind::Double | Kind::Half | Kind::BFloat16);
                if is_parameter && of_float {
                    other_precision.push((name, tensor.kind()));
                }
                if names.place(&place) != fixed.len() {
                    return Err(format!("its input {place} is there twice"));
                }
                fixed.push(tensor);
            }
            None => inputs.push(spec),
        }
    }
    let input = match inputs[..] {
        [input] => tensor_name(&input["user_input"]["arg"])?,
        _ => {
            return Err(format!("it takes {} inputs; export a module that takes images alone", inputs.len()));
        }
    };
    let input = names.place(input);
    if input != fixed.len() {
        return Err("its images are an input twice".into());
    }
    let mut nodes = graph::nodes(&module["graph"], &mut names, device)?;
    let places = names.len();
    let output = names.place(output(&module["signature"])?);
    if output >= places {
        return Err("its output is not made by any of its nodes".into());
    }
    graph::release(&mut nodes, fixed.len(), output);
    let version = writes(&nodes).then(|| Operator::find("aten::_version", "")).transpose();
    let version = version.map_err(|error| error.to_string())?;
    let graph = Graph { nodes, places, input, output, other_precision, version };
    Ok(Program { graph: Arc::new(graph), fixed })
}

/// Whether any node writes to a tensor that it is given.
fn writes(nodes: &[graph::Node]) -> bool {
    nodes.iter().any(|node| match &node.callee {
        graph::Callee::Operator(operator) => node.arguments.iter().any(|(name, _)| operator.writes(name)),
        graph::Callee::Integers(_) => false,
    })
}

/// The name of the only output.
fn output(signature: &Json) -> Result<&str, String> {
    let specs = list(&signature["output_specs"]).map_err(|e| format!("its signature {e}"))?;
    let mut outputs = Vec::new();
    for spec in specs {
        match only(spec).map_err(|e| format!("an output {e}"))? {
            ("user_output", output) => outputs.push(output),
            (kind, what) => {
                let name = what["buffer_name"].as_str().unwrap_or(kind);
                return Err(format!(
                    "it changes {name} with each pass; call model.eval() before torch.export.export, and leave out what is \
                     counted"
                ));
            }
        }
    }
    match outputs[..] {
        [output] => tensor_name(&output["arg"]),
        _ => Err(format!(
            "it gives {} outputs; export a module whose forward returns the logits alone",
            outputs.len()
        )),
    }
}

fn tensor_name(argument: &Json) -> Result<&str, String> {
    match only(argument).map_err(|e| format!("an input or output {e}"))? {
        ("as_tensor", tensor) => text(&tensor["name"]),
        (other, _) => Err(format!("it takes or gives values {other} where a tensor is wanted")),
    }
}

/// A weight, a buffer or a constant.
struct Fixed {
    /// What the graph calls it.
    place: String,
    /// What the module does.
    name: String,
    tensor: Tensor,
    is_parameter: bool,
}

/// Where tensors are described, by their names.
type Store = HashMap<String, Json>;

struct Stores {
    weights: Store,
    constants: Store,
}

/// What a folder of tensors says of them; nothing where there is no such folder.
fn store(archive: &mut Archive, (folder, file): (&str, &str)) -> Result<Store, String> {
    let name = format!("{folder}{file}");
    if !archive.records().contains(&name) {
        return Ok(Store::new());
    }
    let config = json(archive, &name)?;
    let entries = config["config"].as_object().ok_or_else(|| format!("{name} describes no tensors"))?;
    Ok(entries.iter().map(|(name, what)| (name.clone(), what.clone())).collect())
}

impl Stores {
    /// What an input that is no image is; `None` of images.
    fn fixed(&mut self, archive: &mut Archive, spec: &Json, device: Device) -> Result<Option<Fixed>, String> {
        let (kind, what) = only(spec).map_err(|e| format!("an input {e}"))?;
        let (key, store, (folder, _)) = match kind {
            "user_input" => return Ok(None),
            "parameter" => ("parameter_name", &self.weights, WEIGHTS),
            "buffer" => ("buffer_name", &self.weights, WEIGHTS),
            "tensor_constant" => ("tensor_constant_name", &self.constants, CONSTANTS),
            other => return Err(format!("it has an input {other}, which is not run")),
        };
        let name = text(&what[key]).map_err(|e| format!("a name {e}"))?;
        let place = text(&what["arg"]["name"]).map_err(|e| format!("a name {e}"))?;
        // Buffers that a state_dict leaves out lie among the constants.
        let (described, folder) = match (store.get(name), self.constants.get(name)) {
            (Some(described), _) => (described, folder),
            (None, Some(described)) => (described, CONSTANTS.0),
            (None, None) => return Err(format!("its tensor {name} is not in the file")),
        };
        let tensor = tensor(archive, folder, described).map_err(|e| format!("its tensor {name} {e}"))?;
        let tensor = tensor.f_to_device(device).map_err(|e| format!("its tensor {name} {e}"))?;
        Ok(Some(Fixed { place: place.into(), name: name.into(), tensor, is_parameter: kind == "parameter" }))
    }
}

/// Types of elements by `LibTorch`'s numbers.
fn kind(number: i64) -> Result<(Kind, usize), String> {
    Ok(match number {
        0 => (Kind::Uint8, 1),
        1 => (Kind::Int8, 1),
        2 => (Kind::Int16, 2),
        3 => (Kind::Int, 4),
        4 => (Kind::Int64, 8),
        5 => (Kind::Half, 2),
        6 => (Kind::Float, 4),
        7 => (Kind::Double, 8),
        11 => (Kind::Bool, 1),
        15 => (Kind::BFloat16, 2),
        other => return Err(format!("has elements of type {other}, which are not run")),
    })
}

/// A tensor with the strides that it was saved with: the order of elements decides which kernels run, and with that the last bits.
fn tensor(archive: &mut Archive, folder: &str, described: &Json) -> Result<Tensor, String> {
    if described["use_pickle"].as_bool() != Some(false) {
        return Err("is pickled, and pickles are programs; save plain tensors".into());
    }
    let meta = &described["tensor_meta"];
    let (kind, size) = kind(scalar_type(integer(&meta["dtype"])?)?)?;
    let integers = |key: &str| -> Result<Vec<i64>, String> {
        list(&meta[key])?.iter().map(|value| integer(&value["as_int"])).collect()
    };
    let (sizes, strides) = (integers("sizes")?, integers("strides")?);
    let offset = integer(&meta["storage_offset"]["as_int"])?;
    let path = format!("{folder}{}", text(&described["path_name"])?);
    let bytes = archive.read(&path).map_err(|error| error.to_string())?;
    let elements = bytes.len() / size;
    if sizes.len() != strides.len() || sizes.iter().chain(&strides).chain([&offset]).any(|&n| n < 0) {
        return Err("has sizes and strides that do not fit".into());
    }
    let empty = sizes.contains(&0);
    // The place of the last element.
    let last = sizes.iter().zip(&strides).try_fold(offset, |last, (size, stride)| {
        (size - 1).max(0).checked_mul(*stride).and_then(|further| last.checked_add(further))
    });
    let fits = last.is_some_and(|last| usize::try_from(last).is_ok_and(|last| last < elements));
    if !empty && !fits || bytes.len() % size != 0 {
        return Err(format!("of sizes {sizes:?} does not fit into its {} bytes", bytes.len()));
    }
    if empty {
        return Tensor::f_zeros(&sizes, (kind, Device::Cpu)).map_err(|error| error.to_string());
    }
    let flat = Tensor::f_from_data_size(&bytes, &[elements as i64], kind).map_err(|e| e.to_string())?;
    flat.f_as_strided(&sizes, &strides, offset).map_err(|error| error.to_string())
}

fn json(archive: &mut Archive, name: &str) -> Result<Json, String> {
    let bytes = archive.read(name).map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{name} is not as PyTorch writes it: {error}"))
}
