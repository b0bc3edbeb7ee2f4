//! Networks that predict together.

use crate::ModelError;
use bal_core::{
    Architecture, Classifier, ClassifierError, Member, Mode, Posterior, Prediction, Replicate, Role, Stacked,
};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// A posterior's samples as one classifier, in evaluation mode; a point estimate has one member.
///
/// Members may be of several architectures that take the same images and know the same classes.
#[derive(Debug)]
pub struct Ensemble {
    /// At least one.
    members: Vec<Member>,
    /// The weights of all members once more, where they are of one network and are evaluated in one launch.
    stacked: Option<Stacked>,
    prediction: Prediction,
    loss_kind: Kind,
}

/// Refuses networks for other images or classes than the first.
///
/// # Errors
/// [`ModelError::Empty`] without a network, [`ModelError::Unlike`].
pub(crate) fn are_alike<'a>(
    mut networks: impl Iterator<Item = &'a dyn Architecture>,
) -> Result<(), ModelError> {
    let first = networks.next().ok_or(ModelError::Empty)?;
    match networks.find(|other| (other.classes(), other.input()) != (first.classes(), first.input())) {
        None => Ok(()),
        Some(other) => Err(ModelError::Unlike {
            first: first.name().into(),
            classes: first.classes(),
            input: first.input(),
            other: other.name().into(),
            other_classes: other.classes(),
            other_input: other.input(),
        }),
    }
}

impl Ensemble {
    /// The ensemble of `posterior`, predicting as it says, on `device`; on a CUDA device all members [in one
    /// launch](Self::in_one_launch).
    ///
    /// # Errors
    /// [`ModelError::Empty`] without members, [`ModelError::Unlike`] for members of other images or classes than the first,
    /// [`ModelError::NoClassifier`] for one that tells no classes apart.
    pub fn new(posterior: &Posterior, device: Device) -> Result<Self, ModelError> {
        are_alike(posterior.members.iter().map(|member| &*member.network))?;
        if let Some(other) = posterior.members.iter().find(|m| m.network.role() != Role::Classifier) {
            return Err(ModelError::NoClassifier {
                network: other.network.name().into(),
                role: other.network.role(),
            });
        }
        let members = posterior.members.iter().map(|m| m.to_device(device)).collect();
        let (prediction, loss_kind) = (posterior.prediction, Kind::Double);
        let ensemble = Self { members, stacked: None, prediction, loss_kind };
        Ok(if device.is_cuda() { ensemble.in_one_launch() } else { ensemble })
    }

    /// The same with the logits of all members from one launch, which a device that does much at once is faster with: the same
    /// up to rounding. Members of several networks stay as they are.
    #[must_use]
    pub fn in_one_launch(self) -> Self {
        let network = &self.members[0].network;
        if !self.members.iter().all(|member| Arc::ptr_eq(network, &member.network)) {
            return self;
        }
        let stacked = Stacked::of(self.members.iter().map(|member| (&member.parameters, &member.buffers)));
        Self { stacked: Some(stacked), ..self }
    }

    /// One network as a classifier.
    pub fn of_one(member: Member) -> Self {
        Self {
            members: vec![member],
            stacked: None,
            prediction: Prediction::MeanLogits,
            loss_kind: Kind::Double,
        }
    }

    /// The same members, combined another way.
    #[must_use]
    pub fn with_prediction(self, prediction: Prediction) -> Self {
        Self { prediction, ..self }
    }

    /// The same, with losses in this precision, see [`Classifier::loss_kind`].
    #[must_use]
    pub fn with_losses_in(self, loss_kind: Kind) -> Self {
        Self { loss_kind, ..self }
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no member; never so.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The first member's network; the others take the same images and know the same classes.
    fn network(&self) -> &dyn Architecture {
        self.members[0].network.as_ref()
    }

    fn check(&self, x: &Tensor) -> Result<(), ClassifierError> {
        let (found, expected) = (x.size(), self.network().input());
        if found.len() == 4 && found[1..] == expected {
            return Ok(());
        }
        Err(ClassifierError::Input {
            architecture: self.network().name().into(),
            expected: format!("n, {}, {}, {}", expected[0], expected[1], expected[2]),
            found,
        })
    }
}

impl Classifier for Ensemble {
    fn classes(&self) -> i64 {
        self.network().classes()
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        self.check(x)?;
        if let Some(stacked) = &self.stacked {
            return Ok(self.network().forward_stacked(stacked, x, Mode::Evaluate));
        }
        let forward = |m: &Member| m.forward(x, Mode::Evaluate).logits;
        Ok(Tensor::stack(&self.members.iter().map(forward).collect::<Vec<_>>(), 0))
    }

    fn prediction(&self) -> Prediction {
        self.prediction
    }

    fn loss_kind(&self) -> Kind {
        self.loss_kind
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self {
            members: self.members.replicate(),
            stacked: self.stacked.as_ref().map(Replicate::replicate),
            prediction: self.prediction,
            loss_kind: self.loss_kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cnn;
    use bal_core::{EnsembleGradient, NoiseKey, NoiseStream, Purpose};

    fn ensemble(chains: u64) -> Ensemble {
        let network: Arc<dyn Architecture> = Arc::new(Cnn::mnist());
        let member = |chain| {
            let key = NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain };
            Member::init(&network, &mut NoiseStream::new(key))
        };
        let posterior = Posterior {
            members: (0..chains).map(member).collect(),
            prediction: Prediction::MeanProbability,
            ensemble_gradient: EnsembleGradient::Predictive,
            mixing: None,
            regime: None,
            precisions: vec![],
            laplace: None,
            class_names: None,
            columns: None,
        };
        Ensemble::new(&posterior, Device::Cpu).unwrap()
    }

    #[test]
    fn a_replica_predicts_the_same_bits() {
        let x = Tensor::full([2, 1, 28, 28], 0.3, (Kind::Float, Device::Cpu));
        let (model, x2) = (ensemble(3), x.detach());
        let replica = model.replicate();
        let there = std::thread::spawn(move || replica.logits(&x2).unwrap()).join().unwrap();
        assert_eq!(model.logits(&x).unwrap(), there);
        assert_eq!(model.member_logits(&x).unwrap().size(), [3, 2, 10]);
    }

    #[test]
    fn in_one_launch_the_members_say_the_same() {
        let x = Tensor::full([2, 1, 28, 28], 0.3, (Kind::Float, Device::Cpu));
        let (one_by_one, together) = (ensemble(3), ensemble(3).in_one_launch());
        let logits = together.member_logits(&x).unwrap();
        assert!(logits.allclose(&one_by_one.member_logits(&x).unwrap(), 1e-5, 1e-6, false));
        assert_eq!(together.replicate().member_logits(&x).unwrap(), logits);
    }

    #[test]
    fn images_of_another_shape_are_refused() {
        for shape in [&[2, 3, 28, 28][..], &[2, 1, 32, 32], &[1, 28, 28]] {
            let x = Tensor::zeros(shape, (Kind::Float, Device::Cpu));
            let error = ensemble(1).logits(&x).unwrap_err().to_string();
            assert!(error.contains("cnn takes images of shape [n, 1, 28, 28]"), "{error}");
        }
    }
}
