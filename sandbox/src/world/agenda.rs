//! What the world's actors have to do, and when: one order for everything, so that a seed repeats a run exactly.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Actor;
use crate::clock::Time;
use crate::object::Key;
use crate::store::Change;

/// Something to do.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// An actor gets to see a change.
    See(Actor, Change),
    /// An actor looks after an object.
    Tend(Actor, Key),
}

/// A place in the order.
pub(super) type Slot = (Time, u64);

/// All tasks in their order: by time, then in the order of their planning.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    tasks: BTreeMap<Slot, Task>,
    planned: u64,
}

impl Agenda {
    pub(super) fn plan(&mut self, time: Time, task: Task) -> Slot {
        self.planned += 1;
        let slot = (time, self.planned);
        self.tasks.insert(slot, task);
        slot
    }

    pub(super) fn next_due(&self) -> Option<Time> {
        self.tasks.first_key_value().map(|((time, _), _)| *time)
    }

    /// Takes the first task that is due at or before `now`.
    pub(super) fn take_due(&mut self, now: Time) -> Option<(Slot, Task)> {
        let entry = self
            .tasks
            .first_entry()
            .filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove_entry())
    }

    fn cancel(&mut self, slot: Slot) {
        self.tasks.remove(&slot);
    }
}

/// The objects that one actor has to look after: each at most once soon, and at most once later.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    soon: BTreeMap<Key, Slot>,
    later: BTreeMap<Key, Slot>,
    failures: BTreeMap<Key, u32>,
}

impl Queue {
    /// Plans to look after an object, unless that is planned earlier anyway.
    pub(super) fn add(&mut self, agenda: &mut Agenda, actor: Actor, key: &Key, time: Time) {
        match self.soon.get(key) {
            Some((planned, _)) if *planned <= time => {}
            planned => {
                if let Some(slot) = planned {
                    agenda.cancel(*slot);
                }
                self.soon.insert(
                    key.clone(),
                    agenda.plan(time, Task::Tend(actor, key.clone())),
                );
            }
        }
    }

    /// Plans a further look at an object, beside one that may be planned for soon; the earlier of two counts.
    pub(super) fn add_later(&mut self, agenda: &mut Agenda, actor: Actor, key: &Key, time: Time) {
        match self.later.get(key) {
            Some((planned, _)) if *planned <= time => {}
            _ => self.set_later(agenda, actor, key, Some(time)),
        }
    }

    /// Plans a further look at an object in place of the one planned before.
    pub(super) fn set_later(
        &mut self,
        agenda: &mut Agenda,
        actor: Actor,
        key: &Key,
        time: Option<Time>,
    ) {
        if let Some(slot) = self.later.remove(key) {
            agenda.cancel(slot);
        }
        if let Some(time) = time {
            self.later.insert(
                key.clone(),
                agenda.plan(time, Task::Tend(actor, key.clone())),
            );
        }
    }

    /// Notes that a task of this queue was taken from the agenda.
    pub(super) fn taken(&mut self, key: &Key, slot: Slot) {
        for planned in [&mut self.soon, &mut self.later] {
            if planned.get(key) == Some(&slot) {
                planned.remove(key);
            }
        }
    }

    /// Returns how long to wait after one more failure of an object: 5 ms, doubling.
    pub(super) fn fail(&mut self, key: &Key) -> Duration {
        let failures = self.failures.entry(key.clone()).or_default();
        let pause = Duration::from_millis(5)
            .saturating_mul(1u32.checked_shl(*failures).unwrap_or(u32::MAX));
        *failures = failures.saturating_add(1);
        pause.min(Duration::from_secs(1000))
    }

    pub(super) fn failures(&self, key: &Key) -> u32 {
        self.failures.get(key).copied().unwrap_or(0)
    }

    pub(super) fn forget_failures(&mut self, key: &Key) {
        self.failures.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Kind;

    fn key() -> Key {
        Key::new(Kind::Pod, "shop", "web")
    }

    fn times(mut agenda: Agenda) -> Vec<i64> {
        std::iter::from_fn(|| agenda.take_due(Time(i64::MAX)))
            .map(|((time, _), _)| time.0)
            .collect()
    }

    #[test]
    fn an_object_is_looked_after_once_soon_and_once_later() {
        let (mut agenda, mut queue) = (Agenda::default(), Queue::default());
        for time in [30, 20, 40] {
            queue.add(&mut agenda, Actor::Kubelet, &key(), Time(time));
            queue.add_later(&mut agenda, Actor::Kubelet, &key(), Time(time + 100));
        }
        assert_eq!(times(agenda.clone()), [20, 120]);
        queue.set_later(&mut agenda, Actor::Kubelet, &key(), Some(Time(500)));
        assert_eq!(times(agenda), [20, 500]);
    }

    #[test]
    fn failures_double_the_pause() {
        let mut queue = Queue::default();
        let pauses: Vec<u128> = (0..4).map(|_| queue.fail(&key()).as_millis()).collect();
        assert_eq!(pauses, [5, 10, 20, 40]);
        queue.forget_failures(&key());
        assert_eq!(queue.fail(&key()).as_millis(), 5);
    }
}
