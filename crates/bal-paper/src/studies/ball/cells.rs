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
    /// Langevin steps that fold back at the rim: eq. 6 in the ball.
    Langevin,
}

/// Temperatures of the data chains, in units of an image's energy, and the step of Langevin dynamics at each: as long as its
/// noise is a quarter of the radius at most, `e <= (r/4)^2 / (2T)`, and 100 at most: with 5 and no noise images hardly moved.
pub(crate) const TEMPERATURES: [(&str, &str); 6] =
    [("0.0", "100.0"), ("1e-5", "100.0"), ("1e-4", "28.0"), ("1e-3", "2.8"), ("1e-2", "0.28"), ("1.0", "0.0028")];

/// A cell of one network, by its data chains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct DataCell {
    pub(crate) kernel: Kernel,
    /// As experiments have it.
    pub(crate) temperature: &'static str,
    /// The step of Langevin dynamics.
    pub(crate) step: &'static str,
    /// `S_z`.
    pub(crate) chains: u32,
}

impl DataCell {
    /// All of them, the most telling first.
    pub(crate) fn all() -> Vec<Self> {
        let cell = |kernel, (temperature, step), chains| Self { kernel, temperature, step, chains };
        let mut all: Vec<Self> = Vec::new();
        for kernel in [Kernel::Sign, Kernel::Langevin] {
            all.extend(TEMPERATURES.map(|at| cell(kernel, at, 1)));
        }
        for chains in [5, 20] {
            all.extend([0, 3].map(|i| cell(Kernel::Sign, TEMPERATURES[i], chains)));
            all.extend([3, 4].map(|i| cell(Kernel::Langevin, TEMPERATURES[i], chains)));
        }
        all
    }

    /// Its folder.
    pub(crate) fn name(&self) -> String {
        let kernel = if self.kernel == Kernel::Sign { "sign" } else { "langevin" };
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
        assert!(cells.iter().any(|cell| cell.name() == "langevin-1e-2-sz-20"));
    }

    #[test]
    fn steps_of_langevin_dynamics_bring_noise_of_a_quarter_of_the_radius_at_most() {
        for (temperature, step) in TEMPERATURES {
            let (temperature, step): (f64, f64) = (temperature.parse().unwrap(), step.parse().unwrap());
            let longest = if temperature > 0.0 { (RADIUS / 4.0).powi(2) / (2.0 * temperature) } else { 100.0 };
            assert!(step <= longest.min(100.0) * 1.001 && step > 0.9 * longest.min(100.0), "{temperature}");
        }
    }
}
