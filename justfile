# Short names for `cargo xtask`; nothing lives here alone.

_default:
    @just --list

# Build what is out of date and serve it on http://127.0.0.1:5000
serve *arguments:
    cargo xtask serve {{ arguments }}

# Run all tests, or one part: `just test --only rust`
test *arguments:
    cargo xtask test {{ arguments }}

# Measure Runmark and its peers: `just bench --only log-metric`
bench *arguments:
    cargo xtask bench {{ arguments }}

# Try inputs that nobody would think of: `just fuzz --seconds 600 doors`
fuzz *arguments:
    cargo xtask fuzz {{ arguments }}

# Build the browser part and the server
build:
    cargo xtask build

# Install what building and testing need
setup:
    cargo xtask setup

# Format everything
format:
    cargo fmt --all
