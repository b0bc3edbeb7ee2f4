//! Two models compared image by image, by evaluations in files.

use crate::{Note, Refusal, Remedy, Result, Session, can_be_written};
use bal_report::{Comparison, Evaluation, Pairing, ReportError};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Evaluations to compare.
#[derive(Clone, Debug)]
pub struct CompareRequest {
    /// The file of the first evaluation.
    pub first: PathBuf,
    /// Those that it is compared with, one after the other.
    pub others: Vec<PathBuf>,
    /// A file for what comes of it, as a JSON array of [`Comparison`].
    pub json: Option<PathBuf>,
}

/// Compares the first evaluation with each other one, image by image, and writes the file that is asked for.
///
/// # Errors
/// When a file cannot be read or written, or two evaluations are not of the same images, in the same norm and at a common
/// radius.
pub fn compare(request: &CompareRequest, session: &Session) -> Result<Vec<Comparison>> {
    can_be_written(request.json.as_deref())?;
    let others = Others::read(&request.others)?;
    let first = Evaluation::read(&request.first)?;
    let name = request.first.display().to_string();
    others.fit(&Planned::of(&name, &first), session)?;
    let compared = others.compared(&first, Some(&request.first))?;
    if let Some(path) = &request.json {
        Comparison::write_all(&compared, path)?;
    }
    Ok(compared)
}

/// Evaluations in files that another one is compared with.
pub(crate) struct Others(Vec<(PathBuf, Evaluation)>);

/// What of an evaluation decides whether it can be compared: known before its attack begins.
pub(crate) struct Planned<'a> {
    /// As which errors name it.
    pub(crate) name: &'a str,
    pub(crate) pairing: Pairing,
    pub(crate) attack: &'a str,
    pub(crate) settings: &'a Value,
    /// How many seeds the attack is run with.
    pub(crate) seeds: u64,
}

impl<'a> Planned<'a> {
    fn of(name: &'a str, evaluation: &'a Evaluation) -> Self {
        let Evaluation { attack, settings, .. } = evaluation;
        Self { name, pairing: Pairing::of(evaluation), attack, settings, seeds: seeds(evaluation) }
    }
}

impl Others {
    /// Reads the files.
    pub(crate) fn read(files: &[PathBuf]) -> Result<Self> {
        let read = |file: &PathBuf| Ok((file.clone(), Evaluation::read(file)?));
        Ok(Self(files.iter().map(read).collect::<Result<_>>()?))
    }

    /// Refuses those that cannot be compared with what is planned; notes where more than the model differs.
    pub(crate) fn fit(&self, planned: &Planned, session: &Session) -> Result<()> {
        for (file, other) in &self.0 {
            let (file, pairing) = (file.display(), Pairing::of(other));
            planned.pairing.fits(&pairing).map_err(|what| {
                let (first, second) = (planned.name.into(), file.to_string());
                unpaired(&ReportError::Unpaired { first, second, what })
            })?;
            let mut notes = vec![];
            if planned.pairing.on_trust(&pairing) {
                notes.push(Note::remark(format!(
                    "{} or {file} does not say by a digest which images it is of; by data set, part and number they are \
                     the same, and are compared",
                    planned.name
                )));
            }
            if let Some(differs) = more_than_the_model(planned, other) {
                notes.push(Note::remark(format!(
                    "{} and {file} differ in more than the model, {differs}: the difference is that of both",
                    planned.name
                )));
            }
            session.note_all(&notes);
        }
        Ok(())
    }

    /// Compares the evaluation, from `file` if it is in one, with each of these.
    pub(crate) fn compared(&self, first: &Evaluation, file: Option<&Path>) -> Result<Vec<Comparison>> {
        let compared = |(other_file, other): &(PathBuf, Evaluation)| {
            Comparison::of((first, file), (other, Some(other_file))).map_err(|error| unpaired(&error).into())
        };
        self.0.iter().map(compared).collect()
    }
}

/// The same as a refusal.
fn unpaired(error: &ReportError) -> Refusal {
    Refusal::new(error.to_string(), Remedy::SameEvaluation)
}

/// The seeds that an evaluation was run with.
fn seeds(evaluation: &Evaluation) -> u64 {
    evaluation.seeds.as_ref().map_or(1, |seeds| seeds.len() as u64)
}

/// What differs of the attacks: their names, else the settings that are not of random numbers.
fn more_than_the_model(planned: &Planned, other: &Evaluation) -> Option<String> {
    const OF_CHANCE: [&str; 2] = ["seed", "sample"];
    if planned.attack != other.attack {
        return Some(format!("the attack ({} and {})", planned.attack, other.attack));
    }
    if planned.seeds != seeds(other) {
        return Some(format!("the number of seeds ({} and {})", planned.seeds, seeds(other)));
    }
    let keys = [planned.settings, &other.settings].into_iter().filter_map(Value::as_object);
    let mut keys: Vec<&str> = keys.flat_map(|map| map.keys().map(String::as_str)).collect();
    keys.retain(|key| !OF_CHANCE.contains(key) && planned.settings.get(key) != other.settings.get(key));
    keys.sort_unstable();
    keys.dedup();
    (!keys.is_empty()).then(|| format!("settings of the attack ({})", keys.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Observer;
    use serde_json::json;
    use std::sync::{Arc, Mutex};

    #[derive(Debug, Default)]
    struct Notes(Mutex<Vec<String>>);

    impl Observer for Notes {
        fn note(&self, note: &Note) {
            self.0.lock().unwrap().push(note.text.clone());
        }
    }

    fn evaluation(change: impl Fn(&mut Evaluation)) -> Evaluation {
        let mut evaluation = bal_report::testing::evaluation("pgd", vec![Some(0.1)], &[0.5], 10);
        evaluation.image_set =
            Some(bal_report::ImageSet { digest: "a".repeat(64), classes: None, trained_on: None });
        change(&mut evaluation);
        evaluation
    }

    /// What comes of comparing with this file, and what is noted.
    fn compared(other: &Evaluation) -> (Result<Vec<Comparison>>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let [first, second, json] = ["a.json", "b.json", "c.json"].map(|name| folder.path().join(name));
        evaluation(|_| {}).write(&first).unwrap();
        other.write(&second).unwrap();
        let notes = Arc::new(Notes::default());
        let session = Session::with_threads(1).unwrap().observed_by(notes.clone());
        let request = CompareRequest { first, others: vec![second], json: Some(json.clone()) };
        let found = compare(&request, &session);
        assert_eq!(found.is_ok(), json.is_file());
        let notes = notes.0.lock().unwrap().clone();
        (found, notes)
    }

    #[test]
    fn a_difference_beyond_the_model_is_noted() {
        assert_eq!(compared(&evaluation(|e| e.settings = json!({"seed": 7}))).1, Vec::<String>::new());
        for (other, said) in [
            (evaluation(|e| e.attack = "fgsm".into()), "the attack (pgd and fgsm)"),
            (evaluation(|e| e.settings = json!({"steps": 7})), "settings of the attack (steps)"),
            (evaluation(|e| e.image_set = None), "does not say by a digest"),
        ] {
            let (found, notes) = compared(&other);
            assert!(found.is_ok() && notes.len() == 1 && notes[0].contains(said), "{notes:?}");
        }
    }

    #[test]
    fn what_does_not_belong_together_is_refused_with_a_way_out() {
        let (found, _) = compared(&evaluation(|e| e.norm = Some("l2".into())));
        let error = found.unwrap_err();
        let refusal = error.downcast_ref::<Refusal>().unwrap();
        assert_eq!(refusal.remedy, Some(Remedy::SameEvaluation));
        assert!(refusal.fault.contains("the norms differ, linf and l2"), "{}", refusal.fault);
    }
}
