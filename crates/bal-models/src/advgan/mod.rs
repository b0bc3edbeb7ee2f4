//! The networks of `AdvGAN`: one changes images, one tells changed images from the data.

mod discriminator;
mod generator;
mod layer;

pub use discriminator::AdvganDiscriminator;
pub use generator::AdvganGenerator;

use crate::{ModelError, Sizes};

/// The fewest pixels of a side: with fewer, the last layer of the discriminator has one number per filter, which its norm
/// makes 0.
const LEAST: i64 = 16;

/// The same sizes, if the networks can be made for them: both halve an image twice, and the generator doubles it again.
///
/// # Errors
/// [`ModelError::Sizes`] for sides that are less than 16 or no multiple of 4.
fn checked(name: &str, sizes: Sizes) -> Result<Sizes, ModelError> {
    let Sizes { input: [_, height, width], .. } = sizes.checked(name, LEAST)?;
    if height % 4 == 0 && width % 4 == 0 {
        return Ok(sizes);
    }
    let problem = format!(
        "sides that are multiples of 4 are wanted, images are {height}x{width}; give images of your own such a `size`"
    );
    Err(ModelError::Sizes { name: name.into(), problem })
}
