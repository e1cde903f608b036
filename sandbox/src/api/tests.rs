//! Requests against a world in which nobody acts, so that each answer follows from the requests before it.

mod descriptions;
mod lists;
mod logs;
mod recorded;
mod rights;
mod watches;
mod webhooks;
mod writes;

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::world::WorldOptions;

const START: Time = Time(1_795_244_821_000);

/// A world and somebody who sends requests to it.
struct Bench {
    world: World,
    now: Time,
    user: User,
    circumstances: Circumstances,
    headers: Vec<(String, String)>,
}

/// An answer, read.
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

impl Bench {
    fn new() -> Self {
        let world = World::new(WorldOptions {
            start: START,
            ..WorldOptions::default()
        });
        let mut bench = Self {
            world,
            now: START,
            user: User::admin(),
            circumstances: Circumstances::default(),
            headers: vec![("user-agent".to_owned(), "tests/1".to_owned())],
        };
        bench
            .post("/api/v1/namespaces", &json!({"metadata": {"name": "api"}}))
            .expect(201);
        bench
    }

    /// Makes a world that has the Deployment which the recorded requests are about.
    fn with_app() -> Self {
        let mut bench = Self::new();
        bench.post(DEPLOYMENTS, &app()).expect(201);
        bench
    }

    fn header(&mut self, name: &str, value: &str) -> &mut Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn request(&self, method: &str, url: &str, content_type: &str, body: &str) -> Request {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let query = query
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                (name.to_owned(), value.to_owned())
            });
        let mut headers = self.headers.clone();
        if !content_type.is_empty() {
            headers.push(("content-type".to_owned(), content_type.to_owned()));
        }
        Request {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            query: query.collect(),
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
            user: self.user.clone(),
        }
    }

    fn respond(&mut self, method: &str, url: &str, content_type: &str, body: &str) -> Response {
        let request = self.request(method, url, content_type, body);
        apply(&mut self.world, &request, &self.circumstances, self.now)
    }

    fn send(&mut self, method: &str, url: &str, content_type: &str, body: &str) -> Reply {
        let response = self.respond(method, url, content_type, body);
        let body = serde_json::from_slice(response.bytes()).unwrap_or(Value::Null);
        Reply {
            status: response.status,
            headers: response.headers,
            body,
        }
    }

    fn get(&mut self, url: &str) -> Reply {
        self.send("GET", url, "", "")
    }

    fn post(&mut self, url: &str, body: &Value) -> Reply {
        self.send("POST", url, "application/json", &body.to_string())
    }

    fn put(&mut self, url: &str, body: &Value) -> Reply {
        self.send("PUT", url, "application/json", &body.to_string())
    }

    fn merge(&mut self, url: &str, body: &Value) -> Reply {
        self.send(
            "PATCH",
            url,
            "application/merge-patch+json",
            &body.to_string(),
        )
    }

    fn json_patch(&mut self, url: &str, body: &Value) -> Reply {
        self.send(
            "PATCH",
            url,
            "application/json-patch+json",
            &body.to_string(),
        )
    }

    /// Opens a watch.
    fn watch(&mut self, url: &str) -> Watch {
        match self.respond("GET", url, "", "").body {
            Body::Watch(watch) => *watch,
            Body::Whole(body) => panic!("{url}: {body:?}"),
        }
    }

    /// Returns a watch's new events: type, and name or what else matters.
    fn events(&self, watch: &mut Watch) -> Vec<(String, Value)> {
        let lines = watch.poll(&self.world, self.now);
        lines
            .iter()
            .map(|line| {
                assert_eq!(line.last(), Some(&b'\n'));
                let mut event: Value = serde_json::from_slice(line).unwrap();
                (
                    event["type"].as_str().unwrap().to_owned(),
                    event["object"].take(),
                )
            })
            .collect()
    }

    fn revision(&self) -> u64 {
        self.world.store.revision()
    }
}

impl Reply {
    #[track_caller]
    fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    fn header(&self, name: &str) -> Vec<&str> {
        let own = self.headers.iter().filter(|(header, _)| *header == name);
        own.map(|(_, value)| value.as_str()).collect()
    }

    fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or("")
    }
}

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/api/deployments";
const APP: &str = "/apis/apps/v1/namespaces/api/deployments/app";

fn app() -> Value {
    deployment("app")
}

fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}, "annotations": {"deploy.example/target": name}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": name, "image": "registry.example/app:v1"}]},
            },
        },
    })
}

#[test]
fn answers_carry_the_worlds_time() {
    let mut bench = Bench::new();
    let reply = bench.get("/version");
    assert_eq!(reply.header("date"), ["Sat, 21 Nov 2026 07:07:01 GMT"]);
    assert_eq!(reply.header("cache-control"), ["no-cache, private"]);
    assert_eq!(reply.header("content-type"), ["application/json"]);
}

#[test]
fn an_object_can_be_had_in_several_forms() {
    let mut bench = Bench::with_app();
    assert_eq!(bench.get(APP).expect(200)["spec"]["replicas"], 1);

    bench.header(
        "accept",
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    );
    let partial = bench.get(APP).expect(200);
    assert_eq!(partial["kind"], "PartialObjectMetadata");
    assert_eq!(partial["metadata"]["name"], "app");
    assert_eq!(partial.get("spec"), None);

    bench.headers.clear();
    bench.header(
        "accept",
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    );
    let table = bench.get(APP).expect(200);
    let cells = table["rows"][0]["cells"].as_array().unwrap();
    assert_eq!(cells[..2], [json!("app"), json!("0/1")]);
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    assert_eq!(table["columnDefinitions"][0]["name"], "Name");

    bench.headers.clear();
    bench.header("accept", "application/cbor");
    bench.get(APP).expect(406);
}

#[test]
fn methods_that_a_path_does_not_have_are_refused() {
    let mut bench = Bench::with_app();
    let scale = format!("{APP}/scale");
    for (method, url) in [
        ("POST", APP),
        ("PUT", DEPLOYMENTS),
        ("DELETE", &scale),
        ("OPTIONS", APP),
    ] {
        let reply = bench.send(method, url, "", "");
        assert_eq!(
            (reply.status, reply.body["reason"].as_str()),
            (405, Some("MethodNotAllowed")),
            "{method} {url}"
        );
    }
}
