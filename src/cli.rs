//! The grammar: `kube [ENVIRONMENT] <COMMAND>`. No logic; the doc comments are the manual.
//!
//! Every environment that exists is a real subcommand, added at run time, so that usage lines,
//! suggestions, and completion are exact.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::ui::ColorChoice;

/// Put a commit on a Kubernetes cluster, and watch it arrive
///
/// The first word names an environment, which stands for a kubeconfig context, a namespace, and the
/// rules that hold there. `sandbox` is built in: a small cluster, simulated on this machine, to try
/// everything on.
#[derive(Parser, Debug)]
#[command(
    name = "kube",
    bin_name = "kube",
    version,
    disable_help_subcommand = false
)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = EXAMPLES, after_long_help = [EXAMPLES, "\n\n", EXIT_CODES].concat())]
struct Top {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: TopCommand,
}

const EXAMPLES: &str = "\
Examples:
  kube sandbox deploy master --dry-run   what would change, and nothing is written
  kube sandbox deploy master             change it, watch it, say how it ended
  kube sandbox status                    what runs, since when, by whom
  kube envs                              the environments that there are";

const EXIT_CODES: &str = "\
Exit codes:
  0   done, or nothing to do          2   wrong usage, or no such environment
  1   a fault of this program         3   --exit-code: the dry run found changes
  Nothing was changed:
  10  refused                         11  not found or ambiguous
  12  no access                       13  cluster, GitHub, or git out of reach
  14  busy: try later
  Something was changed, or what runs was judged:
  20  the rollout failed              21  unknown: timed out or lost sight, still rolling
  23  only some targets changed       25  superseded by somebody's later change
  26  done, but --require-capacity was not met
  128+n  ended by signal n";

#[derive(Subcommand, Debug)]
enum TopCommand {
    /// List the environments and where they lead
    Envs,
    /// Print the version
    Version,
}

/// Options that mean the same in every command.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Use this namespace instead of the environment's
    #[arg(long, short, global = true, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Use this kubeconfig context; `in-cluster` names the pod's own credentials
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Read this kubeconfig instead of $KUBECONFIG or ~/.kube/config
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Read this configuration instead of ~/.config/kube-deploy/config.yaml
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Look for annotations under this prefix, such as `example.com`
    #[arg(long, global = true, value_name = "PREFIX")]
    pub(crate) annotation_prefix: Option<String>,
    /// Print results in this form
    #[arg(
        long,
        short,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORM"
    )]
    pub(crate) output: OutputFormat,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    /// Never ask; refuse where an answer is needed
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// Show each API request and its answer; twice for their bodies, secrets masked
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// How results are printed on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Text for people; the contract lines of a deploy are stable
    #[default]
    Text,
    /// One JSON document at the end
    Json,
    /// One JSON document per line: events while it runs, the result last
    Ndjson,
}

/// The commands that need an environment.
#[derive(Subcommand, Debug)]
pub(crate) enum EnvironmentCommand {
    Deploy(DeployArgs),
    Status(StatusArgs),
}

const DEPLOY_EXAMPLES: &str = "\
Examples (for an environment `qa`):
  kube qa deploy master --dry-run           what would change, and nothing is written
  kube qa deploy master                     deploy what the branch is at, and watch
  kube qa deploy pull/123                   the head of a pull request
  kube qa deploy d1cb608 --target web       a commit, to one Deployment
  kube qa deploy --tag v2.1.0               an image tag instead of a commit
  kube production deploy @ --confirm production -o ndjson   from CI";

/// Deploy a branch, tag, or commit to every annotated Deployment
///
/// REF is resolved to a full commit SHA before anything else, so a branch that moves during the
/// run does not change what is deployed. The plan is shown, each Deployment is changed by one PATCH,
/// and the rollout is watched to its end. With --dry-run the same plan is made and shown, and nothing
/// is written.
///
/// Running the same line again is safe: what already is as wanted is not written again, but watched
/// to its end and judged.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = DEPLOY_EXAMPLES)]
pub(crate) struct DeployArgs {
    /// Branch, tag, commit, pull/N, or @ for the checkout's HEAD
    ///
    /// What the remote says counts, not the local branch. heads/NAME and tags/NAME say which one is
    /// meant where a branch and a tag have the same name.
    #[arg(value_name = "REF", required_unless_present_any = ["image", "tag"], conflicts_with_all = ["image", "tag"])]
    pub(crate) reference: Option<String>,
    /// Deploy this image instead of a commit's
    #[arg(
        long,
        value_name = "IMAGE",
        conflicts_with = "tag",
        help_heading = "What to deploy"
    )]
    pub(crate) image: Option<String>,
    /// Deploy this image tag instead of a commit's
    #[arg(long, value_name = "TAG", help_heading = "What to deploy")]
    pub(crate) tag: Option<String>,
    /// Show the changes without applying them
    ///
    /// `server` lets the API server and its admission answer for them, `client` only reads.
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "server", value_name = "WHERE", help_heading = "Looking and asking")]
    pub(crate) dry_run: Option<DryRun>,
    /// Exit with 3 when the dry run finds changes
    #[arg(long, requires = "dry_run", help_heading = "Looking and asking")]
    pub(crate) exit_code: bool,
    /// Change this Deployment, annotated or not (can be repeated)
    #[arg(long, value_name = "DEPLOYMENT", help_heading = "What to deploy")]
    pub(crate) target: Vec<String>,
    /// Change this container of the targets
    #[arg(long, value_name = "NAME", help_heading = "What to deploy")]
    pub(crate) container: Option<String>,
    /// Take commits from this repository instead of the annotated one
    #[arg(long, value_name = "OWNER/NAME", help_heading = "What to deploy")]
    pub(crate) repo: Option<String>,
    /// Deploy without asking; does not replace --confirm
    #[arg(long, short, help_heading = "Looking and asking")]
    pub(crate) yes: bool,
    /// Confirm a protected environment by its name where nobody can be asked
    #[arg(long, value_name = "ENVIRONMENT", help_heading = "Looking and asking")]
    pub(crate) confirm: Option<String>,
    /// Refuse unless RUNNING runs and NEW would run (SHAs of at least 7 digits, or image tags)
    #[arg(long, value_name = "RUNNING..NEW", help_heading = "Looking and asking")]
    pub(crate) expect: Option<String>,
    /// What to do when a rollout is in progress [default: the environment's; else ask, or wait where
    /// nobody can be asked]
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Guards")]
    pub(crate) busy: Option<Busy>,
    /// Leave strategy and minReadySeconds as they are
    #[arg(long, help_heading = "Guards")]
    pub(crate) keep_strategy: bool,
    /// Deploy although the strategy Recreate stops all pods first
    #[arg(long, help_heading = "Guards")]
    pub(crate) allow_downtime: bool,
    /// Deploy a commit that is older than the running one to a protected environment
    #[arg(long, help_heading = "Guards")]
    pub(crate) allow_backwards: bool,
    /// Change a Deployment of --target that is not annotated although another tool manages it
    #[arg(long, help_heading = "Guards")]
    pub(crate) allow_managed: bool,
    /// Print the deploy id after the write and do not watch
    #[arg(long, conflicts_with = "dry_run", help_heading = "The watch")]
    pub(crate) detach: bool,
    /// Watch until the old pods are gone, too
    #[arg(long, conflicts_with = "detach", help_heading = "The watch")]
    pub(crate) wait_for_drain: bool,
    /// Exit with 26 when fewer pods than wanted served at any time
    #[arg(long, conflicts_with = "detach", help_heading = "The watch")]
    pub(crate) require_capacity: bool,
    /// Stop watching after this long, such as 90s or 10m; 0 never stops
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "30m", help_heading = "The watch")]
    pub(crate) timeout: Duration,
    /// Name to record as the one who deploys [default: the configuration's, CI's, git's, or the login]
    #[arg(long, value_name = "NAME", help_heading = "The record")]
    pub(crate) user: Option<String>,
}

/// Where a dry run is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DryRun {
    /// By the API server, admission included
    Server,
    /// Here, from what was read
    Client,
}

/// What to do about a rollout in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Busy {
    /// Wait until it has ended, 15 minutes at most
    Wait,
    /// Deploy over it
    Supersede,
    /// Leave it alone and exit with 14
    Refuse,
}

/// Show what runs, since when, by whom, and whether it is healthy
///
/// Exits with 0 when everything that was asked about is healthy and complete, and otherwise with
/// the code that a deploy watching it would exit with.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct StatusArgs {
    /// Only this Deployment (can be repeated)
    #[arg(long, value_name = "DEPLOYMENT")]
    pub(crate) target: Vec<String>,
    /// Follow a rollout in progress to its end
    #[arg(long, short)]
    pub(crate) watch: bool,
    /// Stop watching after this long, such as 90s or 10m; 0 never stops
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "30m")]
    pub(crate) timeout: Duration,
}

/// The commands that only the built-in environment has.
#[derive(Subcommand, Debug)]
pub(crate) enum SandboxCommand {
    /// Make the simulated world anew
    Reset,
    /// End the server; the world is kept
    Stop,
    /// Run the server in the foreground and print its kubeconfig
    ///
    /// kubectl and scripts can talk to it. Ctrl-C ends it; the world is kept.
    Serve(ServeArgs),
}

#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServeArgs {
    /// Listen on this port of the loopback address [default: any free one]
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// Serve in a session of its own and end after five idle minutes
    #[arg(long, hide = true)]
    pub(crate) background: bool,
    /// End after this long without a request instead
    #[arg(long, hide = true, requires = "background", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) idle_end: Option<Duration>,
}

/// What was asked for.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a run has one")]
pub(crate) enum Request {
    Envs,
    Version,
    Environment {
        name: String,
        command: EnvironmentCommand,
    },
    Sandbox {
        command: SandboxCommand,
    },
}

/// An environment that the command line may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownEnvironment {
    pub(crate) name: String,
    /// Where it leads, for the list in `--help`.
    pub(crate) about: String,
    /// Listed in `--help`; a name that only proposes a context is not.
    pub(crate) is_listed: bool,
    pub(crate) is_sandbox: bool,
}

/// Returns the whole grammar with the environments that exist.
pub(crate) fn command(environments: &[KnownEnvironment]) -> Command {
    let mut command = <Top as clap::CommandFactory>::command()
        .subcommand_help_heading("Environments and commands");
    for environment in environments {
        let mut subcommand = EnvironmentCommand::augment_subcommands(
            Command::new(environment.name.clone())
                .subcommand_required(true)
                .arg_required_else_help(true)
                .display_order(0)
                .hide(!environment.is_listed),
        );
        if environment.is_sandbox {
            subcommand = SandboxCommand::augment_subcommands(subcommand);
        }
        // Last: the enums of the commands bring descriptions of their own.
        command = command.subcommand(subcommand.about(environment.about.clone()));
    }
    command
}

/// Parses the arguments, the program's name included.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environments: &[KnownEnvironment],
) -> Result<(GlobalArgs, Request), clap::Error> {
    let mut grammar = command(environments);
    let matches = grammar
        .try_get_matches_from_mut(arguments)
        .map_err(|error| name_environments(error, environments))?;
    let global = GlobalArgs::from_arg_matches(&matches)?;
    let found = matches.subcommand().and_then(|(name, inner)| {
        let environment = environments.iter().find(|known| known.name == name)?;
        Some((environment, inner))
    });
    let Some((environment, inner)) = found else {
        return Ok(match Top::from_arg_matches(&matches)?.command {
            TopCommand::Envs => (global, Request::Envs),
            TopCommand::Version => (global, Request::Version),
        });
    };
    let name = environment.name.clone();
    let is_sandbox_command = environment.is_sandbox
        && inner
            .subcommand_name()
            .is_some_and(SandboxCommand::has_subcommand);
    let request = if is_sandbox_command {
        Request::Sandbox {
            command: SandboxCommand::from_arg_matches(inner)?,
        }
    } else {
        Request::Environment {
            name,
            command: EnvironmentCommand::from_arg_matches(inner)?,
        }
    };
    Ok((global, request))
}

/// Adds the environments that do exist to the error about one that does not.
fn name_environments(mut error: clap::Error, environments: &[KnownEnvironment]) -> clap::Error {
    let is_unknown_first_word = error.kind() == ErrorKind::InvalidSubcommand
        && error
            .get(ContextKind::Usage)
            .is_some_and(|usage| usage.to_string().contains("kube [OPTIONS]"));
    if is_unknown_first_word {
        let names: Vec<&str> = environments
            .iter()
            .filter(|environment| environment.is_listed)
            .map(|environment| environment.name.as_str())
            .collect();
        let known = format!("known environments: {}", names.join(", "));
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![known.into()]),
        );
    }
    error
}

/// Parses `90s`, `10m`, `1h30m`, a bare number of seconds, or `0`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| "expected a duration such as 90s, 10m, or 1h30m".to_owned())
}

/// Returns the value of a global option that must be known before the grammar can be built.
///
/// Reads the arguments leniently: what is wrong with them is told when they are parsed.
pub(crate) fn early_option(arguments: &[OsString], name: &str) -> Option<PathBuf> {
    let mut words = arguments
        .iter()
        .skip(1)
        .map(|argument| argument.to_string_lossy())
        .take_while(|word| word != "--");
    while let Some(word) = words.next() {
        let Some(option) = word
            .strip_prefix("--")
            .and_then(|word| word.strip_prefix(name))
        else {
            continue;
        };
        match option.strip_prefix('=') {
            Some(value) => return Some(PathBuf::from(value)),
            None if option.is_empty() => return words.next().map(|value| PathBuf::from(&*value)),
            None => {}
        }
    }
    None
}

/// Returns whether the arguments ask for JSON, also where they do not parse.
pub(crate) fn wants_json(arguments: &[OsString]) -> bool {
    let mut words = arguments
        .iter()
        .skip(1)
        .map(|argument| argument.to_string_lossy())
        .take_while(|word| word != "--");
    let mut is_json = false;
    while let Some(word) = words.next() {
        let value = match word.as_ref() {
            "-o" | "--output" => words.next(),
            _ => ["--output=", "-o=", "-o"]
                .iter()
                .find_map(|option| word.strip_prefix(option))
                .map(|value| value.to_owned().into()),
        };
        is_json |= value.is_some_and(|value| value == "json" || value == "ndjson");
    }
    is_json
}

#[cfg(test)]
#[path = "cli_tests.rs"]
mod tests;
