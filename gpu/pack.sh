#!/usr/bin/env bash
# Builds what a machine without Rust needs for gpu/check.sh, into .gpu/: `bal` and two programs of tests, against the LibTorch of
# the PyTorch that the machine has.
#
#   gpu/pack.sh TORCH     TORCH: the folder of that PyTorch, .../site-packages/torch, with its include/ and lib/
#
# Takes some ten minutes, once. The folder is ignored by git: carry it beside the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
torch=${1:?usage: gpu/pack.sh TORCH, the folder of the machine\'s PyTorch}
[ -f "$torch/include/torch/csrc/api/include/torch/version.h" ] || { echo "pack.sh: $torch has no include/torch/csrc/api/include/torch/version.h" >&2; exit 2; }
torch=$(cd "$torch" && pwd)

export LIBTORCH=$torch LIBTORCH_BYPASS_VERSION_CHECK=1 CARGO_TARGET_DIR=$PWD/.gpu/target
export CXXFLAGS="-include $PWD/gpu/compat.h"
# The libraries that PyTorch's own need are where PyTorch is, perhaps not here.
export RUSTFLAGS="-C link-arg=-Wl,--allow-shlib-undefined"
packages=(-p bal-cli -p bal-core -p bal-models)
cargo build --release "${packages[@]}"
cargo test --release --no-run "${packages[@]}" --lib --test it --message-format json > .gpu/built.json

mkdir -p .gpu/tests
cp .gpu/target/release/bal .gpu/bal
python3 - <<'PYTHON'
import json, pathlib, shutil
wanted = {("bal_core", "lib"): "bal-core", ("it", "test"): "bal-models"}
for line in pathlib.Path(".gpu/built.json").read_text().splitlines():
    message = json.loads(line)
    if message.get("reason") != "compiler-artifact" or not message.get("executable"):
        continue
    target = message["target"]
    name = wanted.get((target["name"], target["kind"][0]))
    if name and f"/{name}" in message["manifest_path"]:
        shutil.copy(message["executable"], f".gpu/tests/{name}")
PYTHON
strip .gpu/bal .gpu/tests/*
ls -l .gpu/bal .gpu/tests
