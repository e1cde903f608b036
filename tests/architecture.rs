//! Holds the source to the layer table: arrows point down only.
//!
//! Reads the paths that each file of `src/` names (`crate::…` and external crates), test code
//! excepted. Every file must stand in the table, so a new module has to choose its layer.

#![expect(
    clippy::expect_used,
    reason = "a test ends where the source cannot be read"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up; a layer may import those it lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Leaf,
    Core,
    Presentation,
    Edge,
    Wiring,
    Entry,
}

use Layer::{Core, Edge, Entry, Leaf, Presentation, Wiring};

/// Longest prefix of the path below `src/` wins.
const TABLE: &[(&str, Layer)] = &[
    ("error.rs", Leaf),
    ("surroundings.rs", Leaf),
    ("image/", Core),
    ("resolve/", Core),
    ("environment/", Core),
    ("plan/", Core),
    ("diff/", Core),
    ("rollout/", Core),
    ("exit_code.rs", Core),
    ("diff/render.rs", Presentation),
    ("ui/", Presentation),
    ("report/", Presentation),
    ("resolve/git/", Edge),
    ("resolve/github/", Edge),
    ("resolve/ls_remote.rs", Edge),
    ("resolve/program.rs", Edge),
    ("rollout/watch.rs", Edge),
    ("rollout/watch/", Edge),
    ("cluster/", Edge),
    ("https.rs", Edge),
    ("process.rs", Edge),
    ("commands/", Wiring),
    ("cli.rs", Entry),
    ("main.rs", Entry),
];

/// What of ours a layer may name.
fn may_import(from: Layer, to: Layer) -> bool {
    match from {
        Leaf => false,
        Core => matches!(to, Leaf | Core),
        Presentation => matches!(to, Leaf | Core | Presentation),
        Edge => matches!(to, Leaf | Core | Edge),
        // Commands take their arguments from the grammar.
        Wiring | Entry => true,
    }
}

/// External crates and parts of std that a layer must not touch.
fn forbidden(layer: Layer) -> &'static [&'static str] {
    match layer {
        Leaf | Core => &[
            "kube::",
            "tokio::",
            "git2::",
            "octocrab::",
            "clap::",
            "hyper::",
            "colored::",
            "dialoguer::",
            "rustix::",
            "kube_sandbox::",
            "std::env",
            "std::fs",
            "std::io",
            "std::process",
            "std::net",
            "std::time::Instant",
            "std::time::SystemTime",
            "Timestamp::now",
            "Zoned::now",
        ],
        Presentation => &[
            "kube::",
            "git2::",
            "octocrab::",
            "hyper::",
            "kube_sandbox::",
            "std::env",
            "std::process",
            "std::net",
            "std::time::Instant",
            "std::time::SystemTime",
            "Timestamp::now",
            "Zoned::now",
        ],
        Edge => &[
            "clap::",
            "colored::",
            "dialoguer::",
            "kube_sandbox::",
            "std::env::",
        ],
        Wiring | Entry => &["std::env::"],
    }
}

/// Edges know no other edge; these pairs are one edge in several files, or the shared ground.
const EDGES_OF_EDGES: &[(&str, &str)] = &[
    ("cluster/", "cluster/"),
    // The watch is the cluster's reading side, kept beside the state machine it feeds.
    ("rollout/watch", "cluster/"),
    ("resolve/git/", "resolve/git/"),
    ("resolve/github/", "resolve/github/"),
    // One HTTPS client serves GitHub and the registry.
    ("resolve/github/", "https.rs"),
    // Git and gh are run in the same careful way.
    ("resolve/github/", "resolve/program.rs"),
    ("resolve/ls_remote.rs", "resolve/program.rs"),
];

/// The one exception per file, with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("process.rs", "std::env::"),
    // The codes become the process's own by a conversion, not by ending it.
    ("exit_code.rs", "std::process"),
    // `--color` is parsed straight into the type that decides.
    ("ui/mod.rs", "clap::"),
];

#[test]
fn arrows_point_down_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut faults = Vec::new();
    for file in rust_files(&source) {
        let path = file
            .strip_prefix(&source)
            .expect("below src")
            .to_string_lossy()
            .replace('\\', "/");
        if path.ends_with("tests.rs") || path.contains("/tests/") {
            continue;
        }
        let Some(layer) = layer_of(&path) else {
            faults.push(format!("{path}: stands in no layer; add it to the table"));
            continue;
        };
        let text = fs::read_to_string(&file).expect("readable");
        let code = without_tests(&text);
        for module in imported_modules(&code, &source) {
            let Some(to) = layer_of(&module) else {
                continue;
            };
            if !may_import(layer, to) {
                faults.push(format!("{path} ({layer:?}) imports {module} ({to:?})"));
            }
            let is_same_edge = module == path
                || EDGES_OF_EDGES
                    .iter()
                    .any(|(from, to)| path.starts_with(from) && module.starts_with(to));
            if layer == Edge && to == Edge && !is_same_edge {
                faults.push(format!("{path}: an edge imports another edge, {module}"));
            }
        }
        for name in forbidden(layer) {
            let is_excepted = EXCEPTIONS.contains(&(path.as_str(), *name));
            if !is_excepted && names(&code, name) {
                faults.push(format!("{path} ({layer:?}) names {name}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_sandbox_imports_nothing_of_the_program() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("sandbox");
    let manifest = fs::read_to_string(source.join("Cargo.toml")).expect("readable");
    assert!(!manifest.contains("kube-deploy ="), "sandbox/Cargo.toml");
    assert!(
        !manifest.contains("\nkube ="),
        "the sandbox needs no client"
    );
}

#[test]
fn the_table_names_only_what_exists() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (path, _) in TABLE {
        let path = path.trim_end_matches('/');
        let sibling = format!("{path}.rs");
        assert!(
            source.join(path).exists() || source.join(sibling).exists(),
            "{path} is in the table and not in src/"
        );
    }
}

fn layer_of(path: &str) -> Option<Layer> {
    TABLE
        .iter()
        .filter(|(prefix, _)| path.starts_with(prefix))
        .max_by_key(|(prefix, _)| prefix.len())
        .map(|(_, layer)| *layer)
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Test modules stand last in a file; comments are prose.
fn without_tests(text: &str) -> String {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns whether the code names the path, not as the end of a longer word or path.
fn names(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        !code[..at].ends_with(|before: char| before.is_alphanumeric() || "_:.".contains(before))
    })
}

/// Returns the files below `src/` that `crate::…` paths lead to.
fn imported_modules(code: &str, source: &Path) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        for path in expand(&code[at + "crate::".len()..]) {
            if let Some(module) = module_file(&path, source) {
                modules.insert(module);
            }
        }
    }
    modules
}

/// Expands `a::{b, c::d}` to `a::b` and `a::c::d`, as far as the text goes.
fn expand(text: &str) -> Vec<Vec<String>> {
    fn parse(text: &str, prefix: &[String], found: &mut Vec<Vec<String>>) -> usize {
        let mut path = prefix.to_vec();
        let mut at = 0;
        loop {
            let rest = &text[at..];
            let word: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            at += word.len();
            if !word.is_empty() {
                path.push(word);
            }
            let rest = &text[at..];
            if rest.starts_with("::{") {
                at += 3;
                loop {
                    at += text[at..].len() - text[at..].trim_start_matches([' ', '\n', ',']).len();
                    if text[at..].is_empty() || text[at..].starts_with('}') {
                        return at + 1;
                    }
                    let used = parse(&text[at..], &path, found);
                    at += used.max(1);
                }
            } else if rest.starts_with("::") {
                at += 2;
            } else {
                found.push(path);
                return at;
            }
        }
    }
    let mut found = Vec::new();
    parse(text, &[], &mut found);
    found
}

fn module_file(path: &[String], source: &Path) -> Option<String> {
    for length in (1..=path.len()).rev() {
        let joined = path[..length].join("/");
        for candidate in [format!("{joined}.rs"), format!("{joined}/mod.rs")] {
            if source.join(&candidate).is_file() {
                return Some(candidate);
            }
        }
    }
    None
}
