//! The order of a merged list: the patch's order first, the stored order where it says nothing.

use serde_json::Value;

/// Tells whether two values stand for the same item of a list.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    one == other
}

/// Returns a comparison of items by one member.
pub(super) fn same_member(key: &'static str) -> impl Fn(&Value, &Value) -> bool + Copy {
    move |one, other| one.get(key).is_some() && one.get(key) == other.get(key)
}

/// Arranges `merged`: items named in `wanted` keep that order, the others keep the order they have
/// in `live`, and the two are interleaved by `live`; an item that `live` lacks goes before them.
pub(super) fn arrange(
    merged: Vec<Value>,
    wanted: &[Value],
    live: &[Value],
    is_same: impl Fn(&Value, &Value) -> bool + Copy,
) -> Vec<Value> {
    let rank = |list: &[Value], item: &Value| list.iter().position(|other| is_same(other, item));
    let (mut named, mut unnamed): (Vec<_>, Vec<_>) = merged
        .into_iter()
        .partition(|item| rank(wanted, item).is_some());
    named.sort_by_key(|item| rank(wanted, item));
    unnamed.sort_by_key(|item| rank(live, item).unwrap_or(usize::MAX));

    let mut arranged = Vec::with_capacity(named.len() + unnamed.len());
    let (mut named, mut unnamed) = (named.into_iter().peekable(), unnamed.into_iter().peekable());
    loop {
        let next = match (unnamed.peek(), named.peek()) {
            (None, None) => return arranged,
            (Some(_), None) => unnamed.next(),
            (None, Some(_)) => named.next(),
            (Some(left), Some(right)) => match (rank(live, left), rank(live, right)) {
                (Some(left), Some(right)) if left < right => unnamed.next(),
                _ => named.next(),
            },
        };
        arranged.extend(next);
    }
}
