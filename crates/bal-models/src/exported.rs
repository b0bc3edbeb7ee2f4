//! Programs that `torch.export` saved: a graph of `LibTorch`'s operators with weights, run operator by operator.

mod graph;
mod integers;
mod read;

use bal_operators::{Constant, Operator, OperatorError, Value};
use graph::{Argument, Callee, Node, Number, Output};
pub(crate) use read::{input_shape, is_exported, read};
use tch::{TchError, Tensor};

/// A network as `torch.export` saved it: its nodes in the order in which they are run.
///
/// Values are in numbered places, as many as there are names in the graph. The first ones are weights, buffers and constants.
#[derive(Debug)]
pub(crate) struct Program {
    graph: std::sync::Arc<Graph>,
    /// Weights, buffers and constants, in the first places.
    fixed: Vec<Tensor>,
}

/// What is the same for all replicas.
#[derive(Debug)]
struct Graph {
    nodes: Vec<Node>,
    /// How many places there are.
    places: usize,
    input: usize,
    output: usize,
    /// The names of weights in another precision than images, with their types.
    other_precision: Vec<(String, tch::Kind)>,
    /// Tells how often a tensor was written to; `None` if the program writes to none.
    version: Option<Operator>,
}

impl Program {
    /// The same program; weights share their elements.
    pub(crate) fn replicate(&self) -> Self {
        let fixed = self.fixed.iter().map(Tensor::shallow_clone).collect();
        Self { graph: self.graph.clone(), fixed }
    }

    /// The first weight that is not in single precision, as a network in double or half precision has them, with its type.
    pub(crate) fn in_other_precision(&self) -> Option<(&str, tch::Kind)> {
        self.graph.other_precision.first().map(|(name, kind)| (name.as_str(), *kind))
    }

    /// What the program gives for `x`, with gradients.
    ///
    /// # Errors
    /// When an operator fails, or writes to a weight or to `x`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let graph = &*self.graph;
        let fixed = self.fixed.iter().map(|tensor| Some(Value::Tensor(tensor.shallow_clone())));
        let mut values: Vec<Option<Value>> = fixed.collect();
        values.resize_with(graph.places, || None);
        values[graph.input] = Some(Value::Tensor(x.shallow_clone()));
        let before = self.versions(x)?;
        for node in &graph.nodes {
            let failed = |reason: String| TchError::Torch(format!("{}: {reason}", node.name));
            let results = called(node, &values).map_err(|e| failed(e.to_string()))?;
            place(node, results, &mut values).map_err(failed)?;
            // Large images would fill the memory if all that is in between were kept to the end.
            for &place in &node.last_used {
                values[place] = None;
            }
        }
        if self.versions(x)? != before {
            return Err(TchError::Torch(
                "the program writes to its weights, its buffers or its images; export it without what it counts".into(),
            ));
        }
        match values[graph.output].take() {
            Some(Value::Tensor(output)) => Ok(output),
            _ => Err(TchError::Torch("the program gives something other than a tensor".into())),
        }
    }

    /// How often weights and images were written to.
    fn versions(&self, x: &Tensor) -> Result<Vec<i64>, TchError> {
        let Some(version) = &self.graph.version else { return Ok(vec![]) };
        let of = |tensor: &Tensor| match version.call(&[("self", Value::Tensor(tensor.shallow_clone()))]) {
            Ok(values) => match values[..] {
                [Value::Constant(Constant::Int(version))] => Ok(version),
                _ => Err(TchError::Torch("a version is an integer".into())),
            },
            Err(error) => Err(TchError::Torch(error.to_string())),
        };
        self.fixed.iter().chain([x]).map(of).collect()
    }
}

/// Runs a node.
fn called(node: &Node, values: &[Option<Value>]) -> Result<Vec<Value>, OperatorError> {
    let missing = || OperatorError::Failed { name: node.name.clone(), reason: "a value is missing".into() };
    let tensor = |place: usize| match &values[place] {
        Some(Value::Tensor(tensor)) => Ok(tensor.shallow_clone()),
        _ => Err(missing()),
    };
    let number = |number: &Number| match *number {
        Number::Known(number) => Ok(number),
        Number::Placed(place) => match values[place] {
            Some(Value::Constant(Constant::Int(number))) => Ok(number),
            Some(Value::Constant(Constant::Bool(truth))) => Ok(i64::from(truth)),
            _ => Err(missing()),
        },
    };
    let value = |argument: &Argument| {
        Ok(match argument {
            Argument::Known(constant) => constant.clone().into(),
            Argument::Placed(place) => {
                values[*place].as_ref().map(Value::shallow_clone).ok_or_else(missing)?
            }
            Argument::Tensors(places) => Value::Tensors(
                places.iter().map(|place| place.map(tensor).transpose()).collect::<Result<_, _>>()?,
            ),
            Argument::Numbers(numbers) => {
                Constant::Ints(numbers.iter().map(number).collect::<Result<_, OperatorError>>()?).into()
            }
        })
    };
    match &node.callee {
        Callee::Operator(operator) => {
            let arguments =
                node.arguments.iter().map(|(name, argument)| Ok((name.as_str(), value(argument)?)));
            operator.call(&arguments.collect::<Result<Vec<_>, OperatorError>>()?)
        }
        Callee::Integers(function) => {
            let given = node.arguments.iter().map(|(_, argument)| value(argument));
            let given = given.collect::<Result<Vec<_>, OperatorError>>()?;
            let failed = |reason| OperatorError::Failed { name: node.name.clone(), reason };
            Ok(vec![function.of(&given).map_err(failed)?.into()])
        }
    }
}

/// Puts what came of a node where later ones look for it.
fn place(node: &Node, results: Vec<Value>, values: &mut [Option<Value>]) -> Result<(), String> {
    if results.len() < node.outputs.len() {
        return Err(format!("gives {} values where {} are wanted", results.len(), node.outputs.len()));
    }
    for (output, result) in node.outputs.iter().zip(results) {
        match (output, result) {
            (Output::None, _) => {}
            (Output::One(place), result) => values[*place] = Some(result),
            (Output::Tensors(places), Value::Tensors(tensors)) if tensors.len() == places.len() => {
                for (&place, tensor) in places.iter().zip(tensors) {
                    values[place] = tensor.map(Value::Tensor);
                }
            }
            (Output::Tensors(places), _) => {
                return Err(format!("gives something other than {} tensors", places.len()));
            }
        }
    }
    Ok(())
}
