//! The method: a generator against victims that stay as they are.

use super::{AdvganSettings, learner::AdvganLearner};
use crate::Epochs;
use bal_core::{
    Architecture, Classifier, EnsembleGradient, Method, Posterior, Prediction, Progress, Role, Shared, Task,
    TrainError,
};
use bal_samplers::Adam;
use std::{fmt, ops::ControlFlow};

/// Training of a network that changes images so that other networks, the victims, get them wrong.
///
/// ```text
/// z_i = clip(x_i + r G_phi(x_i), 0, 1)
/// U_G(phi) = -1/B sum_i [ a mean_v l(z_i, y_i; v) + g log D_psi(z_i) - alpha max(0, |z_i - x_i| - c) ]
/// U_D(psi) = -1/B sum_i [ log D_psi(x_i) + log(1 - D_psi(z_i)) ]
/// ```
///
/// G gives numbers in `[-1, 1]`, D the probability that an image is of the data. A batch is a step of Adam on `U_D`, then one on
/// `U_G`; the victims v are in evaluation mode, and do not change. The task's network is the generator; the discriminator is
/// [`bal_models::AdvganDiscriminator`], and without its weight, g = 0, there is none. The posterior has one member, the
/// generator, with the radius r as its buffer: [`bal_attacks::AdvGan`] attacks with it.
///
/// In the paper a penalty and a clamp keep the change small. Here it is in the ball by construction, and the penalty is a
/// further wish. This is the cost of eq. 6 in the paper on BAL, but with images that a network makes at once.
///
/// Source: Xiao et al., Generating Adversarial Examples with Adversarial Networks, IJCAI 2018, eq. 1 to 3; Ye & Zhu, `NeurIPS`
/// 2018, section 4.
pub struct Advgan {
    settings: AdvganSettings,
    adam: Adam,
    epochs: Epochs,
    victims: Vec<Shared<Box<dyn Classifier>>>,
}

impl fmt::Debug for Advgan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let victims = self.victims.len();
        f.debug_struct("Advgan")
            .field("settings", &self.settings)
            .field("victims", &victims)
            .finish_non_exhaustive()
    }
}

impl Advgan {
    /// The method with these settings, and no victim yet; `adam` moves the generator, and moves the discriminator alike.
    ///
    /// # Errors
    /// [`TrainError::Setting`] naming the setting that is out of its range.
    pub fn new(settings: AdvganSettings, adam: Adam, epochs: Epochs) -> Result<Self, TrainError> {
        Ok(Self { settings: settings.checked()?, adam, epochs: epochs.checked()?, victims: vec![] })
    }

    /// The same against these networks.
    #[must_use]
    pub fn against(self, victims: Vec<Box<dyn Classifier>>) -> Self {
        Self { victims: victims.into_iter().map(Shared::new).collect(), ..self }
    }
}

impl Method for Advgan {
    fn name(&self) -> &'static str {
        "advgan"
    }

    fn sweeps(&self, images: u64) -> u64 {
        self.epochs.sweeps(images)
    }

    fn check(&self, images: u64) -> Result<(), TrainError> {
        self.epochs.check_images(images)
    }

    fn check_network(&self, network: &dyn Architecture) -> Result<(), TrainError> {
        Role::Generator.check(self.name(), network)
    }

    fn fit(
        &self,
        task: &Task,
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Posterior, TrainError> {
        self.check_network(&*task.only_network()?.architecture)?;
        if self.victims.is_empty() {
            return Err(TrainError::Setting {
                setting: "advgan.victims".into(),
                value: "(none)".into(),
                why: "at least one network to attack is needed".into(),
            });
        }
        let (mut learner, done) = AdvganLearner::begin(&self.settings, self.adam, &self.victims, task)?;
        self.epochs.run(task, done, &mut learner, observe)?;
        Ok(Posterior {
            members: vec![learner.generator()?.duplicate()],
            prediction: Prediction::MeanProbability,
            ensemble_gradient: EnsembleGradient::Predictive,
            mixing: None,
            regime: None,
            precisions: vec![],
            laplace: None,
            class_names: None,
            columns: None,
        })
    }
}
