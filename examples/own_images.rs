//! Bayesian adversarial learning on a folder of images, one folder in it for each class.

use anyhow::{Context, Result};
use bal_attacks::{Attack, Fgsm, Norm, Protocol, Radii, evaluate};
use bal_baselines::{AdversarialTraining, Bal, BalSettings, Epochs};
use bal_core::{EnsembleGradient, Images, Method, NoiseGenerator, Posterior, Task, TaskNetwork, Workers};
use bal_data::{
    Split,
    own::{self, Own, OwnSettings},
};
use bal_models::{Cnn, Ensemble, Sizes, read_posterior, write_posterior};
use bal_samplers::{Adam, AdamSettings};
use std::{ops::ControlFlow, path::Path, sync::Arc};
use tch::{Device, Kind, Tensor};

/// Settings as in the experiments of this repository, but for the size.
const SETTINGS: &str = r#"
schedule = { epochs = 2, batch_size = 64 }
data_chains = 1
parameter_chains = 3
samples = "last"
prediction = "mean-probability"
ensemble_gradient = "predictive"
mixing = { images = 0, every = 1, burn_in = 0 }

[data]
steps = 3
loss_scale = "per_image"
step_size = 0.026
cost_weight = 0.0256
temperature = 1e-5
start = "clean"

[parameters]
steps = 2
mode = "train"
clean_weight = 0.5
reduction = "mean"
prior = { gaussian = 0.1 }

[parameters.sgld]
step_size = 0.01
temperature = 1e-6
"#;

/// The training and test images of a folder with a folder for each class; all of one size.
fn images(folder: &Path) -> Result<([Images; 2], i64)> {
    let Own { dataset, report, classes, .. } = own::load(folder, &OwnSettings::default())?;
    let [channels, height, width] = report.image_shape.map(|size| size as i64);
    let tensors = |split: &Split| {
        let size = [split.len() as i64, channels, height, width];
        let bytes = split.images.as_slice().context("images are not in one piece")?;
        let pixels = Tensor::f_from_data_size(bytes, &size, Kind::Uint8)?;
        let labels: Vec<i64> = split.labels.iter().map(|&label| label.into()).collect();
        anyhow::Ok(Images::new(pixels, &Tensor::f_from_slice(&labels)?, Device::Cpu)?)
    };
    Ok(([tensors(&dataset.train)?, tensors(&dataset.test)?], classes.len() as i64))
}

/// A point estimate first, then a posterior that starts from it; `report` hears of each sweep's loss.
fn train(
    images: &Images,
    classes: i64,
    workers: &Workers,
    report: &mut dyn FnMut(&str, f64),
) -> Result<Posterior> {
    let none = images.subset(&[]);
    let input = <[i64; 3]>::try_from(images.shape()).ok().context("images are [c, h, w]")?;
    let network = Arc::new(Cnn::new(Sizes { input, classes })?);
    let task = |start| Task {
        networks: vec![TaskNetwork { start, ..TaskNetwork::new(network.clone()) }],
        images,
        held_out: &none,
        seed: 1,
        generator: NoiseGenerator::ChaCha8,
        workers,
        resume: None,
    };
    let adam = Adam::new(AdamSettings { step_size: 2e-3 })?;
    let erm = AdversarialTraining::erm(adam, Epochs::new(4, 64))?;
    let bal = Bal::new(toml::from_str::<BalSettings>(SETTINGS)?)?;
    let mut run = |method: &dyn Method, start| {
        method.fit(&task(start), &mut |progress| {
            report(method.name(), progress.metrics.loss);
            ControlFlow::Continue(())
        })
    };
    let point = run(&erm, None)?;
    let start = point.members.into_iter().next().context("training gives a member")?;
    Ok(run(&bal, Some(start))?)
}

/// The accuracy under FGSM at radii 0 and 0.1 of the posterior in `file`.
fn attacked(file: &Path, images: &Images, workers: &Workers) -> Result<Vec<f64>> {
    let model = Ensemble::new(&read_posterior(file, None)?, Device::Cpu)?;
    let fgsm = Attack::in_balls(Norm::LInf, Fgsm::new(EnsembleGradient::Predictive));
    let radii = Radii::new(vec![0.0, 0.1])?;
    let protocol = Protocol { attack: &fgsm, radii: Some(&radii), limit: None, seed: 0 };
    Ok(evaluate(&model, images, &protocol, workers, &|_| ())?.accuracy())
}

#[expect(clippy::print_stdout, reason = "an example shows what it found")]
fn main() -> Result<()> {
    let usage = "own_images FOLDER posterior.safetensors";
    let [folder, file] = [1, 2].map(|place| std::env::args_os().nth(place).context(usage));
    let (folder, file) = (folder?, file?);
    let workers = Workers::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))?;
    let ([training, test], classes) = images(Path::new(&folder))?;
    let posterior =
        train(&training, classes, &workers, &mut |method, loss| println!("{method}  loss {loss:.4}"))?;
    write_posterior(Path::new(&file), &posterior)?;
    println!("accuracy at radius 0 and 0.1: {:?}", attacked(Path::new(&file), &test, &workers)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;

    /// Coloured images of three classes: the bright band of class k lies at row 4 k.
    fn bands(count: usize) -> Split {
        let pixel = |image: usize, row: usize, place: usize| {
            let noise = (place * 37 + image * 101 + place * image + row) % 90;
            (if row / 4 == image % 3 { 165 + noise } else { noise }) as u8
        };
        Split {
            images: Array4::from_shape_fn((count, 3, 12, 14), |(n, c, y, x)| pixel(n, y, 14 * y + x + c)),
            labels: (0..count).map(|image| (image % 3) as u16).collect(),
            groups: None,
            names: None,
        }
    }

    #[test]
    fn it_learns_from_a_folder_and_its_posterior_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let (photos, file) = (folder.path().join("photos"), folder.path().join("posterior.safetensors"));
        own::export(&bands(720), &["low", "middle", "top"].map(String::from), &photos).unwrap();
        let ([training, test], classes) = images(&photos).unwrap();
        // A fifth of them, give or take 11: which ones follows from the bytes of their files.
        assert_eq!(training.len() + test.len(), 720);
        assert!((90..200).contains(&test.len()), "{}", test.len());
        let workers = Workers::new(2).unwrap();
        let mut heard = Vec::new();
        let posterior =
            train(&training, classes, &workers, &mut |method, _| heard.push(method.to_string())).unwrap();
        assert_eq!(posterior.members.len(), 3);
        let batches = (training.len() as usize).div_ceil(64);
        assert_eq!(
            (heard.len(), heard[0].as_str(), heard[4 * batches].as_str()),
            (6 * batches, "erm", "bal")
        );
        write_posterior(&file, &posterior).unwrap();
        let accuracy = attacked(&file, &test, &workers).unwrap();
        assert!(accuracy[0] > 0.9 && accuracy[1] <= accuracy[0], "{accuracy:?}");
    }
}
