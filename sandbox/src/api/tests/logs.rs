//! Logs of containers whose stories are told by their tags.

use std::time::Duration;

use super::*;

const POD: &str = "/api/v1/namespaces/api/pods/p";

fn pod(images: &[&str]) -> Value {
    let containers: Vec<Value> = images
        .iter()
        .enumerate()
        .map(|(index, image)| json!({"name": format!("c{index}"), "image": image, "readinessProbe": {"tcpSocket": {"port": 80}}}))
        .collect();
    json!({"metadata": {"name": "p"}, "spec": {"containers": containers}})
}

/// Makes a world with a pod that has lived for a while.
fn bench_after(seconds: u64, images: &[&str]) -> Bench {
    let mut bench = Bench::new();
    bench
        .post("/api/v1/namespaces/api/pods", &pod(images))
        .expect(201);
    bench.now = START.plus(Duration::from_secs(seconds));
    bench.world.run_to(bench.now);
    bench
}

fn text(bench: &mut Bench, query: &str) -> (u16, String) {
    let response = bench.respond("GET", &format!("{POD}/log?{query}"), "", "");
    (
        response.status,
        String::from_utf8(response.bytes().to_vec()).unwrap(),
    )
}

fn message(bench: &mut Bench, query: &str) -> String {
    let (status, body) = text(bench, query);
    assert_eq!(status, 400, "{query}");
    serde_json::from_str::<Value>(&body).unwrap()["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn lines_can_be_chosen() {
    let mut bench = bench_after(5, &["r/app:v1"]);
    let (status, all) = text(&mut bench, "");
    assert_eq!(status, 200);
    let lines: Vec<&str> = all.lines().collect();
    assert!(lines.len() > 1, "{all}");
    let last = format!("{}\n", lines.last().unwrap());
    assert_eq!(text(&mut bench, "tailLines=1").1, last);
    assert_eq!(
        text(&mut bench, "tailLines=1&container=c0&follow=true").1,
        last
    );
    assert_eq!(text(&mut bench, "limitBytes=3").1, all[..3]);
    assert_eq!(text(&mut bench, "tailLines=0").1, "");
    assert_eq!(text(&mut bench, "sinceTime=2026-11-21T09:00:00Z").1, "");
    assert_eq!(text(&mut bench, "sinceSeconds=3600").1, all);
    assert!(
        text(&mut bench, "timestamps=true")
            .1
            .starts_with("2026-11-21T07:07:0")
    );
    let response = bench.respond("GET", &format!("{POD}/log"), "", "");
    assert!(
        response
            .headers
            .contains(&("content-type", "text/plain".to_owned()))
    );
}

#[test]
fn the_run_before_has_its_own_lines() {
    let mut bench = bench_after(15, &["r/app:crash"]);
    let (status, previous) = text(&mut bench, "previous=true");
    assert_eq!(status, 200);
    assert!(!previous.is_empty());
    let mut bench = bench_after(5, &["r/app:v1"]);
    assert_eq!(
        message(&mut bench, "previous=true"),
        "previous terminated container \"c0\" in pod \"p\" not found"
    );
}

#[test]
fn a_container_has_to_be_known_and_started() {
    let mut bench = bench_after(5, &["r/app:v1", "r/app:not-found"]);
    assert_eq!(
        message(&mut bench, ""),
        "a container name must be specified for pod p, choose one of: [c0 c1]"
    );
    assert_eq!(
        message(&mut bench, "container=x"),
        "container x is not valid for pod p"
    );
    let waiting = message(&mut bench, "container=c1");
    assert!(
        waiting.starts_with("container \"c1\" in pod \"p\" is waiting to start: "),
        "{waiting}"
    );
    assert!(waiting.contains("pull"), "{waiting}");
    assert_eq!(
        message(&mut bench, "container=c0&tailLines=x"),
        "strconv.ParseInt: parsing \"x\": invalid syntax"
    );
    bench
        .get("/api/v1/namespaces/api/pods/none/log")
        .expect(404);
}
