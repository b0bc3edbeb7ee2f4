//! The paper's own numbers, to set beside ours.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use serde::{Deserialize, Serialize};

use bal_report::{ReportError, json};

/// Published radii are rounded to six decimals.
const RADIUS_TOLERANCE: f64 = 1e-6;

/// The contents of `results/published.json`, accuracies in [0, 1].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Published {
    /// Where the numbers come from.
    pub(crate) source: String,
    /// Figure 1 (a): accuracy under FGSM on MNIST, by method.
    pub(crate) fig1a_mnist_fgsm: BTreeMap<String, Curve>,
    /// Figure 1 (b): accuracy under the one-step CW attack on MNIST, by method.
    pub(crate) fig1b_mnist_cw_one_step: BTreeMap<String, f64>,
    /// Figure 2 (a): accuracy of BAL under FGSM on MNIST, by number of parameter chains.
    pub(crate) fig2a_mnist_fgsm_by_chains: BTreeMap<u32, Curve>,
    /// Figure 2 (b): accuracy of BAL under the one-step CW attack on MNIST, by number of parameter chains.
    pub(crate) fig2b_mnist_cw_by_chains: BTreeMap<u32, f64>,
    /// Appendix A: accuracy under FGSM on Fashion-MNIST, by method; none for BAL.
    pub(crate) appendix_a_fashion_fgsm: BTreeMap<String, Curve>,
    /// Appendix A: accuracy under the one-step CW attack on Fashion-MNIST, by method; none for BAL.
    pub(crate) appendix_a_fashion_cw_one_step: BTreeMap<String, f64>,
    /// Figure 3 (b): accuracy under the one-step CW attack on GTSRB, by method.
    pub(crate) fig3b_gtsrb_cw_one_step: BTreeMap<String, f64>,
    /// Numbers of the paper's text.
    pub(crate) paper_text: PaperText,
}

/// Numbers that the paper's text gives, in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_field_names, reason = "keys of the file, all of which happen to be of one data set")]
pub(crate) struct PaperText {
    /// Accuracy of BAL under the one-step CW attack on GTSRB.
    pub(crate) gtsrb_bal_cw_one_step: f64,
    /// Clean accuracy of BAL on GTSRB, "about".
    pub(crate) gtsrb_clean_bal: f64,
    /// Clean accuracy that the other methods were tuned to on GTSRB, "about".
    pub(crate) gtsrb_clean_others: f64,
    /// Accuracy of a guess on GTSRB.
    pub(crate) gtsrb_random_guess: f64,
}

/// Accuracy by radius.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Curve {
    /// Radii on pixels in [0, 1], ascending.
    pub(crate) radius: Vec<f64>,
    /// The accuracy at each, in [0, 1].
    pub(crate) accuracy: Vec<f64>,
}

impl Published {
    /// Reads and checks the file.
    ///
    /// Errors name the file and the curve: missing or unknown keys, lengths that disagree, radii that do not
    /// ascend, accuracies outside [0, 1].
    pub(crate) fn read(path: &Path) -> Result<Self, ReportError> {
        let published: Self = json::read(path)?;
        published.check().map_err(|what| ReportError::invalid(path, what))?;
        Ok(published)
    }

    fn check(&self) -> Result<(), String> {
        curves("fig1a_mnist_fgsm", &self.fig1a_mnist_fgsm)?;
        accuracies("fig1b_mnist_cw_one_step", &self.fig1b_mnist_cw_one_step)?;
        curves("fig2a_mnist_fgsm_by_chains", &self.fig2a_mnist_fgsm_by_chains)?;
        accuracies("fig2b_mnist_cw_by_chains", &self.fig2b_mnist_cw_by_chains)?;
        curves("appendix_a_fashion_fgsm", &self.appendix_a_fashion_fgsm)?;
        accuracies("appendix_a_fashion_cw_one_step", &self.appendix_a_fashion_cw_one_step)?;
        accuracies("fig3b_gtsrb_cw_one_step", &self.fig3b_gtsrb_cw_one_step)
    }
}

fn curves<K: Display>(name: &str, curves: &BTreeMap<K, Curve>) -> Result<(), String> {
    curves.iter().try_for_each(|(key, curve)| curve.check().map_err(|what| format!("{name}.{key}: {what}")))
}

fn accuracies<K: Display>(name: &str, accuracies: &BTreeMap<K, f64>) -> Result<(), String> {
    let check = |(key, &value): (&K, &f64)| fraction(value).map_err(|what| format!("{name}.{key}: {what}"));
    accuracies.iter().try_for_each(check)
}

impl Curve {
    /// The accuracy at a radius; `None` where the curve has no such point. It is not interpolated.
    pub(crate) fn at(&self, radius: f64) -> Option<f64> {
        self.points().find(|(at, _)| (at - radius).abs() <= RADIUS_TOLERANCE).map(|(_, accuracy)| accuracy)
    }

    /// `(radius, accuracy)` pairs, radii ascending.
    pub(crate) fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.radius.iter().copied().zip(self.accuracy.iter().copied())
    }

    fn check(&self) -> Result<(), String> {
        if self.radius.len() != self.accuracy.len() {
            return Err(format!(
                "radius has {} entries and accuracy {}; they must agree",
                self.radius.len(),
                self.accuracy.len()
            ));
        }
        if !self.radius.iter().all(|radius| radius.is_finite() && *radius >= 0.0)
            || !self.radius.is_sorted_by(|a, b| a < b)
        {
            return Err("radius must be finite, >= 0 and ascending".into());
        }
        self.accuracy.iter().try_for_each(|&value| fraction(value))
    }
}

fn fraction(value: f64) -> Result<(), String> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(format!("an accuracy must be in [0, 1], got {value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file that the project ships.
    fn shipped() -> Published {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        Published::read(&root.join("../../results/published.json")).unwrap()
    }

    #[test]
    fn the_shipped_file_holds_both_panels_for_the_same_methods() {
        let published = shipped();
        assert!(published.fig1a_mnist_fgsm.keys().eq(published.fig1b_mnist_cw_one_step.keys()));
        assert_eq!(published.fig1a_mnist_fgsm.len(), 7);
        assert!(published.source.contains("NeurIPS 2018"));
    }

    #[test]
    fn a_point_is_found_at_its_unrounded_radius_only() {
        let curve = &shipped().fig1a_mnist_fgsm["bal"];
        assert_eq!(curve.at(0.15 / 9.0), Some(0.9878));
        assert_eq!(curve.at(0.15), Some(0.9002));
        assert_eq!(curve.at(0.12), None);
    }

    #[test]
    fn a_wrong_curve_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("published.json");
        let mut published = shipped();
        published.fig1a_mnist_fgsm.get_mut("wrm").unwrap().accuracy.pop();
        json::write(&path, &published).unwrap();
        let message = Published::read(&path).unwrap_err().to_string();
        assert!(message.contains("published.json") && message.contains("fig1a_mnist_fgsm.wrm"));
    }

    #[test]
    fn an_impossible_accuracy_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("published.json");
        let mut published = shipped();
        published.fig1b_mnist_cw_one_step.insert("bal".into(), 32.33);
        json::write(&path, &published).unwrap();
        let message = Published::read(&path).unwrap_err().to_string();
        assert!(message.contains("fig1b_mnist_cw_one_step.bal") && message.contains("32.33"), "{message}");
    }
}
