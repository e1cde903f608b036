//! Reads a path: which object, which part of it, or which page of the API's own description.

use crate::object::Kind;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Resource(Target),
    Review(Review),
    Discovery(Page),
    /// A document of the OpenAPI description, by the path below `/openapi/`.
    OpenApi(String),
    Version,
    Health,
    Unknown,
}

/// One object or all of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) kind: Kind,
    /// `None` for all namespaces, and for what belongs to the whole cluster.
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
    pub(super) subresource: Subresource,
}

/// A part of an object with a path of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subresource {
    None,
    Status,
    Scale,
    Log,
}

impl Subresource {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Status => "status",
            Self::Scale => "scale",
            Self::Log => "log",
        }
    }

    /// Returns the part of that name, if objects of the kind have it.
    fn of(kind: Kind, name: &str) -> Option<Self> {
        match name {
            "status" if kind.has_status() => Some(Self::Status),
            "scale" if has_scale(kind) => Some(Self::Scale),
            "log" if kind == Kind::Pod => Some(Self::Log),
            _ => None,
        }
    }
}

pub(super) fn has_scale(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet
    )
}

/// A question that is asked by creating an object which is never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Review {
    Access,
    Rules,
    Oneself,
}

impl Review {
    pub(super) const ALL: &[Review] = &[Review::Access, Review::Rules, Review::Oneself];

    pub(super) fn group(self) -> &'static str {
        match self {
            Self::Access | Self::Rules => "authorization.k8s.io",
            Self::Oneself => "authentication.k8s.io",
        }
    }

    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Access => "SelfSubjectAccessReview",
            Self::Rules => "SelfSubjectRulesReview",
            Self::Oneself => "SelfSubjectReview",
        }
    }

    pub(super) fn plural(self) -> String {
        format!("{}s", self.kind().to_lowercase())
    }
}

/// A page of the API's description of its resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// `/api`
    Core,
    /// `/apis`
    Groups,
    /// `/apis/<group>`
    Group(String),
    /// `/api/v1` or `/apis/<group>/<version>`
    Version { group: String, version: String },
}

/// Reads a decoded path.
pub(super) fn find(path: &str) -> Route {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["version"] => Route::Version,
        ["healthz" | "livez" | "readyz", ..] => Route::Health,
        ["openapi", rest @ ..] => Route::OpenApi(rest.join("/")),
        ["api"] => Route::Discovery(Page::Core),
        ["apis"] => Route::Discovery(Page::Groups),
        ["apis", group] if is_group(group) => Route::Discovery(Page::Group((*group).to_owned())),
        ["api", version] if is_version("", version) => page("", version),
        ["apis", group, version] if is_version(group, version) => page(group, version),
        ["api", version, rest @ ..] => below("", version, rest),
        ["apis", group, version, rest @ ..] => below(group, version, rest),
        _ => Route::Unknown,
    }
}

fn page(group: &str, version: &str) -> Route {
    Route::Discovery(Page::Version {
        group: group.to_owned(),
        version: version.to_owned(),
    })
}

fn is_group(group: &str) -> bool {
    !group.is_empty()
        && (Kind::ALL.iter().any(|kind| kind.group() == group)
            || Review::ALL.iter().any(|review| review.group() == group))
}

fn is_version(group: &str, version: &str) -> bool {
    Kind::ALL
        .iter()
        .any(|kind| kind.group() == group && kind.version() == version)
        || (version == "v1" && Review::ALL.iter().any(|review| review.group() == group))
}

/// Reads what follows the group and version.
fn below(group: &str, version: &str, rest: &[&str]) -> Route {
    let find = |plural: &str| {
        Kind::ALL.iter().copied().find(|kind| {
            kind.group() == group && kind.version() == version && kind.plural() == plural
        })
    };
    let (namespace, rest) = match rest {
        // A namespace's own parts look like resources inside of it.
        ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => (None, rest),
        ["namespaces", namespace, rest @ ..] => (Some((*namespace).to_owned()), rest),
        rest => (None, rest),
    };
    let (plural, name, part) = match rest {
        [plural] => (plural, None, None),
        [plural, name] => (plural, Some(*name), None),
        [plural, name, part] => (plural, Some(*name), Some(*part)),
        _ => return Route::Unknown,
    };
    let Some(kind) = find(plural) else {
        return review(group, version, plural, name);
    };
    let fits = kind.is_namespaced() || namespace.is_none();
    let is_complete = !kind.is_namespaced() || namespace.is_some() || name.is_none();
    let subresource = match part {
        None => Some(Subresource::None),
        Some(part) => Subresource::of(kind, part),
    };
    match subresource {
        Some(subresource) if fits && is_complete => Route::Resource(Target {
            kind,
            namespace,
            name: name.map(str::to_owned),
            subresource,
        }),
        Some(_) | None => Route::Unknown,
    }
}

fn review(group: &str, version: &str, plural: &str, name: Option<&str>) -> Route {
    let found = Review::ALL
        .iter()
        .find(|review| review.group() == group && review.plural() == plural);
    match found {
        Some(review) if version == "v1" && name.is_none() => Route::Review(*review),
        Some(_) | None => Route::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(kind: Kind, namespace: &str, name: &str, subresource: Subresource) -> Route {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (namespace, name) = (given(namespace), given(name));
        Route::Resource(Target {
            kind,
            namespace,
            name,
            subresource,
        })
    }

    #[test]
    fn paths_lead_to_objects() {
        use Subresource::{Log, None, Scale, Status};
        let cases = [
            (
                "/apis/apps/v1/deployments",
                target(Kind::Deployment, "", "", None),
            ),
            (
                "/apis/apps/v1/namespaces/shop/deployments",
                target(Kind::Deployment, "shop", "", None),
            ),
            (
                "/apis/apps/v1/namespaces/shop/deployments/web",
                target(Kind::Deployment, "shop", "web", None),
            ),
            (
                "/apis/apps/v1/namespaces/shop/deployments/web/status",
                target(Kind::Deployment, "shop", "web", Status),
            ),
            (
                "/apis/apps/v1/namespaces/shop/deployments/web/scale",
                target(Kind::Deployment, "shop", "web", Scale),
            ),
            (
                "/api/v1/namespaces/shop/pods/web-1/log",
                target(Kind::Pod, "shop", "web-1", Log),
            ),
            ("/api/v1/namespaces", target(Kind::Namespace, "", "", None)),
            (
                "/api/v1/namespaces/shop",
                target(Kind::Namespace, "", "shop", None),
            ),
            (
                "/api/v1/namespaces/shop/status",
                target(Kind::Namespace, "", "shop", Status),
            ),
            (
                "/api/v1/nodes/node-1",
                target(Kind::Node, "", "node-1", None),
            ),
        ];
        for (path, expected) in cases {
            assert_eq!(find(path), expected, "{path}");
        }
    }

    #[test]
    fn other_paths_are_known_or_not() {
        let version = |group: &str, version: &str| {
            Route::Discovery(Page::Version {
                group: group.to_owned(),
                version: version.to_owned(),
            })
        };
        let cases = [
            ("/version", Route::Version),
            ("/readyz", Route::Health),
            ("/api", Route::Discovery(Page::Core)),
            ("/apis", Route::Discovery(Page::Groups)),
            (
                "/apis/apps",
                Route::Discovery(Page::Group("apps".to_owned())),
            ),
            ("/api/v1", version("", "v1")),
            ("/apis/autoscaling/v2", version("autoscaling", "v2")),
            (
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                Route::Review(Review::Access),
            ),
            (
                "/openapi/v3/apis/apps/v1",
                Route::OpenApi("v3/apis/apps/v1".to_owned()),
            ),
            ("/", Route::Unknown),
            ("/apis/apps/v1beta1/deployments", Route::Unknown),
            ("/apis/apps/v1/deployments/web", Route::Unknown),
            (
                "/apis/apps/v1/namespaces/shop/deployments/app/rollback",
                Route::Unknown,
            ),
            ("/api/v1/namespaces/shop/nodes", Route::Unknown),
            ("/apis/nothing", Route::Unknown),
        ];
        for (path, expected) in cases {
            assert_eq!(find(path), expected, "{path}");
        }
    }
}
