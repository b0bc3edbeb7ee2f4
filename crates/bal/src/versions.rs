//! What a result may depend on beside its settings.

use crate::device;
use std::collections::BTreeMap;

/// Versions of the program, LibTorch and the processor, and what the processor can; of a device that was opened, what it is and
/// how it computes.
pub fn versions() -> BTreeMap<String, String> {
    let mut versions = BTreeMap::from([
        ("bal".to_string(), env!("CARGO_PKG_VERSION").to_string()),
        ("libtorch".to_string(), LIBTORCH.to_string()),
        ("rustc".to_string(), env!("BAL_RUSTC").to_string()),
        ("instructions".to_string(), instructions().to_string()),
        ("target".to_string(), format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)),
    ]);
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    if let Some((_, model)) =
        cpu.lines().find(|l| l.starts_with("model name")).and_then(|l| l.split_once(':'))
    {
        versions.insert("cpu".to_string(), model.trim().to_string());
    }
    versions.extend(device::opened());
    versions
}

/// The widest vector instructions of the processor: LibTorch chooses its kernels by them, and with them the last digits
/// of every sum.
fn instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            "avx512"
        } else if std::arch::is_x86_feature_detected!("avx2") {
            "avx2"
        } else {
            "sse2"
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::env::consts::ARCH
}

/// The LibTorch that tch is made for; setup installs this one.
const LIBTORCH: &str = "2.13.0";
