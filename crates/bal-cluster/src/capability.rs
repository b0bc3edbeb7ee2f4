//! The vectors that LibTorch computes with on this machine.

use std::ffi::{CStr, c_char};

unsafe extern "C" {
    fn bal_cluster_capability(text: *mut c_char, capacity: usize);
}

/// LibTorch's name of the vector instructions that it has chosen: `AVX512`, `AVX2`, `DEFAULT`. The last digits of its sums
/// depend on them. `ATEN_CPU_CAPABILITY` in the environment lowers them.
pub fn capability() -> String {
    let mut text = [0_u8; 64];
    // SAFETY: the text has the room that is announced.
    unsafe { bal_cluster_capability(text.as_mut_ptr().cast(), text.len()) };
    CStr::from_bytes_until_nul(&text).unwrap_or_default().to_string_lossy().into_owned()
}
