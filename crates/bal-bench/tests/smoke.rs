//! Everything that is timed runs, at sizes that take seconds.

use bal_bench::{Measure, Problem, Sizes};
use std::path::Path;

fn problem() -> Problem {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Problem::load(&root, &root.join("results/fig1/bal-released/posterior.safetensors"), 2, Sizes::SMOKE)
        .unwrap()
}

#[test]
fn every_measure_takes_a_finite_time() {
    let problem = problem();
    let all = [
        Measure::DataStep,
        Measure::ParameterStep,
        Measure::Sweep,
        Measure::ErmEpoch,
        Measure::FgsmCurve,
        Measure::Pgd,
    ];
    for measure in all {
        let seconds = measure.seconds(&problem, 2).unwrap();
        assert!(seconds > 0.0 && seconds.is_finite(), "{measure:?}");
    }
}

#[test]
fn the_gradients_that_are_compared_are_those_of_images_and_weights() {
    let problem = problem();
    let (image, weights) = problem.gradients(2).unwrap();
    assert_eq!(image.shapes(), [[Sizes::SMOKE.batch, 1, 28, 28]]);
    assert_eq!(weights.shapes(), problem.members(1)[0].parameters.shapes());
    assert!(image.is_finite() && weights.is_finite());
}
