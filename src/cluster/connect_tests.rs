//! Connections over real sockets: TLS, proxies, compression, and every way to break off.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::cluster::retry::Endurance;
use crate::cluster::testing::{Piece, Reply, Script, kubeconfig};
use crate::error::Kind;
use crate::servers_for_tests::{Authority, Server, reply};

const NAMESPACE: &str = "/api/v1/namespaces/shop";

fn impatient() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        endurance: Endurance {
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(1),
            unseen: Duration::from_millis(5),
            outage: Duration::from_millis(20),
            ..Endurance::default()
        },
        ..Limits::default()
    }
}

fn options<'a>(kubeconfig: &'a Kubeconfig, variables: &'a Variables) -> ConnectOptions<'a> {
    ConnectOptions {
        kubeconfig,
        context: "qa",
        namespace: "shop",
        variables,
        can_ask: false,
        user_agent: "kube/0.0.0 (test)",
        limits: impatient(),
        hooks: Script::new().hooks(),
    }
}

async fn connect(kubeconfig: &Kubeconfig) -> Cluster {
    let variables = Variables::default();
    let connected = Cluster::connect(options(kubeconfig, &variables)).await;
    connected.expect("a connection")
}

/// Reads the namespace from a server, to have some request.
async fn ask(kubeconfig: &Kubeconfig) -> Result<(), Error> {
    let cluster = connect(kubeconfig).await;
    cluster.reader().namespace().await?;
    Ok(())
}

fn with_authority(server: &str, authority: Option<&str>) -> Kubeconfig {
    let mut config = kubeconfig(server);
    let cluster = config.clusters[0].cluster.as_mut().expect("a cluster");
    cluster.certificate_authority = authority.map(ToOwned::to_owned);
    config
}

#[tokio::test]
async fn requests_say_who_we_are_and_ask_for_compressed_json() {
    let script = Script::new();
    script.on(&format!("GET {NAMESPACE}"), [Reply::ok(&json!({}))]);
    let config = kubeconfig(&format!("http://{}", script.listen().await));
    connect(&config).await;
    assert!(script.lines().is_empty());
    ask(&config).await.expect("an answer");
    let headers = script.arrived().remove(0).headers;
    assert_eq!(headers["user-agent"], "kube/0.0.0 (test)");
    assert_eq!(headers["authorization"], "Bearer first-token");
    assert_eq!(headers["accept-encoding"], "gzip");
    assert_eq!(headers["accept"], "application/json");
}

#[tokio::test]
async fn compressed_answers_are_read() {
    let body = json!({"items": [{"metadata": {"name": "web"}}], "metadata": {}}).to_string();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body.as_bytes()).expect("compressed");
    let compressed = Reply::Whole {
        status: 200,
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("content-encoding", "gzip".to_owned()),
        ],
        body: Bytes::from(encoder.finish().expect("compressed")),
    };
    let script = Script::new();
    script.on(
        "GET /apis/apps/v1/namespaces/shop/deployments",
        [compressed],
    );
    let config = kubeconfig(&format!("http://{}", script.listen().await));
    let cluster = connect(&config).await;
    let deployments = cluster
        .reader()
        .deployments(|_| true)
        .await
        .expect("a list");
    assert_eq!(deployments, [json!({"metadata": {"name": "web"}})]);
}

#[tokio::test]
async fn a11_a_closed_port_is_told_as_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let error = ask(&kubeconfig(&format!("http://{address}")))
        .await
        .expect_err("nobody there");
    assert_eq!(
        error.to_string(),
        format!("cannot reach http://{address}: connection refused")
    );
    assert_eq!(error.kind, Kind::Unreachable);
    assert_eq!(error.hints.len(), 1);
}

#[tokio::test]
async fn an_unknown_host_is_told_as_such() {
    let error = ask(&kubeconfig("http://no-such-host.invalid:6443"))
        .await
        .expect_err("no host");
    assert_eq!(
        error.to_string(),
        "cannot reach http://no-such-host.invalid:6443: its name cannot be resolved"
    );
}

#[tokio::test]
async fn a11_a13_connections_that_break_off_are_tried_again() {
    let cut = Reply::Pieces(vec![Piece::Bytes("{\"metadata\"".into()), Piece::Reset]);
    let script = Script::new();
    let good = Reply::ok(&json!({}));
    script.on(&format!("GET {NAMESPACE}"), [Reply::Reset, cut, good]);
    let config = kubeconfig(&format!("http://{}", script.listen().await));
    let variables = Variables::default();
    let mut options = options(&config, &variables);
    options.limits.endurance.unseen = Duration::from_secs(60);
    let cluster = Cluster::connect(options).await.expect("a connection");
    cluster.reader().namespace().await.expect("an answer");
    assert_eq!(script.lines().len(), 3);
}

#[tokio::test]
async fn a_connection_that_breaks_off_for_ever_is_told() {
    let script = Script::new();
    script.on(&format!("GET {NAMESPACE}"), [Reply::Reset]);
    let server = format!("http://{}", script.listen().await);
    let error = ask(&kubeconfig(&server)).await.expect_err("no answer");
    let expected = format!("the connection to {server} broke off: ");
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert_eq!(error.kind, Kind::Unreachable);
}

#[tokio::test]
async fn a_watch_streams_over_a_connection() {
    let script = Script::new();
    let event = json!({"type": "ADDED", "object": {}});
    script.on("GET /x", [Reply::watch(&[event.clone(), event.clone()])]);
    let config = kubeconfig(&format!("http://{}", script.listen().await));
    let cluster = connect(&config).await;
    let request = http::Request::get("/x?watch=true")
        .body(Bytes::new())
        .expect("a request");
    let mut lines = cluster.wire.open(&request).await.expect("a stream");
    for _ in 0..2 {
        let line = lines.next().await.expect("a line").expect("not the end");
        assert_eq!(serde_json::from_slice::<Value>(&line).expect("JSON"), event);
    }
}

#[tokio::test]
async fn a19_tls_is_checked_against_the_kubeconfigs_authority() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new();
    let path = authority.write_to(folder.path()).display().to_string();
    let json = [("content-type", "application/json")];
    let server = Server::https(&authority, move |_| async move { reply(200, &json, "{}") }).await;
    let url = format!("https://{}", server.address);
    ask(&with_authority(&url, Some(&path)))
        .await
        .expect("trusted");

    let other_folder = tempfile::tempdir().expect("a folder");
    let other = Authority::new()
        .write_to(other_folder.path())
        .display()
        .to_string();
    let error = ask(&with_authority(&url, Some(&other)))
        .await
        .expect_err("another authority");
    let expected = format!("cannot talk to {url}: its certificate is ");
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert_eq!(error.kind, Kind::Unreachable);

    let mut config = with_authority(&url, Some(&path));
    let cluster = config.clusters[0].cluster.as_mut().expect("a cluster");
    cluster.tls_server_name = Some("api.example.com".to_owned());
    let error = ask(&config).await.expect_err("another name");
    let expected = "its certificate is not for api.example.com but for ";
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn a19_https_to_a_server_without_tls_is_told() {
    let script = Script::new();
    let url = format!("https://{}", script.listen().await);
    let folder = tempfile::tempdir().expect("a folder");
    let path = Authority::new()
        .write_to(folder.path())
        .display()
        .to_string();
    let error = ask(&with_authority(&url, Some(&path)))
        .await
        .expect_err("no TLS");
    assert_eq!(
        error.to_string(),
        format!("cannot talk to {url}: it does not speak TLS on this port")
    );
}

#[tokio::test]
async fn a22_the_proxy_of_the_variables_is_asked_and_no_proxy_is_heeded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let proxy = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut head = vec![0; 1024];
        let length = stream.read(&mut head).await.expect("a request");
        let denial = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
        stream.write_all(denial).await.expect("written");
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let variables = Variables(BTreeMap::from([
        ("HTTPS_PROXY".to_owned(), proxy),
        ("NO_PROXY".to_owned(), "127.0.0.1".to_owned()),
    ]));
    let folder = tempfile::tempdir().expect("a folder");
    let path = Authority::new()
        .write_to(folder.path())
        .display()
        .to_string();
    let config = with_authority("https://api.example.invalid:6443", Some(&path));
    let connected = Cluster::connect(ConnectOptions {
        limits: Limits {
            endurance: Endurance {
                unseen: Duration::ZERO,
                ..Endurance::default()
            },
            ..impatient()
        },
        ..options(&config, &variables)
    });
    let cluster = connected.await.expect("a connection");
    let answer = cluster.reader().namespace().await;
    let fault = answer.expect_err("refused by the proxy");
    assert!(matches!(fault, Fault::Unreachable { .. }), "{fault:?}");
    let request = asked.await.expect("asked");
    assert!(
        request.starts_with("CONNECT api.example.invalid:6443 HTTP/1.1"),
        "{request}"
    );
}

#[tokio::test]
async fn a_credential_plugin_runs_once_for_a_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let runs = folder.path().join("runs");
    let script = Script::new();
    script.on(&format!("GET {NAMESPACE}"), [Reply::ok(&json!({}))]);
    let mut config = kubeconfig(&format!("http://{}", script.listen().await));
    let command = format!(
        r#"echo run >> {}; echo '{{"status": {{"token": "from-plugin"}}}}'"#,
        runs.display()
    );
    let user = config.auth_infos[0].auth_info.as_mut().expect("a user");
    user.token = None;
    user.exec = Some(kube::config::ExecConfig {
        command: Some("/bin/sh".to_owned()),
        args: Some(vec!["-c".to_owned(), command]),
        ..kube::config::ExecConfig::default()
    });
    ask(&config).await.expect("an answer");
    let header = &script.arrived()[0].headers["authorization"];
    assert_eq!(header, "Bearer from-plugin");
    assert_eq!(std::fs::read_to_string(&runs).expect("ran"), "run\n");
}

#[tokio::test]
async fn a_plugins_client_certificate_is_shown_to_the_server() {
    let certified = rcgen::generate_simple_self_signed(vec!["dev".to_owned()]).expect("a key");
    let identity = Identity {
        certificate: certified.cert.pem(),
        key: certified.signing_key.serialize_pem().into(),
    };
    let config = kube::Config::new("https://127.0.0.1:1".parse().expect("a URL"));
    assert!(client(&config, Some(&identity)).is_ok());
    let broken = Identity {
        certificate: "no certificate".to_owned(),
        key: "no key".to_owned().into(),
    };
    let fault = client(&config, Some(&broken)).err().expect("a fault");
    let expected = "the kubeconfig's credentials or certificates cannot be used: ";
    assert!(fault.to_string().starts_with(expected), "{fault}");
}

#[tokio::test]
async fn what_is_no_namespace_is_refused() {
    let config = kubeconfig("http://127.0.0.1:1");
    let variables = Variables::default();
    let connected = Cluster::connect(ConnectOptions {
        namespace: "a/b",
        ..options(&config, &variables)
    });
    let error = connected.await.err().expect("refused");
    assert_eq!(error.to_string(), "`a/b` is no namespace's name");
    assert_eq!(error.kind, Kind::NotFound);
    let cluster = connect(&config).await;
    assert_eq!(
        cluster.in_namespace("other").expect("a name").namespace(),
        "other"
    );
    assert!(cluster.in_namespace("../x").is_err());
}
