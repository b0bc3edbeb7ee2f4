//! A network with a bend, and a model that gives nothing but its preferred class.

use bal_core::{Classifier, ClassifierError, Prediction};
use tch::{Kind, Tensor};

/// Two classes on two pixels, by one layer of four rectified units.
///
/// ```text
/// z = (0, v relu(A x + a) + c)
/// ```
#[derive(Debug)]
pub(super) struct Bent;

const A: [[f64; 2]; 4] = [[3.0, 1.0], [-2.0, 4.0], [1.0, -3.0], [-1.5, -1.0]];
const A_0: [f64; 4] = [-1.0, -0.5, 0.4, 1.2];
const V: [f64; 4] = [1.0, -1.2, 0.8, 1.5];
const C: f64 = -0.7;

impl Bent {
    /// `z_1 - z_0` in double precision.
    pub(super) fn lead(x: [f64; 2]) -> f64 {
        let hidden = A.iter().zip(A_0).map(|(row, a)| (row[0] * x[0] + row[1] * x[1] + a).max(0.0));
        hidden.zip(V).map(|(h, v)| h * v).sum::<f64>() + C
    }
}

impl Classifier for Bent {
    fn classes(&self) -> i64 {
        2
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let of = |values: &[f64]| Tensor::from_slice(values).to_kind(Kind::Float);
        let hidden = (x.flatten(1, -1).matmul(&of(&A.concat()).reshape([4, 2]).tr()) + of(&A_0)).relu();
        let lead = hidden.mv(&of(&V)) + C;
        Ok(Tensor::stack(&[lead.zeros_like(), lead], -1).unsqueeze(0))
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanProbability
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self)
    }
}

/// What another model says, as ones and zeros without a graph.
pub(super) struct HardLabels<M>(pub(super) M);

impl<M: Classifier> Classifier for HardLabels<M> {
    fn classes(&self) -> i64 {
        self.0.classes()
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let classes = self.0.logits(x)?.detach().argmax(-1, false);
        Ok(classes.one_hot(self.classes()).to_kind(Kind::Float).unsqueeze(0))
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanLogits
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        self.0.replicate()
    }
}
