//! The sandbox's own affairs: its world, its server in the background, and the commands for both.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;

use rustix::process::{Pid, Signal, getsid, kill_process};
use serde_json::Value;

use crate::support::{Home, Output, until};

fn process(home: &Home) -> Pid {
    let server = home.server().expect("a server");
    Pid::from_raw(server["pid"].as_i64().unwrap() as i32).unwrap()
}

fn uids(home: &Home) -> Vec<String> {
    let saved = fs::read(home.sandbox().join("world.json")).unwrap();
    let saved: Value = serde_json::from_slice(&saved).unwrap();
    saved["store"]["objects"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|object| object["kind"] == "Deployment")
        .map(|object| object["metadata"]["uid"].to_string())
        .collect()
}

fn annotate(home: &Home, value: &str) {
    let server = home.server().unwrap();
    let path = "/apis/apps/v1/namespaces/shop/deployments/web";
    let patch = format!(r#"{{"metadata":{{"annotations":{{"note":"{value}"}}}}}}"#);
    let answer = exchange(&server, "PATCH", path, &patch);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn note(home: &Home) -> String {
    let server = home.server().unwrap();
    let path = "/apis/apps/v1/namespaces/shop/deployments/web";
    let answer = exchange(&server, "GET", path, "");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let object: Value = serde_json::from_str(body).unwrap();
    object["metadata"]["annotations"]["note"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Sends a request to the server as it says it can be reached.
fn exchange(server: &Value, method: &str, path: &str, body: &str) -> String {
    let (address, token) = (
        server["address"].as_str().unwrap(),
        server["token"].as_str().unwrap(),
    );
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/merge-patch+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn first_line(output: &Output) -> &str {
    output.stderr.lines().next().unwrap_or_default()
}

#[test]
fn the_first_use_makes_a_world_with_a_past_and_says_so() {
    let home = Home::new();
    let output = home.kube("sandbox status").expect(0);
    snapbox::assert_data_eq!(
        home.normalize(&output.stderr),
        snapbox::str![[r#"
sandbox: made a small team's cluster, simulated on this machine, and its repository in [HOME]/state/kube-deploy/sandbox
  namespace shop has web (4 pods) and worker (2 pods)
  branches to deploy:
    master   is 3 commits ahead of what runs
    broken   crashes whenever it starts
    fragile  runs out of memory after two seconds, when a worker would count as available
    unbuilt  has no image
    unready  starts, but web never gets ready
sandbox: namespace shop (built in), simulated on this machine

"#]]
    );
    for text in [
        "web  complete, 4 of 4 serving",
        "worker  complete, 2 of 2 serving",
    ] {
        assert!(output.stdout.contains(text), "{}", output.stdout);
    }
    assert_eq!(
        output.stdout.matches("release 4: master").count(),
        2,
        "{}",
        output.stdout
    );

    let again = home.kube("sandbox status").expect(0);
    assert_eq!(
        again.stderr,
        "sandbox: namespace shop (built in), simulated on this machine\n"
    );
    let document = home.kube("sandbox status -o json").expect(0).json();
    assert_eq!(document["simulated"], true);
}

#[test]
fn what_is_kept_is_for_its_owner_only() {
    let home = Home::new();
    home.kube("sandbox status").expect(0);
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(home.sandbox()), 0o700);
    for name in ["world.json", "server.json", "server.log"] {
        assert_eq!(mode(home.sandbox().join(name)), 0o600, "{name}");
    }
}

#[test]
fn two_first_uses_at_once_get_one_world() {
    let home = Home::new();
    let runs: Vec<_> = (0..4).map(|_| home.spawn("sandbox status")).collect();
    let outputs: Vec<Output> = runs.into_iter().map(|run| run.wait().expect(0)).collect();
    let made = outputs
        .iter()
        .filter(|output| first_line(output).contains("made"))
        .count();
    assert_eq!(made, 1, "{outputs:?}");
    home.kube("sandbox status").expect(0);
}

#[test]
fn the_server_is_in_a_session_of_its_own_and_serves_the_next_command_too() {
    let home = Home::new();
    home.kube("sandbox status").expect(0);
    let server = process(&home);
    assert_eq!(getsid(Some(server)).unwrap(), server);
    annotate(&home, "seen");
    home.kube("sandbox status").expect(0);
    assert_eq!(process(&home), server);
    assert_eq!(note(&home), "seen");
}

#[test]
fn stop_ends_the_server_and_keeps_the_world() {
    let home = Home::new();
    home.kube("sandbox stop")
        .expect(0)
        .says(&["no server of the sandbox runs"]);
    home.kube("sandbox status").expect(0);
    annotate(&home, "kept");
    home.kube("sandbox stop")
        .expect(0)
        .says(&["has ended; its world is kept"]);
    assert!(home.is_unserved());
    assert!(home.server().is_none());
    home.kube("sandbox stop")
        .expect(0)
        .says(&["no server of the sandbox runs"]);
    let document = home.kube("sandbox stop -o json").expect(0).json();
    assert_eq!(
        (&document["stopped"], &document["simulated"]),
        (&false.into(), &true.into())
    );

    home.kube("sandbox status").expect(0);
    assert_eq!(note(&home), "kept");
}

#[test]
fn a_killed_server_is_started_again_with_its_world_and_its_address() {
    let home = Home::new();
    home.kube("sandbox status").expect(0);
    annotate(&home, "kept");
    let (killed, before) = (process(&home), home.server().unwrap());
    kill_process(killed, Signal::KILL).unwrap();
    until("the end of the server", || home.is_unserved().then_some(()));

    let output = home.kube("sandbox status").expect(0);
    assert!(!output.stderr.contains("made"), "{}", output.stderr);
    assert_ne!(process(&home), killed);
    assert_eq!(note(&home), "kept");
    // Whoever watches a rollout finds the server again.
    let after = home.server().unwrap();
    assert_eq!(
        (&after["address"], &after["token"]),
        (&before["address"], &before["token"])
    );
}

#[test]
fn a_stale_address_that_another_program_has_now_is_recognised() {
    let home = Home::new();
    home.kube("sandbox status").expect(0);
    let server = home.server().unwrap();
    home.kube("sandbox stop").expect(0);
    let other = TcpListener::bind(server["address"].as_str().unwrap()).unwrap();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        let mut head = [0; 1024];
        let _read = stream.read(&mut head).unwrap();
        let body = "<html>not a cluster</html>";
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        other
    });
    fs::write(home.sandbox().join("server.json"), server.to_string()).unwrap();
    home.kube("sandbox status").expect(0);
    assert_ne!(home.server().unwrap()["address"], server["address"]);
    drop(answering.join());
}

#[test]
fn reset_makes_everything_anew() {
    let home = Home::new();
    home.kube("sandbox status").expect(0);
    annotate(&home, "gone");
    let before = uids(&home);
    let output = home.kube("sandbox reset").expect(0);
    assert!(
        first_line(&output).contains("made a small team's cluster"),
        "{}",
        output.stderr
    );
    assert!(home.is_unserved());
    assert_eq!(uids(&home), before, "every sandbox is the same");
    home.kube("sandbox status").expect(0);
    assert_eq!(note(&home), "");
}

#[test]
fn a_world_of_another_version_is_refused_with_the_way_out() {
    let home = Home::new();
    home.kube("sandbox status").expect(0);
    home.kube("sandbox stop").expect(0);
    let path = home.sandbox().join("world.json");
    for (saved, why) in [
        (
            r#"{"form": 0}"#,
            "has form 0, and this version knows form 1",
        ),
        ("{", "cannot be understood"),
    ] {
        fs::write(&path, saved).unwrap();
        for command in ["status", "serve"] {
            let output = home.kube(&format!("sandbox {command}")).expect(10);
            output.says(&[why, "`kube sandbox reset`"]);
        }
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            saved,
            "nothing was changed"
        );
    }
    home.kube("sandbox reset").expect(0);
    home.kube("sandbox status").expect(0);
}

#[test]
fn a_repository_that_was_removed_is_made_again() {
    let home = Home::new();
    home.kube("sandbox status").expect(0);
    fs::remove_dir_all(home.sandbox().join("shop.git")).unwrap();
    let output = home.kube("sandbox deploy master --dry-run").expect(0);
    assert!(
        output.stdout.contains("[dry-run] deploy to"),
        "{}",
        output.stdout
    );
}

#[test]
fn a_folder_that_was_removed_takes_its_server_with_it() {
    let home = Home::new();
    home.kube("sandbox status").expect(0);
    let server = process(&home);
    fs::remove_dir_all(home.sandbox()).unwrap();
    home.kube("sandbox status").expect(0);
    assert_ne!(process(&home), server);
    until("the end of the server without a folder", || {
        rustix::process::test_kill_process(server)
            .is_err()
            .then_some(())
    });
}

#[test]
fn a_state_home_that_cannot_be_used_is_told() {
    let home = Home::new();
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let home = home.with("XDG_STATE_HOME", &file.to_string_lossy());
    for command in ["status", "reset", "serve"] {
        let output = home.kube(&format!("sandbox {command}")).expect(10);
        output.says(&["cannot be kept in", "XDG_STATE_HOME"]);
    }
    home.kube("sandbox stop").expect(0);
    let nowhere = Home::new().with("XDG_STATE_HOME", "").with("HOME", "");
    nowhere
        .kube("sandbox status")
        .expect(10)
        .says(&["no folder", "Set HOME or XDG_STATE_HOME"]);
}

#[test]
fn serve_prints_a_kubeconfig_that_leads_to_the_cluster() {
    let home = Home::new();
    let run = home.spawn("sandbox serve");
    let text = run.until_stdout("apiVersion: v1\n");
    run.until_stderr("Ctrl-C ends the server");
    assert!(
        text.contains("current-context: kube-deploy-simulated\n"),
        "{text}"
    );
    let url = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("server: "))
        .expect("a server");
    let (address, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let pods = format!("/{path}/api/v1/namespaces/shop/pods");
    write!(
        stream,
        "GET {pods} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(
        answer.matches("\"phase\":\"Running\"").count(),
        6,
        "{answer}"
    );

    // As somebody's kubeconfig it is an ordinary context, and `sandbox` stays the built-in one.
    home.write_kubeconfig(&text);
    home.kube("kube-deploy-simulated status").expect(0);
    home.kube("sandbox status")
        .expect(0)
        .says(&["simulated on this machine"]);

    run.interrupt();
    let output = run.wait().expect(0);
    output.says(&["its world is kept"]);
    assert!(home.is_unserved());
}

#[test]
fn serve_takes_over_from_the_background_and_not_from_another_terminal() {
    let home = Home::new();
    home.kube("sandbox status").expect(0);
    annotate(&home, "kept");
    let (before, background) = (home.server().unwrap(), process(&home));
    let run = home.spawn("sandbox serve -o json");
    run.until_stderr("Ctrl-C ends the server");
    let after = home.server().unwrap();
    assert_eq!(process(&home), run.process());
    assert_ne!(process(&home), background);
    assert_eq!(
        (&after["address"], &after["token"]),
        (&before["address"], &before["token"])
    );
    assert_eq!(note(&home), "kept");

    let second = home.kube("sandbox serve").expect(14);
    second.says(&["served already, in the foreground", "kube sandbox stop"]);
    home.kube("sandbox stop").expect(0);
    let output = run.wait().expect(0);
    assert_eq!(output.json()["current-context"], "kube-deploy-simulated");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let home = Home::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let output = home
        .kube(&format!("sandbox serve --port {port}"))
        .expect(10);
    output.says(&["cannot be started", &format!("port {port}")]);
}

#[test]
fn an_idle_server_ends_by_itself() {
    let home = Home::new();
    home.kube("sandbox status").expect(0);
    home.kube("sandbox stop").expect(0);
    home.kube("builtin serve --background --idle-end 1s")
        .expect(0);
    assert!(home.is_unserved());
    assert!(home.server().is_none());
}

#[test]
fn a_server_that_hangs_is_named() {
    let home = Home::new();
    home.kube("sandbox status").expect(0);
    let server = process(&home);
    kill_process(server, Signal::STOP).unwrap();
    let output = home.kube("sandbox status");
    kill_process(server, Signal::CONT).unwrap();
    output
        .expect(14)
        .says(&["neither answers nor ends", "its world is kept"]);
}

#[test]
fn an_environment_of_that_name_hides_the_sandbox_but_for_builtin() {
    let home = Home::new();
    home.write_kubeconfig(
        r#"{"clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
            "contexts": [{"name": "team-sandbox", "context": {"cluster": "c"}}]}"#,
    );
    let output = home.kube("sandbox status");
    assert_ne!(output.code, 0);
    assert!(!home.sandbox().exists());
    home.kube("builtin status").expect(0);
    home.kube("builtin stop").expect(0);
}
