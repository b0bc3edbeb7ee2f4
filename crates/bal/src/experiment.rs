//! Experiments: everything that determines a run, in one file.

mod meaning;
mod request;

use crate::{
    Note, Refusal, Session,
    dataset::{Counted, DataSource},
    overrides,
    own_images::ImageSettings,
};
use anyhow::{Context, Result, bail};
use bal_attacks::{AttackName, AttackSpec, Radius, SettingError, Settings, Within};
use bal_baselines::{AdversarialTraining, Bal, BalSettings, Epochs, Wrm, WrmSettings};
use bal_core::{Architecture, Method};
use bal_data::Digest;
use bal_models::{Bfloat16, Sizes};
use bal_samplers::{Adam, AdamSettings};
pub use meaning::Meaning;
pub use request::{ExperimentRequest, Plan};
use schemars::JsonSchema;
use serde::{
    Deserialize, Serialize, Serializer,
    ser::{Error as _, SerializeStruct},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tch::Device;

/// An experiment file, complete: nothing has a default.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Name of its runs.
    pub name: String,
    /// Variant of the method, for methods with several: `released`, `paper` or `exact` (docs/paper.md).
    pub preset: Option<String>,
    /// Data set: mnist, fashion-mnist, gtsrb, gtsrb-paper, or the path of images of your own.
    ///
    /// A folder or a table of images where `[images]` says how it is read.
    pub dataset: String,
    /// Network: `cnn`, or `stn`, which has a spatial transformer.
    pub architecture: String,
    /// Numbers that the network computes with; bf16 is for processors that have it.
    ///
    /// Records of before it could be chosen lack it; they are fp32.
    #[serde(default)]
    pub precision: Precision,
    /// Seed of all randomness: the same seed gives the same bits.
    pub seed: u64,
    /// Training images that are used, after those held out; at least 1.
    pub train_images: usize,
    /// Training images kept apart for tuning and diagnostics.
    pub held_out: usize,
    /// Batches from one checkpoint to the next, at least 1.
    pub checkpoint_every: u64,
    /// How images of the user's own are read.
    pub images: Option<ImageSettings>,
    /// What the weights start from; without it, initial weights.
    pub start: Option<Start>,
    /// Empirical risk minimisation. Exactly one of this and the following is the method.
    pub erm: Option<ErmSettings>,
    /// Adversarial training.
    pub adversarial_training: Option<AdversarialSettings>,
    /// Adversarial training with a penalty for distance, instead of a ball (WRM).
    pub wrm: Option<WrmTraining>,
    /// A Bayesian neural network on clean data.
    pub bnn: Option<BalSettings>,
    /// Bayesian adversarial learning.
    pub bal: Option<BalSettings>,
}

/// The numbers that a network's passes are made of; weights, images and noise are always fp32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision.
    #[default]
    Fp32,
    /// bfloat16.
    Bf16,
}

/// What a run starts from.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Experiment, beside this file, whose weights the run starts from.
    ///
    /// It is trained with this run's seed, unless a finished run of it is found.
    pub experiment: PathBuf,
}

/// `[erm]`.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErmSettings {
    /// Passes over the images, in batches.
    pub schedule: Epochs,
    /// The optimizer.
    pub adam: AdamSettings,
}

/// `[adversarial_training]`.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdversarialSettings {
    /// Passes over the images, in batches.
    pub schedule: Epochs,
    /// The optimizer.
    pub adam: AdamSettings,
    /// Share of the clean images' loss beside the adversarial ones', in `[0, 1]`.
    pub clean_weight: f64,
    /// The attack on each batch.
    pub attack: AttackTable,
}

/// `[adversarial_training.attack]`; its settings are those that the attack has, all of them.
#[derive(Clone, Debug, JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackTable {
    /// Attack that makes the adversarial images.
    pub name: String,
    /// Radius of the attack's ball, in its norm, on pixels in [0, 1].
    #[schemars(with = "f64")]
    pub radius: Radius,
    /// Of the attack.
    #[schemars(with = "AttackSpec")]
    pub settings: Settings,
}

impl AttackTable {
    fn spec(&self) -> Result<AttackSpec, SettingError> {
        self.name.parse::<AttackName>()?.of_file(&self.settings)
    }

    fn attack(&self) -> Result<Within> {
        Ok(Within::of(self.spec()?.build()?, self.radius.get())?)
    }
}

impl Serialize for AttackTable {
    /// Has the settings as the attack writes them, however they were said: digests are made of these bytes.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let settings = self.spec().map_err(S::Error::custom)?;
        let mut table = to.serialize_struct("AttackTable", 3)?;
        table.serialize_field("name", &self.name)?;
        table.serialize_field("radius", &self.radius)?;
        table.serialize_field("settings", &settings)?;
        table.end()
    }
}

/// `[wrm]`.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrmTraining {
    /// Passes over the images, in batches.
    pub schedule: Epochs,
    /// The optimizer.
    pub adam: AdamSettings,
    /// Share of the clean images' loss beside the adversarial ones', in `[0, 1]`.
    pub clean_weight: f64,
    /// How images are moved.
    pub ascent: WrmSettings,
}

/// Where an experiment was read from: what its `start.experiment` is relative to.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A file; others are beside it.
    File(PathBuf),
    /// The program.
    BuiltIn,
}

/// The experiments that `bal train` knows without a file.
const BUILT_IN: [(&str, &str); 9] = [
    ("mnist-bal-released.toml", include_str!("../experiments/mnist-bal-released.toml")),
    ("mnist-erm.toml", include_str!("../experiments/mnist-erm.toml")),
    ("mnist-bal-paper.toml", include_str!("../experiments/mnist-bal-paper.toml")),
    ("mnist-bal-exact.toml", include_str!("../experiments/mnist-bal-exact.toml")),
    ("mnist-bnn.toml", include_str!("../experiments/mnist-bnn.toml")),
    ("mnist-fgsm.toml", include_str!("../experiments/mnist-fgsm.toml")),
    ("mnist-ifgsm.toml", include_str!("../experiments/mnist-ifgsm.toml")),
    ("mnist-pgd.toml", include_str!("../experiments/mnist-pgd.toml")),
    ("mnist-wrm.toml", include_str!("../experiments/mnist-wrm.toml")),
];

impl Experiment {
    /// Reads the experiment of `origin`, the built-in `name` where it has no file, with settings
    /// changed as `--set` and `--seed` say.
    pub fn read(origin: &Origin, name: &str, set: &[String], seed: Option<u64>) -> Result<Self> {
        let (text, title) = match origin {
            Origin::File(path) => (
                std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read the experiment {}", path.display()))?,
                path.display().to_string(),
            ),
            Origin::BuiltIn => {
                let (_, text) = BUILT_IN.iter().find(|(n, _)| *n == name).context("no such experiment")?;
                ((*text).to_string(), format!("the built-in experiment {name}"))
            }
        };
        let mut table: toml::Table = text.parse().with_context(|| format!("{title} is not valid TOML"))?;
        for change in set {
            overrides::apply(&mut table, change)?;
        }
        if let Some(seed) = seed {
            let seed = i64::try_from(seed).map_err(|_| Refusal::of_request("the seed is above 2^63 - 1"))?;
            table.insert("seed".into(), seed.into());
        }
        let text = toml::to_string(&table)?;
        let experiment: Self = toml::from_str(&text).with_context(|| format!("{title} cannot be used"))?;
        experiment.method().with_context(|| format!("{title} cannot be used"))?;
        if experiment.checkpoint_every == 0 || experiment.train_images == 0 {
            bail!("{title} cannot be used: checkpoint_every and train_images must be at least 1");
        }
        Ok(experiment)
    }

    /// Files of the built-in experiments.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in default.
    pub fn built_in() -> &'static str {
        BUILT_IN[0].0
    }

    /// The same on another data set, all of whose training images are used but for those held out.
    pub fn on(self, dataset: &str, images: Option<ImageSettings>, session: &Session) -> Result<Self> {
        let own = Path::new(dataset).file_stem().map_or(dataset.into(), |name| name.to_string_lossy());
        let name = match self.name.strip_prefix(&self.dataset) {
            Some(rest) => format!("{own}{rest}"),
            None => format!("{own}-{}", self.name),
        };
        let changed = Self { dataset: dataset.into(), images, name, ..self };
        let Counted { train_images, held_out, apart } =
            changed.data(session).count(changed.held_out, changed.seed)?;
        match apart {
            Some(apart) if held_out == 0 => session.observer().note(&Note::news(format!(
                "{apart} images are left apart, as the experiment has held_out = 0"
            ))),
            Some(_) => session.observer().note(&Note::news(format!(
                "{held_out} images are held out as the data have them; none are drawn"
            ))),
            None => {}
        }
        Ok(Self { train_images, held_out, ..changed })
    }

    /// Where its images are.
    pub(crate) fn data<'a>(&'a self, session: &'a Session) -> DataSource<'a> {
        DataSource { name: &self.dataset, own: self.images.as_ref(), session }
    }

    /// The experiment that this one starts from, with the same seed and on the same images.
    pub fn start_experiment(&self, origin: &Origin) -> Result<Option<(Self, Origin)>> {
        let Some(start) = &self.start else { return Ok(None) };
        let name = start.experiment.display().to_string();
        let origin = match origin {
            Origin::File(path) => {
                Origin::File(path.parent().unwrap_or(Path::new(".")).join(&start.experiment))
            }
            Origin::BuiltIn => Origin::BuiltIn,
        };
        let mut first = Self::read(&origin, &name, &[], Some(self.seed))?;
        if first.dataset != self.dataset {
            let Self { dataset, images, architecture, train_images, held_out, .. } = self.clone();
            let name = format!("{}-to-start-from", self.name);
            first = Self { name, dataset, architecture, train_images, held_out, images, ..first };
        }
        Ok(Some((first, origin)))
    }

    /// The method that the experiment describes, its settings checked.
    pub fn method(&self) -> Result<Box<dyn Method>> {
        let Self { erm, adversarial_training, wrm, bnn, bal, .. } = self;
        Ok(match (erm, adversarial_training, wrm, bnn, bal) {
            (Some(s), None, None, None, None) => {
                Box::new(AdversarialTraining::erm(Adam::new(s.adam)?, s.schedule)?)
            }
            (None, Some(s), None, None, None) => Box::new(AdversarialTraining::new(
                Box::new(s.attack.attack()?),
                Adam::new(s.adam)?,
                s.schedule,
                s.clean_weight,
            )?),
            (None, None, Some(s), None, None) => {
                let ascent = Box::new(Wrm::new(s.ascent)?);
                Box::new(AdversarialTraining::new(ascent, Adam::new(s.adam)?, s.schedule, s.clean_weight)?)
            }
            (None, None, None, Some(s), None) => {
                if s.data.is_some() {
                    bail!("[bnn] has no [bnn.data]: its data stay clean; use [bal]");
                }
                Box::new(Bal::new(s.clone())?)
            }
            (None, None, None, None, Some(s)) => {
                if s.data.is_none() {
                    bail!("[bal] needs [bal.data], how the adversarial data move");
                }
                Box::new(Bal::new(s.clone())?)
            }
            _ => bail!(
                "exactly one of the tables [erm], [adversarial_training], [wrm], [bnn], [bal] is needed"
            ),
        })
    }

    /// Refuses, before anything is trained, an inner attack that is not defined for so many classes, or whose ball holds
    /// every image of this size.
    pub(crate) fn suits(&self, sizes: Sizes) -> Result<()> {
        let Some(settings) = &self.adversarial_training else { return Ok(()) };
        let attack = settings.attack.attack()?;
        attack
            .suits(sizes.classes, sizes.input.iter().product())
            .with_context(|| format!("[adversarial_training.attack] does not suit {}", self.dataset))
    }

    /// The network for images and classes of these sizes, and the same as training computes it on `device`.
    pub(crate) fn architectures(&self, sizes: Sizes, device: Device) -> Result<[Arc<dyn Architecture>; 2]> {
        let network = bal_models::architecture(&self.architecture, Some(sizes))?;
        let trained = match self.precision {
            Precision::Fp32 => network.clone(),
            Precision::Bf16 => Arc::new(Bfloat16::new(network.clone(), device)?),
        };
        Ok([network, trained])
    }

    /// Passes over the training images.
    pub fn epochs(&self) -> Epochs {
        let tables = [
            self.erm.as_ref().map(|s| s.schedule),
            self.adversarial_training.as_ref().map(|s| s.schedule),
            self.wrm.as_ref().map(|s| s.schedule),
            self.bnn.as_ref().map(|s| s.schedule),
            self.bal.as_ref().map(|s| s.schedule),
        ];
        tables.into_iter().flatten().next().unwrap_or(Epochs::new(1, 1))
    }

    /// The settings of a method that runs chains; `None` for a point estimate.
    pub fn chains(&self) -> Option<&BalSettings> {
        self.bal.as_ref().or(self.bnn.as_ref())
    }

    /// SHA-256 of everything that determines the run's weights, with `start` the digest of what it
    /// starts from and `data` the digests of its data files.
    pub(crate) fn digest<'a>(
        &self,
        start: &str,
        data: impl Iterator<Item = (&'a String, &'a String)>,
    ) -> Result<String> {
        let data: Vec<_> = data.collect();
        Ok(Digest::of(&serde_json::to_vec(&(self.relevant(), start, data))?).to_string())
    }

    /// Whether the settings that determine the weights are the same; the data and the start may differ.
    pub fn is_like(&self, other: &Self) -> Result<bool> {
        Ok(serde_json::to_value(self.relevant())? == serde_json::to_value(other.relevant())?)
    }

    /// What determines the weights, beside the data and the start.
    fn relevant(&self) -> Self {
        // How often checkpoints are written changes no weight, and the name and the path of the
        // start neither; nor does where the user keeps images whose own digests are in the data's.
        let dataset = if self.images.is_some() { String::new() } else { self.dataset.clone() };
        Self { checkpoint_every: 1, name: String::new(), start: None, dataset, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments")
    }

    fn names() -> Vec<String> {
        let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|e| e == "toml"));
        let names = files.map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
        names.filter(|name| name != "quick.toml").collect()
    }

    #[test]
    fn every_experiment_of_the_project_can_be_used_and_so_can_its_start() {
        let names = names();
        assert!(names.len() >= 23, "{names:?}");
        for name in names {
            let origin = Origin::File(folder().join(&name));
            let experiment = Experiment::read(&origin, "", &[], None).unwrap();
            assert_eq!(format!("{}.toml", experiment.name), name);
            let start = experiment.start_experiment(&origin).unwrap();
            let from_nothing = name.ends_with("-erm.toml") || name.ends_with("-scratch.toml");
            assert_eq!(start.is_some(), !from_nothing);
        }
    }

    fn pgd(set: &[&str]) -> Result<Experiment> {
        let set: Vec<String> = set.iter().map(ToString::to_string).collect();
        Experiment::read(&Origin::BuiltIn, "mnist-pgd.toml", &set, None)
    }

    #[test]
    fn a_radius_may_be_a_fraction_and_none_holds_every_image() {
        let radius = |text: &str| pgd(&[&format!("adversarial_training.attack.radius={text}")]);
        let eight = radius("\"8/255\"").unwrap();
        let written = toml::to_string(&eight).unwrap();
        assert!(written.contains("radius = 0.03137254901960784"), "{written}");
        assert_eq!(written, toml::to_string(&radius("8/255").unwrap()).unwrap());
        for (text, said) in [("8", "8 of 255 levels of grey are 8/255"), ("8/0", "`8/0`"), ("-0.1", "-0.1")] {
            let error = format!("{:#}", radius(text).unwrap_err());
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn an_inner_attack_that_does_not_suit_the_images_is_refused_before_they_are_trained_on() {
        let sizes = |classes| Sizes { input: [1, 28, 28], classes };
        let said = |set: &[&str], classes| match pgd(set).unwrap().suits(sizes(classes)) {
            Ok(()) => String::new(),
            Err(error) => format!("{error:#}"),
        };
        let dlr =
            ["adversarial_training.attack.settings={ norm = \"linf\", steps = 5, step_size = \"radius/4\", \
                    restarts = 1, ensemble_gradient = \"predictive\", loss = \"dlr\" }"];
        assert_eq!(said(&dlr, 3), "");
        assert!(said(&dlr, 2).contains("the dlr loss needs a model of at least 3 classes, got one of 2"));
        let wide = ["adversarial_training.attack.settings.norm=l2", "adversarial_training.attack.radius=29"];
        assert!(said(&wide, 10).contains("the l2 radius 29 is more than 28"), "{}", said(&wide, 10));
        assert_eq!(said(&wide[..1], 10), "");
    }

    #[test]
    fn without_a_file_it_is_bal_as_released_started_from_the_built_in_erm() {
        let experiment = Experiment::read(&Origin::BuiltIn, Experiment::built_in(), &[], None).unwrap();
        assert_eq!(
            (experiment.name.as_str(), experiment.preset.as_deref()),
            ("mnist-bal-released", Some("released"))
        );
        assert_eq!(experiment.method().unwrap().name(), "bal");
        let (start, _) = experiment.start_experiment(&Origin::BuiltIn).unwrap().unwrap();
        assert_eq!(start.name, "mnist-erm");
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        for name in names() {
            let experiment = Experiment::read(&Origin::File(folder().join(name)), "", &[], Some(7)).unwrap();
            let text = toml::to_string(&experiment).unwrap();
            let back: Experiment = toml::from_str(&text).unwrap();
            assert_eq!(serde_json::to_value(&experiment).unwrap(), serde_json::to_value(&back).unwrap());
            assert_eq!(back.seed, 7);
        }
    }

    #[test]
    fn the_digest_follows_what_changes_weights_and_nothing_else() {
        let read = |set: &[&str]| {
            let set: Vec<String> = set.iter().map(ToString::to_string).collect();
            let experiment = Experiment::read(&Origin::BuiltIn, Experiment::built_in(), &set, None).unwrap();
            experiment.digest("start", std::iter::empty()).unwrap()
        };
        assert_eq!(read(&[]), read(&["checkpoint_every=3", "name=\"other\""]));
        assert_ne!(read(&[]), read(&["seed=2"]));
        assert_ne!(read(&[]), read(&["bal.data.temperature=0.0"]));
    }
}
