//! The client against servers and proxies on 127.0.0.1.

use std::net::SocketAddr;
use std::sync::Mutex;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::servers_for_tests::{Authority, Server, reply};

const LIMIT: Duration = Duration::from_secs(10);

/// Returns a client maker that trusts `authority` alone.
fn trusting(authority: &Authority, proxies: Proxies) -> Https {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trust = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let https = Https::new(proxies, LIMIT);
    let connector = https.connect(trust);
    https.connector.set(connector).unwrap();
    https
}

async fn fetch(https: &Https, url: &str) -> Result<String, BoxError> {
    let client = https.client::<Empty<Bytes>>()?;
    let request = Request::get(url).body(Empty::new())?;
    let response = tokio::time::timeout(LIMIT, client.request(request)).await??;
    let body = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(body.to_vec())?)
}

async fn hello(_: Request<Bytes>) -> http::Response<Bytes> {
    reply(200, &[], "hello")
}

/// A proxy that tunnels where it is told to, and remembers what it was told.
async fn tunnelling_proxy(answer: &'static str) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let log = heads.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let log = log.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let target = head.split(' ').nth(1).unwrap().to_owned();
                log.lock().unwrap().push(head);
                stream.write_all(answer.as_bytes()).await.unwrap();
                if answer.contains("200") {
                    let mut server = TcpStream::connect(target).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
                }
            });
        }
    });
    (address, heads)
}

#[tokio::test]
async fn plain_http_and_https_are_spoken() {
    let authority = Authority::new();
    let plain = Server::http(hello).await;
    let secure = Server::https(&authority, hello).await;
    let https = trusting(&authority, Proxies::default());
    for url in [
        format!("http://{}/a", plain.address),
        format!("https://{}/a", secure.address),
        format!("https://localhost:{}/a", secure.address.port()),
    ] {
        assert_eq!(fetch(&https, &url).await.unwrap(), "hello", "{url}");
    }
}

#[tokio::test]
async fn a_server_that_the_system_does_not_trust_is_refused_with_advice() {
    let authority = Authority::new();
    let server = Server::https(&authority, hello).await;
    let https = Https::new(Proxies::default(), LIMIT);
    let error = fetch(&https, &format!("https://{}/", server.address))
        .await
        .expect_err("an unknown authority");
    let advice = advice(&*error).unwrap_or_else(|| panic!("{error:?}"));
    assert!(advice.contains("certificate"), "{advice}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_machine_without_roots_trusts_the_bundled_ones() {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let none = Err(rustls::Error::General("no roots".to_owned()));
    assert!(or_bundled(none, provider).is_ok());
}

#[tokio::test]
async fn https_goes_through_the_proxy_with_its_credentials() {
    let authority = Authority::new();
    let server = Server::https(&authority, hello).await;
    let (proxy, heads) = tunnelling_proxy("HTTP/1.1 200 Connection established\r\n\r\n").await;
    let proxies = Proxies {
        https: format!("http://user:secret@{proxy}"),
        ..Proxies::default()
    };
    let https = trusting(&authority, proxies);
    assert!(!format!("{https:?}").contains("secret"));
    let url = format!("https://{}/a", server.address);
    assert_eq!(fetch(&https, &url).await.unwrap(), "hello");
    let heads = heads.lock().unwrap().clone();
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with(&format!("CONNECT {} ", server.address)));
    assert!(heads[0].contains("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ="));
}

#[tokio::test]
async fn hosts_in_no_proxy_and_plain_http_go_straight() {
    let authority = Authority::new();
    let secure = Server::https(&authority, hello).await;
    let plain = Server::http(hello).await;
    let (proxy, heads) = tunnelling_proxy("HTTP/1.1 200 OK\r\n\r\n").await;
    let straight = trusting(
        &authority,
        Proxies {
            all: format!("http://{proxy}"),
            none: "example.com, 127.0.0.0/8".to_owned(),
            ..Proxies::default()
        },
    );
    let url = format!("https://{}/", secure.address);
    assert_eq!(fetch(&straight, &url).await.unwrap(), "hello");
    let proxied = trusting(
        &authority,
        Proxies {
            all: format!("http://{proxy}"),
            ..Proxies::default()
        },
    );
    let url = format!("http://{}/", plain.address);
    assert_eq!(fetch(&proxied, &url).await.unwrap(), "hello");
    assert!(heads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_as_the_cause() {
    let authority = Authority::new();
    let server = Server::https(&authority, hello).await;
    let (proxy, _) = tunnelling_proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    for address in [format!("http://{proxy}"), "https://127.0.0.1:9".to_owned()] {
        let proxies = Proxies {
            https: address,
            ..Proxies::default()
        };
        let https = trusting(&authority, proxies);
        let error = fetch(&https, &format!("https://{}/", server.address))
            .await
            .expect_err("refused");
        let advice = advice(&*error).unwrap_or_else(|| panic!("{error:?}"));
        assert!(advice.contains("HTTPS_PROXY"), "{advice}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = Server::http(|_| async { reply(302, &[("location", "/b")], "moved") }).await;
    let https = Https::new(Proxies::default(), LIMIT);
    let url = format!("http://{}/a", server.address);
    assert_eq!(fetch(&https, &url).await.unwrap(), "moved");
    assert_eq!(server.targets(), ["/a"]);
}
