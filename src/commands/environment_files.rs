//! Finds and reads the files that environments are made of, and writes the user's configuration.
//!
//! Reads nothing else and decides nothing: what the texts mean is `environment/`'s.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::environment::checkout::{self, CheckoutConfig};
use crate::environment::choose::ClusterSource;
use crate::environment::cluster_identity::{Authority, ClusterIdentity};
use crate::environment::config::UserConfig;
use crate::environment::kubeconfig::{Kubeconfig, KubeconfigError, KubeconfigText, holds_secrets};
use crate::error::{Error, Kind};
use crate::surroundings::Variables;

pub(crate) mod fault;
mod read;
mod text;
pub(crate) mod write;

pub(crate) use fault::{FileError, FileWarning, NamedBy};

use read::{read_bytes, read_text};

/// What says where the files are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whereabouts<'a> {
    /// `--config`.
    pub(crate) config: Option<&'a Path>,
    /// `--kubeconfig`.
    pub(crate) kubeconfig: Option<&'a Path>,
    /// Relative paths start here.
    pub(crate) directory: Option<&'a Path>,
    pub(crate) variables: &'a Variables,
}

/// The files of this user, read and parsed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    /// Where a kept answer goes; `None` where there is no home for it.
    pub(crate) config_path: Option<PathBuf>,
    pub(crate) config: UserConfig,
    pub(crate) kubeconfig: Kubeconfig,
    pub(crate) warnings: Vec<FileWarning>,
    texts: Vec<(PathBuf, String)>,
}

impl Files {
    /// Reads the user's configuration and the kubeconfigs. `commands` are the words that cannot be
    /// environments. A file that nobody named may be missing.
    pub(crate) fn read(whereabouts: &Whereabouts<'_>, commands: &[&str]) -> Result<Self, Error> {
        let mut files = Self::default();
        files.read_config(whereabouts, commands)?;
        files.read_kubeconfigs(whereabouts)?;
        Ok(files)
    }

    fn read_config(
        &mut self,
        whereabouts: &Whereabouts<'_>,
        commands: &[&str],
    ) -> Result<(), Error> {
        let Some((path, named_by)) = config_path(whereabouts) else {
            return Ok(());
        };
        match read_text(&path, named_by) {
            Ok(text) => {
                let shown = path.display().to_string();
                self.config = UserConfig::parse(&shown, &text, commands)?;
            }
            Err(FileError::Missing {
                named_by: NamedBy::Convention,
                ..
            }) => {}
            Err(error) => return Err(error.into()),
        }
        self.config_path = Some(path);
        Ok(())
    }

    fn read_kubeconfigs(&mut self, whereabouts: &Whereabouts<'_>) -> Result<(), Error> {
        let paths = kubeconfig_paths(whereabouts);
        let are_several = paths.len() > 1;
        let mut first_missing = None;
        for (path, named_by) in paths {
            match read_text(&path, named_by) {
                Ok(text) if text.trim().is_empty() => self.empty(path, named_by)?,
                Ok(text) => {
                    if is_world_readable(&path) && holds_secrets(&text) {
                        self.warnings.push(FileWarning::WorldReadable(path.clone()));
                    }
                    self.texts.push((path, text));
                }
                Err(FileError::Missing {
                    named_by: NamedBy::Convention,
                    ..
                }) => {}
                Err(error @ FileError::Missing { .. }) if are_several => {
                    self.warnings.push(FileWarning::Missing(path));
                    first_missing.get_or_insert(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(error) = first_missing
            && self.texts.is_empty()
        {
            return Err(error.into());
        }
        let texts: Vec<KubeconfigText<'_>> = self
            .texts
            .iter()
            .map(|(path, text)| KubeconfigText { path, text })
            .collect();
        self.kubeconfig = Kubeconfig::parse(&texts)?;
        Ok(())
    }

    /// An empty kubeconfig that somebody named is a mistake, unless it is `/dev/null`.
    fn empty(&mut self, path: PathBuf, named_by: NamedBy) -> Result<(), FileError> {
        let is_device = fs::metadata(&path).is_ok_and(|data| data.file_type().is_char_device());
        match named_by {
            _ if is_device => Ok(()),
            NamedBy::Convention => {
                self.warnings.push(FileWarning::Empty(path));
                Ok(())
            }
            NamedBy::Flag(_) | NamedBy::Variable(_) | NamedBy::Kubeconfig => {
                Err(FileError::Empty { path, named_by })
            }
        }
    }

    /// Returns the kubeconfigs as the client wants them, made of the very texts that were read for
    /// [`Files::kubeconfig`], all paths in them absolute.
    pub(crate) fn client_kubeconfig(&self) -> Result<kube::config::Kubeconfig, Error> {
        let mut merged = kube::config::Kubeconfig::default();
        for (path, text) in &self.texts {
            let error = |error| client_error(path, error);
            let mut kubeconfig = kube::config::Kubeconfig::from_yaml(text).map_err(error)?;
            make_absolute(&mut kubeconfig, path.parent().unwrap_or(Path::new("")));
            merged = merged.merge(kubeconfig).map_err(error)?;
        }
        Ok(merged)
    }
}

/// Says what the client's parser says, without the lines that it would quote.
fn client_error(path: &Path, error: kube::config::KubeconfigError) -> Error {
    match error {
        kube::config::KubeconfigError::Parse(error) => {
            KubeconfigError::unparsable(path, &error).into()
        }
        other => Error::new(Kind::NotFound, other),
    }
}

fn make_absolute(kubeconfig: &mut kube::config::Kubeconfig, folder: &Path) {
    let join = |path: &mut Option<String>| {
        if let Some(relative) = path.as_deref().filter(|path| !path.is_empty()) {
            *path = Some(folder.join(relative).to_string_lossy().into_owned());
        }
    };
    for named in &mut kubeconfig.clusters {
        if let Some(cluster) = &mut named.cluster {
            join(&mut cluster.certificate_authority);
        }
    }
    for named in &mut kubeconfig.auth_infos {
        let Some(user) = &mut named.auth_info else {
            continue;
        };
        join(&mut user.client_certificate);
        join(&mut user.client_key);
        join(&mut user.token_file);
        // A command without a slash is looked up in PATH, as client-go does.
        if let Some(exec) = &mut user.exec
            && exec
                .command
                .as_ref()
                .is_some_and(|command| command.contains('/'))
        {
            join(&mut exec.command);
        }
    }
}

/// Reads the checkout's configuration, if the checkout has one.
pub(crate) fn read_checkout(root: &Path) -> Result<Option<CheckoutConfig>, Error> {
    let path = root.join(checkout::FILE_NAME);
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(data) if !data.is_file() => return Err(FileError::NotAFile { path }.into()),
        Ok(_) | Err(_) => {}
    }
    let text = read_text(&path, NamedBy::Convention)?;
    Ok(Some(CheckoutConfig::parse(
        &path.display().to_string(),
        &text,
    )?))
}

/// Finds out who a cluster is; `pod` is the kubeconfig of the pod's own credentials, if it is in one.
pub(crate) fn identity(
    source: &ClusterSource,
    pod: Option<&kube::config::Kubeconfig>,
) -> Result<ClusterIdentity, Error> {
    match source {
        ClusterSource::Kubeconfig { cluster, .. } => {
            let pem = match cluster.authority_file() {
                Some(path) => read_bytes(path, NamedBy::Kubeconfig)?,
                None => Vec::new(),
            };
            Ok(cluster.identity(&pem))
        }
        ClusterSource::BuiltIn => Err(FileError::NotInCluster.into()),
        ClusterSource::InCluster => {
            let cluster = pod
                .and_then(|pod| pod.clusters.first())
                .and_then(|named| named.cluster.as_ref())
                .ok_or(FileError::NotInCluster)?;
            let server = cluster.server.clone().ok_or(FileError::NotInCluster)?;
            let authority = match &cluster.certificate_authority {
                Some(path) => Authority::of_pem(&read_bytes(Path::new(path), NamedBy::Kubeconfig)?),
                None => Authority::System,
            };
            Ok(ClusterIdentity { server, authority })
        }
    }
}

fn config_path(whereabouts: &Whereabouts<'_>) -> Option<(PathBuf, NamedBy)> {
    const VARIABLE: &str = "KUBE_DEPLOY_CONFIG";
    if let Some(path) = whereabouts.config {
        return Some((whereabouts.absolute(path), NamedBy::Flag("--config")));
    }
    if let Some(path) = whereabouts.variables.filled(VARIABLE) {
        let path = whereabouts.absolute(Path::new(path));
        return Some((path, NamedBy::Variable(VARIABLE)));
    }
    // A relative XDG_CONFIG_HOME does not count, says its specification.
    let home = whereabouts
        .variables
        .filled("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(whereabouts.home()?.join(".config")))?;
    let path = home.join("kube-deploy").join("config.yaml");
    Some((path, NamedBy::Convention))
}

fn kubeconfig_paths(whereabouts: &Whereabouts<'_>) -> Vec<(PathBuf, NamedBy)> {
    const VARIABLE: &str = "KUBECONFIG";
    const SEPARATOR: char = if cfg!(windows) { ';' } else { ':' };
    if let Some(path) = whereabouts.kubeconfig {
        return vec![(whereabouts.absolute(path), NamedBy::Flag("--kubeconfig"))];
    }
    let listed = whereabouts.variables.filled(VARIABLE).unwrap_or_default();
    let listed: Vec<(PathBuf, NamedBy)> = listed
        .split(SEPARATOR)
        .filter(|path| !path.is_empty())
        .map(|path| {
            let path = whereabouts.absolute(Path::new(path));
            (path, NamedBy::Variable(VARIABLE))
        })
        .collect();
    if !listed.is_empty() {
        return listed;
    }
    whereabouts
        .home()
        .map(|home| (home.join(".kube").join("config"), NamedBy::Convention))
        .into_iter()
        .collect()
}

impl Whereabouts<'_> {
    fn absolute(&self, path: &Path) -> PathBuf {
        match self.directory {
            Some(directory) => directory.join(path),
            None => path.to_owned(),
        }
    }

    fn home(&self) -> Option<PathBuf> {
        self.variables.filled("HOME").map(PathBuf::from)
    }
}

fn is_world_readable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o004 != 0)
}

#[cfg(test)]
mod tests;
