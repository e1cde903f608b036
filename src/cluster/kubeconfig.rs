//! Makes kube's kubeconfig of the texts that were read, credentials included, or of a pod's
//! surroundings. What it says is judged by `environment`; nothing of it is ever shown here.

use std::path::Path;

use kube::config::{
    AuthInfo, Cluster, Context, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext,
};

use super::fault::Fault;
use crate::environment::choose::IN_CLUSTER;
use crate::environment::kubeconfig::KubeconfigText;
use crate::surroundings::Variables;

/// Merges the files, of which the first one with a name counts; relative paths are taken from the
/// folder of their file.
pub(crate) fn merge(files: &[KubeconfigText<'_>]) -> Result<Kubeconfig, Fault> {
    files
        .iter()
        .try_fold(Kubeconfig::default(), |merged, file| {
            // The errors of the parser quote lines, and these may hold credentials.
            let unusable = || Fault::Settings(format!("cannot use {}", file.path.display()));
            let mut config = Kubeconfig::from_yaml(file.text).map_err(|_| unusable())?;
            if let Some(folder) = file.path.parent() {
                resolve_paths(&mut config, folder);
            }
            merged.merge(config).map_err(|_| unusable())
        })
}

fn resolve_paths(config: &mut Kubeconfig, folder: &Path) {
    let resolve = |path: &mut Option<String>| {
        if let Some(path) = path {
            *path = folder.join(&*path).to_string_lossy().into_owned();
        }
    };
    for cluster in &mut config.clusters {
        if let Some(cluster) = &mut cluster.cluster {
            resolve(&mut cluster.certificate_authority);
        }
    }
    for user in &mut config.auth_infos {
        let Some(user) = &mut user.auth_info else {
            continue;
        };
        resolve(&mut user.client_certificate);
        resolve(&mut user.client_key);
        resolve(&mut user.token_file);
        if let Some(exec) = &mut user.exec {
            // A bare name is looked for in PATH.
            let is_path = |command: &String| command.contains(std::path::MAIN_SEPARATOR);
            if exec.command.as_ref().is_some_and(is_path) {
                resolve(&mut exec.command);
            }
        }
    }
}

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

    fn text<'a>(path: &'a str, text: &'a str) -> KubeconfigText<'a> {
        KubeconfigText {
            path: Path::new(path),
            text,
        }
    }

    #[test]
    fn the_first_file_counts_and_paths_are_those_of_their_file() {
        let first = "
clusters: [{name: a, cluster: {server: 'https://first', certificate-authority: ca.pem}}]
users:
- name: dev
  user: {tokenFile: ../token, client-certificate: /abs/cert.pem, client-key: key.pem, exec: {command: ./bin/login}}
- name: path
  user: {exec: {command: aws}}
";
        let second = "
clusters: [{name: a, cluster: {server: 'https://second'}}, {name: b, cluster: {server: 'https://b'}}]
";
        let merged = merge(&[
            text("/home/me/.kube/config", first),
            text("/etc/kube", second),
        ])
        .expect("merged");
        let cluster = |index: usize| merged.clusters[index].cluster.as_ref().expect("a cluster");
        assert_eq!(merged.clusters.len(), 2);
        assert_eq!(cluster(0).server.as_deref(), Some("https://first"));
        assert_eq!(
            cluster(0).certificate_authority.as_deref(),
            Some("/home/me/.kube/ca.pem")
        );
        let user = |index: usize| merged.auth_infos[index].auth_info.as_ref().expect("a user");
        assert_eq!(
            user(0).token_file.as_deref(),
            Some("/home/me/.kube/../token")
        );
        assert_eq!(user(0).client_certificate.as_deref(), Some("/abs/cert.pem"));
        assert_eq!(
            user(0).client_key.as_deref(),
            Some("/home/me/.kube/key.pem")
        );
        let command = |index: usize| {
            user(index)
                .exec
                .as_ref()
                .and_then(|exec| exec.command.clone())
        };
        assert_eq!(command(0).as_deref(), Some("/home/me/.kube/./bin/login"));
        assert_eq!(command(1).as_deref(), Some("aws"));
    }

    #[test]
    fn no_line_of_a_broken_file_is_shown() {
        let broken = "users: [{name: dev, user: {token: hunter2}\n}}}";
        let fault = merge(&[text("/home/me/.kube/config", broken)]).expect_err("broken");
        assert_eq!(fault.to_string(), "cannot use /home/me/.kube/config");
        assert!(!format!("{fault:?}").contains("hunter2"));
    }

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
