//! What a container wrote, as `pods/log` shows it.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use super::{Call, Response};
use crate::clock::Time;
use crate::object::{View, text};
use crate::status::Status;
use crate::world::World;

/// Answers with the lines that are there; a client that wants to follow gets them and the end.
pub(super) fn answer(world: &World, call: &Call<'_>) -> Result<Response, Status> {
    let key = call.key();
    let pod = world.store.read(&key).ok_or_else(|| call.not_found())?;
    let container = container(pod, call)?;
    let is_previous = call.query.flag("previous");
    let Some(lines) = world.logs(&key, container, is_previous) else {
        return Err(Status::bad_request(missing(
            pod,
            &key.name,
            container,
            is_previous,
        )));
    };
    let since = since(call)?;
    let mut lines: Vec<_> = lines
        .into_iter()
        .filter(|line| since.is_none_or(|since| line.time >= since))
        .collect();
    if let Some(count) = call.query.number("tailLines")? {
        let count = usize::try_from(count)
            .map_err(|_| Status::bad_request("tailLines must be greater than or equal to 0"))?;
        lines.drain(..lines.len().saturating_sub(count));
    }
    let has_times = call.query.flag("timestamps");
    let mut body = String::new();
    for line in lines {
        if has_times {
            // Writing into a String cannot fail.
            let _ = write!(body, "{} ", line.time.micro());
        }
        body.push_str(&line.text);
        body.push('\n');
    }
    let mut body = body.into_bytes();
    if let Some(limit) = call.query.number("limitBytes")? {
        body.truncate(usize::try_from(limit).unwrap_or(0));
    }
    Ok(Response::typed(200, "text/plain", body))
}

/// Returns the time before which lines are left out.
fn since(call: &Call<'_>) -> Result<Option<Time>, Status> {
    if let Some(seconds) = call.query.number("sinceSeconds")? {
        let seconds = u64::try_from(seconds).unwrap_or(0);
        return Ok(Some(call.now.minus(Duration::from_secs(seconds))));
    }
    match call.query.text("sinceTime") {
        "" => Ok(None),
        text => match Time::parse(text) {
            Some(time) => Ok(Some(time)),
            None => Err(Status::bad_request(format!(
                "parsing time {}: cannot parse",
                crate::go::quoted(text)
            ))),
        },
    }
}

/// Returns the container that is asked for, or the only one.
fn container<'a>(pod: &'a Value, call: &Call<'a>) -> Result<&'a str, Status> {
    let view = View(pod);
    let names = |list: &str| -> Vec<&'a str> {
        view.list(list)
            .iter()
            .map(|container| text(container, "/name"))
            .collect()
    };
    let (init, own) = (names("/spec/initContainers"), names("/spec/containers"));
    let name = call.target.name.as_deref().unwrap_or("");
    match (call.query.text("container"), own.as_slice()) {
        ("", [only]) => Ok(*only),
        ("", several) => {
            let mut message = format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                several.join(" ")
            );
            if !init.is_empty() {
                let _ = write!(
                    message,
                    " or one of the init containers: [{}]",
                    init.join(" ")
                );
            }
            Err(Status::bad_request(message))
        }
        (wanted, own) if own.contains(&wanted) || init.contains(&wanted) => Ok(wanted),
        (wanted, _) => Err(Status::bad_request(format!(
            "container {wanted} is not valid for pod {name}"
        ))),
    }
}

/// Says why there is no log.
fn missing(pod: &Value, name: &str, container: &str, is_previous: bool) -> String {
    if is_previous {
        return format!(
            "previous terminated container \"{container}\" in pod \"{name}\" not found"
        );
    }
    let statuses = ["/status/containerStatuses", "/status/initContainerStatuses"];
    let status = statuses
        .iter()
        .flat_map(|list| View(pod).list(list))
        .find(|status| text(status, "/name") == container);
    let why = match status.map_or("", |status| text(status, "/state/waiting/reason")) {
        "ErrImagePull" => "image can't be pulled",
        "ImagePullBackOff" => "trying and failing to pull image",
        "" => "ContainerCreating",
        reason => reason,
    };
    format!("container \"{container}\" in pod \"{name}\" is waiting to start: {why}")
}
