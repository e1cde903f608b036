//! Opens the connection to a context's cluster: no request is sent, but a credential plugin is run.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::uri::Scheme;
use kube::client::ClientBuilder;
use kube::config::Kubeconfig;

use super::credentials::{Credentials, PluginLimits};
use super::fault::Fault;
use super::paths::is_name;
use super::plugin::Identity;
use super::settings::{Settings, Wanted};
use super::wire::{Parts, Wire};
use super::{Cluster, Hooks, Limits, Notice};
use crate::error::Error;
use crate::surroundings::Variables;

/// Where to connect to, as whom, and what is needed for it from outside.
pub(crate) struct ConnectOptions<'a> {
    /// Read by the caller, paths in it absolute.
    pub(crate) kubeconfig: &'a Kubeconfig,
    /// Never the current one by default.
    pub(crate) context: &'a str,
    pub(crate) namespace: &'a str,
    /// For proxies and for the credential plugin, which gets all of them.
    pub(crate) variables: &'a Variables,
    /// A person is there whom a credential plugin may ask.
    pub(crate) can_ask: bool,
    /// What the API server's audit log shows.
    pub(crate) user_agent: &'a str,
    pub(crate) limits: Limits,
    pub(crate) hooks: Hooks,
}

impl Cluster {
    /// Prepares everything for the first request. Needs a runtime of tokio around it.
    pub(crate) async fn connect(options: ConnectOptions<'_>) -> Result<Self, Error> {
        Ok(open(options).await?)
    }

    /// Returns the same cluster, seen from another namespace.
    pub(crate) fn in_namespace(&self, namespace: &str) -> Result<Self, Error> {
        Ok(Self {
            wire: Arc::clone(&self.wire),
            namespace: checked(namespace)?,
        })
    }
}

async fn open(options: ConnectOptions<'_>) -> Result<Cluster, Fault> {
    let ConnectOptions { limits, hooks, .. } = options;
    let namespace = checked(options.namespace)?;
    let settings = Settings::of(&Wanted {
        kubeconfig: options.kubeconfig,
        context: options.context,
        user_agent: options.user_agent,
        variables: options.variables,
    })?;
    let mut config = settings.config;
    config.connect_timeout = Some(limits.connect);
    let notice = Arc::clone(&hooks.notice);
    let (credentials, identity) = Credentials::open(
        &settings.user,
        options.variables,
        options.can_ask,
        PluginLimits {
            alone: limits.plugin,
            with_person: limits.login,
            quiet: limits.quiet,
        },
        Box::new(move |command| {
            notice(Notice::WaitingForLogin {
                command: command.to_owned(),
            });
        }),
    )
    .await?;
    let wire = Wire::new(Parts {
        build: Box::new(move |identity| client(&config, identity)),
        identity,
        credentials,
        limits,
        hooks,
        server: settings.server,
        user: settings
            .user_name
            .map_or_else(|| "nobody".to_owned(), |name| format!("`{name}`")),
    })?;
    Ok(Cluster {
        wire: Arc::new(wire),
        namespace,
    })
}

fn checked(namespace: &str) -> Result<String, Fault> {
    if is_name(namespace) {
        Ok(namespace.to_owned())
    } else {
        Err(Fault::Settings(format!(
            "`{namespace}` is no namespace's name"
        )))
    }
}

fn client(config: &kube::Config, identity: Option<&Identity>) -> Result<kube::Client, Fault> {
    let mut config = config.clone();
    if let Some(identity) = identity {
        use secrecy::ExposeSecret;
        let user = &mut config.auth_info;
        user.client_certificate_data = Some(STANDARD.encode(&identity.certificate));
        user.client_key_data = Some(STANDARD.encode(identity.key.expose_secret()).into());
    }
    if config.cluster_url.scheme() == Some(&Scheme::HTTP) {
        // Nobody has to be vouched for: the system's authorities need not be loaded, or be there.
        config.root_cert.get_or_insert_default();
    }
    let built = match ClientBuilder::try_from(config.clone()) {
        // Containers made from scratch have no authorities at all.
        Err(kube::Error::RustlsTls(_)) if config.root_cert.is_none() => {
            let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
            config.root_cert = Some(roots.iter().map(|root| root.to_vec()).collect());
            ClientBuilder::try_from(config)
        }
        result => result,
    };
    match built {
        Ok(builder) => Ok(builder.build()),
        // Its text would hold what the auth provider's command printed.
        Err(kube::Error::Auth(_)) => Err(Fault::auth_provider()),
        Err(error) => Err(Fault::Settings(format!(
            "the kubeconfig's credentials or certificates cannot be used: {error}"
        ))),
    }
}

#[cfg(test)]
#[path = "connect_tests.rs"]
mod tests;
