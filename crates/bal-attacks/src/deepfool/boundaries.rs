//! The boundaries to several classes, of a model taken as linear at some images.

use crate::{ModelFault, Norm, gradient, logits, margin, pass::Pass, still_robust::StillRobust};
use bal_core::Classifier;
use tch::Tensor;

/// The shortest step, in the attack's norm: shorter ones come nearer to a boundary that bends away, never across it.
const LEAST: f64 = 1e-4;

/// What a model's logits say of the way to other classes.
pub(super) struct Boundaries {
    /// Whether the model errs already, `[m]`.
    pub(super) fooled: Tensor,
    /// How much each candidate class leads before the label, `[m, k]`; negative at first.
    leads: Tensor,
    /// Its gradient for each candidate: k tensors shaped as the images.
    slopes: Vec<Tensor>,
}

impl Boundaries {
    /// One forward pass at `x`, `[m, c, h, w]`, and a backward pass for each of the `candidates`,
    /// `[m, k]`; none where the model errs on all images.
    pub(super) fn at(
        model: &dyn Classifier,
        robust: &StillRobust,
        x: &Tensor,
        candidates: &Tensor,
    ) -> Result<Self, ModelFault> {
        let pass = Pass::over(model, &gradient::leaf(x))?;
        let answer = pass.answer()?;
        logits::finite("logit", &answer).map_err(|error| robust.by_row(error))?;
        let fooled = answer.argmax(-1, false).ne_tensor(&robust.y);
        let z = pass.combined()?;
        let leads = z.gather(-1, candidates, false) - margin::at(&z, &robust.y).unsqueeze(-1);
        let mut slopes = Vec::new();
        let values = leads.detach().to_kind(x.kind());
        if positions_all(&fooled) {
            return Ok(Self { fooled, leads: values, slopes });
        }
        let classes = leads.unbind(1);
        for (rank, lead) in classes.iter().enumerate() {
            let keep_graph = rank + 1 < classes.len();
            let rise = pass.rise(lead, keep_graph, None).map_err(|error| robust.by_row(error))?;
            slopes.push(rise.gradient(None));
        }
        Ok(Self { fooled, leads: values, slopes })
    }

    /// The way to the nearest boundary, shaped as the images; zero where no class has a slope.
    pub(super) fn step(&self, norm: Norm) -> Result<Tensor, ModelFault> {
        // Not fooled: every candidate's lead is negative and rises along its slope.
        let mut nearest: Option<(Tensor, Tensor)> = None;
        for (rank, slope) in self.slopes.iter().enumerate() {
            let lead = self.leads.narrow(1, rank as i64, 1).reshape([-1, 1, 1, 1]);
            let rise = norm.dual_of_each(slope);
            // Without a slope there is no boundary to be seen: it is infinitely far.
            let distance = lead.abs() / rise;
            let distance = distance.nan_to_num(f64::INFINITY, f64::INFINITY, None);
            nearest = Some(match nearest {
                None => (distance, slope.shallow_clone()),
                Some((least, of)) => {
                    let nearer = distance.lt_tensor(&least);
                    (distance.minimum(&least), slope.where_self(&nearer, &of))
                }
            });
        }
        let Some((distance, slope)) = nearest else { return Err(ModelFault::NoGradient) };
        let there_is_one = distance.isfinite();
        let distance = distance.clamp_min(LEAST).where_self(&there_is_one, &distance.zeros_like());
        Ok(norm.steepest(&slope) * distance)
    }
}

fn positions_all(mask: &Tensor) -> bool {
    mask.all().int64_value(&[]) != 0
}
