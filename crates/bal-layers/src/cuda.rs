//! CUDA: found before the first question about it, and set to repeat its bits.

use crate::{MESSAGE, said};
use std::{
    ffi::{c_char, c_int},
    sync::OnceLock,
};

unsafe extern "C" {
    fn bal_cuda_load(message: *mut c_char, capacity: usize) -> bool;
    fn bal_cuda_settle(tf32: bool, message: *mut c_char, capacity: usize) -> bool;
    fn bal_cuda_settings(tf32: *mut bool, deterministic: *mut bool);
    fn bal_cuda_describe(number: c_int, name: *mut c_char, capacity: usize, version: *mut c_int) -> bool;
}

/// How products and convolutions of single precision round what they are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Not at all: as on a CPU.
    Single,
    /// To the 10 bits of TF32, where the device has it: several times faster, and gradients are off by about 1e-3.
    Tf32,
}

/// A device that was opened, and how `LibTorch` computes on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cuda {
    /// Its number, from 0.
    pub number: usize,
    /// What its maker calls it.
    pub name: String,
    /// The newest CUDA that the driver knows: `13.0`.
    pub driver: String,
    /// How products round.
    pub rounding: Rounding,
}

/// Why there is no device to compute on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CudaError {
    /// `LibTorch` was made without it.
    #[error("this LibTorch has no CUDA: set up one that has, or compute on the CPU")]
    Absent,
    /// Its library is there, and something that it needs is not.
    #[error("LibTorch's CUDA library cannot be loaded ({reason}); or compute on the CPU")]
    Library {
        /// What the system said.
        reason: String,
    },
    /// There is the library, and no device.
    #[error(
        "LibTorch has CUDA, but finds no device: is the driver installed, and CUDA_VISIBLE_DEVICES right? Or compute on the CPU"
    )]
    NoDevice,
    /// There are fewer devices.
    #[error("there are {found} CUDA devices, counted from 0, and not number {number}")]
    Number {
        /// What was asked for.
        number: usize,
        /// How many there are.
        found: usize,
    },
    /// `LibTorch` refused its settings.
    #[error("LibTorch cannot be set to repeat its bits on CUDA: {0}")]
    Settings(String),
    /// A process computes on one device, in one way: `LibTorch`'s settings are the process's.
    #[error("this process has opened CUDA device {} already, with another number or rounding", .0.number)]
    Opened(Cuda),
}

/// Brings `LibTorch`'s CUDA library into the process, once.
///
/// `LibTorch` answers its first question about CUDA for the rest of the process, so this has to come before
/// [`tch::Cuda::device_count`]. A program that was linked with the library still does not have it: it calls none of its functions,
/// and linkers drop what is not called.
///
/// # Errors
/// [`CudaError::Absent`], [`CudaError::Library`].
pub fn load() -> Result<(), CudaError> {
    static LOADED: OnceLock<Result<(), CudaError>> = OnceLock::new();
    let load = || {
        let mut message = [0_u8; MESSAGE];
        // SAFETY: the message has room for as many bytes as is said, and the call ends it with a zero.
        if unsafe { bal_cuda_load(message.as_mut_ptr().cast(), message.len()) } {
            return Ok(());
        }
        let reason = said(&message);
        // The loader names the file that it cannot open: the library itself, or one that it needs.
        if reason.starts_with("libtorch_cuda") {
            Err(CudaError::Absent)
        } else {
            Err(CudaError::Library { reason })
        }
    };
    LOADED.get_or_init(load).clone()
}

static OPENED: OnceLock<Cuda> = OnceLock::new();

/// Opens device `number`: products round as said, and whatever `LibTorch` computes from then on has the same bits each time, on
/// the same device, driver and `LibTorch`. An operator that cannot do so is refused by `LibTorch`.
///
/// `CUBLAS_WORKSPACE_CONFIG` is put into the environment where it does not have one of the values that this takes, so no other
/// thread may be reading the environment.
///
/// # Errors
/// [`CudaError`].
pub fn open(number: usize, rounding: Rounding) -> Result<&'static Cuda, CudaError> {
    load()?;
    let found = usize::try_from(tch::Cuda::device_count()).unwrap_or(0);
    check(number, found)?;
    settle(rounding)?;
    let (name, driver) = describe(number);
    let cuda = Cuda { number, name, driver, rounding };
    let opened = OPENED.get_or_init(|| cuda.clone());
    if *opened == cuda { Ok(opened) } else { Err(CudaError::Opened(opened.clone())) }
}

/// The device that [`open`] has opened.
pub fn opened() -> Option<&'static Cuda> {
    OPENED.get()
}

fn check(number: usize, found: usize) -> Result<(), CudaError> {
    match found {
        0 => Err(CudaError::NoDevice),
        found if number >= found => Err(CudaError::Number { number, found }),
        _ => Ok(()),
    }
}

fn settle(rounding: Rounding) -> Result<(), CudaError> {
    let mut message = [0_u8; MESSAGE];
    let tf32 = rounding == Rounding::Tf32;
    // SAFETY: the message has room for as many bytes as is said, and the call ends it with a zero.
    let settled = unsafe { bal_cuda_settle(tf32, message.as_mut_ptr().cast(), message.len()) };
    let (mut found, mut deterministic) = (!tf32, false);
    // SAFETY: both are there to be written to.
    unsafe { bal_cuda_settings(&raw mut found, &raw mut deterministic) };
    match settled {
        false => Err(CudaError::Settings(said(&message))),
        true if found != tf32 => Err(CudaError::Settings("it keeps another rounding".into())),
        true if !deterministic => Err(CudaError::Settings("it stays non-deterministic".into())),
        true => Ok(()),
    }
}

/// The device's name and the driver's CUDA; `unknown` where the driver does not say.
fn describe(number: usize) -> (String, String) {
    let (mut name, mut version) = ([0_u8; 256], 0);
    let number = c_int::try_from(number).unwrap_or(c_int::MAX);
    // SAFETY: the name has room for as many bytes as is said, and there is a number to be written to.
    let known = unsafe { bal_cuda_describe(number, name.as_mut_ptr().cast(), name.len(), &raw mut version) };
    if known {
        (said(&name), format!("{}.{}", version / 1000, version % 1000 / 10))
    } else {
        ("unknown".into(), "unknown".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a machine with a device this opens it, and on one without says what is missing.
    #[test]
    fn a_device_is_opened_or_the_first_thing_that_is_missing_is_named() {
        let found = open(0, Rounding::Single);
        let libraries = std::env::var("DEP_TCH_LIBTORCH_LIB").unwrap_or_else(|_| "../../libtorch/lib".into());
        if !std::path::Path::new(&libraries).join("libtorch_cuda.so").exists() {
            assert_eq!(found, Err(CudaError::Absent));
            assert!(found.unwrap_err().to_string().starts_with("this LibTorch has no CUDA"));
            assert_eq!((load(), opened()), (Err(CudaError::Absent), None));
        } else if tch::Cuda::device_count() == 0 {
            assert_eq!(found, Err(CudaError::NoDevice));
        } else {
            let cuda = found.unwrap();
            assert_eq!((cuda.number, cuda.rounding, opened()), (0, Rounding::Single, Some(cuda)));
            assert!(matches!(open(0, Rounding::Tf32), Err(CudaError::Opened(_))));
        }
    }

    /// `LibTorch` takes these settings without a device too; they say nothing about its CPU kernels.
    #[test]
    fn both_roundings_are_settings_that_libtorch_keeps() {
        for rounding in [Rounding::Tf32, Rounding::Single] {
            assert_eq!(settle(rounding), Ok(()));
        }
        let workspace = std::env::var("CUBLAS_WORKSPACE_CONFIG");
        assert!(matches!(workspace.as_deref(), Ok(":4096:8" | ":16:8")), "{workspace:?}");
    }

    #[test]
    fn devices_are_counted_from_0() {
        assert_eq!(check(0, 0), Err(CudaError::NoDevice));
        assert_eq!((check(0, 1), check(1, 2)), (Ok(()), Ok(())));
        let error = check(2, 2).unwrap_err();
        assert_eq!(error.to_string(), "there are 2 CUDA devices, counted from 0, and not number 2");
    }
}
