//! The words for causes.

use super::*;

#[test]
fn causes_are_one_sentence() {
    let image = || "registry.example/app:v2".to_owned();
    let message = || "the cluster's words".to_owned();
    let crash = |exit, crashes| Cause::Crash { exit, crashes };
    let out_of_memory = |limit: Option<&str>| Exit::OutOfMemory {
        limit: limit.map(str::to_owned),
    };
    let ready = |probe, message: Option<&str>| Cause::NotReady {
        probe,
        message: message.map(str::to_owned),
    };
    let causes = [
        Cause::ImageNotFound {
            image: image(),
            message: message(),
        },
        Cause::ImageDenied {
            image: image(),
            message: message(),
        },
        Cause::ImagePlatform {
            image: image(),
            message: message(),
        },
        Cause::RegistryTrouble {
            image: image(),
            message: message(),
        },
        Cause::RegistryTrouble {
            image: image(),
            message: String::new(),
        },
        Cause::ImageName {
            image: "Not/An image".to_owned(),
        },
        crash(Exit::Code(1), 3),
        crash(Exit::Code(127), 1),
        crash(Exit::Code(137), 2),
        crash(Exit::Code(0), 3),
        crash(out_of_memory(Some("128Mi")), 3),
        crash(out_of_memory(None), 3),
        Cause::Config {
            message: "secret \"db\" not found".to_owned(),
        },
        Cause::NotCreated { message: message() },
        Cause::NotStarted {
            message: String::new(),
        },
        Cause::Stuck {
            reason: "PreCreateHookError".to_owned(),
            message: None,
        },
        Cause::Unschedulable {
            message: "0/1 nodes are available: 1 Insufficient cpu.".to_owned(),
        },
        Cause::PodsRefused {
            message: "exceeded quota: pods, used: 3, limited: 3".to_owned(),
        },
        ready(
            Some(Probe::Http {
                path: "/health".to_owned(),
                port: "8080".to_owned(),
            }),
            Some("Readiness probe failed: HTTP probe failed with statuscode: 503"),
        ),
        ready(
            Some(Probe::Command {
                command: "cat /ready".to_owned(),
            }),
            None,
        ),
        ready(None, None),
    ];
    assert_data_eq!(
        lines(causes.map(|kind| cause(&blame(kind)))),
        str![[r#"
The registry does not have the image registry.example/app:v2
The registry does not let the cluster pull the image registry.example/app:v2
The node's platform is not among those of the image registry.example/app:v2
Pulling registry.example/app:v2 fails for now: the cluster's words
Pulling fails, and the kubelet does not say why: registry.example/app:v2
This is no image name: Not/An image
Container app crashed 3 times, with exit code 1.
Container app crashed once, with exit code 127 (the command was not found).
Container app crashed twice, with exit code 137 (SIGKILL: the kubelet or the kernel killed it).
Container app ended 3 times by itself with exit code 0, as if its work was done.
Container app was killed 3 times for using more memory than its limit of 128Mi.
Container app was killed 3 times for using too much memory.
Container app lacks configuration: secret "db" not found
Container app cannot be created: the cluster's words
Container app cannot be started.
Container app is held up by PreCreateHookError.
No node takes the pod: 0/1 nodes are available: 1 Insufficient cpu.
The cluster refuses to create the pods: exceeded quota: pods, used: 3, limited: 3
Container app runs, but its HTTP probe of /health on port 8080 does not pass: Readiness probe failed: HTTP probe failed with statuscode: 503
Container app runs, but its probe `cat /ready` does not pass.
Container app runs, but is not ready.
"#]]
    );
}

#[test]
fn pods_are_counted_and_one_is_named() {
    let mut of_many = blame(Cause::ImageName {
        image: String::new(),
    });
    let one = whose(&of_many);
    of_many.pods = 4;
    let many = whose(&of_many);
    of_many.pod = None;
    assert_eq!(whose(&of_many), None);
    assert_data_eq!(
        lines([one, many].into_iter().flatten()),
        str![[r#"
1 pod: web-5f95cb49cf-vl9d7
4 pods, among them web-5f95cb49cf-vl9d7
"#]]
    );
}
