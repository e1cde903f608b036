//! Makes a kubeconfig of what a pod finds around it, so that its own credentials are used like any
//! others, and only when somebody names them.

use kube::config::{
    AuthInfo, Cluster, Context, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext,
};

use crate::environment::choose::IN_CLUSTER;
use crate::surroundings::Variables;

/// Returns the kubeconfig of a pod's own credentials, if the variables say that this is a pod.
pub(crate) fn of_pod(variables: &Variables) -> Option<Kubeconfig> {
    const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
    let host = variables.filled("KUBERNETES_SERVICE_HOST")?;
    let port = variables.filled("KUBERNETES_SERVICE_PORT")?;
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    Some(of_one(
        Cluster {
            server: Some(format!("https://{host}:{port}")),
            certificate_authority: Some(format!("{FOLDER}/ca.crt")),
            ..Cluster::default()
        },
        AuthInfo {
            token_file: Some(format!("{FOLDER}/token")),
            ..AuthInfo::default()
        },
    ))
}

/// Returns a kubeconfig whose one context, [`IN_CLUSTER`], is this cluster as this user.
fn of_one(cluster: Cluster, user: AuthInfo) -> Kubeconfig {
    let name = || IN_CLUSTER.to_owned();
    Kubeconfig {
        clusters: vec![NamedCluster {
            name: name(),
            cluster: Some(cluster),
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
                ..Context::default()
            }),
            ..NamedContext::default()
        }],
        ..Kubeconfig::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_pod_is_known_by_its_variables() {
        let variables = |entries: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            Variables(entries.iter().map(owned).collect::<BTreeMap<_, _>>())
        };
        assert!(of_pod(&variables(&[])).is_none());
        for (host, expected) in [
            ("10.0.0.1", "https://10.0.0.1:443"),
            ("fd00::1", "https://[fd00::1]:443"),
        ] {
            let found = of_pod(&variables(&[
                ("KUBERNETES_SERVICE_HOST", host),
                ("KUBERNETES_SERVICE_PORT", "443"),
            ]))
            .expect("a pod");
            assert_eq!(found.contexts[0].name, IN_CLUSTER);
            let cluster = found.clusters[0].cluster.as_ref().expect("a cluster");
            assert_eq!(cluster.server.as_deref(), Some(expected));
            let user = found.auth_infos[0].auth_info.as_ref().expect("a user");
            assert!(user.token_file.is_some());
        }
    }
}
