//! Run folders, in the flags of `bal train`.

use bal::Remedy;

pub(super) fn of(remedy: &Remedy) -> Option<String> {
    Some(match remedy {
        Remedy::AnotherFolder => "give another --out".into(),
        Remedy::AnotherFolderOrAsBegun => {
            "give another --out, or resume it without --experiment and --set".into()
        }
        Remedy::Resume(folder) => {
            format!("`bal train --resume --out {}` goes on with it", folder.display())
        }
        Remedy::ResumeOrAnotherFolder => "give another --out, or --resume to continue the run there".into(),
        Remedy::WaitOrAnotherFolder => "wait until that has ended, or give another --out".into(),
        Remedy::RightFileOrAnotherFolder => "put the right file in its place, or give another --out".into(),
        Remedy::NoStart => "leave --start out".into(),
        Remedy::WithoutCheckpoint => "without that file, --resume begins the run anew".into(),
        _ => return None,
    })
}
