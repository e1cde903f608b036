//! What a dry run sends, and what its answers mean.

use serde_json::json;

use super::super::testing::{DEPLOYMENTS, Reply, Script};
use super::*;
use crate::plan::patch::{Operation, Pointer};

fn patch() -> Patch {
    Patch {
        deployment: "web".to_owned(),
        operations: vec![Operation::Test {
            path: Pointer::of("/metadata/uid"),
            value: json!("<u>"),
        }],
    }
}

async fn ask(script: &Script) -> Result<Previewed, Fault> {
    script.cluster().preview().ask(&patch()).await
}

fn scripted(replies: impl IntoIterator<Item = Reply>) -> Script {
    let script = Script::new();
    script.on(&format!("PATCH {DEPLOYMENTS}/web?dryRun=All"), replies);
    script
}

#[tokio::test(start_paused = true)]
async fn the_very_body_is_sent_as_a_dry_run() {
    let stored = json!({"metadata": {"generation": 2}});
    let script = scripted([Reply::ok(&stored).with("warning", r#"299 - "would violate""#)]);
    assert_eq!(
        ask(&script).await.expect("an answer"),
        Previewed::Answered {
            object: Box::new(stored),
            warnings: vec!["would violate".to_owned()],
        }
    );
    let arrived = script.arrived().remove(0);
    assert_eq!(
        arrived.line,
        format!(
            "PATCH {DEPLOYMENTS}/web?dryRun=All&fieldManager=kube-deploy&fieldValidation=Strict"
        )
    );
    assert_eq!(
        arrived.headers["content-type"],
        "application/json-patch+json"
    );
    let written = patch_request("shop", &patch(), Effect::Stored).expect("a request");
    assert_eq!(arrived.body, *written.body());
    assert_eq!(
        arrived.body,
        r#"[{"op":"test","path":"/metadata/uid","value":"\u003cu\u003e"}]"#
    );
    assert!(!written.uri().to_string().contains("dryRun"));
}

#[tokio::test(start_paused = true)]
async fn b1_a_denial_is_found_in_the_dry_run() {
    let message = "admission webhook \"w\" denied the request: no latest tags";
    let script = scripted([Reply::status(403, "Forbidden", message)]);
    assert_eq!(
        ask(&script).await.expect("an answer"),
        Previewed::Refused(Refusal::Denied {
            message: message.to_owned()
        })
    );
}

#[tokio::test(start_paused = true)]
async fn b2_a_webhook_that_is_down_is_tried_for_30_s() {
    let down = Reply::status(
        500,
        "InternalError",
        "Internal error occurred: failed calling webhook \"w\": connection refused",
    );
    let script = scripted([down.clone(), Reply::ok(&json!({}))]);
    assert!(matches!(ask(&script).await, Ok(Previewed::Answered { .. })));

    // A server that has been seen, as it has in every run that comes to a preview.
    let script = scripted([Reply::ok(&json!({})), down]);
    let preview = script.cluster().preview();
    preview.ask(&patch()).await.expect("an answer");
    let start = tokio::time::Instant::now();
    let fault = preview.ask(&patch()).await.expect_err("down");
    assert_eq!(fault.status().expect("an answer").code, 500);
    let seconds = start.elapsed().as_secs();
    assert!((20..=30).contains(&seconds), "{seconds}");
    let kind = crate::error::Error::from(fault).kind;
    assert_eq!(kind, crate::error::Kind::Unreachable);
}

#[tokio::test(start_paused = true)]
async fn b3_where_no_dry_run_is_to_be_had_a_local_preview_must_do() {
    for (code, message) in [
        (400, "admission webhook \"w\" does not support dry run"),
        (
            403,
            "deployments.apps \"web\" is forbidden: User \"viewer\" cannot patch resource",
        ),
    ] {
        let script = scripted([Reply::status(code, "", message)]);
        assert_eq!(
            ask(&script).await.expect("an answer"),
            Previewed::Unavailable {
                why: message.to_owned()
            }
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a6_a_plan_that_is_stale_is_noticed_in_the_dry_run() {
    let script = scripted([Reply::status(422, "Invalid", "")]);
    assert_eq!(ask(&script).await.expect("an answer"), Previewed::Moved);
}
