//! The digest of one part of a data set: what a record needs to tell whether two runs saw the same images.

use crate::digest::Hasher;
use crate::{Digest, Split};

/// SHA-256 over classes, form, and the name, label, group and pixels of each image of a part, in order.
///
/// Pixels are those that a network gets, so another size is another digest. Numbers are 64 bits, little-endian; each
/// text follows its number of bytes; a group follows a 1, and a 0 says that there is none.
pub(crate) fn of<'a>(part: &Split, names: impl Iterator<Item = &'a str>, classes: &[String]) -> Digest {
    let mut hasher = Hasher::default();
    hasher.update(b"images, version 1\n");
    let number = |hasher: &mut Hasher, number: usize| hasher.update(&(number as u64).to_le_bytes());
    let text = |hasher: &mut Hasher, text: &str| {
        number(hasher, text.len());
        hasher.update(text.as_bytes());
    };
    number(&mut hasher, classes.len());
    for class in classes {
        text(&mut hasher, class);
    }
    for &length in part.images.shape() {
        number(&mut hasher, length);
    }
    for (at, (name, image)) in names.zip(part.images.outer_iter()).enumerate() {
        text(&mut hasher, name);
        number(&mut hasher, part.labels[at].into());
        match &part.groups {
            None => number(&mut hasher, 0),
            Some(groups) => {
                number(&mut hasher, 1);
                number(&mut hasher, groups[at] as usize);
            }
        }
        // Row-major as `Split` promises; a view that is not has its bytes gathered.
        match image.as_slice() {
            Some(bytes) => hasher.update(bytes),
            None => hasher.update(&image.iter().copied().collect::<Vec<u8>>()),
        }
    }
    hasher.finish().sha256
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;

    #[test]
    fn every_ingredient_is_in_the_digest() {
        let part = || Split {
            images: Array4::from_shape_fn((2, 1, 2, 3), |(n, _, y, x)| (n * 6 + y * 3 + x) as u8),
            labels: vec![0, 1],
            groups: Some(vec![4, 5]),
            names: None,
        };
        let digest = |change: fn(&mut Split), names: [&str; 2], classes: [&str; 2]| {
            let mut part = part();
            change(&mut part);
            of(&part, names.into_iter(), &classes.map(str::to_owned))
        };
        let same = |_: &mut Split| {};
        let all = [
            digest(same, ["a", "b"], ["c", "d"]),
            digest(same, ["a", "x"], ["c", "d"]),
            digest(same, ["a", "b"], ["c", "x"]),
            digest(|part| part.labels[1] = 0, ["a", "b"], ["c", "d"]),
            digest(|part| part.groups = None, ["a", "b"], ["c", "d"]),
            digest(|part| part.groups = Some(vec![4, 6]), ["a", "b"], ["c", "d"]),
            digest(|part| part.images[[1, 0, 1, 2]] = 0, ["a", "b"], ["c", "d"]),
            digest(
                |part| part.images = part.images.clone().into_shape_with_order((2, 1, 3, 2)).unwrap(),
                ["a", "b"],
                ["c", "d"],
            ),
        ];
        assert_eq!(all[0], digest(same, ["a", "b"], ["c", "d"]));
        for (at, one) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| other != one), "{at}");
        }
    }
}
