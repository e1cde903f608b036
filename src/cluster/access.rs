//! What one must be allowed to do, what of it one may not, and the Role that would grant it.

use std::collections::BTreeMap;
use std::fmt;

use futures::stream::{self, StreamExt, TryStreamExt};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, ResourceRule, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview, SelfSubjectRulesReviewSpec,
};

use super::fault::Fault;
use super::reader::Reader;

/// Reviews asked for at the same time.
const AT_ONCE: usize = 8;

/// One thing that a run needs to be allowed to do in its namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    pub(crate) group: &'static str,
    /// With its subresource: `pods/log`.
    pub(crate) resource: &'static str,
    pub(crate) verb: &'static str,
    /// Without it the run cannot do its work; without the others it sees and says less.
    pub(crate) is_essential: bool,
}

impl fmt::Display for Need {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.resource)
    }
}

const fn need(
    group: &'static str,
    resource: &'static str,
    verb: &'static str,
    is_essential: bool,
) -> Need {
    Need {
        group,
        resource,
        verb,
        is_essential,
    }
}

impl Need {
    /// Everything that a deploy makes use of.
    pub(crate) const DEPLOY: &'static [Self] = &[
        need("apps", "deployments", "get", true),
        need("apps", "deployments", "list", true),
        need("apps", "deployments", "watch", false),
        need("apps", "deployments", "patch", true),
        need("apps", "replicasets", "get", false),
        need("apps", "replicasets", "list", false),
        need("apps", "replicasets", "watch", false),
        need("", "pods", "get", false),
        need("", "pods", "list", false),
        need("", "pods", "watch", false),
        need("", "pods/log", "get", false),
        need("", "events", "list", false),
        need("", "events", "watch", false),
        need("", "namespaces", "get", false),
    ];
}

/// Returns whether the rule grants the need for every name, or at least for this one.
fn grants(rule: &ResourceRule, need: &Need, name: Option<&str>) -> bool {
    let has =
        |list: &[String], wanted: &str| list.iter().any(|entry| entry == "*" || entry == wanted);
    let names = rule.resource_names.as_deref().unwrap_or_default();
    has(&rule.verbs, need.verb)
        && has(rule.api_groups.as_deref().unwrap_or_default(), need.group)
        && has(rule.resources.as_deref().unwrap_or_default(), need.resource)
        && (names.is_empty() || name.is_some_and(|name| names.iter().any(|entry| entry == name)))
}

impl Reader {
    /// Returns those of the needs that are not met, in their order.
    ///
    /// One request where the API server's list of our rules grants them all. What that list does
    /// not show is asked for one by one: the list is incomplete where others than RBAC decide.
    /// `name` is the one object that a narrow Role may be limited to.
    pub(crate) async fn missing(
        &self,
        needs: &[Need],
        name: Option<&str>,
    ) -> Result<Vec<Need>, Fault> {
        let rules = self.rules().await?;
        let open = needs
            .iter()
            .copied()
            .filter(|need| !rules.iter().any(|rule| grants(rule, need, name)));
        let answers: Vec<(Need, bool)> = stream::iter(open)
            .map(|need| async move {
                let is_allowed = self.is_allowed(need, name).await?;
                Ok::<_, Fault>((need, is_allowed))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(answers
            .into_iter()
            .filter(|(_, is_allowed)| !is_allowed)
            .map(|(need, _)| need)
            .collect())
    }

    async fn rules(&self) -> Result<Vec<ResourceRule>, Fault> {
        let question = SelfSubjectRulesReview {
            spec: SelfSubjectRulesReviewSpec {
                namespace: Some(self.namespace_name().to_owned()),
            },
            ..SelfSubjectRulesReview::default()
        };
        match self.review(&question).await {
            Ok(review) => Ok(review
                .status
                .map(|status| status.resource_rules)
                .unwrap_or_default()),
            Err(fault) if fault.status().is_some() => Ok(Vec::new()),
            Err(fault) => Err(fault),
        }
    }

    async fn is_allowed(&self, need: Need, name: Option<&str>) -> Result<bool, Fault> {
        let (resource, subresource) = need.resource.split_once('/').unwrap_or((need.resource, ""));
        let attributes = ResourceAttributes {
            namespace: Some(self.namespace_name().to_owned()),
            verb: Some(need.verb.to_owned()),
            group: Some(need.group.to_owned()),
            resource: Some(resource.to_owned()),
            subresource: Some(subresource.to_owned()),
            name: name.map(ToOwned::to_owned),
            ..ResourceAttributes::default()
        };
        let question = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        match self.review(&question).await {
            Ok(review) => Ok(review.status.is_some_and(|status| status.allowed)),
            // Who may not even ask is told when the thing itself is tried.
            Err(fault) if fault.is_forbidden() || fault.is_not_found() => Ok(true),
            Err(fault) => Err(fault),
        }
    }
}

/// Returns the Role that grants the needs, ready for `kubectl apply`.
pub(crate) fn rbac(namespace: &str, needs: &[Need]) -> String {
    let mut rules: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for need in needs {
        rules
            .entry((need.group, need.resource))
            .or_default()
            .push(need.verb);
    }
    let mut text = format!(
        "apiVersion: rbac.authorization.k8s.io/v1\n\
         kind: Role\n\
         metadata:\n\
         \x20 name: kube-deploy\n\
         \x20 namespace: {namespace}\n\
         rules:\n"
    );
    for ((group, resource), verbs) in rules {
        text.push_str(&format!(
            "- apiGroups: [\"{group}\"]\n  resources: [\"{resource}\"]\n  verbs: [{}]\n",
            verbs
                .iter()
                .map(|verb| format!("\"{verb}\""))
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    text
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
