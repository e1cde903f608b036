//! One test or more for each row of the fault catalogue that concerns a watch, named by its id.

use super::*;

#[tokio::test(start_paused = true)]
async fn a2_credentials_that_end_in_mid_watch_end_it_after_three_failures() {
    let script = Script::new();
    let refused = Reply::status(401, "Unauthorized", "Unauthorized");
    script.on(
        &format!("GET {PODS}?watch=true"),
        [ended(&[event("ADDED", &pod("web-1-a", 21))]), refused],
    );
    otherwise_quiet(&script);
    let told = watch_until(&script, Setting::default(), |told| {
        told.iter()
            .any(|(_, input)| matches!(input, Input::Expelled { .. }))
    })
    .await;
    assert_eq!(losses(&told).len(), 2);
    assert_eq!(script.count(&[PODS, "watch=true"]), 4);
    let (_, Input::Expelled { why }) = told.last().expect("an end") else {
        panic!("{told:?}");
    };
    assert_eq!(
        why,
        "https://api.example does not accept the credentials of `dev`"
    );
}

#[tokio::test(start_paused = true)]
async fn a4_what_may_not_be_read_is_done_without() {
    let script = Script::new();
    script.on(&format!("GET {PODS}"), [forbidden()]);
    script.on(&format!("GET {EVENTS}"), [forbidden()]);
    otherwise_quiet(&script);
    let told = watch_for(&script, Setting::default(), 60).await;
    let forbidden: Vec<Watched> = told
        .iter()
        .filter_map(|(_, input)| match input {
            Input::Forbidden { kind, .. } => Some(*kind),
            _ => None,
        })
        .collect();
    assert_eq!(forbidden.len(), 2, "{told:?}");
    assert!(forbidden.contains(&Watched::Pods) && forbidden.contains(&Watched::Events));
    assert_eq!(script.count(&[PODS]), 1);
    assert!(script.notices().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a8_a_version_that_is_too_old_leads_to_a_new_list() {
    let gone = Reply::status(410, "Expired", "too old resource version");
    for end in [gone, ended(&[expired()])] {
        let (_, told) = watch_pods([end, quiet()], |told| lists(told, Watched::Pods) == 2).await;
        assert!(losses(&told).is_empty(), "{told:?}");
        assert!(told.last().expect("a list").0 < Duration::from_millis(10));
    }
}

#[tokio::test(start_paused = true)]
async fn a8_a_server_that_calls_every_version_too_old_is_asked_ever_more_rarely() {
    let script = Script::new();
    script.on(&format!("GET {PODS}?watch=true"), [ended(&[expired()])]);
    otherwise_quiet(&script);
    watch_for(&script, Setting::default(), 60).await;
    let lists = script.count(&[PODS, "limit=500"]);
    assert!((5..15).contains(&lists), "{lists}");
}

#[tokio::test(start_paused = true)]
async fn a11_an_outage_is_survived_and_the_watch_goes_on_where_it_was() {
    let down = Reply::status(503, "ServiceUnavailable", "shutting down");
    let broken = Reply::Pieces(vec![
        Piece::event(&event("ADDED", &pod("web-1-a", 25))),
        Piece::Reset,
    ]);
    let back = Reply::watch(&[event("MODIFIED", &pod("web-1-a", 26))]);
    let (script, told) = watch_pods(
        [broken, Reply::Reset, down.clone(), down.clone(), down, back],
        |told| pods_changed(told).len() == 2,
    )
    .await;
    assert!(is_restored(&told, Watched::Pods));
    let losses = losses(&told);
    assert_eq!(losses.len(), 4, "{told:?}");
    assert!(losses.iter().all(|(kind, _)| *kind == Watched::Pods));
    // 0.5 + 1 + 2 + 4 s
    let back = told.last().expect("an event").0;
    assert!(
        (Duration::from_millis(7500)..Duration::from_millis(7600)).contains(&back),
        "{back:?}"
    );
    assert_eq!(script.count(&[PODS, "watch=true", "resourceVersion=25"]), 5);
    assert_eq!(script.count(&[PODS, "limit=500"]), 1);
}

#[tokio::test(start_paused = true)]
async fn a11_waits_grow_to_eight_seconds_and_no_further() {
    let script = Script::new();
    script.on(&format!("GET {PODS}?watch=true"), [Reply::Reset]);
    otherwise_quiet(&script);
    watch_for(&script, Setting::default(), 100).await;
    // At 0, 0.5, 1.5, 3.5, 7.5, 15.5, and every 8 s from then on.
    assert_eq!(script.count(&[PODS, "watch=true"]), 16);
}

#[tokio::test(start_paused = true)]
async fn a9_a_busy_server_is_let_alone_as_long_as_it_asks() {
    let busy = Reply::status(429, "TooManyRequests", "too many").with("retry-after", "20");
    let back = Reply::watch(&[event("ADDED", &pod("web-1-a", 26))]);
    let (_, told) = watch_pods([busy, back], |told| !pods_changed(told).is_empty()).await;
    let back = told.last().expect("an event").0;
    assert!(back >= Duration::from_secs(20), "{back:?}");
}

#[tokio::test(start_paused = true)]
async fn a14_watches_that_end_are_resumed_without_a_word() {
    let two_seconds = |name: &str, version| {
        Reply::Pieces(vec![
            Piece::Wait(Duration::from_secs(2)),
            Piece::event(&event("ADDED", &pod(name, version))),
        ])
    };
    let (script, told) = watch_pods(
        [
            two_seconds("web-1-a", 21),
            Reply::Pieces(vec![Piece::Wait(Duration::from_secs(2))]),
            two_seconds("web-1-b", 23),
            quiet(),
        ],
        |told| pods_changed(told).len() == 2,
    )
    .await;
    assert!(losses(&told).is_empty(), "{told:?}");
    assert!(told.last().expect("an event").0 < Duration::from_millis(6100));
    assert_eq!(script.count(&[PODS, "watch=true", "resourceVersion=21"]), 2);
}

#[tokio::test(start_paused = true)]
async fn a14_watches_that_end_at_once_are_not_opened_in_a_frenzy() {
    let script = Script::new();
    script.on(&format!("GET {PODS}?watch=true"), [ended(&[])]);
    otherwise_quiet(&script);
    let told = watch_for(&script, Setting::default(), 60).await;
    assert!(losses(&told).is_empty(), "{told:?}");
    let watches = script.count(&[PODS, "watch=true"]);
    assert!((5..15).contains(&watches), "{watches}");
}

#[tokio::test(start_paused = true)]
async fn a15_a_silent_watch_is_opened_anew_and_a_read_is_the_second_source() {
    let script = Script::new();
    script.on(
        &format!("GET {DEPLOYMENTS}/web"),
        [
            Reply::ok(&deployment("web", 50)),
            Reply::status(404, "NotFound", "not found"),
        ],
    );
    otherwise_quiet(&script);
    let told = watch_for(&script, Setting::default(), 59).await;
    assert_eq!(script.count(&[PODS, "watch=true"]), 2);
    assert_eq!(script.count(&[DEPLOYMENTS, "watch=true"]), 2);
    let pods_listed = told.iter().filter(|(_, input)| {
        matches!(
            input,
            Input::Listed {
                kind: Watched::Pods,
                ..
            }
        )
    });
    assert_eq!(pods_listed.count(), 2, "what silence hid is in the list");
    let reads: Vec<(u64, bool)> = told
        .iter()
        .skip(1)
        .filter_map(|(at, input)| match input {
            Input::Changed(Seen::Deployment(seen)) => {
                assert_eq!(seen.metadata.resource_version, "50");
                Some((at.as_secs(), true))
            }
            Input::Missing { deployment } => {
                assert_eq!(deployment, "web");
                Some((at.as_secs(), false))
            }
            _ => None,
        })
        .collect();
    assert_eq!(reads, [(15, true), (30, false), (45, false)]);
    assert!(losses(&told).is_empty(), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a16_a_stream_that_makes_no_sense_is_dropped_and_listed_anew() {
    let long = "x".repeat(2000);
    let garbage = [
        Piece::Bytes("{\"type\": \"ADDED\",\n".into()),
        Piece::Bytes("<html>\n".into()),
        Piece::event(&event("SOMETHING", &json!({}))),
        Piece::Bytes(long.into()),
        Piece::event(&event("ERROR", &json!({"code": 500, "message": "etcd"}))),
    ];
    for piece in garbage {
        let script = Script::new();
        script.on(
            &format!("GET {PODS}?watch=true"),
            [Reply::Pieces(vec![piece.clone(), Piece::Silence]), quiet()],
        );
        otherwise_quiet(&script);
        let setting = Setting {
            limits: Limits {
                longest_line: 1000,
                ..Limits::default()
            },
            ..Setting::default()
        };
        let told = watch_until(&script, setting, |told| lists(told, Watched::Pods) == 2).await;
        assert_eq!(losses(&told).len(), 1, "{piece:?}: {told:?}");
        assert!(told.last().expect("a list").0 < Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a34_what_may_not_be_watched_is_read_every_two_seconds() {
    let script = Script::new();
    script.on(&format!("GET {PODS}?watch=true"), [forbidden()]);
    script.on(&format!("GET {DEPLOYMENTS}?watch=true"), [forbidden()]);
    otherwise_quiet(&script);
    let told = watch_for(&script, Setting::default(), 9).await;
    assert_eq!(lists(&told, Watched::Pods), 6);
    assert_eq!(script.count(&[DEPLOYMENTS, "/web"]), 5);
    let notice = Notice::NotWatchable {
        why: "pods is forbidden".to_owned(),
        every: Duration::from_secs(2),
    };
    assert_eq!(script.notices(), [notice.clone(), notice]);
}

#[tokio::test(start_paused = true)]
async fn a34_reads_instead_of_a_watch_survive_an_outage() {
    let script = Script::new();
    script.on(&format!("GET {PODS}?watch=true"), [forbidden()]);
    let down = Reply::status(503, "ServiceUnavailable", "shutting down");
    let up = list(&[], 20);
    script.on(
        &format!("GET {PODS}?limit"),
        [up.clone(), up.clone(), down, up],
    );
    otherwise_quiet(&script);
    let told = watch_until(&script, Setting::default(), |told| {
        lists(told, Watched::Pods) == 3
    })
    .await;
    assert_eq!(losses(&told), [(Watched::Pods, "shutting down")]);
    assert!(is_restored(&told, Watched::Pods));
}
