//! Where things are in the API. The paths are known, so nothing is ever discovered.

use bytes::Bytes;
use http::Request;
use kube::core::request;

use super::fault::Fault;

/// The kinds that this program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Namespaces,
    Deployments,
    ReplicaSets,
    Pods,
    Events,
}

impl Resource {
    /// Returns a builder of requests for the resource in the namespace.
    pub(crate) fn within(self, namespace: &str) -> request::Request {
        request::Request::new(match self {
            Self::Namespaces => "/api/v1/namespaces".to_owned(),
            Self::Deployments => format!("/apis/apps/v1/namespaces/{namespace}/deployments"),
            Self::ReplicaSets => format!("/apis/apps/v1/namespaces/{namespace}/replicasets"),
            Self::Pods => format!("/api/v1/namespaces/{namespace}/pods"),
            Self::Events => format!("/api/v1/namespaces/{namespace}/events"),
        })
    }
}

/// Returns whether an object of the API can have this name, which also makes it safe in a path.
pub(crate) fn is_name(name: &str) -> bool {
    const LONGEST: usize = 253;
    !name.is_empty()
        && name.len() <= LONGEST
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.ends_with(|last: char| last.is_ascii_alphanumeric())
}

/// Returns the request that kube built, ready to be sent more than once.
pub(crate) fn built(
    request: Result<Request<Vec<u8>>, request::Error>,
) -> Result<Request<Bytes>, Fault> {
    match request {
        Ok(request) => Ok(request.map(Bytes::from)),
        Err(error) => Err(Fault::Settings(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_their_place_in_a_path_are_none() {
        for name in ["web", "web-2", "a.b", "0"] {
            assert!(is_name(name), "{name}");
        }
        let long = "a".repeat(254);
        for name in [
            "", ".", "..", "-a", "a-", "a/b", "a%2fb", "Web", "a b", "a?x", &long,
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
