//! Tests of experiments: what is read, refused, written back, and told apart by its digest.

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
fn every_experiment_of_the_project_can_be_used_and_so_can_its_start_and_its_sources() {
    let names = names();
    assert!(names.len() >= 23, "{names:?}");
    for name in names {
        let origin = Origin::File(folder().join(&name));
        let experiment = Experiment::read(&origin, "", &[], None).unwrap();
        assert_eq!(format!("{}.toml", experiment.name), name);
        let starts = experiment.start_experiments(&origin).unwrap();
        let text = std::fs::read_to_string(folder().join(&name)).unwrap();
        let said = text.contains("\n[start]\n") || text.contains("\n[[networks]]\n");
        assert_eq!(!starts.is_empty(), said, "{name}");
        let sources = experiment.source_experiments(&origin).unwrap();
        let said =
            ["\n[adversarial_training.sources]\n", "\n[advgan.victims]\n"].iter().any(|t| text.contains(t));
        assert_eq!(!sources.is_empty(), said, "{name}");
        // A victim is no network like the generator, so it does not matter whether they begin alike.
        let attacks = experiment.advgan.is_some();
        assert!(attacks || sources.iter().all(|(source, _)| source.seed != experiment.seed), "{name}");
    }
}

fn pgd(set: &[&str]) -> Result<Experiment> {
    let set: Vec<String> = set.iter().map(ToString::to_string).collect();
    Experiment::read(&Origin::BuiltIn, "mnist-pgd.toml", &set, None)
}

#[test]
fn a_generator_that_is_not_said_is_that_of_before_and_is_not_written() {
    let said = pgd(&[]).unwrap();
    assert_eq!(said.noise_generator, NoiseSource::ChaCha8);
    let text = toml::to_string(&said).unwrap();
    assert!(!text.contains("noise_generator"), "{text}");
    let philox: Experiment = toml::from_str(&format!("noise_generator = \"philox\"\n{text}")).unwrap();
    assert_eq!(NoiseGenerator::from(philox.noise_generator), NoiseGenerator::Philox);
    let written = toml::to_string(&philox).unwrap();
    assert!(written.contains("noise_generator = \"philox\""), "{written}");
    assert!(toml::from_str::<Experiment>(&format!("noise_generator = \"xorwow\"\n{text}")).is_err());
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
    let (start, _) = experiment.start_experiments(&Origin::BuiltIn).unwrap().remove(0);
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

#[test]
fn of_its_sources_the_digest_follows_what_they_are_and_not_where() {
    let origin = Origin::File(folder().join("mnist-ensemble-adversarial-light.toml"));
    let read = |set: &[&str], sources: &str| {
        let set: Vec<String> = set.iter().map(ToString::to_string).collect();
        Experiment::read(&origin, "", &set, None).unwrap().digest(sources, std::iter::empty()).unwrap()
    };
    let as_it_is = read(&[], "+a+b");
    assert_eq!(as_it_is, read(&["adversarial_training.sources.experiments=[\"other.toml\"]"], "+a+b"));
    assert_ne!(as_it_is, read(&["adversarial_training.sources.include_self=false"], "+a+b"));
    assert_ne!(as_it_is, read(&[], "+a+c"));
    assert_ne!(as_it_is, read(&["adversarial_training.labels=\"given\""], "+a+b"));
}

#[test]
fn of_its_victims_the_digest_follows_what_they_are_and_not_where() {
    let origin = Origin::File(folder().join("mnist-advgan.toml"));
    let read = |set: &[&str], victims: &str| {
        let set: Vec<String> = set.iter().map(ToString::to_string).collect();
        Experiment::read(&origin, "", &set, None).unwrap().digest(victims, std::iter::empty()).unwrap()
    };
    let as_it_is = read(&[], "+a");
    assert_eq!(as_it_is, read(&["advgan.victims={ files = [\"runs/other\"] }"], "+a"));
    assert_ne!(as_it_is, read(&[], "+b"));
    assert_ne!(as_it_is, read(&["advgan.generator.radius=0.2"], "+a"));
}
