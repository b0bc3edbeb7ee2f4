//! Classifiers with random outputs, seen as the mean of several passes.

use crate::SettingError;
use bal_core::{Classifier, ClassifierError, Prediction};
use tch::{Kind, Tensor};

/// A classifier whose members are those of several passes through another.
///
/// ```text
/// member_logits(x) = the K passes' [S, n, classes], one after the other: [K S, n, classes]
/// ```
///
/// Each pass asks the classifier anew, so one that draws random numbers draws new ones. What is averaged
/// follows from what an attack asks of an ensemble: [`bal_core::EnsembleGradient::MemberMean`] takes
/// the mean of the passes' losses, whose gradient is the mean of their gradients, as expectation over
/// transformation has it; [`bal_core::EnsembleGradient::Predictive`] takes the loss of the averaged
/// prediction (mean probabilities, or mean logits, as the classifier predicts). Predictions, and with
/// them whether an image is fooled, are always those of the averaged prediction. A classifier without
/// randomness is not changed by this, but for rounding and K times the cost.
///
/// Source: Athalye et al., ICML 2018, section 4 of "Synthesizing robust adversarial examples".
pub struct Eot {
    model: Box<dyn Classifier>,
    repetitions: u64,
}

impl Eot {
    /// `model`, averaged over this many passes.
    ///
    /// # Errors
    /// [`SettingError::Zero`] without repetitions.
    pub fn new(model: Box<dyn Classifier>, repetitions: u64) -> Result<Self, SettingError> {
        if repetitions == 0 {
            return Err(SettingError::Zero("repetitions"));
        }
        Ok(Self { model, repetitions })
    }
}

impl std::fmt::Debug for Eot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Eot").field("repetitions", &self.repetitions).finish_non_exhaustive()
    }
}

impl Classifier for Eot {
    fn classes(&self) -> i64 {
        self.model.classes()
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let passes =
            (0..self.repetitions).map(|_| self.model.member_logits(x)).collect::<Result<Vec<_>, _>>()?;
        Tensor::f_cat(&passes, 0).map_err(|source| ClassifierError::Refused { shape: x.size(), source })
    }

    fn prediction(&self) -> Prediction {
        self.model.prediction()
    }

    fn loss_kind(&self) -> Kind {
        self.model.loss_kind()
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self { model: self.model.replicate(), repetitions: self.repetitions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Linear, labels, shades, two_class};
    use crate::{Objective, loss, loss_gradient};
    use bal_core::EnsembleGradient;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Answers with one linear model after the other.
    struct Turns(Vec<Linear>, AtomicUsize);

    impl Classifier for Turns {
        fn classes(&self) -> i64 {
            2
        }

        fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
            let turn = self.1.fetch_add(1, Ordering::Relaxed) % self.0.len();
            self.0[turn].member_logits(x)
        }

        fn prediction(&self) -> Prediction {
            Prediction::MeanProbability
        }

        fn replicate(&self) -> Box<dyn Classifier> {
            Box::new(Self(turns(), AtomicUsize::new(0)))
        }
    }

    const W: [[f64; 6]; 3] = [
        [1.0, -2.0, 0.5, 0.3, 0.2, -0.4],
        [-0.5, 3.0, 2.0, 1.0, -1.0, 0.1],
        [0.2, 0.1, -1.0, 0.5, 0.9, -0.6],
    ];

    fn turns() -> Vec<Linear> {
        W.iter().map(|w| two_class(&[*w], Prediction::MeanProbability)).collect()
    }

    #[test]
    fn passes_count_as_members() {
        let random = Eot::new(Box::new(Turns(turns(), AtomicUsize::new(0))), 3).unwrap();
        let ensemble = two_class(&W, Prediction::MeanProbability);
        let (x, y) = (shades(4).x, labels(&[0, 1, 1, 0]));
        for ensemble_gradient in [EnsembleGradient::Predictive, EnsembleGradient::MemberMean] {
            let [a, b] = [&random as &dyn Classifier, &ensemble]
                .map(|model| loss_gradient(model, &x, &y, ensemble_gradient).unwrap());
            assert!(a.allclose(&b, 1e-6, 1e-7, false));
            let [a, b] = [&random as &dyn Classifier, &ensemble]
                .map(|model| loss(model, &x, &y, ensemble_gradient).unwrap());
            assert!(a.allclose(&b, 1e-6, 1e-7, false));
        }
        assert_eq!(random.replicate().member_logits(&x).unwrap().size(), [3, 4, 2]);
    }

    #[test]
    fn member_mean_is_the_mean_of_the_passes_gradients() {
        let random = Eot::new(Box::new(Turns(turns(), AtomicUsize::new(0))), 3).unwrap();
        let (x, y) = (shades(4).x, labels(&[0, 1, 1, 0]));
        let of = |model: &dyn Classifier| {
            Objective::Margin.differentiate(model, &x, &y, EnsembleGradient::MemberMean).unwrap().1
        };
        let by_hand = turns().iter().map(|turn| of(turn)).fold(x.zeros_like(), |sum, g| sum + g) / 3.0;
        assert!(of(&random).allclose(&by_hand, 1e-6, 1e-7, false));
    }

    #[test]
    fn no_repetitions_are_refused() {
        let error = Eot::new(Box::new(two_class(&W, Prediction::MeanLogits)), 0).unwrap_err().to_string();
        assert_eq!(error, "repetitions must be at least 1, got 0");
    }
}
