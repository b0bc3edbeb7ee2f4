//! Tables of numbers, as networks see them.

use crate::{
    Session,
    dataset::Training,
    experiment::{Division, Experiment, RegressionSettings},
    published,
};
use anyhow::{Context, Result, bail, ensure};
use bal_core::{Column, Columns, Images};
use bal_data::{NumberTable, UciTable, test_rows};
use bal_models::{Part, RunImages};
use std::{collections::BTreeMap, path::Path};
use tch::{Device, Tensor};

/// A table with its target, and the numbers of its rows to test on.
struct Divided {
    table: NumberTable,
    target: usize,
    train: Vec<usize>,
    test: Vec<usize>,
}

impl Divided {
    /// The table of an experiment.
    ///
    /// # Errors
    /// When it cannot be read, has no such column, or a side of the division would be empty.
    fn of(dataset: &str, settings: &RegressionSettings, session: &Session) -> Result<Self> {
        let division = settings.test.division()?;
        let (table, target, splits) = if let Ok(uci) = dataset.parse::<UciTable>() {
            let (table, splits) = uci.load(&published::folder(session.data.as_deref())?)?;
            (table, uci.target().to_owned(), splits)
        } else {
            let target = settings.target.clone().context("regression.target is missing")?;
            (NumberTable::read(Path::new(dataset), &settings.ignore)?, target, vec![])
        };
        let target = table.column(&target).with_context(|| {
            format!("{dataset} has no column {target:?} to predict; there are {}", table.columns.join(", "))
        })?;
        ensure!(table.columns.len() > 1, "{dataset} has no column beside {:?}", table.columns[target]);
        let rows = table.rows.len();
        let test = match division {
            Division::Split(split) => splits[split].clone(),
            Division::Drawn { share, seed } => test_rows(rows, share, seed)
                .with_context(|| format!("{dataset} has {rows} rows, too few to test on a share of them"))?,
        };
        let mut is_tested = vec![false; rows];
        for &row in &test {
            is_tested[row] = true;
        }
        let train = (0..rows).filter(|&row| !is_tested[row]).collect();
        Ok(Self { table, target, train, test })
    }

    /// The scales of these rows.
    fn columns(&self, rows: &[usize]) -> Columns {
        let of = |column: usize| {
            let values: Vec<f64> = rows.iter().map(|&row| self.table.rows[row][column]).collect();
            Column::of(&self.table.columns[column], &values)
        };
        let features = (0..self.table.columns.len()).filter(|&column| column != self.target);
        Columns { features: features.map(of).collect(), target: of(self.target) }
    }

    fn images(&self, columns: &Columns, rows: &[usize], device: Device) -> Result<Images> {
        let rows: Vec<&Vec<f64>> = rows.iter().map(|&row| &self.table.rows[row]).collect();
        images(&self.table, columns, &rows, device)
    }
}

/// Rows of a table that has all of these columns, wherever they stand in it, standardised.
///
/// # Errors
/// When a column is missing.
fn images(table: &NumberTable, columns: &Columns, rows: &[&Vec<f64>], device: Device) -> Result<Images> {
    let place = |column: &Column| {
        table.column(&column.name).with_context(|| {
            format!("there is no column {:?}; there are {}", column.name, table.columns.join(", "))
        })
    };
    let features: Vec<(usize, &Column)> =
        columns.features.iter().map(|column| Ok((place(column)?, column))).collect::<Result<_>>()?;
    let target = place(&columns.target)?;
    let x: Vec<f32> = rows
        .iter()
        .flat_map(|row| features.iter().map(|(place, column)| column.standardised(row[*place]) as f32))
        .collect();
    let y: Vec<f32> = rows.iter().map(|row| columns.target.standardised(row[target]) as f32).collect();
    let count = rows.len() as i64;
    let x = Tensor::f_from_slice(&x)?.f_reshape([count, 1, 1, features.len() as i64])?;
    Ok(Images::with_values(x, Tensor::f_from_slice(&y)?.f_reshape([count, 1])?, device)?)
}

/// Rows to say values of, and what these are where the table has them.
pub(crate) struct Rows {
    /// Standardised, with the standardised target.
    pub(crate) images: Images,
    /// What they are rows of.
    pub(crate) name: String,
}

impl Experiment {
    /// The training rows of its table.
    ///
    /// # Errors
    /// When the table cannot be used, or has fewer training rows than are asked for.
    pub(crate) fn rows_to_train_on(
        &self,
        settings: &RegressionSettings,
        session: &Session,
    ) -> Result<Training> {
        let divided = Divided::of(&self.dataset, settings, session)?;
        let (wanted, held) = (self.train_images, self.held_out);
        if wanted + held > divided.train.len() {
            bail!(
                "train_images = {wanted} and held_out = {held}, but {} has {} training rows in this division",
                self.dataset,
                divided.train.len()
            );
        }
        // Tables are often sorted.
        let drawn = crate::dataset::sample(divided.train.len() as i64, held as u64, self.seed)?;
        let is_drawn = |place: usize| drawn.binary_search(&(place as i64)).is_ok();
        let (out, kept): (Vec<usize>, Vec<usize>) =
            (0..divided.train.len()).partition(|&place| is_drawn(place));
        let row = |places: &[usize]| places.iter().map(|&place| divided.train[place]).collect::<Vec<_>>();
        let (train, held_out) = (row(&kept[..wanted]), row(&out));
        let columns = divided.columns(&train);
        let part = |rows: &[usize]| divided.images(&columns, rows, session.device);
        let (images, held_out, test) = (part(&train)?, part(&held_out)?, part(&divided.test)?);
        let of = |images: &Images| Part::of(images, std::slice::from_ref(&columns.target.name));
        Ok(Training {
            identity: RunImages {
                train: of(&images),
                held_out: of(&held_out),
                test: of(&test),
                start: vec![],
                given: settings.test.split.is_some(),
            },
            images,
            held_out,
            classes: 1,
            class_names: None,
            test_images: divided.test.len() as u64,
            digests: BTreeMap::from([("table".into(), divided.table.digest.to_string())]),
            columns: Some(columns),
        })
    }

    /// How many training rows are left in its table when `held_out` are put apart.
    ///
    /// # Errors
    /// When the table cannot be used.
    pub(crate) fn training_rows(&self, settings: &RegressionSettings, session: &Session) -> Result<usize> {
        let rows = Divided::of(&self.dataset, settings, session)?.train.len();
        let left = rows.checked_sub(self.held_out).filter(|&left| left > 0);
        left.with_context(|| {
            format!("held_out = {}, but {} has {rows} training rows", self.held_out, self.dataset)
        })
    }

    /// SHA-256 of its files, images or table.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn data_digests(&self, session: &Session) -> Result<BTreeMap<String, String>> {
        let Some(settings) = &self.regression else { return self.data(session).digests() };
        let digest = Divided::of(&self.dataset, settings, session)?.table.digest;
        Ok(BTreeMap::from([("table".into(), digest.to_string())]))
    }

    /// The test rows of its table, with the scales of a posterior.
    ///
    /// # Errors
    /// When the table cannot be used, or has other columns.
    pub(crate) fn test_rows(
        &self,
        settings: &RegressionSettings,
        columns: &Columns,
        session: &Session,
    ) -> Result<Rows> {
        let divided = Divided::of(&self.dataset, settings, session)?;
        let images = divided.images(columns, &divided.test, session.device)?;
        Ok(Rows { images, name: self.dataset.clone() })
    }
}

/// All rows of a table in a file that has these columns, and perhaps others, which may hold anything.
///
/// With `with_target` the target has to be there; else it need not be, and is its mean.
///
/// # Errors
/// When it cannot be read, or a column is missing.
pub(crate) fn rows_of(file: &Path, columns: &Columns, with_target: bool, device: Device) -> Result<Rows> {
    let mut needed: Vec<&str> = columns.features.iter().map(|column| column.name.as_str()).collect();
    if with_target {
        needed.push(&columns.target.name);
    }
    let mut table = NumberTable::read_columns(file, &needed)?;
    if !with_target {
        table.columns.push(columns.target.name.clone());
        for row in &mut table.rows {
            row.push(columns.target.mean);
        }
    }
    let rows: Vec<&Vec<f64>> = table.rows.iter().collect();
    Ok(Rows { images: images(&table, columns, &rows, device)?, name: file.display().to_string() })
}
