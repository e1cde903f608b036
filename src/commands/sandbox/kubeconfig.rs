//! The kubeconfig of the sandbox's server: as values for this program, and for kubectl.

use std::net::SocketAddr;

use kube::config::{AuthInfo, Cluster, Context, Kubeconfig};
use kube::config::{NamedAuthInfo, NamedCluster, NamedContext};

use super::{CONTEXT, NAMESPACE};

/// Returns the kubeconfig with the token where tokens belong.
pub(super) fn for_this_program(url: &str, token: &str) -> Kubeconfig {
    let user = AuthInfo {
        token: Some(token.to_owned().into()),
        ..AuthInfo::default()
    };
    of(url.to_owned(), user)
}

/// Returns the kubeconfig with the token in the server's URL: kubectl sends none over plain HTTP.
pub(super) fn for_kubectl(address: SocketAddr, token: &str) -> Kubeconfig {
    of(format!("http://{address}/as/{token}"), AuthInfo::default())
}

fn of(server: String, user: AuthInfo) -> Kubeconfig {
    let name = || CONTEXT.to_owned();
    Kubeconfig {
        api_version: Some("v1".to_owned()),
        kind: Some("Config".to_owned()),
        clusters: vec![NamedCluster {
            name: name(),
            cluster: Some(Cluster {
                server: Some(server),
                ..Cluster::default()
            }),
            ..NamedCluster::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: name(),
            auth_info: Some(user),
            ..NamedAuthInfo::default()
        }],
        contexts: vec![NamedContext {
            name: name(),
            context: Some(Context {
                cluster: name(),
                user: Some(name()),
                namespace: Some(NAMESPACE.to_owned()),
                ..Context::default()
            }),
            ..NamedContext::default()
        }],
        current_context: Some(name()),
        ..Kubeconfig::default()
    }
}
