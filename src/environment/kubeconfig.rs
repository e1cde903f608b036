//! Kubeconfig texts as values: which contexts there are, and which cluster each one means.
//!
//! Nothing of a user's credentials is kept, and no line of a kubeconfig is ever shown. The current
//! context is not even read: it never decides where a deploy goes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::cluster_identity::{Authority, ClusterIdentity};
use super::yaml::{self, At, Fault, Problem};
use crate::error::{Error, Kind};

/// The text of one kubeconfig file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KubeconfigText<'a> {
    pub(crate) path: &'a Path,
    pub(crate) text: &'a str,
}

/// The contexts of all kubeconfig files; of equal names the first one counts, as for kubectl.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kubeconfig {
    contexts: Vec<Context>,
    pub(crate) shadowed: Vec<Shadowed>,
}

/// A context with all that it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) cluster: Result<Cluster, BrokenContext>,
    /// The user's name in the kubeconfig.
    pub(crate) user: Option<String>,
    /// Whom the user's entry impersonates.
    pub(crate) impersonates: Option<String>,
    pub(crate) file: PathBuf,
}

/// Why a context leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BrokenContext {
    /// It names no cluster.
    Unsaid,
    /// No file has a cluster of that name.
    NoCluster(String),
    /// The cluster has no `server`.
    NoServer(String),
    /// `certificate-authority-data` is not base64.
    BadAuthority(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cluster {
    pub(crate) server: String,
    pub(crate) authority: AuthoritySource,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuthoritySource {
    Known(Authority),
    /// A PEM file; relative paths are already joined to the folder of their kubeconfig.
    File(PathBuf),
}

impl Cluster {
    /// Returns the file that has to be read to know the cluster's authority.
    pub(crate) fn authority_file(&self) -> Option<&Path> {
        match &self.authority {
            AuthoritySource::Known(_) => None,
            AuthoritySource::File(path) => Some(path),
        }
    }

    /// Returns who the cluster is; `pem` is the content of [`Cluster::authority_file`].
    pub(crate) fn identity(&self, pem: &[u8]) -> ClusterIdentity {
        ClusterIdentity {
            server: self.server.clone(),
            authority: match &self.authority {
                AuthoritySource::Known(authority) => authority.clone(),
                AuthoritySource::File(_) => Authority::of_pem(pem),
            },
        }
    }
}

/// A name that two files define.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shadowed {
    pub(crate) kind: Named,
    pub(crate) name: String,
    pub(crate) counts: PathBuf,
    pub(crate) ignored: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Context,
    Cluster,
    User,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KubeconfigError {
    #[error("{at}: {problem}")]
    Malformed { at: At, problem: String },
    /// A file of another kind, such as a manifest.
    #[error("{file} is not a kubeconfig but of kind {}", .kind.escape_debug())]
    OtherKind { file: String, kind: String },
}

impl KubeconfigError {
    /// Makes the error of another parser of the same text, without what it quotes of the text.
    pub(crate) fn unparsable(path: &Path, error: &serde_yaml::Error) -> Self {
        Self::malformed(path, &yaml::fault(error))
    }

    fn malformed(path: &Path, fault: &Fault) -> Self {
        Self::Malformed {
            at: fault.at(&path.display().to_string()),
            problem: match &fault.problem {
                Problem::UnknownKey { key, .. } => format!("there is no key `{key}`"),
                Problem::Other(problem) => problem.clone(),
            },
        }
    }
}

impl From<KubeconfigError> for Error {
    fn from(error: KubeconfigError) -> Self {
        Self::new(Kind::NotFound, error)
            .hint("Correct the file, or name another one with --kubeconfig.")
    }
}

impl Kubeconfig {
    /// Parses the files in their order.
    pub(crate) fn parse(files: &[KubeconfigText<'_>]) -> Result<Self, KubeconfigError> {
        let mut merged = Merged::default();
        for file in files {
            merged.add(file)?;
        }
        Ok(merged.resolve())
    }

    pub(crate) fn context(&self, name: &str) -> Option<&Context> {
        self.contexts.iter().find(|context| context.name == name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.contexts.iter().map(|context| context.name.as_str())
    }
}

/// Tells whether a kubeconfig holds a credential itself, so that nobody else should read it.
pub(crate) fn holds_secrets(text: &str) -> bool {
    yaml::parse_all::<RawKubeconfig>(text)
        .unwrap_or_default()
        .into_iter()
        .flat_map(|raw| raw.users.unwrap_or_default())
        .filter_map(|named| named.user)
        .any(|user| user.holds_secrets())
}

#[derive(Default)]
struct Merged {
    contexts: Vec<(RawNamedContext, PathBuf)>,
    clusters: BTreeMap<String, (RawCluster, PathBuf)>,
    users: BTreeMap<String, (RawUser, PathBuf)>,
    shadowed: Vec<Shadowed>,
}

impl Merged {
    fn add(&mut self, file: &KubeconfigText<'_>) -> Result<(), KubeconfigError> {
        let documents: Vec<RawKubeconfig> = yaml::parse_all(file.text)
            .map_err(|fault| KubeconfigError::malformed(file.path, &fault))?;
        for document in documents {
            if let Some(kind) = document.kind
                && kind != "Config"
            {
                return Err(KubeconfigError::OtherKind {
                    file: file.path.display().to_string(),
                    kind,
                });
            }
            self.add_document(
                document.contexts.unwrap_or_default(),
                document.clusters.unwrap_or_default(),
                document.users.unwrap_or_default(),
                file.path,
            );
        }
        Ok(())
    }

    fn add_document(
        &mut self,
        contexts: Vec<RawNamedContext>,
        clusters: Vec<RawNamedCluster>,
        users: Vec<RawNamedUser>,
        path: &Path,
    ) {
        for context in contexts {
            let first = self
                .contexts
                .iter()
                .find(|(earlier, _)| earlier.name == context.name)
                .map(|(_, path)| path.clone());
            match first {
                Some(first) => self.shadow(Named::Context, context.name, first, path),
                None => self.contexts.push((context, path.to_owned())),
            }
        }
        for named in clusters {
            match self.clusters.get(&named.name).map(|(_, path)| path.clone()) {
                Some(first) => self.shadow(Named::Cluster, named.name, first, path),
                None => {
                    let cluster = named.cluster.unwrap_or_default();
                    self.clusters.insert(named.name, (cluster, path.to_owned()));
                }
            }
        }
        for named in users {
            match self.users.get(&named.name).map(|(_, path)| path.clone()) {
                Some(first) => self.shadow(Named::User, named.name, first, path),
                None => {
                    let user = named.user.unwrap_or_default();
                    self.users.insert(named.name, (user, path.to_owned()));
                }
            }
        }
    }

    fn shadow(&mut self, kind: Named, name: String, counts: PathBuf, ignored: &Path) {
        self.shadowed.push(Shadowed {
            kind,
            name,
            counts,
            ignored: ignored.to_owned(),
        });
    }

    fn resolve(self) -> Kubeconfig {
        let Self {
            contexts,
            clusters,
            users,
            shadowed,
        } = self;
        let contexts = contexts
            .into_iter()
            .map(|(named, file)| {
                let context = named.context.unwrap_or_default();
                let user = text(context.user);
                Context {
                    name: named.name,
                    namespace: text(context.namespace),
                    cluster: cluster(text(context.cluster), &clusters),
                    impersonates: user
                        .as_ref()
                        .and_then(|name| users.get(name))
                        .and_then(|(user, _)| user.impersonates()),
                    user,
                    file,
                }
            })
            .collect();
        Kubeconfig { contexts, shadowed }
    }
}

/// An empty text says nothing: tools write `namespace: ""`.
fn text(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn cluster(
    name: Option<String>,
    clusters: &BTreeMap<String, (RawCluster, PathBuf)>,
) -> Result<Cluster, BrokenContext> {
    let name = name.ok_or(BrokenContext::Unsaid)?;
    let Some((raw, path)) = clusters.get(&name) else {
        return Err(BrokenContext::NoCluster(name));
    };
    let Some(server) = text(raw.server.clone()) else {
        return Err(BrokenContext::NoServer(name));
    };
    let data = text(raw.certificate_authority_data.clone());
    let authority = match (data, text(raw.certificate_authority.clone())) {
        _ if raw.insecure_skip_tls_verify == Some(true) || is_plain_http(&server) => {
            AuthoritySource::Known(Authority::Unverified)
        }
        (Some(data), _) => {
            let data: String = data.chars().filter(|c| !c.is_whitespace()).collect();
            match STANDARD.decode(data) {
                Ok(pem) => AuthoritySource::Known(Authority::of_pem(&pem)),
                Err(_) => return Err(BrokenContext::BadAuthority(name)),
            }
        }
        (None, Some(file)) => {
            let folder = path.parent().unwrap_or(Path::new(""));
            AuthoritySource::File(folder.join(file))
        }
        (None, None) => AuthoritySource::Known(Authority::System),
    };
    Ok(Cluster { server, authority })
}

fn is_plain_http(server: &str) -> bool {
    server
        .get(..7)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawKubeconfig {
    kind: Option<String>,
    contexts: Option<Vec<RawNamedContext>>,
    clusters: Option<Vec<RawNamedCluster>>,
    users: Option<Vec<RawNamedUser>>,
}

#[derive(Deserialize)]
struct RawNamedContext {
    name: String,
    context: Option<RawContext>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawContext {
    cluster: Option<String>,
    user: Option<String>,
    namespace: Option<String>,
}

#[derive(Deserialize)]
struct RawNamedCluster {
    name: String,
    cluster: Option<RawCluster>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct RawCluster {
    server: Option<String>,
    certificate_authority: Option<String>,
    certificate_authority_data: Option<String>,
    insecure_skip_tls_verify: Option<bool>,
}

#[derive(Deserialize)]
struct RawNamedUser {
    name: String,
    user: Option<RawUser>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct RawUser {
    #[serde(rename = "as")]
    impersonate: Option<String>,
    as_uid: Option<String>,
    as_groups: Option<Vec<String>>,
    token: Option<IgnoredAny>,
    password: Option<IgnoredAny>,
    client_key_data: Option<IgnoredAny>,
    auth_provider: Option<IgnoredAny>,
}

impl RawUser {
    fn impersonates(&self) -> Option<String> {
        let groups = self.as_groups.iter().flatten().cloned();
        self.impersonate
            .iter()
            .chain(&self.as_uid)
            .cloned()
            .chain(groups)
            .find(|name| !name.is_empty())
    }

    fn holds_secrets(&self) -> bool {
        [
            &self.token,
            &self.password,
            &self.client_key_data,
            &self.auth_provider,
        ]
        .into_iter()
        .any(Option::is_some)
    }
}

#[cfg(test)]
mod tests;
