//! Whether the labels of images mean to a model what they mean to the data set.

use super::{Kind, LoadedModel};
use crate::{Note, class_order, image_selection::Selected};
use anyhow::{Result, bail};

impl LoadedModel {
    /// The images with labels as the network counts its classes.
    ///
    /// # Errors
    /// For images of the user's own of a class that the network does not know.
    pub(crate) fn numbered(&self, chosen: Selected) -> Result<Selected> {
        let Some(known) = self.class_names()? else { return self.by_place(chosen) };
        let (dataset, found) = (chosen.dataset.clone(), chosen.class_names.clone());
        if class_order::places(&found, &known).is_ok() || chosen.is_own() {
            return chosen
                .in_order_of(&known)
                .map_err(|_| anyhow::anyhow!("{}", self.others(&known, &found, &dataset)));
        }
        let mut chosen = self.by_place(chosen)?;
        chosen.remarks.push(Note::warning(self.others(&known, &found, &dataset)));
        Ok(chosen)
    }

    fn others(&self, known: &[String], found: &[String], dataset: &str) -> String {
        format!(
            "{} tells {} apart, but the classes of {dataset} are {}; labels would not mean the same",
            self.name,
            known.join(", "),
            found.join(", ")
        )
    }

    /// The images as they are, where nobody said what the outputs of the network stand for.
    fn by_place(&self, mut chosen: Selected) -> Result<Selected> {
        let Kind::Weights { posterior, .. } = &self.kind else { return Ok(chosen) };
        let (outputs, found) = (posterior.first_network()?.classes(), chosen.class_names.len());
        if found as i64 > outputs {
            bail!("{} tells {outputs} classes apart, but {} has {found}", self.name, chosen.dataset);
        }
        if chosen.is_own() {
            let doubt = class_order::in_doubt(&self.name, outputs, &chosen.class_names, &chosen.dataset);
            chosen.remarks.extend(doubt);
        }
        Ok(chosen)
    }

    /// Whether labels mean the same classes to it as to the model that the images were chosen for: images of the user's own
    /// whose labels do not are refused, and of others something has to be said.
    pub(crate) fn agrees(&self, chosen: &Selected) -> Result<Option<Note>> {
        let Some(known) = self.class_names()? else { return Ok(None) };
        let in_order: Vec<i64> = (0..known.len() as i64).collect();
        if class_order::places(&chosen.class_names, &known) == Ok(in_order) {
            return Ok(None);
        }
        let others = self.others(&known, &chosen.class_names, &chosen.dataset);
        if chosen.is_own() {
            bail!("{others}");
        }
        Ok(Some(Note::warning(others)))
    }
}
