//! The server over TCP, through a client that sees every byte.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends when something is not as it has to be"
)]

mod client;
mod faults;
mod requests;
mod state;
mod virtual_time;

use std::time::Duration;

use kube_sandbox::server::{Options, Server};
use kube_sandbox::world::{World, WorldOptions};
use serde_json::{Value, json};

use client::{Client, Response};

/// Nothing on loopback takes this long; it only ends tests that would hang.
const DEADLINE: Duration = Duration::from_secs(20);
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const WEB: &str = "/apis/apps/v1/namespaces/default/deployments/web";

fn world() -> World {
    World::new(WorldOptions::default())
}

async fn server() -> Server {
    Server::start(Options::on_loopback(world())).await.unwrap()
}

/// Starts a server that has the Deployment `web`.
async fn server_with_web() -> Server {
    let server = server().await;
    let response = admin(&server).await.send("POST", DEPLOYMENTS, &web()).await;
    assert_eq!(response.status, 201, "{}", response.text());
    server
}

async fn admin(server: &Server) -> Client {
    Client::connect(server, Some("admin")).await
}

async fn add_fault(server: &Server, rule: Value) {
    let response = admin(server)
        .await
        .send("POST", "/sandbox/faults", &rule)
        .await;
    assert_eq!(response.status, 200, "{}", response.text());
}

fn web() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "app", "image": "registry.sandbox/web:v1"}]},
            },
        },
    })
}

fn replicas(count: u32) -> Value {
    json!({"spec": {"replicas": count}})
}

fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}
