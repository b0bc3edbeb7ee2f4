//! TorchScript files that are made here, by tracing, and what is said of networks that they hold.

use crate::small::{Small, TEST, stderr};
use bal_report::Evaluation;
use image::GrayImage;
use std::fs;
use tch::{CModule, Device, Kind, Tensor};

/// A network for images of one channel and so many pixels: it has ten numbers of each, made by a linear map, to go by.
type Network = fn(&Tensor, &dyn Fn(&Tensor) -> Tensor) -> Tensor;

/// Writes a file of it; each of the ten numbers is the mean of a band of rows, ten times.
fn traced(small: &Small, name: &str, [height, width]: [i64; 2], network: Network) {
    let band = |row: i64| (row * 10 / height).min(9);
    let weights: Vec<f32> = (0..height * width)
        .flat_map(|pixel| (0..10).map(move |class| (pixel, class)))
        .map(
            |(pixel, class)| if band(pixel / width) == class { 100.0 / (height * width) as f32 } else { 0.0 },
        )
        .collect();
    let weights = Tensor::from_slice(&weights).reshape([height * width, 10]);
    let linear = |x: &Tensor| x.flatten(1, -1).matmul(&weights);
    let x = Tensor::zeros([3, 1, height, width], (Kind::Float, Device::Cpu));
    let mut forward = |x: &[Tensor]| vec![network(&x[0], &linear)];
    let module = CModule::create_by_tracing("Network", "forward", &[x], &mut forward).unwrap();
    module.save(small.path(name)).unwrap();
}

#[test]
fn networks_that_do_not_take_each_image_by_itself_are_refused_by_name_before_anything_is_written() {
    let small = Small::new();
    traced(&small, "squeezes.pt", [28, 28], |x, linear| linear(x).squeeze());
    traced(&small, "centred.pt", [28, 28], |x, linear| {
        linear(&(x - x.mean_dim([0i64].as_slice(), true, Kind::Float)))
    });
    traced(&small, "binary.pt", [28, 28], |x, linear| linear(x).narrow(1, 0, 1));
    traced(&small, "seven.pt", [28, 28], |x, linear| linear(x).narrow(1, 0, 7));
    for (name, more, said) in [
        ("squeezes.pt", "", &["of one alone it gives logits of shape [10]", "squeeze"][..]),
        ("centred.pt", "", &["other logits alone than among 8 images", "depend on the batch"]),
        ("binary.pt", "", &["one number for each image", "torch.zeros_like(z)"]),
        ("seven.pt", "--classes 10", &["[8, 7] where [8, 10] is wanted", "(--classes)"]),
    ] {
        let before = small.listing();
        let attack = "--attack autoattack --radius 0.1 --json out.json";
        let output = small.bal(&format!("evaluate --torchscript {name} {attack} {more}"));
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {error}");
        assert!(error.contains(name) && said.iter().all(|part| error.contains(part)), "{name}: {error}");
        assert!(error.lines().count() == 1 && !error.contains("see --classes"), "{error}");
        assert_eq!(before, small.listing(), "{name}");
    }
}

/// Rounded pixels have no slope, and what random search finds was there all along.
#[test]
fn zero_gradients_and_what_square_takes_after_them_are_said_and_counted() {
    let small = Small::new();
    traced(&small, "rounds.pt", [28, 28], |x, linear| linear(&(x * 2.0).round()));
    let attack = "--attack autoattack --steps 3 --queries 60 --radius 0.05,0.3";
    let output = small.bal(&format!("evaluate --torchscript rounds.pt {attack} --json rounds.json"));
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    let found = Evaluation::read(&small.path("rounds.json")).unwrap();
    let zero = found.zero_gradients.unwrap();
    assert_eq!(zero.keys().map(String::as_str).collect::<Vec<_>>(), ["apgd-ce", "apgd-t", "fab"]);
    assert!(zero.values().all(|&share| share > 0.99), "{zero:?}");
    let square = found.broken_by.unwrap()[1]["square"];
    assert!(square > 0, "square broke nobody, and nothing is tested");
    for part in [
        "warning: gradients were zero in every pixel: 100.0 % of apgd-ce, 100.0 % of apgd-t, ".to_string(),
        format!("warning: square broke {square} of {TEST} images"),
    ] {
        assert!(said.contains(&part), "{part}: {said}");
    }
    assert_eq!(found.settings["rescale_schedule"], false);

    // A network with slopes is not warned of.
    traced(&small, "sound.pt", [28, 28], |x, linear| linear(x));
    let attack = "--attack pgd --steps 3 --radius 0,0.1";
    let output = small.bal(&format!("evaluate --torchscript sound.pt {attack} --json sound.json"));
    assert!(output.status.success() && !stderr(&output).contains("warning"), "{}", stderr(&output));
    let zero = Evaluation::read(&small.path("sound.json")).unwrap().zero_gradients.unwrap();
    assert_eq!(zero, [("pgd".to_string(), 0.0)].into());
}

/// Dark images and bright ones; noise is as dark as the former.
fn shades(small: &Small, folder: &str, classes: &[(&str, u8)]) {
    for (class, shade) in classes {
        let folder = small.path(folder).join(class);
        fs::create_dir_all(&folder).unwrap();
        for number in 0..12u8 {
            let image = GrayImage::from_fn(10, 10, |x, y| image::Luma([shade + number + (x * y % 7) as u8]));
            image.save(folder.join(format!("{number}.png"))).unwrap();
        }
    }
}

#[test]
fn two_classes_have_an_autoattack_of_their_own_and_a_walk_from_the_other_class() {
    let small = Small::new();
    shades(&small, "shades", &[("bright", 200), ("dark", 60)]);
    // Bright is class 0: more than .7 on average, which no noise reaches.
    traced(&small, "two.pt", [10, 10], |x, linear| {
        let mean = linear(x).mean_dim([1i64].as_slice(), true, Kind::Float) * 0.1;
        Tensor::cat(&[&mean - 0.7, mean.zeros_like()], 1) * 1000.0
    });
    let evaluate = "evaluate --torchscript two.pt --dataset shades --input-shape 1,10,10 --json out.json";
    for (attack, said) in [
        (
            "apgd-dlr",
            "two.pt: the dlr loss needs a model of at least 3 classes, got one of 2; the margin and the cross-entropy take two (--attack apgd-t)",
        ),
        ("pgd --loss dlr", "(--loss margin)"),
    ] {
        let output = small.bal(&format!("{evaluate} --attack {attack} --radius 0.1"));
        assert_eq!(output.status.code(), Some(1), "{attack}");
        assert!(stderr(&output).contains(said), "{attack}: {}", stderr(&output));
        assert!(!small.path("out.json").exists() && !small.path("out.json.partial").exists());
    }
    let run = |attack: &str| {
        let output = small.bal(&format!("{evaluate} --attack {attack}"));
        assert!(output.status.success(), "{attack}: {}", stderr(&output));
        (Evaluation::read(&small.path("out.json")).unwrap(), stderr(&output))
    };
    // Means of .787 to .83 and .239 to .283: all bright ones fall at .15, and no dark one.
    let (found, _) = run("autoattack --steps 10 --queries 20 --radius 0.05,0.15");
    assert_eq!(found.accuracy, [1.0, 0.5]);
    let parts: Vec<String> = found.broken_by.unwrap()[1].keys().cloned().collect();
    assert_eq!(parts, ["apgd-ce", "apgd-t-margin", "fab", "square"]);
    let (found, _) = run("apgd-t --steps 10 --radius 0.15");
    assert_eq!((found.accuracy[0], &found.settings["loss"]), (0.5, &"margin".into()));

    let (found, said) = run("hop-skip-jump --queries 1500");
    let nearest = found.nearest.unwrap();
    assert_eq!((nearest.not_found, found.accuracy[0]), (0, 0.0));
    assert!(nearest.distances.iter().flatten().all(|d| (0.08..0.6).contains(d)), "{nearest:?}");
    assert!(!said.contains("warning"), "{said}");
    // Where all images are dark, there is nowhere to begin, and that is said.
    shades(&small, "dim", &[("bright", 60), ("dark", 60)]);
    let dim = evaluate.replace("shades", "dim");
    let output = small.bal(&format!("{dim} --attack hop-skip-jump --queries 1500 --radius 0.5"));
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("warning: hop-skip-jump found no error for 12 of 24 images"), "{said}");
    let found = Evaluation::read(&small.path("out.json")).unwrap();
    assert_eq!((found.nearest.unwrap().not_found, found.accuracy[0]), (12, 0.5));
}

/// Levels of grey are what people think in; eight of them are no radius of eight.
#[test]
fn radii_are_numbers_or_fractions_and_none_holds_all_images() {
    let small = Small::new();
    traced(&small, "sound.pt", [28, 28], |x, linear| linear(x));
    let evaluate = "evaluate --torchscript sound.pt --attack pgd --steps 2";
    small.succeed(&format!("{evaluate} --radius 0,4/255,8/255 --step-size 2/255 --json out.json"));
    let found = Evaluation::read(&small.path("out.json")).unwrap();
    assert_eq!(found.radii, [Some(0.0), Some(4.0 / 255.0), Some(8.0 / 255.0)]);
    assert_eq!(found.settings["step_size"], 2.0 / 255.0);
    let before = small.listing();
    for (command, code, said) in [
        (format!("{evaluate} --radius 8 --json big.json"), 2, "8 of 255 levels of grey are 8/255"),
        (format!("{evaluate} --radius 0,8/0"), 2, "`8/0`"),
        (format!("{evaluate} --norm l2 --radius 29 --json big.json"), 1, "the l2 radius 29 is more than 28"),
        ("evaluate --torchscript sound.pt --attack fab --radius 8".into(), 2, "8/255"),
        ("calibrate --torchscript sound.pt --radius 8".into(), 2, "8/255"),
        ("report nowhere --radius 8 --out page.html".into(), 2, "8/255"),
        ("report nowhere --radius 8/x --out page.html".into(), 2, "`8/x`"),
    ] {
        let output = small.bal(&command);
        assert_eq!(output.status.code(), Some(code), "{command}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{command}: {}", stderr(&output));
    }
    assert_eq!(before, small.listing());
}
