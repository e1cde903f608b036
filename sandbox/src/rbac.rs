//! Who may do what: Roles and bindings in the store, and the few rules that every cluster has.

use serde_json::{Value, json};

use crate::api::User;
use crate::object::{Kind, View, name, namespace, text};
use crate::status::{Attempt, Resource, Status};
use crate::store::Store;

/// What somebody wants to do with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Action<'a> {
    pub(crate) verb: &'a str,
    pub(crate) group: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) subresource: &'a str,
    /// Empty for the whole cluster.
    pub(crate) namespace: &'a str,
    /// Empty for all objects.
    pub(crate) name: &'a str,
}

impl Action<'_> {
    /// Returns the refusal of this action.
    pub(crate) fn refusal(&self, user: &User) -> Status {
        Status::forbidden(&Attempt {
            user: &user.name,
            verb: self.verb,
            resource: Resource {
                group: self.group,
                plural: self.resource,
            },
            subresource: self.subresource,
            namespace: self.namespace,
            name: self.name,
        })
    }
}

/// Paths outside the resources that everybody with credentials may read.
const PATHS: &[&str] = &[
    "/api",
    "/apis",
    "/healthz",
    "/livez",
    "/openapi",
    "/readyz",
    "/version",
    "/.well-known",
];

/// Returns the words of the grant that allows an action, empty where it needs none, or `None`.
pub(crate) fn judge(store: &Store, user: &User, action: &Action<'_>) -> Option<String> {
    if user.groups.iter().any(|group| group == "system:masters") {
        return Some(String::new());
    }
    if is_basic(user, action) {
        let grant = "RBAC: allowed by ClusterRoleBinding \"system:basic-user\" of ClusterRole \"system:basic-user\" to Group \"system:authenticated\"";
        return Some(grant.to_owned());
    }
    bindings(store, user, action.namespace)
        .find(|bound| bound.rules.iter().any(|rule| covers(rule, action)))
        .map(|bound| bound.grant)
}

/// Returns the status of a `SelfSubjectRulesReview`.
pub(crate) fn rules(store: &Store, user: &User, namespace: &str) -> Value {
    let is_master = user.groups.iter().any(|group| group == "system:masters");
    let mut resource_rules = Vec::new();
    let mut path_rules = Vec::new();
    if is_master {
        resource_rules.push(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}));
        path_rules.push(json!({"verbs": ["*"], "nonResourceURLs": ["*"]}));
    }
    resource_rules.push(json!({
        "verbs": ["create"], "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    }));
    resource_rules.push(json!({
        "verbs": ["create"], "apiGroups": ["authentication.k8s.io"],
        "resources": ["selfsubjectreviews"],
    }));
    for bound in bindings(store, user, namespace) {
        resource_rules.extend(bound.rules.iter().map(|rule| {
            let mut shown = json!({});
            for field in ["verbs", "apiGroups", "resources", "resourceNames"] {
                if let (Some(value), Some(shown)) = (rule.get(field), shown.as_object_mut()) {
                    shown.insert(field.to_owned(), value.clone());
                }
            }
            shown
        }));
    }
    path_rules.push(json!({
        "verbs": ["get"],
        "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"],
    }));
    json!({"resourceRules": resource_rules, "nonResourceRules": path_rules, "incomplete": false})
}

/// Returns whether a user may read a path that is no resource.
pub(crate) fn may_visit(user: &User, path: &str) -> bool {
    let is_in = |group: &str| user.groups.iter().any(|own| own == group);
    let is_public = PATHS.iter().any(|known| {
        path.strip_prefix(known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    is_in("system:masters") || (is_in("system:authenticated") && is_public)
}

/// Everybody with credentials may ask about oneself.
fn is_basic(user: &User, action: &Action<'_>) -> bool {
    let is_known = user
        .groups
        .iter()
        .any(|group| group == "system:authenticated");
    is_known
        && action.verb == "create"
        && matches!(
            (action.group, action.resource),
            (
                "authorization.k8s.io",
                "selfsubjectaccessreviews" | "selfsubjectrulesreviews"
            ) | ("authentication.k8s.io", "selfsubjectreviews")
        )
}

/// A role that is bound to the user.
struct Bound<'a> {
    rules: &'a [Value],
    grant: String,
}

/// Returns the roles bound to a user in the whole cluster and in one namespace.
fn bindings<'a>(
    store: &'a Store,
    user: &'a User,
    namespace: &'a str,
) -> impl Iterator<Item = Bound<'a>> {
    let everywhere = store.list(Kind::ClusterRoleBinding, None);
    let here = store
        .list(Kind::RoleBinding, Some(namespace))
        .filter(move |_| !namespace.is_empty());
    everywhere.chain(here).filter_map(move |binding| {
        let subject = subject_of(binding, user)?;
        let (kind, role) = (
            text(binding, "/roleRef/kind"),
            text(binding, "/roleRef/name"),
        );
        let found = match kind {
            "ClusterRole" => store.find(Kind::ClusterRole, "", role)?,
            _ => store.find(Kind::Role, self::namespace(binding), role)?,
        };
        let binding_kind = text(binding, "/kind");
        let place = match self::namespace(binding) {
            "" => name(binding).to_owned(),
            namespace => format!("{}/{namespace}", name(binding)),
        };
        let grant = format!(
            "RBAC: allowed by {binding_kind} \"{place}\" of {kind} \"{role}\" to {subject}"
        );
        Some(Bound {
            rules: View(found).list("/rules"),
            grant,
        })
    })
}

/// Returns the words for the subject of a binding that is this user.
fn subject_of(binding: &Value, user: &User) -> Option<String> {
    View(binding).list("/subjects").iter().find_map(|subject| {
        let own = name_of(subject);
        let (is_meant, shown) = match text(subject, "/kind") {
            "User" => (user.name == own, format!("User \"{own}\"")),
            "Group" => (
                user.groups.iter().any(|group| group == own),
                format!("Group \"{own}\""),
            ),
            "ServiceAccount" => {
                let home = match text(subject, "/namespace") {
                    "" => namespace(binding),
                    home => home,
                };
                let full = format!("system:serviceaccount:{home}:{own}");
                (
                    user.name == full,
                    format!("ServiceAccount \"{own}/{home}\""),
                )
            }
            _ => (false, String::new()),
        };
        is_meant.then_some(shown)
    })
}

fn name_of(subject: &Value) -> &str {
    text(subject, "/name")
}

/// Returns whether a rule of a role covers an action.
fn covers(rule: &Value, action: &Action<'_>) -> bool {
    let lists = |field: &str, wanted: &str| {
        View(rule)
            .list(field)
            .iter()
            .any(|own| matches!(own.as_str(), Some(own) if own == wanted))
    };
    let has = |field: &str, wanted: &str| lists(field, "*") || lists(field, wanted);
    let resource = match action.subresource {
        "" => lists("/resources", action.resource),
        part => {
            lists("/resources", &format!("{}/{part}", action.resource))
                || lists("/resources", &format!("*/{part}"))
        }
    };
    let names = View(rule).list("/resourceNames");
    has("/verbs", action.verb)
        && has("/apiGroups", action.group)
        && (resource || lists("/resources", "*"))
        && (names.is_empty() || (!action.name.is_empty() && lists("/resourceNames", action.name)))
}

#[cfg(test)]
mod tests;
