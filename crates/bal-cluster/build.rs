//! Compiles the bridge to LibTorch's c10d.

use std::{env, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=cpp");
    // Documentation is made where there is no LibTorch, and links nothing.
    if env::var_os("CARGO_FEATURE_DOC_ONLY").is_some() || env::var_os("DOCS_RS").is_some() {
        return;
    }
    // Said by torch-sys, which found LibTorch.
    let lib = env::var("DEP_TCH_LIBTORCH_LIB").expect("torch-sys says where LibTorch is");
    let include = Path::new(&lib).parent().expect("LibTorch's lib folder has a parent").join("include");
    let mut build = cc::Build::new();
    build.cpp(true).std("c++20");
    build
        // The declarations of Gloo that LibTorch's headers ask for and do not bring.
        .include("cpp")
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        // LibTorch's own headers are not ours to mend.
        .warnings(false)
        .file("cpp/cluster.cpp")
        .compile("bal_cluster");
}
