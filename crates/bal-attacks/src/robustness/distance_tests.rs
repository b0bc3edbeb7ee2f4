//! Evaluation of attacks that seek the nearest error.

use super::*;
use crate::tests::{LinearProblem, data, shades};
use crate::{AttackError, DeepFool, DeepFoolSettings, Fab, FabSettings, NearestAttack, Norm, Part, Suite};
use bal_core::{Batch, ClassifierError, Prediction};
use tch::Tensor;

const QUIET: &(dyn Fn(&EvaluationProgress) + Sync) = &|_| ();

fn run(attack: &Attack, radii: Option<&Radii>) -> Result<AccuracyCurve, EvaluationError> {
    let protocol = Protocol { attack, radii, limit: None, seed: 5 };
    evaluate(&LinearProblem::new().model, &data(150), &protocol, &Workers::new(2).unwrap(), QUIET)
}

fn fab(norm: Norm) -> Fab {
    Fab::new(FabSettings { norm, steps: 10, ..FabSettings::default() }).unwrap()
}

/// How far the boundary is from each image; 0 for those beyond it.
fn optimum(norm: Norm) -> Vec<f64> {
    let problem = LinearProblem { batch: shades(150), ..LinearProblem::new() };
    let wrongness = Vec::<f64>::try_from(problem.wrongness()).unwrap();
    wrongness.iter().map(|w| (-w).max(0.0) / LinearProblem::slope(norm)).collect()
}

#[test]
fn one_run_gives_the_distances_and_the_whole_curve() {
    let radii: Radii = "0,0.02,0.05,0.1,0.2".parse().unwrap();
    for norm in [Norm::LInf, Norm::L2] {
        let expected = optimum(norm);
        let curve = run(&Attack::nearest(fab(norm)), Some(&radii)).unwrap();
        assert_eq!((curve.attack.as_str(), curve.measure, curve.images()), ("fab", Some(norm.into()), 150));
        let distances: Vec<f64> = curve.distances.clone().unwrap().into_iter().map(Option::unwrap).collect();
        for (found, best) in distances.iter().zip(&expected) {
            assert!((found - best).abs() <= 1e-3 * best + 1e-7, "{norm}: {found} for {best}");
        }
        for (column, &radius) in radii.as_slice().iter().enumerate() {
            let stand: Vec<bool> = distances.iter().map(|d| *d > radius).collect();
            assert_eq!(curve.correct[column], stand, "{norm} {radius}");
            let reached = match norm {
                Norm::LInf => curve.reached[column].max_linf,
                Norm::L2 => curve.reached[column].max_l2,
            };
            assert!(reached <= radius, "{norm} {radius}: {reached}");
        }
        let accuracy = curve.accuracy();
        assert!(accuracy[0] > accuracy[2] && accuracy[2] > accuracy[4], "{accuracy:?} shows nothing");
        let mut sorted = expected;
        sorted.sort_by(f64::total_cmp);
        assert!((curve.median_distance().unwrap() - sorted[74]).abs() < 1e-3 * sorted[74] + 1e-7);
    }
}

#[test]
fn without_radii_there_is_one_column_and_the_same_distances() {
    let radii: Radii = "0,0.1".parse().unwrap();
    let (with, without) = (
        run(&Attack::nearest(fab(Norm::L2)), Some(&radii)).unwrap(),
        run(&Attack::nearest(fab(Norm::L2)), None).unwrap(),
    );
    assert_eq!((&without.radii[..], &without.distances), (&[None][..], &with.distances));
    assert_eq!(without.accuracy(), [0.0]);
    let mean = optimum(Norm::L2).iter().sum::<f64>() / 150.0;
    assert!((without.reached[0].l2 / mean - 1.0).abs() < 1e-3);
}

#[test]
fn in_a_ball_it_breaks_the_same_images_and_has_no_distances() {
    let radii: Radii = "0,0.05,0.1".parse().unwrap();
    let free = run(&Attack::nearest(fab(Norm::L2)), Some(&radii)).unwrap();
    let cut = Suite::new(vec![Part::nearest(fab(Norm::L2))]).unwrap();
    let cut = run(&Attack::in_balls(Norm::L2, cut), Some(&radii)).unwrap();
    assert_eq!((cut.measure, &cut.correct, &cut.reached), (free.measure, &free.correct, &free.reached));
    assert_eq!((&cut.distances, cut.median_distance()), (&None, None));
}

#[test]
fn the_number_of_workers_changes_nothing() {
    let radii: Radii = "0,0.05".parse().unwrap();
    let deepfool = Attack::nearest(
        DeepFool::new(DeepFoolSettings { norm: Norm::LInf, ..DeepFoolSettings::default() }).unwrap(),
    );
    let curve = |threads| {
        let protocol = Protocol { attack: &deepfool, radii: Some(&radii), limit: None, seed: 5 };
        let workers = Workers::new(threads).unwrap();
        evaluate(&LinearProblem::new().model, &data(150), &protocol, &workers, QUIET).unwrap()
    };
    assert_eq!(curve(1), curve(2));
}

#[test]
fn the_median_is_the_least_distance_at_which_half_of_the_images_are_wrong() {
    let median = |distances: &[Option<f64>]| {
        let curve = run(&Attack::nearest(fab(Norm::L2)), None).unwrap();
        AccuracyCurve { distances: Some(distances.to_vec()), ..curve }.median_distance()
    };
    assert_eq!(median(&[Some(0.3), None, Some(0.1)]), Some(0.3));
    assert_eq!(median(&[Some(0.3), None, Some(0.1), None]), Some(0.3));
    assert_eq!(median(&[Some(0.3), None, None]), None);
    assert_eq!(median(&[Some(0.0), Some(0.2), Some(0.3), None]), Some(0.2));
}

/// Says it looked for the nearest error, and gives back something else.
#[derive(Debug)]
struct Idle {
    shift: f64,
}

impl NearestAttack for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn norm(&self) -> Norm {
        Norm::LInf
    }

    fn search(&self, _: &dyn Classifier, batch: &Batch, _: &NoiseStream) -> Result<Tensor, AttackError> {
        Ok(&batch.x + self.shift)
    }
}

#[test]
fn what_comes_back_is_looked_at_again() {
    let radii: Radii = "0,0.01,1".parse().unwrap();
    let wrong_from_start = |d: &f64| *d == 0.0;
    let expected = optimum(Norm::LInf);
    // A shift of all pixels by .02 moves w x + b by .02 sum_j w_j = .006.
    let curve = run(&Attack::nearest(Idle { shift: 0.02 }), Some(&radii)).unwrap();
    let distances = curve.distances.clone().unwrap();
    assert!(distances.iter().filter(|d| d.is_none()).count() > 0);
    for (distance, best) in distances.iter().zip(&expected) {
        match distance {
            Some(0.0) => assert!(wrong_from_start(best)),
            Some(found) => assert!((found - 0.02).abs() < 1e-6 && !wrong_from_start(best)),
            None => assert!(!wrong_from_start(best)),
        }
    }
    assert_eq!(curve.correct[0], curve.correct[1]);
    let stand: Vec<bool> = distances.iter().map(Option::is_none).collect();
    assert_eq!(curve.correct[2], stand);
    let error = run(&Attack::nearest(Idle { shift: 0.9 }), Some(&radii)).unwrap_err().to_string();
    assert!(error.contains("the attack idle left [0, 1] on image 0"), "{error}");
}

/// Gives class 1 whatever it sees, so nothing can be found on images of that class.
#[derive(Debug)]
struct Constant;

impl Classifier for Constant {
    fn classes(&self) -> i64 {
        2
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let zero = x.flatten(1, -1).sum_dim_intlist(-1, false, None::<tch::Kind>) * 0.0;
        Ok(Tensor::stack(&[zero.shallow_clone(), zero + 1.0], -1).unsqueeze(0))
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanLogits
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self)
    }
}

#[test]
fn where_nothing_is_found_images_stand_at_every_radius() {
    let (radii, fab): (Radii, _) = ("0,1".parse().unwrap(), Attack::nearest(fab(Norm::L2)));
    let protocol = Protocol { attack: &fab, radii: Some(&radii), limit: Some(10), seed: 5 };
    let curve = evaluate(&Constant, &data(10), &protocol, &Workers::new(1).unwrap(), QUIET).unwrap();
    let expected: Vec<Option<f64>> = (0..10).map(|i| (i % 2 == 0).then_some(0.0)).collect();
    assert_eq!(curve.distances, Some(expected));
    assert_eq!((curve.accuracy(), curve.median_distance()), (vec![0.5, 0.5], Some(0.0)));
}
