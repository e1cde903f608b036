//! What holds whatever the schedule: never more pods than surge allows, never fewer than must be available.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
struct Schedule {
    seed: u64,
    replicas: i64,
    surge: i64,
    unavailable: i64,
    lag: u64,
    ready: u64,
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let limits = (0..4i64, 0..4i64).prop_filter("one of both must let something move", |limits| {
        *limits != (0, 0)
    });
    (any::<u64>(), 1..8i64, limits, 1..400u64, 1..1500u64).prop_map(
        |(seed, replicas, (surge, unavailable), lag, ready)| Schedule {
            seed,
            replicas,
            surge,
            unavailable,
            lag,
            ready,
        },
    )
}

impl Schedule {
    fn bench(&self) -> Bench {
        let lag = Lag {
            shortest: milliseconds(1),
            longest: milliseconds(self.lag),
        };
        let options = WorldOptions {
            seed: self.seed,
            start: START,
            lag,
            has_events: false,
            ..WorldOptions::default()
        };
        let (surge, unavailable) = (json!(self.surge), json!(self.unavailable));
        let shape = Shape {
            replicas: self.replicas,
            surge,
            unavailable,
            ..Shape::default()
        };
        let mut bench = Bench::new(options, &shape);
        bench.settle();
        bench
    }

    /// Steps through everything that is due until it is quiet, and looks at each moment.
    ///
    /// Probes of pods that never get ready go on for ever; half an hour shows all that they can do.
    fn watch(&self, bench: &mut Bench) {
        let end = bench.world.now().plus(milliseconds(30 * 60 * 1000));
        while let Some(due) = bench
            .world
            .next_due()
            .filter(|due| due.since(bench.world.now()) < QUIET && *due < end)
        {
            bench.world.run_to(due);
            let (new, old) = bench.sizes();
            assert!(
                new + old <= self.replicas + self.surge,
                "{self:?}: {new} and {old}"
            );
            let serving = bench.pods().iter().filter(|pod| is_serving(pod)).count() as i64;
            let least = self.replicas - self.unavailable.min(self.replicas);
            assert!(serving >= least, "{self:?}: {serving} serve, {least} must");
        }
    }
}

fn is_serving(pod: &Value) -> bool {
    let conditions = View(pod).list("/status/conditions");
    !View(pod).is_terminating()
        && conditions
            .iter()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rollout_stays_within_its_limits(schedule in schedules()) {
        let mut bench = schedule.bench();
        prop_assert!(bench.is_complete(), "{}", bench.status());
        bench.set_image(&format!("x/web:v2-ready-after-{}ms", schedule.ready));
        schedule.watch(&mut bench);
        prop_assert!(bench.is_complete(), "{}", bench.status());
        prop_assert_eq!(bench.sizes(), (schedule.replicas, 0));
        prop_assert_eq!(bench.pods().len() as i64, schedule.replicas);
    }

    #[test]
    fn a_broken_rollout_and_the_way_back_stay_within_the_limits(schedule in schedules()) {
        let mut bench = schedule.bench();
        bench.set_image("x/web:v2-never-ready");
        schedule.watch(&mut bench);
        bench.set_image("x/web:v1");
        schedule.watch(&mut bench);
        prop_assert_eq!(bench.sizes(), (schedule.replicas, 0));
        prop_assert!(kubectl_says(&bench.deployment()).0, "{}", bench.status());
        prop_assert_eq!(bench.pods().len() as i64, schedule.replicas);
    }
}
