//! Point estimates: empirical risk minimisation, and training against an inner attack.

use crate::{
    CrossEntropy, Epochs, NetworkMode, PriorEnergy, Sources,
    epochs::Learner,
    perturb::{in_training, perturb, sizes},
    risk::{Risk, Term},
    settings::check,
};
use bal_attacks::FixedAttack;
use bal_core::{
    Architecture, Batch, ChainState, Checkpoint, Energy, EnsembleGradient, GibbsError, Kernel, Member,
    Method, Metrics, NoiseKey, NoiseStream, Posterior, Prediction, Progress, Purpose, Replicate, Role, SHARD,
    Task, TrainError,
};
use bal_samplers::Adam;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{ops::ControlFlow, sync::Arc};

/// Adam on the loss of attacked images, perhaps mixed with the clean loss.
///
/// ```text
/// min_w  mean_i [ (1 - c) l(attack(x_i), y_i; w) + c l(x_i, y_i; w) ]
/// ```
///
/// `c`: `clean_weight`. The attack sees the network in evaluation mode; the step is in training
/// mode. Without an attack this is empirical risk minimisation. Methods that differ in the inner
/// attack only are all of this type. With [`Sources`] the attack sees one of several networks.
///
/// Source: Goodfellow et al., ICLR 2015, eq. 1 of section 6 (FGSM, c = 1/2); Madry et al., ICLR
/// 2018, eq. 2.1 (PGD, c = 0); Tramèr et al., ICLR 2018 (several networks).
#[derive(Debug)]
pub struct AdversarialTraining {
    attack: Option<Box<dyn FixedAttack>>,
    labels: Labels,
    sources: Option<Sources>,
    adam: Adam,
    epochs: Epochs,
    clean_weight: f64,
}

/// The labels that an inner attack leads images away from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Labels {
    /// Those of the data. A one-step attack then hides the label in the image, and the network learns to read it there (label
    /// leaking).
    #[default]
    Given,
    /// The classes that the attacked network takes the clean images for.
    ///
    /// Source: Kurakin, Goodfellow & Bengio, ICLR 2017, section 4.3 (label leaking); Tramèr et al., ICLR 2018.
    Predicted,
}

impl Labels {
    /// Whether they are those of the data.
    pub fn are_given(&self) -> bool {
        *self == Self::Given
    }
}

impl AdversarialTraining {
    /// Training against `attack`; one in a ball is a [`bal_attacks::Within`].
    ///
    /// # Errors
    /// [`TrainError::Setting`] when `clean_weight` is not in `[0, 1]` or there are no epochs.
    pub fn new(
        attack: Box<dyn FixedAttack>,
        adam: Adam,
        epochs: Epochs,
        clean_weight: f64,
    ) -> Result<Self, TrainError> {
        let good = (0.0..=1.0).contains(&clean_weight);
        check("clean_weight", clean_weight, good, "it must be in [0, 1]")?;
        Ok(Self { attack: Some(attack), clean_weight, ..Self::erm(adam, epochs)? })
    }

    /// The same with images that are led away from these labels.
    #[must_use]
    pub fn away_from(self, labels: Labels) -> Self {
        Self { labels, ..self }
    }

    /// The same with the attack on these networks.
    #[must_use]
    pub fn on(self, sources: Sources) -> Self {
        Self { sources: Some(sources), ..self }
    }

    /// Empirical risk minimisation.
    ///
    /// # Errors
    /// [`TrainError::Setting`] when there are no epochs.
    pub fn erm(adam: Adam, epochs: Epochs) -> Result<Self, TrainError> {
        let epochs = epochs.checked()?;
        let (labels, clean_weight) = (Labels::Given, 1.0);
        Ok(Self { attack: None, labels, sources: None, adam, epochs, clean_weight })
    }
}

impl Method for AdversarialTraining {
    fn name(&self) -> &'static str {
        self.attack.as_ref().map_or("erm", |attack| attack.name())
    }

    fn sweeps(&self, images: u64) -> u64 {
        self.epochs.sweeps(images)
    }

    fn check(&self, images: u64) -> Result<(), TrainError> {
        self.epochs.check_images(images)
    }

    fn check_network(&self, network: &dyn Architecture) -> Result<(), TrainError> {
        // The name is that of the attack; in an experiment the table is called so.
        let table = if self.attack.is_some() { "adversarial_training" } else { "erm" };
        Role::Classifier.check(table, network)
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn fit(
        &self,
        task: &Task,
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Posterior, TrainError> {
        let network = &task.only_network()?.architecture;
        let (chain, done) = self.begin(task)?;
        let mut learner = PointLearner { method: self, task, network, chain };
        self.epochs.run(task, done, &mut learner, observe)?;
        let ChainState { state, buffers } = learner.chain;
        Ok(Posterior {
            members: vec![Member { network: network.clone(), parameters: state.position, buffers }],
            prediction: Prediction::MeanProbability,
            ensemble_gradient: EnsembleGradient::Predictive,
            mixing: None,
            regime: None,
            precisions: vec![],
            laplace: None,
            class_names: None,
        })
    }
}

impl AdversarialTraining {
    fn begin(&self, task: &Task) -> Result<(ChainState, u64), TrainError> {
        let start = crate::start::members(task, 1).remove(0);
        let fresh = ChainState { state: self.adam.start(start.parameters), buffers: start.buffers };
        let Some(checkpoint) = &task.resume else { return Ok((fresh, 0)) };
        let chains = crate::start::resumed(checkpoint, std::slice::from_ref(&fresh))?;
        let [chain] =
            chains.try_into().map_err(|_| TrainError::Checkpoint("it has several chains".into()))?;
        Ok((chain, checkpoint.sweep))
    }
}

struct PointLearner<'a> {
    method: &'a AdversarialTraining,
    task: &'a Task<'a>,
    network: &'a Arc<dyn Architecture>,
    chain: ChainState,
}

impl PointLearner<'_> {
    /// The batch's adversarial images, where the method makes any.
    fn attacked(&self, sweep: u64, batch: &Batch) -> Result<Option<tch::Tensor>, TrainError> {
        let AdversarialTraining { attack: Some(attack), labels, sources, .. } = self.method else {
            return Ok(None);
        };
        let seed = self.task.seed;
        let own;
        let model = if let Some(fixed) = sources.as_ref().and_then(|sources| sources.drawn(seed, sweep)) {
            fixed
        } else {
            own = in_training(Member {
                network: self.network.clone(),
                parameters: self.chain.state.position.replicate(),
                buffers: self.chain.buffers.replicate(),
            });
            &own
        };
        let noise = NoiseStream::new(NoiseKey { seed, purpose: Purpose::Attack, sweep, chain: 0 });
        let attack = (attack.as_ref(), *labels);
        perturb(attack, self.task.workers, model, batch, &noise, sweep).map(Some)
    }
}

impl Learner for PointLearner<'_> {
    fn learn(&mut self, sweep: u64, batch: Batch) -> Result<Metrics, TrainError> {
        let adversarial = self.attacked(sweep, &batch)?;
        let images = batch.len() as f64;
        let clean_weight = self.method.clean_weight / images;
        let whole = self.network.has_batch_statistics();
        let size = if whole { batch.len() } else { SHARD };
        let key = NoiseKey { seed: self.task.seed, purpose: Purpose::Dropout, sweep, chain: 0 };
        let (mut shards, mut masks) = (Vec::new(), NoiseStream::silent());
        for (i, clean) in batch.shards(size).into_iter().enumerate() {
            let stream = |chain| NoiseStream::new(NoiseKey { chain, ..key }).for_images(&clean.indices);
            let mut terms = Vec::new();
            masks.join([stream(0)]);
            if let Some(z) = &adversarial {
                let x = z.narrow(0, (i * size) as i64, clean.len() as i64);
                let weight = (1.0 - self.method.clean_weight) / images;
                terms.push(Term { x, clean: clean.replicate(), weight });
                // A batch that may not be cut is still two tasks.
                if whole {
                    masks.join([stream(1)]);
                    shards.push(std::mem::take(&mut terms));
                }
            }
            if clean_weight > 0.0 {
                terms.push(Term::clean(clean, clean_weight));
            }
            if !terms.is_empty() {
                shards.push(terms);
            }
        }
        let risk = Risk {
            architecture: self.network.clone(),
            objective: Arc::new(CrossEntropy),
            workers: self.task.workers,
            shards,
            mode: NetworkMode::Train,
            buffers: self.chain.buffers.replicate(),
            passes: vec![],
            prior: PriorEnergy::none(),
        };
        let diverged = |source| TrainError::Diverged {
            sweep,
            source: GibbsError { block: "parameter chain", chain: 0, source },
        };
        let evaluation = risk.shared_gradient(&self.chain.state.position, &mut masks);
        let evaluation = evaluation.map_err(|lost| TrainError::of_sweep(sweep, lost.into()))?;
        let evaluation = evaluation.checked(&self.chain.state).map_err(diverged)?;
        drop(risk);
        // Adam draws nothing.
        let mut silence = NoiseStream::silent();
        let step = self.method.adam.step(&mut self.chain.state, &evaluation.gradient, &mut silence);
        step.map_err(diverged)?;
        if let Some(buffers) = evaluation.aux.buffers {
            self.chain.buffers = buffers;
        }
        let sizes = adversarial.map(|z| sizes(&z, &batch.x));
        Ok(Metrics {
            loss: evaluation.energy,
            linf: sizes.map(|s| s.0),
            l2: sizes.map(|s| s.1),
            ..Metrics::default()
        })
    }

    fn checkpoint(&self, sweep: u64) -> Checkpoint {
        Checkpoint { sweep, chains: vec![self.chain.duplicate()], samples: vec![], extras: vec![] }
    }
}
