//! Chooses GitHub tokens by the host that they are for, and keeps them out of every text.

use std::fmt;

use super::GITHUB;

/// A text that is never printed: not by `Debug`, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text for the one header or pipe that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Where a token came from; printed as the reader knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenSource {
    GhToken,
    GithubToken,
    GhEnterpriseToken,
    GithubEnterpriseToken,
    /// `gh auth token`, asked only when no variable holds a token that works.
    GhProgram,
    /// `GITHUB_ACCESS_TOKEN`, the variable of k8ship.
    GithubAccessToken,
}

impl fmt::Display for TokenSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::GhToken => "GH_TOKEN",
            Self::GithubToken => "GITHUB_TOKEN",
            Self::GhEnterpriseToken => "GH_ENTERPRISE_TOKEN",
            Self::GithubEnterpriseToken => "GITHUB_ENTERPRISE_TOKEN",
            Self::GhProgram => "gh auth token",
            Self::GithubAccessToken => "GITHUB_ACCESS_TOKEN",
        })
    }
}

/// A token and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) source: TokenSource,
    pub(crate) secret: Secret,
}

impl Token {
    /// Returns what kind of token this is, by the prefixes that GitHub gives them.
    pub(crate) fn kind(&self) -> &'static str {
        let prefixes = [
            ("github_pat_", "a fine-grained token"),
            ("ghp_", "a classic token"),
            ("gho_", "an OAuth token"),
            ("ghu_", "an app's token"),
            ("ghs_", "an app's token"),
        ];
        prefixes
            .into_iter()
            .find(|(prefix, _)| self.secret.expose().starts_with(prefix))
            .map_or("the token", |(_, kind)| kind)
    }
}

/// One token to try, or where one can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    Token(Token),
    /// Run `gh auth token` for the host.
    AskGh,
}

/// The environment variables that hold tokens, or say which host they are for.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenVariables {
    pub(crate) gh_token: Option<Secret>,
    pub(crate) github_token: Option<Secret>,
    pub(crate) gh_enterprise_token: Option<Secret>,
    pub(crate) github_enterprise_token: Option<Secret>,
    pub(crate) github_access_token: Option<Secret>,
    /// `GITHUB_SERVER_URL`, which Actions sets to the server that its `GITHUB_TOKEN` is for.
    pub(crate) github_server_url: Option<String>,
}

impl TokenVariables {
    /// Returns what to try for `host`, in order.
    ///
    /// A token is only ever sent to the host that it is for: `GH_TOKEN` and `GITHUB_TOKEN` are for
    /// github.com and its tenants, as `gh` has it, unless Actions says that it runs elsewhere.
    pub(crate) fn candidates(&self, host: &str) -> Vec<Candidate> {
        let is_public = host == GITHUB || host.ends_with(".ghe.com");
        let is_actions_server = self
            .github_server_url
            .as_deref()
            .and_then(|url| url.strip_prefix("https://"))
            .is_some_and(|server| server.trim_end_matches('/').eq_ignore_ascii_case(host));
        let is_actions_elsewhere = self.github_server_url.is_some() && !is_actions_server;
        let takes_github_token = is_actions_server || (is_public && !is_actions_elsewhere);
        let mut candidates = Vec::new();
        let mut add = |is_for_host: bool, source, secret: &Option<Secret>| {
            let held = token(source, secret).filter(|_| is_for_host);
            candidates.extend(held.map(Candidate::Token));
        };
        add(is_public, TokenSource::GhToken, &self.gh_token);
        add(
            !is_public,
            TokenSource::GhEnterpriseToken,
            &self.gh_enterprise_token,
        );
        add(
            !is_public,
            TokenSource::GithubEnterpriseToken,
            &self.github_enterprise_token,
        );
        add(
            takes_github_token,
            TokenSource::GithubToken,
            &self.github_token,
        );
        candidates.push(Candidate::AskGh);
        let k8ship = token(TokenSource::GithubAccessToken, &self.github_access_token);
        candidates.extend(k8ship.filter(|_| is_public).map(Candidate::Token));
        candidates
    }
}

fn token(source: TokenSource, secret: &Option<Secret>) -> Option<Token> {
    // What a header cannot hold is no token; Actions sets an empty variable for a missing secret.
    let text = secret.as_ref()?.expose().trim();
    let is_usable = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    is_usable.then(|| Token {
        source,
        secret: Secret::new(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> TokenVariables {
        let secret = |text: &str| Some(Secret::new(text));
        TokenVariables {
            gh_token: secret("gh"),
            github_token: secret("actions\n"),
            gh_enterprise_token: secret("ghe"),
            github_enterprise_token: secret(""),
            github_access_token: secret("k8ship"),
            github_server_url: None,
        }
    }

    fn sources(variables: &TokenVariables, host: &str) -> String {
        let sources: Vec<String> = variables
            .candidates(host)
            .iter()
            .map(|candidate| match candidate {
                Candidate::Token(token) => format!("{}={}", token.source, token.secret.expose()),
                Candidate::AskGh => "gh".to_owned(),
            })
            .collect();
        sources.join(" ")
    }

    #[test]
    fn tokens_are_tried_in_order_and_only_at_their_own_host() {
        let on_server = |url: &str| TokenVariables {
            github_server_url: Some(url.to_owned()),
            ..all()
        };
        let public = "GH_TOKEN=gh GITHUB_TOKEN=actions gh GITHUB_ACCESS_TOKEN=k8ship";
        let table = [
            (all(), "github.com", public),
            (all(), "octo.ghe.com", public),
            (all(), "ghe.example.com", "GH_ENTERPRISE_TOKEN=ghe gh"),
            (on_server("https://github.com"), "github.com", public),
            (
                on_server("https://ghe.example.com/"),
                "ghe.example.com",
                "GH_ENTERPRISE_TOKEN=ghe GITHUB_TOKEN=actions gh",
            ),
            (
                on_server("https://ghe.example.com"),
                "github.com",
                "GH_TOKEN=gh gh GITHUB_ACCESS_TOKEN=k8ship",
            ),
            (TokenVariables::default(), "github.com", "gh"),
        ];
        for (variables, host, expected) in table {
            assert_eq!(sources(&variables, host), expected, "{host}");
        }
    }

    #[test]
    fn a_token_is_in_no_debug_text() {
        assert!(!format!("{:?}", all()).contains("k8ship"));
        assert!(!format!("{:?}", all().candidates("github.com")).contains("k8ship"));
    }
}
