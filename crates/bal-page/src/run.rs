//! What a page is told of a run.

use bal_report::{Answer, Evaluation, Record};

/// A run and all that was measured of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What the run is called on the page; different for each.
    pub name: String,
    /// What was run, on what, and how it went.
    pub record: Record,
    /// Accuracy on each sweep's training images, in [0, 1], as `(sweep, accuracy)`; empty where it was not measured.
    pub training_accuracy: Vec<(u64, f64)>,
    /// What was followed of the parameter chains; may be empty.
    pub traces: Vec<Trace>,
    /// Its accuracy under attacks; may be empty.
    pub evaluations: Vec<Evaluation>,
    /// What it says of some images.
    pub answers: Option<Answers>,
}

/// A scalar function of the weights along several chains.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// What it is, with its unit: `log p(y | x) of image 3 [nats]`.
    pub name: String,
    /// `chains[chain][draw]`, in the order drawn. Draws that are not finite leave a gap.
    pub chains: Vec<Vec<f64>>,
    /// Potential scale reduction, 1 at convergence; infinite where each chain stands still at a value of its own, `None`
    /// where it is not defined.
    pub r_hat: Option<f64>,
    /// Effective sample size of the middle of the law, in draws, over all chains.
    pub ess_bulk: Option<f64>,
    /// Effective sample size of its 5 % and 95 % quantiles, in draws, over all chains.
    pub ess_tail: Option<f64>,
}

/// What a run says of some images, as they are and attacked.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// Whose images: `the first 1000 test images of mnist`.
    pub images: String,
    /// Names of the classes, in their order.
    pub classes: Vec<String>,
    /// Members of the ensemble; a point estimate has one.
    pub members: u64,
    /// One for each image as it is.
    pub clean: Vec<Seen>,
    /// The same for images that were attacked.
    pub attacked: Option<Attacked>,
}

/// Answers for attacked images.
#[derive(Clone, Debug, PartialEq)]
pub struct Attacked {
    /// The attack, with its settings: `pgd, 40 steps`.
    pub attack: String,
    /// The norm of its ball, `linf` or `l2`, or what else its radius measures: `flow`, `pose`.
    pub norm: String,
    /// The radius: on pixels in [0, 1], in pixels of displacement, or in degrees.
    pub radius: f64,
    /// One for each attacked image.
    pub seen: Vec<Seen>,
    /// Some of them to look at, chosen so that both outcomes are seen.
    pub examples: Vec<Example>,
}

/// The probabilities that a run gives an image, and how sure it is of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Probabilities and label.
    pub answer: Answer,
    /// Entropy of the mean probabilities, in nats, from 0 to `log classes`.
    pub predictive_entropy: f64,
    /// The part of it that is the members' disagreement, in nats; 0 for a point estimate.
    pub mutual_information: f64,
}

/// How an attack moved the pixels of an image.
#[derive(Clone, Debug, PartialEq)]
pub enum Moved {
    /// A flow: for each pixel, row by row, how far down was what it shows now; then for each how far to the right. In pixels.
    Flow(Vec<f32>),
    /// A pose: degrees counter-clockwise, pixels down, pixels to the right.
    Pose([f32; 3]),
}

/// An image before and after an attack.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Its number in the data set.
    pub number: i64,
    /// Channels (1 or 3), height, width.
    pub shape: [usize; 3],
    /// Pixels in [0, 1], channel by channel, each row by row.
    pub clean: Vec<f32>,
    /// The same of the attacked image.
    pub attacked: Vec<f32>,
    /// How its pixels were moved, where that is what the attack did.
    pub moved: Option<Moved>,
    /// What the run says of the image as it is.
    pub clean_seen: Seen,
    /// What it says of the attacked one.
    pub attacked_seen: Seen,
}

impl Seen {
    /// The likeliest class, the first of equal ones.
    pub fn class(&self) -> usize {
        let better =
            |best: (usize, f64), (class, &p): (usize, &f64)| if p > best.1 { (class, p) } else { best };
        self.answer.probabilities.iter().enumerate().fold((0, f64::NEG_INFINITY), better).0
    }

    /// Whether that is the image's own.
    pub fn is_right(&self) -> bool {
        self.class() == self.answer.label
    }
}
