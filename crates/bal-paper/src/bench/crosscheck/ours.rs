//! Our side: `bal evaluate`, as one would type it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use bal_report::Evaluation;

use super::plan::{Attack, Compared, Model};
use crate::radii;
use bal_chores::Bal;

/// What is the same for all commands.
#[derive(Clone, Copy)]
pub(super) struct Command<'a> {
    pub(super) bal: &'a Bal<'a>,
    pub(super) images: u64,
    pub(super) threads: u32,
}

/// The name of the images' file in the folder of an attack.
const IMAGES: &str = "images.safetensors";

/// One point of noise for each image: everything that an evaluation takes beside its attack.
const BESIDE: [&str; 6] = ["--attack", "uniform-noise", "--draws", "1", "--radius", "0.1"];

impl Command<'_> {
    /// Attacks a model; the evaluation, and the seconds that the program took. In `folder` are then its files.
    pub(super) fn attack(
        &self,
        attack: &Attack,
        model: &Model,
        seed: u64,
        folder: &Path,
    ) -> Result<(Evaluation, f64)> {
        let json = folder.join("evaluation.json");
        let seconds = self.timed(&arguments(self.common(model), attack, seed, folder, &json))?;
        Ok((Evaluation::read(&json)?, seconds))
    }

    /// The images of an attack after each of its steps, the last of which `attack` left in `folder`: an attack of fewer steps
    /// ends where this one passes.
    pub(super) fn way(&self, attack: &Attack, model: &Model, folder: &Path) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for steps in 1..attack.theirs.steps.unwrap_or(1) {
            let file = folder.join(format!("step-{steps}.safetensors"));
            let mut arguments = arguments(self.common(model), attack, 0, folder, &folder.join("step.json"));
            set(&mut arguments, "--steps", steps.to_string());
            set(&mut arguments, "--save", file.display().to_string());
            self.bal.run_quietly(&arguments).context("our side")?;
            files.push(file);
        }
        files.push(folder.join(IMAGES));
        Ok(files)
    }

    /// The seconds of everything but the attack.
    pub(super) fn beside(&self, model: &Model) -> Result<f64> {
        let mut arguments = self.common(model);
        arguments.extend(BESIDE.map(Into::into));
        self.timed(&arguments)
    }

    fn timed(&self, arguments: &[String]) -> Result<f64> {
        let begin = Instant::now();
        self.bal.run_quietly(arguments).context("our side")?;
        Ok(begin.elapsed().as_secs_f64())
    }

    fn common(&self, model: &Model) -> Vec<String> {
        common(model, self.images, self.threads)
    }
}

fn common(model: &Model, images: u64, threads: u32) -> Vec<String> {
    let weights = model.weights.display().to_string();
    let (images, threads) = (images.to_string(), threads.to_string());
    let words = [
        "evaluate",
        "--weights",
        &weights,
        "--architecture",
        "cnn",
        "--dataset",
        "mnist",
        "--prediction",
        "mean-probability",
        "--limit",
        &images,
        "--threads",
        &threads,
    ];
    words.map(Into::into).into()
}

fn arguments(mut common: Vec<String>, attack: &Attack, seed: u64, folder: &Path, json: &Path) -> Vec<String> {
    common.extend(attack.ours.iter().map(|&word| word.into()));
    let radii = attack.compared.radii();
    if !radii.is_empty() {
        common.extend(["--radius".into(), radii::list(radii)]);
    }
    common.extend(["--seed".into(), seed.to_string(), "--json".into(), json.display().to_string()]);
    if matches!(attack.compared, Compared::Images(_)) {
        common.extend(["--save".into(), folder.join(IMAGES).display().to_string()]);
    }
    common
}

/// Gives a flag a value, another if it has one.
fn set(arguments: &mut Vec<String>, flag: &str, value: String) {
    match arguments.iter().position(|word| word == flag) {
        Some(at) => arguments[at + 1] = value,
        None => arguments.extend([flag.into(), value]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::crosscheck::plan::ATTACKS;

    fn line(name: &str) -> String {
        let model = Model { name: "erm", weights: "/r/erm.safetensors".into() };
        let attack = ATTACKS.iter().find(|attack| attack.name == name).unwrap();
        arguments(common(&model, 16, 2), attack, 1, Path::new("/t"), Path::new("/t/e.json")).join(" ")
    }

    #[test]
    fn commands_say_everything() {
        assert_eq!(
            line("apgd-dlr"),
            "evaluate --weights /r/erm.safetensors --architecture cnn --dataset mnist --prediction mean-probability \
             --limit 16 --threads 2 --attack apgd-dlr --steps 100 --ensemble-gradient predictive --radius 0.1,0.15 \
             --seed 1 --json /t/e.json"
        );
        assert!(line("pgd").ends_with("--radius 0.1 --seed 1 --json /t/e.json --save /t/images.safetensors"));
        assert!(!line("cw").contains("--radius"));
    }

    #[test]
    fn a_flag_is_given_another_value() {
        let mut words: Vec<String> = ["--steps", "40", "--save", "x"].map(String::from).into();
        set(&mut words, "--steps", "3".into());
        set(&mut words, "--seed", "1".into());
        assert_eq!(words, ["--steps", "3", "--save", "x", "--seed", "1"]);
    }
}
