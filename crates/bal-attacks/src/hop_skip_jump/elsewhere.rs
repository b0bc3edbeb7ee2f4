//! Images of other classes, to begin at.

use crate::{ModelFault, Norm, SHARD, predicted_classes};
use bal_core::{Classifier, Images, Shared};
use std::sync::Arc;
use tch::Tensor;

/// One image of each class, as the model takes them: the first of its data set.
///
/// What is offered to an image depends on the data set and the model, never on which images are attacked beside it, or
/// how many are.
#[derive(Clone, Debug)]
pub(super) struct Elsewhere {
    /// `[k, c, h, w]`.
    images: Arc<Shared<Tensor>>,
    /// The model's classes for them.
    classes: Vec<i64>,
}

impl Elsewhere {
    /// Looks through the images, in their order, until each class has one.
    pub(super) fn among(model: &dyn Classifier, images: &Images) -> Result<Self, ModelFault> {
        let (mut classes, mut found) = (vec![], vec![]);
        for batch in images.in_order(SHARD, i64::MAX) {
            for (row, class) in
                Vec::<i64>::try_from(predicted_classes(model, &batch.x)?)?.into_iter().enumerate()
            {
                if !classes.contains(&class) {
                    classes.push(class);
                    found.push(batch.x.f_narrow(0, row as i64, 1)?);
                }
            }
            if classes.len() as i64 == model.classes() {
                break;
            }
        }
        let images = if found.is_empty() { images.batch(&[]).x } else { Tensor::f_cat(&found, 0)? };
        Ok(Self { images: Arc::new(Shared::new(images)), classes })
    }

    /// Those that the model takes for another class than `label`, nearest to `image`, `[1, c, h, w]`, first.
    pub(super) fn of_other_classes(
        &self,
        norm: Norm,
        image: &Tensor,
        label: i64,
    ) -> Result<Vec<Tensor>, ModelFault> {
        let all = self.images.replica().f_to_device(image.device())?;
        let distance = Vec::<f64>::try_from(norm.of_each(&(&all - image)).f_reshape([-1])?)?;
        let mut places: Vec<usize> =
            (0..self.classes.len()).filter(|&place| self.classes[place] != label).collect();
        places.sort_by(|&a, &b| distance[a].total_cmp(&distance[b]));
        places.into_iter().map(|place| Ok(all.f_narrow(0, place as i64, 1)?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{images, noise, two_class};
    use bal_core::Prediction;
    use tch::Device;

    #[test]
    fn the_first_image_of_each_class_is_offered_to_those_of_another_nearest_first() {
        noise();
        // Logits 0, x_0 - x_1 and x_1 - x_0 - 1/2.
        let model = crate::tests::linear(
            &[[[0.0, 0.0], [1.0, -1.0], [-1.0, 1.0]]],
            &[[0.0, 0.0, -0.5]],
            Prediction::MeanLogits,
        );
        let x = images(&[&[0.5, 0.2], &[0.9, 0.1], &[0.3, 0.4], &[0.0, 0.9], &[0.1, 0.2]]);
        let all = Images::new(x, &Tensor::zeros([5], (tch::Kind::Int64, Device::Cpu)), Device::Cpu).unwrap();
        let elsewhere = Elsewhere::among(&model, &all).unwrap();
        assert_eq!(elsewhere.classes, [1, 0, 2]);
        let here = images(&[&[0.35, 0.35]]);
        let offered = |label| elsewhere.of_other_classes(Norm::LInf, &here, label).unwrap();
        assert_eq!(offered(1), [images(&[&[0.3, 0.4]]), images(&[&[0.0, 0.9]])]);
        assert_eq!(offered(2), [images(&[&[0.3, 0.4]]), images(&[&[0.5, 0.2]])]);
        // A model that knows one class only offers nothing to it.
        let one = Elsewhere::among(&two_class(&[[1.0, 1.0]], Prediction::MeanLogits), &all).unwrap();
        assert_eq!((one.classes.len(), one.of_other_classes(Norm::L2, &here, 1).unwrap().len()), (1, 0));
    }
}
