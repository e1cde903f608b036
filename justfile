# What one can run. CI runs `.ci/run`, which calls the same commands.

# Formatting, lints, tests, and documentation: green here means green in CI,
# but for the real control plane.
check: fmt clippy test doc

fmt:
    cargo fmt --all --check

clippy:
    cargo clippy --workspace --all-targets --all-features -- -D warnings

test:
    cargo test

doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# Rewrites the inline snapshots with what the tests saw.
snap:
    SNAPSHOTS=overwrite cargo test

# Bans, licences, and sources of all dependencies.
deny:
    cargo deny check bans licenses sources

# Builds etcd, the API server, the controller manager, and kubectl; then the scenarios on them.
control-plane:
    tests/control_plane/build
    cargo test --features control-plane --test control_plane

# The whole of CI.
ci:
    .ci/run
