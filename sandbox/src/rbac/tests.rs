//! What a user may do, by the rules that name it.

use serde_json::json;

use super::*;

fn action<'a>(verb: &'a str, resource: &'a str, subresource: &'a str, name: &'a str) -> Action<'a> {
    Action {
        verb,
        group: "apps",
        resource,
        subresource,
        namespace: "shop",
        name,
    }
}

#[test]
fn rules_cover_what_they_list_and_no_more() {
    let rule = |resources: &[&str], verbs: &[&str], names: &[&str]| json!({"apiGroups": ["apps"], "resources": resources, "verbs": verbs, "resourceNames": names});
    let get = action("get", "deployments", "", "web");
    let scale = action("patch", "deployments", "scale", "web");
    let list = action("list", "deployments", "", "");
    let cases = [
        (
            "the verb and resource",
            rule(&["deployments"], &["get"], &[]),
            get,
            true,
        ),
        (
            "another verb",
            rule(&["deployments"], &["list"], &[]),
            get,
            false,
        ),
        (
            "another resource",
            rule(&["replicasets"], &["get"], &[]),
            get,
            false,
        ),
        ("any verb", rule(&["deployments"], &["*"], &[]), get, true),
        ("any resource", rule(&["*"], &["get"], &[]), get, true),
        (
            "a part is not the whole",
            rule(&["deployments"], &["patch"], &[]),
            scale,
            false,
        ),
        (
            "the part itself",
            rule(&["deployments/scale"], &["patch"], &[]),
            scale,
            true,
        ),
        (
            "that part of everything",
            rule(&["*/scale"], &["patch"], &[]),
            scale,
            true,
        ),
        (
            "the whole is not a part",
            rule(&["deployments/scale"], &["get"], &[]),
            get,
            false,
        ),
        (
            "its name",
            rule(&["deployments"], &["get"], &["web"]),
            get,
            true,
        ),
        (
            "another name",
            rule(&["deployments"], &["get"], &["api"]),
            get,
            false,
        ),
        (
            "a name does not allow a list",
            rule(&["deployments"], &["list"], &["web"]),
            list,
            false,
        ),
    ];
    for (name, rule, action, expected) in cases {
        assert_eq!(covers(&rule, &action), expected, "{name}");
    }
    let core = json!({"apiGroups": [""], "resources": ["deployments"], "verbs": ["get"]});
    assert!(!covers(&core, &get));
}

#[test]
fn masters_may_do_everything() {
    let store = Store::new(1);
    assert_eq!(
        judge(
            &store,
            &User::admin(),
            &action("delete", "deployments", "", "")
        ),
        Some(String::new())
    );
    assert_eq!(
        judge(
            &store,
            &User::named("u"),
            &action("get", "deployments", "", "")
        ),
        None
    );
}

#[test]
fn paths_are_open_to_those_with_credentials() {
    let cases = [
        (User::named("u"), "/api", true),
        (User::named("u"), "/apis/apps/v1", true),
        (User::named("u"), "/apish", false),
        (User::named("u"), "/metrics", false),
        (User::admin(), "/metrics", true),
        (User::anonymous(), "/api", false),
    ];
    for (user, path, expected) in cases {
        assert_eq!(may_visit(&user, path), expected, "{} {path}", user.name);
    }
}
