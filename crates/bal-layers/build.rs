//! Compiles the kernels, once for each instruction set, and their bridge to LibTorch, and what sets CUDA up.

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

    let mut layers = compiler();
    layers
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        // LibTorch's own headers are not ours to mend.
        .warnings(false)
        .file("cpp/layers.cpp")
        .file("cpp/cuda.cpp");
    let x86 = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64");
    if !x86 {
        layers.define("BAL_NO_AVX2", None);
    }
    layers.compile("bal_layers");

    compile_kernels("baseline_kernels", &[]);
    if x86 {
        compile_kernels("avx2_kernels", &["-mavx2", "-mfma"]);
    }
}

fn compiler() -> cc::Build {
    let mut build = cc::Build::new();
    build.cpp(true).std("c++20").opt_level(3);
    build
}

fn compile_kernels(function: &str, flags: &[&str]) {
    let mut build = compiler();
    // Vectors wider than a register are split; how they are passed matters to nobody, within one file.
    build.flag_if_supported("-Wno-psabi").define("BAL_KERNELS", function).file("cpp/kernels.cpp");
    for flag in flags {
        build.flag(flag);
    }
    build.compile(&format!("bal_{function}"));
}
