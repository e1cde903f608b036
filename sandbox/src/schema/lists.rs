//! How the lists and maps of the built-in types merge, told apart by the field and its parent.
//!
//! Strategic merge patch and field ownership were given different keys for the same list upstream;
//! both are kept here, side by side.

/// How a strategic merge patch treats a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatchList {
    /// The patch's list takes the place of the stored one.
    Replaced,
    /// Objects merge one by one, matched by this member.
    MergedBy(&'static str),
    /// Scalars are added where they are missing.
    Set,
}

/// How field ownership sees a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnedList {
    /// Owned as a whole.
    Atomic,
    /// Owned item by item; these members name an item, with the default of one that is absent.
    Keyed(&'static [(&'static str, Option<&'static str>)]),
    /// Owned value by value.
    Set,
}

const CONTAINER_LISTS: &[&str] = &["containers", "initContainers", "ephemeralContainers"];
const CONTAINER_PORT: &[(&str, Option<&str>)] =
    &[("containerPort", None), ("protocol", Some("TCP"))];
const SERVICE_PORT: &[(&str, Option<&str>)] = &[("port", None), ("protocol", Some("TCP"))];
const SPREAD: &[(&str, Option<&str>)] = &[("topologyKey", None), ("whenUnsatisfiable", None)];

/// Returns how the list `field` inside `parent` is patched; an item's parent is its list's field.
pub(crate) fn patched(parent: &str, field: &str) -> PatchList {
    use PatchList::{MergedBy, Replaced, Set};
    match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "secrets"
        | "resourceClaims"
        | "schedulingGates" => MergedBy("name"),
        "ports" if CONTAINER_LISTS.contains(&parent) => MergedBy("containerPort"),
        "ports" if parent == "spec" => MergedBy("port"),
        "volumeMounts" => MergedBy("mountPath"),
        "volumeDevices" => MergedBy("devicePath"),
        "conditions" => MergedBy("type"),
        "addresses" => MergedBy("type"),
        "ownerReferences" => MergedBy("uid"),
        "hostAliases" | "podIPs" | "hostIPs" => MergedBy("ip"),
        "topologySpreadConstraints" => MergedBy("topologyKey"),
        "finalizers" | "podCIDRs" => Set,
        _ => Replaced,
    }
}

/// Returns how the list `field` inside `parent` is owned; an item's parent is its list's field.
pub(crate) fn owned(parent: &str, field: &str) -> OwnedList {
    use OwnedList::{Atomic, Keyed, Set};
    match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "secrets"
        | "resourceClaims"
        | "schedulingGates"
        | "claims" => Keyed(&[("name", None)]),
        "ports" if CONTAINER_LISTS.contains(&parent) => Keyed(CONTAINER_PORT),
        "ports" if parent == "spec" => Keyed(SERVICE_PORT),
        "volumeMounts" => Keyed(&[("mountPath", None)]),
        "volumeDevices" => Keyed(&[("devicePath", None)]),
        "conditions" | "addresses" => Keyed(&[("type", None)]),
        "ownerReferences" => Keyed(&[("uid", None)]),
        "hostAliases" | "podIPs" | "hostIPs" => Keyed(&[("ip", None)]),
        "topologySpreadConstraints" => Keyed(SPREAD),
        "finalizers" | "podCIDRs" => Set,
        _ => Atomic,
    }
}

/// Returns whether the object `field` is owned as a whole, as selectors and references are.
pub(crate) fn is_atomic_map(field: &str) -> bool {
    matches!(
        field,
        "selector"
            | "nodeSelector"
            | "labelSelector"
            | "configMapKeyRef"
            | "secretKeyRef"
            | "fieldRef"
            | "resourceFieldRef"
            | "involvedObject"
            | "related"
            | "roleRef"
            | "scaleTargetRef"
            | "ownerReferences"
            | "imagePullSecrets"
            | "secrets"
            | "targetRef"
    )
}
