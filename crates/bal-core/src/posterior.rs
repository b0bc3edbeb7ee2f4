//! Samples of network weights: what training returns.

use crate::{
    Architecture, Columns, CoreError, EnsembleGradient, Forward, Mode, NoiseStream, Position, Prediction,
    Replicate,
};
use bal_diagnostics::{Marginal, Mixing, Regime};
use std::sync::Arc;
use tch::{Device, Tensor};

/// One network: what it computes, its weights, and the buffers beside them.
#[derive(Debug)]
pub struct Member {
    /// The network as a function of its weights.
    pub network: Arc<dyn Architecture>,
    /// Weights, in the network's order.
    pub parameters: Position,
    /// Buffers, in the network's order.
    pub buffers: Position,
}

impl Member {
    /// The network with initial weights.
    pub fn init(network: &Arc<dyn Architecture>, noise: &mut NoiseStream) -> Self {
        let (parameters, buffers) = network.init(noise);
        Self { network: network.clone(), parameters, buffers }
    }

    /// What the network says of `x`, `[n, c, h, w]`, pixels in `[0, 1]`; differentiable in `x`.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Forward {
        self.network.forward(&self.parameters, &self.buffers, x, mode)
    }

    fn map(&self, of: impl Fn(&Position) -> Position) -> Self {
        let Self { network, parameters, buffers } = self;
        Self { network: network.clone(), parameters: of(parameters), buffers: of(buffers) }
    }

    /// A copy with memory of its own.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        self.map(Position::duplicate)
    }

    /// The same network on `device`.
    #[must_use]
    pub fn to_device(&self, device: Device) -> Self {
        self.map(|position| position.to_device(device))
    }
}

impl Replicate for Member {
    fn replicate(&self) -> Self {
        self.map(Position::replicate)
    }
}

/// A set of samples from a law over network weights; a point estimate has one.
#[derive(Debug)]
pub struct Posterior {
    /// The samples, which may be of several architectures.
    pub members: Vec<Member>,
    /// How they predict together.
    pub prediction: Prediction,
    /// The gradient by which attacks see them, unless told otherwise.
    pub ensemble_gradient: EnsembleGradient,
    /// How well the chains mixed, where that was measured.
    pub mixing: Option<Mixing>,
    /// How hot the chains ran, where a sampler moved them.
    pub regime: Option<Regime>,
    /// Precisions of a hierarchical prior that were sampled with the weights, one for each of the network's tensors.
    pub precisions: Vec<Marginal>,
    /// The Gaussian that the members were drawn from, where there is one.
    pub laplace: Option<LaplaceFit>,
    /// What the classes are called, in their order, where it is known.
    pub class_names: Option<Vec<String>>,
    /// What the rows that it was trained on are columns of, and their scales, where it says values.
    pub columns: Option<Columns>,
}

/// The Gaussian around trained weights that a Laplace approximation has made.
#[derive(Clone, Debug, PartialEq)]
pub struct LaplaceFit {
    /// How the curvature is approximated: `kron` or `diagonal`.
    pub structure: &'static str,
    /// Images that the curvature was taken over.
    pub images: u64,
    /// N, the observations that it is multiplied by.
    pub scale: f64,
    /// t, the precision of the prior.
    pub precision: f64,
    /// What a search tried, in its order; empty where both were given.
    pub tried: Vec<Tried>,
}

/// A pair that a search for the width of a Gaussian has tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// N.
    pub scale: f64,
    /// t.
    pub precision: f64,
    /// Logarithm of the members' mean probability of the right class, mean over the held-out images.
    pub log_likelihood: f64,
}

impl Posterior {
    /// The architecture that all members have.
    ///
    /// # Errors
    /// [`CoreError::Zero`] without members, [`CoreError::Architectures`] when they have several.
    pub fn architecture(&self) -> Result<&Arc<dyn Architecture>, CoreError> {
        let groups = self.groups();
        match groups.as_slice() {
            [] => Err(CoreError::Zero { name: "members" }),
            [one] => Ok(&one[0].network),
            [first, other, ..] => Err(CoreError::Architectures {
                first: first[0].network.name().into(),
                other: other[0].network.name().into(),
            }),
        }
    }

    /// The members of each architecture, in the order in which these come first; none of the groups is empty.
    pub fn groups(&self) -> Vec<Vec<&Member>> {
        let mut groups: Vec<Vec<&Member>> = Vec::new();
        for member in &self.members {
            match groups.iter_mut().find(|group| alike(&group[0].network, &member.network)) {
                Some(group) => group.push(member),
                None => groups.push(vec![member]),
            }
        }
        groups
    }

    /// A network of the first member, which has the images and the classes of all.
    ///
    /// # Errors
    /// [`CoreError::Zero`] without members.
    pub fn first_network(&self) -> Result<&Arc<dyn Architecture>, CoreError> {
        self.members.first().map(|member| &member.network).ok_or(CoreError::Zero { name: "members" })
    }

    /// The names of the architectures, with commas between them: `cnn`, or `cnn,mlp-256-256`.
    pub fn network_names(&self) -> String {
        let names = self.groups().into_iter().map(|group| group[0].network.name().to_owned());
        names.collect::<Vec<_>>().join(",")
    }
}

/// What the names of a network's tensors begin with where it is number `place`, from 0, of so many networks: `cnn.0/`, and nothing
/// where it is the only one. So files of weights, records and diagnoses name them.
pub fn tensor_prefix(network: &dyn Architecture, place: usize, networks: usize) -> String {
    if networks > 1 { format!("{}.{place}/", network.name()) } else { String::new() }
}

/// Whether weights of one network are weights of the other.
fn alike(one: &Arc<dyn Architecture>, other: &Arc<dyn Architecture>) -> bool {
    let described = |network: &dyn Architecture| {
        let sizes = (network.input(), network.classes());
        (network.name().to_owned(), sizes, network.parameters(), network.buffers())
    };
    Arc::ptr_eq(one, other) || described(&**one) == described(&**other)
}
