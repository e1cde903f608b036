//! Contexts of a kubeconfig, and what one can lack.

use super::*;

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: other
clusters:
- name: qa
  cluster: {server: "https://me:secret@api.qa.example:6443/k8s/c-1"}
- name: bare
  cluster: {server: "10.0.0.1:8080"}
- name: bare-tls
  cluster: {server: "10.0.0.1:6443", insecure-skip-tls-verify: true}
- name: broken
  cluster: {server: "ftp://x"}
- name: bad-authority
  cluster: {server: "https://x", certificate-authority-data: "!!"}
- name: no-certificate
  cluster: {server: "https://x", certificate-authority-data: "aGVsbG8="}
- name: no-server
  cluster: {}
users:
- name: dev
  user: {token: hunter2, as: robot}
contexts:
- name: qa
  context: {cluster: qa, user: dev, namespace: shop}
- name: anonymous
  context: {cluster: qa}
- name: bare
  context: {cluster: bare}
- name: bare-tls
  context: {cluster: bare-tls}
- name: broken
  context: {cluster: broken}
- name: bad-authority
  context: {cluster: bad-authority}
- name: no-certificate
  context: {cluster: no-certificate}
- name: no-server
  context: {cluster: no-server}
- name: lost-cluster
  context: {cluster: gone}
- name: lost-user
  context: {cluster: qa, user: gone}
"#;

fn settings(context: &str) -> Result<Settings, Fault> {
    let kubeconfig = Kubeconfig::from_yaml(KUBECONFIG).expect("kubeconfig");
    Settings::of(&Wanted {
        kubeconfig: &kubeconfig,
        context,
        user_agent: "kube/test",
        variables: &Variables::default(),
    })
}

#[test]
fn a_context_is_resolved_by_its_name() {
    let settings = settings("qa").expect("settings");
    assert_eq!(settings.server, "https://api.qa.example:6443");
    assert_eq!(settings.user_name.as_deref(), Some("dev"));
    assert!(settings.user.token.is_some());
    assert!(settings.config.auth_info.token.is_none());
    assert_eq!(
        settings.config.auth_info.impersonate.as_deref(),
        Some("robot")
    );
    assert!(!settings.config.default_retry);
    assert!(
        settings
            .config
            .headers
            .iter()
            .any(|(name, value)| name == USER_AGENT && value == "kube/test")
    );
}

#[test]
fn a_context_without_a_user_is_anonymous() {
    assert_eq!(settings("anonymous").expect("settings").user_name, None);
}

#[test]
fn a_server_without_a_scheme_is_read_as_client_go_does() {
    assert_eq!(
        settings("bare").expect("settings").server,
        "http://10.0.0.1:8080"
    );
    assert_eq!(
        settings("bare-tls").expect("settings").server,
        "https://10.0.0.1:6443"
    );
}

#[test]
fn what_a_kubeconfig_lacks_is_told() {
    let cases = [
        ("other", "the kubeconfig has no context `other`"),
        (
            "lost-cluster",
            "context `lost-cluster` names the cluster `gone`, which the kubeconfig does not have",
        ),
        (
            "lost-user",
            "context `lost-user` names the user `gone`, which the kubeconfig does not have",
        ),
        ("no-server", "the kubeconfig names no server"),
        ("broken", "the kubeconfig's server is not a URL"),
        (
            "bad-authority",
            "certificate-authority-data in the kubeconfig is not base64",
        ),
        (
            "no-certificate",
            "the kubeconfig's certificate authority holds no certificate",
        ),
    ];
    for (context, expected) in cases {
        let fault = settings(context).err().expect("a fault");
        assert_eq!(fault.to_string(), expected);
    }
}
