#!/usr/bin/env bash
# Checks and times the GPU path on a machine with a CUDA device and PyTorch, in less than 8 minutes. Writes one JSON file.
#
#   gpu/check.sh            on cuda:0
#   gpu/check.sh --cpu      the same on the processor, so that the script itself is known to work
#   gpu/check.sh --quick    sizes that only show that it works
#   gpu/check.sh --out FILE where to write [default: .gpu/check.json]
#
# `bal` is .gpu/bal, which gpu/pack.sh builds for a machine without Rust, else target/release/bal.
# PYTHON: the Python that has PyTorch [default: python3]. Without PyTorch nothing is compared with it, and the file says so.
set -euo pipefail
cd "$(dirname "$0")/.."
exec "${PYTHON:-python3}" gpu/check.py "$@"
