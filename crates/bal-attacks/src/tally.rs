//! How often a gradient told an attack nothing.

use crate::ModelFault;
use std::cell::RefCell;
use tch::{Kind, Tensor};

/// How many gradients an attack took, and how many of them said nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gradients {
    /// Images times passes that were differentiated, while the images were still right.
    pub taken: u64,
    /// Those whose gradient was exactly zero in every pixel: the attack had nowhere to go.
    pub zero: u64,
}

impl Gradients {
    /// The share that was zero, in `[0, 1]`; `None` of an attack that took none.
    pub fn share_zero(self) -> Option<f64> {
        (self.taken > 0).then(|| self.zero as f64 / self.taken as f64)
    }
}

impl std::ops::AddAssign for Gradients {
    fn add_assign(&mut self, other: Self) {
        self.taken = self.taken.saturating_add(other.taken);
        self.zero = self.zero.saturating_add(other.zero);
    }
}

/// Names of attacks, with their gradients.
pub(crate) type Counts = Vec<(&'static str, Gradients)>;

thread_local! {
    /// What is counted on this thread; `None` where nobody asked.
    static COUNTS: RefCell<Option<Counts>> = const { RefCell::new(None) };
}

/// Counts the gradients that are taken on this thread while `work` goes on: under the name of the part that was
/// begun last ([`part`]), and before any as `name`'s.
///
/// An attack is one task on one thread, so that what is counted depends on nothing beside it.
pub(crate) fn of<T>(name: &'static str, work: impl FnOnce() -> T) -> (T, Counts) {
    let before = COUNTS.replace(Some(vec![(name, Gradients::default())]));
    let _back = Back(before);
    let result = work();
    (result, COUNTS.take().unwrap_or_default())
}

/// Puts back what was counted before, also where the work panics.
struct Back(Option<Counts>);

impl Drop for Back {
    fn drop(&mut self) {
        let before = self.0.take();
        COUNTS.with(|counts| *counts.borrow_mut() = before);
    }
}

/// From here on gradients are this part's.
pub(crate) fn part(name: &'static str) {
    COUNTS.with_borrow_mut(|counts| {
        let Some(counts) = counts else { return };
        let known = counts.iter().position(|(known, _)| *known == name);
        let entry = known.map_or((name, Gradients::default()), |place| counts.remove(place));
        counts.push(entry);
    });
}

/// Adds what was counted before, part by part, under the names that it has.
pub(crate) fn add(counts: &Counts) {
    for (name, gradients) in counts {
        part(name);
        COUNTS.with_borrow_mut(|counts| {
            if let Some((_, last)) = counts.as_mut().and_then(|counts| counts.last_mut()) {
                *last += *gradients;
            }
        });
    }
}

/// Takes note of a gradient, a row for each image, but for those that are `wrong`.
pub(crate) fn note(gradient: &Tensor, wrong: Option<&Tensor>) -> Result<(), ModelFault> {
    if !COUNTS.with_borrow(Option::is_some) {
        return Ok(());
    }
    let images = gradient.size().first().copied().unwrap_or(0);
    let zero = gradient.f_reshape([images, -1])?.f_any_dim(1, false)?.f_logical_not()?;
    let (counted, zero) = match wrong {
        Some(wrong) => {
            let right = wrong.f_logical_not()?;
            (right.f_sum(Kind::Int64)?.int64_value(&[]), zero.f_logical_and(&right)?)
        }
        None => (images, zero),
    };
    let zero = zero.f_sum(Kind::Int64)?.int64_value(&[]);
    COUNTS.with_borrow_mut(|counts| {
        if let Some((_, last)) = counts.as_mut().and_then(|counts| counts.last_mut()) {
            *last += Gradients { taken: counted as u64, zero: zero as u64 };
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::images;

    #[test]
    fn gradients_are_counted_by_the_part_that_took_them_and_only_when_asked() {
        let (some, none) = (images(&[&[0.0, 1e-30], &[0.0, 0.0]]), images(&[&[0.0, 0.0]]));
        note(&some, None).unwrap();
        let ((), counts) = of("suite", || {
            note(&some, None).unwrap();
            part("first");
            note(&none, None).unwrap();
            part("second");
            note(&some, None).unwrap();
            // An attack within an attack keeps its own account.
            let ((), inner) = of("inner", || note(&none, None).unwrap());
            assert_eq!(inner, [("inner", Gradients { taken: 1, zero: 1 })]);
            part("first");
            note(&some, None).unwrap();
        });
        let expected = [("suite", 2, 1), ("second", 2, 1), ("first", 3, 2)];
        assert_eq!(counts, expected.map(|(name, taken, zero)| (name, Gradients { taken, zero })));
        let ((), counts) = of("square", || ());
        assert_eq!(counts[0].1.share_zero(), None);
    }

    #[test]
    fn counts_that_are_added_are_as_if_counted_here() {
        let counted = || {
            part("first");
            note(&images(&[&[0.0, 0.0]]), None).unwrap();
            part("second");
        };
        let ((), expected) = of("suite", counted);
        let ((), added) = of("suite", || add(&of("suite", counted).1));
        assert_eq!(added, expected);
    }

    #[test]
    fn images_that_are_wrong_already_do_not_count() {
        let ((), counts) = of("pgd", || {
            let gradient = images(&[&[0.0, 0.0], &[0.0, 0.0], &[1.0, 0.0], &[1.0, 0.0]]);
            note(&gradient, Some(&Tensor::from_slice(&[true, false, true, false]))).unwrap();
        });
        assert_eq!(counts, [("pgd", Gradients { taken: 2, zero: 1 })]);
    }

    #[test]
    fn another_thread_counts_for_itself() {
        let ((), counts) = of("here", || {
            std::thread::spawn(|| note(&images(&[&[0.0]]), None).unwrap()).join().unwrap();
        });
        assert_eq!(counts, [("here", Gradients::default())]);
    }
}
