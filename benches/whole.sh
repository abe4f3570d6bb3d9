#!/usr/bin/env bash
# Measures the whole program: benches/whole.sh [W1 W2a W2b W3 …] [--input FILE] [--size 1GB] [--runs 3]
#
# Builds what it needs, makes its data where missing, checks what each run says against the truth first, and prints a line
# a work: MB per CPU-second (user and system of the whole process), MB per second of wall time, peak memory. The
# first line is the yardstick: one thread that parses every line with serde_json into a struct, measured in the same run.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --release --locked --bin mcpp
cargo build --quiet --release --locked --manifest-path benches/limits/Cargo.toml --target-dir target/limits
exec python3 benches/whole.py "$@"
