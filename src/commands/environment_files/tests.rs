//! Files in temporary folders: which are found, what is said about broken ones, how one is written.

use std::collections::BTreeMap;

use snapbox::{assert_data_eq, str};
use tempfile::TempDir;

use super::*;

mod places;

type OtherFiles<'a> = &'a [(&'a str, &'a [u8])];

const COMMANDS: &[&str] = &["status"];

/// A home with some files, and variables.
struct Home {
    folder: TempDir,
    variables: Variables,
}

impl Home {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let home = folder.path().to_str().unwrap().to_owned();
        let variables = Variables(BTreeMap::from([("HOME".to_owned(), home)]));
        Self { folder, variables }
    }

    /// Sets a variable, `~` in it standing for the home.
    fn set(mut self, name: &str, value: &str) -> Self {
        let value = value.replace('~', self.folder.path().to_str().unwrap());
        self.variables.0.insert(name.to_owned(), value);
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn read_with(&self, config: Option<&str>, kubeconfig: Option<&str>) -> Result<Files, Error> {
        let whereabouts = Whereabouts {
            config: config.map(Path::new),
            kubeconfig: kubeconfig.map(Path::new),
            directory: Some(self.folder.path()),
            variables: &self.variables,
        };
        Files::read(&whereabouts, COMMANDS)
    }

    fn read(&self) -> Result<Files, Error> {
        self.read_with(None, None)
    }

    /// Returns an error as its reader gets it, the home as `~`.
    fn shown(&self, error: &Error) -> String {
        let hints = error.hints.iter().map(|hint| format!("\nhint: {hint}"));
        let text = format!(
            "{:?}: {}{}",
            error.kind,
            error.chain().join(": "),
            hints.collect::<String>()
        );
        text.replace(self.folder.path().to_str().unwrap(), "~")
    }

    fn warnings(&self, files: &Files) -> Vec<String> {
        files
            .warnings
            .iter()
            .map(|warning| {
                let home = self.folder.path().to_str().unwrap();
                warning.to_string().replace(home, "~")
            })
            .collect()
    }
}

fn names(files: &Files) -> Vec<&str> {
    files.kubeconfig.names().collect()
}

fn context(name: &str) -> Vec<u8> {
    format!("contexts: [{{name: {name}, context: {{cluster: c, user: u}}}}]\n").into_bytes()
}

#[test]
fn nothing_need_be_there() {
    let home = Home::new(&[]);
    let files = home.read().unwrap();
    assert_eq!(files.config, UserConfig::default());
    assert_eq!(names(&files), [""; 0]);
    assert!(files.warnings.is_empty());
    let path = home.path(".config/kube-deploy/config.yaml");
    assert_eq!(files.config_path, Some(path));
    let homeless = Whereabouts {
        config: None,
        kubeconfig: None,
        directory: None,
        variables: &Variables::default(),
    };
    assert_eq!(Files::read(&homeless, COMMANDS).unwrap().config_path, None);
}

#[test]
fn the_configuration_is_found_in_the_order_of_the_rules() {
    let user = |name: &str| format!("user: {name}\n").into_bytes();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("flag.yaml", user("flag")),
        ("variable.yaml", user("variable")),
        ("xdg/kube-deploy/config.yaml", user("xdg")),
        (".config/kube-deploy/config.yaml", user("home")),
    ];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, &**text)).collect();
    let user_of = |home: &Home, flag| {
        let files = home.read_with(flag, None).unwrap();
        files.config.user.map(|user| user.to_string()).unwrap()
    };
    let home = Home::new(&files);
    assert_eq!(user_of(&home, None), "home");
    let home = home.set("XDG_CONFIG_HOME", "relative");
    assert_eq!(user_of(&home, None), "home");
    let home = home.set("XDG_CONFIG_HOME", "~/xdg");
    assert_eq!(user_of(&home, None), "xdg");
    let home = home.set("KUBE_DEPLOY_CONFIG", "");
    assert_eq!(user_of(&home, None), "xdg");
    let home = home.set("KUBE_DEPLOY_CONFIG", "~/variable.yaml");
    assert_eq!(user_of(&home, None), "variable");
    assert_eq!(user_of(&home, Some("flag.yaml")), "flag");
}

#[test]
fn kubeconfigs_are_found_in_the_order_of_the_rules() {
    let (a, b, c) = (context("a"), context("b"), context("c"));
    let files: &[(&str, &[u8])] = &[("flag", &a), ("one", &b), (".kube/config", &c), ("two", &a)];
    let home = Home::new(files);
    assert_eq!(names(&home.read().unwrap()), ["c"]);
    let home = home.set("KUBECONFIG", "");
    assert_eq!(names(&home.read().unwrap()), ["c"]);
    let home = home.set("KUBECONFIG", ":~/one::~/two:");
    assert_eq!(names(&home.read().unwrap()), ["b", "a"]);
    assert_eq!(names(&home.read_with(None, Some("flag")).unwrap()), ["a"]);
}

#[test]
fn a_broken_kubeconfig_is_named_and_nothing_else_is_taken_instead() {
    let good = context("good");
    let binary = b"\x7fELF\x02\x01\x01\0";
    let cases: &[(&str, OtherFiles<'_>, _)] = &[
        (
            "missing",
            &[],
            str![[r#"
NotFound: ~/missing does not exist (named by KUBECONFIG)
hint: Correct KUBECONFIG, or unset it.
"#]],
        ),
        (
            "folder",
            &[("folder/x", b"")],
            str![[r#"
NotFound: ~/folder is a directory (named by KUBECONFIG)
hint: Correct KUBECONFIG, or unset it.
"#]],
        ),
        (
            "empty",
            &[("empty", b" \n")],
            str![[r#"
NotFound: ~/empty is empty (named by KUBECONFIG)
hint: Correct KUBECONFIG, or unset it.
"#]],
        ),
        (
            "binary",
            &[("binary", binary)],
            str![
                "NotFound: ~/binary is no text: byte 7 (line 1) is no part of a text in UTF-8, or in UTF-16 with its mark"
            ],
        ),
        (
            "utf16",
            &[("utf16", b"\xff\xfea")],
            str!["NotFound: ~/utf16 is no text: it is marked as UTF-16 and is not"],
        ),
        (
            "html",
            &[("html", b"<html>\n<body>")],
            str![[r#"
NotFound: ~/html, line 1: expected a mapping (`key: value`)
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
        (
            "yaml",
            &[("yaml", b"contexts:\n- name: [\n")],
            str![[r#"
NotFound: ~/yaml, line 2: expected a text
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
        (
            "list",
            &[("list", b"- a\n")],
            str![[r#"
NotFound: ~/list, line 1: expected a mapping (`key: value`)
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
        (
            "manifest",
            &[("manifest", b"kind: Deployment\n")],
            str![[r#"
NotFound: ~/manifest is not a kubeconfig but of kind Deployment
hint: Correct the file, or name another one with --kubeconfig.
"#]],
        ),
    ];
    for (name, files, expected) in cases {
        let mut all: Vec<(&str, &[u8])> = vec![(".kube/config", &good)];
        all.extend(files.iter().copied());
        let home = Home::new(&all).set("KUBECONFIG", &format!("~/{name}"));
        let error = home.read().unwrap_err();
        assert_data_eq!(home.shown(&error), expected.clone());
    }
}

#[test]
fn a_flag_that_names_no_file_is_told() {
    let home = Home::new(&[]);
    let error = home.read_with(None, Some("nowhere")).unwrap_err();
    assert_data_eq!(
        home.shown(&error),
        str![[r#"
NotFound: ~/nowhere does not exist (named by --kubeconfig)
hint: Correct the path after --kubeconfig.
"#]]
    );
    let error = home.read_with(Some("nowhere"), None).unwrap_err();
    assert_data_eq!(
        home.shown(&error),
        str![[r#"
NotFound: ~/nowhere does not exist (named by --config)
hint: Correct the path after --config.
"#]]
    );
    let home = home.set("KUBE_DEPLOY_CONFIG", "~/nowhere");
    assert_data_eq!(
        home.shown(&home.read().unwrap_err()),
        str![[r#"
NotFound: ~/nowhere does not exist (named by KUBE_DEPLOY_CONFIG)
hint: Correct KUBE_DEPLOY_CONFIG, or unset it.
"#]]
    );
}

#[test]
fn a_broken_configuration_is_told_with_its_line() {
    let config = ".config/kube-deploy/config.yaml";
    let home = Home::new(&[(config, b"environments:\n  qa:\n    contex: a\n")]);
    assert_data_eq!(
        home.shown(&home.read().unwrap_err()),
        str![[r#"
Usage: ~/.config/kube-deploy/config.yaml, line 3: there is no key `contex`
  3 |     contex:
    |     ^^^^^^
hint: Did you mean `context`?
"#]]
    );
    let home = Home::new(&[(config, b"\xff\xff")]);
    assert_data_eq!(
        home.shown(&home.read().unwrap_err()),
        str![
            "NotFound: ~/.config/kube-deploy/config.yaml is no text: byte 0 (line 1) is no part of a text in UTF-8, or in UTF-16 with its mark"
        ]
    );
    let home = Home::new(&[(".config/kube-deploy/config.yaml/x", b"")]);
    assert_data_eq!(
        home.shown(&home.read().unwrap_err()),
        str!["NotFound: ~/.config/kube-deploy/config.yaml is a directory (the usual place)"]
    );
}

#[test]
fn one_of_several_kubeconfigs_may_be_missing_but_not_all() {
    let a = context("a");
    let home = Home::new(&[("one", &a)]).set("KUBECONFIG", "~/one:~/gone");
    let files = home.read().unwrap();
    assert_eq!(names(&files), ["a"]);
    assert_eq!(
        home.warnings(&files),
        ["KUBECONFIG names ~/gone, which does not exist"]
    );
    let home = home.set("KUBECONFIG", "~/gone:~/lost");
    assert_data_eq!(
        home.shown(&home.read().unwrap_err()),
        str![[r#"
NotFound: ~/gone does not exist (named by KUBECONFIG)
hint: Correct KUBECONFIG, or unset it.
"#]]
    );
}

#[test]
fn the_usual_kubeconfig_may_be_empty_and_a_device_says_that_there_is_none() {
    let home = Home::new(&[(".kube/config", b"")]);
    let files = home.read().unwrap();
    assert_eq!(home.warnings(&files), ["~/.kube/config is empty"]);
    let home = home.set("KUBECONFIG", "/dev/null");
    let files = home.read().unwrap();
    assert_eq!((names(&files).len(), files.warnings.len()), (0, 0));
}

#[test]
fn a_kubeconfig_in_utf_16_is_read() {
    let text = String::from_utf8(context("a")).unwrap();
    let bytes: Vec<u8> = ["\u{feff}", &text]
        .concat()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let home = Home::new(&[(".kube/config", &bytes)]);
    let files = home.read().unwrap();
    assert_eq!(names(&files), ["a"]);
    assert_eq!(files.client_kubeconfig().unwrap().contexts.len(), 1);
}

#[test]
fn a_credential_that_everybody_can_read_is_noticed() {
    let secret = b"users: [{name: u, user: {token: s3cret}}]\n";
    let harmless = b"users: [{name: u, user: {exec: {command: login}}}]\n";
    let cases: [(&[u8], u32, usize); 4] = [
        (secret, 0o644, 1),
        (secret, 0o640, 0),
        (secret, 0o600, 0),
        (harmless, 0o644, 0),
    ];
    for (text, mode, expected) in cases {
        let home = Home::new(&[(".kube/config", text)]);
        let path = home.path(".kube/config");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let files = home.read().unwrap();
        assert_eq!(files.warnings.len(), expected, "{mode:o}");
        if expected == 1 {
            assert_eq!(
                home.warnings(&files),
                [
                    "~/.kube/config holds a credential and can be read by everybody: chmod go-rwx ~/.kube/config"
                ]
            );
        }
    }
}

#[test]
fn the_client_gets_the_same_contexts_with_absolute_paths() {
    let one = b"\
clusters: [{name: c, cluster: {server: 'https://c', certificate-authority: pki/ca.crt}}]
contexts: [{name: a, context: {cluster: c, user: u}}]
users:
- name: u
  user: {client-certificate: /abs/u.crt, client-key: u.key, tokenFile: ../token, exec: {apiVersion: v1, command: ./login}}
- name: v
  user: {exec: {apiVersion: v1, command: login}}
";
    let two = b"clusters: [{name: c, cluster: {server: 'https://other'}}]\n";
    let home =
        Home::new(&[("one/config", one), ("two", two)]).set("KUBECONFIG", "~/one/config:~/two");
    let files = home.read().unwrap();
    let client = files.client_kubeconfig().unwrap();
    assert_eq!(client.clusters.len(), 1);
    let cluster = client.clusters[0].cluster.as_ref().unwrap();
    assert_eq!(cluster.server.as_deref(), Some("https://c"));
    let below = |path: &str| Some(home.path(path).to_str().unwrap().to_owned());
    assert_eq!(cluster.certificate_authority, below("one/pki/ca.crt"));
    let user = client.auth_infos[0].auth_info.as_ref().unwrap();
    assert_eq!(user.client_certificate.as_deref(), Some("/abs/u.crt"));
    assert_eq!(user.client_key, below("one/u.key"));
    assert_eq!(user.token_file, below("one/../token"));
    let command = |index: usize| {
        let user = client.auth_infos[index].auth_info.as_ref().unwrap();
        user.exec.as_ref().unwrap().command.clone()
    };
    assert_eq!(command(0), below("one/./login"));
    assert_eq!(command(1).as_deref(), Some("login"));
}

#[test]
fn what_only_the_client_cannot_read_is_told_without_the_secret() {
    let text = b"users:\n- name: u\n  user: {client-certificate: [s3cret], token: s3cret}\n";
    let home = Home::new(&[(".kube/config", text)]);
    let error = home.read().unwrap().client_kubeconfig().unwrap_err();
    let shown = home.shown(&error);
    assert!(!shown.contains("s3cret"), "{shown}");
    assert_data_eq!(
        shown,
        str![[r#"
NotFound: ~/.kube/config, line 3: expected a text
hint: Correct the file, or name another one with --kubeconfig.
"#]]
    );
}
