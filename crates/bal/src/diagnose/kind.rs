//! Quantities of one kind, judged together.

use super::followed::Series;
use bal_diagnostics::{Diagnosis, Quantity};
use bal_page::{Followed, FollowedGroup};
use bal_report::Group;

/// Quantities of one kind with their draws, or why there are none.
pub(super) struct Kind {
    /// By which they are chosen.
    pub(super) name: &'static str,
    what: String,
    /// Whether a quantity has draws of each chain, rather than one mean of all.
    pub(super) across_chains: bool,
    pub(super) diagnosis: Diagnosis,
    series: Vec<Series>,
    lacking: Option<String>,
}

impl Kind {
    /// Measures every series.
    pub(super) fn measure(
        name: &'static str,
        what: String,
        across_chains: bool,
        series: Vec<Series>,
    ) -> Self {
        let measured = series.iter().map(|series| Quantity::measure(&series.name, &series.draws)).collect();
        Self { name, what, across_chains, diagnosis: Diagnosis::of(measured), series, lacking: None }
    }

    /// None of them, because of `why`.
    pub(super) fn lacking(name: &'static str, what: &str, across_chains: bool, why: String) -> Self {
        Self { lacking: Some(why), ..Self::measure(name, what.into(), across_chains, vec![]) }
    }

    /// The verdict, or why there is none.
    pub(super) fn said(&self) -> String {
        match &self.lacking {
            Some(why) => format!("nothing can be said: {why}"),
            None if self.across_chains => self.diagnosis.verdict.to_string(),
            None => "means over the chains: their effective sizes tell how fast they move, not whether chains agree"
                .into(),
        }
    }

    /// As the table and the JSON show it.
    pub(super) fn group(&self) -> Group {
        if self.lacking.is_some() {
            return Group::lacking(self.name, &self.what, self.said());
        }
        let mut group = Group::of(self.name, self.what.clone(), &self.diagnosis);
        group.verdict = self.said();
        if !self.across_chains {
            // There may be many chains, of which the one series is the mean.
            for row in &mut group.quantities {
                row.obstacle = Some("a mean over the chains".into());
            }
        }
        group
    }

    /// As the figure shows it.
    pub(super) fn worst_first(&self) -> FollowedGroup {
        let followed = |place: usize| {
            let Series { draws, first, every, .. } = &self.series[place];
            let quantity = self.diagnosis.quantities[place].clone();
            Followed { quantity, draws: draws.clone(), first: *first, every: *every }
        };
        FollowedGroup {
            title: self.name.into(),
            followed: self.diagnosis.worst_first().into_iter().map(followed).collect(),
        }
    }
}
