//! What makes a cluster the same one as last time: its server's URL and its certificate authority.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Who vouches for the server's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Authority {
    /// The authorities that this machine trusts anyway.
    System,
    /// The kubeconfig's own; SHA-256 of its certificates, in hex.
    Certificates(String),
    /// Nobody: `insecure-skip-tls-verify`, or plain http.
    Unverified,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `system` nor `sha256:` with 64 hex digits")]
pub(crate) struct BadAuthority(String);

impl Authority {
    /// Returns the authority that these bytes of a PEM file are.
    ///
    /// Only the certificates count, so the same ones inline and in a file, or with other line
    /// breaks and comments, are the same authority.
    pub(crate) fn of_pem(pem: &[u8]) -> Self {
        let text = String::from_utf8_lossy(pem);
        let mut hasher = Sha256::new();
        let mut certificates = 0;
        for block in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
            let body = block.split("-----END").next().unwrap_or_default();
            let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
            if let Ok(certificate) = STANDARD.decode(body) {
                hasher.update(certificate);
                certificates += 1;
            }
        }
        if certificates == 0 {
            hasher.update(pem);
        }
        let hex = hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self::Certificates(hex)
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => formatter.write_str("system"),
            Self::Certificates(hex) => write!(formatter, "sha256:{hex}"),
            Self::Unverified => formatter.write_str("unverified"),
        }
    }
}

impl FromStr for Authority {
    type Err = BadAuthority;

    /// `unverified` cannot be written: nothing could be held to it.
    fn from_str(text: &str) -> Result<Self, BadAuthority> {
        let hex = text.strip_prefix("sha256:");
        match (text, hex) {
            ("system", _) => Ok(Self::System),
            (_, Some(hex)) if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Ok(Self::Certificates(hex.to_ascii_lowercase()))
            }
            _ => Err(BadAuthority(text.chars().take(80).collect())),
        }
    }
}

impl TryFrom<String> for Authority {
    type Error = BadAuthority;

    fn try_from(text: String) -> Result<Self, BadAuthority> {
        text.parse()
    }
}

/// A cluster as a kubeconfig or a pod's surroundings describe it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClusterIdentity {
    pub(crate) server: String,
    pub(crate) authority: Authority,
}

/// What the user's configuration says the cluster of an environment is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pin {
    pub(crate) server: Option<String>,
    pub(crate) authority: Option<Authority>,
}

/// How a cluster differs from its pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    Server { pinned: String, found: String },
    Authority { pinned: Authority, found: Authority },
}

impl Pin {
    /// Returns the first way in which `identity` is another cluster than the pinned one.
    pub(crate) fn difference(&self, identity: &ClusterIdentity) -> Option<Difference> {
        if let Some(pinned) = &self.server
            && same_server(pinned) != same_server(&identity.server)
        {
            return Some(Difference::Server {
                pinned: pinned.clone(),
                found: identity.server.clone(),
            });
        }
        match &self.authority {
            Some(pinned) if *pinned != identity.authority => Some(Difference::Authority {
                pinned: pinned.clone(),
                found: identity.authority.clone(),
            }),
            Some(_) | None => None,
        }
    }
}

/// Returns a server's URL in the one spelling that is compared.
fn same_server(url: &str) -> String {
    let url = url.trim().trim_end_matches('/');
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let scheme = scheme.to_ascii_lowercase();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = authority.to_ascii_lowercase();
    let usual_port = if scheme == "http" { ":80" } else { ":443" };
    let authority = authority.strip_suffix(usual_port).unwrap_or(&authority);
    format!("{scheme}://{authority}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAQIDBAUG\n-----END CERTIFICATE-----\n";

    #[test]
    fn an_authority_is_its_certificates() {
        let plain = Authority::of_pem(PEM.as_bytes());
        let wrapped = "# issued for us\r\n-----BEGIN CERTIFICATE-----\r\nAQID\r\nBAUG\r\n-----END CERTIFICATE-----";
        assert_eq!(Authority::of_pem(wrapped.as_bytes()), plain);
        assert_eq!(
            plain.to_string(),
            "sha256:7192385c3c0605de55bb9476ce1d90748190ecb32a8eed7f5207b30cf6a1fe89"
        );
        assert_eq!(plain.to_string().parse(), Ok(plain.clone()));
        let other = PEM.replace("AQID", "AQIE");
        assert_ne!(Authority::of_pem(other.as_bytes()), plain);
        assert_ne!(
            Authority::of_pem(b"no certificate"),
            Authority::of_pem(b"another text")
        );
    }

    #[test]
    fn an_authority_is_written_as_system_or_as_a_hash() {
        for text in [
            "",
            "sha256:",
            "sha256:abc",
            "unverified",
            "SYSTEM",
            "md5:00",
        ] {
            assert!(text.parse::<Authority>().is_err(), "{text}");
        }
        assert_eq!("system".parse(), Ok(Authority::System));
    }

    #[test]
    fn a_pin_holds_a_cluster_to_server_and_authority() {
        let hash = Authority::of_pem(PEM.as_bytes());
        let found = |server: &str, authority: &Authority| ClusterIdentity {
            server: server.to_owned(),
            authority: authority.clone(),
        };
        let pin = Pin {
            server: Some("https://api.example.com".to_owned()),
            authority: Some(hash.clone()),
        };
        let same = [
            "https://api.example.com",
            "https://api.example.com/",
            "https://api.example.com:443",
            "HTTPS://API.example.com:443/",
        ];
        for server in same {
            assert_eq!(pin.difference(&found(server, &hash)), None, "{server}");
        }
        let others = [
            "http://api.example.com",
            "https://api.example.com:6443",
            "https://api.example.com/k8s/clusters/c-1",
            "https://api.example.com.evil.org",
        ];
        for server in others {
            assert!(
                matches!(
                    pin.difference(&found(server, &hash)),
                    Some(Difference::Server { .. })
                ),
                "{server}"
            );
        }
        for authority in [Authority::System, Authority::Unverified] {
            assert_eq!(
                pin.difference(&found("https://api.example.com", &authority)),
                Some(Difference::Authority {
                    pinned: hash.clone(),
                    found: authority
                })
            );
        }
        assert_eq!(
            Pin::default().difference(&found("https://x", &Authority::Unverified)),
            None
        );
    }
}
