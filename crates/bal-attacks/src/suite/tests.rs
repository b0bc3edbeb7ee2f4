//! What a suite owes its parts.

use super::*;
use crate::tests::{Bumpy, LinearProblem, noise, shades};
use crate::{
    AttackName, AutoAttack, CwOneStep, Fab, FabSettings, Fgsm, InBall, NoiseLaw, Norm, RandomNoise, Square,
    named, predicted_classes,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const RADIUS: f64 = 0.02;

fn ball(radius: f64) -> Ball {
    Ball::new(Norm::LInf, radius).unwrap()
}

/// A weak attack, a random one and a strong one, under which accuracies differ.
fn parts(radius: f64) -> Vec<Box<dyn Attack>> {
    let loss = ApgdLoss::Untargeted(LossName::CrossEntropy);
    vec![
        Box::new(RandomNoise::new(ball(radius), NoiseLaw::Uniform, 1).unwrap()),
        Box::new(Fgsm::new(ball(radius), EnsembleGradient::Predictive)),
        Box::new(Square::new(ball(radius), 5, 0.8).unwrap()),
        Box::new(Apgd::new(ball(radius), loss, 5, 1, EnsembleGradient::Predictive).unwrap()),
    ]
}

fn right(x: &Tensor, batch: &Batch) -> Vec<bool> {
    Vec::try_from(predicted_classes(&Bumpy, x).unwrap().eq_tensor(&batch.y)).unwrap()
}

#[test]
fn an_image_survives_a_suite_where_it_survives_every_part() {
    let batch = shades(200);
    let clean = right(&batch.x, &batch);
    let alone: Vec<Vec<bool>> = parts(RADIUS)
        .iter()
        .map(|part| right(&part.perturb(&Bumpy, &batch, &noise()).unwrap(), &batch))
        .collect();
    let suite = Suite::new(parts(RADIUS)).unwrap();
    let together = right(&suite.perturb(&Bumpy, &batch, &noise()).unwrap(), &batch);
    for image in 0..200 {
        let survives = clean[image] && alone.iter().all(|part| part[image]);
        assert_eq!(together[image], survives, "image {image}");
    }
    let count = |flags: &[bool]| flags.iter().filter(|flag| **flag).count();
    assert!(alone.iter().all(|part| count(&together) <= count(part)));
    assert!(count(&together) > 0 && count(&together) < count(&clean));
}

#[test]
fn the_account_names_the_first_part_that_broke_an_image() {
    let batch = shades(200);
    let clean = right(&batch.x, &batch);
    let mut told =
        Suite::new(parts(RADIUS)).unwrap().perturb_and_tell(&Bumpy, &batch, &[RADIUS], &noise()).unwrap();
    let Changed { x, broken_by } = told.remove(0);
    let parts = parts(RADIUS);
    let broke = |part: &dyn Attack| -> Vec<bool> {
        right(&part.perturb(&Bumpy, &batch, &noise()).unwrap(), &batch).iter().map(|right| !right).collect()
    };
    let broke: Vec<Vec<bool>> = parts.iter().map(|part| broke(&**part)).collect();
    let after = right(&x, &batch);
    for image in 0..200 {
        let first = parts.iter().zip(&broke).find(|(_, broke)| broke[image]).map(|(part, _)| part.name());
        let expected = if clean[image] { first } else { None };
        assert_eq!(broken_by[image], expected, "image {image}");
        assert_eq!(after[image], clean[image] && expected.is_none());
        if !clean[image] {
            assert_eq!(x.get(image as i64), batch.x.get(image as i64));
        }
    }
    let named = |name| broken_by.iter().filter(|by| **by == Some(name)).count();
    assert!(["uniform-noise", "fgsm", "apgd-ce"].into_iter().all(|name| named(name) > 0), "{broken_by:?}");
}

#[test]
fn other_attacks_tell_of_themselves() {
    let batch = shades(60);
    let fgsm = Fgsm::new(ball(RADIUS), EnsembleGradient::Predictive);
    let told = fgsm.perturb_and_tell(&Bumpy, &batch, &[0.0, RADIUS], &noise()).unwrap();
    assert!(told[0].broken_by.iter().all(Option::is_none));
    let (before, after) = (right(&batch.x, &batch), right(&told[1].x, &batch));
    for image in 0..60 {
        assert_eq!(told[1].broken_by[image], (before[image] && !after[image]).then_some("fgsm"));
    }
}

#[test]
fn an_image_broken_at_a_radius_is_broken_by_the_same_point_at_larger_ones() {
    let batch = shades(100);
    // Bumps are 0.13 apart: a longer step of FGSM alone gets some images right again.
    let attack = Suite::new(vec![Box::new(Fgsm::new(ball(1.0), EnsembleGradient::Predictive))]).unwrap();
    let radii = [0.0, 0.02, 0.05, 0.1, 0.2];
    let told = attack.perturb_and_tell(&Bumpy, &batch, &radii, &noise()).unwrap();
    let plain = Fgsm::new(ball(1.0), EnsembleGradient::Predictive);
    let plain = plain.perturb_radii(&Bumpy, &batch, &radii, &noise()).unwrap();
    let mut healed = 0;
    for i in 1..radii.len() {
        let (before, after) = (right(&told[i - 1].x, &batch), right(&told[i].x, &batch));
        let reference = (right(&plain[i - 1], &batch), right(&plain[i], &batch));
        for image in 0..100 {
            assert!(before[image] || !after[image], "image {image} was healed");
            if !before[image] {
                assert_eq!(told[i].x.get(image as i64), told[i - 1].x.get(image as i64));
                assert_eq!(told[i].broken_by[image], told[i - 1].broken_by[image]);
            }
            healed += usize::from(!reference.0[image] && reference.1[image]);
        }
        let distance = ball(1.0).distance(&batch.x, &told[i].x).max().double_value(&[]);
        assert!(distance <= radii[i] + 1e-6);
    }
    assert!(healed > 0, "plain FGSM heals nobody: the test says nothing");
    assert_eq!(told[0].x, batch.x);
    // The order in which radii are given does not matter.
    let turned: Vec<f64> = radii.iter().rev().copied().collect();
    let backwards = attack.perturb_radii(&Bumpy, &batch, &turned, &noise()).unwrap();
    assert!(backwards.iter().rev().zip(&told).all(|(x, told)| *x == told.x));
}

/// FAB, and how many images it was let at.
#[derive(Debug)]
struct Counting {
    fab: Fab,
    images: AtomicUsize,
}

impl Attack for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn ball(&self) -> Option<Ball> {
        None
    }

    fn minimises(&self) -> Option<Norm> {
        self.fab.minimises()
    }

    fn settings(&self) -> AttackSettings {
        self.fab.settings()
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        self.images.fetch_add(batch.len(), Ordering::Relaxed);
        self.fab.perturb(model, batch, noise)
    }

    fn at_radius(&self, radius: f64) -> Result<Box<dyn Attack>, AttackError> {
        self.fab.at_radius(radius)
    }
}

#[test]
fn a_search_that_serves_all_radii_is_made_once_and_breaks_what_one_for_each_would() {
    let batch = shades(100);
    let settings = FabSettings { steps: 10, targets: 2, ..FabSettings::default() };
    let fab = Fab::new(Norm::LInf, settings).unwrap();
    let counting = Arc::new(Counting { fab, images: AtomicUsize::new(0) });
    let draw = |radius| RandomNoise::new(ball(radius), NoiseLaw::Uniform, 1).unwrap();
    let suite = |inner: Arc<dyn Attack>, radius| {
        Suite::new(vec![Box::new(draw(radius)), Box::new(InBall::new(inner, radius).unwrap())]).unwrap()
    };
    let radii = [0.2, 0.0, 0.02, 0.05];
    let told = suite(counting.clone(), 1.0).perturb_and_tell(&Bumpy, &batch, &radii, &noise()).unwrap();
    let standing = |x: &Tensor| right(x, &batch).iter().filter(|right| **right).count();
    assert_eq!(
        counting.images.load(Ordering::Relaxed),
        standing(&draw(0.02).perturb(&Bumpy, &batch, &noise()).unwrap())
    );

    // Radius by radius, with a search at each, the larger on what is left.
    let mut broken_by = vec![None; batch.len()];
    for (place, radius) in [(2, 0.02), (3, 0.05), (0, 0.2)] {
        let alone =
            suite(Arc::new(fab), radius).perturb_and_tell(&Bumpy, &batch, &[radius], &noise()).unwrap();
        for (so_far, by) in broken_by.iter_mut().zip(&alone[0].broken_by) {
            *so_far = so_far.or(*by);
        }
        let by = |told: &[Option<&str>]| told.iter().filter(|by| **by == Some("counting")).count();
        assert!(
            by(&told[place].broken_by) > 0,
            "radius {radius}: the search broke nobody, and nothing is tested"
        );
        let named: Vec<Option<&str>> = told[place]
            .broken_by
            .iter()
            .map(|by| by.map(|by| if by == "counting" { "fab" } else { by }))
            .collect();
        assert_eq!(named, broken_by, "radius {radius}");
        assert!(ball(radius).distance(&batch.x, &told[place].x).max().double_value(&[]) <= radius + 1e-6);
    }
}

#[test]
fn the_posteriors_suite_decides_a_linear_classifier() {
    let problem = LinearProblem::of_images(60);
    for norm in [Norm::LInf, Norm::L2] {
        let ball = Ball::new(norm, 0.05).unwrap();
        let suite = Suite::posterior(ball, 20, 1).unwrap();
        let x = suite.perturb(&problem.model, &problem.batch, &noise()).unwrap();
        problem.assert_decided(&ball, &x, 1.0);
    }
}

#[test]
fn autoattack_decides_a_small_network_as_its_parts_do() {
    let batch = shades(60);
    let clean = right(&batch.x, &batch);
    for (name, known) in [
        (AttackName::AutoAttack, &["apgd-ce", "apgd-t", "square"][..]),
        (AttackName::AutoAttackRand, &["apgd-ce", "apgd-dlr"]),
    ] {
        let attack: AutoAttack = match name {
            AttackName::AutoAttack => {
                AutoAttack::standard(ball(RADIUS), 10, 50, EnsembleGradient::Predictive).unwrap()
            }
            _ => AutoAttack::rand(ball(RADIUS), 10, 3, EnsembleGradient::MemberMean).unwrap(),
        };
        let told = attack.perturb_and_tell(&Bumpy, &batch, &[0.0, RADIUS], &noise()).unwrap();
        let after = right(&told[1].x, &batch);
        for image in 0..60 {
            let by = told[1].broken_by[image];
            assert_eq!(by.is_some(), clean[image] && !after[image]);
            assert!(by.is_none_or(|by| known.contains(&by)));
        }
        assert!(told[1].broken_by.iter().any(Option::is_some));
        assert_eq!(attack.name(), name.name());
        assert_eq!(attack.at_radius(0.3).unwrap().settings(), attack.settings());
    }
}

#[test]
fn attacks_that_do_not_belong_together_are_refused() {
    let error = |parts| Suite::new(parts).unwrap_err().to_string();
    assert_eq!(error(vec![]), "a suite needs at least one attack");
    let at = |norm, radius| -> Box<dyn Attack> {
        Box::new(Fgsm::new(Ball::new(norm, radius).unwrap(), EnsembleGradient::Predictive))
    };
    assert_eq!(
        error(vec![at(Norm::LInf, 0.1), at(Norm::L2, 0.1)]),
        "the attacks of a suite need one ball, but fgsm has l2 radius 0.1 and fgsm has linf radius 0.1"
    );
    assert!(error(vec![at(Norm::LInf, 0.1), at(Norm::LInf, 0.2)]).contains("linf radius 0.2"));
    assert_eq!(error(vec![Box::new(CwOneStep::Logits)]), "the attack cw-one-step needs a radius");
    assert!(named(AttackName::Suite, None, &AttackName::Suite.defaults()).is_err());
}
