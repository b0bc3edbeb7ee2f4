//! The points that a climb visits, worked out by hand: momentum, projections, step sizes, the way back to the best point.

use super::*;
use crate::Norm;
use crate::tests::{Answer, Scripted, batch, close, noise};
use bal_core::{ClassifierError, Prediction};
use std::sync::Mutex;
use tch::Device;

/// Class 0 leads by so much that a loss below it fools nobody.
const LEAD: f64 = 100.0;

/// Class 1 has minus the squared distance from `top`; notes where it is asked about one image.
struct Hill {
    top: Tensor,
    seen: Mutex<Vec<Vec<f64>>>,
}

impl Classifier for Hill {
    fn classes(&self) -> i64 {
        2
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        self.seen.lock().unwrap().push(flat(x));
        let z = -(x.flatten(1, -1) - &self.top).square().sum_dim_intlist(-1, false, Kind::Float);
        Ok(Tensor::stack(&[z.full_like(LEAD), z], -1).unsqueeze(0))
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanLogits
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        unreachable!("a climb asks one model")
    }
}

fn flat(x: &Tensor) -> Vec<f64> {
    Vec::try_from(x.detach().to_kind(Kind::Double).reshape([-1])).unwrap()
}

/// A climb on the margin in a ball of radius 1/4; what it gives back.
fn climb(model: &dyn Classifier, steps: u64, norm: Norm, centre: &Batch, start: Tensor) -> Tensor {
    noise();
    let ball = Ball::new(norm, 0.25).unwrap();
    // The images themselves are as far from an error as can be, so that any point is better.
    let pixels = centre.x.numel() as i64 / centre.len() as i64;
    let weights = Tensor::zeros([1, 2, pixels], (Kind::Float, Device::Cpu));
    let far = crate::tests::Linear::new(
        &weights,
        &Tensor::from_slice(&[1e6, 0.0]).unsqueeze(0),
        Prediction::MeanLogits,
    );
    let mut found = Found::clean(&far, centre).unwrap();
    let rows: Vec<i64> = (0..centre.len() as i64).collect();
    let robust = crate::found::select(centre, &rows).unwrap();
    let climb = Climb { model, ball, steps, ensemble_gradient: EnsembleGradient::Predictive };
    climb.run(Goal::Away(LossName::Margin), rows, robust, start, &mut found).unwrap();
    found.points()
}

/// The first points of a climb towards the top of a hill.
fn points_on_a_hill(norm: Norm, centre: &[f64], top: &[f64], start: &[f64]) -> Vec<Vec<f64>> {
    let model = Hill { top: Tensor::from_slice(top).to_kind(Kind::Float), seen: Mutex::default() };
    let _ = climb(&model, 20, norm, &batch(&[centre], &[0]), crate::tests::images(&[start]));
    model.seen.into_inner().unwrap()
}

/// ```text
/// z = P(x + 1/2 sign(top - x)),    x' = P(x + 3/4 (z - x) + 1/4 (x - x_previous)),    x_1 = z
/// P to [1/4, 3/4] for the first two pixels and to [5/8, 1] for the third, whose ball ends at 9/8
/// ```
#[test]
fn in_an_l_infinity_ball_a_step_mixes_the_projected_gradient_step_with_the_last_move() {
    let seen = points_on_a_hill(Norm::LInf, &[0.5, 0.5, 0.875], &[0.5, 2.0, 0.7], &[0.375, 0.5, 0.9375]);
    close(&seen[0], &[0.375, 0.5, 0.9375]);
    // z: .875, 1 and .4375, projected.
    close(&seen[1], &[0.75, 0.75, 0.625]);
    // z: 1/4; 3/4, and the last move would leave the ball; 1, where the ball ends at 9/8 and the box before.
    close(
        &seen[2],
        &[
            0.75 - 0.75 * 0.5 + 0.25 * (0.75 - 0.375),
            0.75,
            0.625 + 0.75 * (1.0 - 0.625) + 0.25 * (0.625 - 0.9375),
        ],
    );
    close(&seen[2], &[0.468_75, 0.75, 0.828_125]);
    // z: 3/4, not the .96875 outside; 3/4; 5/8, not the .328125 outside.
    close(
        &seen[3],
        &[
            0.468_75 + 0.75 * (0.75 - 0.468_75) + 0.25 * (0.468_75 - 0.75),
            0.75,
            0.828_125 + 0.75 * (0.625 - 0.828_125) + 0.25 * (0.828_125 - 0.625),
        ],
    );
}

/// ```text
/// z = P(x + 1/2 (top - x) / ||top - x||),    x' = P(x + 3/4 (z - x) + 1/4 (x - x_previous)),    x_1 = z
/// P to length 1/4 about (1/2, 1/2), which what follows is told from
/// ```
#[test]
fn in_an_l2_ball_a_step_mixes_the_projected_gradient_step_with_the_last_move() {
    let seen = points_on_a_hill(Norm::L2, &[0.5, 0.5], &[0.65, 0.5], &[0.5, 0.7]);
    let from_centre = |point: &[f64]| [point[0] - 0.5, point[1] - 0.5];
    close(&from_centre(&seen[0]), &[0.0, 0.2]);
    // The direction (.6, -.8) leads to (.3, -.2), of length sqrt(.13).
    let shrink = 0.25 / 0.13_f64.sqrt();
    let first = [0.3 * shrink, -0.2 * shrink];
    close(&from_centre(&seen[1]), &first);
    // The direction (-.385926, .922530) leads to (.015050, .322590), projected to (.011650, .249728).
    let z = [0.011_650_376, 0.249_728_390];
    let second = [
        first[0] + 0.75 * (z[0] - first[0]) + 0.25 * (first[0] - 0.0),
        first[1] + 0.75 * (z[1] - first[1]) + 0.25 * (first[1] - 0.2),
    ];
    close(&from_centre(&seen[2]), &second);
    close(&second, &[0.112_744_069, 0.067_958_768]);
    // The direction (.480716, -.876876) leads to (.353102, -.370479), projected to (.172481, -.180970).
    let z = [0.172_481_493, -0.180_969_983];
    close(
        &from_centre(&seen[3]),
        &[
            second[0] + 0.75 * (z[0] - second[0]) + 0.25 * (second[0] - first[0]),
            second[1] + 0.75 * (z[1] - second[1]) + 0.25 * (second[1] - first[1]),
        ],
    );
}

/// Climbs all images together in 20 steps, whose checkpoints are after 5, 9, 12, 14, 16, 18, 19 and 20, each from the upper
/// rim: where the first pixel of each was seen, and where it ended, in radii from the centre.
fn follow(scripts: Vec<Vec<Answer>>) -> Vec<(Vec<f64>, f64)> {
    follow_for(20, scripts)
}

fn follow_for(steps: u64, scripts: Vec<Vec<Answer>>) -> Vec<(Vec<f64>, f64)> {
    let images = Scripted::marked(scripts.len(), &[0.5]);
    let targets = bal_core::Targets::Classes(Tensor::zeros([images.size()[0]], (Kind::Int64, Device::Cpu)));
    let batch = Batch { x: images, targets, indices: (0..scripts.len() as i64).collect() };
    let start = Scripted::marked(scripts.len(), &[0.75]);
    let model = Scripted::new(scripts);
    let radii = |pixel: f64| (pixel - 0.5) / 0.25;
    let ends: Vec<f64> = flat(&climb(&model, steps, Norm::LInf, &batch, start))
        .chunks(2)
        .map(|pixels| radii(pixels[0]))
        .collect();
    let seen = model.seen().into_iter().map(|seen| seen.iter().map(|place| radii(place[0])).collect());
    seen.zip(ends).collect()
}

/// The script of these losses, with a slope that keeps the image at the rim but at the times of `down`.
fn script(losses: &[f64], down: &[usize]) -> Vec<Answer> {
    losses
        .iter()
        .enumerate()
        .map(|(time, &loss)| (loss - LEAD, vec![if down.contains(&time) { -1.0 } else { 1.0 }]))
        .collect()
}

/// From the upper rim, where it was before too, a step down of h radii, h at most 2, ends at `1 - 3/4 h`.
const STEP_OF_TWO: f64 = 1.0 - 0.75 * 2.0;
const STEP_OF_ONE: f64 = 1.0 - 0.75;
const STEP_OF_HALF: f64 = 1.0 - 0.75 * 0.5;

/// The first phase has 5 steps, of which 3.75 have to rise, the second 4, of which 3 have to: with a share of 1/4 two of 5
/// would be enough, with 1/2 three. The last loss of each phase is the best one, so that a climb goes on from there in any
/// case, and whether the step was halved shows in the step down that follows.
#[test]
fn a_step_is_halved_at_a_checkpoint_before_which_fewer_than_three_quarters_of_the_steps_raised_the_loss() {
    let first = [
        (vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], STEP_OF_TWO),
        (vec![0.0, 1.0, 2.0, 1.5, 3.0, 4.0], STEP_OF_TWO),
        (vec![0.0, 1.0, 0.5, 0.2, 2.0, 3.0], STEP_OF_ONE),
        (vec![0.0, -1.0, -2.0, -3.0, -2.5, 3.0], STEP_OF_ONE),
        (vec![0.0, -1.0, -2.0, -3.0, -4.0, 3.0], STEP_OF_ONE),
    ];
    let scripts = first.iter().map(|(losses, _)| script(losses, &[5])).collect();
    for ((_, after), (seen, _)) in first.iter().zip(follow(scripts)) {
        close(&seen[..7], &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, *after]);
    }
    let second = [
        ([6.0, 7.0, 8.0, 9.0], STEP_OF_TWO),
        ([6.0, 5.5, 7.0, 8.0], STEP_OF_TWO),
        ([6.0, 5.5, 5.2, 8.0], STEP_OF_ONE),
        ([4.0, 3.0, 2.0, 8.0], STEP_OF_ONE),
    ];
    let scripts = second
        .iter()
        .map(|(losses, _)| script(&[&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], losses.as_slice()].concat(), &[9]));
    for ((_, after), (seen, _)) in second.iter().zip(follow(scripts.collect())) {
        close(&seen[..10], &[1.0; 10]);
        close(&seen[10..11], &[*after]);
    }
}

/// Between checkpoints nothing is halved: the same as above, one step early and one late.
#[test]
fn step_sizes_stay_as_they_are_between_checkpoints() {
    let stalled = [0.0, -1.0, -2.0, -3.0, -4.0, 3.0, 2.5];
    for (time, after) in [(3, STEP_OF_TWO), (5, STEP_OF_ONE), (6, STEP_OF_ONE)] {
        let (seen, _) = follow(vec![script(&stalled, &[time])]).remove(0);
        close(&seen[time..time + 2], &[1.0, after]);
    }
}

/// Three of the 4 steps of the second phase rise, but from so deep that the best loss, 10, stays that of the checkpoint
/// before: the climb goes back to the upper rim, where that was, and follows the slope that was found there, down, with half
/// the step. The last move that it takes along is still the one from the lower rim.
#[test]
fn a_climb_that_rises_to_nothing_better_is_halved_and_goes_back_to_the_best_point() {
    let losses = [0.0, 1.0, 2.0, 3.0, 4.0, 10.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    let (seen, end) = follow(vec![script(&losses, &[5, 6, 7, 8])]).remove(0);
    // 1 - 3/2, then -1/2 - 3/8 - 3/8, which is outside.
    close(&seen[5..10], &[1.0, STEP_OF_TWO, -1.0, -1.0, -1.0]);
    close(&seen[10..11], &[1.0 + 0.75 * (0.0 - 1.0) + 0.25 * (1.0 - -1.0)]);
    close(&[end], &[1.0]);
    // A best loss that is ever so little better is a climb that goes on, from where it is and with the whole step.
    let (seen, _) = follow(vec![script(&[&losses[..9], &[10.5, 5.0]].concat(), &[5, 6, 7, 8])]).remove(0);
    close(&seen[9..11], &[-1.0, -1.0 + 0.75 * (1.0 - -1.0)]);
}

/// What the best loss is compared with at the first checkpoint is that of the start.
#[test]
fn a_climb_that_never_gets_above_its_start_goes_back_there_at_the_first_checkpoint() {
    let losses = [10.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let (seen, end) = follow(vec![script(&losses, &[1, 2, 3, 4, 6])]).remove(0);
    close(&seen[..6], &[1.0, 1.0, STEP_OF_TWO, -1.0, -1.0, -1.0]);
    close(&seen[6..8], &[1.0, STEP_OF_ONE]);
    close(&[end], &[1.0]);
}

/// Both images go back to the start, of loss 10, at the first checkpoint, with half the step; of the 4 steps that follow the
/// first is counted from that loss, and so falls.
#[test]
fn after_a_halving_a_best_loss_that_stays_is_no_reason_for_another_but_too_few_rises_are() {
    let first = [10.0, 5.0, 4.0, 3.0, 2.0, 0.5];
    let down = [1, 2, 3, 4, 9];
    let scripts = [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 2.5]]
        .map(|second| script(&[first.as_slice(), &second].concat(), &down));
    // The second image has half a radius at 10, where it begins at the start again, whose slope is up.
    let [mut three, mut two] = scripts;
    three.push((-LEAD, vec![1.0]));
    two.push((-LEAD, vec![-1.0]));
    let found = follow(vec![three, two]);
    for (seen, _) in &found {
        close(&seen[5..10], &[-1.0, 1.0, 1.0, 1.0, 1.0]);
    }
    close(&found[0].0[10..11], &[STEP_OF_ONE]);
    close(&found[1].0[10..12], &[1.0, STEP_OF_HALF]);
}

/// An image that is fooled leaves in the middle of a phase: what is known of the others moves up with them.
#[test]
fn images_keep_their_own_steps_and_counts_when_another_is_done() {
    let rising = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    let stalling = [0.0, -1.0, -2.0, -3.0, -2.5, 3.0, 6.0, 5.5, 7.0, 8.0];
    let fooled = |at: usize| {
        let mut losses = rising.to_vec();
        losses[at] = LEAD + 1.0;
        script(&losses, &[])
    };
    let scripts = vec![fooled(7), script(&rising, &[9]), fooled(3), script(&stalling, &[9])];
    let found = follow(scripts);
    assert_eq!((found[0].0.len(), found[2].0.len()), (8, 4), "asked about no more than it takes");
    close(&found[1].0[9..11], &[1.0, STEP_OF_TWO]);
    close(&found[3].0[9..11], &[1.0, STEP_OF_ONE]);
}

/// The last checkpoint of 100 steps is after 99.
#[test]
fn a_climb_gives_back_its_best_point_and_not_its_last() {
    let losses: Vec<f64> = (0..100).map(f64::from).chain([50.0]).collect();
    let losses: Vec<f64> = losses.iter().map(|loss| loss / 2.0).collect();
    let (seen, end) = follow_for(100, vec![script(&losses, &[99])]).remove(0);
    close(&seen[99..], &[1.0, STEP_OF_TWO]);
    close(&[end], &[1.0]);
}
