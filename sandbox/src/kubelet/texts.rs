//! The kubelet's and the programs' words, as containerd, the kubelet of 1.36 and an ordinary web server write them.

use std::time::Duration;

use serde_json::Value;

use super::story::{Cause, Pull};
use crate::object::{Lookup, View, name, namespace, text, uid};

/// Returns the error of a pull that fails like this.
pub(super) fn pull_error(image: &str, pull: Pull) -> String {
    let failed = format!(
        "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\""
    );
    let (registry, path) = image.split_once('/').unwrap_or(("registry", image));
    let (repository, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
    let head = format!(
        "unexpected status from HEAD request to https://{registry}/v2/{repository}/manifests/{tag}"
    );
    match pull {
        Pull::Works | Pull::NotFound => {
            format!("rpc error: code = NotFound desc = {failed}: {image}: not found")
        }
        Pull::Unauthorized => {
            format!("rpc error: code = Unknown desc = {failed}: {head}: 401 Unauthorized")
        }
        Pull::Trouble { .. } => {
            format!("rpc error: code = Unknown desc = {failed}: {head}: 503 Service Unavailable")
        }
    }
}

/// Returns what is wrong with an image reference that no registry can be asked for.
pub(super) fn invalid_image(image: &str) -> Option<String> {
    let (path, tag) = match image.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (image, None),
    };
    let path = path.split_once('@').map_or(path, |(path, _)| path);
    let is_tag_valid = tag.is_none_or(|tag| {
        !tag.is_empty()
            && tag
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    });
    let repository = path
        .split_once('/')
        .map_or(path, |(_, repository)| repository);
    let is_path_valid = !path.is_empty()
        && path
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-/:".contains(&byte))
        && !repository.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_tag_valid && is_path_valid {
        return None;
    }
    Some(format!(
        "Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format"
    ))
}

/// Returns what a container lacks: the first Secret or ConfigMap key that its environment names.
pub(super) fn missing_key(pod: &Value, container: &str) -> String {
    let containers = View(pod)
        .list("/spec/containers")
        .iter()
        .chain(View(pod).list("/spec/initContainers"));
    let mut variables = containers
        .filter(|candidate| text(candidate, "/name") == container)
        .flat_map(|container| View(container).list("/env"));
    let named = variables.find_map(|variable| {
        let (kind, reference) = match (
            variable.at("/valueFrom/secretKeyRef"),
            variable.at("/valueFrom/configMapKeyRef"),
        ) {
            (Some(reference), _) => ("Secret", reference),
            (None, Some(reference)) => ("ConfigMap", reference),
            (None, None) => return None,
        };
        Some((text(reference, "/key"), kind, text(reference, "/name")))
    });
    let (key, kind, object) = named.unwrap_or(("api-token", "Secret", container));
    format!(
        "couldn't find key {key} in {kind} {}/{object}",
        namespace(pod)
    )
}

/// Returns the pod as the kubelet names it in messages.
pub(super) fn full_name(pod: &Value) -> String {
    format!("{}_{}({})", name(pod), namespace(pod), uid(pod))
}

/// Writes a duration as Go does: `10s`, `1m20s`, `250ms`.
pub(crate) fn go_duration(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    if milliseconds < 1000 {
        return if milliseconds == 0 {
            "0s".to_owned()
        } else {
            format!("{milliseconds}ms")
        };
    }
    let (minutes, rest) = (milliseconds / 60_000, milliseconds % 60_000);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let seconds = match (rest / 1000, rest % 1000) {
        (seconds, 0) => format!("{seconds}s"),
        (seconds, fraction) => format!(
            "{seconds}.{}s",
            format!("{fraction:03}").trim_end_matches('0')
        ),
    };
    match (hours, minutes) {
        (0, 0) => seconds,
        (0, minutes) => format!("{minutes}m{seconds}"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
    }
}

/// Returns what a program writes when it starts.
pub(super) fn start_line(container: &str, image: &str) -> String {
    let version = image.rsplit_once(':').map_or(image, |(_, tag)| tag);
    format!("{container}: starting version {version}")
}

/// Returns what a program writes as it ends by itself.
pub(super) fn last_words(cause: Cause) -> &'static [&'static str] {
    match cause {
        Cause::Error => &[
            "connecting to the database at db:5432",
            "fatal: the database refused the connection: password authentication failed for user \"app\"",
        ],
        Cause::OutOfMemory => &["loading the catalogue into memory"],
        Cause::Completed => &["nothing left to do, ending"],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (milliseconds, expected) in [
            (0, "0s"),
            (250, "250ms"),
            (1_500, "1.5s"),
            (10_000, "10s"),
            (80_000, "1m20s"),
            (300_000, "5m0s"),
            (3_600_000, "1h0m0s"),
        ] {
            assert_eq!(go_duration(Duration::from_millis(milliseconds)), expected);
        }
    }

    #[test]
    fn references_that_cannot_be_parsed_are_told() {
        for image in [
            "x/web:v1",
            "localhost:5000/web",
            "registry.example/shop/web:3f2a@sha256:00",
            "web",
        ] {
            assert_eq!(invalid_image(image), None, "{image}");
        }
        for image in ["UPPER", "x/UPPER:v1", "x/web:bad tag!!", "x/web:", ""] {
            assert!(invalid_image(image).is_some(), "{image}");
        }
    }

    #[test]
    fn the_missing_key_is_the_one_that_the_environment_names() {
        let pod = json!({
            "metadata": {"namespace": "shop"},
            "spec": {"containers": [{"name": "app", "env": [
                {"name": "A", "value": "1"},
                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "database", "key": "url"}}},
            ]}]},
        });
        assert_eq!(
            missing_key(&pod, "app"),
            "couldn't find key url in Secret shop/database"
        );
        assert_eq!(
            missing_key(&pod, "other"),
            "couldn't find key api-token in Secret shop/other"
        );
    }
}
