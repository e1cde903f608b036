//! The list of conditions in a status, changed by the rules of the Deployment and ReplicaSet controllers.

use serde_json::{Value, json};

use crate::clock::Time;
use crate::object::text;

/// What a status says about one aspect of its object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Condition {
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) message: String,
    /// Only Deployments have it.
    pub(crate) last_update: Option<Time>,
    pub(crate) last_transition: Time,
}

impl Condition {
    /// Makes a condition of a Deployment as of `now`.
    pub(crate) fn new(
        kind: &str,
        status: &str,
        reason: &str,
        message: impl Into<String>,
        now: Time,
    ) -> Condition {
        Condition {
            kind: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: message.into(),
            last_update: Some(now.whole_second()),
            last_transition: now.whole_second(),
        }
    }

    fn read(value: &Value) -> Condition {
        Condition {
            kind: text(value, "/type").to_owned(),
            status: text(value, "/status").to_owned(),
            reason: text(value, "/reason").to_owned(),
            message: text(value, "/message").to_owned(),
            last_update: Time::parse(text(value, "/lastUpdateTime")),
            last_transition: Time::parse(text(value, "/lastTransitionTime")).unwrap_or_default(),
        }
    }

    fn write(&self) -> Value {
        let Condition {
            kind,
            status,
            reason,
            message,
            last_update,
            last_transition,
        } = self;
        match last_update {
            Some(time) => json!({
                "type": kind, "status": status, "reason": reason, "message": message,
                "lastUpdateTime": time.rfc3339(), "lastTransitionTime": last_transition.rfc3339(),
            }),
            None => json!({
                "type": kind, "status": status, "reason": reason, "message": message,
                "lastTransitionTime": last_transition.rfc3339(),
            }),
        }
    }
}

/// The conditions of a status, in their order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Conditions(Vec<Condition>);

impl Conditions {
    pub(crate) fn read(status: Option<&Value>) -> Conditions {
        let conditions = status.and_then(|status| status.get("conditions")?.as_array());
        Conditions(
            conditions
                .into_iter()
                .flatten()
                .map(Condition::read)
                .collect(),
        )
    }

    pub(crate) fn write(&self) -> Value {
        self.0.iter().map(Condition::write).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn find(&self, kind: &str) -> Option<&Condition> {
        self.0.iter().find(|condition| condition.kind == kind)
    }

    /// Returns the reason of a condition, empty without it.
    pub(crate) fn reason(&self, kind: &str) -> &str {
        self.find(kind).map_or("", |condition| &condition.reason)
    }

    /// Sets a condition, unless there is one of the same status and reason: a new message alone is dropped. The time
    /// of the last transition moves with the status only.
    pub(crate) fn set(&mut self, mut condition: Condition) {
        if let Some(current) = self.find(&condition.kind) {
            if current.status == condition.status && current.reason == condition.reason {
                return;
            }
            if current.status == condition.status {
                condition.last_transition = current.last_transition;
            }
        }
        self.remove(&condition.kind.clone());
        self.0.push(condition);
    }

    pub(crate) fn remove(&mut self, kind: &str) {
        self.0.retain(|condition| condition.kind != kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(status: &str, reason: &str, message: &str, seconds: i64) -> Condition {
        Condition::new("Progressing", status, reason, message, Time(seconds * 1000))
    }

    #[test]
    fn a_new_message_alone_is_dropped() {
        let mut conditions = Conditions::default();
        conditions.set(condition("True", "ReplicaSetUpdated", "one", 1));
        conditions.set(condition("True", "ReplicaSetUpdated", "two", 2));
        assert_eq!(
            conditions.find("Progressing"),
            Some(&condition("True", "ReplicaSetUpdated", "one", 1))
        );
    }

    #[test]
    fn the_transition_moves_with_the_status_only() {
        let mut conditions = Conditions::default();
        conditions.set(condition("True", "NewReplicaSetCreated", "", 1));
        conditions.set(condition("True", "ReplicaSetUpdated", "", 2));
        let current = conditions.find("Progressing").unwrap();
        assert_eq!(
            (current.last_transition, current.last_update),
            (Time(1000), Some(Time(2000)))
        );
        conditions.set(condition("False", "ProgressDeadlineExceeded", "", 3));
        assert_eq!(
            conditions.find("Progressing").unwrap().last_transition,
            Time(3000)
        );
    }

    #[test]
    fn conditions_survive_being_written() {
        let mut conditions = Conditions::default();
        conditions.set(condition("True", "ReplicaSetUpdated", "one", 1));
        let status = json!({"conditions": conditions.write()});
        assert_eq!(Conditions::read(Some(&status)), conditions);
    }
}
