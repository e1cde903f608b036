//! Who deploys, by the name they go by.

use super::super::Run;
use super::super::session::Session;
use crate::cli::DeployArgs;
use crate::resolve::git;

/// What CI systems call the one who started a job.
const CI_ACTORS: [&str; 4] = [
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILDKITE_BUILD_CREATOR",
    "CIRCLE_USERNAME",
];

/// Returns `--user`, the configured name, CI's actor, git's user, or the login; the first there is.
pub(crate) fn name(run: &Run, session: &Session, args: &DeployArgs) -> String {
    let variables = &run.process.variables;
    let variable = |name: &&str| variables.filled(name).map(str::to_owned);
    args.user
        .clone()
        .or_else(|| Some(session.config.user.as_ref()?.as_str().to_owned()))
        .or_else(|| CI_ACTORS.iter().find_map(variable))
        .or_else(git::user_name)
        .or_else(|| ["LOGNAME", "USER"].iter().find_map(variable))
        .unwrap_or_else(|| "somebody".to_owned())
}
