//! Bytes from all ranks to all ranks, by Gloo.

use crate::{
    said::or_said,
    store::{Store, milliseconds},
};
use std::{
    ffi::{CString, c_char, c_int, c_void},
    net::IpAddr,
    ptr::NonNull,
    time::Duration,
};

#[repr(C)]
struct RawGroup {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn bal_cluster_group_new(
        store: *const c_void,
        rank: c_int,
        size: c_int,
        interface: *const c_char,
        is_address: bool,
        timeout: i64,
        message: *mut c_char,
        capacity: usize,
    ) -> *mut RawGroup;
    fn bal_cluster_group_free(group: *mut RawGroup);
    fn bal_cluster_group_broadcast(
        group: *mut RawGroup,
        bytes: *mut u8,
        length: usize,
        root: c_int,
        message: *mut c_char,
        capacity: usize,
    ) -> bool;
    fn bal_cluster_group_all_gather(
        group: *mut RawGroup,
        own: *const u8,
        all: *mut u8,
        length: usize,
        message: *mut c_char,
        capacity: usize,
    ) -> bool;
}

/// Where a rank listens for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    Named(String),
    Address(IpAddr),
}

/// Connections among all ranks. Each call is made by all of them, in the same order.
pub(crate) struct Group {
    raw: NonNull<RawGroup>,
    size: usize,
}

// SAFETY: a group belongs to no thread, and is used by one at a time, as it is not `Sync`.
unsafe impl Send for Group {}

impl Group {
    /// Connects all ranks, which find each other by the store. A transfer may take as long as `timeout`.
    pub(crate) fn connect(
        store: &Store,
        (rank, size): (usize, usize),
        interface: &Interface,
        timeout: Duration,
    ) -> Result<Self, String> {
        let (name, is_address) = match interface {
            Interface::Named(name) => (name.clone(), false),
            Interface::Address(address) => (address.to_string(), true),
        };
        let name = CString::new(name).map_err(|_| "an interface has a zero in its name".to_string())?;
        let raw = or_said(|message, capacity| {
            // SAFETY: store and name are valid during the call, which makes its own connection.
            NonNull::new(unsafe {
                bal_cluster_group_new(
                    store.as_ptr(),
                    rank as c_int,
                    size as c_int,
                    name.as_ptr(),
                    is_address,
                    milliseconds(timeout),
                    message,
                    capacity,
                )
            })
        })?;
        Ok(Self { raw, size })
    }

    /// The bytes of rank `root`, which are as many on all ranks.
    pub(crate) fn broadcast(&mut self, bytes: &mut [u8], root: usize) -> Result<(), String> {
        or_said(|message, capacity| {
            // SAFETY: group and bytes are valid during the call, which ends when all are written.
            unsafe {
                bal_cluster_group_broadcast(
                    self.raw.as_ptr(),
                    bytes.as_mut_ptr(),
                    bytes.len(),
                    root as c_int,
                    message,
                    capacity,
                )
            }
            .then_some(())
        })
    }

    /// The bytes of every rank one after another, as many of each.
    pub(crate) fn all_gather(&mut self, own: &[u8]) -> Result<Vec<u8>, String> {
        let mut all = vec![0; own.len() * self.size];
        or_said(|message, capacity| {
            // SAFETY: the group is valid, and the room is that of all ranks, until the call ends.
            unsafe {
                bal_cluster_group_all_gather(
                    self.raw.as_ptr(),
                    own.as_ptr(),
                    all.as_mut_ptr(),
                    own.len(),
                    message,
                    capacity,
                )
            }
            .then_some(())
        })?;
        Ok(all)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // SAFETY: made by the constructor, and freed once.
        unsafe { bal_cluster_group_free(self.raw.as_ptr()) }
    }
}
