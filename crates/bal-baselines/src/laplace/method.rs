//! The method itself: the curvature, the width, the members.

use super::{Gaussian, LaplaceSettings, learner::LaplaceLearner, search};
use bal_core::{
    Architecture, EnsembleGradient, LaplaceFit, Member, Method, NoiseKey, Posterior, Prediction, Progress,
    Purpose, Role, Task, TrainError,
};
use std::ops::ControlFlow;

/// The Laplace approximation of the posterior of trained weights: draws from a [`Gaussian`] around them.
///
/// Nothing is trained: the task's start is the mode, and each batch adds to the [`Curvature`](super::Curvature) there. The
/// images are the first `images` of the order that is keyed by the seed; their labels are drawn from the network's own
/// prediction. The network is in evaluation mode.
///
/// With `search`, the same draws are made at every width of a grid, and the width is taken at which their mean probability of
/// the right class is greatest on the held-out images, in the logarithm. Images that the start was trained on would find
/// it too narrow.
///
/// Source: Ritter, Botev & Barber, A Scalable Laplace Approximation for Neural Networks, ICLR 2018.
#[derive(Debug)]
pub struct Laplace {
    settings: LaplaceSettings,
}

impl Laplace {
    /// The method with these settings.
    ///
    /// # Errors
    /// [`TrainError::Setting`] naming the setting that is out of its range, missing, or one too many.
    pub fn new(settings: LaplaceSettings) -> Result<Self, TrainError> {
        Ok(Self { settings: settings.checked()? })
    }
}

impl Method for Laplace {
    fn name(&self) -> &'static str {
        "laplace"
    }

    fn sweeps(&self, images: u64) -> u64 {
        self.settings.schedule().sweeps(self.settings.images.min(images))
    }

    fn check(&self, images: u64) -> Result<(), TrainError> {
        let asked = self.settings.images;
        if images > 0 && asked > images {
            let why = format!("there are {images} training images; take so many, or fewer");
            return Err(TrainError::Setting {
                setting: "laplace.images".into(),
                value: asked.to_string(),
                why,
            });
        }
        Ok(())
    }

    fn check_network(&self, network: &dyn Architecture) -> Result<(), TrainError> {
        Role::Classifier.check(self.name(), network)?;
        super::Curvature::check(self.settings.structure, network)
    }

    fn fit(
        &self,
        task: &Task,
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Posterior, TrainError> {
        let settings = &self.settings;
        let images = task.images.len() as u64;
        self.check(images)?;
        if settings.search.is_some() && task.held_out.is_empty() {
            return Err(TrainError::Setting {
                setting: "laplace.search".into(),
                value: "(as given)".into(),
                why: "it needs held-out images; hold some out, or give `scale` and `precision`".into(),
            });
        }
        let (mut learner, done) = LaplaceLearner::begin(settings, task)?;
        let asked = settings.images.min(images);
        settings.schedule().run_on(asked, task, done, &mut learner, observe)?;
        let LaplaceLearner { centre, curvature, .. } = learner;
        let gaussian = Gaussian::new(centre, &curvature, task.workers)?;
        let draws = |width| -> Vec<Member> {
            let noise = |chain| NoiseKey { seed: task.seed, purpose: Purpose::Parameters, sweep: 0, chain };
            let draw = |chain| gaussian.draw(width, &mut task.noise(noise(chain)));
            (0..settings.members).map(draw).collect()
        };
        let widths = settings.widths()?;
        let (width, tried) = match (&settings.search, &widths[..]) {
            (None, &[width]) => (width, vec![]),
            _ => search::likeliest(
                &*task.only_network()?.architecture,
                &widths,
                draws,
                task.held_out,
                task.workers,
            )?,
        };
        Ok(Posterior {
            members: draws(width),
            prediction: Prediction::MeanProbability,
            ensemble_gradient: EnsembleGradient::Predictive,
            mixing: None,
            regime: None,
            precisions: vec![],
            laplace: Some(LaplaceFit {
                structure: settings.structure.name(),
                images: curvature.images(),
                scale: width.scale,
                precision: width.precision,
                tried,
            }),
            class_names: None,
            columns: None,
        })
    }
}
