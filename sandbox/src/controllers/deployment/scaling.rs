//! Scaling a Deployment in the middle of a rollout: every ReplicaSet gets its share of what is added or taken.

/// A ReplicaSet that has pods, as far as scaling is concerned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Part<'a> {
    pub(super) name: &'a str,
    /// Sorts as the creation times do.
    pub(super) created: &'a str,
    pub(super) replicas: i64,
    /// Replicas and surge, together, when it was last sized.
    pub(super) max_replicas: Option<i64>,
}

/// The Deployment as it should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Whole {
    pub(super) replicas: i64,
    pub(super) surge: i64,
    /// How many pods its status counts.
    pub(super) actual: i64,
}

/// Returns the new size of every part, by its index, in the order in which they are to be written.
///
/// Larger ones come first; among equals the newer when growing, the older when shrinking. Each gets a share by its
/// size, and what rounding leaves goes to the first.
pub(super) fn spread(whole: Whole, parts: &[Part<'_>]) -> Vec<(usize, i64)> {
    let allowed = if whole.replicas > 0 {
        whole.replicas + whole.surge
    } else {
        0
    };
    let to_add = allowed - parts.iter().map(|part| part.replicas).sum::<i64>();
    let mut order: Vec<(usize, &Part<'_>)> = parts.iter().enumerate().collect();
    order.sort_by(|(_, left), (_, right)| {
        let by_size = right.replicas.cmp(&left.replicas);
        let older = left.created.cmp(right.created);
        match to_add.signum() {
            0 => std::cmp::Ordering::Equal,
            1 => by_size
                .then(older.reverse())
                .then(right.name.cmp(left.name)),
            _ => by_size.then(older).then(left.name.cmp(right.name)),
        }
    });
    let mut added = 0;
    let mut sizes: Vec<(usize, i64)> = Vec::with_capacity(order.len());
    for (index, part) in order {
        let share = share(whole, part, to_add, added);
        added += share;
        sizes.push((index, part.replicas + share));
    }
    if let Some((_, largest)) = sizes.first_mut().filter(|_| to_add != 0) {
        *largest = (*largest + to_add - added).max(0);
    }
    sizes
}

/// Returns how many pods a part gets more, or fewer, of those that are still to be spread.
fn share(whole: Whole, part: &Part<'_>, to_add: i64, added: i64) -> i64 {
    if part.replicas == 0 || to_add == 0 || to_add == added {
        return 0;
    }
    let fraction = fraction(whole, part);
    let left = to_add - added;
    if to_add > 0 {
        fraction.min(left)
    } else {
        fraction.max(left)
    }
}

/// Returns by how much a part would change if it kept its share exactly, rounded half away from zero.
pub(super) fn fraction(whole: Whole, part: &Part<'_>) -> i64 {
    if whole.replicas == 0 {
        return -part.replicas;
    }
    let before = match part.max_replicas {
        None | Some(0) => whole.actual,
        Some(before) => before,
    };
    if before == 0 {
        return 0;
    }
    let size = (part.replicas * (whole.replicas + whole.surge)) as f64 / before as f64;
    size.round() as i64 - part.replicas
}
