//! A word of warning where the last batch of an epoch moves its images further than all others.

use crate::Note;
use bal_baselines::BalSettings;

/// What to know of chains whose epochs end in a smaller batch with longer steps, and the way out.
pub(crate) fn remark(settings: &BalSettings, images: u64) -> Option<Note> {
    let (full, last) = (settings.schedule.batch_size, settings.small_last_batch(images)?);
    let times = full as f64 / last as f64;
    Some(Note::remark(format!(
        "the last batch of an epoch has {last} of {full} images, and `loss_scale = \"batch_mean\"` makes their steps \
         {times:.1} times as long; `last_batch = \"drop\"` in [bal.schedule] leaves such a batch out, and with \
         `loss_scale = \"per_image\"` steps are the same in all"
    )))
}
