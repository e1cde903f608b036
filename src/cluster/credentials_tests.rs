//! Credentials from everywhere that a kubeconfig can name, and plugins that misbehave.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kube::config::{ExecConfig, ExecInteractiveMode};

use super::*;
use crate::cluster::plugin::PluginFault;
use crate::error::{Error, Kind};

fn exec(script: &str) -> ExecConfig {
    ExecConfig {
        api_version: Some("client.authentication.k8s.io/v1".to_owned()),
        command: Some("sh".to_owned()),
        args: Some(vec!["-c".to_owned(), script.to_owned()]),
        ..ExecConfig::default()
    }
}

fn user(exec: ExecConfig) -> AuthInfo {
    AuthInfo {
        exec: Some(exec),
        ..AuthInfo::default()
    }
}

async fn open(
    user: &AuthInfo,
    can_ask: bool,
    limits: PluginLimits,
) -> Result<(Credentials, Option<Identity>, Vec<String>), Fault> {
    let variables = Variables(BTreeMap::from([
        ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
        ("OURS".to_owned(), "from-outside".to_owned()),
    ]));
    let waited = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&waited);
    let waiting =
        Box::new(move |command: &str| told.lock().expect("lock").push(command.to_owned()));
    let (credentials, identity) =
        Credentials::open(user, &variables, can_ask, limits, waiting).await?;
    let waited = waited.lock().expect("lock").clone();
    Ok((credentials, identity, waited))
}

fn limits() -> PluginLimits {
    PluginLimits {
        alone: Duration::from_secs(60),
        with_person: Duration::from_secs(60),
        quiet: Duration::from_secs(60),
    }
}

fn header(credentials: &Credentials) -> String {
    let header = credentials.pass().header.expect("a header");
    assert!(header.is_sensitive());
    header.to_str().expect("text").to_owned()
}

async fn fault(exec: ExecConfig, can_ask: bool, limits: PluginLimits) -> Error {
    match open(&user(exec), can_ask, limits).await {
        Ok(_) => panic!("no fault"),
        Err(fault) => Error::from(fault),
    }
}

#[tokio::test]
async fn the_kubeconfigs_own_credentials_are_used_as_kubectl_does() {
    let basic = AuthInfo {
        username: Some("me".to_owned()),
        password: Some("hunter2".to_owned().into()),
        ..AuthInfo::default()
    };
    let token = AuthInfo {
        token: Some("abc".to_owned().into()),
        token_file: Some("/does/not/exist".to_owned()),
        ..AuthInfo::default()
    };
    for (user, expected) in [(basic, "Basic bWU6aHVudGVyMg=="), (token, "Bearer abc")] {
        let (credentials, identity, _) = open(&user, false, limits()).await.expect("credentials");
        assert_eq!(header(&credentials), expected);
        assert!(identity.is_none());
    }
    let nobody = AuthInfo::default();
    let (credentials, _, _) = open(&nobody, false, limits()).await.expect("credentials");
    assert!(credentials.pass().header.is_none());
}

#[tokio::test]
async fn a_plugin_gets_the_variables_it_is_given_and_says_who_it_is() {
    let mut plugin = exec(
        r#"case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*'"kind":"ExecCredential"'*|*'"kind":"ExecCredential"'*'"interactive":false'*) ;; *) exit 3;; esac
        echo '{"status": {"token": "'"$OURS-$THEIRS-$(env | wc -l | tr -d ' ')"'"}}'"#,
    );
    plugin.env = Some(vec![HashMap::from([
        ("name".to_owned(), "THEIRS".to_owned()),
        ("value".to_owned(), "from-kubeconfig".to_owned()),
    ])]);
    let (credentials, _, _) = open(&user(plugin), false, limits())
        .await
        .expect("credentials");
    let header = header(&credentials);
    assert!(
        header.starts_with("Bearer from-outside-from-kubeconfig-"),
        "{header}"
    );
}

#[tokio::test]
async fn a_plugin_may_print_yaml_and_may_issue_a_certificate() {
    let yaml = exec("printf 'kind: ExecCredential\nstatus:\n  token: abc\n'");
    let (credentials, _, _) = open(&user(yaml), false, limits())
        .await
        .expect("credentials");
    assert_eq!(header(&credentials), "Bearer abc");

    let certificate =
        exec(r#"echo '{"status":{"clientCertificateData":"CERT","clientKeyData":"KEY"}}'"#);
    let (credentials, identity, _) = open(&user(certificate), false, limits())
        .await
        .expect("credentials");
    assert!(credentials.pass().header.is_none());
    assert_eq!(identity.expect("a certificate").certificate, "CERT");
}

#[tokio::test]
async fn a24_a_plugin_that_is_not_installed_is_named_with_its_install_hint() {
    let error = fault(
        ExecConfig {
            command: Some("no-such-plugin".to_owned()),
            install_hint: Some("brew install it".to_owned()),
            ..ExecConfig::default()
        },
        false,
        limits(),
    )
    .await;
    assert_eq!(
        error.to_string(),
        "the credential plugin `no-such-plugin` is not installed"
    );
    assert_eq!(error.hints, ["brew install it"]);
    assert_eq!(error.kind, Kind::Denied);
}

#[tokio::test]
async fn a25_of_a_plugin_that_fails_only_its_last_words_are_repeated() {
    let error = fault(
        exec("echo token-hunter2; echo noise >&2; echo 'session expired' >&2; echo >&2; exit 7"),
        false,
        limits(),
    )
    .await;
    assert_eq!(
        error.to_string(),
        "the credential plugin `sh` failed (exit status: 7): session expired"
    );
    assert!(!format!("{error:?} {:?}", error.chain()).contains("hunter2"));
}

#[tokio::test]
async fn a26_of_what_is_no_credential_nothing_is_repeated() {
    for output in [
        r#"echo 'Welcome hunter2!'; echo '{"status":{"token":"hunter2"}}'"#,
        "echo '{\"status\":{}}'",
        "echo '{\"kind\":\"ExecCredential\"}'",
        "printf '\\377\\376'",
        "true",
    ] {
        let error = fault(exec(output), false, limits()).await;
        assert_eq!(
            error.to_string(),
            "the credential plugin `sh` printed no ExecCredential with a token or a certificate"
        );
        assert!(!format!("{error:?} {:?}", error.chain()).contains("hunter2"));
    }
}

#[tokio::test]
async fn a27_a_plugin_that_waits_for_a_person_is_ended() {
    // It reads nothing from stdin, and does not outlive its time.
    let error = fault(
        exec("read -r line; exec sleep 600"),
        false,
        PluginLimits {
            alone: Duration::from_millis(200),
            ..limits()
        },
    )
    .await;
    assert!(
        error
            .to_string()
            .starts_with("the credential plugin `sh` did not answer within"),
        "{error}"
    );
    assert_eq!(error.hints.len(), 1);
}

#[tokio::test]
async fn a27_what_is_waited_for_is_told() {
    let slow = exec(r#"sleep 0.3; echo '{"status":{"token":"abc"}}'"#);
    let quiet = Duration::from_millis(10);
    let (_, _, waited) = open(&user(slow), false, PluginLimits { quiet, ..limits() })
        .await
        .expect("credentials");
    assert_eq!(waited, ["sh"]);
}

#[test]
fn a_plugin_is_interactive_only_where_both_sides_are() {
    let cases = [
        (None, true, Some(true)),
        (None, false, Some(false)),
        (Some(ExecInteractiveMode::Never), true, Some(false)),
        (Some(ExecInteractiveMode::IfAvailable), true, Some(true)),
        (Some(ExecInteractiveMode::IfAvailable), false, Some(false)),
        (Some(ExecInteractiveMode::Always), true, Some(true)),
        (Some(ExecInteractiveMode::Always), false, None),
    ];
    for (interactive_mode, can_ask, expected) in cases {
        let exec = ExecConfig {
            interactive_mode: interactive_mode.clone(),
            ..exec("true")
        };
        let plugin = Plugin::of(&exec, &Variables::default(), can_ask);
        match (plugin, expected) {
            (Ok(plugin), Some(expected)) => assert_eq!(
                plugin.is_interactive(),
                expected,
                "{interactive_mode:?} {can_ask}"
            ),
            (Err(PluginFault::NeedsTerminal { .. }), None) => {}
            (result, _) => panic!("{interactive_mode:?} {can_ask}: {:?}", result.err()),
        }
    }
}

#[tokio::test]
async fn credentials_that_no_header_may_hold_are_a_fault() {
    let user = AuthInfo {
        token: Some("two\nlines".to_owned().into()),
        ..AuthInfo::default()
    };
    let fault = open(&user, false, limits()).await.err().expect("a fault");
    assert_eq!(
        fault.to_string(),
        "the credentials hold characters that no header may have"
    );
}
