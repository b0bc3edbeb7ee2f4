//! The radii of the paper's FGSM curves, in the L-infinity norm on pixels in `[0, 1]`.

/// `linspace(0, 0.15, 10)`: MNIST and Fashion-MNIST.
pub(crate) const MNIST_FGSM: [f64; 10] = linspace(0.15);

/// `linspace(0, 0.1, 11)`: GTSRB.
pub(crate) const GTSRB_FGSM: [f64; 11] = linspace(0.1);

/// `N` equally spaced numbers from 0 to `end`, both of them exact, as NumPy makes them.
const fn linspace<const N: usize>(end: f64) -> [f64; N] {
    let mut numbers = [0.0; N];
    let mut i = 0;
    while i < N - 1 {
        numbers[i] = i as f64 * (end / (N - 1) as f64);
        i += 1;
    }
    numbers[N - 1] = end;
    numbers
}

/// `radii` as `bal evaluate --radius` takes them, with all the digits that tell them apart.
pub(crate) fn list(radii: &[f64]) -> String {
    radii.iter().map(f64::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_radii_read_back_exactly() {
        let printed = list(&MNIST_FGSM);
        let read: Vec<f64> = printed.split(',').map(|radius| radius.parse().unwrap()).collect();
        assert_eq!(read, MNIST_FGSM);
        assert!(printed.starts_with("0,0.01666666666666") && printed.ends_with(",0.15"), "{printed}");
    }

    #[test]
    fn radii_are_equally_spaced() {
        for (i, radius) in MNIST_FGSM.iter().enumerate() {
            assert!((radius - i as f64 * 0.15 / 9.0).abs() < 1e-15);
        }
        for (i, radius) in GTSRB_FGSM.iter().enumerate() {
            assert!((radius - i as f64 * 0.01).abs() < 1e-15);
        }
    }
}
