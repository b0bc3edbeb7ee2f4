//! A page of runs whose numbers are formulas.

use bal_page::{Answers, Attacked, Example, Page, Run, Seen, Trace};
use bal_report::{Answer, Evaluation, Record, testing};
use serde_json::json;
use std::collections::BTreeMap;

/// What no page may take for markup.
pub(crate) const HOSTILE: &str = "<script>throw 1</script>\"'&amp;<img src=x onerror=throw>";

pub(crate) const IMAGES: usize = 300;

/// A page of so many runs, of images of so many classes, the second run with a hostile name.
pub(crate) fn page(runs: usize, classes: usize) -> Page {
    let name = |i: usize| if i == 1 { HOSTILE.to_string() } else { format!("mnist-run-{i}") };
    Page {
        title: "Sample of runs".into(),
        command: "bal report runs/a runs/b --out page.html".into(),
        made_by: "bal 0.1.0, LibTorch 2.13.0".into(),
        runs: (0..runs).map(|i| run(i, name(i), classes)).collect(),
    }
}

fn run(i: usize, name: String, classes: usize) -> Run {
    // Numbers that look drawn, and are not.
    let wave = |x: usize| ((x * 7919 + i * 104_729) % 1000) as f64 / 1000.0;
    let falling =
        |scale: f64| (1..=150).map(|s| (s as u64 * 3, scale / s as f64 + wave(s) * 0.02 * scale)).collect();
    let curves = BTreeMap::from([
        ("loss".to_string(), falling(2.3)),
        ("linf".into(), falling(0.1)),
        ("l2".into(), falling(1.4)),
        ("data_energy".into(), falling(-9.0)),
        ("parameter_energy".into(), falling(0.9)),
    ]);
    let traces = (0..8).map(|t| Trace {
        name: format!("log p(y | x) of image {t} [nats]"),
        chains: (0..4).map(|c| (0..250).map(|d| wave(d * 31 + c * 77 + t) - 1.0).collect()).collect(),
        r_hat: (t != 3).then_some(1.0 + 0.004 * t as f64),
        ess_bulk: Some(812.4 - t as f64),
        ess_tail: Some(433.0),
    });
    Run {
        record: Record {
            method: "bal".into(),
            preset: Some("exact".into()),
            seed: i as u64,
            experiment: json!({"name": name, "seed": i, "bal": {"data": {"step_size": 0.026, "temperature": 1e-5},
                "schedule": {"epochs": 2, "batch_size": 256}}, "start": null}),
            units: BTreeMap::from([("parameters.posterior_temperature".into(), 0.999_991)]),
            curves,
            held_out: Some(0.99),
            ..testing::record(&name)
        },
        training_accuracy: falling(-0.1).into_iter().map(|(s, v): (u64, f64)| (s, 0.95 + v)).collect(),
        traces: traces.collect(),
        evaluations: ["fgsm", "pgd"].iter().map(|attack| evaluation(attack, i)).collect(),
        answers: Some(answers(classes, &wave)),
        name,
    }
}

fn evaluation(attack: &str, i: usize) -> Evaluation {
    let radii: Vec<f64> = (0..7).map(|r| f64::from(r) / 40.0).collect();
    let flags: Vec<Vec<bool>> = (0..radii.len())
        .map(|r| (0..IMAGES).map(|image| (image * 37 + i * 11) % 100 > 1 + r * (4 + 3 * i) % 100).collect())
        .collect();
    testing::evaluation_of(attack, radii.into_iter().map(Some).collect(), &flags)
}

fn answers(classes: usize, wave: &impl Fn(usize) -> f64) -> Answers {
    let seen = |image: usize, sure: f64| {
        let label = image % classes;
        let own = 0.05 + 0.95 * (1.0 - (1.0 - wave(image)).powi(3)) * sure;
        let other = (label + 1 + image % 3) % classes;
        let rest = (1.0 - own) * 0.2 / (classes - 2) as f64;
        let mut probabilities = vec![rest; classes];
        probabilities[label] = own;
        probabilities[other] = (1.0 - own) * 0.8;
        let entropy = -probabilities.iter().map(|p| p * p.max(1e-30).ln()).sum::<f64>();
        let answer = Answer { probabilities, label };
        Seen { answer, predictive_entropy: entropy, mutual_information: entropy * wave(image + 5) * 0.5 }
    };
    let example = |image: usize| Example {
        moved: None,
        number: image as i64,
        shape: [1, 28, 28],
        clean: (0..784).map(|p| if (p / 28 + p % 28 + image) % 9 < 3 { 1.0 } else { 0.0 }).collect(),
        attacked: (0..784)
            .map(|p| if (p / 28 + p % 28 + image) % 9 < 3 { 0.9 } else { 0.1 * ((p * 13) % 2) as f32 })
            .collect(),
        clean_seen: seen(image, 1.0),
        attacked_seen: seen(image, 0.3),
    };
    Answers {
        images: format!("the first {IMAGES} test images of mnist"),
        classes: (0..classes).map(|c| c.to_string()).collect(),
        members: 4,
        clean: (0..IMAGES).map(|image| seen(image, 1.0)).collect(),
        attacked: Some(Attacked {
            attack: "pgd, 40 steps".into(),
            norm: "linf".into(),
            radius: 0.1,
            seen: (0..100).map(|image| seen(image, 0.5)).collect(),
            examples: (0..6).map(example).collect(),
        }),
    }
}
