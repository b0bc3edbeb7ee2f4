//! Against the optimum of affine images, and what its settings do.

use super::*;
use crate::tests::{Bumpy, Linear, noise, shades, two_class};
use bal_core::{Prediction, Targets};
use tch::{Device, Kind};

const A: f64 = 0.03;
const B: f64 = -0.05;

/// A classifier of 4 x 5 pixels, which sees no pixel at the border.
fn inner() -> (Linear, f64) {
    let mut w = [0.0; 20];
    for (place, weight) in [(6, 3.0), (7, -2.0), (8, 1.5), (11, -1.0), (12, 0.5), (13, 2.5)] {
        w[place] = weight;
    }
    (two_class(&[w], Prediction::MeanLogits), w.iter().map(|w| w.abs()).sum())
}

/// Two images whose pixels are `A i + B j` and a constant, with both labels.
fn affine() -> Batch {
    let numbers = |n: i64| Tensor::arange(n, (Kind::Float, Device::Cpu));
    let x = numbers(4).reshape([4, 1]) * A + numbers(5) * B;
    let x = Tensor::stack(&[&x + 0.4, &x + 0.6], 0).unsqueeze(1);
    Batch { x, targets: Targets::Classes(Tensor::from_slice(&[0i64, 1])), indices: vec![0, 1] }
}

fn flow_pgd(settings: FlowPgdSettings) -> FlowPgd {
    FlowPgd::new(settings).unwrap()
}

fn transform(attack: &FlowPgd, model: &dyn Classifier, batch: &Batch, radius: f64) -> Tensor {
    attack.transform(model, batch, radius, &noise()).unwrap()
}

fn margins(model: &dyn Classifier, batch: &Batch, flow: &Tensor) -> Vec<f64> {
    let x = SpatialMeasure::Flow.render(&batch.x, flow);
    let margin = Judgement::by_margin(model, &x, batch.classes().unwrap()).unwrap().margin;
    Vec::try_from(margin.to_kind(Kind::Double)).unwrap()
}

#[test]
fn flow_pgd_is_optimal_on_a_linear_classifier_of_an_affine_image() {
    let ((model, weights), batch) = (inner(), affine());
    let clean = margins(&model, &batch, &Tensor::zeros([2, 2, 4, 5], (Kind::Float, Device::Cpu)));
    for radius in [0.2, 0.9] {
        let flow = transform(&flow_pgd(FlowPgdSettings::default()), &model, &batch, radius);
        let gain = radius * (A.abs() + B.abs()) * weights;
        for (found, clean) in margins(&model, &batch, &flow).iter().zip(&clean) {
            assert!((found - clean - gain).abs() < 1e-5, "{found} from {clean}, at most {gain} more");
        }
    }
}

#[test]
fn the_flow_is_bilinear_between_control_points() {
    let batch = shades(3);
    for control_points in [1, 2] {
        let attack = flow_pgd(FlowPgdSettings { control_points, steps: 3, ..FlowPgdSettings::default() });
        let flow = transform(&attack, &Bumpy, &batch, 0.5);
        assert_eq!(flow.size(), [3, 2, 2, 3]);
        // On one row of three pixels, the one in the middle moves as the others do on average.
        let bend = flow.select(3, 0) + flow.select(3, 2) - flow.select(3, 1) * 2.0;
        assert!(bend.abs().max().double_value(&[]) < 1e-6);
        let same = (flow.select(3, 0) - flow.select(3, 2)).abs().max().double_value(&[]) < 1e-6;
        assert_eq!(same, control_points == 1);
    }
}

#[test]
fn restarts_keep_what_is_worst_for_the_model_image_by_image() {
    let batch = shades(12);
    let attack = |restarts| flow_pgd(FlowPgdSettings { restarts, steps: 4, ..FlowPgdSettings::default() });
    let margin = |restarts| margins(&Bumpy, &batch, &transform(&attack(restarts), &Bumpy, &batch, 0.4));
    let (one, three) = (margin(1), margin(3));
    assert!(one.iter().zip(&three).all(|(one, three)| three >= one), "{one:?} {three:?}");
    assert_ne!(one, three, "the first start was best everywhere");
}

#[test]
fn settings_out_of_range_are_refused() {
    let usual = FlowPgdSettings::default;
    let error = |settings| FlowPgd::new(settings).unwrap_err().to_string();
    assert!(error(FlowPgdSettings { steps: 0, ..usual() }).contains("steps must be at least 1"));
    assert!(error(FlowPgdSettings { restarts: 0, ..usual() }).contains("restarts must be at least 1"));
    let step_size = StepSize::Absolute(-1.0);
    assert!(error(FlowPgdSettings { step_size, ..usual() }).contains("step size must be"));
    let fine = flow_pgd(FlowPgdSettings { control_points: 4, ..usual() });
    let error = fine.transform(&Bumpy, &shades(2), 0.1, &noise()).unwrap_err().to_string();
    assert_eq!(error, "control_points must be at most the pixels per side of the images, got 4");
}
