//! How often and after how long each kind of trouble is tried again.

use kube::core::Status;

use super::*;

const SEEN: bool = true;

fn answered(code: u16, message: &str, retry_after: Option<u64>) -> Fault {
    Fault::Answered {
        status: Box::new(Status::failure(message, "").with_code(code)),
        retry_after: retry_after.map(Duration::from_secs),
    }
}

fn server() -> String {
    "https://api.example".to_owned()
}

fn refused() -> Fault {
    Fault::Unreachable {
        server: server(),
        why: NoRoute::Refused,
    }
}

/// Returns the waits until it is enough, each fault coming back at once.
fn waits(fault: &Fault, was_seen: bool) -> Vec<f64> {
    let mut now = Moment::default();
    let mut tries = Tries::begin(now);
    let mut waits = Vec::new();
    while let Some(wait) = tries.after(
        fault,
        &Endurance::default(),
        Circumstances {
            now,
            was_seen,
            random: 0,
        },
    ) {
        now = now.plus(wait);
        waits.push(wait.as_secs_f64());
    }
    waits
}

#[test]
fn a9_a_busy_server_is_waited_for_30_s_each_and_2_min_in_all() {
    let cases = [
        (Some(1), vec![1.0; 120]),
        (Some(86_400), vec![30.0; 4]),
        (None, {
            let mut waits = vec![0.5, 1.0, 2.0, 4.0];
            waits.extend([8.0; 14]);
            waits
        }),
    ];
    for (asked, expected) in cases {
        let fault = answered(429, "Too many requests", asked);
        assert_eq!(waits(&fault, SEEN), expected, "Retry-After {asked:?}");
    }
}

#[test]
fn a10_a_change_of_etcds_leader_is_waited_out() {
    let fault = answered(500, "etcdserver: leader changed", None);
    assert_eq!(waits(&fault, SEEN), [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]);
}

#[test]
fn a11_a_restart_of_the_api_server_is_waited_out() {
    let restarting = [
        refused(),
        Fault::Broken {
            server: server(),
            why: "connection reset".to_owned(),
        },
        answered(503, "apiserver is shutting down", None),
    ];
    for fault in restarting {
        assert_eq!(waits(&fault, SEEN), [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]);
    }
}

#[test]
fn a_server_that_never_answered_is_given_up_sooner() {
    assert_eq!(waits(&refused(), !SEEN), [0.5, 1.0, 2.0, 4.0]);
}

#[test]
fn a_name_that_cannot_be_resolved_is_not_looked_for_again_unless_it_was_there() {
    let fault = Fault::Unreachable {
        server: server(),
        why: NoRoute::UnknownHost,
    };
    assert!(waits(&fault, !SEEN).is_empty());
    assert!(!waits(&fault, SEEN).is_empty());
}

#[test]
fn b2_a_webhook_that_is_down_is_waited_for() {
    let fault = answered(
        500,
        "Internal error occurred: failed calling webhook \"x\"",
        None,
    );
    assert_eq!(waits(&fault, SEEN), [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]);
    assert_eq!(Trouble::of(&fault), Trouble::Hindered);
}

#[test]
fn what_would_not_change_is_not_tried_again() {
    let html = |status| Fault::NotKubernetes {
        server: server(),
        found: "text/html".to_owned(),
        status,
    };
    let hopeless = [
        answered(400, "", None),
        answered(403, "", None),
        answered(404, "", None),
        answered(409, "", None),
        answered(410, "", None),
        answered(422, "", None),
        answered(500, "some other error", None),
        html(StatusCode::OK),
        html(StatusCode::FOUND),
        Fault::Untrusted {
            server: server(),
            trouble: super::super::tls::Trouble::UnknownIssuer,
        },
        Fault::Unauthorized {
            server: server(),
            user: "dev".to_owned(),
            hint: None,
        },
        Fault::Oversized {
            server: server(),
            limit: 1,
        },
    ];
    for fault in hopeless {
        assert!(waits(&fault, SEEN).is_empty(), "{fault:?}");
    }
    assert!(!waits(&html(StatusCode::BAD_GATEWAY), SEEN).is_empty());
}

#[test]
fn waits_are_spread_by_up_to_a_fifth() {
    let wait = Duration::from_secs(10);
    assert_eq!(jittered(wait, 0), wait);
    assert_eq!(jittered(wait, 500), Duration::from_secs(11));
    for random in [1, 999, u64::MAX] {
        let spread = jittered(wait, random);
        assert!(spread >= wait && spread < Duration::from_secs(12));
    }
}
