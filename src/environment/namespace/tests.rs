//! Which namespace a command means, and what it has to ask for that.

use snapbox::{assert_data_eq, str};

use super::super::tests::shown;
use super::*;

/// Asks on until the decision is made, as the caller does, and returns it with all questions.
fn decide_with(
    facts: NamespaceFacts<'_>,
    answer: impl Fn(&Question) -> Answer,
) -> (
    Result<(String, NamespaceWhy), NamespaceError>,
    Vec<Question>,
) {
    let mut answers = Vec::new();
    loop {
        let facts = NamespaceFacts {
            answers: &answers,
            ..facts
        };
        let asked = || {
            answers
                .iter()
                .map(|(question, _)| question)
                .cloned()
                .collect()
        };
        match decide(&facts) {
            Ok(Step::Use { namespace, why }) => return (Ok((namespace, why)), asked()),
            Err(error) => return (Err(error), asked()),
            Ok(Step::Ask(question)) => {
                let answer = answer(&question);
                answers.push((question, answer));
            }
        }
    }
}

/// A cluster in which some namespaces exist, hold targets of `acme/web`, or may not be read.
struct World {
    exist: &'static [&'static str],
    hold: &'static [&'static str],
    forbidden: &'static [&'static str],
}

impl World {
    fn answer(&self, question: &Question) -> Answer {
        let (namespace, said) = match question {
            Question::Exists { namespace } => (namespace, self.exist),
            Question::HoldsTargets { namespace } => (namespace, self.hold),
            Question::HoldsTargetsOf {
                namespace,
                repository,
            } => {
                assert_eq!(repository.to_ascii_lowercase(), "acme/web");
                (namespace, self.hold)
            }
        };
        let is = |list: &[&str]| list.contains(&namespace.as_str());
        match (is(self.forbidden), is(said)) {
            (true, _) => Answer::Forbidden,
            (false, true) => Answer::Yes,
            (false, false) => Answer::No,
        }
    }
}

#[test]
fn the_namespace_is_found_in_the_order_of_the_rules() {
    let nothing = NamespaceFacts::default();
    let all = NamespaceFacts {
        flag: Some("flag"),
        configured: Some("configured"),
        context: Some("team"),
        repository: Some("acme/web"),
        answers: &[],
    };
    let checkout = NamespaceFacts {
        flag: None,
        configured: None,
        ..all
    };
    let without_context = NamespaceFacts {
        context: None,
        ..checkout
    };
    let empty = World {
        exist: &[],
        hold: &[],
        forbidden: &[],
    };
    let both = World {
        exist: &["web", "team"],
        hold: &["team", "default"],
        ..empty
    };
    let web = World {
        exist: &["web"],
        hold: &["default"],
        ..empty
    };
    let default = World {
        hold: &["default"],
        ..empty
    };
    use NamespaceWhy as Why;
    let cases = [
        ("the flag", all, &empty, "flag", Why::Flag, 0),
        (
            "the configuration",
            NamespaceFacts { flag: None, ..all },
            &empty,
            "configured",
            Why::Config,
            0,
        ),
        (
            "the context's, which holds targets",
            checkout,
            &both,
            "team",
            Why::ContextWithTargets,
            1,
        ),
        (
            "the repository's, since the context's holds none",
            checkout,
            &web,
            "web",
            Why::Repository,
            2,
        ),
        (
            "default, since there is none of the repository",
            checkout,
            &default,
            "default",
            Why::Default,
            3,
        ),
        (
            "the repository's without a context's",
            without_context,
            &web,
            "web",
            Why::Repository,
            1,
        ),
        (
            "a repository in capitals",
            NamespaceFacts {
                repository: Some("Acme/Web"),
                ..without_context
            },
            &web,
            "web",
            Why::Repository,
            1,
        ),
        (
            "a repository that cannot be a namespace",
            NamespaceFacts {
                repository: Some("acme/my_web"),
                ..without_context
            },
            &default,
            "default",
            Why::Default,
            1,
        ),
        (
            "the context's, unasked, outside of a checkout",
            NamespaceFacts {
                context: Some("team"),
                ..nothing
            },
            &empty,
            "team",
            Why::Context,
            0,
        ),
        (
            "default outside of a checkout",
            nothing,
            &default,
            "default",
            Why::Default,
            1,
        ),
        (
            "the repository's, known by its targets where Namespaces may not be read",
            without_context,
            &World {
                exist: &[],
                hold: &["web"],
                forbidden: &[],
            },
            "web",
            Why::Repository,
            2,
        ),
    ];
    for (case, facts, world, expected, why, requests) in cases {
        let forbids_reading = case.contains("may not be read");
        let (decision, asked) = decide_with(facts, |question| match question {
            Question::Exists { .. } if forbids_reading => Answer::Forbidden,
            other => world.answer(other),
        });
        assert_eq!(decision, Ok((expected.to_owned(), why)), "{case}");
        assert_eq!(asked.len(), requests, "{case}: {asked:?}");
        let foreseen = questions(&facts);
        let unforeseen = asked.iter().filter(|question| !foreseen.contains(question));
        assert_eq!(unforeseen.count(), usize::from(forbids_reading), "{case}");
    }
}

#[test]
fn what_was_looked_at_is_told_when_nothing_is_found() {
    let facts = NamespaceFacts {
        context: Some("team"),
        repository: Some("acme/web"),
        ..NamespaceFacts::default()
    };
    let empty = World {
        exist: &[],
        hold: &[],
        forbidden: &[],
    };
    let (decision, _) = decide_with(facts, |question| empty.answer(question));
    assert_data_eq!(
        shown(decision.unwrap_err()),
        str![[r#"
NotFound: no namespace could be found: `team` holds no target of this repository, `web` does not exist, `default` holds no annotated Deployment
hint: Name it with --namespace, or as `namespace:` of the environment in your configuration.
"#]]
    );
    let closed = World {
        forbidden: &["team", "web"],
        ..empty
    };
    let (decision, _) = decide_with(facts, |question| closed.answer(question));
    assert_data_eq!(
        shown(decision.unwrap_err()),
        str![[r#"
Denied: no namespace could be found: `team` may not be looked into, `web` may not be looked into, `default` holds no annotated Deployment
hint: Name it with --namespace, or as `namespace:` of the environment in your configuration.
"#]]
    );
    let (decision, _) = decide_with(NamespaceFacts::default(), |_| Answer::No);
    assert_data_eq!(
        shown(decision.unwrap_err()),
        str![[r#"
NotFound: no namespace could be found: `default` holds no annotated Deployment
hint: Name it with --namespace, or as `namespace:` of the environment in your configuration.
"#]]
    );
}

#[test]
fn a_name_that_cannot_be_a_namespace_is_refused_before_anything_is_asked() {
    let long = "a".repeat(64);
    for text in ["", "Web", "a_b", "-a", "a-", "a/../b", "a.b", &long] {
        let facts = NamespaceFacts {
            flag: Some(text),
            ..NamespaceFacts::default()
        };
        assert!(decide(&facts).is_err(), "{text}");
    }
    let facts = NamespaceFacts {
        flag: Some("kube system"),
        ..NamespaceFacts::default()
    };
    assert_data_eq!(
        shown(decide(&facts).unwrap_err()),
        str![[r#"
Usage: `kube system` (from --namespace) is no namespace
hint: A namespace's name has lower-case letters, digits, and dashes.
"#]]
    );
}
