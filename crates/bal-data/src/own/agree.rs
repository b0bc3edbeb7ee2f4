//! The form of all images: as set, else as all of them are.

use super::OwnSettings;
use super::preprocessing::{MOST_SIDE, Preprocessing};
use super::raw::Header;
use super::remedy::{Refusal, Remedy};

/// The most bytes that all images of a data set may take: 16 GiB.
pub(super) const MOST_BYTES: u64 = 16 << 30;

/// The form that `images`, name and header of each, are brought to. Refused, with the reason, where the images differ
/// in what is not set, where they are too large, and where there is none.
pub(super) fn form<'a>(
    images: impl Iterator<Item = (&'a str, Header)>,
    settings: &OwnSettings,
) -> Result<Preprocessing, Refusal> {
    let mut first: Option<(&str, Header)> = None;
    let mut count = 0_u64;
    for (name, header) in images {
        count += 1;
        let (first_name, of_first) = *first.get_or_insert((name, header));
        if settings.size.is_none() && (header.height, header.width) != (of_first.height, of_first.width) {
            return Err(Remedy::Size.against(format!(
                "images differ in size (height x width): {first_name} has {}, {name} has {}",
                pixels(of_first),
                pixels(header)
            )));
        }
        if settings.channels.is_none() && header.channels != of_first.channels {
            let word = |channels| if channels == 1 { "gray" } else { "RGB" };
            return Err(Remedy::Channels.against(format!(
                "images differ in channels: {first_name} is {}, {name} is {}",
                word(of_first.channels),
                word(header.channels)
            )));
        }
    }
    let Some((name, header)) = first else {
        return Err("there is no image that can be used".to_owned().into());
    };
    let (height, width) = settings.size.unwrap_or((header.height, header.width));
    if height > MOST_SIDE || width > MOST_SIDE {
        return Err(Remedy::Size.against(format!(
            "{name} has {} pixels, more than the {MOST_SIDE}x{MOST_SIDE} allowed",
            pixels(header)
        )));
    }
    let channels = settings.channels.unwrap_or(header.channels);
    let form = Preprocessing { channels, height, width, gray: settings.gray, ground: settings.ground };
    if count * form.bytes() as u64 > MOST_BYTES {
        return Err(Remedy::Size.against(format!(
            "{count} images of {height}x{width} pixels take more than {MOST_BYTES} bytes"
        )));
    }
    Ok(form)
}

/// Height and width, and whether they were the other way round in the file.
fn pixels(header: Header) -> String {
    let Header { height, width, turned, .. } = header;
    let note = if turned { " (turned upright, as its EXIF data say)" } else { "" };
    format!("{height}x{width}{note}")
}
