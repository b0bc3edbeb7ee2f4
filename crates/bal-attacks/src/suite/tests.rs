//! What a suite owes its parts.

use super::*;
use crate::tests::{Bumpy, LinearProblem, noise, shades};
use crate::{Attack, AutoAttack, Fab, FabSettings, Fgsm, NoiseLaw, RandomNoise, Square, predicted_classes};
use std::sync::atomic::{AtomicUsize, Ordering};

const RADIUS: f64 = 0.02;

fn ball(radius: f64) -> Ball {
    Ball::new(Norm::LInf, radius).unwrap()
}

/// A weak attack, a random one and a strong one, under which accuracies differ.
fn parts() -> [Arc<dyn BallAttack>; 4] {
    let loss = ApgdLoss::Untargeted(LossName::CrossEntropy);
    [
        Arc::new(RandomNoise::new(NoiseLaw::Uniform, 1).unwrap()),
        Arc::new(Fgsm::new(EnsembleGradient::Predictive)),
        Arc::new(Square::new(5, 0.8).unwrap()),
        Arc::new(Apgd::new(loss, 5, 1, EnsembleGradient::Predictive).unwrap()),
    ]
}

fn suite() -> Suite {
    Suite::new(parts().map(Part::InBall).into()).unwrap()
}

/// Who broke each image.
fn account(changed: &Changed) -> &[Option<&'static str>] {
    changed.broken_by.as_deref().unwrap()
}

fn right(x: &Tensor, batch: &Batch) -> Vec<bool> {
    Vec::try_from(predicted_classes(&Bumpy, x).unwrap().eq_tensor(batch.classes().unwrap())).unwrap()
}

#[test]
fn an_image_survives_a_suite_where_it_survives_every_part() {
    let batch = shades(200);
    let clean = right(&batch.x, &batch);
    let alone: Vec<Vec<bool>> = parts()
        .iter()
        .map(|part| right(&part.perturb(&Bumpy, &batch, ball(RADIUS), &noise()).unwrap(), &batch))
        .collect();
    let together = right(&suite().perturb(&Bumpy, &batch, ball(RADIUS), &noise()).unwrap(), &batch);
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
    let told = suite().perturb_all(&Bumpy, &batch, &[ball(RADIUS)], &noise()).unwrap();
    let (x, broken_by) = (&told[0].x, account(&told[0]));
    let parts = parts();
    let broke = |part: &dyn BallAttack| -> Vec<bool> {
        right(&part.perturb(&Bumpy, &batch, ball(RADIUS), &noise()).unwrap(), &batch)
            .iter()
            .map(|right| !right)
            .collect()
    };
    let broke: Vec<Vec<bool>> = parts.iter().map(|part| broke(&**part)).collect();
    let after = right(x, &batch);
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
fn an_attack_that_is_one_gives_no_account() {
    let fgsm = Fgsm::new(EnsembleGradient::Predictive);
    let told = fgsm.perturb_all(&Bumpy, &shades(6), &[ball(0.0), ball(RADIUS)], &noise()).unwrap();
    assert!(told.iter().all(|changed| changed.broken_by.is_none()));
}

#[test]
fn an_image_broken_at_a_radius_is_broken_by_the_same_point_at_larger_ones() {
    let batch = shades(100);
    // Bumps are 0.13 apart: a longer step of FGSM alone gets some images right again.
    let plain = Fgsm::new(EnsembleGradient::Predictive);
    let attack = Suite::new(vec![Part::in_ball(plain)]).unwrap();
    let radii = [0.0, 0.02, 0.05, 0.1, 0.2];
    let told = attack.perturb_all(&Bumpy, &batch, &radii.map(ball), &noise()).unwrap();
    let plain = plain.perturb_all(&Bumpy, &batch, &radii.map(ball), &noise()).unwrap();
    let mut healed = 0;
    for i in 1..radii.len() {
        let (before, after) = (right(&told[i - 1].x, &batch), right(&told[i].x, &batch));
        let reference = (right(&plain[i - 1].x, &batch), right(&plain[i].x, &batch));
        for image in 0..100 {
            assert!(before[image] || !after[image], "image {image} was healed");
            if !before[image] {
                assert_eq!(told[i].x.get(image as i64), told[i - 1].x.get(image as i64));
                assert_eq!(account(&told[i])[image], account(&told[i - 1])[image]);
            }
            healed += usize::from(!reference.0[image] && reference.1[image]);
        }
        let distance = ball(1.0).distance(&batch.x, &told[i].x).max().double_value(&[]);
        assert!(distance <= radii[i] + 1e-6);
    }
    assert!(healed > 0, "plain FGSM heals nobody: the test says nothing");
    assert_eq!(told[0].x, batch.x);
    // The order in which radii are given does not matter.
    let turned: Vec<Ball> = radii.iter().rev().copied().map(ball).collect();
    let backwards = attack.perturb_all(&Bumpy, &batch, &turned, &noise()).unwrap();
    assert!(backwards.iter().rev().zip(&told).all(|(a, b)| a.x == b.x));
}

/// FAB, and how many images it ran on.
#[derive(Debug)]
struct Counting {
    fab: Fab,
    images: AtomicUsize,
}

impl NearestAttack for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn norm(&self) -> Norm {
        self.fab.norm()
    }

    fn search(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        self.images.fetch_add(batch.len(), Ordering::Relaxed);
        self.fab.search(model, batch, noise)
    }
}

#[test]
fn a_search_for_the_nearest_error_is_made_once_and_breaks_what_one_for_each_ball_would() {
    let batch = shades(100);
    let settings = FabSettings { norm: Norm::LInf, steps: 10, targets: 2, ..FabSettings::default() };
    let fab = Fab::new(settings).unwrap();
    let counting = Arc::new(Counting { fab, images: AtomicUsize::new(0) });
    let draw = RandomNoise::new(NoiseLaw::Uniform, 1).unwrap();
    let suite = |search: Arc<dyn NearestAttack>| {
        Suite::new(vec![Part::in_ball(draw), Part::Nearest(search)]).unwrap()
    };
    let radii = [0.2, 0.0, 0.02, 0.05];
    let told = suite(counting.clone()).perturb_all(&Bumpy, &batch, &radii.map(ball), &noise()).unwrap();
    let robust = |x: &Tensor| right(x, &batch).iter().filter(|right| **right).count();
    assert_eq!(
        counting.images.load(Ordering::Relaxed),
        robust(&draw.perturb(&Bumpy, &batch, ball(0.02), &noise()).unwrap())
    );

    // Ball by ball, with a search in each, the larger on what is left.
    let mut broken_by = vec![None; batch.len()];
    for (place, radius) in [(2, 0.02), (3, 0.05), (0, 0.2)] {
        let alone = suite(Arc::new(fab)).perturb_all(&Bumpy, &batch, &[ball(radius)], &noise()).unwrap();
        for (so_far, by) in broken_by.iter_mut().zip(account(&alone[0])) {
            *so_far = so_far.or(*by);
        }
        let told_by = account(&told[place]);
        let by_search = told_by.iter().filter(|by| **by == Some("counting")).count();
        assert!(by_search > 0, "radius {radius}: the search broke nobody, and nothing is tested");
        let named = told_by.iter().map(|by| by.map(|by| if by == "counting" { "fab" } else { by }));
        assert_eq!(named.collect::<Vec<_>>(), broken_by, "radius {radius}");
        assert!(ball(radius).distance(&batch.x, &told[place].x).max().double_value(&[]) <= radius + 1e-6);
    }
}

#[test]
fn images_whose_nearest_error_is_outside_of_the_ball_stay_clean() {
    let LinearProblem { model, batch } = LinearProblem::new();
    let fab = Fab::new(FabSettings { norm: Norm::L2, steps: 10, ..FabSettings::default() }).unwrap();
    let nearest = fab.search(&model, &batch, &noise()).unwrap();
    let distance = Norm::L2.of_each(&(&nearest - &batch.x)).reshape([-1]);
    let attack = Suite::new(vec![Part::nearest(fab)]).unwrap();
    let balls = [0.05, 0.1, 0.2].map(|radius| Ball::new(Norm::L2, radius).unwrap());
    let all = attack.perturb_all(&model, &batch, &balls, &noise()).unwrap();
    for (changed, ball) in all.iter().zip(balls) {
        let inside = distance.le(ball.radius());
        assert_eq!(changed.x, nearest.where_self(&per_image(&inside), &batch.x));
        assert_eq!(attack.perturb(&model, &batch, ball, &noise()).unwrap(), changed.x);
    }
    assert_ne!(all[0].x, all[2].x);
}

#[test]
fn the_posteriors_suite_decides_a_linear_classifier() {
    let problem = LinearProblem::of_images(60);
    for norm in [Norm::LInf, Norm::L2] {
        let ball = Ball::new(norm, 0.05).unwrap();
        let suite = Suite::posterior(20, 1).unwrap();
        let x = suite.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap();
        problem.assert_decided(&ball, &x, 1.0);
    }
}

#[test]
fn autoattack_decides_a_small_network_as_its_parts_do() {
    let batch = shades(60);
    let clean = right(&batch.x, &batch);
    for (attack, known) in [
        (
            AutoAttack::standard(10, 50, EnsembleGradient::Predictive).unwrap(),
            &["apgd-ce", "apgd-t", "square"][..],
        ),
        (AutoAttack::rand(10, 3, EnsembleGradient::MemberMean).unwrap(), &["apgd-ce", "apgd-dlr"]),
    ] {
        let told = attack.perturb_all(&Bumpy, &batch, &[ball(0.0), ball(RADIUS)], &noise()).unwrap();
        let after = right(&told[1].x, &batch);
        for (image, by) in account(&told[1]).iter().enumerate() {
            assert_eq!(by.is_some(), clean[image] && !after[image]);
            assert!(by.is_none_or(|by| known.contains(&by)));
        }
        assert!(account(&told[1]).iter().any(Option::is_some));
    }
}

#[test]
fn attacks_that_do_not_belong_together_are_refused() {
    assert_eq!(Suite::new(vec![]).unwrap_err().to_string(), "a suite needs at least one attack");
    let fab = Fab::new(FabSettings { norm: Norm::L2, ..FabSettings::default() }).unwrap();
    let suite = Suite::new(vec![Part::in_ball(Fgsm::new(EnsembleGradient::Predictive)), Part::nearest(fab)]);
    let suite = suite.unwrap();
    assert!(suite.knows(Norm::L2).is_ok());
    let expected = "the attack fab knows the norm l2 only, not linf";
    assert_eq!(suite.knows(Norm::LInf).unwrap_err().to_string(), expected);
    let error = suite.perturb(&Bumpy, &shades(3), ball(0.1), &noise()).unwrap_err();
    assert_eq!(error.to_string(), expected);
    let error = Attack::in_balls(Norm::LInf, suite).for_classes(4).unwrap_err();
    assert_eq!(error.to_string(), expected);
}
