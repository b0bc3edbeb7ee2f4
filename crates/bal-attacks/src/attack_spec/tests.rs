//! What is said of settings, what files have of them, and what is refused.

use super::*;
use crate::{Norm, StepSize};

fn settings(json: &str) -> Settings {
    serde_json::from_str(json).unwrap()
}

fn json(spec: &AttackSpec) -> String {
    serde_json::to_string(spec).unwrap()
}

/// Records and digests are made of these bytes.
#[test]
fn the_usual_settings_of_every_attack_are_written_so() {
    let ball = r#"{"norm":"linf","steps":100,"restarts":1,"ensemble_gradient":"predictive"}"#;
    let draws = r#"{"norm":"linf","draws":100}"#;
    let written = [
        ("fgsm", r#"{"norm":"linf","ensemble_gradient":"predictive"}"#),
        ("ifgsm", r#"{"norm":"linf","steps":10,"step_size":"radius/10","ensemble_gradient":"predictive"}"#),
        (
            "pgd",
            r#"{"norm":"linf","steps":40,"step_size":"radius/16","restarts":1,"ensemble_gradient":"predictive"}"#,
        ),
        ("cw-one-step", "{}"),
        ("cw-one-step-log-probabilities", "{}"),
        (
            "mi-fgsm",
            r#"{"norm":"linf","steps":10,"step_size":"radius/10","ensemble_gradient":"predictive","decay":1.0}"#,
        ),
        ("apgd-ce", ball),
        ("apgd-dlr", ball),
        ("apgd-confident", ball),
        (
            "apgd-t",
            r#"{"norm":"linf","steps":100,"restarts":1,"ensemble_gradient":"predictive","targets":9}"#,
        ),
        ("square", r#"{"norm":"linf","queries":5000,"initial_share":0.8}"#),
        (
            "autoattack",
            r#"{"norm":"linf","steps":100,"ensemble_gradient":"predictive","queries":5000,"rescale_schedule":false}"#,
        ),
        (
            "autoattack-rand",
            r#"{"norm":"linf","steps":100,"ensemble_gradient":"predictive","repetitions":20}"#,
        ),
        ("suite", r#"{"norm":"linf","steps":100,"restarts":1}"#),
        ("uniform-noise", draws),
        ("gaussian-noise", draws),
        ("fab", r#"{"norm":"linf","steps":100,"restarts":1,"targets":9}"#),
        ("cw", r#"{"norm":"l2","steps":1000,"step_size":0.01,"search_steps":9,"confidence":0.0}"#),
        ("deepfool", r#"{"norm":"linf","steps":50}"#),
        ("fmn", r#"{"norm":"linf","steps":100}"#),
        ("hop-skip-jump", r#"{"norm":"linf","queries":25000}"#),
        (
            "flow-pgd",
            r#"{"steps":40,"step_size":"radius/16","restarts":1,"ensemble_gradient":"predictive","loss":"margin"}"#,
        ),
        (
            "stadv",
            r#"{"steps":100,"step_size":0.05,"search_steps":6,"confidence":0.0,"initial_weight":0.01,"smoothing":0.0001}"#,
        ),
        ("pose", r#"{"rotations":31,"translations":5}"#),
        ("advgan", "{}"),
    ];
    assert_eq!(written.map(|(name, _)| name.parse::<AttackName>().unwrap()), AttackName::ALL);
    for (name, expected) in written {
        let name: AttackName = name.parse().unwrap();
        assert_eq!(json(&name.into()), expected, "{name}");
        assert_eq!(json(&name.of_file(&settings(expected)).unwrap()), expected, "{name}");
    }
}

#[test]
fn every_attack_is_made_from_its_defaults_and_gives_them_back() {
    for name in AttackName::ALL {
        let usual = AttackSpec::from(name);
        assert_eq!((usual.name(), name.with(&Settings::default()).unwrap()), (name, usual));
        let attack = usual.build().unwrap();
        assert_eq!((attack.name(), attack.norm()), (name.name(), usual.norm()));
    }
}

#[test]
fn what_is_said_wins_over_the_defaults() {
    let said = Settings::default().with("norm", Norm::L2).with("step_size", StepSize::Absolute(0.5));
    let step_size = StepSize::Absolute(0.5);
    let expected = PgdSettings { norm: Norm::L2, step_size, ..PgdSettings::default() };
    assert_eq!(AttackName::Pgd.with(&said).unwrap(), AttackSpec::Pgd(expected));
}

#[test]
fn a_loss_that_is_not_said_is_the_cross_entropy_and_another_is_kept() {
    for name in [AttackName::Ifgsm, AttackName::Pgd, AttackName::MiFgsm] {
        let usual = AttackSpec::from(name);
        let said = Settings::default().with("loss", LossName::CrossEntropy);
        assert_eq!(name.with(&said).unwrap(), usual);
        assert_eq!(name.of_file(&usual.settings()).unwrap(), usual);
        let dlr = usual.settings().with("loss", LossName::Dlr);
        assert!(json(&name.of_file(&dlr).unwrap()).contains(r#""loss":"dlr""#));
    }
    let dlr = MiFgsmSettings { loss: LossName::Dlr, ..MiFgsmSettings::default() };
    assert!(json(&AttackSpec::MiFgsm(dlr)).ends_with(r#""loss":"dlr","decay":1.0}"#));
}

#[test]
fn a_schedule_of_square_is_written_where_it_is_not_rescaled_and_rescaled_where_it_is_absent() {
    let rescaled = AutoAttackSettings { rescale_schedule: true, ..AutoAttackSettings::default() };
    let spec = AttackSpec::AutoAttack(rescaled);
    assert!(!json(&spec).contains("rescale_schedule"));
    assert_eq!(AttackName::AutoAttack.of_file(&spec.settings()).unwrap(), spec);
    assert_eq!(spec.following(EnsembleGradient::Predictive).unwrap(), spec);
    let fixed = SquareSettings { rescale_schedule: false, ..SquareSettings::default() };
    assert!(json(&AttackSpec::Square(fixed)).ends_with(r#","rescale_schedule":false}"#));
}

#[test]
fn a_random_step_of_fgsm_is_written_where_there_is_one_and_absent_means_none() {
    let usual = AttackSpec::from(AttackName::Fgsm);
    assert_eq!(AttackName::Fgsm.with(&Settings::default().with("random_step", 0.0)).unwrap(), usual);
    let half = AttackName::Fgsm.with(&Settings::default().with("random_step", 0.5)).unwrap();
    assert_eq!(json(&half), r#"{"norm":"linf","ensemble_gradient":"predictive","random_step":0.5}"#);
    assert_eq!(AttackName::Fgsm.of_file(&half.settings()).unwrap(), half);
    let whole = AttackName::Fgsm.with(&Settings::default().with("random_step", 1.0)).unwrap();
    assert_eq!(whole.build().unwrap_err().to_string(), "random_step must be >= 0 and < 1, got 1");
}

#[test]
fn a_setting_that_the_attack_does_not_have_is_refused() {
    for (name, foreign, value) in [
        (AttackName::Fgsm, "steps", 5.0),
        (AttackName::Ifgsm, "restarts", 1.0),
        (AttackName::CwOneStep, "norm", 0.0),
        (AttackName::Square, "steps", 5.0),
        (AttackName::ApgdCe, "step_size", 0.1),
        (AttackName::AutoAttack, "step_size", 0.1),
        (AttackName::ApgdT, "loss", 0.0),
        (AttackName::Pgd, "step", 3.0),
    ] {
        let said = Settings::default().with(foreign, value);
        let usual = AttackSpec::from(name).settings();
        for error in [name.with(&said), name.of_file(&usual.with_all(&said))] {
            let error = error.unwrap_err().to_string();
            assert_eq!(error, format!("the attack {name} has no setting `{foreign}`; leave it out"));
        }
    }
    // Of several, the first that was said.
    let said = settings(r#"{"steps":1,"restarts":1,"decay":1}"#);
    assert!(AttackName::Fgsm.with(&said).unwrap_err().to_string().contains("`steps`"));
}

#[test]
fn a_value_of_a_wrong_type_or_that_is_not_known_is_refused_with_the_name_of_its_setting() {
    for (name, said, expected) in [
        (
            "pgd",
            r#"{"steps":-1}"#,
            "the setting `steps` of the attack pgd must be a whole number >= 0, got floating point `-1.0`",
        ),
        (
            "mi-fgsm",
            r#"{"decay":"much"}"#,
            "the setting `decay` of the attack mi-fgsm must be a number, got string \"much\"",
        ),
        (
            "cw",
            r#"{"abort_early":1}"#,
            "the setting `abort_early` of the attack cw must be a boolean, got integer `1`",
        ),
        ("pgd", r#"{"norm":"l1"}"#, "unknown norm `l1`; known are linf, l2"),
        (
            "pgd",
            r#"{"loss":"hinge"}"#,
            "unknown loss `hinge`; known are cross-entropy, margin, dlr, confident",
        ),
        (
            "cw",
            r#"{"target":"cat"}"#,
            "unknown target `cat`; expected any-error, least-likely or the number of a class",
        ),
    ] {
        let error = name.parse::<AttackName>().unwrap().with(&settings(said)).unwrap_err().to_string();
        assert_eq!(error, expected);
    }
    let median = settings(r#"{"ensemble_gradient":"median"}"#);
    let error = AttackName::Fgsm.with(&median).unwrap_err().to_string();
    assert!(error.contains("predictive, member-mean"), "{error}");
    let confidence = Settings::default().with("confidence", f64::NAN);
    let error = AttackName::CarliniWagner.with(&confidence).unwrap().build().unwrap_err().to_string();
    assert_eq!(error, "confidence must be finite and >= 0, got NaN");
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
        let said = settings(said);
        let spec = name.with(&said).unwrap();
        assert_eq!(spec.settings(), AttackSpec::from(name).settings().with_all(&said));
        assert_eq!(name.of_file(&spec.settings()).unwrap(), spec);
        let error = AttackName::Square.with(&said).unwrap_err();
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
        (AttackName::CarliniWagner, r#"{"target":"any-error","initial_weight":0.001,"abort_early":true}"#),
        (AttackName::HopSkipJump, r#"{"draws":1000,"first_samples":100,"most_samples":10000}"#),
    ] {
        let said = name.with(&settings(said)).unwrap();
        let usual = AttackSpec::from(name).settings().with_all(&said.settings().only(|key, _| key == "norm"));
        assert_eq!(said.settings(), usual, "{name}");
    }
}

#[test]
fn fmn_takes_the_step_size_of_its_norm_where_none_is_said() {
    for norm in [Norm::LInf, Norm::L2] {
        let said = Settings::default().with("norm", norm);
        assert_eq!(AttackName::Fmn.with(&said).unwrap(), AttackSpec::Fmn(FmnSettings::of(norm)));
        let file = said.with("steps", 100u64);
        assert_eq!(AttackName::Fmn.of_file(&file).unwrap(), AttackSpec::Fmn(FmnSettings::of(norm)));
    }
}

#[test]
fn steps_that_no_radius_measures_are_a_number() {
    for name in [AttackName::CarliniWagner, AttackName::Fmn] {
        let said = |step_size| name.with(&Settings::default().with("step_size", step_size));
        assert!(said(StepSize::Absolute(0.5)).is_ok());
        let error = said(StepSize::RadiusOver(4.0)).unwrap_err().to_string();
        assert!(error.starts_with("a step size must be a number > 0"), "{error}");
        assert!(error.contains("where a number is wanted"), "{error}");
    }
}

#[test]
fn the_published_attack_of_carlini_and_wagner_knows_one_norm() {
    let linf = CarliniWagnerSettings { norm: Norm::LInf, ..CarliniWagnerSettings::default() };
    let error = AttackSpec::CarliniWagner(linf).build().unwrap_err().to_string();
    assert_eq!(error, "the attack cw knows the norm l2 only");
}

#[test]
fn a_setting_or_radius_that_is_missing_or_wrong_is_named() {
    let pgd = AttackSpec::from(AttackName::Pgd);
    let without = pgd.settings().only(|key, _| key != "restarts");
    let error = AttackName::Pgd.of_file(&without).unwrap_err().to_string();
    assert_eq!(error, "the attack pgd needs the setting `restarts`");
    let error = |spec: AttackSpec, radius| spec.build().unwrap().takes(radius).unwrap_err().to_string();
    assert!(error(pgd, None).contains("needs a radius"));
    assert!(error(pgd, Some(f64::NAN)).contains("got NaN"));
    assert!(error(AttackName::CwOneStep.into(), Some(0.1)).contains("has no radius"));
}

#[test]
fn an_attack_follows_the_gradient_that_it_is_given_if_it_follows_one() {
    for name in AttackName::ALL {
        let usual = AttackSpec::from(name);
        let other = usual.following(EnsembleGradient::MemberMean);
        match usual.ensemble_gradient() {
            Some(_) => {
                let other = other.unwrap();
                assert_eq!(other.ensemble_gradient(), Some(EnsembleGradient::MemberMean));
                assert_eq!(other.following(EnsembleGradient::Predictive).unwrap(), usual);
            }
            None => assert!(other.is_err(), "{name}"),
        }
    }
}

#[test]
fn the_record_says_which_loss_targeted_apgd_raises_for_few_classes() {
    let targeted = AttackSpec::from(AttackName::ApgdT);
    let few = serde_json::to_string(&targeted.recorded(3)).unwrap();
    assert!(few.ends_with(r#""ensemble_gradient":"predictive","loss":"margin","targets":9}"#), "{few}");
    assert_eq!(targeted.recorded(4), targeted.settings());
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let error = "pdg".parse::<AttackName>().unwrap_err().to_string();
    assert_eq!(
        error,
        "unknown attack `pdg`; known are fgsm, ifgsm, pgd, cw-one-step, cw-one-step-log-probabilities, \
         mi-fgsm, apgd-ce, apgd-dlr, apgd-confident, apgd-t, square, \
         autoattack, autoattack-rand, suite, uniform-noise, gaussian-noise, fab, cw, deepfool, fmn, \
         hop-skip-jump, flow-pgd, stadv, pose, advgan"
    );
}
