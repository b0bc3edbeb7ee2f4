//! What the metadata of a posterior say of its network: name, sizes, and what the classes are called.

use crate::{ModelError, Sizes, architecture, ensemble::are_alike};
use bal_core::{Architecture, Column, Columns};
use std::{collections::HashMap, path::Path, sync::Arc};

const ARCHITECTURE: &str = "architecture";
const INPUT: &str = "input";
const CLASSES: &str = "classes";
const CLASS_NAMES: &str = "class_names";
const COLUMNS: &str = "columns";

/// Stands between the names of several architectures, and between their numbers of chains.
pub(crate) const SEPARATOR: &str = ",";

/// What is to be written of the networks, which have images and classes in common. Sizes of the paper's networks go without
/// saying.
pub(crate) fn of(
    networks: &[&dyn Architecture],
    class_names: Option<&[String]>,
    columns: Option<&Columns>,
) -> Vec<(String, String)> {
    let names: Vec<&str> = networks.iter().map(|network| network.name()).collect();
    let mut said = vec![(ARCHITECTURE.to_string(), names.join(SEPARATOR))];
    let unusual =
        networks.iter().map(|network| (network.name(), Sizes::of(*network))).find(|(name, sizes)| {
            let usual = architecture(name, None).map(|network| Sizes::of(&*network));
            usual.ok() != Some(*sizes)
        });
    if let Some((_, sizes)) = unusual {
        said.push((INPUT.into(), listed(sizes.input)));
        said.push((CLASSES.into(), sizes.classes.to_string()));
    }
    if let Some(names) = class_names {
        said.push((CLASS_NAMES.into(), serde_json::json!(names).to_string()));
    }
    if let Some(columns) = columns {
        let all = columns.features.iter().chain([&columns.target]);
        let all: Vec<_> = all.map(|Column { name, mean, sd }| serde_json::json!([name, mean, sd])).collect();
        said.push((COLUMNS.into(), serde_json::Value::from(all).to_string()));
    }
    said
}

/// The networks that the metadata of the file at `path` name, one of which has to be `given` where that is there.
pub(crate) fn networks(
    path: &Path,
    metadata: &HashMap<String, String>,
    given: Option<Arc<dyn Architecture>>,
) -> Result<Vec<Arc<dyn Architecture>>, ModelError> {
    let error = |key: &'static str, problem: String| ModelError::Metadata { path: path.into(), key, problem };
    let said = sizes(path, metadata)?;
    let Some(given) = given else {
        let missing = || error(ARCHITECTURE, "is missing, and no architecture was named".into());
        let names = metadata.get(ARCHITECTURE).ok_or_else(missing)?;
        let of = |name: &str| {
            architecture(name, said).map_err(|e| error(ARCHITECTURE, format!("cannot be used: {e}")))
        };
        let networks: Vec<_> = names.split(SEPARATOR).map(of).collect::<Result<_, _>>()?;
        let alike = are_alike(networks.iter().map(|network| &**network));
        alike.map_err(|e| error(ARCHITECTURE, format!("is `{names}`: {e}")))?;
        return Ok(networks);
    };
    if let Some(name) = metadata.get(ARCHITECTURE).filter(|name| *name != given.name()) {
        return Err(error(ARCHITECTURE, format!("is `{name}`, but `{}` was asked for", given.name())));
    }
    let wanted = Sizes::of(&*given);
    if let Some(said) = said.filter(|said| *said != wanted) {
        let (key, said, wanted) = if said.input == wanted.input {
            (CLASSES, said.classes.to_string(), wanted.classes.to_string())
        } else {
            (INPUT, listed(said.input), listed(wanted.input))
        };
        return Err(error(key, format!("is `{said}`, but `{wanted}` was asked for")));
    }
    Ok(vec![given])
}

/// Whether a file of weights says which network they are of.
pub(crate) fn names_a_network(metadata: &HashMap<String, String>) -> bool {
    metadata.contains_key(ARCHITECTURE)
}

/// What the classes are called; as many as the network has.
pub(crate) fn class_names(
    path: &Path,
    metadata: &HashMap<String, String>,
    classes: i64,
) -> Result<Option<Vec<String>>, ModelError> {
    let Some(text) = metadata.get(CLASS_NAMES) else { return Ok(None) };
    let error = |problem: String| ModelError::Metadata { path: path.into(), key: CLASS_NAMES, problem };
    let names: Vec<String> =
        serde_json::from_str(text).map_err(|e| error(format!("is no list of names: {e}")))?;
    if names.len() as i64 != classes {
        return Err(error(format!("holds {} names, but the network has {classes} classes", names.len())));
    }
    Ok(Some(names))
}

/// Whether the metadata are those of a network that says values of rows.
pub(crate) fn says_columns(metadata: &HashMap<String, String>) -> bool {
    metadata.contains_key(COLUMNS)
}

/// The columns of the rows that the network saw, the target last; as many as it takes.
pub(crate) fn columns(
    path: &Path,
    metadata: &HashMap<String, String>,
    network: &dyn Architecture,
) -> Result<Option<Columns>, ModelError> {
    let Some(text) = metadata.get(COLUMNS) else { return Ok(None) };
    let error = |problem: String| ModelError::Metadata { path: path.into(), key: COLUMNS, problem };
    let all: Vec<(String, f64, f64)> =
        serde_json::from_str(text).map_err(|e| error(format!("are no list of [name, mean, sd]: {e}")))?;
    let mut features: Vec<Column> =
        all.into_iter().map(|(name, mean, sd)| Column { name, mean, sd }).collect();
    let good = |column: &Column| column.mean.is_finite() && column.sd.is_finite() && column.sd > 0.0;
    if let Some(column) = features.iter().find(|column| !good(column)) {
        return Err(error(format!(
            "have a scale of {:?} that cannot be: {} +- {}",
            column.name, column.mean, column.sd
        )));
    }
    let [_, _, width] = network.input();
    let target = features.pop().filter(|_| features.len() as i64 == width);
    let target = target.ok_or_else(|| error(format!("are not {width} features and a target")))?;
    Ok(Some(Columns { features, target }))
}

fn sizes(path: &Path, metadata: &HashMap<String, String>) -> Result<Option<Sizes>, ModelError> {
    let error = |key: &'static str, problem: String| ModelError::Metadata { path: path.into(), key, problem };
    let (input, classes) = match (metadata.get(INPUT), metadata.get(CLASSES)) {
        (None, None) => return Ok(None),
        (Some(input), Some(classes)) => (input, classes),
        (None, Some(_)) => return Err(error(INPUT, "is missing, though `classes` is there".into())),
        (Some(_), None) => return Err(error(CLASSES, "is missing, though `input` is there".into())),
    };
    let sides: Option<Vec<i64>> = input.split(',').map(|side| side.trim().parse().ok()).collect();
    let sides = sides.and_then(|sides| <[i64; 3]>::try_from(sides).ok());
    Ok(Some(Sizes {
        input: sides.ok_or_else(|| error(INPUT, format!("is `{input}`, not channels,height,width")))?,
        classes: classes.parse().map_err(|_| error(CLASSES, format!("is `{classes}`, not a number")))?,
    }))
}

fn listed([channels, height, width]: [i64; 3]) -> String {
    format!("{channels},{height},{width}")
}
