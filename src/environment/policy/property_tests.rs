//! No local file makes a policy looser than the Namespace and the name make it.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::{Just, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;
use proptest::strategy::Strategy as Generates;

use super::gates::RefFacts;
use super::tests::Built;
use super::*;

const BRANCHES: [&str; 4] = ["main", "release/1", "release/2", "feature/x"];
const PATTERNS: [&str; 4] = ["main", "release/*", "*", "release/1"];
const REPOSITORIES: [&str; 2] = ["acme/web", "acme/go"];

fn guards() -> impl Generates<Value = Guards> {
    (
        of(any::<bool>()),
        of(select(&[Confirm::Never, Confirm::Ask, Confirm::Name][..])),
        of(vec(select(&PATTERNS[..]), 0..3)),
        of(vec(select(&REPOSITORIES[..]), 0..2)),
        of(select(&[Busy::Supersede, Busy::Wait, Busy::Refuse][..])),
        of(select(
            &[OnFailure::Keep, OnFailure::Rollback, OnFailure::Ask][..],
        )),
        of(select(
            &[Strategy::Keep, Strategy::Warn, Strategy::ZeroDowntime][..],
        )),
    )
        .prop_map(
            |(protected, confirm, branches, repositories, busy, on_failure, strategy)| Guards {
                protected,
                confirm,
                branches: branches
                    .map(|list| list.iter().map(|text| text.parse().unwrap()).collect()),
                allowed_repositories: repositories
                    .map(|list| list.iter().map(|text| text.parse().unwrap()).collect()),
                busy,
                on_failure,
                strategy,
            },
        )
}

fn annotations() -> impl Generates<Value = Vec<(&'static str, &'static str)>> {
    (
        of(select(&["true", "false", "1", "0"][..])),
        of(select(&["main", "main, release/*", "*"][..])),
        of(select(&["supersede", "wait", "refuse"][..])),
        of(select(&["keep", "rollback", "ask"][..])),
        of(select(&["keep", "warn", "zero-downtime"][..])),
        of(Just("2026-12-27T08:00:00Z")),
        of(Just("1.2.3")),
    )
        .prop_map(
            |(protected, branches, busy, on_failure, strategy, frozen, version)| {
                [
                    ("example.com/deploy-protected", protected),
                    ("example.com/deploy-branches", branches),
                    ("example.com/deploy-busy", busy),
                    ("example.com/deploy-on-failure", on_failure),
                    ("example.com/deploy-strategy", strategy),
                    ("example.com/deploy-frozen-until", frozen),
                    ("example.com/deploy-minimum-version", version),
                ]
                .into_iter()
                .filter_map(|(key, value)| value.map(|value| (key, value)))
                .collect()
            },
        )
}

/// To ask or wait (`None`) is stricter than to supersede.
fn strictness(busy: Option<Busy>) -> u8 {
    match busy {
        Some(Busy::Supersede) => 0,
        None => 1,
        Some(Busy::Wait) => 2,
        Some(Busy::Refuse) => 3,
    }
}

/// Says in which point `policy` allows what `held` does not.
fn loosened(held: &Policy, policy: &Policy) -> Option<&'static str> {
    let reference = |branch: &'static str| RefFacts {
        given: branch,
        branch: Some(branch),
        contained_in: None,
    };
    let checks = [
        ("protected", policy.protected.value >= held.protected.value),
        ("strategy", policy.strategy.value >= held.strategy.value),
        (
            "busy",
            strictness(policy.busy.value) >= strictness(held.busy.value),
        ),
        (
            "on-failure",
            held.on_failure.value.is_none() || policy.on_failure.value == held.on_failure.value,
        ),
        ("frozen", policy.frozen_until == held.frozen_until),
        ("version", policy.minimum_version == held.minimum_version),
        (
            "branches",
            BRANCHES.into_iter().all(|branch| {
                held.check_branch(&reference(branch)).is_ok()
                    || policy.check_branch(&reference(branch)).is_err()
            }),
        ),
        (
            "repositories",
            REPOSITORIES.into_iter().all(|name| {
                held.check_repository(name).is_ok() || policy.check_repository(name).is_err()
            }),
        ),
        (
            "confirm",
            !policy.protected.value || policy.confirm.value == Confirm::Name,
        ),
    ];
    checks
        .into_iter()
        .find(|(_, is_kept)| !is_kept)
        .map(|(name, _)| name)
}

proptest! {
    /// Whatever the Namespace states, and what the name alone says, holds against both files.
    #[test]
    fn local_files_never_loosen_what_the_namespace_says(
        annotations in annotations(),
        name in select(&["qa", "production"][..]),
        user in guards(),
        checkout in guards(),
    ) {
        let names = [name];
        let held = Built { annotations: &annotations, names: &names, ..Built::default() }.build();
        let policy =
            Built { annotations: &annotations, names: &names, user, checkout }.build();
        let is_stated = |name: &str| annotations.iter().any(|(key, _)| key.ends_with(name));
        // What nobody states is a default, and the user's own file may change that.
        let held = Policy {
            busy: match is_stated("busy") {
                true => held.busy.clone(),
                false => Setting { value: Some(Busy::Supersede), origin: Origin::Default },
            },
            strategy: match is_stated("strategy") {
                true => held.strategy.clone(),
                false => Setting { value: Strategy::Keep, origin: Origin::Default },
            },
            ..held
        };
        prop_assert_eq!(loosened(&held, &policy), None);
    }

    /// The checkout's file loosens nothing at all, not even a default or the user's own wish.
    #[test]
    fn the_checkout_never_loosens_anything(
        annotations in annotations(),
        name in select(&["qa", "production"][..]),
        user in guards(),
        checkout in guards(),
    ) {
        let names = [name];
        let held = Built {
            annotations: &annotations,
            names: &names,
            user: user.clone(),
            ..Built::default()
        }
        .build();
        let policy =
            Built { annotations: &annotations, names: &names, user, checkout }.build();
        prop_assert_eq!(loosened(&held, &policy), None);
        prop_assert!(policy.confirm.value >= held.confirm.value);
    }
}
