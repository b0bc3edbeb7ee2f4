//! What is kept of an evaluation while it goes on.

mod identity;

use crate::{Note, Session, evaluate::Described, outputs};
use anyhow::{Context, Result, bail};
use bal_attacks::{Gradients, Outcome, Shard, ShardStore, StoreError};
use bal_data::Digest;
use bal_files::{Lock, LockError};
use bal_models::TensorFile;
pub(crate) use identity::{Identity, used};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use tch::{Kind, Tensor};

/// A folder of finished shards of an evaluation, this evaluation's alone: a [`ShardStore`] that another process can go on with.
///
/// The folder beside a file that the evaluation will write goes when the file is written. Any goes with this value if there
/// is no shard in it yet.
#[derive(Debug)]
pub struct Partial {
    lock: Lock,
    /// Everything that the shards depend on.
    identity: Value,
    images: bool,
    /// Whether the folder says what its shards are of; held while that is written.
    made: Mutex<bool>,
}

const IDENTITY: &str = "identity.json";
/// Of a part of an evaluation: what its record says beside what shards found.
const DESCRIBED: &str = "described.json";
/// How names of rows begin.
const ROW: &str = "row-";
/// No attack broke the image.
const NONE: i64 = -1;

impl Partial {
    /// The folder for the evaluation that will write `file`; says so where a part of it is there.
    ///
    /// # Errors
    /// When the folder is there and of another evaluation, or another process works in it.
    pub(crate) fn beside(file: &Path, identity: &Identity<'_>, session: &Session) -> Result<Self> {
        Self::of(file, identity.value(session)?, identity.images, session)
    }

    /// The same for what depends on `identity`, an object; `images` says whether shards hold attacked images.
    ///
    /// # Errors
    /// Those of [`Partial::beside`].
    pub(crate) fn of(file: &Path, identity: Value, images: bool, session: &Session) -> Result<Self> {
        Self::locked(lock(file, session)?, identity, images, session)
    }

    /// The folder of this path, made with its first shard and kept until its user removes it.
    ///
    /// `identity` is an object: everything that the shards depend on. `images` says whether shards hold attacked images.
    ///
    /// # Errors
    /// When the folder is there and of another evaluation, or another process works in it.
    pub fn in_folder(folder: &Path, identity: Value, images: bool, session: &Session) -> Result<Self> {
        match Lock::take(folder, &mut |news| session.tell(news)) {
            Err(LockError::Busy { holder, .. }) => bail!(
                "{} is used by {holder}; wait until that has ended, or name another folder",
                folder.display()
            ),
            lock => Self::locked(lock?, identity, images, session),
        }
    }

    fn locked(lock: Lock, identity: Value, images: bool, session: &Session) -> Result<Self> {
        let folder = lock.folder().to_path_buf();
        lock.remove_leftovers(&[]);
        let path = folder.join(IDENTITY);
        if path.is_file() {
            let found: Value = read_json(&path, &folder)?;
            if let Some(key) = difference(&found, &identity) {
                bail!(
                    "{} holds a part of another evaluation: its {key} is {}, and now {}; finish that one, remove \
                     the folder, or name another place",
                    folder.display(),
                    found[&key],
                    identity[&key]
                );
            }
        }
        let partial = Self { made: Mutex::new(path.is_file()), lock, identity, images };
        if !partial.parts().is_empty() {
            session.observer().note(&Note::news(format!("going on where {} ended", folder.display())));
        }
        Ok(partial)
    }

    /// What was kept for `file`, of whatever evaluation.
    ///
    /// # Errors
    /// When another process works in it, or it does not say what it is of.
    pub(crate) fn found(file: &Path, session: &Session) -> Result<Self> {
        let lock = lock(file, session)?;
        let identity = read_json(&lock.folder().join(IDENTITY), lock.folder())?;
        Ok(Self { made: Mutex::new(true), lock, identity, images: false })
    }

    /// Writes down what the record says beside what shards found, so that it can be written without the model.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn describe(&self, described: &Described) -> Result<()> {
        self.make().map_err(anyhow::Error::from_boxed)?;
        outputs::write(&self.folder().join(DESCRIBED), &serde_json::to_vec_pretty(described)?)
    }

    /// What [`Partial::describe`] wrote.
    ///
    /// # Errors
    /// When it is not there, or damaged.
    pub(crate) fn described(&self) -> Result<Described> {
        read_json(&self.folder().join(DESCRIBED), self.folder())
    }

    /// The first thing that this and `other` depend on and that differs, with both values.
    pub(crate) fn differs_from<'a>(&'a self, other: &'a Self) -> Option<(String, [&'a Value; 2])> {
        let key = difference(&self.identity, &other.identity)?;
        let both = [&self.identity[&key], &other.identity[&key]];
        Some((key, both))
    }

    fn folder(&self) -> &Path {
        self.lock.folder()
    }

    /// The files of the shards, and of the rows, that are kept.
    fn parts(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder()).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path());
        let is_row =
            |file: &Path| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(ROW));
        files.filter(|file| file.extension().is_some_and(|e| e == "safetensors") || is_row(file)).collect()
    }

    /// The text of row `number`, if it was kept.
    ///
    /// # Errors
    /// When it cannot be read, or is not what was written.
    pub(crate) fn read_row(&self, number: usize) -> Result<Option<Vec<u8>>> {
        let path = self.row(number);
        if !*self.made.lock().unwrap_or_else(PoisonError::into_inner) || !path.is_file() {
            return Ok(None);
        }
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
        let (checksum, text) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
        if checksum != Digest::of(text).to_string().as_bytes() {
            bail!("{} is damaged; remove it, and the row is made again", path.display());
        }
        Ok(Some(text.to_vec()))
    }

    /// Keeps the text of row `number`, with its checksum in the first line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write_row(&self, number: usize, text: &[u8]) -> Result<()> {
        self.make().map_err(anyhow::Error::from_boxed)?;
        let checksum = Digest::of(text).to_string() + "\n";
        outputs::write(&self.row(number), &[checksum.as_bytes(), text].concat())
    }

    fn row(&self, number: usize) -> PathBuf {
        self.folder().join(format!("{ROW}{number:03}.json"))
    }

    /// Takes away what was kept, and the folder, unless the user has put something there.
    pub(crate) fn remove(self) -> Result<()> {
        let folder = self.folder().to_path_buf();
        let said =
            [IDENTITY, DESCRIBED].map(|name| folder.join(name)).into_iter().filter(|file| file.is_file());
        for file in self.parts().into_iter().chain(said) {
            fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
        drop(self);
        // It may have been made by an earlier process, so that it does not go with the lock.
        let _ = fs::remove_dir(folder);
        Ok(())
    }

    fn path(&self, number: usize) -> PathBuf {
        self.folder().join(format!("shard-{number:05}.safetensors"))
    }

    /// Makes the folder, once, with what its shards are of.
    fn make(&self) -> Result<(), StoreError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if !*made {
            outputs::write(&self.folder().join(IDENTITY), &serde_json::to_vec_pretty(&self.identity)?)?;
            *made = true;
        }
        Ok(())
    }
}

/// A file of a folder that is gone on with.
fn read_json<T: DeserializeOwned>(path: &Path, folder: &Path) -> Result<T> {
    let context = || format!("cannot go on with {}; remove it to begin anew", folder.display());
    serde_json::from_slice(&fs::read(path).with_context(context)?).with_context(context)
}

/// The folder of the evaluation that will write `file`, as this process's own.
fn lock(file: &Path, session: &Session) -> Result<Lock> {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    let folder = PathBuf::from(name);
    match Lock::take(&folder, &mut |news| session.tell(news)) {
        Err(LockError::Busy { holder, .. }) => bail!(
            "{} is being made by {holder}; wait until that has ended, or write to another file",
            file.display()
        ),
        other => Ok(other?),
    }
}

/// The first key whose values differ.
fn difference(found: &Value, wanted: &Value) -> Option<String> {
    let keys = |value: &Value| value.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>());
    let keys = keys(wanted).into_iter().chain(keys(found)).flatten();
    keys.into_iter().find(|key| found[key] != wanted[key])
}

impl ShardStore for Partial {
    fn images(&self) -> bool {
        self.images
    }

    fn read(&self, number: usize) -> Result<Option<Shard>, StoreError> {
        let path = self.path(number);
        if !*self.made.lock().unwrap_or_else(PoisonError::into_inner) || !path.is_file() {
            return Ok(None);
        }
        Ok(Some(read(&path)?))
    }

    fn write(&self, number: usize, shard: &Shard) -> Result<(), StoreError> {
        self.make()?;
        Ok(write(&self.path(number), shard)?)
    }
}

fn write(path: &Path, shard: &Shard) -> Result<()> {
    Ok(file_of(shard)?.write_sealed(path)?)
}

/// The bytes of the file of a shard.
pub(crate) fn bytes(shard: &Shard) -> Result<Vec<u8>> {
    Ok(file_of(shard)?.sealed_bytes(Path::new("a shard"))?)
}

/// The shard that these bytes are of.
pub(crate) fn of_bytes(bytes: Vec<u8>) -> Result<Shard> {
    let path = Path::new("a shard");
    shard_of(path, TensorFile::of_sealed(path, bytes)?)
}

fn file_of(shard: &Shard) -> Result<TensorFile> {
    let n = shard.indices.len() as i64;
    let columns = shard.outcomes.len() as i64;
    let place = |part: &Option<usize>| part.map_or(NONE, |part| part as i64);
    let predicted: Vec<i64> = shard.outcomes.iter().flat_map(|o| &o.predicted).copied().collect();
    let broken_by: Vec<i64> = shard.outcomes.iter().flat_map(|o| o.broken_by.iter().map(place)).collect();
    let lengths = |value: fn(&Outcome) -> &Vec<f64>| {
        let values: Vec<f64> = shard.outcomes.iter().flat_map(value).copied().collect();
        Tensor::f_from_slice(&values)?.f_reshape([columns, n])
    };
    let mut tensors = vec![
        ("indices", Tensor::f_from_slice(&shard.indices)?),
        ("labels", Tensor::f_from_slice(&shard.labels)?),
        ("clean", Tensor::f_from_slice(&shard.clean)?),
        ("predicted", Tensor::f_from_slice(&predicted)?.f_reshape([columns, n])?),
        ("broken_by", Tensor::f_from_slice(&broken_by)?.f_reshape([columns, n])?),
        ("l2", lengths(|outcome| &outcome.l2)?),
        ("linf", lengths(|outcome| &outcome.linf)?),
    ];
    // Of each part, how many gradients were taken, and how many of them were zero.
    let gradients: Vec<i64> =
        shard.gradients.iter().flat_map(|part| [part.taken as i64, part.zero as i64]).collect();
    tensors.push(("gradients", Tensor::f_from_slice(&gradients)?.f_reshape([-1, 2])?));
    if let Some(distances) = &shard.distances {
        // No distance is negative.
        let distances: Vec<f64> = distances.iter().map(|d| d.unwrap_or(-1.0)).collect();
        tensors.push(("distances", Tensor::f_from_slice(&distances)?));
    }
    let sizes: Vec<f64> = shard.outcomes.iter().filter_map(|o| o.size.as_ref()).flatten().copied().collect();
    if !sizes.is_empty() {
        tensors.push(("size", Tensor::f_from_slice(&sizes)?.f_reshape([columns, n])?));
    }
    for (name, tensor) in [("x", &shard.x), ("witness", &shard.witness)] {
        tensors.extend(tensor.as_ref().map(|tensor| (name, tensor.shallow_clone())));
    }
    let tensors = tensors.into_iter().map(|(name, tensor)| (name.to_string(), tensor)).collect();
    Ok(TensorFile { metadata: [].into(), tensors })
}

pub(crate) fn read(path: &Path) -> Result<Shard> {
    shard_of(path, TensorFile::read_sealed(path)?)
}

fn shard_of(path: &Path, mut file: TensorFile) -> Result<Shard> {
    let mut integers = |name: &str, shape: &[i64]| -> Result<Vec<i64>> {
        Ok(Vec::try_from(file.take(path, name, Kind::Int64, shape)?.f_reshape([-1])?)?)
    };
    let indices = integers("indices", &[-1])?;
    let n = indices.len() as i64;
    let (labels, clean) = (integers("labels", &[n])?, integers("clean", &[n])?);
    let predicted = integers("predicted", &[-1, n])?;
    let columns = predicted.len() as i64 / n.max(1);
    let broken_by = integers("broken_by", &[columns, n])?;
    let gradients = integers("gradients", &[-1, 2])?;
    let counted = |part: &[i64]| match part {
        &[taken, zero] if (0..=taken).contains(&zero) => {
            Ok(Gradients { taken: taken as u64, zero: zero as u64 })
        }
        other => bail!("{}: gradients holds {other:?}: of so many taken, so many zero", path.display()),
    };
    let gradients = gradients.chunks(2).map(counted).collect::<Result<_>>()?;
    let mut lengths = |name: &str| -> Result<Vec<f64>> {
        Ok(Vec::try_from(file.take(path, name, Kind::Double, &[columns, n])?.f_reshape([-1])?)?)
    };
    let (l2, linf) = (lengths("l2")?, lengths("linf")?);
    let row = |column: usize| column * indices.len()..(column + 1) * indices.len();
    let sizes = optional(&mut file, path, "size", Kind::Double, &[columns, n])?;
    let sizes = sizes.map(|sizes| Vec::<f64>::try_from(sizes.f_reshape([-1])?)).transpose()?;
    let outcomes = (0..columns as usize).map(|column| Outcome {
        predicted: predicted[row(column)].to_vec(),
        broken_by: broken_by[row(column)].iter().map(|&place| usize::try_from(place).ok()).collect(),
        l2: l2[row(column)].to_vec(),
        linf: linf[row(column)].to_vec(),
        size: sizes.as_ref().map(|sizes| sizes[row(column)].to_vec()),
    });
    let outcomes = outcomes.collect();
    let distances = optional(&mut file, path, "distances", Kind::Double, &[n])?;
    let distances = distances.map(Vec::<f64>::try_from).transpose()?;
    let distances =
        distances.map(|distances| distances.into_iter().map(|d| (d >= 0.0).then_some(d)).collect());
    let x = optional(&mut file, path, "x", Kind::Float, &[columns, n, -1, -1, -1])?;
    // A flow has as many dimensions as images, a pose fewer.
    let dimensions = file.tensors.get("witness").map_or(0, Tensor::dim).max(2);
    let shape = [&[columns, n], &vec![-1; dimensions - 2][..]].concat();
    let witness = optional(&mut file, path, "witness", Kind::Float, &shape)?;
    Ok(Shard { indices, labels, clean, outcomes, distances, gradients, x, witness })
}

/// A tensor that not every shard has.
fn optional(
    file: &mut TensorFile,
    path: &Path,
    name: &str,
    kind: Kind,
    shape: &[i64],
) -> Result<Option<Tensor>> {
    let there = file.tensors.contains_key(name);
    Ok(there.then(|| file.take(path, name, kind, shape)).transpose()?)
}
