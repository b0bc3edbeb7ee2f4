//! Which of the images at a place are a model's to test on, told by what the images are and not by where they lie.
//!
//! What a model was trained on, or held out to choose its settings by, is left out. Of what is left, the model's own test
//! images come first and in the order in which its run had them, so that they have the same numbers, and an attack the same
//! noise for them, wherever they lie now and whatever was added; then those that are new.

use crate::{
    Note,
    trained_on::{Tie, TrainedOn},
};
use bal_core::ImageDigest;
use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
};

/// Images at a place.
pub(super) struct Found<'a> {
    pub(super) digests: &'a [ImageDigest],
    /// Those that may be tested on: all, or where somebody said which, these.
    pub(super) candidates: Range<usize>,
    /// Whether nobody has said which.
    pub(super) drawn: bool,
}

/// Images that were picked, by their places among those found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picked {
    pub(super) places: Vec<i64>,
    /// Their numbers: the place in the model's own list, and for new ones what follows.
    pub(super) numbers: Vec<i64>,
    pub(super) account: Account,
}

/// What became of the images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// How many might have been taken.
    pub(super) candidates: usize,
    /// Whether training images are among them as a matter of course.
    pub(super) drawn: bool,
    /// Left out: trained on.
    pub(super) trained: usize,
    /// Left out: held out.
    pub(super) held_out: usize,
    /// Taken, of the model's own list.
    pub(super) own: usize,
    /// Taken, and on no list.
    pub(super) new: usize,
    /// Of the model's own list, not there, or left out as copies of what was trained on.
    pub(super) missing: usize,
    /// Taken though they are copies of images that were trained on: whoever gave the data said so.
    pub(super) copies: usize,
}

/// Places on a list by the image that stands there, each to be taken once.
struct List(HashMap<ImageDigest, VecDeque<i64>>);

impl List {
    fn of<'a>(images: impl Iterator<Item = &'a ImageDigest>) -> Self {
        let mut places: HashMap<ImageDigest, VecDeque<i64>> = HashMap::new();
        for (place, image) in images.enumerate() {
            places.entry(*image).or_default().push_back(place as i64);
        }
        Self(places)
    }

    fn take(&mut self, image: &ImageDigest) -> Option<i64> {
        self.0.get_mut(image)?.pop_front()
    }

    fn left(&self) -> usize {
        self.0.values().map(VecDeque::len).sum()
    }
}

/// The images to test models on that share a test: the first one's own, and those that are new to all.
pub(super) fn to_test(found: &Found, models: &[&TrainedOn]) -> Picked {
    let mut own = List::of(models.iter().take(1).flat_map(|model| model.test()));
    let length = own.left() as i64;
    let mut account = Account::of(found);
    let mut picked: Vec<(i64, i64)> = Vec::new();
    for place in found.candidates.clone() {
        let image = &found.digests[place];
        let rank = own.take(image);
        let tie = |tie: Tie| models.iter().any(|model| model.tie(image) == Some(tie));
        let told =
            !found.drawn && models.iter().all(|model| model.tie(image).is_none() || model.is_given(image));
        match (tie(Tie::Trained), tie(Tie::HeldOut)) {
            (true, _) if told => account.copies += 1,
            (true, _) => {
                account.trained += 1;
                account.missing += usize::from(rank.is_some());
                continue;
            }
            (false, true) if !told => {
                account.held_out += 1;
                account.missing += usize::from(rank.is_some());
                continue;
            }
            (false, _) => {}
        }
        account.own += usize::from(rank.is_some());
        let number = rank.unwrap_or(length + account.new as i64);
        account.new += usize::from(rank.is_none());
        picked.push((number, place as i64));
    }
    account.missing += own.left();
    picked.sort_unstable();
    let (numbers, places) = picked.into_iter().unzip();
    Picked { places, numbers, account }
}

/// The images of a list, in its order.
pub(super) fn on_list<'a>(found: &Found, list: impl Iterator<Item = &'a ImageDigest>) -> Picked {
    let mut wanted = List::of(list);
    let mut account = Account::of(found);
    let taken = |place: usize| wanted.take(&found.digests[place]).map(|number| (number, place as i64));
    let mut picked: Vec<(i64, i64)> = found.candidates.clone().filter_map(taken).collect();
    picked.sort_unstable();
    (account.own, account.missing) = (picked.len(), wanted.left());
    let (numbers, places) = picked.into_iter().unzip();
    Picked { places, numbers, account }
}

impl Account {
    fn of(found: &Found) -> Self {
        Self { candidates: found.candidates.len(), drawn: found.drawn, ..Self::default() }
    }

    /// What to say of a test of the model `name` on the images of `dataset`; nothing where they are its own test images, all
    /// of them, `at_home`, where it was trained.
    pub(super) fn remarks(&self, name: &str, dataset: &str, at_home: bool) -> Vec<Note> {
        let Self { candidates, drawn, trained, held_out, own, new, missing, copies } = *self;
        let mut remarks = Vec::new();
        let left_out = trained + held_out;
        // Of new images alone, none of which is known, there is nothing to tell.
        let unknown = left_out + own == 0;
        let as_it_was = at_home && new == 0 && missing == 0 && (drawn || left_out == 0);
        if !(unknown || as_it_was) {
            let mut told = vec![match (trained, held_out) {
                (0, 0) => format!("{name} was trained on none"),
                (_, 0) => format!("{name} was trained on {trained}, which are left out"),
                _ => format!("{name} was trained on {trained} and held out {held_out}, which are left out"),
            }];
            match (own, missing) {
                (0, 0) => {}
                (_, 0) => told.push(format!("{own} are its own test images")),
                _ => told.push(format!("{own} are of its own {} test images", own + missing)),
            }
            match new {
                0 => {}
                1 => told.push("1 is new".into()),
                _ => told.push(format!("{new} are new")),
            }
            remarks
                .push(Note::remark(format!("of the {candidates} images of {dataset}, {}", told.join("; "))));
        }
        if copies > 0 {
            remarks.push(Note::warning(format!(
                "{copies} of the {} test images of {dataset} are copies of images that {name} was trained on; they are \
                 taken, as the data say which images are to test on",
                own + new
            )));
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_models::{Part, RunImages};

    fn images(numbers: &[u8]) -> Vec<ImageDigest> {
        numbers.iter().map(|&number| ImageDigest([number; 16])).collect()
    }

    fn model(train: &[u8], held_out: &[u8], test: &[u8], given: bool) -> TrainedOn {
        let part = |numbers: &[u8]| Part { images: images(numbers), digest: String::new() };
        let run = RunImages {
            train: part(train),
            held_out: part(held_out),
            test: part(test),
            start: vec![],
            given,
        };
        TrainedOn::new(vec![run], true)
    }

    fn test(found: &[u8], models: &[&TrainedOn]) -> (Vec<u8>, Vec<i64>, Account) {
        test_of(found, true, models)
    }

    fn test_of(found: &[u8], drawn: bool, models: &[&TrainedOn]) -> (Vec<u8>, Vec<i64>, Account) {
        let digests = images(found);
        let picked = to_test(&Found { digests: &digests, candidates: 0..digests.len(), drawn }, models);
        let taken = picked.places.iter().map(|&place| found[place as usize]).collect();
        (taken, picked.numbers, picked.account)
    }

    #[test]
    fn training_images_are_left_out_wherever_they_lie_and_own_ones_keep_their_order() {
        let model = model(&[1, 2, 3], &[4], &[5, 6, 7], false);
        let (taken, numbers, account) = test(&[1, 2, 3, 4, 5, 6, 7], &[&model]);
        assert_eq!((taken, numbers), (vec![5, 6, 7], vec![0, 1, 2]));
        assert!(account.remarks("m", "photos", true).is_empty());
        let moved = account.remarks("m", "elsewhere", false);
        assert_eq!(moved.len(), 1);
        assert_eq!(
            moved[0].to_string(),
            "note: of the 7 images of elsewhere, m was trained on 3 and held out 1, which are left out; 3 are its own test \
             images"
        );
        // In another order, one added, one removed.
        let (taken, numbers, account) = test(&[9, 7, 3, 6, 2, 4, 1], &[&model]);
        assert_eq!((taken, numbers), (vec![6, 7, 9], vec![1, 2, 3]));
        let said = account.remarks("m", "photos", true)[0].to_string();
        assert!(said.ends_with("left out; 2 are of its own 3 test images; 1 is new"), "{said}");
    }

    #[test]
    fn copies_are_left_out_of_a_drawn_test_and_counted_in_a_given_one() {
        let drawn = test(&[1, 2, 2, 5], &[&model(&[1, 2], &[], &[2, 5], false)]);
        assert_eq!((drawn.0, drawn.2.trained, drawn.2.copies), (vec![5], 3, 0));
        let model = model(&[1, 2], &[], &[2, 5], true);
        let given = test_of(&[2, 5], false, &[&model]);
        assert_eq!((given.0, given.2.copies), (vec![2, 5], 1));
        let said = given.2.remarks("m", "photos", true);
        assert!(
            said.len() == 1 && said[0].to_string().starts_with("warning: 1 of the 2 test images"),
            "{said:?}"
        );
        // Moved among the test images after training.
        let moved = test_of(&[1, 2, 5], false, &[&model]);
        assert_eq!((moved.0, moved.2.trained), (vec![2, 5], 1));
        assert_eq!(moved.2.remarks("m", "photos", true).len(), 2);
        // At a place that says nothing.
        let elsewhere = test(&[1, 2, 5], &[&model]);
        assert_eq!((elsewhere.0, elsewhere.2.trained), (vec![5], 2));
    }

    #[test]
    fn a_test_that_models_share_has_no_training_image_of_any() {
        let (one, other) = (model(&[1, 2], &[], &[3, 4], false), model(&[3, 1], &[2], &[4], false));
        let (taken, numbers, account) = test(&[1, 2, 3, 4, 5], &[&one, &other]);
        assert_eq!((taken, numbers), (vec![4, 5], vec![1, 2]));
        assert_eq!((account.trained, account.new), (3, 1));
    }

    #[test]
    fn a_model_of_which_nothing_is_known_takes_all_and_nothing_is_told() {
        let (taken, _, account) = test(&[1, 2], &[&TrainedOn::default()]);
        assert_eq!(taken, [1, 2]);
        assert!(account.remarks("m", "photos", false).is_empty());
    }

    #[test]
    fn a_list_is_found_in_its_order_each_image_once() {
        let digests = images(&[5, 2, 2, 1]);
        let list = images(&[1, 2, 7]);
        let picked = on_list(&Found { digests: &digests, candidates: 0..4, drawn: true }, list.iter());
        assert_eq!((picked.places, picked.numbers), (vec![3, 1], vec![0, 1]));
        assert_eq!((picked.account.own, picked.account.missing), (2, 1));
    }
}
