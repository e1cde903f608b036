//! Compares the API server's answer with what was sent, and takes from it what the rollout is
//! judged by.

use serde_json::Value;

use super::checks::Field;
use super::deployment::Deployment;
use super::report::Report;
use super::{Change, DeploymentPlan, words};
use crate::error::{Error, Kind};
use crate::image::Image;
use crate::rollout::observed::Meta;
use crate::rollout::{Applied, ProgressingStamp};

/// The answer to a PATCH, or to its preview.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Receipt {
    pub(crate) applied: Applied,
    /// What is stored differently than it was sent.
    pub(crate) findings: Vec<Finding>,
}

impl Receipt {
    /// Tells whether a webhook undid the change.
    pub(crate) fn is_put_back(&self) -> bool {
        self.findings.iter().any(|finding| match finding {
            Finding::PutBack { .. } => true,
            Finding::Rewritten { .. } | Finding::Setting { .. } => false,
        })
    }

    /// Returns the refusal that a webhook expressed by undoing the change, if one did.
    pub(crate) fn refusal(&self) -> Option<Error> {
        let put_back: Vec<String> = self
            .findings
            .iter()
            .filter(|_| self.is_put_back())
            .map(words::finding)
            .collect();
        (!put_back.is_empty()).then(|| {
            let report = Report::of(put_back, "parts of the change were not taken");
            Error::new(Kind::Refused, report)
                .hint("Ask who runs the cluster which mutating webhook sees to this image.")
        })
    }
}

/// Something that was stored differently than it was sent: a webhook's doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The old image is back.
    PutBack { container: String, image: Image },
    /// Another image than the one that was sent.
    Rewritten {
        container: String,
        sent: Image,
        stored: String,
        rewriting: Rewriting,
    },
    /// Another value outside the template.
    Setting {
        field: Field,
        sent: String,
        stored: Option<String>,
    },
}

/// What became of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rewriting {
    /// The same one, by its digest.
    Pinned,
    /// One of another repository, such as a mirror.
    OtherRepository,
    /// Another tag or digest of the same repository.
    OtherTag,
    /// The container is gone, or runs what cannot be read as an image.
    Unreadable,
}

/// Reads the answer to the PATCH of a Deployment.
pub(crate) fn receive(plan: &DeploymentPlan, answer: Value) -> Result<Receipt, serde_json::Error> {
    let answered = Deployment::read(answer.into())?;
    let findings = findings(plan, &answered);
    let seen = answered.seen;
    let before = &plan.deployment.seen;
    let Meta {
        uid,
        generation,
        resource_version,
        ..
    } = seen.metadata;
    Ok(Receipt {
        applied: Applied {
            deployment: plan.name().to_owned(),
            uid,
            generation,
            resource_version,
            template: seen.spec.template,
            template_before: Some(before.spec.template.clone()),
            deploy_id: Some(plan.record.id.to_string()),
            progressing_before: before
                .status
                .condition("Progressing")
                .map(ProgressingStamp::of),
            written: true,
            age: std::time::Duration::ZERO,
        },
        findings,
    })
}

fn findings(plan: &DeploymentPlan, answered: &Deployment) -> Vec<Finding> {
    let containers = answered.containers();
    let images = plan.changes.iter().filter_map(|change| {
        // By name: a webhook may have put a container in front.
        let stored = containers
            .iter()
            .find(|container| {
                container.position.kind == change.position.kind
                    && container.name() == change.container
            })
            .map_or("", |container| container.image());
        finding_of(change, stored)
    });
    let settings = plan.settings.iter().filter_map(|setting| {
        let sent = setting.outside().value;
        let stored = setting.field().text(&answered.raw);
        (stored.as_deref() != Some(&sent)).then(|| Finding::Setting {
            field: setting.field(),
            sent,
            stored,
        })
    });
    images.chain(settings).collect()
}

fn finding_of(change: &Change, stored: &str) -> Option<Finding> {
    if stored == change.after.to_string() {
        return None;
    }
    let image = stored.parse::<Image>().ok();
    if let Some(image) = image
        .as_ref()
        .filter(|image| image.is_same_as(&change.before))
    {
        return Some(Finding::PutBack {
            container: change.container.clone(),
            image: image.clone(),
        });
    }
    Some(Finding::Rewritten {
        container: change.container.clone(),
        sent: change.after.clone(),
        stored: stored.to_owned(),
        rewriting: image.map_or(Rewriting::Unreadable, |image| {
            rewriting(&change.after, &image)
        }),
    })
}

fn rewriting(sent: &Image, stored: &Image) -> Rewriting {
    let is_same_digest = sent.digest().is_some() && sent.digest() == stored.digest();
    let is_same_name = sent.name().is_same_as(stored.name());
    let is_same_tag = sent.digest().is_none() && sent.tag() == stored.tag();
    if is_same_digest || (is_same_name && is_same_tag) {
        Rewriting::Pinned
    } else if is_same_name {
        Rewriting::OtherTag
    } else {
        Rewriting::OtherRepository
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{NEW, OLD, deployment, plan, with};
    use super::*;

    const IMAGE: &str = "/spec/template/spec/containers/0/image";

    fn answer(plan: &DeploymentPlan) -> Value {
        let answer = plan.patch.apply_locally(&plan.deployment.raw).unwrap();
        let answer = with(answer, "/metadata/generation", json!(5));
        with(answer, "/metadata/resourceVersion", json!("101"))
    }

    #[test]
    fn the_answer_is_what_the_rollout_is_judged_by() {
        let plan = &plan([deployment("rails", OLD)]).deployments[0];
        let receipt = receive(plan, answer(plan)).unwrap();
        let applied = receipt.applied.clone();
        assert!(receipt.refusal().is_none());
        assert_eq!(receipt.findings, []);
        assert_eq!(applied.uid, "uid-of-rails");
        assert_eq!(
            (applied.generation, applied.resource_version.as_str()),
            (5, "101")
        );
        assert_eq!(
            applied.template.pointer("/spec/containers/0/image"),
            Some(&json!(format!("wantedly/rails:{NEW}")))
        );
        assert_eq!(
            applied.template_before,
            Some(plan.deployment.seen.spec.template.clone())
        );
        assert_eq!(applied.deploy_id.as_deref(), Some("000000000000002a"));
        assert_eq!(
            applied
                .progressing_before
                .map(|stamp| stamp.last_update_time),
            Some("2026-11-21T06:01:30Z".to_owned())
        );
        assert!(applied.written);
    }

    #[test]
    fn a_webhooks_rewriting_is_told_apart() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let plan = &plan([deployment("rails", OLD)]).deployments[0];
        let cases = [
            ("as sent", format!("wantedly/rails:{NEW}"), None),
            (
                "pinned",
                format!("wantedly/rails:{NEW}@{digest}"),
                Some(Rewriting::Pinned),
            ),
            (
                "spelt out",
                format!("docker.io/wantedly/rails:{NEW}"),
                Some(Rewriting::Pinned),
            ),
            (
                "a mirror",
                format!("mirror:5000/wantedly/rails:{NEW}"),
                Some(Rewriting::OtherRepository),
            ),
            (
                "another tag",
                "wantedly/rails:stable".to_owned(),
                Some(Rewriting::OtherTag),
            ),
            ("no image", String::new(), Some(Rewriting::Unreadable)),
        ];
        for (case, stored, expected) in cases {
            let receipt = receive(plan, with(answer(plan), IMAGE, json!(stored))).unwrap();
            let found = receipt.findings.first().map(|finding| match finding {
                Finding::Rewritten { rewriting, .. } => *rewriting,
                other => panic!("{case}: {other:?}"),
            });
            assert_eq!(found, expected, "{case}");
            assert!(!receipt.is_put_back(), "{case}");
        }
    }

    #[test]
    fn one_digest_is_one_image_wherever_it_lies() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let sent: Image = format!("a/b@{digest}").parse().unwrap();
        let mirrored: Image = format!("mirror:5000/a/b@{digest}").parse().unwrap();
        let other: Image = format!("a/b@sha256:{}", "b".repeat(64)).parse().unwrap();
        assert_eq!(rewriting(&sent, &mirrored), Rewriting::Pinned);
        assert_eq!(rewriting(&sent, &other), Rewriting::OtherTag);
    }

    #[test]
    fn the_old_image_in_the_answer_is_a_silent_refusal() {
        let plan = &plan([deployment("rails", OLD)]).deployments[0];
        let put_back = with(answer(plan), IMAGE, json!(format!("wantedly/rails:{OLD}")));
        let receipt = receive(plan, put_back).unwrap();
        assert!(receipt.is_put_back());
        assert_eq!(receipt.refusal().unwrap().kind, Kind::Refused);
    }

    #[test]
    fn a_container_that_was_put_in_front_does_not_confuse() {
        let plan = &plan([deployment("rails", OLD)]).deployments[0];
        let mut answer = answer(plan);
        let containers = answer
            .pointer_mut("/spec/template/spec/containers")
            .unwrap();
        let sidecar = json!({"name": "proxy", "image": "nginx:1"});
        containers.as_array_mut().unwrap().insert(0, sidecar);
        assert_eq!(receive(plan, answer).unwrap().findings, []);
    }

    #[test]
    fn a_setting_that_was_not_taken_is_found() {
        let unavailable = "/spec/strategy/rollingUpdate/maxUnavailable";
        let plan =
            &plan([with(deployment("rails", OLD), unavailable, json!("25%"))]).deployments[0];
        let answer = with(answer(plan), unavailable, json!("25%"));
        assert_eq!(
            receive(plan, answer).unwrap().findings,
            [Finding::Setting {
                field: Field::MaxUnavailable,
                sent: "0".to_owned(),
                stored: Some("25%".to_owned()),
            }]
        );
    }
}
