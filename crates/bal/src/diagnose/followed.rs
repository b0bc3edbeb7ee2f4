//! Draws of a quantity, taken from tensors.

use anyhow::{Context, Result};
use bal_diagnostics::Draws;
use tch::{Kind, Tensor};

/// The draws of one quantity, and when they were made.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) draws: Draws,
    /// The sweep after which the first draw was made.
    pub(super) first: u64,
    /// Sweeps from one draw to the next.
    pub(super) every: u64,
}

/// The draws in a tensor `[draws, chains]`.
pub(crate) fn draws(values: &Tensor) -> Result<Draws> {
    let (length, chains) = values.size2().context("draws are no table")?;
    let flat = Vec::<f64>::try_from(values.to_kind(Kind::Double).transpose(0, 1).contiguous().reshape([-1]))?;
    let chain = |c: i64| flat[(c * length) as usize..((c + 1) * length) as usize].to_vec();
    Ok(Draws::new((0..chains).map(chain).collect())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_a_column() {
        let table = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]).reshape([3, 2]);
        assert_eq!(draws(&table).unwrap().chains(), [[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]);
    }
}
