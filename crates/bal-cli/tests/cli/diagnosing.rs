//! What a finished run says of its chains, and runs that have none to speak of.

use crate::small::{Small, stderr};
use bal_report::{Record, RunDiagnosis};
use std::fs;

/// Two chains of 9 sweeps: a draw of each image after every sweep, samples after sweeps 3, 4, .. 9.
fn trained() -> Small {
    let small = Small::new();
    small.edit("burn_in = 2, every = 3", "burn_in = 2, every = 1");
    small.succeed("train --experiment small.toml --out run");
    small
}

/// The command has to fail with this code and one line that says this, and write nothing.
fn refused(small: &Small, arguments: &str, code: i32, said: &str) {
    let before = small.listing();
    let output = small.bal(arguments);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments}: {error}");
    assert!(error.contains(said), "{arguments}: {error}");
    assert!(code == 2 || error.trim_end().lines().count() == 1, "{arguments}: {error}");
    assert!(output.stdout.is_empty(), "{arguments}");
    assert_eq!(before, small.listing(), "{arguments}");
}

#[test]
fn table_json_and_figure_say_the_same() {
    let small = trained();
    let text = small.succeed("diagnose run --json d.json --figure d.svg");
    let found = RunDiagnosis::read(&small.path("d.json")).unwrap();
    assert_eq!((found.method.as_str(), found.chains, found.sweeps), ("bal", 2, 9));
    let step_size = found.step_size.unwrap();
    assert_eq!(step_size.sampler, "sgadald");
    assert!((step_size.first - 0.01).abs() < 1e-12 && (step_size.last - 0.01).abs() < 1e-12);

    let names: Vec<&str> = found.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["log-probabilities", "weights", "energies"]);
    let [images, weights, energies] = &found.groups[..] else { panic!("{names:?}") };
    assert_eq!(images.quantities.len(), 4);
    assert!(images.quantities.iter().all(|q| (q.chains, q.draws) == (2, 9)));
    assert!(images.quantities.iter().all(|q| q.mean.unwrap() < 0.0 && q.r_hat.is_some()));
    assert!(weights.quantities.iter().all(|q| (q.chains, q.draws) == (2, 7)));
    assert!(weights.quantities.iter().any(|q| q.name.starts_with("weight:conv1.weight[")));
    let of = |name: &str| energies.quantities.iter().find(|q| q.name == name).unwrap();
    for name in ["parameter-energy", "data-energy", "loss"] {
        assert_eq!((of(name).chains, of(name).draws, of(name).r_hat), (1, 9, None));
        assert!(
            of(name).bulk_ess.is_some()
                && of(name).obstacle.as_ref().unwrap().contains("a mean over the chains")
        );
    }

    assert!(text.contains("step size of sgadald: 0.01"), "{text}");
    let sampler = found.sampler.unwrap();
    assert_eq!((sampler.name.as_str(), sampler.energy.as_str()), ("sgadald", "mean"));
    assert_eq!(sampler.temperature_quantiles.len(), 3);
    assert!(text.contains("\nsampler sgadald: all weights of all chains"), "{text}");
    assert!(text.contains("% of the weights are at the preconditioner's floor"), "{text}");
    assert!(text.ends_with(&format!("verdict: {}\n", found.verdict)), "{text}");
    assert!(found.verdict.starts_with("by log-probabilities, the chains "), "{}", found.verdict);
    let svg = fs::read_to_string(small.path("d.svg")).unwrap();
    let worst = &images.quantities[images.worst_first[0]];
    let title = format!("{}: R-hat {:.3}", worst.name, worst.r_hat.unwrap());
    assert!(svg.contains(&title), "{title}");
    assert!(text.contains(&format!("{:.4}", worst.r_hat.unwrap())), "{text}");
    // A curve for each chain of four images and four weights, and one for each of three energies.
    assert_eq!(svg.matches("<path class=\"line\"").count(), 2 * 4 + 2 * 4 + 3);

    small.succeed("diagnose run --figure d.png");
    assert!(fs::read(small.path("d.png")).unwrap().starts_with(b"\x89PNG"));
    small.succeed("diagnose run --json again.json");
    assert_eq!(fs::read(small.path("d.json")).unwrap(), fs::read(small.path("again.json")).unwrap());
}

#[test]
fn a_run_of_before_samplers_were_measured_is_diagnosed_without() {
    let small = trained();
    let path = small.path("run").join("record.json");
    let mut record = Record::read(&path).unwrap();
    assert_eq!(record.sampler.take().map(|sampler| sampler.name), Some("sgadald".into()));
    record.write(&path).unwrap();
    let text = small.succeed("diagnose run --json d.json");
    assert!(!text.contains("sampler sgadald"), "{text}");
    assert!(!fs::read_to_string(small.path("d.json")).unwrap().contains("floor_share"));
}

#[test]
fn traces_do_not_depend_on_an_interruption_or_on_threads() {
    let small = trained();
    let traces = |run: &str| fs::read(small.path(run).join("traces.safetensors")).unwrap();
    small.succeed("train --experiment small.toml --out other --threads 1");
    assert_eq!(traces("run"), traces("other"));
    // A checkpoint after every sweep: this run goes on from the fifth.
    small.kill_when("train --experiment small.toml --out killed", || small.batches("killed") >= 5);
    small.succeed("train --resume --out killed");
    assert_eq!(traces("run"), traces("killed"));
}

#[test]
fn single_quantities_are_chosen_by_their_names() {
    let small = trained();
    small.succeed("diagnose run --json all.json");
    let chosen = "log-probability:3,weight:conv1.bias[1],log-probability:0";
    let text = small.succeed(&format!("diagnose run --quantities {chosen} --json d.json --figure d.svg"));
    let [all, found] = ["all.json", "d.json"].map(|file| RunDiagnosis::read(&small.path(file)).unwrap());
    let names =
        |group: usize| found.groups[group].quantities.iter().map(|q| q.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names(0), ["log-probability:0", "log-probability:3"]);
    assert_eq!(names(1), ["weight:conv1.bias[1]"]);
    assert_eq!(found.groups.len(), 2);
    assert_eq!(found.groups[0].quantities[1], all.groups[0].quantities[3]);
    assert!(!text.contains("energies"), "{text}");
    let alone = small.succeed("diagnose run --quantities energies");
    assert!(alone.ends_with("verdict: energies alone do not tell whether chains agree\n"), "{alone}");

    for (quantities, code, said) in [
        ("log-probability:4", 1, "followed 4 held-out images"),
        ("weight:conv9.weight[0]", 1, "the network has conv1.weight"),
        ("weight:conv1.bias[32000]", 1, "conv1.bias has"),
        ("temperature", 2, "is no quantity"),
        ("weight:conv1.bias", 2, "is no quantity"),
    ] {
        refused(&small, &format!("diagnose run --quantities {quantities} --json no.json"), code, said);
    }
}

#[test]
fn a_run_without_draws_says_what_it_lacks_and_how_to_get_it() {
    let small = trained();
    let without = |settings: &str, run: &str| {
        small.succeed(&format!("train --experiment small.toml --out {run} {settings}"));
        assert!(!small.path(run).join("traces.safetensors").exists());
        small.succeed(&format!("diagnose {run} --quantities log-probabilities"))
    };
    let none = without("--set bal.mixing.images=0", "none");
    assert!(none.contains("train one with bal.mixing.images = 64"), "{none}");
    let late = without("--set bal.mixing.burn_in=9", "late");
    assert!(late.contains("ended after sweep 9, before its first draw"), "{late}");

    // As runs were before they kept their traces.
    fs::remove_file(small.path("run/traces.safetensors")).unwrap();
    fs::remove_file(small.path("run/metrics.jsonl")).unwrap();
    let old = small.succeed("diagnose run --json d.json");
    assert!(old.contains("keeps no run/traces.safetensors") && old.contains("plain split R-hat"), "{old}");
    assert!(old.contains("run/metrics.jsonl is missing"), "{old}");
    let found = RunDiagnosis::read(&small.path("d.json")).unwrap();
    assert!(found.groups[0].quantities.is_empty() && !found.groups[1].quantities.is_empty());
    assert!(found.verdict.starts_with("by weights, "), "{}", found.verdict);
    refused(&small, "diagnose run --quantities log-probability:0", 1, "train it again");
    refused(&small, "diagnose run --quantities log-probabilities --figure f.svg", 1, "no draws");
}

#[test]
fn few_draws_and_a_single_chain_are_said_plainly() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out few --set bal.mixing.every=4");
    let few = small.succeed("diagnose few");
    assert!(few.contains("2 draws of each chain, at least 4 are needed"), "{few}");
    assert!(few.contains("verdict: nothing can be said: 2 draws of each chain"), "{few}");
    small.succeed("train --experiment small.toml --out one --set bal.parameter_chains=1");
    let one = small.succeed("diagnose one");
    assert!(one.contains("verdict: nothing can be said: one chain has no other to agree with"), "{one}");
}

#[test]
fn what_has_no_chains_to_diagnose_is_refused_in_one_line() {
    let small = trained();
    let erm = "name = \"erm\"\ndataset = \"mnist\"\narchitecture = \"cnn\"\nseed = 9\ntrain_images = 280\n\
               held_out = 20\ncheckpoint_every = 5\n[erm]\nschedule = { epochs = 1, batch_size = 96 }\n\
               adam = { step_size = 1e-3 }\n";
    fs::write(small.path("erm.toml"), erm).unwrap();
    small.succeed("train --experiment erm.toml --out erm");
    fs::create_dir(small.path("begun")).unwrap();
    fs::copy(small.path("run/experiment.toml"), small.path("begun/experiment.toml")).unwrap();
    fs::create_dir(small.path("folder")).unwrap();
    for (arguments, code, said) in [
        ("diagnose erm", 1, "erm is a point estimate (erm)"),
        ("diagnose begun", 1, "`bal train --resume --out begun` goes on with it"),
        ("diagnose nowhere", 1, "there is no run at nowhere"),
        ("diagnose folder", 1, "folder is no run folder"),
        ("diagnose erm.toml", 1, "erm.toml is no run folder"),
        ("diagnose", 2, "RUN"),
        ("diagnose run --figure f.pdf", 2, "ends in .svg or .png"),
        ("diagnose run --figure no/where.svg", 1, "cannot write to no"),
        ("diagnose run --json run", 1, "run is a folder"),
    ] {
        refused(&small, arguments, code, said);
    }
}

#[test]
fn broken_traces_are_refused_by_name() {
    let small = trained();
    let traces = small.path("run/traces.safetensors");
    let whole = fs::read(&traces).unwrap();
    for (bytes, said) in [
        (b"no tensors".to_vec(), "not a safetensors file"),
        (whole[..whole.len() - 8].to_vec(), "not a safetensors file"),
        (fs::read(small.path("run/posterior.safetensors")).unwrap(), "`log_probability` is missing"),
    ] {
        fs::write(&traces, bytes).unwrap();
        refused(&small, "diagnose run --json d.json", 1, said);
    }
    small.succeed("train --experiment small.toml --out three --set bal.parameter_chains=3");
    fs::copy(small.path("three/traces.safetensors"), &traces).unwrap();
    refused(&small, "diagnose run", 1, "traces.safetensors is damaged or of another run");
    // A record of before it had digests.
    let mut record = Record::read(&small.path("run/record.json")).unwrap();
    record.digests.clear();
    record.write(&small.path("run/record.json")).unwrap();
    refused(&small, "diagnose run", 1, "has 3 chains, the run's record 2");
}
