//! The one HTTPS client: who is trusted, through which proxy, and no redirects.
//!
//! GitHub and the registry share it. It knows no API, reads no variables, and is built when it is
//! first used, because loading the system's roots takes longer than the rest of a start.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tower::Service;

use crate::error::{Error, Kind};

type BoxError = Box<dyn StdError + Send + Sync>;

/// The values of the variables that name proxies; an empty one is none.
#[derive(Clone, Default)]
pub(crate) struct Proxies {
    /// `HTTPS_PROXY` or `https_proxy`.
    pub(crate) https: String,
    /// `ALL_PROXY` or `all_proxy`.
    pub(crate) all: String,
    /// `NO_PROXY` or `no_proxy`.
    pub(crate) none: String,
}

impl fmt::Debug for Proxies {
    /// Says nothing, because a proxy's address may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Proxies").finish_non_exhaustive()
    }
}

/// Makes clients that share trust and proxies; each client keeps its own connections.
#[derive(Debug)]
pub(crate) struct Https {
    proxies: Proxies,
    connect_limit: Duration,
    connector: OnceLock<HttpsConnector<Route>>,
}

/// A client for requests with bodies of type `B`.
pub(crate) type HttpsClient<B> = Client<HttpsConnector<Route>, B>;

impl Https {
    /// Opens nothing and reads nothing yet.
    pub(crate) fn new(proxies: Proxies, connect_limit: Duration) -> Self {
        Self {
            proxies,
            connect_limit,
            connector: OnceLock::new(),
        }
    }

    /// Returns a client that speaks HTTP/1.1, trusts whom the system trusts, and follows nothing.
    ///
    /// A machine without any trusted roots, such as an empty container, gets Mozilla's.
    pub(crate) fn client<B>(&self) -> Result<HttpsClient<B>, HttpsError>
    where
        B: http_body::Body + Send,
        B::Data: Send,
    {
        let connector = match self.connector.get() {
            Some(connector) => connector.clone(),
            None => {
                let built = self.connect(system_trust().map_err(HttpsError::Trust)?);
                self.connector.get_or_init(|| built).clone()
            }
        };
        Ok(Client::builder(TokioExecutor::new()).build(connector))
    }

    fn connect(&self, trust: ClientConfig) -> HttpsConnector<Route> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(self.connect_limit));
        tcp.set_nodelay(true);
        let proxies = Matcher::builder()
            .https(self.proxies.https.clone())
            .all(self.proxies.all.clone())
            .no(self.proxies.none.clone())
            .build();
        HttpsConnectorBuilder::new()
            .with_tls_config(trust)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Route {
                tcp,
                proxies: Arc::new(proxies),
            })
    }
}

fn system_trust() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = or_bundled(Verifier::new(provider.clone()), provider.clone())?;
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn or_bundled(
    system: Result<Verifier, rustls::Error>,
    provider: Arc<CryptoProvider>,
) -> Result<Verifier, rustls::Error> {
    system.or_else(|_| {
        let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
        Verifier::new_with_extra_roots(bundled, provider)
    })
}

/// Opens connections: straight, or through the proxy that the variables name for the host.
///
/// Plain HTTP is for servers on this machine and never goes through a proxy.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    tcp: HttpConnector,
    proxies: Arc<Matcher>,
}

impl Service<Uri> for Route {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let is_tls = destination.scheme_str() == Some("https");
        let proxy = self.proxies.intercept(&destination).filter(|_| is_tls);
        let tcp = self.tcp.clone();
        Box::pin(async move {
            match proxy {
                Some(proxy) => through(&proxy, tcp, destination).await,
                None => {
                    let mut tcp = tcp;
                    Ok(tcp.call(destination).await?)
                }
            }
        })
    }
}

async fn through(
    proxy: &Intercept,
    tcp: HttpConnector,
    destination: Uri,
) -> Result<TokioIo<TcpStream>, BoxError> {
    let address = proxy.uri();
    match address.scheme_str() {
        Some("http") => {
            let mut tunnel = Tunnel::new(address.clone(), tcp);
            if let Some(credentials) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(credentials.clone());
            }
            Ok(tunnel.call(destination).await?)
        }
        Some(scheme @ ("socks5" | "socks5h")) => {
            let mut socks =
                SocksV5::new(with_port(address, 1080)?, tcp).local_dns(scheme == "socks5");
            if let Some((user, password)) = proxy.raw_auth() {
                socks = socks.with_auth(user.to_owned(), password.to_owned());
            }
            Ok(socks.call(destination).await?)
        }
        scheme => Err(HttpsError::ProxyScheme(scheme.unwrap_or_default().to_owned()).into()),
    }
}

fn with_port(address: &Uri, port: u16) -> Result<Uri, BoxError> {
    if address.port().is_some() {
        return Ok(address.clone());
    }
    let host = address.host().unwrap_or_default();
    Ok(Uri::builder()
        .scheme(address.scheme_str().unwrap_or("socks5"))
        .authority(format!("{host}:{port}"))
        .path_and_query("/")
        .build()?)
}

/// Why no client could be made, or no connection tried.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpsError {
    /// Neither the system's roots nor the bundled ones could be loaded.
    #[error("failed to load the trusted certificate authorities")]
    Trust(#[source] rustls::Error),
    /// The proxy variable has a scheme that is not spoken.
    #[error("a proxy over \"{0}\" is not supported")]
    ProxyScheme(String),
}

impl From<HttpsError> for Error {
    fn from(error: HttpsError) -> Self {
        let hint = match error {
            HttpsError::Trust(_) => "Set SSL_CERT_FILE to a file with certificates to trust.",
            HttpsError::ProxyScheme(_) => "HTTPS_PROXY takes http://, socks5://, or socks5h://.",
        };
        Self::new(Kind::Unreachable, error).hint(hint)
    }
}

/// Returns what the reader can do about a failed connection, if its causes say.
pub(crate) fn advice(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(advice) = known(current) {
            return Some(advice);
        }
        // `source` of an io::Error skips the error that it wraps.
        cause = match current.downcast_ref::<std::io::Error>() {
            Some(wrapper) => wrapper
                .get_ref()
                .map(|inner| -> &(dyn StdError + 'static) { inner }),
            None => current.source(),
        };
    }
    None
}

fn known(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
        return Some(
            "The server's certificate is not trusted; SSL_CERT_FILE may name the authorities of your network.",
        );
    }
    if let Some(HttpsError::ProxyScheme(_)) = error.downcast_ref() {
        return Some("HTTPS_PROXY takes http://, socks5://, or socks5h://.");
    }
    // hyper-util does not export the type of its tunnel's error, only its text.
    error
        .to_string()
        .starts_with("tunnel error")
        .then_some("The proxy in HTTPS_PROXY refused; NO_PROXY lists hosts that need none.")
}

#[cfg(test)]
#[path = "https_tests.rs"]
mod tests;
