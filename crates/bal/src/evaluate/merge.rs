//! The parts of an evaluation, put together.

use super::{described::Described, part::Part, rows, warnings};
use crate::{Note, Refusal, Session, outputs, partial::Partial};
use anyhow::{Context, Result, bail};
use bal_attacks::{Shard, ShardStore};
use bal_report::{Evaluation, write_image_rows};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Whose parts are put together.
#[derive(Clone, Debug)]
pub struct MergeRequest {
    /// The JSON file that the parts were made for. It is written.
    pub file: PathBuf,
    /// Accuracies with 95 % intervals, one line per radius.
    pub csv: Option<PathBuf>,
    /// One line per image and radius.
    pub per_image: Option<PathBuf>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The evaluation, as one process would have measured it.
    pub evaluation: Evaluation,
    /// Signs that the accuracy is higher than it should be.
    pub warnings: Vec<Note>,
}

/// Puts the parts of an evaluation together: writes the same bytes as [`super::evaluate`] would have, and removes the parts.
///
/// # Errors
/// When a part is missing, not finished, still being made, or of another evaluation, processor or version than the others; when
/// a file cannot be read or written. Nothing is removed then.
pub fn merge(request: &MergeRequest, session: &Session) -> Result<Merged> {
    let MergeRequest { file, csv, per_image } = request;
    let all = [Some(file), csv.as_ref(), per_image.as_ref()];
    outputs::can_be_written(all.into_iter().flatten().map(PathBuf::as_path))?;
    let parts = parts(file)?;
    let kept = parts.iter().map(|part| Ok((*part, Partial::found(&part.beside(file), session)?)));
    let kept = kept.collect::<Result<Vec<(Part, Partial)>>>()?;
    let described = described(&kept)?;
    let curve = described.curve(&shards(&kept, &described)?);
    let evaluation = described.evaluation(&curve);
    if let Some(path) = per_image {
        write_image_rows(path, &rows::rows(&curve, &described.numbers, described.files.as_deref()))?;
    }
    if let Some(path) = csv {
        evaluation.write_csv(path)?;
    }
    evaluation.write(file)?;
    kept.into_iter().try_for_each(|(_, partial)| partial.remove())?;
    Ok(Merged { evaluation, warnings: warnings::of(&curve) })
}

/// The parts whose folders lie beside `file`, in order, if they are all parts of as many.
fn parts(file: &Path) -> Result<Vec<Part>> {
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let found: Vec<Part> = names.filter_map(|name| Part::of_folder(file, &name)).collect();
    let Some(first) = found.first() else {
        return Err(Refusal::of_request(format!(
            "no part of an evaluation lies beside {}; parts are merged by the name of the file that they were made for",
            file.display()
        ))
        .into());
    };
    let of = first.of();
    if let Some(other) = found.iter().find(|part| part.of() != of) {
        bail!(
            "parts of {of} and parts of {} lie beside {}; remove the folders of those that are not meant",
            other.of(),
            file.display()
        );
    }
    let all = (1..=of).map(|number| Part::new(number, of)).collect::<Result<Vec<_>, _>>()?;
    let missing: Vec<String> =
        all.iter().filter(|part| !found.contains(part)).map(ToString::to_string).collect();
    if !missing.is_empty() {
        bail!("{}: not begun yet: part {}", file.display(), missing.join(", "));
    }
    Ok(all)
}

/// What all parts say of the evaluation.
fn described(kept: &[(Part, Partial)]) -> Result<Described> {
    let (first, partial) = kept.first().context("there is a part")?;
    let described: Described = partial.described()?;
    for (part, other) in &kept[1..] {
        if let Some((key, [left, right])) = partial.differs_from(other) {
            bail!(
                "part {part} is of another evaluation than part {first}: its {key} is {right}, and not {left}"
            );
        }
        if other.described()? != described {
            bail!("part {part} is of another evaluation than part {first}");
        }
    }
    Ok(described)
}

/// The shards in their order.
fn shards(kept: &[(Part, Partial)], described: &Described) -> Result<Vec<Shard>> {
    let mut shards = Vec::new();
    for number in 0..described.shards {
        let (part, partial) = &kept[number % kept.len()];
        let shard = partial.read(number).map_err(anyhow::Error::from_boxed)?;
        let Some(shard) = shard else {
            let own = || (0..described.shards).filter(|&number| part.has(number));
            let there = own().filter(|&number| matches!(partial.read(number), Ok(Some(_)))).count();
            bail!("part {part} is not finished: it has {there} of {} groups of images", own().count());
        };
        shards.push(shard);
    }
    let indices: Vec<i64> = shards.iter().flat_map(|shard: &Shard| shard.indices.iter().copied()).collect();
    if !indices.iter().copied().eq(0..described.numbers.len() as i64) {
        bail!("the parts together are not the images of the evaluation; remove them, and begin anew");
    }
    Ok(shards)
}
