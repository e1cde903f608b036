//! What the text of a failed image pull means. Runtimes and registries word it as they like, so few
//! words decide, and what is not understood is called trouble that may pass.

use super::cause::{Cause, Grade};

/// Signs of a network or a registry that does not work just now; they win over the others, since
/// such texts often quote what was looked for.
const TROUBLE: &[&str] = &[
    "dial tcp",
    "lookup ",
    "i/o timeout",
    "timed out",
    "deadline exceeded",
    "connection refused",
    "connection reset",
    "too many requests",
    "toomanyrequests",
];

const PLATFORM: &[&str] = &["no match for platform", "no matching manifest for"];

const DENIED: &[&str] = &["unauthorized", "denied", "authentication required"];

const NOT_FOUND: &[&str] = &["not found", "manifest unknown"];

/// Returns what a pull of `image` that ended with `message` means.
///
/// `None` for the message stands for a back-off whose reason nobody has kept.
pub(super) fn classify(image: &str, message: Option<&str>) -> (Cause, Grade) {
    let image = image.to_owned();
    let Some(message) = message else {
        let message = String::new();
        return (Cause::RegistryTrouble { image, message }, Grade::Transient);
    };
    let text = without_names(&image, &message.to_lowercase());
    let has = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
    let message = message.to_owned();
    if has(TROUBLE) {
        (Cause::RegistryTrouble { image, message }, Grade::Transient)
    } else if has(PLATFORM) {
        let cause = Cause::ImagePlatform { image, message };
        (cause, Grade::SecondSighting)
    } else if has(DENIED) {
        (Cause::ImageDenied { image, message }, Grade::SecondSighting)
    } else if has(NOT_FOUND) {
        let cause = Cause::ImageNotFound { image, message };
        (cause, Grade::SecondSighting)
    } else {
        (Cause::RegistryTrouble { image, message }, Grade::Transient)
    }
}

/// Returns the reason inside a waiting message, or `None` if it says only that the kubelet waits
/// before it tries again, as older ones do.
pub(super) fn reason(message: &str) -> Option<&str> {
    if !message.starts_with("Back-off pulling image") {
        return Some(message);
    }
    message
        .split_once("ErrImagePull: ")
        .map(|(_, reason)| reason)
}

/// Takes the image's own name out of the text: a tag may be called `denied`.
fn without_names(image: &str, text: &str) -> String {
    let image = image.to_lowercase();
    let end = image.rfind('/').map_or(0, |slash| slash.saturating_add(1));
    let name = image.get(end..).unwrap_or_default();
    let repository_end = name
        .find([':', '@'])
        .map_or(image.len(), |colon| end.saturating_add(colon));
    let repository = image.get(..repository_end).unwrap_or_default();
    let text = if image.is_empty() {
        text.to_owned()
    } else {
        text.replace(&image, "")
    };
    if repository.is_empty() {
        text
    } else {
        text.replace(repository, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_errors_are_told_apart_by_their_text() {
        let image = "registry.example/app:v2";
        let cases = [
            (
                "rpc error: code = NotFound desc = failed to pull and unpack image \"registry.example/app:v2\": registry.example/app:v2: not found",
                "image-not-found",
            ),
            ("manifest unknown: manifest unknown", "image-not-found"),
            (
                "Error response from daemon: manifest for registry.example/app:v2 Not Found",
                "image-not-found",
            ),
            (
                "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
                "image-denied",
            ),
            (
                "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
                "image-denied",
            ),
            (
                "no basic auth credentials: authentication required",
                "image-denied",
            ),
            (
                "no match for platform in manifest: not found",
                "image-platform",
            ),
            (
                "dial tcp: lookup registry.example on 10.0.0.10:53: no such host",
                "registry-trouble",
            ),
            (
                "lookup registry.example: name not found",
                "registry-trouble",
            ),
            (
                "unexpected status from HEAD request: 503 Service Unavailable",
                "registry-trouble",
            ),
            (
                "toomanyrequests: You have reached your pull rate limit",
                "registry-trouble",
            ),
        ];
        for (message, kind) in cases {
            let (cause, grade) = classify(image, Some(message));
            assert_eq!(cause.kind(), kind, "{message}");
            let expected = match kind {
                "registry-trouble" => Grade::Transient,
                _ => Grade::SecondSighting,
            };
            assert_eq!(grade, expected, "{message}");
        }
    }

    #[test]
    fn the_name_of_the_image_is_no_sign() {
        for image in [
            "registry.example/denied:v1",
            "registry.example:5000/team/not-found@sha256:00",
            "denied",
        ] {
            let message = format!("failed to pull \"{image}\": 503 Service Unavailable");
            let (cause, _) = classify(image, Some(&message));
            assert_eq!(cause.kind(), "registry-trouble", "{image}");
        }
    }

    #[test]
    fn a_back_off_tells_its_reason_only_on_newer_kubelets() {
        assert_eq!(
            reason("Back-off pulling image \"x/a:1\": ErrImagePull: x/a:1: not found"),
            Some("x/a:1: not found")
        );
        assert_eq!(reason("Back-off pulling image \"x/a:1\""), None);
        assert_eq!(reason("rpc error: not found"), Some("rpc error: not found"));
    }
}
