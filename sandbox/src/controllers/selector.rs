//! Label selectors as specs carry them.

use serde_json::Value;

/// Returns whether the selector (`matchLabels`, `matchExpressions`) means an object with these labels. An empty one
/// means every object, a missing one none.
pub(crate) fn matches(selector: Option<&Value>, labels: Option<&Value>) -> bool {
    let Some(selector) = selector.and_then(Value::as_object) else {
        return false;
    };
    let label = |key: &str| labels.and_then(|labels| labels.get(key)?.as_str());
    let has_labels = selector
        .get("matchLabels")
        .and_then(Value::as_object)
        .is_none_or(|wanted| {
            wanted
                .iter()
                .all(|(key, value)| label(key) == value.as_str())
        });
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    has_labels
        && expressions.into_iter().flatten().all(|expression| {
            let text = |field: &str| expression.get(field).and_then(Value::as_str).unwrap_or("");
            let value = label(text("key"));
            let is_listed = || {
                let values = expression.get("values").and_then(Value::as_array);
                values
                    .into_iter()
                    .flatten()
                    .any(|listed| value.is_some() && listed.as_str() == value)
            };
            match text("operator") {
                "In" => is_listed(),
                "NotIn" => !is_listed(),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_are_read_as_the_api_reads_them() {
        let labels = json!({"app": "web", "tier": "front"});
        let expression = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        for (selector, expected) in [
            (json!({}), true),
            (json!({"matchLabels": {"app": "web"}}), true),
            (
                json!({"matchLabels": {"app": "web", "tier": "back"}}),
                false,
            ),
            (json!({"matchLabels": {"absent": "x"}}), false),
            (expression("tier", "In", &["front", "back"]), true),
            (expression("tier", "NotIn", &["front"]), false),
            (expression("absent", "NotIn", &["front"]), true),
            (expression("app", "Exists", &[]), true),
            (expression("app", "DoesNotExist", &[]), false),
            (expression("app", "Likes", &[]), false),
        ] {
            assert_eq!(
                matches(Some(&selector), Some(&labels)),
                expected,
                "{selector}"
            );
        }
        assert!(!matches(None, Some(&labels)));
    }
}
