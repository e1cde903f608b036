//! Tells in words why a TLS connection failed. Never offers to skip the verification.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError};

/// Why the two ends could not agree that they may talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The server's certificate is signed by nobody who is trusted for this cluster.
    UnknownIssuer,
    /// The server's certificate is not valid any more, if known since when.
    Expired { since: Option<String> },
    /// The server's certificate is not valid yet, if known from when: mostly a wrong local clock.
    NotYetValid { from: Option<String> },
    /// The server's certificate is for other names.
    WrongName {
        host: Option<String>,
        names: Vec<String>,
    },
    /// The other end does not speak TLS: plain HTTP, or another protocol altogether.
    NotTls,
    /// The server refused our client certificate, or wants one.
    ClientCertificate { alert: String },
    /// Any other failure, in rustls' words.
    Other(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer => formatter
                .write_str("its certificate is signed by no authority that is trusted for it"),
            Self::Expired { since: Some(since) } => {
                write!(formatter, "its certificate expired at {since}")
            }
            Self::Expired { since: None } => formatter.write_str("its certificate has expired"),
            Self::NotYetValid { from: Some(from) } => {
                write!(formatter, "its certificate is valid only from {from} on")
            }
            Self::NotYetValid { from: None } => {
                formatter.write_str("its certificate is not valid yet")
            }
            Self::WrongName { host, names } => {
                formatter.write_str("its certificate is not for ")?;
                formatter.write_str(host.as_deref().unwrap_or("this host"))?;
                if names.is_empty() {
                    return Ok(());
                }
                write!(formatter, " but for {}", names.join(", "))
            }
            Self::NotTls => formatter.write_str("it does not speak TLS on this port"),
            Self::ClientCertificate { alert } => {
                write!(formatter, "it refused the client certificate ({alert})")
            }
            Self::Other(text) => formatter.write_str(text),
        }
    }
}

impl Trouble {
    /// Returns the TLS failure that is somewhere in the error's causes.
    pub(crate) fn find(error: &(dyn StdError + 'static)) -> Option<Self> {
        causes(error).find_map(|cause| cause.downcast_ref().map(Self::of))
    }

    fn of(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(certificate) => Self::of_certificate(certificate),
            rustls::Error::InvalidMessage(_) => Self::NotTls,
            rustls::Error::AlertReceived(alert) if is_about_client_certificate(*alert) => {
                Self::ClientCertificate {
                    alert: format!("{alert:?}"),
                }
            }
            other => Self::Other(other.to_string()),
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::Expired => Self::Expired { since: None },
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired {
                since: time(*not_after),
            },
            CertificateError::NotValidYet => Self::NotYetValid { from: None },
            CertificateError::NotValidYetContext { not_before, .. } => Self::NotYetValid {
                from: time(*not_before),
            },
            CertificateError::NotValidForName => Self::WrongName {
                host: None,
                names: Vec::new(),
            },
            CertificateError::NotValidForNameContext {
                expected,
                presented,
            } => Self::WrongName {
                host: Some(expected.to_str().into_owned()),
                names: presented.clone(),
            },
            other => Self::Other(format!("its certificate is invalid: {other}")),
        }
    }
}

fn is_about_client_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRequired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::NoCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::UnsupportedCertificate
    )
}

fn time(time: UnixTime) -> Option<String> {
    let seconds = i64::try_from(time.as_secs()).ok()?;
    Some(Timestamp::from_second(seconds).ok()?.to_string())
}

/// Returns the error and everything below it.
///
/// `io::Error::source` passes over the error it was made from, which is where rustls' errors are.
pub(crate) fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    // A cause that names itself must not keep us for ever.
    const DEEPEST: usize = 32;
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn StdError + 'static) = *error;
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn StdError + 'static));
        inner.or_else(|| error.source())
    })
    .take(DEEPEST)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::pki_types::ServerName;

    use super::*;

    fn wrapped(error: rustls::Error) -> io::Error {
        io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error))
    }

    #[test]
    fn a19_tls_errors_are_told_in_words() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let host = ServerName::try_from("api.example.com").expect("name");
        let certificate = |error| rustls::Error::InvalidCertificate(error);
        let cases = [
            (
                certificate(CertificateError::UnknownIssuer),
                "its certificate is signed by no authority that is trusted for it",
            ),
            (
                certificate(CertificateError::ExpiredContext {
                    time: at(1_700_000_000),
                    not_after: at(1_600_000_000),
                }),
                "its certificate expired at 2020-09-13T12:26:40Z",
            ),
            (
                certificate(CertificateError::NotValidYetContext {
                    time: at(1_600_000_000),
                    not_before: at(1_700_000_000),
                }),
                "its certificate is valid only from 2023-11-14T22:13:20Z on",
            ),
            (
                certificate(CertificateError::NotValidForNameContext {
                    expected: host,
                    presented: vec!["a.example.org".to_owned(), "b.example.org".to_owned()],
                }),
                "its certificate is not for api.example.com but for a.example.org, b.example.org",
            ),
            (
                rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
                "it does not speak TLS on this port",
            ),
            (
                rustls::Error::AlertReceived(AlertDescription::CertificateExpired),
                "it refused the client certificate (CertificateExpired)",
            ),
        ];
        for (error, expected) in cases {
            let trouble = Trouble::find(&wrapped(error)).expect("found");
            assert_eq!(trouble.to_string(), expected);
        }
    }

    #[test]
    fn other_errors_are_no_tls_trouble() {
        let error = io::Error::other(io::Error::from(io::ErrorKind::ConnectionReset));
        assert_eq!(Trouble::find(&error), None);
    }
}
