//! What C++ says of a fault.

use std::ffi::{CStr, c_char};

/// Room for it.
const MESSAGE: usize = 2048;

/// Calls with room for a message; what was written there, where the call returns nothing.
pub(crate) fn or_said<T>(call: impl FnOnce(*mut c_char, usize) -> Option<T>) -> Result<T, String> {
    let mut message = [0_u8; MESSAGE];
    let returned = call(message.as_mut_ptr().cast(), MESSAGE);
    returned.ok_or_else(|| {
        let text = CStr::from_bytes_until_nul(&message).unwrap_or_default().to_string_lossy();
        // Some of them end with the trace of the other side.
        let first = text.split("Exception raised from").next().unwrap_or_default();
        first.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}
