# What one can run. `.ci/run` is all of CI, and runs these same commands.

# Formatting, lints, tests, and documentation: green here means green in CI, but for the
# dependencies and the control plane.
check: fmt clippy test doc

fmt:
    cargo fmt --all --check

clippy:
    cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

test:
    cargo test --locked

doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked

# Bans, licences, and sources of all dependencies (needs cargo-deny).
deny:
    cargo deny --locked check bans licenses sources

# The scenarios on etcd, API server, and controller manager, which are built first (needs Go).
control-plane:
    tests/control_plane/build
    cargo test --locked --all-features --test control_plane

# kubectl against the sandbox, with the kubectl that the control plane is built with.
kubectl:
    KUBECTL="$(tests/control_plane/build)/kubectl" cargo test --locked --all-features --test kubectl

# Rewrites the inline snapshots with what the tests saw.
snap:
    SNAPSHOTS=overwrite cargo test

# Start-up and dry run beside kubectl; prints figures, decides nothing.
bench:
    benches/compare

# The whole of CI.
ci:
    .ci/run
