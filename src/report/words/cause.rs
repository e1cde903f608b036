//! Why a pod does not come up, in one sentence, and what can be done about it.

use crate::rollout::diagnose::{Blame, Cause, Exit, Probe};

/// Returns the cause as a sentence.
pub(crate) fn cause(blame: &Blame) -> String {
    let container = match &blame.container {
        Some(name) => format!("container {name}"),
        None => "a container".to_owned(),
    };
    let because = |what: &str, message: &str| match message {
        "" => format!("{what}."),
        message => format!("{what}: {message}"),
    };
    let sentence = match &blame.cause {
        Cause::ImageNotFound { image, .. } => {
            format!("the registry does not have the image {image}")
        }
        Cause::ImageDenied { image, .. } => {
            format!("the registry does not let the cluster pull the image {image}")
        }
        Cause::ImagePlatform { image, .. } => {
            format!("the node's platform is not among those of the image {image}")
        }
        Cause::RegistryTrouble { image, message } => match message.as_str() {
            "" => format!("pulling fails, and the kubelet does not say why: {image}"),
            message => format!("pulling {image} fails for now: {message}"),
        },
        Cause::ImageName { image } => format!("this is no image name: {image}"),
        Cause::Crash { exit, crashes } => crash(&container, exit, *crashes),
        Cause::Config { message } => because(&format!("{container} lacks configuration"), message),
        Cause::NotCreated { message } => {
            because(&format!("{container} cannot be created"), message)
        }
        Cause::NotStarted { message } => {
            because(&format!("{container} cannot be started"), message)
        }
        Cause::Stuck { reason, message } => because(
            &format!("{container} is held up by {reason}"),
            message.as_deref().unwrap_or_default(),
        ),
        Cause::Unschedulable { message } => because("no node takes the pod", message),
        Cause::PodsRefused { message } => {
            because("the cluster refuses to create the pods", message)
        }
        Cause::NotReady { probe, message } => {
            let what = match probe {
                Some(probe) => format!("{container} runs, but {} does not pass", asked(probe)),
                None => format!("{container} runs, but is not ready"),
            };
            because(&what, message.as_deref().unwrap_or_default())
        }
    };
    capitalised(&sentence)
}

/// Returns which pods show it, the name of one last; `None` where there is no pod.
pub(crate) fn whose(blame: &Blame) -> Option<String> {
    let pod = blame.pod.as_deref()?;
    Some(match blame.pods {
        0 => return None,
        1 => format!("1 pod: {pod}"),
        pods => format!("{pods} pods, among them {pod}"),
    })
}

/// Returns what usually helps, where something does.
pub(crate) fn remedy(cause: &Cause) -> Option<&'static str> {
    match cause {
        Cause::ImageNotFound { .. } => {
            Some("Check that the build of this commit has pushed its image.")
        }
        Cause::ImageDenied { .. } => {
            Some("Check the imagePullSecrets of the pod template and of its service account.")
        }
        Cause::ImagePlatform { .. } => {
            Some("Build the image for the platform of the nodes as well.")
        }
        Cause::RegistryTrouble { .. } => {
            Some("Nothing is wrong with the version as such: the pull is tried again.")
        }
        Cause::Crash {
            exit: Exit::OutOfMemory { .. },
            ..
        } => Some("Raise the memory limit, or find out what needs the memory."),
        Cause::Crash {
            exit: Exit::Code(0),
            ..
        } => Some("The command of a Deployment's container has to keep running."),
        Cause::Crash {
            exit: Exit::Code(_),
            ..
        } => Some("The last lines of its log usually say why."),
        Cause::Config { .. } => {
            Some("Create what is missing; the pods go on by themselves once it is there.")
        }
        Cause::Unschedulable { .. } => {
            Some("Free room on the nodes, or add one; the pod is placed once there is room.")
        }
        Cause::PodsRefused { .. } => {
            Some("Raise the quota or correct the policy; the controller goes on trying.")
        }
        Cause::NotReady { .. } => {
            Some("Check what the probe asks for; the log of the container may tell.")
        }
        Cause::ImageName { .. }
        | Cause::NotCreated { .. }
        | Cause::NotStarted { .. }
        | Cause::Stuck { .. } => None,
    }
}

fn crash(container: &str, exit: &Exit, crashes: i32) -> String {
    let times = match crashes {
        ..=1 => "once".to_owned(),
        2 => "twice".to_owned(),
        crashes => format!("{crashes} times"),
    };
    match exit {
        Exit::OutOfMemory { limit: Some(limit) } => format!(
            "{container} was killed {times} for using more memory than its limit of {limit}."
        ),
        Exit::OutOfMemory { limit: None } => {
            format!("{container} was killed {times} for using too much memory.")
        }
        Exit::Code(0) => {
            format!(
                "{container} ended {times} by itself with exit code 0, as if its work was done."
            )
        }
        Exit::Code(code) => match meaning(*code) {
            Some(meaning) => {
                format!("{container} crashed {times}, with exit code {code} ({meaning}).")
            }
            None => format!("{container} crashed {times}, with exit code {code}."),
        },
    }
}

/// Returns what an exit code says by the custom of shells and container runtimes.
fn meaning(code: i32) -> Option<String> {
    let signal = match code {
        126 => return Some("the command cannot be executed".to_owned()),
        127 => return Some("the command was not found".to_owned()),
        129..=159 => code.saturating_sub(128),
        _ => return None,
    };
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL, an illegal instruction",
        6 => "SIGABRT: it gave up itself",
        7 => "SIGBUS, bad memory access",
        8 => "SIGFPE, an arithmetic error",
        9 => "SIGKILL: the kubelet or the kernel killed it",
        11 => "SIGSEGV, bad memory access",
        13 => "SIGPIPE",
        15 => "SIGTERM: it was asked to stop",
        signal => return Some(format!("signal {signal}")),
    };
    Some(name.to_owned())
}

fn asked(probe: &Probe) -> String {
    match probe {
        Probe::Http { path, port } => format!("its HTTP probe of {path} on port {port}"),
        Probe::Tcp { port } => format!("its TCP probe on port {port}"),
        Probe::Grpc { port } => format!("its gRPC probe on port {port}"),
        Probe::Command { command } => format!("its probe `{command}`"),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
