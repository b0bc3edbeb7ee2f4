//! Compiles the bridge to PyTorch's tensors, and finds the PyTorch of the Python that the package is built for.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

fn main() {
    println!("cargo:rerun-if-changed=cpp");
    println!("cargo:rerun-if-env-changed=PYO3_PYTHON");
    // Said by torch-sys, which found LibTorch.
    let lib = env::var("DEP_TCH_LIBTORCH_LIB").expect("torch-sys says where LibTorch is");
    let include = Path::new(&lib).parent().expect("LibTorch's lib folder has a parent").join("include");
    let mut build = cc::Build::new();
    build.cpp(true).std("c++20");
    build
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        .include(path_of("include"))
        // PyTorch's own headers are not ours to mend.
        .warnings(false)
        .file("cpp/tensors.cpp")
        .compile("bal_python_tensors");
    // It is in PyTorch's package alone, and holds what makes a Python object of a tensor.
    let torch = path_of("purelib").join("torch/lib");
    assert!(
        torch.join("libtorch_python.so").is_file(),
        "{} has no libtorch_python.so: install torch 2.13 into the Python that PYO3_PYTHON names",
        torch.display()
    );
    println!("cargo:rustc-link-search=native={}", torch.display());
    println!("cargo:rustc-link-lib=dylib=torch_python");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-rpath,$ORIGIN/../torch/lib");
}

/// A folder of the Python that the package is built for.
fn path_of(name: &str) -> PathBuf {
    let python = env::var("PYO3_PYTHON").unwrap_or_else(|_| "python3".into());
    let program = format!("import sysconfig; print(sysconfig.get_path({name:?}))");
    let output = Command::new(&python).args(["-c", &program]).output();
    let output = output.unwrap_or_else(|error| panic!("cannot run {python}: {error}"));
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}
