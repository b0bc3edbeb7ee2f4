//! Bayesian adversarial learning on images of one's own, which are arrays of bytes.

use anyhow::{Context, Result};
use bal_attacks::{Ball, Fgsm, Norm, Protocol, Radii, evaluate};
use bal_baselines::{Adam, AdamSettings, AdversarialTraining, Bal, BalSettings, Epochs};
use bal_core::{EnsembleGradient, Images, Method, Posterior, Task, Workers};
use bal_models::{Cnn, Ensemble, read_posterior, write_posterior};
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

/// `count` gray images of ten classes: the bright band of class k lies at row 2 k, in noise of a formula.
///
/// Yours may come from anywhere: pixels `[n, c, h, w]` in row-major order, and a class for each.
fn images(count: i64) -> Result<Images> {
    let labels: Vec<i64> = (0..count).map(|image| image % 10).collect();
    let pixel = |image: i64, place: i64| {
        let band = (place / 28 - 2 * (image % 10) - 4).abs() <= 1;
        let noise = (place * 37 + image * 101 + place * image) % 90;
        let value = if band { 165 + noise } else { noise };
        value as u8
    };
    let pixels: Vec<u8> = (0..count).flat_map(|i| (0..784).map(move |place| pixel(i, place))).collect();
    let pixels = Tensor::f_from_data_size(&pixels, &[count, 1, 28, 28], Kind::Uint8)?;
    Ok(Images::new(pixels, &Tensor::from_slice(&labels), Device::Cpu)?)
}

/// A point estimate first, then a posterior that starts from it; `report` hears of each sweep's loss.
fn train(images: &Images, workers: &Workers, report: &mut dyn FnMut(&str, f64)) -> Result<Posterior> {
    let none = images.subset(&[]);
    let task = |start| Task {
        architecture: Arc::new(Cnn::mnist()),
        images,
        held_out: &none,
        start,
        seed: 1,
        workers,
        resume: None,
    };
    let adam = Adam::new(AdamSettings { step_size: 2e-3 })?;
    let erm = AdversarialTraining::erm(adam, Epochs { epochs: 4, batch_size: 64 })?;
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
    let fgsm = Fgsm::new(Ball::new(Norm::LInf, 0.0)?, EnsembleGradient::Predictive);
    let radii = Radii::new(vec![0.0, 0.1])?;
    let protocol = Protocol { attack: &fgsm, radii: Some(&radii), limit: None, seed: 0 };
    Ok(evaluate(&model, images, &protocol, workers, &|_| ())?.accuracy())
}

#[expect(clippy::print_stdout, reason = "an example shows what it found")]
fn main() -> Result<()> {
    let file = std::env::args_os().nth(1).context("say where to: own_images posterior.safetensors")?;
    let workers = Workers::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))?;
    let posterior =
        train(&images(2_560)?, &workers, &mut |method, loss| println!("{method}  loss {loss:.4}"))?;
    write_posterior(Path::new(&file), &posterior)?;
    println!("accuracy at radius 0 and 0.1: {:?}", attacked(Path::new(&file), &images(640)?, &workers)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_and_its_posterior_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("posterior.safetensors");
        let (images, workers) = (images(640).unwrap(), Workers::new(2).unwrap());
        let mut heard = Vec::new();
        let posterior = train(&images, &workers, &mut |method, _| heard.push(method.to_string())).unwrap();
        assert_eq!(posterior.members.len(), 3);
        assert_eq!((heard.len(), heard[0].as_str(), heard[59].as_str()), (60, "erm", "bal"));
        write_posterior(&file, &posterior).unwrap();
        let accuracy = attacked(&file, &images, &workers).unwrap();
        assert!(accuracy[0] > 0.9 && accuracy[1] <= accuracy[0], "{accuracy:?}");
    }
}
