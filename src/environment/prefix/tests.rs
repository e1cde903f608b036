//! Which prefix annotations have.

use snapbox::{assert_data_eq, str};

use super::super::tests::shown;
use super::*;

fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

#[test]
fn a_prefix_is_a_domain_with_or_without_its_slash() {
    for text in ["example.com", "example.com/", "kube-deploy", "a.b-c.d1"] {
        assert_eq!(
            prefix(text).key("deploy-target"),
            format!("{}/deploy-target", text.trim_end_matches('/'))
        );
    }
    let long = format!("{}.com", "a".repeat(250));
    for text in [
        "",
        "/",
        "example.com//",
        "Example.com",
        "a b",
        "-a",
        "a-",
        "a..b",
        ".a",
        "a_b",
        "kubernetes.io",
        "deployment.kubernetes.io",
        "k8s.io/",
        &long,
    ] {
        assert!(text.parse::<Prefix>().is_err(), "{text}");
    }
    assert!("notkubernetes.io".parse::<Prefix>().is_ok());
}

type Annotations<'a> = &'a [&'a [(&'a str, &'a str)]];

fn usage(deployments: Annotations<'_>) -> Usage {
    let deployments: Vec<BTreeMap<String, String>> = deployments
        .iter()
        .map(|pairs| {
            let pairs = pairs.iter();
            pairs
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        })
        .collect();
    Usage::of(&deployments)
}

#[test]
fn usage_is_read_from_the_deployments_themselves() {
    let usage = usage(&[
        &[
            ("a.com/deploy-target", "true"),
            ("a.com/github", "rails=acme/rails, nginx = acme/proxy"),
            ("b.com/github", "x=acme/other"),
        ],
        &[("a.com/deploy-target", "yes"), ("a.com/github", "acme/go")],
        &[
            ("c.com/deploy-target", "false"),
            ("d.com/deploy-target", "0"),
        ],
        &[("deploy-target", "true"), ("k8s.io/deploy-target", "true")],
        &[],
    ]);
    let prefixes: Vec<&str> = usage.0.keys().map(Prefix::as_str).collect();
    assert_eq!(prefixes, ["a.com"]);
    for repository in ["acme/rails", "acme/proxy", "acme/go", "Acme/Rails"] {
        assert!(usage.holds(repository), "{repository}");
    }
    for repository in ["acme/other", "rails", ""] {
        assert!(!usage.holds(repository), "{repository}");
    }
    assert!(Usage::default().is_empty() && !usage.is_empty());
}

#[test]
fn the_prefix_is_found_in_the_order_of_the_rules() {
    let (user, checkout) = (prefix("user.com"), prefix("checkout.com"));
    let a = ("a.com/deploy-target", "true");
    let b = ("b.com/deploy-target", "true");
    let none = usage(&[]);
    let one = usage(&[&[a], &[a]]);
    let two = usage(&[
        &[a, ("a.com/github", "x=acme/a")],
        &[b, ("b.com/github", "x=acme/b")],
        &[
            ("c.com/deploy-target", "true"),
            ("c.com/github", "x=acme/b"),
        ],
    ]);
    let nothing = PrefixFacts::default();
    let all = PrefixFacts {
        flag: Some("flag.com/"),
        variable: Some("variable.com"),
        k8ship_variable: Some("k8ship.com/"),
        user: Some(&user),
        checkout: Some(&checkout),
        usage: Some(&one),
        ..nothing
    };
    let cases = [
        ("the flag", all, "flag.com Flag"),
        (
            "our variable",
            PrefixFacts { flag: None, ..all },
            "variable.com Variable",
        ),
        (
            "k8ship's variable; an empty one says nothing",
            PrefixFacts {
                flag: None,
                variable: Some(""),
                ..all
            },
            "k8ship.com K8shipVariable",
        ),
        (
            "the user's configuration",
            PrefixFacts {
                flag: None,
                variable: None,
                k8ship_variable: None,
                ..all
            },
            "user.com UserConfig",
        ),
        (
            "the checkout's",
            PrefixFacts {
                checkout: Some(&checkout),
                usage: Some(&one),
                ..nothing
            },
            "checkout.com CheckoutConfig",
        ),
        (
            "not the checkout's where protected",
            PrefixFacts {
                checkout: Some(&checkout),
                usage: Some(&one),
                is_protected: true,
                ..nothing
            },
            "a.com InUse",
        ),
        (
            "the one in use",
            PrefixFacts {
                usage: Some(&one),
                ..nothing
            },
            "a.com InUse",
        ),
        (
            "the one in use, whatever the repository",
            PrefixFacts {
                usage: Some(&one),
                repository: Some("acme/x"),
                ..nothing
            },
            "a.com InUse",
        ),
        (
            "of several the repository's",
            PrefixFacts {
                usage: Some(&two),
                repository: Some("acme/a"),
                ..nothing
            },
            "a.com Repository",
        ),
        (
            "our own where nothing need be annotated",
            PrefixFacts {
                usage: Some(&none),
                has_named_targets: true,
                ..nothing
            },
            "kube-deploy OurOwn",
        ),
    ];
    for (case, facts, expected) in cases {
        let step = match decide(&facts) {
            Ok(PrefixStep::Use(prefix, source)) => format!("{prefix} {source:?}"),
            other => format!("{other:?}"),
        };
        assert_eq!(step, expected, "{case}");
    }
    assert_eq!(decide(&nothing), Ok(PrefixStep::ListDeployments));
    let several = |repository| {
        decide(&PrefixFacts {
            usage: Some(&two),
            repository,
            ..nothing
        })
        .unwrap_err()
    };
    assert_data_eq!(
        shown(several(None)),
        str![[r#"
NotFound: Deployments are annotated under several prefixes: a.com, b.com, c.com
hint: Say which: --annotation-prefix=a.com or --annotation-prefix=b.com or --annotation-prefix=c.com
"#]]
    );
    assert_data_eq!(
        shown(several(Some("acme/b"))),
        str![[r#"
NotFound: Deployments are annotated under several prefixes: b.com, c.com
hint: Say which: --annotation-prefix=b.com or --annotation-prefix=c.com
"#]]
    );
    let unused = decide(&PrefixFacts {
        usage: Some(&none),
        ..nothing
    })
    .unwrap_err();
    assert_data_eq!(
        shown(unused),
        str![[r#"
NotFound: no Deployment is annotated as a target, under any prefix
hint: Annotate each Deployment that takes part with `example.com/deploy-target: "true"` (under a prefix of yours), or name one with --target.
"#]]
    );
    let bad = decide(&PrefixFacts {
        k8ship_variable: Some("Example.com/x"),
        ..nothing
    });
    assert_data_eq!(
        shown(bad.unwrap_err()),
        str![[r#"
Usage: `Example.com/x` is no annotation prefix such as example.com (from K8SHIP_ANNOTATION_PREFIX)
hint: Give the part before the slash, as in `example.com` for `example.com/deploy-target`.
"#]]
    );
}
