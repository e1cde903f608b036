//! Turns one context of a kubeconfig into what a client needs: server, authorities, proxy, user.
//!
//! Takes the context by its name and never the current one, and reads no variables but those it is
//! given.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::USER_AGENT;
use http::uri::{Scheme, Uri};
use http::{HeaderValue, header};
use kube::config::{AuthInfo, Cluster, ExecAuthCluster, Kubeconfig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::fault::Fault;
use super::proxy;
use crate::surroundings::Variables;

/// A context, resolved.
pub(crate) struct Settings {
    /// Without any credentials but a client certificate from the kubeconfig.
    pub(crate) config: kube::Config,
    pub(crate) user: AuthInfo,
    pub(crate) user_name: Option<String>,
    /// The server as people may see it: scheme, host, and port.
    pub(crate) server: String,
}

/// Which context to take, and as whom to introduce ourselves.
pub(crate) struct Wanted<'a> {
    pub(crate) kubeconfig: &'a Kubeconfig,
    pub(crate) context: &'a str,
    pub(crate) user_agent: &'a str,
    pub(crate) variables: &'a Variables,
}

impl Settings {
    pub(crate) fn of(wanted: &Wanted<'_>) -> Result<Self, Fault> {
        let (cluster, user_name, mut user) = pick(wanted.kubeconfig, wanted.context)?;
        let url = server_url(&cluster, &user)?;
        let mut config = kube::Config::new(url.clone());
        config.root_cert = authorities(&cluster)?;
        config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or_default();
        config.disable_compression = cluster.disable_compression.unwrap_or_default();
        config.tls_server_name = cluster.tls_server_name.clone();
        config.proxy_url = proxy::choose(&url, cluster.proxy_url.as_deref(), wanted.variables)?;
        // 15 tries of everything, up to 1,000 s apart, without a word: ours are in `retry`.
        config.default_retry = false;
        let agent = HeaderValue::from_str(wanted.user_agent)
            .map_err(|_| Fault::Settings("the user agent is no header".to_owned()))?;
        config.headers.push((USER_AGENT, agent));
        config
            .headers
            .push((header::ACCEPT, HeaderValue::from_static("application/json")));
        if let Some(exec) = &mut user.exec
            && exec.provide_cluster_info
        {
            let cluster = ExecAuthCluster::try_from(&cluster)
                .map_err(|error| Fault::Settings(error.to_string()))?;
            exec.cluster = Some(cluster);
        }
        config.auth_info = without_our_part(&user);
        Ok(Self {
            config,
            user,
            user_name,
            server: shown(&url),
        })
    }
}

/// Returns the cluster and the user of a context; a context without a user has none.
fn pick(kubeconfig: &Kubeconfig, name: &str) -> Result<(Cluster, Option<String>, AuthInfo), Fault> {
    let context = kubeconfig
        .contexts
        .iter()
        .find(|context| context.name == name)
        .and_then(|context| context.context.as_ref())
        .ok_or_else(|| Fault::Settings(format!("the kubeconfig has no context `{name}`")))?;
    let cluster = kubeconfig
        .clusters
        .iter()
        .find(|cluster| cluster.name == context.cluster)
        .and_then(|cluster| cluster.cluster.clone())
        .ok_or_else(|| {
            Fault::Settings(format!(
                "context `{name}` names the cluster `{}`, which the kubeconfig does not have",
                context.cluster
            ))
        })?;
    let Some(user_name) = context.user.clone().filter(|user| !user.is_empty()) else {
        return Ok((cluster, None, AuthInfo::default()));
    };
    let user = kubeconfig
        .auth_infos
        .iter()
        .find(|user| user.name == user_name)
        .and_then(|user| user.auth_info.clone())
        .ok_or_else(|| {
            Fault::Settings(format!(
                "context `{name}` names the user `{user_name}`, which the kubeconfig does not have"
            ))
        })?;
    Ok((cluster, Some(user_name), user))
}

fn server_url(cluster: &Cluster, user: &AuthInfo) -> Result<Uri, Fault> {
    let server = cluster
        .server
        .as_deref()
        .filter(|server| !server.is_empty())
        .ok_or_else(|| Fault::Settings("the kubeconfig names no server".to_owned()))?;
    let with_scheme = if server.contains("://") {
        server.to_owned()
    } else {
        // As client-go does: TLS where something says that it is meant.
        let means_tls = cluster.certificate_authority.is_some()
            || cluster.certificate_authority_data.is_some()
            || cluster.insecure_skip_tls_verify == Some(true)
            || user.client_certificate.is_some()
            || user.client_certificate_data.is_some();
        let scheme = if means_tls { "https" } else { "http" };
        format!("{scheme}://{server}")
    };
    with_scheme
        .parse::<Uri>()
        .ok()
        .filter(|url| {
            url.host().is_some()
                && [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&url.scheme())
        })
        .ok_or_else(|| Fault::Settings("the kubeconfig's server is not a URL".to_owned()))
}

/// Returns scheme, host, and port: a path is noise, and a password in front of the host is secret.
fn shown(url: &Uri) -> String {
    let scheme = url.scheme_str().unwrap_or("https");
    let host = url.host().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

/// Returns the certificates (DER) that vouch for the server, or `None` for those of this machine.
fn authorities(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>, Fault> {
    let pem = match (
        &cluster.certificate_authority_data,
        &cluster.certificate_authority,
    ) {
        (Some(data), _) => STANDARD.decode(data).map_err(|_| {
            Fault::Settings("certificate-authority-data in the kubeconfig is not base64".to_owned())
        })?,
        (None, Some(path)) => std::fs::read(path).map_err(|error| {
            Fault::Settings(format!(
                "cannot read the certificate authority {path}: {error}"
            ))
        })?,
        (None, None) => return Ok(None),
    };
    let certificates: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(&pem)
        .filter_map(|certificate| Some(certificate.ok()?.to_vec()))
        .collect();
    if certificates.is_empty() {
        return Err(Fault::Settings(
            "the kubeconfig's certificate authority holds no certificate".to_owned(),
        ));
    }
    Ok(Some(certificates))
}

/// Returns the user without what `credentials` takes care of, so that kube neither runs the plugin
/// (it would, three times) nor freezes a token. Client certificates, impersonation, and the old
/// auth providers are kube's.
fn without_our_part(user: &AuthInfo) -> AuthInfo {
    let mut user = user.clone();
    if user.auth_provider.is_none() {
        user.username = None;
        user.password = None;
        user.token = None;
        user.token_file = None;
        user.exec = None;
    }
    user
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
