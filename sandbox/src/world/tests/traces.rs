//! The golden traces: sizes of the new and the old ReplicaSets through a rollout, healthy and broken.

use super::*;
use crate::world::Actor;

struct Trace {
    shape: Shape,
    is_broken: bool,
    sizes: Vec<(i64, i64)>,
    last: [i64; 3],
}

fn traces() -> Vec<Trace> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/controller-traces.jsonl"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let read = |line: &str| {
        let trace: Value = serde_json::from_str(line).unwrap();
        let number = |value: &Value| value.as_i64().unwrap();
        let last = &trace["final"];
        Trace {
            shape: Shape {
                replicas: number(&trace["replicas"]),
                surge: trace["maxSurge"].clone(),
                unavailable: trace["maxUnavailable"].clone(),
                ..Shape::default()
            },
            is_broken: trace["newPodsBroken"] == true,
            sizes: serde_json::from_value(trace["new_old"].clone()).unwrap(),
            last: [
                number(&last["updated"]),
                number(&last["replicas"]),
                number(&last["available"]),
            ],
        }
    };
    text.lines().map(read).collect()
}

#[test]
fn rollouts_follow_the_golden_traces() {
    let traces = traces();
    assert_eq!(traces.len(), 26);
    for trace in traces {
        let name = format!(
            "{}/{}/{}{}",
            trace.shape.replicas,
            trace.shape.surge,
            trace.shape.unavailable,
            if trace.is_broken { ", broken" } else { "" }
        );
        let mut bench = Bench::running(&trace.shape);
        bench.set_image(if trace.is_broken {
            "x/web:v2-never-ready"
        } else {
            "x/web:v2"
        });
        let seen = take_turns(&mut bench);
        // The traces begin when nothing moves any more without a new pod getting ready.
        let start = seen.iter().position(|sizes| sizes == &trace.sizes[0]);
        let start = start.unwrap_or_else(|| panic!("{name}: {seen:?}"));
        assert_eq!(seen[start..], trace.sizes, "{name}");
        // What comes before are the steps of the first turn, in which no new pod could get ready.
        assert!(start < 3, "{name}: {seen:?}");
        let last =
            ["updatedReplicas", "replicas", "availableReplicas"].map(|field| bench.count(field));
        assert_eq!(last, trace.last, "{name}");
        assert_eq!(
            bench.is_complete(),
            !trace.is_broken || trace.shape.replicas == 0,
            "{name}"
        );
    }
}

/// Lets controllers and kubelets move in turns, each until nothing more comes of it, and returns the sizes that were
/// seen. The model that the traces come from does so: all new pods of a step get ready together.
fn take_turns(bench: &mut Bench) -> Vec<(i64, i64)> {
    let mut seen: Vec<(i64, i64)> = Vec::new();
    for turn in 0..40 {
        let (moving, waiting) = if turn % 2 == 0 {
            (Actor::DeploymentController, Actor::Kubelet)
        } else {
            (Actor::Kubelet, Actor::DeploymentController)
        };
        bench.world.suspend(waiting);
        bench.world.resume(moving);
        while let Some(due) = bench
            .world
            .next_due()
            .filter(|due| due.since(bench.world.now()) < QUIET)
        {
            bench.world.run_to(due);
            if seen.last() != Some(&bench.sizes()) {
                seen.push(bench.sizes());
            }
        }
    }
    seen
}
