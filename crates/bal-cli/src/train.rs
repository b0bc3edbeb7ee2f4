//! `bal train`.

use crate::{
    args::Train,
    console::{print, say},
    interrupt::Interrupted,
    session::session,
};
use anyhow::Result;
use bal::{Ending, Trained};

/// Trains what the flags ask for.
pub(crate) fn train(flags: &Train) -> Result<()> {
    let session = session(&flags.machine)?;
    let Trained { folder, ending } = bal::train(&flags.request()?, &session)?;
    let path = folder.path().display();
    match ending {
        Ending::Interrupted { sweep, planned } => {
            return Err(Interrupted(format!(
                "interrupted after batch {sweep} of {planned}; {path} holds a checkpoint: \
                `bal train --resume --out {path}` goes on there, to the same weights"
            ))
            .into());
        }
        Ending::WasFinished => say(&format!("{path} is finished already")),
        _ => {}
    }
    print(&path.to_string());
    Ok(())
}
