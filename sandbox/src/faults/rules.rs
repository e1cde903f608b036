//! Which requests a trouble is for, and how many of them.

use serde::{Deserialize, Serialize};

use super::{Fate, Fault};
use crate::api::{self, Request};

/// A trouble and the requests it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// The requests it is for; all if nothing is said.
    #[serde(default)]
    pub matches: Match,
    /// How many of them pass untroubled first.
    #[serde(default)]
    pub skip: u32,
    /// How many of them are troubled; all if nothing is said.
    #[serde(default)]
    pub count: Option<u32>,
    /// The trouble.
    pub fault: Fault,
}

/// What a request has to be like; what is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Match {
    /// Its HTTP method.
    pub method: Option<String>,
    /// What it wants, as roles say it: `get`, `list`, `watch`, `patch`, and so on.
    pub verb: Option<String>,
    /// Its path, in which `*` stands for anything.
    pub path: Option<String>,
    /// Whether it is a dry run.
    pub dry_run: Option<bool>,
    /// A piece of its `User-Agent`.
    pub user_agent: Option<String>,
}

impl Rule {
    /// Makes a rule for all requests that match.
    pub fn new(matches: Match, fault: Fault) -> Rule {
        Rule {
            matches,
            skip: 0,
            count: None,
            fault,
        }
    }

    /// Limits the rule to so many requests.
    #[must_use]
    pub fn times(self, count: u32) -> Rule {
        Rule {
            count: Some(count),
            ..self
        }
    }

    /// Lets so many requests pass first.
    #[must_use]
    pub fn after(self, skip: u32) -> Rule {
        Rule { skip, ..self }
    }
}

impl Match {
    /// Makes a match by what a request wants, and its path.
    pub fn verb(verb: &str, path: &str) -> Match {
        Match {
            verb: Some(verb.to_owned()),
            path: Some(path.to_owned()),
            ..Match::default()
        }
    }

    fn holds(&self, request: &Request) -> bool {
        let is = |wanted: &Option<String>, own: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(own))
        };
        is(&self.method, request.method.as_str())
            && is(&self.verb, api::verb_of(request).unwrap_or(""))
            && self
                .path
                .as_ref()
                .is_none_or(|pattern| fits(pattern, &request.path))
            && self
                .dry_run
                .is_none_or(|wanted| wanted == request.parameter("dryRun").is_some())
            && self
                .user_agent
                .as_ref()
                .is_none_or(|piece| request.header("user-agent").contains(piece))
    }
}

/// Returns whether a text fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(first) else {
        return false;
    };
    let starts = text
        .char_indices()
        .map(|(index, _)| index)
        .chain([text.len()]);
    starts
        .filter_map(|start| text.get(start..))
        .any(|tail| fits(rest, tail))
}

/// The rules that are in force, with how often each has been met.
#[derive(Clone, Debug, Default)]
pub struct Faults(Vec<(Rule, u32)>);

impl Faults {
    /// Puts a rule in force, after those that are.
    pub fn add(&mut self, rule: Rule) {
        self.0.push((rule, 0));
    }

    /// Takes all rules out of force.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the rules in force, each with how many requests it has met.
    pub fn rules(&self) -> impl Iterator<Item = (&Rule, u32)> {
        self.0.iter().map(|(rule, met)| (rule, *met))
    }

    /// Decides what happens to a request, which counts as met by each rule it matches.
    pub fn meet(&mut self, request: &Request) -> Fate {
        let mut fate = Fate::default();
        for (rule, met) in &mut self.0 {
            if !rule.matches.holds(request) {
                continue;
            }
            let is_due =
                *met >= rule.skip && rule.count.is_none_or(|count| *met - rule.skip < count);
            *met = met.saturating_add(1);
            if is_due {
                rule.fault.befall(&mut fate);
            }
        }
        fate
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Method;
    use serde_json::json;

    use super::*;
    use crate::api::User;
    use crate::faults::Delivery;

    fn request(method: Method, path: &str, query: &[(&str, &str)]) -> Request {
        Request {
            method,
            path: path.to_owned(),
            query: query
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            headers: vec![("user-agent".to_owned(), "kube/0.1".to_owned())],
            body: Bytes::new(),
            user: User::admin(),
        }
    }

    const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/shop/deployments/web";

    #[test]
    fn requests_match_by_what_they_are() {
        let dry = request(Method::PATCH, DEPLOYMENT, &[("dryRun", "All")]);
        let list = request(Method::GET, "/api/v1/namespaces/shop/pods", &[]);
        let watch = request(
            Method::GET,
            "/api/v1/namespaces/shop/pods",
            &[("watch", "1")],
        );
        let cases = [
            (json!({}), [true, true, true]),
            (json!({"method": "patch"}), [true, false, false]),
            (json!({"verb": "list"}), [false, true, false]),
            (json!({"verb": "watch"}), [false, false, true]),
            (json!({"path": "*/pods"}), [false, true, true]),
            (json!({"path": "/api*/shop/*"}), [true, true, true]),
            (json!({"path": "/api/v1"}), [false, false, false]),
            (json!({"dryRun": true}), [true, false, false]),
            (json!({"dryRun": false}), [false, true, true]),
            (json!({"userAgent": "kubectl"}), [false, false, false]),
            (json!({"userAgent": "kube/"}), [true, true, true]),
        ];
        for (matches, expected) in cases {
            let rule: Match = serde_json::from_value(matches.clone()).unwrap();
            let found = [&dry, &list, &watch].map(|request| rule.holds(request));
            assert_eq!(found, expected, "{matches}");
        }
    }

    #[test]
    fn a_rule_is_met_as_often_as_it_says() {
        let mut faults = Faults::default();
        faults.add(
            Rule::new(Match::verb("patch", "*"), Fault::Close)
                .after(1)
                .times(2),
        );
        let request = request(Method::PATCH, DEPLOYMENT, &[]);
        let fates: Vec<bool> = (0..5)
            .map(|_| faults.meet(&request).delivery == Delivery::Refused)
            .collect();
        assert_eq!(fates, [false, true, true, false, false]);
        assert_eq!(faults.rules().map(|(_, met)| met).collect::<Vec<_>>(), [5]);
    }

    #[test]
    fn troubles_add_up_and_the_first_delivery_counts() {
        let mut faults = Faults::default();
        for fault in [
            json!({"delay": {"milliseconds": 20}}),
            json!({"delay": {"milliseconds": 30}}),
            json!({"cut": {"after": 7}}),
            json!("close"),
            json!({"admission": {"rewrite": {"from": "a", "to": "b"}}}),
            json!({"lag": {"revisions": 3}}),
        ] {
            faults.add(serde_json::from_value(json!({"fault": fault})).unwrap());
        }
        let fate = faults.meet(&request(Method::GET, DEPLOYMENT, &[]));
        assert_eq!(fate.delay.as_millis(), 50);
        assert_eq!(fate.delivery, Delivery::Cut(7));
        assert_eq!(fate.circumstances.webhooks.len(), 1);
        assert_eq!(fate.circumstances.lag, 3);
    }

    #[test]
    fn an_error_is_a_status() {
        let cases = [
            (
                json!({"answer": {"status": 429, "retryAfter": 7}}),
                "TooManyRequests",
                Some(7),
            ),
            (
                json!({"answer": {"status": 503}}),
                "ServiceUnavailable",
                None,
            ),
            (json!({"answer": {"status": 401}}), "Unauthorized", None),
            (
                json!({"answer": {"status": 500, "message": "etcdserver: request timed out"}}),
                "InternalError",
                None,
            ),
        ];
        for (fault, reason, seconds) in cases {
            let mut faults = Faults::default();
            faults.add(serde_json::from_value(json!({"fault": fault})).unwrap());
            let fate = faults.meet(&request(Method::GET, DEPLOYMENT, &[]));
            let Delivery::Intercepted {
                body, retry_after, ..
            } = fate.delivery
            else {
                panic!("{fault}");
            };
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["reason"], reason, "{fault}");
            assert_eq!(retry_after, seconds, "{fault}");
        }
    }
}
