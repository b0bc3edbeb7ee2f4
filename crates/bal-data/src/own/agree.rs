//! The form of all images: as set, else as all of them are.

use super::OwnSettings;
use super::preprocessing::{MOST_SIDE, Preprocessing};
use super::raw::Header;

/// The most bytes that all images of a data set may take: 16 GiB.
pub(super) const MOST_BYTES: u64 = 16 << 30;

/// The form that `images`, name and header of each, are brought to. Refused, with the reason, where the images differ
/// in what is not set, where they are too large, and where there is none.
pub(super) fn form<'a>(
    images: impl Iterator<Item = (&'a str, Header)>,
    settings: &OwnSettings,
) -> Result<Preprocessing, String> {
    let mut first: Option<(&str, Header)> = None;
    let mut count = 0_u64;
    for (name, header) in images {
        count += 1;
        let (first_name, of_first) = *first.get_or_insert((name, header));
        if settings.size.is_none() && (header.height, header.width) != (of_first.height, of_first.width) {
            return Err(format!(
                "images differ in size (height x width): {first_name} has {}x{}, {name} has {}x{}; set size to resize all",
                of_first.height, of_first.width, header.height, header.width
            ));
        }
        if settings.channels.is_none() && header.channels != of_first.channels {
            let word = |channels| if channels == 1 { "gray" } else { "RGB" };
            return Err(format!(
                "images differ in channels: {first_name} is {}, {name} is {}; set channels to 1 or 3",
                word(of_first.channels),
                word(header.channels)
            ));
        }
    }
    let Some((name, header)) = first else { return Err("there is no image that can be used".to_owned()) };
    let (height, width) = settings.size.unwrap_or((header.height, header.width));
    if height > MOST_SIDE || width > MOST_SIDE {
        return Err(format!(
            "{name} has {height}x{width} pixels; set size, at most {MOST_SIDE}x{MOST_SIDE}, to resize all"
        ));
    }
    let form = Preprocessing { channels: settings.channels.unwrap_or(header.channels), height, width };
    if count * form.bytes() as u64 > MOST_BYTES {
        return Err(format!(
            "{count} images of {height}x{width} pixels take more than {MOST_BYTES} bytes; set a smaller size"
        ));
    }
    Ok(form)
}
