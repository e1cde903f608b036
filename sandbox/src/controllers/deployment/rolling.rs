//! The rolling step: how far the new ReplicaSet may grow, and by how much the old ones may shrink.

/// A ReplicaSet's wanted and available pods.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Size {
    pub(super) replicas: i64,
    pub(super) available: i64,
}

/// Returns the size that the new ReplicaSet should get now. `total` counts the wanted pods of all ReplicaSets.
pub(super) fn new_size(wanted: i64, surge: i64, total: i64, new: i64) -> i64 {
    if new > wanted {
        return wanted;
    }
    let room = wanted + surge - total;
    if room <= 0 {
        new
    } else {
        new + room.min(wanted - new)
    }
}

/// What to do with the old ReplicaSets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Shrink {
    /// New sizes by index, in order; the same ReplicaSet may appear twice.
    pub(super) steps: Vec<(usize, i64)>,
    /// The step ends in an error: what was done stays, but does not count as scaled.
    pub(super) is_given_up: bool,
}

/// Returns how the old ReplicaSets, oldest first, should shrink.
///
/// Pods that are not available go first, as long as enough others are; then available ones, as far as more are
/// available than must be.
pub(super) fn shrink(wanted: i64, max_unavailable: i64, new: Size, old: &[Size]) -> Shrink {
    let total = new.replicas + old.iter().map(|size| size.replicas).sum::<i64>();
    let min_available = wanted - max_unavailable;
    let budget = total - min_available - (new.replicas - new.available);
    if total == new.replicas || budget <= 0 {
        return Shrink::default();
    }
    let mut sizes = old.to_vec();
    let mut shrink = drop_unhealthy(&mut sizes, budget);
    if !shrink.is_given_up {
        let available = new.available + old.iter().map(|size| size.available).sum::<i64>();
        shrink
            .steps
            .extend(drop_available(&mut sizes, available - min_available));
    }
    shrink
}

/// Takes pods that are not available from the oldest on, at most `budget`.
pub(super) fn drop_unhealthy(sizes: &mut [Size], mut budget: i64) -> Shrink {
    let mut steps = Vec::new();
    for (index, size) in sizes.iter_mut().enumerate() {
        if budget <= 0 {
            break;
        }
        if size.replicas == 0 || size.replicas == size.available {
            continue;
        }
        let dropped = budget.min(size.replicas - size.available);
        if dropped < 0 {
            // A ReplicaSet that reports more available pods than it should have, because it is still shrinking:
            // upstream finds that it would have to grow, which is an error.
            return Shrink {
                steps,
                is_given_up: true,
            };
        }
        size.replicas -= dropped;
        budget -= dropped;
        steps.push((index, size.replicas));
    }
    Shrink {
        steps,
        is_given_up: false,
    }
}

/// Takes any pods from the oldest on, at most `budget`.
pub(super) fn drop_available(sizes: &mut [Size], mut budget: i64) -> Vec<(usize, i64)> {
    let mut steps = Vec::new();
    for (index, size) in sizes.iter_mut().enumerate() {
        if budget <= 0 {
            break;
        }
        if size.replicas == 0 {
            continue;
        }
        let dropped = budget.min(size.replicas);
        size.replicas -= dropped;
        budget -= dropped;
        steps.push((index, size.replicas));
    }
    steps
}
