//! What the columns of a table are called and how they are scaled, for networks that say values.

/// A column of numbers and its scale: networks see `(v - mean) / sd`.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name in the header.
    pub name: String,
    /// The mean over the training rows.
    pub mean: f64,
    /// The standard deviation over the training rows, of a population; 1 for a column that does not vary.
    pub sd: f64,
}

impl Column {
    /// The column with the scale of these values.
    pub fn of(name: &str, values: &[f64]) -> Self {
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt();
        // Rounding lets the same number again and again vary a little.
        let varies = sd > 1e-12 * mean.abs();
        Self { name: name.into(), mean, sd: if varies { sd } else { 1.0 } }
    }

    /// The value as networks see it.
    pub fn standardised(&self, value: f64) -> f64 {
        (value - self.mean) / self.sd
    }

    /// The value that networks see so.
    pub fn restored(&self, standardised: f64) -> f64 {
        self.mean + self.sd * standardised
    }
}

/// The columns of a table: those that a network sees, in their order, and the one that it is to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    /// What it sees.
    pub features: Vec<Column>,
    /// What it says.
    pub target: Column,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_those_of_a_population_and_go_both_ways() {
        let column = Column::of("size", &[1.0, 3.0, 5.0, 7.0]);
        assert_eq!((column.mean, column.sd), (4.0, 5.0_f64.sqrt()));
        for value in [-2.0, 4.0, 11.5] {
            assert!((column.restored(column.standardised(value)) - value).abs() < 1e-12);
        }
        assert!((Column::of("same", &[0.1; 7]).sd - 1.0).abs() < f64::EPSILON);
        assert_eq!(Column::of("none", &[]), Column { name: "none".into(), mean: 0.0, sd: 1.0 });
    }
}
