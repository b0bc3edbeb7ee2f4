//! The fused layers against `LibTorch`'s own operators.

use super::{conv_pool, conv_pool_relu, pool_relu};
use tch::{Device, Kind, Tensor};

/// Numbers in `[-1, 1)` without a random generator: the fractional parts of a multiple of an irrational.
fn numbers(size: &[i64], step: f64) -> Tensor {
    let n: i64 = size.iter().product();
    let x = Tensor::arange(n, (Kind::Double, Device::Cpu)) * step;
    ((&x - x.floor()) * 2.0 - 1.0).to_kind(Kind::Float).reshape(size)
}

fn composed(x: &Tensor) -> Tensor {
    x.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false).relu()
}

fn convolved(x: &Tensor, w: &Tensor, b: &Tensor) -> Tensor {
    x.conv2d(w, Some(b), [1, 1], [1, 1], [1, 1], 1)
}

/// The output, and the gradients of a weighted sum of it.
fn differentiated(leaves: &[&Tensor], layer: impl Fn(&[Tensor]) -> Tensor) -> Vec<Tensor> {
    let leaves: Vec<Tensor> = leaves.iter().map(|l| l.detach().copy().set_requires_grad(true)).collect();
    let out = layer(&leaves);
    // Values that bf16 has, so that both kinds are given the same.
    let weights = numbers(&out.size(), 0.754_877_666_246_692_7).to_kind(Kind::BFloat16).to_kind(out.kind());
    let mut all = Tensor::run_backward(&[(&out * weights).sum(Kind::Float)], &leaves, false, false);
    all.insert(0, out.detach());
    all
}

fn assert_equal(got: &[Tensor], expected: &[Tensor]) {
    assert_eq!(got.len(), expected.len());
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_eq!(got.size(), expected.size());
        assert!(got.equal(expected), "tensor {i} differs by {}", (got - expected).abs().max());
    }
}

fn assert_close(got: &[Tensor], expected: &[Tensor], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_eq!(got.size(), expected.size());
        let scale = expected.abs().max().double_value(&[]).max(1.0);
        let error = (got - expected).abs().max().double_value(&[]) / scale;
        assert!(error <= tolerance, "tensor {i} is off by {error} of its largest value");
    }
}

#[test]
fn pool_relu_has_the_values_and_gradients_of_pool_then_relu() {
    for size in [[3, 8, 6, 4], [2, 32, 14, 14], [1, 16, 7, 5], [2, 24, 2, 3]] {
        let x = numbers(&size, 0.569_840_290_998_053_2);
        assert_equal(
            &differentiated(&[&x], |l| pool_relu(&l[0])),
            &differentiated(&[&x], |l| composed(&l[0])),
        );
    }
}

#[test]
fn channels_that_fill_no_vector_take_the_composed_way() {
    let x = numbers(&[2, 10, 6, 6], 0.569_840_290_998_053_2);
    assert_equal(&differentiated(&[&x], |l| pool_relu(&l[0])), &differentiated(&[&x], |l| composed(&l[0])));
}

#[test]
fn the_gradient_goes_to_the_first_of_equal_maxima_and_nowhere_at_zero() {
    // Window by window: a tie of the last three, all equal, a maximum of exactly 0, all below 0.
    let values: [f32; 16] = [1., 2., 3., 3., 2., 2., 3., 3., 0., -1., -2., -1., 0., -1., -4., -3.];
    let x = Tensor::from_slice(&values).reshape([1, 1, 4, 4]).repeat([1, 8, 1, 1]);
    let got = differentiated(&[&x], |l| pool_relu(&l[0]));
    assert_equal(&got, &differentiated(&[&x], |l| composed(&l[0])));
    let passes = got[1].get(0).get(0).ne(0.0);
    let expected = [false, true, true, false].map(i64::from);
    assert_eq!(passes.get(0), Tensor::from_slice(&expected).to_kind(Kind::Bool));
    assert_eq!(passes.narrow(0, 1, 3).any().int64_value(&[]), 0);
}

#[test]
fn a_nan_is_passed_on() {
    let x = numbers(&[1, 8, 4, 4], 0.3).get(0).unsqueeze(0);
    let _ = x.get(0).get(3).get(1).get(2).fill_(f64::NAN);
    let nan = pool_relu(&x).isnan();
    assert!(nan.equal(&composed(&x).isnan()));
    assert_eq!(nan.sum(Kind::Int64).int64_value(&[]), 1);
}

#[test]
fn the_first_layer_agrees_with_the_composed_operators_for_every_shape_it_takes() {
    for (n, channels, c, h, w) in
        [(5, 1, 32, 28, 28), (2, 1, 8, 6, 4), (3, 3, 24, 9, 7), (2, 4, 16, 5, 8), (1, 2, 8, 2, 2)]
    {
        let x = numbers(&[n, channels, h, w], 0.618_033_988_749_895);
        let weight = numbers(&[c, channels, 3, 3], 0.414_213_562_373_095) * 0.3;
        let bias = numbers(&[c], 0.732_050_807_568_877) * 0.1;
        let fused = differentiated(&[&x, &weight, &bias], |l| conv_pool_relu(&l[0], &l[1], &l[2]));
        let expected = differentiated(&[&x, &weight, &bias], |l| composed(&convolved(&l[0], &l[1], &l[2])));
        assert_close(&fused, &expected, 1e-5);
    }
}

#[test]
fn later_layers_agree_with_the_composed_operators_for_every_shape() {
    for (n, channels, c, h, w) in [(5, 32, 32, 14, 14), (2, 8, 16, 6, 4), (3, 40, 24, 9, 7), (1, 16, 8, 2, 3)]
    {
        let x = numbers(&[n, channels, h, w], 0.618_033_988_749_895);
        let weight = numbers(&[c, channels, 3, 3], 0.414_213_562_373_095) * 0.1;
        let bias = numbers(&[c], 0.732_050_807_568_877) * 0.1;
        let fused = differentiated(&[&x, &weight, &bias], |l| conv_pool_relu(&l[0], &l[1], &l[2]));
        let expected = differentiated(&[&x, &weight, &bias], |l| composed(&convolved(&l[0], &l[1], &l[2])));
        assert_close(&fused, &expected, 1e-5);
    }
}

/// The operators that `conv_pool` stands for.
fn composed_pool(x: &Tensor, w: &Tensor, b: &Tensor, padding: i64) -> Tensor {
    let h = x.conv2d(w, Some(b), [1, 1], [padding, padding], [1, 1], 1);
    h.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
}

#[test]
fn any_kernel_padding_and_number_of_channels_agrees_with_the_composed_operators() {
    // Sides of 2 and 9, and a padding of a whole kernel, are LibTorch's; the rest are kernels'.
    let kernels = [(1, 0), (1, 1), (2, 1), (3, 0), (3, 1), (3, 2), (5, 0), (5, 2), (7, 0), (7, 3), (9, 4)];
    for (side, padding) in kernels {
        for (n, channels, c, h, w) in
            [(2, 1, 50, 14, 13), (3, 3, 8, 9, 12), (2, 10, 10, 16, 9), (1, 50, 20, 11, 10)]
        {
            let x = numbers(&[n, channels, h, w], 0.618_033_988_749_895);
            let weight = numbers(&[c, channels, side, side], 0.414_213_562_373_095) * 0.1;
            let bias = numbers(&[c], 0.732_050_807_568_877) * 0.1;
            let fused = differentiated(&[&x, &weight, &bias], |l| conv_pool(&l[0], &l[1], &l[2], padding));
            let expected =
                differentiated(&[&x, &weight, &bias], |l| composed_pool(&l[0], &l[1], &l[2], padding));
            assert_close(&fused, &expected, 1e-5);
        }
    }
}

#[test]
fn without_relu_negative_maxima_pass_and_so_do_their_gradients() {
    let x = numbers(&[2, 1, 8, 8], 0.618_033_988_749_895);
    let (weight, bias) =
        (Tensor::zeros([8, 1, 3, 3], (Kind::Float, Device::Cpu)) - 0.1, numbers(&[8], 0.3) - 2.0);
    let got = differentiated(&[&x, &weight, &bias], |l| conv_pool(&l[0], &l[1], &l[2], 1));
    assert!(got[0].max().double_value(&[]) < 0.0);
    let expected = differentiated(&[&x, &weight, &bias], |l| composed_pool(&l[0], &l[1], &l[2], 1));
    assert_close(&got, &expected, 1e-5);
}

#[test]
fn images_too_small_to_pool_are_left_to_libtorch() {
    let x = numbers(&[1, 8, 3, 3], 0.3);
    let out = conv_pool(&numbers(&[1, 8, 4, 4], 0.3), &numbers(&[8, 8, 3, 3], 0.3), &numbers(&[8], 0.3), 0);
    assert_eq!(out.size(), [1, 8, 1, 1]);
    let one =
        std::panic::catch_unwind(|| conv_pool(&x, &numbers(&[8, 8, 3, 3], 0.3), &numbers(&[8], 0.3), 0));
    assert!(one.is_err());
}

#[test]
fn only_the_gradients_that_are_asked_for_are_needed() {
    for channels in [1, 8] {
        let x = numbers(&[2, channels, 8, 8], 0.618_033_988_749_895);
        let weight = numbers(&[8, channels, 3, 3], 0.414_213_562_373_095);
        let bias = numbers(&[8], 0.732_050_807_568_877);
        let all = differentiated(&[&x, &weight, &bias], |l| conv_pool_relu(&l[0], &l[1], &l[2]));
        let image = differentiated(&[&x], |l| conv_pool_relu(&l[0], &weight, &bias));
        let weights = differentiated(&[&weight, &bias], |l| conv_pool_relu(&x, &l[0], &l[1]));
        assert_equal(&image, &all[..2]);
        assert_equal(&weights[1..], &all[2..]);
    }
}

#[test]
fn images_do_not_depend_on_their_neighbours() {
    let x = numbers(&[4, 1, 10, 10], 0.618_033_988_749_895);
    let weight = numbers(&[16, 1, 3, 3], 0.414_213_562_373_095);
    let bias = numbers(&[16], 0.732_050_807_568_877);
    let together = conv_pool_relu(&x, &weight, &bias);
    let alone = conv_pool_relu(&x.narrow(0, 2, 1), &weight, &bias);
    assert!(together.narrow(0, 2, 1).equal(&alone));
}

#[test]
fn half_precision_rounds_what_single_precision_computes() {
    let x = numbers(&[3, 1, 12, 12], 0.618_033_988_749_895);
    let weight = numbers(&[16, 1, 3, 3], 0.414_213_562_373_095) * 0.3;
    let bias = numbers(&[16], 0.732_050_807_568_877) * 0.1;
    let half = [&x, &weight, &bias].map(|t| t.to_kind(Kind::BFloat16));
    let single = [&half[0], &half[1], &half[2]].map(|t| t.to_kind(Kind::Float));
    let layer = |l: &[Tensor]| conv_pool_relu(&l[0], &l[1], &l[2]);
    let got = differentiated(&[&half[0], &half[1], &half[2]], layer);
    let expected = differentiated(&[&single[0], &single[1], &single[2]], layer);
    assert!(got.iter().all(|t| t.kind() == Kind::BFloat16));
    assert_equal(&got, &expected.iter().map(|t| t.to_kind(Kind::BFloat16)).collect::<Vec<_>>());
}

#[test]
fn pool_relu_is_exact_in_half_precision() {
    let x = numbers(&[2, 16, 6, 8], 0.569_840_290_998_053_2).to_kind(Kind::BFloat16);
    let got = differentiated(&[&x], |l| pool_relu(&l[0]));
    assert_equal(&got, &differentiated(&[&x], |l| composed(&l[0])));
}

#[test]
#[should_panic(expected = "a fused layer failed")]
fn shapes_that_do_not_fit_are_refused_with_libtorchs_words() {
    let _ = conv_pool_relu(&numbers(&[1, 3, 8, 8], 0.3), &numbers(&[8, 1, 3, 3], 0.3), &numbers(&[8], 0.3));
}
