//! Requests and answers, who may send them, and the log of them.

use kube_sandbox::api::User;
use serde_json::json;
use tokio::net::TcpStream;

use crate::{Client, DEPLOYMENTS, WEB, admin, json_of, replicas, server, server_with_web, web};

#[tokio::test]
async fn a_connection_serves_several_requests() {
    let server = server().await;
    let mut client = admin(&server).await;
    let created = client.send("POST", DEPLOYMENTS, &web()).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.header("content-type"), Some("application/json"));
    assert!(
        created
            .header("date")
            .is_some_and(|date| date.ends_with("GMT"))
    );
    assert_eq!(json_of(&client.get(WEB).await)["spec"]["replicas"], 2);
    let patched = client
        .send("PATCH", &format!("{WEB}?fieldManager=raw"), &replicas(3))
        .await;
    assert_eq!(json_of(&patched)["spec"]["replicas"], 3);
    assert_eq!(
        client
            .get("/apis/apps/v1/namespaces/default/deployments/no%70e")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn tokens_tell_users_apart() {
    let server = server_with_web().await;
    server
        .with(|cluster, _| cluster.admit("secret", User::named("viewer")))
        .unwrap();
    let cases = [
        (Some("admin"), WEB.to_owned(), 200),
        (Some("wrong"), WEB.to_owned(), 401),
        (Some("secret"), WEB.to_owned(), 403),
        (None, WEB.to_owned(), 403),
        (None, "/version".to_owned(), 200),
        // kubectl sends no token over plain HTTP, so that it may be in the path.
        (None, format!("/as/admin{WEB}"), 200),
        (None, format!("/as/secret{WEB}"), 403),
        (None, format!("/as/wrong{WEB}"), 401),
        (None, "/as/wrong".to_owned(), 401),
    ];
    for (token, path, status) in cases {
        let response = Client::connect(&server, token).await.get(&path).await;
        assert_eq!(
            response.status,
            status,
            "{token:?} {path}: {}",
            response.text()
        );
    }
}

#[tokio::test]
async fn events_reach_a_watch_as_they_happen() {
    let server = server_with_web().await;
    let mut watch = admin(&server).await;
    let head = watch
        .watch(&format!(
            "{DEPLOYMENTS}?watch=1&fieldSelector=metadata.name=other"
        ))
        .await;
    assert_eq!(
        (head.status, head.header("transfer-encoding")),
        (200, Some("chunked"))
    );
    let mut other = web();
    other["metadata"]["name"] = json!("other");
    other["spec"]["replicas"] = json!(0);
    admin(&server).await.send("POST", DEPLOYMENTS, &other).await;
    assert_eq!(
        watch.event().await,
        Some(("ADDED".to_owned(), "other".to_owned()))
    );
    admin(&server)
        .await
        .send("DELETE", &format!("{DEPLOYMENTS}/other"), &json!({}))
        .await;
    loop {
        match watch.event().await {
            Some((verb, _)) if verb == "MODIFIED" => {}
            last => break assert_eq!(last, Some(("DELETED".to_owned(), "other".to_owned()))),
        }
    }
}

#[tokio::test]
async fn the_controllers_work_while_nobody_asks() {
    let server = server_with_web().await;
    let mut watch = admin(&server).await;
    watch.watch("/api/v1/namespaces/default/pods?watch=1").await;
    loop {
        let line = watch.chunk().await.unwrap().expect("the watch goes on");
        let event: serde_json::Value = serde_json::from_slice(&line).unwrap();
        if event["object"]["status"]["phase"] == "Running" {
            break;
        }
    }
}

#[tokio::test]
async fn the_controllers_sign_what_they_write() {
    let server = server_with_web().await;
    let mut watch = admin(&server).await;
    watch.watch(&format!("{DEPLOYMENTS}?watch=1")).await;
    loop {
        let line = watch.chunk().await.unwrap().expect("the watch goes on");
        let event: serde_json::Value = serde_json::from_slice(&line).unwrap();
        let managers = event["object"]["metadata"]["managedFields"]
            .as_array()
            .unwrap();
        if let [_, controller] = managers.as_slice() {
            assert_eq!(controller["manager"], "kube-controller-manager");
            assert_eq!(controller["subresource"], "status");
            break;
        }
    }
}

#[tokio::test]
async fn a_stopping_server_ends_its_watches_and_takes_no_more_requests() {
    let server = server_with_web().await;
    let mut watch = admin(&server).await;
    watch
        .watch(&format!("{DEPLOYMENTS}?watch=1&resourceVersion=999999"))
        .await;
    let stopped = admin(&server)
        .await
        .send("POST", "/sandbox/stop", &json!({}))
        .await;
    assert_eq!(stopped.status, 200);
    assert_eq!(watch.chunk().await.unwrap(), None);
    server.ended().await;
    assert!(TcpStream::connect(server.address().unwrap()).await.is_err());
}

#[tokio::test]
async fn requests_are_remembered_with_what_they_wrote() {
    let server = server_with_web().await;
    let mut client = admin(&server).await;
    client.send("DELETE", "/sandbox/requests", &json!({})).await;
    client.get(WEB).await;
    client
        .send("PATCH", &format!("{WEB}?dryRun=All"), &replicas(5))
        .await;
    client.send("PATCH", WEB, &replicas(5)).await;
    client.send("PATCH", WEB, &replicas(5)).await;
    client
        .send("PATCH", &format!("{DEPLOYMENTS}/nope"), &replicas(5))
        .await;
    let log = json_of(&client.get("/sandbox/requests").await);
    let lines: Vec<String> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            format!(
                "{} {} {} {}",
                entry["number"],
                entry["verb"].as_str().unwrap(),
                entry["status"],
                entry["wrote"]
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "1 get 200 false",
            "2 patch 200 false",
            "3 patch 200 true",
            "4 patch 200 false",
            "5 patch 404 false"
        ]
    );
    assert_eq!(log[1]["query"], json!([["dryRun", "All"]]));
    assert_eq!(log[2]["body"], "{\"spec\":{\"replicas\":5}}");
    assert_eq!(
        (&log[2]["userAgent"], &log[2]["user"]),
        (&json!("raw/1"), &json!("admin"))
    );
}

#[tokio::test]
async fn only_the_administrator_controls_the_server() {
    let server = server_with_web().await;
    let user = json!({"token": "t", "name": "u", "groups": ["readers"]});
    assert_eq!(
        admin(&server)
            .await
            .send("POST", "/sandbox/users", &user)
            .await
            .status,
        200
    );
    let mut client = Client::connect(&server, Some("t")).await;
    for path in ["/sandbox", "/sandbox/requests", "/sandbox/faults"] {
        assert_eq!(client.get(path).await.status, 403, "{path}");
    }
    let reviewed = client
        .send(
            "POST",
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            &json!({}),
        )
        .await;
    assert_eq!(
        json_of(&reviewed)["status"]["userInfo"]["groups"],
        json!(["system:authenticated", "readers"])
    );
    let mut client = admin(&server).await;
    assert_eq!(json_of(&client.get("/sandbox").await)["simulated"], true);
    assert_eq!(
        client
            .send("POST", "/sandbox/faults", &json!({"fault": "explode"}))
            .await
            .status,
        400
    );
    assert_eq!(client.get("/sandbox/nothing").await.status, 404);
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let server = server_with_web().await;
    let mut client = admin(&server).await;
    let body = vec![b' '; 3 * 1024 * 1024 + 1];
    let response = client
        .exchange("POST", DEPLOYMENTS, "application/json", &body)
        .await
        .unwrap();
    assert_eq!(response.status, 413);
}

#[tokio::test]
async fn the_registry_knows_which_tags_are_there() {
    let server = server().await;
    let cases = [
        ("/v2/", 200),
        ("/v2/web/manifests/v1", 200),
        ("/v2/team/web/manifests/v1", 200),
        ("/v2/web/manifests/v1-not-found", 404),
        ("/v2/web/manifests/v1-unauthorized", 200),
        ("/v2/web/blobs/x", 404),
    ];
    let mut client = Client::connect(&server, None).await;
    for (path, status) in cases {
        assert_eq!(client.get(path).await.status, status, "{path}");
        let head = client.exchange("HEAD", path, "", &[]).await.unwrap();
        assert_eq!(head.status, status, "HEAD {path}");
    }
    let index = client.get("/v2/web/manifests/v1").await;
    let head = client
        .exchange("HEAD", "/v2/web/manifests/v1", "", &[])
        .await
        .unwrap();
    assert_eq!(
        head.header("content-length"),
        Some(index.body.len().to_string().as_str())
    );
    let digest = index.header("docker-content-digest").unwrap().to_owned();
    assert_eq!(
        index.header("content-type"),
        Some("application/vnd.oci.image.index.v1+json")
    );
    let platforms = json_of(&index)["manifests"].clone();
    assert_eq!(
        platforms[0]["platform"],
        json!({"architecture": "amd64", "os": "linux"})
    );
    for digest in [&digest, platforms[1]["digest"].as_str().unwrap()] {
        let manifest = client.get(&format!("/v2/web/manifests/{digest}")).await;
        assert_eq!(manifest.header("docker-content-digest"), Some(digest));
    }
    let missing = client.get("/v2/web/manifests/v1-not-found").await;
    assert_eq!(json_of(&missing)["errors"][0]["code"], "MANIFEST_UNKNOWN");
}
