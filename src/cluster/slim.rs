//! Decodes a page of Deployments: whole where somebody wants all of it, and only what identifies
//! and annotates it otherwise.
//!
//! In a namespace of thousands most Deployments are none of ours; managedFields alone are half of
//! the bytes.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::listing::Page;

/// A whole manifest in an annotation; of no use to anybody who does not want the object itself.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What is kept of a Deployment that nobody wants whole.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Slim {
    metadata: SlimMeta,
    spec: SlimSpec,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct SlimMeta {
    name: String,
    namespace: String,
    uid: String,
    resource_version: String,
    annotations: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct SlimSpec {
    template: SlimTemplate,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct SlimTemplate {
    metadata: SlimTemplateMeta,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct SlimTemplateMeta {
    annotations: BTreeMap<String, String>,
}

/// Parses a page; `is_wanted` sees the annotations of each Deployment.
pub(crate) fn parse(
    body: &[u8],
    is_wanted: &impl Fn(&BTreeMap<String, String>) -> bool,
) -> serde_json::Result<Page<Value>> {
    let page: Page<Slim> = serde_json::from_slice(body)?;
    let slim = page.items.unwrap_or_default();
    let wanted: Vec<bool> = slim
        .iter()
        .map(|item| is_wanted(&item.metadata.annotations))
        .collect();
    let mut whole = if wanted.contains(&true) {
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        Chosen(&wanted).deserialize(&mut deserializer)?
    } else {
        Vec::new()
    }
    .into_iter();
    let items: serde_json::Result<Vec<Value>> = slim
        .into_iter()
        .zip(wanted)
        .map(|(mut item, is_wanted)| match whole.next_if(is_wanted) {
            Some(value) => Ok(value),
            None => {
                item.metadata.annotations.remove(LAST_APPLIED);
                serde_json::to_value(item)
            }
        })
        .collect();
    Ok(Page {
        metadata: page.metadata,
        items: Some(items?),
    })
}

trait NextIf: Iterator {
    fn next_if(&mut self, is_wanted: bool) -> Option<Self::Item> {
        if is_wanted { self.next() } else { None }
    }
}

impl<I: Iterator> NextIf for I {}

/// Reads the list, and of its items only those that are marked.
#[derive(Clone, Copy)]
struct Chosen<'a>(&'a [bool]);

impl<'de> DeserializeSeed<'de> for Chosen<'_> {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Chosen<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            if name == "items" {
                items = members.next_value_seed(ChosenItems(self.0))?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(items)
    }
}

struct ChosenItems<'a>(&'a [bool]);

impl<'de> DeserializeSeed<'de> for ChosenItems<'_> {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ChosenItems<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut chosen = Vec::new();
        for is_wanted in self.0 {
            if *is_wanted {
                chosen.extend(items.next_element::<Value>()?);
            } else {
                items.next_element::<IgnoredAny>()?;
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(chosen)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(name: &str, annotations: &Value) -> Value {
        json!({
            "metadata": {
                "name": name, "namespace": "shop", "uid": format!("uid-{name}"),
                "resourceVersion": "7", "annotations": annotations, "labels": {"app": name},
                "managedFields": [{"manager": "kubectl"}], "x-new": true,
            },
            "spec": {"replicas": 2, "template": {
                "metadata": {"annotations": {"team/deploy-target": "1"}},
                "spec": {"containers": [{"name": "app", "image": "app:v1"}]},
            }},
            "status": {"replicas": 2},
        })
    }

    #[test]
    fn only_what_is_wanted_is_decoded_whole() {
        let wanted = deployment("web", &json!({"team/deploy-target": "true"}));
        let others = [
            deployment("a", &json!({LAST_APPLIED: "{}", "note": "x"})),
            deployment("z", &json!({})),
        ];
        let body = json!({
            "kind": "DeploymentList",
            "items": [others[0], wanted, others[1]],
            "metadata": {"resourceVersion": "12", "continue": "next"},
        });
        let page = parse(body.to_string().as_bytes(), &|annotations| {
            annotations.contains_key("team/deploy-target")
        })
        .expect("a page");
        assert_eq!(page.metadata.resource_version, "12");
        assert_eq!(page.metadata.r#continue, "next");
        let slim = |name: &str, annotations: Value| {
            json!({
                "metadata": {
                    "name": name, "namespace": "shop", "uid": format!("uid-{name}"),
                    "resourceVersion": "7", "annotations": annotations, "labels": {"app": name},
                },
                "spec": {"template": {"metadata": {"annotations": {"team/deploy-target": "1"}}}},
            })
        };
        let expected = vec![
            slim("a", json!({"note": "x"})),
            wanted,
            slim("z", json!({})),
        ];
        assert_eq!(page.items, Some(expected));
    }

    #[test]
    fn an_empty_list_may_be_null() {
        for body in [r#"{"items":null}"#, r#"{"items":[]}"#, "{}"] {
            let page = parse(body.as_bytes(), &|_| true).expect("a page");
            assert_eq!(page.items, Some(Vec::new()), "{body}");
        }
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for body in ["", "[]", r#"{"items":7}"#, r#"{"items":[{"#] {
            assert!(parse(body.as_bytes(), &|_| true).is_err(), "{body}");
        }
    }
}
