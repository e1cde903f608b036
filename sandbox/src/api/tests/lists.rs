//! Lists: states, pages, selections, forms.

use std::io::Read as _;

use serde_json::json;

use super::*;

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

fn bench_of(count: usize) -> Bench {
    let mut bench = Bench::new();
    for number in 0..count {
        bench
            .post(DEPLOYMENTS, &deployment(&format!("svc-{number}")))
            .expect(201);
    }
    bench
}

#[test]
fn items_have_no_type_of_their_own() {
    let mut bench = bench_of(1);
    let list = bench.get(DEPLOYMENTS).expect(200);
    assert_eq!(
        (&list["kind"], &list["apiVersion"]),
        (&json!("DeploymentList"), &json!("apps/v1"))
    );
    assert_eq!(
        list["metadata"]["resourceVersion"],
        bench.revision().to_string()
    );
    let item = &list["items"][0];
    assert_eq!((item.get("kind"), item.get("apiVersion")), (None, None));
    assert_eq!(item["spec"]["replicas"], 1);
}

#[test]
fn pages_show_one_state() {
    let mut bench = bench_of(5);
    let first = bench.get(&format!("{DEPLOYMENTS}?limit=2")).expect(200);
    assert_eq!(names(&first), ["svc-0", "svc-1"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 3);

    bench
        .send("DELETE", &format!("{DEPLOYMENTS}/svc-3"), "", "")
        .expect(200);
    bench
        .merge(
            &format!("{DEPLOYMENTS}/svc-2"),
            &json!({"metadata": {"labels": {"new": "1"}}}),
        )
        .expect(200);
    bench.post(DEPLOYMENTS, &deployment("svc-2a")).expect(201);

    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = bench
        .get(&format!("{DEPLOYMENTS}?limit=2&continue={token}"))
        .expect(200);
    assert_eq!(names(&second), ["svc-2", "svc-3"]);
    assert_eq!(
        second["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    assert_eq!(second["items"][0]["metadata"]["labels"].get("new"), None);

    let token = second["metadata"]["continue"].as_str().unwrap();
    let third = bench
        .get(&format!("{DEPLOYMENTS}?limit=2&continue={token}"))
        .expect(200);
    assert_eq!(names(&third), ["svc-4"]);
    assert_eq!(third["metadata"].get("continue"), None);
    assert_eq!(third["metadata"].get("remainingItemCount"), None);
}

#[test]
fn an_expired_page_goes_on_inconsistently() {
    let mut bench = bench_of(3);
    let first = bench.get(&format!("{DEPLOYMENTS}?limit=1")).expect(200);
    bench.post(DEPLOYMENTS, &deployment("svc-9")).expect(201);
    let revision = bench.revision();
    bench.world.store.compact(revision);

    let token = first["metadata"]["continue"].as_str().unwrap();
    let reply = bench.get(&format!("{DEPLOYMENTS}?limit=5&continue={token}"));
    assert_eq!(reply.body["reason"], "Expired");
    assert!(
        reply
            .message()
            .starts_with("The provided continue parameter is too old"),
        "{}",
        reply.message()
    );
    let token = reply.expect(410)["metadata"]["continue"]
        .as_str()
        .unwrap()
        .to_owned();
    let rest = bench
        .get(&format!("{DEPLOYMENTS}?limit=5&continue={token}"))
        .expect(200);
    assert_eq!(names(&rest), ["svc-1", "svc-2", "svc-9"]);
}

#[test]
fn all_namespaces_can_be_listed_in_pages() {
    let mut bench = bench_of(2);
    bench
        .post(
            "/api/v1/namespaces",
            &json!({"metadata": {"name": "other"}}),
        )
        .expect(201);
    bench
        .post(
            "/apis/apps/v1/namespaces/other/deployments",
            &deployment("a"),
        )
        .expect(201);
    let mut seen = Vec::new();
    let mut url = "/apis/apps/v1/deployments?limit=1".to_owned();
    loop {
        let page = bench.get(&url).expect(200);
        seen.extend(names(&page).into_iter().map(str::to_owned));
        match page["metadata"]["continue"].as_str() {
            Some(token) => url = format!("/apis/apps/v1/deployments?limit=1&continue={token}"),
            None => break,
        }
    }
    assert_eq!(seen, ["svc-0", "svc-1", "a"]);
}

#[test]
fn a_selection_does_not_say_how_many_remain() {
    let mut bench = bench_of(3);
    let page = bench
        .get(&format!("{DEPLOYMENTS}?limit=1&labelSelector=app!=svc-0"))
        .expect(200);
    assert_eq!(names(&page), ["svc-1"]);
    assert_eq!(page["metadata"].get("remainingItemCount"), None);
    assert!(page["metadata"].get("continue").is_some());
    let one = bench
        .get(&format!("{DEPLOYMENTS}?fieldSelector=metadata.name=svc-2"))
        .expect(200);
    assert_eq!(names(&one), ["svc-2"]);
}

#[test]
fn the_resource_version_chooses_the_state() {
    let mut bench = bench_of(1);
    let old = bench.revision();
    bench.post(DEPLOYMENTS, &deployment("svc-new")).expect(201);
    let newest = bench.revision();
    let cases = [
        (String::new(), 200, 2),
        ("resourceVersion=0".to_owned(), 200, 2),
        (format!("resourceVersion={old}"), 200, 2),
        (
            format!("resourceVersion={old}&resourceVersionMatch=NotOlderThan"),
            200,
            2,
        ),
        (
            format!("resourceVersion={old}&resourceVersionMatch=Exact"),
            200,
            1,
        ),
        (format!("resourceVersion={old}&limit=500"), 200, 1),
        ("resourceVersion=0&limit=500".to_owned(), 200, 2),
        ("resourceVersionMatch=Exact".to_owned(), 422, 0),
        (
            "resourceVersion=0&resourceVersionMatch=Exact".to_owned(),
            422,
            0,
        ),
        (
            format!("resourceVersion={old}&resourceVersionMatch=Sometimes"),
            422,
            0,
        ),
        (format!("resourceVersion={}", newest + 1), 504, 0),
        ("resourceVersion=abc".to_owned(), 500, 0),
        ("limit=x".to_owned(), 400, 0),
        ("continue=garbage".to_owned(), 400, 0),
        ("resourceVersion=1&continue=garbage".to_owned(), 400, 0),
        ("labelSelector=a b".to_owned(), 400, 0),
    ];
    for (query, status, count) in cases {
        let reply = bench.get(&format!("{DEPLOYMENTS}?{query}"));
        assert_eq!(reply.status, status, "{query}: {}", reply.body);
        if status == 200 {
            assert_eq!(names(&reply.body).len(), count, "{query}");
        }
    }
    let reply = bench.get(&format!("{DEPLOYMENTS}?resourceVersion=999999999"));
    assert_eq!(
        reply.message(),
        format!("Timeout: Too large resource version: 999999999, current: {newest}")
    );
    assert_eq!(reply.header("retry-after"), ["1"]);

    bench.world.store.compact(newest);
    let reply = bench.get(&format!(
        "{DEPLOYMENTS}?resourceVersion={old}&resourceVersionMatch=Exact"
    ));
    assert_eq!(
        (reply.status, reply.message()),
        (410, "The resourceVersion for the provided list is too old.")
    );
}

#[test]
fn a_lagging_server_shows_an_older_state() {
    let mut bench = bench_of(2);
    let stored = bench.get(&format!("{DEPLOYMENTS}/svc-1")).expect(200);
    bench
        .merge(
            &format!("{DEPLOYMENTS}/svc-1"),
            &json!({"spec": {"replicas": 9}}),
        )
        .expect(200);
    bench.circumstances.lag = 1;
    assert_eq!(
        bench.get(&format!("{DEPLOYMENTS}/svc-1")).expect(200),
        stored
    );
    let list = bench.get(DEPLOYMENTS).expect(200);
    assert_eq!(list["items"][1]["spec"]["replicas"], 1);
    assert_eq!(
        list["metadata"]["resourceVersion"],
        stored["metadata"]["resourceVersion"]
    );
    bench.circumstances.lag = 2;
    assert_eq!(names(&bench.get(DEPLOYMENTS).expect(200)), ["svc-0"]);
    bench.get(&format!("{DEPLOYMENTS}/svc-1")).expect(404);
    bench.circumstances.lag = 1_000_000;
    assert_eq!(names(&bench.get(DEPLOYMENTS).expect(200)), [""; 0]);
}

#[test]
fn lists_have_several_forms() {
    let mut bench = bench_of(2);
    bench.header(
        "accept",
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    );
    let list = bench.get(DEPLOYMENTS).expect(200);
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert_eq!(list["items"][1]["metadata"]["name"], "svc-1");
    assert_eq!(list["items"][1].get("spec"), None);

    bench.headers.clear();
    bench.header("accept", "application/json;as=Table;g=meta.k8s.io;v=v1");
    let table = bench.get(&format!("{DEPLOYMENTS}?limit=1")).expect(200);
    assert_eq!(table["rows"].as_array().unwrap().len(), 1);
    assert_eq!(table["metadata"]["remainingItemCount"], 1);
    let bare = bench
        .get(&format!("{DEPLOYMENTS}?includeObject=None"))
        .expect(200);
    assert_eq!(bare["rows"][0].get("object"), None);
    let full = bench
        .get(&format!("{DEPLOYMENTS}?includeObject=Object"))
        .expect(200);
    assert_eq!(full["rows"][0]["object"]["spec"]["replicas"], 1);
}

#[test]
fn large_answers_are_packed_for_those_who_ask() {
    let mut bench = bench_of(100);
    let plain = bench.respond("GET", DEPLOYMENTS, "", "");
    assert!(plain.bytes().len() > 128 * 1024, "{}", plain.bytes().len());
    assert!(
        !plain
            .headers
            .iter()
            .any(|(name, _)| *name == "content-encoding")
    );

    bench.header("accept-encoding", "deflate, gzip;q=1.0");
    let packed = bench.respond("GET", DEPLOYMENTS, "", "");
    assert!(
        packed
            .headers
            .contains(&("content-encoding", "gzip".to_owned()))
    );
    assert!(packed.bytes().len() * 5 < plain.bytes().len());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.bytes())
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain.bytes());

    let small = bench.respond("GET", &format!("{DEPLOYMENTS}/svc-1"), "", "");
    assert!(
        !small
            .headers
            .iter()
            .any(|(name, _)| *name == "content-encoding")
    );
}
