//! Keys and values that all ranks see.

use crate::said::or_said;
use std::{
    ffi::{CString, c_char, c_int},
    ptr::NonNull,
    time::Duration,
};

#[repr(C)]
struct RawStore {
    _private: [u8; 0],
}

#[repr(C)]
struct RawBlob {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn bal_cluster_store_new(
        host: *const c_char,
        port: u16,
        serve: bool,
        prefix: *const c_char,
        timeout: i64,
        message: *mut c_char,
        capacity: usize,
    ) -> *mut RawStore;
    fn bal_cluster_store_clone(
        store: *const RawStore,
        message: *mut c_char,
        capacity: usize,
    ) -> *mut RawStore;
    fn bal_cluster_store_free(store: *mut RawStore);
    fn bal_cluster_store_set(
        store: *mut RawStore,
        key: *const c_char,
        bytes: *const u8,
        length: usize,
        message: *mut c_char,
        capacity: usize,
    ) -> bool;
    fn bal_cluster_store_get(
        store: *mut RawStore,
        keys: *const *const c_char,
        count: usize,
        timeout: i64,
        message: *mut c_char,
        capacity: usize,
    ) -> *mut RawBlob;
    fn bal_cluster_store_check(
        store: *mut RawStore,
        key: *const c_char,
        message: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn bal_cluster_store_add(
        store: *mut RawStore,
        key: *const c_char,
        by: i64,
        sum: *mut i64,
        message: *mut c_char,
        capacity: usize,
    ) -> bool;
    fn bal_cluster_store_delete(
        store: *mut RawStore,
        key: *const c_char,
        message: *mut c_char,
        capacity: usize,
    ) -> bool;
    fn bal_cluster_store_push(
        store: *mut RawStore,
        queue: *const c_char,
        bytes: *const u8,
        length: usize,
        message: *mut c_char,
        capacity: usize,
    ) -> bool;
    fn bal_cluster_store_pop(
        store: *mut RawStore,
        queue: *const c_char,
        blob: *mut *mut RawBlob,
        message: *mut c_char,
        capacity: usize,
    ) -> bool;
    fn bal_cluster_blob_bytes(blob: *const RawBlob) -> *const u8;
    fn bal_cluster_blob_length(blob: *const RawBlob) -> usize;
    fn bal_cluster_blob_free(blob: *mut RawBlob);
}

/// A connection to the store. Calls that fail say why, in LibTorch's words.
pub(crate) struct Store(NonNull<RawStore>);

// SAFETY: a connection belongs to no thread, and is used by one at a time, as it is not `Sync`.
unsafe impl Send for Store {}

impl Store {
    /// Connects to the store at `host`, and makes it first if this process is to `serve` it. Keys get the `prefix`.
    pub(crate) fn connect(
        host: &str,
        port: u16,
        serve: bool,
        prefix: &str,
        timeout: Duration,
    ) -> Result<Self, String> {
        let (host, prefix) = (text(host)?, text(prefix)?);
        or_said(|message, capacity| {
            // SAFETY: the texts end in zero and outlive the call; the message has the room that is announced.
            NonNull::new(unsafe {
                bal_cluster_store_new(
                    host.as_ptr(),
                    port,
                    serve,
                    prefix.as_ptr(),
                    milliseconds(timeout),
                    message,
                    capacity,
                )
            })
        })
        .map(Self)
    }

    /// The same store by another connection.
    pub(crate) fn again(&self) -> Result<Self, String> {
        or_said(|message, capacity| {
            // SAFETY: the store is valid; the message has the room that is announced.
            NonNull::new(unsafe { bal_cluster_store_clone(self.0.as_ptr(), message, capacity) })
        })
        .map(Self)
    }

    /// Puts `value` at `key`.
    pub(crate) fn set(&mut self, key: &str, value: &[u8]) -> Result<(), String> {
        let key = text(key)?;
        or_said(|message, capacity| {
            // SAFETY: store, key and value are valid during the call, which copies the value.
            let done = unsafe {
                bal_cluster_store_set(
                    self.0.as_ptr(),
                    key.as_ptr(),
                    value.as_ptr(),
                    value.len(),
                    message,
                    capacity,
                )
            };
            done.then_some(())
        })
    }

    /// The values at these keys, once all are there; `None` when they are not within so much time.
    pub(crate) fn get(&mut self, keys: &[String], timeout: Duration) -> Result<Option<Vec<Vec<u8>>>, String> {
        let keys = keys.iter().map(|key| text(key)).collect::<Result<Vec<_>, _>>()?;
        let pointers: Vec<*const c_char> = keys.iter().map(|key| key.as_ptr()).collect();
        let found = or_said(|message, capacity| {
            // SAFETY: the store is valid, the keys are as many as said and outlive the call, and the blob is the caller's.
            let blob = unsafe {
                bal_cluster_store_get(
                    self.0.as_ptr(),
                    pointers.as_ptr(),
                    pointers.len(),
                    milliseconds(timeout),
                    message,
                    capacity,
                )
            };
            // SAFETY: as the call returned it.
            unsafe { taken(blob) }
        });
        match found {
            Ok(bytes) => Ok(Some(apart(&bytes).ok_or("the store returned values that are cut short")?)),
            Err(late) if late.is_empty() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether `key` is there.
    pub(crate) fn has(&mut self, key: &str) -> Result<bool, String> {
        let key = text(key)?;
        or_said(|message, capacity| {
            // SAFETY: store and key are valid during the call.
            yes_or_no(unsafe { bal_cluster_store_check(self.0.as_ptr(), key.as_ptr(), message, capacity) })
        })
    }

    /// Adds to the number at `key`, 0 before the first; the sum.
    pub(crate) fn add(&mut self, key: &str, by: i64) -> Result<i64, String> {
        let key = text(key)?;
        let mut sum = 0;
        or_said(|message, capacity| {
            // SAFETY: store, key and sum are valid during the call.
            let done = unsafe {
                bal_cluster_store_add(self.0.as_ptr(), key.as_ptr(), by, &raw mut sum, message, capacity)
            };
            done.then_some(())
        })?;
        Ok(sum)
    }

    /// Takes `key` away, if it is there.
    pub(crate) fn delete(&mut self, key: &str) -> Result<(), String> {
        let key = text(key)?;
        or_said(|message, capacity| {
            // SAFETY: store and key are valid during the call.
            unsafe { bal_cluster_store_delete(self.0.as_ptr(), key.as_ptr(), message, capacity) }
                .then_some(())
        })
    }

    /// Puts `value` at the end of a queue.
    pub(crate) fn push(&mut self, queue: &str, value: &[u8]) -> Result<(), String> {
        let queue = text(queue)?;
        or_said(|message, capacity| {
            // SAFETY: store, queue and value are valid during the call, which copies the value.
            let done = unsafe {
                bal_cluster_store_push(
                    self.0.as_ptr(),
                    queue.as_ptr(),
                    value.as_ptr(),
                    value.len(),
                    message,
                    capacity,
                )
            };
            done.then_some(())
        })
    }

    /// Takes the first of a queue from which nobody else takes.
    pub(crate) fn pop(&mut self, queue: &str) -> Result<Option<Vec<u8>>, String> {
        let queue = text(queue)?;
        let mut blob = std::ptr::null_mut();
        or_said(|message, capacity| {
            // SAFETY: store, queue and the place for the blob are valid during the call.
            unsafe {
                bal_cluster_store_pop(self.0.as_ptr(), queue.as_ptr(), &raw mut blob, message, capacity)
            }
            .then_some(())
        })?;
        // SAFETY: null, or a blob that is the caller's.
        Ok(unsafe { taken(blob) })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: made by a constructor, and freed once.
        unsafe { bal_cluster_store_free(self.0.as_ptr()) }
    }
}

impl Store {
    /// For what is made of it.
    pub(crate) fn as_ptr(&self) -> *const std::ffi::c_void {
        self.0.as_ptr().cast()
    }
}

/// The bytes of a blob, which is freed.
///
/// # Safety
/// `blob` is null, or from C++ and not freed.
unsafe fn taken(blob: *mut RawBlob) -> Option<Vec<u8>> {
    if blob.is_null() {
        return None;
    }
    // SAFETY: the blob is valid until it is freed; no byte is read where there is none.
    unsafe {
        let length = bal_cluster_blob_length(blob);
        let bytes = match length {
            0 => vec![],
            _ => std::slice::from_raw_parts(bal_cluster_blob_bytes(blob), length).to_vec(),
        };
        bal_cluster_blob_free(blob);
        Some(bytes)
    }
}

/// Values one after another, each after its length.
fn apart(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut values = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<8>() {
        let (value, rest) = rest.split_at_checked(usize::try_from(u64::from_ne_bytes(*length)).ok()?)?;
        values.push(value.to_vec());
        bytes = rest;
    }
    bytes.is_empty().then_some(values)
}

fn yes_or_no(found: c_int) -> Option<bool> {
    (found >= 0).then_some(found == 1)
}

fn text(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| format!("{text:?} has a zero in it"))
}

pub(crate) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX).max(1)
}
