//! Who may do what, and what those who may not are told.

use serde_json::json;

use super::*;

/// Makes a world in which `viewer` may list and get Deployments of one namespace, and patch one of them.
fn bench_with_viewer() -> Bench {
    let mut bench = Bench::with_app();
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/api";
    let role = json!({"metadata": {"name": "viewer"}, "rules": [
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"], "resourceNames": ["web"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]});
    bench.post(&format!("{rbac}/roles"), &role).expect(201);
    let binding = json!({
        "metadata": {"name": "viewers"},
        "roleRef": {"kind": "Role", "name": "viewer"},
        "subjects": [{"kind": "User", "name": "viewer"}],
    });
    bench
        .post(&format!("{rbac}/rolebindings"), &binding)
        .expect(201);
    bench.post(DEPLOYMENTS, &deployment("web")).expect(201);
    bench
}

#[test]
fn refusals_say_who_may_not_do_what_and_where() {
    let cases = [
        (
            "viewer",
            "PATCH",
            APP.to_owned(),
            "deployments.apps \"app\" is forbidden: User \"viewer\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"api\"",
        ),
        (
            "viewer",
            "PATCH",
            format!("{APP}?dryRun=All"),
            "deployments.apps \"app\" is forbidden: User \"viewer\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"api\"",
        ),
        (
            "viewer",
            "GET",
            format!("{DEPLOYMENTS}?watch=1"),
            "deployments.apps is forbidden: User \"viewer\" cannot watch resource \"deployments\" in API group \"apps\" in the namespace \"api\"",
        ),
        (
            "viewer",
            "GET",
            "/apis/apps/v1/deployments".to_owned(),
            "deployments.apps is forbidden: User \"viewer\" cannot list resource \"deployments\" in API group \"apps\" at the cluster scope",
        ),
        (
            "nobody",
            "GET",
            format!("{DEPLOYMENTS}/nope"),
            "deployments.apps \"nope\" is forbidden: User \"nobody\" cannot get resource \"deployments\" in API group \"apps\" in the namespace \"api\"",
        ),
        (
            "viewer",
            "GET",
            "/api/v1/namespaces".to_owned(),
            "namespaces is forbidden: User \"viewer\" cannot list resource \"namespaces\" in API group \"\" at the cluster scope",
        ),
        (
            "viewer",
            "PATCH",
            format!("{APP}/scale"),
            "deployments.apps \"app\" is forbidden: User \"viewer\" cannot patch resource \"deployments/scale\" in API group \"apps\" in the namespace \"api\"",
        ),
    ];
    for (user, method, url, message) in cases {
        let mut bench = bench_with_viewer();
        bench.user = User::named(user);
        let reply = bench.send(method, &url, "application/json-patch+json", "[]");
        assert_eq!((reply.status, reply.message()), (403, message));
        assert_eq!(reply.body["reason"], "Forbidden");
    }
}

#[test]
fn roles_allow_what_they_list() {
    let mut bench = bench_with_viewer();
    bench.user = User::named("viewer");
    bench.get(DEPLOYMENTS).expect(200);
    bench.get(APP).expect(200);
    bench
        .json_patch(&format!("{DEPLOYMENTS}/web"), &json!([]))
        .expect(200);
    bench
        .get("/api/v1/namespaces/api/pods/none/log")
        .expect(404);
    bench.get("/api/v1/namespaces/api/pods/none").expect(403);
}

#[test]
fn a_cluster_role_counts_everywhere_or_where_it_is_bound() {
    let mut bench = Bench::with_app();
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let role = json!({"metadata": {"name": "reader"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]});
    bench
        .post(&format!("{rbac}/clusterroles"), &role)
        .expect(201);
    let binding = |kind: &str, name: &str| json!({"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "reader"}, "subjects": [{"kind": kind, "name": name}]});
    bench
        .post(
            &format!("{rbac}/clusterrolebindings"),
            &binding("Group", "readers"),
        )
        .expect(201);
    bench
        .post(
            &format!("{rbac}/namespaces/api/rolebindings"),
            &binding("ServiceAccount", "bot"),
        )
        .expect(201);

    bench.user = User {
        groups: vec!["readers".to_owned()],
        ..User::named("ann")
    };
    bench.get("/apis/apps/v1/deployments").expect(200);
    bench.user = User::named("system:serviceaccount:api:bot");
    bench.get(DEPLOYMENTS).expect(200);
    bench.get("/apis/apps/v1/deployments").expect(403);
    bench.user = User::named("system:serviceaccount:other:bot");
    bench.get(DEPLOYMENTS).expect(403);
}

#[test]
fn a_list_narrowed_to_one_name_is_allowed_by_that_name() {
    let mut bench = Bench::with_app();
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/api";
    let role = json!({"metadata": {"name": "one"}, "rules": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list", "watch"], "resourceNames": ["app"]}]});
    bench.post(&format!("{rbac}/roles"), &role).expect(201);
    let binding = json!({"metadata": {"name": "one"}, "roleRef": {"kind": "Role", "name": "one"}, "subjects": [{"kind": "User", "name": "u"}]});
    bench
        .post(&format!("{rbac}/rolebindings"), &binding)
        .expect(201);
    bench.user = User::named("u");
    bench
        .get(&format!("{DEPLOYMENTS}?fieldSelector=metadata.name=app"))
        .expect(200);
    bench.watch(&format!(
        "{DEPLOYMENTS}?watch=1&fieldSelector=metadata.name=app"
    ));
    bench.get(DEPLOYMENTS).expect(403);
    bench
        .get(&format!("{DEPLOYMENTS}?fieldSelector=metadata.name=other"))
        .expect(403);
}

#[test]
fn everybody_may_ask_about_oneself() {
    let mut bench = bench_with_viewer();
    bench.user = User::named("viewer");
    let ask = |verb: &str, name: &str| json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": {"namespace": "api", "verb": verb, "group": "apps", "resource": "deployments", "name": name}}});
    let url = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let denied = bench.post(url, &ask("patch", "app")).expect(201);
    assert_eq!(
        denied,
        json!({"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": {"resourceAttributes": {"namespace": "api", "verb": "patch", "group": "apps", "resource": "deployments", "name": "app"}}, "status": {"allowed": false}})
    );
    let allowed = bench.post(url, &ask("patch", "web")).expect(201);
    assert_eq!(
        allowed["status"],
        json!({"allowed": true, "reason": "RBAC: allowed by RoleBinding \"viewers/api\" of Role \"viewer\" to User \"viewer\""})
    );

    let rules = bench
        .post(
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            &json!({"spec": {"namespace": "api"}}),
        )
        .expect(201);
    assert_eq!(rules["spec"], json!({}));
    let listed = rules["status"]["resourceRules"].as_array().unwrap();
    assert!(listed.contains(
        &json!({"verbs": ["get", "list"], "apiGroups": ["apps"], "resources": ["deployments"]})
    ));

    let oneself = bench
        .post(
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            &json!({}),
        )
        .expect(201);
    assert_eq!(
        oneself,
        json!({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {"creationTimestamp": "2026-11-21T07:07:01Z"}, "status": {"userInfo": {"username": "viewer", "uid": "viewer", "groups": ["system:authenticated"]}}})
    );
    bench.get(url).expect(405);
}

#[test]
fn nobody_in_particular_may_do_nearly_nothing() {
    let mut bench = Bench::with_app();
    bench.user = User::anonymous();
    let reply = bench.get(DEPLOYMENTS);
    assert_eq!(reply.status, 403);
    assert!(
        reply
            .message()
            .contains("User \"system:anonymous\" cannot list"),
        "{}",
        reply.message()
    );
    let reply = bench.get("/apis");
    assert_eq!(
        (reply.status, reply.message()),
        (
            403,
            "forbidden: User \"system:anonymous\" cannot get path \"/apis\""
        )
    );
    bench
        .post(
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            &json!({}),
        )
        .expect(403);
    bench.get("/version").expect(200);
    bench.respond("GET", "/healthz", "", "");
}
