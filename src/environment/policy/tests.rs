//! What a policy is made of, and who says it.

use snapbox::{assert_data_eq, str};

use super::*;

/// Builds policies in the tests beside this one.
pub(super) struct Built<'a> {
    pub(super) annotations: &'a [(&'a str, &'a str)],
    pub(super) names: &'a [&'a str],
    pub(super) user: Guards,
    pub(super) checkout: Guards,
}

impl Default for Built<'_> {
    fn default() -> Self {
        Self {
            annotations: &[],
            names: &["qa"],
            user: Guards::default(),
            checkout: Guards::default(),
        }
    }
}

impl Built<'_> {
    pub(super) fn try_build(&self) -> Result<Policy, PolicyError> {
        let annotations = self
            .annotations
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        Policy::build(&Sources {
            namespace: "web",
            annotations: Some(&annotations),
            prefix: &"example.com".parse().unwrap(),
            names: self.names,
            user: Some(&self.user),
            checkout: Some(&self.checkout),
        })
    }

    pub(super) fn build(&self) -> Policy {
        self.try_build().unwrap()
    }
}

fn notes(policy: &Policy) -> String {
    let notes: Vec<String> = policy.notes.iter().map(ToString::to_string).collect();
    notes.join("\n")
}

#[test]
fn without_a_word_anything_goes_and_zero_downtime_is_wanted() {
    let policy = Built::default().build();
    assert!(!policy.protected.value);
    assert_eq!(policy.confirm.value, Confirm::Ask);
    assert_eq!(policy.strategy.value, Strategy::ZeroDowntime);
    assert_eq!((policy.busy.value, policy.on_failure.value), (None, None));
    assert!(policy.branches.is_empty() && policy.repositories.is_empty());
    assert_eq!(
        (&policy.frozen_until, &policy.minimum_version),
        (&None, &None)
    );
    assert!(policy.notes.is_empty());
}

#[test]
fn names_that_mean_production_are_protected() {
    let cases: &[(&[&str], Option<&str>)] = &[
        (&["production"], Some("production")),
        (&["eu-prod"], Some("prod")),
        (&["Acme.PRD"], Some("prd")),
        (&["arn:aws:eks:eu-1:12:cluster/live"], Some("live")),
        (&["qa", "acme_live_eu"], Some("live")),
        (&["prod-like"], Some("prod")),
        (&["preproduction"], None),
        (&["product", "delivery", "liver", "prodx"], None),
        (&["qa"], None),
    ];
    for (names, expected) in cases {
        let policy = Built {
            names,
            ..Built::default()
        }
        .build();
        let segment = match &policy.protected.origin {
            Origin::Name { segment, .. } => Some(segment.as_str()),
            _ => None,
        };
        assert_eq!(segment, *expected, "{names:?}");
        assert_eq!(policy.protected.value, expected.is_some(), "{names:?}");
        let confirm = match expected {
            Some(_) => Confirm::Name,
            None => Confirm::Ask,
        };
        assert_eq!(policy.confirm.value, confirm, "{names:?}");
    }
}

#[test]
fn the_namespace_says_whether_it_is_protected_and_files_can_only_add() {
    let said = |value: Option<bool>| Guards {
        protected: value,
        ..Guards::default()
    };
    let (t, f) = (
        &[("example.com/deploy-protected", "true")][..],
        &[("example.com/deploy-protected", "0")][..],
    );
    let cases = [
        ("the Namespace protects", t, "qa", None, None, true, 0),
        (
            "the Namespace lifts what the name says",
            f,
            "production",
            None,
            None,
            false,
            0,
        ),
        ("the user adds", f, "production", Some(true), None, true, 0),
        ("the checkout adds", f, "qa", None, Some(true), true, 0),
        (
            "the user cannot lift the Namespace's",
            t,
            "qa",
            Some(false),
            None,
            true,
            1,
        ),
        (
            "the user cannot lift the name's",
            &[][..],
            "production",
            Some(false),
            None,
            true,
            1,
        ),
        (
            "the checkout cannot lift the user's",
            &[][..],
            "qa",
            Some(true),
            Some(false),
            true,
            1,
        ),
        (
            "to repeat it is no fault",
            t,
            "production",
            Some(true),
            Some(true),
            true,
            0,
        ),
    ];
    for (case, annotations, name, user, checkout, expected, note_count) in cases {
        let policy = Built {
            annotations,
            names: &[name],
            user: said(user),
            checkout: said(checkout),
        }
        .build();
        assert_eq!(policy.protected.value, expected, "{case}");
        assert_eq!(policy.notes.len(), note_count, "{case}");
    }
}

#[test]
fn protection_under_another_prefix_counts_and_other_annotations_are_noted() {
    let policy = Built {
        annotations: &[
            ("other.com/deploy-protected", "true"),
            ("example.com/deploy-protected", "false"),
            ("other.com/deploy-busy", "refuse"),
            ("example.com/deploy-slack-channel", "#web"),
            ("example.com/deploy-target", "true"),
            ("example.com/github", "x"),
            ("kubernetes.io/metadata.name", "web"),
            ("deploy-protected", "true"),
        ],
        ..Built::default()
    }
    .build();
    assert!(policy.protected.value);
    assert_eq!(policy.busy.value, None);
    assert_data_eq!(
        notes(&policy),
        str![[r#"
annotation `example.com/deploy-slack-channel` of the Namespace is not known
annotation `example.com/deploy-target` of the Namespace is not known
annotation `other.com/deploy-busy` of the Namespace stands under another prefix and does not count
"#]]
    );
}

#[test]
fn the_stricter_one_counts_and_the_looser_one_is_told() {
    let user = Guards {
        confirm: Some(Confirm::Never),
        busy: Some(Busy::Supersede),
        on_failure: Some(OnFailure::Keep),
        strategy: Some(Strategy::Keep),
        ..Guards::default()
    };
    let annotations = [
        ("example.com/deploy-busy", "wait"),
        ("example.com/deploy-on-failure", "rollback"),
        ("example.com/deploy-strategy", "warn"),
    ];
    let held = Built {
        annotations: &annotations,
        names: &["production"],
        user: user.clone(),
        ..Built::default()
    }
    .build();
    assert_eq!(held.confirm.value, Confirm::Name);
    assert_eq!(held.busy.value, Some(Busy::Wait));
    assert_eq!(held.on_failure.value, Some(OnFailure::Rollback));
    assert_eq!(held.strategy.value, Strategy::Warn);
    assert_data_eq!(
        notes(&held),
        str![[r#"
`confirm` of your configuration has no effect: local files only tighten what the name `production` says
`busy` of your configuration has no effect: local files only tighten what annotation `example.com/deploy-busy` of namespace `web` says
`on-failure` of your configuration has no effect: local files only tighten what annotation `example.com/deploy-on-failure` of namespace `web` says
`strategy` of your configuration has no effect: local files only tighten what annotation `example.com/deploy-strategy` of namespace `web` says
"#]]
    );
    let open = Built {
        user,
        ..Built::default()
    }
    .build();
    assert_eq!(open.confirm.value, Confirm::Never);
    assert_eq!(open.busy.value, Some(Busy::Supersede));
    assert_eq!(open.on_failure.value, Some(OnFailure::Keep));
    assert_eq!(open.strategy.value, Strategy::Keep);
    assert_eq!(open.strategy.origin, Origin::UserConfig);
    assert!(open.notes.is_empty());
}

#[test]
fn the_checkout_fills_in_and_tightens() {
    let checkout = Guards {
        confirm: Some(Confirm::Name),
        busy: Some(Busy::Refuse),
        on_failure: Some(OnFailure::Rollback),
        strategy: Some(Strategy::ZeroDowntime),
        ..Guards::default()
    };
    let policy = Built {
        user: Guards {
            strategy: Some(Strategy::Warn),
            ..Guards::default()
        },
        checkout,
        ..Built::default()
    }
    .build();
    let origins = [
        (
            policy.confirm.value == Confirm::Name,
            &policy.confirm.origin,
        ),
        (policy.busy.value == Some(Busy::Refuse), &policy.busy.origin),
        (
            policy.on_failure.value == Some(OnFailure::Rollback),
            &policy.on_failure.origin,
        ),
        (
            policy.strategy.value == Strategy::ZeroDowntime,
            &policy.strategy.origin,
        ),
    ];
    for (is_taken, origin) in origins {
        assert!(is_taken);
        assert_eq!(*origin, Origin::CheckoutConfig);
    }
    let weaker = Built {
        checkout: Guards {
            strategy: Some(Strategy::Warn),
            ..Guards::default()
        },
        ..Built::default()
    }
    .build();
    assert_eq!(weaker.strategy.value, Strategy::ZeroDowntime);
    assert_data_eq!(
        notes(&weaker),
        str![
            "`strategy` of the checkout's configuration has no effect: local files only tighten what the default says"
        ]
    );
}

#[test]
fn a_namespace_that_may_not_be_read_is_told() {
    let policy = Policy::build(&Sources {
        namespace: "web",
        annotations: None,
        prefix: &"example.com".parse().unwrap(),
        names: &["production"],
        user: None,
        checkout: None,
    })
    .unwrap();
    assert!(policy.protected.value);
    assert_data_eq!(
        notes(&policy),
        str!["namespace `web` may not be read, so its policy is not known"]
    );
}

#[test]
fn what_may_be_protected_is_known_before_the_prefix() {
    let annotations = BTreeMap::from([("x.com/deploy-protected".to_owned(), "true".to_owned())]);
    let user = Guards {
        protected: Some(true),
        ..Guards::default()
    };
    assert!(!may_be_protected(&["qa"], Some(&BTreeMap::new()), None));
    assert!(may_be_protected(&["prod"], None, None));
    assert!(may_be_protected(&["qa"], Some(&annotations), None));
    assert!(may_be_protected(&["qa"], None, Some(&user)));
}
