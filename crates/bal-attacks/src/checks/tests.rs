//! Each check on a model that deserves it, and all of them on models that do not.

mod network;
mod spoilt;

use super::*;
use crate::{Ascent, Attack, BallAttack, Fgsm, LossName, Norm, Pgd, StepSize};
use bal_core::{Classifier, EnsembleGradient, Prediction, Workers};
use network::{Network, digits};
use spoilt::{Fault, Spoilt};

const LIMIT: u64 = 100;
const SEEN: EnsembleGradient = EnsembleGradient::Predictive;

fn linf(attack: impl BallAttack + 'static) -> Attack {
    Attack::in_balls(Norm::LInf, attack)
}

fn pgd(steps: u64) -> Attack {
    let ascent = Ascent {
        steps,
        step_size: StepSize::RadiusOver(16.0),
        loss: LossName::CrossEntropy,
        ensemble_gradient: SEEN,
    };
    linf(Pgd::new(ascent, 1).unwrap())
}

/// What is found at `radius`, by PGD of `steps`.
fn found(model: &dyn Classifier, radius: f64, steps: u64) -> Vec<Finding> {
    let search = linf(RandomSearch::new(60).unwrap());
    let plan = Plan {
        images: &digits().test,
        limit: LIMIT,
        seed: 5,
        radius,
        ensemble_gradient: SEEN,
        one_step: &linf(Fgsm::new(SEEN)),
        iterated: &pgd(steps),
        longer: &pgd(2 * steps),
        margin: 0.02,
        black_box: &[&search],
    };
    all(model, &plan, &Workers::new(1).unwrap()).unwrap()
}

fn names(found: &[Finding]) -> Vec<&'static str> {
    found.iter().map(|finding| finding.check).collect()
}

fn spoilt(fault: Fault) -> Spoilt {
    Spoilt { network: Network::ordinary(), fault, prediction: Prediction::MeanProbability }
}

/// The findings on a spoilt model, which has to include this one.
fn fires(check: &str, fault: Fault, radius: f64) -> Vec<Finding> {
    let found = found(&spoilt(fault), radius, 20);
    assert!(names(&found).contains(&check), "{check} is silent on {fault:?}: {found:?}");
    assert!(found.iter().all(|finding| finding.numbers.iter().all(|(_, number)| number.is_finite())));
    found
}

#[test]
fn ordinary_networks_are_passed_over() {
    let batch = digits().test.batch(&(0..100).collect::<Vec<_>>());
    // At .2, for which the second was trained, PGD of 40 steps has not converged on every processor, and is found out.
    for (network, radius) in [(Network::ordinary(), 0.1), (Network::robust(), 0.15)] {
        let right = crate::predicted_classes(&network, &batch.x).unwrap().eq_tensor(batch.classes().unwrap());
        let right = right.to_kind(tch::Kind::Double).mean(tch::Kind::Double).double_value(&[]);
        assert!(right > 0.85, "the network has learnt too little to be a test: {right}");
        assert_eq!(found(&network, radius, 40), [], "at {radius}");
    }
}

#[test]
fn probabilities_in_place_of_logits_are_found() {
    let found = fires("probabilities", Fault::Softmax, 0.1);
    assert_eq!(found[0].severity, Severity::Fault);
    assert!(found[0].to_string().contains("docs/evaluation.md#probabilities-in-place-of-logits"));
}

#[test]
fn log_probabilities_are_logits_like_others() {
    for prediction in [Prediction::MeanProbability, Prediction::MeanLogits] {
        let model = Spoilt { network: Network::ordinary(), fault: Fault::LogSoftmax, prediction };
        assert_eq!(found(&model, 0.1, 40), [], "{prediction}");
    }
}

#[test]
fn random_outputs_are_found_and_their_differences_left_alone() {
    let found = fires("random-outputs", Fault::Noise, 0.1);
    assert!(!names(&found).contains(&"differences"));
}

#[test]
fn gradients_that_vanish_or_are_not_there_are_found() {
    for fault in [Fault::Rounds, Fault::Detached, Fault::InfiniteSlope] {
        let found = fires("gradients", fault, 0.1);
        assert_eq!(found.iter().find(|f| f.check == "gradients").unwrap().severity, Severity::Fault);
    }
}

/// Their probabilities are 0 and 1 in any precision, and the gradient of the cross-entropy smaller than any number; its
/// direction is that of the margin, so what PGD breaks is what it breaks by the margin of the network itself.
#[test]
fn logits_that_are_huge_hide_nothing() {
    let huge = spoilt(Fault::HugeLogits);
    let batch = digits().test.batch(&(0..64).collect::<Vec<_>>());
    assert_eq!(gradients(&huge, &batch, SEEN).unwrap(), None);
    let of = |model: &dyn Classifier, loss| {
        let ascent =
            Ascent { steps: 20, step_size: StepSize::RadiusOver(8.0), loss, ensemble_gradient: SEEN };
        let pgd = linf(Pgd::new(ascent, 1).unwrap());
        let workers = Workers::new(1).unwrap();
        Survivors::of(model, &digits().test, &pgd, 0.1, (LIMIT, 5), &workers).unwrap()
    };
    let scaled = of(&huge, LossName::CrossEntropy);
    let by_margin = of(&Network::ordinary(), LossName::Margin);
    let differ = scaled.correct.iter().zip(&by_margin.correct).filter(|(a, b)| a != b).count();
    assert!(differ <= 1, "{differ} images, of {} and {} left", scaled.accuracy(), by_margin.accuracy());
    let plain = of(&Network::ordinary(), LossName::CrossEntropy);
    assert!(scaled.accuracy() < plain.accuracy() + 0.05, "{} {}", scaled.accuracy(), plain.accuracy());
}

#[test]
fn outputs_that_depend_on_the_batch_are_found() {
    let found = fires("neighbours", Fault::LessTheBatchsMean, 0.1);
    assert_eq!(found.iter().find(|f| f.check == "neighbours").unwrap().severity, Severity::Fault);
    // Outputs that change anyway are another finding's.
    let x = digits().test.batch(&(0..8).collect::<Vec<_>>()).x;
    assert_eq!(neighbours(&spoilt(Fault::Noise), &x).unwrap(), None);
}

#[test]
fn autograd_that_is_wrong_differs_from_finite_differences() {
    for fault in [Fault::HalfDetached, Fault::Reversed] {
        fires("differences", fault, 0.1);
    }
}

#[test]
fn gradients_that_mislead_away_from_the_images_are_found_by_one_step_and_by_random_search() {
    // FGSM follows the one gradient that is right.
    fires("one-step", Fault::MisleadsAwayFromImages, 0.2);
    fires("black-box", Fault::MisleadsAwayFromImages, 0.3);
    fires("unbounded", Fault::MisleadsAwayFromImages, 0.2);
}

#[test]
fn an_attack_that_stops_too_early_is_found_on_a_sound_network() {
    let short = Ascent {
        steps: 2,
        step_size: StepSize::RadiusOver(16.0),
        loss: LossName::CrossEntropy,
        ensemble_gradient: SEEN,
    };
    let network = Network::ordinary();
    let of = |steps| {
        let pgd = linf(Pgd::new(Ascent { steps, ..short }, 1).unwrap());
        let workers = Workers::new(1).unwrap();
        Survivors::of(&network, &digits().test, &pgd, 0.1, (LIMIT, 5), &workers).unwrap()
    };
    let finding = steps(&of(4), &of(8), 0.02).expect("doubling a short attack");
    assert_eq!((finding.check, finding.severity), ("steps", Severity::Warning));
    assert_eq!(steps(&of(40), &of(80), 0.02), None);
}

#[test]
fn a_plan_without_images_is_refused() {
    let network = Network::ordinary();
    let (fgsm, pgd) = (linf(Fgsm::new(SEEN)), pgd(1));
    let plan = Plan {
        images: &digits().test,
        limit: 0,
        seed: 0,
        radius: 0.1,
        ensemble_gradient: SEEN,
        one_step: &fgsm,
        iterated: &pgd,
        longer: &pgd,
        margin: 0.02,
        black_box: &[],
    };
    let error = all(&network, &plan, &Workers::new(1).unwrap()).unwrap_err().to_string();
    assert!(error.contains("no images to evaluate on"), "{error}");
}

/// The anchors of findings are headings of the documentation.
#[test]
fn every_finding_has_its_paragraph() {
    let text = include_str!("../../../../docs/evaluation.md");
    let headings: Vec<String> = (text.lines().filter_map(|line| line.strip_prefix("### ")))
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect();
    for anchor in [
        "probabilities-in-place-of-logits",
        "random-outputs",
        "outputs-that-depend-on-the-batch",
        "zero-or-non-finite-gradients",
        "gradients-against-finite-differences",
        "one-step-beats-iterated",
        "black-box-beats-white-box",
        "accuracy-at-radius-1",
        "more-steps-lower-the-accuracy",
    ] {
        assert!(headings.iter().any(|heading| heading == anchor), "{anchor} is not in {headings:?}");
    }
}
