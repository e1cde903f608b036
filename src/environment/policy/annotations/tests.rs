//! What the annotations of a Namespace say, and what is said about wrong ones.

use snapbox::{assert_data_eq, str};

use super::super::super::tests::shown;
use super::super::tests::Built;
use super::*;

fn faults(annotations: &[(&str, &str)]) -> String {
    let built = Built {
        annotations,
        ..Built::default()
    };
    shown(built.try_build().unwrap_err())
}

#[test]
fn every_annotation_is_read() {
    let policy = Built {
        annotations: &[
            ("example.com/deploy-protected", "true"),
            ("example.com/deploy-branches", "main, release/*"),
            ("example.com/deploy-on-failure", "rollback"),
            ("example.com/deploy-busy", "refuse"),
            ("example.com/deploy-strategy", "keep"),
            (
                "example.com/deploy-frozen-until",
                "2026-12-27T09:00:00+01:00 the holidays",
            ),
            ("example.com/deploy-minimum-version", "v1.2"),
        ],
        ..Built::default()
    }
    .build();
    let said_by = |key: &str| Origin::Namespace {
        namespace: "web".to_owned(),
        key: format!("example.com/{key}"),
    };
    assert!(policy.protected.value);
    assert_eq!(policy.protected.origin, said_by("deploy-protected"));
    assert_eq!(policy.branches.len(), 1);
    assert_eq!(policy.on_failure.value, Some(OnFailure::Rollback));
    assert_eq!(policy.busy.value, Some(Busy::Refuse));
    assert_eq!(policy.strategy.value, Strategy::Keep);
    let frozen = policy.frozen_until.unwrap();
    assert_eq!(frozen.value.until.to_string(), "2026-12-27T08:00:00Z");
    assert_eq!(frozen.value.reason.as_deref(), Some("the holidays"));
    let version = policy.minimum_version.unwrap();
    assert_eq!(version.value.to_string(), "1.2.0");
    assert_eq!(version.origin, said_by("deploy-minimum-version"));
    assert!(policy.notes.is_empty());
}

#[test]
fn all_faults_are_reported_together_with_the_nearest_right_spelling() {
    assert_data_eq!(
        faults(&[
            ("example.com/deploy-protected", "yes"),
            ("example.com/deploy-branches", "main,,x"),
            ("example.com/deploy-on-failure", "rolback"),
            ("example.com/deploy-busy", ""),
            ("example.com/deploy-strategy", "zerodowntime"),
            ("example.com/deploy-frozen-until", "tomorrow"),
            ("example.com/deploy-minimum-version", "latest"),
            ("example.com/deploy-protectd", "true"),
            ("example.com/deploy-frozen-untill", "x"),
        ]),
        str![[r#"
Refused: the policy of namespace `web` makes no sense:
  example.com/deploy-protected: `yes` is neither true nor false
  example.com/deploy-branches: an empty text is no branch such as main or release/*
  example.com/deploy-on-failure: `rolback` is none of keep, rollback, ask
  example.com/deploy-busy: an empty text is none of supersede, wait, refuse
  example.com/deploy-strategy: `zerodowntime` is none of keep, warn, zero-downtime
  example.com/deploy-frozen-until: `tomorrow` is no time with its zone, such as 2026-12-27T08:00:00Z
  example.com/deploy-minimum-version: `latest` is no version such as 1.2.3
  example.com/deploy-frozen-untill: not known, nearest is example.com/deploy-frozen-until
  example.com/deploy-protectd: not known, nearest is example.com/deploy-protected
hint: Did you mean `example.com/deploy-frozen-until` instead of `example.com/deploy-frozen-untill`?
hint: Did you mean `example.com/deploy-protected` instead of `example.com/deploy-protectd`?
hint: Correct the annotations: kubectl edit namespace web
"#]]
    );
}

#[test]
fn a_crafted_value_is_cut_and_escaped() {
    let long = "x".repeat(5000) + "\u{1b}]0;owned\u{7}";
    let shown = faults(&[
        ("example.com/deploy-protected", &long),
        ("example.com/deploy-busy", "\u{1b}[2Jwait"),
    ]);
    assert!(shown.len() < 600, "{}", shown.len());
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

#[test]
fn a_freeze_needs_a_time_with_its_zone() {
    let cases = [
        ("2026-12-27T08:00:00Z", true),
        ("2026-12-27T08:00:00+09:00", true),
        (" 2026-12-27T08:00:00Z  why not ", true),
        ("2026-12-27 08:00:00Z", false),
        ("2026-12-27T08:00:00", false),
        ("2026-12-27", false),
        ("", false),
    ];
    for (text, is_good) in cases {
        assert_eq!(text.parse::<Freeze>().is_ok(), is_good, "{text}");
    }
    let freeze: Freeze = " 2026-12-27T08:00:00Z  why not ".parse().unwrap();
    assert_eq!(freeze.reason.as_deref(), Some("why not"));
}

#[test]
fn versions_are_compared_as_numbers() {
    let version = |text: &str| text.parse::<Version>().unwrap();
    let ordered = ["0.9.0", "0.10.0", "v1", "1.0.1-rc.1", "1.2", "1.10+build"];
    for (index, older) in ordered.iter().enumerate() {
        for newer in ordered.iter().skip(index + 1) {
            assert!(version(older) < version(newer), "{older} {newer}");
        }
    }
    for text in ["", "v", "1.", "1.2.3.4", "a", "-1", "1 2", "1..2"] {
        assert!(text.parse::<Version>().is_err(), "{text}");
    }
}

#[test]
fn protection_is_seen_before_the_prefix_is_known() {
    let annotations = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    let cases = [
        ("a.com/deploy-protected", "true", true),
        ("a.com/deploy-protected", "1", true),
        ("a.com/deploy-protected", "false", false),
        ("a.com/deploy-busy", "true", false),
        ("deploy-protected", "true", false),
    ];
    for (key, value, expected) in cases {
        let is_protected = is_protected_under_any_prefix(&annotations(key, value));
        assert_eq!(is_protected, expected, "{key}: {value}");
    }
}
