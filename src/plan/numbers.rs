//! Resolves surge and unavailability as the Deployment controller does: percentages of replicas,
//! surge rounded up, unavailability rounded down.

use std::fmt;

use serde_json::Value;

/// A number of pods, or a percentage of `spec.replicas`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    Pods(i32),
    Percent(i32),
}

impl Amount {
    /// Reads the API's integer or `"25%"`; anything else the API server does not let pass.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => i32::try_from(number.as_i64()?).ok().map(Self::Pods),
            Value::String(text) => text.strip_suffix('%')?.parse().ok().map(Self::Percent),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Tells a literal 0 or 0 %, which is 0 at any number of replicas.
    pub(crate) fn is_zero(self) -> bool {
        matches!(self, Self::Pods(0) | Self::Percent(0))
    }

    /// Returns the smallest number of replicas at which this, rounded down, is above 0.
    ///
    /// `None` for an amount that does not grow with the replicas.
    pub(crate) fn first_above_zero(self) -> Option<i32> {
        match self {
            Self::Percent(percent) if percent > 0 => Some(ceiling(100, i64::from(percent))),
            Self::Percent(_) | Self::Pods(_) => None,
        }
    }

    fn rounded_up(self, replicas: i32) -> i32 {
        match self {
            Self::Pods(pods) => pods,
            Self::Percent(percent) => ceiling(i64::from(replicas) * i64::from(percent), 100),
        }
    }

    fn rounded_down(self, replicas: i32) -> i32 {
        match self {
            Self::Pods(pods) => pods,
            Self::Percent(percent) => {
                saturated((i64::from(replicas) * i64::from(percent)).div_euclid(100))
            }
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pods(pods) => write!(formatter, "{pods}"),
            Self::Percent(percent) => write!(formatter, "{percent}%"),
        }
    }
}

/// How many pods a rolling update may add and take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) surge: i32,
    pub(crate) unavailable: i32,
}

impl Room {
    /// Resolves both limits; absent ones are 0, and where both come to 0 one pod may be missing.
    pub(crate) fn resolve(
        surge: Option<Amount>,
        unavailable: Option<Amount>,
        replicas: i32,
    ) -> Self {
        let surge = surge.map_or(0, |amount| amount.rounded_up(replicas));
        let unavailable = unavailable.map_or(0, |amount| amount.rounded_down(replicas));
        Self {
            surge,
            unavailable: if surge == 0 && unavailable == 0 {
                1
            } else {
                unavailable
            },
        }
    }

    /// Returns how many pods may be missing: never more than there are.
    pub(crate) fn missing(self, replicas: i32) -> i32 {
        self.unavailable.min(replicas)
    }

    /// Returns how many times the controller has to wait for new pods to become available.
    pub(crate) fn waves(self, replicas: i32) -> i32 {
        let at_a_time = i64::from(self.surge) + i64::from(self.missing(replicas));
        ceiling(i64::from(replicas), at_a_time.max(1))
    }
}

fn ceiling(dividend: i64, divisor: i64) -> i32 {
    saturated(-(-dividend).div_euclid(divisor))
}

fn saturated(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tables() -> Value {
        serde_json::from_str(include_str!("../../tests/fixtures/controller-tables.json")).unwrap()
    }

    fn rows(table: &str) -> Vec<Vec<Value>> {
        serde_json::from_value(tables()[table].clone()).unwrap()
    }

    fn number(value: &Value) -> i32 {
        i32::try_from(value.as_i64().unwrap()).unwrap()
    }

    #[test]
    fn room_is_resolved_as_the_controllers_own_tests_have_it() {
        for row in rows("fenceposts") {
            let is_error = row[5] == Value::Bool(true);
            let amounts = [&row[0], &row[1]].map(|value| (value.is_null(), Amount::read(value)));
            let is_readable = amounts
                .iter()
                .all(|(is_absent, read)| *is_absent || read.is_some());
            assert_eq!(is_readable, !is_error, "{row:?}");
            if is_readable {
                let room = Room::resolve(amounts[0].1, amounts[1].1, number(&row[2]));
                assert_eq!(
                    (room.surge, room.unavailable),
                    (number(&row[3]), number(&row[4])),
                    "{row:?}"
                );
            }
        }
    }

    #[test]
    fn no_more_pods_are_missing_than_there_are() {
        for row in rows("max_unavailable") {
            let room = Room::resolve(
                Some(Amount::Pods(1)),
                Amount::read(&row[1]),
                number(&row[0]),
            );
            assert_eq!(room.missing(number(&row[0])), number(&row[2]), "{row:?}");
        }
        for row in rows("min_available") {
            let replicas = number(&row[0]);
            let room = Room::resolve(Some(Amount::Pods(1)), Amount::read(&row[1]), replicas);
            assert_eq!(
                replicas - room.missing(replicas),
                number(&row[2]),
                "{row:?}"
            );
        }
    }

    #[test]
    fn a_quarter_of_three_is_nothing_and_of_four_is_one() {
        let quarter = Some(Amount::Percent(25));
        for (replicas, surge, unavailable) in [(1, 1, 0), (3, 1, 0), (4, 1, 1), (10, 3, 2)] {
            let room = Room::resolve(quarter, quarter, replicas);
            assert_eq!(
                (room.surge, room.unavailable),
                (surge, unavailable),
                "{replicas}"
            );
        }
        assert_eq!(Amount::Percent(25).first_above_zero(), Some(4));
        assert_eq!(Amount::Percent(30).first_above_zero(), Some(4));
        assert_eq!(Amount::Percent(100).first_above_zero(), Some(1));
        assert_eq!(Amount::Percent(0).first_above_zero(), None);
        assert_eq!(Amount::Pods(1).first_above_zero(), None);
    }

    #[test]
    fn waves_are_as_many_as_the_controller_needs() {
        for (case, surge, unavailable, replicas, waves) in [
            (
                "one after another",
                Amount::Pods(1),
                Amount::Pods(0),
                10,
                10,
            ),
            ("all at once", Amount::Percent(100), Amount::Pods(0), 10, 1),
            ("a quarter", Amount::Percent(25), Amount::Pods(0), 10, 4),
            (
                "surge and missing together",
                Amount::Percent(25),
                Amount::Percent(25),
                10,
                2,
            ),
            ("none to replace", Amount::Pods(1), Amount::Pods(0), 0, 0),
        ] {
            let room = Room::resolve(Some(surge), Some(unavailable), replicas);
            assert_eq!(room.waves(replicas), waves, "{case}");
        }
    }

    proptest! {
        #[test]
        fn percentages_are_rounded_away_from_risk(percent in 0i32..=100, replicas in 0i32..100_000) {
            let amount = Amount::Percent(percent);
            let exact = f64::from(percent) * f64::from(replicas) / 100.0;
            let (up, down) = (amount.rounded_up(replicas), amount.rounded_down(replicas));
            prop_assert!(f64::from(up) >= exact && f64::from(up) < exact + 1.0);
            prop_assert!(f64::from(down) <= exact && f64::from(down) > exact - 1.0);
        }

        #[test]
        fn a_rollout_can_always_move(surge in any::<i32>(), unavailable in any::<i32>(), replicas in any::<i32>()) {
            let amounts = [Amount::Pods, Amount::Percent];
            for (kind, other) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let room = Room::resolve(Some(amounts[kind](surge)), Some(amounts[other](unavailable)), replicas);
                prop_assert!(room.surge != 0 || room.unavailable != 0);
                room.waves(replicas.max(0));
            }
        }

        #[test]
        fn the_first_number_above_zero_is_the_first(percent in 1i32..=100) {
            let amount = Amount::Percent(percent);
            let first = amount.first_above_zero().unwrap();
            prop_assert!(amount.rounded_down(first) > 0);
            prop_assert_eq!(amount.rounded_down(first - 1), 0);
        }
    }
}
