//! What is on disk, when, and for whom.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use kube_sandbox::server::{Locked, Options, Server, StateFile};
use kube_sandbox::world::World;
use serde_json::Value;
use tempfile::TempDir;

use crate::{DEPLOYMENTS, WEB, admin, json_of, replicas, web, world};

async fn server_in(folder: &Path) -> Server {
    let state = StateFile::lock(&folder.join("world.json")).unwrap();
    let world = state.load().unwrap().unwrap_or_else(world);
    let options = Options {
        state: Some(state),
        access: Some(folder.join("access.json")),
        ..Options::on_loopback(world)
    };
    Server::start(options).await.unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_write_is_saved_before_it_is_answered() {
    let folder = TempDir::new().unwrap();
    let server = server_in(folder.path()).await;
    let mut client = admin(&server).await;
    client.send("POST", DEPLOYMENTS, &web()).await;
    let answer = json_of(&client.send("PATCH", WEB, &replicas(7)).await);

    let saved: World =
        serde_json::from_slice(&fs::read(folder.path().join("world.json")).unwrap()).unwrap();
    let answered: u64 = answer["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(saved.store.revision() >= answered);
    let stored = saved
        .store
        .find(kube_sandbox::object::Kind::Deployment, "default", "web")
        .unwrap();
    assert_eq!(stored["spec"]["replicas"], 7);
    assert_eq!(mode(&folder.path().join("world.json")), 0o600);
}

#[tokio::test]
async fn a_server_goes_on_where_another_ended() {
    let folder = TempDir::new().unwrap();
    let server = server_in(folder.path()).await;
    admin(&server).await.send("POST", DEPLOYMENTS, &web()).await;
    server.stop();
    server.ended().await;
    drop(server);

    let server = server_in(folder.path()).await;
    let mut client = admin(&server).await;
    let stored = client.get(WEB).await;
    assert_eq!(stored.status, 200, "{}", stored.text());
    // What happened before is forgotten, as when an API server restarts.
    client
        .watch(&format!("{DEPLOYMENTS}?watch=1&resourceVersion=1"))
        .await;
    let line = client.chunk().await.unwrap().unwrap();
    let event: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(event["object"]["code"], 410);
}

#[tokio::test]
async fn the_way_in_is_written_for_the_owner_only_and_removed_at_the_end() {
    let folder = TempDir::new().unwrap();
    let server = server_in(folder.path()).await;
    let path = folder.path().join("access.json");
    assert_eq!(mode(&path), 0o600);
    let access: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(access["address"], server.address().unwrap().to_string());
    assert_eq!(access["token"], "admin");
    assert_eq!(access["pid"], std::process::id());
    server.stop();
    server.ended().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn two_servers_cannot_have_one_state() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("deep/world.json");
    let first = StateFile::lock(&path).unwrap();
    assert!(matches!(StateFile::lock(&path), Err(Locked::ByAnother)));
    drop(first);
    let second = StateFile::lock(&path).unwrap();
    assert!(second.load().unwrap().is_none());
}
