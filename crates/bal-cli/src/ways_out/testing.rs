//! Models and the images to test them on, in the flags of `bal evaluate` and `bal calibrate`.

use bal::{FileKind, Remedy};

pub(super) fn of(remedy: &Remedy) -> Option<String> {
    Some(match remedy {
        Remedy::ClassNames => {
            "a file with a name a line, given by --class-names, says what the outputs stand for".into()
        }
        Remedy::NoClassNames => "leave --class-names out".into(),
        Remedy::NoDataset => "leave --dataset out".into(),
        Remedy::Dataset => "say by --dataset where they are now".into(),
        Remedy::ImagesForIt => "name images that it was trained for by --dataset".into(),
        Remedy::OtherImages { or_training: true } => {
            "name others by --dataset, or say by --training-images that those are meant".into()
        }
        Remedy::OtherImages { or_training: false } => "name others by --dataset".into(),
        Remedy::InputShape => "say it by --input-shape C,H,W".into(),
        Remedy::Sample(count) => format!("`--sample {count}` draws them from all images"),
        Remedy::SavedImages => "`bal evaluate --save` writes such files".into(),
        Remedy::SameEvaluation => {
            "`bal evaluate` of both with the same --dataset, --limit, --norm and --radius makes files that can be compared"
                .into()
        }
        Remedy::Check => {
            "`bal evaluate .. --check` looks for causes (docs/evaluation.md#zero-or-non-finite-gradients)"
                .into()
        }
        Remedy::NamedAsFile { file, kind } => {
            let flag = match kind {
                FileKind::Weights => "--weights",
                FileKind::TorchScript => "--torchscript",
                FileKind::Exported => "--pt2",
            };
            format!("name it by {flag} {}; RUN is a folder that `bal train` wrote", file.display())
        }
        Remedy::DataFolder => "say by --data where the data sets are".into(),
        Remedy::Download(set) => format!("`bal download {set}` fetches it"),
        _ => return None,
    })
}
