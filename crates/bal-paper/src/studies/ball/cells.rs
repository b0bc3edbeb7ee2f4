//! The cells of the comparison in one ball: what each is called in files and in words.

/// Radius of the ball in which all of them train and are attacked.
pub(crate) const RADIUS: f64 = 0.3;

/// How data chains move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// Nearly-sign steps that end at the nearest point of the ball: without noise PGD.
    Sign,
    /// The same steps, but they fold back at the rim.
    Reflected,
    /// Langevin steps that fold back at the rim: eq. 6 in the ball, by steps of one length for all pixels.
    Langevin,
}

/// A cell of one network, by its data chains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct DataCell {
    pub(crate) kernel: Kernel,
    /// In units of an image's energy, as experiments have it.
    pub(crate) temperature: &'static str,
}

impl DataCell {
    /// One network against PGD: what the others are compared with.
    pub(crate) const PGD: Self = Self { kernel: Kernel::Sign, temperature: "0.0" };

    /// All of them, the most telling first; the first of all is [`Self::PGD`].
    pub(crate) fn all() -> Vec<Self> {
        let of = |kernel, temperatures: &[&'static str]| -> Vec<Self> {
            temperatures.iter().map(|temperature| Self { kernel, temperature }).collect()
        };
        [
            of(Kernel::Sign, &["0.0", "1e-5", "1e-4", "1e-3", "1e-2", "1.0"]),
            of(Kernel::Reflected, &["0.0", "1e-5", "1e-4", "1e-3"]),
            of(Kernel::Langevin, &["0.0", "1e-5"]),
        ]
        .concat()
    }

    /// The temperature as names have it.
    fn short(&self) -> &'static str {
        self.temperature.trim_end_matches(".0")
    }

    /// Its folder.
    pub(crate) fn name(&self) -> String {
        let kernel = match self.kernel {
            Kernel::Sign => "sign",
            Kernel::Reflected => "reflected",
            Kernel::Langevin => "langevin",
        };
        format!("{kernel}-{}", self.short())
    }

    /// What it is called in figures.
    pub(crate) fn label(&self) -> String {
        if *self == Self::PGD {
            return "PGD".into();
        }
        let kernel = match self.kernel {
            Kernel::Sign => "nearly-sign steps",
            Kernel::Reflected => "the same, reflected",
            Kernel::Langevin => "Langevin steps",
        };
        format!("{kernel}, T = {}", self.short())
    }
}

/// A cell of one network whose images have several data chains each, moved by nearly-sign steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ManyChains {
    /// Data chains of an image, `S_z` of the paper.
    pub(crate) chains: u32,
    /// In units of an image's energy.
    pub(crate) temperature: &'static str,
    /// Whether the network takes as many steps as with one chain, for as many times the gradients; else it takes as many gradients,
    /// and fewer steps.
    pub(crate) longer: bool,
}

impl ManyChains {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        let sizes = [(5, false), (20, false), (5, true)];
        let of = |(chains, longer)| ["0.0", "1e-4"].map(|temperature| Self { chains, temperature, longer });
        sizes.into_iter().flat_map(of).collect()
    }

    /// Its folder.
    pub(crate) fn name(&self) -> String {
        let single = DataCell { kernel: Kernel::Sign, temperature: self.temperature }.name();
        format!("{single}-sz-{}{}", self.chains, if self.longer { "-longer" } else { "" })
    }

    /// What it is called in figures.
    pub(crate) fn label(&self) -> String {
        let temperature = self.temperature.trim_end_matches(".0");
        let steps = if self.longer { "as many steps" } else { "as many gradients" };
        format!("{} chains an image, T = {temperature}, {steps}", self.chains)
    }
}

/// Cells that differ in the networks: folder and name. All take the gradients of four networks, but for the last two.
pub(crate) const NETWORKS: [(&str, &str); 7] = [
    ("one-network-long", "one network, four times as long"),
    ("ensemble", "plain ensemble of four"),
    ("posterior", "posterior of four chains, shared data"),
    ("posterior-apart", "posterior of four chains, data of their own"),
    ("posterior-warm-data", "posterior of four chains, data at T = 1e-3"),
    ("one-chain", "posterior of one chain, its last state"),
    ("one-chain-cold", "the same at a tenth of its temperature"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_has_a_name_and_a_label_of_its_own() {
        let cells = DataCell::all();
        for text in [DataCell::name, DataCell::label] {
            let mut texts: Vec<String> = cells.iter().map(text).collect();
            texts.sort_unstable();
            texts.dedup();
            assert_eq!(texts.len(), cells.len());
        }
        let mut names: Vec<String> = ManyChains::all().iter().map(ManyChains::name).collect();
        names.extend(ManyChains::all().iter().map(ManyChains::label));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 12);
        assert_eq!(ManyChains::all()[5].name(), "sign-1e-4-sz-5-longer");
        assert_eq!(cells[0], DataCell::PGD);
        assert_eq!((cells[0].name().as_str(), cells[0].label().as_str()), ("sign-0", "PGD"));
    }
}
