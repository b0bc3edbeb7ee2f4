//! Several processes that work on one computation, and what crosses between them.

use crate::{Aux, Diverged, Position, State};
use std::fmt;
use tch::{Device, Kind, Tensor};

/// Processes that make the same computation together. Each has all of its state, and does a part of its work.
///
/// All of them call [`gather`](Self::gather) in the same order, from one thread. [`crate::Workers::share`] is all that methods
/// see of them.
pub trait Ranks: Send + Sync + fmt::Debug {
    /// The number of this process, from 0.
    fn rank(&self) -> usize;

    /// How many there are, at least 1.
    fn size(&self) -> usize;

    /// Whether an exchange takes so little time that one for each step of a chain pays. All ranks say the same.
    fn are_near(&self) -> bool;

    /// The bytes of every rank, in the order of ranks, on every rank.
    ///
    /// # Errors
    /// [`Lost`] when another process does not take part any more.
    fn gather(&self, own: Vec<u8>) -> Result<Vec<Vec<u8>>, Lost>;
}

/// A process of several is lost, and with it its part of the work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Lost(pub String);

/// What ranks tell each other. It arrives bit by bit, tensors with their layout in memory.
pub trait Carried: Sized {
    /// Puts it at the end of `bytes`.
    fn pack(&self, bytes: &mut Vec<u8>);

    /// Takes it from the front; `None` where it is not there.
    fn unpack(bytes: &mut Arrived) -> Option<Self>;
}

/// Bytes that have arrived.
#[derive(Debug)]
pub struct Arrived<'a> {
    bytes: &'a [u8],
    device: Device,
}

impl<'a> Arrived<'a> {
    /// All of these. Tensors that were not on a CPU go to `device`.
    pub fn new(bytes: &'a [u8], device: Device) -> Self {
        Self { bytes, device }
    }

    /// The next so many bytes.
    fn next(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(bytes)
    }
}

impl Carried for u64 {
    fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.to_le_bytes());
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        Some(Self::from_le_bytes(bytes.next(8)?.try_into().ok()?))
    }
}

impl Carried for f64 {
    fn pack(&self, bytes: &mut Vec<u8>) {
        self.to_bits().pack(bytes);
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        u64::unpack(bytes).map(Self::from_bits)
    }
}

impl Carried for String {
    fn pack(&self, bytes: &mut Vec<u8>) {
        (self.len() as u64).pack(bytes);
        bytes.extend(self.as_bytes());
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        let length = usize::try_from(u64::unpack(bytes)?).ok()?;
        Self::from_utf8(bytes.next(length)?.to_vec()).ok()
    }
}

impl<T: Carried> Carried for Option<T> {
    fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.is_some().into());
        if let Some(value) = self {
            value.pack(bytes);
        }
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        match bytes.next(1)? {
            [0] => Some(None),
            _ => T::unpack(bytes).map(Some),
        }
    }
}

impl<T: Carried> Carried for Vec<T> {
    fn pack(&self, bytes: &mut Vec<u8>) {
        (self.len() as u64).pack(bytes);
        for value in self {
            value.pack(bytes);
        }
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        let count = u64::unpack(bytes)?;
        (0..count).map(|_| T::unpack(bytes)).collect()
    }
}

impl<T: Carried, E: Carried> Carried for Result<T, E> {
    fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.is_ok().into());
        match self {
            Ok(value) => value.pack(bytes),
            Err(error) => error.pack(bytes),
        }
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        match bytes.next(1)? {
            [0] => E::unpack(bytes).map(Err),
            _ => T::unpack(bytes).map(Ok),
        }
    }
}

impl<A: Carried, B: Carried> Carried for (A, B) {
    fn pack(&self, bytes: &mut Vec<u8>) {
        self.0.pack(bytes);
        self.1.pack(bytes);
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        Some((A::unpack(bytes)?, B::unpack(bytes)?))
    }
}

impl Carried for Tensor {
    /// Type, sizes, strides, whether it is on a CPU, then the numbers as they lie in memory.
    ///
    /// # Panics
    /// For a tensor of a type that none in a training has.
    fn pack(&self, bytes: &mut Vec<u8>) {
        let tensor = if is_dense(self) { self.shallow_clone() } else { self.contiguous() };
        let (count, kind) = (tensor.numel(), tensor.kind());
        let place = KINDS.iter().position(|known| *known == kind);
        bytes.push(place.expect("a type that tensors of a training have") as u8);
        bytes.push((tensor.device() != Device::Cpu).into());
        let size = tensor.size();
        (size.len() as u64).pack(bytes);
        for &n in size.iter().chain(&tensor.stride()) {
            (n as u64).pack(bytes);
        }
        // As one row, in the order of memory.
        let row = tensor.as_strided([count as i64], [1], None);
        let begin = bytes.len();
        bytes.resize(begin + count * kind.elt_size_in_bytes(), 0);
        row.copy_data_u8(&mut bytes[begin..], count);
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        let &[kind, elsewhere] = bytes.next(2)? else { return None };
        let kind = *KINDS.get(usize::from(kind))?;
        let dimensions = u64::unpack(bytes).filter(|&dimensions| dimensions <= DIMENSIONS)?;
        let numbers = (0..2 * dimensions).map(|_| u64::unpack(bytes).and_then(|n| i64::try_from(n).ok()));
        let numbers = numbers.collect::<Option<Vec<i64>>>()?;
        let (size, stride) = numbers.split_at(dimensions as usize);
        let count = size.iter().try_fold(1_i64, |product, &n| product.checked_mul(n))?;
        let length = usize::try_from(count).ok()?.checked_mul(kind.elt_size_in_bytes())?;
        let row = Tensor::f_from_data_size(bytes.next(length)?, &[count], kind).ok()?;
        let tensor = row.f_as_strided(size, stride, None).ok()?;
        Some(if elsewhere == 0 { tensor } else { tensor.to_device(bytes.device) })
    }
}

/// The types that tensors of a training have.
const KINDS: [Kind; 6] = [Kind::Uint8, Kind::Int64, Kind::Float, Kind::Double, Kind::BFloat16, Kind::Bool];

/// The most dimensions of a tensor.
const DIMENSIONS: u64 = 16;

/// Whether the numbers of a tensor lie in one piece of memory, each once, in whatever order.
fn is_dense(tensor: &Tensor) -> bool {
    let mut order: Vec<(i64, i64)> = tensor.stride().into_iter().zip(tensor.size()).collect();
    order.sort_unstable();
    let mut expected = 1;
    tensor.numel() > 0
        && order.into_iter().filter(|(_, size)| *size != 1).all(|(stride, size)| {
            let is_next = stride == expected;
            expected *= size;
            is_next
        })
}

impl Carried for Position {
    fn pack(&self, bytes: &mut Vec<u8>) {
        (self.tensors().len() as u64).pack(bytes);
        for tensor in self.tensors() {
            tensor.pack(bytes);
        }
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        Vec::unpack(bytes).map(Self::new)
    }
}

impl Carried for State {
    fn pack(&self, bytes: &mut Vec<u8>) {
        self.position.pack(bytes);
        self.memory.pack(bytes);
        self.step.pack(bytes);
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        Some(Self {
            position: Position::unpack(bytes)?,
            memory: Vec::unpack(bytes)?,
            step: u64::unpack(bytes)?,
        })
    }
}

impl Carried for Aux {
    fn pack(&self, bytes: &mut Vec<u8>) {
        self.loss.pack(bytes);
        self.buffers.pack(bytes);
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        Some(Self { loss: Option::unpack(bytes)?, buffers: Option::unpack(bytes)? })
    }
}

impl Carried for Diverged {
    fn pack(&self, bytes: &mut Vec<u8>) {
        let (kind, step) = match self {
            Self::Position { step } => (0_u64, step),
            Self::Energy { step } => (1, step),
        };
        kind.pack(bytes);
        step.pack(bytes);
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        let (kind, step) = (u64::unpack(bytes)?, u64::unpack(bytes)?);
        Some(if kind == 0 { Self::Position { step } } else { Self::Energy { step } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried<T: Carried>(value: &T) -> T {
        let mut bytes = Vec::new();
        value.pack(&mut bytes);
        let mut arrived = Arrived::new(&bytes, Device::Cpu);
        let there = T::unpack(&mut arrived).unwrap();
        assert!(arrived.bytes.is_empty());
        there
    }

    #[test]
    fn tensors_arrive_with_their_bits_and_their_layout() {
        let x = Tensor::arange(2 * 3 * 4 * 5, (Kind::Float, Device::Cpu)).reshape([2, 3, 4, 5]) / 7.0;
        let channels_last = x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
        for tensor in [&x, &channels_last, &x.tr_last(), &x.to_kind(Kind::Double), &x.to_kind(Kind::BFloat16)]
        {
            let there = carried(tensor);
            assert!(there.equal(tensor) && there.kind() == tensor.kind());
            assert_eq!((there.size(), there.stride()), (tensor.size(), tensor.stride()));
        }
        // A part of another, a row that is repeated, and a number: their values count.
        for tensor in [x.narrow(1, 1, 2), x.select(0, 1), x.slice(3, 0, 5, 2), x.mean(Kind::Float)] {
            assert!(carried(&tensor).equal(&tensor));
        }
        let row = Tensor::from_slice(&[1_i64, 2, 3]).expand([4, 3], false);
        assert!(carried(&row).equal(&row));
        let none = Tensor::zeros([0, 3], (Kind::Float, Device::Cpu));
        assert_eq!(carried(&none).size(), [0, 3]);
    }

    trait LastTwo {
        fn tr_last(&self) -> Tensor;
    }

    impl LastTwo for Tensor {
        fn tr_last(&self) -> Tensor {
            self.transpose(2, 3)
        }
    }

    #[test]
    fn numbers_arrive_bit_by_bit() {
        for value in [0.0, -0.0, 1.0 / 3.0, f64::INFINITY, f64::from_bits(0x7ff8_0000_0000_1234)] {
            assert_eq!(carried(&value).to_bits(), value.to_bits());
        }
        let nested = vec![Some((1_u64, "ä".to_string())), None];
        assert_eq!(carried(&nested), nested);
        let results = vec![Ok(3_u64), Err(Diverged::Energy { step: 4 }), Err(Diverged::Position { step: 5 })];
        assert_eq!(carried(&results), results);
    }

    #[test]
    fn what_is_cut_short_is_noticed() {
        let mut bytes = Vec::new();
        Position::new(vec![Tensor::from_slice(&[1.0_f32, 2.0])]).pack(&mut bytes);
        for length in 0..bytes.len() {
            assert!(Position::unpack(&mut Arrived::new(&bytes[..length], Device::Cpu)).is_none(), "{length}");
        }
        let huge = [8_u64.to_le_bytes(), u64::MAX.to_le_bytes()].concat();
        assert!(Vec::<String>::unpack(&mut Arrived::new(&huge, Device::Cpu)).is_none());
    }
}
