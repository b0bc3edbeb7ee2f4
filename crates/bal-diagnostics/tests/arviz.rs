//! The same draws, the same numbers as arviz; `fixtures/ask_arviz.py` asked it.

use bal_diagnostics::{Draws, bulk_ess, r_hat, tail_ess};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    chains: Vec<Vec<f64>>,
    r_hat: Option<f64>,
    bulk_ess: Option<f64>,
    tail_ess: Option<f64>,
}

#[test]
fn r_hat_and_effective_sizes_are_those_of_arviz() {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/arviz.json")).unwrap();
    assert_eq!(fixture.cases.len(), 11);
    for case in fixture.cases {
        let draws = Draws::new(case.chains).unwrap();
        let pairs = [
            ("R-hat", r_hat(&draws), case.r_hat),
            ("bulk", bulk_ess(&draws), case.bulk_ess),
            ("tail", tail_ess(&draws), case.tail_ess),
        ];
        for (what, found, expected) in pairs {
            let (found, expected) = (found.unwrap(), expected.unwrap());
            assert!((found / expected - 1.0).abs() < 1e-6, "{}: {what} {found}, {expected}", case.name);
        }
    }
}

#[test]
fn a_constant_has_no_r_hat() {
    let draws = Draws::new(vec![vec![2.0; 10]; 2]).unwrap();
    assert_eq!(r_hat(&draws), None);
}
