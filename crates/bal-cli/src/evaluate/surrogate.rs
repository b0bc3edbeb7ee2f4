//! Another model that the attack is let at, so that its images can be shown to the one that is measured.

use crate::{
    args::{Evaluate, ModelFlags, Script},
    chosen::Chosen,
    console::say,
    subject::{self, Source},
};
use anyhow::{Result, bail};
use std::path::Path;

/// What `--surrogate` and `--surrogate-members` name, to attack these images; `None` without them.
///
/// # Errors
/// When it cannot be read, or tells other classes apart.
pub(crate) fn read(flags: &Evaluate, chosen: &Chosen) -> Result<Option<Source>> {
    let members = flags.surrogate_members.clone();
    let model = match &flags.surrogate {
        Some(path) => named(&flags.model, path),
        None if members.is_empty() => return Ok(None),
        // Other members of the same posterior.
        None => ModelFlags { members: vec![], ..flags.model.clone() },
    };
    if !members.is_empty() && !model.script.torchscript.is_empty() {
        bail!(
            "--surrogate-members chooses among a posterior's members; of TorchScript files name those you mean"
        );
    }
    let model = ModelFlags { members, ..model };
    let source = subject::read(&model, flags.settings.ensemble_gradient, flags.machine.device)?;
    if let Some(remark) = source.agrees(chosen)? {
        say(&remark);
    }
    Ok(Some(source))
}

/// A run folder, weights, or TorchScript that sees pixels as the flags say.
fn named(flags: &ModelFlags, path: &Path) -> ModelFlags {
    let ModelFlags { run, weights, script, .. } = ModelFlags::at(path);
    let script = Script { torchscript: script.torchscript, ..flags.script.clone() };
    // A run and what it writes say themselves what their classes are called.
    let class_names = flags.class_names.clone().filter(|_| run.is_none());
    ModelFlags { run, weights, script, class_names, members: vec![], ..flags.clone() }
}
