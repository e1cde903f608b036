//! What the API says about itself.

use serde_json::json;

use super::*;

#[test]
fn resources_are_described_in_two_forms() {
    let mut bench = Bench::new();
    assert_eq!(bench.get("/api").expect(200)["versions"], json!(["v1"]));
    let groups = bench.get("/apis").expect(200);
    let names: Vec<&str> = groups["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"apps") && names.contains(&"authorization.k8s.io") && !names.contains(&"")
    );
    assert_eq!(
        bench.get("/apis/apps").expect(200)["preferredVersion"]["groupVersion"],
        "apps/v1"
    );
    let apps = bench.get("/apis/apps/v1").expect(200);
    assert_eq!(apps["groupVersion"], "apps/v1");
    let find = |name: &str| {
        apps["resources"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["name"] == name)
            .cloned()
            .unwrap()
    };
    let deployments = find("deployments");
    assert_eq!(deployments["shortNames"], json!(["deploy"]));
    assert_eq!(deployments["singularName"], "deployment");
    assert_eq!(deployments["namespaced"], true);
    let scale = find("deployments/scale");
    assert_eq!(
        (&scale["kind"], &scale["group"], &scale["version"]),
        (&json!("Scale"), &json!("autoscaling"), &json!("v1"))
    );
    bench.get("/apis/nothing").expect(404);

    bench.header("accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json");
    let reply = bench.get("/apis");
    assert_eq!(
        reply.header("content-type"),
        ["application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"]
    );
    let list = reply.expect(200);
    let apps = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["metadata"]["name"] == "apps")
        .unwrap();
    let resources = apps["versions"][0]["resources"].as_array().unwrap();
    let deployments = resources
        .iter()
        .find(|entry| entry["resource"] == "deployments")
        .unwrap();
    assert_eq!(
        deployments["responseKind"],
        json!({"group": "apps", "version": "v1", "kind": "Deployment"})
    );
    assert_eq!(
        bench.get("/api").expect(200)["items"][0]["metadata"]["name"],
        ""
    );
}

#[test]
fn the_version_is_that_of_the_server_that_was_recorded() {
    let version = Bench::new().get("/version").expect(200);
    assert_eq!(
        (&version["major"], &version["minor"], &version["gitVersion"]),
        (&json!("1"), &json!("36"), &json!("v1.36.2"))
    );
}

#[test]
fn writes_are_described_as_validating_fields() {
    let mut bench = Bench::new();
    let index = bench.get("/openapi/v3").expect(200);
    assert!(index["paths"].get("apis/apps/v1").is_some());
    let document = bench.get("/openapi/v3/apis/apps/v1").expect(200);
    let patch =
        &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
    assert_eq!(
        patch["x-kubernetes-group-version-kind"],
        json!({"group": "apps", "kind": "Deployment", "version": "v1"})
    );
    let parameters = patch["parameters"].as_array().unwrap();
    assert!(
        parameters
            .iter()
            .any(|parameter| parameter["name"] == "fieldValidation")
    );
    bench.get("/openapi/v2").expect(404);
    bench.get("/openapi/v3/apis/nothing/v1").expect(404);
}
