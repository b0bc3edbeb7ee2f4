//! Work that several processes share.

mod agreement;
mod opening;

use crate::{Refusal, Result, refusal::told};
pub(crate) use agreement::{agree_on_evaluation, agree_on_training};
use bal_cluster::Cluster;
use bal_core::{Lost, Method, Ranks};
pub(crate) use opening::{Beginning, Opening};
use std::sync::Arc;

/// The other processes, as methods share their work out among them.
#[derive(Clone, Debug)]
pub(crate) struct Among(pub(crate) Arc<Cluster>);

impl Ranks for Among {
    fn rank(&self) -> usize {
        self.0.rank()
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn are_near(&self) -> bool {
        self.0.is_near()
    }

    fn gather(&self, own: Vec<u8>) -> Result<Vec<Vec<u8>>, Lost> {
        self.0.gather(&own).map_err(|error| Lost(error.to_string()))
    }
}

/// What came of the part of this rank. The others learn why it ended, if it was with an error.
pub(crate) fn ended<T>(cluster: &Cluster, outcome: Result<T>) -> Result<T> {
    if let Err(error) = &outcome {
        cluster.fail(&told(error.chain().map(ToString::to_string)));
    }
    outcome
}

/// Refuses a method that does not share its work out.
pub(crate) fn check_method(method: &dyn Method) -> Result<()> {
    if method.is_shared() {
        return Ok(());
    }
    let fault = format!(
        "{} is not shared out among several processes; erm, adversarial training, wrm, bnn and bal are. Start one process",
        method.name()
    );
    Err(Refusal::of_request(fault).into())
}

/// Whether any of the ranks wants the work to end after this step: all of them then do.
pub(crate) fn any(cluster: &Cluster, own: bool) -> Result<bool> {
    let wishes = cluster.gather(&[own.into()])?;
    Ok(wishes.iter().any(|wish| wish.first() == Some(&1)))
}
