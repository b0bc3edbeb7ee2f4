//! The worst of several evaluations of the same images, image by image.

use super::{AccuracyCurve, Evaluated, Outcome, Reached};
use crate::AttackError;
use tch::Tensor;

impl Evaluated {
    /// The worst of both, which are of the same model, images, attack and radii, by other random numbers: an image is right
    /// only where it is right in both.
    ///
    /// Of each image and radius it keeps what this evaluation says, unless only the other one broke the image, or found a
    /// nearer error. Gradients of both are counted.
    ///
    /// # Errors
    /// When only one of both has images, or their shapes differ.
    pub fn worst(self, other: Self) -> Result<Self, AttackError> {
        let taken = taken(&self.curve, &other.curve);
        let x = chosen(&taken, self.x, other.x)?;
        let witness = chosen(&taken, self.witness, other.witness)?;
        Ok(Self { curve: merged(self.curve, other.curve, &taken), x, witness })
    }
}

/// Those of the other one where that is taken, `[radii, n, ..]`.
fn chosen(
    taken: &[Vec<bool>],
    own: Option<Tensor>,
    other: Option<Tensor>,
) -> Result<Option<Tensor>, AttackError> {
    let (Some(own), Some(other)) = (own, other) else { return Ok(None) };
    let mut shape = vec![1; own.dim()];
    shape[..2].copy_from_slice(&own.size()[..2]);
    let taken = Tensor::f_from_slice(&taken.concat())?.f_reshape(shape)?;
    Ok(Some(other.f_where_self(&taken, &own)?))
}

/// Per radius and image, whether the other one is worse for the model.
fn taken(curve: &AccuracyCurve, other: &AccuracyCurve) -> Vec<Vec<bool>> {
    let nearer = |image: usize| {
        let distance = |of: &AccuracyCurve| of.distances.as_ref().and_then(|distances| distances[image]);
        distance(other).is_some_and(|found| distance(curve).is_none_or(|known| found < known))
    };
    let column = |(right, by_other): (&Vec<bool>, &Vec<bool>)| {
        let both = right.iter().zip(by_other).enumerate();
        both.map(|(image, (&right, &by_other))| right && !by_other || right == by_other && nearer(image))
            .collect()
    };
    curve.correct.iter().zip(&other.correct).map(column).collect()
}

fn merged(mut curve: AccuracyCurve, other: AccuracyCurve, taken: &[Vec<bool>]) -> AccuracyCurve {
    for ((outcome, by_other), taken) in curve.outcomes.iter_mut().zip(&other.outcomes).zip(taken) {
        for image in (0..taken.len()).filter(|&image| taken[image]) {
            outcome.take(by_other, image);
        }
    }
    curve.correct = curve.outcomes.iter().map(|outcome| outcome.correct(&curve.labels).collect()).collect();
    curve.reached = curve.outcomes.iter().map(Reached::of).collect();
    if let (Some(distances), Some(by_other)) = (&mut curve.distances, other.distances) {
        for (distance, by_other) in distances.iter_mut().zip(by_other) {
            // No distance is farther than any.
            *distance = [*distance, by_other].into_iter().flatten().reduce(f64::min);
        }
    }
    for (sum, count) in curve.gradients.iter_mut().zip(other.gradients) {
        *sum += count;
    }
    curve
}

impl Outcome {
    /// What the other says of one image.
    fn take(&mut self, other: &Self, image: usize) {
        self.predicted[image] = other.predicted[image];
        self.broken_by[image] = other.broken_by[image];
        self.l2[image] = other.l2[image];
        self.linf[image] = other.linf[image];
        if let (Some(size), Some(by_other)) = (&mut self.size, &other.size) {
            size[image] = by_other[image];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Gradients;

    /// Images of class 0; per radius, the class and the length of the change of each.
    fn evaluated(columns: &[(&[i64], f64)], distances: Option<Vec<Option<f64>>>) -> Evaluated {
        let outcomes: Vec<Outcome> = columns
            .iter()
            .map(|(predicted, length)| Outcome {
                predicted: predicted.to_vec(),
                broken_by: predicted.iter().map(|&class| (class != 0).then_some(0)).collect(),
                l2: vec![*length; predicted.len()],
                linf: vec![*length; predicted.len()],
                size: None,
            })
            .collect();
        let labels = vec![0; columns[0].0.len()];
        let x: Vec<Tensor> = columns
            .iter()
            .map(|(p, length)| {
                Tensor::full([p.len() as i64, 1, 1, 2], *length, (tch::Kind::Float, tch::Device::Cpu))
            })
            .collect();
        let curve = AccuracyCurve {
            attack: "pgd".into(),
            measure: None,
            radii: vec![Some(0.1); columns.len()],
            correct: outcomes.iter().map(|outcome| outcome.correct(&labels).collect()).collect(),
            reached: outcomes.iter().map(Reached::of).collect(),
            indices: (0..labels.len() as i64).collect(),
            clean: labels.clone(),
            labels,
            parts: vec!["pgd".into()],
            outcomes,
            distances,
            gradients: vec![Gradients { taken: 5, zero: 1 }],
        };
        Evaluated { curve, x: Some(Tensor::stack(&x, 0)), witness: None }
    }

    #[test]
    fn an_image_is_right_only_if_it_is_right_in_all() {
        let first = evaluated(&[(&[0, 1, 0, 1], 1.0), (&[0, 1, 1, 1], 2.0)], None);
        let second = evaluated(&[(&[0, 0, 3, 3], 8.0), (&[3, 0, 3, 3], 9.0)], None);
        let Evaluated { curve, x, .. } = first.worst(second).unwrap();
        assert_eq!(curve.correct, [[true, false, false, false], [false; 4]]);
        assert_eq!(curve.accuracy(), [0.25, 0.0]);
        // Where both broke it, the first is kept.
        assert_eq!(curve.outcomes[0].predicted, [0, 1, 3, 1]);
        assert_eq!(curve.outcomes[0].l2, [1.0, 1.0, 8.0, 1.0]);
        assert_eq!((curve.reached[0].l2, curve.reached[1].max_linf), (11.0 / 4.0, 9.0));
        assert_eq!(curve.broken_by(0), [3]);
        assert_eq!(curve.gradients, [Gradients { taken: 10, zero: 2 }]);
        let pixels = Vec::<f32>::try_from(x.unwrap().select(4, 0).reshape([-1])).unwrap();
        assert_eq!(pixels, [1.0, 1.0, 8.0, 1.0, 9.0, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn the_nearest_error_of_all_counts() {
        let first = evaluated(&[(&[0, 1, 1, 0], 1.0)], Some(vec![Some(0.3), Some(0.1), Some(0.1), None]));
        let second = evaluated(&[(&[0, 2, 2, 0], 8.0)], Some(vec![None, Some(0.05), Some(0.1), None]));
        let curve = first.worst(second).unwrap().curve;
        assert_eq!(curve.distances, Some(vec![Some(0.3), Some(0.05), Some(0.1), None]));
        assert_eq!(curve.outcomes[0].predicted, [0, 2, 1, 0]);
    }
}
