//! Random points of the ball: the weakest attack, and what a model should shrug off.

use crate::found::{Found, select};
use crate::{AttackError, Ball, BallAttack, Judgement, Norm, SettingError, attack_settings::settings};
use bal_core::{Batch, Classifier, NoiseStream};
use tch::Tensor;

/// Tries random points of its ball; an image counts as broken when any of them fools the model.
///
/// ```text
/// uniform:        x' = clip(point uniform in the ball, 0, 1)
/// gaussian, LInf: x' = clip(project(x + radius g), 0, 1),               g ~ N(0, I)
/// gaussian, L2:   x' = clip(project(x + radius g / sqrt(d)), 0, 1),     d pixels
/// ```
///
/// So Gaussian noise has the radius as the standard deviation of a pixel (L-infinity; 32 % of the pixels end
/// at the rim) or as its root mean square length (L2). Gives back each image's first point that fools
/// the model; one that none of them fools comes back at the point with the highest margin, itself
/// included; one that is wrong already is not changed. Asks the model once about each point, and
/// not about images that are broken.
///
/// Source: the uniform law is that of [`Ball::uniform`]; repeated noise as an attack is that of
/// Rauber et al., foolbox, 2017.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomNoise {
    law: NoiseLaw,
    draws: u64,
}

/// The law of [`RandomNoise`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoiseLaw {
    /// Uniform in the ball.
    Uniform,
    /// Independent normal pixels, projected into the ball.
    Gaussian,
}

settings! {
    /// Settings of [`RandomNoise`] by name.
    RandomNoiseSettings {
        /// Norm of the ball: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Random points that are tried on each image.
        draws: u64 = 100,
    }
}

impl RandomNoise {
    /// Noise of this law: so many points of each image.
    ///
    /// # Errors
    /// [`SettingError::Zero`] without draws.
    pub fn new(law: NoiseLaw, draws: u64) -> Result<Self, SettingError> {
        if draws == 0 { Err(SettingError::Zero("draws")) } else { Ok(Self { law, draws }) }
    }

    fn draw(&self, ball: &Ball, centre: &Tensor, noise: &mut NoiseStream) -> Tensor {
        let radius = ball.radius();
        let x = match (self.law, ball.norm()) {
            (NoiseLaw::Uniform, _) => ball.uniform(centre, noise),
            (NoiseLaw::Gaussian, Norm::LInf) => centre + noise.normal_like(centre) * radius,
            (NoiseLaw::Gaussian, Norm::L2) => {
                let pixels = centre.size()[1..].iter().product::<i64>().max(1) as f64;
                centre + noise.normal_like(centre) * (radius / pixels.sqrt())
            }
        };
        ball.project(centre, &x).clamp(0.0, 1.0)
    }
}

impl BallAttack for RandomNoise {
    fn name(&self) -> &'static str {
        match self.law {
            NoiseLaw::Uniform => "uniform-noise",
            NoiseLaw::Gaussian => "gaussian-noise",
        }
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        let mut found = Found::clean(model, batch)?;
        for draw in 0..self.draws {
            let rows = found.robust();
            if rows.is_empty() {
                break;
            }
            let picked = select(batch, &rows)?;
            let mut streams = noise.for_chain(draw).for_images(&picked.indices);
            let x = self.draw(&ball, &picked.x, &mut streams);
            let Judgement { margin, wrong, .. } =
                Judgement::by_margin(model, &x, picked.classes()?).map_err(|error| error.of_rows(&rows))?;
            found.offer(&rows, &x, &margin, &wrong)?;
        }
        Ok(found.points())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{LinearProblem, noise};

    const LAWS: [NoiseLaw; 2] = [NoiseLaw::Uniform, NoiseLaw::Gaussian];

    fn ball(norm: Norm) -> Ball {
        Ball::new(norm, 0.1).unwrap()
    }

    fn tried(law: NoiseLaw, draws: u64) -> RandomNoise {
        RandomNoise::new(law, draws).unwrap()
    }

    #[test]
    fn many_draws_come_near_the_optimum_of_a_linear_classifier_and_never_beyond() {
        let problem = LinearProblem::new();
        let clean = crate::predicted_classes(&problem.model, &problem.batch.x).unwrap();
        let right = Vec::<bool>::try_from(clean.eq_tensor(problem.batch.classes().unwrap())).unwrap();
        assert!(right.contains(&true));
        for norm in [Norm::LInf, Norm::L2] {
            for law in LAWS {
                let margin = |draws| {
                    // The radius is so small that nobody is fooled and all draws are compared.
                    let ball = Ball::new(norm, 1e-3).unwrap();
                    let x =
                        tried(law, draws).perturb(&problem.model, &problem.batch, ball, &noise()).unwrap();
                    Judgement::by_margin(&problem.model, &x, problem.batch.classes().unwrap()).unwrap().margin
                };
                let clean = Vec::<f64>::try_from(problem.wrongness()).unwrap();
                let most = 1e-3 * LinearProblem::slope(norm);
                let (few, many) = (margin(1), margin(500));
                for (image, &right) in right.iter().enumerate().filter(|(_, right)| **right) {
                    assert!(right);
                    let risen = |m: &Tensor| m.double_value(&[image as i64]) - clean[image];
                    assert!(risen(&few) >= -1e-6 && risen(&many) >= risen(&few) - 1e-6);
                    assert!(risen(&many) <= most + 1e-6, "{norm} {law:?}");
                    // 500 points in six dimensions come half as far as the optimum.
                    assert!(risen(&many) > 0.45 * most, "{norm} {law:?}: {} of {most}", risen(&many));
                }
            }
        }
    }

    #[test]
    fn any_draw_that_fools_breaks_the_image() {
        let problem = LinearProblem { batch: crate::tests::shades(60), ..LinearProblem::new() };
        let right = |x: &Tensor| -> Vec<bool> {
            let classes = crate::predicted_classes(&problem.model, x).unwrap();
            Vec::try_from(classes.eq_tensor(problem.batch.classes().unwrap())).unwrap()
        };
        for law in LAWS {
            let perturb = |draws| {
                let ball = ball(Norm::LInf);
                tried(law, draws).perturb(&problem.model, &problem.batch, ball, &noise()).unwrap()
            };
            let each: Vec<Vec<bool>> = (0..4)
                .map(|draw| {
                    let mut streams = noise().for_chain(draw).for_images(&problem.batch.indices);
                    right(&tried(law, 1).draw(&ball(Norm::LInf), &problem.batch.x, &mut streams))
                })
                .collect();
            let clean = right(&problem.batch.x);
            let together = right(&perturb(4));
            for image in 0..60 {
                let survives = clean[image] && each.iter().all(|draw| draw[image]);
                assert_eq!(together[image], survives, "{law:?}, image {image}");
            }
            assert_ne!(together, right(&perturb(1)), "more draws break more images");
        }
    }

    #[test]
    fn gaussian_noise_has_the_length_that_is_promised() {
        let centre = Tensor::full([40, 1, 30, 30], 0.5, (tch::Kind::Float, tch::Device::Cpu));
        let streams = || noise().for_images(&(0..40).collect::<Vec<_>>());
        let attack = tried(NoiseLaw::Gaussian, 1);
        let x = attack.draw(&ball(Norm::LInf), &centre, &mut streams());
        let rim = ((x - &centre).abs().ge(0.1 - 1e-6)).to_kind(tch::Kind::Double).mean(tch::Kind::Double);
        // Five standard errors of 36,000 pixels.
        assert!((rim.double_value(&[]) - 0.3173).abs() < 5.0 * (0.3173 * 0.6827 / 36_000.0_f64).sqrt());
        let ball = ball(Norm::L2);
        let far = ball.distance(&centre, &attack.draw(&ball, &centre, &mut streams()));
        assert!(far.min().double_value(&[]) > 0.08 && far.max().double_value(&[]) <= 0.1 + 1e-6);
    }

    #[test]
    fn no_draws_are_refused() {
        let error = RandomNoise::new(NoiseLaw::Uniform, 0).unwrap_err();
        assert_eq!(error.to_string(), "draws must be at least 1, got 0");
    }
}
