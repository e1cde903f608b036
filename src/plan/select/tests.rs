//! Whole selections: what is chosen, and every way in which it cannot be.

use serde_json::json;
use snapbox::{IntoData as _, assert_data_eq, str};

use super::*;
use crate::error::Error;

fn prefix() -> Prefix {
    "example.com".parse().unwrap()
}

fn repository(text: &str) -> Repository {
    text.parse().unwrap()
}

/// A Deployment with annotations under our prefix and containers as `name=image`.
fn deployment(name: &str, annotations: &[(&str, &str)], containers: &[&str]) -> Arc<Value> {
    let annotations: serde_json::Map<String, Value> = annotations
        .iter()
        .map(|(key, value)| (format!("example.com/{key}"), json!(value)))
        .collect();
    let containers: Vec<Value> = containers
        .iter()
        .map(|text| {
            let (name, image) = text.split_once('=').unwrap();
            json!({"name": name, "image": image})
        })
        .collect();
    Arc::new(json!({
        "metadata": {"name": name, "uid": name, "annotations": annotations},
        "spec": {"template": {"spec": {"containers": containers}}},
    }))
}

fn rails(name: &str) -> Arc<Value> {
    deployment(
        name,
        &[
            ("deploy-target", "true"),
            ("deploy-target-container", "rails"),
            ("github", "rails=wantedly/rails"),
        ],
        &["rails=wantedly/rails:1", "proxy=nginx:1"],
    )
}

fn go(name: &str) -> Arc<Value> {
    deployment(
        name,
        &[("deploy-target", "1"), ("github", "go=wantedly/go")],
        &["go=wantedly/go:1"],
    )
}

fn with(raw: &Arc<Value>, pointer: &str, key: &str, value: Value) -> Arc<Value> {
    let mut raw = Value::clone(raw);
    raw.pointer_mut(pointer)
        .and_then(Value::as_object_mut)
        .unwrap()
        .insert(key.to_owned(), value);
    Arc::new(raw)
}

/// What a test asks for, beside what was listed.
#[derive(Default)]
struct Flags {
    image: Option<&'static str>,
    is_tag: bool,
    targets: &'static [&'static str],
    container: Option<&'static str>,
    repository: Option<&'static str>,
    checkout: Option<&'static str>,
}

impl Flags {
    fn select(&self, listed: &[Arc<Value>]) -> Result<Selection, Faults> {
        let image: Option<Image> = self.image.map(|text| text.parse().unwrap());
        let targets: Vec<String> = self.targets.iter().map(|name| (*name).to_owned()).collect();
        select(&Request {
            listed,
            prefix: &prefix(),
            source: match (&image, self.is_tag) {
                (Some(image), _) => Source::Image(image),
                (None, true) => Source::Tag,
                (None, false) => Source::Commit,
            },
            targets: &targets,
            container: self.container,
            repository: self.repository.map(repository).as_ref(),
            checkout: self.checkout.map(repository).as_ref(),
        })
    }
}

fn targets(selection: &Selection) -> String {
    let targets: Vec<String> = selection
        .targets
        .iter()
        .flat_map(|target| {
            target
                .containers
                .iter()
                .map(|container| format!("{}/{}", target.deployment.name(), container.name))
        })
        .collect();
    targets.join(" ")
}

/// The faults as the user sees them.
fn report(faults: Faults) -> String {
    let error = Error::from(faults);
    let mut text = format!("{:?}: {}\n", error.kind, error.chain().join("\n  "));
    for hint in &error.hints {
        text.push_str(&format!("hint: {hint}\n"));
    }
    text
}

#[test]
fn annotated_deployments_take_part_in_the_order_of_their_names() {
    let off = deployment("off", &[("deploy-target", "false")], &["a=a:1"]);
    let other = deployment("other", &[("owner", "me")], &["a=a:1"]);
    let selection = Flags::default()
        .select(&[rails("worker"), off, other, rails("web")])
        .unwrap();
    assert_eq!(targets(&selection), "web/rails worker/rails");
    assert_eq!(selection.repository, Some(repository("wantedly/rails")));
    assert_eq!(selection.notes, []);
    assert!(selection.targets[0].is_annotated);
}

#[test]
fn several_containers_and_init_containers_are_targets() {
    let raw = deployment(
        "web",
        &[
            ("deploy-target", "true"),
            ("deploy-target-container", "rails, migrate"),
            ("github", "rails=w/rails,migrate=w/rails"),
        ],
        &["proxy=nginx:1", "rails=w/rails:1"],
    );
    let raw = with(
        &raw,
        "/spec/template/spec",
        "initContainers",
        json!([{"name": "migrate", "image": "w/rails:1"}]),
    );
    let selection = Flags::default().select(&[raw]).unwrap();
    assert_eq!(targets(&selection), "web/rails web/migrate");
    let positions: Vec<String> = selection.targets[0]
        .containers
        .iter()
        .map(|container| container.position.to_string())
        .collect();
    assert_eq!(
        positions,
        [
            "/spec/template/spec/containers/1",
            "/spec/template/spec/initContainers/0"
        ]
    );
}

#[test]
fn the_repository_is_agreed_on_or_chosen() {
    let both = [rails("web"), go("api")];
    let cases = [
        (
            "the checkout chooses among several",
            Flags {
                checkout: Some("Wantedly/Rails"),
                ..Flags::default()
            },
            "web/rails",
        ),
        (
            "the flag chooses, over the checkout",
            Flags {
                repository: Some("wantedly/go"),
                checkout: Some("wantedly/rails"),
                ..Flags::default()
            },
            "api/go",
        ),
        (
            "a target leaves one repository",
            Flags {
                targets: &["api"],
                checkout: Some("wantedly/rails"),
                ..Flags::default()
            },
            "api/go",
        ),
        (
            "a tag also needs one repository",
            Flags {
                is_tag: true,
                checkout: Some("wantedly/go"),
                ..Flags::default()
            },
            "api/go",
        ),
    ];
    for (case, flags, expected) in cases {
        let selection = flags.select(&both).unwrap();
        assert_eq!(targets(&selection), expected, "{case}");
    }
}

#[test]
fn what_another_repository_leaves_out_is_noted() {
    let flags = Flags {
        checkout: Some("wantedly/rails"),
        ..Flags::default()
    };
    let selection = flags.select(&[rails("web"), go("api")]).unwrap();
    assert_eq!(
        selection.notes,
        [Note::LeftOut {
            deployment: "api".to_owned(),
            container: "go".to_owned(),
            repository: "wantedly/go".to_owned(),
        }]
    );
}

#[test]
fn a_repository_flag_takes_the_place_of_the_annotation() {
    let flags = Flags {
        repository: Some("fork/rails"),
        ..Flags::default()
    };
    let selection = flags.select(&[rails("web")]).unwrap();
    assert_eq!(selection.repository, Some(repository("fork/rails")));
    assert_eq!(
        selection.notes,
        [Note::RepositoryReplaced {
            annotated: "wantedly/rails".to_owned(),
            used: "fork/rails".to_owned(),
        }]
    );
}

#[test]
fn named_targets_need_no_annotation() {
    let bare = || [deployment("tool", &[], &["tool=w/tool:1"]), rails("web")];
    let cases = [
        (
            "the checkout's repository is theirs",
            Flags {
                targets: &["tool"],
                checkout: Some("w/tool"),
                ..Flags::default()
            },
            Some("w/tool"),
        ),
        (
            "the flag says whose they are",
            Flags {
                targets: &["tool"],
                repository: Some("w/tool"),
                ..Flags::default()
            },
            Some("w/tool"),
        ),
        (
            "a tag needs no repository",
            Flags {
                targets: &["tool"],
                is_tag: true,
                ..Flags::default()
            },
            None,
        ),
        (
            "an image of any name",
            Flags {
                targets: &["tool"],
                image: Some("w/another:2"),
                ..Flags::default()
            },
            None,
        ),
    ];
    for (case, flags, expected) in cases {
        let selection = flags.select(&bare()).unwrap();
        assert_eq!(targets(&selection), "tool/tool", "{case}");
        assert!(!selection.targets[0].is_annotated, "{case}");
        assert_eq!(selection.repository, expected.map(repository), "{case}");
    }
}

#[test]
fn a_named_target_counts_once_and_even_if_it_says_no() {
    let off = deployment(
        "web",
        &[("deploy-target", "false"), ("github", "web=w/web")],
        &["web=w/web:1"],
    );
    let flags = Flags {
        targets: &["web", "web"],
        ..Flags::default()
    };
    assert_eq!(targets(&flags.select(&[off]).unwrap()), "web/web");
}

#[test]
fn the_container_flag_beats_the_annotation() {
    let flags = Flags {
        container: Some("proxy"),
        repository: Some("w/proxy"),
        ..Flags::default()
    };
    assert_eq!(
        targets(&flags.select(&[rails("web")]).unwrap()),
        "web/proxy"
    );
}

#[test]
fn an_image_chooses_the_containers_that_run_one_of_its_name() {
    let flags = Flags {
        image: Some("docker.io/wantedly/go:2"),
        ..Flags::default()
    };
    let selection = flags.select(&[rails("web"), go("api")]).unwrap();
    assert_eq!(targets(&selection), "api/go");
}

#[test]
fn odd_repositories_do_not_matter_to_an_image() {
    let raw = deployment(
        "web",
        &[("deploy-target", "1"), ("github", "???")],
        &["web=w/web:1"],
    );
    let flags = Flags {
        image: Some("w/web:2"),
        ..Flags::default()
    };
    assert!(flags.select(&[raw]).is_ok());
}

#[test]
fn faults_of_deployments_that_were_not_named_do_not_matter() {
    let broken = deployment("broken", &[("deploy-target", "maybe")], &["a=a:1"]);
    let flags = Flags {
        targets: &["web"],
        ..Flags::default()
    };
    assert!(flags.select(&[broken, rails("web")]).is_ok());
}

#[test]
fn keys_that_only_look_like_ours_are_noted() {
    let raw = deployment(
        "web",
        &[
            ("deploy-target", "1"),
            ("deploy-banana", "1"),
            ("github", "web=w/web,old=w/old"),
        ],
        &["web=w/web:1"],
    );
    let selection = Flags::default().select(&[raw]).unwrap();
    assert_eq!(
        selection.notes,
        [
            Note::UnknownKey {
                deployment: "web".to_owned(),
                key: "example.com/deploy-banana".to_owned(),
            },
            Note::UnusedRepository {
                deployment: "web".to_owned(),
                container: "old".to_owned(),
            },
        ]
    );
}

#[test]
fn an_annotation_on_the_pod_template_too_is_no_fault() {
    let raw = with(
        &rails("web"),
        "/spec/template",
        "metadata",
        json!({"annotations": {"example.com/deploy-target": "true"}}),
    );
    assert!(Flags::default().select(&[raw]).is_ok());
}

#[test]
fn nothing_annotated_says_what_was_looked_for() {
    let other = with(
        &deployment("web", &[], &["web=w/web:1"]),
        "/metadata",
        "annotations",
        json!({"exmaple.com/deploy-target": "true"}),
    );
    let none = Flags::default().select(&[]).unwrap_err();
    let wrong_prefix = Flags::default().select(&[other]).unwrap_err();
    assert_data_eq!(
        [report(none), report(wrong_prefix)].join("\n"),
        str![[r#"
NotFound: there is no Deployment, so none has `example.com/deploy-target`
hint: Annotate each Deployment that takes part with `example.com/deploy-target: "true"`, or name one with --target.

NotFound: the only Deployment does not have `example.com/deploy-target: "true"`
hint: Other prefixes are in use here: exmaple.com. Say which with --annotation-prefix.

"#]]
    );
}

#[test]
fn all_faults_of_all_deployments_are_reported_together() {
    let annotated = |name, annotations: &[(&str, &str)], containers: &[&str]| {
        let all: Vec<(&str, &str)> = [("deploy-target", "true"), ("github", "web=w/web")]
            .into_iter()
            .filter(|(key, _)| !annotations.iter().any(|(own, _)| own == key))
            .chain(annotations.iter().copied())
            .collect();
        deployment(name, &all, containers)
    };
    let one = &["web=w/web:1"][..];
    let two = &["web=w/web:1", "job=w/web:1"][..];
    let listed = [
        rails("good"),
        deployment("misspelt", &[("deploy-traget", "true")], one),
        annotated(
            "misspelt-container",
            &[("deploy-target-contaner", "web")],
            two,
        ),
        with(
            &deployment("misplaced", &[], one),
            "/spec/template",
            "metadata",
            json!({"annotations": {"example.com/deploy-target": "true"}}),
        ),
        with(
            &annotated("database", &[], one),
            "",
            "kind",
            json!("StatefulSet"),
        ),
        annotated("odd", &[("deploy-target", "yes")], one),
        annotated("hostile", &[("deploy-target", "\u{1b}[2J\u{202e}")], one),
        annotated("url", &[("github", "web=https://github.com/w/web")], one),
        annotated("unnamed", &[], two),
        annotated("missing", &[("deploy-target-container", "wbe")], two),
        annotated("twice", &[("deploy-target-container", "web,web")], one),
        annotated("claimed", &[("github", "web=w/web,web=w/other")], one),
        annotated("homeless", &[("github", "job=w/web")], one),
        annotated("placeholder", &[], &["web=w/web:[REPLACE_WITH_TAG]"]),
        annotated("capitals", &[], &["web=W/web:1"]),
        annotated("strategy", &[("deploy-strategy", "kep")], one),
    ];
    let faults = Flags::default().select(&listed).unwrap_err();
    assert_data_eq!(report(faults), str![[r#"
NotFound: 16 faults keep the targets from being told
  Deployment `misspelt` has `example.com/deploy-traget`, which is no key; `example.com/deploy-target` is
  Deployment `misspelt-container` has `example.com/deploy-target-contaner`, which is no key; `example.com/deploy-target-container` is
  Deployment `misplaced` has `example.com/deploy-target` on its pod template, where it does not count
  StatefulSet `database` has `example.com/deploy-target`, and only Deployments can take part
  Deployment `odd`: `example.com/deploy-target: yes` is none of true, 1, false, 0 (at character 1)
  Deployment `hostile`: `example.com/deploy-target: \u{1b}[2J\u{202e}` is none of true, 1, false, 0 (at character 1)
  Deployment `url`: `example.com/github: web=https://github.com/w/web` has a URL instead of owner/name (at character 5)
  Deployment `unnamed` has 2 containers (web, job), and `example.com/deploy-target-container` does not say which
  Deployment `missing` has no container `wbe`; it has web, job
  Deployment `twice` names its container `web` twice
  Deployment `claimed` names several repositories for its container `web`: w/web, w/other
  Deployment `homeless` does not say in `example.com/github` which repository its container `web` is built from
  Deployment `placeholder`, container `web`: the image "w/web:[REPLACE_WITH_TAG]" holds a placeholder that was not filled in
  Deployment `capitals`, container `web`: the image "W/web:1" has capital letters in the image's repository
  Deployment `strategy`: `example.com/deploy-strategy: kep` is none of zero-downtime, warn, keep (at character 1)
  the targets are of several repositories: wantedly/rails (good/rails); w/web (twice/web, strategy/web)
hint: Move the annotation to `metadata.annotations` of the Deployment.
hint: Name one with the annotation, or with --container.
hint: Did you mean `web`?
hint: Annotate it with `example.com/github: web=owner/name`, or say --repo owner/name.
hint: Choose one with --repo, or its Deployments with --target.

"#]].raw());
}

#[test]
fn what_flags_name_and_is_not_there_is_reported() {
    let listed = [rails("web"), go("api")];
    let reports = [
        Flags {
            targets: &["wbe", "api"],
            ..Flags::default()
        },
        Flags {
            targets: &["database"],
            ..Flags::default()
        },
        Flags {
            targets: &["web"],
            container: Some("rials"),
            ..Flags::default()
        },
        Flags {
            repository: Some("wantedly/ruby"),
            ..Flags::default()
        },
        Flags {
            image: Some("wantedly/ruby:2"),
            ..Flags::default()
        },
        Flags::default(),
        Flags {
            checkout: Some("wantedly/ruby"),
            ..Flags::default()
        },
    ]
    .map(|flags| report(flags.select(&listed).unwrap_err()));
    assert_data_eq!(
        reports.join("\n"),
        str![[r#"
NotFound: there is no Deployment `wbe`
hint: Did you mean --target web?

NotFound: there is no Deployment `database`
hint: There are web, api.

Refused: Deployment `web` has no container `rials`; it has rails, proxy
hint: Did you mean `rails`?

NotFound: no target is built from wantedly/ruby; they are built from wantedly/rails, wantedly/go

NotFound: no target runs an image of the name of `wantedly/ruby:2`; they run wantedly/go, wantedly/rails
hint: To run another image there, name the Deployment with --target.

Refused: the targets are of several repositories: wantedly/rails (web/rails); wantedly/go (api/go)
hint: Choose one with --repo, or its Deployments with --target.

Refused: the targets are of several repositories: wantedly/rails (web/rails); wantedly/go (api/go)
hint: Choose one with --repo, or its Deployments with --target.

"#]]
    );
}

#[test]
fn an_object_that_is_no_deployment_is_reported() {
    let raw = with(&rails("web"), "/spec", "replicas", json!("many"));
    let faults = Flags::default().select(&[raw]).unwrap_err();
    assert!(matches!(
        faults.iter().next(),
        Some(Fault::Unreadable { .. })
    ));
    assert_eq!(Error::from(faults).kind, crate::error::Kind::Unreachable);
}
