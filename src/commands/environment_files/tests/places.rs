//! The files that a chosen place needs, and the one that a choice is written to.

use snapbox::{assert_data_eq, str};

use super::super::write::keep;
use super::super::*;
use super::{COMMANDS, Home};
use crate::environment::choose::{Choice, Chosen, Wanted, choose};
use crate::environment::keep::Kept;

fn chosen(files: &Files, environment: &str) -> Chosen {
    let wanted = Wanted {
        environment,
        context: None,
        commands: COMMANDS,
    };
    match choose(&wanted, &files.config, &files.kubeconfig).unwrap() {
        Choice::Certain(chosen) | Choice::Proposed(chosen) => chosen,
        Choice::Sandbox => panic!("the sandbox"),
    }
}

const CLUSTER: &[u8] = b"\
clusters: [{name: c, cluster: {server: 'https://c', certificate-authority: ca.crt}}]
contexts: [{name: acme-qa, context: {cluster: c}}]
";

#[test]
fn a_certificate_authority_is_read_from_its_file() {
    let home = Home::new(&[(".kube/config", CLUSTER), (".kube/ca.crt", b"pem")]);
    let source = chosen(&home.read().unwrap(), "qa").source;
    let identity_of = || identity(&source, None);
    assert_eq!(identity_of().unwrap().authority, Authority::of_pem(b"pem"));
    fs::remove_file(home.path(".kube/ca.crt")).unwrap();
    assert_data_eq!(
        home.shown(&identity_of().unwrap_err()),
        str!["NotFound: ~/.kube/ca.crt does not exist (named by a kubeconfig)"]
    );
}

#[test]
fn a_pod_knows_its_cluster_or_is_none() {
    let error = identity(&ClusterSource::InCluster, None).unwrap_err();
    assert_data_eq!(
        Home::new(&[]).shown(&error),
        str![[r#"
NotFound: the credentials of a pod were asked for, and this is none
hint: In a pod, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are set.
"#]]
    );
    let pod = kube::config::Kubeconfig::from_yaml(
        "clusters: [{name: c, cluster: {server: 'https://10.0.0.1:443'}}]",
    )
    .unwrap();
    let identity = identity(&ClusterSource::InCluster, Some(&pod)).unwrap();
    assert_eq!(identity.server, "https://10.0.0.1:443");
}

#[test]
fn a_kept_context_is_certain_and_pinned_afterwards() {
    let home = Home::new(&[(".kube/config", CLUSTER), (".kube/ca.crt", b"pem")]);
    let files = home.read().unwrap();
    let proposed = chosen(&files, "qa");
    let place = proposed
        .clone()
        .verify(identity(&proposed.source, None).unwrap());
    let kept = Kept::new("qa".parse().unwrap(), &place.unwrap());
    let path = files.config_path.unwrap();
    keep(&path, &kept, COMMANDS).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    let certain = chosen(&home.read().unwrap(), "qa");
    assert_eq!(certain.why, crate::environment::choose::Why::Config);
    fs::write(home.path(".kube/ca.crt"), "other").unwrap();
    let swapped = identity(&certain.source, None).unwrap();
    assert!(certain.verify(swapped).is_err());
}

#[test]
fn the_rest_of_the_configuration_its_permissions_and_links_to_it_stay() {
    let home = Home::new(&[
        (".kube/config", CLUSTER),
        (".kube/ca.crt", b"pem"),
        ("dotfiles/kube.yaml", b"# mine\nuser: ann\n"),
    ])
    .set("KUBE_DEPLOY_CONFIG", "~/config.yaml");
    let real = home.path("dotfiles/kube.yaml");
    std::os::unix::fs::symlink(&real, home.path("config.yaml")).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    let files = home.read().unwrap();
    let proposed = chosen(&files, "qa");
    let place = proposed
        .clone()
        .verify(identity(&proposed.source, None).unwrap());
    let kept = Kept::new("qa".parse().unwrap(), &place.unwrap());
    keep(&files.config_path.unwrap(), &kept, COMMANDS).unwrap();
    assert_data_eq!(
        fs::read_to_string(&real).unwrap(),
        str![[r#"
# mine
user: ann
environments:
  qa:
    context: acme-qa
    server: https://c
    certificate-authority: sha256:f0aeace912cf19dc1c6fffd41de6e395daeb5462f1221945706bd0674c3005eb

"#]]
    );
    assert_eq!(
        fs::metadata(&real).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert!(
        fs::symlink_metadata(home.path("config.yaml"))
            .unwrap()
            .is_symlink()
    );
    let names = fs::read_dir(home.path("dotfiles")).unwrap().count();
    assert_eq!(names, 1);
}

#[test]
fn a_place_that_cannot_be_written_is_told_and_nothing_is_left_there() {
    let home = Home::new(&[
        (".kube/config", CLUSTER),
        (".kube/ca.crt", b"pem"),
        ("file", b""),
    ]);
    let files = home.read().unwrap();
    let proposed = chosen(&files, "qa");
    let place = proposed
        .clone()
        .verify(identity(&proposed.source, None).unwrap());
    let kept = Kept::new("qa".parse().unwrap(), &place.unwrap());
    let error = keep(&home.path("file/config.yaml"), &kept, COMMANDS).unwrap_err();
    assert_data_eq!(
        home.shown(&error),
        str!["Refused: ~/file/config.yaml could not be written: File exists (os error 17)"]
    );
}

#[test]
fn a_checkout_has_a_configuration_or_none_and_never_another_file() {
    let home = Home::new(&[
        ("with/.kube-deploy.yaml", b"tag: '{branch}'\n"),
        ("without/x", b""),
        (
            "bad/.kube-deploy.yaml",
            b"environments: {qa: {context: prod}}\n",
        ),
        ("folder/.kube-deploy.yaml/x", b""),
        ("secret", b"token: s3cret\n"),
        ("link/x", b""),
    ]);
    let read = |name: &str| read_checkout(&home.path(name));
    let tag = read("with").unwrap().unwrap().tag.unwrap();
    assert_eq!(tag.as_str(), "{branch}");
    assert_eq!(read("without").unwrap(), None);
    assert_data_eq!(
        home.shown(&read("bad").unwrap_err()),
        str![[r#"
Refused: ~/bad/.kube-deploy.yaml, line 1: a checkout's configuration may not say `context`: a pull request could send the deploy to another cluster
  1 | environments: {qa: {context:
    |                     ^^^^^^^
hint: Put it into your own configuration, ~/.config/kube-deploy/config.yaml.
"#]]
    );
    assert_data_eq!(
        home.shown(&read("folder").unwrap_err()),
        str![[r#"
Refused: ~/folder/.kube-deploy.yaml is a link or no file, and a checkout's configuration has to be a file
hint: Somebody may want to have another file shown; look at it.
"#]]
    );
    let link = home.path("link/.kube-deploy.yaml");
    std::os::unix::fs::symlink(home.path("secret"), link).unwrap();
    assert_data_eq!(
        home.shown(&read("link").unwrap_err()),
        str![[r#"
Refused: ~/link/.kube-deploy.yaml is a link or no file, and a checkout's configuration has to be a file
hint: Somebody may want to have another file shown; look at it.
"#]]
    );
}
