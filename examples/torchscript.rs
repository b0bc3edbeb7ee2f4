//! The robust accuracy of a TorchScript model under PGD.

use anyhow::Result;
use bal_attacks::{Ascent, Attack, LossName, Norm, Pgd, Protocol, Radii, StepSize, evaluate};
use bal_core::{EnsembleGradient, Workers};
use bal_examples::{fixture, subject};
use std::path::{Path, PathBuf};

/// The share of `images` images whose class PGD does not change, by radius.
fn attack(file: &Path, images: i64, radii: &Radii) -> Result<Vec<f64>> {
    let (model, images) = subject(file, images)?;
    let ascent = Ascent {
        steps: 20,
        step_size: StepSize::RadiusOver(8.0),
        loss: LossName::CrossEntropy,
        ensemble_gradient: EnsembleGradient::Predictive,
    };
    let pgd = Attack::in_balls(Norm::LInf, Pgd::new(ascent, 1)?);
    let protocol = Protocol { attack: &pgd, radii: Some(radii), limit: None, seed: 0 };
    let workers = Workers::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))?;
    Ok(evaluate(&model, &images, &protocol, &workers, &|_| ())?.accuracy())
}

#[expect(clippy::print_stdout, reason = "an example shows what it found")]
fn main() -> Result<()> {
    let file = std::env::args_os().nth(1).map_or_else(fixture, PathBuf::from);
    let radii = Radii::new(vec![0.0, 0.01, 0.02, 0.05, 0.1])?;
    println!("radius  accuracy");
    for (radius, accuracy) in radii.as_slice().iter().zip(attack(&file, 512, &radii)?) {
        println!("{radius:<6}  {accuracy:.3}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_whole_at_first_and_gone_at_large_radii() {
        let radii = Radii::new(vec![0.0, 0.02, 0.3]).unwrap();
        let accuracy = attack(&fixture(), 64, &radii).unwrap();
        assert!(accuracy[0] > 0.999 && accuracy[2] < 0.5, "{accuracy:?}");
        assert!(accuracy.is_sorted_by(|a, b| a >= b), "{accuracy:?}");
    }
}
