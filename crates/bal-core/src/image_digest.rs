//! Which images they are, told by what is computed on: their pixels, wherever they lie and whatever they are called.

use sha2::{Digest, Sha256};
use std::fmt;
use tch::{Device, Kind, Tensor};

/// The first 128 bits of the SHA-256 of an image as a network sees it, without its label.
///
/// Hashed are a line of text with the type and the sizes, `uint8 1 28 28` and a newline, and then the pixels, the last
/// dimension running fastest: a byte each, or for `float32` four in little-endian order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageDigest(pub [u8; 16]);

impl fmt::Debug for ImageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hexadecimal(&self.0))
    }
}

/// One digest for each image of `pixels`, `[n, ..]`, bytes or floats, in order.
pub(crate) fn of_images(pixels: &Tensor) -> Vec<ImageDigest> {
    let images = pixels.size().first().copied().unwrap_or(0) as usize;
    let bytes_each = pixels.kind() == Kind::Uint8;
    let kind = if bytes_each { Kind::Uint8 } else { Kind::Float };
    let pixels = pixels.to_kind(kind).to_device(Device::Cpu).contiguous();
    let sizes: Vec<String> = pixels.size().iter().skip(1).map(ToString::to_string).collect();
    let line = format!("{} {}\n", if bytes_each { "uint8" } else { "float32" }, sizes.join(" "));
    let width = kind.elt_size_in_bytes();
    let mut bytes = vec![0; pixels.numel() * width];
    pixels.copy_data_u8(&mut bytes, pixels.numel());
    if cfg!(target_endian = "big") {
        bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
    }
    let length = bytes.len() / images.max(1);
    let digest = |image: usize| {
        let mut hasher = Sha256::new();
        hasher.update(line.as_bytes());
        hasher.update(&bytes[image * length..(image + 1) * length]);
        let mut digest = [0; 16];
        digest.copy_from_slice(&hasher.finalize()[..16]);
        ImageDigest(digest)
    };
    (0..images).map(digest).collect()
}

/// SHA-256, in 64 hexadecimal digits, of a part of a data set: of the names of the classes and, image by image in order,
/// of its digest and its label.
///
/// Hashed are `classes N` and a newline, each name and a newline, `images N` and a newline, and for each image the 16
/// bytes of its digest and the 8 of its label, little-endian.
///
/// # Panics
/// When there are not as many labels as images.
pub fn part_digest(images: &[ImageDigest], labels: &[i64], class_names: &[String]) -> String {
    assert_eq!(images.len(), labels.len(), "one label for each image");
    let mut hasher = Sha256::new();
    hasher.update(format!("classes {}\n", class_names.len()));
    for name in class_names {
        hasher.update(format!("{name}\n"));
    }
    hasher.update(format!("images {}\n", images.len()));
    for (image, label) in images.iter().zip(labels) {
        hasher.update(image.0);
        hasher.update(label.to_le_bytes());
    }
    hexadecimal(&hasher.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(values: &[u8], shape: [i64; 4]) -> Tensor {
        Tensor::from_slice(values).reshape(shape)
    }

    /// The values are those of Python: `hashlib.sha256(b"uint8 1 2 2\n" + bytes([0, 1, 2, 3])).hexdigest()[:32]`, and
    /// with `struct.pack("<4f", 0, .25, .5, 1)` after `float32 1 2 2`.
    #[test]
    fn the_digest_is_that_of_python() {
        let of = of_images(&bytes(&[0, 1, 2, 3], [1, 1, 2, 2]));
        assert_eq!(format!("{of:?}"), "[26aae7e98d99f15a2f53b1cbb0088906]");
        let floats = Tensor::from_slice(&[0f32, 0.25, 0.5, 1.0]).reshape([1, 1, 2, 2]);
        assert_eq!(format!("{:?}", of_images(&floats)), "[9b00526d78d3bc88491c66bbfc98fe9f]");
    }

    #[test]
    fn images_are_told_apart_by_pixels_shape_and_type_and_by_nothing_else() {
        let one = of_images(&bytes(&[0, 1, 2, 3, 4, 5], [1, 1, 2, 3]))[0];
        let two = of_images(&bytes(&[9, 9, 9, 9, 9, 9, 0, 1, 2, 3, 4, 5], [2, 1, 2, 3]));
        assert_eq!(one, two[1]);
        // Columns first in memory, the same image.
        let turned = bytes(&[0, 3, 1, 4, 2, 5], [1, 1, 3, 2]).transpose(2, 3);
        assert_eq!(one, of_images(&turned)[0]);
        let others = [
            two[0],
            of_images(&bytes(&[0, 1, 2, 3, 4, 5], [1, 1, 3, 2]))[0],
            of_images(&bytes(&[0, 1, 2, 3, 4, 6], [1, 1, 2, 3]))[0],
            of_images(&(bytes(&[0, 1, 2, 3, 4, 5], [1, 1, 2, 3]).to_kind(Kind::Float) / 255.0))[0],
        ];
        assert!(others.iter().all(|other| *other != one));
        assert!(of_images(&bytes(&[], [0, 1, 2, 3])).is_empty());
    }

    #[test]
    fn many_images_have_the_digests_that_each_has_alone() {
        let pixels = Tensor::arange(7 * 12, (Kind::Uint8, Device::Cpu)).reshape([7, 3, 2, 2]);
        let alone: Vec<ImageDigest> = (0..7).flat_map(|i| of_images(&pixels.narrow(0, i, 1))).collect();
        assert_eq!(of_images(&pixels), alone);
    }

    #[test]
    fn a_part_is_told_by_images_labels_their_order_and_the_classes() {
        let [a, b] = [ImageDigest([1; 16]), ImageDigest([2; 16])];
        let names = |names: [&str; 2]| names.map(String::from);
        let parts = [
            part_digest(&[a, b], &[0, 1], &names(["x", "y"])),
            part_digest(&[b, a], &[0, 1], &names(["x", "y"])),
            part_digest(&[a, b], &[1, 1], &names(["x", "y"])),
            part_digest(&[a, b], &[0, 1], &names(["y", "x"])),
            part_digest(&[a], &[0], &names(["x", "y"])),
        ];
        assert!((0..parts.len()).all(|at| !parts[..at].contains(&parts[at])));
        assert_eq!(parts[0], "3e9ac7d90e419c46e891fb36d83d76634c922e2a54db39d6322b9014392fd22b");
    }
}
