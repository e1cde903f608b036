//! x
pub(crate) mod checkout;
pub(crate) mod choose;
pub(crate) mod cluster_identity;
pub(crate) mod config;
pub(crate) mod keep;
pub(crate) mod kubeconfig;
pub(crate) mod names;
pub(crate) mod namespace;
pub(crate) mod prefix;
pub(crate) mod values;
pub(crate) mod yaml;
