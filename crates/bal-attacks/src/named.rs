//! Attacks made from a name and settings, as commands and experiments give them.

use crate::{
    Apgd, ApgdLoss, Ascent, Attack, AttackError, AttackName, AttackSettings, AutoAttack, BallAttack,
    CarliniWagner, CarliniWagnerSettings, CwOneStep, DeepFool, DeepFoolSettings, Fab, FabSettings, Fgsm, Fmn,
    FmnSettings, HopSkipJump, HopSkipJumpSettings, Ifgsm, LossName, MiFgsm, NoiseLaw, Norm, Pgd, RandomNoise,
    Square, StepSize, Suite,
};
use bal_core::EnsembleGradient;
use std::cell::RefCell;

/// The attack of this name.
///
/// `settings` are complete: every setting of the attack and no other. A command fills in what its
/// user left out by `settings.or(&name.defaults())`. Absent may be the loss and Square's schedule, which are the
/// cross-entropy and rescaled then, as in files from before there was a choice, and those of an attack to the nearest error
/// that [`AttackName::defaults`] does not have.
///
/// # Errors
/// [`AttackError::MissingSetting`] or [`AttackError::ForeignSetting`] when what is given is not what the attack has, and
/// those of the attack's own `new`.
pub fn named(name: AttackName, settings: &AttackSettings) -> Result<Attack, AttackError> {
    let given = Given { attack: name.name(), settings, known: RefCell::default() };
    let attack = match name {
        AttackName::Fgsm => given.in_balls(Fgsm::new(given.ensemble_gradient()?))?,
        AttackName::Ifgsm => given.in_balls(Ifgsm::new(given.ascent()?)?)?,
        AttackName::Pgd => given.in_balls(Pgd::new(given.ascent()?, given.restarts()?)?)?,
        AttackName::CwOneStep => Attack::fixed(CwOneStep::Logits),
        AttackName::CwOneStepLogProbabilities => Attack::fixed(CwOneStep::LogProbabilities),
        AttackName::MiFgsm => {
            given.in_balls(MiFgsm::new(given.ascent()?, given.setting("decay", settings.decay)?)?)?
        }
        AttackName::ApgdCe => given.apgd(ApgdLoss::Untargeted(LossName::CrossEntropy))?,
        AttackName::ApgdDlr => given.apgd(ApgdLoss::Untargeted(LossName::Dlr))?,
        AttackName::ApgdConfident => given.apgd(ApgdLoss::Untargeted(LossName::Confident))?,
        AttackName::ApgdT => given.apgd(ApgdLoss::Targeted(given.setting("targets", settings.targets)?))?,
        AttackName::Square => {
            let share = given.setting("initial_share", settings.initial_share)?;
            given.in_balls(Square::new(given.queries()?, share)?.rescaled(given.rescales()))?
        }
        AttackName::AutoAttack => {
            let (steps, queries) = (given.steps()?, given.queries()?);
            let attack = AutoAttack::standard(steps, queries, given.ensemble_gradient()?)?;
            given.in_balls(attack.rescaled(given.rescales()))?
        }
        AttackName::AutoAttackRand => {
            let repetitions = given.setting("repetitions", settings.repetitions)?;
            given.in_balls(AutoAttack::rand(given.steps()?, repetitions, given.ensemble_gradient()?)?)?
        }
        AttackName::Suite => given.in_balls(Suite::posterior(given.steps()?, given.restarts()?)?)?,
        AttackName::UniformNoise => given.noise(NoiseLaw::Uniform)?,
        AttackName::GaussianNoise => given.noise(NoiseLaw::Gaussian)?,
        AttackName::Fab => Attack::nearest(given.fab()?),
        AttackName::CarliniWagner => Attack::nearest(given.carlini_wagner()?),
        AttackName::DeepFool => Attack::nearest(given.deepfool()?),
        AttackName::Fmn => Attack::nearest(given.fmn()?),
        AttackName::HopSkipJump => Attack::nearest(given.hop_skip_jump()?),
    };
    let known = given.known.into_inner();
    match settings.given().find(|setting| !known.contains(setting)) {
        Some(setting) => Err(AttackError::ForeignSetting { attack: given.attack, setting }),
        None => Ok(attack),
    }
}

/// What was given, to be taken out by those who need it.
struct Given<'a> {
    attack: &'static str,
    settings: &'a AttackSettings,
    /// The settings that were asked for: all that the attack has.
    known: RefCell<Vec<&'static str>>,
}

impl Given<'_> {
    fn norm(&self) -> Result<Norm, AttackError> {
        self.setting("norm", self.settings.norm)
    }

    fn in_balls(&self, attack: impl BallAttack + 'static) -> Result<Attack, AttackError> {
        Ok(Attack::in_balls(self.norm()?, attack))
    }

    fn ascent(&self) -> Result<Ascent, AttackError> {
        Ok(Ascent {
            steps: self.steps()?,
            step_size: self.setting("step_size", self.settings.step_size)?,
            loss: self.or("loss", self.settings.loss, LossName::CrossEntropy),
            ensemble_gradient: self.ensemble_gradient()?,
        })
    }

    fn apgd(&self, loss: ApgdLoss) -> Result<Attack, AttackError> {
        self.in_balls(Apgd::new(loss, self.steps()?, self.restarts()?, self.ensemble_gradient()?)?)
    }

    /// The published attack knows the L2 norm alone, and a step size in tanh space, which no radius measures.
    fn carlini_wagner(&self) -> Result<CarliniWagner, AttackError> {
        if self.norm()? != Norm::L2 {
            return Err(AttackError::OnlyL2(self.attack));
        }
        let usual = CarliniWagnerSettings::default();
        CarliniWagner::new(CarliniWagnerSettings {
            steps: self.steps()?,
            step_size: length(self.setting("step_size", self.settings.step_size)?)?,
            search_steps: self.setting("search_steps", self.settings.search_steps)?,
            confidence: self.setting("confidence", self.settings.confidence)?,
            target: self.or("target", self.settings.target, usual.target),
            initial_weight: self.or("initial_weight", self.settings.initial_weight, usual.initial_weight),
            abort_early: self.or("abort_early", self.settings.abort_early, usual.abort_early),
        })
    }

    fn fab(&self) -> Result<Fab, AttackError> {
        let usual = FabSettings::default();
        let settings = FabSettings {
            steps: self.steps()?,
            restarts: self.restarts()?,
            targets: self.setting("targets", self.settings.targets)?,
            greatest_pull: self.or("greatest_pull", self.settings.greatest_pull, usual.greatest_pull),
            overshoot: self.or("overshoot", self.settings.overshoot, usual.overshoot),
            backward: self.or("backward", self.settings.backward, usual.backward),
        };
        Fab::new(self.norm()?, settings)
    }

    fn deepfool(&self) -> Result<DeepFool, AttackError> {
        let usual = DeepFoolSettings::default();
        let settings = DeepFoolSettings {
            steps: self.steps()?,
            overshoot: self.or("overshoot", self.settings.overshoot, usual.overshoot),
            candidates: self.or("candidates", self.settings.candidates, usual.candidates),
        };
        DeepFool::new(self.norm()?, settings)
    }

    fn fmn(&self) -> Result<Fmn, AttackError> {
        let norm = self.norm()?;
        let usual = FmnSettings::of(norm);
        let step_size = StepSize::Absolute(usual.step_size);
        let settings = FmnSettings {
            steps: self.steps()?,
            step_size: length(self.or("step_size", self.settings.step_size, step_size))?,
            first_change: self.or("first_change", self.settings.first_change, usual.first_change),
            last_change: self.or("last_change", self.settings.last_change, usual.last_change),
        };
        Fmn::new(norm, settings)
    }

    fn hop_skip_jump(&self) -> Result<HopSkipJump, AttackError> {
        let usual = HopSkipJumpSettings::default();
        let settings = HopSkipJumpSettings {
            queries: self.queries()?,
            first_samples: self.or("first_samples", self.settings.first_samples, usual.first_samples),
            most_samples: self.or("most_samples", self.settings.most_samples, usual.most_samples),
            draws: self.or("draws", self.settings.draws, usual.draws),
        };
        HopSkipJump::new(self.norm()?, settings)
    }

    fn noise(&self, law: NoiseLaw) -> Result<Attack, AttackError> {
        self.in_balls(RandomNoise::new(law, self.setting("draws", self.settings.draws)?)?)
    }

    fn steps(&self) -> Result<u64, AttackError> {
        self.setting("steps", self.settings.steps)
    }

    fn queries(&self) -> Result<u64, AttackError> {
        self.setting("queries", self.settings.queries)
    }

    /// What settings from before there was a choice mean, too.
    fn rescales(&self) -> bool {
        self.or("rescale_schedule", self.settings.rescale_schedule, true)
    }

    fn restarts(&self) -> Result<u64, AttackError> {
        self.setting("restarts", self.settings.restarts)
    }

    fn ensemble_gradient(&self) -> Result<EnsembleGradient, AttackError> {
        self.setting("ensemble_gradient", self.settings.ensemble_gradient)
    }

    fn setting<T>(&self, setting: &'static str, value: Option<T>) -> Result<T, AttackError> {
        self.known.borrow_mut().push(setting);
        value.ok_or(AttackError::MissingSetting { attack: self.attack, setting })
    }

    /// A setting that may be absent.
    fn or<T>(&self, setting: &'static str, value: Option<T>, usual: T) -> T {
        self.known.borrow_mut().push(setting);
        value.unwrap_or(usual)
    }
}

/// The length of steps that no ball's radius measures.
fn length(step_size: StepSize) -> Result<f64, AttackError> {
    match step_size {
        StepSize::Absolute(length) => Ok(length),
        StepSize::RadiusOver(_) => {
            Err(AttackError::StepSize("radius/NUMBER, where a number is wanted".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attack_is_made_from_its_defaults_and_gives_them_back() {
        for name in AttackName::ALL {
            let attack = named(name, &name.defaults()).unwrap();
            assert_eq!(attack.name().parse::<AttackName>().unwrap(), name);
            assert_eq!(attack.settings(), name.defaults());
            assert_eq!(attack.norm(), name.defaults().norm);
        }
    }

    #[test]
    fn what_is_said_wins_over_the_defaults() {
        let said = AttackSettings {
            norm: Some(Norm::L2),
            step_size: Some(StepSize::Absolute(0.5)),
            ..AttackSettings::default()
        };
        let attack = named(AttackName::Pgd, &said.or(&AttackName::Pgd.defaults())).unwrap();
        assert_eq!(attack.norm(), Some(Norm::L2));
        assert_eq!(attack.settings().step_size, said.step_size);
        assert_eq!(attack.settings().steps, Some(40));
    }

    #[test]
    fn a_loss_that_is_not_said_is_the_cross_entropy_and_another_is_kept() {
        for name in [AttackName::Ifgsm, AttackName::Pgd, AttackName::MiFgsm] {
            let old = AttackSettings { loss: None, ..name.defaults() };
            assert_eq!(named(name, &old).unwrap().settings(), name.defaults());
            let dlr = AttackSettings { loss: Some(LossName::Dlr), ..name.defaults() };
            assert_eq!(named(name, &dlr).unwrap().settings(), dlr);
        }
    }

    #[test]
    fn a_setting_that_the_attack_does_not_have_is_refused() {
        for (name, foreign) in [
            (AttackName::Fgsm, "steps"),
            (AttackName::Ifgsm, "restarts"),
            (AttackName::CwOneStep, "norm"),
            (AttackName::Square, "steps"),
            (AttackName::ApgdCe, "step_size"),
            (AttackName::AutoAttack, "step_size"),
        ] {
            let settings = name.defaults().or(&AttackName::Pgd.defaults());
            let error = named(name, &settings).unwrap_err().to_string();
            assert_eq!(error, format!("the attack {name} has no setting `{foreign}`; leave it out"));
        }
    }

    #[test]
    fn every_setting_of_an_attack_to_the_nearest_error_can_be_said_and_is_kept_where_it_is_unusual() {
        for (name, said) in [
            (AttackName::DeepFool, r#"{"overshoot":0.1,"candidates":2}"#),
            (AttackName::Fab, r#"{"overshoot":0.1,"greatest_pull":0.2,"backward":0.5}"#),
            (AttackName::Fmn, r#"{"step_size":3.0,"first_change":0.1,"last_change":0.01}"#),
            (AttackName::CarliniWagner, r#"{"target":"3","initial_weight":0.1,"abort_early":false}"#),
            (AttackName::CarliniWagner, r#"{"target":"least-likely"}"#),
            (AttackName::HopSkipJump, r#"{"draws":5,"first_samples":10,"most_samples":20}"#),
        ] {
            let said: AttackSettings = serde_json::from_str(said).unwrap();
            let settings = said.or(&name.defaults());
            assert_eq!(named(name, &settings).unwrap().settings(), settings);
            let error = named(AttackName::Square, &said.or(&AttackName::Square.defaults())).unwrap_err();
            assert!(error.to_string().contains("the attack square has no setting"), "{error}");
        }
    }

    #[test]
    fn a_setting_that_is_said_to_be_as_usual_leaves_no_trace() {
        for (name, said) in [
            (AttackName::DeepFool, r#"{"overshoot":0.02,"candidates":9}"#),
            (AttackName::Fab, r#"{"overshoot":0.05,"greatest_pull":0.1,"backward":0.9}"#),
            (AttackName::Fmn, r#"{"step_size":10,"first_change":0.05,"last_change":0.001}"#),
            (AttackName::Fmn, r#"{"norm":"l2","step_size":1}"#),
            (
                AttackName::CarliniWagner,
                r#"{"target":"any-error","initial_weight":0.001,"abort_early":true}"#,
            ),
            (AttackName::HopSkipJump, r#"{"draws":1000,"first_samples":100,"most_samples":10000}"#),
        ] {
            let said: AttackSettings = serde_json::from_str(said).unwrap();
            let made = named(name, &said.or(&name.defaults())).unwrap();
            let usual = AttackSettings { norm: made.norm(), ..name.defaults() };
            assert_eq!(made.settings(), usual, "{name}");
        }
    }

    #[test]
    fn steps_that_no_radius_measures_are_a_number() {
        for name in [AttackName::CarliniWagner, AttackName::Fmn] {
            let step_size = Some(StepSize::RadiusOver(4.0));
            let settings = AttackSettings { step_size, ..name.defaults() };
            let error = named(name, &settings).unwrap_err().to_string();
            assert!(error.contains("where a number is wanted"), "{error}");
        }
    }

    #[test]
    fn a_setting_or_radius_that_is_missing_or_wrong_is_named() {
        let pgd = AttackName::Pgd.defaults();
        let without = AttackSettings { restarts: None, ..pgd };
        let error = named(AttackName::Pgd, &without).unwrap_err().to_string();
        assert!(error.contains("needs the setting `restarts`"));
        let error =
            |name, radius, settings| named(name, &settings).unwrap().takes(radius).unwrap_err().to_string();
        assert!(error(AttackName::Pgd, None, pgd).contains("needs a radius"));
        assert!(error(AttackName::Pgd, Some(f64::NAN), pgd).contains("got NaN"));
        let none = AttackSettings::default();
        assert!(error(AttackName::CwOneStep, Some(0.1), none).contains("has no radius"));
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = "pdg".parse::<AttackName>().unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown attack `pdg`; known are fgsm, ifgsm, pgd, cw-one-step, cw-one-step-log-probabilities, \
             mi-fgsm, apgd-ce, apgd-dlr, apgd-confident, apgd-t, square, \
             autoattack, autoattack-rand, suite, uniform-noise, gaussian-noise, fab, cw, deepfool, fmn, hop-skip-jump"
        );
    }
}
