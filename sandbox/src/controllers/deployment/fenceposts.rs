//! How many pods more and how many fewer than wanted a rollout may have.

use serde_json::Value;

/// A limit of the rolling update as it is written: a number, or a share of the replicas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Limit {
    Number(i64),
    Percent(i64),
}

/// What a limit says that is neither.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed;

impl Limit {
    /// Reads a limit; one that is missing is 0.
    pub(crate) fn read(value: Option<&Value>) -> Result<Limit, Malformed> {
        match value {
            None | Some(Value::Null) => Ok(Limit::Number(0)),
            Some(Value::Number(number)) => number.as_i64().map(Limit::Number).ok_or(Malformed),
            Some(Value::String(text)) => {
                let percent = text
                    .strip_suffix('%')
                    .and_then(|number| number.parse().ok());
                percent.map(Limit::Percent).ok_or(Malformed)
            }
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(Malformed),
        }
    }

    fn up(self, replicas: i64) -> i64 {
        match self {
            Limit::Number(number) => number,
            Limit::Percent(percent) => {
                let hundredths = percent.saturating_mul(replicas);
                hundredths.div_euclid(100) + i64::from(hundredths.rem_euclid(100) != 0)
            }
        }
    }

    fn down(self, replicas: i64) -> i64 {
        match self {
            Limit::Number(number) => number,
            Limit::Percent(percent) => percent.saturating_mul(replicas).div_euclid(100),
        }
    }
}

/// Both limits of a rolling update.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Limits {
    pub(crate) surge: Limit,
    pub(crate) unavailable: Limit,
}

impl Limits {
    /// Returns surge and unavailability in pods: one is rounded up, the other down, and if both come to nothing, one
    /// pod may be unavailable, for nothing could move otherwise.
    pub(crate) fn resolve(self, replicas: i64) -> (i64, i64) {
        match (self.surge.up(replicas), self.unavailable.down(replicas)) {
            (0, 0) => (0, 1),
            resolved => resolved,
        }
    }

    /// Returns how many pods may be missing, which is never more than there are.
    pub(crate) fn max_unavailable(self, replicas: i64) -> i64 {
        if replicas == 0 {
            0
        } else {
            self.resolve(replicas).1.min(replicas)
        }
    }
}
