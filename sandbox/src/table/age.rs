//! Ages as kubectl shows them: two units while that matters, one when it is long ago.

use std::time::Duration;

use serde_json::Value;

use crate::clock::Time;

/// Returns how long ago the time at a JSON pointer is, `<unknown>` if there is none.
pub(super) fn since(object: &Value, pointer: &str, now: Time) -> String {
    time(object, pointer).map_or_else(|| "<unknown>".to_owned(), |time| human(now.since(time)))
}

pub(super) fn time(object: &Value, pointer: &str) -> Option<Time> {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .and_then(Time::parse)
}

/// Writes a duration as upstream's `HumanDuration` does.
pub(super) fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (seconds, minutes, hours, days) {
        (0..120, ..) => format!("{seconds}s"),
        (_, 0..10, ..) => two(minutes, 'm', seconds % 60, 's'),
        (_, 0..180, ..) => format!("{minutes}m"),
        (_, _, 0..8, _) => two(hours, 'h', minutes % 60, 'm'),
        (_, _, 0..48, _) => format!("{hours}h"),
        (.., 0..8) => two(days, 'd', hours % 24, 'h'),
        (.., 0..730) => format!("{days}d"),
        (.., 0..2920) => two(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

fn two(greater: u64, unit: char, lesser: u64, lesser_unit: char) -> String {
    match lesser {
        0 => format!("{greater}{unit}"),
        lesser => format!("{greater}{unit}{lesser}{lesser_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        const DAY: u64 = 86_400;
        let cases = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (121, "2m1s"),
            (599, "9m59s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (10_860, "3h1m"),
            (28_800, "8h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (176_400, "2d1h"),
            (8 * DAY, "8d"),
            (729 * DAY, "729d"),
            (730 * DAY, "2y"),
            (731 * DAY, "2y1d"),
            (2920 * DAY, "8y"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(human(Duration::from_secs(seconds)), expected, "{seconds}");
        }
    }
}
