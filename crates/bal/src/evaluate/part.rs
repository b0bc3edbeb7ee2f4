//! One part of an evaluation, as a job of many makes it.

use super::{attack, described::Described, of_model, prepared::Prepared};
use crate::{EvaluateRequest, Refusal, Session, outputs, partial::Partial};
use anyhow::Result;
use bal_attacks::{AccuracyCurve, Shard, ShardStore, StoreError};
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Part `number` of `of`: of the evaluation's shards every `of`-th, from the `number`-th on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    number: u64,
    of: u64,
}

impl Part {
    /// Counted from 1.
    ///
    /// # Errors
    /// When there is no such part.
    pub fn new(number: u64, of: u64) -> Result<Self, Refusal> {
        if (1..=of).contains(&number) {
            return Ok(Self { number, of });
        }
        Err(Refusal::of_request(format!("there is no part {number} of {of}; they are counted from 1")))
    }

    /// The number of parts in all.
    pub fn of(self) -> u64 {
        self.of
    }

    /// What this part is kept beside, of an evaluation that will write `file`.
    pub(super) fn beside(self, file: &Path) -> PathBuf {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".{}-of-{}", self.number, self.of));
        name.into()
    }

    /// The part whose folder beside `file` has this name.
    pub(super) fn of_folder(file: &Path, folder: &str) -> Option<Self> {
        let rest = folder.strip_prefix(file.file_name()?.to_str()?)?.strip_prefix('.')?;
        let (number, of) = rest.strip_suffix(".partial")?.split_once("-of-")?;
        Self::new(number.parse().ok()?, of.parse().ok()?).ok()
    }

    /// Whether shard `number` belongs to it.
    pub(super) fn has(self, shard: usize) -> bool {
        shard as u64 % self.of == self.number - 1
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(n, of)| Some((n.parse().ok()?, of.parse().ok()?)));
        let (number, of) = numbers.ok_or("expected NUMBER/PARTS, as 2/8")?;
        Self::new(number, of).map_err(|refusal| refusal.fault)
    }
}

/// What a part found.
#[derive(Clone, Debug, PartialEq)]
pub struct PartDone {
    /// Its images.
    pub images: u64,
    /// The radii; `None` for an attack without.
    pub radii: Vec<Option<f64>>,
    /// The share of its images that survive, one per radius.
    pub accuracy: Vec<f64>,
}

/// Attacks one part of an evaluation's images and keeps what was found beside the JSON file that is asked for, which
/// [`super::merge`] writes when all parts are there.
///
/// Parts may be made at the same time, by different processes and machines that share the folder. Asked for again, a part goes on
/// where it ended.
///
/// # Errors
/// Those of [`super::evaluate`]; for outputs other than the JSON file, for checks, comparisons and several seeds, which are of
/// the whole; when the part has no images.
pub fn evaluate_part(request: &EvaluateRequest, part: Part, session: &Session) -> Result<PartDone> {
    let file = file(request)?;
    outputs::can_be_written([file.as_path()])?;
    request.attack()?;
    let prepared = Prepared::of(request, &[request.seed], |file, _| part.beside(file), session)?;
    let protocol = prepared.protocol(request);
    let shards = protocol.shard_count(&prepared.chosen.images, &session.workers)?;
    if !(0..shards).any(|shard| part.has(shard)) {
        return Err(Refusal::of_request(format!(
            "part {part} has no images: they are attacked in {shards} groups, which make at most {shards} parts"
        ))
        .into());
    }
    let Prepared { attack: of, settings, classifier, model, chosen, partials, .. } = &prepared;
    let Some(partial) = partials.first() else {
        return Err(Refusal::of_request("a part is kept beside a file, and not beside a pipe").into());
    };
    let described = Described::of(of, &protocol, settings, model, chosen, shards)?;
    partial.describe(&described)?;
    let store = OfPart { partial, part };
    let title = format!("{}, part {part}", of.name());
    let found = attack(&title, &**classifier, &chosen.images, &protocol, &store, session)
        .map_err(|error| of_model(error, model))?;
    let AccuracyCurve { radii, .. } = &found.curve;
    let (images, accuracy) = (found.curve.images() as u64, found.curve.accuracy());
    Ok(PartDone { images, radii: radii.clone(), accuracy })
}

/// The JSON file that all parts make, if nothing is asked for that only the whole has.
fn file(request: &EvaluateRequest) -> Result<PathBuf> {
    let EvaluateRequest { check, seeds, against, outputs, .. } = request;
    let of_whole = [
        (*check, "checks for masked gradients are"),
        (*seeds != 1, "several seeds are"),
        (!against.is_empty(), "a comparison is"),
        (outputs.files().count() > usize::from(outputs.json.is_some()), "other files than JSON are"),
    ];
    if let Some((_, what)) = of_whole.iter().find(|(is_asked, _)| *is_asked) {
        return Err(Refusal::of_request(format!("{what} of a whole evaluation, and not of a part")).into());
    }
    let json = outputs.json.clone();
    json.ok_or_else(|| Refusal::of_request("a part is kept beside the JSON file that is asked for").into())
}

/// The store of a part.
struct OfPart<'a> {
    partial: &'a Partial,
    part: Part,
}

impl ShardStore for OfPart<'_> {
    fn images(&self) -> bool {
        false
    }

    fn is_wanted(&self, number: usize) -> bool {
        self.part.has(number)
    }

    fn read(&self, number: usize) -> Result<Option<Shard>, StoreError> {
        self.partial.read(number)
    }

    fn write(&self, number: usize, shard: &Shard) -> Result<(), StoreError> {
        self.partial.write(number, shard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_from_one_and_every_shard_is_in_one_of_them() {
        for wrong in ["0/3", "4/3", "3", "a/3", "1/0", "-1/3", "1/3/5", ""] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
        let parts = ["1/3", "2/3", "3/3"].map(|text| text.parse::<Part>().unwrap());
        for shard in 0..20 {
            assert_eq!(parts.iter().filter(|part| part.has(shard)).count(), 1, "{shard}");
        }
        assert_eq!(parts[1].to_string(), "2/3");
    }

    #[test]
    fn a_folder_is_known_as_that_of_a_part_of_its_file_alone() {
        let part = Part::new(2, 8).unwrap();
        let beside = part.beside(Path::new("a/b.json"));
        assert_eq!(beside, Path::new("a/b.json.2-of-8"));
        let of = |file: &str, folder: &str| Part::of_folder(Path::new(file), folder);
        assert_eq!(of("a/b.json", "b.json.2-of-8.partial"), Some(part));
        assert_eq!(of("a/b.json", "b.json.partial"), None);
        assert_eq!(of("a/b.json", "bb.json.2-of-8.partial"), None);
        assert_eq!(of("a/b.json", "b.json.9-of-8.partial"), None);
        assert_eq!(of("a/b.json", "b.json.seed-2.2-of-8.partial"), None);
    }
}
