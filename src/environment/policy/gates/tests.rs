//! What may go on and what is refused.

use snapbox::{assert_data_eq, str};

use super::super::super::config::Guards;
use super::super::super::tests::shown;
use super::super::tests::Built;
use super::*;

fn with_annotations(annotations: &[(&str, &str)]) -> Policy {
    Built {
        annotations,
        ..Built::default()
    }
    .build()
}

#[test]
fn a_freeze_ends_at_its_time() {
    let policy = with_annotations(&[(
        "example.com/deploy-frozen-until",
        "2026-12-27T08:00:00Z the \u{1b}holidays",
    )]);
    let check = |now: &str| policy.check_frozen(now.parse().unwrap());
    assert_data_eq!(
        shown(check("2026-12-27T07:59:59Z").unwrap_err()),
        str![[r#"
Busy: nothing is deployed until 2026-12-27T08:00:00Z: the /u{1b}holidays (annotation `example.com/deploy-frozen-until` of namespace `web`)
hint: Run the same command again when the freeze is over.
"#]]
    );
    assert_eq!(check("2026-12-27T08:00:00Z"), Ok(()));
    let open = with_annotations(&[]);
    assert_eq!(open.check_frozen(Timestamp::UNIX_EPOCH), Ok(()));
}

#[test]
fn an_older_program_is_refused() {
    let policy = with_annotations(&[("example.com/deploy-minimum-version", "1.2")]);
    let check = |own: &str| policy.check_minimum_version(own.parse().unwrap());
    assert_eq!(check("1.2.0"), Ok(()));
    assert_eq!(check("1.10.0"), Ok(()));
    assert_data_eq!(
        shown(check("1.1.9").unwrap_err()),
        str![[r#"
Refused: this is kube 1.1.9, and 1.2.0 or later is wanted (annotation `example.com/deploy-minimum-version` of namespace `web`)
hint: Upgrade this program.
"#]]
    );
    let open = with_annotations(&[]);
    assert_eq!(open.check_minimum_version("0.0.1".parse().unwrap()), Ok(()));
}

#[test]
fn a_commit_has_to_be_an_allowed_branch_or_in_one() {
    let policy = Built {
        annotations: &[("example.com/deploy-branches", "main,release/*")],
        user: Guards {
            branches: Some(vec![
                "main".parse().unwrap(),
                "release/2*".parse().unwrap(),
                "hotfix".parse().unwrap(),
            ]),
            ..Guards::default()
        },
        ..Built::default()
    }
    .build();
    let in_main = ["x".to_owned(), "main".to_owned()];
    let in_none = ["x".to_owned()];
    let cases = [
        ("an allowed branch", Some("main"), None, true),
        (
            "by a pattern of both lists",
            Some("release/2.0/rc"),
            None,
            true,
        ),
        ("only on one list", Some("release/1"), None, false),
        ("only on the other list", Some("hotfix"), None, false),
        ("another branch", Some("feature"), None, false),
        (
            "another branch that main contains",
            Some("feature"),
            Some(&in_main[..]),
            true,
        ),
        ("a commit of main", None, Some(&in_main[..]), true),
        (
            "a commit of another branch",
            None,
            Some(&in_none[..]),
            false,
        ),
        ("a commit of no branch", None, Some(&[][..]), false),
        ("nobody can tell", None, None, false),
    ];
    for (case, branch, contained_in, is_allowed) in cases {
        let facts = RefFacts {
            given: "d1cb608",
            branch,
            contained_in,
        };
        assert_eq!(policy.check_branch(&facts).is_ok(), is_allowed, "{case}");
    }
    assert_eq!(policy.branches_to_compare(), ["hotfix", "main"]);
    let refused = |branch: Option<&str>, contained_in: Option<&[String]>| {
        let facts = RefFacts {
            given: branch.unwrap_or("d1cb608"),
            branch,
            contained_in,
        };
        shown(policy.check_branch(&facts).unwrap_err())
    };
    assert_data_eq!(
        refused(Some("feature"), None),
        str![[r#"
Refused: `feature` may not be deployed; allowed: main, release/* (annotation `example.com/deploy-branches` of namespace `web`)
hint: Merge it into one of these branches, or deploy one of them.
"#]]
    );
    assert_data_eq!(
        refused(None, Some(&in_none)),
        str![[r#"
Refused: `d1cb608` may not be deployed; allowed: main, release/* (annotation `example.com/deploy-branches` of namespace `web`)
hint: Merge it into one of these branches, or deploy one of them.
"#]]
    );
    assert_data_eq!(
        refused(None, None),
        str![[r#"
Refused: `d1cb608`, of which nobody can tell what branches have it, may not be deployed; allowed: main, release/* (annotation `example.com/deploy-branches` of namespace `web`)
hint: Deploy one of these branches by its name.
"#]]
    );
    let open = with_annotations(&[]);
    let facts = RefFacts {
        given: "x",
        branch: None,
        contained_in: None,
    };
    assert_eq!(open.check_branch(&facts), Ok(()));
}

#[test]
fn a_repository_has_to_be_on_every_list() {
    let list = |names: &[&str]| Guards {
        allowed_repositories: Some(names.iter().map(|name| name.parse().unwrap()).collect()),
        ..Guards::default()
    };
    let policy = Built {
        user: list(&["acme/web", "acme/go"]),
        checkout: list(&["acme/web"]),
        ..Built::default()
    }
    .build();
    assert_eq!(policy.check_repository("Acme/Web"), Ok(()));
    assert_data_eq!(
        shown(policy.check_repository("acme/go").unwrap_err()),
        str![[r#"
Refused: repository `acme/go` may not be deployed; allowed: acme/web (the checkout's configuration)
hint: If it should be: it is `allowed-repositories` that says so.
"#]]
    );
    let closed = Built {
        checkout: list(&[]),
        ..Built::default()
    }
    .build();
    assert_data_eq!(
        shown(closed.check_repository("acme/web").unwrap_err()),
        str![[r#"
Refused: repository `acme/web` may not be deployed; allowed: none (the checkout's configuration)
hint: If it should be: it is `allowed-repositories` that says so.
"#]]
    );
    assert_eq!(with_annotations(&[]).check_repository("any/thing"), Ok(()));
}

fn cluster(server: &str, authority: Authority) -> ClusterIdentity {
    ClusterIdentity {
        server: server.to_owned(),
        authority,
    }
}

#[test]
fn a_doubtful_connection_is_told_and_refused_where_protected() {
    let good = cluster("https://10.0.0.1", Authority::System);
    let insecure = cluster("https://10.0.0.1", Authority::Unverified);
    let plain = cluster("http://10.0.0.1", Authority::Unverified);
    let local = cluster("http://127.0.0.1:8001", Authority::Unverified);
    let local_tls = cluster("https://localhost:6443", Authority::Unverified);
    let base = Connection {
        environment: "production",
        cluster: &good,
        impersonates: None,
        namespace: "web",
        namespace_why: NamespaceWhy::Repository,
        is_simulated: false,
    };
    let with = |cluster| Connection { cluster, ..base };
    let in_default = |namespace_why| Connection {
        namespace: "default",
        namespace_why,
        ..base
    };
    let cases = [
        ("a good one", base, vec![]),
        ("insecure", with(&insecure), vec![Concern::Unverified]),
        ("plain http", with(&plain), vec![Concern::Unverified]),
        ("plain http to this machine", with(&local), vec![]),
        (
            "insecure TLS to this machine",
            with(&local_tls),
            vec![Concern::Unverified],
        ),
        (
            "impersonating",
            Connection {
                impersonates: Some("admin"),
                ..base
            },
            vec![Concern::Impersonation("admin".to_owned())],
        ),
        (
            "default, found",
            in_default(NamespaceWhy::Default),
            vec![Concern::DefaultNamespace],
        ),
        (
            "default, the context's",
            in_default(NamespaceWhy::Context),
            vec![Concern::DefaultNamespace],
        ),
        ("default, said", in_default(NamespaceWhy::Flag), vec![]),
        (
            "default, configured",
            in_default(NamespaceWhy::Config),
            vec![],
        ),
        (
            "the sandbox",
            Connection {
                is_simulated: true,
                cluster: &plain,
                ..in_default(NamespaceWhy::BuiltIn)
            },
            vec![],
        ),
    ];
    let open = with_annotations(&[]);
    let protected = Built {
        names: &["production"],
        ..Built::default()
    }
    .build();
    for (case, connection, expected) in cases {
        assert_eq!(connection.concerns(), expected, "{case}");
        assert_eq!(open.check_connection(&connection), Ok(()), "{case}");
        let is_allowed = protected.check_connection(&connection).is_ok();
        assert_eq!(is_allowed, expected.is_empty(), "{case}");
    }
    let refused = |connection| shown(protected.check_connection(&connection).unwrap_err());
    assert_data_eq!(
        refused(with(&insecure)),
        str![[r#"
Refused: nobody vouches for the server's certificate, and `production` is protected (the name `production`)
hint: Put the cluster's certificate-authority into the kubeconfig instead of insecure-skip-tls-verify.
"#]]
    );
    assert_data_eq!(
        refused(Connection {
            impersonates: Some("admin"),
            ..base
        }),
        str![[r#"
Refused: the context acts as somebody else (`admin`), and `production` is protected (the name `production`)
hint: Use a context whose user impersonates nobody.
"#]]
    );
    assert_data_eq!(
        refused(in_default(NamespaceWhy::Default)),
        str![[r#"
Refused: nobody named the namespace `default`, and `production` is protected (the name `production`)
hint: Name the namespace with --namespace, or as `namespace:` of the environment in your configuration.
"#]]
    );
}
