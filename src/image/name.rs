//! Parses the name of an image's repository into its registry and its path there.
//!
//! Short names of Docker Hub are kept as they were written and compared as they are meant.

use std::fmt;

use super::Fault;

/// The longest path of a repository within its registry.
const LONGEST_PATH: usize = 255;

const DOCKER_HUB: &str = "docker.io";

/// The name of an image's repository, as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ImageName {
    text: String,
    host_length: Option<usize>,
}

impl ImageName {
    /// Returns the registry's host and port in lower case, `docker.io` where none is written.
    pub(crate) fn registry(&self) -> String {
        match self.host() {
            Some(host) => match host.to_ascii_lowercase().as_str() {
                "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB.to_owned(),
                other => other.to_owned(),
            },
            None => DOCKER_HUB.to_owned(),
        }
    }

    /// Returns the repository's path within its registry, `library/nginx` for Docker Hub's `nginx`.
    pub(crate) fn path(&self) -> String {
        let written = match self.host_length {
            Some(length) => self.text.get(length + 1..).unwrap_or_default(),
            None => &self.text,
        };
        if self.registry() == DOCKER_HUB && !written.contains('/') {
            format!("library/{written}")
        } else {
            written.to_owned()
        }
    }

    /// Tells whether both name one repository, however Docker Hub's names are shortened.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.registry() == other.registry() && self.path() == other.path()
    }

    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let host_length = text
            .split_once('/')
            .map(|(first, _)| first)
            .filter(|first| is_host_like(first))
            .map(str::len);
        let path = match host_length {
            Some(length) => {
                check_host(text.get(..length).unwrap_or_default())?;
                text.get(length + 1..).unwrap_or_default()
            }
            None => text,
        };
        if path.len() > LONGEST_PATH {
            return Err(Fault::LongName(path.len()));
        }
        if path.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(Fault::Capitals);
        }
        if host_length.is_none() && path.len() == 64 && path.bytes().all(|b| b.is_ascii_hexdigit())
        {
            return Err(Fault::Id);
        }
        if path.split('/').all(is_path_component) {
            Ok(Self {
                text: text.to_owned(),
                host_length,
            })
        } else {
            Err(Fault::Path)
        }
    }

    fn host(&self) -> Option<&str> {
        self.host_length.and_then(|length| self.text.get(..length))
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Tells a host from the first part of a Docker Hub path, by the rule that Docker made.
fn is_host_like(first: &str) -> bool {
    first.contains(['.', ':']) || first.starts_with('[') || first == "localhost"
}

fn check_host(text: &str) -> Result<(), Fault> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            let is_address = address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
            if address.is_empty() || !is_address {
                return Err(Fault::Host);
            }
            match rest.strip_prefix(':') {
                Some(port) => (None, Some(port)),
                None if rest.is_empty() => (None, None),
                None => return Err(Fault::Host),
            }
        }
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), None),
        },
    };
    let is_host = host.is_none_or(|host| host.split('.').all(is_domain_component));
    let is_port = port.is_none_or(|port| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if is_host && is_port {
        Ok(())
    } else {
        Err(Fault::Host)
    }
}

fn is_domain_component(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Lower-case letters and digits, parted by one `.`, one or two `_`, or any number of `-`.
fn is_path_component(text: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends_well = bytes.first().copied().is_some_and(is_letter)
        && bytes.last().copied().is_some_and(is_letter);
    ends_well
        && text
            .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            .all(|between| {
                matches!(between, "" | "." | "_" | "__") || between.bytes().all(|b| b == b'-')
            })
}
