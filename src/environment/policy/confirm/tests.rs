//! The table of what is asked: every level and way to answer beforehand.

use snapbox::{assert_data_eq, str};

use super::super::super::config::Guards;
use super::super::super::tests::shown;
use super::super::tests::Built;
use super::*;

fn policy(level: &str) -> Policy {
    let (name, confirm) = match level {
        "never" => ("qa", Some(Confirm::Never)),
        "ask" => ("qa", None),
        "name" => ("qa", Some(Confirm::Name)),
        "protected" => ("production", None),
        other => panic!("{other}"),
    };
    Built {
        names: &[name],
        user: Guards {
            confirm,
            ..Guards::default()
        },
        ..Built::default()
    }
    .build()
}

fn brief(confirmation: Confirmation) -> &'static str {
    match confirmation {
        Confirmation::NotNeeded => "-",
        Confirmation::AskEnter => "enter",
        Confirmation::AskName => "name",
        Confirmation::Refuse(ConfirmError::NameNeeded { .. }) => "refuse: name",
        Confirmation::Refuse(ConfirmError::OtherName { .. }) => "refuse: other",
        Confirmation::Refuse(ConfirmError::Declined) => "declined",
    }
}

#[test]
fn what_is_asked_depends_on_level_terminal_and_yes() {
    // Columns: terminal, terminal with --yes, no terminal, no terminal with --yes.
    let table = [
        ("never", ["-", "-", "-", "-"]),
        ("ask", ["enter", "-", "-", "-"]),
        ("name", ["name", "name", "refuse: name", "refuse: name"]),
        (
            "protected",
            ["name", "name", "refuse: name", "refuse: name"],
        ),
    ];
    for (level, expected) in table {
        let columns = [(true, false), (true, true), (false, false), (false, true)];
        for ((is_interactive, yes), expected) in columns.into_iter().zip(expected) {
            for (confirm, expected) in [
                (None, expected),
                (Some("production"), "-"),
                (Some("prod"), "refuse: other"),
            ] {
                let confirmation = policy(level).confirmation(&Asking {
                    environment: "production",
                    is_interactive,
                    yes,
                    confirm,
                });
                assert_eq!(
                    brief(confirmation),
                    expected,
                    "{level} terminal: {is_interactive} yes: {yes} {confirm:?}"
                );
            }
        }
    }
}

#[test]
fn every_refusal_names_the_flag_that_answers() {
    let asking = Asking {
        environment: "production",
        is_interactive: false,
        yes: true,
        confirm: None,
    };
    let refused = |asking: Asking<'_>| match policy("protected").confirmation(&asking) {
        Confirmation::Refuse(error) => shown(error),
        other => panic!("{other:?}"),
    };
    assert_data_eq!(
        refused(asking),
        str![[r#"
Refused: `production` has to be confirmed by its name (the name `production`), and nobody can be asked
hint: Add --confirm=production (--yes does not replace it).
"#]]
    );
    assert_data_eq!(
        refused(Asking {
            confirm: Some("prod"),
            ..asking
        }),
        str![[r#"
Refused: --confirm=prod does not name the environment, which is `production`
hint: If that is the one: --confirm=production
"#]]
    );
    assert_data_eq!(
        shown(ConfirmError::Declined),
        str!["Refused: not confirmed"]
    );
}
