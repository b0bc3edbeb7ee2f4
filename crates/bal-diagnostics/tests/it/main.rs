//! Agreement with `ArviZ`, whose answers `fixtures/reference.py` wrote down.

use bal_diagnostics::{Draws, Obstacle, Quantity};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Reference {
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    draws: Vec<Vec<Number>>,
    r_hat: Number,
    bulk: Number,
    tail: Number,
    mean: Number,
    sd: Number,
}

/// A number, or the text of one that JSON lacks.
#[derive(Clone, Copy)]
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
        number.map(Self).ok_or_else(|| serde::de::Error::custom("no number"))
    }
}

/// Both no number, equal, or within 1e-6 of each other, relative to what is above 1.
#[expect(clippy::float_cmp, reason = "infinities are equal, and have no difference")]
fn agree(found: f64, expected: f64) -> bool {
    let near = (found - expected).abs() <= 1e-6 * expected.abs().max(1.0);
    found.is_nan() && expected.is_nan() || found == expected || near
}

fn cases() -> BTreeMap<String, (Draws, Case)> {
    let reference: Reference = serde_json::from_str(include_str!("../fixtures/reference.json")).unwrap();
    let draws = |case: &Case| {
        let numbers = |chain: &Vec<Number>| chain.iter().map(|number| number.0).collect();
        Draws::new(case.draws.iter().map(numbers).collect()).unwrap()
    };
    reference.cases.into_iter().map(|(name, case)| (name, (draws(&case), case))).collect()
}

#[test]
fn every_number_is_that_of_arviz() {
    let cases = cases();
    assert!(cases.len() > 25);
    for (name, (draws, case)) in cases {
        let found = Quantity::measure(&name, &draws);
        for (what, found, expected) in [
            ("R-hat", found.r_hat, case.r_hat),
            ("bulk ESS", found.bulk, case.bulk),
            ("tail ESS", found.tail, case.tail),
            ("mean", found.mean, case.mean),
            ("deviation", found.sd, case.sd),
        ] {
            assert!(agree(found, expected.0), "{name}: {what} is {found}, ArviZ says {}", expected.0);
        }
    }
}

#[test]
fn where_there_is_no_number_the_reason_is_given() {
    for (name, (draws, _)) in cases() {
        let found = Quantity::measure(&name, &draws);
        let expected = match name.as_str() {
            "constant" | "constant, odd" => Some(Obstacle::Constant),
            "not a number" | "all not a number" => Some(Obstacle::NotFinite),
            "one chain" => Some(Obstacle::OneChain),
            "three draws" => Some(Obstacle::FewDraws(3)),
            "one draw" => Some(Obstacle::FewDraws(1)),
            _ => None,
        };
        assert_eq!(found.obstacle, expected, "{name}");
        assert_eq!(found.r_hat.is_nan(), expected.is_some(), "{name}");
    }
}

#[test]
fn infinite_draws_have_no_diagnosis() {
    for odd in [f64::INFINITY, f64::NEG_INFINITY] {
        let draws = Draws::new(vec![vec![1.0, 2.0, 4.0, 3.0, 2.0], vec![2.0, odd, 1.0, 5.0, 4.0]]).unwrap();
        let found = Quantity::measure("x", &draws);
        assert!(found.r_hat.is_nan() && found.bulk.is_nan() && found.tail.is_nan());
        assert_eq!(found.obstacle, Some(Obstacle::NotFinite));
    }
}
