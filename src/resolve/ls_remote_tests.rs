//! Git itself against a git server over HTTPS, a stand-in for ssh, and servers that misbehave.

use std::path::Path;
use std::process::Command;

use super::*;
use crate::resolve::Location;
use crate::resolve::repositories_for_tests::{TestRepository, script};
use crate::servers_for_tests::{Authority, Server, git_server, reply};

const LIMIT: Duration = Duration::from_secs(60);

/// A git that knows nothing of this machine's configuration and trusts one authority.
fn git(home: &Path, authority: &Authority) -> Program {
    let proxies = [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ];
    proxies
        .into_iter()
        .fold(Program::new("git"), Program::without)
        .with("HOME", home)
        .with("GIT_CONFIG_GLOBAL", home.join("gitconfig"))
        .with("GIT_CONFIG_NOSYSTEM", "1")
        .with("GIT_SSL_CAINFO", authority.write_to(home))
}

fn asking(git: Program) -> LsRemote {
    LsRemote::new(git, &SshProgram::Default, LIMIT)
}

fn url(text: &str) -> RemoteUrl {
    match text.parse() {
        Ok(Location::Url(url)) => url,
        other => panic!("{text}: {other:?}"),
    }
}

/// A served repository, and all that is needed to ask for it.
struct World {
    repository: TestRepository,
    /// What is served: the repository as `o/app.git`.
    root: tempfile::TempDir,
    home: tempfile::TempDir,
    authority: Authority,
    server: Server,
}

impl World {
    async fn new(login: Option<&str>) -> Self {
        let repository = TestRepository::bare();
        let authority = Authority::new();
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("o")).unwrap();
        std::os::unix::fs::symlink(repository.path(), root.path().join("o/app.git")).unwrap();
        let server = git_server(&authority, root.path(), login).await;
        Self {
            repository,
            root,
            home: tempfile::tempdir().unwrap(),
            authority,
            server,
        }
    }

    fn url(&self) -> RemoteUrl {
        url(&format!("https://{}/o/app.git", self.server.address))
    }

    fn git(&self) -> Program {
        git(self.home.path(), &self.authority)
    }

    async fn answer(&self, reference: &str) -> Answer {
        asking(self.git())
            .answer(&self.url(), &reference.parse().unwrap())
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn refs_are_told_apart_by_their_exact_names() {
    let world = World::new(None).await;
    let one = world.repository.commit("master", "One");
    let two = world.repository.commit("feature/größe#1", "Two");
    world.repository.point("refs/heads/other/master", &two);
    world.repository.point("refs/tags/other/v1", &two);
    world.repository.point("refs/tags/v1", &one);
    world.repository.point("refs/pull/7/head", &two);
    let tag_object = world.repository.annotate("v2", &one);
    world.repository.point("refs/heads/both", &one);
    world.repository.point("refs/tags/both", &two);
    world.repository.point(&format!("refs/heads/{one}"), &two);

    let branch = |commit: &Commit| Answer {
        branch: Some(commit.clone()),
        ..Answer::default()
    };
    let tag = |commit: &Commit| Answer {
        tag: Some(commit.clone()),
        ..Answer::default()
    };
    let pull = Answer {
        pull: Some(two.clone()),
        ..Answer::default()
    };
    let both = Answer {
        branch: Some(one.clone()),
        tag: Some(two.clone()),
        ..Answer::default()
    };
    assert_ne!(tag_object, one);
    assert_eq!(world.answer("master").await, branch(&one));
    assert_eq!(world.answer("heads/master").await, branch(&one));
    assert_eq!(world.answer("feature/größe#1").await, branch(&two));
    assert_eq!(world.answer("v1").await, tag(&one));
    assert_eq!(
        world.answer("v2").await,
        tag(&one),
        "a tag object is peeled"
    );
    assert_eq!(world.answer("tags/v2").await, tag(&one));
    assert_eq!(world.answer("both").await, both);
    assert_eq!(world.answer("heads/both").await, branch(&one));
    assert_eq!(world.answer("pull/7").await, pull);
    assert_eq!(world.answer(one.as_str()).await, branch(&two));
    for absent in [
        "pull/8",
        "tags/master",
        "heads/v1",
        "v",
        "7/head",
        two.as_str(),
        two.short(),
    ] {
        assert_eq!(world.answer(absent).await, Answer::default(), "{absent}");
    }
    let tips = asking(world.git()).tips(&world.url()).await.unwrap();
    assert!(tips.contains(&("master".to_owned(), one.clone())));
    assert!(tips.contains(&("v2".to_owned(), one)));
}

#[tokio::test]
async fn a_repository_with_longer_shas_is_understood() {
    let world = World::new(None).await;
    let folder = world.root.path().join("o/long.git");
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "Ada")))
            .envs(
                ["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "ada@example.com")),
            )
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    std::fs::create_dir(&folder).unwrap();
    git(&[
        "init",
        "--quiet",
        "--bare",
        "--object-format=sha256",
        "--initial-branch=master",
    ]);
    let tree = git(&["hash-object", "-t", "tree", "-w", "/dev/null"]);
    let commit = git(&["commit-tree", "-m", "One", &tree]);
    git(&["update-ref", "refs/heads/master", &commit]);
    let answer = asking(world.git())
        .answer(
            &url(&format!("https://{}/o/long.git", world.server.address)),
            &"master".parse().unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(commit.len(), 64);
    assert_eq!(answer.branch, commit.parse().ok());
}

#[tokio::test]
async fn the_password_of_an_address_is_used_and_never_an_argument() {
    let world = World::new(Some("bWU6c0BjcmV0")).await;
    let one = world.repository.commit("master", "One");
    let log = world.home.path().join("arguments");
    let wrapper = script(
        &world.home.path().join("git"),
        &format!("echo \"$@\" >>{}\nexec git \"$@\"", log.display()),
    );
    let git = world.git();
    let wrapped = Program::new(wrapper)
        .with("HOME", world.home.path())
        .with("GIT_CONFIG_GLOBAL", "/dev/null")
        .with("GIT_CONFIG_NOSYSTEM", "1")
        .with(
            "GIT_SSL_CAINFO",
            world.authority.write_to(world.home.path()),
        );
    let address = world.server.address;
    let with = |login: &str| url(&format!("https://{login}@{address}/o/app.git"));
    let reference: GitRef = "master".parse().unwrap();
    let found = asking(wrapped)
        .answer(&with("me:s%40cret"), &reference)
        .await
        .unwrap();
    assert_eq!(found.branch, Some(one));
    let arguments = std::fs::read_to_string(&log).unwrap();
    assert!(arguments.contains("ls-remote"), "{arguments}");
    assert!(
        !arguments.contains("cret") && !arguments.contains("bWU6"),
        "{arguments}"
    );

    for refused in [with("me:wrong"), world.url()] {
        let error = asking(git.clone())
            .answer(&refused, &reference)
            .await
            .expect_err("wrong login");
        assert!(!error.to_string().contains("wrong"), "{error}");
        assert_eq!(Error::from(error).kind, Kind::Denied);
    }
}

#[tokio::test]
async fn nobody_is_asked_for_a_password() {
    let world = World::new(Some("bWU6c2VjcmV0")).await;
    let trap = world.home.path().join("asked");
    let asker = script(
        &world.home.path().join("asker"),
        &format!("touch {}\necho secret", trap.display()),
    );
    let git = world
        .git()
        .with("GIT_ASKPASS", &asker)
        .with("SSH_ASKPASS", &asker)
        .with("DISPLAY", ":0");
    std::fs::write(
        world.home.path().join("gitconfig"),
        format!("[core]\naskPass = {}\n", asker.display()),
    )
    .unwrap();
    let error = asking(git)
        .answer(&world.url(), &"master".parse().unwrap())
        .await
        .expect_err("no login");
    assert_eq!(Error::from(error).kind, Kind::Denied);
    assert!(!trap.exists());
}

#[tokio::test]
async fn the_users_credential_helper_is_used() {
    let world = World::new(Some("bWU6c2VjcmV0")).await;
    let one = world.repository.commit("master", "One");
    std::fs::write(
        world.home.path().join("gitconfig"),
        "[credential]\nhelper = \"!f() { echo username=me; echo password=secret; }; f\"\n",
    )
    .unwrap();
    assert_eq!(world.answer("master").await.branch, Some(one));
}

#[tokio::test]
async fn the_configuration_of_a_checkout_does_not_count() {
    let world = World::new(None).await;
    let one = world.repository.commit("master", "One");
    let hostile = TestRepository::new();
    let trap = world.home.path().join("trapped");
    let mut config = hostile.git.config().unwrap();
    let command = format!("!touch {}", trap.display());
    config.set_str("credential.helper", &command).unwrap();
    config.set_str("core.sshCommand", &command).unwrap();
    let insteadof = format!("url.ext::sh -c touch% {} .insteadOf", trap.display());
    config.set_str(&insteadof, "https://").unwrap();
    let git = world.git().with("GIT_DIR", hostile.git.path());
    let found = asking(git)
        .answer(&world.url(), &"master".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(found.branch, Some(one));
    assert!(!trap.exists());
}

#[tokio::test]
async fn ssh_is_started_as_the_user_has_it_and_asks_nothing() {
    let repository = TestRepository::bare();
    let one = repository.commit("master", "One");
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("arguments");
    // Runs on this machine what would run on the server.
    let text = format!(
        "echo \"$@\" >>{}\nfor last; do :; done\nexec sh -c \"$last\"",
        log.display()
    );
    let address = url(&format!("me@host.example:{}", repository.path().display()));
    let authority = Authority::new();
    for (name, asks_nothing) in [("ssh", true), ("plink", false)] {
        let program = script(&home.path().join(name), &text);
        let ssh = SshProgram::Command(format!("{} -i key", program.display()));
        let git = git(home.path(), &authority)
            .with("GIT_CONFIG_COUNT", "1")
            .with("GIT_CONFIG_KEY_0", "safe.directory")
            .with("GIT_CONFIG_VALUE_0", "*");
        let found = LsRemote::new(git, &ssh, LIMIT)
            .answer(&address, &"master".parse().unwrap())
            .await
            .unwrap();
        assert_eq!(found.branch.as_ref(), Some(&one), "{name}");
        let arguments = std::fs::read_to_string(&log).unwrap();
        let last = arguments.lines().last().unwrap();
        assert!(last.starts_with("-i key "), "{last}");
        assert_eq!(last.contains("-oBatchMode=yes"), asks_nothing, "{last}");
    }
}

#[test]
fn only_openssh_is_given_an_option() {
    let command = |text: &str| SshProgram::Command(text.to_owned());
    let table = [
        (SshProgram::Default, Some("ssh -oBatchMode=yes")),
        (
            command("/usr/bin/ssh -i key"),
            Some("/usr/bin/ssh -i key -oBatchMode=yes"),
        ),
        (command("plink.exe -batch"), Some("plink.exe -batch")),
        (SshProgram::Own, None),
    ];
    for (ssh, expected) in table {
        assert_eq!(ssh_command(&ssh).as_deref(), expected);
    }
}

#[tokio::test]
async fn each_trouble_has_its_kind() {
    let world = World::new(None).await;
    world.repository.commit("master", "One");
    let home = tempfile::tempdir().unwrap();
    let stranger = git(home.path(), &Authority::new());
    let broken = Server::https(&world.authority, |_| async { reply(500, &[], "") }).await;
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let at = |address, path: &str| url(&format!("https://{address}/{path}"));
    let table = [
        (
            "no such repository",
            world.git(),
            at(world.server.address, "none/here"),
            Kind::NotFound,
        ),
        (
            "an unknown authority",
            stranger,
            at(world.server.address, "o/app.git"),
            Kind::Unreachable,
        ),
        (
            "a broken server",
            world.git(),
            at(broken.address, "o/a"),
            Kind::Unreachable,
        ),
        (
            "no server",
            world.git(),
            at(closed, "o/a"),
            Kind::Unreachable,
        ),
        (
            "no git",
            Program::new("no-such-git-here"),
            world.url(),
            Kind::Unreachable,
        ),
        (
            "something that is not git",
            Program::new("echo"),
            world.url(),
            Kind::Unreachable,
        ),
    ];
    for (what, git, url, kind) in table {
        let error = asking(git)
            .answer(&url, &"master".parse().unwrap())
            .await
            .expect_err(what);
        let text = error.to_string();
        assert!(!text.is_empty() && !text.contains('\n'), "{what}: {text}");
        assert_eq!(Error::from(error).kind, kind, "{what}: {text}");
    }
}

#[tokio::test]
async fn a_login_page_has_no_refs_at_all() {
    let world = World::new(None).await;
    let html = Server::https(&world.authority, |_| async {
        reply(200, &[("content-type", "text/html")], "<html>Log in</html>")
    })
    .await;
    let page = url(&format!("https://{}/o/app", html.address));
    let asking = asking(world.git());
    // Git takes any text for the list of an old kind of server.
    let answer = asking
        .answer(&page, &"master".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(answer, Answer::default());
    assert_eq!(asking.tips(&page).await.unwrap(), []);
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let world = World::new(None).await;
    let silent = Server::https(&world.authority, |_| std::future::pending()).await;
    let asking = LsRemote::new(
        world.git(),
        &SshProgram::Default,
        Duration::from_millis(300),
    );
    let error = asking
        .answer(
            &url(&format!("https://{}/o/app", silent.address)),
            &"master".parse().unwrap(),
        )
        .await
        .expect_err("silence");
    assert!(
        matches!(error, LsRemoteError::Program(ProgramError::Timeout { .. })),
        "{error}"
    );
}

#[test]
fn the_words_of_git_and_ssh_are_recognised() {
    let table = [
        (
            "could not read Username for 'https://github.com': terminal prompts disabled",
            Trouble::Credentials,
        ),
        (
            "git@github.com: Permission denied (publickey).; Could not read from remote repository.",
            Trouble::Credentials,
        ),
        (
            "Authentication failed for 'https://github.com/o/a/'",
            Trouble::Credentials,
        ),
        (
            "unable to access 'https://h/': The requested URL returned error: 403",
            Trouble::Credentials,
        ),
        (
            "Repository not found.; Could not read from remote repository.",
            Trouble::Absent,
        ),
        (
            "repository 'https://github.com/o/a/' not found",
            Trouble::Absent,
        ),
        (
            "'/srv/x' does not appear to be a git repository",
            Trouble::Absent,
        ),
        (
            "Host key verification failed.; Could not read from remote repository.",
            Trouble::HostKey,
        ),
        (
            "unable to access 'https://h/': SSL certificate problem: self-signed certificate",
            Trouble::Certificate,
        ),
        (
            "unable to access 'https://h/': server certificate verification failed. CAfile: x",
            Trouble::Certificate,
        ),
        (
            "unable to access 'https://h/': Could not resolve host: h",
            Trouble::Network,
        ),
        ("", Trouble::Network),
    ];
    for (words, expected) in table {
        assert_eq!(trouble(words), expected, "{words}");
    }
}
