//! Chooses the proxy for a server: the kubeconfig's own, else by the usual variables.

use std::net::IpAddr;

use http::uri::{Scheme, Uri};
use hyper_util::client::proxy::matcher::Matcher;

use super::fault::Fault;
use crate::surroundings::Variables;

/// Returns the proxy to reach `server` through.
///
/// A `proxy-url` of the kubeconfig holds without exception, as it does for kubectl. Variables are
/// read in both spellings, with `NO_PROXY`; loopback addresses are never asked for from a proxy.
pub(crate) fn choose(
    server: &Uri,
    configured: Option<&str>,
    variables: &Variables,
) -> Result<Option<Uri>, Fault> {
    if let Some(proxy) = configured.filter(|proxy| !proxy.is_empty()) {
        return parse(proxy, "the kubeconfig's proxy-url").map(Some);
    }
    if is_loopback(server.host().unwrap_or_default()) {
        return Ok(None);
    }
    let first = |names: &[&'static str]| {
        names
            .iter()
            .find_map(|name| Some((*name, variables.filled(name)?)))
    };
    let names: &[_] = if server.scheme() == Some(&Scheme::HTTP) {
        &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
    } else {
        &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    };
    let Some((name, proxy)) = first(names) else {
        return Ok(None);
    };
    let exceptions = first(&["NO_PROXY", "no_proxy"]).map_or("", |(_, hosts)| hosts);
    let matcher = Matcher::builder().all(proxy).no(exceptions).build();
    match matcher.intercept(server) {
        // The matcher's own URL has lost its password, which kube's connector looks for there.
        Some(_) => parse(proxy, name).map(Some),
        None => Ok(None),
    }
}

fn parse(proxy: &str, origin: &str) -> Result<Uri, Fault> {
    let with_scheme = if proxy.contains("://") {
        proxy.to_owned()
    } else {
        format!("http://{proxy}")
    };
    with_scheme
        .parse()
        .map_err(|_| Fault::Settings(format!("{origin} is not a URL")))
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a22_proxies_are_chosen_as_kubectl_does() {
        let all = [
            ("HTTPS_PROXY", "http://secure.example:3128"),
            ("http_proxy", "http://plain.example:3128"),
            ("NO_PROXY", "10.0.0.0/8,.internal.example, other.example"),
        ];
        type Case<'a> = (
            &'a str,
            Option<&'a str>,
            &'a [(&'a str, &'a str)],
            Option<&'a str>,
        );
        let cases: &[Case<'_>] = &[
            ("https://api.example", None, &[], None),
            (
                "https://api.example",
                None,
                &all,
                Some("http://secure.example:3128/"),
            ),
            (
                "http://api.example",
                None,
                &all,
                Some("http://plain.example:3128/"),
            ),
            ("https://10.1.2.3:6443", None, &all, None),
            ("https://api.internal.example", None, &all, None),
            ("https://sub.other.example", None, &all, None),
            ("https://127.0.0.1:6443", None, &all, None),
            ("https://[::1]:6443", None, &all, None),
            ("https://localhost", None, &all, None),
            (
                "https://10.1.2.3",
                Some("socks5://jump.example:1080"),
                &all,
                Some("socks5://jump.example:1080"),
            ),
            (
                "https://api.example",
                None,
                &[("https_proxy", "http://me:secret@secure.example:3128")],
                Some("http://me:secret@secure.example:3128/"),
            ),
        ];
        for (server, configured, variables, expected) in cases {
            let variables = Variables(
                variables
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            );
            let server: Uri = server.parse().expect("server");
            let chosen = choose(&server, *configured, &variables).expect("a choice");
            let expected = expected.map(|proxy| proxy.parse::<Uri>().expect("proxy"));
            assert_eq!(chosen, expected, "{server}");
        }
    }
}
