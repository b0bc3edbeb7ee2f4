//! `bal train`.

use crate::{
    args::Train,
    console::{print, say},
    interrupt::Interrupted,
    session::session_among,
};
use anyhow::Result;
use bal::{Ending, Trained};

/// Trains what the flags ask for.
pub(crate) fn train(flags: &Train) -> Result<()> {
    let request = flags.request()?;
    let session = session_among(&flags.machine)?;
    let Trained { folder, ending } = bal::train(&request, &session)?;
    let path = folder.path().display();
    if !session.is_first() && !matches!(ending, Ending::Interrupted { .. }) {
        return Ok(());
    }
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
