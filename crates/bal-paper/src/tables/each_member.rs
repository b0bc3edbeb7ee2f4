//! What was measured of the members of a posterior, each alone.

use std::path::Path;

use bal_report::ReportError;

/// What `read` makes of `<measure>-member-<K>.json` in a folder, K from 0 on, up to the first for which it finds nothing.
///
/// Errors are those of `read`, or name the first file that is not `alike` to that of member 0.
pub(super) fn each_member<T>(
    folder: &Path,
    measure: &str,
    read: impl Fn(&Path) -> Result<Option<T>, ReportError>,
    alike: impl Fn(&T, &T) -> bool,
) -> Result<Vec<T>, ReportError> {
    let mut members = Vec::new();
    loop {
        let path = folder.join(format!("{measure}-member-{}.json", members.len()));
        let Some(member) = read(&path)? else { return Ok(members) };
        if members.first().is_some_and(|first| !alike(first, &member)) {
            let what = "this member was not attacked like member 0: their radii, attacks or images differ"
                .to_owned();
            return Err(ReportError::invalid(&path, what));
        }
        members.push(member);
    }
}
