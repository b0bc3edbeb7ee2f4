//! A zip archive that `PyTorch` wrote.

use crate::{MESSAGE, said};
use std::{
    ffi::{CStr, CString, c_char, c_void},
    fmt, io,
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr::NonNull,
};

#[repr(C)]
struct Raw {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn bal_archive_open(path: *const c_char, message: *mut c_char, capacity: usize) -> *mut Raw;
    fn bal_archive_free(archive: *mut Raw);
    fn bal_archive_records(archive: *const Raw) -> usize;
    fn bal_archive_name(archive: *const Raw, place: usize) -> *const c_char;
    fn bal_archive_size(
        archive: *mut Raw,
        name: *const c_char,
        size: *mut usize,
        message: *mut c_char,
        capacity: usize,
    ) -> bool;
    fn bal_archive_read(
        archive: *mut Raw,
        name: *const c_char,
        bytes: *mut c_void,
        size: usize,
        message: *mut c_char,
        capacity: usize,
    ) -> bool;
}

/// An open archive. All its records lie in one folder, whose name is left out of theirs.
///
/// `PyTorch`'s reader compares no checksums, as when `PyTorch` itself loads a model.
pub struct Archive {
    raw: NonNull<Raw>,
    /// Of the file itself: no record that is stored as it is can be larger.
    bytes: u64,
}

/// How much larger than the whole file a packed record may be: `PyTorch` packs nothing.
const PACKED: u64 = 64;

// SAFETY: it is used by one thread at a time, as it is not `Sync`.
unsafe impl Send for Archive {}

impl Archive {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or is no archive that `PyTorch` wrote.
    pub fn open(path: &Path) -> io::Result<Self> {
        // `LibTorch` says little of files that are not there.
        let bytes = std::fs::File::open(path)?.metadata()?.len();
        let text = CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)?;
        let mut message = [0_u8; MESSAGE];
        // SAFETY: the text ends in zero and outlives the call; the message has the room that is announced.
        let raw = unsafe { bal_archive_open(text.as_ptr(), message.as_mut_ptr().cast(), MESSAGE) };
        let raw = NonNull::new(raw).ok_or_else(|| invalid(said(&message)))?;
        Ok(Self { raw, bytes })
    }

    /// The names of its records, without the folder that they all lie in.
    pub fn records(&self) -> Vec<String> {
        // SAFETY: the archive is valid, places are counted before, and names live as long as it.
        let name = |place| unsafe { CStr::from_ptr(bal_archive_name(self.raw.as_ptr(), place)) };
        // SAFETY: the archive is valid.
        let count = unsafe { bal_archive_records(self.raw.as_ptr()) };
        (0..count).map(|place| name(place).to_string_lossy().into_owned()).collect()
    }

    /// All bytes of a record.
    ///
    /// # Errors
    /// When there is none of this name, it is cut off, or it claims to be far larger than the file.
    pub fn read(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let text = CString::new(name).map_err(io::Error::other)?;
        let mut message = [0_u8; MESSAGE];
        let mut size = 0_usize;
        // SAFETY: the text ends in zero and outlives the calls; the message has the room that is announced.
        let found = unsafe {
            bal_archive_size(
                self.raw.as_ptr(),
                text.as_ptr(),
                &raw mut size,
                message.as_mut_ptr().cast(),
                MESSAGE,
            )
        };
        if !found {
            return Err(invalid(said(&message)));
        }
        if size as u64 > self.bytes.saturating_mul(PACKED) {
            return Err(invalid(format!(
                "the record {name} claims {size} bytes in a file of {}",
                self.bytes
            )));
        }
        let mut bytes = vec![0_u8; size];
        // SAFETY: as above; the bytes have the room that is announced.
        let read = unsafe {
            bal_archive_read(
                self.raw.as_ptr(),
                text.as_ptr(),
                bytes.as_mut_ptr().cast(),
                size,
                message.as_mut_ptr().cast(),
                MESSAGE,
            )
        };
        if read { Ok(bytes) } else { Err(invalid(said(&message))) }
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        // SAFETY: it was made by `bal_archive_open`, and nothing else frees it.
        unsafe { bal_archive_free(self.raw.as_ptr()) }
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
