//! What an attack that moves pixels is asked for.

use super::made::Made;
use super::task::Task;
use crate::{EvaluationError, SpatialAttack};

/// The images that the attack makes within this radius; those that it was given at radius 0.
pub(super) fn within(task: &Task, attack: &dyn SpatialAttack, radius: f64) -> Result<Made, EvaluationError> {
    if radius == 0.0 {
        return Ok(Made::still(attack.measure(), task.batch));
    }
    let witness = attack.transform(task.model, task.batch, radius, task.noise)?;
    Made::rendered(attack.name(), attack.measure(), task.batch, &witness)
}
