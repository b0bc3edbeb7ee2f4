//! One split: images, labels and, where known, names, and the groups of images that must stay together.

use ndarray::{Array4, Axis, concatenate};

/// Images with their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// `[n, c, h, w]`, row-major, 0..=255.
    pub images: Array4<u8>,
    /// `n` classes, numbered from 0.
    pub labels: Vec<u16>,
    /// For each image the number of its track, counted over all classes; `None` where images are independent.
    /// Images of one track are nearly alike.
    pub groups: Option<Vec<u32>>,
    /// For each image the path of its file below the folder of the data set, with `/` between names; `None` where images
    /// are no files of their own.
    pub names: Option<Vec<String>>,
}

impl Split {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The images of `indices` as `[k, c, h, w]`, row-major, in `[0, 1]`: each byte over 255.
    ///
    /// # Panics
    ///
    /// If an index is not below [`Split::len`].
    pub fn pixels(&self, indices: &[usize]) -> Vec<f32> {
        let (_, c, h, w) = self.images.dim();
        let mut pixels = Vec::with_capacity(indices.len() * c * h * w);
        for &index in indices {
            pixels.extend(self.images.index_axis(Axis(0), index).iter().map(|&byte| f32::from(byte) / 255.0));
        }
        pixels
    }

    /// The images of `indices` in gray as `[k, 1, h, w]`, row-major, in `[0, 1]`: the mean of the channels over 255.
    ///
    /// For RGB this is the paper's `(R + G + B) / 3`, without weights for the eye; for one channel it is
    /// [`Split::pixels`]. Rounded once: the sum of the bytes is exact.
    ///
    /// # Panics
    ///
    /// If an index is not below [`Split::len`].
    pub fn gray(&self, indices: &[usize]) -> Vec<f32> {
        let (_, c, h, w) = self.images.dim();
        let white = 255.0 * c as f32;
        let mut gray = Vec::with_capacity(indices.len() * h * w);
        for &index in indices {
            let image = self.images.index_axis(Axis(0), index);
            gray.extend(image.lanes(Axis(0)).into_iter().map(|channels| {
                let sum: u32 = channels.iter().map(|&byte| u32::from(byte)).sum();
                sum as f32 / white
            }));
        }
        gray
    }

    /// Number of images of each class `0..classes`; labels beyond are not counted.
    pub fn counts(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        for &label in &self.labels {
            if let Some(count) = counts.get_mut(usize::from(label)) {
                *count += 1;
            }
        }
        counts
    }

    /// The images of `indices`, in that order, with their labels, groups and names.
    ///
    /// # Panics
    ///
    /// If an index is not below [`Split::len`].
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        Self {
            images: self.images.select(Axis(0), indices),
            labels: indices.iter().map(|&index| self.labels[index]).collect(),
            groups: self.groups.as_ref().map(|groups| indices.iter().map(|&index| groups[index]).collect()),
            names: self.names.as_ref().map(|names| indices.iter().map(|&i| names[i].clone()).collect()),
        }
    }

    /// These images and after them those of `other`; groups and names only where both have them.
    ///
    /// # Panics
    ///
    /// If images of `other` have another shape.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let images = concatenate(Axis(0), &[self.images.view(), other.images.view()]);
        let groups = self.groups.as_ref().zip(other.groups.as_ref());
        let names = self.names.as_ref().zip(other.names.as_ref());
        Self {
            images: images.expect("images of one data set have one shape"),
            labels: [&self.labels[..], &other.labels].concat(),
            groups: groups.map(|(first, second)| [&first[..], second].concat()),
            names: names.map(|(first, second)| [&first[..], second].concat()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split() -> Split {
        let images = Array4::from_shape_fn((4, 3, 2, 2), |(n, c, y, x)| (100 * c + 10 * n + 2 * y + x) as u8);
        let names = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        Split { images, labels: vec![0, 2, 2, 1], groups: Some(vec![5, 6, 6, 7]), names: Some(names) }
    }

    #[test]
    fn parts_are_joined_in_their_order() {
        let split = split();
        assert_eq!(split.select(&[0, 1]).joined(&split.select(&[2, 3])), split);
        let alone = Split { groups: None, names: None, ..split.clone() };
        let joined = alone.joined(&split);
        assert_eq!((joined.groups, joined.names), (None, None));
    }

    #[test]
    fn pixels_are_bytes_over_255_in_row_major_order() {
        let pixels = split().pixels(&[3, 0]);
        assert_eq!(pixels.len(), 2 * 3 * 4);
        assert_eq!(&pixels[..5], [30.0, 31.0, 32.0, 33.0, 130.0].map(|byte: f32| byte / 255.0));
        assert_eq!(&pixels[12..14], [0.0, 1.0 / 255.0]);
        let white = Split {
            images: Array4::from_elem((1, 1, 1, 1), 255),
            labels: vec![0],
            groups: None,
            names: None,
        };
        assert_eq!(white.pixels(&[0]), [1.0]);
    }

    #[test]
    fn gray_is_the_mean_of_the_channels() {
        let split = split();
        let (pixels, gray) = (split.pixels(&[2]), split.gray(&[2]));
        assert_eq!(gray.len(), 4);
        for (at, gray) in gray.into_iter().enumerate() {
            let mean = (pixels[at] + pixels[4 + at] + pixels[8 + at]) / 3.0;
            assert!((gray - mean).abs() < 1e-6, "{gray} {mean}");
        }
    }

    #[test]
    fn gray_of_one_channel_is_its_pixels() {
        let images = Array4::from_shape_fn((1, 1, 16, 16), |(_, _, y, x)| (16 * y + x) as u8);
        let split = Split { images, labels: vec![0], groups: None, names: None };
        assert_eq!(split.gray(&[0]), split.pixels(&[0]));
    }

    #[test]
    fn selecting_keeps_images_labels_groups_and_names_together() {
        let split = split();
        let selected = split.select(&[2, 0]);
        assert_eq!(
            (selected.labels.as_slice(), selected.groups.as_deref()),
            (&[2, 0][..], Some(&[6, 5][..]))
        );
        assert_eq!(selected.names.as_deref(), Some(&["c".to_owned(), "a".to_owned()][..]));
        assert_eq!(selected.pixels(&[0, 1]), split.pixels(&[2, 0]));
        assert_eq!(split.counts(3), [1, 1, 2]);
    }
}
