//! The radii of the paper's FGSM curves on MNIST.

/// `linspace(0, 0.15, 10)`, in the L-infinity norm on pixels in `[0, 1]`.
pub(crate) const MNIST_FGSM: [f64; 10] = linspace(0.15);

/// Ten equally spaced numbers from 0 to `end`, both of them exact, as NumPy makes them.
const fn linspace(end: f64) -> [f64; 10] {
    let mut numbers = [0.0; 10];
    let mut i = 0;
    while i < 9 {
        numbers[i] = i as f64 * (end / 9.0);
        i += 1;
    }
    numbers[9] = end;
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
    }
}
