//! What a kubeconfig's contexts mean, and what is said about one that is broken.

use snapbox::{assert_data_eq, str};

use super::super::tests::shown;
use super::*;

fn parse(files: &[(&str, &str)]) -> Result<Kubeconfig, KubeconfigError> {
    let files: Vec<KubeconfigText<'_>> = files
        .iter()
        .map(|(path, text)| KubeconfigText {
            path: path.as_ref(),
            text,
        })
        .collect();
    Kubeconfig::parse(&files)
}

const USUAL: &str = "\
apiVersion: v1
kind: Config
current-context: acme-production
preferences: {}
clusters:
- name: c1
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFRSURCQVVHCi0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K
- name: c2
  cluster:
    server: https://10.0.0.2
    certificate-authority: pki/ca.crt
    extensions: [{name: x, extension: {any: thing}}]
- name: c3
  cluster: {server: https://10.0.0.3, insecure-skip-tls-verify: true, certificate-authority-data: QQ==}
- name: c4
  cluster: {server: 'http://10.0.0.4'}
- name: c5
  cluster: {server: https://10.0.0.5, certificate-authority: /etc/ca.crt}
contexts:
- name: acme-qa
  context: {cluster: c1, user: ann, namespace: web}
- name: acme-production
  context: {cluster: c2, user: sudo, namespace: ''}
- name: insecure
  context: {cluster: c3, user: nobody}
- name: plain
  context: {cluster: c4}
- name: absolute
  context: {cluster: c5}
users:
- name: ann
  user:
    token: s3cret
- name: sudo
  user:
    as: system:admin
    as-user-extra: {reason: [x]}
    exec: {apiVersion: client.authentication.k8s.io/v1, command: login, args: null}
";

#[test]
fn contexts_carry_all_that_they_refer_to() {
    let kubeconfig = parse(&[("/home/ann/.kube/config", USUAL)]).unwrap();
    let names: Vec<&str> = kubeconfig.names().collect();
    assert_eq!(
        names,
        [
            "acme-qa",
            "acme-production",
            "insecure",
            "plain",
            "absolute"
        ]
    );
    let qa = kubeconfig.context("acme-qa").unwrap();
    assert_eq!(qa.namespace.as_deref(), Some("web"));
    assert_eq!(qa.impersonates, None);
    let production = kubeconfig.context("acme-production").unwrap();
    assert_eq!(production.namespace, None);
    assert_eq!(production.impersonates.as_deref(), Some("system:admin"));
    assert_eq!(kubeconfig.context("insecure").unwrap().impersonates, None);
}

#[test]
fn a_cluster_is_its_server_and_its_authority() {
    let kubeconfig = parse(&[("/home/ann/.kube/config", USUAL)]).unwrap();
    let file = |path: &str| AuthoritySource::File(path.into());
    let pem = b"-----BEGIN CERTIFICATE-----\nAQIDBAUG\n-----END CERTIFICATE-----\n";
    let cases = [
        ("acme-qa", AuthoritySource::Known(Authority::of_pem(pem))),
        ("acme-production", file("/home/ann/.kube/pki/ca.crt")),
        ("insecure", AuthoritySource::Known(Authority::Unverified)),
        ("plain", AuthoritySource::Known(Authority::Unverified)),
        ("absolute", file("/etc/ca.crt")),
    ];
    for (name, expected) in cases {
        let cluster = kubeconfig.context(name).unwrap().cluster.clone().unwrap();
        assert_eq!(cluster.authority, expected, "{name}");
        let identity = cluster.identity(pem);
        let is_verified = !["insecure", "plain"].contains(&name);
        let authority = match is_verified {
            true => Authority::of_pem(pem),
            false => Authority::Unverified,
        };
        assert_eq!(identity.authority, authority, "{name}");
    }
}

#[test]
fn the_first_of_equal_names_counts_as_a_whole() {
    let first =
        "contexts: [{name: a, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n";
    let second = "\
contexts: [{name: a, context: {cluster: d, namespace: n}}, {name: b, context: {cluster: c}}]
clusters: [{name: c, cluster: {server: 'https://c', certificate-authority: ca.crt}}]
users: [{name: u, user: {as: admin}}]
---
clusters: [{name: c, cluster: {server: 'https://later'}}]
";
    let kubeconfig = parse(&[("/one/config", first), ("/two/config", second)]).unwrap();
    let a = kubeconfig.context("a").unwrap();
    assert_eq!(
        (a.namespace.as_ref(), a.impersonates.as_ref()),
        (None, None)
    );
    assert_eq!(a.file, Path::new("/one/config"));
    let cluster = a.cluster.clone().unwrap();
    assert_eq!(cluster.server, "https://c");
    assert_eq!(cluster.authority_file(), Some("/two/ca.crt".as_ref()));
    let shadowed: Vec<String> = kubeconfig
        .shadowed
        .iter()
        .map(|shadowed| {
            let paths = (shadowed.counts.display(), shadowed.ignored.display());
            format!(
                "{:?} {}: {} {}",
                shadowed.kind, shadowed.name, paths.0, paths.1
            )
        })
        .collect();
    assert_eq!(
        shadowed,
        [
            "Context a: /one/config /two/config",
            "User u: /one/config /two/config",
            "Cluster c: /two/config /two/config",
        ]
    );
}

#[test]
fn a_context_that_leads_nowhere_is_kept_and_says_why() {
    let text = "\
contexts: [{name: a}, {name: b, context: {cluster: x}}, {name: c, context: {cluster: c}}, {name: d, context: {cluster: d}}]
clusters: [{name: c}, {name: d, cluster: {server: 'https://d', certificate-authority-data: '***'}}]
";
    let kubeconfig = parse(&[("config", text)]).unwrap();
    let cases = [
        ("a", BrokenContext::Unsaid),
        ("b", BrokenContext::NoCluster("x".to_owned())),
        ("c", BrokenContext::NoServer("c".to_owned())),
        ("d", BrokenContext::BadAuthority("d".to_owned())),
    ];
    for (name, expected) in cases {
        assert_eq!(
            kubeconfig.context(name).unwrap().cluster,
            Err(expected),
            "{name}"
        );
    }
}

#[test]
fn nothing_is_a_kubeconfig_without_contexts() {
    for text in [
        "",
        "# none\n",
        "apiVersion: v1\nkind: Config\ncontexts: null\n",
        "{}",
    ] {
        assert_eq!(
            parse(&[("config", text)]),
            Ok(Kubeconfig::default()),
            "{text}"
        );
    }
    assert_eq!(parse(&[]), Ok(Kubeconfig::default()));
    let json = r#"{"contexts":[{"name":"a","context":{"cluster":"c"}}]}"#;
    assert_eq!(parse(&[("config", json)]).unwrap().names().count(), 1);
}

#[test]
fn a_broken_kubeconfig_is_named_with_its_line_and_nothing_of_it_is_shown() {
    let cases = [
        (
            "contexts:\n- context: {}\n",
            str![[r#"
NotFound: /home/ann/.kube/config, line 2: missing field `name`
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
        (
            "contexts: {a: s3cret}\n",
            str![[r#"
NotFound: /home/ann/.kube/config, line 1: expected a list
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
        (
            "users:\n- s3cret\n",
            str![[r#"
NotFound: /home/ann/.kube/config, line 2: expected a mapping (`key: value`)
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
        (
            "users:\n- name: u\n  user:\n    token: 's3cret\n",
            str![[r#"
NotFound: /home/ann/.kube/config, line 5: invalid indentation in multiline quoted scalar
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
        (
            "users:\n- name: u\n  user:\n   token: s3cret\n  bad\n",
            str![[r#"
NotFound: /home/ann/.kube/config, line 5: simple key expected ':'
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
        (
            "users:\n- name: u\n  user: s3cret\n",
            str![[r#"
NotFound: /home/ann/.kube/config, line 3: expected a mapping (`key: value`)
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
        (
            "clusters:\n- name: c\n  cluster: {insecure-skip-tls-verify: s3cret}\n",
            str![[r#"
NotFound: /home/ann/.kube/config, line 3: expected true or false
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
        (
            "contexts: []\ncontexts: []\n",
            str![[r#"
NotFound: /home/ann/.kube/config, line 2: the key `contexts` is there twice
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
        (
            "<!DOCTYPE html><html>s3cret",
            str![[r#"
NotFound: /home/ann/.kube/config, line 1: expected a mapping (`key: value`)
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
        (
            "apiVersion: apps/v1\nkind: Deployment\n",
            str![[r#"
NotFound: /home/ann/.kube/config is not a kubeconfig but of kind Deployment
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
    ];
    for (text, expected) in cases {
        let shown = shown(parse(&[("/home/ann/.kube/config", text)]).unwrap_err());
        assert!(!shown.contains("s3cret"), "{shown}");
        assert_data_eq!(shown, expected);
    }
}

#[test]
fn credentials_in_the_file_are_noticed_and_others_are_not() {
    let user = |user: &str| format!("users: [{{name: u, user: {{{user}}}}}]");
    for secret in [
        "token: x",
        "password: x",
        "client-key-data: x",
        "auth-provider: {name: gcp}",
    ] {
        assert!(holds_secrets(&user(secret)), "{secret}");
    }
    for harmless in [
        "",
        "client-key: /k",
        "exec: {command: login}",
        "tokenFile: /t",
    ] {
        assert!(!holds_secrets(&user(harmless)), "{harmless}");
    }
    assert!(!holds_secrets("users: ["));
}
