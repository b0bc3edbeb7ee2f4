//! The graph of an exported program, with its names resolved.
//!
//! The JSON is that of PyTorch's `torch/_export/serde/schema.py`, version 8: an argument is an object with one key, which says
//! what it is.

use super::integers::Integers;
use bal_operators::{Constant, Operator};
use serde_json::Value as Json;
use std::collections::HashMap;
use tch::Device;

/// A call.
#[derive(Debug)]
pub(super) struct Node {
    /// As errors name it.
    pub(super) name: String,
    pub(super) callee: Callee,
    pub(super) arguments: Vec<(String, Argument)>,
    pub(super) outputs: Vec<Output>,
    /// The places that no later node reads.
    pub(super) last_used: Vec<usize>,
}

/// What is called.
#[derive(Debug)]
pub(super) enum Callee {
    Operator(Operator),
    Integers(Integers),
}

/// An argument.
#[derive(Debug)]
pub(super) enum Argument {
    Known(Constant),
    Placed(usize),
    Tensors(Vec<Option<usize>>),
    Numbers(Vec<Number>),
}

/// An integer, known or in a place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Known(i64),
    Placed(usize),
}

/// Where a result goes.
#[derive(Debug)]
pub(super) enum Output {
    None,
    One(usize),
    Tensors(Vec<usize>),
}

/// The names of the graph, each with its place.
#[derive(Default)]
pub(super) struct Names(HashMap<String, usize>);

impl Names {
    /// A new place, or the one that `name` has.
    pub(super) fn place(&mut self, name: &str) -> usize {
        let next = self.0.len();
        *self.0.entry(name.to_owned()).or_insert(next)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The place of a value that was made before.
    fn of(&self, name: &Json) -> Result<usize, String> {
        let name = text(name)?;
        self.0.get(name).copied().ok_or_else(|| format!("{name} is used before it is made"))
    }
}

/// Operators that reach beyond tensors.
const FORBIDDEN: [&str; 1] = ["from_file"];

/// The nodes of `graph`, for `device`; `names` has the inputs.
pub(super) fn nodes(graph: &Json, names: &mut Names, device: Device) -> Result<Vec<Node>, String> {
    let nodes = graph["nodes"].as_array().ok_or("its graph has no nodes")?;
    nodes.iter().map(|json| node(json, names, device)).collect()
}

/// Says of each node what is not needed after it, but for what is in the first `kept` places and `output`.
pub(super) fn release(nodes: &mut [Node], kept: usize, output: usize) {
    let mut later: std::collections::HashSet<usize> = (0..kept).chain([output]).collect();
    for node in nodes.iter_mut().rev() {
        let mut touched = Vec::new();
        for (_, argument) in &node.arguments {
            match argument {
                Argument::Known(_) => {}
                Argument::Placed(place) => touched.push(*place),
                Argument::Tensors(places) => touched.extend(places.iter().flatten()),
                Argument::Numbers(numbers) => {
                    touched.extend(numbers.iter().filter_map(|number| match number {
                        Number::Placed(place) => Some(*place),
                        Number::Known(_) => None,
                    }));
                }
            }
        }
        for output in &node.outputs {
            match output {
                Output::None => {}
                Output::One(place) => touched.push(*place),
                Output::Tensors(places) => touched.extend(places),
            }
        }
        touched.retain(|&place| later.insert(place));
        node.last_used = touched;
    }
}

fn node(json: &Json, names: &mut Names, device: Device) -> Result<Node, String> {
    let target = text(&json["target"])?;
    let name = json["name"].as_str().unwrap_or(target).to_owned();
    let within = |reason: String| format!("its node {name} ({target}) {reason}");
    let callee = callee(target).map_err(within)?;
    let mut arguments = Vec::new();
    for input in list(&json["inputs"]).map_err(within)? {
        let key = input["name"].as_str().unwrap_or_default().to_owned();
        let argument = argument(&input["arg"], names, device);
        arguments.push((
            key.clone(),
            argument.map_err(|reason| within(format!("has an argument `{key}`: {reason}")))?,
        ));
    }
    in_evaluation(target, &arguments).map_err(within)?;
    let mut outputs = Vec::new();
    for output in list(&json["outputs"]).map_err(within)? {
        outputs.push(self::output(output, names).map_err(within)?);
    }
    Ok(Node { name, callee, arguments, outputs, last_used: vec![] })
}

fn callee(target: &str) -> Result<Callee, String> {
    if let Some(function) = Integers::named(target) {
        return Ok(Callee::Integers(function));
    }
    let parts: Vec<&str> = target.split('.').collect();
    let ["torch", "ops", "aten", name, overload] = parts[..] else {
        return Err("is no operator of LibTorch itself; only those of torch.ops.aten are run".into());
    };
    if FORBIDDEN.contains(&name) {
        return Err("reads or writes files, which a network need not".into());
    }
    let overload = if overload == "default" { "" } else { overload };
    Operator::find(&format!("aten::{name}"), overload)
        .map(Callee::Operator)
        .map_err(|error| error.to_string())
}

/// Refuses layers that behave as in training.
fn in_evaluation(target: &str, arguments: &[(String, Argument)]) -> Result<(), String> {
    let layer = ["dropout", "batch_norm", "instance_norm"].iter().any(|layer| target.contains(layer));
    let trains = |(name, argument): &(String, Argument)| {
        matches!(name.as_str(), "train" | "training" | "use_input_stats")
            && matches!(argument, Argument::Known(Constant::Bool(true)))
    };
    // Instance norm takes the statistics of each image, also in evaluation.
    if layer && !target.contains("instance_norm") && arguments.iter().any(trains) {
        return Err("is in training mode; call model.eval() before torch.export.export".into());
    }
    Ok(())
}

fn argument(json: &Json, names: &Names, device: Device) -> Result<Argument, String> {
    let (kind, value) = only(json)?;
    let known = |value| Ok(Argument::Known(value));
    let placed = |place: Result<usize, String>| place.map(Some);
    match kind {
        "as_none" => known(Constant::None),
        "as_tensor" => Ok(Argument::Placed(names.of(&value["name"])?)),
        "as_tensors" => {
            let places = list(value)?.iter().map(|tensor| placed(names.of(&tensor["name"])));
            Ok(Argument::Tensors(places.collect::<Result<_, String>>()?))
        }
        "as_optional_tensors" => {
            let place = |tensor: &Json| match only(tensor)? {
                ("as_none", _) => Ok(None),
                (_, tensor) => placed(names.of(&tensor["name"])),
            };
            Ok(Argument::Tensors(list(value)?.iter().map(place).collect::<Result<_, String>>()?))
        }
        "as_int" => known(Constant::Int(integer(value)?)),
        "as_ints" => known(Constant::Ints(list(value)?.iter().map(integer).collect::<Result<_, String>>()?)),
        "as_float" => known(Constant::Float(real(value)?)),
        "as_floats" => known(Constant::Floats(list(value)?.iter().map(real).collect::<Result<_, String>>()?)),
        "as_bool" => known(Constant::Bool(truth(value)?)),
        "as_bools" => known(Constant::Bools(list(value)?.iter().map(truth).collect::<Result<_, String>>()?)),
        "as_string" => known(Constant::Text(text(value)?.to_owned())),
        "as_scalar_type" => known(Constant::Int(scalar_type(integer(value)?)?)),
        "as_memory_format" => known(Constant::Int(memory_format(integer(value)?)?)),
        "as_layout" => match integer(value)? {
            7 => known(Constant::Int(0)),
            other => Err(format!("layout {other} of tensors is not run; only dense ones are")),
        },
        // Wherever it was exported, it computes where it is asked to.
        "as_device" => known(Constant::Device(device)),
        "as_sym_int" => match number(value, names)? {
            Number::Known(number) => known(Constant::Int(number)),
            Number::Placed(place) => Ok(Argument::Placed(place)),
        },
        "as_sym_bool" => match only(value)? {
            ("as_bool", value) => known(Constant::Bool(truth(value)?)),
            (_, name) => Ok(Argument::Placed(names.of(name)?)),
        },
        "as_sym_ints" => {
            let numbers = list(value)?.iter().map(|value| number(value, names));
            Ok(Argument::Numbers(numbers.collect::<Result<_, String>>()?))
        }
        other => Err(format!("values {other} are not run")),
    }
}

fn output(json: &Json, names: &mut Names) -> Result<Output, String> {
    let (kind, value) = only(json)?;
    match kind {
        "as_none" => Ok(Output::None),
        "as_tensor" => Ok(Output::One(names.place(text(&value["name"])?))),
        "as_tensors" => {
            let places = list(value)?.iter().map(|tensor| Ok(names.place(text(&tensor["name"])?)));
            Ok(Output::Tensors(places.collect::<Result<_, String>>()?))
        }
        "as_sym_int" | "as_sym_bool" => Ok(Output::One(names.place(text(&value["as_name"])?))),
        other => Err(format!("gives values {other}, which are not run")),
    }
}

fn number(json: &Json, names: &Names) -> Result<Number, String> {
    match only(json)? {
        ("as_int", value) => Ok(Number::Known(integer(value)?)),
        ("as_name", name) => Ok(Number::Placed(names.of(name)?)),
        (other, _) => Err(format!("integers {other} are not run")),
    }
}

/// The number by which `LibTorch` knows a type of elements, of that by which exported programs do.
pub(super) fn scalar_type(exported: i64) -> Result<i64, String> {
    match exported {
        1..=12 => Ok(exported - 1),
        13 => Ok(15),
        other => Err(format!("elements of type {other} are not run")),
    }
}

fn memory_format(exported: i64) -> Result<i64, String> {
    match exported {
        // Contiguous, channels last, channels last in three dimensions, as it was.
        1 => Ok(0),
        2 => Ok(2),
        3 => Ok(3),
        4 => Ok(1),
        other => Err(format!("memory format {other} is not run")),
    }
}

/// The one key of an object, and its value.
pub(super) fn only(json: &Json) -> Result<(&str, &Json), String> {
    let mut keys = json.as_object().into_iter().flatten();
    match (keys.next(), keys.next()) {
        (Some((key, value)), None) => Ok((key, value)),
        _ => Err("is no value with its kind".into()),
    }
}

pub(super) fn list(json: &Json) -> Result<&[Json], String> {
    json.as_array().map(Vec::as_slice).ok_or_else(|| "is no list".into())
}

pub(super) fn text(json: &Json) -> Result<&str, String> {
    json.as_str().ok_or_else(|| "is no text".into())
}

pub(super) fn integer(json: &Json) -> Result<i64, String> {
    json.as_i64().ok_or_else(|| "is no integer".into())
}

/// Numbers that JSON has not are text.
fn real(json: &Json) -> Result<f64, String> {
    match json.as_str() {
        Some("Infinity") => Ok(f64::INFINITY),
        Some("-Infinity") => Ok(f64::NEG_INFINITY),
        Some("NaN") => Ok(f64::NAN),
        _ => json.as_f64().ok_or_else(|| "is no number".into()),
    }
}

fn truth(json: &Json) -> Result<bool, String> {
    json.as_bool().ok_or_else(|| "is neither true nor false".into())
}
