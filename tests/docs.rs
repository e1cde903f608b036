//! Holds the documentation to what the program does: links lead somewhere, the README's transcript is
//! what is printed, and every field of the JSON documents is described.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::disallowed_methods,
    reason = "the program under test needs the PATH of this process"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("docs")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.extend(["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(|file| root().join(file)));
    files
}

#[test]
fn links_lead_somewhere() {
    let mut faults = Vec::new();
    for file in documents() {
        let text = fs::read_to_string(&file).unwrap();
        for link in links(&text) {
            if link.starts_with("https://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = match path {
                "" => file.clone(),
                path => file.parent().unwrap().join(path),
            };
            let is_there = match fs::read_to_string(&to) {
                Ok(text) => anchor.is_empty() || anchors(&text).contains(anchor),
                Err(_) => false,
            };
            if !is_there {
                faults.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_document_is_reached_from_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for file in fs::read_dir(root().join("docs")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let link = format!("(docs/{name})");
        assert!(readme.contains(&link), "README.md has no link {link}");
    }
}

/// Returns the targets of `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(link, _)| link)
}

/// Returns the names that headings have in links.
fn anchors(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            let words = heading.chars().filter_map(|character| match character {
                ' ' => Some('-'),
                '-' | '_' => Some(character),
                other => other.is_alphanumeric().then_some(other),
            });
            words.collect()
        })
        .collect()
}

/// The program with a sandbox of its own, whose server ends with it.
struct Sandbox(TempDir);

impl Sandbox {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Runs the program; stdout and stderr come as they are printed, in one.
    fn run(&self, arguments: &str) -> Output {
        let program = env!("CARGO_BIN_EXE_kube");
        Command::new("sh")
            .args(["-c", &format!("exec '{program}' {arguments}")])
            .env_clear()
            .env("HOME", self.0.path())
            .env("USER", "you")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn home(&self) -> String {
        self.0.path().to_string_lossy().into_owned()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.run("builtin stop");
    }
}

#[test]
fn the_transcript_of_the_readme_is_what_is_printed() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("sandbox deploy master --dry-run 2>&1");
    let printed = String::from_utf8(output.stdout).unwrap();
    let printed = without_ids(&printed.replace(&sandbox.home(), "/home/you"));
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, after) = readme
        .split_once("<!-- transcript: dry-run -->\n```text\n")
        .unwrap();
    let (transcript, _) = after.split_once("```").unwrap();
    // The README leaves out the end.
    let transcript = without_ids(transcript);
    assert!(printed.starts_with(&transcript), "it prints\n{printed}");
}

/// Puts the same deploy id everywhere: it is random.
fn without_ids(text: &str) -> String {
    let mut parts = text.split("(id ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.get(16..).unwrap_or_default();
        text + "(id 0123456789abcdef" + rest
    })
}

#[test]
fn every_field_of_the_json_documents_is_described() {
    let sandbox = Sandbox::new();
    let mut printed = sandbox
        .run("sandbox deploy broken --target web -o ndjson")
        .stdout;
    for arguments in [
        "sandbox status -o json",
        "sandbox deploy nowhere -o json",
        "sandbox deploy master --dry-run -o json",
        "envs -o json",
    ] {
        printed.extend(sandbox.run(arguments).stdout);
    }
    let printed = String::from_utf8(printed).unwrap();
    let mut fields = BTreeSet::new();
    let mut events = BTreeSet::new();
    for line in printed.lines() {
        let document: Value = serde_json::from_str(line).unwrap();
        if let Some(event) = document["event"].as_str() {
            events.insert(event.to_owned());
        }
        collect(&document, &mut fields);
    }
    assert!(events.contains("finished"), "{events:?}");
    assert!(fields.contains("verdict"), "{fields:?}");
    let described = fs::read_to_string(root().join("docs/json.md")).unwrap();
    for word in fields.iter().chain(&events) {
        assert!(
            described.contains(&format!("`{word}`")),
            "docs/json.md does not describe `{word}`"
        );
    }
}

fn collect(value: &Value, fields: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                fields.insert(key.clone());
                collect(value, fields);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, fields)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
