//! What each run is called in figures, how it looks, and which published method it is compared with.

use bal_page::plot::{Colour, Look, Marker};

/// One of the runs that figures know.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Method {
    /// The name of its run in Figure 1, or where else it is first shown.
    pub(crate) run: &'static str,
    /// Its name in figures.
    pub(crate) label: &'static str,
    pub(crate) look: Look,
    /// Its key in the published numbers.
    pub(super) published: &'static str,
}

/// Said wherever the published PGD stands beside ours.
pub(crate) const PGD_NOTE: &str = "* The published “PGD” trains on one step along the squared gradient, without a \
     projection; ours on the PGD of Madry et al.";

/// In the order of legends and tables.
pub(super) const METHODS: [Method; 9] = [
    method("erm", "ERM", "erm", Colour::Gray, Marker::Circle),
    method("fgsm", "FGSM", "fgsm", Colour::SkyBlue, Marker::TriangleUp),
    method("ifgsm", "IFGSM", "ifgsm", Colour::Blue, Marker::TriangleDown),
    method("pgd", "PGD*", "pgd_as_released", Colour::BluishGreen, Marker::Square),
    method("wrm", "WRM", "wrm", Colour::ReddishPurple, Marker::Diamond),
    method("bnn", "BNN", "bnn", Colour::Orange, Marker::Plus),
    method("bal-released", "BAL released", "bal", Colour::Vermillion, Marker::Star),
    method("bal-paper", "BAL paper", "bal", Colour::DarkVermillion, Marker::Cross),
    method("bal-exact", "BAL exact", "bal", Colour::Black, Marker::Pentagon),
];

/// What BAL as released is measured by beyond the paper, in the colours of what each is a form of; one more for the mean.
pub(super) const BESIDE_BAL: [Method; 3] = [
    method("pgd-linf", "PGD at BAL's distance", "pgd_as_released", Colour::BluishGreen, Marker::Square),
    method("ensemble-linf", "Mean of five such PGD", "pgd_as_released", Colour::Blue, Marker::Plus),
    method("scratch", "BAL from initial weights", "bal", Colour::Vermillion, Marker::Star),
];

const fn method(
    run: &'static str,
    label: &'static str,
    published: &'static str,
    colour: Colour,
    marker: Marker,
) -> Method {
    Method { run, label, look: Look::new(colour, marker), published }
}

impl Method {
    /// Whether its published namesake is another method.
    pub(crate) fn is_pgd(&self) -> bool {
        self.run == "pgd"
    }

    /// Whether both are compared with the same published numbers.
    pub(crate) fn shares_reference_with(&self, other: &Self) -> bool {
        self.published == other.published
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_run_has_a_look_of_its_own() {
        assert!(METHODS.iter().map(|m| m.run).eq(super::super::FIG1.runs()));
        let colours: HashSet<_> = METHODS.iter().map(|m| m.look.colour.hex()).collect();
        let markers: HashSet<_> = METHODS.iter().map(|m| format!("{:?}", m.look.marker)).collect();
        assert_eq!((colours.len(), markers.len()), (9, 9));
    }
}
