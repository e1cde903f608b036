//! Label selectors: of one Deployment, and one for several together, so that one list or watch
//! serves all of them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// A longer selector is not worth the URL; then everything in the namespace is read.
const LONGEST: usize = 4000;

/// Returns a selector for the pods and ReplicaSets of all these Deployments, or `None` where they
/// have nothing in common.
///
/// It may also select others' (of several Deployments only one label is looked at): owners decide.
pub(crate) fn common_selector(deployments: &[&Value]) -> Option<String> {
    if let [deployment] = deployments {
        return selector(deployment);
    }
    let (first, rest) = deployments.split_first()?;
    match_labels(first)?
        .keys()
        .filter_map(|key| {
            let values: Option<BTreeSet<&str>> = std::iter::once(first)
                .chain(rest)
                .map(|deployment| match_labels(deployment)?.get(key)?.as_str())
                .collect();
            Some((key, values?))
        })
        // The label that tells them apart selects the least of other things.
        .max_by_key(|(_, values)| values.len())
        .map(|(key, values)| {
            let values: Vec<&str> = values.into_iter().collect();
            format!("{key} in ({})", values.join(","))
        })
        .filter(|selector| selector.len() <= LONGEST)
}

fn match_labels(deployment: &Value) -> Option<&Map<String, Value>> {
    deployment
        .pointer("/spec/selector/matchLabels")?
        .as_object()
}

/// Returns the Deployment's own selector in the notation of a query.
fn selector(deployment: &Value) -> Option<String> {
    let labels = match_labels(deployment).into_iter().flatten();
    let labels = labels.map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    let expressions = deployment
        .pointer("/spec/selector/matchExpressions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(expression);
    let terms: Option<Vec<String>> = labels.chain(expressions).collect();
    terms
        .filter(|terms| !terms.is_empty())
        .map(|terms| terms.join(","))
        .filter(|selector| selector.len() <= LONGEST)
}

fn expression(expression: &Value) -> Option<String> {
    let key = expression.get("key")?.as_str()?;
    let values = || -> Option<String> {
        let values = expression.get("values")?.as_array()?;
        let values: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
        Some(values?.join(","))
    };
    match expression.get("operator")?.as_str()? {
        "In" => Some(format!("{key} in ({})", values()?)),
        "NotIn" => Some(format!("{key} notin ({})", values()?)),
        "Exists" => Some(key.to_owned()),
        "DoesNotExist" => Some(format!("!{key}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn labelled(labels: Value) -> Value {
        json!({"spec": {"selector": {"matchLabels": labels}}})
    }

    #[test]
    fn one_deployment_is_selected_by_its_own_selector() {
        let cases = [
            (
                json!({"matchLabels": {"app": "web", "tier": "front"}}),
                Some("app=web,tier=front"),
            ),
            (
                json!({"matchLabels": {"app": "web"}, "matchExpressions": [
                    {"key": "tier", "operator": "In", "values": ["a", "b"]},
                    {"key": "zone", "operator": "NotIn", "values": ["c"]},
                    {"key": "on", "operator": "Exists"},
                    {"key": "off", "operator": "DoesNotExist"},
                ]}),
                Some("app=web,tier in (a,b),zone notin (c),on,!off"),
            ),
            (
                json!({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}),
                None,
            ),
            (json!({}), None),
        ];
        for (selector, expected) in cases {
            let deployment = json!({"spec": {"selector": selector}});
            assert_eq!(common_selector(&[&deployment]).as_deref(), expected);
        }
    }

    #[test]
    fn several_are_selected_by_the_label_that_tells_them_apart() {
        let web = labelled(json!({"app": "web", "team": "shop"}));
        let worker = labelled(json!({"app": "worker", "team": "shop"}));
        let other = labelled(json!({"name": "other"}));
        assert_eq!(
            common_selector(&[&web, &worker]).as_deref(),
            Some("app in (web,worker)")
        );
        assert_eq!(common_selector(&[&web, &worker, &other]), None);
        assert_eq!(common_selector(&[]), None);
    }

    #[test]
    fn a_selector_that_is_too_long_is_none() {
        let many: Vec<Value> = (0..500)
            .map(|number| labelled(json!({"app": format!("service-{number:04}")})))
            .collect();
        assert_eq!(common_selector(&many.iter().collect::<Vec<_>>()), None);
    }
}
