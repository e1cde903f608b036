//! Holds the documentation to the source: commands parse, and tables say what the code knows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::{self, KnownEnvironment};
use crate::cluster::access::{Need, rbac};
use crate::commands::COMMANDS;
use crate::environment::checkout::{CheckoutConfig, CheckoutError};
use crate::environment::config::{ConfigError, UserConfig};
use crate::environment::policy::annotations as policy;
use crate::exit_code::ExitCode;
use crate::plan::select::annotations as target;
use crate::rollout::Patience;
use crate::rollout::history::Key;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn documents() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("docs")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.extend(["README.md", "CONTRIBUTING.md"].map(|file| root().join(file)));
    files
}

/// Returns what follows a marker such as `<!-- role -->`, up to the next heading or marker.
fn marked(file: &str, marker: &str) -> String {
    let text = read(file);
    let marker = format!("<!-- {marker} -->\n");
    let (_, after) = text
        .split_once(&marker)
        .unwrap_or_else(|| panic!("{file} has no {marker}"));
    let end = ["\n#", "\n<!--"]
        .into_iter()
        .filter_map(|end| after.find(end))
        .min();
    after[..end.unwrap_or(after.len())].to_owned()
}

/// Returns the cells of a table's rows, without head and backticks.
fn rows(table: &str) -> Vec<Vec<String>> {
    table
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            let cells = line.trim_matches('|').split(" | ");
            cells.map(|cell| cell.trim().replace('`', "")).collect()
        })
        .collect()
}

fn first_cells(file: &str, marker: &str) -> BTreeSet<String> {
    rows(&marked(file, marker))
        .into_iter()
        .map(|cells| cells[0].clone())
        .collect()
}

fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn every_command_of_the_documentation_parses() {
    let known = |name: &str| KnownEnvironment {
        name: name.to_owned(),
        about: String::new(),
        is_listed: true,
        is_sandbox: matches!(name, "sandbox" | "builtin"),
    };
    let environments = ["qa", "production", "sandbox", "builtin"].map(known);
    let mut count = 0;
    for file in documents() {
        for command in commands(&fs::read_to_string(&file).unwrap()) {
            count += 1;
            let parsed = cli::parse(command.iter().map(Into::into), &environments);
            if let Err(error) = parsed {
                panic!("{}: {}\n{error}", file.display(), command.join(" "));
            }
        }
    }
    assert!(count > 20, "only {count} commands were found");
}

/// Returns the lines of code blocks, and the code in lines of text, that run this program.
fn commands(document: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    let mut is_code = false;
    for line in document.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if is_code {
            commands.extend(command(line.trim_start_matches("$ ")));
        } else {
            // Between two backticks: every second part.
            let code = line.split('`').skip(1).step_by(2);
            commands.extend(code.filter_map(command).filter(|words| words.len() > 2));
        }
    }
    commands
}

/// Returns the words of a command, or `None` where the line is none, or only the shape of one.
fn command(line: &str) -> Option<Vec<String>> {
    let line = line.split("  #").next()?.split(" > ").next()?.trim();
    let line = line.split(" || ").next()?;
    let rest = line
        .strip_prefix("kube ")
        .or_else(|| line.strip_prefix("cargo run -- "))?;
    if rest.contains(['…', '<']) {
        return None;
    }
    let words = rest.split_whitespace().map(|word| word.replace('"', ""));
    Some(std::iter::once("kube".to_owned()).chain(words).collect())
}

#[test]
fn the_role_is_the_one_that_is_printed() {
    for file in ["README.md", "docs/permissions.md"] {
        let text = marked(file, "role");
        let block = text.strip_prefix("```yaml\n").unwrap();
        let (role, _) = block.split_once("```").unwrap();
        assert_eq!(role, rbac("shop", Need::DEPLOY), "{file}");
    }
}

#[test]
fn the_annotations_are_those_of_the_source() {
    let file = "docs/annotations.md";
    let targets = [
        target::TARGET,
        target::CONTAINER,
        target::REPOSITORY,
        target::STRATEGY,
    ];
    assert_eq!(first_cells(file, "annotations: target"), names(targets));
    assert_eq!(
        first_cells(file, "annotations: namespace"),
        names(policy::NAMES)
    );
    assert_eq!(
        first_cells(file, "annotations: record"),
        names(Key::ALL.map(Key::name))
    );
}

#[test]
fn the_exit_codes_are_those_of_the_source() {
    let codes = [
        ExitCode::Done,
        ExitCode::Internal,
        ExitCode::Usage,
        ExitCode::Changes,
        ExitCode::Refused,
        ExitCode::NotFound,
        ExitCode::Denied,
        ExitCode::Unreachable,
        ExitCode::Busy,
        ExitCode::Failed,
        ExitCode::Unknown,
        ExitCode::Partial,
        ExitCode::Overtaken,
        ExitCode::CapacityFell,
    ];
    let mut expected: BTreeSet<String> = codes.map(|code| code.number().to_string()).into();
    expected.insert("128+n".to_owned());
    assert_eq!(first_cells("docs/exit-codes.md", "codes"), expected);
    assert_eq!(first_cells("README.md", "codes"), expected);
    let help = cli::command(&[]).render_long_help().to_string();
    let (_, table) = help.split_once("Exit codes:").unwrap();
    for code in expected {
        assert!(
            table.split_whitespace().any(|word| word == code),
            "{code} is not in --help"
        );
    }
}

#[test]
fn the_keys_of_the_configuration_are_those_of_the_source() {
    let cases = [
        ("config", "unknown-key: 1\n"),
        ("environment", "environments: {qa: {unknown-key: 1}}\n"),
        ("patience", "patience: {unknown-key: 1}\n"),
    ];
    let file = "docs/environments.md";
    for (section, text) in cases {
        let error = UserConfig::parse("config.yaml", text, COMMANDS).unwrap_err();
        let documented = first_cells(file, &format!("keys: {section}"));
        assert_eq!(documented, keys(error), "{section}");
    }
    let cases = [
        ("checkout", "unknown-key: 1\n"),
        (
            "checkout-environment",
            "environments: {qa: {unknown-key: 1}}\n",
        ),
    ];
    for (section, text) in cases {
        let CheckoutError::Config(error) =
            CheckoutConfig::parse(".kube-deploy.yaml", text).unwrap_err()
        else {
            panic!("{section}: not an unknown key");
        };
        let documented = first_cells(file, &format!("keys: {section}"));
        assert_eq!(documented, keys(error), "{section}");
    }
}

fn keys(error: ConfigError) -> BTreeSet<String> {
    match error {
        ConfigError::UnknownKey { known, .. } => names(known),
        other => panic!("{other}"),
    }
}

#[test]
fn the_defaults_of_patience_are_those_of_the_source() {
    let mut text = "patience:\n".to_owned();
    for cells in rows(&marked("docs/environments.md", "keys: patience")) {
        text.push_str(&format!("  {}: {}\n", cells[0], cells[1]));
    }
    let config = UserConfig::parse("config.yaml", &text, COMMANDS).unwrap();
    assert_eq!(config.patience, Patience::default());
}

#[test]
fn the_configuration_that_is_shown_is_valid() {
    let text = read("docs/environments.md");
    let mut count = 0;
    for block in text.split("```yaml\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        UserConfig::parse("config.yaml", block, COMMANDS).unwrap();
        count += 1;
    }
    assert_eq!(count, 1);
}
