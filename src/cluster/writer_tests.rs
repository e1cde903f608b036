//! Writes that are refused, lost on the way, cut off, or overtaken.

use std::time::Duration;

use serde_json::json;

use super::super::testing::{DEPLOYMENTS, Piece, Reply, Script};
use super::*;
use crate::cluster::Notice;
use crate::plan::patch::Pointer;

const ID: &str = "0123456789abcdef";

const IMAGE: &str = "/spec/template/spec/containers/0/image";

fn patch(name: &str) -> Patch {
    let test = |path: &str, value: Value| Operation::Test {
        path: Pointer::of(path),
        value,
    };
    Patch {
        deployment: name.to_owned(),
        operations: vec![
            test("/metadata/uid", json!("u")),
            test(IMAGE, json!("app:v1")),
            test("/spec/minReadySeconds", Value::Null),
            Operation::Replace {
                path: Pointer::of(IMAGE),
                value: json!("app:v2"),
            },
            Operation::Add {
                path: Pointer::of("/metadata/annotations/team~1deploy-id"),
                value: json!(ID),
            },
        ],
    }
}

fn deployment(image: &str, annotations: Value) -> Value {
    json!({
        "metadata": {"name": "web", "uid": "u", "annotations": annotations},
        "spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}},
    })
}

fn before() -> Value {
    deployment("app:v1", json!({}))
}

fn after() -> Value {
    deployment("app:v2", json!({"team/deploy-id": ID}))
}

async fn apply(script: &Script, names: &[&str]) -> Vec<Written> {
    let plan = Approved::for_tests(Plan::of_patches(
        "shop",
        names.iter().map(|name| patch(name)).collect(),
    ));
    let cluster = script.cluster();
    let writer = Writer::new(&cluster, &plan);
    writer.apply(&AtomicBool::new(false)).await
}

async fn apply_one(script: &Script) -> Outcome {
    apply(script, &["web"]).await.remove(0).outcome
}

/// PATCHes are answered by the first replies, reads by the second.
fn scripted(
    patches: impl IntoIterator<Item = Reply>,
    reads: impl IntoIterator<Item = Reply>,
) -> Script {
    let script = Script::new();
    script.on(&format!("PATCH {DEPLOYMENTS}/web"), patches);
    script.on(&format!("GET {DEPLOYMENTS}/web"), reads);
    script
}

fn test_failed() -> Reply {
    Reply::status(
        422,
        "Invalid",
        "the server rejected our request due to an error in our request",
    )
}

fn gateway_timeout() -> Reply {
    Reply::status(
        504,
        "Timeout",
        "request did not complete within the allotted timeout",
    )
}

#[tokio::test(start_paused = true)]
async fn a_write_is_one_request_and_its_answer_is_kept() {
    let stored = Reply::ok(&after()).with("warning", r#"299 - "would violate""#);
    let script = scripted([stored], []);
    let outcome = apply_one(&script).await;
    assert!(
        matches!(&outcome, Outcome::Stored { object } if **object == after()),
        "{outcome:?}"
    );
    let warning = Notice::Warning("would violate".to_owned());
    assert_eq!(script.notices(), [warning]);
    assert_eq!(
        script.lines(),
        [format!(
            "PATCH {DEPLOYMENTS}/web?fieldManager=kube-deploy&fieldValidation=Strict"
        )]
    );
}

#[tokio::test(start_paused = true)]
async fn a6_a_failed_test_is_looked_into() {
    for refusal in [
        test_failed(),
        Reply::status(409, "Conflict", "the object has been modified"),
    ] {
        let now = deployment("app:v3", json!({"team/deploy-id": "another"}));
        let script = scripted([refusal], [Reply::ok(&now)]);
        match apply_one(&script).await {
            Outcome::Moved { differences } => {
                let expected = Mismatch::Moved {
                    path: Pointer::of(IMAGE),
                    expected: json!("app:v1"),
                    found: Some(json!("app:v3")),
                };
                assert_eq!(differences, [expected]);
            }
            outcome => panic!("{outcome:?}"),
        }
        assert_eq!(script.count(&["PATCH"]), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a6_what_cannot_be_explained_is_still_a_move() {
    let script = scripted([test_failed()], [Reply::ok(&before())]);
    let outcome = apply_one(&script).await;
    assert!(
        matches!(&outcome, Outcome::Moved { differences } if differences.is_empty()),
        "{outcome:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a10_a12_a13_a_write_without_a_known_end_is_found_by_its_id() {
    let endings = [
        gateway_timeout(),
        Reply::status(500, "InternalError", "etcdserver: request timed out"),
        Reply::status(503, "ServiceUnavailable", "shutting down"),
        Reply::Reset,
        Reply::Silence,
        Reply::Pieces(vec![Piece::Bytes("{\"metadata\":".into()), Piece::Reset]),
        Reply::Pieces(vec![Piece::Bytes("{\"metadata\":".into())]),
        Reply::text(502, "text/html", "<html>Bad Gateway"),
    ];
    for ending in endings {
        let script = scripted([ending.clone()], [Reply::ok(&after())]);
        let outcome = apply_one(&script).await;
        assert!(
            matches!(&outcome, Outcome::Stored { object } if **object == after()),
            "{ending:?}: {outcome:?}"
        );
        assert_eq!(script.count(&["PATCH"]), 1, "{ending:?}");
        assert_eq!(script.count(&["GET"]), 1, "{ending:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a12_a_write_that_did_not_arrive_is_sent_again_with_the_same_body() {
    for ending in [gateway_timeout(), Reply::Reset, Reply::Silence] {
        let script = scripted(
            [ending.clone(), Reply::ok(&after())],
            [Reply::ok(&before())],
        );
        let outcome = apply_one(&script).await;
        assert!(outcome.is_stored(), "{ending:?}: {outcome:?}");
        let bodies: Vec<Bytes> = script
            .arrived()
            .into_iter()
            .filter(|arrived| arrived.line.starts_with("PATCH"))
            .map(|arrived| arrived.body)
            .collect();
        assert_eq!(bodies.len(), 2, "{ending:?}");
        assert_eq!(bodies[0], bodies[1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a12_a_write_that_lands_late_is_ours_all_the_same() {
    // The look finds the old state; then the first PATCH lands, and the second one's test fails.
    let script = scripted(
        [gateway_timeout(), test_failed()],
        [Reply::ok(&before()), Reply::ok(&after())],
    );
    let outcome = apply_one(&script).await;
    assert!(outcome.is_stored(), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a13_a_cut_at_every_byte_is_resolved() {
    let answer = after().to_string();
    for at in 0..answer.len() {
        let cut = Bytes::from(answer[..at].to_owned());
        let script = scripted(
            [Reply::Pieces(vec![Piece::Bytes(cut), Piece::Reset])],
            [Reply::ok(&after())],
        );
        let outcome = apply_one(&script).await;
        assert!(outcome.is_stored(), "cut at {at}: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a12_what_cannot_be_found_out_is_unresolved() {
    let lost = Reply::status(504, "Timeout", "timeout");
    let script = scripted([Reply::Reset], [lost]);
    let outcome = apply_one(&script).await;
    assert!(matches!(outcome, Outcome::Unresolved { .. }), "{outcome:?}");

    let script = scripted([Reply::Reset], [Reply::ok(&before())]);
    let start = tokio::time::Instant::now();
    let outcome = apply_one(&script).await;
    assert!(matches!(outcome, Outcome::Unresolved { .. }), "{outcome:?}");
    assert!(start.elapsed() <= Duration::from_secs(60));
    assert!(script.count(&["PATCH"]) > 3);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_somebody_overwrote_at_once_is_not_called_stored() {
    let overwritten = deployment(
        "app:v3",
        json!({"team/deploy-id": "another", "team/deploy-log": format!("7 {ID} app:v2")}),
    );
    let script = scripted([Reply::Reset], [Reply::ok(&overwritten)]);
    let outcome = apply_one(&script).await;
    assert!(matches!(outcome, Outcome::Unresolved { .. }), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_an_unknown_end_is_not_taken_for_nothing_stored() {
    let forbidden = Reply::status(403, "Forbidden", "User cannot patch resource");
    let script = scripted(
        [gateway_timeout(), forbidden],
        [Reply::ok(&before()), Reply::ok(&after())],
    );
    let outcome = apply_one(&script).await;
    assert!(outcome.is_stored(), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a9_b2_what_was_not_looked_at_is_sent_again_without_a_look() {
    for trouble in [
        Reply::status(429, "TooManyRequests", "too many").with("retry-after", "1"),
        Reply::status(500, "InternalError", "failed calling webhook \"w\": EOF"),
    ] {
        let script = scripted([trouble, Reply::ok(&after())], []);
        let outcome = apply_one(&script).await;
        assert!(outcome.is_stored(), "{outcome:?}");
        assert_eq!(script.count(&["GET"]), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a9_a_write_that_is_throttled_for_ever_failed() {
    let busy = Reply::status(429, "TooManyRequests", "too many").with("retry-after", "60");
    let script = scripted([busy], []);
    let outcome = apply_one(&script).await;
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_not_repeated() {
    type Expected = fn(&Refusal) -> bool;
    let cases: [(Reply, Expected); 5] = [
        (
            Reply::status(403, "Forbidden", "User \"viewer\" cannot patch resource"),
            |refusal| matches!(refusal, Refusal::Forbidden { .. }),
        ),
        (
            Reply::status(
                403,
                "Forbidden",
                "admission webhook \"w\" denied the request: no",
            ),
            |refusal| matches!(refusal, Refusal::Denied { .. }),
        ),
        (
            Reply::status(
                403,
                "Forbidden",
                "namespace shop because it is being terminated",
            ),
            |refusal| matches!(refusal, Refusal::NamespaceTerminating { .. }),
        ),
        (
            Reply::status(413, "RequestEntityTooLarge", "too large"),
            |refusal| matches!(refusal, Refusal::TooLarge { .. }),
        ),
        (
            Reply::status(404, "NotFound", "deployments.apps \"web\" not found"),
            |refusal| matches!(refusal, Refusal::Absent { .. }),
        ),
    ];
    for (reply, expected) in cases {
        let script = scripted([reply.clone()], []);
        match apply_one(&script).await {
            Outcome::Refused(refusal) if expected(&refusal) => {}
            outcome => panic!("{reply:?}: {outcome:?}"),
        }
        assert_eq!(script.lines().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn f18_a_refused_write_stops_further_ones_and_all_are_reported() {
    let names: Vec<String> = (0..20).map(|number| format!("d{number:02}")).collect();
    let script = Script::new();
    for (number, name) in names.iter().enumerate() {
        // All answers take their time; the third refuses first.
        let (wait, reply) = if number == 2 {
            (
                1,
                Reply::status(403, "Forbidden", "User cannot patch resource"),
            )
        } else {
            (2, Reply::ok(&after()))
        };
        let reply = Reply::After(Duration::from_secs(wait), Box::new(reply));
        script.on(&format!("PATCH {DEPLOYMENTS}/{name}"), [reply]);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let written = apply(&script, &names).await;
    let told: Vec<(&str, &str)> = written
        .iter()
        .map(|written| {
            let outcome = match &written.outcome {
                Outcome::Stored { .. } => "stored",
                Outcome::Refused(_) => "refused",
                Outcome::NotSent => "not sent",
                outcome => panic!("{outcome:?}"),
            };
            (written.deployment.as_str(), outcome)
        })
        .collect();
    let expected: Vec<(&str, &str)> = names
        .iter()
        .enumerate()
        .map(|(number, name)| match number {
            2 => (*name, "refused"),
            0..8 => (*name, "stored"),
            _ => (*name, "not sent"),
        })
        .collect();
    assert_eq!(told, expected);
    assert_eq!(script.lines().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_halt_stops_what_was_not_sent() {
    let script = scripted([Reply::ok(&after())], []);
    let plan = Approved::for_tests(Plan::of_patches("shop", vec![patch("web")]));
    let cluster = script.cluster();
    let written = Writer::new(&cluster, &plan)
        .apply(&AtomicBool::new(true))
        .await;
    assert!(matches!(written[0].outcome, Outcome::NotSent));
    assert!(script.lines().is_empty());
}

#[test]
fn our_id_is_read_from_the_patch() {
    let mut patch = patch("web");
    assert_eq!(deploy_id(&patch), Some(("team/deploy-id".to_owned(), ID)));
    patch.operations.pop();
    patch.operations.push(Operation::Test {
        path: Pointer::of("/metadata/annotations/team~1deploy-id"),
        value: json!("old"),
    });
    assert_eq!(deploy_id(&patch), None);
}
