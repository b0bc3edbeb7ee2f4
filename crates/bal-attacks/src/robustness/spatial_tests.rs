//! Evaluation of attacks that move pixels: against closed forms, and against attacks that lie.

use super::*;
use crate::tests::{Bumpy, data, shades, two_class};
use crate::{
    AttackError, AttackName, FixedAttack, Measure, Settings, SpatialAttack, SpatialMeasure, Transfer,
    predicted_classes,
};
use bal_core::{Batch, Prediction};
use tch::Kind;

const QUIET: &(dyn Fn(&EvaluationProgress) + Sync) = &|_| ();

fn radii(text: &str) -> Radii {
    text.parse().unwrap()
}

/// The attack in a few steps.
fn attack(name: AttackName) -> Attack {
    let few = [("steps", 6u64), ("search_steps", 3), ("rotations", 3), ("translations", 3)];
    let few = few.into_iter().fold(Settings::default(), |few, (setting, value)| few.with(setting, value));
    crate::tests::with(name, &few).build().unwrap()
}

const SPATIAL: [AttackName; 3] = [AttackName::FlowPgd, AttackName::StAdv, AttackName::Pose];

fn whole(model: &dyn Classifier, attack: &Attack, radii: Option<&Radii>, threads: usize) -> Evaluated {
    let protocol = Protocol { attack, radii, limit: None, seed: 5 };
    let store = NoStore { images: true };
    let workers = Workers::new(threads).unwrap();
    evaluate_with_store(model, &data(150), &protocol, &workers, &store, QUIET).unwrap()
}

/// Strips whose pixels rise evenly, each from another grey on; only the middle is looked at.
fn strips() -> (Images, crate::tests::Linear) {
    let pixels = Tensor::arange(5, (Kind::Float, Device::Cpu)) * 0.1;
    let greys = Tensor::arange(40, (Kind::Float, Device::Cpu)).reshape([40, 1, 1, 1]) * 0.01;
    let x = pixels.reshape([1, 1, 1, 5]) + greys;
    let images = Images::new(x, &Tensor::ones([40], (Kind::Int64, Device::Cpu)), Device::Cpu).unwrap();
    let mut model = two_class(&[[0.0, 0.0, 1.0, 0.0, 0.0]], Prediction::MeanLogits);
    // Right above .3, half-way between two of the images.
    model.bias = Tensor::from_slice(&[0.0f32, -0.305]).reshape([1, 1, 2]);
    (images, model)
}

#[test]
fn strips_lose_exactly_the_images_within_reach_of_a_flow() {
    let (images, model) = strips();
    let attack = AttackName::FlowPgd.with(&Settings::default()).unwrap().build().unwrap();
    let radii = radii("0,0.2,0.5");
    let protocol = Protocol { attack: &attack, radii: Some(&radii), limit: None, seed: 5 };
    let curve = evaluate(&model, &images, &protocol, &Workers::new(2).unwrap(), QUIET).unwrap();
    assert_eq!(curve.measure, Some(Measure::Spatial(SpatialMeasure::Flow)));
    for (column, radius) in [0.0, 0.2, 0.5].into_iter().enumerate() {
        let survive: Vec<bool> = (0..40).map(|i| 0.2 + 0.01 * f64::from(i) - 0.1 * radius > 0.305).collect();
        assert_eq!(curve.correct[column], survive, "radius {radius}");
        let reached = &curve.reached[column];
        assert!((reached.size.unwrap() - radius).abs() < 1e-6);
        assert!(reached.linf <= 0.1 * radius + 1e-6, "each pixel rises by .1 to the next");
    }
}

#[test]
fn witnesses_make_the_images_and_have_the_sizes_that_are_reported() {
    for name in SPATIAL {
        let attack = attack(name);
        let measure = attack.measure().and_then(Measure::spatial).unwrap();
        let radii = radii("0,0.3,20");
        let Evaluated { curve, x, witness } = whole(&Bumpy, &attack, Some(&radii), 1);
        let (x, witness, clean) = (x.unwrap(), witness.unwrap(), shades(150).x);
        for column in 0..3 {
            let (x, witness) = (x.get(column), witness.get(column));
            assert_eq!(measure.render(&clean, &witness), x, "{name}");
            let outcome = &curve.outcomes[column as usize];
            assert_eq!(
                Vec::<f64>::try_from(measure.of_each(&witness)).unwrap(),
                *outcome.size.as_ref().unwrap()
            );
            let predicted = Vec::<i64>::try_from(predicted_classes(&Bumpy, &x).unwrap()).unwrap();
            assert_eq!(predicted, outcome.predicted, "{name}");
        }
        assert_eq!(
            (x.get(0), witness.get(0).abs().max().double_value(&[])),
            (clean, 0.0),
            "{name}: radius 0"
        );
        let broken = |column: usize| curve.broken_by(column)[0];
        assert!(broken(0) == 0 && broken(2) > 0, "{name} breaks nothing");
    }
}

#[test]
fn the_number_of_workers_changes_no_bit_of_a_witness() {
    let radii = radii("0.1,0.3");
    for name in SPATIAL {
        let attack = attack(name);
        let [one, three] = [1, 3].map(|threads| whole(&Bumpy, &attack, Some(&radii), threads));
        assert_eq!((one.curve, one.x, one.witness), (three.curve, three.x, three.witness), "{name}");
    }
}

#[test]
fn the_nearest_error_serves_all_radii() {
    let attack = attack(AttackName::StAdv);
    let free = whole(&Bumpy, &attack, None, 2).curve;
    let distances = free.distances.as_ref().unwrap();
    let found = distances.iter().flatten().filter(|distance| **distance > 0.0).count();
    assert!(found > 10, "{found} errors show nothing");
    assert_eq!(free.outcomes[0].size.as_ref().unwrap().iter().filter(|size| **size > 0.0).count(), found);
    let radii = radii("0,2,1e6");
    let curve = whole(&Bumpy, &attack, Some(&radii), 2).curve;
    assert_eq!(curve.distances, free.distances);
    for (column, &radius) in radii.as_slice().iter().enumerate() {
        let right: Vec<bool> = distances.iter().map(|d| d.is_none_or(|d| d > radius)).collect();
        assert_eq!(curve.correct[column], right);
    }
}

#[test]
fn a_surrogate_is_attacked_in_place_of_the_model() {
    let radii = radii("0.3");
    for name in SPATIAL {
        let transfer = Transfer::of(Box::new(Bumpy), attack(name));
        assert_eq!((transfer.name(), transfer.measure()), ("transfer", attack(name).measure()));
        let deaf = Deaf(Bumpy);
        let [own, shown] = [attack(name), transfer].map(|attack| whole(&deaf, &attack, Some(&radii), 1));
        let alone = whole(&Bumpy, &attack(name), Some(&radii), 1);
        if name != AttackName::StAdv {
            assert_eq!(shown.witness, alone.witness, "{name}");
            assert_ne!(own.witness, alone.witness, "{name}");
        }
        assert_eq!(shown.curve.outcomes[0].predicted, shown.curve.clean, "the model sees nothing");
    }
}

/// Says the same of every image, whatever is done.
struct Deaf(Bumpy);

impl Classifier for Deaf {
    fn classes(&self) -> i64 {
        4
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, bal_core::ClassifierError> {
        self.0.member_logits(&(x * 0.0))
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanProbability
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self(Bumpy))
    }
}

/// Ways for an attack to lie about how it moved pixels.
#[derive(Clone, Copy, Debug)]
enum Lie {
    Larger(SpatialMeasure),
    NotANumber(SpatialMeasure),
    AnotherShape,
    NearestOfAnotherShape,
}

impl SpatialAttack for Lie {
    fn name(&self) -> &'static str {
        "lie"
    }

    fn measure(&self) -> SpatialMeasure {
        match self {
            Self::Larger(measure) | Self::NotANumber(measure) => *measure,
            Self::AnotherShape => SpatialMeasure::Pose,
            Self::NearestOfAnotherShape => SpatialMeasure::FlowCost,
        }
    }

    fn seeks_nearest(&self) -> bool {
        matches!(self, Self::NearestOfAnotherShape)
    }

    fn transform(
        &self,
        _: &dyn Classifier,
        batch: &Batch,
        _: f64,
        _: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        let shape = self.measure().shape(&batch.x.size());
        let witness = Tensor::zeros(&shape, (Kind::Float, Device::Cpu));
        // Only image 70, in the second shard, is touched.
        if let Some(row) = batch.indices.iter().position(|&index| index == 70) {
            let value = if matches!(self, Self::NotANumber(_)) { f64::NAN } else { 0.41 };
            let _ = witness.get(row as i64).flatten(0, -1).get(2).fill_(value);
        }
        Ok(match self {
            Self::AnotherShape | Self::NearestOfAnotherShape => witness.narrow(1, 0, 1),
            _ => witness,
        })
    }
}

#[test]
fn an_attack_that_lies_about_its_witness_is_an_error_that_names_it_and_the_image() {
    let radii = radii("0.4,0.5");
    for (lie, part) in [
        (
            Lie::Larger(SpatialMeasure::Flow),
            "lie on images 64 to 127: the attack lie moved image 70 further than it may: the size of its flow is 0.4",
        ),
        (Lie::Larger(SpatialMeasure::FlowCost), "the size of its flow-cost is 1.63"),
        (Lie::Larger(SpatialMeasure::Pose), "the size of its pose is 4.09"),
        (Lie::NotANumber(SpatialMeasure::Flow), "the attack lie moved image 70 by a flow that is not finite"),
        (Lie::NotANumber(SpatialMeasure::Pose), "moved image 70 by a pose that is not finite"),
        (Lie::AnotherShape, "the attack lie returned a batch of shape [64, 1] for one of shape [64, 3]"),
        (Lie::NearestOfAnotherShape, "shape [64, 1, 2, 3] for one of shape [64, 2, 2, 3]"),
    ] {
        let attack = Attack::spatial(lie);
        let protocol = Protocol { attack: &attack, radii: Some(&radii), limit: None, seed: 5 };
        let workers = Workers::new(2).unwrap();
        let error = evaluate(&Bumpy, &data(150), &protocol, &workers, QUIET).unwrap_err().to_string();
        assert!(error.contains(part), "{lie:?}: {error}");
    }
}

#[test]
fn radii_are_asked_for_where_they_are_needed_and_may_be_large() {
    let workers = Workers::new(1).unwrap();
    for name in [AttackName::FlowPgd, AttackName::Pose] {
        let attack = attack(name);
        let protocol = Protocol { attack: &attack, radii: None, limit: None, seed: 5 };
        let error = evaluate(&Bumpy, &data(5), &protocol, &workers, QUIET).unwrap_err().to_string();
        assert_eq!(error, format!("the attack {name} needs a radius"));
        assert!(attack.takes(None).is_err() && attack.takes(Some(30.0)).is_ok());
        assert!(attack.takes(Some(f64::NAN)).is_err());
    }
    assert!(attack(AttackName::StAdv).takes(None).is_ok());
}

#[test]
fn training_sees_the_images_that_an_evaluation_makes_of_the_witness() {
    let batch = shades(70);
    let noise = NoiseStream::new(NoiseKey { seed: 3, purpose: Purpose::Attack, sweep: 1, chain: 0 });
    for (name, radius) in [(AttackName::FlowPgd, 0.4), (AttackName::Pose, 20.0)] {
        let Attack::Spatial(moves) = attack(name) else { unreachable!("{name} moves pixels") };
        let within = |radius| crate::Within::of(attack(name), radius).unwrap();
        let x = within(radius).perturb(&Bumpy, &batch, &noise).unwrap();
        let witness = moves.transform(&Bumpy, &batch, radius, &noise).unwrap();
        assert!(moves.measure().of_each(&witness).le(radius + 1e-6).all().int64_value(&[]) == 1);
        assert_eq!(x, moves.measure().render(&batch.x, &witness), "{name}");
        assert_ne!(x, batch.x, "{name}");
        assert_eq!(within(0.0).perturb(&Bumpy, &batch, &noise).unwrap(), batch.x, "{name}");
        assert_eq!(within(radius).name(), name.to_string());
    }
}

#[test]
fn training_refuses_what_has_no_radius_and_flows_of_more_points_than_pixels() {
    let error = crate::Within::of(attack(AttackName::StAdv), 0.1).unwrap_err().to_string();
    assert!(error.contains("stadv has no radius"), "{error}");
    let settings = crate::FlowPgdSettings { control_points: 3, ..crate::FlowPgdSettings::default() };
    let flows = Attack::spatial(crate::FlowPgd::new(settings).unwrap());
    let flows = crate::Within::of(flows, 0.1).unwrap();
    assert!(flows.suits(10, &[1, 3, 3]).is_ok());
    let error = flows.suits(10, &[1, 2, 2]).unwrap_err().to_string();
    assert!(error.contains("control_points") && error.contains("at most the pixels per side"), "{error}");
}

#[test]
fn images_are_verified_against_their_witness() {
    let attack = attack(AttackName::Pose);
    let radii = radii("10,20");
    let Evaluated { curve, x, witness } = whole(&Bumpy, &attack, Some(&radii), 1);
    let (x, witness) = (x.unwrap(), witness.unwrap());
    let batch = shades(150);
    let verified = |x: &Tensor, witness: Option<&Tensor>| {
        let columns = [Some(10.0), Some(20.0)];
        let measure = Some(SpatialMeasure::Pose.into());
        let changes = Changes { attack: "pose", measure, radii: &columns, together: None, witness };
        classify_again(&Bumpy, &batch, &changes, x, &Workers::new(2).unwrap())
    };
    let error = |x: &Tensor, witness: Option<&Tensor>| verified(x, witness).unwrap_err().to_string();
    let again = verified(&x, Some(&witness)).unwrap();
    assert_eq!((&again.outcomes, &again.reached), (&curve.outcomes, &curve.reached));
    let other = x.copy();
    let _ = other.get(1).get(7).fill_(0.5);
    assert!(error(&other, Some(&witness)).starts_with("image 7 is not what its pose makes of it"));
    let far = &witness * 1.5;
    assert!(error(&x, Some(&far)).contains("is not what its pose makes of it"));
    assert_eq!(error(&x, None), "there is no pose that made the images of the attack pose");
    let short = witness.narrow(2, 0, 2);
    assert!(
        error(&x, Some(&short))
            .contains("returned a batch of shape [2, 150, 2] for one of shape [2, 150, 3]")
    );
    let few = witness.narrow(1, 0, 20);
    assert!(error(&x, Some(&few)).contains("returned a batch of shape [2, 20, 3]"));
}

#[test]
fn the_worst_of_two_seeds_takes_the_witness_with_the_image() {
    let attack = Attack::spatial(
        crate::PoseSearch::new(crate::PoseSettings { draws: 1, ..crate::PoseSettings::default() }).unwrap(),
    );
    let radii = radii("20");
    let with = |seed| {
        let protocol = Protocol { attack: &attack, radii: Some(&radii), limit: None, seed };
        let (store, workers) = (NoStore { images: true }, Workers::new(2).unwrap());
        evaluate_with_store(&Bumpy, &data(60), &protocol, &workers, &store, QUIET).unwrap()
    };
    let (first, second) = (with(1), with(2));
    let (alone, other) = (first.curve.accuracy()[0], second.curve.accuracy()[0]);
    let Evaluated { curve, x, witness } = first.worst(second).unwrap();
    assert!(curve.accuracy()[0] < alone.min(other), "{alone}, {other}");
    let (x, witness) = (x.unwrap().get(0), witness.unwrap().get(0));
    assert_eq!(SpatialMeasure::Pose.render(&shades(60).x, &witness), x);
    let sizes = Vec::<f64>::try_from(SpatialMeasure::Pose.of_each(&witness)).unwrap();
    assert_eq!(curve.outcomes[0].size.as_ref().unwrap(), &sizes);
}
