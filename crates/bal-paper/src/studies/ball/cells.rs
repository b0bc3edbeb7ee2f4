//! The cells of the comparison in one ball: what each is called in files and in words.

/// Radius of the ball in which all of them train and are attacked.
pub(crate) const RADIUS: f64 = 0.3;

/// What the others are compared with: one network, and data chains that are PGD.
pub(crate) const BASELINE: &str = "sign-0";

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
    /// `S_z`.
    pub(crate) chains: u32,
}

impl DataCell {
    /// All of them, the most telling first.
    pub(crate) fn all() -> Vec<Self> {
        let of = |kernel, chains, temperatures: &[&'static str]| -> Vec<Self> {
            temperatures.iter().map(|temperature| Self { kernel, temperature, chains }).collect()
        };
        [
            of(Kernel::Sign, 1, &["0.0", "1e-5", "1e-4", "1e-3", "1e-2", "1.0"]),
            of(Kernel::Reflected, 1, &["0.0", "1e-5", "1e-4", "1e-3"]),
            of(Kernel::Langevin, 1, &["0.0", "1e-5"]),
            of(Kernel::Sign, 5, &["0.0", "1e-4"]),
            of(Kernel::Sign, 20, &["0.0", "1e-4"]),
        ]
        .concat()
    }

    /// Its folder.
    pub(crate) fn name(&self) -> String {
        let kernel = match self.kernel {
            Kernel::Sign => "sign",
            Kernel::Reflected => "reflected",
            Kernel::Langevin => "langevin",
        };
        let temperature = self.temperature.trim_end_matches(".0");
        match self.chains {
            1 => format!("{kernel}-{temperature}"),
            chains => format!("{kernel}-{temperature}-sz-{chains}"),
        }
    }

    /// What it is called in figures.
    pub(crate) fn label(&self) -> String {
        let temperature = self.temperature.trim_end_matches(".0");
        let chains = if self.chains == 1 { String::new() } else { format!(", S_z = {}", self.chains) };
        match (self.kernel, temperature) {
            (Kernel::Sign, "0") => format!("PGD{chains}"),
            (Kernel::Sign, _) => format!("nearly-sign steps, T = {temperature}{chains}"),
            (Kernel::Reflected, _) => format!("the same, reflected, T = {temperature}{chains}"),
            (Kernel::Langevin, _) => format!("Langevin steps, T = {temperature}{chains}"),
        }
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
    (BASELINE, "one network"),
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
        assert_eq!((cells[0].name().as_str(), cells[0].label().as_str()), (BASELINE, "PGD"));
        assert!(cells.iter().any(|cell| cell.name() == "sign-1e-4-sz-20"));
    }
}
