//! Who else writes to a Deployment: GitOps controllers, Helm, appliers; as labels, annotations, and
//! `managedFields` tell.

use serde_json::Value;

use super::deployment::{ContainerKind, Deployment, Position};

/// A tool that holds its own idea of the Deployment and will write it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    ArgoCd {
        application: Option<String>,
    },
    Flux {
        name: Option<String>,
    },
    Helm {
        release: Option<String>,
    },
    /// Server-side apply by the field manager of this name.
    Apply {
        name: String,
    },
}

/// Returns the tool that manages the Deployment, or the image of the container at `position`.
pub(crate) fn manager_of(deployment: &Deployment, position: Position) -> Option<Manager> {
    let meta = &deployment.seen.metadata;
    let label = |key: &str| meta.labels.get(key).cloned();
    let annotation = |key: &str| meta.annotations.get(key).cloned();
    let writes = |is_it: fn(&str) -> bool| entries(deployment).any(|entry| is_it(entry.manager));

    // Argo CD and Flux also install charts, so that Helm's own marks come last.
    let application = annotation("argocd.argoproj.io/tracking-id")
        .and_then(|id| id.split(':').next().map(str::to_owned))
        .or_else(|| label("argocd.argoproj.io/instance"));
    if application.is_some() || writes(is_argo_cd) {
        return Some(Manager::ArgoCd { application });
    }
    let name =
        label("kustomize.toolkit.fluxcd.io/name").or_else(|| label("helm.toolkit.fluxcd.io/name"));
    if name.is_some() || writes(is_flux) {
        return Some(Manager::Flux { name });
    }
    let release = annotation("meta.helm.sh/release-name");
    if release.is_some() || label("app.kubernetes.io/managed-by").as_deref() == Some("Helm") {
        return Some(Manager::Helm { release });
    }
    let container = deployment
        .containers()
        .into_iter()
        .find(|container| container.position == position)?;
    let list = match position.kind {
        ContainerKind::App => "f:containers",
        ContainerKind::Init => "f:initContainers",
    };
    let key = format!("k:{}", serde_json::json!({ "name": container.name() }));
    owner_of(
        deployment,
        &["f:spec", "f:template", "f:spec", list, &key, "f:image"],
    )
}

/// Returns the tool that owns the field at this path of `managedFields` and would put it back:
/// whoever applies, and the known ones also where they update.
pub(crate) fn owner_of(deployment: &Deployment, path: &[&str]) -> Option<Manager> {
    entries(deployment)
        .filter(|entry| entry.owns(path))
        .find_map(|entry| {
            let name = entry.manager;
            if is_argo_cd(name) {
                Some(Manager::ArgoCd { application: None })
            } else if is_flux(name) {
                Some(Manager::Flux { name: None })
            } else if name == "helm" {
                Some(Manager::Helm { release: None })
            } else if entry.is_apply {
                Some(Manager::Apply {
                    name: name.to_owned(),
                })
            } else {
                None
            }
        })
}

fn is_argo_cd(manager: &str) -> bool {
    manager.starts_with("argocd")
}

fn is_flux(manager: &str) -> bool {
    matches!(
        manager,
        "kustomize-controller" | "helm-controller" | "flux" | "flux-client-side-apply" | "gotk"
    )
}

/// One entry of `managedFields`.
struct ManagedEntry<'a> {
    manager: &'a str,
    is_apply: bool,
    fields: Option<&'a Value>,
}

impl ManagedEntry<'_> {
    fn owns(&self, path: &[&str]) -> bool {
        path.iter()
            .try_fold(self.fields, |fields, step| Some(fields?.get(step)))
            .flatten()
            .is_some()
    }
}

fn entries(deployment: &Deployment) -> impl Iterator<Item = ManagedEntry<'_>> {
    deployment
        .raw
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .map(|entry| ManagedEntry {
            manager: entry.get("manager").and_then(Value::as_str).unwrap_or(""),
            is_apply: entry.get("operation").and_then(Value::as_str) == Some("Apply"),
            fields: entry.get("fieldsV1"),
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn deployment(metadata: Value) -> Deployment {
        Deployment::read(Arc::new(json!({
            "metadata": metadata,
            "spec": {"template": {"spec": {
                "containers": [{"name": "web", "image": "web:1"}],
                "initContainers": [{"name": "migrate", "image": "web:1"}],
            }}},
        })))
        .unwrap()
    }

    fn fields(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"managedFields": [{"manager": manager, "operation": operation, "fieldsV1": fields}]})
    }

    fn image_of(list: &str, name: &str) -> Value {
        let key = format!("k:{{\"name\":\"{name}\"}}");
        json!({"f:spec": {"f:template": {"f:spec": {list: {key: {"f:image": {}}}}}}})
    }

    const WEB: Position = Position {
        kind: ContainerKind::App,
        index: 0,
    };

    #[test]
    fn the_manager_is_named_by_its_marks() {
        let argo = |application: Option<&str>| {
            Some(Manager::ArgoCd {
                application: application.map(str::to_owned),
            })
        };
        let helm = |release: Option<&str>| {
            Some(Manager::Helm {
                release: release.map(str::to_owned),
            })
        };
        let cases = [
            ("nobody", json!({}), None),
            (
                "Argo CD by tracking id, though the chart says Helm",
                json!({
                    "annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:qa/web"},
                    "labels": {"app.kubernetes.io/managed-by": "Helm"},
                }),
                argo(Some("shop")),
            ),
            (
                "Argo CD by its writes",
                fields("argocd-controller", "Update", json!({})),
                argo(None),
            ),
            (
                "Flux, though it installed a chart",
                json!({
                    "labels": {"helm.toolkit.fluxcd.io/name": "shop"},
                    "annotations": {"meta.helm.sh/release-name": "shop"},
                }),
                Some(Manager::Flux {
                    name: Some("shop".to_owned()),
                }),
            ),
            (
                "Helm",
                json!({"annotations": {"meta.helm.sh/release-name": "shop"}}),
                helm(Some("shop")),
            ),
            (
                "managed by Helm, without a release",
                json!({"labels": {"app.kubernetes.io/managed-by": "Helm"}}),
                helm(None),
            ),
            (
                "somebody applies the image",
                fields("terraform", "Apply", image_of("f:containers", "web")),
                Some(Manager::Apply {
                    name: "terraform".to_owned(),
                }),
            ),
            (
                "somebody applies another container's image",
                fields("terraform", "Apply", image_of("f:containers", "proxy")),
                None,
            ),
            (
                "kubectl set image",
                fields("kubectl-set", "Update", image_of("f:containers", "web")),
                None,
            ),
        ];
        for (case, metadata, expected) in cases {
            assert_eq!(manager_of(&deployment(metadata), WEB), expected, "{case}");
        }
    }

    #[test]
    fn an_init_containers_image_has_its_own_owner() {
        let migrate = Position {
            kind: ContainerKind::Init,
            index: 0,
        };
        let applied = fields(
            "terraform",
            "Apply",
            image_of("f:initContainers", "migrate"),
        );
        assert!(manager_of(&deployment(applied.clone()), migrate).is_some());
        assert_eq!(manager_of(&deployment(applied), WEB), None);
    }
}
