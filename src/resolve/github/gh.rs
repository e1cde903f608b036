//! Takes the token that the `gh` program keeps for a host.

use std::time::Duration;

use crate::resolve::program::{Program, ProgramError};
use crate::resolve::{Secret, Token, TokenSource};

/// Returns the token that `gh` has for `host`; `None` if there is no `gh`, or it is not logged in.
///
/// Of its variables `gh` keeps none: it would answer with a token that was refused already.
pub(crate) async fn token_of_gh(
    gh: &Program,
    host: &str,
    limit: Duration,
) -> Result<Option<Token>, ProgramError> {
    let variables = [
        "GH_TOKEN",
        "GITHUB_TOKEN",
        "GH_ENTERPRISE_TOKEN",
        "GITHUB_ENTERPRISE_TOKEN",
    ];
    let gh = variables
        .into_iter()
        .fold(gh.clone(), Program::without)
        .with("GH_PROMPT_DISABLED", "1")
        .with("GH_NO_UPDATE_NOTIFIER", "1");
    match gh.run(["auth", "token", "--hostname", host], limit).await {
        Ok(finished) if finished.is_success => {
            let text = String::from_utf8_lossy(&finished.output).trim().to_owned();
            let is_token = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
            Ok(is_token.then(|| Token {
                source: TokenSource::GhProgram,
                secret: Secret::new(text),
            }))
        }
        Ok(_) | Err(ProgramError::Missing { .. }) => Ok(None),
        Err(error @ (ProgramError::Broken { .. } | ProgramError::Timeout { .. })) => Err(error),
    }
}
