//! Label selectors, as text in a query and as objects in a spec.

use std::fmt;

use serde_json::Value;

/// A list of requirements that all have to hold; none at all hold for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operator {
    Exists,
    Absent,
    In(Vec<String>),
    /// Holds for objects without the label, too.
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

/// A text or object that is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unable to parse requirement: {0}")]
pub(crate) struct Malformed(String);

impl LabelSelector {
    pub(crate) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the requirements hold for `labels`, a map or `null`.
    pub(crate) fn matches(&self, labels: &Value) -> bool {
        self.0.iter().all(|requirement| {
            let value = labels.get(&requirement.key).and_then(Value::as_str);
            match &requirement.operator {
                Operator::Exists => value.is_some(),
                Operator::Absent => value.is_none(),
                Operator::In(values) => {
                    value.is_some_and(|value| values.iter().any(|v| v == value))
                }
                Operator::NotIn(values) => {
                    value.is_none_or(|value| !values.iter().any(|v| v == value))
                }
                Operator::Greater(limit) => number(value).is_some_and(|number| number > *limit),
                Operator::Less(limit) => number(value).is_some_and(|number| number < *limit),
            }
        })
    }

    /// Parses the text of a `labelSelector`, such as `app=web,tier in (front,back),!old`.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let mut parser = Parser { rest: text.trim() };
        let mut requirements = Vec::new();
        while !parser.rest.is_empty() {
            requirements.push(parser.requirement()?);
            if !parser.rest.is_empty() {
                parser.expect(",")?;
                if parser.rest.is_empty() {
                    return Err(Malformed(
                        "found '', expected: identifier after ','".to_owned(),
                    ));
                }
            }
        }
        requirements.sort_by(|one: &Requirement, other| one.key.cmp(&other.key));
        Ok(Self(requirements))
    }

    /// Reads a `LabelSelector` object with `matchLabels` and `matchExpressions`.
    pub(crate) fn of_object(selector: &Value) -> Result<Self, Malformed> {
        let mut requirements: Vec<Requirement> = selector
            .get("matchLabels")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(key, value)| Requirement {
                key: key.clone(),
                operator: Operator::In(vec![value.as_str().unwrap_or("").to_owned()]),
            })
            .collect();
        let expressions = selector.get("matchExpressions").and_then(Value::as_array);
        for expression in expressions.into_iter().flatten() {
            let text = |field| expression.get(field).and_then(Value::as_str).unwrap_or("");
            let values: Vec<String> = expression
                .get("values")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect();
            let operator = match text("operator") {
                "In" => Operator::In(values),
                "NotIn" => Operator::NotIn(values),
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::Absent,
                other => {
                    return Err(Malformed(format!(
                        "{other:?} is not a valid label selector operator"
                    )));
                }
            };
            requirements.push(Requirement {
                key: text("key").to_owned(),
                operator,
            });
        }
        Ok(Self(requirements))
    }
}

impl fmt::Display for LabelSelector {
    /// Writes the selector as `/scale` shows it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Requirement { key, operator }) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(",")?;
            }
            match operator {
                Operator::Exists => write!(formatter, "{key}")?,
                Operator::Absent => write!(formatter, "!{key}")?,
                Operator::In(values) => match values.as_slice() {
                    [value] => write!(formatter, "{key}={value}")?,
                    values => write!(formatter, "{key} in ({})", values.join(","))?,
                },
                Operator::NotIn(values) => match values.as_slice() {
                    [value] => write!(formatter, "{key}!={value}")?,
                    values => write!(formatter, "{key} notin ({})", values.join(","))?,
                },
                Operator::Greater(limit) => write!(formatter, "{key}>{limit}")?,
                Operator::Less(limit) => write!(formatter, "{key}<{limit}")?,
            }
        }
        Ok(())
    }
}

fn number(value: Option<&str>) -> Option<i64> {
    value?.parse().ok()
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn requirement(&mut self) -> Result<Requirement, Malformed> {
        if self.take("!") {
            let key = self.word()?.to_owned();
            return Ok(Requirement {
                key,
                operator: Operator::Absent,
            });
        }
        let key = self.word()?.to_owned();
        let operator = if self.take("==") || self.take("=") {
            Operator::In(vec![self.value().to_owned()])
        } else if self.take("!=") {
            Operator::NotIn(vec![self.value().to_owned()])
        } else if self.take(">") {
            Operator::Greater(self.limit()?)
        } else if self.take("<") {
            Operator::Less(self.limit()?)
        } else if self.take_word("notin") {
            Operator::NotIn(self.values()?)
        } else if self.take_word("in") {
            Operator::In(self.values()?)
        } else {
            Operator::Exists
        };
        Ok(Requirement { key, operator })
    }

    fn word(&mut self) -> Result<&'a str, Malformed> {
        match self.value() {
            "" => {
                let found: String = self.rest.chars().take(1).collect();
                Err(Malformed(format!(
                    "found '{found}', expected: !, identifier, or 'end of string'"
                )))
            }
            word => Ok(word),
        }
    }

    /// Takes a value, which may be empty, with the blanks around it.
    fn value(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|character: char| character.is_whitespace() || "=!,()<>".contains(character))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    fn values(&mut self) -> Result<Vec<String>, Malformed> {
        self.expect("(")?;
        let mut values = vec![self.value().to_owned()];
        while self.take(",") {
            values.push(self.value().to_owned());
        }
        self.expect(")")?;
        Ok(values)
    }

    fn limit(&mut self) -> Result<i64, Malformed> {
        let text = self.value();
        text.parse().map_err(|_| {
            Malformed(format!(
                "for 'Gt', 'Lt' operators, the value must be an integer, got {text:?}"
            ))
        })
    }

    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn take_word(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) if rest.starts_with([' ', '(']) => {
                self.rest = rest.trim_start();
                true
            }
            Some(_) | None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), Malformed> {
        if self.take(token) {
            return Ok(());
        }
        let found: String = self.rest.chars().take(1).collect();
        Err(Malformed(format!("found '{found}', expected: '{token}'")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_select_by_labels() {
        let labels = json!({"app": "web", "tier": "front", "shard": "7"});
        let cases = [
            ("", true),
            ("app=web", true),
            ("app==web", true),
            (" app = web ", true),
            ("app=api", false),
            ("app!=api", true),
            ("absent!=api", true),
            ("app", true),
            ("!app", false),
            ("!absent", true),
            ("app in (api, web)", true),
            ("app in (api)", false),
            ("app notin (api,web)", false),
            ("absent notin (x)", true),
            ("app=web,tier=front", true),
            ("app=web,tier=back", false),
            ("tier in (front),app", true),
            ("shard>6", true),
            ("shard<7", false),
            ("app>1", false),
            ("app=", false),
            ("absent=", false),
            ("inner=x,app=web", false),
        ];
        for (text, expected) in cases {
            let selector = LabelSelector::parse(text).unwrap();
            assert_eq!(selector.matches(&labels), expected, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "=web",
            "app=web,",
            "app in web",
            "app in (a",
            "a b",
            "shard>x",
            ",",
            "!",
        ] {
            assert!(LabelSelector::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn objects_select_by_labels() {
        let labels = json!({"app": "web"});
        let cases = [
            (json!({}), true),
            (json!({"matchLabels": {"app": "web"}}), true),
            (json!({"matchLabels": {"app": "web", "x": "y"}}), false),
            (
                json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "web"]}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}),
                false,
            ),
            (
                json!({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "x", "operator": "Exists"}]}),
                false,
            ),
        ];
        for (object, expected) in cases {
            let selector = LabelSelector::of_object(&object).unwrap();
            assert_eq!(selector.matches(&labels), expected, "{object}");
        }
        let unknown = json!({"matchExpressions": [{"key": "x", "operator": "Near"}]});
        assert!(LabelSelector::of_object(&unknown).is_err());
    }

    #[test]
    fn selectors_are_shown_as_text() {
        let cases = ["app=web", "app in (a,b),tier!=back", "!old,shard>3", "app"];
        for text in cases {
            assert_eq!(LabelSelector::parse(text).unwrap().to_string(), text);
        }
    }
}
