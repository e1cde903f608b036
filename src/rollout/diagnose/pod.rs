//! What is wrong with one pod: its place on a node first, then each of its containers.

use super::Examination;
use super::cause::{Cause, Finding, Grade};
use super::container::{self, Role};
use crate::rollout::observed::{ContainerSpec, PodSeen};

pub(super) fn examine(pod: &PodSeen, examination: Examination<'_>) -> Vec<Finding> {
    let found = |container: Option<&str>, (cause, grade): (Cause, Grade)| Finding {
        pod: pod.metadata.name.clone(),
        pod_uid: pod.metadata.uid.clone(),
        container: container.map(str::to_owned),
        cause,
        grade,
    };
    if let Some(message) = refused_by_scheduler(pod) {
        // An autoscaler may be on its way with a node.
        return vec![found(
            None,
            (Cause::Unschedulable { message }, Grade::Transient),
        )];
    }
    let init = pod.status.init_container_statuses.iter().map(|status| {
        let spec = find(&pod.spec.init_containers, &status.name);
        (status, spec, Role::of_init(spec))
    });
    let main = pod.status.container_statuses.iter().map(|status| {
        let spec = find(&pod.spec.containers, &status.name);
        (status, spec, Role::Main)
    });
    init.chain(main)
        .filter_map(|(status, spec, role)| {
            let bedside = container::Bedside {
                pod,
                status,
                spec,
                role,
                examination,
            };
            Some(found(Some(&status.name), bedside.examine()?))
        })
        .collect()
}

fn refused_by_scheduler(pod: &PodSeen) -> Option<String> {
    pod.status
        .conditions
        .iter()
        .find(|condition| {
            condition.kind == "PodScheduled"
                && condition.status == "False"
                && condition.reason.as_deref() == Some("Unschedulable")
        })
        .map(|condition| condition.message.clone().unwrap_or_default())
}

fn find<'a>(specs: &'a [ContainerSpec], name: &str) -> Option<&'a ContainerSpec> {
    specs.iter().find(|spec| spec.name == name)
}
