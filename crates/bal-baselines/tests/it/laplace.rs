//! The Laplace approximation: the curvature against gradients of single images, the search, and what is refused.

use crate::{
    methods::{fit, weights},
    small::{Linear, images, noise, task, zeros},
};
use bal_baselines::{
    Categorical, Curvature, Laplace, LaplaceSettings, Likelihood, SearchSettings, Structure,
};
use bal_core::{
    Architecture, Batch, Forward, Member, Method, Mode, NoiseStream, Position, Tap, Tapped, Targets,
    TensorSpec, Workers,
};
use bal_models::{Sizes, architecture};
use std::{ops::ControlFlow, sync::Arc};
use tch::{Kind, Tensor};

pub(crate) fn settings(structure: Structure) -> LaplaceSettings {
    LaplaceSettings {
        structure,
        images: 100,
        batch_size: 40,
        members: 2,
        scale: Some(50.0),
        precision: Some(2.0),
        search: None,
    }
}

pub(crate) fn searching() -> LaplaceSettings {
    let search = SearchSettings { scales: vec![0.5, 50.0], precisions: vec![0.1, 1.0, 10.0] };
    LaplaceSettings { scale: None, precision: None, search: Some(search), ..settings(Structure::Kron) }
}

fn laplace(settings: LaplaceSettings) -> Laplace {
    Laplace::new(settings).unwrap()
}

/// Three filters of 2x2 on 3x3 pixels, and the mean over the positions.
#[derive(Debug)]
struct Filters;

impl Architecture for Filters {
    fn name(&self) -> &'static str {
        "filters"
    }

    fn classes(&self) -> i64 {
        3
    }

    fn input(&self) -> [i64; 3] {
        [1, 3, 3]
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        vec![TensorSpec::new("weight", &[3, 1, 2, 2]), TensorSpec::new("bias", &[3])]
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let draw = |spec: TensorSpec| noise.normal_like(&zeros(&spec.shape));
        (Position::new(self.parameters().into_iter().map(draw).collect()), Position::new(vec![]))
    }

    fn forward(&self, parameters: &Position, buffers: &Position, x: &Tensor, _: Mode) -> Forward {
        let logits = self.taps(parameters, buffers, x).expect("it has taps").logits;
        Forward { logits, buffers: None }
    }

    fn taps(&self, parameters: &Position, _: &Position, x: &Tensor) -> Option<Tapped> {
        let [weight, bias] = parameters.tensors() else { panic!("two parameters") };
        let output = x.conv2d(weight, Some(bias), [1, 1], [0, 0], [1, 1], 1);
        let logits = output.flatten(2, -1).mean_dim(2, false, Kind::Float);
        Some(Tapped { logits, taps: vec![Tap::convolution(0, x, &output, [2, 1, 0])] })
    }
}

fn member(network: &Arc<dyn Architecture>) -> Member {
    Member::init(network, &mut noise(4))
}

fn linear() -> Arc<dyn Architecture> {
    Arc::new(Linear)
}

fn filters() -> Arc<dyn Architecture> {
    Arc::new(Filters)
}

/// `n` images for a network; their classes do not matter, as they are drawn.
fn batch(network: &dyn Architecture, n: i64) -> Batch {
    let [c, h, w] = network.input();
    let x = noise(5).uniform_like(&zeros(&[n, c, h, w]));
    let classes = Tensor::zeros([n], (Kind::Int64, x.device()));
    Batch { x, targets: Targets::Classes(classes), indices: (0..n).collect() }
}

fn measured(structure: Structure, member: &Member, batch: &Batch) -> Vec<Vec<Tensor>> {
    let mut curvature = Curvature::new(structure, &*member.network).unwrap();
    let workers = Workers::new(2).unwrap();
    let _ = curvature.add(member, batch, &Categorical, &noise(6), &workers).unwrap();
    curvature.factors()
}

/// The gradients of each layer for one image and a label drawn for it: `[outputs, inputs + 1]`, with the bias at the end.
fn gradients(member: &Member, image: &Batch) -> Vec<Tensor> {
    let leaf = |w: &Tensor| w.detach().set_requires_grad(true);
    let leaves: Vec<Tensor> = member.parameters.tensors().iter().map(leaf).collect();
    let at = Position::of_leaves(leaves.iter().map(Tensor::shallow_clone).collect());
    let logits = member.network.forward(&at, &member.buffers, &image.x, Mode::Evaluate).logits;
    let loss = Categorical.drawn(&logits, &mut noise(6).for_images(&image.indices));
    let gradients = Tensor::run_backward(&[loss], &leaves, false, false);
    let layer = |pair: &[Tensor]| Tensor::cat(&[pair[0].flatten(1, -1), pair[1].unsqueeze(1)], 1);
    gradients.chunks(2).map(|pair| layer(pair).to_kind(Kind::Double)).collect()
}

#[test]
fn the_factors_of_one_image_are_the_square_of_its_gradient() {
    let network = architecture("mlp-12-9", Some(Sizes { input: [1, 2, 3], classes: 3 })).unwrap();
    let (member, batch) = (member(&network), batch(&*network, 1));
    let layers = measured(Structure::Kron, &member, &batch);
    assert_eq!(layers.len(), 3);
    for (factors, gradient) in layers.iter().zip(gradients(&member, &batch)) {
        let [inputs, outputs] = &factors[..] else { panic!("two factors") };
        let column = gradient.reshape([-1, 1]);
        let square = column.matmul(&column.tr());
        assert!(square.abs().max().double_value(&[]) > 1e-6);
        assert!(outputs.kron(inputs).allclose(&square, 1e-5, 1e-9, false));
    }
}

#[test]
fn the_diagonal_is_the_mean_of_the_squared_gradients_of_single_images() {
    for name in ["mlp-12-9", "cnn"] {
        let network = architecture(name, Some(Sizes { input: [2, 6, 5], classes: 3 })).unwrap();
        let (member, batch) = (member(&network), batch(&*network, 70));
        let mut expected: Option<Vec<Tensor>> = None;
        for image in batch.shards(1) {
            let squares: Vec<Tensor> = gradients(&member, &image).iter().map(Tensor::square).collect();
            expected = Some(match expected {
                None => squares,
                Some(sum) => sum.iter().zip(&squares).map(|(sum, more)| sum + more).collect(),
            });
        }
        for (found, sum) in measured(Structure::Diagonal, &member, &batch).iter().zip(expected.unwrap()) {
            assert!(found[0].allclose(&(sum / 70.0), 1e-4, 1e-10, false), "{name}");
        }
    }
}

#[test]
fn a_convolution_has_the_factors_of_its_patches_and_positions() {
    let (member, batch) = (member(&filters()), batch(&Filters, 5));
    let (mut inputs, mut outputs) = (Tensor::zeros([5, 5], (Kind::Double, tch::Device::Cpu)), None);
    for image in batch.shards(1) {
        for (top, left) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let patch = image.x.narrow(2, top, 2).narrow(3, left, 2).reshape([4, 1]).to_kind(Kind::Double);
            let patch = Tensor::cat(&[patch, Tensor::ones([1, 1], (Kind::Double, tch::Device::Cpu))], 0);
            inputs += patch.matmul(&patch.tr());
        }
        // The gradient at the bias is the sum of the four positions', which are equal.
        let gradient = gradients(&member, &image).remove(0).narrow(1, 4, 1) / 4.0;
        let square = gradient.matmul(&gradient.tr());
        outputs = Some(outputs.map_or_else(|| square.copy(), |sum: Tensor| sum + &square));
    }
    let factors = measured(Structure::Kron, &member, &batch).remove(0);
    assert!(factors[0].allclose(&(inputs / 5.0), 1e-6, 1e-9, false));
    assert!(factors[1].allclose(&(outputs.unwrap() / 5.0), 1e-5, 1e-9, false));
}

#[test]
fn the_curvature_does_not_depend_on_how_images_are_put_into_batches() {
    let network = architecture("cnn", Some(Sizes { input: [1, 5, 5], classes: 3 })).unwrap();
    let (member, whole) = (member(&network), batch(&*network, 150));
    let workers = Workers::new(3).unwrap();
    for structure in [Structure::Kron, Structure::Diagonal] {
        let mut pieces = Curvature::new(structure, &*network).unwrap();
        for piece in whole.shards(31) {
            let _ = pieces.add(&member, &piece, &Categorical, &noise(6), &workers).unwrap();
        }
        for (some, all) in
            pieces.factors().iter().flatten().zip(measured(structure, &member, &whole).iter().flatten())
        {
            assert!(some.allclose(all, 1e-5, 1e-9, false), "{structure:?}");
        }
    }
}

#[test]
fn the_search_takes_the_likeliest_width_and_draws_what_that_width_draws() {
    let posterior = fit(&laplace(searching()), 2, None, &mut vec![]);
    let found = posterior.laplace.clone().unwrap();
    assert_eq!((found.structure, found.images, found.tried.len()), ("kron", 100, 6));
    let chosen = found.tried.iter().max_by(|a, b| a.log_likelihood.total_cmp(&b.log_likelihood)).unwrap();
    assert_eq!((found.scale, found.precision), (chosen.scale, chosen.precision));
    let (scale, precision) = (Some(found.scale), Some(found.precision));
    let fixed = LaplaceSettings { scale, precision, ..settings(Structure::Kron) };
    let fixed = fit(&laplace(fixed), 1, None, &mut vec![]);
    assert_eq!(weights(&fixed), weights(&posterior));
    assert!(fixed.laplace.unwrap().tried.is_empty());
}

#[test]
fn a_narrow_gaussian_is_the_start_and_members_differ_in_a_wide_one() {
    let (images, held_out, workers) = (images(100), images(6), Workers::new(2).unwrap());
    let start: Member = member(&linear());
    for structure in [Structure::Kron, Structure::Diagonal] {
        let drawn = |width: f64| {
            let mut task = task(&images, &held_out, &workers);
            task.networks[0].start = Some(start.duplicate());
            let settings =
                LaplaceSettings { scale: Some(width), precision: Some(width), ..settings(structure) };
            laplace(settings).fit(&task, &mut |_| ControlFlow::Continue(())).unwrap().members
        };
        let distance = |one: &Member, other: &Member| {
            let both = one.parameters.tensors().iter().zip(other.parameters.tensors());
            both.map(|(a, b)| (a - b).abs().max().double_value(&[])).fold(0.0, f64::max)
        };
        assert!(drawn(1e12).iter().all(|member| distance(member, &start) < 1e-4));
        let wide = drawn(1.0);
        assert!(distance(&wide[0], &wide[1]) > 0.1 && distance(&wide[0], &start) > 0.1);
    }
}

/// A run that its observer ends draws from the curvature of the images so far, and says so.
#[test]
fn an_early_end_is_in_what_the_posterior_says_of_itself() {
    let (images, held_out, workers) = (images(100), images(6), Workers::new(1).unwrap());
    let method = laplace(settings(Structure::Diagonal));
    assert_eq!((method.sweeps(100), method.sweeps(60)), (3, 2));
    let posterior = method.fit(&task(&images, &held_out, &workers), &mut |_| ControlFlow::Break(())).unwrap();
    assert_eq!(posterior.laplace.unwrap().images, 40);
}

#[test]
fn laplace_settings_out_of_range_are_refused_by_name() {
    let good = || settings(Structure::Kron);
    let search = |scales: &[f64], precisions: &[f64]| {
        let search = SearchSettings { scales: scales.into(), precisions: precisions.into() };
        LaplaceSettings { scale: None, precision: None, search: Some(search), ..good() }
    };
    for (settings, said) in [
        (LaplaceSettings { images: 0, ..good() }, "laplace.images"),
        (LaplaceSettings { batch_size: 0, ..good() }, "laplace.batch_size"),
        (LaplaceSettings { members: 0, ..good() }, "laplace.members"),
        (LaplaceSettings { scale: Some(0.0), ..good() }, "laplace.scale"),
        (LaplaceSettings { scale: Some(f64::INFINITY), ..good() }, "laplace.scale"),
        (LaplaceSettings { precision: Some(f64::NAN), ..good() }, "laplace.precision"),
        (LaplaceSettings { precision: None, ..good() }, "laplace.precision"),
        (LaplaceSettings { scale: None, ..good() }, "laplace.scale"),
        (LaplaceSettings { scale: None, precision: None, ..good() }, "or `search`"),
        (LaplaceSettings { search: searching().search, ..good() }, "leave these out"),
        (search(&[], &[1.0]), "laplace.search"),
        (search(&[1.0], &[]), "laplace.search"),
        (search(&[1.0, -1.0], &[1.0]), "laplace.search.scales"),
        (search(&[1.0], &[1.0, 0.0]), "laplace.search.precisions"),
    ] {
        let error = Laplace::new(settings).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
    // More images than there are, and a search without images to search by.
    let error = laplace(good()).check(99).unwrap_err().to_string();
    assert!(error.contains("laplace.images = 100") && error.contains("99"), "{error}");
    assert!(laplace(good()).check(100).is_ok());
    let (images, none, workers) = (images(100), images(100).subset(&[]), Workers::new(1).unwrap());
    let outcome =
        laplace(searching()).fit(&task(&images, &none, &workers), &mut |_| ControlFlow::Continue(()));
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("laplace.search") && error.contains("held-out"), "{error}");
}

#[test]
fn a_network_that_the_method_cannot_use_is_refused_by_name() {
    let refused = |name: &str, structure| {
        let network = architecture(name, Some(Sizes { input: [1, 28, 28], classes: 10 })).unwrap();
        laplace(settings(structure)).check_network(&*network).map_err(|error| error.to_string())
    };
    for structure in [Structure::Kron, Structure::Diagonal] {
        let error = refused("stn", structure).unwrap_err();
        assert!(error.contains("stn") && error.contains("`cnn`"), "{error}");
        for name in ["cnn", "cnn-wide", "mlp-20", "tramer-b", "tramer-d"] {
            assert_eq!(refused(name, structure), Ok(()), "{name}");
        }
    }
    let error = refused("tramer-a", Structure::Kron).unwrap_err();
    assert!(error.contains("25601") && error.contains("diagonal"), "{error}");
    assert_eq!(refused("tramer-a", Structure::Diagonal), Ok(()));
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    let (images, held_out, workers) = (images(100), images(6), Workers::new(1).unwrap());
    let mut task = task(&images, &held_out, &workers);
    let mut start = member(&linear());
    start.parameters = start.parameters.full_like(f64::NAN);
    task.networks[0].start = Some(start);
    let outcome = laplace(settings(Structure::Kron)).fit(&task, &mut |_| ControlFlow::Continue(()));
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("linear") && error.contains("not finite"), "{error}");
}
