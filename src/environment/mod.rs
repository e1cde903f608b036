//! What an environment is: a cluster, a namespace, an annotation prefix, and what it allows.
//!
//! Every part remembers why it was chosen. Pure: takes texts and facts, `commands/` gets them. The
//! stages are [`choose`], [`choose::Chosen::verify`], [`namespace`], [`prefix`], [`policy`].

pub(crate) mod checkout;
pub(crate) mod choose;
pub(crate) mod cluster_identity;
pub(crate) mod config;
pub(crate) mod keep;
pub(crate) mod kubeconfig;
pub(crate) mod names;
pub(crate) mod namespace;
pub(crate) mod policy;
pub(crate) mod prefix;
pub(crate) mod values;
mod yaml;

use checkout::CheckoutConfig;
use choose::{ClusterSource, Place, Why};
use config::UserConfig;
use namespace::NamespaceWhy;
use policy::Policy;
use prefix::{Prefix, PrefixSource};
use values::Line;

/// Where a command goes, settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Environment {
    /// What the user typed.
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) namespace: String,
    pub(crate) namespace_why: NamespaceWhy,
    pub(crate) prefix: Prefix,
    pub(crate) prefix_source: PrefixSource,
    pub(crate) policy: Policy,
}

impl Environment {
    /// Tells whether the cluster is only played, on this machine.
    pub(crate) fn is_simulated(&self) -> bool {
        match self.place.source {
            ClusterSource::BuiltIn => true,
            ClusterSource::Kubeconfig { .. } | ClusterSource::InCluster => false,
        }
    }

    /// Says in one line which server, context, and namespace this is, and why.
    pub(crate) fn describe(&self) -> String {
        let namespace = format!("namespace {} ({})", self.namespace, self.namespace_why);
        let place = match &self.place.source {
            ClusterSource::BuiltIn => "simulated on this machine".to_owned(),
            source @ (ClusterSource::Kubeconfig { .. } | ClusterSource::InCluster) => format!(
                "context {} ({}), server {}",
                source.context_name(),
                self.place.why,
                self.place.identity.server
            ),
        };
        let protected = match self.policy.protected.value {
            true => format!("; protected by {}", self.policy.protected.origin),
            false => String::new(),
        };
        format!("{}: {namespace}, {place}{protected}", self.name)
    }
}

/// Returns the template of image tags, if one is said. The checkout's does not count where the
/// environment is protected.
pub(crate) fn tag_template<'a>(
    user: &'a UserConfig,
    checkout: Option<&'a CheckoutConfig>,
    policy: &Policy,
) -> Option<&'a str> {
    let checkout = checkout.filter(|_| !policy.protected.value);
    user.tag
        .as_ref()
        .or_else(|| checkout?.tag.as_ref())
        .map(Line::as_str)
}

/// Returns the names that tell whether an environment is protected by its name.
///
/// Where the user's configuration does not tie the name to the context, the context's name counts
/// too: any word can stand before `--context`.
pub(crate) fn protecting_names<'a>(name: &'a str, place: &'a Place) -> Vec<&'a str> {
    match place.why {
        Why::Flag | Why::SameName | Why::Segment => vec![name, place.source.context_name()],
        Why::Config | Why::BuiltIn => vec![name],
    }
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
